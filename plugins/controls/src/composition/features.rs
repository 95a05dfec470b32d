//! 23 numbers that know nothing of order beyond two neighbouring bases.
//!
//! In this order: the share of G and C; the shares of A, C, G, T; the shares of the 16 dinucleotides AA to TT; the
//! length; the share of anything else. Base shares are of the known bases, dinucleotide shares of the neighbouring pairs
//! of known bases, the last share is of the length; a share of nothing is 0.

use dlm_sdk::{dna, prelude::*};
use rayon::prelude::*;

/// How many features there are.
pub(super) const FEATURES: usize = 23;

/// The features of a sequence.
pub(super) type Row = [f64; FEATURES];

/// Computes the features of a sequence.
fn raw(bases: &[u8]) -> Row {
    let mut singles = [0_u32; 4];
    let mut pairs = [0_u32; 16];
    let mut before = None;
    for base in bases {
        let code = dna::code(*base).map(usize::from);
        if let Some(code) = code {
            singles[code] += 1;
            if let Some(before) = before {
                pairs[4 * before + code] += 1;
            }
        }
        before = code;
    }
    let known: u32 = singles.iter().sum();
    let neighbours: u32 = pairs.iter().sum();
    let share = |count: u32, total: u32| f64::from(count) / f64::from(total.max(1));
    let mut row = [0.0; FEATURES];
    row[0] = share(singles[1] + singles[2], known);
    row[1..5].iter_mut().zip(singles).for_each(|(cell, count)| *cell = share(count, known));
    row[5..21].iter_mut().zip(pairs).for_each(|(cell, count)| *cell = share(count, neighbours));
    row[21] = bases.len() as f64;
    row[22] = share(bases.len() as u32 - known, bases.len() as u32);
    row
}

/// Brings each feature to mean 0 and variance 1 over train; one that does not vary becomes 0.
#[derive(Debug)]
pub(super) struct Scaler {
    mean: Row,
    factor: Row,
}

impl Scaler {
    /// Fits the scale and returns the scaled features of the sequences.
    pub(super) fn fit(sequences: &[Sequence<'_>]) -> (Self, Vec<Row>) {
        let mut table: Vec<Row> = sequences.par_iter().map(|sequence| raw(sequence.bases())).collect();
        let n = table.len().max(1) as f64;
        let mut scaler = Self { mean: [0.0; FEATURES], factor: [0.0; FEATURES] };
        for feature in 0..FEATURES {
            let mean = table.iter().map(|row| row[feature]).sum::<f64>() / n;
            let variance = table.iter().map(|row| (row[feature] - mean).powi(2)).sum::<f64>() / n;
            scaler.mean[feature] = mean;
            scaler.factor[feature] = if variance > 1e-18 { variance.sqrt().recip() } else { 0.0 };
        }
        for row in &mut table {
            scaler.scale(row);
        }
        (scaler, table)
    }

    fn scale(&self, row: &mut Row) {
        for ((cell, mean), factor) in row.iter_mut().zip(&self.mean).zip(&self.factor) {
            *cell = (*cell - mean) * factor;
        }
    }

    /// Computes the scaled features of a sequence.
    pub(super) fn features(&self, bases: &[u8]) -> Row {
        let mut row = raw(bases);
        self.scale(&mut row);
        row
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_of_what_is_known() {
        let row = raw(b"ACGNAC");
        assert_eq!(row[0], 0.6);
        assert_eq!(row[1..5], [0.4, 0.4, 0.2, 0.0]);
        assert_eq!((row[5 + 1], row[5 + 6], row[21]), (2.0 / 3.0, 1.0 / 3.0, 6.0));
        assert_eq!(row[22], 1.0 / 6.0);
        assert!(raw(b"").iter().chain(&raw(b"NN")).all(|value| value.is_finite()));
    }

    #[test]
    fn a_feature_that_does_not_vary_is_left_out() {
        let (scaler, table) = Scaler::fit(&[Sequence::new(b"ACGT"), Sequence::new(b"CCGG")]);
        assert_eq!(table[0][21], 0.0);
        assert_eq!(scaler.features(b"ACGTACGTACGT")[21], 0.0);
        assert!((table[0][1] - 1.0).abs() < 1e-12 && (table[1][1] + 1.0).abs() < 1e-12);
    }
}
