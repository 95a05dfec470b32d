//! How well a map keeps neighbours, whatever the coordinates.

use dlm_sdk::Result;
use ndarray::ArrayView2;
use rayon::prelude::*;

use crate::neighbours::Neighbours;

/// What a map keeps of the neighbours in the data.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Preservation {
    /// Trustworthiness (Venna and Kaski 2001, as scikit-learn's): 1 less a penalty for every neighbour on the map that is
    /// none in the data, by how far it is there. 1 is best.
    pub trustworthiness: f64,
    /// The mean share of a point's neighbours in the data that are neighbours on the map.
    pub shared: f64,
}

/// Compares a map with the data it was made of, by the `count` nearest neighbours of at most `sample` points, evenly
/// spaced among the rows. `None` if there are not twice as many points as neighbours, where trustworthiness is not defined.
///
/// # Errors
///
/// A value is not finite.
///
/// # Panics
///
/// If data and map have not the same number of rows.
pub fn preservation(
    data: ArrayView2<'_, f32>,
    map: ArrayView2<'_, f32>,
    count: usize,
    sample: usize,
) -> Result<Option<Preservation>> {
    let points = data.nrows();
    assert_eq!(points, map.nrows(), "a map of the data");
    if count == 0 || points <= 2 * count || sample == 0 {
        return Ok(None);
    }
    let on_map = Neighbours::find(map, count)?;
    let in_data = Neighbours::find(data, count)?;
    let sample = sample.min(points);
    let queries: Vec<usize> = (0..sample).map(|index| index * points / sample).collect();
    let of_query = |&query: &usize| {
        let near = on_map.indices.row(query);
        let shared =
            in_data.indices.row(query).iter().filter(|&index| near.iter().any(|near| near == index)).count();
        let distance = |other: usize| -> f64 {
            let pairs = data.row(query).into_iter().zip(data.row(other));
            pairs.map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2)).sum()
        };
        let distances: Vec<f64> = (0..points).map(distance).collect();
        let penalty: usize = near
            .iter()
            .map(|&index| {
                let own = (distances[index as usize], index as usize);
                let before = |&(other, &distance): &(usize, &f64)| other != query && (distance, other) < own;
                let rank = 1 + distances.iter().enumerate().filter(before).count();
                rank.saturating_sub(count)
            })
            .sum();
        (penalty, shared)
    };
    let (penalty, shared) = queries.par_iter().map(of_query).reduce(|| (0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
    let (n, k, of) = (points as f64, count as f64, sample as f64);
    Ok(Some(Preservation {
        trustworthiness: 1.0 - penalty as f64 * 2.0 / (of * k * (2.0 * n - 3.0 * k - 1.0)),
        shared: shared as f64 / (of * k),
    }))
}
