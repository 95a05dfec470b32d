//! Planted faults are found, and a sound task passes.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use dlm_audit::{Options, Report, Status, audit, clusters};
use dlm_sdk::{ExampleSet, Locus, SplitKind, Target, TaskSpec, dna, random::Stream};

const LENGTH: usize = 120;

/// Three splits of drawn sequences, one of two classes each.
struct Planted {
    sets: [ExampleSet; 3],
    stream: Stream,
    next: u64,
}

impl Planted {
    fn empty() -> Self {
        Self { sets: [1; 3].map(ExampleSet::new), stream: Stream::new(11, "planted"), next: 0 }
    }

    fn new() -> Self {
        let mut planted = Self::empty();
        for (split, count) in [(0, 400), (1, 50), (2, 200)] {
            for row in 0..count {
                let bases = planted.bases(LENGTH);
                planted.add(split, &bases, row % 2);
            }
        }
        planted
    }

    fn bases(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| dna::BASES[self.stream.below(4)]).collect()
    }

    /// The id of an example: neither its place nor its group, so that taking one for the other is seen.
    fn id(number: u64) -> u64 {
        1_000_003 + 7 * number
    }

    fn add(&mut self, split: usize, bases: &[u8], class: usize) {
        self.sets[split].add(Self::id(self.next), bases, &[class as f32], self.next).unwrap();
        self.next += 1;
    }

    fn at(&mut self, split: usize, start: u64, class: usize) {
        let bases = self.bases(LENGTH);
        let locus = Locus { chromosome: "chr1".into(), start, end: start + LENGTH as u64, strand: None };
        self.sets[split].add_at(Self::id(self.next), &bases, &[class as f32], self.next, locus).unwrap();
        self.next += 1;
    }

    fn sequence(&self, split: usize, row: usize) -> Vec<u8> {
        self.sets[split].view().examples().items.sequences[row].bases().to_vec()
    }

    fn audit(&self, options: &Options) -> Report {
        let views = [0, 1, 2].map(|split| self.sets[split].view());
        let splits = [views[0].examples(), views[1].examples(), views[2].examples()];
        audit(&spec(), &splits, options, &|| Ok(())).unwrap()
    }

    fn status(&self, id: &str) -> Status {
        let report = self.audit(&Options::default());
        report.check(id).unwrap().status
    }
}

fn spec() -> TaskSpec {
    TaskSpec::new("planted", Target::Binary, SplitKind::Given)
}

#[test]
fn a_sound_task_passes() {
    let report = Planted::new().audit(&Options::default());
    let bad: Vec<_> = report.checks.iter().filter(|check| check.status > Status::Pass).collect();
    assert_eq!((report.verdict, report.items), (Status::Pass, [400, 50, 200]), "{bad:#?}");
    assert_eq!(report.checks.len(), 13);
    assert_eq!(report.details.len(), 200);
}

#[test]
fn copies_on_either_strand_are_counted() {
    let mut planted = Planted::new();
    for row in 0..20 {
        let mut bases = planted.sequence(0, row);
        if row % 2 == 0 {
            bases = dna::reverse_complement(&bases);
        }
        planted.add(2, &bases, row % 2);
    }
    let report = planted.audit(&Options::default());
    let check = report.check("overlap.exact").unwrap();
    assert_eq!((check.status, check.of), (Status::Fail, 220));
    assert_eq!(check.value, Some(20.0 / 220.0));
    assert_eq!(check.evidence["label_agreement"], 1.0);
    assert_eq!(report.details.iter().filter(|item| item.copy.is_some()).count(), 20);
    assert_eq!(report.details[200].copy, Some(Planted::id(0)));
    assert_eq!(report.verdict, Status::Fail);
}

#[test]
fn two_copies_are_an_accident() {
    let mut planted = Planted::new();
    for row in 0..2 {
        let bases = planted.sequence(0, row);
        planted.add(2, &bases, row % 2);
    }
    assert_eq!(planted.status("overlap.exact"), Status::Pass);
}

