//! Cuts the windows and puts them into splits.

use std::collections::BTreeSet;

use dlm_dataset::{Located, SplitBy, options};
use dlm_genome::{Genome, Interval, Sites, Strand, Windows, chain::Chains, clusters};
use dlm_sdk::{Error, ExampleSet, Result, dna};

use crate::Settings;

/// Bases before the start and from the start on, in reading direction.
const HALF: u64 = 5_000;
/// The length of a window.
pub(crate) const WIDTH: usize = 1_001;
/// The distance between two windows.
const STEP: usize = 300;

pub(crate) struct Built {
    pub(crate) sets: [ExampleSet; 3],
    pub(crate) notes: Vec<String>,
}

#[derive(Default)]
struct Counts {
    off: usize,
    unknown: usize,
    promoters: usize,
    positives: usize,
    other_start: usize,
}

pub(crate) fn build(settings: &Settings) -> Result<Built> {
    let genome = Genome::open(&settings.genome)?;
    let chains = settings.lift.as_ref().map(Chains::open).transpose()?;
    let sites = Sites::read_lifted(&settings.promoters, chains.as_ref(), &genome, &settings.chromosomes)?;
    let windows = Windows::new(WIDTH, STEP)?;
    let mut counts = Counts::default();
    let mut stretches = Vec::new();
    let mut examples: Vec<(usize, Located)> = Vec::new();
    for (index, (record, starts)) in sites.chromosomes.iter().enumerate() {
        let chromosome = record.bases();
        let positions: Vec<u64> = starts.iter().map(dlm_genome::Tss::position).collect();
        let mut seen = BTreeSet::new();
        for site in starts {
            let stretch = site.window(HALF, HALF).filter(|stretch| stretch.end() <= chromosome.len() as u64);
            let Some(stretch) = stretch.filter(|_| seen.insert((site.position(), site.strand().symbol())))
            else {
                counts.off += 1;
                continue;
            };
            let bases = &chromosome[stretch.start() as usize..stretch.end() as usize];
            if bases.iter().any(|&base| dna::code(base).is_none()) {
                counts.unknown += 1;
                continue;
            }
            counts.promoters += 1;
            let promoter = stretches.len();
            for (number, window) in windows.grid(bases.len()).enumerate() {
                let window = locate(&stretch, &window, site.strand())?;
                let inside = |position: u64| (window.start()..window.end()).contains(&position);
                let positive = inside(site.position());
                let next = positions.partition_point(|&position| position < window.start());
                let holds_start = positions.get(next).copied().is_some_and(inside);
                counts.positives += usize::from(positive);
                counts.other_start += usize::from(!positive && holds_start);
                let forward = &chromosome[window.start() as usize..window.end() as usize];
                let turned = settings.reading && site.strand() == Strand::Reverse;
                let id =
                    (index as u64) << 48 | site.position() << 8 | (site.strand() as u64) << 7 | number as u64;
                let bases = if turned { dna::reverse_complement(forward) } else { forward.to_vec() };
                let example = Located { id, bases, cuts: None, positive, group: 0, locus: window.locus() };
                examples.push((promoter, example));
            }
            stretches.push(stretch);
        }
    }
    if examples.is_empty() {
        return Err(Error::invalid(format!(
            "{}: no start has {HALF} known bases on either side",
            settings.promoters.display()
        ))
        .with_hint("table and genome may be of different builds, such as hg19 and hg38"));
    }
    let groups = clusters(&stretches, 1);
    let examples: Vec<Located> = examples
        .into_iter()
        .map(|(promoter, example)| Located { group: groups[promoter], ..example })
        .collect();
    let sets = Located::split(
        &examples,
        settings.split,
        settings.seed,
        "promscan split",
        ["window elsewhere", "start"],
    )?;
    let groups = groups.iter().max().map_or(0, |most| most + 1);
    let mut notes = notes(settings, &sites, &counts, groups, &sets);
    notes.push(options::sources(
        &genome.described(),
        "promoters",
        &settings.promoters,
        settings.lift.as_deref(),
    ));
    Ok(Built { sets, notes })
}

/// Places a window that counts along the reading direction of a stretch.
fn locate(stretch: &Interval, window: &std::ops::Range<usize>, strand: Strand) -> Result<Interval> {
    let (from, to) = (window.start as u64, window.end as u64);
    let (start, end) = match strand {
        Strand::Forward => (stretch.start() + from, stretch.start() + to),
        Strand::Reverse => (stretch.end() - to, stretch.end() - from),
    };
    Ok(Interval::new(stretch.shared_chromosome(), start, end)?.with_strand(Some(strand)))
}

fn notes(
    settings: &Settings,
    sites: &Sites<'_>,
    counts: &Counts,
    groups: u64,
    sets: &[ExampleSet; 3],
) -> Vec<String> {
    let all: usize = sets.iter().map(ExampleSet::len).sum();
    let share = 100.0 * counts.positives as f64 / all as f64;
    let mut notes = vec![
        format!(
            "{} promoters of {} starts ({} more of the table lie elsewhere), {} windows of {WIDTH} bases each; dropped {} \
             at the chromosome's end or twice in the table, {} with N",
            counts.promoters,
            sites.rows - sites.elsewhere,
            sites.elsewhere,
            all / counts.promoters.max(1),
            counts.off,
            counts.unknown
        ),
        format!("{} of {all} windows hold the start ({share:.1} %), in {groups} groups", counts.positives),
        format!(
            "{}, {} and {} examples in train, validation and test",
            sets[0].len(),
            sets[1].len(),
            sets[2].len()
        ),
        format!("known flaw: {} negatives hold another start of the table", counts.other_start),
    ];
    if let Some(counts) = sites.lifted {
        notes.push(format!("starts lifted to the build of the genome: {counts}"));
    }
    if !sites.respelled.is_empty() {
        let all: Vec<_> = sites.respelled.iter().map(String::as_str).collect();
        notes.push(format!("the table's names were read in the genome's spelling: {}", all.join(", ")));
    }
    if settings.split == SplitBy::Random {
        notes.push(
            "windows were drawn at random: neighbours that share 70 % of their bases may be on two sides"
                .into(),
        );
    }
    notes.push(
        "the paper: learning rate 1e-6, batch 8, warm-up of 50 steps, weight decay 0.01; epochs are not given".into(),
    );
    notes
}
