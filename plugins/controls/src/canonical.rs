//! Tells what a tokenizer wrote from what was put together out of its tokens.
//!
//! A byte-pair tokenizer cuts a sequence in one way only. Where a task fixes token boundaries, a sequence whose boundaries
//! are not the ones the tokenizer would choose was made by shuffling tokens. Cutting it afresh and comparing shows that,
//! with no model and nothing learned about DNA.
//!
//! Tokens that stood side by side in a longer sequence are cut again as they were, at the ends too: no merge crosses a
//! boundary that is left at the end, so that what lies outside changes neither the pairs inside nor their order. Ends need
//! leaving out (`edge`) only where a window was cut through the middle of tokens.

use std::{collections::BTreeSet, sync::Arc};

use dlm_sdk::prelude::*;

use crate::{labels, rows};

/// The default of the bases at each end of a sequence whose boundaries are not compared: none.
const EDGE: &str = "0";

/// Whether a sequence's token boundaries are the ones a tokenizer gives it, boundaries near the ends left out.
///
/// The rule is fixed; train says only how often each class keeps to it, with half an example added to each class. A task
/// that fixes no boundaries has nothing to compare and is unsupported.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
///
/// use dlm_plugin_controls::Canonical;
/// use dlm_sdk::prelude::*;
///
/// # struct Pairs(TokenizerSpec);
/// # impl Tokenizer for Pairs {
/// #     fn spec(&self) -> &TokenizerSpec { &self.0 }
/// #     fn tokenize(&self, sequences: &[Sequence<'_>], sink: &mut dyn TokenSink) -> Result<()> {
/// #         for sequence in sequences {
/// #             let n = sequence.bases().len() as u32;
/// #             let spans: Vec<_> = (0..n).step_by(2).map(|start| Span { start, end: (start + 2).min(n) }).collect();
/// #             let _ = sink.emit(&vec![0; spans.len()], &spans);
/// #         }
/// #         Ok(())
/// #     }
/// #     fn token(&self, _id: TokenId) -> Option<&str> { None }
/// # }
/// # let pairs = Pairs(TokenizerSpec::new("pairs", 1));
/// let mut set = ExampleSet::new(1);
/// set.add_cut(0, b"ACGTAC", &[2, 4, 6], &[1.0], 0, None)?;
/// set.add_cut(1, b"ACGTAC", &[1, 4, 6], &[0.0], 1, None)?;
/// let task = TaskSpec::new("toy", Target::Binary, SplitKind::Given);
/// let view = set.view();
/// let control = Canonical::new("canonical:pairs", Arc::new(pairs), 0);
/// let mut fitted = control.fit(&task, view.examples(), None, 0)?;
/// let mut scores = ndarray::Array2::zeros((2, 2));
/// fitted.predict(view.examples().items, scores.view_mut())?;
/// assert_eq!(scores.row(0).to_vec(), [0.25, 0.75]);
/// assert_eq!(scores.row(1).to_vec(), [0.75, 0.25]);
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug)]
pub struct Canonical {
    spec: BaselineSpec,
    tokenizer: Arc<dyn Tokenizer>,
    edge: u32,
}

impl Canonical {
    /// Creates the control over a tokenizer; boundaries within `edge` bases of an end are not compared.
    pub fn new(name: impl Into<String>, tokenizer: Arc<dyn Tokenizer>, edge: u32) -> Self {
        Self { spec: BaselineSpec::new(name, Control::Artefact), tokenizer, edge }
    }
}

const OPTIONS: &[OptionSpec] = &[OptionSpec {
    key: "edge",
    default: Some(EDGE),
    help: "bases at each end whose token boundaries are not compared, for windows cut through tokens",
}];

register! {
    baseline "canonical", "whether fixed token boundaries are the ones the tokenizer would choose",
    options: OPTIONS,
    create: |config, registry| {
        let text = config.required("a tokenizer").map_err(|error| {
            error.with_hint("for instance canonical:PATH/tokenizer.json, the one the task was made with")
        })?;
        let edge = config.need("edge")?;
        let given = config.get("edge").filter(|edge| *edge != EDGE);
        let name = given.map_or(format!("canonical:{text}"), |edge| format!("canonical:{text},edge={edge}"));
        Ok(Canonical::new(name, Arc::from(registry.tokenizer(text)?), edge))
    }
}

impl Baseline for Canonical {
    fn spec(&self) -> &BaselineSpec {
        &self.spec
    }

    fn fit(
        &self,
        task: &TaskSpec,
        train: Examples<'_>,
        _validation: Option<Examples<'_>>,
        _seed: u64,
    ) -> Result<Box<dyn Predictor>> {
        if !matches!(task.target, Target::Binary | Target::Multiclass(_)) || task.continuation.is_some() {
            return Err(Error::unsupported(format!(
                "canonical tells classes, not {} targets",
                task.target.name()
            )));
        }
        let classes = task.target.outputs();
        let labels = labels::classes(train, classes)?;
        let rule = Rule { tokenizer: Arc::clone(&self.tokenizer), edge: self.edge };
        let keeps = rule.apply(train.items)?;
        let shares = [false, true].map(|wanted| {
            let own: Vec<u32> = labels
                .iter()
                .zip(&keeps)
                .filter(|(_, keeps)| **keeps == wanted)
                .map(|(label, _)| *label)
                .collect();
            labels::priors(&own, classes)
        });
        let kept = keeps.iter().filter(|keeps| **keeps).count();
        Ok(Box::new(Fitted { rule, shares, kept, train: train.len() }))
    }
}

struct Rule {
    tokenizer: Arc<dyn Tokenizer>,
    edge: u32,
}

impl Rule {
    /// Returns, for each item, whether its boundaries are the tokenizer's own.
    fn apply(&self, items: Items<'_>) -> Result<Vec<bool>> {
        let Some(cuts) = items.cuts else {
            return Err(Error::unsupported(
                "the task fixes no token boundaries, so that there is nothing to compare",
            )
            .with_hint("of prom300 this is form=paper"));
        };
        let batch = self.tokenizer.batch(items.sequences)?;
        let inner = |ends: &mut dyn Iterator<Item = u32>, length: usize| -> BTreeSet<u32> {
            let last = (length as u32).saturating_sub(self.edge);
            ends.filter(|&end| end >= self.edge && end <= last && end < length as u32).collect()
        };
        Ok(batch
            .rows()
            .zip(cuts)
            .zip(items.sequences)
            .map(|((row, cuts), sequence)| {
                let length = sequence.bases().len();
                let own = inner(&mut row.spans.iter().map(|span| span.end), length);
                own == inner(&mut cuts.iter().copied(), length)
            })
            .collect())
    }
}

struct Fitted {
    rule: Rule,
    shares: [Vec<f64>; 2],
    kept: usize,
    train: usize,
}

impl Predictor for Fitted {
    fn predict(&mut self, items: Items<'_>, scores: ArrayViewMut2<'_, f32>) -> Result<()> {
        let keeps = self.rule.apply(items)?;
        let mut scores = rows::check(items, scores, self.shares[0].len())?;
        for (mut row, keeps) in scores.outer_iter_mut().zip(keeps) {
            let shares = &self.shares[usize::from(keeps)];
            row.iter_mut().zip(shares).for_each(|(score, share)| *score = *share as f32);
        }
        Ok(())
    }

    fn facts(&self) -> Vec<Fact> {
        vec![
            Fact::new("tokenizer", &self.rule.tokenizer.spec().name),
            Fact::new("canonical in train", format!("{} of {}", self.kept, self.train)),
        ]
    }
}
