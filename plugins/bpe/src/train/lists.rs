//! The places of some pairs, one list a pair, side by side in one buffer.

use std::{ops::Range, sync::Arc};

use super::{cells::Cell, pairs::List};

/// Cells gone through at once.
const BLOCK: usize = 1024;

/// Which list a pair belongs to. Only ids that some followed pair has are told apart, so the table stays small.
#[derive(Debug)]
pub(super) struct Lists {
    pub(super) pairs: Vec<(u32, u32)>,
    classes: Vec<Class>,
    /// The list of each pair, counted from 1; 0 for pairs without one.
    table: Vec<u32>,
}

/// Where the table tells an id from others.
#[derive(Clone, Copy, Debug, Default)]
struct Class {
    /// As a left part: where its row begins; row 0 is that of ids no list has.
    row: u32,
    /// As a right part: its column.
    column: u32,
}

impl Lists {
    pub(super) fn new(pairs: Vec<(u32, u32)>, ids: usize) -> Self {
        let mut classes = vec![Class::default(); ids];
        let (mut height, mut width) = (1, 1);
        for &(left, right) in &pairs {
            let row = &mut classes[left as usize].row;
            if *row == 0 {
                *row = height;
                height += 1;
            }
            let column = &mut classes[right as usize].column;
            if *column == 0 {
                *column = width;
                width += 1;
            }
        }
        for class in &mut classes {
            class.row *= width;
        }
        let mut table = vec![0; (height * width) as usize];
        for (list, &(left, right)) in (1..).zip(&pairs) {
            table[(classes[left as usize].row + classes[right as usize].column) as usize] = list;
        }
        Self { pairs, classes, table }
    }

    /// Goes on to the next token: `row` is that of the one before.
    #[inline]
    fn step(&self, row: &mut u32, token: u32) -> u32 {
        let class = self.classes[token as usize];
        let list = self.table[(*row + class.column) as usize];
        *row = class.row;
        list
    }

    fn tokens<'c, C: Cell>(&self, cells: &'c [C], shard: &Range<usize>) -> (u32, &'c [C]) {
        let row = self.classes[cells[shard.start].get() as usize].row;
        (row, &cells[shard.start + 1..(shard.end + 1).min(cells.len())])
    }

    /// Lists the places in a shard, list by list; the buffer is memory to use again.
    pub(super) fn collect<C: Cell>(
        &self,
        cells: &[C],
        shard: &Range<usize>,
        mut buffer: Vec<u32>,
    ) -> Vec<List> {
        let counts = self.count(cells, shard);
        let mut length = 0;
        let mut ends: Vec<usize> = counts
            .iter()
            .map(|&count| {
                let start = length;
                length += count;
                start
            })
            .collect();
        if buffer.len() < length {
            // Given back before more is asked for.
            drop(buffer);
            buffer = vec![0; length];
        }
        let (mut row, cells) = self.tokens(cells, shard);
        let mut found = [(0, 0); BLOCK];
        let mut place = 0;
        for block in cells.chunks(BLOCK) {
            // First without a branch that nobody can foresee, then the few that are left.
            let mut number = 0;
            for cell in block {
                let list = self.step(&mut row, cell.get());
                found[number] = (place, list);
                number += usize::from(list != 0);
                place += 1;
            }
            for &(place, list) in &found[..number] {
                let end = &mut ends[list as usize - 1];
                buffer[*end] = place;
                *end += 1;
            }
        }
        let buffer = Arc::new(buffer);
        let lists = ends.into_iter().zip(counts);
        lists.map(|(end, count)| List::new(Arc::clone(&buffer), end - count..end)).collect()
    }

    fn count<C: Cell>(&self, cells: &[C], shard: &Range<usize>) -> Vec<usize> {
        // Four counters a list: the next of a repeat need not wait for the store of the last.
        let mut counts = vec![[0u32; 4]; self.pairs.len() + 1];
        let (mut row, cells) = self.tokens(cells, shard);
        for (place, cell) in cells.iter().enumerate() {
            counts[self.step(&mut row, cell.get()) as usize][place % 4] += 1;
        }
        counts[1..].iter().map(|counts| counts.iter().map(|&count| count as usize).sum()).collect()
    }
}
