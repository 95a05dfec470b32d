//! `PromScan` on a toy genome, and on chromosome 21.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fmt::Write as _;

use dlm_dataset::SplitBy;
use dlm_plugin_promscan::{PromScan, Settings};
use dlm_sdk::{dna, prelude::*, random::Stream};
use dlm_tests::data;

/// Collects a split.
fn load(task: &dyn Task, split: Split) -> ExampleSet {
    task.collect(split).unwrap()
}

/// A chromosome of random bases with a start every 30 kb, on both strands in turn.
fn toy(folder: &std::path::Path) -> Settings {
    let mut stream = Stream::new(5, "toy");
    let bases: String = (0..900_000).map(|_| char::from(dna::BASES[stream.below(4)])).collect();
    std::fs::write(folder.join("g.fa"), format!(">21\n{bases}\n")).unwrap();
    let mut table = String::new();
    for (index, position) in (20_000..880_000).step_by(30_000).enumerate() {
        let strand = if index % 2 == 0 { '+' } else { '-' };
        writeln!(table, "chr21\t{position}\t{}\tp{index}\t1\t{strand}", position + 1).unwrap();
    }
    // Too near to the end, and one that shares windows with its neighbour.
    table.push_str("chr21\t100\t101\tend\t1\t+\nchr21\t20500\t20501\tnear\t1\t-\n");
    std::fs::write(folder.join("p.bed"), table).unwrap();
    Settings::new(folder.join("g.fa"), folder.join("p.bed"))
}

#[test]
fn three_of_thirty_windows_hold_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let settings = toy(folder.path());
    let task = PromScan::new(&settings).unwrap();
    let genome = std::fs::read_to_string(&settings.genome).unwrap();
    let bases = genome.lines().nth(1).unwrap().as_bytes();
    let (mut windows, mut starts) = (0, 0);
    let mut groups: Vec<std::collections::BTreeSet<u64>> = Vec::new();
    for split in Split::ALL {
        let set = load(&task, split);
        let view = set.view();
        let examples = view.examples();
        for index in 0..examples.len() {
            let locus = &examples.items.loci.unwrap()[index];
            assert_eq!(locus.end - locus.start, 1_001);
            assert_eq!(
                examples.items.sequences[index].bases(),
                &bases[locus.start as usize..locus.end as usize]
            );
            windows += 1;
            starts += examples.class(index);
        }
        groups.push(examples.items.groups.iter().copied().collect());
    }
    assert_eq!((windows, starts), (30 * 30, 3 * 30));
    assert!(
        groups[0].is_disjoint(&groups[2])
            && groups[0].is_disjoint(&groups[1])
            && groups[1].is_disjoint(&groups[2])
    );
    assert_eq!(
        groups.iter().map(std::collections::BTreeSet::len).sum::<usize>(),
        29,
        "two starts share a group"
    );
    let notes = task.spec().notes.join("\n");
    assert!(notes.contains("dropped 1 at the chromosome's end"), "{notes}");
    // The stretches of the two neighbours are 500 bases apart: windows of each hold the other's start.
    assert!(
        notes.contains("negatives hold another start") && !notes.contains("flaw: 0 negatives"),
        "{notes}"
    );
}

#[test]
fn windows_of_the_reverse_strand_are_mirrored() {
    let folder = tempfile::tempdir().unwrap();
    let settings = toy(folder.path());
    let forward = load(&PromScan::new(&settings).unwrap(), Split::Train);
    let reading = load(&PromScan::new(&Settings { reading: true, ..settings }).unwrap(), Split::Train);
    let (forward, reading) = (forward.view(), reading.view());
    let (forward, reading) = (forward.examples(), reading.examples());
    assert_eq!(forward.items.loci, reading.items.loci);
    let mut turned = 0;
    for (index, locus) in forward.items.loci.unwrap().iter().enumerate() {
        let (a, b) = (forward.items.sequences[index].bases(), reading.items.sequences[index].bases());
        if locus.strand == Some(Strand::Reverse) {
            assert_eq!(dna::reverse_complement(a), b);
            turned += 1;
        } else {
            assert_eq!(a, b);
        }
    }
    assert!(turned > 100);
}

#[test]
fn faults_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let settings = toy(folder.path());
    let fault = |settings: &Settings| PromScan::new(settings).unwrap_err().to_string();
    let far = Settings { chromosomes: vec!["chr3".into()], ..settings.clone() };
    assert_eq!(fault(&far), "no sequence is named 'chr3'");
    let one = fault(&Settings { split: SplitBy::Chromosome, ..settings.clone() });
    assert!(one.contains("would hold no"), "{one}");
    std::fs::write(&settings.promoters, "chr21\t900000\t900001\tp\t1\t+\n").unwrap();
    let past = fault(&settings);
    assert!(past.ends_with("which has 900000 bases") && past.contains("record 'p'"), "{past}");
}

