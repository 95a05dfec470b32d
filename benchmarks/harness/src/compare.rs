//! `dlm compare`: two methods, item by item.
//!
//! On every task that both have finished, under the same protocol and on the same examples, the difference of the
//! primary metric is resampled by leakage group, and the exact test of McNemar counts the items that only one of the two
//! has right. P-values are corrected over the tasks by Holm.

use std::{collections::BTreeSet, fmt::Write as _, path::PathBuf};

use clap::Args;
use dlm_sdk::{Error, Result, spec::nearest};
use serde::Serialize;

use crate::{
    context::{Context, Outcome},
    results::{Document, Interval, Protocol, Store, Summary, Truth},
    statistics::{Difference, holm, mcnemar, paired},
};

/// The arguments of `dlm compare`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:\n  dlm compare results --a ngram:12 --b tfidf:kmer:6\n  \
                        dlm compare results --a markov:3 --b majority --json")]
pub struct CompareArgs {
    /// Folder that bench run wrote to
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// One model or baseline, as it was given to bench run
    #[arg(long, value_name = "METHOD")]
    a: String,
    /// The other
    #[arg(long, value_name = "METHOD")]
    b: String,
}

/// Two methods on one task.
#[derive(Clone, Debug, Serialize)]
pub struct Comparison {
    /// The task.
    pub task: String,
    /// How its splits were made.
    pub split: String,
    /// The protocol of both.
    pub protocol: Protocol,
    /// The metric that is compared.
    pub primary: String,
    /// The first method's score, mean over seeds.
    pub a: f64,
    /// The second method's score, mean over seeds.
    pub b: f64,
    /// The first minus the second; positive is better for the first, whichever way the metric points.
    pub difference: f64,
    /// Its interval, paired over test items by group.
    pub interval: Option<Interval>,
    /// The p-value of the paired bootstrap.
    pub p_value: Option<f64>,
    /// The same, corrected over tasks by Holm.
    pub p_holm: Option<f64>,
    /// The least true difference that this test set finds in four of five cases.
    pub detectable: Option<f64>,
    /// The exact test of McNemar on the first common seed; `None` for labels and values.
    pub mcnemar: Option<McNemarRow>,
}

/// The exact test of McNemar on one task. It takes items for independent.
#[derive(Clone, Debug, Serialize)]
pub struct McNemarRow {
    /// How many items only the first method has right.
    pub only_a: u64,
    /// How many items only the second method has right.
    pub only_b: u64,
    /// The two-sided p-value.
    pub p_value: f64,
    /// The same, corrected over tasks by Holm.
    pub p_holm: f64,
    /// How many items share a group with another: where there are any, the p-value is too small.
    pub grouped: bool,
}

#[derive(Serialize)]
struct CompareDocument<'a> {
    a: &'a str,
    b: &'a str,
    comparisons: &'a [Comparison],
}

impl CompareArgs {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// A method is not known, or the two have nothing in common that may be compared.
    pub fn run(self, context: &Context) -> Result<Outcome> {
        let store = Store::open(&self.folder)?;
        let comparisons = compare(&store, &store.document()?, &self.a, &self.b)?;
        let document = CompareDocument { a: &self.a, b: &self.b, comparisons: &comparisons };
        context.print(&document, || text(&document))?;
        Ok(Outcome::Done)
    }
}

/// Compares two methods on every task that both have finished.
///
/// # Errors
///
/// A method is not known, or the two have no task in common with one protocol and the same examples.
pub fn compare(store: &Store, document: &Document, a: &str, b: &str) -> Result<Vec<Comparison>> {
    let of = |method: &str| -> Result<Vec<&Summary>> {
        let rows: Vec<&Summary> = document.summary.iter().filter(|row| row.model == method).collect();
        if rows.is_empty() {
            let known: BTreeSet<&str> = document.summary.iter().map(|row| row.model.as_str()).collect();
            let error = Error::invalid(format!("{}: has no results of {method:?}", store.folder().display()));
            return Err(match nearest(method, known.iter().copied()) {
                Some(near) => error.with_hint(format!("did you mean {near:?}?")),
                None => error.with_hint(format!("it has {}", Vec::from_iter(known).join(", "))),
            });
        }
        Ok(rows)
    };
    let (rows_a, rows_b) = (of(a)?, of(b)?);
    let mut comparisons = Vec::new();
    let mut reasons = Vec::new();
    for row_a in &rows_a {
        for row_b in rows_b.iter().filter(|row| (&row.task, &row.split) == (&row_a.task, &row_a.split)) {
            if let Some(reason) = apart(row_a, row_b) {
                reasons.push(format!("{} ({}): {reason}", row_a.task, row_a.split));
                continue;
            }
            comparisons.extend(one(store, row_a, row_b)?);
        }
    }
    if comparisons.is_empty() {
        let error = Error::invalid(format!("{a} and {b} have no task in common that both have finished"));
        return Err(if reasons.is_empty() { error } else { error.with_hint(reasons.join("; ")) });
    }
    correct(&mut comparisons);
    Ok(comparisons)
}

