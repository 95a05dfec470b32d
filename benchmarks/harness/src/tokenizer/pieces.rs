//! What lies between excluded stretches, read piece by piece: a genome is never held whole.

use std::path::Path;

use dlm_genome::{Interval, IntervalSet, Lengths, bed, fasta::Record};
use dlm_sdk::Result;

use crate::context::Context;

/// Cuts records at excluded stretches and counts what it hands out.
#[derive(Debug)]
pub(super) struct Pieces<'c> {
    context: &'c Context,
    path: Option<&'c Path>,
    excluded: IntervalSet,
    lengths: Vec<(String, u64)>,
    /// Known bases between the excluded stretches, and within them.
    pub(super) bases: u64,
    pub(super) left_out: u64,
}

impl<'c> Pieces<'c> {
    /// Reads the excluded stretches, if there are any.
    ///
    /// # Errors
    ///
    /// The table cannot be read. Whether its rows fit the sequences is known only at the [end](Self::end).
    pub(super) fn new(path: Option<&'c Path>, context: &'c Context) -> Result<Self> {
        let intervals = match path {
            Some(path) => bed::Reader::open(path)?
                .map(|row| Ok(row?.interval().clone()))
                .collect::<Result<Vec<Interval>>>()?,
            None => Vec::new(),
        };
        let excluded = intervals.iter().collect();
        Ok(Self { context, path, excluded, lengths: Vec::new(), bases: 0, left_out: 0 })
    }

    /// Cuts one record.
    pub(super) fn cut(&mut self, record: Record) -> Vec<Vec<u8>> {
        let length = record.bases().len();
        self.lengths.push((record.name().to_owned(), length as u64));
        let all = known(record.bases());
        let stretches = self.excluded.stretches(record.name());
        if stretches.is_empty() {
            self.bases += all;
            return if length == 0 { Vec::new() } else { vec![record.into_bases()] };
        }
        let mut pieces = Vec::new();
        let mut start = 0;
        // A stretch past the end is refused at the end, with its line.
        for stretch in stretches {
            let from = (stretch.start as usize).min(length);
            pieces.push(record.bases()[start..from].to_vec());
            start = (stretch.end as usize).min(length);
        }
        pieces.push(record.bases()[start..].to_vec());
        pieces.retain(|piece| !piece.is_empty());
        let kept: u64 = pieces.iter().map(|piece| known(piece)).sum();
        self.bases += kept;
        self.left_out += all - kept;
        pieces
    }

    /// Checks the excluded stretches against the sequences there were.
    ///
    /// # Errors
    ///
    /// A stretch ends past the end of its sequence.
    pub(super) fn end(&self) -> Result<()> {
        let Some(path) = self.path else { return Ok(()) };
        let lengths: Lengths = self.lengths.iter().map(|(name, length)| (name.as_str(), *length)).collect();
        let mut table = bed::Reader::open(path)?.within(lengths);
        for row in &mut table {
            row?;
        }
        if table.skipped() > 0 {
            self.context.note(format!(
                "{}: {} rows lie on sequences that are not learned from",
                path.display(),
                table.skipped()
            ));
        }
        Ok(())
    }

    /// Cuts all records and, after the last, checks the stretches.
    pub(super) fn all(
        &mut self,
        mut records: impl Iterator<Item = Result<Record>> + Send,
    ) -> impl Iterator<Item = Result<Vec<u8>>> + Send {
        let mut waiting = Vec::new().into_iter();
        let mut ended = false;
        std::iter::from_fn(move || {
            loop {
                if let Some(piece) = waiting.next() {
                    return Some(Ok(piece));
                }
                if ended {
                    return None;
                }
                match records.next() {
                    Some(Ok(record)) => waiting = self.cut(record).into_iter(),
                    Some(Err(error)) => {
                        ended = true;
                        return Some(Err(error));
                    }
                    None => {
                        ended = true;
                        if let Err(error) = self.end() {
                            return Some(Err(error));
                        }
                    }
                }
            }
        })
    }
}

fn known(bases: &[u8]) -> u64 {
    bases.iter().filter(|&&base| dlm_sdk::dna::code(base).is_some()).count() as u64
}
