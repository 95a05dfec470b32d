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

use std::sync::atomic::{AtomicU8, AtomicU16, AtomicU32, Ordering::Relaxed};

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

macro_rules! cell {
    ($atomic:ty, $id:ty) => {
        impl Cell for $atomic {
            type Id = $id;
            const MARK: u32 = 1 << (<$id>::BITS - 1);

            fn new(value: u32) -> Self {
                Self::new(value as $id)
            }

            #[inline]
            fn get(&self) -> u32 {
                self.load(Relaxed).into()
            }

            #[inline]
            fn set(&self, value: u32) {
                self.store(value as $id, Relaxed);
            }

            #[inline]
            fn id(value: u32) -> $id {
                value as $id
            }
        }
    };
}

cell!(AtomicU8, u8);
cell!(AtomicU16, u16);
cell!(AtomicU32, u32);

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
