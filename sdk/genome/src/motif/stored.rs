//! Keeps the best hits when there is no room for all.

use std::num::NonZeroUsize;

use super::Hit;

/// Hits up to a number, dropped by FIMO's rule when there are more.
///
/// When a hit arrives and the store is full, the half with the highest p-values goes, and with it every hit whose
/// p-value equals the last one dropped. From then on only hits with a p-value of at most the highest that stayed are
/// taken. So a store may end up with fewer hits than it has room for, and what it holds depends on the order of arrival,
/// which is that of the genome.
///
/// # Examples
///
/// ```
/// use dlm_genome::{Strand, motif::{Hit, Stored}};
///
/// let mut stored = Stored::new(4.try_into().unwrap());
/// for (start, p_value) in [1e-5, 3e-5, 2e-5, 4e-5, 2.5e-5, 1e-6].into_iter().enumerate() {
///     stored.add(Hit { start, strand: Strand::Forward, score: 0.0, p_value });
/// }
/// let starts: Vec<_> = stored.into_hits().iter().map(|hit| hit.start).collect();
/// assert_eq!(starts, [0, 2, 5]);
/// ```
#[derive(Clone, Debug)]
pub struct Stored {
    room: NonZeroUsize,
    most: f64,
    dropped: u64,
    hits: Vec<(u64, Hit)>,
    count: u64,
}

impl Stored {
    /// Creates an empty store.
    pub fn new(room: NonZeroUsize) -> Self {
        Self { room, most: 1.0, dropped: 0, hits: Vec::new(), count: 0 }
    }

    /// Adds a hit, and drops others if there is no room.
    pub fn add(&mut self, hit: Hit) {
        self.count += 1;
        if hit.p_value <= self.most && self.hits.len() >= self.room.get() {
            self.drop_half();
        }
        if hit.p_value <= self.most {
            self.hits.push((self.count, hit));
        } else {
            self.dropped += 1;
        }
    }

    fn drop_half(&mut self) {
        self.hits.sort_by(|(_, a), (_, b)| a.p_value.total_cmp(&b.p_value));
        let half = self.hits.len() - self.hits.len() / 2;
        let least_dropped = self.hits.get(half).map_or(1.0, |(_, hit)| hit.p_value);
        let kept = self.hits[..half].partition_point(|(_, hit)| hit.p_value < least_dropped);
        self.dropped += (self.hits.len() - kept) as u64;
        self.hits.truncate(kept);
        self.most = match self.hits.last() {
            Some((_, hit)) => hit.p_value,
            None => least_dropped.next_down(),
        };
    }

    /// Returns how many hits were dropped or refused.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Returns the highest p-value that is still taken, 1 as long as nothing was dropped.
    pub fn p_value(&self) -> f64 {
        self.most
    }

    /// Returns the hits in the order they were added.
    pub fn into_hits(mut self) -> Vec<Hit> {
        self.hits.sort_by_key(|(order, _)| *order);
        self.hits.into_iter().map(|(_, hit)| hit).collect()
    }
}
