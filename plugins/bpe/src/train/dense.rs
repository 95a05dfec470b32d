//! The first merges, while the most frequent pair still is a good part of the text.
//!
//! Tokens are bytes, in blocks that are worked on side by side. Each merge rewrites every block in place without
//! branches, then counts its pairs anew: at this density nothing that skips ahead is faster.

use rayon::prelude::*;

use super::{inventory::END, replace::Pair, simd, work::Work};

/// Tokens fit five bits.
const BITS: u32 = 5;
const LIMIT: usize = 1 << BITS;
/// Pairs are merged here while at least one token of so many begins one.
const DENSITY: u64 = 32;
const BLOCK: usize = if cfg!(test) { 64 } else { 4 << 20 };
const PAIRS: usize = LIMIT * LIMIT;

/// Codes of the bases; everything else ends a word.
const CODES: [u8; 256] = {
    let mut codes = [END as u8; 256];
    let mut index = 0;
    while index < 4 {
        codes[b"ACGT"[index] as usize] = 1 + index as u8;
        codes[b"acgt"[index] as usize] = 1 + index as u8;
        index += 1;
    }
    codes
};

/// Numbers a pair.
#[inline]
fn slot(left: u8, right: u8) -> usize {
    (usize::from(left) << BITS | usize::from(right)) % PAIRS
}

/// A stretch of the text; tokens before `start` have been given to the block before.
#[derive(Debug)]
pub(super) struct Block {
    tokens: Vec<u8>,
    start: usize,
}

impl Block {
    fn new(bases: &[u8], ends: bool) -> Self {
        let mut tokens = vec![END as u8; bases.len() + 1];
        let (mut length, mut previous) = (0, 1);
        for &base in bases {
            let code = CODES[usize::from(base)];
            tokens[length] = code;
            length += usize::from(code | previous != END as u8);
            previous = code;
        }
        if ends {
            tokens[length] = END as u8;
            length += 1;
        }
        tokens.truncate(length);
        Self { tokens, start: 0 }
    }

    pub(super) fn tokens(&self) -> &[u8] {
        &self.tokens[self.start..]
    }

    /// Replaces each pair by its result, leftmost first.
    fn merge(&mut self, pair: Pair) {
        let kept = simd::replace(&mut self.tokens, self.start, pair);
        self.start = 0;
        self.tokens.truncate(kept);
    }

    fn count(&self) -> Box<[u64; PAIRS]> {
        let mut counts = Box::new([0u64; PAIRS]);
        let tokens = self.tokens();
        let Some((&first, rest)) = tokens.split_first() else { return counts };
        let mut previous = first;
        for chunk in rest.chunks(1 << 30) {
            // Four tables: the next token of a repeat need not wait for the store of the last.
            let mut tables = [[0u32; PAIRS]; 4];
            let mut fours = chunk.chunks_exact(4);
            for four in &mut fours {
                tables[0][slot(previous, four[0])] += 1;
                tables[1][slot(four[0], four[1])] += 1;
                tables[2][slot(four[1], four[2])] += 1;
                tables[3][slot(four[2], four[3])] += 1;
                previous = four[3];
            }
            for &token in fours.remainder() {
                tables[0][slot(previous, token)] += 1;
                previous = token;
            }
            for table in &tables {
                counts.iter_mut().zip(table).for_each(|(sum, &count)| *sum += u64::from(count));
            }
        }
        counts
    }
}

/// The text as bytes, block by block.
#[derive(Debug)]
pub(super) struct Dense {
    pub(super) blocks: Vec<Block>,
}

impl Dense {
    /// Reads sequences, each of which is dropped before the next; every maximal run of bases is a word.
    pub(super) fn new<S: AsRef<[u8]>>(
        sequences: impl Iterator<Item = dlm_sdk::Result<S>>,
    ) -> dlm_sdk::Result<Self> {
        let mut blocks: Vec<Block> = Vec::new();
        for sequence in sequences {
            let sequence = sequence?;
            let bases = sequence.as_ref();
            let pieces = bases.len().div_ceil(BLOCK);
            if pieces > 1 {
                let read = bases.par_chunks(BLOCK).enumerate();
                let read = read.map(|(index, piece)| Block::new(piece, index + 1 == pieces));
                blocks.par_extend(read);
                continue;
            }
            // Short sequences share a block, so that there are few.
            let block = Block::new(bases, true);
            match blocks.last_mut() {
                Some(last) if last.tokens.len() + block.tokens.len() <= BLOCK => {
                    last.tokens.extend_from_slice(&block.tokens);
                }
                _ => blocks.push(block),
            }
        }
        Ok(Self { blocks })
    }

    /// Returns whether there is not one base.
    pub(super) fn is_empty(&self) -> bool {
        self.blocks.iter().all(|block| block.tokens().iter().all(|&token| u32::from(token) == END))
    }

    /// Returns the number of tokens and of ends of words.
    pub(super) fn len(&self) -> u64 {
        self.blocks.iter().map(|block| block.tokens().len() as u64).sum()
    }

    /// Merges while the tokens fit and the best pair is dense; returns whether training goes on from here.
    pub(super) fn run(&mut self, work: &mut Work<'_, '_>) -> dlm_sdk::Result<bool> {
        while work.inventory.len() < LIMIT {
            let counts = self.count();
            let pairs = (1..work.inventory.len() as u32)
                .flat_map(|left| (1..work.inventory.len() as u32).map(move |right| (left, right)))
                .map(|(left, right)| (counts[slot(left as u8, right as u8)], (left, right)));
            let best = pairs.max_by(|a, b| a.0.cmp(&b.0).then_with(|| work.inventory.compare(a.1, b.1)));
            let Some((count, pair)) = best else { break };
            if count < self.len() / DENSITY {
                break;
            }
            let Some(result) = work.next(pair, count)? else { return Ok(false) };
            self.merge(Pair { left: pair.0 as u8, right: pair.1 as u8, result: result as u8 });
        }
        Ok(true)
    }

    fn merge(&mut self, pair: Pair) {
        self.separate(pair);
        self.blocks.par_iter_mut().with_max_len(1).for_each(|block| block.merge(pair));
    }

    /// Moves tokens over the borders of blocks until no pair lies across one.
    fn separate(&mut self, Pair { left, right, .. }: Pair) {
        let mut before: Option<usize> = None;
        for index in 0..self.blocks.len() {
            if let Some(before) = before {
                let (head, tail) = self.blocks.split_at_mut(index);
                let (last, next) = (&mut head[before], &mut tail[0]);
                let moved = match last.tokens.last() {
                    Some(&token) if token == left && left == right => {
                        next.tokens().iter().take_while(|&&token| token == left).count()
                    }
                    Some(&token) if token == left => usize::from(next.tokens().first() == Some(&right)),
                    _ => 0,
                };
                last.tokens.extend_from_slice(&next.tokens()[..moved]);
                next.start += moved;
            }
            if !self.blocks[index].tokens().is_empty() {
                before = Some(index);
            }
        }
    }

    fn count(&self) -> Box<[u64; PAIRS]> {
        let mut counts = self.blocks.par_iter().with_max_len(1).map(Block::count).reduce(
            || Box::new([0; PAIRS]),
            |mut sums, counts| {
                sums.iter_mut().zip(counts.iter()).for_each(|(sum, count)| *sum += count);
                sums
            },
        );
        let mut previous = None;
        for tokens in self.blocks.iter().map(Block::tokens).filter(|tokens| !tokens.is_empty()) {
            if let Some(previous) = previous {
                counts[slot(previous, tokens[0])] += 1;
            }
            previous = tokens.last().copied();
        }
        counts
    }
}
