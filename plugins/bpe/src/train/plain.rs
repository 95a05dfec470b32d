//! Training as plainly as it can be written: the twin that the fast trainer is tested against.

use dlm_sdk::{Result, dna};
use rustc_hash::FxHashMap;

use super::work::Work;

/// Learns by counting all pairs anew for each merge.
pub(super) fn train(sequences: &[&[u8]], work: &mut Work<'_, '_>) -> Result<()> {
    let runs = sequences.iter().flat_map(|sequence| sequence.split(|&base| dna::code(base).is_none()));
    let mut words: Vec<Vec<u32>> = runs
        .map(|run| run.iter().filter_map(|&base| dna::code(base)).map(|code| 1 + u32::from(code)).collect())
        .collect();
    loop {
        let mut counts: FxHashMap<(u32, u32), u64> = FxHashMap::default();
        for pair in words.iter().flat_map(|word| word.windows(2)) {
            *counts.entry((pair[0], pair[1])).or_default() += 1;
        }
        let mut counts: Vec<_> = counts.into_iter().collect();
        counts.sort_unstable_by(|a, b| a.1.cmp(&b.1).then_with(|| work.inventory.compare(a.0, b.0)));
        let (pair, count) = counts.pop().unwrap_or_default();
        let Some(result) = work.next(pair, count)? else { return Ok(()) };
        for word in &mut words {
            *word = replace(word, pair, result);
        }
    }
}

/// Replaces a pair, leftmost first.
fn replace(word: &[u32], pair: (u32, u32), result: u32) -> Vec<u32> {
    let mut replaced = Vec::with_capacity(word.len());
    let mut at = 0;
    while at < word.len() {
        let joins = word[at] == pair.0 && word.get(at + 1) == Some(&pair.1);
        replaced.push(if joins { result } else { word[at] });
        at += 1 + usize::from(joins);
    }
    replaced
}
