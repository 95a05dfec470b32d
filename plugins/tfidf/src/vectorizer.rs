//! Term frequency times inverse document frequency.
//!
//! A sequence becomes a row of weights, one for each word: how often it occurs in the sequence, times
//! `ln((1 + n) / (1 + d)) + 1`, where `d` of the `n` sequences fitted to hold it, divided by the row's length (Euclid's).
//! Order is lost altogether, which is the point: what a forest reads from such rows, token frequency explains.
//!
//! The formula and its defaults are those of scikit-learn's `TfidfVectorizer`. The inverse document frequencies come from
//! the sequences fitted to and never from those transformed.

use dlm_sdk::{Error, Result, TokenBatch, TokenRow};
use rayon::prelude::*;

use crate::{SparseMatrix, Words};

/// How many rows a thread takes at a time.
const CHUNK: usize = 512;

/// A fitted vectorizer.
///
/// # Examples
///
/// ```
/// use dlm_plugin_tfidf::{TfIdf, WordRule, Words};
/// use dlm_sdk::{Span, TokenBatch, TokenSink};
///
/// let words = Words::of_texts([Some("TTT"), Some("G"), Some("AAA")], WordRule::Sklearn);
/// let mut batch = TokenBatch::default();
/// let spans = [(0, 3), (3, 4), (4, 7), (7, 10)].map(|(start, end)| Span { start, end });
/// let _ = batch.emit(&[0, 1, 2, 0], &spans);
/// let _ = batch.emit(&[2], &spans[..1]);
/// let tfidf = TfIdf::fit(words, &batch)?;
/// assert_eq!(tfidf.names(), ["aaa", "ttt"]);
/// assert_eq!(tfidf.transform(&batch)?.row(1).values, [1.0]);
/// # Ok::<(), dlm_sdk::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct TfIdf {
    words: Words,
    idf: Vec<f64>,
}

impl TfIdf {
    /// Learns which words occur in some rows and how rare they are. Spans are not looked at.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](dlm_sdk::ErrorKind::Unsupported) if there is no word at all;
    /// [`Internal`](dlm_sdk::ErrorKind::Internal) for an id past the vocabulary.
    pub fn fit(mut words: Words, rows: &TokenBatch) -> Result<Self> {
        let parts: Vec<Vec<u32>> = chunks(rows)
            .into_par_iter()
            .map(|chunk| {
                let mut holders = vec![0; words.names().len()];
                let mut last = vec![usize::MAX; words.names().len()];
                for index in chunk {
                    for &id in rows.row(index).ids {
                        for &word in words.of_token(id).ok_or_else(|| unknown(index, id))? {
                            let word = word as usize;
                            holders[word] += u32::from(last[word] != index);
                            last[word] = index;
                        }
                    }
                }
                Ok(holders)
            })
            .collect::<Result<_>>()?;
        let mut holders = vec![0; words.names().len()];
        for part in parts {
            for (sum, part) in holders.iter_mut().zip(part) {
                *sum += part;
            }
        }
        if holders.iter().all(|&count| count == 0) {
            return Err(Error::unsupported("no sequence has a word").with_hint(
                "tokens of one letter are no words to scikit-learn; sklearn_compat=false keeps them",
            ));
        }
        words.retain(&holders.iter().map(|&count| count > 0).collect::<Vec<_>>());
        let n = rows.len() as f64;
        let idf = holders
            .iter()
            .filter(|&&count| count > 0)
            .map(|&count| ((1.0 + n) / (1.0 + f64::from(count))).ln() + 1.0)
            .collect();
        Ok(Self { words, idf })
    }

    /// Returns the words in the order of the columns.
    pub fn names(&self) -> &[String] {
        self.words.names()
    }

    /// Returns the inverse document frequencies in the order of the columns.
    pub fn idf(&self) -> &[f64] {
        &self.idf
    }

    /// Weighs the words of each row, on all threads. Words that did not occur while fitting are left out; a row without
    /// words is empty.
    ///
    /// # Errors
    ///
    /// [`Internal`](dlm_sdk::ErrorKind::Internal) for an id past the vocabulary.
    pub fn transform(&self, rows: &TokenBatch) -> Result<SparseMatrix> {
        let parts: Vec<SparseMatrix> = chunks(rows)
            .into_par_iter()
            .map(|chunk| {
                let mut counter = Counter::new(self.idf.len());
                let mut part = SparseMatrix::new(self.idf.len());
                for index in chunk {
                    self.weigh(index, rows.row(index), &mut counter, &mut part)?;
                }
                Ok(part)
            })
            .collect::<Result<_>>()?;
        let mut parts = parts.into_iter();
        let mut matrix = parts.next().unwrap_or_else(|| SparseMatrix::new(self.idf.len()));
        parts.for_each(|part| matrix.append(&part));
        Ok(matrix)
    }

