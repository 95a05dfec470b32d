//! Puts promoters, negatives and splits together.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use dlm_dataset::{overlap, partition, shuffle};
use dlm_genome::{Genome, names};
use dlm_sdk::{Error, ExampleSet, Locus, Result, Split, SplitKind, random::Stream};

use crate::{
    Negative, Settings,
    starts::{self, Start, Table},
    windows::{self, DISTANCE, LENGTH, Negatives, TOLERANCE, Window},
};

/// How often a shuffle may come out as what it was made from before it is given up.
const SHUFFLES: usize = 10;
/// The random stream of splits.
const SPLIT: &str = "promoter-tss split";

pub(crate) struct Built {
    pub(crate) sets: [ExampleSet; 3],
    pub(crate) held_out: Vec<Locus>,
    pub(crate) notes: Vec<String>,
}

struct Example {
    id: u64,
    bases: Vec<u8>,
    positive: bool,
    /// The id of its positive, which it shares with its dinucleotide twin.
    pair: u64,
    block: Block,
    locus: Locus,
}

/// A block: the index of its chromosome, and its number there.
type Block = (usize, u64);

/// A promoter that was cut.
struct Promoter {
    window: Window,
    block: Block,
    position: u64,
    kind: String,
    bases: Vec<u8>,
}

#[derive(Default)]
struct Counts {
    rows: usize,
    starts: usize,
    kinds: BTreeMap<String, usize>,
    off: usize,
    unknown: usize,
    border: usize,
    copies: usize,
    unmatched: usize,
    positives: usize,
}

/// Names the task: what makes its examples, not how they are split.
pub(crate) fn name(settings: &Settings) -> String {
    match settings.negatives {
        Negative::Gc => "promoter-tss".to_owned(),
        Negative::Dinucleotide => "promoter-tss,negatives=dinucleotide".to_owned(),
    }
}

pub(crate) fn build(settings: &Settings) -> Result<Built> {
    let table = starts::read(&settings.tss, settings.origin)?;
    let genome = Genome::open(&settings.genome)?;
    let chosen = choose(settings, &genome)?;
    let mut counts = Counts::default();
    let mut respelled = BTreeSet::new();
    let mut seen = BTreeSet::new();
    let mut places = Vec::new();
    for (index, record) in genome.records().iter().enumerate().filter(|(index, _)| chosen.contains(index)) {
        let Some((spelling, rows)) = rows_of(&table, record.name()) else { continue };
        if spelling != record.name() {
            respelled.insert(format!("{spelling} for {}", record.name()));
        }
        let place = Place { index, name: record.name().into(), bases: record.bases(), rows };
        place.check(settings)?;
        let promoters = place.promoters(settings, &mut seen, &mut counts);
        places.push((place, promoters));
    }
    let blocks: Vec<Block> =
        places.iter().flat_map(|(_, promoters)| promoters.iter().map(|promoter| promoter.block)).collect();
    if blocks.is_empty() {
        return Err(nothing(settings, &table, &genome, &counts));
    }
    let parts = match settings.split {
        SplitKind::Grouped => Some(assign_blocks(&blocks, settings.seed)),
        _ => None,
    };
    let mut examples = Vec::new();
    for (place, promoters) in places {
        place.pair(promoters, settings, parts.as_ref(), &mut seen, &mut counts, &mut examples);
    }
    let split: Vec<usize> = if let Some(parts) = &parts {
        examples.iter().map(|example| parts[&example.block]).collect()
    } else {
        let pairs: Vec<u64> = examples.iter().map(|example| example.pair).collect();
        let strata: Vec<usize> = examples.iter().map(|example| usize::from(example.positive)).collect();
        partition::assign(&pairs, &strata, &[0.8, 0.1, 0.1], settings.seed, SPLIT)
    };
    let mut built =
        Built { sets: [(); 3].map(|()| ExampleSet::new(1)), held_out: Vec::new(), notes: Vec::new() };
    for (example, &part) in examples.iter().zip(&split) {
        let group = if parts.is_some() { number(example.block) } else { example.pair };
        let target = [f32::from(u8::from(example.positive))];
        built.sets[part].add_at(example.id, &example.bases, &target, group, example.locus.clone())?;
    }
    check_splits(&built.sets, settings)?;
    built.held_out = if let Some(parts) = &parts {
        held_out_blocks(parts, &genome)
    } else {
        let held = examples.iter().zip(&split).filter(|(_, part)| **part != Split::Train as usize);
        held.map(|(example, _)| example.locus.clone()).collect()
    };
    built.notes = notes(settings, &counts, &respelled, &built);
    Ok(built)
}

fn number(block: Block) -> u64 {
    (block.0 as u64) << 32 | block.1
}

/// Puts blocks that hold promoters into splits, by the number of their promoters.
fn assign_blocks(blocks: &[Block], seed: u64) -> BTreeMap<Block, usize> {
    let groups: Vec<u64> = blocks.iter().map(|&block| number(block)).collect();
    let parts = partition::assign(&groups, &vec![0; groups.len()], &[0.7, 0.1, 0.2], seed, SPLIT);
    blocks.iter().copied().zip(parts).collect()
}

