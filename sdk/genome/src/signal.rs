//! A signal along a genome, whichever of its formats it comes in.

use std::{collections::BTreeMap, fs::File, io::Read as _, path::Path, sync::Arc};

use crate::{
    Error, ErrorKind, Interval, Lengths, Position, Result,
    bed_graph::{self, Record},
    big_wig::{self, BigWig},
    input::open_file,
    names,
};

/// The values of a signal over an interval, summed up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Coverage {
    bases: u64,
    covered: u64,
    sum: f64,
}

impl Coverage {
    pub(crate) fn of(interval: &Interval) -> Self {
        Self { bases: interval.len(), covered: 0, sum: 0.0 }
    }

    pub(crate) fn add(&mut self, bases: u64, value: f64) {
        self.covered += bases;
        self.sum += bases as f64 * value;
    }

    /// Returns how many bases have a value.
    pub fn covered(&self) -> u64 {
        self.covered
    }

    /// Returns the share of the interval's bases that have a value, 0 to 1.
    pub fn share(&self) -> f64 {
        self.covered as f64 / self.bases as f64
    }

    /// Returns the mean over the bases that have a value, or `None` where none has.
    pub fn mean(&self) -> Option<f64> {
        (self.covered > 0).then(|| self.sum / self.covered as f64)
    }
}

/// A signal, such as replication timing, from bedGraph (plain, gzip or bgzip) or bigWig, told apart by content.
///
/// bedGraph is held in memory, bigWig is read where it is asked for.
///
/// # Examples
///
/// ```
/// use dlm_genome::{Interval, Signal};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("timing.bedGraph");
/// std::fs::write(&path, "chr21\t100\t200\t1.5\nchr21\t200\t250\t3\n")?;
///
/// let mut timing = Signal::open(&path)?;
/// let over = timing.coverage(&Interval::new("chr21", 150, 300)?)?;
/// assert_eq!((over.mean(), over.share()), (Some(2.25), 100.0 / 150.0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Signal {
    path: Arc<Path>,
    source: Source,
}

#[derive(Debug)]
enum Source {
    /// The rows of each sequence, ascending and apart.
    Table(BTreeMap<String, Vec<Record>>),
    BigWig(Box<BigWig<File>>),
}

impl Signal {
    /// Opens a file.
    ///
    /// # Errors
    ///
    /// It is missing, damaged, neither bedGraph nor bigWig, or two of its rows overlap.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path: Arc<Path> = path.as_ref().into();
        let mut head = [0; 4];
        let big_wig = open_file(&path)?.read_exact(&mut head).is_ok() && big_wig::byte_order(head).is_some();
        let source = if big_wig {
            Source::BigWig(Box::new(BigWig::open(&path)?))
        } else {
            Source::Table(table(&path)?)
        };
        Ok(Self { path, source })
    }

    /// Returns the names of the sequences that have values.
    pub fn names(&self) -> Vec<String> {
        match &self.source {
            Source::Table(rows) => rows.keys().cloned().collect(),
            Source::BigWig(file) => file.lengths().iter().map(|(name, _)| name.to_owned()).collect(),
        }
    }

    /// Checks names and positions against the lengths of a genome; sequences that one of them lacks do not matter.
    ///
    /// # Errors
    ///
    /// No sequence is in both, one has the other spelling (`chr1` for `1`), a row ends past its sequence, or bigWig names another
    /// length for it.
    pub fn check(&self, genome: &Lengths) -> Result<()> {
        let rows = match &self.source {
            Source::BigWig(file) => return file.check(genome),
            Source::Table(rows) => rows,
        };
        let known: Vec<&str> = genome.iter().map(|(name, _)| name).collect();
        let located = |error: Error| error.at_path(self.path.clone());
        names::check(rows.keys().map(String::as_str), &known).map_err(located)?;
        // They ascend: if the last lies within its sequence, all do.
        let last = rows.values().filter_map(|rows| rows.last());
        for row in last.filter(|row| genome.get(row.interval().chromosome()).is_some()) {
            genome.check(row.interval()).map_err(located)?;
        }
        Ok(())
    }

    /// Returns the values that touch an interval, in order and cut to it, whatever its strand. On a sequence of which there is
    /// nothing in the file there are none.
    ///
    /// # Errors
    ///
    /// The sequence is in the file in its other spelling; of bigWig, see [`BigWig::values`].
    pub fn values(&mut self, interval: &Interval) -> Result<Vec<Record>> {
        match &mut self.source {
            Source::BigWig(file) => file.values(interval),
            Source::Table(rows) => touching(rows, &self.path, interval)?
                .map(|row| {
                    let place = row.interval();
                    let stretch = place.start().max(interval.start())..place.end().min(interval.end());
                    Record::new(Interval::of_stretch(place.shared_chromosome(), &stretch), row.value())
                })
                .collect(),
        }
    }

    /// Sums up the values that touch an interval.
    ///
    /// # Errors
    ///
    /// See [`values`](Self::values).
    pub fn coverage(&mut self, interval: &Interval) -> Result<Coverage> {
        let rows = match &mut self.source {
            Source::BigWig(file) => return file.coverage(interval),
            Source::Table(rows) => rows,
        };
        let mut coverage = Coverage::of(interval);
        for row in touching(rows, &self.path, interval)? {
            let place = row.interval();
            let bases = place.end().min(interval.end()) - place.start().max(interval.start());
            coverage.add(bases, row.value());
        }
        Ok(coverage)
    }
}

fn table(path: &Path) -> Result<BTreeMap<String, Vec<Record>>> {
    let mut lines: BTreeMap<String, Vec<(Record, u64)>> = BTreeMap::new();
    let mut reader = bed_graph::Reader::open(path)?;
    while let Some(row) = reader.next() {
        let row = row?;
        match lines.get_mut(row.interval().chromosome()) {
            Some(rows) => rows.push((row, reader.line())),
            None => {
                lines.insert(row.interval().chromosome().to_owned(), vec![(row, reader.line())]);
            }
        }
    }
    let mut table = BTreeMap::new();
    for (name, mut rows) in lines {
        rows.sort_by_key(|(row, _)| row.interval().start());
        for pair in rows.windows(2) {
            let [(before, first), (after, second)] = pair else { continue };
            if before.interval().end() > after.interval().start() {
                let message = format!(
                    "{} overlaps {} of line {first}: a base has one value",
                    after.interval(),
                    before.interval()
                );
                return Err(Error::new(ErrorKind::Record, message)
                    .at_path(path)
                    .at(Position::Line(*second))
                    .with_hint("give one track a file"));
            }
        }
        table.insert(name, rows.into_iter().map(|(row, _)| row).collect());
    }
    Ok(table)
}

fn touching<'r>(
    rows: &'r BTreeMap<String, Vec<Record>>,
    path: &Path,
    interval: &'r Interval,
) -> Result<impl Iterator<Item = &'r Record>> {
    let name = interval.chromosome();
    let of = match rows.get(name) {
        Some(rows) => rows.as_slice(),
        None if rows.contains_key(&names::other_spelling(name)) => {
            return Err(names::unknown(name, rows.keys().map(String::as_str)).at_path(path));
        }
        None => &[],
    };
    let first = of.partition_point(|row| row.interval().end() <= interval.start());
    Ok(of[first..].iter().take_while(|row| row.interval().start() < interval.end()))
}
