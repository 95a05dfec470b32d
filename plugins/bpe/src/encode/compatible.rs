//! Whether two tokens can stand side by side.

use std::{
    ops::Range,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

use crate::rules::Rules;

/// Up to this many tokens all answers are computed beforehand.
const EAGER: usize = if cfg!(test) { 200 } else { 8192 };
/// Up to this many times two tokens are noted as incompatible beforehand; a pair can be noted for several reasons.
const NOTES: usize = 1 << 28;
const CACHE: u32 = 16;
const NEVER: u32 = u32::MAX;

/// How each token is made.
#[derive(Clone, Copy, Debug)]
struct Parts {
    left: u32,
    right: u32,
    /// When it is made; bases are there from the start, before all merges.
    time: u32,
}

fn parts(rules: &Rules) -> Vec<Parts> {
    let mut parts = vec![Parts { left: NEVER, right: NEVER, time: 0 }; rules.len()];
    for (time, &pair) in (1..).zip(rules.ordered()) {
        if let Some(rule) = rules.rule(pair) {
            parts[rule.result as usize] = Parts { left: pair.0, right: pair.1, time };
        }
    }
    parts
}

/// A bit for each pair of tokens, a row for each left one and a last row, all ones, for the start of a text.
#[derive(Debug)]
pub(super) struct Table {
    bits: Vec<u64>,
    width: usize,
}

impl Table {
    /// Computes all answers, or declines vocabularies for which that takes too much.
    ///
    /// Two tokens stand for the encoding of their text unless some merge `(a, b)` would cross the border. It would if `a`
    /// is, at that time, the last part of the left token, and `b` the first part of the right one. So each merge rules
    /// out a block: all left tokens that have `a` at their end so late, beside all right tokens that have `b` at their
    /// beginning so late. `columns` says which bit of a row stands for which right token.
    pub(super) fn new(rules: &Rules, columns: &[u32]) -> Option<Self> {
        let tokens = rules.len();
        if tokens > EAGER {
            return None;
        }
        let parts = parts(rules);
        let lasts = Spine::new(&parts, |parts| parts.right);
        let firsts = Spine::new(&parts, |parts| parts.left);
        let width = tokens.div_ceil(64);
        let mut bits = vec![u64::MAX; width * (tokens + 1)];
        let mut notes = 0;
        for (time, &(left, right)) in (1..).zip(rules.ordered()) {
            // Among equal merges the leftmost is first: before one on the right, after one on the left.
            let (before, after) = (lasts.with(left, time + 1), firsts.with(right, time));
            notes += (before.len() + 1) * (after.len() + 1);
            if notes > NOTES {
                return None;
            }
            for &left in [left].iter().chain(&lasts.order[before]) {
                let row = &mut bits[left as usize * width..][..width];
                for &right in [right].iter().chain(&firsts.order[after.clone()]) {
                    let column = columns[right as usize] as usize;
                    row[column / 64] &= !(1 << (column % 64));
                }
            }
        }
        Some(Self { bits, width })
    }

    /// Returns some of the answers for a left token, in bits of whole words, or `None` if all are no.
    pub(super) fn bits(&self, left: u32, columns: Range<u32>) -> Option<Box<[u64]>> {
        let Range { start, end } = columns;
        let row = &self.bits[left as usize * self.width..][..self.width];
        let words = start / 64..end.div_ceil(64);
        let bits: Box<[u64]> = words
            .map(|word| {
                let (from, to) = (start.saturating_sub(word * 64), (end - word * 64).min(64));
                row[word as usize] & u64::MAX << from & u64::MAX >> (64 - to)
            })
            .collect();
        bits.iter().any(|&word| word != 0).then_some(bits)
    }

    #[inline]
    pub(super) fn get(&self, left: u32, column: u32) -> bool {
        self.bits[left as usize * self.width + column as usize / 64] >> (column % 64) & 1 == 1
    }
}

/// The tokens as a tree in which the parent of each is its outer part, the last or the first.
struct Spine {
    /// Each token before its children, and these in the order of their time.
    order: Vec<u32>,
    /// Where in that order the children of a token lie, with all that is below them.
    below: Vec<Range<usize>>,
    children: Vec<Vec<(u32, u32)>>,
}

impl Spine {
    fn new(parts: &[Parts], outer: impl Fn(&Parts) -> u32) -> Self {
        let mut children: Vec<Vec<(u32, u32)>> = vec![Vec::new(); parts.len()];
        let mut roots = Vec::new();
        for (token, parts) in (0..).zip(parts) {
            if parts.time == 0 { &mut roots } else { &mut children[outer(parts) as usize] }
                .push((parts.time, token));
        }
        for children in &mut children {
            children.sort_unstable();
        }
        let mut spine = Self { order: Vec::new(), below: vec![0..0; parts.len()], children };
        // A token is visited when it is entered, and its range closed when all below it have been.
        let mut stack: Vec<(u32, bool)> = roots.iter().rev().map(|&(_, token)| (token, false)).collect();
        while let Some((token, left)) = stack.pop() {
            if left {
                spine.below[token as usize].end = spine.order.len();
                continue;
            }
            spine.order.push(token);
            spine.below[token as usize].start = spine.order.len();
            stack.push((token, true));
            stack.extend(spine.children[token as usize].iter().rev().map(|&(_, child)| (child, false)));
        }
        spine
    }

    /// Returns where in the order those tokens lie that have a part at their outer side and made something of it no
    /// earlier than a time.
    fn with(&self, part: u32, time: u32) -> Range<usize> {
        let Range { start, end } = self.below[part as usize];
        let children = &self.children[part as usize];
        let first = children.partition_point(|&(made, _)| made < time);
        children
            .get(first)
            .map_or(end..end, |&(_, child)| self.below[child as usize].start - 1..end)
            .start
            .max(start)..end
    }
}

/// Answers whether the encoding of the text of two tokens is those two tokens, for any number of tokens.
#[derive(Debug)]
pub(super) struct Compatible {
    parts: Vec<Parts>,
    rules: Rules,
    answers: Answers,
}

#[derive(Debug)]
enum Answers {
    All(Table),
    /// The last answers, each beside its question: left token in the upper half, right token and answer in the lower.
    Recent(Vec<AtomicU64>),
}

impl Compatible {
    /// Takes rules whose merges join earlier results only.
    pub(super) fn new(rules: &Rules) -> Self {
        let columns: Vec<u32> = (0..rules.len() as u32).collect();
        let answers = Table::new(rules, &columns).map_or_else(
            || Answers::Recent((0..1 << CACHE).map(|_| AtomicU64::new(u64::MAX)).collect()),
            Answers::All,
        );
        Self { parts: parts(rules), rules: rules.clone(), answers }
    }

    /// Returns whether a token can follow another; `left` may be the number of tokens, for the start of a text.
    #[inline]
    pub(super) fn follows(&self, left: u32, right: u32) -> bool {
        match &self.answers {
            Answers::All(table) => table.get(left, right),
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

    /// Goes back in time along the border: at each time, the last token of the left text and the first of the right.
    pub(super) fn work_out(&self, mut left: u32, mut right: u32) -> bool {
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
