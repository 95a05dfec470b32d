//! All examples of a task in one row: train, then validation, then test.

use dlm_dataset::overlap::duplicates;
use dlm_sdk::{Examples, Locus, Target, TaskSpec, dna};
use rayon::prelude::*;

/// Of an item with fewer known bases than this, resemblance says nothing.
pub(crate) const LEAST_KNOWN: f64 = 0.5;

/// All examples of a task.
pub(crate) struct Corpus<'a> {
    pub(crate) sequences: Vec<&'a [u8]>,
    pub(crate) ids: Vec<u64>,
    pub(crate) groups: Vec<u64>,
    pub(crate) loci: Option<Vec<&'a Locus>>,
    /// The class of each, in a task that has few enough.
    pub(crate) classes: Option<Vec<u32>>,
    pub(crate) n_classes: usize,
    /// How many items train, validation and test hold.
    pub(crate) sizes: [usize; 3],
    /// The share of known bases.
    pub(crate) known: Vec<f64>,
    /// Equal numbers for equal sequences on either strand.
    pub(crate) molecules: Vec<u64>,
}

/// With more classes than this, rules and twins say nothing about labels.
const MOST_CLASSES: usize = 32;

impl<'a> Corpus<'a> {
    pub(crate) fn new(spec: &TaskSpec, splits: &[Examples<'a>; 3]) -> Self {
        let sizes = [0, 1, 2].map(|split: usize| splits[split].len());
        let mut sequences = Vec::with_capacity(sizes.iter().sum());
        let (mut ids, mut groups, mut loci) = (Vec::new(), Vec::new(), Vec::new());
        let n_classes = match spec.target {
            Target::Multilabel(_) | Target::Regression(_) => 0,
            _ => spec.target.classes().filter(|classes| *classes <= MOST_CLASSES).unwrap_or(0),
        };
        let mut classes = Vec::new();
        for split in splits {
            sequences.extend(split.items.sequences.iter().map(|sequence| sequence.bases()));
            ids.extend_from_slice(split.items.ids);
            groups.extend_from_slice(split.items.groups);
            loci.extend(split.items.loci.unwrap_or_default());
            if n_classes > 0 {
                classes.extend(split.classes().map(|class| class as u32));
            }
        }
        let known = sequences
            .par_iter()
            .map(|bases: &&[u8]| {
                let known = bases.iter().filter(|base| dna::code(**base).is_some()).count();
                known as f64 / bases.len().max(1) as f64
            })
            .collect();
        let molecules = duplicates(sequences.iter().copied());
        Self {
            loci: (loci.len() == sequences.len() && !loci.is_empty()).then_some(loci),
            sequences,
            ids,
            groups,
            classes: (n_classes > 0).then_some(classes),
            n_classes,
            sizes,
            known,
            molecules,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.sequences.len()
    }

    /// The items that a method sees before the test: train and validation.
    pub(crate) fn seen(&self) -> std::ops::Range<usize> {
        0..self.sizes[0] + self.sizes[1]
    }

    pub(crate) fn train(&self) -> std::ops::Range<usize> {
        0..self.sizes[0]
    }

    pub(crate) fn test(&self) -> std::ops::Range<usize> {
        self.seen().end..self.len()
    }

    /// Whether enough of an item is known to compare it with others.
    pub(crate) fn comparable(&self, item: usize) -> bool {
        self.known[item] >= LEAST_KNOWN
    }

    /// Returns the item's number in its twin array without repeated sequences: the numbers of the first items of each
    /// exact spelling among some items, and for each item which of them it is.
    pub(crate) fn distinct(&self, items: impl Iterator<Item = usize>) -> (Vec<usize>, Vec<(usize, u32)>) {
        let mut numbers = rustc_hash::FxHashMap::<&[u8], u32>::default();
        let mut firsts = Vec::new();
        let mut of = Vec::new();
        for item in items {
            let next = firsts.len() as u32;
            let number = *numbers.entry(self.sequences[item]).or_insert_with(|| {
                firsts.push(item);
                next
            });
            of.push((item, number));
        }
        (firsts, of)
    }
}
