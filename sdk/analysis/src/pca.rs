//! Principal components: the directions in which a table varies most.
//!
//! Exact, from the eigenvectors of the covariance; columns are centred and not scaled, as by R's `prcomp` and by
//! scikit-learn's `PCA`. A component's sign is arbitrary by nature: here the entry of greatest magnitude (of equal ones, the first) of every
//! component is positive, scikit-learn's convention.

use dlm_sdk::{Error, Result};
use nalgebra::{DMatrix, SymmetricEigen};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2};

use crate::covariance::Covariance;

/// Principal components of a table.
#[derive(Clone, Debug)]
pub struct Pca {
    mean: Array1<f64>,
    components: Array2<f64>,
    variances: Vec<f64>,
    total: f64,
}

impl Pca {
    /// Fits at most so many components to a table, a row a point.
    ///
    /// There are never more than columns, nor than rows less one. Columns that are constant have no part in any.
    ///
    /// # Errors
    ///
    /// The table has fewer than two rows, no column, or a value that is not finite.
    ///
    /// # Examples
    ///
    /// ```
    /// use dlm_analysis::Pca;
    /// use ndarray::array;
    ///
    /// let pca = Pca::fit(array![[0.0, 1.0, 7.0], [2.0, 1.0, 7.0], [4.0, 1.0, 7.0]].view(), 2)?;
    /// assert!((pca.shares()[0] - 1.0).abs() < 1e-12);
    /// assert!((pca.transform(array![[4.0, 1.0, 7.0]].view())[[0, 0]] - 2.0).abs() < 1e-12);
    /// # Ok::<(), dlm_sdk::Error>(())
    /// ```
    pub fn fit(table: ArrayView2<'_, f64>, components: usize) -> Result<Self> {
        let mut covariance = Covariance::new(table.ncols());
        for (index, row) in table.rows().into_iter().enumerate() {
            if !row.iter().all(|value| value.is_finite()) {
                return Err(Error::invalid(format!("principal components: row {index} is not finite")));
            }
            covariance.push(row);
        }
        Self::of(covariance, components)
    }

    /// Takes at most so many components of a covariance: the way for more rows than memory holds.
    ///
    /// # Errors
    ///
    /// It has seen fewer than two rows, has no column, or holds a value that is not finite.
    pub fn of(covariance: Covariance, components: usize) -> Result<Self> {
        let (rows, columns) = (covariance.rows(), covariance.columns());
        if columns == 0 {
            return Err(Error::invalid("principal components: the table has no column"));
        }
        let Some((mean, covariance)) = covariance.finish() else {
            return Err(Error::invalid(format!("principal components: {rows} rows do not vary"))
                .with_hint("two or more are needed"));
        };
        if !covariance.iter().all(|value| value.is_finite()) {
            return Err(Error::invalid("principal components: a value of the table is not finite"));
        }
        let total = covariance.diag().sum();
        let matrix = DMatrix::from_fn(columns, columns, |row, column| covariance[[row, column]]);
        let eigen = SymmetricEigen::new(matrix);
        let mut order: Vec<usize> = (0..columns).collect();
        order.sort_by(|&a, &b| eigen.eigenvalues[b].total_cmp(&eigen.eigenvalues[a]));
        order.truncate(components.min(rows - 1));
        let mut table = Array2::zeros((order.len(), columns));
        let mut variances = Vec::with_capacity(order.len());
        for (mut row, &index) in table.rows_mut().into_iter().zip(&order) {
            let vector = eigen.eigenvectors.column(index);
            let greatest = vector
                .iter()
                .fold(0.0_f64, |most, value| if value.abs() > most.abs() { *value } else { most });
            let sign = if greatest < 0.0 { -1.0 } else { 1.0 };
            row.iter_mut().zip(vector.iter()).for_each(|(to, value)| *to = sign * value);
            variances.push(eigen.eigenvalues[index].max(0.0));
        }
        Ok(Self { mean, components: table, variances, total })
    }

    /// Returns the components, a row each, of length one; greatest variance first.
    pub fn components(&self) -> ArrayView2<'_, f64> {
        self.components.view()
    }

    /// Returns the mean of each column.
    pub fn mean(&self) -> ArrayView1<'_, f64> {
        self.mean.view()
    }

    /// Returns the variance along each component.
    pub fn variances(&self) -> &[f64] {
        &self.variances
    }

    /// Returns each component's share of the variance of the whole table; zeros if it does not vary at all.
    pub fn shares(&self) -> Vec<f64> {
        let share = |variance: &f64| if self.total > 0.0 { variance / self.total } else { 0.0 };
        self.variances.iter().map(share).collect()
    }

    /// Returns where points lie along each component: a row a point, a column a component.
    ///
    /// # Panics
    ///
    /// If the table has another number of columns than what was fitted.
    pub fn transform(&self, table: ArrayView2<'_, f64>) -> Array2<f64> {
        (&table - &self.mean).dot(&self.components.t())
    }
}
