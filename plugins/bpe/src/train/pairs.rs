//! Which pairs are worth following: the candidates of an epoch and where each occurs.

use std::{ops::Range, sync::Arc};

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::{cells::Cell, inventory::END};

/// Above this many ids pairs are first counted by hash.
const EXACT_IDS: usize = if cfg!(test) { 24 } else { 1024 };
const BUCKETS: u32 = 20;

/// A pair and its occurrences: for each shard, offsets from the start of the shard, ascending.
#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) pair: (u32, u32),
    pub(super) count: u64,
    pub(super) places: Vec<List>,
}

/// Places in one shard: a part of a buffer that lists may share.
#[derive(Clone, Debug, Default)]
pub(super) struct List {
    buffer: Arc<Vec<u32>>,
    range: Range<usize>,
}

impl List {
    pub(super) fn places(&self) -> &[u32] {
        &self.buffer[self.range.clone()]
    }
}

/// Takes back the buffers that nothing else uses.
pub(super) fn recycle(candidates: Vec<Candidate>, shards: usize) -> Vec<Vec<u32>> {
    let lists = candidates.into_iter().flat_map(|candidate| candidate.places);
    let mut buffers: Vec<Vec<u32>> = lists.filter_map(|list| Arc::try_unwrap(list.buffer).ok()).collect();
    buffers.sort_by_key(|buffer| std::cmp::Reverse(buffer.len()));
    buffers.truncate(shards);
    buffers
}

impl From<Vec<u32>> for List {
    fn from(places: Vec<u32>) -> Self {
        Self { range: 0..places.len(), buffer: Arc::new(places) }
    }
}

/// Where the count of a pair is kept: exact for small vocabularies, else shared by pairs of the same hash.
#[derive(Clone, Copy)]
enum Table {
    Exact { stride: usize },
    Hashed,
}

impl Table {
    fn new(ids: usize) -> Self {
        if ids <= EXACT_IDS { Self::Exact { stride: ids } } else { Self::Hashed }
    }

    fn len(self) -> usize {
        match self {
            Self::Exact { stride } => stride * stride,
            Self::Hashed => 1 << BUCKETS,
        }
    }

    #[inline]
    fn slot(self, left: u32, right: u32) -> usize {
        match self {
            Self::Exact { stride } => left as usize * stride + right as usize,
            Self::Hashed => (key(left, right).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - BUCKETS)) as usize,
        }
    }
}

fn key(left: u32, right: u32) -> u64 {
    u64::from(left) << 32 | u64::from(right)
}

/// Finds the most frequent pairs and their places.
///
/// Returns candidates in the order of their ids, and a threshold: every pair that is at least as frequent is among them.
pub(super) fn candidates<C: Cell>(
    cells: &[C],
    shards: &[Range<usize>],
    ids: usize,
    mut buffers: Vec<Vec<u32>>,
) -> Option<(Vec<Candidate>, u64)> {
    buffers.resize_with(shards.len(), Vec::new);
    let table = Table::new(ids);
    let mut counts: Vec<Vec<u32>> = shards.par_iter().map(|shard| count(cells, shard, table)).collect();
    let mut totals = vec![0u64; table.len()];
    for counts in &counts {
        totals.par_iter_mut().zip(counts).for_each(|(total, &count)| *total += u64::from(count));
    }
    if let Table::Exact { stride } = table {
        totals[..stride].fill(0);
        totals.iter_mut().step_by(stride).for_each(|total| *total = 0);
    }
    let mut threshold = threshold(&totals, cells.len() as u64)?;
    loop {
        let places: Vec<_> = shards
            .par_iter()
            .zip(&mut counts)
            .zip(&mut buffers)
            .map(|((shard, counts), buffer)| match table {
                Table::Exact { stride } => {
                    let lists = Lists::new(&totals, threshold, counts, stride, std::mem::take(buffer));
                    lists.collect(cells, shard, counts, stride)
                }
                Table::Hashed => collect_hashed(cells, shard, table, &totals, threshold),
            })
            .collect();
        let candidates = gather(places, threshold);
        if !candidates.is_empty() || threshold <= 2 {
            return (!candidates.is_empty()).then_some((candidates, threshold));
        }
        // Only hashing gets here: a bucket was full of rare pairs.
        threshold = (threshold / 4).max(2);
    }
}

/// Chooses a quarter of the best count, or more if the lists would outgrow the cells.
fn threshold(totals: &[u64], cells: u64) -> Option<u64> {
    let top = totals.iter().copied().max().filter(|&top| top >= 2)?;
    let mut threshold = (top / 4).max(2);
    let mut frequent: Vec<u64> = totals.iter().copied().filter(|&total| total >= threshold).collect();
    frequent.sort_unstable_by(|a, b| b.cmp(a));
    let mut listed = 0;
    for &total in &frequent {
        listed += total;
        if listed > cells * 7 / 20 && total < top {
            threshold = total + 1;
            break;
        }
    }
    Some(threshold)
}

