//! Predicts from Markov chains of a fixed order.
//!
//! A chain of order m gives each base a probability from the m bases before it, `(n(context, base) + 1) / (n(context) +
//! 4)`, counted in train. Where fewer bases are known, at the start of a sequence and after N, a chain of that lower
//! order answers.

use dlm_sdk::prelude::*;

use crate::{
    chain::{Context, ContextCounts},
    labels, rows,
};

/// The highest order: 65,536 contexts, of which 16,000 examples of 56 bases still see each about ten times.
const HIGHEST_ORDER: usize = 8;

/// The most counts kept at once, 256 MiB.
const MOST_CELLS: u64 = 1 << 26;

/// Markov chains of one order.
///
/// * **Continuation tasks** (the next k-mer): one chain over all of train, inputs and labels; a k-mer's probability is
///   the product along its bases, each given the bases before it, computed exactly for all 4^k k-mers.
/// * **Other class tasks**: one chain a class; the posterior is prior times likelihood. A label of a multi-label task is
///   two classes.
/// * **Regression**: unsupported.
#[derive(Debug)]
pub struct Markov {
    spec: BaselineSpec,
    order: usize,
}

impl Markov {
    /// Creates the control with an order of 1 to 8.
    ///
    /// # Errors
    ///
    /// [`Invalid`](dlm_sdk::ErrorKind::Invalid) for another order.
    pub fn new(order: usize) -> Result<Self> {
        if !(1..=HIGHEST_ORDER).contains(&order) {
            return Err(Error::invalid(format!(
                "a Markov order of {order} is not from 1 to {HIGHEST_ORDER}"
            ))
            .with_hint("write markov:3, or ngram:12 for longer contexts"));
        }
        Ok(Self { spec: BaselineSpec::new(format!("markov:{order}"), Control::Local), order })
    }
}

register! {
    baseline "markov", "Markov chains of order 1 to 8 (markov:3)",
    create: |config, _| Markov::new(order(config.positional(), 3)?)
}

/// Parses the order after an id.
pub(crate) fn order(text: Option<&str>, default: usize) -> Result<usize> {
    let Some(text) = text else { return Ok(default) };
    text.parse().map_err(|source| Error::invalid(format!("order {text:?} is no number")).with_source(source))
}

/// Returns k where a task asks for the next k-mer.
pub(crate) fn continuation(task: &TaskSpec) -> Result<Option<u32>> {
    match task.continuation {
        None => Ok(None),
        Some(k) if k > 0 && k < 16 && task.target.classes() == Some(1 << (2 * k)) => Ok(Some(k)),
        Some(k) => Err(Error::invalid(format!(
            "task {}: {} classes are not the k-mers of k = {k}",
            task.name,
            task.target.outputs()
        ))),
    }
}

/// Returns the bases of a class that is a k-mer.
pub(crate) fn continued(bases: &[u8], class: u32, k: u32) -> impl Iterator<Item = u8> {
    let label = (0..k).rev().map(move |digit| dlm_sdk::dna::BASES[(class >> (2 * digit) & 3) as usize]);
    bases.iter().copied().chain(label)
}

impl Baseline for Markov {
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
        if let Some(k) = continuation(task)? {
            let classes = labels::classes(train, task.target.outputs())?;
            let mut counts = ContextCounts::new(self.order);
            for (sequence, class) in train.items.sequences.iter().zip(classes) {
                counts.add(continued(sequence.bases(), class, k));
            }
            return Ok(Box::new(Continuation { chain: Chain::new(counts), k }));
        }
        let questions = Question::of(task, train, "a Markov chain is fitted to a class")?;
        let kinds: u64 = questions.iter().map(|question| question.priors.len() as u64).sum();
        if kinds * ContextCounts::cells(self.order) > MOST_CELLS {
            return Err(Error::unsupported(format!(
                "{kinds} chains of order {} would hold more than {MOST_CELLS} counts",
                self.order
            ))
            .with_hint("choose a lower order"));
        }
        let choices = questions
            .into_iter()
            .map(|question| {
                let mut counts = vec![ContextCounts::new(self.order); question.priors.len()];
                for (sequence, class) in train.items.sequences.iter().zip(&question.classes) {
                    counts[*class as usize].add(sequence.bases().iter().copied());
                }
                Choice {
                    seen: question.seen(),
                    priors: question.priors,
                    chains: counts.into_iter().map(Chain::new).collect(),
                }
            })
            .collect();
        Ok(Box::new(Posterior { choices, multilabel: task.target.classes().is_none() }))
    }
}

/// A choice between classes: the task's own, or having a label or not.
pub(crate) struct Question {
    /// The class of each training example.
    pub(crate) classes: Vec<u32>,
    /// How probable each class is before a sequence is seen.
    pub(crate) priors: Vec<f64>,
}

impl Question {
    /// Returns which classes train holds.
    pub(crate) fn seen(&self) -> Vec<bool> {
        let mut seen = vec![false; self.priors.len()];
        self.classes.iter().for_each(|class| seen[*class as usize] = true);
        seen
    }

