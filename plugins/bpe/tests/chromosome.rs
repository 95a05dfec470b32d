//! Tokens of a whole chromosome, and of random windows of it, as Hugging Face tokenizers gives them.
//!
//! The golden file holds digests of what the named version gave; `tests/oracles/bpe/full.sh` compares token by token, with a
//! million windows.

#![expect(clippy::unwrap_used, reason = "a test may panic, and says what it skips")]

mod support;

use std::fmt::Write as _;

use dlm_plugin_bpe::{Bpe, Merge};
use dlm_sdk::Tokenizer as _;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// The ids of texts, counted and digested.
#[derive(Default)]
struct Tokens {
    digest: Sha256,
    number: u64,
}

impl Tokens {
    fn add(&mut self, bpe: &Bpe, bases: &[u8]) {
        let encoded = bpe.encode(bases).unwrap();
        let mut end = 0;
        for (&id, span) in encoded.ids.iter().zip(&encoded.spans) {
            assert_eq!(span.start, end);
            end = span.end;
            let length =
                if Some(id) == bpe.spec().special.unk { 1 } else { bpe.token(id).unwrap().len() as u32 };
            assert_eq!(span.len(), length);
        }
        assert_eq!(end as usize, bases.len());
        let bytes: Vec<u8> = encoded.ids.iter().flat_map(|id| id.to_le_bytes()).collect();
        self.digest.update(bytes);
        self.number += encoded.ids.len() as u64;
    }

    fn check(self, expected: &Value) {
        let digest = self.digest.finalize().iter().fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").unwrap();
            text
        });
        assert_eq!(
            (self.number, &*digest),
            (expected["tokens"].as_u64().unwrap(), expected["sha256"].as_str().unwrap())
        );
    }
}

#[test]
fn chromosome_21() {
    let golden: Value = serde_json::from_str(include_str!("golden/chromosome.json")).unwrap();
    let Some(bases) = support::genome("genome/GRCh38.chr21.fa.gz") else { return };
    let merges: Vec<Merge> = golden["merges"]
        .as_array()
        .unwrap()
        .iter()
        .map(|merge| {
            let (left, right) = merge.as_str().unwrap().split_once(' ').unwrap();
            Merge { left: left.into(), right: right.into() }
        })
        .collect();
    let bpe = Bpe::from_merges(&merges).unwrap();
    assert!(bpe.is_fast());

    assert_eq!(bases.len() as u64, golden["whole"]["bases"].as_u64().unwrap());
    let mut whole = Tokens::default();
    whole.add(&bpe, &bases);
    whole.check(&golden["whole"]);

    let mut state = 1_u64;
    let mut below = |bound: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % bound
    };
    let longest = golden["windows"]["longest"].as_u64().unwrap() as usize;
    let mut windows = Tokens::default();
    for _ in 0..golden["windows"]["number"].as_u64().unwrap() {
        let start = below(bases.len() - longest);
        windows.add(&bpe, &bases[start..start + 1 + below(longest)]);
    }
    windows.check(&golden["windows"]);
}
