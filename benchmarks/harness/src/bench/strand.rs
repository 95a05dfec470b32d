//! What a method answers to the other strand of the same items.
//!
//! Double-stranded DNA has no preferred strand: where the answer does not depend on it, a method that changes its mind
//! under reverse complement has learnt an accident of how the data were written down.

use dlm_sdk::{ExampleSet, Examples, Predictor, Result, TaskSpec, dna};

use super::{
    data::Columns,
    execute::named,
    scoring::{self, Scored},
};
use crate::{context::Cancellation, results::StrandResult};

/// Answers the items' reverse complements too and sets the two answers side by side. `None` where the other strand asks
/// another question (continuations), where token boundaries are fixed, or where scores of many classes are not kept.
pub(super) fn both(
    predictor: &mut dyn Predictor,
    task: &TaskSpec,
    examples: Examples<'_>,
    forward: &Scored,
    cancellation: &Cancellation,
) -> Result<Option<StrandResult>> {
    if task.continuation.is_some() || examples.items.cuts.is_some() || !forward.has_all_scores() {
        return Ok(None);
    }
    let mut turned = ExampleSet::new(task.target.width());
    for (index, sequence) in examples.items.sequences.iter().enumerate() {
        let bases = dna::reverse_complement(sequence.bases());
        let target = examples.targets.row(index).to_vec();
        turned.add(examples.items.ids[index], &bases, &target, examples.items.groups[index])?;
    }
    let view = turned.view();
    let backward = scoring::score(predictor, task, view.examples(), false, cancellation)?;
    let (flips, change) = forward.differences(&backward);
    // Where the answer depends on the strand, a mean over strands answers nothing.
    let averaged = (!task.strand_specific).then(|| named(forward.averaged(&backward).metrics(task)));
    let items = examples.len() as f64;
    Ok(Some(StrandResult {
        flip_rate: (forward.columns() != Columns::Values).then(|| flips as f64 / items),
        mean_change: change,
        averaged: averaged.unwrap_or_default(),
    }))
}
