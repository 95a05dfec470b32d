//! UMAP: a map in two dimensions that keeps neighbours together.
//!
//! Every point is joined to its nearest neighbours by edges whose weight falls with distance, on a scale of the point's own;
//! edges of the two directions are united; then points are moved in the plane so that joined ones attract and random others
//! repel each other (`McInnes`, Healy and Melville, "UMAP: Uniform Manifold Approximation and Projection", 2018). Nearness on the map means something; distances between far
//! clusters, their sizes and their orientation do not.
//!
//! The definitions and defaults are those of `umap-learn` 0.5: 15 neighbours with the point itself among them, minimal
//! distance 0.1, spread 1, five negative samples, 500 epochs for up to 10,000 points and 200 beyond. Two things differ, and are
//! stated: neighbours are exact, and points start at their first two principal components (`init="pca"` there), not at
//! eigenvectors of the graph. Points are moved one after another, so that a seed gives one map whatever the number of threads.

mod curve;
mod fuzzy;
mod layout;

use dlm_sdk::{Result, random::Stream};
use ndarray::{Array2, ArrayView2, Axis};

use crate::{neighbours::Neighbours, pca::Pca};

pub use curve::Curve;

/// How a map is made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Options {
    /// How many points, itself among them, are near to one; at least 2.
    pub neighbours: usize,
    /// How near points may come on the map.
    pub min_dist: f64,
    /// On what scale points are spread out.
    pub spread: f64,
    /// How often all edges are gone through; by default 500, and 200 for more than 10,000 points.
    pub epochs: Option<usize>,
    /// How many random points repel for each that attracts.
    pub negative_samples: usize,
    /// The seed of the starting places' noise and of negative samples.
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { neighbours: 15, min_dist: 0.1, spread: 1.0, epochs: None, negative_samples: 5, seed: 42 }
    }
}

/// Up to how many points there are more epochs.
const SMALL: usize = 10_000;
/// The greatest coordinate at the start.
const EXTENT: f64 = 10.0;
/// The spread of the noise that parts points which start at one place.
const NOISE: f64 = 1e-4;

/// Maps points into the plane: a row a point, two columns.
///
/// With fewer points than neighbours, all are neighbours. One point lies at zero, and no points give no rows.
/// Columns that are constant change nothing.
///
/// # Errors
///
/// A value is not finite, or what is told of the progress returns an error, which is how to stop.
///
/// # Examples
///
/// ```
/// use dlm_analysis::umap::{Options, umap};
/// use ndarray::Array2;
///
/// let points = Array2::from_shape_fn((40, 3), |(row, column)| if row < 20 { row + column } else { 900 + row } as f32);
/// let map = umap(points.view(), &Options::default(), |_, _| Ok(()))?;
/// assert_eq!(map.dim(), (40, 2));
/// # Ok::<(), dlm_sdk::Error>(())
/// ```
pub fn umap(
    table: ArrayView2<'_, f32>,
    options: &Options,
    progress: impl FnMut(usize, usize) -> Result<()>,
) -> Result<Array2<f32>> {
    umap_of(table, &Neighbours::find(table, options.neighbours.max(2) - 1)?, options, progress)
}

/// Maps points into the plane as [`umap()`] does, of neighbours that are known: the points themselves do not count among them.
///
/// # Errors
///
/// A value is not finite, or what is told of the progress returns an error.
///
/// # Panics
///
/// If the neighbours are of another number of points.
pub fn umap_of(
    table: ArrayView2<'_, f32>,
    neighbours: &Neighbours,
    options: &Options,
    mut progress: impl FnMut(usize, usize) -> Result<()>,
) -> Result<Array2<f32>> {
    let points = table.nrows();
    assert_eq!(points, neighbours.indices.nrows(), "neighbours of the same points");
    if points < 2 {
        return Ok(Array2::zeros((points, 2)));
    }
    let epochs = options.epochs.unwrap_or(if points <= SMALL { 500 } else { 200 });
    let edges = fuzzy::edges(neighbours, epochs);
    let mut places = start(table, options.seed)?;
    let curve = Curve::fit(options.min_dist, options.spread);
    layout::optimise(&mut places, &edges, curve, epochs, options, |epoch| progress(epoch, epochs))?;
    Ok(places)
}

/// Places points at their first two principal components, scaled.
fn start(table: ArrayView2<'_, f32>, seed: u64) -> Result<Array2<f32>> {
    let table = table.mapv(f64::from);
    let components = Pca::fit(table.view(), 2)?.transform(table.view());
    let most = components.iter().fold(0.0_f64, |most, value| most.max(value.abs()));
    let scale = if most > 0.0 { EXTENT / most } else { 0.0 };
    let mut noise = Stream::new(seed, "umap start");
    let mut places = Array2::zeros((table.nrows(), 2));
    for (row, mut place) in places.rows_mut().into_iter().enumerate() {
        for (axis, value) in place.iter_mut().enumerate() {
            // Two points have one component.
            let component = components.get([row, axis]).copied().unwrap_or(0.0);
            *value = component * scale + NOISE * noise.normal();
        }
    }
    for mut axis in places.axis_iter_mut(Axis(1)) {
        let (least, most) = axis.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), &value| {
            (least.min(value), most.max(value))
        });
        let width = most - least;
        axis.mapv_inplace(|value| if width > 0.0 { EXTENT * (value - least) / width } else { 0.0 });
    }
    Ok(places.mapv(|value| value as f32))
}