    /// Returns the choices a task asks for: one, or one a label.
    pub(crate) fn of(task: &TaskSpec, train: Examples<'_>, why: &str) -> Result<Vec<Self>> {
        let new = |classes: Vec<u32>, n| Self { priors: labels::priors(&classes, n), classes };
        match task.target {
            Target::Regression(_) => {
                Err(Error::unsupported(format!("{why}, and a regression task has no classes")))
            }
            Target::Multilabel(n) => {
                (0..n).map(|label| labels::has_label(train, label).map(|classes| new(classes, 2))).collect()
            }
            target => {
                let n = target.outputs();
                Ok(vec![new(labels::classes(train, n)?, n)])
            }
        }
    }
}

/// Probabilities of the next base after each context of 0 to m bases.
struct Chain(Vec<Vec<f64>>);

impl Chain {
    fn new(mut counts: ContextCounts) -> Self {
        counts.pass_down();
        let share = |row: &[u32]| -> [f64; 4] {
            let total = row.iter().map(|count| f64::from(*count)).sum::<f64>() + 4.0;
            std::array::from_fn(|base| (f64::from(row[base]) + 1.0) / total)
        };
        Self(counts.tables().iter().map(|table| table.chunks_exact(4).flat_map(share).collect()).collect())
    }

    fn order(&self) -> usize {
        self.0.len() - 1
    }

    fn log_likelihood(&self, bases: &[u8]) -> f64 {
        let mut context = Context::default();
        let mut sum = 0.0;
        for base in bases {
            let before = context;
            if let Some(code) = context.read(*base) {
                let length = before.length().min(self.order());
                sum += self.0[length][before.suffix(length) as usize * 4 + code].ln();
            }
        }
        sum
    }

    /// Writes the probability of each k-mer after a context, as a tree: every prefix's probability is shared among
    /// the four prefixes that are one base longer.
    fn continuations(&self, context: Context, k: u32, row: &mut [f64]) {
        row[0] = 1.0;
        for depth in 0..k {
            let length = (context.length() + depth as usize).min(self.order());
            let mask = (1 << (2 * length)) - 1;
            let start = context.suffix(length) << (2 * depth);
            // From the last prefix down, so that none is overwritten before it was read.
            for prefix in (0..1_u64 << (2 * depth)).rev() {
                let probability = row[prefix as usize];
                let suffix = ((start | prefix) & mask) as usize * 4;
                let next = &self.0[length][suffix..suffix + 4];
                let place = prefix as usize * 4;
                row[place..place + 4].iter_mut().zip(next).for_each(|(cell, p)| *cell = probability * p);
            }
        }
    }
}

struct Continuation {
    chain: Chain,
    k: u32,
}

impl Predictor for Continuation {
    fn predict(&mut self, items: Items<'_>, scores: ArrayViewMut2<'_, f32>) -> Result<()> {
        rows::fill(items, scores, 1 << (2 * self.k), |bases, row| {
            self.chain.continuations(Context::at_end_of(bases), self.k, row);
        })
    }

    fn facts(&self) -> Vec<Fact> {
        vec![
            Fact::new("order", self.chain.order()),
            Fact::new("form", "one chain over inputs and labels, chained over the k-mer"),
            Fact::new("smoothing", "one added to each count"),
        ]
    }

    fn parameters(&self) -> Option<u64> {
        Some(3 << (2 * self.chain.order()))
    }
}

struct Choice {
    priors: Vec<f64>,
    seen: Vec<bool>,
    chains: Vec<Chain>,
}

impl Choice {
    fn posterior(&self, bases: &[u8]) -> Vec<f64> {
        let mut scores: Vec<f64> = self.chains.iter().map(|chain| chain.log_likelihood(bases)).collect();
        labels::posterior(&self.priors, &self.seen, &mut scores);
        scores
    }
}

struct Posterior {
    choices: Vec<Choice>,
    multilabel: bool,
}

impl Predictor for Posterior {
    fn predict(&mut self, items: Items<'_>, scores: ArrayViewMut2<'_, f32>) -> Result<()> {
        let outputs = if self.multilabel { self.choices.len() } else { self.choices[0].priors.len() };
        rows::fill(items, scores, outputs, |bases, row| {
            if self.multilabel {
                row.iter_mut()
                    .zip(&self.choices)
                    .for_each(|(cell, choice)| *cell = choice.posterior(bases)[1]);
            } else {
                row.copy_from_slice(&self.choices[0].posterior(bases));
            }
        })
    }

    fn facts(&self) -> Vec<Fact> {
        vec![
            Fact::new("order", self.choices[0].chains[0].order()),
            Fact::new("form", "one chain a class, weighed with the class's share of train"),
            Fact::new("smoothing", "one added to each count"),
        ]
    }

    fn parameters(&self) -> Option<u64> {
        let chains = self.choices.iter().flat_map(|choice| &choice.chains);
        Some(chains.map(|chain| 3 << (2 * chain.order())).sum())
    }
}
