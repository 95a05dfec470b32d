//! Which sequences share words of 21 bases, and how many of them in one line.
//!
//! A word and its reverse complement are one. Long sequences are sampled: a word counts if its hash is divisible by a
//! number that depends on the usual length alone, so that the same words count in all sequences (Brown and Irber 2016,
//! `FracMinHash`). Each counts once a sequence. Words in more than 64 sequences tell nothing apart and are left out on both
//! sides of the fraction. Two sequences that share words at one distance from each other are windows over one stretch.

use dlm_sdk::dna;
use rayon::prelude::*;
use rustc_hash::{FxBuildHasher, FxHashMap};

/// The length of a word: random sequences share none, of two that are 95 % identical every third is shared.
pub(crate) const K: usize = 21;

/// A word in more sequences than this tells nothing apart.
const MOST_FREQUENT: u32 = 64;

/// A word of a sequence.
#[derive(Clone, Copy)]
struct Word {
    code: u64,
    position: u32,
    forward: bool,
}

/// A word in a reference sequence.
#[derive(Clone, Copy)]
struct Hit {
    word: u32,
    sequence: u32,
    /// The position, doubled, plus one on the forward strand.
    place: u32,
}

/// What was found for one query.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Found {
    /// How many words were sampled.
    pub(crate) sampled: u32,
    /// How many of them are informative.
    pub(crate) informative: u32,
    /// The reference with the most shared words, and how many.
    pub(crate) best: Option<(u32, u32)>,
    /// The reference with the most shared words in one line, how many, and whether the two start at one place.
    pub(crate) line: Option<(u32, u32, bool)>,
    /// All references with at least the asked share.
    pub(crate) near: Vec<u32>,
}

impl Found {
    /// The share of informative words that the best reference has.
    pub(crate) fn containment(&self) -> f64 {
        self.best.map_or(0.0, |(_, shared)| f64::from(shared) / f64::from(self.informative.max(1)))
    }

    /// The share of informative words in the longest line.
    pub(crate) fn collinear(&self) -> f64 {
        self.line.map_or(0.0, |(_, shared, _)| f64::from(shared) / f64::from(self.informative.max(1)))
    }

    /// Whether there are words enough to judge by: at least a fifth is informative.
    pub(crate) fn assessable(&self) -> bool {
        self.informative > 0 && 5 * self.informative >= self.sampled
    }
}

/// Returns which words are sampled for sequences of these lengths: one in so many.
pub(crate) fn scale(mut lengths: Vec<usize>) -> u64 {
    lengths.sort_unstable();
    let middle = lengths.get(lengths.len() / 2).copied().unwrap_or_default();
    (middle as f64 / 128.0).round().max(1.0) as u64
}

/// Finishes a hash (the last steps of Steele and others' splitmix64).
fn mix(mut code: u64) -> u64 {
    code ^= code >> 30;
    code = code.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    code ^= code >> 27;
    code = code.wrapping_mul(0x94d0_49bb_1331_11eb);
    code ^ code >> 31
}

/// Writes the sampled words of a sequence, each once, by code.
fn words(bases: &[u8], scale: u64, words: &mut Vec<Word>) {
    const MASK: u64 = (1 << (2 * K)) - 1;
    words.clear();
    let (mut ahead, mut back, mut known) = (0_u64, 0_u64, 0);
    for (end, base) in (1..).zip(bases) {
        let Some(code) = dna::code(*base).map(u64::from) else {
            known = 0;
            continue;
        };
        ahead = (ahead << 2 | code) & MASK;
        back = back >> 2 | (3 - code) << (2 * (K - 1));
        known += 1;
        let canonical = ahead.min(back);
        if known >= K && (scale == 1 || mix(canonical).is_multiple_of(scale)) {
            words.push(Word { code: canonical, position: (end - K) as u32, forward: ahead <= back });
        }
    }
    words.sort_unstable_by_key(|word| (word.code, word.position));
    words.dedup_by_key(|word| word.code);
}

