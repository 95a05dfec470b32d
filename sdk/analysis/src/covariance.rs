//! Means and covariances of rows that come one after another, in memory that does not grow with them.

use ndarray::{Array1, Array2, ArrayView1, Axis, linalg::general_mat_mul, s};

/// How many rows are taken together. Sums are formed in blocks of this many whatever way rows are handed over, so that
/// the last bit does not depend on it.
const BLOCK: usize = 256;

/// Means and covariances of the columns of a table that is seen row by row.
///
/// A block of rows is centred at its own mean, and blocks are joined by the rule of Chan, Golub and `LeVeque` ("Algorithms
/// for computing the sample variance", The American Statistician 1983), which loses no digits to large means.
#[derive(Clone, Debug)]
pub struct Covariance {
    rows: usize,
    mean: Array1<f64>,
    /// The sum of products of deviations from the mean.
    products: Array2<f64>,
    block: Array2<f64>,
    filled: usize,
}

impl Covariance {
    /// Creates one of no rows yet, of so many columns.
    pub fn new(columns: usize) -> Self {
        Self {
            rows: 0,
            mean: Array1::zeros(columns),
            products: Array2::zeros((columns, columns)),
            block: Array2::zeros((BLOCK, columns)),
            filled: 0,
        }
    }

    /// Adds a row.
    ///
    /// # Panics
    ///
    /// If it has another number of columns.
    pub fn push(&mut self, row: ArrayView1<'_, f64>) {
        self.block.row_mut(self.filled).assign(&row);
        self.filled += 1;
        if self.filled == BLOCK {
            self.join();
        }
    }

    /// Returns how many rows it has seen.
    pub fn rows(&self) -> usize {
        self.rows + self.filled
    }

    /// Returns how many columns there are.
    pub fn columns(&self) -> usize {
        self.mean.len()
    }

    /// Returns the mean of each column and the covariances over n − 1; `None` of fewer than two rows.
    pub fn finish(mut self) -> Option<(Array1<f64>, Array2<f64>)> {
        self.join();
        if self.rows < 2 {
            return None;
        }
        let freedom = self.rows as f64 - 1.0;
        self.products.mapv_inplace(|product| product / freedom);
        Some((self.mean, self.products))
    }

    fn join(&mut self) {
        if self.filled == 0 {
            return;
        }
        let mut block = self.block.slice_mut(s![..self.filled, ..]);
        let mean = block.sum_axis(Axis(0)) / self.filled as f64;
        block -= &mean;
        general_mat_mul(1.0, &block.t(), &block, 1.0, &mut self.products);
        let (seen, new) = (self.rows as f64, self.filled as f64);
        let apart = (&mean - &self.mean).insert_axis(Axis(1));
        general_mat_mul(seen * new / (seen + new), &apart, &apart.t(), 1.0, &mut self.products);
        self.mean.scaled_add(new / (seen + new), &apart.column(0));
        self.rows += self.filled;
        self.filled = 0;
    }
}
