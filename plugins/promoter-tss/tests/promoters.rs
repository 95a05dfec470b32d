//! The task on a drawn genome, and on chromosome 21 where it is at hand.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking and says what it skips")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use dlm_genome::Genome;
use dlm_plugin_promoter_tss as _;
use dlm_sdk::{Registry, Result, Split, Strand, Task, conformance, dna, random::Stream};
use dlm_tests::data;

fn task(genome: &Path, tss: &Path, options: &str) -> Result<Box<dyn Task>> {
    let mut registry = Registry::builtin()?;
    registry.share("genome", genome.to_string_lossy());
    registry.share("tss", tss.to_string_lossy());
    registry.task(&format!("promoter-tss{options}"))
}

/// Draws a chromosome of 5.5 Mb, 200 genes at a distance of 20 kb and more, and writes both down.
fn drawn(folder: &Path) -> (PathBuf, PathBuf) {
    let mut stream = Stream::new(5, "genome");
    let mut bases: Vec<u8> = (0..5_500_000).map(|_| dna::BASES[stream.below(4)]).collect();
    bases[3_000_000..3_050_000].fill(b'N');
    let (fasta, bed) = (folder.join("genome.fa"), folder.join("tss.bed"));
    fs::write(&fasta, [b">21 drawn\n", bases.as_slice(), b"\n"].concat()).unwrap();
    let mut rows = String::new();
    for gene in 0..200 {
        let at = 10_000 + gene * 25_000 + stream.below(5_000);
        let strand = if gene % 2 == 0 { '+' } else { '-' };
        let kind = if gene % 4 == 0 { "lncRNA" } else { "protein_coding" };
        writeln!(rows, "chr21\t{at}\t{}\tG{gene}|{kind}\t0\t{strand}", at + 1).unwrap();
    }
    fs::write(&bed, rows).unwrap();
    (fasta, bed)
}

fn failure(genome: &Path, tss: &Path, options: &str) -> (String, String) {
    let error = task(genome, tss, options).unwrap_err();
    (error.chain(), error.hint().unwrap_or_default().to_owned())
}

#[test]
fn all_forms_hold_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    let (genome, tss) = drawn(folder.path());
    for split in ["grouped", "paper"] {
        for negatives in ["gc", "dinucleotide"] {
            let task = task(&genome, &tss, &format!(",split={split},negatives={negatives}")).unwrap();
            conformance::task(&*task).assert();
            assert!(task.spec().strand_specific);
            assert_eq!(task.spec().primary().id(), "mcc");
        }
    }
    let note = &task(&genome, &tss, "").unwrap().spec().notes.join("\n");
    assert!(note.contains("chr21 for 21"), "{note}");
    assert!(note.contains("2 with N"), "{note}");
}

#[test]
fn windows_are_where_they_say_and_blocks_are_whole() {
    let folder = tempfile::tempdir().unwrap();
    let (genome, tss) = drawn(folder.path());
    let task = task(&genome, &tss, "").unwrap();
    let genome = Genome::open(genome).unwrap();
    let held = task.held_out().unwrap();
    assert!(held.iter().all(|block| block.start % 1_000_000 == 0 && block.end - block.start >= 1_000_000));
    for split in Split::ALL {
        let set = task.collect(split).unwrap();
        let view = set.view();
        let examples = view.examples();
        for (index, locus) in examples.items.loci.unwrap().iter().enumerate() {
            let piece = &genome.bases("21").unwrap()[locus.start as usize..locus.end as usize];
            let expected = match locus.strand.unwrap() {
                Strand::Forward => piece.to_vec(),
                Strand::Reverse => dna::reverse_complement(piece),
            };
            assert_eq!(examples.items.sequences[index].bases(), expected);
            let inside = held.iter().any(|block| block.start <= locus.start && locus.end <= block.end);
            let touched = held.iter().any(|block| block.start < locus.end && locus.start < block.end);
            assert_eq!((inside, touched), (split != Split::Train, split != Split::Train));
        }
    }
}

