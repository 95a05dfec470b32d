//! Both ways to lay k-mers, against word lists, oracles and properties.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::io::Read as _;

use dlm_plugin_kmer::{FixedKmers, OverlappingKmers};
use dlm_sdk::{dna, prelude::*};
use dlm_tests::data;
use proptest::prelude::*;

fn texts(tokenizer: &dyn Tokenizer, sequence: &str) -> String {
    let batch = tokenizer.batch(&[Sequence::new(sequence.as_bytes())]).unwrap();
    let row = batch.row(0);
    assert_eq!(row.ids.len(), row.spans.len());
    row.ids.iter().map(|&id| tokenizer.token(id).unwrap()).collect::<Vec<_>>().join(" ")
}

#[test]
fn every_spec_makes_its_tokenizer() {
    let registry = Registry::builtin().unwrap();
    for (spec, ids) in
        [("kmer:1", 9), ("kmer:2", 25), ("kmer:8", 65545), ("kmer:6:overlap", 4101), ("char", 9)]
    {
        let tokenizer = registry.tokenizer(spec).unwrap();
        assert_eq!((tokenizer.spec().name.as_str(), tokenizer.spec().vocab_size), (spec, ids));
        assert!(tokenizer.token(ids - 1).is_some() && tokenizer.token(ids).is_none());
    }
    for (spec, hint) in [
        ("kmer", ""),
        ("kmer:0", "byte-pair"),
        ("kmer:9", "byte-pair"),
        ("kmer:six", "kmer:6"),
        ("kmer:6:over", "kmer:6:overlap"),
        ("char:2", ""),
        ("no/such/vocab.txt", ""),
    ] {
        let error = registry.tokenizer(spec).unwrap_err();
        assert!(error.hint().unwrap_or_default().contains(hint), "{spec}: {error:?}");
    }
}

#[test]
fn every_tokenizer_keeps_its_contract() {
    for k in 1..=8 {
        dlm_sdk::conformance::tokenizer(&FixedKmers::new(k).unwrap()).assert();
        dlm_sdk::conformance::tokenizer(&OverlappingKmers::new(k).unwrap()).assert();
    }
    dlm_sdk::conformance::tokenizer(&FixedKmers::characters()).assert();
}

#[test]
fn fingerprints_tell_tokenizers_apart_and_nothing_else() {
    let of = |spec: &str| Registry::builtin().unwrap().tokenizer(spec).unwrap().spec().fingerprint.clone();
    assert_eq!(of("kmer:1"), of("char"));
    let all = [of("kmer:1"), of("kmer:2"), of("kmer:1:overlap"), of("kmer:2:overlap")];
    for (i, a) in all.iter().enumerate() {
        assert!(!all[..i].contains(a));
    }
}

/// The rules of the Nucleotide Transformer's documentation, which are the same: N breaks the frame, leftovers are
/// single bases.
#[test]
fn leftovers_are_single_bases() {
    let sixes = FixedKmers::new(6).unwrap();
    assert_eq!(texts(&sixes, "ACGTGTACGTGCACGGACGACTAGTCAGCA"), "ACGTGT ACGTGC ACGGAC GACTAG TCAGCA");
    assert_eq!(
        texts(&sixes, "acgtgtacNTGCACGGANCGACTAGTCTGA"),
        "ACGTGT A C [UNK] TGCACG G A [UNK] CGACTA GTCTGA"
    );
    assert_eq!(texts(&sixes, "NNRA"), "[UNK] [UNK] [UNK] A");
    assert_eq!(texts(&FixedKmers::characters(), "TNgA"), "T [UNK] G A");
}

