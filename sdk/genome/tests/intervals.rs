//! Runs, windows, interval sets, blocks and splits against plain recomputation.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::ops::Range;

use dlm_genome::{
    BlockSplit, Blocks, ErrorKind, Interval, IntervalSet, Lengths, Strand, Tss, Windows, acgt_runs, clusters,
};
use dlm_sdk::Split;
use proptest::prelude::*;

const LENGTH: u64 = 60;

fn interval(range: &Range<u64>) -> Interval {
    Interval::new("c", range.start, range.end).unwrap()
}

fn ranges() -> impl Strategy<Value = Vec<Range<u64>>> {
    prop::collection::vec((0..LENGTH - 1, 1..12_u64).prop_map(|(s, n)| s..(s + n).min(LENGTH)), 0..8)
}

fn set(ranges: &[Range<u64>]) -> IntervalSet {
    ranges.iter().map(interval).collect::<Vec<_>>().iter().collect()
}

/// The set as one flag a base.
fn flags(ranges: &[Range<u64>]) -> Vec<bool> {
    (0..LENGTH).map(|base| ranges.iter().any(|range| range.contains(&base))).collect()
}

proptest! {
    #[test]
    fn clusters_are_what_the_widened_set_joins(ranges in ranges(), distance in 1_u64..6) {
        let intervals: Vec<_> = ranges.iter().map(interval).collect();
        let numbers = clusters(&intervals, distance);
        // Each interval longer by the distance, less the base that touching needs not: what then joins is one cluster.
        let long: Vec<_> = ranges.iter().map(|r| interval(&(r.start..r.end + distance - 1))).collect();
        let joined: IntervalSet = long.iter().collect();
        let stretch = |range: &Range<u64>| joined.stretches("c").iter().position(|s| s.contains(&range.start));
        for (a, first) in ranges.iter().zip(&numbers) {
            for (b, second) in ranges.iter().zip(&numbers) {
                prop_assert_eq!(first == second, stretch(a) == stretch(b));
            }
        }
        let mut seen = numbers.clone();
        seen.dedup();
        prop_assert!(numbers.first().is_none_or(|&first| first == 0));
    }

    #[test]
    fn sets_equal_flags(a in ranges(), b in ranges(), probe in (0..LENGTH - 1, 1..9_u64)) {
        let (of_a, of_b) = (flags(&a), flags(&b));
        let (a, b) = (set(&a), set(&b));
        let joined = |combine: fn(bool, bool) -> bool| -> Vec<bool> {
            of_a.iter().zip(&of_b).map(|(&a, &b)| combine(a, b)).collect()
        };
        prop_assert_eq!(flags(a.stretches("c")), of_a.clone());
        prop_assert_eq!(flags(a.union(&b).stretches("c")), joined(|a, b| a || b));
        prop_assert_eq!(flags(a.subtract(&b).stretches("c")), joined(|a, b| a && !b));
        prop_assert_eq!(flags(a.intersect(&b).stretches("c")), joined(|a, b| a && b));
        prop_assert_eq!(a.total_bases() as usize, of_a.iter().filter(|held| **held).count());
        for stretches in [a.stretches("c"), a.union(&b).stretches("c"), a.subtract(&b).stretches("c")] {
            prop_assert!(stretches.windows(2).all(|pair| pair[0].end < pair[1].start), "{stretches:?}");
        }

        let probe = probe.0..(probe.0 + probe.1).min(LENGTH);
        let held: Vec<u64> = (0..LENGTH).filter(|&base| of_a[base as usize]).collect();
        let inside = held.iter().filter(|base| probe.contains(base)).count() as u64;
        prop_assert_eq!(a.overlaps(&interval(&probe)), inside > 0);
        prop_assert_eq!(a.contains(&interval(&probe)), inside == probe.end - probe.start);
        let steps = |base: &u64| probe.start.saturating_sub(*base).max((base + 1).saturating_sub(probe.end));
        prop_assert_eq!(a.distance(&interval(&probe)), held.iter().map(steps).min());
        let wide: Vec<bool> = (0..LENGTH).map(|x| held.iter().any(|h| h.abs_diff(x) <= 2)).collect();
        prop_assert_eq!(flags(a.widen(2).stretches("c")), wide);
    }

    #[test]
    fn runs_and_windows_equal_the_plain_search(bases in "[ACGTNacgtn]{0,80}", width in 1_usize..9, step in 1_usize..9) {
        let bases = bases.as_bytes();
        let known = |range: &Range<usize>| bases[range.clone()].iter().all(|b| !b.eq_ignore_ascii_case(&b'N'));
        let runs: Vec<_> = acgt_runs(bases).collect();
        let total: usize = runs.iter().map(ExactSizeIterator::len).sum();
        prop_assert_eq!(total, bases.iter().filter(|b| !b.eq_ignore_ascii_case(&b'N')).count());
        prop_assert!(runs.iter().all(|run| !run.is_empty() && known(run)));
        prop_assert!(runs.windows(2).all(|pair| pair[0].end < pair[1].start));

        let windows = Windows::new(width, step).unwrap();
        let grid: Vec<_> =
            (0..bases.len()).step_by(step).map(|s| s..s + width).filter(|w| w.end <= bases.len()).collect();
        let on_grid: Vec<_> = grid.iter().filter(|w| known(w)).cloned().collect();
        prop_assert_eq!(windows.grid(bases.len()).collect::<Vec<_>>(), grid);
        prop_assert_eq!(windows.known_grid(bases).collect::<Vec<_>>(), on_grid);
        let in_runs: Vec<_> = runs.iter()
            .flat_map(|run| run.clone().step_by(step).map(|s| s..s + width).filter(|w| w.end <= run.end))
            .collect();
        prop_assert_eq!(windows.known_runs(bases).collect::<Vec<_>>(), in_runs);
    }

    #[test]
    fn blocks_cover_a_genome_once(lengths in prop::collection::vec(1..500_u64, 1..5), size in 1..120_u64) {
        let lengths: Lengths = lengths.into_iter().enumerate().map(|(i, length)| (format!("c{i}"), length)).collect();
        let blocks = Blocks::new(&lengths, size).unwrap();
        let all: Vec<_> = (0..blocks.len()).map(|block| blocks.interval(block).unwrap()).collect();
        prop_assert!(blocks.interval(blocks.len()).is_err());
        for (name, length) in lengths.iter() {
            let own: Vec<_> = all.iter().filter(|block| block.chromosome() == name).collect();
            prop_assert_eq!(own[0].start(), 0);
            prop_assert_eq!(own[own.len() - 1].end(), length);
            prop_assert!(own.windows(2).all(|pair| pair[0].end() == pair[1].start()));
            prop_assert!(own.iter().all(|block| block.len() >= size.min(length) && block.len() < 2 * size));
            for position in 0..length {
                let block = blocks.of(name, position).unwrap();
                prop_assert!(all[block].chromosome() == name && (all[block].start()..all[block].end()).contains(&position));
            }
        }
    }

    #[test]
    fn intervals_of_two_splits_keep_the_gap(seed in any::<u64>(), gap in 0..40_u64, width in 1..30_u64) {
        let lengths: Lengths = [("a", 203), ("b", 99)].into_iter().collect();
        let split = BlockSplit::at_random(Blocks::new(&lengths, 10).unwrap(), 0.2, 0.2, seed).unwrap().with_gap(gap);
        let mut placed: Vec<(Interval, Split)> = Vec::new();
        for (name, length) in lengths.iter() {
            for start in 0..=length - width {
                let interval = Interval::new(name, start, start + width).unwrap();
                if let Some(split) = split.of(&interval).unwrap() {
                    placed.push((interval, split));
                }
            }
        }
        for (one, of_one) in &placed {
            for (two, of_two) in &placed {
                if of_one != of_two && one.chromosome() == two.chromosome() && one.start() <= two.start() {
                    prop_assert!(two.start() >= one.end() + gap, "{one} {of_one:?} {two} {of_two:?}");
                }
            }
        }
    }
}

