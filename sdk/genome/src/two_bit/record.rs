//! The record of a sequence: its blocks and its packed bases.

use std::{
    io::{Read, Seek},
    ops::Range,
};

use crate::{Result, source::Source};

/// The bases by their two bits.
const BASES: [u8; 4] = *b"TCAG";

/// What a record says before its bases.
#[derive(Debug)]
pub(super) struct Blocks {
    /// Ascending and apart from each other.
    unknown: Vec<Range<u64>>,
    masked: Vec<Range<u64>>,
    /// The byte of the first base.
    bases: u64,
}

impl Blocks {
    pub(super) fn read<R: Read + Seek>(source: &mut Source<R>, byte: u64, length: u64) -> Result<Self> {
        let (unknown, byte) = stretches(source, byte, length, "N")?;
        let (masked, byte) = stretches(source, byte, length, "mask")?;
        let bases = byte + 4;
        if bases.checked_add(length.div_ceil(4)).is_none_or(|end| end > source.bytes) {
            return Err(source.cut());
        }
        Ok(Self { unknown, masked, bases })
    }

    pub(super) fn masked(&self) -> &[Range<u64>] {
        &self.masked
    }

    /// Reads bases that are known to lie within the sequence.
    pub(super) fn bases<R: Read + Seek>(&self, source: &mut Source<R>, range: Range<u64>) -> Result<Vec<u8>> {
        let (first, after) = (range.start / 4, range.end.div_ceil(4));
        let packed = source.bytes(self.bases + first, after - first)?;
        let mut bases = Vec::with_capacity(4 * packed.len());
        for byte in packed {
            bases.extend([6, 4, 2, 0].map(|shift| BASES[usize::from(byte >> shift & 3)]));
        }
        bases.drain(..(range.start - 4 * first) as usize);
        bases.truncate((range.end - range.start) as usize);
        let next = self.unknown.partition_point(|block| block.end <= range.start);
        for block in self.unknown[next..].iter().take_while(|block| block.start < range.end) {
            let from = block.start.max(range.start) - range.start;
            let to = block.end.min(range.end) - range.start;
            bases[from as usize..to as usize].fill(b'N');
        }
        Ok(bases)
    }
}

/// Reads a list of blocks; returns the byte after it.
fn stretches<R: Read + Seek>(
    source: &mut Source<R>,
    byte: u64,
    length: u64,
    kind: &str,
) -> Result<(Vec<Range<u64>>, u64)> {
    let count = u64::from(source.number(byte)?);
    let numbers = source.bytes(byte + 4, 8 * count)?;
    let (words, _) = numbers.as_chunks::<4>();
    let (starts, sizes) = words.split_at(count as usize);
    let mut blocks: Vec<Range<u64>> = Vec::with_capacity(count as usize);
    for (index, (&start, &size)) in starts.iter().zip(sizes).enumerate() {
        let start = u64::from(source.decode(start));
        let end = start + u64::from(source.decode(size));
        let last = blocks.last().map_or(0, |block| block.end);
        if start < last || start == end || end > length {
            let message = format!(
                "{kind} block {} is {start}-{end}: blocks ascend, are not empty and end within {length} bases",
                index + 1
            );
            return Err(source
                .wrong(byte + 4 + 4 * index as u64, message)
                .with_hint("fetch or copy it again"));
        }
        blocks.push(start..end);
    }
    Ok((blocks, byte + 4 + 8 * count))
}
