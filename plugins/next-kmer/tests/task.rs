//! The task on a made-up genome and on chromosome 21.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::{io::Write as _, path::Path};

use dlm_plugin_controls as _;
use dlm_plugin_next_kmer::{Form, NextKmer, Settings};
use dlm_sdk::{dna, metrics::Outcome, prelude::*, random::Stream};
use dlm_tests::data;
use ndarray::Array2;
use tempfile::NamedTempFile;

fn random_bases(seed: u64, length: usize) -> Vec<u8> {
    let mut stream = Stream::new(seed, "bases");
    (0..length).map(|_| dna::BASES[stream.below(4)]).collect()
}

/// Writes two sequences; the first begins and the second breaks with N.
fn genome() -> (NamedTempFile, Vec<u8>, Vec<u8>) {
    let mut one = random_bases(1, 600_000);
    one[..100_000].fill(b'N');
    let mut two = random_bases(2, 200_000);
    two[70_003] = b'N';
    let mut file = NamedTempFile::new().unwrap();
    for (name, bases) in [("one", &one), ("two", &two)] {
        writeln!(file, ">{name} made up").unwrap();
        file.write_all(bases).unwrap();
        writeln!(file).unwrap();
    }
    file.flush().unwrap();
    (file, one, two)
}

fn settings(path: &Path, split: SplitKind) -> Settings {
    let mut settings = Settings::new(6, path);
    settings.split = split;
    settings.samples = 5_000;
    settings
}

#[test]
fn both_splits_and_forms_conform() {
    let (file, ..) = genome();
    for split in [SplitKind::Paper, SplitKind::Grouped] {
        for form in [Form::Segments, Form::Windows510] {
            let mut settings = settings(file.path(), split);
            settings.form = form;
            let task = NextKmer::new(&settings).unwrap();
            dlm_sdk::conformance::task(&task).assert();
        }
    }
}

#[test]
fn an_example_is_what_stands_at_its_locus() {
    let (file, one, two) = genome();
    for k in 2..=6 {
        let mut settings = settings(file.path(), SplitKind::Grouped);
        settings.k = k;
        let task = NextKmer::new(&settings).unwrap();
        assert_eq!(task.spec().continuation, Some(k));
        assert_eq!(task.spec().metrics[0], Metric::Accuracy);
        let set = (&task as &dyn Task).collect(Split::Test).unwrap();
        let view = set.view();
        let examples = view.examples();
        for (index, locus) in examples.items.loci.unwrap().iter().enumerate() {
            let bases = if &*locus.chromosome == "one" { &one } else { &two };
            let (start, end) = (locus.start as usize, locus.end as usize);
            assert_eq!(examples.items.sequences[index].bases(), &bases[start..end]);
            assert_eq!((start % 56, end - start), (0, 50));
            let class = dna::kmer_index(&bases[end..end + k as usize]).unwrap();
            assert_eq!(examples.class(index) as u64, class);
            assert_eq!(task.spec().class_names[class as usize].as_bytes(), &bases[end..end + k as usize]);
        }
    }
}

#[test]
fn grouped_parts_lie_a_kilobase_apart_and_held_out_covers_them() {
    let (file, ..) = genome();
    let task = NextKmer::new(&settings(file.path(), SplitKind::Grouped)).unwrap();
    let held_out = (&task as &dyn Task).held_out().unwrap();
    assert_eq!(held_out.len(), 4);
    let loci =
        |split| (&task as &dyn Task).collect(split).unwrap().view().examples().items.loci.unwrap().to_vec();
    let inside = |locus: &Locus, margin: u64| {
        held_out.iter().any(|held| {
            held.chromosome == locus.chromosome
                && held.start < locus.end + margin
                && locus.start < held.end + margin
        })
    };
    assert!(loci(Split::Train).iter().all(|locus| !inside(locus, 990)));
    for split in [Split::Validation, Split::Test] {
        for locus in loci(split) {
            assert!(held_out.iter().any(|held| {
                held.chromosome == locus.chromosome && held.start <= locus.start && locus.end <= held.end
            }));
        }
    }
    let paper = NextKmer::new(&settings(file.path(), SplitKind::Paper)).unwrap();
    assert!((&paper as &dyn Task).held_out().unwrap().is_empty());
}

#[test]
fn ids_are_places_on_the_grid_and_the_seed_decides_the_draw() {
    let (file, ..) = genome();
    let ids = |k: u32, seed: u64| {
        let mut settings = settings(file.path(), SplitKind::Paper);
        (settings.k, settings.seed) = (k, seed);
        let task = NextKmer::new(&settings).unwrap();
        Split::ALL.map(|split| {
            let set = (&task as &dyn Task).collect(split).unwrap();
            let view = set.view();
            let examples = view.examples();
            for (id, locus) in examples.items.ids.iter().zip(examples.items.loci.unwrap()) {
                assert_eq!((id & 0xffff_ffff) * 56, locus.start);
                assert_eq!(id >> 32, u64::from(&*locus.chromosome == "two"));
            }
            examples.items.ids.to_vec()
        })
    };
    let drawn = ids(6, 0);
    assert_eq!(drawn.each_ref().map(Vec::len), [3_600, 400, 1_000]);
    assert_eq!(drawn, ids(3, 0), "k changes the answer, not the draw");
    assert_ne!(drawn, ids(6, 1));
}

