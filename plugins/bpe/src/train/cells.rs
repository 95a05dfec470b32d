//! The text as cells: one a token, and markers where tokens have been swallowed.
//!
//! Right after [`compact`], every cell is a token. When the tokens at `p` and `q = p + width(left)` merge, cell `p` takes
//! the new id, and cell `q` and the last cell of the pair take the new id with the marker bit. So
//!
//! - a cell without the marker starts a token, and its id says how many cells it spans;
//! - the cell before a token is the last of its neighbour and holds the neighbour's id.
//!
//! Cells are atomics, all accessed with relaxed ordering: threads work on places that do not touch (see `step.rs`), and
//! the plain loads and stores that this compiles to cost nothing.

use std::sync::atomic::{AtomicU16, AtomicU32, Ordering::Relaxed};

use rayon::prelude::*;

/// A cell.
pub(super) trait Cell: Send + Sync + Sized {
    /// An id, stored plainly.
    type Id: Copy + Default + Send + Sync + Into<u32> + std::fmt::Debug;
    /// The marker bit; ids are less.
    const MARK: u32;

    fn new(value: u32) -> Self;
    fn get(&self) -> u32;
    fn set(&self, value: u32);
    fn id(value: u32) -> Self::Id;
}

impl Cell for AtomicU16 {
    type Id = u16;
    const MARK: u32 = 1 << 15;

    fn new(value: u32) -> Self {
        Self::new(value as u16)
    }

    #[inline]
    fn get(&self) -> u32 {
        u32::from(self.load(Relaxed))
    }

    #[inline]
    fn set(&self, value: u32) {
        self.store(value as u16, Relaxed);
    }

    #[inline]
    fn id(value: u32) -> u16 {
        value as u16
    }
}

impl Cell for AtomicU32 {
    type Id = u32;
    const MARK: u32 = 1 << 31;

    fn new(value: u32) -> Self {
        Self::new(value)
    }

    #[inline]
    fn get(&self) -> u32 {
        self.load(Relaxed)
    }

    #[inline]
    fn set(&self, value: u32) {
        self.store(value, Relaxed);
    }

    #[inline]
    fn id(value: u32) -> u32 {
        value
    }
}

/// Drops the swallowed cells, keeping order.
pub(super) fn compact<C: Cell>(cells: &mut Vec<C>, shards: usize) {
    let size = cells.len().div_ceil(shards).max(1);
    let kept: Vec<usize> = cells.par_chunks(size).map(compact_shard).collect();
    let mut length = 0;
    for (shard, kept) in kept.into_iter().enumerate() {
        let from = shard * size;
        if from != length {
            for offset in 0..kept {
                cells[length + offset].set(cells[from + offset].get());
            }
        }
        length += kept;
    }
    cells.truncate(length);
}

fn compact_shard<C: Cell>(cells: &[C]) -> usize {
    let mut length = 0;
    for cell in cells {
        let value = cell.get();
        cells[length].set(value);
        length += usize::from(value < C::MARK);
    }
    length
}