/// Names the blocks of validation and test.
fn held_out_blocks(parts: &BTreeMap<Block, usize>, genome: &Genome) -> Vec<Locus> {
    parts
        .iter()
        .filter(|(_, part)| **part != Split::Train as usize)
        .map(|(&(index, block), _)| {
            let record = &genome.records()[index];
            let (start, end) = windows::block_range(block, record.bases().len() as u64);
            Locus { chromosome: record.name().into(), start, end, strand: None }
        })
        .collect()
}

/// Returns the indices of the chromosomes that were asked for.
fn choose(settings: &Settings, genome: &Genome) -> Result<BTreeSet<usize>> {
    if settings.chromosomes.is_empty() {
        return Ok((0..genome.records().len()).collect());
    }
    let find = |wanted: &String| {
        let other = names::other_spelling(wanted);
        genome
            .names()
            .position(|name| name == wanted)
            .or_else(|| genome.names().position(|name| name == other))
    };
    settings
        .chromosomes
        .iter()
        .map(|wanted| match find(wanted) {
            Some(index) => Ok(index),
            None => Err(genome
                .bases(wanted)
                .err()
                .map_or_else(|| Error::internal("a name came and went"), Into::into)),
        })
        .collect()
}

/// Returns the rows of a chromosome under its own spelling or the other one.
fn rows_of<'t>(table: &'t Table, name: &str) -> Option<(&'t str, &'t [Start])> {
    let found = table.get_key_value(name).or_else(|| table.get_key_value(&names::other_spelling(name)));
    found.map(|(name, rows)| (name.as_str(), rows.as_slice()))
}

/// A chromosome and its rows of the table.
struct Place<'g> {
    index: usize,
    name: Arc<str>,
    bases: &'g [u8],
    rows: &'g [Start],
}

impl Place<'_> {
    fn check(&self, settings: &Settings) -> Result<()> {
        let length = self.bases.len() as u64;
        match self.rows.iter().find(|start| start.position >= length) {
            None => Ok(()),
            Some(start) => Err(Error::invalid(format!(
                "{}: line {}: the start lies past the end of {}, which has {length} bases",
                settings.tss.display(),
                start.line,
                self.name
            ))
            .with_hint("table and genome may be of different builds, such as hg19 and hg38")),
        }
    }

    /// Cuts the promoters, and counts those that are dropped.
    fn promoters(
        &self,
        settings: &Settings,
        seen: &mut BTreeSet<Vec<u8>>,
        counts: &mut Counts,
    ) -> Vec<Promoter> {
        let kind = |start: &&Start| settings.kinds.is_empty() || settings.kinds.contains(&start.kind);
        let wanted: Vec<Start> = self.rows.iter().filter(kind).cloned().collect();
        let merged = starts::merge(&wanted, settings.merge);
        counts.rows += wanted.len();
        counts.starts += merged.len();
        let mut promoters = Vec::new();
        for start in merged {
            let Some(window) = Window::around(&start, self.bases) else {
                counts.off += 1;
                continue;
            };
            let bases = window.bases(self.bases);
            if bases.contains(&b'N') {
                counts.unknown += 1;
                continue;
            }
            let Some(block) = window.block(self.bases.len() as u64) else {
                counts.border += 1;
                continue;
            };
            if !seen.insert(overlap::canonical(&bases).into_owned()) {
                counts.copies += 1;
                continue;
            }
            let (block, position, kind) = ((self.index, block), start.position, start.kind);
            promoters.push(Promoter { window, block, position, kind, bases });
        }
        promoters
    }

    /// Finds a negative for each promoter, within the blocks of its split where there are such.
    fn pair(
        &self,
        promoters: Vec<Promoter>,
        settings: &Settings,
        parts: Option<&BTreeMap<Block, usize>>,
        seen: &mut BTreeSet<Vec<u8>>,
        counts: &mut Counts,
        examples: &mut Vec<Example>,
    ) {
        let mut negatives = match settings.negatives {
            Negative::Gc => Some(Negatives::new(self.bases, self.rows)),
            Negative::Dinucleotide => None,
        };
        let mut stream = Stream::nth(settings.seed, "promoter-tss negatives", self.index as u64);
        for Promoter { window, block, position, kind, bases } in promoters {
            let id = self.id(position, window) | 1;
            let negative = match &mut negatives {
                Some(negatives) => {
                    let allowed = |other: u64| {
                        parts.is_none_or(|parts| parts.get(&(self.index, other)) == parts.get(&block))
                    };
                    negatives.draw(&bases, window.strand, &mut stream, allowed).and_then(|window| {
                        let block = (self.index, window.block(self.bases.len() as u64)?);
                        let bases = window.bases(self.bases);
                        let new = seen.insert(overlap::canonical(&bases).into_owned());
                        let id = self.id(window.start, window);
                        new.then(|| self.example(id, window, block, bases, id))
                    })
                }
                None => (0..SHUFFLES)
                    .find_map(|_| {
                        shuffle::dinucleotides(&bases, &mut stream).filter(|shuffled| *shuffled != bases)
                    })
                    .map(|shuffled| self.example(id ^ 1, window, block, shuffled, id)),
            };
            let Some(negative) = negative else {
                counts.unmatched += 1;
                continue;
            };
            *counts.kinds.entry(kind).or_default() += 1;
            counts.positives += 1;
            examples.push(Example { positive: true, ..self.example(id, window, block, bases, id) });
            examples.push(negative);
        }
    }

    /// Makes an id from chromosome, position and strand; its last bit says promoter.
    fn id(&self, position: u64, window: Window) -> u64 {
        (self.index as u64) << 40 | position << 2 | (window.strand as u64) << 1
    }

    fn example(&self, id: u64, window: Window, block: Block, bases: Vec<u8>, pair: u64) -> Example {
        let locus = Locus {
            chromosome: Arc::clone(&self.name),
            start: window.start,
            end: window.start + LENGTH,
            strand: Some(window.strand),
        };
        Example { id, bases, positive: false, pair, block, locus }
    }
}

