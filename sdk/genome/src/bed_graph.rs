//! bedGraph: stretches with a value each, such as coverage or conservation.
//!
//! ```text
//! track type=bedGraph        settings and comments hold no row
//! chr21  9411190  9411210  0.25
//! name   start    end      value      (start is 0-based, end is one past the last base)
//! ```

use crate::{
    Interval, Result,
    bed::{is_setting, number},
    table::{Line, Names, Table, bad, position, private},
};

/// A bedGraph reader.
///
/// # Examples
///
/// ```
/// use dlm_genome::bed_graph;
///
/// let text = &b"track type=bedGraph\nchr21\t10\t20\t-1.5\n"[..];
/// let row = bed_graph::Reader::new(text, "x.bedGraph")?.next().unwrap()?;
/// assert_eq!((row.interval().len(), row.value()), (10, -1.5));
///
/// let error = bed_graph::Reader::new(&b"chr21\t10\t20\n"[..], "x.bedGraph")?.next().unwrap().unwrap_err();
/// assert_eq!(error.to_string(), "x.bedGraph: line 1: row has 3 columns, not 4");
/// # Ok::<(), dlm_genome::Error>(())
/// ```
pub type Reader<R> = Table<R, Record>;

/// A bedGraph row.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    interval: Interval,
    value: f64,
}

impl Record {
    /// Creates a row.
    ///
    /// # Errors
    ///
    /// The value is no finite number.
    pub fn new(interval: Interval, value: f64) -> Result<Self> {
        if value.is_finite() {
            return Ok(Self { interval, value });
        }
        Err(bad(format!("value of {interval} is {value}, not a finite number")))
    }

    /// Returns where it lies.
    pub fn interval(&self) -> &Interval {
        &self.interval
    }

    /// Returns its value, a finite number.
    pub fn value(&self) -> f64 {
        self.value
    }
}

impl private::Row for Record {
    const FORMAT: &'static str = "bedGraph: name, start, end, value";

    fn parse(line: &str, names: &mut Names) -> Result<Line<Self>> {
        if is_setting(line) {
            return Ok(Line::Skip);
        }
        let fields: Vec<_> = line.split_ascii_whitespace().collect();
        let &[chromosome, start, end, value] = fields.as_slice() else {
            return Err(bad(format!("row has {} columns, not 4", fields.len())));
        };
        let interval =
            Interval::new(names.share(chromosome), position(start, "start")?, position(end, "end")?)?;
        Ok(Line::Row(Self { interval, value: number(value, "value")? }))
    }

    fn place(&self) -> &Interval {
        &self.interval
    }

    fn label(&self) -> Option<&str> {
        None
    }
}
