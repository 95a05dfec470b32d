//! Reads targets, checked, and counts how often each answer occurs.

use dlm_sdk::prelude::*;

/// Returns the class of each example of a binary or multi-class task.
pub(crate) fn classes(examples: Examples<'_>, classes: usize) -> Result<Vec<u32>> {
    let ids = examples.items.ids;
    (0..examples.len())
        .map(|index| {
            let value = examples.targets[[index, 0]];
            if value >= 0.0 && value.fract() == 0.0 && (value as usize) < classes {
                Ok(value as u32)
            } else {
                Err(Error::invalid(format!(
                    "example {}: class {value} is not one of the task's {classes}",
                    ids[index]
                )))
            }
        })
        .collect()
}

/// Returns whether each example of a multi-label task has a label.
pub(crate) fn has_label(examples: Examples<'_>, label: usize) -> Result<Vec<u32>> {
    let ids = examples.items.ids;
    examples
        .targets
        .column(label)
        .iter()
        .zip(ids)
        .map(|(&value, id)| match value {
            0.0 => Ok(0),
            1.0 => Ok(1),
            _ => Err(Error::invalid(format!("example {id}: label {label} is {value}, neither 0 nor 1"))),
        })
        .collect()
}

/// Returns the values of one output of a regression task.
pub(crate) fn values(examples: Examples<'_>, output: usize) -> Result<Vec<f64>> {
    let ids = examples.items.ids;
    examples
        .targets
        .column(output)
        .iter()
        .zip(ids)
        .map(|(&value, id)| {
            if value.is_finite() {
                Ok(f64::from(value))
            } else {
                Err(Error::invalid(format!("example {id}: target {output} is {value}")))
            }
        })
        .collect()
}

/// Returns the mean of some values, 0 of none.
pub(crate) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// Returns class probabilities with half an example added to each class (Krichevsky and Trofimov): a class that train
/// does not hold keeps a probability, and no two classes change places.
pub(crate) fn priors(labels: &[u32], classes: usize) -> Vec<f64> {
    let mut priors = vec![0.5; classes];
    for &label in labels {
        priors[label as usize] += 1.0;
    }
    let total = labels.len() as f64 + 0.5 * classes as f64;
    for prior in &mut priors {
        *prior /= total;
    }
    priors
}

/// Returns the column with the highest score, the first of equals.
pub(crate) fn first_highest(scores: &[f64]) -> usize {
    let mut best = 0;
    for (column, score) in scores.iter().enumerate() {
        if *score > scores[best] {
            best = column;
        }
    }
    best
}

/// Turns log-probabilities that miss a constant into probabilities.
pub(crate) fn softmax(scores: &mut [f64]) {
    let highest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut sum = 0.0;
    for score in scores.iter_mut() {
        *score = (*score - highest).exp();
        sum += *score;
    }
    for score in scores {
        *score /= sum;
    }
}

/// Turns log-likelihoods into the posterior; a class that train does not hold keeps its prior, since nothing is known of
/// its sequences.
pub(crate) fn posterior(priors: &[f64], seen: &[bool], scores: &mut [f64]) {
    let unseen: f64 = priors.iter().zip(seen).filter(|(_, seen)| !**seen).map(|(prior, _)| prior).sum();
    for ((score, prior), seen) in scores.iter_mut().zip(priors).zip(seen) {
        *score = if *seen { *score + prior.ln() } else { f64::NEG_INFINITY };
    }
    if seen.contains(&true) {
        softmax(scores);
    }
    for ((score, prior), seen) in scores.iter_mut().zip(priors).zip(seen) {
        *score = if *seen { *score * (1.0 - unseen) } else { *prior };
    }
}

/// The lead of an answer, relative and absolute, that survives rounding to 32 bits.
const LEAD: f64 = 1e-6;

/// Moves the least share of all probabilities to one class that puts it first with a lead.
pub(crate) fn put_first(class: usize, row: &mut [f64]) {
    let others = row.iter().enumerate().filter(|(other, _)| *other != class);
    let highest = others.map(|(_, value)| *value).fold(0.0, f64::max);
    let short = highest * (1.0 + LEAD) + LEAD * LEAD - row[class];
    if short > 0.0 {
        let share = short / (1.0 + short);
        for cell in row.iter_mut() {
            *cell *= 1.0 - share;
        }
        row[class] += share;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_that_is_none_of_the_tasks_is_named() {
        for wrong in [2.0, -1.0, 0.5, f32::NAN] {
            let mut set = ExampleSet::new(1);
            set.add(7, b"ACGT", &[wrong], 0).unwrap();
            let error = classes(set.view().examples(), 2).unwrap_err();
            assert!(error.to_string().starts_with("example 7: class"), "{error}");
        }
    }

    #[test]
    fn priors_sum_to_one_without_examples_too() {
        assert_eq!(priors(&[], 4), [0.25; 4]);
        assert_eq!(priors(&[1, 1, 0], 2), [1.5 / 4.0, 2.5 / 4.0]);
    }

    #[test]
    fn the_answer_is_put_first_by_the_least_share() {
        let mut row = vec![0.5, 0.1, 0.4];
        put_first(2, &mut row);
        assert_eq!(first_highest(&row), 2);
        assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        assert!(row[2] as f32 > row[0] as f32);
        let mut certain = vec![0.0, 1.0];
        put_first(1, &mut certain);
        assert_eq!(certain, [0.0, 1.0]);
    }

    #[test]
    fn a_class_without_examples_keeps_its_prior() {
        let mut scores = [-3.0, 0.0, -3.0];
        posterior(&[0.45, 0.1, 0.45], &[true, false, true], &mut scores);
        assert_eq!(scores, [0.45, 0.1, 0.45]);
        posterior(&[0.5, 0.5], &[false, false], &mut scores[..2]);
        assert_eq!(scores[..2], [0.5, 0.5]);
    }
}
