//! Windows on a chromosome: blocks, promoters and their matched negatives.

use std::collections::BTreeSet;

use dlm_sdk::{Strand, dna, random::Stream};

use crate::starts::Start;

/// The bases before the start in reading direction.
pub(crate) const UPSTREAM: u64 = 249;
/// The length of a window: from 249 before the start to 50 behind it, both included.
pub(crate) const LENGTH: u64 = 300;
/// The least length of a block.
pub(crate) const BLOCK: u64 = 1_000_000;
/// How far a negative is from any start, at least.
pub(crate) const DISTANCE: u64 = 5_000;
/// How many of a negative's bases may be G or C more or fewer than in its positive; equal counts are preferred.
pub(crate) const TOLERANCE: usize = 3;
/// Negatives begin at multiples of this.
const STEP: usize = 10;
/// How often a position is drawn before all are tried in turn.
const DRAWS: usize = 64;

/// A window.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Window {
    pub(crate) start: u64,
    pub(crate) strand: Strand,
}

impl Window {
    /// Returns the window of a start, which is its base 249 in reading direction; `None` off the chromosome.
    pub(crate) fn around(start: &Start, chromosome: &[u8]) -> Option<Self> {
        let first = match start.strand {
            Strand::Forward => start.position.checked_sub(UPSTREAM),
            Strand::Reverse => start.position.checked_sub(LENGTH - 1 - UPSTREAM),
        }?;
        (first + LENGTH <= chromosome.len() as u64).then_some(Self { start: first, strand: start.strand })
    }

    /// Returns the bases in reading direction.
    pub(crate) fn bases(self, chromosome: &[u8]) -> Vec<u8> {
        let forward = self.forward(chromosome);
        match self.strand {
            Strand::Forward => forward.to_vec(),
            Strand::Reverse => dna::reverse_complement(forward),
        }
    }

    fn forward(self, chromosome: &[u8]) -> &[u8] {
        &chromosome[self.start as usize..(self.start + LENGTH) as usize]
    }

    /// Returns the number of the block that holds it, `None` if it lies in two.
    pub(crate) fn block(self, length: u64) -> Option<u64> {
        let block = block_of(self.start, length);
        (block == block_of(self.start + LENGTH - 1, length)).then_some(block)
    }
}

/// Returns the number of a position's block; the last block holds the rest.
fn block_of(position: u64, length: u64) -> u64 {
    (position / BLOCK).min((length / BLOCK).max(1) - 1)
}

/// Returns the first base of a block and one past its last.
pub(crate) fn block_range(block: u64, length: u64) -> (u64, u64) {
    let last = (length / BLOCK).max(1) - 1;
    (block * BLOCK, if block == last { length } else { (block + 1) * BLOCK })
}

/// Where negatives may lie: by the number of G and C among their bases, where they begin.
pub(crate) struct Negatives {
    by_gc: Vec<Vec<u32>>,
    taken: BTreeSet<u64>,
    length: u64,
}

impl Negatives {
    /// Collects all windows of known bases within one block and far from any start.
    pub(crate) fn new(chromosome: &[u8], starts: &[Start]) -> Self {
        let mut positions: Vec<u64> = starts.iter().map(|start| start.position).collect();
        positions.sort_unstable();
        let mut by_gc = vec![Vec::new(); LENGTH as usize + 1];
        let (mut gc, mut unknown) = (0_usize, 0_usize);
        let mut next = 0;
        let length = chromosome.len() as u64;
        for (index, &base) in chromosome.iter().enumerate() {
            gc += usize::from(is_gc(base));
            unknown += usize::from(dna::code(base).is_none());
            let Some(start) = (index + 1).checked_sub(LENGTH as usize) else { continue };
            let window = Window { start: start as u64, strand: Strand::Forward };
            if start % STEP == 0 && unknown == 0 && window.block(length).is_some() {
                while positions.get(next).is_some_and(|&position| position + DISTANCE <= window.start) {
                    next += 1;
                }
                let far = |&position: &u64| position >= window.start + LENGTH - 1 + DISTANCE;
                if positions.get(next).is_none_or(far) {
                    by_gc[gc].push(start as u32);
                }
            }
            gc -= usize::from(is_gc(chromosome[start]));
            unknown -= usize::from(dna::code(chromosome[start]).is_none());
        }
        Self { by_gc, taken: BTreeSet::new(), length }
    }

