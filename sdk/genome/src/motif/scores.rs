//! Scores in whole units, and their p-values.

use super::{Background, Motif};
use crate::{Error, ErrorKind, Result};

/// The greatest score of one column, in units.
pub(crate) const RANGE: usize = 1000;

/// Turns natural logarithms to base 2, to FIMO's eight decimals.
#[expect(clippy::approx_constant, reason = "a ninth decimal may move a rounded score by one unit")]
const PER_LN_2: f64 = 1.442_695_04;

/// The scores of a motif against a background, and the p-value of every sum.
///
/// # Examples
///
/// ```
/// use dlm_genome::motif::{Background, Motif, Scores};
///
/// let motif = Motif::from_counts("M", None, &[[10.0, 0.0, 0.0, 0.0], [5.0, 5.0, 0.0, 0.0]])?;
/// let scores = Scores::new(&motif, &Background::uniform(), 0.1)?;
/// let best = scores.units(b"AC").unwrap();
/// assert!((scores.score(best) - 2.98).abs() < 0.01);
/// assert!((scores.p_value(best) - 2.0 / 16.0).abs() < 1e-12);
/// assert_eq!(scores.units(b"AN"), None);
/// # Ok::<(), dlm_genome::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Scores {
    columns: Vec<[u16; 4]>,
    scale: f64,
    offset: f64,
    p_values: Vec<f64>,
}

impl Scores {
    /// Scores a motif against a background, after a pseudocount was added to its counts in proportion to the background.
    ///
    /// The p-values hold for one strand; a scan of both wants a background [averaged over
    /// them](Background::over_both_strands).
    ///
    /// # Errors
    ///
    /// The pseudocount is negative or no number, or it is zero and so is a frequency.
    pub fn new(motif: &Motif, background: &Background, pseudocount: f64) -> Result<Self> {
        let logs = logs(motif, background, pseudocount)?;
        let all = || logs.iter().flatten().copied();
        let greatest = all().fold(f64::NEG_INFINITY, f64::max);
        let least = all().fold(f64::INFINITY, f64::min);
        let offset = if greatest == least { greatest - 1.0 } else { least }.floor();
        let scale = (RANGE as f64 / (greatest - offset)).floor();
        if scale < 1.0 {
            let message = format!("scores of '{}' lie further apart than {RANGE}", motif.id());
            return Err(Error::new(ErrorKind::Setting, message).with_hint("raise the pseudocount"));
        }
        let columns: Vec<_> =
            logs.iter().map(|column| column.map(|log| ((log - offset) * scale + 0.5) as u16)).collect();
        let p_values = p_values(&columns, background);
        Ok(Self { columns, scale, offset, p_values })
    }

    /// Returns how many bases a site has.
    pub fn width(&self) -> usize {
        self.columns.len()
    }

    /// Returns the units of A, C, G and T by column, each at most 1000.
    pub fn columns(&self) -> &[[u16; 4]] {
        &self.columns
    }

    /// Returns the units of the first bases of a sequence, read forward; `None` if they are too few or not all known.
    pub fn units(&self, bases: &[u8]) -> Option<u32> {
        let window = bases.get(..self.width())?;
        window.iter().zip(&self.columns).try_fold(0, |sum, (&base, column)| {
            Some(sum + u32::from(column[usize::from(dlm_sdk::dna::code(base)?)]))
        })
    }

    /// Returns the score of units in bits, as near as units tell.
    pub fn score(&self, units: u32) -> f64 {
        f64::from(units) / self.scale + self.width() as f64 * self.offset
    }

    /// Returns how often the background scores at least as many units; sums no site reaches have that of the greatest.
    pub fn p_value(&self, units: u32) -> f64 {
        self.p_values[(units as usize).min(self.p_values.len() - 1)]
    }

    /// Returns the least units whose p-value is at most this; `None` if no site has so low a one.
    pub fn least_units(&self, p_value: f64) -> Option<u32> {
        let least = self.p_values.partition_point(|&other| other > p_value);
        let best: usize =
            self.columns.iter().map(|column| usize::from(column.iter().copied().max().unwrap_or(0))).sum();
        (least <= best).then_some(least as u32)
    }
}

