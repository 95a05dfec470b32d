//! Reads any bytes as FASTA, lays windows over what comes out, and writes it back.

use std::io::{self, Read};

use dlm_genome::{
    Error, ErrorKind, Result, Windows, acgt_runs,
    fasta::{Ambiguity, Options, Reader, Record},
};

/// Gives its bytes a few at a time.
struct Drops<'a>(&'a [u8], usize);

impl Read for Drops<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.1.min(self.0.len()).min(buffer.len());
        buffer[..count].copy_from_slice(&self.0[..count]);
        self.0 = &self.0[count..];
        Ok(count)
    }
}

fn read(bytes: &[u8], piece: usize, options: Options) -> Result<Vec<Record>> {
    Reader::new(Drops(bytes, piece), "fuzz.fa")?.with_options(options).records().collect()
}

/// Panics if a promise is broken.
pub(crate) fn check(bytes: &[u8]) {
    let options = Options::default().soft_mask(true).max_length(1 << 20);
    let whole = read(bytes, usize::MAX, options);
    let pieces = read(bytes, 1 + bytes.len() % 7, options);
    match (&whole, &pieces) {
        (Ok(whole), Ok(pieces)) => assert_eq!(whole, pieces),
        // How much of a damaged stream comes out before the damage is noticed depends on the pieces.
        (Err(one), Err(other)) if is_damage(one) || is_damage(other) => {}
        (Err(whole), Err(pieces)) => assert_eq!(whole.to_string(), pieces.to_string()),
        _ => panic!("{whole:?} read at once, {pieces:?} in pieces"),
    }
    let Ok(records) = whole else { return };
    assert!(!records.is_empty());
    let strict = read(bytes, usize::MAX, options.ambiguity(Ambiguity::Error));
    assert_eq!(strict.is_ok(), records.iter().all(|record| record.ambiguous() == 0));

    let mut text = Vec::new();
    for record in &records {
        check_record(record, bytes.len());
        text.extend_from_slice(
            format!(">{} {}\n", record.name(), record.description().unwrap_or("")).as_bytes(),
        );
        text.extend_from_slice(record.bases());
        text.push(b'\n');
    }
    let again = read(&text, usize::MAX, options).expect("what was read can be written and read again");
    for (record, again) in records.iter().zip(&again) {
        assert_eq!((record.name(), record.description()), (again.name(), again.description()));
        assert_eq!(record.bases(), again.bases());
    }
}

fn is_damage(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Compression | ErrorKind::Truncated)
}

fn check_record(record: &Record, salt: usize) {
    let bases = record.bases();
    assert!(!bases.is_empty() && !record.name().is_empty());
    assert!(bases.iter().all(|base| b"ACGTN".contains(base)));
    assert!(record.soft_mask().windows(2).all(|pair| pair[0].end < pair[1].start));
    assert!(record.soft_mask().last().is_none_or(|last| last.end <= bases.len() as u64));

    let known = bases.iter().filter(|base| **base != b'N').count();
    assert_eq!(acgt_runs(bases).map(|run| run.len()).sum::<usize>(), known);
    let windows = Windows::new(1 + salt % 13, 1 + salt % 5).expect("neither is zero");
    for window in windows.known_grid(bases).chain(windows.known_runs(bases)) {
        assert!(window.len() == windows.width() && !bases[window].contains(&b'N'));
    }
    let on_grid = windows.grid(bases.len()).filter(|window| !bases[window.clone()].contains(&b'N'));
    assert!(windows.known_grid(bases).eq(on_grid));
}
