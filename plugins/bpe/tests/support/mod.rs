//! Test data, where it is at hand.

use std::{env, fs::File, io::Read as _, path::Path, path::PathBuf};

use flate2::read::MultiGzDecoder;

/// Unpacks a file of the test data, or says that it is skipped.
pub(crate) fn unpacked(file: &str) -> Option<Vec<u8>> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let path = env::var_os("DLM_TEST_DATA").map_or_else(beside, PathBuf::from).join(file);
    let Ok(mut input) = File::open(&path) else {
        println!("skipped: no {file}; set DLM_TEST_DATA");
        return None;
    };
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
