//! The tokens learned so far: what each is made of and how it is spelled.

use std::{cmp::Ordering, sync::Arc};

use rustc_hash::FxHashMap;

use super::Ties;

/// Ids inside the trainer: 0 ends a word, 1 to 4 are `A C G T`, merges follow in the order they were learned.
pub(super) const END: u32 = 0;
/// The number of ids before the first merge.
pub(super) const FIRST_MERGE: u32 = 5;

/// The tokens learned so far.
#[derive(Debug)]
pub(super) struct Inventory {
    texts: Vec<Arc<[u8]>>,
    ids: FxHashMap<Arc<[u8]>, u32>,
    /// The merges in order, as pairs of ids.
    pub(super) merges: Vec<(u32, u32)>,
    ties: Ties,
}

impl Inventory {
    pub(super) fn new(ties: Ties) -> Self {
        let texts: Vec<Arc<[u8]>> = [&b""[..], b"A", b"C", b"G", b"T"].map(Arc::from).into();
        let ids = texts.iter().cloned().zip(0..).collect();
        Self { texts, ids, merges: Vec::new(), ties }
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

    /// Returns how the merged pair would be spelled, and the id that spelling already has.
    pub(super) fn spell(&self, pair: (u32, u32)) -> (Arc<[u8]>, Option<u32>) {
        let text: Arc<[u8]> = [&self.text(pair.0)[..], &self.text(pair.1)[..]].concat().into();
        let known = self.ids.get(&text).copied();
        (text, known)
    }

    /// Records a merge and returns the id of its result, or `None` if a token is already spelled so.
    pub(super) fn merge(&mut self, pair: (u32, u32)) -> Option<u32> {
        let (text, known) = self.spell(pair);
        if known.is_some() {
            return None;
        }
        self.merges.push(pair);
        Some(self.add(text))
    }

    /// Records a merge whose result may already have an id, and returns the id.
    pub(super) fn merge_again(&mut self, pair: (u32, u32)) -> u32 {
        let (text, known) = self.spell(pair);
        self.merges.push(pair);
        known.unwrap_or_else(|| self.add(text))
    }

    fn add(&mut self, text: Arc<[u8]>) -> u32 {
        let id = self.texts.len() as u32;
        self.ids.insert(Arc::clone(&text), id);
        self.texts.push(text);
        id
    }
}
