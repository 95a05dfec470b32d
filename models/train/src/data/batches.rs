//! Which windows make which batch.

use std::sync::{Arc, Mutex, PoisonError};

use dlm_sdk::{Error, Result, random::Stream};

use super::{
    Batch, Corpus, Masking, Recipe, Window, Windows,
    list::{self, Record},
};

/// Batches whose windows are sorted by length together.
const SORTED: usize = 32;

/// The batches of a run, by the step's number.
///
/// A pass cuts the genome anew, shuffles its windows, sorts those of 32 batches at a time by length, and shuffles these
/// batches. The last batch of a pass is filled up with the pass's first windows. Any batch can be asked for at any time,
/// by any thread: seed and step decide alone.
#[derive(Clone, Debug)]
pub struct Batches {
    corpus: Arc<Corpus>,
    recipe: Recipe,
    masking: Masking,
    rows: usize,
    most: usize,
    seed: u64,
    passes: Arc<Mutex<Passes>>,
}

/// How many batches each pass has, as far as they were cut, and the windows of the last that was looked at.
#[derive(Debug, Default)]
struct Passes {
    counts: Vec<u64>,
    current: Option<(u64, Arc<Windows>)>,
}

impl Batches {
    /// Describes the batches of a run: rows a batch, and the most tokens a row may have, special ones included.
    ///
    /// # Errors
    ///
    /// A batch without rows, or rows that have no room for a window's tokens.
    pub fn new(
        corpus: Arc<Corpus>,
        recipe: Recipe,
        masking: Masking,
        rows: usize,
        most: usize,
        seed: u64,
    ) -> Result<Self> {
        if rows == 0 || most < 3 {
            return Err(Error::invalid(format!("batches of {rows} rows of {most} tokens hold nothing")));
        }
        Ok(Self { corpus, recipe, masking, rows, most, seed, passes: Arc::default() })
    }

    /// Returns the batch of a step, counted from 0.
    ///
    /// # Errors
    ///
    /// The tokenized genome is damaged, or no window can be cut from it.
    pub fn batch(&self, step: u64) -> Result<Batch> {
        let mut parts = self.parts(step, usize::MAX)?;
        parts.pop().ok_or_else(|| Error::internal("a batch without rows"))
    }

    /// Returns the batch of a step in parts of at most so many ids, padding included, but of one row at least. What the
    /// guessed tokens of all parts count adds up to one.
    ///
    /// # Errors
    ///
    /// As [`batch`](Self::batch).
    pub fn parts(&self, step: u64, ids: usize) -> Result<Vec<Batch>> {
        let windows = self.windows(step)?;
        let mut stream = Stream::nth(self.seed, "masking", step);
        let mut parts = Vec::new();
        let mut rest = windows.as_slice();
        while !rest.is_empty() {
            // Windows are sorted by length, so the last of a part is its longest; rows come in powers of two, so that
            // few graphs serve all parts.
            let mut rows = rest.len();
            while rows > 1 && rows * Batch::columns(&self.corpus, &rest[..rows], self.most)? > ids {
                rows = rows.div_ceil(2);
            }
            let (now, later) = rest.split_at(rows);
            parts.push(Batch::new(&self.corpus, now, self.most, &self.masking, &mut stream)?);
            rest = later;
        }
        let guessed: usize = parts.iter().map(|part| part.guessed).sum();
        for part in &mut parts {
            let own = part.guessed;
            part.weights[..own].fill(1.0 / guessed.max(1) as f32);
        }
        Ok(parts)
    }

    /// Returns how many bases the windows of a step cover.
    ///
    /// # Errors
    ///
    /// As [`batch`](Self::batch).
    pub fn bases(&self, step: u64) -> Result<u64> {
        Ok(self.windows(step)?.iter().map(|window| u64::from(window.len())).sum())
    }

    /// Returns the windows of a step, the shortest first.
    fn windows(&self, step: u64) -> Result<Vec<Window>> {
        let (windows, within) = self.place(step)?;
        let first = within as usize * self.rows;
        let mut windows: Vec<Window> =
            (first..first + self.rows).filter_map(|index| windows.get(index % windows.len())).collect();
        windows.sort_by_key(Window::len);
        Ok(windows)
    }

    /// Returns the pass a step belongs to.
    ///
    /// # Errors
    ///
    /// As [`batch`](Self::batch).
    pub fn pass(&self, step: u64) -> Result<u64> {
        self.place(step)?;
        let passes = self.passes.lock().unwrap_or_else(PoisonError::into_inner);
        let mut left = step;
        let mut pass = 0;
        for count in &passes.counts {
            if left < *count {
                break;
            }
            left -= count;
            pass += 1;
        }
        Ok(pass)
    }

