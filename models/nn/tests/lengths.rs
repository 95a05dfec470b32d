//! What a row's length costs: HyenaDNA's memory grows with it, not with its square.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use dlm_graph::{Graph, Var};
use dlm_nn::{
    dnabert2::DnaBert2,
    hyenadna::HyenaDna,
    network::{Builder, Family, Size},
};

/// Returns how many numbers are alive at once, at most, while the forward pass of one row runs node by node: each value
/// lives from the node that makes it to the last that reads it. Weights do not count.
fn peak(family: Family, build: Builder, tokens: usize) -> usize {
    let size = Size { vocab_size: 16, hidden: 32, layers: 2, heads: 4, max_tokens: 1 << 18 };
    let graph = build(&family.config(size), None).unwrap().forward().unwrap();
    let graph = graph.bind(&[("batch", 1), ("tokens", tokens)]).unwrap();
    alive(&graph)
}

fn alive(graph: &Graph) -> usize {
    let mut last: BTreeMap<Var, usize> = BTreeMap::new();
    for (place, node) in graph.nodes().iter().enumerate() {
        last.extend(node.inputs().iter().chain(node.outputs()).flatten().map(|&var| (var, place)));
    }
    for &output in graph.outputs() {
        last.insert(output, usize::MAX);
    }
    let elements = |var: Var| graph.dims(var).unwrap().iter().product::<usize>();
    let (mut now, mut most) = (0, 0);
    for (place, node) in graph.nodes().iter().enumerate() {
        now += node.outputs().iter().flatten().map(|&var| elements(var)).sum::<usize>();
        most = most.max(now);
        let mut seen: Vec<Var> = node.inputs().iter().chain(node.outputs()).flatten().copied().collect();
        seen.sort_unstable();
        seen.dedup();
        for var in seen {
            if last[&var] == place && graph.producer(var).is_some() {
                now -= elements(var);
            }
        }
    }
    most
}

#[test]
fn memory_of_a_long_row_grows_with_its_length() {
    let growth =
        |family, build: Builder| peak(family, build, 16_384) as f64 / peak(family, build, 4_096) as f64;
    let hyena = growth(Family::HyenaDna, HyenaDna::build);
    assert!((3.8..4.2).contains(&hyena), "four times the length takes {hyena:.2} times the memory");
    // Dense attention shows that a square would be seen.
    let attention = growth(Family::DnaBert2, DnaBert2::build);
    assert!(attention > 12.0, "{attention:.2}");
}
