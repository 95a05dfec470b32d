//! The table of repeats as UCSC keeps it, `rmsk.txt`: copies of mobile elements and simple repeats.
//!
//! ```text
//! 585 1504 13 4 13 chr1 10000 10468 -249240153 + (CCCTAA)n Simple_repeat Simple_repeat 1 463 0 1
//! bin score ..     name start end   left   strand repeat    class         family        ..
//! ```
//!
//! Seventeen columns; positions are 0-based and half-open. A class that the program is unsure of ends in `?`;
//! [`Record::class`] leaves that off, so that both are counted together.

use dlm_sdk::Strand;

use crate::{
    Interval, Result,
    table::{Line, Names, Table, bad, position, private, shown},
};

/// A reader of `rmsk.txt`.
///
/// # Examples
///
/// ```
/// use dlm_genome::repeat_masker;
///
/// let text = &b"585\t463\t13\t6\t17\tchr1\t10000\t10468\t-24\t+\tAluY\tSINE?\tAlu\t1\t463\t0\t1\n"[..];
/// let row = repeat_masker::Reader::new(text, "rmsk.txt")?.next().unwrap()?;
/// assert_eq!(row.interval().to_string(), "chr1:10000-10468(+)");
/// assert_eq!((row.name(), row.class(), row.is_certain(), row.family()), ("AluY", "SINE", false, "Alu"));
/// # Ok::<(), dlm_genome::Error>(())
/// ```
pub type Reader<R> = Table<R, Record>;

/// A row of `rmsk.txt`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Record {
    interval: Interval,
    name: String,
    class: String,
    family: String,
}

impl Record {
    /// Returns where it lies, with its strand.
    pub fn interval(&self) -> &Interval {
        &self.interval
    }

    /// Returns the name of the repeat, such as `AluY`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns its class, such as `SINE`, without the mark of doubt.
    pub fn class(&self) -> &str {
        self.class.trim_end_matches('?')
    }

    /// Returns whether the class is certain.
    pub fn is_certain(&self) -> bool {
        !self.class.ends_with('?')
    }

    /// Returns its family, such as `Alu`.
    pub fn family(&self) -> &str {
        &self.family
    }
}

impl private::Row for Record {
    const FORMAT: &'static str = "rmsk.txt: 17 columns separated by tabs";

    fn parse(line: &str, names: &mut Names) -> Result<Line<Self>> {
        if line.trim().is_empty() || line.starts_with('#') {
            return Ok(Line::Skip);
        }
        let fields: Vec<_> = line.split('\t').collect();
        let &[_, _, _, _, _, chromosome, start, end, _, strand, name, class, family, ..] = fields.as_slice()
        else {
            return Err(bad(format!("row has {} columns, not 17", fields.len())));
        };
        if fields.len() != 17 {
            return Err(bad(format!("row has {} columns, not 17", fields.len()))
                .with_hint("it is UCSC's rmsk.txt that is read, not RepeatMasker's own .out"));
        }
        let strand = match strand {
            "+" => Strand::Forward,
            "-" => Strand::Reverse,
            _ => return Err(bad(format!("strand '{}' is neither + nor -", shown(strand)))),
        };
        if chromosome.is_empty() || class.trim_end_matches('?').is_empty() {
            return Err(bad("name of the sequence or class of the repeat is empty"));
        }
        let interval =
            Interval::new(names.share(chromosome), position(start, "start")?, position(end, "end")?)?;
        Ok(Line::Row(Self {
            interval: interval.with_strand(Some(strand)),
            name: name.to_owned(),
            class: class.to_owned(),
            family: family.to_owned(),
        }))
    }

    fn place(&self) -> &Interval {
        &self.interval
    }

    fn label(&self) -> Option<&str> {
        Some(&self.name)
    }
}
