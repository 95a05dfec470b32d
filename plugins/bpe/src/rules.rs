//! The merges of a vocabulary, and encoding by them as it is defined.

use std::{cmp::Reverse, collections::BinaryHeap, sync::Arc};

use dlm_sdk::TokenId;
use rustc_hash::FxHashMap;

/// A merge: which token it makes, and how early it applies.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rule {
    pub(crate) rank: u32,
    pub(crate) result: u32,
}

/// The tokens that merges can make, numbered from 0: `A C G T`, then results in the order of their first merge.
///
/// These numbers are not the ids of the vocabulary; [`ids`](Self::ids) translates.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    texts: Vec<Arc<str>>,
    ids: Vec<TokenId>,
    by_pair: FxHashMap<(u32, u32), Rule>,
    /// The pairs by rank.
    ordered: Vec<(u32, u32)>,
}

impl Rules {
    /// Creates rules without merges, given the ids of the bases.
    pub(crate) fn new(bases: [TokenId; 4]) -> Self {
        Self {
            texts: ["A", "C", "G", "T"].map(Arc::from).into(),
            ids: bases.into(),
            by_pair: FxHashMap::default(),
            ordered: Vec::new(),
        }
    }

    /// Adds a token that merges make.
    pub(crate) fn add_token(&mut self, text: Arc<str>, id: TokenId) -> u32 {
        self.texts.push(text);
        self.ids.push(id);
        self.texts.len() as u32 - 1
    }

    /// Adds the next merge.
    pub(crate) fn add_merge(&mut self, pair: (u32, u32), result: u32) {
        self.by_pair.insert(pair, Rule { rank: self.ordered.len() as u32, result });
        self.ordered.push(pair);
    }

    /// Returns the number of tokens.
    pub(crate) fn len(&self) -> usize {
        self.texts.len()
    }

    pub(crate) fn text(&self, token: u32) -> &Arc<str> {
        &self.texts[token as usize]
    }

    /// Returns the id of each token.
    pub(crate) fn ids(&self) -> &[TokenId] {
        &self.ids
    }

    /// Returns the pairs in the order they apply.
    pub(crate) fn ordered(&self) -> &[(u32, u32)] {
        &self.ordered
    }

    pub(crate) fn rule(&self, pair: (u32, u32)) -> Option<Rule> {
        self.by_pair.get(&pair).copied()
    }

    /// Encodes bases as the merges define it: of all pairs that have a merge, the earliest merge applies, leftmost
    /// first, until none is left.
    ///
    /// Takes time `n log n`. [`Matcher`](crate::encode::Matcher) gives the same tokens faster and is tested against this.
    pub(crate) fn encode(&self, bases: &[u8], tokens: &mut Vec<u32>) {
        const NONE: usize = usize::MAX;
        let mut symbols: Vec<u32> =
            bases.iter().map(|&base| dlm_sdk::dna::code(base).map_or(0, u32::from)).collect();
        let mut next: Vec<usize> = (1..=symbols.len()).collect();
        let mut previous: Vec<usize> = (0..symbols.len()).map(|at| at.wrapping_sub(1)).collect();
        let mut alive = vec![true; symbols.len()];
        if let Some(last) = next.last_mut() {
            *last = NONE;
        }
        let mut queue: BinaryHeap<Reverse<(u32, usize, u32)>> = BinaryHeap::new();
        let offer = |queue: &mut BinaryHeap<_>, pair: (u32, u32), at: usize| {
            if let Some(rule) = self.rule(pair) {
                queue.push(Reverse((rule.rank, at, rule.result)));
            }
        };
        for (at, pair) in symbols.windows(2).enumerate() {
            offer(&mut queue, (pair[0], pair[1]), at);
        }
        while let Some(Reverse((_, at, result))) = queue.pop() {
            let after = next[at];
            if !alive[at] || after == NONE {
                continue;
            }
            // An offer is stale if the pair has changed; as in the reference, what counts is what it would make.
            if self.rule((symbols[at], symbols[after])).is_none_or(|rule| rule.result != result) {
                continue;
            }
            symbols[at] = result;
            alive[after] = false;
            next[at] = next[after];
            if next[at] != NONE {
                previous[next[at]] = at;
                offer(&mut queue, (result, symbols[next[at]]), at);
            }
            if previous[at] != NONE {
                offer(&mut queue, (symbols[previous[at]], result), previous[at]);
            }
        }
        tokens.extend(symbols.iter().zip(&alive).filter(|&(_, &alive)| alive).map(|(&symbol, _)| symbol));
    }
}
