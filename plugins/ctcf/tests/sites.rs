//! CTCF on a toy genome, and on chromosome 21 and pieces of others.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fmt::Write as _;

use dlm_plugin_ctcf::{Ctcf, Cut, Preset, Settings};
use dlm_sdk::{dna, prelude::*, random::Stream};
use dlm_tests::data;

const SITE: &[u8] = b"GATTACACCATGGCAAGTC";

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

/// Peaks of another build are lifted to the genome's; what cannot be lifted is counted.
#[test]
fn peaks_of_another_build_are_lifted() {
    let folder = tempfile::tempdir().unwrap();
    let settings = toy(folder.path());
    let native = Ctcf::new(&settings).unwrap();
    let peaks = std::fs::read_to_string(&settings.peaks).unwrap();
    let mut moved = String::new();
    for line in peaks.lines() {
        let mut fields: Vec<String> = line.split('\t').map(str::to_owned).collect();
        for field in &mut fields[1..3] {
            *field = (field.parse::<u64>().unwrap() + 500).to_string();
        }
        writeln!(moved, "{}", fields.join("\t")).unwrap();
    }
    // Of 91 bases the chain holds 41.
    moved.push_str("chr21\t450\t541\t.\t0\t.\t1\t-1\t-1\t5\n");
    std::fs::write(folder.path().join("other.narrowPeak"), moved).unwrap();
    let chain = folder.path().join("x.over.chain");
    std::fs::write(&chain, "chain 9 chr21 600500 + 500 600500 chr21 600000 + 0 600000 1\n600000\n").unwrap();
    let other =
        Settings { peaks: folder.path().join("other.narrowPeak"), lift: Some(chain), ..settings.clone() };
    let task = Ctcf::new(&other).unwrap();
    assert_eq!(counts(&task), counts(&native));
    let note = task.spec().notes.iter().find(|note| note.starts_with("peaks lifted")).unwrap();
    assert!(note.contains("71 lifted (0 onto") && note.contains("1 partly deleted"), "{note}");
    // Read as they stand, none of them lies on a site.
    assert!(Ctcf::new(&Settings { lift: None, ..other }).is_err());
}

/// The hg19 peaks on chromosome 21 of hg38, lifted, against the same on its hg19 coordinates.
#[test]
fn peaks_of_hg19_lift_onto_chromosome_21_of_hg38() {
    let (Some(hg19), Some(hg38), Some(motif), Some(peaks), Some(chain)) = (
        data("genome/chr21.hg19.lifted_from_hg38.fa.gz"),
        data("genome/GRCh38.chr21.fa.gz"),
        data("ctcf/MA0139.1.pfm"),
        data("ctcf/GM12878_CTCF.ENCFF833FTF.hg19.narrowPeak.gz"),
        data("chains/hg19ToHg38.over.chain.gz"),
    ) else {
        return;
    };
    let native = counts(&Ctcf::new(&Settings::new(hg19, &motif, &peaks)).unwrap());
    let task = Ctcf::new(&Settings { lift: Some(chain), ..Settings::new(hg38, motif, peaks) }).unwrap();
    let lifted = counts(&task);
    let note = task.spec().notes.iter().find(|note| note.starts_with("peaks lifted")).unwrap();
    insta::assert_snapshot!(
        "gm12878_lifted",
        format!("{note}\nsites and bound ones: {native:?} native, {lifted:?} lifted")
    );
}

/// HepG2, the cell line of the paper, on pieces of chromosomes that its experiment kept.
#[test]
fn hepg2_is_bound_on_pieces_of_its_chromosomes() {
    let (Some(motif), Some(peaks)) =
        (data("ctcf/MA0139.1.pfm"), data("ctcf/ChIPseq.HepG2.CTCF.conservative.train.hg19.narrowPeak.gz"))
    else {
        return;
    };
    let mut seen = String::new();
    for (name, first) in [("chr3", 42_000_000), ("chr4", 103_000_000), ("chr5", 124_000_000_u64)] {
        let Some(piece) = data(&format!("genome/{name}.{}M.fa.gz", first / 1_000_000)) else { return };
        let folder = tempfile::tempdir().unwrap();
        let rows = piece_of(&peaks, name, first);
        std::fs::write(folder.path().join("p.narrowPeak"), &rows).unwrap();
        let genome = dlm_genome::Genome::open(&piece).unwrap();
        let bases = String::from_utf8(genome.records()[0].bases().to_vec()).unwrap();
        std::fs::write(folder.path().join("g.fa"), format!(">{name}\n{bases}\n")).unwrap();
        let settings = Settings {
            split: dlm_dataset::SplitBy::Random,
            cut: Cut::PValue(1e-4),
            ..Settings::new(folder.path().join("g.fa"), &motif, folder.path().join("p.narrowPeak"))
        };
        let sites = Ctcf::new(&settings).map(|task| counts(&task)).map_err(|error| error.to_string());
        writeln!(seen, "{name}: {} peaks, sites and bound ones {sites:?}", rows.lines().count()).unwrap();
    }
    insta::assert_snapshot!("hepg2", seen);
}

/// Returns the peaks that lie whole in two megabases from a base counted from one, counted from there.
fn piece_of(peaks: &std::path::Path, name: &str, first: u64) -> String {
    let mut rows = String::new();
    for peak in dlm_genome::narrow_peak::Reader::open(peaks).unwrap() {
        let peak = peak.unwrap();
        let (place, before) = (peak.interval(), first - 1);
        if place.chromosome() == name && place.start() >= before && place.end() <= before + 2_000_001 {
            let (start, end) = (place.start() - before, place.end() - before);
            writeln!(rows, "{name}\t{start}\t{end}\t.\t0\t.\t1\t-1\t-1\t0").unwrap();
        }
    }
    rows
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
        data("genome/chr21.hg19.lifted_from_hg38.fa.gz"),
        data("ctcf/MA0139.1.pfm"),
        data("ctcf/GM12878_CTCF.ENCFF833FTF.hg19.narrowPeak.gz"),
    ) else {
        return;
    };
    let settings = Settings::new(&genome, &motif, peaks);
    let paper = Ctcf::new(&settings).unwrap();
    insta::assert_snapshot!("gm12878", paper.spec().notes.join("\n"));
    let tutorial = Ctcf::new(&Settings { preset: Preset::Tutorial, ..settings.clone() }).unwrap();
    insta::assert_snapshot!("gm12878_tutorial", tutorial.spec().notes.join("\n"));
    let Some(hepg2) = data("ctcf/ChIPseq.HepG2.CTCF.conservative.train.hg19.narrowPeak.gz") else { return };
    let fault = Ctcf::new(&Settings::new(genome, motif, hepg2)).unwrap_err();
    assert!(fault.to_string().ends_with("no peak lies on chr21"), "{fault}");
}