    /// Returns the windows of a step's pass in the order of their batches, and which batch of the pass it is.
    fn place(&self, step: u64) -> Result<(Arc<Windows>, u64)> {
        let mut passes = self.passes.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut pass, mut left) = (0_u64, step);
        loop {
            let known = passes.counts.get(pass as usize).copied();
            let count = if let Some(count) = known {
                count
            } else {
                let windows = self.cut(pass)?;
                let count = windows.len().div_ceil(self.rows) as u64;
                passes.counts.push(count);
                passes.current = Some((pass, windows));
                count
            };
            if left < count {
                break;
            }
            left -= count;
            pass += 1;
        }
        let windows = match &passes.current {
            Some((current, windows)) if *current == pass => Arc::clone(windows),
            _ => {
                let windows = self.cut(pass)?;
                passes.current = Some((pass, Arc::clone(&windows)));
                windows
            }
        };
        Ok((windows, left))
    }

    fn cut(&self, pass: u64) -> Result<Arc<Windows>> {
        let mut windows = self.recipe.cut(&self.corpus, self.corpus.train(), self.seed, pass)?;
        if windows.is_empty() {
            return Err(Error::invalid(format!(
                "no stretch to learn from has the {} tokens of the shortest window",
                self.recipe.shortest
            ))
            .with_hint("give longer sequences"));
        }
        let mut stream = Stream::nth(self.seed, "order", pass);
        stream.shuffle(windows.records_mut());
        for group in windows.records_mut().chunks_mut(self.rows * SORTED) {
            group.sort_by_key(|record| list::window(record).len());
            let sorted = group.to_vec();
            let mut batches: Vec<&[Record]> = sorted.chunks(self.rows).collect();
            // A batch that is not full stays last, so that all batches before it begin where they should.
            let full = batches.iter().take_while(|batch| batch.len() == self.rows).count();
            stream.shuffle(&mut batches[..full]);
            for (place, record) in group.iter_mut().zip(batches.into_iter().flatten()) {
                *place = *record;
            }
        }
        Ok(Arc::new(windows))
    }
}

#[cfg(test)]
mod tests {
    use dlm_genome::IntervalSet;
    use dlm_plugin_kmer::FixedKmers;

    use super::*;
    use crate::data::{HoldOut, Source};

    const RECIPE: Recipe = Recipe { longest: 60, shortest: 5, full_share: 0.5 };
    const MASKING: Masking = Masking { share: 0.15, masked: 0.8, random: 0.1 };

    fn batches(folder: &std::path::Path, bases: usize) -> Batches {
        let mut stream = Stream::new(1, "test genome");
        let text: String = (0..bases).map(|_| ["A", "C", "G", "T"][stream.below(4)]).collect();
        let path = folder.join(format!("{bases}.fa"));
        std::fs::write(&path, format!(">a\n{text}\n")).unwrap();
        let tokenizer = FixedKmers::new(4).unwrap();
        let source = Source {
            fasta: &[path],
            tokenizer: &tokenizer,
            windows_of: None,
            hold_out: &HoldOut::Last(0.2),
            excluded: &IntervalSet::default(),
        };
        let corpus = Corpus::open(source, folder, |_| Ok(())).unwrap();
        Batches::new(Arc::new(corpus), RECIPE, MASKING, 8, 62, 3).unwrap()
    }

    /// The order of a pass as it is described, on a list in memory.
    fn described(batches: &Batches, pass: u64) -> Vec<Window> {
        let cut = RECIPE.cut(&batches.corpus, batches.corpus.train(), batches.seed, pass).unwrap();
        let mut windows: Vec<Window> = cut.iter().collect();
        let mut stream = Stream::nth(batches.seed, "order", pass);
        stream.shuffle(&mut windows);
        let mut ordered = Vec::new();
        for group in windows.chunks_mut(batches.rows * SORTED) {
            group.sort_by_key(Window::len);
            let mut batches: Vec<&[Window]> = group.chunks(batches.rows).collect();
            let full = batches.iter().take_while(|batch| batch.len() == 8).count();
            stream.shuffle(&mut batches[..full]);
            ordered.extend(batches.into_iter().flatten().copied());
        }
        ordered
    }

    #[test]
    fn the_order_of_a_pass_is_the_described_one_and_none_of_it_is_held_whatever_the_genome() {
        let folder = tempfile::tempdir().unwrap();
        for bases in [30_000, 240_000] {
            let batches = batches(folder.path(), bases);
            for pass in [0, 1] {
                let (cut, expected) = (batches.cut(pass).unwrap(), described(&batches, pass));
                assert!(expected.len() > bases / 400, "{}", expected.len());
                assert_eq!(cut.iter().collect::<Vec<_>>(), expected);
                assert_eq!(cut.held(), 0);
            }
        }
    }
}
