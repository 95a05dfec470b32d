//! Sequences that two splits have in common.
//!
//! A sequence and its reverse complement are one molecule. A test sequence that a model has seen in training, on either
//! strand, measures memory.

use std::borrow::Cow;

use dlm_sdk::{Examples, dna};
use rustc_hash::{FxHashMap, FxHashSet};

/// Returns a sequence or its reverse complement, whichever comes first in the alphabet.
///
/// # Examples
///
/// ```
/// use dlm_dataset::overlap::canonical;
///
/// assert_eq!(canonical(b"TTG"), canonical(b"CAA"));
/// ```
pub fn canonical(bases: &[u8]) -> Cow<'_, [u8]> {
    let reverse = dna::reverse_complement(bases);
    if reverse.as_slice() < bases { Cow::Owned(reverse) } else { Cow::Borrowed(bases) }
}

/// Counts the items of one split whose sequence, on either strand, also stands in another.
pub fn shared(of: Examples<'_>, with: Examples<'_>) -> usize {
    let known: FxHashSet<Cow<'_, [u8]>> =
        with.items.sequences.iter().map(|sequence| canonical(sequence.bases())).collect();
    of.items.sequences.iter().filter(|sequence| known.contains(&canonical(sequence.bases()))).count()
}

/// Numbers sequences so that two have one number exactly if they are equal on either strand; numbers count up from zero
/// in the order of first sight.
pub fn duplicates<'a>(sequences: impl IntoIterator<Item = &'a [u8]>) -> Vec<u64> {
    let mut numbers = FxHashMap::default();
    sequences
        .into_iter()
        .map(|bases| {
            let next = numbers.len() as u64;
            *numbers.entry(canonical(bases)).or_insert(next)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use dlm_sdk::ExampleSet;

    use super::*;

    fn set(sequences: &[&[u8]]) -> ExampleSet {
        let mut set = ExampleSet::new(1);
        for (id, bases) in (0..).zip(sequences) {
            set.add(id, bases, &[0.0], id).unwrap();
        }
        set
    }

    #[test]
    fn both_strands_count() {
        let (train, test) = (set(&[b"AACG", b"GGGG"]), set(&[b"CGTT", b"AACG", b"GGCG", b"CCCC"]));
        assert_eq!(shared(test.view().examples(), train.view().examples()), 3);
        assert_eq!(duplicates([&b"AACG"[..], b"GG", b"CGTT", b"CC"]), [0, 1, 0, 1]);
    }
}