/// Looks queries up among references; sequences of each side should differ. `near_from` asks for all references with at
/// least that share. `itself` says that both sides are the same, and a query is not its own answer.
pub(crate) fn lookup(
    queries: &[&[u8]],
    references: &[&[u8]],
    scale: u64,
    near_from: Option<f64>,
    itself: bool,
) -> Vec<Found> {
    let numbers = number(queries, scale);
    let (starts, hits) = index(references, scale, &numbers);
    queries
        .par_iter()
        .enumerate()
        .map_init(
            || (Vec::new(), Vec::new()),
            |(found, pairs), (query, bases)| {
                words(bases, scale, found);
                pairs.clear();
                let mut answer = Found { sampled: found.len() as u32, ..Found::default() };
                for word in &*found {
                    let number = numbers[&word.code] as usize;
                    let here = &hits[starts[number] as usize..starts[number + 1] as usize];
                    if here.len() as u32 > MOST_FREQUENT {
                        continue;
                    }
                    answer.informative += 1;
                    for hit in here.iter().filter(|hit| !itself || hit.sequence as usize != query) {
                        pairs.push((hit.sequence, diagonal(word, hit)));
                    }
                }
                fold(pairs, near_from, &mut answer);
                answer
            },
        )
        .collect()
}

/// Names the line on which a word lies in both sequences: the distance on one strand, or the sum on opposite ones.
fn diagonal(word: &Word, hit: &Hit) -> i64 {
    let position = i64::from(hit.place / 2);
    if word.forward == (hit.place % 2 == 1) {
        2 * (i64::from(word.position) - position)
    } else {
        2 * (i64::from(word.position) + position) + 1
    }
}

/// Numbers the words of all queries.
fn number(queries: &[&[u8]], scale: u64) -> FxHashMap<u64, u32> {
    let mut codes: Vec<u64> = queries
        .par_chunks(1024)
        .map(|chunk| {
            let (mut found, mut codes) = (Vec::new(), Vec::new());
            for bases in chunk {
                words(bases, scale, &mut found);
                codes.extend(found.iter().map(|word| word.code));
            }
            codes.sort_unstable();
            codes.dedup();
            codes
        })
        .reduce(Vec::new, |mut a, b| {
            a.extend(b);
            a
        });
    codes.par_sort_unstable();
    codes.dedup();
    let mut numbers = FxHashMap::with_capacity_and_hasher(codes.len(), FxBuildHasher);
    numbers.extend(codes.into_iter().zip(0..));
    numbers
}

/// Lists where each numbered word stands in the references, word by word.
fn index(references: &[&[u8]], scale: u64, numbers: &FxHashMap<u64, u32>) -> (Vec<u32>, Vec<Hit>) {
    let parts: Vec<Vec<Hit>> = references
        .par_chunks(1024)
        .enumerate()
        .map(|(chunk, references)| {
            let (mut found, mut hits) = (Vec::new(), Vec::new());
            for (sequence, bases) in (chunk as u32 * 1024..).zip(references) {
                words(bases, scale, &mut found);
                hits.extend(found.iter().filter_map(|word| {
                    let place = 2 * word.position + u32::from(word.forward);
                    numbers.get(&word.code).map(|&word| Hit { word, sequence, place })
                }));
            }
            hits
        })
        .collect();
    let mut starts = vec![0_u32; numbers.len() + 1];
    for hit in parts.iter().flatten() {
        starts[hit.word as usize + 1] += 1;
    }
    for at in 1..starts.len() {
        starts[at] += starts[at - 1];
    }
    let blank = Hit { word: 0, sequence: 0, place: 0 };
    let mut hits = vec![blank; starts.last().copied().unwrap_or_default() as usize];
    let mut next = starts.clone();
    for hit in parts.into_iter().flatten() {
        hits[next[hit.word as usize] as usize] = hit;
        next[hit.word as usize] += 1;
    }
    (starts, hits)
}

