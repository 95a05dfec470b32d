//! Finds the next pair to merge.

use std::{cmp::Ordering, collections::BinaryHeap};

use super::pairs::Candidate;

/// Candidates by count. Counts only fall, so an entry is corrected when it comes up.
#[derive(Debug)]
pub(super) struct Queue(BinaryHeap<(u64, usize)>);

impl Queue {
    pub(super) fn new(candidates: &[Candidate]) -> Self {
        let mut queue = Self(BinaryHeap::with_capacity(candidates.len()));
        queue.extend(candidates, 0);
        queue
    }

    /// Adds the candidates from an index on.
    pub(super) fn extend(&mut self, candidates: &[Candidate], first: usize) {
        self.0.extend((first..).zip(&candidates[first..]).map(|(index, candidate)| (candidate.count, index)));
    }

    /// Takes the candidate of the highest count that still occurs; among equals the greatest by the tie rule.
    pub(super) fn pop(
        &mut self,
        candidates: &[Candidate],
        compare: impl Fn((u32, u32), (u32, u32)) -> Ordering,
    ) -> Option<usize> {
        let mut best: Option<usize> = None;
        let mut equals = Vec::new();
        while let Some(&(count, index)) = self.0.peek() {
            if best.is_some_and(|best| candidates[best].count > count) {
                break;
            }
            self.0.pop();
            let candidate = &candidates[index];
            if candidate.count != count {
                if candidate.count > 0 {
                    self.0.push((candidate.count, index));
                }
                continue;
            }
            let greater = best.is_none_or(|best| compare(candidate.pair, candidates[best].pair).is_gt());
            equals.extend(if greater { best.replace(index) } else { Some(index) });
        }
        self.0.extend(equals.into_iter().map(|index| (candidates[index].count, index)));
        best
    }
}
