//! Test data, where it is at hand.

use std::{fs::File, io::Read as _};

use flate2::read::MultiGzDecoder;

/// Unpacks a file of the test data, or says that it is skipped.
pub(crate) fn unpacked(file: &str) -> Option<Vec<u8>> {
    let path = dlm_tests::data(file)?;
    let mut input = File::open(&path).unwrap();
    let mut bytes = Vec::new();
    if path.extension().is_some_and(|extension| extension == "gz") {
        MultiGzDecoder::new(input).read_to_end(&mut bytes).unwrap();
    } else {
        input.read_to_end(&mut bytes).unwrap();
    }
    Some(bytes)
}

/// Reads the bases of a FASTA file with one record.
pub(crate) fn genome(file: &str) -> Option<Vec<u8>> {
    let text = unpacked(file)?;
    let lines = text.split(|&byte| byte == b'\n').filter(|line| !line.starts_with(b">"));
    Some(lines.flatten().map(u8::to_ascii_uppercase).collect())
}