#[test]
fn a_twin_stays_with_its_promoter() {
    let folder = tempfile::tempdir().unwrap();
    let (genome, tss) = drawn(folder.path());
    for options in [",negatives=dinucleotide", ",negatives=dinucleotide,split=paper"] {
        let task = task(&genome, &tss, options).unwrap();
        for split in Split::ALL {
            let set = task.collect(split).unwrap();
            let view = set.view();
            let mut places: BTreeMap<u64, BTreeSet<usize>> = BTreeMap::new();
            for (locus, class) in view.examples().items.loci.unwrap().iter().zip(view.examples().classes()) {
                places.entry(locus.start).or_default().insert(class);
            }
            assert!(places.values().all(|classes| classes.len() == 2));
        }
    }
}

#[test]
fn seeds_move_blocks_and_negatives() {
    let folder = tempfile::tempdir().unwrap();
    let (genome, tss) = drawn(folder.path());
    let test = |options: &str| task(&genome, &tss, options).unwrap().collect(Split::Test).unwrap();
    assert_eq!(test(",seed=1"), test(",seed=1"));
    assert_ne!(test(",split=paper"), test(",split=paper,seed=1"));
    assert_ne!(test(",kinds=lncRNA,split=paper").len(), test(",split=paper").len());
}

#[test]
fn faults_say_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let (genome, tss) = drawn(folder.path());
    let other = folder.path().join("other.bed");
    let (chain, hint) = failure(&genome, &tss, ",split=random");
    assert!(chain.contains("option split: \"random\"") && hint == "it is paper or grouped", "{chain} {hint}");
    assert!(failure(&genome, &tss, ",chromosome=5").0.contains("no sequence is named '5'"));
    assert_eq!(failure(&genome, &tss, ",kinds=snRNA").1, "the table names chr21, the genome 21");
    fs::write(&other, "chr7\t1000\t1001\tA\t0\t+\n").unwrap();
    assert!(failure(&genome, &other, "").0.contains("no start of the chosen chromosomes"));
    fs::write(&other, "21\t9999999\t10000000\tA\t0\t+\n").unwrap();
    let (chain, hint) = failure(&genome, &other, "");
    assert!(chain.contains("line 1: the start lies past the end of 21") && hint.contains("hg19"), "{chain}");
    fs::write(&other, "21\t10000\t10001\tA\t0\t+\n21\t20000\t20001\tB\t0\t+\n").unwrap();
    let (chain, hint) = failure(&genome, &other, "");
    assert!(chain.contains("would hold no promoter") && hint.contains("split=paper"), "{chain} {hint}");
    let error = Registry::builtin().unwrap().task("promoter-tss").unwrap_err();
    assert!(error.hint().unwrap().contains("--genome"));
}

#[test]
fn chromosome_21_gives_promoters() {
    let (Some(genome), Some(tss)) =
        (data("genome/GRCh38.chr21.fa.gz"), data("annotation/genes/hg38/tss.all.bed.gz"))
    else {
        return;
    };
    let task = task(&genome, &tss, "").unwrap();
    conformance::task(&*task).assert();
    println!("{:#?}", task.spec().notes);
    let sizes = Split::ALL.map(|split| task.collect(split).unwrap().len());
    println!("{sizes:?}");
    let total: usize = sizes.iter().sum();
    for (size, share) in sizes.into_iter().zip([0.7, 0.1, 0.2]) {
        assert!((size as f64 / total as f64 - share).abs() < 0.02, "{sizes:?}");
    }
    for split in Split::ALL {
        let set = task.collect(split).unwrap();
        let gc = |class: usize| {
            let view = set.view();
            let examples = view.examples();
            let of: Vec<&[u8]> = (0..examples.len())
                .filter(|&index| examples.class(index) == class)
                .map(|index| examples.items.sequences[index].bases())
                .collect();
            let count = |bases: &&[u8]| bases.iter().filter(|base| b"GC".contains(base)).count();
            of.iter().map(count).sum::<usize>() as f64 / (300 * of.len()) as f64
        };
        println!("{}: G+C {:.4} of negatives, {:.4} of promoters", split.name(), gc(0), gc(1));
        assert!((gc(0) - gc(1)).abs() < 0.002, "G+C tells the classes of {} apart", split.name());
    }
}
