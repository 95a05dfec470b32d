//! From a predictor's scores to metrics and predictions.

mod pool;

use dlm_sdk::{
    Error, Examples, Items, Predictor, Result, TaskSpec,
    metrics::{Answers, Metric, Outcome},
};
use ndarray::{Array2, ArrayView1, ArrayView2, Axis};

use super::data::{Columns, kind_of};
use crate::{
    context::Cancellation,
    results::{Answer, Prediction, Truth},
};

/// Above this many columns, only what metrics and comparisons need is kept of a row.
pub(super) const MOST_SCORES: usize = 32;
/// How many scores are in memory at a time, 16 MiB.
const CHUNK_SCORES: usize = 1 << 22;
const CHUNK_ITEMS: usize = 4096;
const TOP: usize = 5;
/// How far from one a row of probabilities may sum.
const SUM_TOLERANCE: f64 = 1e-3;

/// What became of a split's items.
#[derive(Debug)]
pub(super) struct Scored {
    columns: Columns,
    targets: Array2<f32>,
    outcomes: Vec<Outcome>,
    /// All scores, if they are kept.
    scores: Option<Array2<f32>>,
    tops: Vec<Vec<(u32, f32)>>,
    few: bool,
    /// Seconds spent predicting.
    pub(super) seconds: f64,
}

/// Lets a predictor answer a split, a chunk at a time.
pub(super) fn score(
    predictor: &mut dyn Predictor,
    task: &TaskSpec,
    examples: Examples<'_>,
    save_scores: bool,
    cancellation: &Cancellation,
) -> Result<Scored> {
    let (items, outputs) = (examples.len(), task.target.outputs());
    let columns = kind_of(task);
    let few = outputs <= MOST_SCORES || columns != Columns::Classes;
    let mut scored = Scored {
        columns,
        targets: examples.targets.to_owned(),
        outcomes: Vec::new(),
        scores: (few || save_scores).then(|| Array2::zeros((items, outputs))),
        tops: Vec::new(),
        few,
        seconds: 0.0,
    };
    let chunk = (CHUNK_SCORES / outputs.max(1)).clamp(1, CHUNK_ITEMS);
    let mut buffer = Array2::zeros((chunk.min(items), outputs));
    let mut start = 0;
    while start < items {
        cancellation.check()?;
        let end = (start + chunk).min(items);
        let part = examples.slice(start..end);
        let mut rows = buffer.slice_axis_mut(Axis(0), (0..end - start).into());
        rows.fill(f32::NAN);
        let clock = std::time::Instant::now();
        predictor.predict(part.items, rows.view_mut())?;
        scored.seconds += clock.elapsed().as_secs_f64();
        check_rows(columns, part.items, rows.view())?;
        if columns == Columns::Classes {
            for (index, row) in rows.rows().into_iter().enumerate() {
                scored.outcomes.push(Outcome::new(part.class(index), row));
                if !few {
                    scored.tops.push(top(row));
                }
            }
        }
        if let Some(scores) = &mut scored.scores {
            scores.slice_axis_mut(Axis(0), (start..end).into()).assign(&rows);
        }
        start = end;
    }
    Ok(scored)
}

/// Checks what a predictor promises about its rows, so that a wrong one fails instead of scoring.
fn check_rows(columns: Columns, items: Items<'_>, rows: ArrayView2<'_, f32>) -> Result<()> {
    for (row, id) in rows.rows().into_iter().zip(items.ids) {
        if let Some(score) = row.iter().find(|score| !score.is_finite()) {
            return Err(Error::internal(format!("item {id}: the method answered {score}")));
        }
        if columns == Columns::Values {
            continue;
        }
        if let Some(score) = row.iter().find(|&&score| !(-1e-6..=1.0 + 1e-6).contains(&score)) {
            return Err(Error::internal(format!("item {id}: the method answered the probability {score}")));
        }
        let sum: f64 = row.iter().copied().map(f64::from).sum();
        if columns == Columns::Classes && (sum - 1.0).abs() > SUM_TOLERANCE {
            return Err(Error::internal(format!("item {id}: the probabilities sum to {sum:.6}, not to 1")));
        }
    }
    Ok(())
}

