//! Reads any bytes as chains and lifts bases and intervals.

use dlm_genome::{Interval, chain::Chains};

/// Panics if a promise is broken.
pub(crate) fn check(bytes: &[u8]) {
    let Ok(chains) = Chains::read(bytes, "fuzz") else { return };
    assert!(!chains.is_empty());
    for (name, size) in chains.targets() {
        for position in [0, 1, 10, 19, 20, 29, 55, size / 2, size - 1] {
            for place in chains.base(name, position, None) {
                assert_eq!(place.interval.len(), 1);
            }
            let Ok(interval) = Interval::new(name, position, (position + 25).min(size).max(position + 1))
            else {
                continue;
            };
            if let Ok(lifted) = chains.interval(&interval, 0.5) {
                assert!(lifted.interval.start() < lifted.interval.end());
            }
        }
    }
}
