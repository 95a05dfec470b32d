//! One merge in an epoch: walks the places of a pair, on several threads, without a lock.
//!
//! Places are walked left to right, so `AAA` becomes `AA A`. Threads take consecutive runs of places; a run may only
//! begin at an occurrence whose left neighbour cannot belong to an occurrence before it, so two threads never write to,
//! nor decide by, the same tokens, and the outcome does not depend on their number.

use std::ops::Range;

use rayon::prelude::*;

use super::{cells::Cell, pairs::List};

/// Below this many places threads cost more than they bring.
const PARALLEL: usize = if cfg!(test) { 1 } else { 1 << 13 };
/// How many places are fetched at once.
const AHEAD: usize = 32;
const NONE: u32 = u32::MAX;

/// A merge to carry out.
#[derive(Clone, Copy)]
pub(super) struct Merge<'a, C> {
    pub(super) pair: (u32, u32),
    pub(super) result: u32,
    /// How many cells each token spans, the result included.
    pub(super) widths: &'a [u32],
    pub(super) shards: &'a [Range<usize>],
    pub(super) cells: &'a [C],
}

/// Stretches of places, each in a shard, that one thread walks.
type Job = Vec<(usize, Range<usize>)>;

/// How often each token stood before and after the results.
#[derive(Debug)]
pub(super) struct Neighbours {
    pub(super) before: Vec<u64>,
    pub(super) after: Vec<u64>,
}

impl Neighbours {
    /// Returns which pairs lost occurrences because a token stood before results, and after them, and how many.
    pub(super) fn lost(&self, pair: (u32, u32), result: u32, id: u32) -> [((u32, u32), u64); 2] {
        let (before, after) = (self.before[id as usize], self.after[id as usize]);
        if id == result {
            // Before and after a result stood the other part.
            [((pair.1, pair.0), after), ((pair.1, pair.0), 0)]
        } else {
            [((id, pair.0), before), ((pair.1, id), after)]
        }
    }
}

/// A job's share of [`Neighbours`] and memory that it need not ask for again: fresh pages are dear.
#[derive(Debug, Default)]
pub(super) struct Tally<I> {
    before: Vec<u32>,
    after: Vec<u32>,
    job: usize,
    spare: Vec<Part<I>>,
}

/// The results in one shard, with the neighbours of each.
#[derive(Debug, Default)]
pub(super) struct Part<I> {
    job: usize,
    shard: usize,
    places: Vec<u32>,
    before: Vec<I>,
    after: Vec<I>,
}