#[test]
fn near_copies_and_shifted_windows_are_found() {
    let mut planted = Planted::new();
    for row in 0..40 {
        // 90 of 120 bases: 70 of its own 100 words.
        let mut bases = planted.sequence(0, row)[30..].to_vec();
        bases.extend(planted.bases(30));
        planted.add(2, &bases, row % 2);
    }
    let report = planted.audit(&Options::default());
    assert_eq!(report.check("overlap.near").unwrap().status, Status::Fail);
    let windows = report.check("overlap.windows").unwrap();
    assert_eq!((windows.status, windows.value), (Status::Warn, Some(40.0 / 240.0)));
    assert_eq!(windows.evidence["shifted"], 40.0 / 240.0);
    assert_eq!(report.check("overlap.exact").unwrap().status, Status::Pass);
    assert!((report.details[200].containment - 0.7).abs() < 1e-6);
    assert_eq!(report.details[200].nearest, Some(Planted::id(0)));
}

#[test]
fn loci_that_overlap_are_found_whatever_the_bases() {
    let mut planted = Planted::empty();
    for row in 0..200 {
        planted.at(0, row * 1_000, 0);
        planted.at(0, row * 1_000 + 300, 1);
        planted.at(2, row * 1_000 + if row < 60 { 119 } else { 600 }, (row % 2) as usize);
    }
    let report = planted.audit(&Options { pretrained_on: vec!["1".into()], ..Options::default() });
    let windows = report.check("overlap.windows").unwrap();
    assert_eq!((windows.status, windows.value), (Status::Fail, Some(0.3)));
    assert_eq!(report.check("overlap.pretraining").unwrap().value, Some(1.0));
}

#[test]
fn homologs_that_share_few_words_are_found() {
    let mut planted = Planted::new();
    for row in 0..80 {
        let mut bases = planted.sequence(0, row);
        // One base in eleven: 21-mers break, runs of twelve stay here and there.
        for at in (3..LENGTH).step_by(14) {
            bases[at] = if bases[at] == b'A' { b'C' } else { b'A' };
        }
        planted.add(2, &bases, row % 2);
    }
    let report = planted.audit(&Options::default());
    let check = report.check("overlap.homology").unwrap();
    assert_eq!(check.status, Status::Fail);
    assert!(check.value.unwrap() > 0.27, "{check:?}");
    assert_eq!(report.check("overlap.near").unwrap().value, Some(0.0));
    let skipped = planted.audit(&Options { homology: 0, ..Options::default() });
    assert_eq!(skipped.check("overlap.homology").unwrap().status, Status::Skip);
}

/// Rearranges the loops around one base, which keeps every dinucleotide.
fn rearranged(stream: &mut Stream, bases: &[u8]) -> Vec<u8> {
    let stops: Vec<usize> = (1..bases.len()).filter(|&at| bases[at] == bases[0]).collect();
    let last = *stops.last().unwrap();
    let mut loops: Vec<&[u8]> =
        [&[0][..], &stops].concat().windows(2).map(|two| &bases[two[0]..two[1]]).collect();
    stream.shuffle(&mut loops);
    [&loops.concat(), &bases[last..]].concat()
}

#[test]
fn shuffled_twins_fail_only_with_the_other_label() {
    for (opposed, status) in [(true, Status::Fail), (false, Status::Warn)] {
        let mut planted = Planted::new();
        for row in 0..40 {
            let bases = planted.sequence(0, row);
            let mut stream = Stream::nth(3, "shuffle", row as u64);
            let twin = rearranged(&mut stream, &bases);
            planted.add(2, &twin, if opposed { 1 - row % 2 } else { row % 2 });
        }
        assert_eq!(planted.status("construction.shuffle"), status);
    }
}

#[test]
fn twins_that_keep_pieces_are_found() {
    let mut planted = Planted::new();
    for row in 0..40 {
        let mut bases = planted.bases(LENGTH);
        let twin = planted.sequence(0, row);
        for start in [0, 60, 90] {
            bases[start..start + 20].copy_from_slice(&twin[start..start + 20]);
        }
        planted.add(2, &bases, 1 - row % 2);
    }
    assert_eq!(planted.status("construction.segment"), Status::Fail);
}

