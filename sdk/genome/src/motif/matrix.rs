//! A motif as frequencies.

use crate::{Error, ErrorKind, Result};

/// The most columns a motif may have; the longest in databases have some 40.
pub(crate) const MAX_WIDTH: usize = 512;

/// How far the frequencies of a column may be from a sum of one: what a few printed decimals explain.
const TOLERANCE: f64 = 0.02;
/// Columns nearer to a sum of one than this are left as they are, as MEME's reader does it.
const CLOSE: f64 = 0.000_01;

/// What a protein binds: for each column, the frequencies of A, C, G and T.
///
/// # Examples
///
/// ```
/// use dlm_genome::motif::Motif;
///
/// let motif = Motif::from_counts("MA0001.1", Some("toy"), &[[3.0, 1.0, 0.0, 0.0], [0.0, 4.0, 0.0, 0.0]])?;
/// assert_eq!(motif.columns(), [[0.75, 0.25, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0]]);
/// assert_eq!(motif.sites(), 4);
/// # Ok::<(), dlm_genome::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Motif {
    id: String,
    name: Option<String>,
    columns: Vec<[f64; 4]>,
    sites: u64,
}

impl Motif {
    /// Creates a motif from counts. The number of its sites is the mean of its columns' sums, rounded.
    ///
    /// # Errors
    ///
    /// There is no column or more than 512, a count is negative or no number, or a column holds nothing.
    pub fn from_counts(id: &str, name: Option<&str>, columns: &[[f64; 4]]) -> Result<Self> {
        check(columns)?;
        let sums: Vec<f64> = columns.iter().map(|column| column.iter().sum()).collect();
        if let Some(index) = sums.iter().position(|&sum| sum <= 0.0 || !sum.is_finite()) {
            return Err(Error::new(ErrorKind::Record, format!("column {} holds no counts", index + 1)));
        }
        let mean = sums.iter().sum::<f64>() / sums.len() as f64;
        let scaled = columns.iter().zip(&sums).map(|(column, sum)| column.map(|count| count / sum));
        Self::named(id, name, scaled.collect(), (mean + 0.5) as u64)
    }

    /// Creates a motif from frequencies and the number of sites they come from.
    ///
    /// # Errors
    ///
    /// There is no column or more than 512, a frequency is negative or no number, a column does not add up to one, or
    /// there are no sites.
    pub fn from_frequencies(id: &str, name: Option<&str>, columns: &[[f64; 4]], sites: u64) -> Result<Self> {
        check(columns)?;
        let mut scaled = Vec::with_capacity(columns.len());
        for (index, column) in columns.iter().enumerate() {
            let sum: f64 = column.iter().sum();
            if (sum - 1.0).abs() > TOLERANCE || sum.is_nan() {
                let message = format!("column {} adds up to {sum}, not to 1", index + 1);
                return Err(Error::new(ErrorKind::Record, message)
                    .with_hint("counts are read as JASPAR, not as MEME"));
            }
            let close = (sum - 1.0).abs() <= CLOSE;
            scaled.push(if close { *column } else { column.map(|frequency| frequency / sum) });
        }
        Self::named(id, name, scaled, sites)
    }

    fn named(id: &str, name: Option<&str>, columns: Vec<[f64; 4]>, sites: u64) -> Result<Self> {
        if sites == 0 {
            return Err(Error::new(ErrorKind::Record, "motif comes from no site")
                .with_hint("its counts add up to less than one half a column"));
        }
        Ok(Self { id: id.to_owned(), name: name.map(str::to_owned), columns, sites })
    }

    /// Returns its id, such as `MA0139.1`.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns its name, such as `CTCF`, if it has one.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Returns how many bases a site has.
    pub fn width(&self) -> usize {
        self.columns.len()
    }

    /// Returns the frequencies of A, C, G and T by column.
    pub fn columns(&self) -> &[[f64; 4]] {
        &self.columns
    }

    /// Returns how many sites the frequencies come from.
    pub fn sites(&self) -> u64 {
        self.sites
    }
}

fn check(columns: &[[f64; 4]]) -> Result<()> {
    if columns.is_empty() || columns.len() > MAX_WIDTH {
        let message = format!("motif has {} columns, not 1 to {MAX_WIDTH}", columns.len());
        return Err(Error::new(ErrorKind::Record, message));
    }
    let wrong = |column: &[f64; 4]| column.iter().any(|number| !number.is_finite() || *number < 0.0);
    match columns.iter().position(wrong) {
        None => Ok(()),
        Some(index) => Err(Error::new(
            ErrorKind::Record,
            format!("column {} holds a negative number or none: {:?}", index + 1, columns[index]),
        )),
    }
}
