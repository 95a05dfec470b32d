//! Puts promoters, negatives and splits together.

use std::{collections::BTreeSet, sync::Arc};

use dlm_dataset::{Located, SplitBy, options, overlap, shuffle};
use dlm_genome::{Genome, Interval, Sites, Strand, chain::Chains, clusters, fasta::Record};
use dlm_sdk::{Error, ExampleSet, Locus, Result, Tokenizer, dna, random::Stream};

use crate::{
    Form, Settings, Shuffle, Tokens,
    negative::shuffle_tokens,
    window::{self, Cut},
};

/// Promoters within this many bases of each other are one group.
const NEAR: u64 = 10_000;
/// How far a genomic negative is from any start, at least.
const DISTANCE: u64 = 5_000;
/// How often a place for a genomic negative is drawn before it is given up.
const DRAWS: usize = 1_000;
/// How often a dinucleotide shuffle may come out as what it was made from.
const TRIES: usize = 10;

pub(crate) struct Built {
    pub(crate) sets: [ExampleSet; 3],
    pub(crate) notes: Vec<String>,
}

#[derive(Default)]
struct Counts {
    off: usize,
    unknown: usize,
    copies: usize,
    unmatched: usize,
    positives: usize,
    tokens: usize,
    longest: usize,
}

pub(crate) fn build(settings: &Settings, tokenizer: Option<&dyn Tokenizer>) -> Result<Built> {
    if let Some(tokenizer) = tokenizer {
        window::check(tokenizer)?;
    }
    let genome = Genome::open(&settings.genome)?;
    let chains = settings.lift.as_ref().map(Chains::open).transpose()?;
    let sites = Sites::read_lifted(&settings.promoters, chains.as_ref(), &genome, &settings.chromosomes)?;
    let mut counts = Counts::default();
    let mut seen = BTreeSet::new();
    let mut pairs: Vec<(Located, Located)> = Vec::new();
    for (index, (record, starts)) in sites.chromosomes.iter().enumerate() {
        let mut place = Place {
            record,
            index: index as u64,
            stream: Stream::nth(settings.seed, "prom300 negatives", index as u64),
            far: Vec::new(),
            taken: BTreeSet::new(),
        };
        if settings.form == Form::Genomic {
            place.far = starts.iter().map(dlm_genome::Tss::position).collect();
        }
        for site in starts {
            let Some(window) = window::around(site, record.bases().len() as u64) else {
                counts.off += 1;
                continue;
            };
            let bases = &record.bases()[window.start() as usize..window.end() as usize];
            if bases.iter().any(|&base| dna::code(base).is_none()) {
                counts.unknown += 1;
            } else if !seen.insert(overlap::canonical(bases).into_owned()) {
                counts.copies += 1;
            } else {
                let pair = place.pair(settings, tokenizer, &window, site.position(), &mut counts)?;
                pairs.extend(pair);
            }
        }
    }
    let windows: Vec<Interval> = pairs
        .iter()
        .map(|(promoter, _)| {
            Interval::new(promoter.locus.chromosome.clone(), promoter.locus.start, promoter.locus.end)
        })
        .collect::<dlm_genome::Result<_>>()?;
    let mut examples = Vec::with_capacity(2 * pairs.len());
    for ((promoter, negative), group) in pairs.into_iter().zip(clusters(&windows, NEAR)) {
        examples.extend([Located { group, ..promoter }, Located { group, ..negative }]);
    }
    if examples.is_empty() {
        return Err(Error::invalid(format!(
            "{}: none of its sites on the genome gives a window: {}",
            settings.promoters.display(),
            dropped(&counts)
        )));
    }
    let sets =
        Located::split(&examples, settings.split, settings.seed, "prom300 split", ["negative", "promoter"])?;
    let mut notes = notes(settings, tokenizer, &sites, &counts, &examples, &sets);
    notes.push(options::sources(
        &genome.described(),
        "promoters",
        &settings.promoters,
        settings.lift.as_deref(),
    ));
    Ok(Built { sets, notes })
}

/// A chromosome.
struct Place<'g> {
    record: &'g Record,
    index: u64,
    stream: Stream,
    /// The starts that genomic negatives keep away from, ascending.
    far: Vec<u64>,
    /// Where genomic negatives start.
    taken: BTreeSet<u64>,
}

