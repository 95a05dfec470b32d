//! Reads any text as a benchmark file; a refusal says what is wrong, and what is read is read the same way again.

use dlm::bench::read_config;

/// Panics if a promise is broken.
pub(crate) fn check(bytes: &[u8]) {
    // The first byte chooses the language, so that one corpus serves both.
    let Some((first, rest)) = bytes.split_first() else { return };
    let Ok(text) = std::str::from_utf8(rest) else { return };
    let yaml = *first == b'y';
    match read_config(text, yaml) {
        Ok(settings) => {
            let again = read_config(text, yaml).expect("what was read is read again");
            assert_eq!(format!("{settings:?}"), format!("{again:?}"));
        }
        Err(error) => assert!(!error.chain().is_empty()),
    }
}
