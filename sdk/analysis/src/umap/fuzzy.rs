//! The graph of neighbours with weights: fuzzy sets, united.

use crate::neighbours::Neighbours;

const STEPS: usize = 64;
const TOLERANCE: f64 = 1e-5;
/// A scale is never below this share of the mean distance.
const LEAST_SCALE: f64 = 1e-3;

/// Edges from a point to another, in the order of both, each pair in both directions.
#[derive(Clone, Debug, Default)]
pub(super) struct Edges {
    pub(super) heads: Vec<u32>,
    pub(super) tails: Vec<u32>,
    /// From above 0 to 1.
    pub(super) weights: Vec<f32>,
}

/// Unites the fuzzy sets of all points: w + v − w v of an edge's two directions. Edges too weak to be used once in all epochs are left out.
pub(super) fn edges(neighbours: &Neighbours, epochs: usize) -> Edges {
    let mean_of_all = neighbours.distances.iter().map(|&distance| f64::from(distance)).sum::<f64>()
        / neighbours.distances.len().max(1) as f64;
    let points = neighbours.indices.nrows();
    let mut directed: Vec<(u32, u32, f64)> = Vec::with_capacity(2 * neighbours.indices.len());
    for (point, (indices, distances)) in
        neighbours.indices.rows().into_iter().zip(neighbours.distances.rows()).enumerate()
    {
        let distances: Vec<f64> = distances.iter().map(|&distance| f64::from(distance)).collect();
        let (nearest, scale) = scale(&distances, mean_of_all);
        for (&other, distance) in indices.iter().zip(&distances) {
            let beyond = distance - nearest;
            let weight = if beyond <= 0.0 || scale == 0.0 { 1.0 } else { (-beyond / scale).exp() };
            directed.push((point as u32, other, weight));
        }
    }
    let mut both: Vec<(u32, u32, f64)> =
        directed.iter().map(|&(head, tail, weight)| (tail, head, weight)).collect();
    both.append(&mut directed);
    both.sort_by_key(|&(head, tail, _)| (head, tail));
    let united: Vec<(u32, u32, f64)> = both
        .chunk_by(|a, b| (a.0, a.1) == (b.0, b.1))
        .map(|same| {
            let missing: f64 = same.iter().map(|edge| 1.0 - edge.2).product();
            (same[0].0, same[0].1, 1.0 - missing)
        })
        .collect();
    let most = united.iter().fold(0.0_f64, |most, edge| most.max(edge.2));
    let mut edges = Edges::default();
    for (head, tail, weight) in united {
        if weight > 0.0 && weight >= most / epochs.max(1) as f64 {
            edges.heads.push(head);
            edges.tails.push(tail);
            edges.weights.push((weight / most) as f32);
        }
    }
    debug_assert!(edges.heads.iter().all(|&head| (head as usize) < points), "edges are of the points");
    edges
}

/// Returns the distance of the nearest neighbour that is not the same point, and the scale at which all neighbours'
/// weights sum to the logarithm of their number.
fn scale(distances: &[f64], mean_of_all: f64) -> (f64, f64) {
    let nearest = distances.iter().copied().find(|&distance| distance > 0.0).unwrap_or(0.0);
    // The point itself is among the neighbours in the number, not in the sum.
    let wanted = (distances.len() as f64 + 1.0).log2();
    let sum = |scale: f64| -> f64 {
        distances.iter().map(|distance| (-(distance - nearest).max(0.0) / scale).exp()).sum()
    };
    let (mut low, mut high, mut middle) = (0.0, f64::INFINITY, 1.0);
    for _ in 0..STEPS {
        let now = sum(middle);
        if (now - wanted).abs() < TOLERANCE {
            break;
        }
        if now > wanted {
            high = middle;
            middle = f64::midpoint(low, high);
        } else {
            low = middle;
            middle = if high.is_infinite() { middle * 2.0 } else { f64::midpoint(low, high) };
        }
    }
    let mean = if nearest > 0.0 {
        distances.iter().sum::<f64>() / (distances.len() as f64 + 1.0)
    } else {
        mean_of_all
    };
    (nearest, middle.max(LEAST_SCALE * mean))
}
