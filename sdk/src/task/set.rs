//! Examples in memory: the owned twin of [`Examples`].

use std::ops::ControlFlow;

use ndarray::ArrayView2;

use super::{ExampleSink, Examples, Items, Locus};
use crate::{Error, Result, Sequence};

/// Examples in memory. Bases lie one after the other in one buffer.
///
/// # Examples
///
/// ```
/// use dlm_sdk::ExampleSet;
///
/// let mut set = ExampleSet::new(1);
/// set.add(7, b"ACGT", &[1.0], 0)?;
/// set.add(8, b"GG", &[0.0], 1)?;
/// let view = set.view();
/// assert_eq!(view.examples().len(), 2);
/// assert_eq!(view.examples().items.sequences[1].bases(), b"GG");
/// # Ok::<(), dlm_sdk::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ExampleSet {
    width: usize,
    ids: Vec<u64>,
    bases: Vec<u8>,
    ends: Vec<usize>,
    cuts: Vec<u32>,
    cut_ends: Vec<usize>,
    groups: Vec<u64>,
    loci: Vec<Locus>,
    targets: Vec<f32>,
}

impl ExampleSet {
    /// Creates an empty set with a width of target rows.
    pub fn new(width: usize) -> Self {
        Self { width, ..Self::default() }
    }

    /// Adds an example that has no place on a genome.
    ///
    /// # Errors
    ///
    /// [`Invalid`](crate::ErrorKind::Invalid) if the target has another width, or if the set has loci or cuts.
    pub fn add(&mut self, id: u64, bases: &[u8], target: &[f32], group: u64) -> Result<()> {
        self.push_one(id, bases, target, group, None, None)
    }

    /// Adds an example with its place on a genome.
    ///
    /// # Errors
    ///
    /// [`Invalid`](crate::ErrorKind::Invalid) if the target has another width, or if earlier examples have no locus.
    pub fn add_at(&mut self, id: u64, bases: &[u8], target: &[f32], group: u64, locus: Locus) -> Result<()> {
        self.push_one(id, bases, target, group, Some(locus), None)
    }

    /// Adds an example whose token boundaries are fixed: the ends of its tokens in bases.
    ///
    /// # Errors
    ///
    /// [`Invalid`](crate::ErrorKind::Invalid) if the ends do not ascend to the length of the sequence, if the target has
    /// another width, or if earlier examples differ in having a locus or cuts.
    pub fn add_cut(
        &mut self,
        id: u64,
        bases: &[u8],
        cuts: &[u32],
        target: &[f32],
        group: u64,
        locus: Option<Locus>,
    ) -> Result<()> {
        self.push_one(id, bases, target, group, locus, Some(cuts))
    }

    fn push_one(
        &mut self,
        id: u64,
        bases: &[u8],
        target: &[f32],
        group: u64,
        locus: Option<Locus>,
        cuts: Option<&[u32]>,
    ) -> Result<()> {
        let n = self.ids.len();
        if target.len() != self.width {
            return Err(Error::invalid(format!(
                "example {id}: the target has {} values, the task {}",
                target.len(),
                self.width
            )));
        }
        if n > 0
            && (locus.is_some() != (self.loci.len() == n) || cuts.is_some() != (self.cut_ends.len() == n))
        {
            return Err(Error::invalid(format!(
                "example {id}: either all examples have a locus (and token boundaries) or none has"
            )));
        }
        if let Some(cuts) = cuts {
            let rising = cuts.is_sorted_by(|a, b| a < b) && cuts.first() != Some(&0);
            if !rising || cuts.last().copied().unwrap_or(0) as usize != bases.len() {
                return Err(Error::invalid(format!(
                    "example {id}: token ends do not ascend to its {} bases",
                    bases.len()
                )));
            }
            self.cuts.extend_from_slice(cuts);
            self.cut_ends.push(self.cuts.len());
        }
        self.loci.extend(locus);
        self.ids.push(id);
        self.bases.extend_from_slice(bases);
        self.ends.push(self.bases.len());
        self.groups.push(group);
        self.targets.extend_from_slice(target);
        Ok(())
    }

