//! The two reference trainers, step by step, as plainly as they can be written.
//!
//! The fast trainer must agree with these, and hands over to them in the one case that it does not cover: a merge whose
//! result is spelled like an older token (`A AT` after `AA T`). The references then do things that no definition of
//! byte-pair encoding asks for, and files in use may depend on them, so they are done here too:
//!
//! - *Hugging Face* never takes a merged pair's count back. A recreated token revives the counts of pairs merged before,
//!   which are then merged again in the words where they rose. It counts new tokens, not merges, towards its size.
//! - *subword-nmt* counts the neighbours of every occurrence of the result in a word that changed, also of those that
//!   were there before; and it prunes rare pairs from its table, which is exact only while counts fall.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, BinaryHeap},
};

use dlm_sdk::Result;
use rayon::prelude::*;

use super::{Ties, Work, inventory::END};

type Pair = (u32, u32);

/// Learns from the start, whatever the merges spell.
pub(super) fn train(sequences: &[&[u8]], ties: Ties, work: &mut Work<'_, '_>) -> Result<()> {
    let words = words(sequences);
    match ties {
        Ties::SubwordNmt => subword_nmt(words, work),
        Ties::HuggingFace => hugging_face(words, work),
    }
}

/// Splits sequences into words of at least two bases; a shorter one holds no pair.
fn words(sequences: &[&[u8]]) -> Vec<Vec<u32>> {
    sequences
        .par_iter()
        .flat_map_iter(|sequence| sequence.split(|&base| dlm_sdk::dna::code(base).is_none()))
        .filter(|word| word.len() > 1)
        .map(|word| {
            word.iter().filter_map(|&base| dlm_sdk::dna::code(base)).map(|code| 1 + u32::from(code)).collect()
        })
        .collect()
}

/// Replaces a pair, leftmost first.
fn replace(word: &[u32], pair: Pair, result: u32) -> Vec<u32> {
    let mut replaced = Vec::with_capacity(word.len());
    let mut at = 0;
    while at < word.len() {
        if word[at] == pair.0 && word.get(at + 1) == Some(&pair.1) {
            replaced.push(result);
            at += 2;
        } else {
            replaced.push(word[at]);
            at += 1;
        }
    }
    replaced
}

fn hugging_face(mut words: Vec<Vec<u32>>, work: &mut Work<'_, '_>) -> Result<()> {
    let mut counts: BTreeMap<Pair, i64> = BTreeMap::new();
    let mut places: BTreeMap<Pair, BTreeSet<usize>> = BTreeMap::new();
    for (index, word) in words.iter().enumerate() {
        for pair in word.windows(2) {
            *counts.entry((pair[0], pair[1])).or_default() += 1;
            places.entry((pair[0], pair[1])).or_default().insert(index);
        }
    }
    let mut queue = BinaryHeap::new();
    let mut age = 0u64;
    loop {
        for (pair, places) in std::mem::take(&mut places) {
            queue.push((counts[&pair], Reverse(pair), Reverse(age), places));
            age += 1;
        }
        let Some((count, Reverse(pair), age, places_of)) = queue.pop() else { break };
        if count != counts[&pair] {
            queue.push((counts[&pair], Reverse(pair), age, places_of));
            continue;
        }
        let Some(result) = work.next_again(pair, count.max(0) as u64)? else { return Ok(()) };
        for index in places_of {
            let word = &words[index];
            let mut change = |pair: Pair, by: i64| {
                *counts.entry(pair).or_default() += by;
                if by > 0 {
                    places.entry(pair).or_default().insert(index);
                }
            };
            let (mut at, mut before) = (0, None);
            while at < word.len() {
                if word[at] == pair.0 && word.get(at + 1) == Some(&pair.1) {
                    if let Some(before) = before {
                        change((before, pair.0), -1);
                        change((before, result), 1);
                    }
                    if let Some(&after) = word.get(at + 2) {
                        change((pair.1, after), -1);
                        change((result, after), 1);
                    }
                    before = Some(result);
                    at += 2;
                } else {
                    before = Some(word[at]);
                    at += 1;
                }
            }
            words[index] = replace(word, pair, result);
        }
    }
    work.exhausted();
    Ok(())
}

