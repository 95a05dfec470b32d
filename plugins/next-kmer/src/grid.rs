//! The pieces of a sequence that hold no N, on a grid that starts at its first base.

use dlm_sdk::dna;

/// A sequence's pieces.
#[derive(Debug)]
pub(crate) struct Grid {
    /// The step of the grid and the length of a piece.
    pub(crate) step: usize,
    /// The numbers of the pieces whose bases are all known, ascending.
    pub(crate) cells: Vec<u32>,
}

impl Grid {
    /// Cuts a sequence; what is left at its end belongs to no piece.
    pub(crate) fn new(bases: &[u8], step: usize) -> Self {
        let known = |piece: &[u8]| piece.iter().all(|base| dna::code(*base).is_some());
        let cells = (0_u32..)
            .zip(bases.chunks_exact(step))
            .filter(|(_, piece)| known(piece))
            .map(|(cell, _)| cell)
            .collect();
        Self { step, cells }
    }

    /// Returns the first base of a piece.
    pub(crate) fn start(&self, cell: u32) -> u64 {
        u64::from(cell) * self.step as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_with_an_unknown_base_is_left_out() {
        let grid = Grid::new(b"ACGTACNTACGTACG", 4);
        assert_eq!(grid.cells, [0, 2]);
        assert_eq!(grid.start(2), 8);
    }
}
