//! Values along the genome, as bedGraph and bigWig.

use std::{collections::BTreeMap, fmt::Write as _};

use dlm_genome::{Interval, Lengths, bed_graph::Record, big_wig};
use dlm_sdk::Result;

use super::regions::Region;
use crate::{analyze::Subject, files::file_error, tokenizer::each_record};

/// A value a base, of all regions; where regions overlap, the mean.
#[derive(Clone, Debug, Default)]
pub(super) struct Track(BTreeMap<(String, u64), (f64, u32)>);

impl Track {
    /// Adds the values of a region's bases, in reading direction.
    pub(super) fn add(&mut self, region: &Region, values: &[f64]) {
        for (base, value) in values.iter().enumerate() {
            let at = (region.interval.chromosome().to_owned(), region.place(base));
            let (sum, count) = self.0.entry(at).or_default();
            *sum += value;
            *count += 1;
        }
    }

    /// Returns the rows in the order of the genome; neighbours of one value are one row.
    pub(super) fn rows(&self) -> Result<Vec<Record>> {
        let mut rows: Vec<(&str, u64, u64, f64)> = Vec::new();
        for ((name, at), (sum, count)) in &self.0 {
            let value = sum / f64::from(*count);
            match rows.last_mut() {
                Some((last, _, end, same))
                    if *last == name && *end == *at && same.to_bits() == value.to_bits() =>
                {
                    *end += 1;
                }
                _ => rows.push((name, *at, at + 1, value)),
            }
        }
        let record = |(name, start, end, value): (&str, u64, u64, f64)| {
            Ok(Record::new(Interval::new(name, start, end)?, value)?)
        };
        rows.into_iter().map(record).collect()
    }

    /// Writes it as `NAME.bedGraph` and `NAME.bw`.
    ///
    /// # Errors
    ///
    /// A value is no finite number, or a file cannot be written.
    pub(super) fn write(
        &self,
        subject: &Subject<'_>,
        name: &str,
        about: &str,
        lengths: &Lengths,
    ) -> Result<()> {
        let rows = self.rows()?;
        let mut text = format!("track type=bedGraph name=\"{name}\" description=\"{about}\"\n");
        for row in &rows {
            let it = row.interval();
            // Writing to a string never fails.
            let _ = writeln!(text, "{}\t{}\t{}\t{}", it.chromosome(), it.start(), it.end(), row.value());
        }
        subject.write(&format!("{name}.bedGraph"), about, text)?;
        if !rows.is_empty() {
            big_wig::write(subject.file(&format!("{name}.bw"), about), lengths, rows).map_err(file_error)?;
        }
        Ok(())
    }
}

/// Reads how long the sequences of the genome are.
pub(super) fn lengths(subject: &Subject<'_>) -> Result<Lengths> {
    let mut lengths = Vec::new();
    each_record(subject.context(), "measuring the genome", &[subject.genome()?.to_owned()], |record| {
        lengths.push((record.name().to_owned(), record.bases().len() as u64));
        Ok(())
    })?;
    Ok(lengths.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use dlm_sdk::Span;

    use super::*;

    #[test]
    fn overlapping_regions_have_their_mean_and_equal_neighbours_are_one_row() {
        let region = |start: u64| Region {
            name: "r".into(),
            interval: Interval::new("c", start, start + 4).unwrap(),
            bases: b"ACGT".to_vec(),
            ids: vec![5],
            spans: vec![Span { start: 0, end: 4 }],
        };
        let mut track = Track::default();
        track.add(&region(10), &[1.0, 1.0, 1.0, 3.0]);
        track.add(&region(13), &[1.0, 2.0, 2.0, 5.0]);
        let rows: Vec<(u64, u64, f64)> = track
            .rows()
            .unwrap()
            .iter()
            .map(|row| (row.interval().start(), row.interval().end(), row.value()))
            .collect();
        assert_eq!(rows, [(10, 13, 1.0), (13, 16, 2.0), (16, 17, 5.0)]);
    }
}
