//! What the models had to learn from, and how long it took.

use std::collections::BTreeMap;

use dlm_sdk::Result;
use serde::Serialize;

use super::{Vocabulary, models::Trained};
use crate::analyze::{Findings, Subject, Table};

/// Models of one seed that saw bases in another proportion than this are named.
const ALIKE: f64 = 1.02;

/// A training.
#[derive(Serialize)]
struct Row<'a> {
    vocabulary: &'a str,
    seed: u64,
    steps: u64,
    windows: u64,
    tokens: u64,
    bases: u64,
    seconds: f64,
    loss_falls: bool,
}

/// Says what each model saw: the budget, and whether it was the same for all.
///
/// # Errors
///
/// The data cannot be written.
pub(super) fn tell(
    findings: &mut Findings,
    subject: &Subject<'_>,
    vocabularies: &[Vocabulary],
    models: &[Trained],
) -> Result<()> {
    let row = |model: &Trained| {
        let record = &model.record;
        Row {
            vocabulary: &vocabularies[model.vocabulary].name,
            seed: model.seed,
            steps: record.steps,
            windows: record.windows,
            tokens: record.tokens,
            bases: record.bases,
            seconds: record.seconds,
            loss_falls: record.loss_falls,
        }
    };
    let rows: Vec<Row<'_>> = models.iter().map(row).collect();
    let least = rows.iter().map(|row| row.bases).min().unwrap_or(0);
    let most = rows.iter().map(|row| row.bases).max().unwrap_or(0);
    let seconds: f64 = rows.iter().map(|row| row.seconds).sum();
    let million = |bases: u64| format!("{:.2} Mb", bases as f64 / 1e6);
    findings.fact("models trained", rows.len());
    let seen = if least == most { million(most) } else { format!("{} to {}", million(least), million(most)) };
    findings.fact("bases seen by a model", seen);
    findings.fact("time of all trainings", format!("{:.1} min", seconds / 60.0));
    if let Some((seed, least, most)) = unlike(&rows) {
        findings.warnings.push(format!(
            "Models of seed {seed} did not see the same bases: {} to {}; windows were cut at what a model takes, or the genome has too few",
            million(least),
            million(most)
        ));
    }
    let falling = rows.iter().filter(|row| row.loss_falls).count();
    if falling > 0 {
        findings.warnings.push(format!(
            "The loss of {falling} of {} models was still falling at the end: vocabularies are compared at this budget, not \
             at what they reach in the end",
            rows.len()
        ));
    }
    let mut table = Table::new(
        "The models",
        "The same shape and the same number of steps; windows of the same bases.",
        &["vocabulary", "seed", "steps", "tokens seen", "bases seen", "minutes", "loss still falling"],
    );
    for row in &rows {
        table.row([
            row.vocabulary.to_owned(),
            row.seed.to_string(),
            row.steps.to_string(),
            row.tokens.to_string(),
            row.bases.to_string(),
            format!("{:.1}", row.seconds / 60.0),
            if row.loss_falls { "yes" } else { "" }.to_owned(),
        ]);
    }
    findings.tables.push(table);
    subject.write_csv("models.csv", "what each model saw and how long its training took", &rows)
}

/// Returns a seed whose models saw other amounts of bases, with the least and the most; seeds draw windows of their own.
fn unlike(rows: &[Row<'_>]) -> Option<(u64, u64, u64)> {
    let mut seen = BTreeMap::<u64, (u64, u64)>::new();
    for row in rows {
        let (least, most) = seen.entry(row.seed).or_insert((row.bases, row.bases));
        *least = row.bases.min(*least);
        *most = row.bases.max(*most);
    }
    seen.into_iter()
        .find(|(_, (least, most))| *most as f64 > ALIKE * *least as f64)
        .map(|(seed, (least, most))| (seed, least, most))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bases_are_compared_within_a_seed() {
        let row = |seed, bases| Row {
            vocabulary: "bpe-100",
            seed,
            steps: 3,
            windows: 9,
            tokens: 90,
            bases,
            seconds: 1.0,
            loss_falls: true,
        };
        assert_eq!(unlike(&[row(0, 6_955), row(1, 7_251), row(0, 6_955), row(1, 7_251)]), None);
        assert_eq!(unlike(&[row(0, 6_955), row(1, 7_251), row(1, 6_955)]), Some((1, 6_955, 7_251)));
        assert_eq!(unlike(&[]), None);
    }
}
