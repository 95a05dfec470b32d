use std::ops::ControlFlow;

use dlm_sdk::{ErrorKind, random::Stream};
use proptest::prelude::*;

use super::{End, Ties, Trainer};

const RULES: [Ties; 2] = [Ties::SubwordNmt, Ties::HuggingFace];

fn learn(trainer: &Trainer, sequences: &[&[u8]]) -> Vec<String> {
    let learned = trainer.train(sequences, &mut |_| ControlFlow::Continue(())).unwrap();
    learned.merges().iter().map(ToString::to_string).collect()
}

fn learn_plainly(trainer: &Trainer, sequences: &[&[u8]]) -> Vec<String> {
    trainer.train_plainly(sequences).unwrap().merges().iter().map(ToString::to_string).collect()
}

/// Texts on which trainers go wrong: runs of one base, tandem repeats, few letters, gaps.
fn text() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        proptest::collection::vec(proptest::sample::select(&b"ACGT"[..]), 1..60),
        proptest::collection::vec(proptest::sample::select(&b"AT"[..]), 1..60),
        (proptest::sample::select(&b"ACGTN"[..]), 1usize..80).prop_map(|(base, times)| vec![base; times]),
        (proptest::collection::vec(proptest::sample::select(&b"ACGT"[..]), 1..7), 1usize..40)
            .prop_map(|(unit, times)| unit.repeat(times)),
    ];
    proptest::collection::vec(piece, 1..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    // Blocks, shards and tables are small in tests, so that these short texts cross all borders.
    #[test]
    fn the_fast_trainer_learns_what_the_plain_one_does(
        texts in proptest::collection::vec(text(), 1..4),
        merges in 0usize..200,
        threads in 1usize..5,
    ) {
        let sequences: Vec<&[u8]> = texts.iter().map(Vec::as_slice).collect();
        prop_assume!(sequences.iter().any(|text| text.iter().any(|&base| base != b'N')));
        for ties in RULES {
            let trainer = Trainer { merges, ties, threads: Some(threads), ..Trainer::default() };
            prop_assert_eq!(learn(&trainer, &sequences), learn_plainly(&trainer, &sequences));
        }
    }
}

fn genome(length: usize) -> Vec<u8> {
    let mut stream = Stream::new(1, "genome");
    let mut bases = Vec::with_capacity(length);
    while bases.len() < length {
        // Copies with errors of what came before, as in a genome, so that long tokens arise.
        if bases.len() > 1000 && stream.below(2) == 0 {
            let start = stream.below(bases.len() - 300);
            let copy: Vec<u8> = bases[start..start + 300].to_vec();
            bases.extend(
                copy.into_iter().map(
                    |base| {
                        if stream.below(10) == 0 { b"ACGT"[stream.below(4)] } else { base }
                    },
                ),
            );
        } else {
            bases.extend((0..50).map(|_| b"AACGTTTT"[stream.below(8)]));
        }
    }
    bases
}

#[test]
fn threads_do_not_matter() {
    let genome = genome(60_000);
    let (left, right) = genome.split_at(25_000);
    for ties in RULES {
        let learned: Vec<_> = [1, 2, 3, 7]
            .map(|threads| {
                learn(&Trainer { ties, threads: Some(threads), ..Trainer::default() }, &[left, right])
            })
            .into();
        assert_eq!(learned[0].len(), 600);
        assert!(learned.iter().all(|merges| *merges == learned[0]));
        assert_eq!(learned[0], learn_plainly(&Trainer { ties, ..Trainer::default() }, &[left, right]));
    }
}

#[test]
fn wide_cells_learn_the_same() {
    let genome = genome(3_000);
    let narrow = Trainer { merges: 30_000, ..Trainer::default() };
    let wide = Trainer { merges: 40_000, ..Trainer::default() };
    assert_eq!(learn(&narrow, &[&genome]), learn(&wide, &[&genome]));
}

#[test]
fn no_two_merges_spell_the_same_token() {
    let mut spelled: Vec<String> = learn(&Trainer { merges: 5000, ..Trainer::default() }, &[&genome(60_000)]);
    for merge in &mut spelled {
        *merge = merge.replace(' ', "");
    }
    let number = spelled.len();
    spelled.sort();
    spelled.dedup();
    assert_eq!(spelled.len(), number);
}

#[test]
fn pairs_are_counted_with_overlaps_and_merged_without() {
    // A A occurs three times in AAAA, C G twice, so A A comes first; it leaves AA AA.
    let trainer = Trainer { merges: 2, ..Trainer::default() };
    assert_eq!(learn(&trainer, &[b"AAAANCGNCG"]), ["A A", "C G"]);
    assert_eq!(learn(&trainer, &[b"AAAAANAAAA"]), ["A A", "AA AA"]);
}

#[test]
fn equal_counts_follow_the_rule() {
    let merges = |ties| learn(&Trainer { merges: 1, ties, ..Trainer::default() }, &[b"ACNACNGTNGT"]);
    assert_eq!(merges(Ties::SubwordNmt), ["G T"]);
    assert_eq!(merges(Ties::HuggingFace), ["A C"]);
}

#[test]
fn training_ends_when_no_pair_is_left_twice() {
    let trainer = Trainer { merges: 600, snapshots: vec![1, 2, 500], ..Trainer::default() };
    let learned = trainer.train(&[b"ACGTACGT"], &mut |_| ControlFlow::Continue(())).unwrap();
    assert_eq!(learned.end(), End::Exhausted);
    assert_eq!(learned.merges().len(), 3);
    let snapshots: Vec<_> =
        learned.snapshots().map(|(merges, bpe)| (merges, bpe.unwrap().merges().len())).collect();
    assert_eq!(snapshots, [(1, 1), (2, 2)]);
}

#[test]
fn case_is_ignored_and_everything_else_separates() {
    let trainer = Trainer { merges: 3, ..Trainer::default() };
    assert_eq!(learn(&trainer, &[b"acgtacgt"]), learn(&trainer, &[b"ACGTACGT"]));
    assert!(learn(&trainer, &[b"AC", b"GA", b"C"]).len() < 2);
    assert_eq!(learn(&trainer, &[b"ARCRARC", b"", b"N"]), [""; 0]);
}

#[test]
fn progress_can_stop_a_run() {
    let mut told = Vec::new();
    let trainer = Trainer { merges: 5, ..Trainer::default() };
    let error = trainer
        .train(&[b"ACGTACGTTTGA"], &mut |progress| {
            told.push((progress.merges, progress.of));
            if progress.merges == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    assert_eq!(told, [(1, 5), (2, 5)]);
}

#[test]
fn nothing_to_learn_from_is_an_error() {
    let mut silent = |_| ControlFlow::Continue(());
    assert_eq!(Trainer::default().train(&[b"NNN", b""], &mut silent).unwrap_err().kind(), ErrorKind::Invalid);
    let none = Trainer { threads: Some(0), ..Trainer::default() };
    assert!(none.train(&[b"ACGT"], &mut silent).unwrap_err().hint().is_some());
}
