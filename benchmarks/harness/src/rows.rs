//! Sequences to be embedded or predicted, a row each: records of a FASTA file, or intervals of a genome.
//!
//! Rows come in rounds of bounded size and in input order, so that memory does not grow with the input. Intervals are
//! read from a genome by its `.fai` index where there is one; without, the genome is held in memory.

use std::path::{Path, PathBuf};

use clap::Args;
use dlm_genome::{Genome, Interval, bed, fasta::IndexedFasta};
use dlm_sdk::{Error, Result, Sequence};

use crate::{
    context::Context,
    tokenizer::{Counted, each_record},
};

/// How many bases and rows make a round.
const ROUND_BASES: usize = 1 << 20;
const ROUND_ROWS: usize = 1_024;

/// Where rows come from.
#[derive(Args, Clone, Debug)]
pub struct RowArgs {
    /// FASTA file (plain, gzip or bgzip), a row a record
    #[arg(long, value_name = "FASTA", required_unless_present = "bed", conflicts_with = "bed")]
    pub fasta: Option<PathBuf>,
    /// BED file of intervals of the genome that --genome names, a row each; the strand of column 6 is heeded
    #[arg(long, value_name = "BED")]
    pub bed: Option<PathBuf>,
}

/// A sequence and where it comes from.
#[derive(Clone, Debug)]
pub struct Row {
    /// The record's name, or the interval's, or the interval as `chr1:0-10(+)`.
    pub name: String,
    /// Where it lies; of a FASTA record, all of it.
    pub interval: Interval,
    /// The bases in reading direction.
    pub bases: Vec<u8>,
}

impl RowArgs {
    /// Hands all rows to a function, round after round.
    ///
    /// # Errors
    ///
    /// A file cannot be read or holds nothing, an interval does not lie on the genome, somebody asked to stop, or the
    /// function fails.
    pub fn each(
        &self,
        context: &Context,
        what: &str,
        mut take: impl FnMut(&[Row]) -> Result<()>,
    ) -> Result<()> {
        let mut round: Vec<Row> = Vec::new();
        let (mut bases, mut all) = (0, 0_u64);
        let mut add = |row: Row| -> Result<()> {
            all += 1;
            bases += row.bases.len();
            round.push(row);
            if bases >= ROUND_BASES || round.len() >= ROUND_ROWS {
                bases = 0;
                take(&std::mem::take(&mut round))?;
            }
            Ok(())
        };
        let path = match (&self.fasta, &self.bed) {
            (Some(path), _) => {
                each_record(context, what, std::slice::from_ref(path), |record| {
                    let name = record.name().to_owned();
                    let bases = record.into_bases();
                    if bases.is_empty() {
                        return Err(Error::invalid(format!(
                            "{}: record {name} has no bases",
                            path.display()
                        )));
                    }
                    let interval = Interval::new(name.as_str(), 0, bases.len() as u64)?;
                    add(Row { name, interval, bases })
                })?;
                path
            }
            (None, Some(path)) => {
                intervals(context, what, path, add)?;
                path
            }
            (None, None) => {
                return Err(Error::invalid("no sequences are given").with_hint("use --fasta or --bed"));
            }
        };
        if all == 0 {
            return Err(Error::invalid(format!("{}: holds no sequences", path.display())));
        }
        if round.is_empty() { Ok(()) } else { take(&round) }
    }
}

/// A genome that intervals are read from.
enum Source {
    Indexed(IndexedFasta),
    Whole(Genome),
}

impl Source {
    fn open(path: &Path) -> Result<Self> {
        let mut index = path.as_os_str().to_owned();
        index.push(".fai");
        if Path::new(&index).is_file()
            && let Ok(indexed) = IndexedFasta::open(path)
        {
            return Ok(Self::Indexed(indexed));
        }
        Ok(Self::Whole(Genome::open(path)?))
    }

    fn lengths(&self) -> dlm_genome::Lengths {
        match self {
            Self::Indexed(fasta) => fasta.lengths(),
            Self::Whole(genome) => genome.lengths(),
        }
    }

    fn sequence(&mut self, interval: &Interval) -> Result<Vec<u8>> {
        Ok(match self {
            Self::Indexed(fasta) => fasta.sequence(interval)?,
            Self::Whole(genome) => genome.sequence(interval)?,
        })
    }
}

fn intervals(
    context: &Context,
    what: &str,
    path: &Path,
    mut add: impl FnMut(Row) -> Result<()>,
) -> Result<()> {
    let Some(genome) = context.genome() else {
        return Err(Error::invalid("--bed needs a genome").with_hint("name its FASTA file by --genome"));
    };
    let mut genome = Source::open(genome)?;
    let length = path.metadata().ok().filter(std::fs::Metadata::is_file).map(|metadata| metadata.len());
    let progress = context.progress(what, length);
    let counted = Counted::open(path, &progress, context.cancellation())?;
    let mut table = bed::Reader::new(counted, path)?.within(genome.lengths());
    for record in table.by_ref() {
        context.check()?;
        let record = record?;
        let interval = record.interval().clone();
        let bases = genome.sequence(&interval)?;
        let name = record.name().map_or_else(|| spelled(&interval), str::to_owned);
        add(Row { name, interval, bases })?;
    }
    if table.skipped() > 0 {
        context.warn(format!(
            "{}: {} intervals lie on sequences that the genome lacks and are left out",
            path.display(),
            table.skipped()
        ));
    }
    Ok(())
}

/// Writes an interval as `chr1:0-10(+)`.
fn spelled(interval: &Interval) -> String {
    let strand = interval.strand().map(|strand| format!("({})", strand.symbol())).unwrap_or_default();
    format!("{}:{}-{}{strand}", interval.chromosome(), interval.start(), interval.end())
}

/// Rows as a task's items: numbered from zero, each in a group of its own.
#[derive(Debug)]
pub struct RowItems<'r> {
    ids: Vec<u64>,
    sequences: Vec<Sequence<'r>>,
}

impl<'r> RowItems<'r> {
    /// Borrows rows.
    pub fn new(rows: &'r [Row]) -> Self {
        Self {
            ids: (0..rows.len() as u64).collect(),
            sequences: rows.iter().map(|row| Sequence::new(&row.bases)).collect(),
        }
    }

    /// Lends the items.
    pub fn items(&self) -> dlm_sdk::Items<'_> {
        dlm_sdk::Items {
            ids: &self.ids,
            sequences: &self.sequences,
            cuts: None,
            groups: &self.ids,
            loci: None,
        }
    }
}
