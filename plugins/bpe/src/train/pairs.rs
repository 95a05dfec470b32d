//! Which pairs are worth following: the candidates of an epoch and where each occurs.

use std::{ops::Range, sync::Arc};

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::{cells::Cell, inventory::END, lists::Lists, totals::Totals};

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
    pub(super) fn new(buffer: Arc<Vec<u32>>, range: Range<usize>) -> Self {
        Self { buffer, range }
    }

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

/// Finds the most frequent pairs and their places; `totals` holds the counts of all pairs, if they are known.
///
/// Returns candidates in the order of their ids, and a threshold: every pair that is at least as frequent is among them.
pub(super) fn candidates<C: Cell>(
    cells: &[C],
    shards: &[Range<usize>],
    ids: usize,
    totals: Option<&Totals>,
    mut buffers: Vec<Vec<u32>>,
) -> Option<(Vec<Candidate>, u64)> {
    let Some(totals) = totals else { return hashed(cells, shards) };
    let threshold = threshold(totals.counts(), cells.len() as u64)?;
    let lists = Lists::new(totals.frequent(threshold).collect(), ids);
    buffers.resize_with(shards.len(), Vec::new);
    let places: Vec<Places> = shards
        .par_iter()
        .zip(buffers)
        .map(|(shard, buffer)| lists.pairs.iter().copied().zip(lists.collect(cells, shard, buffer)).collect())
        .collect();
    Some((gather(places, threshold), threshold))
}

/// Counts pairs of few ids, row by row.
pub(super) fn count<C: Cell>(cells: &[C], shards: &[Range<usize>], ids: usize) -> Vec<u64> {
    let slot = |left, right| left as usize * ids + right as usize;
    let counts = shards.par_iter().map(|shard| count_shard(cells, shard, ids * ids, slot));
    sum(&counts.collect::<Vec<_>>())
}

/// Finds candidates among many ids: counts are first shared by pairs of the same hash.
fn hashed<C: Cell>(cells: &[C], shards: &[Range<usize>]) -> Option<(Vec<Candidate>, u64)> {
    let counts = shards.par_iter().map(|shard| count_shard(cells, shard, 1 << BUCKETS, bucket));
    let totals = sum(&counts.collect::<Vec<_>>());
    let mut threshold = threshold(&totals, cells.len() as u64)?;
    loop {
        let places = shards.par_iter().map(|shard| collect_hashed(cells, shard, &totals, threshold));
        let candidates = gather(places.collect(), threshold);
        if !candidates.is_empty() || threshold <= 2 {
            return (!candidates.is_empty()).then_some((candidates, threshold));
        }
        // A bucket was full of rare pairs.
        threshold = (threshold / 4).max(2);
    }
}

#[inline]
fn bucket(left: u32, right: u32) -> usize {
    (key(left, right).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - BUCKETS)) as usize
}

fn key(left: u32, right: u32) -> u64 {
    u64::from(left) << 32 | u64::from(right)
}

fn sum(counts: &[Vec<u32>]) -> Vec<u64> {
    let mut totals = vec![0; counts.first().map_or(0, Vec::len)];
    for counts in counts {
        totals.par_iter_mut().zip(counts).for_each(|(total, &count)| *total += u64::from(count));
    }
    totals
}

/// The share of the best count that a pair must have to be followed.
const SHARE: u64 = 8;
/// The most places that are listed, of a hundred cells.
const LISTED: u64 = 55;

/// Chooses a part of the best count, or more if the lists would outgrow the cells.
fn threshold(totals: &[u64], cells: u64) -> Option<u64> {
    let top = totals.iter().copied().max().filter(|&top| top >= 2)?;
    let mut threshold = (top / SHARE).max(2);
    let mut frequent: Vec<u64> = totals.iter().copied().filter(|&total| total >= threshold).collect();
    frequent.sort_unstable_by(|a, b| b.cmp(a));
    let mut listed = 0;
    for &total in &frequent {
        listed += total;
        if listed > cells * LISTED / 100 && total < top {
            threshold = total + 1;
            break;
        }
    }
    Some(threshold)
}

fn count_shard<C: Cell>(
    cells: &[C],
    shard: &Range<usize>,
    slots: usize,
    slot: impl Fn(u32, u32) -> usize,
) -> Vec<u32> {
    let mut counts = vec![0u32; slots];
    let mut previous = cells[shard.start].get();
    for cell in &cells[shard.start + 1..(shard.end + 1).min(cells.len())] {
        let token = cell.get();
        if previous != END && token != END {
            counts[slot(previous, token)] += 1;
        }
        previous = token;
    }
    counts
}

type Places = Vec<((u32, u32), List)>;

fn collect_hashed<C: Cell>(cells: &[C], shard: &Range<usize>, totals: &[u64], threshold: u64) -> Places {
    let frequent: Vec<bool> = totals.iter().map(|&total| total >= threshold).collect();
    let mut lists: FxHashMap<u64, usize> = FxHashMap::default();
    let mut places: Vec<((u32, u32), Vec<u32>)> = Vec::new();
    let mut previous = cells[shard.start].get();
    for (place, cell) in (0..).zip(&cells[shard.start + 1..(shard.end + 1).min(cells.len())]) {
        let token = cell.get();
        if frequent[bucket(previous, token)] && previous != END && token != END {
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