/// Sums up the pairs of references and lines that a query's words lie on.
fn fold(pairs: &mut [(u32, i64)], near_from: Option<f64>, answer: &mut Found) {
    pairs.sort_unstable();
    for of_reference in pairs.chunk_by(|a, b| a.0 == b.0) {
        let (reference, shared) = (of_reference[0].0, of_reference.len() as u32);
        // The first of equals, by reference and then by line.
        let (mut longest, mut line) = (0, 0);
        for on_line in of_reference.chunk_by(|a, b| a.1 == b.1) {
            if on_line.len() as u32 > longest {
                (longest, line) = (on_line.len() as u32, on_line[0].1);
            }
        }
        if answer.best.is_none_or(|(_, most)| shared > most) {
            answer.best = Some((reference, shared));
        }
        if answer.line.is_none_or(|(_, most, _)| longest > most) {
            answer.line = Some((reference, longest, line == 0));
        }
        if near_from.is_some_and(|share| f64::from(shared) >= share * f64::from(answer.informative.max(1))) {
            answer.near.push(reference);
        }
    }
}

#[cfg(test)]
mod tests {
    use dlm_sdk::random::Stream;

    use super::*;

    fn bases(stream: &mut Stream, length: usize) -> Vec<u8> {
        (0..length).map(|_| dna::BASES[stream.below(4)]).collect()
    }

    #[test]
    fn a_shifted_window_shares_one_line_on_either_strand() {
        let mut stream = Stream::new(1, "kmers");
        let long = bases(&mut stream, 400);
        let other = bases(&mut stream, 300);
        let window = dna::reverse_complement(&long[100..400]);
        let found = lookup(&[&long[..300], &other], &[&other[..200], &window], 1, Some(0.5), false);
        assert_eq!(found[0].informative, 280);
        assert_eq!(found[0].best, Some((1, 180)));
        assert_eq!(found[0].line, Some((1, 180, false)));
        assert_eq!(found[0].near, [1]);
        assert_eq!(found[1].line, Some((0, 180, true)));
    }

    #[test]
    fn words_that_stand_everywhere_tell_nothing() {
        let mut stream = Stream::new(2, "kmers");
        let repeat = bases(&mut stream, 60);
        let with_repeat: Vec<Vec<u8>> =
            (0..70).map(|_| [repeat.clone(), bases(&mut stream, 40)].concat()).collect();
        let sequences: Vec<&[u8]> = with_repeat.iter().map(Vec::as_slice).collect();
        let found = lookup(&sequences[..1], &sequences[1..], 1, Some(0.1), false);
        assert_eq!((found[0].sampled, found[0].informative), (80, 40));
        assert_eq!(found[0].near, Vec::<u32>::new());
        let fewer = lookup(&sequences[..1], &sequences[1..65], 1, Some(0.1), false);
        assert_eq!((fewer[0].informative, fewer[0].near.len()), (80, 64));
    }

    #[test]
    fn a_sample_is_the_same_in_all_sequences() {
        let mut stream = Stream::new(3, "kmers");
        let long = bases(&mut stream, 4_000);
        let found = lookup(&[&long[..3_000]], &[&long[500..]], 8, None, false);
        assert!((300..450).contains(&found[0].sampled), "{}", found[0].sampled);
        let share = found[0].containment();
        assert!((share - 2_480.0 / 2_980.0).abs() < 0.06, "{share}");
        assert_eq!(scale(vec![300; 9]), 2);
        assert_eq!(scale(vec![70, 70, 101]), 1);
    }

    #[test]
    fn unknown_bases_break_words() {
        let found = lookup(&[b"ACGTTGCAACGTTGCAACGTNACGTTGCAACGTTGCAACGT"], &[b"AAAA"], 1, None, false);
        assert_eq!((found[0].sampled, found[0].assessable()), (0, false));
    }
}
