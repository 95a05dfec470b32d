//! From targets and scores to metrics.

use ndarray::{ArrayView1, ArrayView2, Axis};

use super::{
    ClassCounts, Metric, auprc, auroc, bits_per_nucleotide, calibration, calibration_error,
    classification::mean, pearson, perplexity, r2, spearman,
};
use crate::TaskSpec;

/// What became of one item of a binary or multi-class task: all that most metrics need, in a few bytes where a row of
/// scores may have thousands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outcome {
    /// The class that was meant.
    pub target: u32,
    /// The class with the highest score, the first of equals.
    pub predicted: u32,
    /// The natural logarithm of the target's probability.
    pub log_probability: f32,
    /// The probability of the predicted class.
    pub confidence: f32,
    /// The target's place by falling score, from one; of equals the first class comes first.
    pub rank: u32,
}

impl Outcome {
    /// Reads a row of scores, one probability a class.
    ///
    /// # Examples
    ///
    /// ```
    /// use dlm_sdk::metrics::Outcome;
    /// use ndarray::arr1;
    ///
    /// let outcome = Outcome::new(2, arr1(&[0.5, 0.3, 0.2]).view());
    /// assert_eq!((outcome.predicted, outcome.rank), (0, 3));
    /// ```
    pub fn new(target: usize, scores: ArrayView1<'_, f32>) -> Self {
        let mut predicted = 0;
        let meant = scores.get(target).copied().unwrap_or(0.0);
        let mut rank = 1;
        for (class, &score) in scores.iter().enumerate() {
            if score > scores[predicted] {
                predicted = class;
            }
            if score > meant || (score == meant && class < target) {
                rank += 1;
            }
        }
        Self {
            target: target as u32,
            predicted: predicted as u32,
            log_probability: meant.ln(),
            confidence: scores.get(predicted).copied().unwrap_or(0.0),
            rank,
        }
    }
}

/// Targets beside answers, as a task's kind has them.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Answers<'a> {
    /// Of a binary or multi-class task.
    Classes {
        /// What became of each item.
        outcomes: &'a [Outcome],
        /// Rows of scores, `[items, classes]`, where they were kept: areas under curves need them.
        scores: Option<ArrayView2<'a, f32>>,
    },
    /// Of a multi-label task.
    Labels {
        /// Zero or one, `[items, labels]`.
        targets: ArrayView2<'a, f32>,
        /// A probability each, `[items, labels]`; from one half on a label counts as predicted.
        scores: ArrayView2<'a, f32>,
    },
    /// Of a regression task.
    Values {
        /// The values, `[items, outputs]`.
        targets: ArrayView2<'a, f32>,
        /// The predicted values, `[items, outputs]`.
        scores: ArrayView2<'a, f32>,
    },
}

impl Answers<'_> {
    /// Computes a metric; `None` where it is not defined: without items, of another kind of task, for an area under a
    /// curve without scores or with one class only.
    ///
    /// Metrics of several outputs are the mean over those outputs that have a value.
    pub fn metric(&self, metric: Metric, task: &TaskSpec) -> Option<f64> {
        match *self {
            Self::Classes { outcomes, scores } => of_classes(metric, task, outcomes, scores),
            Self::Labels { targets, scores } => of_labels(metric, targets, scores),
            Self::Values { targets, scores } => {
                let score: fn(&[f64], &[f64]) -> Option<f64> = match metric {
                    Metric::Pearson => pearson,
                    Metric::Spearman => spearman,
                    Metric::R2 => r2,
                    _ => return None,
                };
                let column = |values: ArrayView1<'_, f32>| -> Vec<f64> {
                    values.iter().copied().map(f64::from).collect()
                };
                let pairs = targets.axis_iter(Axis(1)).zip(scores.axis_iter(Axis(1)));
                mean(pairs.filter_map(|(targets, values)| score(&column(targets), &column(values))))
            }
        }
    }

    /// Computes all metrics of a task that are defined, in its order.
    pub fn metrics(&self, task: &TaskSpec) -> Vec<(Metric, f64)> {
        task.metrics.iter().filter_map(|&metric| Some((metric, self.metric(metric, task)?))).collect()
    }
}

fn of_classes(
    metric: Metric,
    task: &TaskSpec,
    outcomes: &[Outcome],
    scores: Option<ArrayView2<'_, f32>>,
) -> Option<f64> {
    let counts = || {
        let pairs = outcomes.iter().map(|outcome| (outcome.target as usize, outcome.predicted as usize));
        ClassCounts::count(task.target.outputs(), pairs)
    };
    let logs = || outcomes.iter().map(|outcome| f64::from(outcome.log_probability));
    match metric {
        Metric::Accuracy => counts().accuracy(),
        Metric::Mcc => counts().mcc(),
        Metric::MacroF1 => counts().macro_average(ClassCounts::f1),
        Metric::Precision => counts().macro_average(ClassCounts::precision),
        Metric::Recall => counts().macro_average(ClassCounts::recall),
        Metric::BalancedAccuracy => counts().balanced_accuracy(),
        Metric::Top5Accuracy => mean(outcomes.iter().map(|outcome| f64::from(u8::from(outcome.rank <= 5)))),
        Metric::Perplexity => perplexity(logs()),
        Metric::BitsPerNucleotide => bits_per_nucleotide(logs(), f64::from(task.continuation?)),
        Metric::CalibrationError => {
            let items = outcomes
                .iter()
                .map(|outcome| (f64::from(outcome.confidence), outcome.target == outcome.predicted));
            calibration_error(&calibration(items))
        }
        Metric::Auroc | Metric::Auprc => {
            let area = if metric == Metric::Auroc { auroc } else { auprc };
            let scores = scores?;
            let of_class = |class: usize| {
                let positive: Vec<bool> =
                    outcomes.iter().map(|outcome| outcome.target as usize == class).collect();
                area(&scores.column(class).to_vec(), &positive)
            };
            match scores.ncols() {
                0 | 1 => None,
                2 => of_class(1),
                classes => mean((0..classes).filter_map(of_class)),
            }
        }
        Metric::Pearson | Metric::Spearman | Metric::R2 => None,
    }
}

fn of_labels(metric: Metric, targets: ArrayView2<'_, f32>, scores: ArrayView2<'_, f32>) -> Option<f64> {
    let is = |value: f32| value >= 0.5;
    if metric == Metric::Accuracy {
        let rows = targets.rows().into_iter().zip(scores.rows());
        return mean(rows.map(|(targets, scores)| {
            f64::from(u8::from(targets.iter().zip(scores).all(|(&target, &score)| is(target) == is(score))))
        }));
    }
    let columns = targets.axis_iter(Axis(1)).zip(scores.axis_iter(Axis(1)));
    mean(columns.filter_map(|(targets, scores)| {
        let positive: Vec<bool> = targets.iter().map(|&target| is(target)).collect();
        let counts = || {
            let pairs = positive
                .iter()
                .zip(scores)
                .map(|(&target, &score)| (usize::from(target), usize::from(is(score))));
            ClassCounts::count(2, pairs)
        };
        match metric {
            Metric::Auroc => auroc(&scores.to_vec(), &positive),
            Metric::Auprc => auprc(&scores.to_vec(), &positive),
            Metric::Mcc => counts().mcc(),
            Metric::MacroF1 => Some(counts().f1(1)),
            Metric::Precision => Some(counts().precision(1)),
            Metric::Recall => Some(counts().recall(1)),
            Metric::BalancedAccuracy => counts().balanced_accuracy(),
            _ => None,
        }
    }))
}