/// Returns the classes with the highest scores, the first of equals first.
fn top(row: ArrayView1<'_, f32>) -> Vec<(u32, f32)> {
    let mut best: Vec<(u32, f32)> = Vec::with_capacity(TOP + 1);
    for (class, &score) in (0..).zip(row) {
        if best.len() == TOP && best[TOP - 1].1 >= score {
            continue;
        }
        let place = best.partition_point(|&(_, other)| other >= score);
        best.insert(place, (class, score));
        best.truncate(TOP);
    }
    best
}

impl Scored {
    /// Computes all metrics of a task that are defined.
    pub(super) fn metrics(&self, task: &TaskSpec) -> Vec<(Metric, f64)> {
        let metrics = self.answers(&self.outcomes, self.scores.as_ref(), &self.targets).metrics(task);
        metrics.into_iter().filter(|(_, value)| value.is_finite()).collect()
    }

    /// Computes a metric of some of the items, which may repeat.
    pub(super) fn metric_of(&self, task: &TaskSpec, metric: Metric, items: &[usize]) -> Option<f64> {
        let outcomes: Vec<Outcome> = match self.columns {
            Columns::Classes => items.iter().map(|&item| self.outcomes[item]).collect(),
            _ => Vec::new(),
        };
        let needs_rows = self.columns != Columns::Classes || matches!(metric, Metric::Auroc | Metric::Auprc);
        let scores = match &self.scores {
            Some(scores) if needs_rows && self.few => Some(scores.select(Axis(0), items)),
            _ => None,
        };
        let targets = match self.columns {
            Columns::Classes => Array2::zeros((0, 0)),
            _ => self.targets.select(Axis(0), items),
        };
        self.answers(&outcomes, scores.as_ref(), &targets)
            .metric(metric, task)
            .filter(|value| value.is_finite())
    }

    /// Takes up saved predictions of a split again, for metrics of some of its items.
    ///
    /// # Errors
    ///
    /// They are predictions of other items, or of another kind of task.
    pub(super) fn restored(
        task: &TaskSpec,
        examples: Examples<'_>,
        predictions: &[Prediction],
    ) -> Result<Self> {
        if !predictions.iter().map(|prediction| &prediction.id).eq(examples.items.ids) {
            return Err(Error::invalid("its predictions are not of the task's test items"));
        }
        Ok(Self { targets: examples.targets.to_owned(), ..Self::of_predictions(task, predictions)? })
    }

    /// Takes up saved predictions with the targets that stand beside them.
    ///
    /// # Errors
    ///
    /// They are predictions of another kind of task.
    pub(super) fn of_predictions(task: &TaskSpec, predictions: &[Prediction]) -> Result<Self> {
        let columns = kind_of(task);
        let outputs = task.target.outputs();
        let few = outputs <= MOST_SCORES || columns != Columns::Classes;
        let wrong = |prediction: &Prediction| {
            Error::invalid(format!("item {}: its prediction is of another kind of task", prediction.id))
        };
        let mut outcomes = Vec::new();
        let mut scores = Vec::new();
        let mut targets = Vec::new();
        for prediction in predictions {
            match &prediction.target {
                Truth::Class(class) if columns == Columns::Classes => targets.push(*class as f32),
                Truth::Values(values) if values.len() == task.target.width() => {
                    targets.extend_from_slice(values);
                }
                _ => return Err(wrong(prediction)),
            }
            if columns == Columns::Classes {
                outcomes.push(prediction.outcome().ok_or_else(|| wrong(prediction))?);
            }
            if few {
                match &prediction.answer {
                    Answer::Scores { scores: row } if row.len() == outputs => scores.extend_from_slice(row),
                    _ => return Err(wrong(prediction)),
                }
            }
        }
        let table = |width: usize, values: Vec<f32>| {
            Array2::from_shape_vec((predictions.len(), width), values)
                .map_err(|error| Error::internal("scores do not fill their table").with_source(error))
        };
        let scores = few.then(|| table(outputs, scores)).transpose()?;
        let targets = table(task.target.width(), targets)?;
        Ok(Self { columns, targets, outcomes, scores, tops: Vec::new(), few, seconds: 0.0 })
    }

    /// Returns whether some items are of more than one class; true for labels and values.
    pub(super) fn target_varies(&self, items: &[usize]) -> bool {
        let mut classes = items.iter().filter_map(|&item| self.outcomes.get(item).map(|one| one.target));
        let first = classes.next();
        first.is_none() || classes.any(|class| Some(class) != first)
    }

    pub(super) fn columns(&self) -> Columns {
        self.columns
    }

    /// Returns whether all scores were kept.
    pub(super) fn has_all_scores(&self) -> bool {
        self.few && self.scores.is_some()
    }

