//! Encoding fast.
//!
//! Merging step by step takes a queue. But a sequence of tokens is *the* encoding of its text if and only if each pair of
//! neighbours is the encoding of its own text: the first merge to cross a border would have crossed it with the two
//! neighbours alone. So it is enough to go left to right, take the longest token that gets on with the one before, and
//! step back where none does. The rule holds for vocabularies such as training makes, in which
//!
//! - every merge joins bases or results of earlier merges, and
//! - no two merges make the same token.
//!
//! [`Fast::new`] checks both and declines others, which are then encoded by [`Rules::encode`].
//!
//! For vocabularies of up to some thousand tokens the rule is worked out beforehand for whatever may lie behind and ahead,
//! as a finite automaton that takes a step a base ([`automaton`], [`walk`]). For larger ones a token is found by eight
//! bases at once in a table, and whether two tokens get on is a bit in another ([`matcher`]). No position is reached twice
//! with different tokens behind it, so the work is linear whatever the input.

mod automaton;
mod compatible;
mod matcher;
mod walk;

use crate::{Encoded, rules::Rules};
use automaton::Automaton;
use matcher::{Matcher, Paths};

#[cfg(test)]
mod tests;

/// The most letters in all tokens; beyond, the tables would outgrow their use.
const MOST_LETTERS: usize = 1 << 22;

/// A fast encoder.
#[derive(Debug)]
pub(crate) enum Fast {
    /// For small vocabularies.
    Automaton(Automaton),
    /// For large ones.
    Matcher(Box<Matcher>),
}

/// Memory to use again from text to text.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    walk: walk::Scratch,
    paths: Paths,
}

impl Fast {
    /// Builds the tables, or declines rules for which going by neighbours is not exact.
    pub(crate) fn new(rules: &Rules) -> Option<Self> {
        let letters: usize = (0..rules.len() as u32).map(|token| rules.text(token).len()).sum();
        if !covers(rules) || rules.len() >= 1 << 31 || letters > MOST_LETTERS {
            return None;
        }
        // A token that its own text does not encode to can never come out.
        let mut tokens = Vec::new();
        let mut reachable = |token: &u32| {
            tokens.clear();
            rules.encode(rules.text(*token).as_bytes(), &mut tokens);
            tokens == [*token]
        };
        let mut tokens: Vec<u32> = (0..rules.len() as u32).filter(|token| reachable(token)).collect();
        tokens.sort_by_key(|&token| rules.text(token).len());
        Some(match Automaton::new(rules, &tokens) {
            Some(automaton) => Self::Automaton(automaton),
            None => Self::Matcher(Box::new(Matcher::new(rules, &tokens))),
        })
    }

    /// Encodes bases alone, the first of which is at a place of the sequence, and appends the tokens.
    pub(crate) fn encode(&self, bases: &[u8], start: u32, scratch: &mut Scratch, encoded: &mut Encoded) {
        match self {
            Self::Automaton(automaton) => {
                let mut start = start;
                automaton.encode(bases, &mut scratch.walk, |states| {
                    start = encoded.extend(start, states.iter().map(|&state| automaton.token(state)));
                });
            }
            Self::Matcher(matcher) => {
                let tokens = matcher.encode(bases, &mut scratch.paths);
                encoded.extend(start, tokens.iter().map(|&token| matcher.token(token)));
            }
        }
    }
}

/// Checks that merges join bases or earlier results, and that each makes a token of its own.
fn covers(rules: &Rules) -> bool {
    let mut made = vec![false; rules.len()];
    made[..4].fill(true);
    rules.ordered().iter().all(|&(left, right)| {
        let Some(rule) = rules.rule((left, right)) else { return false };
        made[left as usize]
            && made[right as usize]
            && !std::mem::replace(&mut made[rule.result as usize], true)
    })
}
