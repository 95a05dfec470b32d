//! Reads any bytes as bigWig; values lie where they were asked for, ascend, and sum up alike however they are cut.

use std::io::Cursor;

use dlm_genome::{Interval, bed_graph::Record, big_wig::BigWig};

/// Panics if a promise is broken.
pub(crate) fn check(bytes: &[u8]) {
    let mut file = match BigWig::new(Cursor::new(bytes), "fuzz") {
        Ok(file) => file,
        Err(error) => {
            assert!(error.to_string().starts_with("fuzz: "));
            return;
        }
    };
    for (name, length) in file.lengths().iter() {
        let whole = Interval::new(name, 0, length).expect("no sequence is empty");
        let past = Interval::new(name, 0, length + 1).expect("not empty");
        assert!(file.values(&past).is_err());
        let values = match file.values(&whole) {
            Ok(values) => values,
            Err(error) => {
                assert!(error.to_string().starts_with("fuzz: "));
                continue;
            }
        };
        let places = || values.iter().map(Record::interval);
        assert!(places().all(|place| place.start() < place.end() && place.end() <= length));
        assert!(places().zip(places().skip(1)).all(|(one, next)| one.end() <= next.start()));
        assert!(values.iter().all(|row| row.value().is_finite()));
        let covered: u64 = places().map(Interval::len).sum();
        let coverage = file.coverage(&whole).expect("it was read before");
        assert_eq!(coverage.covered(), covered);
        let middle = length / 2;
        let halves = [(0, middle), (middle, length)].map(|(start, end)| {
            let Ok(half) = Interval::new(name, start, end) else { return 0 };
            // A damaged index may find more sections for a part than for the whole.
            file.coverage(&half).map_or(0, |coverage| coverage.covered())
        });
        assert!(halves.iter().sum::<u64>() <= length);
    }
}
