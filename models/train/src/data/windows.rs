//! Cuts stretches into windows, differently in every pass.

use dlm_sdk::{Error, Result, random::Stream};

use super::{Corpus, Stretch, Windows};

/// How long windows are, in tokens.
///
/// Sanabria et al. (2024), Methods: with probability one half a window has 510 tokens, else a uniform number from 20 to
/// 510. Windows lie side by side; what is left at the end of a stretch is a window if it has 20 tokens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Recipe {
    /// Tokens of a full window.
    pub longest: usize,
    /// Tokens of the shortest window.
    pub shortest: usize,
    /// The probability that a window is full.
    pub full_share: f64,
}

impl Recipe {
    /// The paper's.
    pub const PAPER: Self = Self { longest: 510, shortest: 20, full_share: 0.5 };

    fn draw(&self, stream: &mut Stream) -> usize {
        if stream.unit() < self.full_share {
            self.longest
        } else {
            self.shortest + stream.below(self.longest - self.shortest + 1)
        }
    }

    /// Cuts stretches into windows, from the stream `windows` of a pass. The list lies on disk, beside the tokens.
    ///
    /// # Errors
    ///
    /// The tokenized genome is damaged, the list cannot be written, or the shortest window is longer than the longest.
    pub fn cut(&self, corpus: &Corpus, stretches: &[Stretch], seed: u64, pass: u64) -> Result<Windows> {
        Windows::collect(corpus.folder(), |take| self.each(corpus, stretches, seed, pass, take))
    }

    fn each(
        &self,
        corpus: &Corpus,
        stretches: &[Stretch],
        seed: u64,
        pass: u64,
        take: &mut dyn FnMut(Window) -> Result<()>,
    ) -> Result<()> {
        if self.shortest == 0 || self.shortest > self.longest {
            return Err(Error::invalid(format!(
                "windows of {} to {} tokens cannot be cut",
                self.shortest, self.longest
            )));
        }
        let mut stream = Stream::nth(seed, "windows", pass);
        for stretch in stretches {
            let (mut wanted, mut count, mut start, mut last) = (self.draw(&mut stream), 0, None, 0);
            corpus.each_place(stretch, |bases| {
                let first = *start.get_or_insert(bases.start);
                last = bases.end;
                count += 1;
                if count == wanted {
                    take(Window { chromosome: stretch.chromosome, start: first, end: last })?;
                    (wanted, count, start) = (self.draw(&mut stream), 0, None);
                }
                Ok(())
            })?;
            if let Some(first) = start.filter(|_| count >= self.shortest) {
                take(Window { chromosome: stretch.chromosome, start: first, end: last })?;
            }
        }
        Ok(())
    }
}

/// A window: a stretch of a chromosome, whose borders are those of tokens.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Window {
    /// Which chromosome of the store.
    pub chromosome: u32,
    /// The first base.
    pub start: u32,
    /// One past the last base.
    pub end: u32,
}

impl Window {
    /// Returns how many bases it has.
    pub fn len(&self) -> u32 {
        self.end - self.start
    }

    /// Returns whether it has none.
    pub fn is_empty(&self) -> bool {
        self.start >= self.end
    }

    pub(super) fn stretch(&self) -> Stretch {
        Stretch { chromosome: self.chromosome, bases: self.start..self.end }
    }
}
