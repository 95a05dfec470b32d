//! Counts what a tokenizer does to a genome.

use dlm_sdk::{Result, Sequence, Span, TokenBatch, TokenId, Tokenizer, dna};
use rayon::prelude::*;
use rustc_hash::FxHashMap;

/// Bases that are tokenized together, at least; a stretch without N is never cut.
const ROUND: usize = 1 << 24;
/// The longest k-mers that are counted in a table of all of them.
const DENSE: usize = 8;
/// The longest k-mers that are counted at all.
const LONGEST: usize = 32;

/// What a tokenizer does to a genome, counted.
pub struct Survey<'t> {
    tokenizer: &'t dyn Tokenizer,
    pub(super) words: Vec<Option<Word>>,
    by_length: Vec<Kmers>,
    waiting: Vec<u8>,
    pub(super) records: u64,
    pub(super) bases: [u64; 4],
    pub(super) unknown_bases: u64,
}

/// A token that is made of bases, and how often it occurs.
#[derive(Clone, Debug, Default)]
pub(super) struct Word {
    pub(super) text: String,
    /// How often it is a token.
    pub(super) occurrences: u64,
    /// How often neither neighbour is unknown or missing.
    pub(super) inside: u64,
    /// How often the reverse strand has a token at the same place.
    pub(super) surviving: u64,
    /// How often its bases stand in the genome, tokens or not.
    pub(super) kmers: u64,
}

impl<'t> Survey<'t> {
    /// Begins to count.
    pub fn new(tokenizer: &'t dyn Tokenizer) -> Self {
        let special: Vec<TokenId> = tokenizer.spec().special.ids().collect();
        let word = |id: TokenId| {
            let text = tokenizer.token(id).filter(|text| !special.contains(&id) && is_dna(text))?;
            Some(Word { text: text.to_owned(), ..Word::default() })
        };
        let words: Vec<Option<Word>> = (0..tokenizer.spec().vocab_size).map(word).collect();
        let mut lengths: Vec<usize> = words.iter().flatten().map(|word| word.text.len()).collect();
        lengths.sort_unstable();
        lengths.dedup();
        let by_length = lengths
            .into_iter()
            .filter(|&length| length <= LONGEST)
            .map(|length| Kmers::new(length, words.iter().flatten().map(|word| word.text.as_bytes())))
            .collect();
        Self { tokenizer, words, by_length, waiting: Vec::new(), records: 0, bases: [0; 4], unknown_bases: 0 }
    }

    /// Counts a sequence.
    ///
    /// # Errors
    ///
    /// Tokenizing fails.
    pub fn add(&mut self, bases: &[u8]) -> Result<()> {
        self.records += 1;
        for &base in bases {
            match dna::code(base) {
                Some(code) => self.bases[usize::from(code)] += 1,
                None => self.unknown_bases += 1,
            }
        }
        self.waiting.extend_from_slice(bases);
        // What ends here is no neighbour of what comes next.
        self.waiting.push(b'N');
        if self.waiting.len() >= ROUND { self.work() } else { Ok(()) }
    }

    /// Counts what waits.
    pub(super) fn work(&mut self) -> Result<()> {
        let waiting = std::mem::take(&mut self.waiting);
        for block in blocks(&waiting) {
            self.count(block)?;
        }
        for kmers in &mut self.by_length {
            kmers.count(&waiting);
        }
        Ok(())
    }

    /// Returns the k-mer counts, moved to the words they belong to.
    pub(super) fn finish(mut self) -> Result<Self> {
        self.work()?;
        for word in self.words.iter_mut().flatten() {
            if let Some(kmers) = self.by_length.iter().find(|kmers| kmers.length == word.text.len()) {
                word.kmers = kmers.of(word.text.as_bytes());
            }
        }
        Ok(self)
    }

    pub(super) fn tokenizer(&self) -> &dyn Tokenizer {
        self.tokenizer
    }

    fn count(&mut self, block: &[u8]) -> Result<()> {
        let tokenize = |bases: &[u8]| -> Result<TokenBatch> {
            let mut batch = TokenBatch::default();
            self.tokenizer.tokenize(&[Sequence::new(bases)], &mut batch).map(|()| batch)
        };
        let (forward, reverse) =
            rayon::join(|| tokenize(block), || tokenize(&dna::reverse_complement(block)));
        let (forward, reverse) = (forward?, reverse?);
        let (Some(forward), Some(reverse)) = (forward.rows().next(), reverse.rows().next()) else {
            return Ok(());
        };
        let length = block.len() as u32;
        let mut mirrored =
            reverse.spans.iter().rev().map(|span| (length - span.end, length - span.start)).peekable();
        let known = |id: Option<&TokenId>| id.is_some_and(|&id| self.words[id as usize].is_some());
        let inside: Vec<bool> = (0..forward.ids.len())
            .map(|place| {
                known(place.checked_sub(1).map(|last| &forward.ids[last]))
                    && known(forward.ids.get(place + 1))
            })
            .collect();
        for ((&id, &Span { start, end }), inside) in forward.ids.iter().zip(forward.spans).zip(inside) {
            while mirrored.next_if(|&other| other < (start, end)).is_some() {}
            let survives = mirrored.peek() == Some(&(start, end));
            if let Some(word) = &mut self.words[id as usize] {
                word.occurrences += 1;
                word.inside += u64::from(inside);
                word.surviving += u64::from(survives);
            }
        }
        Ok(())
    }
}

