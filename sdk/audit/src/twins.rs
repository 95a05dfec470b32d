//! Negatives that were made from positives.
//!
//! A negative made by shuffling a positive keeps something of it. A dinucleotide shuffle (Altschul and Erikson 1985)
//! keeps the length, the count of every dinucleotide, and the first and last base: two sequences that agree in all of
//! this and in no more positions than chance allows are twins. Substituting or permuting segments, as the shuffled tokens
//! of Prom300 or the negatives of DeePromoter, keeps some pieces in place: two sequences of one length that share words
//! at the same offsets, and far more positions than chance allows, are twins too.
//!
//! A twin in train with the opposite label gives the test item's label away to a method that remembers what it saw.

use dlm_sdk::dna;
use rayon::prelude::*;
use rustc_hash::FxHashMap;

/// Shuffles of each other agree in fewer positions than this.
const MOST_IDENTICAL: f64 = 0.6;

/// More sequences than this with one signature are low complexity, not twins.
const MOST_ALIKE: usize = 50;

/// The least length whose dinucleotide counts are a signature.
const LEAST_LENGTH: usize = 20;

/// Words that stay in place.
const WORD: usize = 12;
const LEAST_SHARED: usize = 3;
const LEAST_IDENTICAL: f64 = 0.4;
/// A word that stands at one offset in more sequences than this is part of how they were aligned.
const MOST_AT_OFFSET: usize = 20;
/// Longer sequences are not compared offset by offset.
const LONGEST: usize = 2_000;

/// Pairs of places in a list of sequences, the smaller first.
pub(crate) type Pairs = Vec<(u32, u32)>;

/// Returns the share of positions at which two sequences of one length have the same known base.
fn identity(a: &[u8], b: &[u8]) -> f64 {
    let same = a.iter().zip(b).filter(|(a, b)| a == b && dna::code(**a).is_some()).count();
    same as f64 / a.len().max(1) as f64
}

#[derive(Eq, Hash, PartialEq)]
struct Signature {
    length: u32,
    pairs: [u32; 16],
    ends: (u8, u8),
}

/// Finds pairs that a dinucleotide shuffle could have made; the sequences should differ.
pub(crate) fn shuffled(sequences: &[&[u8]]) -> Pairs {
    let signatures: Vec<Option<Signature>> = sequences
        .par_iter()
        .map(|bases| {
            let (first, last) = (*bases.first()?, *bases.last()?);
            let mut pairs = [0; 16];
            for pair in bases.windows(2) {
                if let (Some(a), Some(b)) = (dna::code(pair[0]), dna::code(pair[1])) {
                    pairs[usize::from(4 * a + b)] += 1;
                }
            }
            (bases.len() >= LEAST_LENGTH).then_some(Signature {
                length: bases.len() as u32,
                pairs,
                ends: (first, last),
            })
        })
        .collect();
    let mut groups = FxHashMap::<&Signature, Vec<u32>>::default();
    for (sequence, signature) in (0..).zip(&signatures) {
        if let Some(signature) = signature {
            groups.entry(signature).or_default().push(sequence);
        }
    }
    let mut pairs = Pairs::new();
    for signature in signatures.iter().flatten() {
        // In the order of the sequences; what was taken is gone.
        let Some(group) = groups.remove(signature) else { continue };
        if group.len() <= MOST_ALIKE {
            pairs.extend(
                of_all(&group).filter(|&(a, b)| {
                    identity(sequences[a as usize], sequences[b as usize]) < MOST_IDENTICAL
                }),
            );
        }
    }
    pairs
}

fn of_all(group: &[u32]) -> impl Iterator<Item = (u32, u32)> {
    group.iter().enumerate().flat_map(|(at, &a)| group[at + 1..].iter().map(move |&b| (a, b)))
}