#[test]
fn rules_without_biology_are_tried() {
    let build = |make: fn(&mut Planted, usize) -> Vec<u8>| {
        let mut planted = Planted::empty();
        for (split, count) in [(0, 400), (1, 40), (2, 200)] {
            for row in 0..count {
                let bases = make(&mut planted, row % 2);
                planted.add(split, &bases, row % 2);
            }
        }
        planted.audit(&Options::default())
    };
    let length = build(|planted, class| planted.bases(LENGTH + 10 * class));
    assert_eq!(length.check("shortcut.length").unwrap().status, Status::Fail);
    assert_eq!(length.check("shortcut.ambiguous").unwrap().status, Status::Pass);
    let padded = build(|planted, class| {
        let mut bases = planted.bases(LENGTH);
        bases[..5 * class].fill(b'N');
        bases
    });
    assert_eq!(padded.check("shortcut.ambiguous").unwrap().status, Status::Fail);
    let rich = build(|planted, class| {
        let mut bases = planted.bases(LENGTH);
        bases.iter_mut().step_by(3).for_each(|base| *base = b"AG"[class]);
        bases
    });
    let check = rich.check("shortcut.composition").unwrap();
    assert_eq!(check.status, Status::Warn, "composition never fails");
    assert!(check.value.unwrap() > 0.9);
    let sited = build(|planted, class| {
        let mut bases = planted.bases(LENGTH);
        if class == 1 {
            bases[50..52].copy_from_slice(b"GT");
        }
        bases
    });
    let check = sited.check("shortcut.position").unwrap();
    assert_eq!(check.status, Status::Fail, "{check:?}");
    assert!(check.reason.contains("GT at 51"), "{}", check.reason);
    let unknown = build(|planted, class| {
        if class == 1 && planted.stream.below(10) == 0 { vec![b'N'; LENGTH] } else { planted.bases(LENGTH) }
    });
    assert_ne!(unknown.check("shortcut.lowinfo").unwrap().status, Status::Pass);
    assert_eq!(unknown.check("overlap.exact").unwrap().status, Status::Pass, "unknown bases are no copies");
}

#[test]
fn tasks_without_classes_are_audited_for_leaks() {
    let mut sets = [1; 3].map(ExampleSet::new);
    let mut planted = Planted::new();
    for (id, split) in (0..).zip([0, 0, 0, 1, 2, 2, 2]) {
        let bases = planted.bases(60);
        sets[split].add(id, &bases, &[0.5], id).unwrap();
    }
    let views = [0, 1, 2].map(|split| sets[split].view());
    let spec = TaskSpec::new("values", Target::Regression(1), SplitKind::Given);
    let splits = [views[0].examples(), views[1].examples(), views[2].examples()];
    let report = audit(&spec, &splits, &Options::default(), &|| Ok(())).unwrap();
    assert_eq!(report.check("shortcut.length").unwrap().status, Status::Skip);
    assert_eq!(report.check("construction.shuffle").unwrap().status, Status::Skip);
    assert_eq!(report.verdict, Status::Pass);
}

#[test]
fn what_shares_anything_is_one_cluster() {
    let mut planted = Planted::empty();
    let one = planted.bases(LENGTH);
    planted.add(0, &one, 0);
    let alone = planted.bases(LENGTH);
    planted.add(0, &alone, 1);
    planted.add(1, &dna::reverse_complement(&one), 0);
    let mut shifted = one[30..].to_vec();
    shifted.extend(planted.bases(30));
    planted.add(2, &shifted, 0);
    let twin = rearranged(&mut Stream::new(1, "twin"), &shifted);
    planted.add(2, &twin, 1);
    let views = [0, 1, 2].map(|split| planted.sets[split].view());
    let splits = [views[0].examples(), views[1].examples(), views[2].examples()];
    let found = clusters(&spec(), &splits, &|| Ok(())).unwrap();
    assert_eq!(found.of, [0, 1, 0, 0, 0]);
    assert_eq!((found.count, found.largest), (2, 4));
}

#[test]
fn a_stop_is_passed_on() {
    let planted = Planted::new();
    let views = [0, 1, 2].map(|split| planted.sets[split].view());
    let splits = [views[0].examples(), views[1].examples(), views[2].examples()];
    let stop = || Err(dlm_sdk::Error::cancelled());
    assert!(audit(&spec(), &splits, &Options::default(), &stop).is_err());
    assert!(clusters(&spec(), &splits, &stop).is_err());
}
