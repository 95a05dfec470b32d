//! The tokens learned so far: what each is made of and how it is spelled.

use std::{cmp::Ordering, sync::Arc};

use dlm_sdk::{Error, Result};
use rustc_hash::FxHashSet;

use super::Ties;

/// Ids inside the trainer: 0 ends a word, 1 to 4 are `A C G T`, merges follow in the order they were learned.
pub(super) const END: u32 = 0;
/// The number of ids before the first merge.
pub(super) const FIRST_MERGE: u32 = 5;

/// The tokens learned so far.
#[derive(Debug)]
pub(super) struct Inventory {
    texts: Vec<Arc<[u8]>>,
    known: FxHashSet<Arc<[u8]>>,
    /// The merges in order, as pairs of ids.
    pub(super) merges: Vec<(u32, u32)>,
    ties: Ties,
}

impl Inventory {
    pub(super) fn new(ties: Ties) -> Self {
        let texts: Vec<Arc<[u8]>> = [&b""[..], b"A", b"C", b"G", b"T"].map(Arc::from).into();
        Self { known: texts.iter().cloned().collect(), texts, merges: Vec::new(), ties }
    }

    /// Returns the number of ids.
    pub(super) fn len(&self) -> usize {
        self.texts.len()
    }

    pub(super) fn text(&self, id: u32) -> &Arc<[u8]> {
        &self.texts[id as usize]
    }

    /// Orders two pairs of the same count; the greater is merged first.
    pub(super) fn compare(&self, a: (u32, u32), b: (u32, u32)) -> Ordering {
        match self.ties {
            Ties::SubwordNmt => (self.text(a.0), self.text(a.1)).cmp(&(self.text(b.0), self.text(b.1))),
            Ties::HuggingFace => b.cmp(&a),
        }
    }

    /// Records a merge and returns the id of its result.
    ///
    /// No two merges of a run spell the same token, and counts of known pairs never rise: what becomes of a stretch of
    /// text, as long as no merge crosses its borders, depends on the stretch alone. So once a merge has made a token of
    /// it, it is that token wherever its borders are whole, and no other pair spells it there.
    pub(super) fn merge(&mut self, pair: (u32, u32)) -> Result<u32> {
        let text: Arc<[u8]> = [&self.text(pair.0)[..], &self.text(pair.1)[..]].concat().into();
        if !self.known.insert(Arc::clone(&text)) {
            let text = String::from_utf8_lossy(&text).into_owned();
            return Err(Error::internal(format!(
                "merge {}: {text} is a token already",
                self.merges.len() + 1
            )));
        }
        self.merges.push(pair);
        self.texts.push(text);
        Ok(self.texts.len() as u32 - 1)
    }
}
