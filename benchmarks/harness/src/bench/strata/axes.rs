//! What test items are divided by.

use std::sync::Arc;

use dlm_genome::{Interval, IntervalSet, names};
use dlm_sdk::{Items, Locus, Result};

use super::Repeats;

const NO_LOCI: &str = "the task's items have no place on a genome";

/// A partition of test items: every item lies in one stratum.
#[derive(Debug)]
pub(super) struct Axis {
    labels: Vec<String>,
    /// The stratum of each item, as a place in `labels`.
    of: Vec<usize>,
}

impl Axis {
    fn fixed<const N: usize>(labels: [&str; N], of: Vec<usize>) -> Self {
        Self { labels: labels.map(str::to_owned).into(), of }
    }

    /// Returns the strata that hold items, in order, with the places of their items.
    pub(super) fn strata(&self) -> impl Iterator<Item = (&str, Vec<usize>)> {
        self.labels.iter().enumerate().filter_map(|(stratum, label)| {
            let items: Vec<usize> = (0..self.of.len()).filter(|&item| self.of[item] == stratum).collect();
            (!items.is_empty()).then_some((label.as_str(), items))
        })
    }
}

/// The training items of those who answered test items: one set for all, or one a fold.
#[derive(Debug)]
pub(super) struct Trained {
    /// The training items, `None` without a place on a genome, and the places of the test items that were answered after
    /// them.
    parts: Vec<(Option<IntervalSet>, Vec<usize>)>,
}

impl Trained {
    /// Takes the training items of one fit, which answered so many test items.
    pub(super) fn once(train: Items<'_>, tested: usize) -> Result<Self> {
        let set = train.loci.map(|loci| intervals(loci.iter())).transpose()?;
        Ok(Self { parts: vec![(set.map(|items| items.iter().collect()), (0..tested).collect())] })
    }

    /// Takes the places of the items that each fold was fitted on and those that it answered.
    pub(super) fn by_fold<'f>(
        items: Items<'_>,
        folds: impl Iterator<Item = (&'f [usize], &'f [usize])>,
    ) -> Result<Self> {
        let parts = folds.map(|(train, test)| {
            let set = items.loci.map(|loci| intervals(train.iter().map(|&item| &loci[item]))).transpose()?;
            Ok((set.map(|items| items.iter().collect()), test.to_vec()))
        });
        Ok(Self { parts: parts.collect::<Result<_>>()? })
    }
}

/// An axis by its name, or why the items cannot be divided by it.
type Named = (&'static str, std::result::Result<Axis, &'static str>);

/// Divides test items by everything that is known about them.
///
/// # Errors
///
/// A locus is no interval, or the table of repeats spells chromosomes in another way.
pub(super) fn axes(trained: &Trained, test: Items<'_>, repeats: Option<&Repeats>) -> Result<Vec<Named>> {
    let tested = test.loci.map(|loci| intervals(loci.iter())).transpose()?;
    let known = tested.as_deref().ok_or(NO_LOCI);
    let mut axes = vec![
        ("chromosome", known.map(by_chromosome)),
        ("GC content", Ok(by_gc(test.sequences.iter().map(|sequence| sequence.bases())))),
        (
            "bases between an item and the nearest training item",
            known.and_then(|tested| by_distance(trained, tested).ok_or(NO_LOCI)),
        ),
    ];
    if let Some(repeats) = repeats {
        let divided = tested.as_deref().map(|tested| by_repeats(tested, repeats)).transpose()?;
        axes.push(("share of bases in repeats", divided.ok_or(NO_LOCI)));
    }
    Ok(axes)
}

fn intervals<'l>(loci: impl Iterator<Item = &'l Locus>) -> Result<Vec<Interval>> {
    loci.map(|locus| Ok(Interval::new(Arc::clone(&locus.chromosome), locus.start, locus.end)?)).collect()
}

