//! Folds of cross-validation over leakage groups.
//!
//! A single small test split says little: on a chromosome of two hundred promoters it holds twenty. In cross-validation
//! every group is answered once, by a method fitted without it. Groups, never items, are dealt, so that what is alike
//! (windows of one promoter, a positive and its shuffled twin) lies in one fold. Validation is nested: the method that
//! answers a fold chooses on the next one and is fitted on the others, so that nothing is chosen on what it answers.

use std::collections::BTreeMap;

use dlm_sdk::{Error, Result, SplitKind, TaskSpec, metrics::Metric, random::Stream};

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

/// Deals groups to folds and returns the fold of each item: groups in random order, each to the fold with the fewest
/// items so far. It depends on the groups and the number of folds alone.
///
/// # Errors
///
/// There are fewer groups than folds.
pub(super) fn deal(groups: &[u64], folds: usize) -> Result<Vec<usize>> {
    let mut sizes: BTreeMap<u64, usize> = BTreeMap::new();
    for &group in groups {
        *sizes.entry(group).or_default() += 1;
    }
    if sizes.len() < folds {
        return Err(Error::invalid(format!("{folds} folds of {} leakage groups", sizes.len()))
            .with_hint("every fold needs a group: ask for fewer folds, or give more data"));
    }
    let mut order: Vec<u64> = sizes.keys().copied().collect();
    Stream::new(0, "folds").shuffle(&mut order);
    let mut filled = vec![(0, 0); folds];
    let mut fold_of: BTreeMap<u64, usize> = BTreeMap::new();
    for group in order {
        // Of equally full folds the one with fewer groups, so that none stays empty.
        let fold = (0..folds).min_by_key(|&fold| filled[fold]).unwrap_or(0);
        filled[fold].0 += sizes[&group];
        filled[fold].1 += 1;
        fold_of.insert(group, fold);
    }
    Ok(groups.iter().map(|group| fold_of[group]).collect())
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
    (record.split == "grouped" && record.underpowered()).then(|| {
        format!(
            "{}: {} leakage groups, fewer than {FEWEST_GROUPS}; --folds 5 answers every group once, not only the {} in test",
            record.task, record.all_groups, record.groups
        )
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

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
        let dealt = folds(&deal(&groups, 5).unwrap(), 5);
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

    #[test]
    fn the_order_of_items_decides_nothing() {
        let groups = groups();
        let mut turned = groups.clone();
        turned.reverse();
        let mut dealt = deal(&turned, 5).unwrap();
        dealt.reverse();
        assert_eq!(dealt, deal(&groups, 5).unwrap());
        let error = deal(&[1, 1, 2], 5).unwrap_err();
        assert!(error.to_string().contains("5 folds of 2 leakage groups"), "{error}");
    }
}
