//! The sizes of the human tasks as released (Zhou et al. 2023, appendix).

use dlm_dataset::Published;

/// The human tasks: folder, train, dev, test, bases.
const HUMAN: [(&str, usize, usize, usize, u32); 12] = [
    ("prom/prom_300_all", 47_356, 5_920, 5_920, 300),
    ("prom/prom_300_notata", 42_452, 5_307, 5_307, 300),
    ("prom/prom_300_tata", 4_904, 613, 613, 300),
    ("prom/prom_core_all", 47_356, 5_920, 5_920, 70),
    ("prom/prom_core_notata", 42_452, 5_307, 5_307, 70),
    ("prom/prom_core_tata", 4_904, 613, 613, 70),
    ("splice/reconstructed", 36_496, 4_562, 4_562, 400),
    ("tf/0", 32_378, 1_000, 1_000, 101),
    ("tf/1", 30_672, 1_000, 1_000, 101),
    ("tf/2", 19_000, 1_000, 1_000, 101),
    ("tf/3", 27_294, 1_000, 1_000, 101),
    ("tf/4", 19_000, 1_000, 1_000, 101),
];

/// Returns the published sizes of a human task.
pub(crate) fn sizes(name: &str) -> Option<Published> {
    HUMAN.iter().find(|(folder, ..)| *folder == name).map(|&(_, train, dev, test, length)| Published {
        sizes: [Some(train), Some(dev), Some(test)],
        length: Some(length),
    })
}

/// Returns the folders of the human tasks.
pub(crate) fn human() -> impl Iterator<Item = &'static str> {
    HUMAN.iter().map(|(folder, ..)| *folder)
}
