//! Writes a list of strings as a pickle.

use std::{
    io::{self, Write},
    path::Path,
};

use rustc_hash::FxHashMap;

use super::opcode;
use crate::{Result, output};

/// The first protocol whose strings need no more than two bytes besides their text; Python reads it from 3.4 on.
const PROTOCOL: u8 = 4;
/// Strings that are appended at once, as Python does it.
const BATCH: usize = 1000;

/// Writes tokens as the list of strings that Python's `pickle.load` returns. Each distinct string is written once.
///
/// # Errors
///
/// The file cannot be written, or a string has 256 bytes or more.
pub fn write<'t>(path: impl AsRef<Path>, tokens: impl IntoIterator<Item = &'t str>) -> Result<()> {
    output::write_with(path, |output| encode(output, tokens))
}

fn encode<'t>(output: &mut impl Write, tokens: impl IntoIterator<Item = &'t str>) -> io::Result<()> {
    // The list has place 0 of the memo, strings follow.
    output.write_all(&[opcode::PROTO, PROTOCOL, opcode::EMPTY_LIST, opcode::MEMOIZE])?;
    let mut places: FxHashMap<&str, u32> = FxHashMap::default();
    let mut tokens = tokens.into_iter().peekable();
    while tokens.peek().is_some() {
        output.write_all(&[opcode::MARK])?;
        for token in tokens.by_ref().take(BATCH) {
            if let Some(&place) = places.get(token) {
                recall(output, place)?;
            } else {
                let length = u8::try_from(token.len())
                    .map_err(|_| io::Error::other("a token of 256 bytes or more has no published form"))?;
                output.write_all(&[opcode::SHORT_BINUNICODE, length])?;
                output.write_all(token.as_bytes())?;
                output.write_all(&[opcode::MEMOIZE])?;
                places.insert(token, places.len() as u32 + 1);
            }
        }
        output.write_all(&[opcode::APPENDS])?;
    }
    output.write_all(&[opcode::STOP])
}

fn recall(output: &mut impl Write, place: u32) -> io::Result<()> {
    if let Ok(place) = u8::try_from(place) {
        return output.write_all(&[opcode::BINGET, place]);
    }
    output.write_all(&[opcode::LONG_BINGET])?;
    output.write_all(&place.to_le_bytes())
}
