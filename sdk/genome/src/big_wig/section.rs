//! A section: some values of one sequence.

use std::{
    collections::BTreeMap,
    io::{Read, Seek},
};

use flate2::read::ZlibDecoder;

use super::{names::Sequence, search::Block};
use crate::{Error, ErrorKind, Position, Result, source::Source};

const HEADER_BYTES: usize = 24;
/// The most a section of 65,535 rows of twelve bytes takes.
const MOST_BYTES: u64 = HEADER_BYTES as u64 + 12 * 65_535;

/// Values of one sequence: start, end and value of each, ascending and apart.
#[derive(Debug)]
pub(super) struct Section {
    /// The number of the sequence.
    pub(super) sequence: u32,
    values: Vec<(u32, u32, f32)>,
}

impl Section {
    /// Returns the values that end after a position.
    pub(super) fn from(&self, start: u64) -> &[(u32, u32, f32)] {
        &self.values[self.values.partition_point(|&(_, end, _)| u64::from(end) <= start)..]
    }

    /// Reads a section; `deflated` is how many bytes one has at most when it is unpacked, if it is packed at all.
    pub(super) fn read<R: Read + Seek>(
        source: &mut Source<R>,
        block: Block,
        deflated: Option<u32>,
        sequences: &BTreeMap<String, Sequence>,
    ) -> Result<Self> {
        let mut bytes = source.bytes(block.byte, block.size)?;
        if let Some(most) = deflated {
            bytes = inflate(&bytes, u64::from(most).min(MOST_BYTES)).map_err(|reason| {
                let error = Error::new(ErrorKind::Compression, "section cannot be unpacked")
                    .at_path(source.path.as_path())
                    .at(Position::Byte(block.byte))
                    .with_hint("fetch or copy it again");
                error.with_source(reason)
            })?;
        }
        let wrong = |message: String| {
            source.wrong(block.byte, format!("section: {message}")).with_hint("fetch or copy it again")
        };
        let Some((header, rows)) = bytes.split_at_checked(HEADER_BYTES) else {
            return Err(wrong(format!("has {} bytes, fewer than its header", bytes.len())));
        };
        let (words, _) = header.as_chunks::<4>();
        let [sequence, start, _, step, span] = [0, 1, 2, 3, 4].map(|place| source.decode(words[place]));
        let count = usize::from(source.decode_short([header[22], header[23]]));
        let form = header[20];
        let row_words = match form {
            1 => 3,
            2 => 2,
            3 => 1,
            _ => return Err(wrong(format!("is of form {form}, and 1 to 3 are known"))),
        };
        if rows.len() < count * row_words * 4 {
            return Err(wrong(format!("ends before its {count} values")));
        }
        let Some((name, found)) = sequences.iter().find(|(_, known)| known.number == sequence) else {
            return Err(wrong(format!("is of sequence {sequence}, which has no name")));
        };
        let (words, _) = rows.as_chunks::<4>();
        let mut values = Vec::with_capacity(count);
        let mut last = 0;
        for (place, row) in words.chunks_exact(row_words).take(count).enumerate() {
            let word = |column: usize| u64::from(source.decode(row[column]));
            let (from, to) = match form {
                1 => (word(0), word(1)),
                2 => (word(0), word(0) + u64::from(span)),
                _ => {
                    let from = u64::from(start) + place as u64 * u64::from(step);
                    (from, from + u64::from(span))
                }
            };
            let length = u64::from(found.length);
            if from < last || from >= to || to > length {
                let message = format!(
                    "value {} is at {from}-{to} of {name}: values ascend, do not overlap and end within {length} bases",
                    place + 1
                );
                return Err(wrong(message));
            }
            last = to;
            let value = f32::from_bits(source.decode(row[row_words - 1]));
            if value.is_infinite() {
                return Err(wrong(format!("value {} at {from}-{to} of {name} is infinite", place + 1)));
            }
            // Both end within a length of 32 bits.
            values.push((from as u32, to as u32, value));
        }
        Ok(Self { sequence, values })
    }
}

fn inflate(packed: &[u8], most: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // One byte more than there may be tells that there is more.
    ZlibDecoder::new(packed).take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(std::io::Error::other(format!("unpacks to more than {most} bytes")));
    }
    Ok(bytes)
}
