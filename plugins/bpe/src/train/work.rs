//! The account of a training run: what is learned, what is asked for, who is told.

use std::{ops::ControlFlow, sync::Arc};

use dlm_sdk::{Error, Result};

use super::{End, Progress, Trained, Trainer, inventory::Inventory};
use crate::Merge;

/// The caller's view of a run; `Break` stops it.
pub(super) type Observer<'a> = dyn FnMut(Progress) -> ControlFlow<()> + Send + 'a;

/// A run under way.
pub(super) struct Work<'t, 'p> {
    pub(super) inventory: Inventory,
    trainer: &'t Trainer,
    observer: &'p mut Observer<'p>,
}

impl<'t, 'p> Work<'t, 'p> {
    pub(super) fn new(trainer: &'t Trainer, observer: &'p mut Observer<'p>) -> Self {
        Self { inventory: Inventory::new(trainer.ties), trainer, observer }
    }

    /// Learns a merge and returns the new id; `None` if the run is over.
    pub(super) fn next(&mut self, pair: (u32, u32), count: u64) -> Result<Option<u32>> {
        if self.inventory.merges.len() >= self.trainer.merges || count < 2 {
            return Ok(None);
        }
        let result = self.inventory.merge(pair)?;
        let progress = Progress { merges: self.inventory.merges.len(), of: self.trainer.merges, count };
        if (self.observer)(progress).is_break() { Err(Error::cancelled()) } else { Ok(Some(result)) }
    }

    pub(super) fn finish(self) -> Trained {
        let texts: Vec<Arc<str>> = (0..self.inventory.len() as u32)
            .map(|id| String::from_utf8_lossy(self.inventory.text(id)).into())
            .collect();
        let text = |id: u32| Arc::clone(&texts[id as usize]);
        let merges: Vec<Merge> =
            self.inventory.merges.iter().map(|&(a, b)| Merge { left: text(a), right: text(b) }).collect();
        Trained {
            end: if merges.len() < self.trainer.merges { End::Exhausted } else { End::Reached },
            merges,
            snapshots: self.trainer.snapshots.clone(),
        }
    }
}
