//! `dlm compare`: two methods, item by item.
//!
//! On every task that both have finished, under the same protocol and on the same examples, the difference of the
//! primary metric is resampled by leakage group and seed, the exact test of McNemar counts the items that only one of the
//! two has right, and the test of DeLong compares areas under the ROC curve. P-values are corrected over the tasks by Holm
//! and by Benjamini and Hochberg.

use std::{collections::BTreeSet, fmt::Write as _, path::PathBuf};

use clap::Args;
use dlm_sdk::{Error, Result, spec::nearest};
use serde::Serialize;

use crate::{
    context::{Context, Outcome},
    results::{Answer, Document, Interval, Prediction, Protocol, Store, Summary, Truth},
    statistics::{Difference, benjamini_hochberg, delong, holm, mcnemar, paired, two_level},
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
    /// Its interval, paired over test items by group, with seeds resampled too.
    pub interval: Option<Interval>,
    /// The p-value of the paired bootstrap.
    pub p_value: Option<f64>,
    /// The same, corrected over tasks by Holm.
    pub p_holm: Option<f64>,
    /// The same, corrected over tasks by Benjamini and Hochberg.
    pub p_bh: Option<f64>,
    /// The least true difference that this test set finds in four of five cases.
    pub detectable: Option<f64>,
    /// The exact test of McNemar on the first common seed; `None` for labels and values.
    pub mcnemar: Option<McNemarRow>,
    /// The test of DeLong on the first common seed; `None` unless there are two classes.
    pub delong: Option<DeLongRow>,
}

/// The test of DeLong on one task. It takes items for independent.
#[derive(Clone, Debug, Serialize)]
pub struct DeLongRow {
    /// The area under the first method's ROC curve.
    pub a: f64,
    /// The area under the second method's.
    pub b: f64,
    /// The standard error of their difference.
    pub standard_error: f64,
    /// The two-sided p-value.
    pub p_value: f64,
    /// The same, corrected over tasks by Holm.
    pub p_holm: f64,
    /// The same, corrected over tasks by Benjamini and Hochberg.
    pub p_bh: f64,
    /// Whether items share groups: then the p-value is too small.
    pub grouped: bool,
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
    /// The same, corrected over tasks by Benjamini and Hochberg.
    pub p_bh: f64,
    /// Whether items share groups: then the p-value is too small.
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
    let what =
        if a.cells.len() > 1 || b.cells.len() > 1 { format!("seeds and {what}") } else { what.to_owned() };
    let difference: Option<Difference> =
        paired(&resamples(store, a, sign)?, &resamples(store, b, sign)?, &what);
    let tests = by_item(store, a, b)?;
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
        p_bh: None,
        detectable: difference.as_ref().map(|difference| difference.detectable),
        interval: difference.map(|difference| difference.interval),
        mcnemar: tests.mcnemar,
        delong: tests.delong,
    }))
}

/// Reads the primary metric in each resample of items and seeds, so that more is better.
fn resamples(store: &Store, row: &Summary, sign: f64) -> Result<Vec<f64>> {
    let per_seed = row.cells.iter().map(|key| store.resamples(key)).collect::<Result<Vec<_>>>()?;
    Ok(two_level(&per_seed).into_iter().map(|value| sign * value).collect())
}

/// The tests that count items.
#[derive(Default)]
struct ByItem {
    mcnemar: Option<McNemarRow>,
    delong: Option<DeLongRow>,
}

