//! Examples as a task lends them.

use std::{ops::Range, sync::Arc};

use ndarray::{ArrayView2, s};

use crate::Sequence;

/// The strand of a stretch of a genome.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Strand {
    /// As written in the reference.
    Forward,
    /// The reverse complement.
    Reverse,
}

impl Strand {
    /// Returns `+` or `-`.
    pub fn symbol(self) -> char {
        match self {
            Self::Forward => '+',
            Self::Reverse => '-',
        }
    }
}

/// Where an example lies on a genome, half-open, counted from zero.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Locus {
    /// The name of the sequence, such as `chr21`.
    pub chromosome: Arc<str>,
    /// The first base.
    pub start: u64,
    /// One past the last base.
    pub end: u64,
    /// The strand, if it matters.
    pub strand: Option<Strand>,
}

/// Some unlabelled items; every slice has one entry an item.
#[derive(Clone, Copy, Debug)]
pub struct Items<'a> {
    /// A stable id for each, unique within the task.
    pub ids: &'a [u64],
    /// The sequences.
    pub sequences: &'a [Sequence<'a>],
    /// The ends of the tokens in bases, ascending up to the sequence's length, where the task fixes the tokenization;
    /// `None`: the host tokenizes. Each piece is then looked up as one token, for models and baselines alike.
    pub cuts: Option<&'a [&'a [u32]]>,
    /// The leakage group of each; an ungrouped task gives each its own.
    pub groups: &'a [u64],
    /// Where each lies.
    pub loci: Option<&'a [Locus]>,
}

impl Items<'_> {
    /// Returns the number of items.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Returns whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Returns some neighbouring items.
    ///
    /// # Panics
    ///
    /// If the range ends past the last item.
    #[must_use]
    pub fn slice(&self, range: Range<usize>) -> Self {
        Self {
            ids: &self.ids[range.clone()],
            sequences: &self.sequences[range.clone()],
            cuts: self.cuts.map(|cuts| &cuts[range.clone()]),
            groups: &self.groups[range.clone()],
            loci: self.loci.map(|loci| &loci[range]),
        }
    }
}

/// Some labelled items.
#[derive(Clone, Copy, Debug)]
pub struct Examples<'a> {
    /// The items.
    pub items: Items<'a>,
    /// Their targets, `[items, width]` with the task's [`width`](crate::Target::width).
    pub targets: ArrayView2<'a, f32>,
}

impl Examples<'_> {
    /// Returns the number of examples.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Returns whether there are none.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Returns some neighbouring examples.
    ///
    /// # Panics
    ///
    /// If the range ends past the last example.
    #[must_use]
    pub fn slice(&self, range: Range<usize>) -> Self {
        Self { items: self.items.slice(range.clone()), targets: self.targets.slice_move(s![range, ..]) }
    }

    /// Returns the class of an example of a binary or multi-class task.
    pub fn class(&self, index: usize) -> usize {
        self.targets[[index, 0]] as usize
    }

    /// Returns the classes of all examples of a binary or multi-class task.
    pub fn classes(&self) -> impl ExactSizeIterator<Item = usize> {
        (0..self.len()).map(|index| self.class(index))
    }
}
