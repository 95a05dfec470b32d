//! Folds of cross-validation over leakage groups.
//!
//! A single small test split says little: on a chromosome of two hundred promoters it holds twenty. In cross-validation
//! every group is answered once, by a method fitted without it. Groups, never items, are dealt, so that what is alike
//! (windows of one promoter, a positive and its shuffled twin) lies in one fold, and so that classes have the same shares
//! in all folds as far as whole groups allow: scores of folds with other shares do not pool. Validation is nested: the method that
//! answers a fold chooses on the next one and is fitted on the others, so that nothing is chosen on what it answers.

use std::{collections::BTreeMap, fmt::Write as _};

use dlm_sdk::{Error, Examples, Result, SplitKind, Target, TaskSpec, metrics::Metric, random::Stream};

use super::digest::digest_text;
use crate::results::{FEWEST_GROUPS, Fact, TaskRecord};

/// What is said of splits made by folds.
pub(super) const SPLIT: &str = "grouped-cv";
/// One fold is answered, one chooses, and one at least is fitted on.
pub(super) const FEWEST_FOLDS: usize = 3;

/// The items of a fold, by their places among all items.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Fold {
    pub(super) train: Vec<usize>,
    pub(super) validation: Vec<usize>,
    pub(super) test: Vec<usize>,
}

/// Returns the digest of a task's examples under folds, given that of the examples: another way of dealing is another
/// task.
pub(super) fn digest(examples: &str, folds: usize) -> String {
    digest_text(&format!("{examples} {folds} folds balanced by class"))
}

/// Returns what each item counts towards beside the number of items: its class, the labels it has, or nothing.
pub(super) fn labels(task: &TaskSpec, examples: Examples<'_>) -> Vec<Vec<usize>> {
    match task.target {
        Target::Regression(_) => vec![Vec::new(); examples.len()],
        Target::Multilabel(_) => {
            let set = |row: ndarray::ArrayView1<'_, f32>| {
                row.iter().enumerate().filter(|(_, target)| **target >= 0.5).map(|(label, _)| label).collect()
            };
            examples.targets.rows().into_iter().map(set).collect()
        }
        _ => examples.classes().map(|class| vec![class]).collect(),
    }
}

/// What is spread evenly over folds: items, and items of each class. `share` is one item's part of all such items.
#[derive(Debug, Default)]
struct Counted {
    /// How many items of a group count, by column; column 0 counts all.
    of: BTreeMap<u64, BTreeMap<usize, u64>>,
    all: BTreeMap<usize, u64>,
}

impl Counted {
    fn new(groups: &[u64], labels: &[Vec<usize>]) -> Self {
        let mut counted = Self::default();
        for (group, labels) in groups.iter().zip(labels) {
            for column in std::iter::once(0).chain(labels.iter().map(|label| label + 1)) {
                *counted.of.entry(*group).or_default().entry(column).or_default() += 1;
                *counted.all.entry(column).or_default() += 1;
            }
        }
        counted
    }

    /// Sums the products of two counts, each a share of all items of its column.
    fn product(&self, one: &BTreeMap<usize, u64>, other: &BTreeMap<usize, u64>) -> f64 {
        let share = |column: &usize, count: u64| count as f64 / self.all[column] as f64;
        one.iter()
            .map(|(column, &count)| {
                share(column, count) * share(column, other.get(column).copied().unwrap_or(0))
            })
            .sum()
    }
}

/// Deals groups to folds and returns the fold of each item.
///
/// A fold's share of all items and of the items of each class should be one over the number of folds. Dealing lessens, group
/// by group, the sum of the squares of these shares, which is least where they are even: the groups with the largest shares
/// come first, equals in random order, and each goes to the fold where it adds least. It depends on the groups, their classes
/// and the number of folds alone.
///
/// # Errors
///
/// There are fewer groups than folds.
pub(super) fn deal(groups: &[u64], labels: &[Vec<usize>], folds: usize) -> Result<Vec<usize>> {
    let counted = Counted::new(groups, labels);
    if counted.of.len() < folds {
        return Err(Error::invalid(format!("{folds} folds of {} leakage groups", counted.of.len()))
            .with_hint("every fold needs a group: ask for fewer folds, or give more data"));
    }
    let mut order: Vec<u64> = counted.of.keys().copied().collect();
    Stream::new(0, "folds").shuffle(&mut order);
    let mut order: Vec<(f64, u64)> = order
        .into_iter()
        .map(|group| (counted.product(&counted.of[&group], &counted.of[&group]), group))
        .collect();
    order.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut filled: Vec<(BTreeMap<usize, u64>, usize)> = vec![(BTreeMap::new(), 0); folds];
    let mut fold_of: BTreeMap<u64, usize> = BTreeMap::new();
    for (_, group) in order {
        let counts = &counted.of[&group];
        // What a group adds to a square is twice the product and, in every fold alike, its own square. Of equals the fold
        // with fewer groups; an empty one adds nothing, so that none stays empty.
        let added = |fold: &usize| counted.product(counts, &filled[*fold].0);
        let fold = (0..folds)
            .min_by(|a, b| added(a).total_cmp(&added(b)).then(filled[*a].1.cmp(&filled[*b].1)))
            .unwrap_or(0);
        for (&column, &count) in counts {
            *filled[fold].0.entry(column).or_default() += count;
        }
        filled[fold].1 += 1;
        fold_of.insert(group, fold);
    }
    Ok(groups.iter().map(|group| fold_of[group]).collect())
}

