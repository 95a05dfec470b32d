//! Answers with the label of the most similar training sequence.
//!
//! Similarity is the share of different k-mers that two sequences have in common (Jaccard), k = 12. An inverted index
//! lists the training sequences of each k-mer. Repeats make a few lists very long, so a query reads its k-mers from the
//! rarest on and stops at a budget; what was not read counts as not shared.

use dlm_sdk::{dna, prelude::*};
use rayon::prelude::*;

use crate::{labels, majority, rows};

/// The length of a word: of 16 million, so that two sequences of some hundred bases share few by chance.
const K: usize = 12;

/// How many list entries a query reads at most, not counting its rarest k-mer's.
const BUDGET: usize = 1 << 14;

/// The nearest training sequence by shared 12-mers.
///
/// Both strands count as one, unless the task says that the answer depends on the strand or asks how the sequence goes
/// on. Of equally similar sequences the first in train answers; where nothing is shared, the majority does.
///
/// The neighbour's class gets as much probability as validation found neighbours of that similarity (in tenths) to
/// be right, the shares of train the rest, and always comes first. A neighbour's labels get the weight `(1 + similarity) /
/// 2`, at most 0.99, as do classes without validation. A neighbour's values are answered as they are.
#[derive(Debug)]
pub struct Lookup(BaselineSpec);

impl Lookup {
    /// Creates the control.
    pub fn new() -> Self {
        Self(BaselineSpec::new("lookup", Control::Artefact))
    }
}

impl Default for Lookup {
    fn default() -> Self {
        Self::new()
    }
}

register! {
    baseline "lookup", "the label of the training sequence that shares most k-mers",
    create: |_, _| Ok(Lookup::new())
}

impl Baseline for Lookup {
    fn spec(&self) -> &BaselineSpec {
        &self.0
    }

    fn fit(
        &self,
        task: &TaskSpec,
        train: Examples<'_>,
        validation: Option<Examples<'_>>,
        _seed: u64,
    ) -> Result<Box<dyn Predictor>> {
        let constant = majority::constant(&task.target, train)?;
        let answers = if matches!(task.target, Target::Multilabel(_) | Target::Regression(_)) {
            Answers::Rows(train.targets.rows().into_iter().map(|row| row.to_vec()).collect())
        } else {
            Answers::Classes(labels::classes(train, task.target.outputs())?)
        };
        let values = matches!(task.target, Target::Regression(_));
        let both_strands = task.continuation.is_none() && !task.strand_specific;
        let index = Index::new(train.items.sequences, both_strands)?;
        let trust = match (validation, &answers) {
            (Some(validation), Answers::Classes(classes)) => {
                let targets = labels::classes(validation, task.target.outputs())?;
                trust(&index, classes, validation, &targets)
            }
            _ => std::array::from_fn(|tenth| (0.55 + tenth as f64 / 20.0).min(0.99)),
        };
        Ok(Box::new(Nearest { index, constant, answers, values, trust }))
    }
}

/// Writes the different k-mers of a sequence, ascending.
fn words(bases: &[u8], both_strands: bool, words: &mut Vec<u32>) {
    const MASK: u32 = (1 << (2 * K)) - 1;
    words.clear();
    let (mut forward, mut reverse, mut known) = (0_u32, 0_u32, 0);
    for base in bases {
        let Some(code) = dna::code(*base) else {
            known = 0;
            continue;
        };
        forward = (forward << 2 | u32::from(code)) & MASK;
        reverse = reverse >> 2 | u32::from(3 - code) << (2 * (K - 1));
        known += 1;
        if known >= K {
            words.push(if both_strands { forward.min(reverse) } else { forward });
        }
    }
    words.sort_unstable();
    words.dedup();
}

/// The training sequences of each k-mer, in one list after the other.
struct Index {
    words: Vec<u32>,
    starts: Vec<usize>,
    sequences: Vec<u32>,
    sizes: Vec<u32>,
    both_strands: bool,
}

