//! Reads any text as tokenizer.json; what opens must encode, and be written and read again as the same.

use dlm_plugin_bpe::Bpe;

/// Panics if a promise is broken.
pub(crate) fn check(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let bpe = match Bpe::from_json(text) {
        Ok(bpe) => bpe,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    let bases = b"ACGTTGCANNAAAAAAAATTTTACACACACAGGGATATATATCCGCGRTTTTTAGACATTA";
    let encoded = bpe.encode(bases).expect("any bases can be encoded");
    assert_eq!(Some(&encoded), bpe.encode_plainly(bases).as_ref().ok());
    assert_eq!(encoded.spans.last().map(|span| span.end as usize), Some(bases.len()));
    let again = Bpe::from_json(&bpe.to_json()).expect("what is written can be read");
    assert_eq!(again.encode(bases).expect("any bases can be encoded").ids, encoded.ids);
}
