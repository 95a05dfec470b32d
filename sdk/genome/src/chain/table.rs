//! Lifts the positions of a whole table.

use super::{Chains, Counts, Lifted, Unlifted};
use crate::{Interval, Tss, names};

impl Chains {
    /// Lifts start sites as UCSC's `liftOver` lifts one base each, in their order; those without exactly one place are left
    /// out. A site on a stretch that the other build turned round is transcribed from the other strand there.
    ///
    /// # Examples
    ///
    /// ```
    /// use dlm_genome::{Strand, Tss, chain::Chains};
    ///
    /// let text = &b"chain 9 chr1 100 + 10 60 chr2 200 - 20 75 1\n20\t10\t15\n20\n"[..];
    /// let chains = Chains::read(text, "toy.over.chain")?;
    /// let site = |position| Tss::new("chr1", position, Strand::Forward, None);
    /// let (sites, counts) = chains.starts(vec![site(10), site(35)]);
    /// assert_eq!(sites, [Tss::new("chr2", 179, Strand::Reverse, None)]);
    /// assert_eq!((counts.lifted, counts.strand_changed, counts.partly_deleted), (1, 1, 1));
    /// # Ok::<(), dlm_genome::Error>(())
    /// ```
    pub fn starts(&self, sites: Vec<Tss>) -> (Vec<Tss>, Counts) {
        let mut counts = Counts::default();
        let mut lifted = Vec::with_capacity(sites.len());
        for site in sites {
            // The window of one base is missing only at the end of what can be counted.
            let Some(base) = site.window(0, 1) else {
                counts.deleted += 1;
                continue;
            };
            let Ok(place) = self.counted(&base, 1.0, &mut counts) else { continue };
            let strand = place.interval.strand().unwrap_or(site.strand());
            let name = site.name().map(str::to_owned);
            lifted.push(Tss::new(place.interval.shared_chromosome(), place.interval.start(), strand, name));
        }
        (lifted, counts)
    }

    /// Lifts intervals of which one chain holds at least the share `min_match` of the bases, in their order; the others are
    /// left out. See [`interval`](Self::interval).
    pub fn intervals(&self, intervals: Vec<Interval>, min_match: f64) -> (Vec<Interval>, Counts) {
        let mut counts = Counts::default();
        let lifted = intervals
            .iter()
            .filter_map(|interval| self.counted(interval, min_match, &mut counts).ok())
            .map(|place| place.interval)
            .collect();
        (lifted, counts)
    }

    /// Lifts and counts an interval, whose name may be spelled in the other habit than the chain's.
    fn counted(&self, interval: &Interval, min_match: f64, counts: &mut Counts) -> Result<Lifted, Unlifted> {
        let (start, end) = (interval.start(), interval.end());
        let other = names::other_spelling(interval.chromosome());
        let own = if !self.0.contains_key(interval.chromosome()) && self.0.contains_key(&other) {
            Interval::of_stretch(other, &(start..end)).with_strand(interval.strand())
        } else {
            interval.clone()
        };
        let place = self.interval(&own, min_match);
        counts.add(&own, &place);
        place
    }
}
