use std::ops::ControlFlow;

use dlm_sdk::random::Stream;
use proptest::prelude::*;

use super::{
    Fast,
    compatible::{Compatible, Table},
};
use crate::{Bpe, Merge, Trainer, rules::Rules};

fn random(length: usize, letters: &[u8], seed: u64) -> Vec<u8> {
    let mut stream = Stream::new(seed, "text");
    (0..length).map(|_| letters[stream.below(letters.len())]).collect()
}

fn vocabulary(letters: &[u8], merges: usize, seed: u64) -> Bpe {
    let text = random(20_000, letters, seed);
    let trainer = Trainer { merges, ..Trainer::default() };
    trainer.train(&[&text], &mut |_| ControlFlow::Continue(())).unwrap().bpe().unwrap()
}

fn same(bpe: &Bpe, bases: &[u8]) {
    assert_eq!(
        bpe.encode(bases).unwrap(),
        bpe.encode_plainly(bases).unwrap(),
        "{}",
        String::from_utf8_lossy(bases)
    );
}

/// Vocabularies for which there is an automaton, and others: with too many tokens (in tests), or with too long ones.
const VOCABULARIES: [(&[u8], usize, bool); 5] =
    [(b"ACGT", 50, true), (b"AAAT", 50, true), (b"AT", 300, false), (b"ACGT", 300, false), (b"A", 50, false)];

#[test]
fn every_pair_of_tokens_is_encoded_as_merges_do() {
    for (letters, merges, small) in VOCABULARIES {
        let bpe = vocabulary(letters, merges, 1);
        assert_eq!(matches!(bpe.fast(), Some(Fast::Automaton(_))), small);
        assert!(bpe.is_fast());
        let texts: Vec<&str> =
            bpe.tokens().iter().flatten().map(|text| &**text).filter(|text| !text.starts_with('[')).collect();
        for left in &texts {
            for right in &texts {
                same(&bpe, format!("{left}{right}").as_bytes());
            }
        }
    }
}

#[test]
fn blocks_rule_out_the_pairs_that_going_back_in_time_does() {
    for (letters, merges, _) in VOCABULARIES {
        let bpe = vocabulary(letters, merges.min(190), 2);
        let rules: &Rules = bpe.rules();
        let tokens = rules.len() as u32;
        // Any numbering of the columns will do.
        let columns: Vec<u32> = (0..tokens).map(|token| (token * 7 + 3) % tokens).collect();
        let columns = if tokens.is_multiple_of(7) { (0..tokens).rev().collect() } else { columns };
        let table = Table::new(rules, &columns).unwrap();
        let compatible = Compatible::new(rules);
        for left in 0..tokens {
            for right in 0..tokens {
                let column = columns[right as usize];
                assert_eq!(table.get(left, column), compatible.work_out(left, right), "{left} {right}");
            }
        }
        assert!((0..tokens).all(|column| table.get(tokens, column)), "everything can begin a text");
    }
}

proptest! {
    #[test]
    fn fast_encoding_is_plain_encoding(
        seed in 0u64..6,
        merges in 0usize..400,
        text in proptest::collection::vec(proptest::sample::select(&b"AAAAACCGTTTTTNacgtRX-\xff"[..]), 0..600),
        repeated in (proptest::collection::vec(proptest::sample::select(&b"ACGT"[..]), 1..9), 0usize..40),
    ) {
        let letters = [&b"ACGT"[..], b"AT", b"AAAT", b"ACCG", b"TTTTG", b"AACGTTT"][seed as usize];
        let bpe = vocabulary(letters, merges, seed);
        same(&bpe, &text);
        same(&bpe, &repeated.0.repeat(repeated.1));
    }
}

#[test]
fn long_sequences_are_encoded_as_a_whole() {
    let bpe = vocabulary(b"ACGTTA", 300, 2);
    for length in [200_000, 131_072, 65_537] {
        same(&bpe, &random(length, b"ACGT", 3));
        same(&bpe, &vec![b'A'; length]);
        same(&bpe, &b"ATTTA".repeat(length / 5));
    }
}

#[test]
fn unknown_bases_are_one_token_each_and_case_does_not_matter() {
    let bpe = vocabulary(b"ACGT", 20, 4);
    let encoded = bpe.encode(b"ACNNgtR").unwrap();
    assert_eq!(encoded.ids.iter().filter(|&&id| id == 1).count(), 3);
    assert!(encoded.spans.windows(2).all(|pair| pair[0].end == pair[1].start));
    assert_eq!(encoded.ids, bpe.encode(b"acnnGTr").unwrap().ids);
}

#[test]
fn merges_in_another_order_are_still_obeyed() {
    let merges = |pairs: &[(&str, &str)]| -> Vec<Merge> {
        pairs.iter().map(|&(left, right)| Merge { left: left.into(), right: right.into() }).collect()
    };
    // Two merges spell AAT: neighbours alone no longer decide, so the plain encoder takes over.
    let twice = Bpe::from_merges(&merges(&[("A", "A"), ("A", "T"), ("AA", "T"), ("A", "AT")])).unwrap();
    assert!(!twice.is_fast());
    let text = |bpe: &Bpe, bases: &[u8]| -> Vec<String> {
        bpe.encode(bases)
            .unwrap()
            .ids
            .iter()
            .map(|&id| bpe.tokens()[id as usize].as_deref().unwrap().into())
            .collect()
    };
    assert_eq!(text(&twice, b"AAAT"), ["AA", "AT"]);
    assert_eq!(text(&twice, b"AAT"), ["AAT"]);
    let unknown_part = Bpe::from_merges(&merges(&[("A", "AT")])).unwrap_err();
    assert!(unknown_part.to_string().contains("merge 1, A AT"), "{unknown_part}");
}
