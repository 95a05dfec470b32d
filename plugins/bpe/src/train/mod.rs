//! Learning a vocabulary.
//!
//! A text is first single bases. Over and over, the pair of neighbours that occurs most often becomes a token of its own
//! wherever it stands. Every maximal run of bases is a word, and no pair reaches over its ends. In `AAAA` the pair `A A`
//! occurs three times, though it can be merged but twice, leftmost first. This is how the paper's reference, Sennrich et
//! al. 2016, and Hugging Face count; of equally frequent pairs they prefer different ones ([`Ties`]).
//!
//! A genome is a few words of a hundred million bases, for which trainers made for text take hours: they shift the rest
//! of the word at each merge. Here a merge touches the places of its pair and nothing else. The first merges, which
//! concern a good part of the text, rewrite it ([`dense`]); the later ones follow lists of places ([`epochs`]). Memory
//! beside the sequences is at most three bytes a base.

mod cells;
mod dense;
mod epochs;
mod inventory;
mod lists;
mod pairs;
mod plain;
mod queue;
mod replace;
mod simd;
mod step;
#[cfg(test)]
mod tests;
mod totals;
mod work;

use std::{
    ops::ControlFlow,
    sync::atomic::{AtomicU8, AtomicU16, AtomicU32},
};

use dlm_sdk::{Error, Result};

use crate::{Bpe, Merge};
use dense::Dense;
use epochs::Epochs;
use inventory::FIRST_MERGE;
use work::Work;

/// Which of two equally frequent pairs is merged first.
///
/// The choice matters: on a megabase of chromosome 21 the two rules share 596 of 600 merges.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Ties {
    /// The pair of the greatest strings, left before right: `subword-nmt`, the paper's family.
    #[default]
    SubwordNmt,
    /// The pair of the smallest ids, left before right: Hugging Face `tokenizers`.
    HuggingFace,
}

impl Ties {
    /// Returns the name used in options and files.
    pub fn name(self) -> &'static str {
        match self {
            Self::SubwordNmt => "subword-nmt",
            Self::HuggingFace => "huggingface",
        }
    }
}

impl std::str::FromStr for Ties {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        [Self::SubwordNmt, Self::HuggingFace].into_iter().find(|ties| ties.name() == name).ok_or_else(|| {
            Error::invalid(format!("unknown tie rule {name:?}")).with_hint("use subword-nmt or huggingface")
        })
    }
}

/// How to learn a vocabulary.
///
/// # Examples
///
/// ```
/// use std::ops::ControlFlow;
///
/// use dlm_plugin_bpe::Trainer;
///
/// let trained = Trainer { merges: 2, ..Trainer::default() }.train(&[b"ATTGATTGCATTC"], &mut |_| ControlFlow::Continue(()))?;
/// let spelled: Vec<_> = trained.merges().iter().map(|merge| merge.to_string()).collect();
/// assert_eq!(spelled, ["T T", "A TT"]);
/// # Ok::<(), dlm_sdk::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Trainer {
    /// How many merges to learn; 600 by default, as in GROVER.
    pub merges: usize,
    /// Which of two equally frequent pairs comes first.
    pub ties: Ties,
    /// The numbers of merges to give a vocabulary for, beside the last.
    pub snapshots: Vec<usize>,
    /// How many threads to use; all by default. The result is the same for any number.
    pub threads: Option<usize>,
}

impl Default for Trainer {
    fn default() -> Self {
        Self { merges: 600, ties: Ties::default(), snapshots: Vec::new(), threads: None }
    }
}

/// How far training has come.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Progress {
    /// How many merges are learned.
    pub merges: usize,
    /// How many are asked for.
    pub of: usize,
    /// How often the last merged pair occurred.
    pub count: u64,
}

/// Why training ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum End {
    /// All merges asked for are learned.
    Reached,
    /// No pair was left that occurs twice.
    Exhausted,
}

/// What training learned.
#[derive(Clone, Debug)]
pub struct Trained {
    merges: Vec<Merge>,
    snapshots: Vec<usize>,
    end: End,
}

