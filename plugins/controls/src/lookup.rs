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
/// on. The neighbour's answer gets the weight `(1 + similarity) / 2`, the shares of train the rest, so that the
/// neighbour's class comes first. Of equally similar sequences the first in train answers; where nothing is shared,
/// the majority does.
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
        _validation: Option<Examples<'_>>,
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
        Ok(Box::new(Nearest { index, constant, answers, values }))
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

enum Answers {
    Classes(Vec<u32>),
    Rows(Vec<Vec<f32>>),
}

struct Nearest {
    index: Index,
    constant: Vec<f64>,
    answers: Answers,
    values: bool,
}

impl Predictor for Nearest {
    fn predict(&mut self, items: Items<'_>, scores: ArrayViewMut2<'_, f32>) -> Result<()> {
        rows::fill(items, scores, self.constant.len(), |bases, row| {
            row.copy_from_slice(&self.constant);
            let Some((sequence, similarity)) = self.index.nearest(bases) else { return };
            let weight = if self.values { 1.0 } else { f64::midpoint(1.0, similarity) };
            row.iter_mut().for_each(|cell| *cell *= 1.0 - weight);
            match &self.answers {
                Answers::Classes(classes) => row[classes[sequence] as usize] += weight,
                Answers::Rows(rows) => row
                    .iter_mut()
                    .zip(&rows[sequence])
                    .for_each(|(cell, value)| *cell += weight * f64::from(*value)),
            }
        })
    }

    fn facts(&self) -> Vec<Fact> {
        let strands = if self.index.both_strands { "both as one" } else { "as given" };
        let longest = self.index.starts.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or(0);
        vec![
            Fact::new("k", K),
            Fact::new("strands", strands),
            Fact::new("different k-mers", self.index.words.len()),
            Fact::new("longest list", longest),
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
        assert_eq!(
            forward,
            [dna::kmer_index(b"CGTAAATGCATG").unwrap().min(dna::kmer_index(b"ATGCATTTACG").unwrap()) as u32;
                0]
        );
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
