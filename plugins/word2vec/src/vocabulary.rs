//! Counts of tokens, and what is drawn by them.

use dlm_sdk::{Error, Result, TokenId, random::Stream};

use crate::Options;

/// The tokens that get a vector, and how often they are met and drawn.
#[derive(Debug)]
pub(crate) struct Vocabulary {
    /// How often each id occurs in the corpus.
    pub(crate) counts: Vec<u64>,
    /// The row of an id among the vectors; `u32::MAX` for one that has none.
    rows: Vec<u32>,
    /// The id of each row, ascending.
    pub(crate) ids: Vec<TokenId>,
    /// The probability that an occurrence is learned from, a row.
    keep: Vec<f64>,
    negatives: Alias,
}

impl Vocabulary {
    /// Prepares what is drawn from.
    ///
    /// # Errors
    ///
    /// Fewer than two tokens occur often enough.
    pub(crate) fn new(counts: Vec<u64>, options: &Options) -> Result<Self> {
        let ids: Vec<TokenId> = (0..counts.len() as TokenId)
            .filter(|id| counts[*id as usize] >= options.least_count.max(1))
            .collect();
        if ids.len() < 2 {
            return Err(Error::invalid(format!(
                "{} of {} tokens occur at least {} times, and two are needed",
                ids.len(),
                counts.len(),
                options.least_count
            )));
        }
        let mut rows = vec![u32::MAX; counts.len()];
        for (row, id) in ids.iter().enumerate() {
            rows[*id as usize] = row as u32;
        }
        let kept = |row: &TokenId| counts[*row as usize] as f64;
        let total: f64 = ids.iter().map(kept).sum();
        let threshold = options.sample * total;
        let keep = ids
            .iter()
            .map(|id| {
                if options.sample == 0.0 {
                    return 1.0;
                }
                let ratio = threshold / kept(id);
                (ratio.sqrt() + ratio).min(1.0)
            })
            .collect();
        let weights: Vec<f64> = ids.iter().map(|id| kept(id).powf(options.exponent)).collect();
        let negatives = Alias::new(&weights);
        Ok(Self { counts, rows, ids, keep, negatives })
    }

    /// Returns how many tokens have a vector.
    pub(crate) fn len(&self) -> usize {
        self.ids.len()
    }

    /// Returns the row of an id, if it has one.
    pub(crate) fn row(&self, id: TokenId) -> Option<u32> {
        self.rows.get(id as usize).copied().filter(|row| *row != u32::MAX)
    }

    /// Draws whether an occurrence is learned from.
    pub(crate) fn keeps(&self, row: u32, stream: &mut Stream) -> bool {
        let share = self.keep[row as usize];
        share >= 1.0 || stream.unit() < share
    }

    /// Draws a row by the power of its count.
    pub(crate) fn negative(&self, stream: &mut Stream) -> u32 {
        self.negatives.draw(stream)
    }
}

/// Draws an index by given weights in constant time (Walker 1977, in Vose's form).
#[derive(Debug)]
struct Alias {
    /// Above which part of 2^32 the other index is taken.
    thresholds: Vec<u64>,
    others: Vec<u32>,
}

impl Alias {
    fn new(weights: &[f64]) -> Self {
        const WHOLE: f64 = (1_u64 << 32) as f64;
        let n = weights.len();
        let mean = weights.iter().sum::<f64>() / n as f64;
        let mut shares: Vec<f64> = weights.iter().map(|weight| weight / mean).collect();
        let (mut small, mut large): (Vec<usize>, Vec<usize>) = (0..n).partition(|index| shares[*index] < 1.0);
        let mut thresholds = vec![1_u64 << 32; n];
        let mut others: Vec<u32> = (0..n as u32).collect();
        while let (Some(poor), Some(rich)) = (small.pop(), large.pop()) {
            thresholds[poor] = (shares[poor] * WHOLE) as u64;
            others[poor] = rich as u32;
            shares[rich] -= 1.0 - shares[poor];
            if shares[rich] < 1.0 { small.push(rich) } else { large.push(rich) }
        }
        Self { thresholds, others }
    }

    fn draw(&self, stream: &mut Stream) -> u32 {
        let bits = stream.next_u64();
        // The upper half chooses a column, the lower half one of its two indices.
        let column = (((bits >> 32) * self.thresholds.len() as u64) >> 32) as usize;
        if (bits & 0xFFFF_FFFF) < self.thresholds[column] { column as u32 } else { self.others[column] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indices_are_drawn_by_their_weights() {
        let weights = [5.0, 1.0, 0.0, 3.0, 1.0];
        let alias = Alias::new(&weights);
        let mut stream = Stream::new(1, "test");
        let mut counts = [0_u32; 5];
        for _ in 0..100_000 {
            counts[alias.draw(&mut stream) as usize] += 1;
        }
        for (weight, count) in weights.iter().zip(counts) {
            assert!((f64::from(count) - weight * 10_000.0).abs() < 400.0, "{counts:?}");
        }
        assert_eq!(counts[2], 0);
    }

    #[test]
    fn rare_tokens_have_no_row_and_frequent_ones_are_passed_over() {
        let options = Options { least_count: 5, sample: 0.001, ..Options::default() };
        let vocabulary = Vocabulary::new(vec![0, 4, 90_000, 10_000, 5], &options).unwrap();
        assert_eq!(vocabulary.ids, [2, 3, 4]);
        assert_eq!((vocabulary.row(1), vocabulary.row(3), vocabulary.row(99)), (None, Some(1), None));
        let mut stream = Stream::new(1, "test");
        let mut kept = 0;
        for _ in 0..10_000 {
            kept += u32::from(vocabulary.keeps(0, &mut stream));
        }
        // Share .9: sqrt(.001 / .9) + .001 / .9 = 0.0344.
        assert!((kept as i32 - 344).abs() < 60, "{kept}");
        assert!(vocabulary.keeps(2, &mut stream));
    }

    #[test]
    fn one_token_is_too_few() {
        let error =
            Vocabulary::new(vec![0, 100, 3], &Options { least_count: 5, ..Options::default() }).unwrap_err();
        assert!(error.to_string().contains("1 of 3 tokens occur at least 5 times"), "{error}");
    }
}
