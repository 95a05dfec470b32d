//! Splits drawn from a seed, whole groups at a time.
//!
//! Examples of one group (a block of a chromosome, copies of one sequence) go to one split. Splits get their shares of
//! every stratum (a class), as near as whole groups allow: groups are shuffled, each goes where it brings the counts
//! nearest to their targets (least chi-squared), and of several shuffles the nearest is kept. No split is empty while
//! there are groups enough.

use std::collections::BTreeMap;

use dlm_sdk::random::Stream;

const SHUFFLES: u64 = 32;

/// Assigns examples to parts, given each part's share, the group and the stratum of each example.
///
/// The answer depends on the seed and the name alone, never on the numbers that groups are called by beyond their
/// order.
///
/// # Panics
///
/// If a share is not positive, or groups and strata differ in number.
///
/// # Examples
///
/// ```
/// let groups: Vec<u64> = (0..1000).collect();
/// let strata: Vec<usize> = (0..1000).map(|i| i % 2).collect();
/// let parts = dlm_dataset::partition::assign(&groups, &strata, &[0.8, 0.1, 0.1], 0, "split");
/// assert_eq!(parts.iter().filter(|&&part| part == 1).count(), 100);
/// ```
pub fn assign(groups: &[u64], strata: &[usize], shares: &[f64], seed: u64, name: &str) -> Vec<usize> {
    assert_eq!(groups.len(), strata.len(), "each example has a group and a stratum");
    assert!(shares.iter().all(|&share| share > 0.0), "a share is positive");
    let total: f64 = shares.iter().sum();
    let kinds = strata.iter().max().map_or(0, |&most| most + 1);
    let mut counts: BTreeMap<u64, Vec<(usize, f64)>> = BTreeMap::new();
    let mut strata_totals = vec![0.0; kinds];
    for (&group, &stratum) in groups.iter().zip(strata) {
        let members = counts.entry(group).or_default();
        match members.iter_mut().find(|(kind, _)| *kind == stratum) {
            Some((_, count)) => *count += 1.0,
            None => members.push((stratum, 1.0)),
        }
        strata_totals[stratum] += 1.0;
    }
    let targets: Vec<Vec<f64>> = shares
        .iter()
        .map(|share| strata_totals.iter().map(|count| count * share / total).collect())
        .collect();
    let counts: Vec<(u64, Vec<(usize, f64)>)> = counts.into_iter().collect();
    // Groups of one example each always fit, so that one shuffle is as good as many.
    let shuffles = if counts.len() == groups.len() { 1 } else { SHUFFLES };
    let best = (0..shuffles)
        .map(|index| deal(&counts, &targets, &mut Stream::nth(seed, name, index)))
        .min_by(|(a, _), (b, _)| a.total_cmp(b));
    let parts: BTreeMap<u64, usize> = match best {
        Some((_, parts)) => counts.iter().map(|(group, _)| *group).zip(parts).collect(),
        None => BTreeMap::new(),
    };
    groups.iter().map(|group| parts[group]).collect()
}

/// Deals shuffled groups; returns how far the counts are from their targets, and the part of each group.
fn deal(counts: &[(u64, Vec<(usize, f64)>)], targets: &[Vec<f64>], stream: &mut Stream) -> (f64, Vec<usize>) {
    let mut order: Vec<usize> = (0..counts.len()).collect();
    stream.shuffle(&mut order);
    let mut dealt: Vec<Vec<f64>> = targets.iter().map(|target| vec![0.0; target.len()]).collect();
    let mut parts = vec![0; counts.len()];
    let mut empty: Vec<bool> = vec![true; targets.len()];
    for (index, group) in order.into_iter().enumerate() {
        let members = &counts[group].1;
        let left = counts.len() - index;
        // The last groups fill the parts that would have none.
        let must_fill = empty.iter().filter(|empty| **empty).count() >= left;
        let cost = |part: usize| -> f64 {
            members
                .iter()
                .map(|&(kind, count)| {
                    let (now, target) = (dealt[part][kind], targets[part][kind]);
                    ((now + count - target).powi(2) - (now - target).powi(2)) / target
                })
                .sum()
        };
        let part = (0..targets.len())
            .filter(|&part| !must_fill || empty[part])
            .min_by(|&a, &b| cost(a).total_cmp(&cost(b)))
            .unwrap_or_default();
        empty[part] = false;
        for &(kind, count) in members {
            dealt[part][kind] += count;
        }
        parts[group] = part;
    }
    let distance = dealt
        .iter()
        .zip(targets)
        .flat_map(|(dealt, target)| dealt.iter().zip(target))
        .filter(|(_, target)| **target > 0.0)
        .map(|(dealt, target)| (dealt - target).powi(2) / target)
        .sum();
    (distance, parts)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn count(parts: &[usize], part: usize) -> usize {
        parts.iter().filter(|&&p| p == part).count()
    }

    proptest! {
        #[test]
        fn groups_stay_together(groups in prop::collection::vec(0_u64..20, 1..200), seed in 0_u64..9) {
            let strata: Vec<usize> = groups.iter().map(|group| (*group % 3) as usize).collect();
            let parts = assign(&groups, &strata, &[0.7, 0.1, 0.2], seed, "test");
            for (i, j) in (0..groups.len()).flat_map(|i| (0..i).map(move |j| (i, j))) {
                prop_assert!(groups[i] != groups[j] || parts[i] == parts[j]);
            }
            prop_assert_eq!(&parts, &assign(&groups, &strata, &[0.7, 0.1, 0.2], seed, "test"));
        }

        #[test]
        fn single_examples_get_their_shares(n in 50_usize..500, seed in 0_u64..9) {
            let groups: Vec<u64> = (0..n as u64).collect();
            let strata: Vec<usize> = (0..n).map(|i| usize::from(i % 5 == 0)).collect();
            let parts = assign(&groups, &strata, &[0.8, 0.1, 0.1], seed, "test");
            for stratum in 0..2 {
                let of: Vec<usize> = (0..n).filter(|&i| strata[i] == stratum).map(|i| parts[i]).collect();
                for (part, share) in [0.8, 0.1, 0.1].iter().enumerate() {
                    let wanted = share * of.len() as f64;
                    prop_assert!((count(&of, part) as f64 - wanted).abs() <= 1.5, "{} {wanted}", count(&of, part));
                }
            }
        }
    }

    #[test]
    fn no_part_is_empty_while_groups_last() {
        for seed in 0..9 {
            let groups: Vec<u64> = (0..200).map(|i| i / 40).collect();
            let parts = assign(&groups, &[0; 200], &[0.8, 0.1, 0.1], seed, "test");
            assert_eq!([0, 1, 2].map(|part| count(&parts, part)), [120, 40, 40]);
        }
    }

    #[test]
    fn seeds_differ() {
        let groups: Vec<u64> = (0..100).collect();
        let strata = vec![0; 100];
        let draw = |seed| assign(&groups, &strata, &[0.5, 0.5], seed, "test");
        assert_ne!(draw(0), draw(1));
    }
}
