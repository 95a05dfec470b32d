//! The index: which sections may hold values of a stretch.

use std::{
    io::{Read, Seek},
    ops::Range,
};

use crate::{Result, source::Source};

const MAGIC: u32 = 0x2468_ACE0;
const HEADER_BYTES: u64 = 48;
const LEAF_BYTES: u64 = 32;
const BRANCH_BYTES: u64 = 24;

/// Where a section lies in the file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Block {
    pub(super) byte: u64,
    pub(super) size: u64,
}

/// Returns the byte of the root of the index that starts at a byte.
pub(super) fn root<R: Read + Seek>(source: &mut Source<R>, index: u64) -> Result<u64> {
    if source.number(index)? != MAGIC {
        let error = source.wrong(index, "the index does not start where the header says");
        return Err(error.with_hint("fetch or copy it again"));
    }
    Ok(index + HEADER_BYTES)
}

/// Returns the sections that may hold values of a stretch of a sequence, in the order of the index.
pub(super) fn blocks<R: Read + Seek>(
    source: &mut Source<R>,
    root: u64,
    sequence: u32,
    wanted: &Range<u64>,
) -> Result<Vec<Block>> {
    let mut blocks = Vec::new();
    let mut nodes = vec![root];
    // No byte belongs to two nodes or two sections, so that an index that bites its tail runs out.
    let mut budget = source.bytes;
    let (first, last) = ((sequence, wanted.start), (sequence, wanted.end));
    while let Some(node) = nodes.pop() {
        let [leaf, _, low, high] = source.array(node)?;
        let count = u64::from(source.decode_short([low, high]));
        let row_bytes = match leaf {
            0 => BRANCH_BYTES,
            1 => LEAF_BYTES,
            _ => return Err(damaged(source, node, "a node of the index is damaged")),
        };
        let rows = source.bytes(node + 4, count * row_bytes)?;
        budget = spend(source, budget, node, 4 + rows.len() as u64)?;
        let mut below = Vec::new();
        for row in rows.chunks_exact(row_bytes as usize) {
            let (words, _) = row.as_chunks::<4>();
            let (longs, _) = row[16..].as_chunks::<8>();
            let [from, from_base, to, to_base] = [0, 1, 2, 3].map(|place| source.decode(words[place]));
            if (from, u64::from(from_base)) >= last || (to, u64::from(to_base)) <= first {
                continue;
            }
            let byte = source.decode_long(longs[0]);
            if leaf == 0 {
                below.push(byte);
                continue;
            }
            let size = source.decode_long(longs[1]);
            budget = spend(source, budget, node, size)?;
            blocks.push(Block { byte, size });
        }
        nodes.extend(below.into_iter().rev());
    }
    Ok(blocks)
}

fn spend<R: Read + Seek>(source: &Source<R>, budget: u64, node: u64, bytes: u64) -> Result<u64> {
    budget.checked_sub(bytes).ok_or_else(|| damaged(source, node, "the index names more than the file holds"))
}

fn damaged<R: Read + Seek>(source: &Source<R>, byte: u64, message: &'static str) -> crate::Error {
    source.wrong(byte, message).with_hint("fetch or copy it again")
}
