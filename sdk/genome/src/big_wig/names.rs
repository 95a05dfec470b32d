//! The tree of names: which sequences have values, their numbers and lengths.

use std::{
    collections::BTreeMap,
    io::{Read, Seek},
};

use crate::{Error, ErrorKind, Position, Result, source::Source};

const MAGIC: u32 = 0x78CA_8C91;
/// A number and a length.
const VALUE_BYTES: u32 = 8;
const LONGEST_NAME: u32 = 1 << 12;

/// A sequence.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sequence {
    pub(super) number: u32,
    pub(super) length: u32,
}

/// Reads the tree that starts at a byte.
pub(super) fn read<R: Read + Seek>(source: &mut Source<R>, tree: u64) -> Result<BTreeMap<String, Sequence>> {
    if source.number(tree)? != MAGIC {
        return Err(damaged(source, tree, "the list of names does not start where the header says"));
    }
    let (key, value) = (source.number(after(source, tree, 8)?)?, source.number(after(source, tree, 12)?)?);
    if value != VALUE_BYTES || !(1..=LONGEST_NAME).contains(&key) {
        return Err(damaged(
            source,
            tree,
            format!("names of {key} bytes with values of {value} are not read"),
        ));
    }
    let expected = source.long(after(source, tree, 16)?)?;
    let mut sequences = BTreeMap::new();
    let mut numbers = BTreeMap::new();
    let mut nodes = vec![after(source, tree, 32)?];
    let mut budget = source.bytes;
    while let Some(node) = nodes.pop() {
        let [leaf, _, low, high] = source.array(node)?;
        let count = u64::from(source.decode_short([low, high]));
        let size = 4 + count * u64::from(key + VALUE_BYTES);
        // No byte belongs to two nodes, so that a tree that bites its tail runs out.
        budget =
            budget.checked_sub(size).ok_or_else(|| damaged(source, node, "the list of names is a loop"))?;
        let rows = source.bytes(node + 4, size - 4)?;
        for (place, row) in rows.chunks_exact((key + VALUE_BYTES) as usize).enumerate() {
            let (name, value) = row.split_at(key as usize);
            let (&[low, high], _) = value.as_chunks::<4>() else { continue };
            let byte = node + 4 + place as u64 * u64::from(key + VALUE_BYTES);
            match leaf {
                0 => nodes.push(decode_long(source, low, high)),
                1 => {
                    let sequence = Sequence { number: source.decode(low), length: source.decode(high) };
                    let name = text(name)
                        .ok_or_else(|| damaged(source, byte, "name of a sequence is empty or not ASCII"))?;
                    if sequence.length == 0 {
                        return Err(damaged(source, byte, "has no bases").in_record(name));
                    }
                    if numbers.insert(sequence.number, name.clone()).is_some()
                        || sequences.insert(name.clone(), sequence).is_some()
                    {
                        return Err(Error::new(
                            ErrorKind::DuplicateName,
                            "stands twice in the list of names",
                        )
                        .at_path(source.path.as_path())
                        .at(Position::Byte(byte))
                        .in_record(name));
                    }
                }
                _ => return Err(damaged(source, node, "the list of names is damaged")),
            }
        }
    }
    if sequences.is_empty() {
        return Err(Error::new(ErrorKind::Empty, "holds no values").at_path(source.path.as_path()));
    }
    if sequences.len() as u64 != expected {
        let message = format!("lists {} names and announces {expected}", sequences.len());
        return Err(damaged(source, tree, message));
    }
    Ok(sequences)
}

fn decode_long<R: Read + Seek>(source: &Source<R>, low: [u8; 4], high: [u8; 4]) -> u64 {
    let mut bytes = [0; 8];
    bytes[..4].copy_from_slice(&low);
    bytes[4..].copy_from_slice(&high);
    source.decode_long(bytes)
}

/// Returns a byte further on; a start that a header names may be anything.
fn after<R: Read + Seek>(source: &Source<R>, start: u64, bytes: u64) -> Result<u64> {
    start.checked_add(bytes).ok_or_else(|| source.cut())
}

fn text(name: &[u8]) -> Option<String> {
    let end = name.iter().rposition(|&byte| byte != 0)? + 1;
    let name = str::from_utf8(&name[..end]).ok()?;
    name.bytes().all(|byte| byte.is_ascii_graphic()).then(|| name.to_owned())
}

fn damaged<R: Read + Seek>(
    source: &Source<R>,
    byte: u64,
    message: impl Into<std::borrow::Cow<'static, str>>,
) -> Error {
    source.wrong(byte, message).with_hint("fetch or copy it again")
}
