//! Slides a matrix along both strands.
//!
//! A window of 19 bases needs 19 additions a strand. Here up to [`WORD`] columns are added at once by looking their word
//! up in a table, and the table that tells most is looked at first: if its units and the most that all others can add
//! stay under the threshold, the window is done. That is so for nearly all windows.

use dlm_sdk::{Strand, dna};
use rayon::prelude::*;

use super::Scores;
use crate::{Error, ErrorKind, Result, acgt_runs};

/// How many columns a table covers.
const WORD: usize = 7;
const WORDS: usize = 1 << (2 * WORD);
/// How many windows are scanned by one thread at once.
const CHUNK: usize = 1 << 13;

/// A window whose p-value is at most the threshold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hit {
    /// The first base on the forward strand, whatever the strand of the hit, 0-based.
    pub start: usize,
    /// The strand that reads like the motif.
    pub strand: Strand,
    /// The score in bits.
    pub score: f64,
    /// How often the background scores as high.
    pub p_value: f64,
}

/// Finds hits of a motif on both strands.
///
/// # Examples
///
/// ```
/// use dlm_genome::{Strand, motif::{Background, Motif, Scanner, Scores}};
///
/// let gat: Vec<_> = [2, 0, 3].map(|base| std::array::from_fn(|b| if b == base { 50.0 } else { 0.0 })).to_vec();
/// let scores = Scores::new(&Motif::from_counts("GAT", None, &gat)?, &Background::uniform(), 0.1)?;
/// let hits: Vec<_> = Scanner::new(&scores, 0.02)?.scan(b"NGATCNNATC").iter().map(|h| (h.start, h.strand)).collect();
/// assert_eq!(hits, [(1, Strand::Forward), (2, Strand::Reverse), (7, Strand::Reverse)]);
/// # Ok::<(), dlm_genome::Error>(())
/// ```
#[derive(Debug)]
pub struct Scanner<'s> {
    scores: &'s Scores,
    /// For the forward and the reverse strand.
    strands: Option<[Tables; 2]>,
    word: usize,
}

/// The tables of a strand, that which tells most first.
#[derive(Debug)]
struct Tables {
    least: u32,
    tables: Vec<Table>,
}

#[derive(Debug)]
struct Table {
    /// The column of the word's first base.
    column: usize,
    /// By the code of the word.
    units: Vec<u16>,
    /// The units a window must have after this table to be able to reach the threshold.
    need: u32,
}

impl<'s> Scanner<'s> {
    /// Prepares a scan for windows with at most this p-value.
    ///
    /// # Errors
    ///
    /// The p-value is not above 0 and at most 1.
    pub fn new(scores: &'s Scores, p_value: f64) -> Result<Self> {
        if !(p_value > 0.0 && p_value <= 1.0) {
            return Err(Error::new(
                ErrorKind::Setting,
                format!("p-value {p_value} is not above 0 and at most 1"),
            ));
        }
        let word = scores.width().min(WORD);
        let strands = scores.least_units(p_value).map(|least| {
            let forward = scores.columns().to_vec();
            let reverse = forward.iter().rev().map(|&[a, c, g, t]| [t, g, c, a]).collect::<Vec<_>>();
            [Tables::new(&forward, word, least), Tables::new(&reverse, word, least)]
        });
        Ok(Self { scores, strands, word })
    }

