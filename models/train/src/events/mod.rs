//! What a training writes about itself while it runs.

mod lines;
mod tensor_board;

use std::path::Path;

use dlm_sdk::Result;

use self::{lines::Lines, tensor_board::TensorBoard};

/// Writes numbers by step: `metrics.jsonl`, one object a line, and an event file for TensorBoard.
#[derive(Debug)]
pub struct Log {
    lines: Lines,
    board: TensorBoard,
}

impl Log {
    /// Opens the files in a folder. Of a training that is resumed after `step` steps, what was written about later ones
    /// is dropped.
    ///
    /// # Errors
    ///
    /// A file cannot be read or written.
    pub fn open(folder: &Path, step: u64) -> Result<Self> {
        Ok(Self { lines: Lines::open(folder, step)?, board: TensorBoard::create(folder, step)? })
    }

    /// Writes numbers about a step, by their names.
    ///
    /// # Errors
    ///
    /// A file cannot be written.
    pub fn write(&mut self, step: u64, numbers: &[(&str, f64)]) -> Result<()> {
        self.lines.write(step, numbers)?;
        self.board.write(step, numbers)
    }
}