/// Returns chromosomes as people count them: by number, then by name.
fn chromosomes(items: &[Interval]) -> Vec<String> {
    let mut names: Vec<String> = items.iter().map(|item| item.chromosome().to_owned()).collect();
    names.sort();
    names.dedup();
    let number = |name: &String| name.strip_prefix("chr").unwrap_or(name).parse::<u64>().unwrap_or(u64::MAX);
    names.sort_by_key(number);
    names
}

fn by_chromosome(items: &[Interval]) -> Axis {
    let labels = chromosomes(items);
    let place = |item: &Interval| labels.iter().position(|name| name == item.chromosome());
    let of = items.iter().filter_map(place).collect();
    Axis { labels, of }
}

/// Divides by tenths of GC content; bases other than A, C, G and T do not count.
fn by_gc<'s>(sequences: impl Iterator<Item = &'s [u8]>) -> Axis {
    let stratum = |bases: &[u8]| {
        let count = |wanted: &[u8]| bases.iter().filter(|base| wanted.contains(base)).count();
        let (strong, weak) = (count(b"CGcg"), count(b"ATat"));
        // The last place is of sequences without a base that counts; all of it belongs to the highest tenth.
        (strong * 10).checked_div(strong + weak).map_or(10, |tenth| tenth.min(9))
    };
    let mut labels: Vec<String> =
        (0..10).map(|tenth| format!("{}-{} %", 10 * tenth, 10 * (tenth + 1))).collect();
    labels.push("no known base".to_owned());
    Axis { labels, of: sequences.map(stratum).collect() }
}

/// Divides by how many bases lie between an item and the nearest training item on its chromosome; `None` where training items
/// have no place.
fn by_distance(trained: &Trained, test: &[Interval]) -> Option<Axis> {
    let stratum = |train: &IntervalSet, item: &Interval| match train.distance(item) {
        Some(0) => 0,
        // Neighbours that touch are one step apart and have no base between them.
        Some(1..=1_000) => 1,
        Some(1_001..=10_000) => 2,
        Some(10_001..=100_000) => 3,
        Some(100_001..=1_000_000) => 4,
        Some(_) => 5,
        None => 6,
    };
    let labels = [
        "overlaps",
        "under 1 kb",
        "1 to 10 kb",
        "10 to 100 kb",
        "100 kb to 1 Mb",
        "1 Mb and more",
        "none on the chromosome",
    ];
    let mut of = vec![6; test.len()];
    for (train, items) in &trained.parts {
        for &item in items {
            of[item] = stratum(train.as_ref()?, &test[item]);
        }
    }
    Some(Axis::fixed(labels, of))
}

