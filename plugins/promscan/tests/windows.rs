//! `PromScan` on a toy genome, and on chromosome 21.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{fmt::Write as _, path::PathBuf};

use dlm_dataset::SplitBy;
use dlm_plugin_promscan::{PromScan, Settings};
use dlm_sdk::{dna, prelude::*, random::Stream};

/// Returns a file of real data, or says that the test is skipped.
#[expect(clippy::print_stdout, reason = "a skipped test says so")]
fn real(name: &str) -> Option<PathBuf> {
    let root = std::env::var_os("DLM_TEST_DATA").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let path = root.join(name);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: no {name} under {}", root.display());
    None
}

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

#[test]
fn chromosome_21_gives_the_known_windows() {
    let cases = [
        ("hg38", "genome/GRCh38.chr21.fa.gz", "promoters/human_epdnew_fH7d2.GENA_LM.bed"),
        ("hg19", "genome/chr21.hg19.lifted_from_hg38.fa.gz", "promoters/epdnew_hg38ToHg19.svMIL.bed"),
    ];
    for (build, genome, promoters) in cases {
        let (Some(genome), Some(promoters)) = (real(genome), real(promoters)) else { return };
        let task = PromScan::new(&Settings::new(genome, promoters)).unwrap();
        insta::assert_snapshot!(format!("chromosome_21_of_{build}"), task.spec().notes.join("\n"));
    }
}
