//! What lies close together.

use crate::Interval;

/// Numbers intervals so that those that lie within a distance of each other, or are linked by such neighbours, share a
/// number; strands do not matter. Numbers count up from zero in the order of first sight.
///
/// Two intervals are within a distance if fewer bases lie between them; those that overlap or touch are within any
/// distance of at least one.
///
/// # Examples
///
/// ```
/// use dlm_genome::{Interval, clusters};
///
/// let sites = [
///     Interval::new("chr21", 5_000, 5_019)?,
///     Interval::new("chr21", 100, 119)?,
///     Interval::new("chr21", 1_000, 1_019)?,
///     Interval::new("chr22", 1_100, 1_119)?,
/// ];
/// assert_eq!(clusters(&sites, 1_000), [0, 1, 1, 2]);
/// # Ok::<(), dlm_genome::Error>(())
/// ```
pub fn clusters(intervals: &[Interval], distance: u64) -> Vec<u64> {
    let mut order: Vec<usize> = (0..intervals.len()).collect();
    let key = |index: usize| {
        let interval: &Interval = &intervals[index];
        (interval.chromosome(), interval.start(), interval.end())
    };
    order.sort_by(|&a, &b| key(a).cmp(&key(b)));
    let mut cluster = vec![0; intervals.len()];
    let mut last: Option<(&str, u64)> = None;
    let mut count = 0;
    for index in order {
        let (chromosome, start, end) = key(index);
        match &mut last {
            Some((name, reach)) if *name == chromosome && start < reach.saturating_add(distance) => {
                *reach = end.max(*reach);
            }
            _ => {
                count += 1;
                last = Some((chromosome, end));
            }
        }
        cluster[index] = count;
    }
    let mut numbers = vec![None; count + 1];
    let mut next = 0;
    cluster
        .into_iter()
        .map(|cluster| {
            *numbers[cluster].get_or_insert_with(|| {
                next += 1;
                next - 1
            })
        })
        .collect()
}
