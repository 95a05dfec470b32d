//! Makes the splits of own data.

use std::collections::{BTreeMap, BTreeSet};

use dlm_dataset::{overlap, partition};
use dlm_sdk::{Error, Result, Split};

use super::{Entry, Init, SplitBy};
use crate::{
    labels::{Labels, TargetKind},
    manifest::SplitName,
};

const SHARES: [f64; 3] = [0.8, 0.1, 0.1];
const STREAM: &str = "own-data split";
const BLOCK: u64 = 1_000_000;
/// With fewer chromosomes than this, blocks come nearer to the shares.
const MANY_CHROMOSOMES: usize = 6;

/// Splits that were drawn.
pub(super) struct Drawn {
    pub(super) name: SplitName,
    pub(super) splits: Vec<Split>,
    /// What must not be in two splits, by name.
    pub(super) groups: Vec<String>,
    pub(super) notes: Vec<String>,
}

pub(super) fn draw(settings: &Init, entries: &[Entry], labels: &Labels) -> Result<Drawn> {
    let copies = overlap::duplicates(entries.iter().map(|entry| entry.bases.as_slice()));
    let mut notes = copies_note(entries, &copies);
    let by = settings.split_by.unwrap_or_else(|| find_out(entries));
    let strata = strata(entries, labels);
    let at = settings.from.display();
    let names: Option<Vec<String>> = match by {
        SplitBy::Column => {
            entries.iter().map(|entry| Some(entry.group.clone().unwrap_or_default())).collect()
        }
        SplitBy::Random => Some(copies.iter().map(ToString::to_string).collect()),
        SplitBy::Chromosome => entries.iter().map(chromosome).collect(),
        SplitBy::Block => entries.iter().map(block).collect(),
        SplitBy::Group => entries.iter().map(|entry| entry.group.clone()).collect(),
    };
    let Some(groups) = names else {
        let what = match by {
            SplitBy::Group => "group",
            _ => "place on a chromosome",
        };
        return Err(Error::invalid(format!("{at}: not every example has a {what}"))
            .with_hint("fill the column, or say --split-by random"));
    };
    let (name, splits) = if by == SplitBy::Column {
        (SplitName::Given, given(settings, entries, &copies, &strata, &mut notes)?)
    } else {
        let joined = join(&groups, &copies);
        let parts = partition::assign(&joined, &strata, &SHARES, settings.seed, STREAM);
        let how = match by {
            SplitBy::Random => "at random",
            SplitBy::Chromosome => "whole chromosomes",
            SplitBy::Block => "whole blocks of 1 Mb",
            _ => "whole groups",
        };
        notes.push(format!(
            "splits: {how}, 80, 10 and 10 %, seed {}; copies of a sequence, on either strand, stay together",
            settings.seed
        ));
        let name = if by == SplitBy::Random { SplitName::Random } else { SplitName::Grouped };
        (name, parts.into_iter().map(|part| Split::ALL[part]).collect())
    };
    check(settings, &splits, &strata, labels)?;
    Ok(Drawn { name, splits, groups, notes })
}

/// Finds the strictest way that the examples allow.
fn find_out(entries: &[Entry]) -> SplitBy {
    if entries.iter().any(|entry| entry.split.is_some()) {
        return SplitBy::Column;
    }
    if entries.iter().all(|entry| entry.group.is_some()) {
        return SplitBy::Group;
    }
    let chromosomes: Option<BTreeSet<String>> = entries.iter().map(chromosome).collect();
    match chromosomes {
        None => SplitBy::Random,
        Some(chromosomes) if chromosomes.len() < MANY_CHROMOSOMES => SplitBy::Block,
        Some(_) => SplitBy::Chromosome,
    }
}

fn chromosome(entry: &Entry) -> Option<String> {
    entry.locus.as_ref().map(|locus| locus.chromosome.to_string())
}

fn block(entry: &Entry) -> Option<String> {
    entry.locus.as_ref().map(|locus| format!("{}:{}", locus.chromosome, locus.start / BLOCK))
}

