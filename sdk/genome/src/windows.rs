//! Windows of one width over a sequence.

use std::ops::Range;

use crate::{Error, ErrorKind, Result, acgt_runs};

/// Windows of a width, one every step.
///
/// Three ways to lay them are in use, and they give different windows:
///
/// | | starts | keeps |
/// |---|---|---|
/// | [`grid`](Self::grid) | at multiples of the step from the sequence's first base | all |
/// | [`known_grid`](Self::known_grid) | the same | those without N |
/// | [`known_runs`](Self::known_runs) | anew at the first base of each run without N | all that fit a run |
///
/// A last piece shorter than the width is dropped.
///
/// # Examples
///
/// ```
/// use dlm_genome::Windows;
///
/// let bases = b"NACGTACGT";
/// let tiles = Windows::tiled(4)?;
/// assert_eq!(tiles.grid(bases.len()).collect::<Vec<_>>(), [0..4, 4..8]);
/// assert_eq!(tiles.known_grid(bases).collect::<Vec<_>>(), [4..8]);
/// assert_eq!(tiles.known_runs(bases).collect::<Vec<_>>(), [1..5, 5..9]);
///
/// let sliding = Windows::new(4, 2)?;
/// assert_eq!(sliding.known_runs(bases).collect::<Vec<_>>(), [1..5, 3..7, 5..9]);
/// # Ok::<(), dlm_genome::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Windows {
    width: usize,
    step: usize,
}

impl Windows {
    /// Creates windows of a width whose starts are a step apart, both in bases.
    ///
    /// # Errors
    ///
    /// Width or step is zero.
    pub fn new(width: usize, step: usize) -> Result<Self> {
        if width == 0 || step == 0 {
            return Err(Error::new(
                ErrorKind::Setting,
                "width and step of windows must be at least one base",
            ));
        }
        Ok(Self { width, step })
    }

    /// Creates windows that touch but do not overlap.
    ///
    /// # Errors
    ///
    /// The width is zero.
    pub fn tiled(width: usize) -> Result<Self> {
        Self::new(width, width)
    }

    /// Returns the width in bases.
    pub fn width(self) -> usize {
        self.width
    }

    /// Returns the distance between two starts in bases.
    pub fn step(self) -> usize {
        self.step
    }

    /// Returns the windows of a sequence of a length.
    pub fn grid(self, length: usize) -> impl Iterator<Item = Range<usize>> + Clone {
        self.within(0..length)
    }

    /// Returns the windows of the grid that hold A, C, G and T only.
    pub fn known_grid(self, bases: &[u8]) -> impl Iterator<Item = Range<usize>> + Clone {
        acgt_runs(bases).flat_map(move |run| {
            let start = run.start.div_ceil(self.step).saturating_mul(self.step);
            self.within(start..run.end)
        })
    }

    /// Returns the windows of each maximal run of A, C, G and T, the first at the run's first base.
    pub fn known_runs(self, bases: &[u8]) -> impl Iterator<Item = Range<usize>> + Clone {
        acgt_runs(bases).flat_map(move |run| self.within(run))
    }

    fn within(self, range: Range<usize>) -> impl Iterator<Item = Range<usize>> + Clone {
        let starts = match range.end.checked_sub(self.width) {
            Some(last) if last >= range.start => range.start..last + 1,
            _ => 0..0,
        };
        starts.step_by(self.step).map(move |start| start..start + self.width)
    }
}
