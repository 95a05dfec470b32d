//! How good a split is.
//!
//! A split of a node with total weight `w` into a left and a right side is scored by what CART maximises: for classes
//! the sum over both sides of `sum of squared class weights / weight of the side` (the Gini impurity up to terms that are
//! the same for all splits of the node), for numbers `squared sum / weight`. Samples move to the right side in
//! descending order of the feature, so a scan costs as much as there are samples in which the feature is not zero,
//! however many samples or classes the node has.

use super::{
    columns::{TOLERANCE, sample, value},
    tree::Tree,
};

/// The best place to cut a feature's samples in descending order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Cut {
    /// How good it is; more is better, and only scores of one node compare.
    pub(super) score: f64,
    /// How many samples lie on the right side.
    pub(super) right: usize,
}

/// Scores splits of one node at a time.
pub(super) trait Criterion {
    /// Starts a tree with a weight for each sample.
    fn begin_tree(&mut self, weights: &[u32]);

    /// Starts a node and returns whether its samples all agree.
    fn begin_node(&mut self, samples: &[u32]) -> bool;

    /// Goes on to the left side of the node after those on its right have left: a number of samples, by their keys.
    /// `samples` are those that stay. Returns whether they all agree. It may cost as little as those that leave.
    fn go_left(&mut self, leaving: &[u64], samples: &[u32]) -> bool;

    /// Finds the best cut, `None` if the feature is constant. `hits` are the keys of the samples in which the feature is
    /// not zero, in order; `zeros` says whether there are others. The lowest of equally good thresholds wins.
    fn best_cut(&mut self, hits: &[u64], zeros: bool) -> Option<Cut>;

    /// Makes the current node a leaf.
    fn push_leaf(&mut self, samples: &[u32], tree: &mut Tree);
}

/// Returns whether a threshold fits below a hit.
#[inline]
fn is_boundary(hits: &[u64], index: usize, zeros: bool) -> bool {
    let next = match hits.get(index + 1) {
        Some(&next) => value(next),
        None if zeros => 0.0,
        None => return false,
    };
    value(hits[index]) > next + TOLERANCE
}

/// Gini impurity of two classes.
///
/// A sample's weight and the weight it adds to class 1 travel as halves of one word, so that a step is one addition.
#[derive(Clone, Debug)]
pub(super) struct TwoClasses<'a> {
    classes: &'a [u32],
    packed: Vec<u64>,
    total: u64,
}

impl<'a> TwoClasses<'a> {
    /// Takes a class, 0 or 1, for each sample.
    pub(super) fn new(classes: &'a [u32]) -> Self {
        Self { classes, packed: Vec::new(), total: 0 }
    }

    fn agree(&self) -> bool {
        let (zeros, ones) = halves(self.total);
        zeros == 0 || ones == 0
    }
}

/// Returns the weights of classes 0 and 1.
#[inline]
fn halves(packed: u64) -> (u32, u32) {
    let (weight, ones) = (packed as u32, (packed >> 32) as u32);
    (weight - ones, ones)
}

/// Returns a side's part of the score of two classes.
#[inline]
fn side(packed: u64) -> f64 {
    let (zeros, ones) = halves(packed);
    let (zeros, ones) = (f64::from(zeros), f64::from(ones));
    (zeros * zeros + ones * ones) / (zeros + ones)
}

impl Criterion for TwoClasses<'_> {
    fn begin_tree(&mut self, weights: &[u32]) {
        self.packed.clear();
        self.packed.extend(self.classes.iter().zip(weights).map(|(&class, &weight)| {
            let weight = u64::from(weight);
            weight | (weight * u64::from(class)) << 32
        }));
    }

    fn begin_node(&mut self, samples: &[u32]) -> bool {
        self.total = samples.iter().map(|&sample| self.packed[sample as usize]).sum();
        self.agree()
    }

    fn go_left(&mut self, leaving: &[u64], _samples: &[u32]) -> bool {
        self.total -= leaving.iter().map(|&hit| self.packed[sample(hit)]).sum::<u64>();
        self.agree()
    }

    fn best_cut(&mut self, hits: &[u64], zeros: bool) -> Option<Cut> {
        let mut best = None::<Cut>;
        let mut right = 0;
        for (index, &hit) in hits.iter().enumerate() {
            right += self.packed[sample(hit)];
            if is_boundary(hits, index, zeros) {
                let score = side(self.total - right) + side(right);
                if best.is_none_or(|best| score >= best.score) {
                    best = Some(Cut { score, right: index + 1 });
                }
            }
        }
        best
    }

    fn push_leaf(&mut self, _samples: &[u32], tree: &mut Tree) {
        match halves(self.total) {
            (zeros, 0) => tree.push_classes(&[(0, zeros)]),
            (0, ones) => tree.push_classes(&[(1, ones)]),
            (zeros, ones) => tree.push_classes(&[(0, zeros), (1, ones)]),
        }
    }
}

