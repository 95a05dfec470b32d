//! Cuts windows around sites and puts them into splits.

use std::collections::BTreeSet;

use dlm_dataset::{Located, SplitBy, options};
use dlm_genome::{Genome, Interval, chain::Chains, clusters, fasta::Record};
use dlm_sdk::{Error, ExampleSet, Locus, Result, Split, dna};

use crate::{
    Preset, Settings,
    peaks::Peaks,
    settings::{CELLS, EXPERIMENT},
    sites,
};

/// The length of a window.
pub(crate) const LENGTH: u64 = 1_000;
/// Sites within this many bases of each other are one group.
const NEAR: u64 = 1_000;
/// The share of bound sites in the paper, about 32,000 of 85,000.
const PAPER_SHARE: f64 = 38.0;

pub(crate) struct Built {
    pub(crate) sets: [ExampleSet; 3],
    pub(crate) notes: Vec<String>,
}

#[derive(Default)]
struct Counts {
    hits: usize,
    both_strands: usize,
    several_peaks: usize,
    off: usize,
    unknown: usize,
    bound: usize,
}

pub(crate) fn build(settings: &Settings) -> Result<Built> {
    let motif = sites::motif(&settings.motif)?;
    let genome = Genome::open(&settings.genome)?;
    let records = chosen(settings, &genome)?;
    let chains = settings.lift.as_ref().map(Chains::open).transpose()?;
    let peaks = Peaks::read(&settings.peaks, chains.as_ref(), &genome)?;
    let empty: Vec<&str> =
        records.iter().map(|record| record.name()).filter(|name| !peaks.any(name)).collect();
    if !empty.is_empty() && (!settings.allow_empty || empty.len() == records.len()) {
        return Err(Error::invalid(format!(
            "{}: no peak lies on {}",
            settings.peaks.display(),
            empty.join(", ")
        ))
        .with_hint(
            "the experiment may have left it out by design; take other chromosomes or other peaks, or say \
                 allow-empty=yes if nothing is bound there",
        ));
    }
    let found = sites::find(&motif, &records, settings.cut)?;
    let mut counts = Counts::default();
    let (mut examples, mut places) = (Vec::new(), Vec::new());
    for (index, (record, hits)) in records.iter().zip(&found.sites).enumerate() {
        let mut last = None;
        for hit in hits {
            counts.hits += 1;
            let (start, end) = (hit.start as u64, (hit.start + motif.width()) as u64);
            let again = last == Some(start);
            counts.both_strands += usize::from(again);
            last = Some(start);
            if again && settings.preset == Preset::Paper {
                continue;
            }
            let Some(window) = window(start, end, settings.preset, record.bases().len() as u64) else {
                counts.off += 1;
                continue;
            };
            let bases = &record.bases()[window.start as usize..window.end as usize];
            if bases.iter().any(|&base| dna::code(base).is_none()) {
                counts.unknown += 1;
                continue;
            }
            let over = peaks.over(record.name(), start, end);
            counts.several_peaks += over.saturating_sub(1);
            let copies = if settings.preset == Preset::Tutorial { over.max(1) } else { 1 };
            for copy in 0..copies.min(64) {
                counts.bound += usize::from(over > 0);
                let id = (index as u64) << 48 | start << 8 | (hit.strand as u64) << 7 | copy as u64;
                places.push(Interval::new(record.name(), start, end)?);
                examples.push(Located {
                    id,
                    bases: bases.to_vec(),
                    cuts: None,
                    positive: over > 0,
                    group: 0,
                    locus: Locus {
                        chromosome: record.name().into(),
                        start: window.start,
                        end: window.end,
                        strand: Some(hit.strand),
                    },
                });
            }
        }
    }
    if examples.is_empty() {
        return Err(Error::invalid(format!("{}: the motif has no site", settings.genome.display()))
            .with_hint("raise the p-value with cut=1e-4"));
    }
    let groups = clusters(&places, NEAR);
    let n_groups = groups.iter().max().map_or(0, |most| most + 1);
    for (example, group) in examples.iter_mut().zip(groups) {
        example.group = group;
    }
    let sets = Located::split(
        &examples,
        settings.split,
        settings.seed,
        "ctcf split",
        ["unbound site", "bound site"],
    )?;
    let mut notes = notes(settings, &counts, &found.how, examples.len(), &sets);
    notes.insert(2, format!("{n_groups} groups of sites within {NEAR} bases"));
    notes.push(format!(
        "peaks of {}: {} rows, {} of them elsewhere",
        settings.peaks.file_name().map(|name| name.to_string_lossy()).unwrap_or_default(),
        peaks.rows,
        peaks.elsewhere
    ));
    notes.extend(settings.stand_in().map(|label| stand_in(&label)));
    notes.push(options::sources(&genome.described(), "peaks", &settings.peaks, settings.lift.as_deref()));
    if let Some(counts) = peaks.lifted {
        notes.push(format!("peaks lifted to the build of the genome: {counts}"));
    }
    if !empty.is_empty() {
        notes.push(format!("warning: no peak lies on {}, and its sites count as unbound", empty.join(", ")));
    }
    Ok(Built { sets, notes })
}