/// Finds pairs of one length that keep words in place; the sequences should differ.
pub(crate) fn segments(sequences: &[&[u8]]) -> Pairs {
    let mut by_length = FxHashMap::<usize, Vec<u32>>::default();
    for (sequence, bases) in (0..).zip(sequences) {
        if (WORD..=LONGEST).contains(&bases.len()) {
            by_length.entry(bases.len()).or_default().push(sequence);
        }
    }
    let mut lengths: Vec<(usize, Vec<u32>)> = by_length.into_iter().filter(|(_, of)| of.len() > 1).collect();
    lengths.sort_unstable();
    let mut pairs = Pairs::new();
    for (length, members) in lengths {
        pairs.extend(in_place(sequences, &members, length));
    }
    pairs
}

/// The code of the word at an offset.
fn word(bases: &[u8]) -> Option<u32> {
    bases.iter().try_fold(0, |code, base| Some(code << 2 | u32::from(dna::code(*base)?)))
}

fn in_place(sequences: &[&[u8]], members: &[u32], length: usize) -> Pairs {
    let offsets: Vec<usize> = (0..=length - WORD).collect();
    let mut shared: Vec<(u32, u32)> = offsets
        .par_iter()
        .flat_map_iter(|&offset| {
            let mut here: Vec<(u32, u32)> = members
                .iter()
                .filter_map(|&sequence| {
                    Some((word(&sequences[sequence as usize][offset..offset + WORD])?, sequence))
                })
                .collect();
            here.sort_unstable();
            let mut found = Vec::new();
            for group in here.chunk_by(|a, b| a.0 == b.0) {
                if group.len() <= MOST_AT_OFFSET {
                    let group: Vec<u32> = group.iter().map(|(_, sequence)| *sequence).collect();
                    found.extend(of_all(&group));
                }
            }
            found
        })
        .collect();
    shared.par_sort_unstable();
    shared
        .chunk_by(|a, b| a == b)
        .filter(|same| same.len() >= LEAST_SHARED)
        .map(|same| same[0])
        .filter(|&(a, b)| identity(sequences[a as usize], sequences[b as usize]) >= LEAST_IDENTICAL)
        .collect()
}

#[cfg(test)]
mod tests {
    use dlm_sdk::random::Stream;

    use super::*;

    fn bases(stream: &mut Stream, length: usize) -> Vec<u8> {
        (0..length).map(|_| dna::BASES[stream.below(4)]).collect()
    }

    #[test]
    fn rearranged_loops_are_shuffles() {
        // Both walk through the same loops around A, in another order.
        let one = b"ACCTAGGTAACGATTTACGGGACCCATGCA";
        let other = b"AACGATTTACCTATGCAGGTACGGGACCCA";
        let twins = shuffled(&[one, other, b"GGGGGGGGGGGGGGGGGGGGGGGGGGGGGG"]);
        assert_eq!(twins, [(0, 1)]);
        let mut swapped = *other;
        swapped.swap(3, 4);
        assert!(shuffled(&[one, &swapped]).is_empty(), "another dinucleotide count");
    }

    #[test]
    fn kept_segments_are_twins_and_chance_is_not() {
        let mut stream = Stream::new(4, "twins");
        let natural: Vec<Vec<u8>> = (0..200).map(|_| bases(&mut stream, 300)).collect();
        let mut made = Vec::new();
        for positive in &natural {
            let mut negative = bases(&mut stream, 300);
            for segment in [2, 5, 9, 11, 17] {
                negative[15 * segment..15 * segment + 15]
                    .copy_from_slice(&positive[15 * segment..15 * segment + 15]);
            }
            made.push(negative);
        }
        let all: Vec<&[u8]> = natural.iter().chain(&made).map(Vec::as_slice).collect();
        let twins = segments(&all);
        let meant = twins.iter().filter(|(a, b)| a + 200 == *b).count();
        // A quarter kept and a quarter of the rest alike by chance: 0.44 on average, and some fall below 0.4.
        assert!(meant > 150 && twins.len() == meant, "{meant} of {}", twins.len());
    }
}