/// A table in another build is lifted to the genome's and gives the same task; what cannot be lifted is counted.
#[test]
fn a_table_of_another_build_is_lifted() {
    let folder = tempfile::tempdir().unwrap();
    let settings = toy(folder.path());
    let native = PromScan::new(&settings).unwrap();
    // The other build has 500 more bases in front, and the last row lies in them.
    let table = std::fs::read_to_string(&settings.promoters).unwrap();
    let mut moved = String::new();
    for line in table.lines() {
        let fields: Vec<_> = line.split('\t').collect();
        let start: u64 = fields[1].parse().unwrap();
        writeln!(moved, "chr21\t{}\t{}\t{}\t1\t{}", start + 500, start + 501, fields[3], fields[5]).unwrap();
    }
    moved.push_str("chr21\t7\t8\tgone\t1\t+\n");
    let other = folder.path().join("other.bed");
    std::fs::write(&other, &moved).unwrap();
    let chain = folder.path().join("x.over.chain");
    std::fs::write(&chain, "chain 9 chr21 900500 + 500 900500 chr21 900000 + 0 900000 1\n900000\n").unwrap();
    let lifted = Settings { promoters: other, lift: Some(chain.clone()), ..settings.clone() };
    let task = PromScan::new(&lifted).unwrap();
    for split in Split::ALL {
        let (a, b) = (load(&native, split), load(&task, split));
        assert_eq!(a.view().examples().items.ids, b.view().examples().items.ids);
        assert_eq!(a.view().examples().items.loci, b.view().examples().items.loci);
    }
    let note = "starts lifted to the build of the genome: 31 lifted (0 onto the other strand, 0 onto another \
                chromosome), 1 deleted, 0 partly deleted, 0 split, 0 duplicated";
    assert!(task.spec().notes.iter().any(|found| found == note), "{:?}", task.spec().notes);
    assert!(!native.spec().notes.iter().any(|found| found.contains("lifted")));

    // On a stretch that was turned round, starts change their strand.
    std::fs::write(&chain, "chain 9 chr21 900500 + 500 900500 chr21 900000 - 0 900000 1\n900000\n").unwrap();
    let turned = PromScan::new(&lifted).unwrap().spec().notes.join("\n");
    assert!(turned.contains("31 lifted (31 onto the other strand"), "{turned}");

    std::fs::write(&chain, "chain 9 chr3 900 + 0 900 chr3 900 + 0 900 1\n900\n").unwrap();
    let error = PromScan::new(&lifted).unwrap_err();
    assert!(error.to_string().contains("no start can be lifted: 0 lifted"), "{error}");
}

/// EPDnew's hg38 table, lifted, against its published lifted table, both on chromosome 21 in hg19 coordinates.
#[test]
fn promoters_of_hg38_lift_onto_chromosome_21_of_hg19() {
    let (Some(genome), Some(hg38), Some(published), Some(chain)) = (
        data("genome/chr21.hg19.lifted_from_hg38.fa.gz"),
        data("promoters/epdnew006_hg38_29598.bed"),
        data("promoters/epdnew_hg38ToHg19.svMIL.bed"),
        data("chains/hg38ToHg19.over.chain.gz"),
    ) else {
        return;
    };
    let lifted = Settings { lift: Some(chain), ..Settings::new(&genome, hg38) };
    let lifted = PromScan::new(&lifted).unwrap();
    insta::assert_snapshot!("chromosome_21_lifted_from_hg38", lifted.spec().notes.join("\n"));
    let starts = |task: &PromScan| {
        let mut starts = std::collections::BTreeSet::new();
        for split in Split::ALL {
            let set = load(task, split);
            starts.extend(set.view().examples().items.ids.iter().map(|id| id >> 7));
        }
        starts
    };
    let (ours, theirs) =
        (starts(&lifted), starts(&PromScan::new(&Settings::new(genome, published)).unwrap()));
    // The published table has one start a gene, ours all of them.
    let shared = ours.intersection(&theirs).count();
    insta::assert_snapshot!(
        "lifted_against_published",
        format!("{} starts lifted here, {} published, {shared} in both", ours.len(), theirs.len())
    );
}

#[test]
fn chromosome_21_gives_the_known_windows() {
    let cases = [
        ("hg38", "genome/GRCh38.chr21.fa.gz", "promoters/human_epdnew_fH7d2.GENA_LM.bed"),
        ("hg19", "genome/chr21.hg19.lifted_from_hg38.fa.gz", "promoters/epdnew_hg38ToHg19.svMIL.bed"),
    ];
    for (build, genome, promoters) in cases {
        let (Some(genome), Some(promoters)) = (data(genome), data(promoters)) else { return };
        let task = PromScan::new(&Settings::new(genome, promoters)).unwrap();
        insta::assert_snapshot!(format!("chromosome_21_of_{build}"), task.spec().notes.join("\n"));
    }
}
