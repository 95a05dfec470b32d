//! Tokens as Hugging Face tokenizers gives them, in process.
//!
//! The crate runs as it is published; `tests/oracles/bpe/encode.py` compares with the Python package on a whole chromosome.

#![expect(clippy::unwrap_used, reason = "a test may panic, and says what it skips")]

mod support;

use std::ops::ControlFlow;

use dlm_plugin_bpe::{Bpe, Ties, Trainer};
use dlm_sdk::random::Stream;
use tokenizers::pipeline::{EncodeOptions, PipelineTokenizer};

fn theirs(json: &str) -> PipelineTokenizer {
    let mut file: serde_json::Value = serde_json::from_str(json).unwrap();
    // The crate does not know every decoder, and none is needed here.
    file["decoder"] = serde_json::Value::Null;
    tokenizers::from_json(&tokenizers::canonicalize_str(&file.to_string()).unwrap()).unwrap()
}

fn same(ours: &Bpe, theirs: &PipelineTokenizer, bases: &[u8]) {
    let mut ids = Vec::new();
    let text = std::str::from_utf8(bases).unwrap();
    theirs.encode_into(text, &EncodeOptions::no_specials(), &mut ids).unwrap();
    let ids: Vec<u32> = ids.iter().map(|id| id.id()).collect();
    let encoded = ours.encode(bases).unwrap();
    assert_eq!(encoded.ids, ids, "{text}");
    assert_eq!(encoded.spans.last().map_or(0, |span| span.end as usize), bases.len());
}

/// Windows of random sequence with gaps, repeats and runs.
fn synthetic(stream: &mut Stream) -> Vec<u8> {
    let mut bases = Vec::new();
    for _ in 0..=stream.below(6) {
        let length = 1 + stream.below(150);
        match stream.below(5) {
            0 => bases.extend(vec![b"ACGTN"[stream.below(5)]; length]),
            1 => {
                let unit: Vec<u8> = (0..=stream.below(7)).map(|_| b"ACGT"[stream.below(4)]).collect();
                bases.extend(unit.repeat(1 + length / unit.len()));
            }
            2 => bases.extend((0..length).map(|_| b"AAATTTCGN"[stream.below(9)])),
            _ => bases.extend((0..length).map(|_| b"ACGT"[stream.below(4)])),
        }
    }
    bases
}

fn compare(ours: &Bpe, theirs: &PipelineTokenizer, windows: usize, genome: Option<&[u8]>) {
    let mut stream = Stream::new(7, "windows");
    same(ours, theirs, b"");
    for _ in 0..windows {
        same(ours, theirs, &synthetic(&mut stream));
        if let Some(genome) = genome {
            let start = stream.below(genome.len() - 1000);
            same(ours, theirs, &genome[start..start + 1 + stream.below(1000)]);
        }
    }
}

#[test]
fn our_vocabularies() {
    let genome = support::genome("genome/22_20-21M.fa.gz");
    let mut stream = Stream::new(8, "text");
    let text: Vec<u8> = (0..200).flat_map(|_| synthetic(&mut stream)).collect();
    for ties in [Ties::SubwordNmt, Ties::HuggingFace] {
        let trainer = Trainer { ties, ..Trainer::default() };
        let learn =
            |text: &[u8]| trainer.train(&[text], &mut |_| ControlFlow::Continue(())).unwrap().bpe().unwrap();
        for bpe in [Some(learn(&text)), genome.as_deref().map(learn)].into_iter().flatten() {
            assert!(bpe.is_fast());
            compare(&bpe, &theirs(&bpe.to_json()), 2000, genome.as_deref());
        }
    }
}

#[test]
fn published_vocabularies() {
    let genome = support::genome("genome/22_20-21M.fa.gz");
    for (file, ids) in [
        ("tokenizers/dnabert2_bpe4096_tokenizer.json", 4096),
        ("tokenizers/gena_lm_human_BPE_32k_tokenizer.json.gz", 32_000),
    ] {
        let Some(json) = support::unpacked(file) else { continue };
        let json = String::from_utf8(json).unwrap();
        let bpe = Bpe::from_json(&json).unwrap();
        assert_eq!(dlm_sdk::Tokenizer::spec(&bpe).vocab_size, ids);
        assert!(bpe.is_fast(), "{file}");
        compare(&bpe, &theirs(&json), 2000, genome.as_deref());
        let again = Bpe::from_json(&bpe.to_json()).unwrap();
        assert_eq!(again.encode(b"ACGTTTGANNACA").unwrap(), bpe.encode(b"ACGTTTGANNACA").unwrap());
    }
}
