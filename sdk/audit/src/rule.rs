//! Rules: from a few numbers an item to a class, fitted on train and scored on both sides.

use dlm_sdk::{
    Result,
    metrics::{ClassCounts, auroc},
};
use rayon::prelude::*;

use crate::{linfa_seam, report::Status, threshold::Threshold};

/// Below this share of the rarer class, a rule is also judged by its area under the curve: where one class is rare, the
/// correlation of a strong rule stays small.
const RARE: f64 = 0.2;

/// What became of a rule.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Scored {
    /// Its Matthews correlation on train.
    pub(crate) train: f64,
    /// Its Matthews correlation on test.
    pub(crate) test: f64,
    /// The areas under its curve on train and test, of two classes.
    pub(crate) areas: Option<(f64, f64)>,
    /// The share of the rarer of two classes in train.
    pub(crate) rarer: Option<f64>,
}

impl Scored {
    /// Judges the rule: what it reached on train it must reach on test too.
    pub(crate) fn judge(&self, threshold: Threshold) -> Status {
        let by_correlation = threshold.judge(self.train.min(self.test));
        match self.areas.filter(|_| self.rarer.is_some_and(|rarer| rarer < RARE)) {
            Some((train, test)) => by_correlation.max(threshold.judge(2.0 * train.min(test) - 1.0)),
            None => by_correlation,
        }
    }
}

/// Returns the Matthews correlation of predicted classes.
pub(crate) fn correlation(targets: &[u32], predicted: &[u32], classes: usize) -> f64 {
    let pairs =
        targets.iter().zip(predicted).map(|(target, predicted)| (*target as usize, *predicted as usize));
    ClassCounts::count(classes, pairs).mcc().unwrap_or_default()
}

/// Returns from which score on class 1 is to be predicted, so that the Matthews correlation is the highest.
pub(crate) fn best_cut(scores: &[f64], targets: &[u32]) -> f64 {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
    let positives = targets.iter().filter(|target| **target == 1).count() as f64;
    let negatives = targets.len() as f64 - positives;
    let (mut hits, mut alarms) = (0.0, 0.0);
    let (mut best, mut cut) = (f64::NEG_INFINITY, f64::INFINITY);
    for (place, &item) in order.iter().enumerate() {
        *(if targets[item] == 1 { &mut hits } else { &mut alarms }) += 1.0;
        // Equal scores fall on one side.
        if order.get(place + 1).is_some_and(|&next| scores[next] == scores[item]) {
            continue;
        }
        let called = hits + alarms;
        let root = (called * positives * negatives * (targets.len() as f64 - called)).sqrt();
        let value = if root > 0.0 { (hits * negatives - alarms * positives) / root } else { 0.0 };
        if value > best {
            (best, cut) = (value, scores[item]);
        }
    }
    cut
}

/// The classes of train and test beside the features of both.
pub(crate) struct Sides<'a> {
    pub(crate) train: &'a [u32],
    pub(crate) test: &'a [u32],
    pub(crate) classes: usize,
}

impl Sides<'_> {
    /// Scores a rule of two classes by a score an item, of three or more by a class an item.
    pub(crate) fn of_scores(&self, train: &[f64], test: &[f64]) -> Scored {
        let cut = best_cut(train, self.train);
        let called =
            |scores: &[f64]| -> Vec<u32> { scores.iter().map(|score| u32::from(*score >= cut)).collect() };
        let area = |scores: &[f64], targets: &[u32]| {
            let scores: Vec<f32> = ranks(scores);
            let positive: Vec<bool> = targets.iter().map(|target| *target == 1).collect();
            auroc(&scores, &positive)
        };
        let positives = self.train.iter().filter(|target| **target == 1).count() as f64;
        let share = positives / self.train.len().max(1) as f64;
        Scored {
            train: correlation(self.train, &called(train), 2),
            test: correlation(self.test, &called(test), 2),
            areas: area(train, self.train).zip(area(test, self.test)),
            rarer: Some(share.min(1.0 - share)),
        }
    }

    pub(crate) fn of_classes(&self, train: &[u32], test: &[u32]) -> Scored {
        Scored {
            train: correlation(self.train, train, self.classes),
            test: correlation(self.test, test, self.classes),
            areas: None,
            rarer: None,
        }
    }

    /// Fits a logistic rule on features and scores it; `None` if no feature varies in train.
    ///
    /// # Errors
    ///
    /// The regression does not converge.
    pub(crate) fn logistic(&self, features: &[Vec<f64>], from_test: usize) -> Result<Option<Scored>> {
        let (train, rest) = features.split_at(self.train.len());
        let test = &rest[from_test - self.train.len()..];
        let Some(scale) = Scale::fit(train) else { return Ok(None) };
        let train: Vec<Vec<f64>> = train.par_iter().map(|row| scale.apply(row)).collect();
        let test: Vec<Vec<f64>> = test.par_iter().map(|row| scale.apply(row)).collect();
        // A class that does not occur is never answered.
        let mut occurring: Vec<u32> = self.train.to_vec();
        occurring.sort_unstable();
        occurring.dedup();
        if occurring.len() < 2 {
            return Ok(None);
        }
        let place = |class: &u32| occurring.partition_point(|other| other < class) as u32;
        let targets: Vec<u32> = self.train.iter().map(place).collect();
        let weights = linfa_seam::fit(&train, &targets, occurring.len())?;
        let score = |row: &[f64], weights: &[f64]| {
            row.iter().zip(weights).map(|(value, weight)| value * weight).sum::<f64>() + weights[row.len()]
        };
        if self.classes == 2 {
            let scores =
                |rows: &[Vec<f64>]| -> Vec<f64> { rows.iter().map(|row| score(row, &weights[0])).collect() };
            return Ok(Some(self.of_scores(&scores(&train), &scores(&test))));
        }
        let classes = |rows: &[Vec<f64>]| -> Vec<u32> {
            let best = |row: &Vec<f64>| {
                let scores: Vec<f64> = if let [one] = &weights[..] {
                    vec![0.0, score(row, one)]
                } else {
                    weights.iter().map(|weights| score(row, weights)).collect()
                };
                let best =
                    (1..scores.len()).fold(0, |best, at| if scores[at] > scores[best] { at } else { best });
                occurring[best]
            };
            rows.iter().map(best).collect()
        };
        Ok(Some(self.of_classes(&classes(&train), &classes(&test))))
    }
}