    /// Returns the number of examples.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Returns whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Returns a set with some of the examples, in the order of the indices.
    ///
    /// # Panics
    ///
    /// If an index lies past the last example.
    #[must_use]
    pub fn subset(&self, indices: &[usize]) -> Self {
        let view = self.view();
        let mut set = Self::new(self.width);
        for &index in indices {
            set.extend(view.examples().slice(index..index + 1));
        }
        set
    }

    /// Lends the examples.
    pub fn view(&self) -> ExampleView<'_> {
        let pieces = |ends: &[usize]| -> Vec<(usize, usize)> {
            std::iter::once(0).chain(ends.iter().copied()).zip(ends.iter().copied()).collect()
        };
        ExampleView {
            set: self,
            sequences: pieces(&self.ends)
                .into_iter()
                .map(|(start, end)| Sequence::new(&self.bases[start..end]))
                .collect(),
            cuts: pieces(&self.cut_ends).into_iter().map(|(start, end)| &self.cuts[start..end]).collect(),
        }
    }

    fn extend(&mut self, examples: Examples<'_>) {
        let items = examples.items;
        self.ids.extend_from_slice(items.ids);
        self.groups.extend_from_slice(items.groups);
        for sequence in items.sequences {
            self.bases.extend_from_slice(sequence.bases());
            self.ends.push(self.bases.len());
        }
        for cuts in items.cuts.unwrap_or_default() {
            self.cuts.extend_from_slice(cuts);
            self.cut_ends.push(self.cuts.len());
        }
        self.loci.extend_from_slice(items.loci.unwrap_or_default());
        self.targets.extend(examples.targets.iter());
    }
}

impl ExampleSink for ExampleSet {
    fn push(&mut self, examples: Examples<'_>) -> ControlFlow<()> {
        self.extend(examples);
        ControlFlow::Continue(())
    }
}

/// Examples lent by an [`ExampleSet`].
#[derive(Clone, Debug)]
pub struct ExampleView<'a> {
    set: &'a ExampleSet,
    sequences: Vec<Sequence<'a>>,
    cuts: Vec<&'a [u32]>,
}

impl ExampleView<'_> {
    /// Returns the examples.
    ///
    /// # Panics
    ///
    /// Never: a set keeps one target row an example.
    pub fn examples(&self) -> Examples<'_> {
        let set = self.set;
        let shape = (set.ids.len(), set.width);
        Examples {
            items: Items {
                ids: &set.ids,
                sequences: &self.sequences,
                cuts: (!set.cut_ends.is_empty()).then_some(self.cuts.as_slice()),
                groups: &set.groups,
                loci: (!set.loci.is_empty()).then_some(set.loci.as_slice()),
            },
            targets: ArrayView2::from_shape(shape, &set.targets)
                .expect("a set keeps one target row an example"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subset_keeps_cuts_and_targets() {
        let mut set = ExampleSet::new(1);
        set.add_cut(1, b"ACGT", &[1, 4], &[0.0], 5, None).unwrap();
        set.add_cut(2, b"GGG", &[3], &[1.0], 6, None).unwrap();
        let subset = set.subset(&[1]);
        let view = subset.view();
        let examples = view.examples();
        assert_eq!(examples.items.cuts, Some(&[&[3_u32][..]][..]));
        assert_eq!((examples.class(0), examples.items.groups[0]), (1, 6));
    }

    #[test]
    fn mixed_or_misshapen_examples_are_refused() {
        let mut set = ExampleSet::new(1);
        set.add(1, b"ACGT", &[0.0], 0).unwrap();
        assert!(set.add_cut(2, b"ACGT", &[4], &[0.0], 0, None).is_err());
        assert!(set.add(2, b"ACGT", &[0.0, 1.0], 0).is_err());
        let mut set = ExampleSet::new(1);
        assert!(set.add_cut(2, b"ACGT", &[2, 3], &[0.0], 0, None).is_err());
        assert!(set.add_cut(2, b"ACGT", &[2, 2, 4], &[0.0], 0, None).is_err());
        assert!(set.is_empty());
    }
}
