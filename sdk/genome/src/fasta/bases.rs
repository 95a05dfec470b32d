//! Applies the policy to a piece of a sequence line.

use memchr::memchr;

use super::{Ambiguity, Options, Record};
use crate::{Error, ErrorKind};

/// What [`raise`] saw.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    /// Whether there is anything but A, C, G, T and N in either case.
    pub(super) strange: bool,
    /// Whether there is lower case.
    pub(super) lower: bool,
}

/// Makes bases upper case, in place.
pub(super) fn raise(bases: &mut [u8]) -> Seen {
    let (mut strange, mut lower) = (0, 0);
    for base in bases {
        lower |= *base & 0x20;
        *base &= !0x20;
        // The least difference to a base is zero for bases only; without branches it takes many bytes at once.
        strange |= b"CGTN".iter().fold(*base ^ b'A', |least, known| least.min(*base ^ known));
    }
    Seen { strange: strange != 0, lower: lower != 0 }
}

/// Appends a piece of a line to the record's bases; on error also returns the offset of the culprit in the piece.
pub(super) fn append(piece: &[u8], options: &Options, record: &mut Record) -> Result<(), (usize, Error)> {
    let start = record.bases.len();
    record.bases.extend_from_slice(piece);
    let seen = raise(&mut record.bases[start..]);
    if seen.strange {
        for (offset, &byte) in piece.iter().enumerate() {
            record.bases[start + offset] =
                translate(byte, options, record).map_err(|error| (offset, error))?;
        }
    }
    if seen.lower && options.soft_mask {
        for (offset, _) in piece.iter().enumerate().filter(|(_, byte)| byte.is_ascii_lowercase()) {
            mask(record, (start + offset) as u64);
        }
    }
    Ok(())
}

/// Appends the whole lines that a chunk starts with, up to a header, if they hold nothing but bases and leave nothing to
/// note down; returns how many bytes and lines that were. Nothing is appended otherwise.
///
/// Files have millions of short lines; checking many at once takes a fraction of the time of checking each.
pub(super) fn append_lines(chunk: &[u8], options: &Options, record: &mut Record) -> (usize, u64) {
    let start = record.bases.len();
    let (mut bytes, mut lines) = (0, 0);
    while chunk.get(bytes).is_some_and(|&byte| byte != b'>') {
        let Some(length) = memchr(b'\n', &chunk[bytes..]) else { break };
        let line = &chunk[bytes..bytes + length];
        record.bases.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
        bytes += length + 1;
        lines += 1;
    }
    let seen = raise(&mut record.bases[start..]);
    if seen.strange || seen.lower && options.soft_mask {
        record.bases.truncate(start);
        return (0, 0);
    }
    (bytes, lines)
}

fn translate(byte: u8, options: &Options, record: &mut Record) -> Result<u8, Error> {
    match byte.to_ascii_uppercase() {
        base @ (b'A' | b'C' | b'G' | b'T' | b'N') => Ok(base),
        b'R' | b'Y' | b'K' | b'M' | b'S' | b'W' | b'B' | b'D' | b'H' | b'V'
            if options.ambiguity == Ambiguity::Unknown =>
        {
            record.ambiguous += 1;
            Ok(b'N')
        }
        _ => Err(refuse(byte)),
    }
}

fn mask(record: &mut Record, position: u64) {
    match record.soft_mask.last_mut() {
        Some(last) if last.end == position => last.end += 1,
        _ => record.soft_mask.push(position..position + 1),
    }
}

fn refuse(byte: u8) -> Error {
    let base = |hint: &'static str| {
        Error::new(ErrorKind::Base, format!("'{}' is no base", char::from(byte))).with_hint(hint)
    };
    match byte.to_ascii_uppercase() {
        b'U' => base("the file holds RNA; write T for U"),
        b'R' | b'Y' | b'K' | b'M' | b'S' | b'W' | b'B' | b'D' | b'H' | b'V' => {
            base("ambiguous codes are refused as asked; let them become N")
        }
        b'-' | b'.' => base("the file is an alignment; remove the gaps"),
        b'*' => base("'*' ends a protein; name a file of nucleotides"),
        b'>' => base("a header must start its own line"),
        b' ' | b'\t' | b'\r' => Error::new(ErrorKind::Base, "blank within a sequence")
            .with_hint("remove blanks and lone carriage returns from the sequence lines"),
        0x80.. => Error::new(ErrorKind::NonAscii, format!("byte 0x{byte:02x} is not ASCII"))
            .with_hint("FASTA is ASCII text; look for a stray character or a packed file"),
        0..0x20 | 0x7f => Error::new(ErrorKind::Binary, format!("byte 0x{byte:02x} is not text"))
            .with_hint("the file is not FASTA"),
        _ => base("sequences hold A, C, G, T, N and IUPAC codes"),
    }
}