/// Returns why two rows must not be compared.
fn apart(a: &Summary, b: &Summary) -> Option<String> {
    if a.protocol != b.protocol {
        return Some(format!("protocols {} and {} are not compared", a.protocol, b.protocol));
    }
    if a.data != b.data || a.limit != b.limit {
        return Some("the two saw different examples".to_owned());
    }
    let unfinished = [a, b].into_iter().find(|row| row.score.is_none())?;
    Some(format!("{} has no score", unfinished.model))
}

fn one(store: &Store, a: &Summary, b: &Summary) -> Result<Option<Comparison>> {
    let (Some(score_a), Some(score_b)) = (a.score, b.score) else { return Ok(None) };
    let sign = if a.higher_is_better { 1.0 } else { -1.0 };
    let what = a.over_items.as_ref().map_or("test items", |interval| {
        let inner = interval.method.strip_prefix("bootstrap over ").unwrap_or(&interval.method);
        inner.split(',').next().unwrap_or(inner)
    });
    let difference: Option<Difference> =
        paired(&mean_resamples(store, a, sign)?, &mean_resamples(store, b, sign)?, what);
    Ok(Some(Comparison {
        task: a.task.clone(),
        split: a.split.clone(),
        protocol: a.protocol,
        primary: a.primary.clone(),
        a: score_a,
        b: score_b,
        difference: sign * (score_a - score_b),
        p_value: difference.as_ref().map(|difference| difference.p_value),
        p_holm: None,
        detectable: difference.as_ref().map(|difference| difference.detectable),
        interval: difference.map(|difference| difference.interval),
        mcnemar: count(store, a, b)?,
    }))
}

fn mean_resamples(store: &Store, row: &Summary, sign: f64) -> Result<Vec<f64>> {
    let mut sums: Vec<f64> = Vec::new();
    for key in &row.cells {
        let values = store.resamples(key)?;
        sums.resize(values.len(), 0.0);
        sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += sign * value / row.cells.len() as f64);
    }
    Ok(sums)
}

fn count(store: &Store, a: &Summary, b: &Summary) -> Result<Option<McNemarRow>> {
    let (Some(key_a), Some(key_b)) = (a.cells.first(), b.cells.first()) else { return Ok(None) };
    let (items_a, items_b) = (store.predictions(key_a)?, store.predictions(key_b)?);
    if !items_a.iter().map(|item| item.id).eq(items_b.iter().map(|item| item.id)) {
        return Err(Error::invalid(format!("{}: the two answered different items", a.task)));
    }
    if items_a.iter().any(|item| matches!(item.target, Truth::Values(_))) {
        return Ok(None);
    }
    let right = |item: &crate::results::Prediction| item.target == item.prediction;
    let test = mcnemar(items_a.iter().zip(&items_b).map(|(a, b)| (right(a), right(b))));
    let groups: BTreeSet<u64> = items_a.iter().map(|item| item.group).collect();
    Ok(Some(McNemarRow {
        only_a: test.only_a,
        only_b: test.only_b,
        p_value: test.p_value,
        p_holm: test.p_value,
        grouped: groups.len() < items_a.len(),
    }))
}

fn correct(comparisons: &mut [Comparison]) {
    let p_values: Vec<f64> = comparisons.iter().filter_map(|comparison| comparison.p_value).collect();
    let mut corrected = holm(&p_values).into_iter();
    for comparison in comparisons.iter_mut().filter(|comparison| comparison.p_value.is_some()) {
        comparison.p_holm = corrected.next();
    }
    let mut tests: Vec<&mut McNemarRow> =
        comparisons.iter_mut().filter_map(|comparison| comparison.mcnemar.as_mut()).collect();
    let p_values: Vec<f64> = tests.iter().map(|test| test.p_value).collect();
    for (test, corrected) in tests.iter_mut().zip(holm(&p_values)) {
        test.p_holm = corrected;
    }
}

fn text(document: &CompareDocument<'_>) -> String {
    let mut text = format!("{} minus {}\n", document.a, document.b);
    for comparison in document.comparisons {
        let _ = write!(
            text,
            "{}, {} split: {} {:.4} - {:.4} = {:+.4}",
            comparison.task,
            comparison.split,
            comparison.primary,
            comparison.a,
            comparison.b,
            comparison.difference
        );
        if let Some(interval) = &comparison.interval {
            let _ = write!(text, " [{:+.4}, {:+.4}], {}", interval.low, interval.high, interval.method);
        }
        text.push('\n');
        if let (Some(p_value), Some(p_holm), Some(detectable)) =
            (comparison.p_value, comparison.p_holm, comparison.detectable)
        {
            let _ = writeln!(
                text,
                "  p {p_value:.4}, over all tasks (Holm) {p_holm:.4}; a true difference of {detectable:.4} would be found in 4 of 5 cases"
            );
        }
        if let Some(test) = &comparison.mcnemar {
            let _ = writeln!(
                text,
                "  McNemar: only {} right {}, only {} right {}, p {:.4}, over all tasks {:.4}{}",
                document.a,
                test.only_a,
                document.b,
                test.only_b,
                test.p_value,
                test.p_holm,
                if test.grouped { " (items share groups: take the bootstrap's)" } else { "" }
            );
        }
    }
    text
}