/// Says how even folds are: their items, and the share of class 1 of two classes, or the largest difference in a class's
/// share.
pub(super) fn balance(folds: &[Fold], labels: &[Vec<usize>], groups: usize) -> String {
    let range = |values: &[f64]| {
        (values.iter().copied().fold(f64::MAX, f64::min), values.iter().copied().fold(f64::MIN, f64::max))
    };
    let items: Vec<f64> = folds.iter().map(|fold| fold.test.len() as f64).collect();
    let (least, most) = range(&items);
    let mut text = format!("{} folds of {groups} leakage groups, {least} to {most} items each", folds.len());
    let classes = labels.iter().flatten().max().map_or(0, |last| last + 1);
    let shares = |class: usize| -> (f64, f64) {
        let of = |fold: &Fold| {
            fold.test.iter().filter(|&&item| labels[item].contains(&class)).count() as f64
                / fold.test.len() as f64
        };
        range(&folds.iter().map(of).collect::<Vec<f64>>())
    };
    match classes {
        0 => {}
        1 | 2 => {
            let (low, high) = shares(classes - 1);
            let _ = write!(
                text,
                ", {:.1} to {:.1} % of them of class {}",
                100.0 * low,
                100.0 * high,
                classes - 1
            );
        }
        _ => {
            let apart = (0..classes).map(shares).map(|(low, high)| high - low).fold(0.0, f64::max);
            let _ = write!(text, ", shares of a class differ by at most {:.1} points", 100.0 * apart);
        }
    }
    text
}

/// Returns the items of each fold, given the fold of each item.
pub(super) fn folds(fold_of: &[usize], folds: usize) -> Vec<Fold> {
    let of = |wanted: &dyn Fn(usize) -> bool| -> Vec<usize> {
        (0..fold_of.len()).filter(|&item| wanted(fold_of[item])).collect()
    };
    (0..folds)
        .map(|fold| {
            let next = (fold + 1) % folds;
            Fold {
                train: of(&|other| other != fold && other != next),
                validation: of(&|other| other == next),
                test: of(&|other| other == fold),
            }
        })
        .collect()
}

/// Says how much the score differs between folds. Folds share training items, so that this is no standard error.
pub(super) fn spread(metric: Metric, each: &[Option<f64>], groups: usize) -> Vec<Fact> {
    let fact = |name: String, value: String| Fact { name, value };
    let shown: Vec<String> = each
        .iter()
        .map(|score| score.map_or_else(|| "undefined".to_owned(), |score| format!("{score:.4}")))
        .collect();
    let known: Vec<f64> = each.iter().copied().flatten().collect();
    let mut facts = vec![
        fact("folds".to_owned(), format!("{} of {groups} leakage groups", each.len())),
        fact(format!("{} by fold", metric.id()), shown.join(" ")),
    ];
    if known.len() > 1 {
        let mean = known.iter().sum::<f64>() / known.len() as f64;
        let squares: f64 = known.iter().map(|score| (score - mean).powi(2)).sum();
        let deviation = (squares / (known.len() - 1) as f64).sqrt();
        facts.push(fact(
            format!("standard deviation of {} over folds", metric.id()),
            format!("{deviation:.4}"),
        ));
    }
    facts
}

/// Asks that a task's groups are those that its splits go by, so that its other rules (no tokenizer has learnt from what is
/// answered, no window lies in two groups) are those of splits by group.
///
/// # Errors
///
/// Its split is another.
pub(super) fn check(spec: &TaskSpec) -> Result<()> {
    if spec.split == SplitKind::Grouped {
        return Ok(());
    }
    Err(Error::unsupported(format!("folds go by leakage groups, and its split is {:?}", spec.split.name()))
        .with_hint("give split=grouped where the task has it"))
}

