//! Rows of few numbers among many zeros.
//!
//! A 100-base sequence holds at most 95 of the 4,096 6-mers, so a table of frequencies is almost empty. [`SparseMatrix`]
//! keeps only what is not zero, row after row (compressed sparse rows): for each stored number its column and its value.

use std::ops::Range;

use crate::forest::ForestError;

/// A sparse matrix of `f32` whose numbers are finite and not negative, as frequencies are.
///
/// # Examples
///
/// ```
/// use dlm_plugin_tfidf::SparseMatrix;
///
/// let mut matrix = SparseMatrix::new(4);
/// matrix.push_row([(0, 0.6), (3, 0.8)])?;
/// matrix.push_row([])?;
/// assert_eq!((matrix.n_rows(), matrix.n_stored()), (2, 2));
/// assert_eq!(matrix.row(0).features, [0, 3]);
/// # Ok::<(), dlm_plugin_tfidf::ForestError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct SparseMatrix {
    n_features: usize,
    ends: Vec<usize>,
    features: Vec<u32>,
    values: Vec<f32>,
}

/// What is not zero in one row, by ascending column.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SparseRow<'a> {
    /// The columns.
    pub features: &'a [u32],
    /// Their values.
    pub values: &'a [f32],
}

impl SparseMatrix {
    /// Creates a matrix without rows.
    pub fn new(n_features: usize) -> Self {
        Self { n_features, ends: Vec::new(), features: Vec::new(), values: Vec::new() }
    }

    /// Appends a row from columns and values in ascending order of columns; zeros are left out.
    ///
    /// # Errors
    ///
    /// [`ForestError::Record`] for a column out of range or out of order, and for a number that is negative or not finite.
    /// The matrix is then unchanged.
    pub fn push_row(&mut self, entries: impl IntoIterator<Item = (u32, f32)>) -> Result<(), ForestError> {
        let start = self.features.len();
        for (feature, value) in entries {
            let reason = if feature as usize >= self.n_features {
                "a column lies past the last"
            } else if self.features[start..].last().is_some_and(|&last| last >= feature) {
                "columns do not ascend"
            } else if !value.is_finite() || value < 0.0 {
                "a value is negative or not finite"
            } else {
                if value > 0.0 {
                    self.features.push(feature);
                    self.values.push(value);
                }
                continue;
            };
            self.features.truncate(start);
            self.values.truncate(start);
            return Err(ForestError::Record { row: self.n_rows(), reason });
        }
        self.ends.push(self.features.len());
        Ok(())
    }

    /// Appends a row that is known to be valid.
    pub(crate) fn push_checked(&mut self, entries: impl Iterator<Item = (u32, f32)>) {
        for (feature, value) in entries {
            self.features.push(feature);
            self.values.push(value);
        }
        self.ends.push(self.features.len());
    }

    /// Appends the rows of a matrix of the same width.
    pub(crate) fn append(&mut self, other: &Self) {
        let offset = self.features.len();
        self.features.extend_from_slice(&other.features);
        self.values.extend_from_slice(&other.values);
        self.ends.extend(other.ends.iter().map(|end| end + offset));
    }

    /// Returns the number of rows.
    pub fn n_rows(&self) -> usize {
        self.ends.len()
    }

    /// Returns the number of columns.
    pub fn n_features(&self) -> usize {
        self.n_features
    }

    /// Returns how many numbers are stored.
    pub fn n_stored(&self) -> usize {
        self.features.len()
    }

    /// Returns a row.
    ///
    /// # Panics
    ///
    /// If there are not that many rows.
    pub fn row(&self, index: usize) -> SparseRow<'_> {
        let range = self.range(index);
        SparseRow { features: &self.features[range.clone()], values: &self.values[range] }
    }

    /// Returns all rows in order.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = SparseRow<'_>> {
        (0..self.n_rows()).map(|index| self.row(index))
    }

    fn range(&self, index: usize) -> Range<usize> {
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        start..self.ends[index]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_row_is_refused_and_leaves_no_trace() {
        let mut matrix = SparseMatrix::new(3);
        matrix.push_row([(1, 1.0)]).unwrap();
        for bad in [
            vec![(0, 1.0), (3, 1.0)],
            vec![(1, 1.0), (1, 1.0)],
            vec![(2, 1.0), (0, 1.0)],
            vec![(0, 1.0), (1, -1.0)],
            vec![(0, f32::NAN)],
            vec![(0, f32::INFINITY)],
        ] {
            let error = matrix.push_row(bad).unwrap_err();
            assert!(matches!(error, ForestError::Record { row: 1, .. }), "{error}");
            assert_eq!((matrix.n_rows(), matrix.n_stored()), (1, 1));
        }
    }

    #[test]
    fn zeros_are_not_stored() {
        let mut matrix = SparseMatrix::new(3);
        matrix.push_row([(0, 0.0), (2, 1.0)]).unwrap();
        assert_eq!(matrix.row(0).features, [2]);
    }
}