impl std::fmt::Debug for Survey<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Survey").field("tokenizer", self.tokenizer.spec()).finish_non_exhaustive()
    }
}

fn is_dna(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|base| dna::BASES.contains(&base))
}

/// Cuts bases behind an N, so that each block is as long as a round or as the stretch of known bases needs.
fn blocks(bases: &[u8]) -> Vec<&[u8]> {
    let mut blocks = Vec::new();
    let mut rest = bases;
    while rest.len() > ROUND {
        let known = |base: &u8| dna::code(*base).is_some();
        let Some(cut) = rest[ROUND..].iter().position(|base| !known(base)) else { break };
        let (block, later) = rest.split_at(ROUND + cut + 1);
        blocks.push(block);
        rest = later;
    }
    if !rest.is_empty() {
        blocks.push(rest);
    }
    blocks
}

/// Counts of the k-mers of one length.
struct Kmers {
    length: usize,
    counts: Counts,
}

enum Counts {
    All(Vec<u64>),
    Listed(FxHashMap<u64, u64>),
}

impl Kmers {
    fn new<'w>(length: usize, words: impl Iterator<Item = &'w [u8]>) -> Self {
        let counts = if length <= DENSE {
            Counts::All(vec![0; 1 << (2 * length)])
        } else {
            let listed = words.filter(|word| word.len() == length).filter_map(dna::kmer_index);
            Counts::Listed(listed.map(|index| (index, 0)).collect())
        };
        Self { length, counts }
    }

    /// Counts every place at which a word stands, on all threads.
    fn count(&mut self, bases: &[u8]) {
        let length = self.length;
        // Each part reads on into the next as far as its last k-mers reach.
        let part = bases.len().div_ceil(rayon::current_num_threads()).max(1 << 16);
        let starts: Vec<usize> = (0..bases.len()).step_by(part).collect();
        let slice = |start: usize| &bases[start..(start + part + length - 1).min(bases.len())];
        match &mut self.counts {
            Counts::All(counts) => {
                let size = counts.len();
                let parts: Vec<Vec<u64>> = starts
                    .par_iter()
                    .map(|&start| {
                        let mut counts = vec![0; size];
                        each_kmer(slice(start), length, |index| counts[index as usize] += 1);
                        counts
                    })
                    .collect();
                for part in parts {
                    counts.iter_mut().zip(part).for_each(|(count, more)| *count += more);
                }
            }
            Counts::Listed(counts) => {
                let listed = &*counts;
                let parts: Vec<FxHashMap<u64, u64>> = starts
                    .par_iter()
                    .map(|&start| {
                        let mut found: FxHashMap<u64, u64> = FxHashMap::default();
                        each_kmer(slice(start), length, |index| {
                            if listed.contains_key(&index) {
                                *found.entry(index).or_default() += 1;
                            }
                        });
                        found
                    })
                    .collect();
                #[expect(clippy::iter_over_hash_type, reason = "each count is summed on its own")]
                for (index, count) in counts.iter_mut() {
                    *count += parts.iter().filter_map(|part| part.get(index)).sum::<u64>();
                }
            }
        }
    }

    fn of(&self, word: &[u8]) -> u64 {
        let index = dna::kmer_index(word).unwrap_or_default();
        match &self.counts {
            Counts::All(counts) => counts[index as usize],
            Counts::Listed(counts) => counts.get(&index).copied().unwrap_or_default(),
        }
    }
}

fn each_kmer(bases: &[u8], length: usize, mut take: impl FnMut(u64)) {
    let mask = u64::MAX >> (64 - 2 * length);
    let mut index = 0;
    let mut known = 0;
    for &base in bases {
        match dna::code(base) {
            Some(code) => {
                index = (index << 2 | u64::from(code)) & mask;
                known += 1;
                if known >= length {
                    take(index);
                }
            }
            None => known = 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kmers_are_counted_at_every_place() {
        let bases = b"ACACACNACACG".repeat(20_000);
        for length in [1, 2, 3, 9, 11] {
            let words: Vec<&[u8]> = vec![b"A", b"AC", b"CAC", b"ACACGACAC", b"ACACGACACAC"];
            let mut kmers = Kmers::new(length, words.iter().copied());
            kmers.count(&bases);
            for word in words.iter().filter(|word| word.len() == length) {
                let expected = bases.windows(length).filter(|window| window == word).count() as u64;
                assert_eq!(kmers.of(word), expected, "{}", String::from_utf8_lossy(word));
                assert!(expected > 0);
            }
        }
    }

    #[test]
    fn blocks_are_cut_behind_n_alone() {
        let mut bases = vec![b'A'; ROUND + 10];
        bases.push(b'N');
        bases.extend([b'C'; 5]);
        let blocks = blocks(&bases);
        assert_eq!(blocks.iter().map(|block| block.len()).collect::<Vec<_>>(), [ROUND + 11, 5]);
    }
}