/// Gini impurity of any number of classes.
#[derive(Clone, Debug)]
pub(super) struct ManyClasses<'a> {
    classes: &'a [u32],
    weighted: Vec<(u32, u32)>,
    totals: Vec<u32>,
    right: Vec<u32>,
    /// The classes whose totals may be other than zero.
    present: Vec<u32>,
    n_present: usize,
    weight: u64,
    squares: u64,
}

impl<'a> ManyClasses<'a> {
    /// Takes a class for each sample and how many classes there are.
    pub(super) fn new(classes: &'a [u32], n_classes: usize) -> Self {
        Self {
            classes,
            weighted: Vec::new(),
            totals: vec![0; n_classes],
            right: vec![0; n_classes],
            present: Vec::new(),
            n_present: 0,
            weight: 0,
            squares: 0,
        }
    }
}

impl Criterion for ManyClasses<'_> {
    fn begin_tree(&mut self, weights: &[u32]) {
        self.weighted.clear();
        self.weighted.extend(self.classes.iter().copied().zip(weights.iter().copied()));
    }

    fn begin_node(&mut self, samples: &[u32]) -> bool {
        for &class in &self.present {
            self.totals[class as usize] = 0;
        }
        self.present.clear();
        self.weight = 0;
        for &sample in samples {
            let (class, weight) = self.weighted[sample as usize];
            let total = &mut self.totals[class as usize];
            if *total == 0 {
                self.present.push(class);
            }
            *total += weight;
            self.weight += u64::from(weight);
        }
        self.squares = self.present.iter().map(|&class| u64::from(self.totals[class as usize]).pow(2)).sum();
        self.n_present = self.present.len();
        self.n_present < 2
    }

    fn go_left(&mut self, leaving: &[u64], _samples: &[u32]) -> bool {
        for &hit in leaving {
            let (class, weight) = self.weighted[sample(hit)];
            let total = &mut self.totals[class as usize];
            let (before, step) = (u64::from(*total), u64::from(weight));
            self.squares -= 2 * before * step - step * step;
            self.weight -= step;
            *total -= weight;
            self.n_present -= usize::from(*total == 0);
        }
        self.n_present < 2
    }

    fn best_cut(&mut self, hits: &[u64], zeros: bool) -> Option<Cut> {
        let mut best = None::<Cut>;
        let (mut left, mut right) = (self.squares, 0_u64);
        let mut moved = 0_u64;
        for (index, &hit) in hits.iter().enumerate() {
            let (class, weight) = self.weighted[sample(hit)];
            let there = &mut self.right[class as usize];
            let here = u64::from(self.totals[class as usize] - *there);
            let (there_before, step) = (u64::from(*there), u64::from(weight));
            // (a + w)^2 = a^2 + 2aw + w^2, in whole numbers, hence exact.
            right += 2 * there_before * step + step * step;
            left -= 2 * here * step - step * step;
            *there += weight;
            moved += step;
            if is_boundary(hits, index, zeros) {
                let score = left as f64 / (self.weight - moved) as f64 + right as f64 / moved as f64;
                if best.is_none_or(|best| score >= best.score) {
                    best = Some(Cut { score, right: index + 1 });
                }
            }
        }
        for &hit in hits {
            self.right[self.weighted[sample(hit)].0 as usize] = 0;
        }
        best
    }

    fn push_leaf(&mut self, _samples: &[u32], tree: &mut Tree) {
        let totals = &self.totals;
        self.present.retain(|&class| totals[class as usize] > 0);
        self.present.sort_unstable();
        let classes: Vec<_> = self.present.iter().map(|&class| (class, totals[class as usize])).collect();
        tree.push_classes(&classes);
    }
}

/// Reduction of variance, for regression.
#[derive(Clone, Debug)]
pub(super) struct Variance<'a> {
    values: &'a [f32],
    weighted: Vec<(f64, f64)>,
    sum: f64,
    weight: f64,
}

impl<'a> Variance<'a> {
    /// Takes a value for each sample.
    pub(super) fn new(values: &'a [f32]) -> Self {
        Self { values, weighted: Vec::new(), sum: 0.0, weight: 0.0 }
    }
}