    /// Returns the hits of a sequence by start, forward before reverse; the result does not depend on how many threads
    /// there are.
    pub fn scan(&self, bases: &[u8]) -> Vec<Hit> {
        let Some(strands) = &self.strands else { return Vec::new() };
        let width = self.scores.width();
        let chunks: Vec<_> = acgt_runs(bases)
            .filter(|run| run.len() >= width)
            .flat_map(|run| {
                let last = run.end - width + 1;
                (run.start..last).step_by(CHUNK).map(move |start| start..(start + CHUNK).min(last))
            })
            .collect();
        let scan = |(words, found): &mut (Vec<u16>, Vec<(u32, u32)>), chunk: &std::ops::Range<usize>| {
            self.read_words(&bases[chunk.start..chunk.end + width - 1], words);
            let mut hits = Vec::new();
            for (strand, tables) in [Strand::Forward, Strand::Reverse].into_iter().zip(strands) {
                found.clear();
                tables.scan(words, chunk.len(), found);
                hits.extend(found.iter().map(|&(offset, units)| Hit {
                    start: chunk.start + offset as usize,
                    strand,
                    score: self.scores.score(units),
                    p_value: self.scores.p_value(units),
                }));
            }
            // The sort is stable: the forward strand comes first.
            hits.sort_by_key(|hit| hit.start);
            hits
        };
        let found: Vec<Vec<Hit>> = chunks.par_iter().map_init(|| (Vec::new(), Vec::new()), scan).collect();
        found.into_iter().flatten().collect()
    }

    /// Writes the code of the word at each base of a known stretch.
    fn read_words(&self, bases: &[u8], words: &mut Vec<u16>) {
        words.clear();
        let mask = ((1_u32 << (2 * self.word)) - 1) as u16;
        let push = |code: u16, base: u8| (code << 2 | u16::from(dna::code(base).unwrap_or(0))) & mask;
        let (first, rest) = bases.split_at(self.word - 1);
        let mut code = first.iter().fold(0, |code, &base| push(code, base));
        words.extend(rest.iter().map(|&base| {
            code = push(code, base);
            code
        }));
    }
}

impl Tables {
    fn new(columns: &[[u16; 4]], word: usize, least: u32) -> Self {
        let end = columns.len() - word;
        let mut covered = 0;
        let mut tables = Vec::new();
        while covered < columns.len() {
            // The last word reaches back over columns that are covered, which count nothing in it.
            let column = covered.min(end);
            let mut own = [[0; 4]; WORD];
            own[covered - column..word].copy_from_slice(&columns[covered..column + word]);
            tables.push(Table::new(column, &own[..word]));
            covered = column + word;
        }
        tables.sort_by(|a, b| b.telling().total_cmp(&a.telling()));
        let mut rest = 0;
        for table in tables.iter_mut().rev() {
            table.need = least.saturating_sub(rest);
            rest += u32::from(table.units.iter().copied().max().unwrap_or(0));
        }
        Self { least, tables }
    }

    /// Adds the offsets and units of the windows that reach the threshold.
    fn scan(&self, words: &[u16], windows: usize, found: &mut Vec<(u32, u32)>) {
        let Some((first, rest)) = self.tables.split_first() else { return };
        let words_of = |table: &Table| &words[table.column..table.column + windows];
        for (offset, &word) in words_of(first).iter().enumerate() {
            let units = first.look_up(word);
            if units >= first.need {
                found.push((offset as u32, units));
            }
        }
        for table in rest {
            let words = words_of(table);
            found.retain_mut(|(offset, units)| {
                *units += table.look_up(words[*offset as usize]);
                *units >= table.need
            });
        }
        found.retain(|&(_, units)| units >= self.least);
    }
}

impl Table {
    fn new(column: usize, columns: &[[u16; 4]]) -> Self {
        let mut units = vec![0_u16; WORDS];
        for (code, units) in units.iter_mut().take(1 << (2 * columns.len())).enumerate() {
            let digits = columns.iter().rev().enumerate();
            *units = digits.map(|(digit, column)| column[code >> (2 * digit) & 3]).sum();
        }
        Self { column, units, need: 0 }
    }

    fn look_up(&self, word: u16) -> u32 {
        u32::from(self.units[usize::from(word) & (WORDS - 1)])
    }

    /// Returns how far a random word is from the best, on average.
    fn telling(&self) -> f64 {
        let best = f64::from(self.units.iter().copied().max().unwrap_or(0));
        best - self.units.iter().map(|&units| f64::from(units)).sum::<f64>() / self.units.len() as f64
    }
}
