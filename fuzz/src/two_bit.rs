//! Reads any bytes as 2bit; what opens gives every base once, however it is cut into slices.

use std::io::Cursor;

use dlm_genome::{Interval, TwoBit};

/// Panics if a promise is broken.
pub(crate) fn check(bytes: &[u8]) {
    let mut file = match TwoBit::new(Cursor::new(bytes), "fuzz") {
        Ok(file) => file,
        Err(error) => {
            assert!(error.to_string().starts_with("fuzz: "));
            return;
        }
    };
    let lengths = file.lengths();
    assert_eq!(file.names().count(), lengths.iter().count());
    for (name, length) in lengths.iter() {
        let whole = Interval::new(name, 0, length).expect("no sequence is empty");
        let Ok(bases) = file.slice(&whole) else { continue };
        assert_eq!(bases.len() as u64, length);
        assert!(bases.iter().all(|base| b"ACGTN".contains(base)));
        let middle = length / 2;
        for (start, end) in
            [(0, middle), (middle, length), (length / 3, length - length / 3), (length - 1, length)]
        {
            let Ok(part) = Interval::new(name, start, end) else { continue };
            let slice = file.slice(&part).expect("a part of what was read can be read");
            assert_eq!(slice, bases[start as usize..end as usize]);
        }
        let mask = file.soft_mask(name).expect("the blocks were read");
        assert!(mask.windows(2).all(|pair| pair[0].end <= pair[1].start));
        assert!(mask.iter().all(|stretch| stretch.start < stretch.end && stretch.end <= length));
        let past = Interval::new(name, 0, length + 1).expect("not empty");
        assert!(file.slice(&past).is_err());
    }
}