impl<C: Cell> Merge<'_, C> {
    /// Merges at all places and returns the results, shard by shard.
    pub(super) fn run(
        &self,
        places: &[List],
        tallies: &mut Vec<Tally<C::Id>>,
    ) -> (Vec<Part<C::Id>>, Neighbours) {
        let total: usize = places.iter().map(|list| list.places().len()).sum();
        let jobs = self.jobs(places);
        let ids = self.result as usize + 1;
        if tallies.len() < jobs.len() {
            tallies.resize_with(jobs.len(), Tally::default);
        }
        for (job, tally) in tallies.iter_mut().enumerate() {
            tally.job = job;
            tally.before.resize(ids.max(tally.before.len()), 0);
            tally.after.resize(ids.max(tally.after.len()), 0);
        }
        let work = |(job, tally): (&Job, &mut Tally<C::Id>)| -> Vec<Part<C::Id>> {
            job.iter()
                .map(|(shard, range)| self.walk(*shard, &places[*shard].places()[range.clone()], tally))
                .collect()
        };
        let parts: Vec<Vec<Part<C::Id>>> = if total < PARALLEL {
            jobs.iter().zip(&mut *tallies).map(work).collect()
        } else {
            jobs.par_iter().zip(&mut *tallies).with_max_len(1).map(work).collect()
        };
        let mut neighbours = Neighbours { before: vec![0; ids], after: vec![0; ids] };
        for tally in &mut tallies[..jobs.len()] {
            let sides =
                [(&mut neighbours.before, &mut tally.before), (&mut neighbours.after, &mut tally.after)];
            for (sums, counts) in sides {
                for (sum, count) in sums.iter_mut().zip(counts) {
                    *sum += u64::from(*count);
                    *count = 0;
                }
            }
        }
        (parts.into_iter().flatten().collect(), neighbours)
    }

    /// Deals the places out, in order, beginning a new job at the first clean start in each shard.
    fn jobs(&self, places: &[List]) -> Vec<Job> {
        let mut jobs: Vec<Job> = Vec::new();
        for (shard, places) in places.iter().enumerate() {
            let (places, base) = (places.places(), self.shards[shard].start);
            let start = if shard == 0 {
                0
            } else {
                let clean = |&place: &u32| {
                    let at = base + place as usize;
                    self.occurs(at) && self.cells[at - 1].get() & !C::MARK != self.pair.1
                };
                places.iter().position(clean).unwrap_or(places.len())
            };
            if start > 0 {
                match jobs.last_mut() {
                    Some(job) => job.push((shard, 0..start)),
                    None => jobs.push(vec![(shard, 0..start)]),
                }
            }
            if start < places.len() {
                jobs.push(vec![(shard, start..places.len())]);
            }
        }
        jobs
    }

    #[inline]
    fn occurs(&self, at: usize) -> bool {
        self.cells[at].get() == self.pair.0
            && self.cells[at + self.widths[self.pair.0 as usize] as usize].get() == self.pair.1
    }

    fn walk(&self, shard: usize, places: &[u32], tally: &mut Tally<C::Id>) -> Part<C::Id> {
        let (left, right) = self.pair;
        let base = self.shards[shard].start;
        let skip = self.widths[left as usize] as usize;
        let width = skip + self.widths[right as usize] as usize;
        let mut part = tally.spare.pop().unwrap_or_default();
        part.clear(tally.job, shard);
        part.reserve(places.len());
        for (index, &place) in places.iter().enumerate() {
            let at = base + place as usize;
            if index % AHEAD == 0 {
                // Loads that nothing waits for: the misses overlap instead of following each other.
                let block = &places[index..places.len().min(index + AHEAD)];
                let touched = block.iter().map(|&place| self.cells[base + place as usize].get());
                std::hint::black_box(touched.fold(0, |all, cell| all | cell));
            }
            if !self.occurs(at) {
                continue;
            }
            let before = self.cells[at - 1].get() & !C::MARK;
            let next = self.cells[at + width].get();
            let joins = next == left && self.cells[at + width + skip].get() == right;
            let after = if joins { self.result } else { next };
            self.cells[at].set(self.result);
            self.cells[at + skip].set(self.result | C::MARK);
            self.cells[at + width - 1].set(self.result | C::MARK);
            tally.before[before as usize] += 1;
            tally.after[after as usize] += 1;
            part.places.push(place);
            part.before.push(C::id(before));
            part.after.push(C::id(after));
        }
        part
    }

    /// Lists the places of some of the pairs that the merge made, for each pair by shard.
    pub(super) fn list(&self, parts: &[Part<C::Id>], pairs: &[(u32, u32)]) -> Vec<Vec<Vec<u32>>> {
        let mut lists = vec![vec![Vec::new(); self.shards.len()]; pairs.len()];
        if pairs.is_empty() {
            return lists;
        }
        let ids = self.result as usize + 1;
        let (mut before, mut after) = (vec![NONE; ids], vec![NONE; ids]);
        for (index, &(left, right)) in (0..).zip(pairs) {
            if left == self.result {
                after[right as usize] = index;
            } else {
                before[left as usize] = index;
            }
        }
        let total: usize = parts.iter().map(|part| part.places.len()).sum();
        let work = |part: &Part<C::Id>| self.list_part(part, &before, &after, pairs.len());
        let found: Vec<Listed> = if total < PARALLEL {
            parts.iter().map(work).collect()
        } else {
            parts.par_iter().with_max_len(1).map(work).collect()
        };
        for (part, listed) in parts.iter().zip(found) {
            // A left neighbour over the border starts in the shard before, as its last token.
            if let Some((index, place)) = listed.over {
                lists[index][part.shard - 1].push(place);
            }
            for (list, places) in lists.iter_mut().zip(listed.lists) {
                if list[part.shard].is_empty() {
                    list[part.shard] = places;
                } else {
                    list[part.shard].extend(places);
                }
            }
        }
        lists
    }

    fn list_part(&self, part: &Part<C::Id>, before: &[u32], after: &[u32], pairs: usize) -> Listed {
        let mut listed = Listed { lists: vec![Vec::new(); pairs], over: None };
        let neighbours = part.before.iter().zip(&part.after);
        for (&place, (&left, &right)) in part.places.iter().zip(neighbours) {
            let left: u32 = left.into();
            let index = before[left as usize];
            if index != NONE {
                let width = self.widths[left as usize];
                if let Some(start) = place.checked_sub(width) {
                    listed.lists[index as usize].push(start);
                } else {
                    let shard = &self.shards[part.shard - 1];
                    listed.over = Some((index as usize, shard.len() as u32 + place - width));
                }
            }
            let index = after[Into::<u32>::into(right) as usize];
            if index != NONE {
                listed.lists[index as usize].push(place);
            }
        }
        listed
    }
}

impl<I> Part<I> {
    fn clear(&mut self, job: usize, shard: usize) {
        self.job = job;
        self.shard = shard;
        self.places.clear();
        self.before.clear();
        self.after.clear();
    }

    fn reserve(&mut self, places: usize) {
        self.places.reserve(places);
        self.before.reserve(places);
        self.after.reserve(places);
    }
}

/// Keeps the memory of parts for the next merge.
pub(super) fn recycle<I>(parts: Vec<Part<I>>, tallies: &mut [Tally<I>]) {
    for part in parts {
        let spare = &mut tallies[part.job].spare;
        // A job of several parts is rare; one spare part is enough.
        if spare.is_empty() {
            spare.push(part);
        }
    }
}

/// What one part contributes to new lists.
struct Listed {
    lists: Vec<Vec<u32>>,
    over: Option<(usize, u32)>,
}
