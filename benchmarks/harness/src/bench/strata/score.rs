//! The saved answers of a method, scored on some of the items.

use dlm_sdk::{Examples, Result, TaskSpec, metrics::Metric};

use super::super::scoring::Scored;
use crate::{
    results::{Store, StratumScore, Summary},
    statistics::{Resampling, over_items},
};

/// The answers of a method to a test split, of all its seeds.
pub(super) struct Answers<'s> {
    row: &'s Summary,
    seeds: Vec<Scored>,
}

impl<'s> Answers<'s> {
    /// Reads the predictions of all finished seeds.
    pub(super) fn read(store: &Store, row: &'s Summary, spec: &TaskSpec, test: Examples<'_>) -> Result<Self> {
        let read = |key: &String| -> Result<Scored> {
            Scored::restored(spec, test, &store.predictions(key)?)
                .map_err(|error| error.within(format!("{}", store.cell_folder(key).display())))
        };
        Ok(Self { row, seeds: row.cells.iter().map(read).collect::<Result<_>>()? })
    }

    /// Scores some items; `groups` holds the leakage group of each.
    pub(super) fn score(
        &self,
        spec: &TaskSpec,
        metric: Metric,
        items: &[usize],
        groups: &[u64],
    ) -> StratumScore {
        // A correlation with something constant is no zero: 0 would read as chance.
        let defined = metric != Metric::Mcc || self.seeds.iter().all(|seed| seed.target_varies(items));
        let of = |items: &[usize]| -> Option<f64> {
            let scores: Option<Vec<f64>> =
                self.seeds.iter().map(|seed| seed.metric_of(spec, metric, items)).collect();
            scores.map(|scores| scores.iter().sum::<f64>() / scores.len() as f64)
        };
        let score = if defined { of(items) } else { None };
        let interval = score.and_then(|_| {
            let resampling = Resampling::new(groups);
            let values = resampling.map(|drawn| {
                let drawn: Vec<usize> = drawn.iter().map(|&place| items[place]).collect();
                of(&drawn)
            });
            over_items(&values, resampling.groups(), items.len())
        });
        StratumScore {
            model: self.row.model.clone(),
            mode: self.row.mode,
            protocol: self.row.protocol,
            score,
            reason: match score {
                Some(_) => None,
                None if !defined => Some("not defined: one class only".to_owned()),
                None => Some("not defined".to_owned()),
            },
            interval,
        }
    }
}
