//! Every rule of differentiation against central finite differences, in the reference interpreter.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod arithmetic;
mod check;
mod functions;
mod indices;
mod layout;
mod linear;
mod planted;
mod reductions;
mod structure;
mod window;

use std::collections::BTreeSet;

use dlm_graph::Graph;

/// A rule without a test is found here: the lists below are what the other tests check.
#[test]
fn every_rule_is_checked() {
    let mut checked = BTreeSet::new();
    for cases in [
        arithmetic::cases(),
        functions::cases(),
        indices::cases(),
        layout::cases(),
        linear::cases(),
        reductions::cases(),
        window::cases(),
    ] {
        checked.extend(cases.iter().flat_map(check::Case::operators));
    }
    let missing: Vec<_> = Graph::rules().filter(|rule| !checked.contains(*rule)).collect();
    assert!(missing.is_empty(), "no case for {missing:?}");
}
