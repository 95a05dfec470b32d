//! The nearest neighbours of every point, exactly.
//!
//! Distances are Euclidean. Squared distances of a block of points to all others come from one matrix product in single
//! precision; whatever that product's error may hide is kept, measured again in double precision, and sorted by distance
//! and then by index. So the answer is exact, and the same for every number of threads. The work is n² · dimensions: 20,000
//! points take seconds, a million would take hours.

use dlm_sdk::{Error, Result};
use ndarray::{Array1, Array2, ArrayView2, Axis, s};
use rayon::prelude::*;

/// How many points look for their neighbours at a time, and among how many.
const QUERIES: usize = 128;
const CANDIDATES: usize = 2048;

/// The nearest neighbours of points, without the points themselves.
#[derive(Clone, Debug, PartialEq)]
pub struct Neighbours {
    /// Which points, nearest first: a row a point. Of equally far ones that of the lower index comes first.
    pub indices: Array2<u32>,
    /// How far they are.
    pub distances: Array2<f32>,
}

impl Neighbours {
    /// Finds the `count` nearest neighbours of each row; all others, if there are fewer.
    ///
    /// # Errors
    ///
    /// A value is not finite, or there are more than 2³² points.
    ///
    /// # Examples
    ///
    /// ```
    /// use dlm_analysis::Neighbours;
    /// use ndarray::array;
    ///
    /// let found = Neighbours::find(array![[0.0], [1.0], [5.0]].view(), 1)?;
    /// assert_eq!(found.indices, array![[1], [0], [1]]);
    /// assert_eq!(found.distances, array![[1.0], [1.0], [4.0]]);
    /// # Ok::<(), dlm_sdk::Error>(())
    /// ```
    pub fn find(table: ArrayView2<'_, f32>, count: usize) -> Result<Self> {
        let points = table.nrows();
        if let Some(index) =
            table.rows().into_iter().position(|row| !row.iter().all(|value| value.is_finite()))
        {
            return Err(Error::invalid(format!("neighbours: point {index} is not finite")));
        }
        if u32::try_from(points).is_err() {
            return Err(Error::invalid(format!("neighbours: {points} points are too many")));
        }
        let count = count.min(points.saturating_sub(1));
        let search = Search::new(table, count);
        let blocks: Vec<Vec<(f64, u32)>> =
            (0..points.div_ceil(QUERIES)).into_par_iter().map(|block| search.block(block)).collect();
        let found: Vec<(f64, u32)> = blocks.into_iter().flatten().collect();
        let indices = found.iter().map(|found| found.1).collect();
        let distances = found.iter().map(|found| found.0.sqrt() as f32).collect();
        let shaped = |error| Error::internal("neighbours: a point has too few").with_source(error);
        Ok(Self {
            indices: Array2::from_shape_vec((points, count), indices).map_err(shaped)?,
            distances: Array2::from_shape_vec((points, count), distances).map_err(shaped)?,
        })
    }
}

struct Search<'a> {
    table: ArrayView2<'a, f32>,
    /// The points with their mean at zero, where products lose the fewest digits.
    centred: Array2<f32>,
    squares: Array1<f32>,
    /// The share of the squared lengths by which a squared distance may be wrong.
    error: f32,
    count: usize,
}

impl<'a> Search<'a> {
    fn new(table: ArrayView2<'a, f32>, count: usize) -> Self {
        let mean = table.mean_axis(Axis(0)).unwrap_or_else(|| Array1::zeros(table.ncols()));
        let centred = &table - &mean;
        let squares = centred.map_axis(Axis(1), |row| row.dot(&row));
        // Every one of the sums is rounded; centring adds as much again.
        let error = 4.0 * (table.ncols() as f32 + 4.0) * f32::EPSILON;
        Self { table, centred, squares, error, count }
    }

    /// Finds the neighbours of a block of points, one after another.
    fn block(&self, block: usize) -> Vec<(f64, u32)> {
        let points = self.centred.nrows();
        let queries = block * QUERIES..((block + 1) * QUERIES).min(points);
        let of_queries = self.centred.slice(s![queries.clone(), ..]);
        let mut kept: Vec<Kept> = queries.clone().map(|_| Kept::default()).collect();
        for first in (0..points).step_by(CANDIDATES) {
            let candidates = first..(first + CANDIDATES).min(points);
            let products = of_queries.dot(&self.centred.slice(s![candidates.clone(), ..]).t());
            for ((query, kept), products) in queries.clone().zip(&mut kept).zip(products.rows()) {
                for (candidate, product) in candidates.clone().zip(products) {
                    if candidate != query {
                        let lengths = self.squares[query] + self.squares[candidate];
                        let slack = self.error * lengths;
                        kept.add(lengths - 2.0 * product, slack, candidate as u32, self.count);
                    }
                }
            }
        }
        let mut found = Vec::with_capacity(queries.len() * self.count);
        for (query, kept) in queries.zip(kept) {
            let mut exact: Vec<(f64, u32)> = kept
                .candidates
                .into_iter()
                .map(|(.., candidate)| (self.squared_distance(query, candidate as usize), candidate))
                .collect();
            exact.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            exact.truncate(self.count);
            found.extend(exact);
        }
        found
    }

    fn squared_distance(&self, a: usize, b: usize) -> f64 {
        let pairs = self.table.row(a).into_iter().zip(self.table.row(b));
        pairs.map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2)).sum()
    }
}

/// What may still be among the nearest of one point.
#[derive(Default)]
struct Kept {
    /// The least and the greatest that a squared distance can be, and whose it is.
    candidates: Vec<(f32, f32, u32)>,
    /// The greatest that the last of the nearest can be; nothing farther is kept.
    bound: Option<f32>,
    /// How many candidates are too many.
    most: usize,
}

impl Kept {
    fn add(&mut self, squared: f32, slack: f32, candidate: u32, count: usize) {
        if count == 0 || self.bound.is_some_and(|bound| squared - slack > bound) {
            return;
        }
        self.candidates.push((squared - slack, squared + slack, candidate));
        if self.candidates.len() > self.most.max(4 * count + 32) {
            let nearest = self.candidates.select_nth_unstable_by(count - 1, |a, b| a.1.total_cmp(&b.1)).1;
            let bound = nearest.1;
            self.candidates.retain(|(least, ..)| *least <= bound);
            self.bound = Some(bound);
            // Points that are all as far may all have to be kept.
            self.most = 2 * self.candidates.len();
        }
    }
}