    /// Counts the items with another answer in other scores of the same items, and returns the mean absolute difference
    /// of a score.
    pub(super) fn differences(&self, other: &Self) -> (usize, f64) {
        let (Some(one), Some(two)) = (&self.scores, &other.scores) else { return (0, 0.0) };
        let differs = |item: usize| match self.columns {
            Columns::Classes => self.outcomes[item].predicted != other.outcomes[item].predicted,
            Columns::Labels => {
                one.row(item).iter().zip(two.row(item)).any(|(a, b)| (*a >= 0.5) != (*b >= 0.5))
            }
            Columns::Values => false,
        };
        let flips = (0..one.nrows()).filter(|&item| differs(item)).count();
        let change: f64 = one.iter().zip(two).map(|(a, b)| f64::from((a - b).abs())).sum();
        (flips, change / one.len().max(1) as f64)
    }

    /// Takes the mean of these scores and others of the same items.
    pub(super) fn averaged(&self, other: &Self) -> Self {
        let scores = self.scores.as_ref().zip(other.scores.as_ref()).map(|(one, two)| (one + two) / 2.0);
        let outcomes = match (&scores, self.columns) {
            (Some(scores), Columns::Classes) => self
                .outcomes
                .iter()
                .zip(scores.rows())
                .map(|(outcome, row)| Outcome::new(outcome.target as usize, row))
                .collect(),
            _ => Vec::new(),
        };
        Self {
            columns: self.columns,
            targets: self.targets.clone(),
            outcomes,
            scores,
            tops: Vec::new(),
            few: self.few,
            seconds: 0.0,
        }
    }

    fn answers<'a>(
        &self,
        outcomes: &'a [Outcome],
        scores: Option<&'a Array2<f32>>,
        targets: &'a Array2<f32>,
    ) -> Answers<'a> {
        // Whether scores are saved must not decide which metrics there are.
        let scores = scores.filter(|_| self.few).map(|scores| scores.view());
        match (self.columns, scores) {
            (Columns::Labels, Some(scores)) => Answers::Labels { targets: targets.view(), scores },
            (Columns::Values, Some(scores)) => Answers::Values { targets: targets.view(), scores },
            _ => Answers::Classes { outcomes, scores },
        }
    }

    /// Says what became of each item.
    pub(super) fn predictions(&self, items: Items<'_>) -> Vec<Prediction> {
        (0..items.len())
            .map(|index| {
                let row = self.scores.as_ref().map(|scores| scores.row(index).to_vec());
                let targets = self.targets.row(index);
                let (target, prediction) = match self.columns {
                    Columns::Classes => {
                        let outcome = self.outcomes[index];
                        (Truth::Class(outcome.target), Truth::Class(outcome.predicted))
                    }
                    Columns::Labels => {
                        let labels = row.iter().flatten().map(|&score| f32::from(u8::from(score >= 0.5)));
                        (Truth::Values(targets.to_vec()), Truth::Values(labels.collect()))
                    }
                    Columns::Values => {
                        (Truth::Values(targets.to_vec()), Truth::Values(row.clone().unwrap_or_default()))
                    }
                };
                let answer = if let Some(scores) = row {
                    Answer::Scores { scores }
                } else {
                    let outcome = self.outcomes[index];
                    Answer::Compact {
                        log_probability: Some(outcome.log_probability).filter(|log| log.is_finite()),
                        rank: outcome.rank,
                        top: self.tops[index].clone(),
                    }
                };
                let locus = items.loci.map(|loci| {
                    let locus = &loci[index];
                    let strand = locus.strand.map_or('.', dlm_sdk::Strand::symbol);
                    format!("{}:{}-{}:{strand}", locus.chromosome, locus.start, locus.end)
                });
                Prediction {
                    id: items.ids[index],
                    group: items.groups[index],
                    locus,
                    target,
                    prediction,
                    answer,
                }
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use ndarray::arr1;

    use super::*;

    #[test]
    fn the_top_is_sorted_and_stable() {
        let row = arr1(&[0.1, 0.2, 0.05, 0.2, 0.15, 0.3, 0.0]);
        assert_eq!(top(row.view()), [(5, 0.3), (1, 0.2), (3, 0.2), (4, 0.15), (0, 0.1)]);
        assert_eq!(top(arr1(&[0.4, 0.6]).view()), [(1, 0.6), (0, 0.4)]);
    }
}
