//! Reads peaks onto a genome.

use std::{collections::BTreeMap, path::Path};

use dlm_genome::{
    Genome, Interval, bed,
    chain::{Chains, Counts},
    narrow_peak,
};
use dlm_sdk::{Error, Result};

/// The share of a peak's bases that one chain must hold, which is what UCSC's `liftOver` takes when nobody says.
const MIN_MATCH: f64 = 0.95;

/// Peaks by the genome's names, ascending by start.
pub(crate) struct Peaks {
    by_name: BTreeMap<String, Vec<(u64, u64)>>,
    /// For each peak, the last end of it and all before it.
    ends: BTreeMap<String, Vec<u64>>,
    pub(crate) rows: usize,
    pub(crate) elsewhere: usize,
    /// What became of the rows when they were lifted, if they were.
    pub(crate) lifted: Option<Counts>,
}

impl Peaks {
    /// Reads narrowPeak, or BED if the name says so, in either spelling of names, and lifts it if there are chains.
    pub(crate) fn read(path: &Path, chains: Option<&Chains>, genome: &Genome) -> Result<Self> {
        let name =
            path.file_name().map(|name| name.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
        let is_bed = name.trim_end_matches(".gz").rsplit('.').next() == Some("bed");
        let mut intervals: Vec<Interval> = if is_bed {
            let rows = bed::Reader::open(path)?.collect::<dlm_genome::Result<Vec<_>>>()?;
            rows.into_iter().map(|row| row.interval().clone()).collect()
        } else {
            let rows = narrow_peak::Reader::open(path)?.collect::<dlm_genome::Result<Vec<_>>>()?;
            rows.into_iter().map(|row| row.interval().clone()).collect()
        };
        let (rows, mut lifted) = (intervals.len(), None);
        if let Some(chains) = chains {
            let (there, counts) = chains.intervals(intervals, MIN_MATCH);
            intervals = there;
            lifted = Some(counts);
        }
        let mut peaks = Self { by_name: BTreeMap::new(), ends: BTreeMap::new(), rows, elsewhere: 0, lifted };
        let lengths = genome.lengths();
        for interval in intervals {
            let Some(name) = genome.spelling(interval.chromosome()) else {
                peaks.elsewhere += 1;
                continue;
            };
            let own = Interval::new(name, interval.start(), interval.end())?;
            lengths.check(&own).map_err(|error| {
                let hint = error.hint().map(str::to_owned).unwrap_or_default();
                Error::invalid(format!("{}: {error}", path.display())).with_hint(hint)
            })?;
            peaks.by_name.entry(name.to_owned()).or_default().push((own.start(), own.end()));
        }
        for (name, list) in &mut peaks.by_name {
            list.sort_unstable();
            let mut last = 0;
            let ends = list.iter().map(|&(_, end)| {
                last = last.max(end);
                last
            });
            peaks.ends.insert(name.clone(), ends.collect());
        }
        Ok(peaks)
    }

    /// Returns whether a sequence has any.
    pub(crate) fn any(&self, name: &str) -> bool {
        self.by_name.contains_key(name)
    }

    /// Returns how many peaks share a base with a stretch.
    pub(crate) fn over(&self, name: &str, start: u64, end: u64) -> usize {
        let (Some(list), Some(ends)) = (self.by_name.get(name), self.ends.get(name)) else { return 0 };
        let first = ends.partition_point(|&last| last <= start);
        let after = list.partition_point(|&(from, _)| from < end);
        list.get(first..after).unwrap_or_default().iter().filter(|(_, to)| *to > start).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_peak_over_a_stretch_is_counted() {
        let genome = Genome::read(&format!(">1\n{}\n", "A".repeat(300)).into_bytes()[..], "g").unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("p.bed");
        std::fs::write(&path, "chr1\t0\t200\nchr1\t50\t60\nchr1\t58\t70\nchr2\t1\t2\n").unwrap();
        let peaks = Peaks::read(&path, None, &genome).unwrap();
        assert_eq!((peaks.rows, peaks.elsewhere), (4, 1));
        assert_eq!(peaks.over("1", 59, 60), 3);
        assert_eq!(peaks.over("1", 60, 61), 2);
        assert_eq!(peaks.over("1", 70, 71), 1);
        assert_eq!(peaks.over("1", 200, 201), 0);
        assert!(peaks.any("1") && !peaks.any("chr1"));
        std::fs::write(&path, "chr1\t0\t301\n").unwrap();
        let error = Peaks::read(&path, None, &genome).err().unwrap();
        assert!(error.to_string().ends_with("which has 300 bases"), "{error}");
    }
}