/// Replaces scores by numbers in the same order that fit a float, equal scores by equal numbers.
fn ranks(scores: &[f64]) -> Vec<f32> {
    dlm_sdk::metrics::ranks(scores).into_iter().map(|rank| rank as f32).collect()
}

/// Brings each feature to mean 0 and variance 1 over train; those that do not vary are left out.
struct Scale(Vec<(usize, f64, f64)>);

impl Scale {
    fn fit(train: &[Vec<f64>]) -> Option<Self> {
        let n = train.len().max(1) as f64;
        let width = train.first().map_or(0, Vec::len);
        let of = |feature: usize| {
            let mean = train.iter().map(|row| row[feature]).sum::<f64>() / n;
            let variance = train.iter().map(|row| (row[feature] - mean).powi(2)).sum::<f64>() / n;
            (variance > 1e-18).then(|| (feature, mean, variance.sqrt().recip()))
        };
        let features: Vec<_> = (0..width).filter_map(of).collect();
        (!features.is_empty()).then_some(Self(features))
    }

    fn apply(&self, row: &[f64]) -> Vec<f64> {
        self.0.iter().map(|&(feature, mean, factor)| (row[feature] - mean) * factor).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_cut_keeps_equal_scores_together() {
        let scores = [0.1, 0.9, 0.5, 0.5, 0.2, 0.8];
        assert_eq!(best_cut(&scores, &[0, 1, 1, 0, 0, 1]), 0.8);
        assert_eq!(best_cut(&scores, &[0, 1, 1, 1, 0, 1]), 0.5);
    }

    #[test]
    fn a_rule_that_holds_on_train_alone_is_no_shortcut() {
        let threshold = Threshold { warn: 0.4, fail: Some(0.7) };
        let scored = |train, test| Scored { train, test, areas: Some((0.95, 0.95)), rarer: Some(0.5) };
        assert_eq!(scored(0.9, 0.1).judge(threshold), Status::Pass);
        assert_eq!(scored(0.9, 0.5).judge(threshold), Status::Warn);
        let rare = Scored { rarer: Some(0.05), ..scored(0.3, 0.3) };
        assert_eq!(rare.judge(threshold), Status::Fail);
    }

    #[test]
    fn a_logistic_rule_finds_what_separates() {
        let features: Vec<Vec<f64>> = (0..300).map(|row| vec![f64::from(row % 10), 1.0]).collect();
        let classes =
            |rows: std::ops::Range<i32>| -> Vec<u32> { rows.map(|row| u32::from(row % 10 > 6)).collect() };
        let (train, test) = (classes(0..200), classes(250..300));
        let sides = Sides { train: &train, test: &test, classes: 2 };
        let scored = sides.logistic(&features, 250).unwrap().unwrap();
        assert_eq!((scored.train, scored.test), (1.0, 1.0));
        assert_eq!(sides.logistic(&vec![vec![2.0]; 300], 250).unwrap(), None);
        let three =
            |rows: std::ops::Range<i32>| -> Vec<u32> { rows.map(|row| (row % 10 / 4) as u32).collect() };
        let (train, test) = (three(0..200), three(250..300));
        let sides = Sides { train: &train, test: &test, classes: 3 };
        assert!(sides.logistic(&features, 250).unwrap().unwrap().test > 0.6);
    }
}