impl Trained {
    /// Returns the merges in the order they were learned.
    pub fn merges(&self) -> &[Merge] {
        &self.merges
    }

    /// Returns why training ended.
    pub fn end(&self) -> End {
        self.end
    }

    /// Returns the vocabulary of all merges.
    ///
    /// # Errors
    ///
    /// None that merges as they are learned can cause.
    pub fn bpe(&self) -> Result<Bpe> {
        Bpe::from_merges(&self.merges)
    }

    /// Returns the vocabulary of the first merges; `None` if training ended before.
    pub fn after(&self, merges: usize) -> Option<Result<Bpe>> {
        Some(Bpe::from_merges(self.merges.get(..merges)?))
    }

    /// Returns the snapshots that were asked for and reached, each with its number of merges.
    pub fn snapshots(&self) -> impl Iterator<Item = (usize, Result<Bpe>)> + '_ {
        self.snapshots.iter().filter_map(|&merges| Some((merges, self.after(merges)?)))
    }
}

impl Trainer {
    /// Learns from sequences: every maximal run of bases, in any case, is one word; all else separates words.
    ///
    /// `progress` is called after every merge; `Break` stops training.
    ///
    /// # Errors
    ///
    /// [`Cancelled`](dlm_sdk::ErrorKind::Cancelled) if `progress` asked to stop;
    /// [`Invalid`](dlm_sdk::ErrorKind::Invalid) if there are no bases, or for a number of threads of zero.
    pub fn train<'p>(
        &self,
        sequences: &[&[u8]],
        progress: &'p mut (dyn FnMut(Progress) -> ControlFlow<()> + Send + 'p),
    ) -> Result<Trained> {
        self.train_from(sequences.iter().map(Ok), progress)
    }

    /// Learns as [`train`](Self::train) does from sequences that are read, or made, one after the other.
    ///
    /// Each is dropped before the next is asked for, so a genome need not be held beside what training makes of it: at
    /// most three bytes a base.
    ///
    /// # Errors
    ///
    /// As [`train`](Self::train), and the first error that reading a sequence gives.
    pub fn train_from<'p>(
        &self,
        sequences: impl IntoIterator<Item = Result<impl AsRef<[u8]>>, IntoIter: Send>,
        progress: &'p mut (dyn FnMut(Progress) -> ControlFlow<()> + Send + 'p),
    ) -> Result<Trained> {
        if self.threads == Some(0) {
            return Err(Error::invalid("threads: 0 threads cannot work").with_hint("give at least 1"));
        }
        let threads = self
            .threads
            .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, std::num::NonZero::get));
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .map_err(|error| Error::internal("starting the threads failed").with_source(error))?;
        let sequences = sequences.into_iter();
        pool.install(|| {
            let mut work = Work::new(self, progress);
            self.fast(sequences, threads, &mut work)?;
            Ok(work.finish())
        })
    }

    /// Learns with the plain reference trainer: the same merges, slowly.
    #[doc(hidden)]
    pub fn train_plainly(&self, sequences: &[&[u8]]) -> Result<Trained> {
        let mut progress = |_| ControlFlow::Continue(());
        let mut work = Work::new(self, &mut progress);
        plain::train(sequences, &mut work)?;
        Ok(work.finish())
    }

    fn fast(
        &self,
        sequences: impl Iterator<Item = Result<impl AsRef<[u8]>>>,
        threads: usize,
        work: &mut Work<'_, '_>,
    ) -> Result<()> {
        let mut dense = Dense::new(sequences)?;
        if dense.is_empty() {
            return Err(Error::invalid("there is not one base to learn from"));
        }
        if !dense.run(work)? {
            return Ok(());
        }
        // The fewer bytes a cell has, the more of them lie close by, and most merges have small ids.
        let ids = work.inventory.len();
        let mut narrow = Epochs::<AtomicU8>::new(dense, ids, FIRST_MERGE as usize + self.merges, threads);
        if !narrow.run(work)? {
            return Ok(());
        }
        let mut middle = narrow.widen::<AtomicU16>();
        if !middle.run(work)? {
            return Ok(());
        }
        middle.widen::<AtomicU32>().run(work).map(|_| ())
    }
}
