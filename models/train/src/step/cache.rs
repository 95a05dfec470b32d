//! Compiled graphs, the ones used last.

use std::collections::BTreeMap;

use dlm_sdk::{Error, Result};

/// Things by their keys, at most so many: the one that was not used for the longest time goes first.
#[derive(Debug)]
pub(super) struct Cache<K, V> {
    most: usize,
    clock: u64,
    entries: BTreeMap<K, (u64, V)>,
}

impl<K: Ord + Clone, V> Cache<K, V> {
    /// Begins with nothing. One is always held, whatever `most` says.
    pub(super) fn new(most: usize) -> Self {
        Self { most: most.max(1), clock: 0, entries: BTreeMap::new() }
    }

    /// Returns whether the thing of a key is there.
    pub(super) fn holds(&self, key: &K) -> bool {
        self.entries.contains_key(key)
    }

    /// Takes out what was not used for the longest time, until there is room for one more.
    pub(super) fn make_room(&mut self) -> Vec<V> {
        let mut left = Vec::new();
        while self.entries.len() >= self.most {
            let oldest = self.entries.iter().min_by_key(|(_, (used, _))| *used).map(|(key, _)| key.clone());
            let Some((_, value)) = oldest.and_then(|key| self.entries.remove(&key)) else { break };
            left.push(value);
        }
        left
    }

    /// Puts a thing in.
    pub(super) fn insert(&mut self, key: K, value: V) {
        self.entries.insert(key, (self.clock, value));
    }

    /// Returns the thing of a key, which counts as a use.
    ///
    /// # Errors
    ///
    /// It is not there.
    pub(super) fn get(&mut self, key: &K) -> Result<&mut V> {
        self.clock += 1;
        let entry = self.entries.get_mut(key);
        let (used, value) = entry.ok_or_else(|| Error::internal("a compiled graph is not there"))?;
        *used = self.clock;
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_used_for_the_longest_time_goes() {
        let mut cache = Cache::new(2);
        let (mut made, mut left) = (Vec::new(), Vec::new());
        for key in [1, 2, 1, 3, 1, 2, 3] {
            if !cache.holds(&key) {
                left.extend(cache.make_room());
                cache.insert(key, key * 10);
                made.push(key);
            }
            assert_eq!(*cache.get(&key).unwrap(), key * 10);
        }
        assert_eq!(made, [1, 2, 3, 2, 3]);
        assert_eq!(left, [20, 30, 10]);
        assert!(cache.get(&7).is_err());
    }
}