fn count<C: Cell>(cells: &[C], shard: &Range<usize>, table: Table) -> Vec<u32> {
    let mut counts = vec![0u32; table.len()];
    let mut previous = cells[shard.start].get();
    for cell in &cells[shard.start + 1..(shard.end + 1).min(cells.len())] {
        let token = cell.get();
        if let Table::Exact { .. } = table {
            counts[table.slot(previous, token)] += 1;
        } else if previous != END && token != END {
            counts[table.slot(previous, token)] += 1;
        }
        previous = token;
    }
    counts
}

type Places = Vec<((u32, u32), List)>;

/// Lists that grow side by side in one buffer.
struct Lists {
    pairs: Vec<(u32, u32)>,
    starts: Vec<usize>,
    buffer: Vec<u32>,
}

impl Lists {
    /// Makes room for each frequent pair; from here on the table of counts says which list a pair goes to.
    fn new(totals: &[u64], threshold: u64, counts: &mut [u32], stride: usize, mut buffer: Vec<u32>) -> Self {
        // List 0 is for all pairs that are too rare.
        let (mut pairs, mut starts, mut length) = (Vec::new(), vec![0], 1);
        for (slot, (count, &total)) in counts.iter_mut().zip(totals).enumerate() {
            let frequent = total >= threshold;
            if frequent {
                pairs.push(((slot / stride) as u32, (slot % stride) as u32));
                starts.push(length);
                length += *count as usize;
            }
            *count = if frequent { pairs.len() as u32 } else { 0 };
        }
        if buffer.len() < length {
            // Given back before more is asked for.
            drop(buffer);
            buffer = vec![0; length];
        }
        Self { pairs, starts, buffer }
    }

    fn collect<C: Cell>(self, cells: &[C], shard: &Range<usize>, lists: &[u32], stride: usize) -> Places {
        let Self { pairs, starts, mut buffer } = self;
        // List 0 stays at its one place: cheaper than a branch that nobody can foresee.
        let mut ends: Vec<(usize, usize)> = starts.iter().map(|&start| (start, 1)).collect();
        ends[0].1 = 0;
        let mut previous = cells[shard.start].get();
        for (place, cell) in (0..).zip(&cells[shard.start + 1..(shard.end + 1).min(cells.len())]) {
            let token = cell.get();
            let list = lists[previous as usize * stride + token as usize];
            let (end, step) = &mut ends[list as usize];
            buffer[*end] = place;
            *end += *step;
            previous = token;
        }
        let buffer = Arc::new(buffer);
        let ranges = starts.into_iter().zip(ends).skip(1);
        let lists = ranges.map(|(start, (end, _))| List { buffer: Arc::clone(&buffer), range: start..end });
        pairs.into_iter().zip(lists).collect()
    }
}

fn collect_hashed<C: Cell>(
    cells: &[C],
    shard: &Range<usize>,
    table: Table,
    totals: &[u64],
    threshold: u64,
) -> Places {
    let frequent: Vec<bool> = totals.iter().map(|&total| total >= threshold).collect();
    let mut lists: FxHashMap<u64, usize> = FxHashMap::default();
    let mut places: Vec<((u32, u32), Vec<u32>)> = Vec::new();
    let mut previous = cells[shard.start].get();
    for (place, cell) in (0..).zip(&cells[shard.start + 1..(shard.end + 1).min(cells.len())]) {
        let token = cell.get();
        if frequent[table.slot(previous, token)] && previous != END && token != END {
            let list = *lists.entry(key(previous, token)).or_insert_with(|| {
                places.push(((previous, token), Vec::new()));
                places.len() - 1
            });
            places[list].1.push(place);
        }
        previous = token;
    }
    places.into_iter().map(|(pair, places)| (pair, places.into())).collect()
}

/// Joins the lists of all shards and drops pairs that only shared a bucket with frequent ones.
fn gather(shards: Vec<Places>, threshold: u64) -> Vec<Candidate> {
    let width = shards.len();
    let mut candidates: Vec<Candidate> = Vec::new();
    let mut known: FxHashMap<(u32, u32), usize> = FxHashMap::default();
    for (shard, places) in shards.into_iter().enumerate() {
        for (pair, places) in places {
            let index = *known.entry(pair).or_insert_with(|| {
                candidates.push(Candidate { pair, count: 0, places: vec![List::default(); width] });
                candidates.len() - 1
            });
            candidates[index].count += places.places().len() as u64;
            candidates[index].places[shard] = places;
        }
    }
    candidates.retain(|candidate| candidate.count >= threshold);
    candidates.sort_unstable_by_key(|candidate| candidate.pair);
    candidates
}