fn by_item(store: &Store, a: &Summary, b: &Summary) -> Result<ByItem> {
    let (Some(key_a), Some(key_b)) = (a.cells.first(), b.cells.first()) else {
        return Ok(ByItem::default());
    };
    let (items_a, items_b) = (store.predictions(key_a)?, store.predictions(key_b)?);
    if !items_a.iter().map(|item| item.id).eq(items_b.iter().map(|item| item.id)) {
        return Err(Error::invalid(format!("{}: the two answered different items", a.task)));
    }
    if items_a.iter().any(|item| matches!(item.target, Truth::Values(_))) {
        return Ok(ByItem::default());
    }
    let right = |item: &Prediction| item.target == item.prediction;
    let test = mcnemar(items_a.iter().zip(&items_b).map(|(a, b)| (right(a), right(b))));
    let groups: BTreeSet<u64> = items_a.iter().map(|item| item.group).collect();
    let grouped = groups.len() < items_a.len();
    let curves = positive_scores(&items_a).zip(positive_scores(&items_b)).and_then(|(a, b)| {
        let positive: Vec<bool> = items_a.iter().map(|item| item.target == Truth::Class(1)).collect();
        delong(&positive, &a, &b)
    });
    Ok(ByItem {
        mcnemar: Some(McNemarRow {
            only_a: test.only_a,
            only_b: test.only_b,
            p_value: test.p_value,
            p_holm: test.p_value,
            p_bh: test.p_value,
            grouped,
        }),
        delong: curves.map(|test| DeLongRow {
            a: test.a,
            b: test.b,
            standard_error: test.standard_error,
            p_value: test.p_value,
            p_holm: test.p_value,
            p_bh: test.p_value,
            grouped,
        }),
    })
}

/// Returns the probability of the second of two classes for each item.
fn positive_scores(items: &[Prediction]) -> Option<Vec<f64>> {
    items
        .iter()
        .map(|item| match &item.answer {
            Answer::Scores { scores } if scores.len() == 2 => Some(f64::from(scores[1])),
            _ => None,
        })
        .collect()
}

fn correct(comparisons: &mut [Comparison]) {
    let p_values: Vec<f64> = comparisons.iter().filter_map(|comparison| comparison.p_value).collect();
    let corrected = holm(&p_values).into_iter().zip(benjamini_hochberg(&p_values));
    let with_one = comparisons.iter_mut().filter(|comparison| comparison.p_value.is_some());
    for (comparison, (p_holm, p_bh)) in with_one.zip(corrected) {
        (comparison.p_holm, comparison.p_bh) = (Some(p_holm), Some(p_bh));
    }
    let tests: Vec<&mut McNemarRow> =
        comparisons.iter_mut().filter_map(|comparison| comparison.mcnemar.as_mut()).collect();
    correct_tests(tests.into_iter().map(|test| (test.p_value, &mut test.p_holm, &mut test.p_bh)).collect());
    let tests: Vec<&mut DeLongRow> =
        comparisons.iter_mut().filter_map(|comparison| comparison.delong.as_mut()).collect();
    correct_tests(tests.into_iter().map(|test| (test.p_value, &mut test.p_holm, &mut test.p_bh)).collect());
}

fn correct_tests(tests: Vec<(f64, &mut f64, &mut f64)>) {
    let p_values: Vec<f64> = tests.iter().map(|test| test.0).collect();
    let corrected = holm(&p_values).into_iter().zip(benjamini_hochberg(&p_values));
    for ((_, to_holm, to_bh), (p_holm, p_bh)) in tests.into_iter().zip(corrected) {
        (*to_holm, *to_bh) = (p_holm, p_bh);
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
        if let (Some(p_value), Some(p_holm), Some(p_bh), Some(detectable)) =
            (comparison.p_value, comparison.p_holm, comparison.p_bh, comparison.detectable)
        {
            let _ = writeln!(
                text,
                "  p {p_value:.4}, over all tasks {p_holm:.4} (Holm), {p_bh:.4} (Benjamini-Hochberg); a true difference \
                 of {detectable:.4} would be found in 4 of 5 cases"
            );
        }
        let caution =
            |grouped: bool| if grouped { " (items share groups: take the bootstrap's)" } else { "" };
        if let Some(test) = &comparison.mcnemar {
            let _ = writeln!(
                text,
                "  McNemar: only {} right {}, only {} right {}, p {:.4}, over all tasks {:.4}, {:.4}{}",
                document.a,
                test.only_a,
                document.b,
                test.only_b,
                test.p_value,
                test.p_holm,
                test.p_bh,
                caution(test.grouped)
            );
        }
        if let Some(test) = &comparison.delong {
            let _ = writeln!(
                text,
                "  DeLong: AUROC {:.4} - {:.4} = {:+.4}, standard error {:.4}, p {:.4}, over all tasks {:.4}, {:.4}{}",
                test.a,
                test.b,
                test.a - test.b,
                test.standard_error,
                test.p_value,
                test.p_holm,
                test.p_bh,
                caution(test.grouped)
            );
        }
    }
    text
}
