//! CTCF on a toy genome, and on chromosome 21 and pieces of others.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{fmt::Write as _, path::PathBuf};

use dlm_plugin_ctcf::{Ctcf, Cut, Preset, Settings};
use dlm_sdk::{dna, prelude::*, random::Stream};

const SITE: &[u8] = b"GATTACACCATGGCAAGTC";

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

/// A chromosome with a site every 5 kb, every other one under one peak, every tenth under a second.
fn toy(folder: &std::path::Path) -> Settings {
    let mut stream = Stream::new(5, "toy");
    let mut bases: Vec<u8> = (0..600_000).map(|_| dna::BASES[stream.below(4)]).collect();
    let mut peaks = String::new();
    for (index, start) in (5_000..595_000).step_by(5_000).enumerate() {
        let site = if index % 3 == 0 { dna::reverse_complement(SITE) } else { SITE.to_vec() };
        bases[start..start + SITE.len()].copy_from_slice(&site);
        for peak in 0..usize::from(index % 2 == 0) + usize::from(index % 10 == 0) {
            let (from, to) = (start - 90 + peak, start + 1 + peak);
            writeln!(peaks, "chr21\t{from}\t{to}\t.\t0\t.\t1\t-1\t-1\t5").unwrap();
        }
    }
    std::fs::write(folder.join("g.fa"), [b">21\n", bases.as_slice(), b"\n"].concat()).unwrap();
    std::fs::write(folder.join("p.narrowPeak"), peaks).unwrap();
    let rows: Vec<String> = b"ACGT"
        .iter()
        .map(|base| SITE.iter().map(|own| if own == base { "97 " } else { "1 " }).collect::<String>())
        .collect();
    std::fs::write(folder.join("m.pfm"), format!(">M\n{}\n", rows.join("\n"))).unwrap();
    Settings {
        cut: Cut::PValue(1e-9),
        ..Settings::new(folder.join("g.fa"), folder.join("m.pfm"), folder.join("p.narrowPeak"))
    }
}

fn counts(task: &Ctcf) -> (usize, usize) {
    let sets = Split::ALL.map(|split| load(task, split));
    let bound = |set: &ExampleSet| set.view().examples().classes().sum::<usize>();
    (sets.iter().map(ExampleSet::len).sum(), sets.iter().map(bound).sum())
}

#[test]
fn a_site_under_a_peak_is_bound() {
    let folder = tempfile::tempdir().unwrap();
    let settings = toy(folder.path());
    let task = Ctcf::new(&settings).unwrap();
    assert_eq!(counts(&task), (118, 59));
    for split in Split::ALL {
        let set = load(&task, split);
        let view = set.view();
        let examples = view.examples();
        for (index, locus) in examples.items.loci.unwrap().iter().enumerate() {
            let bases = examples.items.sequences[index].bases();
            let site = &bases[491..510];
            let read = if locus.strand == Some(Strand::Reverse) {
                dna::reverse_complement(site)
            } else {
                site.to_vec()
            };
            assert_eq!((bases.len(), read.as_slice()), (1_000, SITE));
            assert_eq!(examples.class(index) == 1, (locus.start + 491) / 5_000 % 2 == 1);
        }
    }
    // The notebook counts a site once a peak.
    let tutorial = Ctcf::new(&Settings { preset: Preset::Tutorial, ..settings.clone() }).unwrap();
    assert_eq!(counts(&tutorial), (118 + 12, 59 + 12));
    let stored = Ctcf::new(&Settings { cut: Cut::Stored(1_000.try_into().unwrap()), ..settings }).unwrap();
    assert!(counts(&stored).0 >= 118 && stored.spec().notes[0].contains("a store of 1000"));
}

#[test]
fn faults_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let settings = toy(folder.path());
    let fault = |settings: &Settings| Ctcf::new(settings).unwrap_err().to_string();
    let peaks = std::fs::read_to_string(&settings.peaks).unwrap();
    std::fs::write(&settings.peaks, peaks.replace("chr21", "chr8")).unwrap();
    let message = fault(&settings);
    assert!(message.ends_with("p.narrowPeak: no peak lies on 21"), "{message}");
    let message = fault(&Settings { allow_empty: true, ..settings.clone() });
    assert!(message.ends_with("no peak lies on 21"), "no sequence at all has a peak: {message}");

    // One sequence of two without a peak is an error, unless it is allowed.
    std::fs::write(&settings.peaks, &peaks).unwrap();
    let genome = std::fs::read_to_string(&settings.genome).unwrap();
    std::fs::write(&settings.genome, format!("{genome}>22\n{}\n", "ACGT".repeat(2_000))).unwrap();
    assert!(fault(&settings).ends_with("no peak lies on 22"));
    let allowed = Ctcf::new(&Settings { allow_empty: true, ..settings.clone() }).unwrap();
    assert!(allowed.spec().notes.iter().any(|note| note.starts_with("warning: no peak lies on 22")));

    // A split without a bound site is an error and never a score.
    let first = peaks.lines().next().unwrap();
    std::fs::write(&settings.peaks, format!("{first}\n")).unwrap();
    let few = fault(&Settings { chromosomes: vec!["chr21".into()], ..settings.clone() });
    assert!(few.contains("would hold no bound site"), "{few}");

    std::fs::write(&settings.motif, ">A\n1\n1\n1\n1\n>B\n1\n1\n1\n1\n").unwrap();
    assert!(fault(&settings).ends_with("m.pfm: holds 2 motifs, not one"));
}

#[test]
fn chromosome_21_gives_the_known_sites() {
    let (Some(genome), Some(motif), Some(peaks)) = (
        real("genome/chr21.hg19.lifted_from_hg38.fa.gz"),
        real("ctcf/MA0139.1.pfm"),
        real("ctcf/GM12878_CTCF.ENCFF833FTF.hg19.narrowPeak.gz"),
    ) else {
        return;
    };
    let settings = Settings::new(&genome, &motif, peaks);
    let paper = Ctcf::new(&settings).unwrap();
    insta::assert_snapshot!("gm12878", paper.spec().notes.join("\n"));
    let tutorial = Ctcf::new(&Settings { preset: Preset::Tutorial, ..settings.clone() }).unwrap();
    insta::assert_snapshot!("gm12878_tutorial", tutorial.spec().notes.join("\n"));
    let Some(hepg2) = real("ctcf/ChIPseq.HepG2.CTCF.conservative.train.hg19.narrowPeak.gz") else { return };
    let fault = Ctcf::new(&Settings::new(genome, motif, hepg2)).unwrap_err();
    assert!(fault.to_string().ends_with("no peak lies on chr21"), "{fault}");
}
