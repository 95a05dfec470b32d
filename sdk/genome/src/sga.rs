//! SGA, the tables of the Swiss Institute of Bioinformatics: one base a row, as EPDnew publishes its promoters.
//!
//! ```text
//! NC_000021.8   TSS      9825831   +      1      MIR3648_1
//! sequence      feature  position  strand count  more columns, the first of them the name
//! ```
//!
//! Positions count from one; 0 as strand means none. Sequences are named by their accession: human chromosomes are
//! translated to `chr1` .. `chr22`, `chrX`, `chrY` and `chrM`, anything else keeps its name.

use dlm_sdk::Strand;

use crate::{
    Interval, Result, Tss,
    table::{Line, Names, Table, bad, position, private, shown},
};

/// An SGA reader.
///
/// # Examples
///
/// ```
/// use dlm_genome::{Strand, sga};
///
/// let text = &b"NC_000021.8\tTSS\t   9825831\t+\t1\tMIR3648_1\t2\n"[..];
/// let row = sga::Reader::new(text, "epd.sga")?.next().unwrap()?;
/// assert_eq!(row.interval().to_string(), "chr21:9825830-9825831(+)");
/// assert_eq!((row.feature(), row.count(), row.name()), ("TSS", 1, Some("MIR3648_1")));
/// assert_eq!(row.accession(), "NC_000021.8");
/// # Ok::<(), dlm_genome::Error>(())
/// ```
pub type Reader<R> = Table<R, Record>;

/// An SGA row.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Record {
    interval: Interval,
    accession: String,
    feature: String,
    count: u64,
    further: Vec<String>,
}

impl Record {
    /// Returns where it lies: one base.
    pub fn interval(&self) -> &Interval {
        &self.interval
    }

    /// Returns the name of the sequence as the file has it, with its version.
    pub fn accession(&self) -> &str {
        &self.accession
    }

    /// Returns what the row is, such as `TSS`.
    pub fn feature(&self) -> &str {
        &self.feature
    }

    /// Returns how often it was seen.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Returns the first further column, if there is one.
    pub fn name(&self) -> Option<&str> {
        self.further.first().map(String::as_str)
    }

    /// Returns the columns from the sixth on, as they stand.
    pub fn further(&self) -> &[String] {
        &self.further
    }

    /// Returns the row as a start site.
    ///
    /// # Errors
    ///
    /// The row has no strand.
    pub fn tss(&self) -> Result<Tss> {
        Tss::of(&self.interval, self.name())
    }
}

impl private::Row for Record {
    const FORMAT: &'static str = "SGA: sequence, feature, position, strand, count, separated by tabs";

    fn parse(line: &str, names: &mut Names) -> Result<Line<Self>> {
        if line.trim().is_empty() || line.starts_with('#') {
            return Ok(Line::Skip);
        }
        let mut fields = line.split('\t').map(str::trim);
        let mut next = || fields.next().filter(|field| !field.is_empty());
        let (Some(accession), Some(feature), Some(at), Some(strand), Some(count)) =
            (next(), next(), next(), next(), next())
        else {
            return Err(bad("row has fewer than five columns")
                .with_hint("SGA rows are sequence, feature, position, strand and count"));
        };
        let at = position(at, "position")?;
        let Some(start) = at.checked_sub(1) else {
            return Err(bad("position is 0").with_hint("SGA positions count from one"));
        };
        let strand = match strand {
            "+" => Some(Strand::Forward),
            "-" => Some(Strand::Reverse),
            "0" => None,
            _ => return Err(bad(format!("strand '{}' is none of +, - and 0", shown(strand)))),
        };
        let count = position(count, "count")?;
        let interval = match human_chromosome(accession) {
            Some(name) => Interval::new(names.share(&name), start, at),
            None => Interval::new(names.share(accession), start, at),
        }?;
        Ok(Line::Row(Self {
            interval: interval.with_strand(strand),
            accession: accession.to_owned(),
            feature: feature.to_owned(),
            count,
            further: fields.map(str::to_owned).collect(),
        }))
    }

    fn place(&self) -> &Interval {
        &self.interval
    }

    fn label(&self) -> Option<&str> {
        self.name()
    }
}

/// Returns the name of a human chromosome from its accession, of any version.
///
/// # Examples
///
/// ```
/// use dlm_genome::sga::human_chromosome;
///
/// assert_eq!(human_chromosome("NC_000023.10").as_deref(), Some("chrX"));
/// assert_eq!(human_chromosome("NC_000025.1"), None);
/// ```
pub fn human_chromosome(accession: &str) -> Option<String> {
    let (number, version) = accession.strip_prefix("NC_")?.split_once('.')?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if number.len() != 6 || !digits(number) || !digits(version) {
        return None;
    }
    match number.parse().ok()? {
        number @ 1..=22 => Some(format!("chr{number}")),
        23 => Some("chrX".to_owned()),
        24 => Some("chrY".to_owned()),
        12_920 => Some("chrM".to_owned()),
        _ => None,
    }
}