/// Recommends folds where a single test split of groups says little.
pub(super) fn advice(record: &TaskRecord) -> Option<String> {
    let advice = record.advice()?;
    Some(format!(
        "{}: {} leakage groups, fewer than {FEWEST_GROUPS}; {advice}",
        record.task, record.all_groups
    ))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn nothing(groups: &[u64]) -> Vec<Vec<usize>> {
        vec![Vec::new(); groups.len()]
    }

    /// Groups of one to seven items, scattered.
    fn groups() -> Vec<u64> {
        let mut groups: Vec<u64> =
            (0..60).flat_map(|group| vec![1000 - group; 1 + group as usize % 7]).collect();
        Stream::new(1, "scatter").shuffle(&mut groups);
        groups
    }

    #[test]
    fn no_group_lies_in_two_parts_and_every_item_is_answered_once() {
        let groups = groups();
        let dealt = folds(&deal(&groups, &nothing(&groups), 5).unwrap(), 5);
        let mut answered = vec![0; groups.len()];
        let mut chosen_on = vec![0; groups.len()];
        for fold in &dealt {
            let parts = [&fold.train, &fold.validation, &fold.test];
            let sets = parts.map(|part| part.iter().map(|&item| groups[item]).collect::<BTreeSet<u64>>());
            for (a, b) in [(0, 1), (0, 2), (1, 2)] {
                assert!(sets[a].is_disjoint(&sets[b]), "{:?}", sets[a].intersection(&sets[b]));
            }
            assert_eq!(parts.map(Vec::len).iter().sum::<usize>(), groups.len());
            fold.test.iter().for_each(|&item| answered[item] += 1);
            fold.validation.iter().for_each(|&item| chosen_on[item] += 1);
            let share = fold.test.len() as f64 / groups.len() as f64;
            assert!((share - 0.2).abs() < 0.05, "{share}");
        }
        assert!(answered.iter().chain(&chosen_on).all(|&times| times == 1));
    }

    /// Returns the items of each fold, and how many of them are of class 1.
    fn counts(groups: &[u64], classes: &[usize]) -> Vec<(usize, usize)> {
        let labels: Vec<Vec<usize>> = classes.iter().map(|&class| vec![class]).collect();
        let dealt = folds(&deal(groups, &labels, 5).unwrap(), 5);
        dealt
            .iter()
            .map(|fold| (fold.test.len(), fold.test.iter().filter(|&&item| classes[item] == 1).count()))
            .collect()
    }

    #[test]
    fn rare_classes_are_spread_evenly() {
        // Ten of fifty groups hold all positives: dealt by size alone, a fold may have none.
        let groups: Vec<u64> = (0..300).map(|item| item / 6).collect();
        let classes: Vec<usize> = groups.iter().map(|group| usize::from(group % 5 == 0)).collect();
        assert_eq!(counts(&groups, &classes), [(60, 12); 5]);
    }

    #[test]
    fn groups_of_mixed_sizes_and_classes_are_spread_evenly() {
        let (groups, mut stream) = (groups(), Stream::new(3, "classes"));
        // Each group has a share of positives of its own, from none to all.
        let share: Vec<usize> = (0..=1000).map(|_| stream.below(11)).collect();
        let classes: Vec<usize> =
            groups.iter().map(|&group| usize::from(stream.below(10) < share[group as usize])).collect();
        let all = classes.iter().sum::<usize>() as f64 / classes.len() as f64;
        for (items, positives) in counts(&groups, &classes) {
            let share = positives as f64 / items as f64;
            assert!((share - all).abs() < 0.02, "{share} of {items}, and {all} of all");
            assert!((items as f64 / groups.len() as f64 - 0.2).abs() < 0.01, "{items}");
        }
    }

    #[test]
    fn labels_count_each_and_values_not_at_all() {
        let groups: Vec<u64> = (0..40).collect();
        let labels: Vec<Vec<usize>> = (0..40)
            .map(|item| {
                [item % 4 == 0, item % 8 == 1]
                    .iter()
                    .enumerate()
                    .filter(|(_, has)| **has)
                    .map(|(label, _)| label)
                    .collect()
            })
            .collect();
        let dealt = folds(&deal(&groups, &labels, 5).unwrap(), 5);
        for fold in &dealt {
            let with = |label| fold.test.iter().filter(|&&item| labels[item].contains(&label)).count();
            assert_eq!((fold.test.len(), with(0), with(1)), (8, 2, 1));
        }
        assert_eq!(
            balance(&dealt, &labels, 40),
            "5 folds of 40 leakage groups, 8 to 8 items each, 12.5 to 12.5 % of them of class 1"
        );
        assert_eq!(balance(&dealt, &nothing(&groups), 40), "5 folds of 40 leakage groups, 8 to 8 items each");
    }

    #[test]
    fn the_order_of_items_decides_nothing() {
        let groups = groups();
        let mut turned = groups.clone();
        turned.reverse();
        let mut dealt = deal(&turned, &nothing(&groups), 5).unwrap();
        dealt.reverse();
        assert_eq!(dealt, deal(&groups, &nothing(&groups), 5).unwrap());
        let error = deal(&[1, 1, 2], &nothing(&[1, 1, 2]), 5).unwrap_err();
        assert!(error.to_string().contains("5 folds of 2 leakage groups"), "{error}");
    }
}