impl Criterion for Variance<'_> {
    fn begin_tree(&mut self, weights: &[u32]) {
        self.weighted.clear();
        self.weighted.extend(self.values.iter().zip(weights).map(|(&value, &weight)| {
            let weight = f64::from(weight);
            (f64::from(value) * weight, weight)
        }));
    }

    fn begin_node(&mut self, samples: &[u32]) -> bool {
        (self.sum, self.weight) = (0.0, 0.0);
        let first = samples.first().map(|&sample| self.values[sample as usize]);
        let mut equal = true;
        for &sample in samples {
            let (value, weight) = self.weighted[sample as usize];
            self.sum += value;
            self.weight += weight;
            // Equal numbers, not equal within rounding: a constant target is what has no split left.
            equal &= Some(self.values[sample as usize]) == first;
        }
        equal
    }

    fn go_left(&mut self, _leaving: &[u64], samples: &[u32]) -> bool {
        // Taking numbers off a sum would add up rounding errors along a chain of nodes.
        self.begin_node(samples)
    }

    fn best_cut(&mut self, hits: &[u64], zeros: bool) -> Option<Cut> {
        let mut best = None::<Cut>;
        let (mut sum, mut weight) = (0.0, 0.0);
        for (index, &hit) in hits.iter().enumerate() {
            let (value, step) = self.weighted[sample(hit)];
            sum += value;
            weight += step;
            if is_boundary(hits, index, zeros) {
                let rest = self.sum - sum;
                let score = rest * rest / (self.weight - weight) + sum * sum / weight;
                if best.is_none_or(|best| score >= best.score) {
                    best = Some(Cut { score, right: index + 1 });
                }
            }
        }
        best
    }

    fn push_leaf(&mut self, _samples: &[u32], tree: &mut Tree) {
        tree.push_value((self.sum / self.weight) as f32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forest::columns::key;

    /// Scores a cut the slow way: both sides from scratch.
    fn reference(classes: &[u32], weights: &[u32], right: &[usize]) -> f64 {
        let mut score = 0.0;
        for on_right in [false, true] {
            let members: Vec<usize> =
                (0..classes.len()).filter(|index| right.contains(index) == on_right).collect();
            let weight: u32 = members.iter().map(|&index| weights[index]).sum();
            let squares: f64 = (0..5)
                .map(|class| {
                    let of_class = members.iter().filter(|&&index| classes[index] == class);
                    f64::from(of_class.map(|&index| weights[index]).sum::<u32>()).powi(2)
                })
                .sum();
            score += squares / f64::from(weight);
        }
        score
    }

    #[test]
    fn running_scores_equal_scores_from_scratch() {
        let (two, many) = ([0, 1, 1, 0, 1, 0], [0, 4, 2, 2, 4, 1]);
        let weights = [1, 2, 1, 3, 1, 1];
        let samples = [0, 1, 2, 3, 4, 5];
        let hits = [key(0.9, 4), key(0.5, 1), key(0.5, 2), key(0.1, 5)];
        let rights: [&[usize]; 3] = [&[4], &[4, 1, 2], &[4, 1, 2, 5]];
        let expected = |classes: &[u32]| {
            let scores = rights.map(|right| reference(classes, &weights, right));
            let score = scores.iter().copied().fold(f64::MIN, f64::max);
            Cut { score, right: rights[scores.iter().rposition(|&each| each >= score).unwrap()].len() }
        };
        let mut criterion = TwoClasses::new(&two);
        criterion.begin_tree(&weights);
        assert!(!criterion.begin_node(&samples));
        assert_eq!(criterion.best_cut(&hits, true), Some(expected(&two)));
        let mut criterion = ManyClasses::new(&many, 5);
        criterion.begin_tree(&weights);
        // Twice: a scan must leave nothing behind.
        for _ in 0..2 {
            assert!(!criterion.begin_node(&samples));
            assert_eq!(criterion.best_cut(&hits, true), Some(expected(&many)));
        }
    }

    #[test]
    fn a_constant_feature_has_no_cut() {
        let classes = [0, 1];
        let mut criterion = TwoClasses::new(&classes);
        criterion.begin_tree(&[1, 1]);
        criterion.begin_node(&[0, 1]);
        assert_eq!(criterion.best_cut(&[], true), None);
        assert_eq!(criterion.best_cut(&[key(0.5, 0), key(0.5, 1)], false), None);
        assert_eq!(criterion.best_cut(&[key(5e-8, 0)], true), None);
    }
}