/// Returns log2 of frequencies over background.
fn logs(motif: &Motif, background: &Background, pseudocount: f64) -> Result<Vec<[f64; 4]>> {
    if !pseudocount.is_finite() || pseudocount < 0.0 {
        let message = format!("pseudocount {pseudocount} is no number of at least zero");
        return Err(Error::new(ErrorKind::Setting, message));
    }
    let sites = motif.sites() as f64;
    let background = background.frequencies();
    let column = |column: &[f64; 4]| {
        std::array::from_fn::<_, 4, _>(|base| {
            let frequency = if pseudocount == 0.0 {
                column[base]
            } else {
                (column[base] * sites + pseudocount * background[base]) / (sites + pseudocount)
            };
            (frequency / background[base]).ln() * PER_LN_2
        })
    };
    let logs: Vec<_> = motif.columns().iter().map(column).collect();
    if logs.iter().flatten().any(|log| !log.is_finite()) {
        return Err(Error::new(
            ErrorKind::Setting,
            format!("motif '{}' has frequencies of zero, and the pseudocount is {pseudocount}", motif.id()),
        )
        .with_hint("take a pseudocount such as 0.1"));
    }
    Ok(logs)
}

/// Returns, for each sum of units, how often the background reaches it.
///
/// The distribution of the sum over one more column is the old one, moved by each base's units and weighed by its
/// frequency. It is summed up from the far end, where the numbers are small.
fn p_values(columns: &[[u16; 4]], background: &Background) -> Vec<f64> {
    let mut new = vec![0.0; columns.len() * RANGE + 1];
    let mut old = new.clone();
    new[0] = 1.0;
    for (index, column) in columns.iter().enumerate() {
        std::mem::swap(&mut new, &mut old);
        let reach = index * RANGE + 1;
        new[..reach + RANGE].fill(0.0);
        for (&units, frequency) in column.iter().zip(background.frequencies()) {
            let moved = &mut new[usize::from(units)..usize::from(units) + reach];
            for (sum, share) in moved.iter_mut().zip(&old[..reach]) {
                *sum += share * frequency;
            }
        }
    }
    for index in (0..new.len() - 1).rev() {
        new[index] = f64::min(1.0, new[index] + new[index + 1]);
    }
    new
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The distribution, by trying every sequence.
    #[test]
    fn p_values_are_those_of_all_sequences() {
        let counts = [[7.0, 1.0, 1.0, 3.0], [0.0, 9.0, 2.0, 1.0], [1.0, 1.0, 8.0, 2.0], [3.0, 3.0, 3.0, 3.0]];
        let motif = Motif::from_counts("M", None, &counts).unwrap();
        let background = Background::new([0.3, 0.2, 0.1, 0.4]).unwrap();
        let scores = Scores::new(&motif, &background, 0.1).unwrap();
        let all: Vec<(u32, f64)> = (0..256)
            .map(|index| {
                let word = dlm_sdk::dna::kmer(index, 4);
                let share = word
                    .bytes()
                    .map(|base| background.frequencies()[usize::from(dlm_sdk::dna::code(base).unwrap())]);
                (scores.units(word.as_bytes()).unwrap(), share.product())
            })
            .collect();
        for &(units, _) in &all {
            let expected: f64 = all.iter().filter(|(other, _)| *other >= units).map(|(_, share)| share).sum();
            assert!((scores.p_value(units) - expected).abs() < 1e-12, "{units}");
            let least = scores.least_units(scores.p_value(units)).unwrap();
            assert!(least <= units && scores.p_value(least) == scores.p_value(units));
        }
        assert_eq!(scores.least_units(0.0), None);
        assert_eq!(scores.least_units(1.0), Some(0));
    }

    #[test]
    fn settings_that_make_no_sense_are_refused() {
        let motif = Motif::from_counts("M", None, &[[1.0, 0.0, 0.0, 0.0]]).unwrap();
        let fault =
            |pseudocount| Scores::new(&motif, &Background::uniform(), pseudocount).unwrap_err().to_string();
        assert_eq!(fault(0.0), "motif 'M' has frequencies of zero, and the pseudocount is 0");
        assert_eq!(fault(-1.0), "pseudocount -1 is no number of at least zero");
        assert_eq!(fault(f64::NAN), "pseudocount NaN is no number of at least zero");
        let even = Motif::from_counts("M", None, &[[1.0; 4]]).unwrap();
        let scores = Scores::new(&even, &Background::uniform(), 0.0).unwrap();
        assert_eq!(scores.p_value(scores.units(b"A").unwrap()), 1.0);
    }
}