#[test]
fn a_split_is_a_function_of_its_seed() {
    let lengths: Lengths = [("chr21", 46_709_983)].into_iter().collect();
    let blocks = || Blocks::new(&lengths, 1_000_000).unwrap();
    let split = |seed| BlockSplit::at_random(blocks(), 0.1, 0.2, seed).unwrap();
    assert_eq!(split(7), split(7));
    assert_ne!(split(7), split(8));
    assert_eq!(split(7).counts(), [32, 5, 9]);
    let letter = |split: &Split| match split {
        Split::Train => '.',
        Split::Validation => 'v',
        Split::Test => 'T',
    };
    let letters: String = split(7).splits().iter().map(letter).collect();
    insta::assert_snapshot!(letters, @".vT.......T..TTv..v.vT............TT..vT.T....");
}

#[test]
fn settings_that_make_no_sense_are_errors() {
    let lengths: Lengths = [("c", 100)].into_iter().collect();
    let blocks = || Blocks::new(&lengths, 50).unwrap();
    for error in [
        Windows::new(0, 1).unwrap_err(),
        Windows::new(1, 0).unwrap_err(),
        Blocks::new(&lengths, 0).unwrap_err(),
        BlockSplit::in_order(blocks(), 0.5, 0.5).unwrap_err(),
        BlockSplit::in_order(blocks(), -0.1, 0.5).unwrap_err(),
        BlockSplit::in_order(blocks(), f64::NAN, 0.5).unwrap_err(),
        BlockSplit::in_order(blocks(), 0.1, 0.5).unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Setting, "{error}");
    }
    let past = Interval::new("c", 99, 101).unwrap();
    assert_eq!(blocks().span(&past).unwrap_err().kind(), ErrorKind::Bounds);
    assert_eq!(blocks().of("d", 1).unwrap_err().kind(), ErrorKind::UnknownName);
}

#[test]
fn windows_of_start_sites_mirror_on_the_reverse_strand() {
    let bases: Vec<u8> = (0..400_usize).map(|i| b"ACGT"[i * i % 7 % 4]).collect();
    let genome = dlm_genome::Genome::read(&[b">c\n", &bases[..]].concat()[..], "c").unwrap();
    let mirrored = dlm_sdk::dna::reverse_complement(&bases);
    let mirror = dlm_genome::Genome::read(&[b">c\n", &mirrored[..]].concat()[..], "c").unwrap();
    for position in [250, 300, 349] {
        let forward = Tss::new("c", position, Strand::Forward, None).window(249, 51).unwrap();
        let reverse = Tss::new("c", 399 - position, Strand::Reverse, None).window(249, 51).unwrap();
        assert_eq!(genome.sequence(&forward).unwrap(), mirror.sequence(&reverse).unwrap());
    }
    assert_eq!(Tss::new("c", 100, Strand::Forward, None).window(249, 51), None);
    let past = Tss::new("c", 350, Strand::Forward, None).window(249, 51).unwrap();
    assert_eq!(genome.sequence(&past).unwrap_err().kind(), ErrorKind::Bounds);
}
