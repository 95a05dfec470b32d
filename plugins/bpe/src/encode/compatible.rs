//! Whether two tokens can stand side by side.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::rules::Rules;

/// Up to this many tokens all answers are computed beforehand.
const EAGER: usize = if cfg!(test) { 64 } else { 1024 };
/// For all pairs together, up to this many parts are gone through beforehand.
const PARTS: usize = 1 << 25;
const CACHE: u32 = 16;
const NEVER: u32 = u32::MAX;

/// How each token is made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parts {
    left: u32,
    right: u32,
    /// When it is made; bases are there from the start, before all merges.
    time: u32,
}

/// Answers whether the encoding of the text of two tokens is those two tokens.
#[derive(Debug)]
pub(super) struct Compatible {
    parts: Vec<Parts>,
    rules: Rules,
    answers: Answers,
}

#[derive(Debug)]
enum Answers {
    /// A bit for each pair, one row for each left token, and a last row, all ones, for the start of a text.
    All { bits: Vec<u64>, row: usize },
    /// The last answers, each beside its question: left token in the upper half, right token and answer in the lower.
    Recent(Vec<AtomicU64>),
}

impl Compatible {
    /// Takes rules whose merges join earlier results only.
    pub(super) fn new(rules: &Rules) -> Self {
        let mut parts = vec![Parts { left: NEVER, right: NEVER, time: 0 }; rules.len()];
        for (time, &pair) in (1..).zip(rules.ordered()) {
            if let Some(rule) = rules.rule(pair) {
                parts[rule.result as usize] = Parts { left: pair.0, right: pair.1, time };
            }
        }
        let mut compatible = Self { parts, rules: rules.clone(), answers: Answers::Recent(Vec::new()) };
        let tokens = rules.len();
        // A vocabulary of one base's repeats is a long chain of parts; going through it for all pairs takes too long.
        compatible.answers = if tokens <= EAGER && tokens * compatible.depth() <= PARTS {
            let row = tokens.div_ceil(64);
            let mut bits = vec![0u64; row * tokens];
            for left in 0..tokens {
                for right in 0..tokens {
                    let answer = compatible.work_out(left as u32, right as u32);
                    bits[left * row + right / 64] |= u64::from(answer) << (right % 64);
                }
            }
            bits.resize(bits.len() + row, u64::MAX);
            Answers::All { bits, row }
        } else {
            Answers::Recent((0..1 << CACHE).map(|_| AtomicU64::new(u64::MAX)).collect())
        };
        compatible
    }

    /// Returns whether a token can follow another; `left` may be the number of tokens, for the start of a text.
    #[inline]
    pub(super) fn follows(&self, left: u32, right: u32) -> bool {
        match &self.answers {
            Answers::All { bits, row } => {
                bits[left as usize * row + right as usize / 64] >> (right % 64) & 1 == 1
            }
            Answers::Recent(recent) => {
                let question = u64::from(left) << 32 | u64::from(right) << 1;
                let slot = &recent[(question.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - CACHE)) as usize];
                let known = slot.load(Relaxed);
                if known & !1 == question {
                    return known & 1 == 1;
                }
                let answer = left as usize == self.parts.len() || self.work_out(left, right);
                slot.store(question | u64::from(answer), Relaxed);
                answer
            }
        }
    }

    /// Returns how many parts, all tokens together, have at their outer sides.
    fn depth(&self) -> usize {
        let mut depths = vec![[1usize; 2]; self.parts.len()];
        let mut order: Vec<usize> = (0..self.parts.len()).collect();
        order.sort_by_key(|&token| self.parts[token].time);
        for token in order {
            let Parts { left, right, time } = self.parts[token];
            if time > 0 {
                depths[token] = [1 + depths[left as usize][0], 1 + depths[right as usize][1]];
            }
        }
        depths.iter().flatten().sum()
    }

    /// Goes back in time along the border: at each time, the last token of the left text and the first of the right.
    fn work_out(&self, mut left: u32, mut right: u32) -> bool {
        let (mut left_until, mut right_until) = (NEVER, NEVER);
        loop {
            if let Some(rule) = self.rules.rule((left, right)) {
                let time = rule.rank + 1;
                // Among equal merges the leftmost is first: before one on the right, after one on the left.
                if time < left_until && time <= right_until {
                    return false;
                }
            }
            let (a, b) = (self.parts[left as usize], self.parts[right as usize]);
            if a.time == 0 && b.time == 0 {
                return true;
            }
            if a.time > b.time {
                left_until = a.time;
                left = a.right;
            } else {
                right_until = b.time;
                right = b.left;
            }
        }
    }
}
