//! narrowPeak: peaks of enrichment, six columns of BED and four of their own.
//!
//! ```text
//! chr17   39034760   39034956   .   617   .   4.61181   -1   0.24   98
//! name    start      end        label score strand signal  -log10 p  -log10 q  summit
//! ```
//!
//! The summit counts from `start`; -1 stands for unknown in the last three columns. Published files hold a few summits
//! one past the end of their peak (23 of 51,860 in one of ENCODE's); those are taken to be the last base.

use crate::{
    Interval, Result,
    bed::{self, number},
    table::{Line, Names, Table, bad, position, private, shown},
};

/// A narrowPeak reader.
///
/// # Examples
///
/// ```
/// use dlm_genome::narrow_peak;
///
/// let text = &b"chr17\t39034760\t39034956\t.\t617\t.\t4.61181\t-1\t0.24\t98\n"[..];
/// let peak = narrow_peak::Reader::new(text, "ctcf.narrowPeak")?.next().unwrap()?;
/// assert_eq!(peak.summit(), Some(39_034_858));
/// assert_eq!(peak.p_value(), None);
/// # Ok::<(), dlm_genome::Error>(())
/// ```
pub type Reader<R> = Table<R, Peak>;

/// A narrowPeak row.
#[derive(Clone, Debug, PartialEq)]
pub struct Peak {
    row: bed::Record,
    signal: f64,
    p_value: Option<f64>,
    q_value: Option<f64>,
    summit: Option<u64>,
}

impl Peak {
    /// Returns where it lies.
    pub fn interval(&self) -> &Interval {
        &self.row.interval
    }

    /// Returns its name, unless that is `.`.
    pub fn name(&self) -> Option<&str> {
        self.row.name()
    }

    /// Returns its score, unless that is `.`.
    pub fn score(&self) -> Option<f64> {
        self.row.score
    }

    /// Returns its enrichment.
    pub fn signal(&self) -> f64 {
        self.signal
    }

    /// Returns its -log10 p value, if known.
    pub fn p_value(&self) -> Option<f64> {
        self.p_value
    }

    /// Returns its -log10 q value, if known. Some callers write negative ones; they are kept, and only -1 is unknown.
    pub fn q_value(&self) -> Option<f64> {
        self.q_value
    }

    /// Returns the base of highest signal, counted from the start of the sequence, if known.
    pub fn summit(&self) -> Option<u64> {
        self.summit
    }
}

impl private::Row for Peak {
    const FORMAT: &'static str = "narrowPeak: ten columns separated by tabs";

    fn parse(line: &str, names: &mut Names) -> Result<Line<Self>> {
        let row = match bed::Record::parse(line, names)? {
            Line::Row(row) => row,
            Line::Skip => return Ok(Line::Skip),
            Line::End => return Ok(Line::End),
        };
        let [signal, p_value, q_value, summit] = &row.further[..] else {
            let columns = row.further.len() + 6;
            let found = if row.further.is_empty() { "at most 6".to_owned() } else { columns.to_string() };
            return Err(bad(format!("row has {found} columns, not 10")).with_hint("read it as BED"));
        };
        let known = |number: f64| (number.to_bits() != (-1.0_f64).to_bits()).then_some(number);
        let signal = number(signal, "signal")?;
        let p_value = known(number(p_value, "p value")?);
        let q_value = known(number(q_value, "q value")?);
        let summit = match summit.as_str() {
            "-1" => None,
            offset => {
                let offset = position(offset, "summit")?;
                if offset > row.interval.len() {
                    return Err(bad(format!("summit '{}' lies behind the end of the peak", shown(summit)))
                        .with_hint("the summit counts from the start of its row, not of the chromosome"));
                }
                Some(row.interval.start() + offset.min(row.interval.len() - 1))
            }
        };
        Ok(Line::Row(Self { row, signal, p_value, q_value, summit }))
    }

    fn place(&self) -> &Interval {
        &self.row.interval
    }

    fn label(&self) -> Option<&str> {
        self.name()
    }
}
