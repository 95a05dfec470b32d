//! Scores of predicted classes.

use crate::{Error, Result};

/// How often each class was meant, predicted, and both: all that accuracy, F1 and the Matthews correlation need, in
/// memory that grows with the number of classes and not with its square.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ClassCounts {
    target: Vec<u64>,
    predicted: Vec<u64>,
    both: Vec<u64>,
}

impl ClassCounts {
    /// Creates counts of a number of classes, all zero.
    pub fn new(classes: usize) -> Self {
        Self { target: vec![0; classes], predicted: vec![0; classes], both: vec![0; classes] }
    }

    /// Counts pairs of target and prediction; a class past the number of classes widens the counts.
    pub fn count(classes: usize, pairs: impl IntoIterator<Item = (usize, usize)>) -> Self {
        let mut counts = Self::new(classes);
        for (target, predicted) in pairs {
            counts.add(target, predicted);
        }
        counts
    }

    /// Counts one item.
    pub fn add(&mut self, target: usize, predicted: usize) {
        let classes = target.max(predicted) + 1;
        if classes > self.target.len() {
            for counts in [&mut self.target, &mut self.predicted, &mut self.both] {
                counts.resize(classes, 0);
            }
        }
        self.target[target] += 1;
        self.predicted[predicted] += 1;
        self.both[target] += u64::from(target == predicted);
    }

    /// Returns the number of items.
    pub fn total(&self) -> u64 {
        self.target.iter().sum()
    }

    /// Returns the share of items whose class is predicted; `None` without items.
    pub fn accuracy(&self) -> Option<f64> {
        ratio(self.both.iter().sum(), self.total())
    }

    /// Returns the Matthews correlation coefficient, Gorodkin's `R_K` with several classes: the covariance of targets and
    /// predictions over the root of their variances. Where one of the two is constant it is 0, as scikit-learn has it;
    /// `None` without items.
    pub fn mcc(&self) -> Option<f64> {
        let items = self.total() as f64;
        if items == 0.0 {
            return None;
        }
        let sum = |a: &[u64], b: &[u64]| a.iter().zip(b).map(|(&a, &b)| a as f64 * b as f64).sum::<f64>();
        let correct = self.both.iter().sum::<u64>() as f64;
        let covariance = correct * items - sum(&self.predicted, &self.target);
        let predicted_variance = items * items - sum(&self.predicted, &self.predicted);
        let target_variance = items * items - sum(&self.target, &self.target);
        let scale = (predicted_variance * target_variance).sqrt();
        Some(if scale == 0.0 { 0.0 } else { covariance / scale })
    }

    /// Returns a class's precision: the share of its predictions that are right; 0 if it is never predicted.
    pub fn precision(&self, class: usize) -> f64 {
        ratio(self.both[class], self.predicted[class]).unwrap_or(0.0)
    }

    /// Returns a class's recall: the share of its items that are found; 0 if it has none.
    pub fn recall(&self, class: usize) -> f64 {
        ratio(self.both[class], self.target[class]).unwrap_or(0.0)
    }

    /// Returns a class's F1, the harmonic mean of precision and recall; 0 if it is never predicted or meant.
    pub fn f1(&self, class: usize) -> f64 {
        ratio(2 * self.both[class], self.predicted[class] + self.target[class]).unwrap_or(0.0)
    }

    /// Returns the mean of a score over the classes that are meant or predicted at least once.
    pub fn macro_average(&self, score: impl Fn(&Self, usize) -> f64) -> Option<f64> {
        let seen = |&class: &usize| self.target[class] + self.predicted[class] > 0;
        mean((0..self.target.len()).filter(seen).map(|class| score(self, class)))
    }

    /// Returns the mean recall over the classes that occur.
    pub fn balanced_accuracy(&self) -> Option<f64> {
        let occurs = |&class: &usize| self.target[class] > 0;
        mean((0..self.target.len()).filter(occurs).map(|class| self.recall(class)))
    }
}

/// Counts every pair of target (row) and prediction (column).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ConfusionMatrix {
    classes: usize,
    counts: Vec<u64>,
}

impl ConfusionMatrix {
    /// The most classes a matrix is made for; it grows with their square.
    pub const MOST_CLASSES: usize = 1024;

    /// Counts pairs of target and prediction.
    ///
    /// # Errors
    ///
    /// [`Invalid`](crate::ErrorKind::Invalid) for a class past the number of classes, or for more than 1,024 classes.
    pub fn count(classes: usize, pairs: impl IntoIterator<Item = (usize, usize)>) -> Result<Self> {
        if classes > Self::MOST_CLASSES {
            return Err(Error::invalid(format!(
                "a confusion matrix holds at most {} classes, not {classes}",
                Self::MOST_CLASSES
            )));
        }
        let mut counts = vec![0; classes * classes];
        for (target, predicted) in pairs {
            if target >= classes || predicted >= classes {
                return Err(Error::invalid(format!(
                    "class {} lies past the {classes} classes",
                    target.max(predicted)
                )));
            }
            counts[target * classes + predicted] += 1;
        }
        Ok(Self { classes, counts })
    }

    /// Returns the number of classes.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// Returns how many items of a class were given another, or the same, class.
    pub fn get(&self, target: usize, predicted: usize) -> u64 {
        self.counts[target * self.classes + predicted]
    }

    /// Returns the rows, one a target class.
    pub fn rows(&self) -> impl Iterator<Item = &[u64]> {
        self.counts.chunks(self.classes.max(1))
    }
}

pub(super) fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, n) = values.fold((0.0, 0_u64), |(sum, n), value| (sum + value, n + 1));
    (n > 0).then(|| sum / n as f64)
}

fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constant_prediction_has_no_correlation() {
        let counts = ClassCounts::count(2, [(0, 1), (1, 1), (1, 1)]);
        assert_eq!(counts.mcc(), Some(0.0));
        assert_eq!(ClassCounts::new(2).mcc(), None);
    }

    #[test]
    fn the_matrix_and_the_counts_agree() {
        let pairs = [(0, 0), (0, 1), (2, 2), (1, 2), (2, 2)];
        let matrix = ConfusionMatrix::count(3, pairs).unwrap();
        let correct: u64 = (0..3).map(|class| matrix.get(class, class)).sum();
        assert_eq!(ClassCounts::count(3, pairs).accuracy(), Some(correct as f64 / 5.0));
        assert!(ConfusionMatrix::count(2, pairs).is_err());
    }
}