fn check_splits(sets: &[ExampleSet; 3], settings: &Settings) -> Result<()> {
    for (split, set) in Split::ALL.into_iter().zip(sets) {
        for (class, what) in [(1, "promoter"), (0, "negative")] {
            if !set.view().examples().classes().any(|found| found == class) {
                let hint = match settings.split {
                    SplitKind::Grouped => {
                        "take more chromosomes, or split=paper, which does not keep blocks together"
                    }
                    _ => "take more chromosomes or more starts",
                };
                return Err(Error::invalid(format!("{} would hold no {what}", split.name())).with_hint(hint));
            }
        }
    }
    Ok(())
}

fn nothing(settings: &Settings, table: &Table, genome: &Genome, counts: &Counts) -> Error {
    let path = settings.tss.display();
    let some = |names: Vec<&str>| names.into_iter().take(5).collect::<Vec<_>>().join(", ");
    if counts.rows == 0 {
        let (table, genome) =
            (some(table.keys().map(String::as_str).collect()), some(genome.names().collect()));
        let kinds =
            if settings.kinds.is_empty() { String::new() } else { settings.kinds.join(", ") + " of " };
        return Error::invalid(format!("{path}: no start of {kinds}the chosen chromosomes"))
            .with_hint(format!("the table names {table}, the genome {genome}"));
    }
    Error::invalid(format!(
        "{path}: none of its {} starts gives a window: {}",
        counts.starts,
        dropped(counts)
    ))
}

fn dropped(counts: &Counts) -> String {
    format!(
        "dropped {} off the chromosome, {} with N, {} across a block's border, {} copies, {} without a negative",
        counts.off, counts.unknown, counts.border, counts.copies, counts.unmatched
    )
}

fn notes(settings: &Settings, counts: &Counts, respelled: &BTreeSet<String>, built: &Built) -> Vec<String> {
    let mut notes = vec![format!(
        "{} promoters, -249..+50 of {} starts merged from {} rows (one gene within {} kb, one strand within {} bases); {}",
        counts.positives,
        counts.starts,
        counts.rows,
        starts::ONE_GENE / 1_000,
        settings.merge,
        dropped(counts)
    )];
    let kinds: Vec<String> = counts
        .kinds
        .iter()
        .filter(|(kind, _)| !kind.is_empty())
        .map(|(kind, count)| format!("{kind} {count}"))
        .collect();
    if !kinds.is_empty() {
        notes.push(format!("gene types: {}", kinds.join(", ")));
    }
    notes.push(match settings.negatives {
        Negative::Gc => format!(
            "negatives: one a promoter, same chromosome, strand and (if grouped) blocks of one split, G+C equal within {TOLERANCE} of {LENGTH} bases, at \
             least {} kb from any start, no N, no overlap; transcribed stretches and unlisted starts may be among them",
            DISTANCE / 1_000
        ),
        Negative::Dinucleotide => "negatives: each promoter shuffled with all its dinucleotide counts (Altschul and \
                                   Erikson), in its promoter's split; its locus is the promoter's"
            .to_owned(),
    });
    let promoters = |set: &ExampleSet| set.view().examples().classes().filter(|&class| class == 1).count();
    let sizes: Vec<String> = built.sets.iter().map(|set| promoters(set).to_string()).collect();
    notes.push(match settings.split {
        SplitKind::Grouped => format!(
            "blocks of 1 Mb lie whole in one split: {} promoters in train, validation, test; copies are dropped, \
             diverged paralogs may lie on both sides",
            sizes.join(", ")
        ),
        _ => format!(
            "leak: split at random, neighbours may lie on both sides; {} promoters in train, validation, test",
            sizes.join(", ")
        ),
    });
    if !respelled.is_empty() {
        let respelled: Vec<&str> = respelled.iter().map(String::as_str).collect();
        notes.push(format!("the table of starts spells chromosomes differently: {}", respelled.join(", ")));
    }
    notes
}