    fn weigh(
        &self,
        index: usize,
        row: TokenRow<'_>,
        counter: &mut Counter,
        part: &mut SparseMatrix,
    ) -> Result<()> {
        for &id in row.ids {
            for &word in self.words.of_token(id).ok_or_else(|| unknown(index, id))? {
                counter.count(word);
            }
        }
        counter.drain();
        let mut squares = 0.0;
        for (word, weight) in &mut counter.weights {
            *weight *= self.idf[*word as usize];
            squares += *weight * *weight;
        }
        let length = squares.sqrt();
        part.push_checked(counter.weights.iter().map(|&(word, weight)| (word, (weight / length) as f32)));
        Ok(())
    }
}

/// Counts the words of a row and gives them back in order, without sorting: a bit says that a word occurred.
#[derive(Debug)]
struct Counter {
    counts: Vec<u32>,
    bits: Vec<u64>,
    weights: Vec<(u32, f64)>,
}

impl Counter {
    fn new(n_words: usize) -> Self {
        Self { counts: vec![0; n_words], bits: vec![0; n_words.div_ceil(64)], weights: Vec::new() }
    }

    #[inline]
    fn count(&mut self, word: u32) {
        self.counts[word as usize] += 1;
        self.bits[word as usize / 64] |= 1 << (word % 64);
    }

    /// Moves the counts to `weights`.
    fn drain(&mut self) {
        self.weights.clear();
        for (base, bits) in (0..).step_by(64).zip(&mut self.bits) {
            while *bits > 0 {
                let word = base + bits.trailing_zeros();
                *bits &= *bits - 1;
                let count = std::mem::take(&mut self.counts[word as usize]);
                self.weights.push((word, f64::from(count)));
            }
        }
    }
}

/// Cuts rows into ranges for threads.
fn chunks(rows: &TokenBatch) -> Vec<std::ops::Range<usize>> {
    (0..rows.len()).step_by(CHUNK).map(|start| start..rows.len().min(start + CHUNK)).collect()
}

fn unknown(row: usize, id: u32) -> Error {
    Error::internal(format!("row {row}: token {id} lies past the tokenizer's vocabulary"))
}

#[cfg(test)]
mod tests {
    use dlm_sdk::{ErrorKind, Span, TokenSink};

    use super::*;
    use crate::WordRule;

    fn batch(rows: &[&[u32]]) -> TokenBatch {
        let mut batch = TokenBatch::default();
        for row in rows {
            let _ = batch.emit(row, &vec![Span { start: 0, end: 0 }; row.len()]);
        }
        batch
    }

    fn words() -> Words {
        Words::of_texts(["A", "AC", "CC", "GT"].map(Some), WordRule::Sklearn)
    }

    #[test]
    fn weights_follow_the_formula() {
        let tfidf = TfIdf::fit(words(), &batch(&[&[1, 2, 1, 0], &[1], &[]])).unwrap();
        assert_eq!(tfidf.names(), ["ac", "cc"]);
        let idf = [(4.0_f64 / 3.0).ln() + 1.0, (4.0_f64 / 2.0).ln() + 1.0];
        assert_eq!(tfidf.idf(), idf);
        let row = [2.0 * idf[0], idf[1]];
        let length = row[0].hypot(row[1]);
        let matrix = tfidf.transform(&batch(&[&[1, 2, 1, 0], &[0, 3]])).unwrap();
        for (value, expected) in matrix.row(0).values.iter().zip(row) {
            assert!((f64::from(*value) - expected / length).abs() < 1e-7);
        }
        // "GT" was not there to be fitted to, "A" is one letter.
        assert_eq!(matrix.row(1).features, [0; 0]);
    }

    #[test]
    fn what_cannot_be_weighed_is_said() {
        let error = TfIdf::fit(words(), &batch(&[&[0], &[]])).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.hint().is_some());
        assert_eq!(TfIdf::fit(words(), &batch(&[&[9]])).unwrap_err().kind(), ErrorKind::Internal);
        let tfidf = TfIdf::fit(words(), &batch(&[&[1]])).unwrap();
        assert_eq!(tfidf.transform(&batch(&[&[4]])).unwrap_err().kind(), ErrorKind::Internal);
    }
}
