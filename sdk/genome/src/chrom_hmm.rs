//! ChromHMM segments: what a stretch of the genome is used for, as a model of chromatin marks names it.
//!
//! ChromHMM (Ernst and Kellis, Nature Methods 2012) cuts a cell's genome into stretches of a few *states*, such as active
//! promoter or repressed. Browsers publish them as BED of nine columns, whose fourth is the state's number and name; the
//! program itself writes four columns, with `E` and the number alone, or with the name that somebody gave the state.
//!
//! ```text
//! chr1  10000  10600  15_Repetitive/CNV  0  .  10000  10600  245,245,245
//! name  start  end    number_name        score strand thick start and end, colour
//! chr1  10600  11000  E13                the same without a name and a colour
//! ```

use crate::{
    Interval, Result, bed,
    table::{Line, Names, Table, bad, private, shown},
};

/// A reader of ChromHMM segments.
///
/// # Examples
///
/// ```
/// use dlm_genome::chrom_hmm;
///
/// let text = &b"chr1\t10000\t10600\t15_Repetitive/CNV\t0\t.\t10000\t10600\t245,245,245\n"[..];
/// let segment = chrom_hmm::Reader::new(text, "hmm.bed")?.next().unwrap()?;
/// assert_eq!((segment.state(), segment.name(), segment.color()), (15, Some("Repetitive/CNV"), Some([245; 3])));
/// # Ok::<(), dlm_genome::Error>(())
/// ```
pub type Reader<R> = Table<R, Segment>;

/// A stretch in one state.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Segment {
    interval: Interval,
    state: u16,
    name: Option<String>,
    color: Option<[u8; 3]>,
}

impl Segment {
    /// Returns where it lies; states have no strand.
    pub fn interval(&self) -> &Interval {
        &self.interval
    }

    /// Returns the number of the state, from one.
    pub fn state(&self) -> u16 {
        self.state
    }

    /// Returns the name of the state, such as `Active_Promoter`, without its number, if the file has names.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Returns red, green and blue of the state, 0 to 255, if the file has colours.
    pub fn color(&self) -> Option<[u8; 3]> {
        self.color
    }
}

impl private::Row for Segment {
    const FORMAT: &'static str = "ChromHMM segments: BED of four or nine columns";

    fn parse(line: &str, names: &mut Names) -> Result<Line<Self>> {
        let row = match bed::Record::parse(line, names)? {
            Line::Row(row) => row,
            Line::Skip => return Ok(Line::Skip),
            Line::End => return Ok(Line::End),
        };
        let color = match row.further() {
            [] => None,
            [_, _, color] => Some(parse_color(color)?),
            _ => return Err(bad("row has neither 4 nor 9 columns").with_hint("read it as BED")),
        };
        let (state, name) = state(row.name().unwrap_or("."))?;
        Ok(Line::Row(Self { interval: row.interval.with_strand(None), state, name, color }))
    }

    fn place(&self) -> &Interval {
        &self.interval
    }

    fn label(&self) -> Option<&str> {
        self.name()
    }
}

/// Takes a label apart: `15_Repetitive/CNV` or `E15`.
fn state(label: &str) -> Result<(u16, Option<String>)> {
    let (number, name) = match (label.strip_prefix('E'), label.split_once('_')) {
        (Some(number), None) => (number, None),
        (_, Some((number, name))) => (number, Some(name)),
        _ => ("", None),
    };
    let digits = number.bytes().all(|byte| byte.is_ascii_digit());
    match number.parse() {
        Ok(state) if digits && state > 0 && name != Some("") => Ok((state, name.map(str::to_owned))),
        _ => Err(bad(format!("state '{}' has no number, or an empty name", shown(label)))
            .with_hint("states are written as 1_Active_Promoter or E1, from one")),
    }
}

fn parse_color(field: &str) -> Result<[u8; 3]> {
    let parts: Option<Vec<u8>> =
        field.strip_suffix(',').unwrap_or(field).split(',').map(|part| part.parse().ok()).collect();
    parts
        .and_then(|parts| parts.try_into().ok())
        .ok_or_else(|| bad(format!("colour '{}' is not three numbers from 0 to 255", shown(field))))
}