#[test]
fn more_samples_than_there_are_takes_all_and_says_so() {
    let (file, one, two) = genome();
    let mut settings = settings(file.path(), SplitKind::Paper);
    settings.samples = 1_000_000;
    let task = NextKmer::new(&settings).unwrap();
    let drawn: usize =
        Split::ALL.map(|split| (&task as &dyn Task).collect(split).unwrap().len()).iter().sum();
    let known = |bases: &[u8]| bases.chunks_exact(56).filter(|piece| !piece.contains(&b'N')).count();
    assert_eq!(drawn, known(&one) + known(&two));
    assert!(task.spec().notes.iter().any(|note| note.contains("1000000 samples were asked for")));
    settings.chromosomes = vec!["two".to_owned()];
    let task = NextKmer::new(&settings).unwrap();
    let set = (&task as &dyn Task).collect(Split::Train).unwrap();
    assert!(set.view().examples().items.loci.unwrap().iter().all(|locus| &*locus.chromosome == "two"));
}

#[test]
fn what_is_wrong_is_said() {
    let (file, ..) = genome();
    let mut registry = Registry::builtin().unwrap();
    let fails = |registry: &Registry, spec: &str, text: &str| {
        let error = registry.task(spec).err().unwrap_or_else(|| panic!("{spec} was made"));
        assert_eq!(error.kind(), ErrorKind::Invalid, "{}", error.chain());
        assert!(error.chain().contains(text), "{}", error.chain());
    };
    fails(&registry, "next-kmer:6", "needs a genome");
    registry.share("genome", file.path().display().to_string());
    fails(&registry, "next-kmer", "k is missing");
    fails(&registry, "next-kmer:7", "not from 2 to 6");
    fails(&registry, "next-kmer:six", "no number");
    fails(&registry, "next-kmer:6,split=blocks", "no split is called");
    fails(&registry, "next-kmer:6,form=long", "form");
    fails(&registry, "next-kmer:6,chromosome=three", "three");
    fails(&registry, "next-kmer:6,samples=3", "do not fill three splits");
    fails(&registry, "next-kmer:6,genome=/no/such/file", "/no/such/file");
    assert_eq!(registry.task("next-kmer:2").unwrap().spec().name, "next-kmer:2");
}

#[test]
fn the_n_gram_passes_published_models_on_chromosome_21() {
    let Some(path) = data("genome/GRCh38.chr21.fa.gz") else { return };
    let mut registry = Registry::builtin().unwrap();
    registry.share("genome", path.display().to_string());
    // A sixth of the draw that docs/controls.md reports, so that the test stays short; `examples/reference.rs` runs all.
    for (split, floor) in [("paper", 0.03), ("grouped", 0.015)] {
        let task = registry.task(&format!("next-kmer:6,samples=80000,split={split}")).unwrap();
        let all = if split == "paper" { "of 715820 N-free" } else { "N-free" };
        assert!(task.spec().notes[0].contains(all), "{:?}", task.spec().notes);
        let [train, validation, test] = Split::ALL.map(|split| task.collect(split).unwrap());
        // Every fourth, since examples stand by position and repeats do not lie evenly.
        let test = test.subset(&(0..test.len()).step_by(4).collect::<Vec<_>>());
        let (train, validation, test) = (train.view(), validation.view(), test.view());
        let accuracy = |baseline: &str| {
            let baseline = registry.baseline(baseline).unwrap();
            let mut fitted =
                baseline.fit(task.spec(), train.examples(), Some(validation.examples()), 0).unwrap();
            let examples = test.examples();
            let mut scores = Array2::zeros((examples.len(), 4_096));
            fitted.predict(examples.items, scores.view_mut()).unwrap();
            let right = examples.classes().zip(scores.rows()).filter(|(class, row)| {
                let outcome = Outcome::new(*class, *row);
                outcome.target == outcome.predicted
            });
            right.count() as f64 / examples.len() as f64
        };
        let (ngram, majority) = (accuracy("ngram:12"), accuracy("majority"));
        println!("{split}: ngram {ngram}, majority {majority}");
        assert!(majority < 0.006, "{split}: {majority}");
        assert!(ngram > floor, "{split}: {ngram}");
    }
}

#[test]
fn chromosome_21_has_the_known_number_of_pieces() {
    for (file, form, pieces) in [
        ("genome/GRCh38.chr21.fa.gz", Form::Segments, 715_820),
        ("genome/chr21.hg19.lifted_from_hg38.fa.gz", Form::Segments, 626_697),
        ("genome/chr21.hg19.lifted_from_hg38.fa.gz", Form::Windows510, 68_668),
    ] {
        let Some(path) = data(file) else { return };
        let mut settings = settings(&path, SplitKind::Paper);
        settings.form = form;
        let task = NextKmer::new(&settings).unwrap();
        assert!(task.spec().notes[0].contains(&format!("of {pieces} N-free")), "{:?}", task.spec().notes);
    }
}
