//! Reads any bytes as BED, narrowPeak and GFF, and writes BED back.

use dlm_genome::{
    Interval, IntervalSet, Result, Row, Strand, Table, Tss, bed, bed_graph, gff, narrow_peak, repeat_masker,
    sga,
};

fn read<T: Row>(bytes: &[u8]) -> Result<Vec<T>> {
    Table::new(bytes, "fuzz")?.collect()
}

/// Panics if a promise is broken.
pub(crate) fn check(bytes: &[u8]) {
    if let Ok(rows) = read::<bed::Record>(bytes) {
        assert!(!rows.is_empty());
        check_intervals(rows.iter().map(bed::Record::interval));
        check_writing(&rows);
        for row in &rows {
            let site = Tss::from_bed(row);
            assert_eq!(site.is_ok(), row.interval().strand().is_some());
            if let Ok(site) = site {
                let window = site.window(249, 51);
                assert!(window.is_none_or(|window| window.len() == 300 && window.start() < window.end()));
            }
        }
    }
    if let Ok(peaks) = read::<narrow_peak::Peak>(bytes) {
        assert!(read::<bed::Record>(bytes).is_ok());
        check_intervals(peaks.iter().map(narrow_peak::Peak::interval));
        for peak in &peaks {
            let interval = peak.interval();
            assert!(peak.summit().is_none_or(|summit| (interval.start()..interval.end()).contains(&summit)));
        }
    }
    if let Ok(rows) = read::<sga::Record>(bytes) {
        check_intervals(rows.iter().map(sga::Record::interval));
        assert!(rows.iter().all(|row| row.interval().len() == 1));
        assert!(rows.iter().all(|row| row.tss().is_ok() == row.interval().strand().is_some()));
    }
    if let Ok(rows) = read::<bed_graph::Record>(bytes) {
        check_intervals(rows.iter().map(bed_graph::Record::interval));
        assert!(rows.iter().all(|row| row.value().is_finite()));
    }
    if let Ok(rows) = read::<repeat_masker::Record>(bytes) {
        check_intervals(rows.iter().map(repeat_masker::Record::interval));
        assert!(rows.iter().all(|row| !row.class().is_empty() && !row.class().ends_with('?')));
    }
    if let Ok(features) = read::<gff::Feature>(bytes) {
        check_intervals(features.iter().map(gff::Feature::interval));
        assert!(features.iter().all(|feature| feature.phase().is_none_or(|phase| phase < 3)));
    }
}

fn check_intervals<'i>(intervals: impl Iterator<Item = &'i Interval> + Clone) {
    assert!(intervals.clone().all(|interval| interval.start() < interval.end()));
    let set: IntervalSet = intervals.clone().collect();
    for interval in intervals {
        assert!(set.contains(interval));
        assert_eq!(set.distance(interval), Some(0));
    }
    assert!(set.subtract(&set).intervals().next().is_none());
    assert_eq!(set.union(&set), set);
}

fn check_writing(rows: &[bed::Record]) {
    let mut text = String::new();
    for row in rows {
        let interval = row.interval();
        let strand = interval.strand().map_or('.', Strand::symbol);
        let score = row.score().map_or_else(|| ".".to_owned(), |score| score.to_string());
        let name = row.name().unwrap_or(".");
        let (start, end) = (interval.start(), interval.end());
        let fixed = format!("{}\t{start}\t{end}\t{name}\t{score}\t{strand}", interval.chromosome());
        text.push_str(&fixed);
        for field in row.further() {
            text.push('\t');
            text.push_str(field);
        }
        text.push('\n');
    }
    let again = read::<bed::Record>(text.as_bytes()).expect("what was read can be written and read again");
    assert_eq!(rows, again);
}
