//! How often each pair occurs, kept up to date from merge to merge while ids are few.

use super::{inventory::END, step::Neighbours};

/// Up to this many ids the counts of all pairs are kept.
pub(super) const IDS: usize = if cfg!(test) { 40 } else { 1024 };

/// The counts of all pairs.
#[derive(Debug)]
pub(super) struct Totals {
    counts: Vec<u64>,
    stride: usize,
}

impl Totals {
    /// Takes the counts of the pairs of some ids, row by row; there will be `most` ids at most.
    pub(super) fn new(first: &[u64], ids: usize, most: usize) -> Self {
        let stride = most.clamp(ids, IDS.max(ids));
        let mut counts = vec![0; stride * stride];
        for (row, first) in counts.chunks_exact_mut(stride).zip(first.chunks_exact(ids)) {
            row[..ids].copy_from_slice(first);
            row[END as usize] = 0;
        }
        counts[..stride].fill(0);
        Self { counts, stride }
    }

    /// Returns the counts, in the order of the pairs.
    pub(super) fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// Returns the pairs that occur at least so often, in the order of their ids.
    pub(super) fn frequent(&self, threshold: u64) -> impl Iterator<Item = (u32, u32)> + '_ {
        let frequent = self.counts.iter().enumerate().filter(move |&(_, &count)| count >= threshold);
        frequent.map(|(slot, _)| ((slot / self.stride) as u32, (slot % self.stride) as u32))
    }

    /// Follows a merge; returns whether there was room for its result.
    pub(super) fn merge(&mut self, pair: (u32, u32), result: u32, neighbours: &Neighbours) -> bool {
        if result as usize >= self.stride {
            return false;
        }
        for (id, (&before, &after)) in (0..).zip(neighbours.before.iter().zip(&neighbours.after)) {
            if id == END {
                continue;
            }
            for (lost, times) in neighbours.lost(pair, result, id) {
                let count = self.count(lost);
                *count = count.saturating_sub(times);
            }
            *self.count((id, result)) = before;
            *self.count((result, id)) = after;
        }
        *self.count(pair) = 0;
        true
    }

    fn count(&mut self, (left, right): (u32, u32)) -> &mut u64 {
        &mut self.counts[left as usize * self.stride + right as usize]
    }
}
