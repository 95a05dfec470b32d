//! The account of a training run: what is learned, what is asked for, who is told.

use std::{ops::ControlFlow, sync::Arc};

use dlm_sdk::{Error, Result};

use super::{
    End, Progress, Ties, Trained, Trainer,
    inventory::{FIRST_MERGE, Inventory},
};
use crate::Merge;

/// The caller's view of a run; `Break` stops it.
pub(super) type Observer<'a> = dyn FnMut(Progress) -> ControlFlow<()> + Send + 'a;

/// A run under way.
pub(super) struct Work<'t, 'p> {
    pub(super) inventory: Inventory,
    trainer: &'t Trainer,
    observer: &'p mut Observer<'p>,
    /// For each cycle, how many merges were learned by its end.
    cycles: Vec<usize>,
    end: Option<End>,
}

impl<'t, 'p> Work<'t, 'p> {
    pub(super) fn new(trainer: &'t Trainer, observer: &'p mut Observer<'p>) -> Self {
        Self { inventory: Inventory::new(trainer.ties), trainer, observer, cycles: Vec::new(), end: None }
    }

    /// Forgets what was learned, for another trainer to begin anew.
    pub(super) fn restart(&mut self) {
        self.inventory = Inventory::new(self.trainer.ties);
        self.cycles.clear();
    }

    /// Returns whether the run has come to its end; if not, the fast trainer met a spelling it does not cover.
    pub(super) fn ended(&self) -> bool {
        self.end.is_some()
    }

    /// Notes that no pair is left.
    pub(super) fn exhausted(&mut self) {
        self.end = Some(End::Exhausted);
    }

    /// Learns a merge and returns the new id; `None` if the run is over or a token is already spelled so.
    pub(super) fn next(&mut self, pair: (u32, u32), count: u64) -> Result<Option<u32>> {
        if !self.goes_on(count) {
            return Ok(None);
        }
        let Some(result) = self.inventory.merge(pair) else { return Ok(None) };
        self.cycles.push(self.inventory.merges.len());
        self.tell(count)?;
        Ok(Some(result))
    }

    /// Learns a merge whose result may be an older token, and returns its id; `None` if the run is over.
    pub(super) fn next_again(&mut self, pair: (u32, u32), count: u64) -> Result<Option<u32>> {
        if !self.goes_on(count) {
            return Ok(None);
        }
        let result = self.inventory.merge_again(pair);
        let cycle = match self.trainer.ties {
            Ties::SubwordNmt => true,
            Ties::HuggingFace => self.inventory.len() - FIRST_MERGE as usize > self.cycles.len(),
        };
        if cycle {
            self.cycles.push(self.inventory.merges.len());
        }
        self.tell(count)?;
        Ok(Some(result))
    }

    fn goes_on(&mut self, count: u64) -> bool {
        if self.cycles.len() >= self.trainer.merges {
            self.end = Some(End::Reached);
        } else if count < 2 {
            self.end = Some(End::Exhausted);
        }
        self.end.is_none()
    }

    fn tell(&mut self, count: u64) -> Result<()> {
        let progress = Progress { merges: self.cycles.len(), of: self.trainer.merges, count };
        if (self.observer)(progress).is_break() { Err(Error::cancelled()) } else { Ok(()) }
    }

    pub(super) fn finish(self) -> Trained {
        let texts: Vec<Arc<str>> = (0..self.inventory.len() as u32)
            .map(|id| String::from_utf8_lossy(self.inventory.text(id)).into())
            .collect();
        let text = |id: u32| Arc::clone(&texts[id as usize]);
        Trained {
            merges: self
                .inventory
                .merges
                .iter()
                .map(|&(a, b)| Merge { left: text(a), right: text(b) })
                .collect(),
            // A run asked for all its merges ends without looking for another pair.
            end: if self.cycles.len() >= self.trainer.merges { End::Reached } else { End::Exhausted },
            cycles: self.cycles,
            snapshots: self.trainer.snapshots.clone(),
            ties: self.trainer.ties,
        }
    }
}