impl Index {
    fn new(sequences: &[Sequence<'_>], both_strands: bool) -> Result<Self> {
        if u32::try_from(sequences.len()).is_err() {
            return Err(Error::unsupported("more than 4,294,967,295 training sequences cannot be indexed"));
        }
        let parts: Vec<(Vec<u64>, Vec<u32>)> = sequences
            .par_chunks(4096)
            .enumerate()
            .map(|(chunk, sequences)| {
                let (mut pairs, mut sizes, mut found) = (Vec::new(), Vec::new(), Vec::new());
                for (number, sequence) in (chunk as u64 * 4096..).zip(sequences) {
                    words(sequence.bases(), both_strands, &mut found);
                    sizes.push(found.len() as u32);
                    pairs.extend(found.iter().map(|word| u64::from(*word) << 32 | number));
                }
                (pairs, sizes)
            })
            .collect();
        let mut pairs = Vec::with_capacity(parts.iter().map(|(pairs, _)| pairs.len()).sum());
        let mut sizes = Vec::with_capacity(sequences.len());
        for (part, of_part) in parts {
            pairs.extend(part);
            sizes.extend(of_part);
        }
        pairs.par_sort_unstable();
        let (mut index_words, mut starts) = (Vec::new(), Vec::new());
        for (place, pair) in pairs.iter().enumerate() {
            let word = (pair >> 32) as u32;
            if index_words.last() != Some(&word) {
                index_words.push(word);
                starts.push(place);
            }
        }
        starts.push(pairs.len());
        let sequences = pairs.iter().map(|pair| *pair as u32).collect();
        Ok(Self { words: index_words, starts, sequences, sizes, both_strands })
    }

    fn list(&self, word: u32) -> &[u32] {
        match self.words.binary_search(&word) {
            Ok(place) => &self.sequences[self.starts[place]..self.starts[place + 1]],
            Err(_) => &[],
        }
    }

    /// Returns the most similar training sequence and the similarity, if any k-mer is shared.
    fn nearest(&self, bases: &[u8]) -> Option<(usize, f64)> {
        let mut found = Vec::new();
        words(bases, self.both_strands, &mut found);
        let mut lists: Vec<&[u32]> =
            found.iter().map(|word| self.list(*word)).filter(|list| !list.is_empty()).collect();
        // Words ascend, and a stable sort keeps their order among lists of one length.
        lists.sort_by_key(|list| list.len());
        let mut left = BUDGET;
        let mut hits: Vec<u32> = Vec::new();
        for list in lists {
            if !hits.is_empty() && list.len() > left {
                break;
            }
            left = left.saturating_sub(list.len());
            hits.extend(list);
        }
        hits.sort_unstable();
        let mut best: Option<(u64, u64, u32)> = None;
        for group in hits.chunk_by(|a, b| a == b) {
            let shared = group.len() as u64;
            let union = found.len() as u64 + u64::from(self.sizes[group[0] as usize]) - shared;
            // Fractions are compared by cross-multiplication, without rounding.
            if best.is_none_or(|(most, of, _)| shared * of > most * union) {
                best = Some((shared, union, group[0]));
            }
        }
        best.map(|(shared, union, sequence)| (sequence as usize, shared as f64 / union as f64))
    }
}

/// Returns how often neighbours of each tenth of similarity are right about validation, half a right and half a wrong
/// answer added.
fn trust(index: &Index, classes: &[u32], validation: Examples<'_>, targets: &[u32]) -> [f64; 10] {
    let answers: Vec<Option<(usize, bool)>> = validation
        .items
        .sequences
        .par_iter()
        .zip(targets)
        .map(|(sequence, target)| {
            let (neighbour, similarity) = index.nearest(sequence.bases())?;
            Some((tenth(similarity), classes[neighbour] == *target))
        })
        .collect();
    let mut counts = [(0.5, 1.0); 10];
    for (tenth, right) in answers.into_iter().flatten() {
        let (rights, all) = &mut counts[tenth];
        *rights += f64::from(u8::from(right));
        *all += 1.0;
    }
    counts.map(|(rights, all)| rights / all)
}

fn tenth(similarity: f64) -> usize {
    ((similarity * 10.0) as usize).min(9)
}

enum Answers {
    Classes(Vec<u32>),
    Rows(Vec<Vec<f32>>),
}

struct Nearest {
    index: Index,
    constant: Vec<f64>,
    answers: Answers,
    values: bool,
    trust: [f64; 10],
}

impl Predictor for Nearest {
    fn predict(&mut self, items: Items<'_>, scores: ArrayViewMut2<'_, f32>) -> Result<()> {
        rows::fill(items, scores, self.constant.len(), |bases, row| {
            row.copy_from_slice(&self.constant);
            let Some((sequence, similarity)) = self.index.nearest(bases) else { return };
            match &self.answers {
                Answers::Classes(classes) => {
                    let (weight, class) = (self.trust[tenth(similarity)], classes[sequence] as usize);
                    for cell in row.iter_mut() {
                        *cell *= 1.0 - weight;
                    }
                    row[class] += weight;
                    labels::put_first(class, row);
                }
                Answers::Rows(rows) => {
                    let weight = if self.values { 1.0 } else { f64::midpoint(1.0, similarity).min(0.99) };
                    for (cell, value) in row.iter_mut().zip(&rows[sequence]) {
                        *cell = (1.0 - weight) * *cell + weight * f64::from(*value);
                    }
                }
            }
        })
    }

    fn facts(&self) -> Vec<Fact> {
        let strands = if self.index.both_strands { "both as one" } else { "as given" };
        let longest = self.index.starts.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or(0);
        let weights: Vec<String> = self.trust.iter().map(|weight| format!("{weight:.2}")).collect();
        vec![
            Fact::new("k", K),
            Fact::new("strands", strands),
            Fact::new("different k-mers", self.index.words.len()),
            Fact::new("longest list", longest),
            Fact::new("weight of the nearest, by tenths of similarity", weights.join(" ")),
            Fact::new("list entries read a query", BUDGET),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_and_its_reverse_complement_are_one() {
        let (mut forward, mut reverse) = (Vec::new(), Vec::new());
        let bases = b"ACGTTGCATGCATTTACG";
        words(bases, true, &mut forward);
        words(&dna::reverse_complement(bases), true, &mut reverse);
        assert_eq!(forward, reverse);
        words(bases, false, &mut forward);
        words(&dna::reverse_complement(bases), false, &mut reverse);
        assert_ne!(forward, reverse);
        words(b"ACGTTGCNATGCATTTACG", true, &mut forward);
        assert!(forward.is_empty(), "no twelve known bases stand together");
    }

    #[test]
    fn the_first_of_equally_similar_sequences_answers() {
        let train = [b"AAAAAAAAAAAAC".as_slice(), b"CCCCCCCCCCCCA", b"CCCCCCCCCCCCA"].map(Sequence::new);
        let index = Index::new(&train, true).unwrap();
        assert_eq!(index.nearest(b"CCCCCCCCCCCCA"), Some((1, 1.0)));
        assert_eq!(index.nearest(b"CCCCCCCCCCCCG"), Some((1, 1.0 / 3.0)));
        assert_eq!(index.nearest(b"ACGTACGTACGTACG"), None);
        assert_eq!(index.nearest(b"ACGT"), None);
    }
}