/// Divides by the share of an item's bases that a repeat covers.
fn by_repeats(items: &[Interval], repeats: &Repeats) -> Result<Axis> {
    names::check(repeats.names.iter().map(String::as_str), &chromosomes(items))
        .map_err(|error| dlm_sdk::Error::from(error).within(repeats.path.display().to_string()))?;
    let stratum = |item: &Interval| {
        if !repeats.names.contains(item.chromosome()) {
            return 4;
        }
        let clipped =
            |range: &std::ops::Range<u64>| range.end.min(item.end()) - range.start.max(item.start());
        let covered: u64 = repeats.bases.overlapping(item).iter().map(clipped).sum();
        match covered {
            0 => 0,
            all if all == item.len() => 3,
            part if 2 * part < item.len() => 1,
            _ => 2,
        }
    };
    let labels = ["none", "under half", "half and more", "all", "chromosome not in the table"];
    Ok(Axis::fixed(labels, items.iter().map(stratum).collect()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn at(chromosome: &str, start: u64, end: u64) -> Interval {
        Interval::new(chromosome, start, end).unwrap()
    }

    fn labels(axis: &Axis) -> Vec<&str> {
        axis.of.iter().map(|&stratum| axis.labels[stratum].as_str()).collect()
    }

    #[test]
    fn chromosomes_stand_in_the_order_of_their_numbers() {
        let axis = by_chromosome(&[at("chrX", 0, 1), at("chr10", 0, 1), at("chr2", 0, 1), at("chrX", 5, 6)]);
        let strata: Vec<_> = axis.strata().collect();
        assert_eq!(strata, [("chr2", vec![2]), ("chr10", vec![1]), ("chrX", vec![0, 3])]);
    }

    #[test]
    fn gc_counts_known_bases() {
        let sequences: [&[u8]; 5] = [b"GCGC", b"ATNNGC", b"NNN", b"ttttttttTC", b"AAAA"];
        let axis = by_gc(sequences.into_iter());
        assert_eq!(labels(&axis), ["90-100 %", "50-60 %", "no known base", "10-20 %", "0-10 %"]);
    }

    #[test]
    fn distances_are_the_bases_between() {
        let train = [at("chr1", 1_000, 2_000), at("chr2", 0, 10)];
        let test = [
            at("chr1", 1_999, 2_100),
            at("chr1", 2_000, 2_100),
            at("chr1", 2_999, 3_100),
            at("chr1", 3_000, 3_100),
            at("chr1", 500, 900),
            at("chr2", 10_010, 10_020),
            at("chr2", 2_000_000, 2_000_001),
            at("chr3", 0, 10),
        ];
        let wanted = [
            "overlaps",
            "under 1 kb",
            "under 1 kb",
            "1 to 10 kb",
            "under 1 kb",
            "10 to 100 kb",
            "1 Mb and more",
            "none on the chromosome",
        ];
        let trained = Trained { parts: vec![(Some(train.iter().collect()), (0..test.len()).collect())] };
        assert_eq!(labels(&by_distance(&trained, &test).unwrap()), wanted);
        assert!(by_distance(&Trained { parts: vec![(None, vec![0])] }, &test).is_none());
    }

    #[test]
    fn under_folds_each_item_is_measured_from_what_its_fold_was_fitted_on() {
        let locus = |start| Locus { chromosome: "chr1".into(), start, end: start + 10, strand: None };
        let loci = [locus(0), locus(500), locus(50_000)];
        let (ids, groups) = ([0, 1, 2], [0, 1, 2]);
        let sequences = [b"A"; 3].map(|bases| dlm_sdk::Sequence::new(bases));
        let items =
            Items { ids: &ids, sequences: &sequences, cuts: None, groups: &groups, loci: Some(&loci) };
        // The fold that answers the first item was not fitted on its neighbour.
        let folds: [(&[usize], &[usize]); 2] = [(&[2], &[0]), (&[0], &[1, 2])];
        let trained = Trained::by_fold(items, folds.into_iter()).unwrap();
        let tested = intervals(loci.iter()).unwrap();
        assert_eq!(
            labels(&by_distance(&trained, &tested).unwrap()),
            ["10 to 100 kb", "under 1 kb", "10 to 100 kb"]
        );
    }

    #[test]
    fn repeats_are_clipped_and_counted_once() {
        let bases: IntervalSet = [at("chr1", 90, 150), at("chr1", 100, 149)].iter().collect();
        let repeats = Repeats { path: "rmsk.txt".into(), names: BTreeSet::from(["chr1".to_owned()]), bases };
        let items = [
            at("chr1", 100, 200),
            at("chr1", 101, 201),
            at("chr1", 100, 150),
            at("chr1", 150, 250),
            at("chr2", 100, 150),
        ];
        let axis = by_repeats(&items, &repeats).unwrap();
        assert_eq!(
            labels(&axis),
            ["half and more", "under half", "all", "none", "chromosome not in the table"]
        );
        let error = by_repeats(&[at("1", 0, 9)], &repeats).unwrap_err();
        assert!(error.to_string().contains("rmsk.txt") && error.hint().is_some(), "{error}");
    }
}
