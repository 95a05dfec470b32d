//! The same numbers by column, each column in descending order of its values.
//!
//! A split moves samples from the right side of a question to its left, or the other way about, one value at a time.
//! Frequencies are never negative, so zeros come last in descending order and need no entry. A column that is in order
//! gives a node its samples in order by leaving out those of other nodes, without sorting.

use rayon::prelude::*;

use crate::SparseMatrix;

/// Two values at most this far apart count as equal, as in scikit-learn.
pub(super) const TOLERANCE: f32 = 1e-7;

/// Packs a value and a sample so that ascending keys are descending values.
pub(super) fn key(value: f32, sample: u32) -> u64 {
    // Bits of floats that are not negative ascend with the floats.
    u64::from(!value.to_bits()) << 32 | u64::from(sample)
}

/// Unpacks the value.
pub(super) fn value(key: u64) -> f32 {
    f32::from_bits(!((key >> 32) as u32))
}

/// Unpacks the sample.
pub(super) fn sample(key: u64) -> usize {
    key as u32 as usize
}

/// The columns of some samples.
#[derive(Debug, Default)]
pub(super) struct Columns {
    ends: Vec<usize>,
    entries: Vec<u64>,
    sorted: Vec<bool>,
}

impl Columns {
    /// Gathers and sorts the columns of all samples.
    pub(super) fn all(records: &SparseMatrix) -> Self {
        let mut columns = Self::default();
        columns.gather(records, 0..records.n_rows() as u32);
        let mut rest = columns.entries.as_mut_slice();
        let mut parts = Vec::with_capacity(columns.ends.len());
        let mut start = 0;
        for &end in &columns.ends {
            let (part, tail) = rest.split_at_mut(end - start);
            parts.push(part);
            (rest, start) = (tail, end);
        }
        parts.into_par_iter().for_each(<[u64]>::sort_unstable);
        columns.sorted.fill(true);
        columns
    }

    /// Gathers the columns of some samples, to be sorted when asked for.
    pub(super) fn gather(&mut self, records: &SparseMatrix, samples: impl Iterator<Item = u32> + Clone) {
        self.ends.clear();
        self.ends.resize(records.n_features(), 0);
        self.sorted.clear();
        self.sorted.resize(records.n_features(), false);
        for sample in samples.clone() {
            for &feature in records.row(sample as usize).features {
                self.ends[feature as usize] += 1;
            }
        }
        let mut total = 0;
        for end in &mut self.ends {
            // For the time of filling, an end is the place of the column's next entry.
            (*end, total) = (total, total + *end);
        }
        self.entries.clear();
        self.entries.resize(total, 0);
        for sample in samples {
            let row = records.row(sample as usize);
            for (&feature, &value) in row.features.iter().zip(row.values) {
                let next = &mut self.ends[feature as usize];
                self.entries[*next] = key(value, sample);
                *next += 1;
            }
        }
    }

    /// Returns how many entries a column has.
    pub(super) fn len(&self, feature: u32) -> usize {
        let feature = feature as usize;
        self.ends[feature] - if feature == 0 { 0 } else { self.ends[feature - 1] }
    }

    /// Returns a column that has been sorted.
    pub(super) fn column(&self, feature: u32) -> &[u64] {
        let end = self.ends[feature as usize];
        &self.entries[end - self.len(feature)..end]
    }

    /// Sorts a column unless it is.
    pub(super) fn sort(&mut self, feature: u32) {
        if !self.sorted[feature as usize] {
            let end = self.ends[feature as usize];
            let start = end - self.len(feature);
            self.entries[start..end].sort_unstable();
            self.sorted[feature as usize] = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_order_values_downwards_and_keep_their_parts() {
        let keys = [key(2.5, 7), key(1.0, 3), key(1.0, 4), key(1e-20, 0), key(0.0, 1)];
        assert!(keys.is_sorted());
        assert_eq!((value(keys[0]), sample(keys[0])), (2.5, 7));
    }

    #[test]
    fn columns_hold_what_rows_hold() {
        let mut records = SparseMatrix::new(3);
        records.push_row([(0, 1.0), (2, 3.0)]).unwrap();
        records.push_row([(2, 5.0)]).unwrap();
        records.push_row([(0, 2.0)]).unwrap();
        let columns = Columns::all(&records);
        assert_eq!(columns.column(0), [key(2.0, 2), key(1.0, 0)]);
        assert_eq!(columns.column(1), [0; 0]);
        assert_eq!(columns.column(2), [key(5.0, 1), key(3.0, 0)]);
        let mut some = Columns::default();
        some.gather(&records, [2].into_iter());
        some.sort(0);
        assert_eq!(some.column(0), [key(2.0, 2)]);
        assert_eq!(some.len(2), 0);
    }
}