impl Place<'_> {
    /// Makes a promoter and its negative; `None`, and counted, if there is no negative.
    fn pair(
        &mut self,
        settings: &Settings,
        tokenizer: Option<&dyn Tokenizer>,
        window: &Interval,
        position: u64,
        counts: &mut Counts,
    ) -> Result<Option<(Located, Located)>> {
        let locus = window.locus();
        let strand = window.strand().unwrap_or(Strand::Forward);
        let id = self.index << 40 | position << 2 | (strand as u64) << 1;
        let chromosome = self.record.bases();
        let promoter = match (settings.form.shuffles_tokens(), tokenizer) {
            (true, Some(tokenizer)) => {
                window::cut(chromosome, window, settings.reading, settings.tokens, tokenizer)?
            }
            (true, None) => {
                return Err(Error::invalid(format!("form {} needs a tokenizer", settings.form.name())));
            }
            (false, _) => {
                let bases = &chromosome[window.start() as usize..window.end() as usize];
                Cut { bases: window::shown(bases, window.strand(), settings.reading), ends: Vec::new() }
            }
        };
        let negative = match settings.form {
            Form::Paper | Form::Retokenized => {
                shuffle_tokens(&promoter, &mut self.stream).map(|negative| (negative, locus.clone()))
            }
            Form::Dinucleotide => (0..TRIES)
                .find_map(|_| {
                    shuffle::dinucleotides(&promoter.bases, &mut self.stream)
                        .filter(|bases| *bases != promoter.bases)
                })
                .map(|bases| (Cut { bases, ends: Vec::new() }, locus.clone())),
            Form::Genomic => self.draw(window, strand, settings.reading),
        };
        let Some((negative, negative_locus)) = negative else {
            counts.unmatched += 1;
            return Ok(None);
        };
        counts.positives += 1;
        counts.tokens += promoter.ends.len();
        counts.longest = counts.longest.max(promoter.ends.len());
        let example = |id, cut: Cut, positive, locus| Located {
            id,
            bases: cut.bases,
            cuts: (settings.form == Form::Paper).then_some(cut.ends),
            positive,
            group: 0,
            locus,
        };
        Ok(Some((example(id | 1, promoter, true, locus), example(id, negative, false, negative_locus))))
    }

    /// Draws a window of known bases that is far from any start and overlaps no other negative.
    fn draw(&mut self, window: &Interval, strand: Strand, reading: bool) -> Option<(Cut, Locus)> {
        let (bases, length) = (self.record.bases(), window.len());
        let last = (bases.len() as u64).checked_sub(length)?;
        for _ in 0..DRAWS {
            let start = self.stream.below(last as usize + 1) as u64;
            let end = start + length;
            let next = self.far.partition_point(|&position| position + DISTANCE < start);
            let near = self.far.get(next).is_some_and(|&position| position < end + DISTANCE);
            let overlaps = self.taken.range((start + 1).saturating_sub(length)..end).next().is_some();
            let found = &bases[start as usize..end as usize];
            if near || overlaps || found.iter().any(|&base| dna::code(base).is_none()) {
                continue;
            }
            self.taken.insert(start);
            let locus = Locus { chromosome: Arc::from(self.record.name()), start, end, strand: Some(strand) };
            let bases = window::shown(found, Some(strand), reading);
            return Some((Cut { bases, ends: Vec::new() }, locus));
        }
        None
    }
}

fn dropped(counts: &Counts) -> String {
    format!(
        "dropped {} off the chromosome, {} with N, {} copies, {} without a negative",
        counts.off, counts.unknown, counts.copies, counts.unmatched
    )
}

fn notes(
    settings: &Settings,
    tokenizer: Option<&dyn Tokenizer>,
    sites: &Sites<'_>,
    counts: &Counts,
    examples: &[Located],
    sets: &[ExampleSet; 3],
) -> Vec<String> {
    let on_genome = sites.rows - sites.elsewhere;
    let groups: BTreeSet<u64> = examples.iter().map(|example| example.group).collect();
    let mut notes = vec![
        format!(
            "{} promoters, -249..+50 of {on_genome} starts ({} more of the table lie elsewhere); {}",
            counts.positives,
            sites.elsewhere,
            dropped(counts)
        ),
        format!(
            "one negative a promoter: {} of {} examples are promoters (50 %), in {} groups of promoters within {} kb",
            counts.positives,
            examples.len(),
            groups.len(),
            NEAR / 1_000
        ),
        format!(
            "{}, {} and {} examples in train, validation and test",
            sets[0].len(),
            sets[1].len(),
            sets[2].len()
        ),
    ];
    if let Some(counts) = sites.lifted {
        notes.push(format!("starts lifted to the build of the genome: {counts}"));
    }
    if !sites.respelled.is_empty() {
        let all: Vec<_> = sites.respelled.iter().map(String::as_str).collect();
        notes.push(format!("the table's names were read in the genome's spelling: {}", all.join(", ")));
    }
    if let Some(tokenizer) = tokenizer {
        let mean = counts.tokens as f64 / counts.positives.max(1) as f64;
        let from = match (settings.shuffle, settings.tokens) {
            (Shuffle::Bpe, Tokens::Genome) => "cut on the genome, those that lie whole in the window",
            _ => "cut from the window alone",
        };
        notes.push(format!(
            "tokens of {} ({from}), {mean:.1} a promoter, at most {}",
            tokenizer.spec().name,
            counts.longest
        ));
    }
    notes.push(
        match settings.form {
            Form::Paper => {
                "models receive the shuffled tokens themselves; another tokenizer has no such tokens and is unsupported. \
                 Known flaw: no tokenizer would cut a shuffled sequence like that, so re-tokenizing it and comparing the \
                 cuts tells the classes apart with no model; read every score beside the control `canonical`"
            }
            Form::Retokenized => {
                "models receive the joined sequence of the shuffled tokens and cut it themselves: what is left to tell is \
                 the order of bases"
            }
            Form::Dinucleotide => "negatives keep every dinucleotide count of their promoter (Altschul and Erikson 1985)",
            Form::Genomic => {
                "negatives are windows of the same chromosome at least 5 kb from any start of the table; promoters are \
                 rich in G and C, so read every score beside the control `composition`"
            }
        }
        .to_owned(),
    );
    if settings.split == SplitBy::Random {
        notes.push(
            "examples were drawn at random: a promoter and its own shuffle may be on two sides".to_owned(),
        );
    }
    notes.push("the paper gives no hyper-parameters for this task".to_owned());
    notes.push(
        "the paper gives the window as -250..+50 in one place and -249..+50 in another; resolved as 300 bases, the start \
         being base 249"
            .to_owned(),
    );
    notes
}
