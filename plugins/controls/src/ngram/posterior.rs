//! An interpolated n-gram of bases for each class.
//!
//! `P(b | s) = (n(s, b) + t(s) P(b | s')) / (n(s) + t(s))` with `t(s)` the number of different bases after the context
//! `s` and `s'` the context one base shorter (Witten and Bell); below the empty context lies a quarter each.

use dlm_sdk::{metrics::ClassCounts, prelude::*};
use rayon::prelude::*;

use crate::{
    chain::{Context, ContextCounts},
    labels,
    markov::Question,
    rows,
};

/// The most counts kept at once, 256 MiB; the order is cut so that they suffice.
const MOST_CELLS: u64 = 1 << 26;

struct Choice {
    priors: Vec<f64>,
    seen: Vec<bool>,
    counts: Vec<ContextCounts>,
}

/// A fitted n-gram for each class of each question.
pub(super) struct Posterior {
    choices: Vec<Choice>,
    multilabel: bool,
    order: usize,
    asked: usize,
    most: usize,
    chosen_on: Option<usize>,
}

/// Counts train and chooses the order on validation.
pub(super) fn fit(
    asked: usize,
    task: &TaskSpec,
    train: Examples<'_>,
    validation: Option<Examples<'_>>,
) -> Result<Posterior> {
    let questions = Question::of(task, train, "an n-gram is fitted to a class")?;
    let kinds: u64 = questions.iter().map(|question| question.priors.len() as u64).sum();
    let fits = |order: &usize| kinds * ContextCounts::cells(*order) <= MOST_CELLS;
    let Some(most) = (1..=asked).rev().find(fits) else {
        return Err(Error::unsupported(format!(
            "the n-grams of {kinds} classes would hold more than {MOST_CELLS} counts"
        )));
    };
    let choices = questions
        .into_iter()
        .map(|question| {
            let classes: Vec<u32> = (0..question.priors.len() as u32).collect();
            let counts = classes
                .into_par_iter()
                .map(|class| {
                    let mut counts = ContextCounts::new(most);
                    let members = question.classes.iter().zip(train.items.sequences);
                    for (_, sequence) in members.filter(|(of, _)| **of == class) {
                        counts.add(sequence.bases().iter().copied());
                    }
                    counts.pass_down();
                    counts
                })
                .collect();
            Choice { seen: question.seen(), priors: question.priors, counts }
        })
        .collect();
    let multilabel = task.target.classes().is_none();
    let mut fitted = Posterior { choices, multilabel, order: most, asked, most, chosen_on: None };
    if let Some(validation) = validation {
        fitted.choose(task, validation)?;
    }
    Ok(fitted)
}

/// Adds the log-probability of a sequence under each order from 0 to the highest.
fn log_likelihoods(counts: &ContextCounts, bases: &[u8], sums: &mut [f64]) {
    let mut context = Context::default();
    for base in bases {
        let before = context;
        let Some(code) = context.read(*base) else { continue };
        let mut probability = 0.25;
        let mut seen = true;
        for (length, sum) in sums.iter_mut().enumerate() {
            // Longer contexts of one that was never seen were never seen either.
            seen = seen && length <= before.length();
            if seen {
                let row = counts.get(length, before.suffix(length));
                let total: u32 = row.iter().sum();
                seen = total > 0;
                if seen {
                    let kinds = row.iter().filter(|count| **count > 0).count() as f64;
                    probability = (f64::from(row[code]) + kinds * probability) / (f64::from(total) + kinds);
                }
            }
            *sum += probability.ln();
        }
    }
}

impl Choice {
    /// Returns the posterior of each class under each order, `[order][class]`.
    fn posteriors(&self, bases: &[u8], orders: usize) -> Vec<Vec<f64>> {
        let mut rows = vec![vec![0.0; self.priors.len()]; orders + 1];
        let mut sums = vec![0.0; orders + 1];
        for (class, counts) in self.counts.iter().enumerate() {
            sums.fill(0.0);
            log_likelihoods(counts, bases, &mut sums);
            rows.iter_mut().zip(&sums).for_each(|(row, sum)| row[class] = *sum);
        }
        for row in &mut rows {
            labels::posterior(&self.priors, &self.seen, row);
        }
        rows
    }

    /// Returns the MCC of each order from 1 on.
    fn scores(&self, targets: &[u32], validation: Examples<'_>, orders: usize) -> Vec<f64> {
        let answers: Vec<Vec<usize>> = validation
            .items
            .sequences
            .par_iter()
            .map(|sequence| {
                let rows = self.posteriors(sequence.bases(), orders);
                rows[1..].iter().map(|row| labels::first_highest(row)).collect()
            })
            .collect();
        (0..orders)
            .map(|order| {
                let pairs =
                    targets.iter().zip(&answers).map(|(target, rows)| (*target as usize, rows[order]));
                ClassCounts::count(self.priors.len(), pairs).mcc().unwrap_or(0.0)
            })
            .collect()
    }
}

impl Posterior {
    fn choose(&mut self, task: &TaskSpec, validation: Examples<'_>) -> Result<()> {
        let mut scores = vec![0.0; self.most];
        for (label, choice) in self.choices.iter().enumerate() {
            let targets = if self.multilabel {
                labels::has_label(validation, label)?
            } else {
                labels::classes(validation, task.target.outputs())?
            };
            let of_choice = choice.scores(&targets, validation, self.most);
            scores.iter_mut().zip(of_choice).for_each(|(sum, score)| *sum += score);
        }
        self.order = labels::first_highest(&scores) + 1;
        self.chosen_on = Some(validation.len());
        Ok(())
    }
}

impl Predictor for Posterior {
    fn predict(&mut self, items: Items<'_>, scores: ArrayViewMut2<'_, f32>) -> Result<()> {
        let outputs = if self.multilabel { self.choices.len() } else { self.choices[0].priors.len() };
        rows::fill(items, scores, outputs, |bases, row| {
            if self.multilabel {
                for (cell, choice) in row.iter_mut().zip(&self.choices) {
                    *cell = choice.posteriors(bases, self.order)[self.order][1];
                }
            } else {
                row.copy_from_slice(&self.choices[0].posteriors(bases, self.order)[self.order]);
            }
        })
    }

    fn facts(&self) -> Vec<Fact> {
        let chosen = match self.chosen_on {
            Some(items) => format!("1 to {} by MCC on {items} validation items", self.most),
            None => "not chosen, there is no validation".to_owned(),
        };
        let mut facts = vec![Fact::new("longest context", self.order), Fact::new("chosen from", chosen)];
        if self.most < self.asked {
            facts.push(Fact::new("limit", format!("order {} of {} fits memory", self.most, self.asked)));
        }
        facts
    }

    fn parameters(&self) -> Option<u64> {
        let classes = self.choices.iter().map(|choice| choice.counts.len() as u64).sum::<u64>();
        Some((classes * 3) << (2 * self.order))
    }
}
