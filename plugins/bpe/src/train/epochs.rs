//! The later merges, in epochs.
//!
//! An epoch compacts the text, lists the places of the most frequent pairs, and merges pair after pair by walking their
//! lists, in exact order, until the best count falls below the epoch's threshold: a pair that is not followed must be
//! rarer than that. Counts of known pairs only fall (see `Inventory::merge`).

use std::ops::Range;

use rustc_hash::FxHashMap;

use super::{
    cells::{Cell, compact},
    dense::Dense,
    inventory::END,
    pairs::{Candidate, List, candidates, count, recycle},
    queue::Queue,
    step::{self, Tally},
    totals::Totals,
    work::Work,
};

/// The most cells a token may span within an epoch, so that no token reaches over a whole shard.
const WIDEST: u32 = if cfg!(test) { 16 } else { 1 << 14 };
/// The fewest and the most cells in a shard; offsets within one fit 32 bits.
const SHARD: Range<usize> = if cfg!(test) { 32..1 << 31 } else { 1 << 16..1 << 31 };

/// The text as cells.
#[derive(Debug)]
pub(super) struct Epochs<C: Cell> {
    cells: Vec<C>,
    threads: usize,
    /// The counts of all pairs, as long as ids are few.
    totals: Option<Totals>,
    tallies: Vec<Tally<C::Id>>,
    buffers: Vec<Vec<u32>>,
}

impl<C: Cell> Epochs<C> {
    /// Takes the text over, freeing the blocks on the way; there will be `most` ids at most.
    pub(super) fn new(dense: Dense, ids: usize, most: usize, threads: usize) -> Self {
        let mut cells = Vec::with_capacity(dense.len() as usize + 2);
        cells.push(C::new(END));
        for block in dense.blocks {
            cells.extend(block.tokens().iter().map(|&token| C::new(u32::from(token))));
        }
        cells.push(C::new(END));
        let mut epochs = Self::of(cells, threads);
        let counts = count(&epochs.cells, &epochs.shards(), ids);
        epochs.totals = Some(Totals::new(&counts, ids, most));
        epochs
    }

    fn of(cells: Vec<C>, threads: usize) -> Self {
        Self { cells, threads, totals: None, tallies: Vec::new(), buffers: Vec::new() }
    }

    /// Makes room for larger ids.
    pub(super) fn widen<D: Cell>(self) -> Epochs<D> {
        let mut wide = Epochs::of(self.cells.iter().map(|cell| D::new(cell.get())).collect(), self.threads);
        wide.totals = self.totals;
        wide.buffers = self.buffers;
        wide
    }

    /// Merges until training ends, or until the cells have little room for further ids; returns whether it goes on.
    pub(super) fn run(&mut self, work: &mut Work<'_, '_>) -> dlm_sdk::Result<bool> {
        // An epoch that would soon have to stop is left to wider cells.
        while work.inventory.len() < C::MARK as usize / 2 {
            let buffers = std::mem::take(&mut self.buffers);
            let ids = work.inventory.len();
            let found = candidates(&self.cells, &self.shards(), ids, self.totals.as_ref(), buffers);
            let Some((mut followed, threshold)) = found else { return Ok(false) };
            if !self.epoch(work, &mut followed, threshold)? {
                return Ok(false);
            }
            self.buffers = recycle(followed, self.threads);
            compact(&mut self.cells, self.threads);
        }
        Ok(true)
    }

    fn shards(&self) -> Vec<Range<usize>> {
        let length = self.cells.len();
        let number = self.threads.min(length / SHARD.start).max(length.div_ceil(SHARD.end)).max(1);
        let size = length.div_ceil(number);
        (0..length).step_by(size).map(|start| start..(start + size).min(length)).collect()
    }

    /// Merges while the best pair is frequent enough; returns whether training goes on.
    fn epoch(
        &mut self,
        work: &mut Work<'_, '_>,
        followed: &mut Vec<Candidate>,
        threshold: u64,
    ) -> dlm_sdk::Result<bool> {
        let shards = self.shards();
        let mut widths = vec![1; work.inventory.len()];
        let mut index: FxHashMap<(u32, u32), usize> =
            followed.iter().enumerate().map(|(index, candidate)| (candidate.pair, index)).collect();
        let mut queue = Queue::new(followed);
        while let Some(best) = queue.pop(followed, |a, b| work.inventory.compare(a, b)) {
            let Candidate { pair, count, .. } = followed[best];
            if count < threshold {
                return Ok(true);
            }
            let width = widths[pair.0 as usize] + widths[pair.1 as usize];
            if width > WIDEST || work.inventory.len() >= C::MARK as usize {
                return Ok(true);
            }
            let Some(result) = work.next(pair, count)? else { return Ok(false) };
            widths.push(width);

            let places = std::mem::take(&mut followed[best].places);
            followed[best].count = 0;
            let merge = step::Merge { pair, result, widths: &widths, shards: &shards, cells: &self.cells };
            let (parts, neighbours) = merge.run(&places, &mut self.tallies);
            drop(places);

            if self.totals.as_mut().is_some_and(|totals| !totals.merge(pair, result, &neighbours)) {
                self.totals = None;
            }
            // The followed pairs that lost an occurrence to a merged one, and those to follow that it made.
            let mut made: Vec<((u32, u32), u64)> = Vec::new();
            for (id, (&before, &after)) in (0..).zip(neighbours.before.iter().zip(&neighbours.after)) {
                for (lost, times) in neighbours.lost(pair, result, id) {
                    if times > 0
                        && let Some(&lost) = index.get(&lost)
                    {
                        followed[lost].count = followed[lost].count.saturating_sub(times);
                    }
                }
                if id == END {
                    continue;
                }
                if id != result && before >= threshold {
                    made.push(((id, result), before));
                }
                if after >= threshold {
                    made.push(((result, id), after));
                }
            }
            let first = followed.len();
            let lists = merge.list(&parts, &made.iter().map(|&(pair, _)| pair).collect::<Vec<_>>());
            for ((pair, count), places) in made.into_iter().zip(lists) {
                index.insert(pair, followed.len());
                let places = places.into_iter().map(List::from).collect();
                followed.push(Candidate { pair, count, places });
            }
            queue.extend(followed, first);
            step::recycle(parts, &mut self.tallies);
        }
        Ok(true)
    }
}