/// The tables of subword-nmt.
#[derive(Default)]
struct Tables {
    counts: BTreeMap<Pair, i64>,
    all: BTreeMap<Pair, i64>,
    places: BTreeMap<Pair, BTreeMap<usize, i64>>,
}

impl Tables {
    fn change(&mut self, pair: Pair, index: usize, by: i64) {
        *self.counts.entry(pair).or_default() += by;
        *self.places.entry(pair).or_default().entry(index).or_default() += by;
    }

    fn best(&self, work: &Work<'_, '_>) -> Option<(Pair, i64)> {
        self.counts
            .iter()
            .map(|(&pair, &count)| (pair, count))
            .max_by(|a, b| a.1.cmp(&b.1).then_with(|| work.inventory.compare(a.0, b.0)))
    }

    fn prune(&mut self, threshold: f64) {
        let all = &mut self.all;
        self.counts.retain(|&pair, &mut count| {
            if (count as f64) >= threshold {
                return true;
            }
            let kept = all.entry(pair).or_default();
            *kept = if count < 0 { *kept + count } else { count };
            false
        });
    }
}

fn subword_nmt(mut words: Vec<Vec<u32>>, work: &mut Work<'_, '_>) -> Result<()> {
    let mut tables = Tables::default();
    for (index, word) in words.iter().enumerate() {
        for pair in word.windows(2) {
            tables.change((pair[0], pair[1]), index, 1);
        }
    }
    tables.all = tables.counts.clone();
    let mut threshold = tables.counts.values().max().copied().unwrap_or(0) as f64 / 10.0;
    for cycle in 0u32.. {
        let mut best = tables.best(work);
        if best.is_none_or(|(_, count)| cycle > 0 && (count as f64) < threshold) {
            tables.prune(threshold);
            tables.counts = tables.all.clone();
            best = tables.best(work);
            let count = best.map_or(0, |(_, count)| count);
            threshold = count as f64 * f64::from(cycle) / (f64::from(cycle) + 10_000.0);
            tables.prune(threshold);
        }
        let Some((pair, count)) = best else { break };
        let Some(result) = work.next_again(pair, count.max(0) as u64)? else { return Ok(()) };
        let places = tables.places.insert(pair, BTreeMap::new()).unwrap_or_default();
        tables.counts.insert(pair, 0);
        for (index, _) in places.into_iter().filter(|&(_, times)| times > 0) {
            let old = std::mem::take(&mut words[index]);
            let new = replace(&old, pair, result);
            forget(&mut tables, &old, pair, index);
            count_again(&mut tables, &new, result, index);
            words[index] = new;
        }
        tables.counts.insert(pair, 0);
        if cycle % 100 == 0 {
            tables.prune(threshold);
        }
    }
    work.exhausted();
    Ok(())
}

fn forget(tables: &mut Tables, old: &[u32], (left, right): Pair, index: usize) {
    let mut at = 0;
    while at + 1 < old.len() {
        if (old[at], old[at + 1]) != (left, right) {
            at += 1;
            continue;
        }
        if at > 0 {
            tables.change((old[at - 1], left), index, -1);
        }
        // Before another occurrence of the pair, that one's left neighbour is this one's right neighbour.
        if at + 2 < old.len() && (old[at + 2] != left || old.get(at + 3) != Some(&right)) {
            tables.change((right, old[at + 2]), index, -1);
        }
        at += 2;
    }
}

fn count_again(tables: &mut Tables, new: &[u32], result: u32, index: usize) {
    for at in (0..new.len()).filter(|&at| new[at] == result) {
        if at > 0 {
            tables.change((new[at - 1], result), index, 1);
        }
        if new.get(at + 1).is_some_and(|&after| after != result) {
            tables.change((result, new[at + 1]), index, 1);
        }
    }
}

const _: () = assert!(END == 0, "words hold no end mark: codes begin at 1");
