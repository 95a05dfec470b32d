//! Neighbours agree with gensim's as well as gensim's agree with each other; `tests/oracles/word2vec` made the file.

use dlm_plugin_word2vec::{Options, train};
use serde::Deserialize;

const TOKENS: u64 = 100;
const FIRST: u32 = 5;

#[derive(Deserialize)]
struct Golden {
    sum: u64,
    last: Vec<u32>,
    /// The ten nearest tokens of each token, for two seeds.
    seeds: [Vec<Vec<u32>>; 2],
}

/// Walks on a ring, drawn as the oracle draws them.
fn corpus() -> Vec<Vec<u32>> {
    let mut state = 7_u64;
    let mut below = |bound: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 33) * bound) >> 31
    };
    let mut rows = Vec::new();
    for _ in 0..4_000 {
        let mut place = below(TOKENS);
        let mut row = Vec::new();
        for _ in 0..30 {
            row.push(FIRST + place as u32);
            place = (place + below(7) + TOKENS - 3) % TOKENS;
        }
        rows.push(row);
    }
    rows
}

/// The share of neighbours that two lists have in common, over all tokens.
fn overlap(a: &[Vec<u32>], b: &[Vec<u32>]) -> f64 {
    let common = |(a, b): (&Vec<u32>, &Vec<u32>)| a.iter().filter(|token| b.contains(token)).count() as f64;
    a.iter().zip(b).map(common).sum::<f64>() / a.iter().map(Vec::len).sum::<usize>() as f64
}

#[test]
fn neighbours_are_those_of_gensim() {
    let golden: Golden = serde_json::from_str(include_str!("golden/neighbours.json")).unwrap();
    let rows = corpus();
    assert_eq!(rows.iter().flatten().map(|id| u64::from(*id)).sum::<u64>(), golden.sum);
    assert!(rows.last().unwrap().ends_with(&golden.last));
    let options = Options { dimensions: 64, ..Options::default() };
    let vectors = train(&rows, FIRST as usize + TOKENS as usize, &options, &mut |_| Ok(())).unwrap();
    let own: Vec<Vec<u32>> = (FIRST..FIRST + TOKENS as u32)
        .map(|id| vectors.nearest(id, 10).into_iter().map(|(id, _)| id).collect())
        .collect();
    let among_themselves = overlap(&golden.seeds[0], &golden.seeds[1]);
    let with_ours = overlap(&own, &golden.seeds[0]).min(overlap(&own, &golden.seeds[1]));
    assert!(
        with_ours > among_themselves - 0.02,
        "{with_ours} with gensim, gensim with itself {among_themselves}"
    );
    assert!(among_themselves > 0.5, "{among_themselves}");
}