#[test]
fn overlapping_ids_equal_bert_over_dnaberts_word_lists() {
    let golden: serde_json::Value = serde_json::from_str(include_str!("golden/overlapping.json")).unwrap();
    let cases = golden["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 40);
    for case in cases {
        let tokenizer = OverlappingKmers::new(case["k"].as_u64().unwrap() as u32).unwrap();
        let batch = tokenizer.batch(&[Sequence::new(case["sequence"].as_str().unwrap().as_bytes())]).unwrap();
        assert_eq!(serde_json::json!(batch.row(0).ids), case["ids"], "{case}");
    }
}

#[test]
fn dnaberts_word_lists_are_ours() {
    for k in 3..=6 {
        let Some(path) = data(&format!("tokenizers/dnabert_{k}mer_vocab.txt")) else { return };
        let ours = OverlappingKmers::new(k).unwrap();
        assert_eq!(ours.vocabulary().trim_end(), std::fs::read_to_string(&path).unwrap().trim_end());
        let read = Registry::builtin().unwrap().tokenizer(path.to_str().unwrap()).unwrap();
        assert_eq!(read.spec().fingerprint, ours.spec().fingerprint);
        assert_eq!(read.spec().name, format!("kmer:{k}:overlap"));
    }
}

#[test]
fn dnaberts_own_words_come_out_again() {
    let Some(path) = data("reference/dnabert_ft6_dev.tsv.gz") else { return };
    let mut text = String::new();
    flate2::read::MultiGzDecoder::new(std::fs::File::open(path).unwrap()).read_to_string(&mut text).unwrap();
    let sixes = OverlappingKmers::new(6).unwrap();
    let rows = text.lines().skip(1).filter_map(|line| line.split_once('\t'));
    let mut checked = 0;
    for (words, _) in rows {
        let mut sequence = words[..5].to_owned();
        sequence.extend(words.split(' ').filter_map(|word| word.chars().last()));
        assert_eq!(texts(&sixes, &sequence), words);
        checked += 1;
    }
    assert!(checked > 100, "{checked} rows");
}

#[test]
fn a_wrong_word_list_is_named_by_line() {
    let special = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n";
    for (text, message) in [
        (String::new(), "ends before [PAD]"),
        ("[PAD]\n[CLS]\n".to_owned(), "line 2"),
        (special.to_owned(), "holds no k-mer"),
        (format!("{special}AC\nGT\nACG\n"), "line 8"),
        (format!("{special}AC\nGN\n"), "line 7"),
        (format!("{special}AC\nGT\nAC\n"), "stands in line 6"),
        (format!("{special}ACGTACGTA\n"), "line 6"),
        (format!("{special}\n"), "line 6"),
        (format!("{special}\u{e9}a\n"), "line 6"),
    ] {
        let error = OverlappingKmers::from_vocabulary(&text).unwrap_err();
        assert!(error.chain().contains(message), "{text:?}: {}", error.chain());
    }
    let some = OverlappingKmers::from_vocabulary(&format!("{special}GT\r\nAC\r\n")).unwrap();
    assert_eq!(texts(&some, "ACGTA"), "AC [UNK] GT [UNK]");
}

/// The rule said word by word: the slow twin of what is tested.
fn side_by_side(sequence: &[u8], k: usize) -> Vec<String> {
    let upper = sequence.to_ascii_uppercase();
    let known = |bases: &[u8]| bases.iter().all(|&base| dna::code(base).is_some());
    let mut tokens = Vec::new();
    for (number, run) in upper.split(|&base| dna::code(base).is_none()).enumerate() {
        if number > 0 {
            tokens.push("[UNK]".to_owned());
        }
        assert!(known(run));
        let words = run.chunks_exact(k);
        let leftovers = words.remainder();
        tokens
            .extend(words.chain(leftovers.chunks(1)).map(|token| String::from_utf8(token.to_vec()).unwrap()));
    }
    tokens
}

proptest! {
    #[test]
    fn side_by_side_follows_its_rule(sequence in "([ACGT]{0,90}[NRacgt]{0,3}){0,6}", k in 1_u32..=8) {
        let tokenizer = FixedKmers::new(k).unwrap();
        prop_assert_eq!(texts(&tokenizer, &sequence), side_by_side(sequence.as_bytes(), k as usize).join(" "));
        let mut ids = Vec::new();
        tokenizer.ids(sequence.as_bytes(), &mut ids);
        let batch = tokenizer.batch(&[Sequence::new(sequence.as_bytes())]).unwrap();
        prop_assert_eq!(&ids, batch.row(0).ids);
        let mut end = 0;
        for (id, span) in ids.iter().zip(batch.row(0).spans) {
            prop_assert_eq!(span.start, end);
            prop_assert_eq!(span.len() as usize, if *id == 1 { 1 } else { tokenizer.token(*id).unwrap().len() });
            end = span.end;
        }
        prop_assert_eq!(end as usize, sequence.len());
    }

    #[test]
    fn overlapping_follows_its_rule(sequence in "([ACGT]{0,40}[NRacgt]{0,3}){0,6}", k in 1_u32..=8) {
        let tokenizer = OverlappingKmers::new(k).unwrap();
        let upper = sequence.to_ascii_uppercase();
        let expected: Vec<_> = upper
            .as_bytes()
            .windows(k as usize)
            .map(|word| match dna::kmer_index(word) {
                Some(_) => std::str::from_utf8(word).unwrap(),
                None => "[UNK]",
            })
            .collect();
        prop_assert_eq!(texts(&tokenizer, &sequence), expected.join(" "));
    }
}