/// Numbers groups so that those that share a copy of a sequence become one.
fn join(groups: &[String], copies: &[u64]) -> Vec<u64> {
    let mut numbers = BTreeMap::new();
    let groups: Vec<usize> = groups
        .iter()
        .map(|group| {
            let next = numbers.len();
            *numbers.entry(group.as_str()).or_insert(next)
        })
        .collect();
    let mut parents: Vec<usize> = (0..numbers.len()).collect();
    let mut first_with: BTreeMap<u64, usize> = BTreeMap::new();
    for (&group, &copy) in groups.iter().zip(copies) {
        let other = *first_with.entry(copy).or_insert(group);
        let (a, b) = (root(&mut parents, group), root(&mut parents, other));
        parents[a.max(b)] = a.min(b);
    }
    groups.into_iter().map(|group| root(&mut parents, group) as u64).collect()
}

fn root(parents: &mut [usize], mut group: usize) -> usize {
    while parents[group] != group {
        parents[group] = parents[parents[group]];
        group = parents[group];
    }
    group
}

/// Numbers classes; a regression, and label sets that are too many, are one stratum.
fn strata(entries: &[Entry], labels: &Labels) -> Vec<usize> {
    let mut numbers = BTreeMap::new();
    let strata: Vec<usize> = entries
        .iter()
        .map(|entry| {
            let next = numbers.len();
            *numbers.entry(entry.label.as_str()).or_insert(next)
        })
        .collect();
    let few = labels.kind != TargetKind::Regression && numbers.len() <= entries.len() / 10 + 2;
    if few { strata } else { vec![0; entries.len()] }
}

/// Takes the splits of a column; a missing validation split is drawn from train.
fn given(
    settings: &Init,
    entries: &[Entry],
    copies: &[u64],
    strata: &[usize],
    notes: &mut Vec<String>,
) -> Result<Vec<Split>> {
    let mut splits = Vec::with_capacity(entries.len());
    for entry in entries {
        splits.push(entry.split.ok_or_else(|| {
            let path = if entry.place.0 == 0 { Some(&settings.from) } else { settings.negatives.as_ref() };
            let path = path.map(|path| path.display().to_string()).unwrap_or_default();
            Error::invalid(format!("{path}: line {}: it has no split", entry.place.1))
                .with_hint("fill the column, or say --split-by random to draw splits anew")
        })?);
    }
    notes.push("splits: as given".to_owned());
    if !splits.contains(&Split::Validation) {
        let train: Vec<usize> = (0..splits.len()).filter(|&index| splits[index] == Split::Train).collect();
        let groups: Vec<u64> = train.iter().map(|&index| copies[index]).collect();
        let classes: Vec<usize> = train.iter().map(|&index| strata[index]).collect();
        for (index, part) in
            train.iter().zip(partition::assign(&groups, &classes, &[0.9, 0.1], settings.seed, STREAM))
        {
            splits[*index] = Split::ALL[part];
        }
        notes.push(format!("validation: a tenth of train, drawn with seed {}", settings.seed));
    }
    Ok(splits)
}

fn copies_note(entries: &[Entry], copies: &[u64]) -> Vec<String> {
    let mut labels: BTreeMap<u64, Vec<&str>> = BTreeMap::new();
    for (entry, &copy) in entries.iter().zip(copies) {
        let labels = labels.entry(copy).or_default();
        if !labels.contains(&entry.label.as_str()) {
            labels.push(&entry.label);
        }
    }
    let repeated = entries.len() - labels.len();
    let torn = labels.values().filter(|labels| labels.len() > 1).count();
    let mut notes = Vec::new();
    if repeated > 0 {
        notes.push(format!(
            "{repeated} examples repeat the sequence of another, as it is or reverse-complemented"
        ));
    }
    if torn > 0 {
        notes.push(format!("warning: {torn} sequences occur with different labels"));
    }
    notes
}

fn check(settings: &Init, splits: &[Split], strata: &[usize], labels: &Labels) -> Result<()> {
    let at = settings.from.display();
    let hint = "give more examples or groups, or split another way with --split-by";
    for split in Split::ALL {
        if !splits.contains(&split) {
            return Err(
                Error::invalid(format!("{at}: no example would be in {}", split.name())).with_hint(hint)
            );
        }
    }
    let classes = labels.target().classes().map_or(0, |_| strata.iter().max().map_or(0, |most| most + 1));
    let trained =
        |class| splits.iter().zip(strata).any(|(split, stratum)| *split == Split::Train && *stratum == class);
    if (0..classes).all(trained) {
        return Ok(());
    }
    Err(Error::invalid(format!("{at}: train would lack a class")).with_hint(hint))
}