    /// Draws a window with as many G and C as some bases, or nearly as many, that overlaps none drawn before and lies in
    /// a block that is allowed.
    pub(crate) fn draw(
        &mut self,
        like: &[u8],
        strand: Strand,
        stream: &mut Stream,
        allowed: impl Fn(u64) -> bool,
    ) -> Option<Window> {
        let wanted = like.iter().filter(|&&base| is_gc(base)).count();
        let near = (0..=TOLERANCE).flat_map(|off| [wanted.checked_sub(off), Some(wanted + off)]);
        for gc in near.flatten() {
            let Some(candidates) = self.by_gc.get(gc).filter(|candidates| !candidates.is_empty()) else {
                continue;
            };
            let first = stream.below(candidates.len());
            let drawn: Vec<usize> = (0..DRAWS).map(|_| stream.below(candidates.len())).collect();
            let in_turn = (0..candidates.len()).map(|index| (first + index) % candidates.len());
            let free =
                drawn.into_iter().chain(in_turn).map(|index| u64::from(candidates[index])).find(|&start| {
                    let near = (start + 1).saturating_sub(LENGTH)..start + LENGTH;
                    allowed(block_of(start, self.length)) && self.taken.range(near).next().is_none()
                });
            if let Some(start) = free {
                self.taken.insert(start);
                return Some(Window { start, strand });
            }
        }
        None
    }
}

fn is_gc(base: u8) -> bool {
    matches!(base, b'G' | b'C')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(position: u64, strand: Strand) -> Start {
        Start { position, strand, gene: "A".into(), kind: String::new(), line: 1 }
    }

    #[test]
    fn the_start_is_base_249_on_both_strands() {
        let mut chromosome = vec![b'A'; 1_000];
        chromosome[500] = b'C';
        let window = Window::around(&start(500, Strand::Forward), &chromosome).unwrap();
        let bases = window.bases(&chromosome);
        assert_eq!((bases.len(), bases[249]), (300, b'C'));
        let bases = Window::around(&start(500, Strand::Reverse), &chromosome).unwrap().bases(&chromosome);
        assert_eq!((bases.len(), bases[249], bases[248]), (300, b'G', b'T'));
        assert_eq!(Window::around(&start(248, Strand::Forward), &chromosome), None);
        assert_eq!(Window::around(&start(49, Strand::Reverse), &chromosome), None);
        assert_eq!(Window::around(&start(949, Strand::Forward), &chromosome).unwrap().start, 700);
        assert_eq!(Window::around(&start(950, Strand::Forward), &chromosome), None);
    }

    #[test]
    fn blocks_are_a_megabase_at_least() {
        assert_eq!(block_range(0, 500), (0, 500));
        assert_eq!(block_range(1, 2_999_999), (1_000_000, 2_999_999));
        let window = |start| Window { start, strand: Strand::Forward };
        assert_eq!(window(999_700).block(3_000_000), Some(0));
        assert_eq!(window(999_701).block(3_000_000), None);
        assert_eq!(window(1_999_800).block(2_999_999), Some(1));
    }

    #[test]
    fn negatives_are_far_known_apart_and_of_equal_gc() {
        let mut stream = Stream::new(1, "test");
        let mut chromosome: Vec<u8> = (0..60_000).map(|_| dna::BASES[stream.below(4)]).collect();
        chromosome[40_000..41_000].fill(b'N');
        let starts = [start(10_000, Strand::Forward), start(30_000, Strand::Reverse)];
        let mut negatives = Negatives::new(&chromosome, &starts);
        let like: Vec<u8> = b"GA".repeat(150);
        let mut drawn = Vec::new();
        while let Some(window) = negatives.draw(&like, Strand::Reverse, &mut stream, |_| true) {
            let bases = window.bases(&chromosome);
            let gc = bases.iter().filter(|&&base| is_gc(base)).count();
            assert!(gc.abs_diff(150) <= TOLERANCE && !bases.contains(&b'N'));
            for start in &starts {
                let nearest = start.position.clamp(window.start, window.start + LENGTH - 1);
                assert!(start.position.abs_diff(nearest) >= DISTANCE, "{window:?}");
            }
            drawn.push(window.start);
        }
        assert!(drawn.len() > 20, "{}", drawn.len());
        drawn.sort_unstable();
        assert!(drawn.windows(2).all(|pair| pair[1] - pair[0] >= LENGTH));
    }
}