/// Returns the sequences that were asked for.
fn chosen<'g>(settings: &Settings, genome: &'g Genome) -> Result<Vec<&'g Record>> {
    let mut names = BTreeSet::new();
    for name in &settings.chromosomes {
        match genome.spelling(name) {
            Some(name) => names.insert(name),
            // The error names what there is.
            None => {
                return Err(genome
                    .bases(name)
                    .err()
                    .map_or_else(|| Error::internal("a name went"), Into::into));
            }
        };
    }
    Ok(genome.records().iter().filter(|record| names.is_empty() || names.contains(record.name())).collect())
}

/// Returns the window around a site, `None` off the sequence.
fn window(start: u64, end: u64, preset: Preset, length: u64) -> Option<std::ops::Range<u64>> {
    let middle = match preset {
        Preset::Paper => start + (end - start) / 2,
        // The notebook takes first and last base as the table counts them, from one: (start + 1) + (end - start - 1) / 2.
        Preset::Tutorial => start + 1 + (end - start - 1) / 2,
    };
    let from = middle.checked_sub(LENGTH / 2)?;
    (from + LENGTH <= length).then_some(from..from + LENGTH)
}

/// Writes the note on peaks that are not the paper's.
fn stand_in(label: &str) -> String {
    format!(
        "stand-in: the paper took peaks of {CELLS} cells ({EXPERIMENT}); a file whose name holds neither is taken for other \
         cells, and tables say {label}"
    )
}

fn notes(
    settings: &Settings,
    counts: &Counts,
    how: &str,
    total: usize,
    sets: &[ExampleSet; 3],
) -> Vec<String> {
    let share = |bound: usize, all: usize| 100.0 * bound as f64 / all.max(1) as f64;
    let by_split: Vec<_> = Split::ALL
        .into_iter()
        .zip(sets)
        .map(|(split, set)| {
            let bound = set.view().examples().classes().filter(|class| *class == 1).count();
            format!("{} {bound} of {} ({:.1} %)", split.name(), set.len(), share(bound, set.len()))
        })
        .collect();
    let doubled = match settings.preset {
        Preset::Paper => "each counted once",
        Preset::Tutorial => "each an example of its own, as in the published notebook",
    };
    let mut notes = vec![
        format!(
            "{} hits of the motif ({how}); {} on both strands and {} further peaks over a site, {doubled}; dropped {} off \
             the chromosome, {} with N",
            counts.hits, counts.both_strands, counts.several_peaks, counts.off, counts.unknown
        ),
        format!(
            "{} of {total} sites are bound ({:.1} %; in the paper about {PAPER_SHARE} %): {}",
            counts.bound,
            share(counts.bound, total),
            by_split.join(", ")
        ),
    ];
    if settings.split == SplitBy::Random {
        notes.push("sites were drawn at random: windows that overlap may be on two sides".to_owned());
    }
    notes.push(
        "the paper: 1,000 bases, at most 310 tokens, learning rate 1e-6, batch 16, warm-up of 50 steps, weight decay 0.01 \
         (its notebook: batch 32, 4 epochs)"
            .to_owned(),
    );
    notes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_lie_around_the_middle_base() {
        assert_eq!(window(991, 1_010, Preset::Paper, 5_000), Some(500..1_500));
        assert_eq!(window(991, 1_010, Preset::Tutorial, 5_000), Some(501..1_501));
        assert_eq!(window(400, 419, Preset::Paper, 5_000), None);
        assert_eq!(window(4_900, 4_919, Preset::Paper, 5_000), None);
    }
}
