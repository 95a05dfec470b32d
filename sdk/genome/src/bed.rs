//! BED: intervals in 3 to 12 or more columns.
//!
//! ```text
//! chr21   5011798   5017145   geneA   0   +
//! name    start     end       label   score   strand    (start is 0-based, end is one past the last base)
//! ```
//!
//! Lines that are empty or start with `#`, `track` or `browser` hold no row. Columns are separated by tabs, or by blanks
//! in a line without tabs. A row has at least three columns; what follows the sixth is kept as text.

use dlm_sdk::Strand;

use crate::{
    Interval, Result,
    table::{Line, Names, Table, bad, position, private, shown},
};

/// A BED reader.
///
/// # Examples
///
/// ```
/// use dlm_genome::{Strand, bed};
///
/// let text = &b"# promoters\nchr21\t100\t400\tAPP\t0\t-\n"[..];
/// let rows = bed::Reader::new(text, "p.bed")?.collect::<Result<Vec<_>, _>>()?;
/// assert_eq!((rows[0].interval().start(), rows[0].interval().end()), (100, 400));
/// assert_eq!(rows[0].interval().strand(), Some(Strand::Reverse));
/// assert_eq!(rows[0].name(), Some("APP"));
///
/// let error = bed::Reader::new(&b"chr21\t400\t100\n"[..], "p.bed")?.next().unwrap().unwrap_err();
/// assert_eq!(error.to_string(), "p.bed: line 1: interval chr21:400-100 ends before it starts");
/// # Ok::<(), dlm_genome::Error>(())
/// ```
pub type Reader<R> = Table<R, Record>;

/// A BED row.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    pub(crate) interval: Interval,
    pub(crate) name: Option<String>,
    pub(crate) score: Option<f64>,
    pub(crate) further: Vec<String>,
}

impl Record {
    /// Creates a row.
    pub fn new(interval: Interval, name: Option<String>, score: Option<f64>) -> Self {
        Self { interval, name, score, further: Vec::new() }
    }

    /// Returns where it lies, with the strand of column 6.
    pub fn interval(&self) -> &Interval {
        &self.interval
    }

    /// Returns its name, column 4, unless that is `.` or missing.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Returns its score, column 5, unless that is `.` or missing; the format says 0 to 1000, files say anything.
    pub fn score(&self) -> Option<f64> {
        self.score
    }

    /// Returns the columns from the seventh on, as they stand.
    pub fn further(&self) -> &[String] {
        &self.further
    }
}

impl private::Row for Record {
    const FORMAT: &'static str = "BED: name, start, end, separated by tabs";

    fn parse(line: &str, names: &mut Names) -> Result<Line<Self>> {
        if is_setting(line) {
            return Ok(Line::Skip);
        }
        let tabs = line.contains('\t');
        let mut fields =
            line.split(move |c| if tabs { c == '\t' } else { c == ' ' }).filter(|f| tabs || !f.is_empty());
        let (Some(chromosome), Some(start), Some(end)) = (fields.next(), fields.next(), fields.next()) else {
            return Err(bad("row has fewer than three columns").with_hint("BED rows are name, start, end"));
        };
        if chromosome.is_empty() {
            return Err(bad("name in column 1 is empty"));
        }
        let interval =
            Interval::new(names.share(chromosome), position(start, "start")?, position(end, "end")?)?;
        let name = fields.next().and_then(given).map(str::to_owned);
        let score = fields.next().and_then(given).map(|field| number(field, "score")).transpose()?;
        let strand = fields.next().map_or(Ok(None), strand)?;
        let further = fields.map(str::to_owned).collect();
        Ok(Line::Row(Self { interval: interval.with_strand(strand), name, score, further }))
    }

    fn place(&self) -> &Interval {
        &self.interval
    }

    fn label(&self) -> Option<&str> {
        self.name()
    }
}

/// Whether a line is empty, a comment, or a setting of a genome browser.
pub(crate) fn is_setting(line: &str) -> bool {
    let word = line.split([' ', '\t']).next().unwrap_or_default();
    line.trim().is_empty() || line.starts_with('#') || matches!(word, "track" | "browser")
}

fn given(field: &str) -> Option<&str> {
    Some(field).filter(|field| !matches!(*field, "." | ""))
}

/// Parses a finite number.
pub(crate) fn number(field: &str, what: &str) -> Result<f64> {
    match field.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(number),
        _ => Err(bad(format!("{what} '{}' is no number", shown(field)))),
    }
}

fn strand(field: &str) -> Result<Option<Strand>> {
    match field {
        "+" => Ok(Some(Strand::Forward)),
        "-" => Ok(Some(Strand::Reverse)),
        "." | "" => Ok(None),
        _ => Err(bad(format!("strand '{}' is none of +, - and .", shown(field)))),
    }
}
