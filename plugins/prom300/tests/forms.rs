//! The forms of Prom300, and what methods without a model reach on them.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{collections::BTreeSet, fmt::Write as _, ops::ControlFlow, sync::Arc};

use dlm_plugin_bpe::{Bpe, Trainer};
use dlm_plugin_controls::Canonical;
use dlm_plugin_kmer::FixedKmers;
use dlm_plugin_prom300::{Form, Prom300, Settings, Shuffle, Tokens};
use dlm_plugin_tfidf::{TfIdfForest, WordRule};
use dlm_sdk::{dna, prelude::*, random::Stream};
use dlm_tests::data;

/// Collects a split.
fn load(task: &dyn Task, split: Split) -> ExampleSet {
    task.collect(split).unwrap()
}

/// A chromosome of random bases with 400 starts, a byte-pair vocabulary learned from it, and settings.
fn toy(folder: &std::path::Path) -> (Settings, Bpe, Vec<u8>) {
    let mut stream = Stream::new(5, "toy");
    let bases: Vec<u8> = (0..1_200_000).map(|_| dna::BASES[stream.below(4)]).collect();
    std::fs::write(folder.join("g.fa"), [b">1\n", bases.as_slice(), b"\n"].concat()).unwrap();
    let mut table = String::new();
    for index in 0..400 {
        let (position, strand) = (3_000 * index + 700, if index % 2 == 0 { '+' } else { '-' });
        writeln!(table, "chr1\t{position}\t{}\tp{index}\t1\t{strand}", position + 1).unwrap();
    }
    table.push_str("chr1\t100\t101\tend\t1\t+\nchr1\t700\t701\tagain\t1\t+\n");
    std::fs::write(folder.join("p.bed"), table).unwrap();
    let trainer = Trainer { merges: 300, ..Trainer::default() };
    let bpe = trainer.train(&[&bases], &mut |_| ControlFlow::Continue(())).unwrap().bpe().unwrap();
    // Every start is within 10 kb of the next, so that whole groups cannot be split.
    let settings = Settings {
        split: dlm_dataset::SplitBy::Random,
        ..Settings::new(folder.join("g.fa"), folder.join("p.bed"))
    };
    (settings, bpe, bases)
}

/// An example: id, bases, token ends, place.
type Member = (u64, Vec<u8>, Option<Vec<u32>>, Locus);

/// Returns promoters and negatives in the order of their ids, with their loci.
fn pairs(task: &Prom300) -> Vec<[Member; 2]> {
    let mut all = Vec::new();
    for split in Split::ALL {
        let set = load(task, split);
        let view = set.view();
        let items = view.examples().items;
        for index in 0..items.len() {
            let cuts = items.cuts.map(|cuts| cuts[index].to_vec());
            let bases = items.sequences[index].bases().to_vec();
            all.push((items.ids[index], bases, cuts, items.loci.unwrap()[index].clone()));
            assert_eq!(view.examples().class(index) as u64, items.ids[index] & 1);
        }
    }
    all.sort_by_key(|(id, ..)| *id);
    all.chunks(2).map(|pair| [pair[1].clone(), pair[0].clone()]).collect()
}

fn tokens(bases: &[u8], cuts: &[u32]) -> Vec<Vec<u8>> {
    let starts = std::iter::once(0).chain(cuts.iter().copied());
    starts.zip(cuts).map(|(start, &end)| bases[start as usize..end as usize].to_vec()).collect()
}

/// Returns the Matthews correlation of a fitted method on test.
fn mcc(task: &Prom300, baseline: &dyn Baseline) -> f64 {
    let sets = Split::ALL.map(|split| load(task, split));
    let [train, validation, test] = sets.each_ref().map(ExampleSet::view);
    let mut fitted = baseline.fit(task.spec(), train.examples(), Some(validation.examples()), 0).unwrap();
    let mut scores = ndarray::Array2::zeros((test.examples().len(), 2));
    fitted.predict(test.examples().items, scores.view_mut()).unwrap();
    let mut table = [[0.0_f64; 2]; 2];
    for (class, row) in test.examples().classes().zip(scores.rows()) {
        table[class][usize::from(row[1] > row[0])] += 1.0;
    }
    let [[tn, fp], [fal, tp]] = table;
    let product = (tp + fp) * (tp + fal) * (tn + fp) * (tn + fal);
    if product == 0.0 { 0.0 } else { (tp * tn - fp * fal) / product.sqrt() }
}

#[test]
fn negatives_are_what_their_form_says() {
    let folder = tempfile::tempdir().unwrap();
    let (settings, bpe, genome) = toy(folder.path());
    let of = |form| Prom300::new(&Settings { form, ..settings.clone() }, Some(&bpe)).unwrap();
    let (paper, again) = (of(Form::Paper), pairs(&of(Form::Retokenized)));
    assert!(paper.spec().notes[0].contains("dropped 1 off the chromosome, 0 with N, 1 copies"));
    let paper = pairs(&paper);
    assert_eq!(paper.len(), 400);
    let mut short = 0;
    for ([promoter, negative], again) in paper.iter().zip(&again) {
        let (own, shuffled) = (
            tokens(&promoter.1, promoter.2.as_ref().unwrap()),
            tokens(&negative.1, negative.2.as_ref().unwrap()),
        );
        assert_ne!(own, shuffled);
        let sorted = |mut tokens: Vec<Vec<u8>>| {
            tokens.sort();
            tokens
        };
        assert_eq!(sorted(own), sorted(shuffled));
        assert_eq!(promoter.3, negative.3);
        // Whole tokens of the window, as the genome has it.
        let window = &genome[promoter.3.start as usize..promoter.3.end as usize];
        assert!(window.len() == 300 && window.windows(promoter.1.len()).any(|part| part == promoter.1));
        short += usize::from(promoter.1.len() < 300);
        assert_eq!((&promoter.1, &negative.1), (&again[0].1, &again[1].1));
        assert_eq!(again[0].2, None);
    }
    assert!(short > 100, "tokens do not end where windows do");

    let count = |bases: &[u8]| {
        let mut pairs: Vec<&[u8]> = bases.windows(2).collect();
        pairs.sort_unstable();
        pairs.concat()
    };
    for [promoter, negative] in pairs(&of(Form::Dinucleotide)) {
        assert!(promoter.1 != negative.1 && count(&promoter.1) == count(&negative.1));
    }
    // Starts lie too close here for windows that are far from all.
    let error = Prom300::new(&Settings { form: Form::Genomic, ..settings.clone() }, None).unwrap_err();
    assert!(error.to_string().contains("400 without a negative"), "{error}");
    std::fs::write(&settings.promoters, "chr1\t500000\t500001\ta\t1\t+\nchr1\t520000\t520001\tb\t1\t-\n")
        .unwrap();
    let error = Prom300::new(&Settings { form: Form::Genomic, ..settings }, None).unwrap_err();
    assert!(error.to_string().contains("would hold no"), "two pairs do not fill three splits: {error}");
}

/// The published form asks whether a tokenizer could have written a sequence: the rule that checks it needs no model, and
/// counting tokens tells nothing. Without fixed boundaries the rule has nothing to hold on to.
#[test]
fn the_canonical_rule_solves_the_published_form_and_token_counts_do_not() {
    let folder = tempfile::tempdir().unwrap();
    let (settings, bpe, _) = toy(folder.path());
    let bpe: Arc<dyn Tokenizer> = Arc::new(bpe);
    let canonical = Canonical::new("canonical", Arc::clone(&bpe), 0);
    let paper = Prom300::new(&settings, Some(&*bpe)).unwrap();
    assert!(mcc(&paper, &canonical) > 0.9995, "{}", mcc(&paper, &canonical));
    let retokenized =
        Prom300::new(&Settings { form: Form::Retokenized, ..settings.clone() }, Some(&*bpe)).unwrap();
    let set = load(&retokenized, Split::Train);
    let error = canonical.fit(retokenized.spec(), set.view().examples(), None, 0).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Unsupported);

    // Twins have the same features: with both on one side every pair is one hit and one miss.
    let grouped = grouped(folder.path(), &bpe, Form::Paper);
    let forest = TfIdfForest::new("tfidf", Arc::clone(&bpe), vec![30], WordRule::Sklearn).unwrap();
    assert!(mcc(&grouped, &forest).abs() < 1e-9, "{}", mcc(&grouped, &forest));
    assert!(mcc(&grouped, &canonical) > 0.9995);
}

/// Tokens of the genome that lie whole in a window are cut again as they were, to the last one, in both directions.
#[test]
fn promoters_are_always_canonical() {
    let folder = tempfile::tempdir().unwrap();
    let (settings, bpe, _) = toy(folder.path());
    for (reading, tokens) in [(false, Tokens::Genome), (true, Tokens::Genome), (true, Tokens::Window)] {
        let task = Prom300::new(&Settings { reading, tokens, ..settings.clone() }, Some(&bpe)).unwrap();
        let mut negatives = 0;
        for [promoter, negative] in pairs(&task) {
            let again = |(_, bases, cuts, _): &Member| {
                let batch = bpe.batch(&[Sequence::new(bases)]).unwrap();
                let own: Vec<u32> = batch.row(0).spans.iter().map(|span| span.end).collect();
                own == *cuts.as_ref().unwrap()
            };
            assert!(again(&promoter), "{}", promoter.0);
            negatives += usize::from(again(&negative));
        }
        assert!(negatives <= 1, "{negatives} shuffles of 400 are what the tokenizer would write");
    }
}

/// The same starts, far enough apart that groups can be split.
fn grouped(folder: &std::path::Path, bpe: &Arc<dyn Tokenizer>, form: Form) -> Prom300 {
    let mut table = String::new();
    for index in 0..80 {
        let position = 15_000 * index + 700;
        writeln!(table, "chr1\t{position}\t{}\tp{index}\t1\t+", position + 1).unwrap();
    }
    std::fs::write(folder.join("q.bed"), table).unwrap();
    let settings = Settings { form, ..Settings::new(folder.join("g.fa"), folder.join("q.bed")) };
    Prom300::new(&settings, Some(&**bpe)).unwrap()
}

#[test]
fn twins_stay_together_and_genomic_negatives_stay_away() {
    let folder = tempfile::tempdir().unwrap();
    let (_, bpe, _) = toy(folder.path());
    let bpe: Arc<dyn Tokenizer> = Arc::new(bpe);
    let task = grouped(folder.path(), &bpe, Form::Genomic);
    let mut splits_of: std::collections::BTreeMap<u64, BTreeSet<&str>> = std::collections::BTreeMap::new();
    for split in Split::ALL {
        for id in load(&task, split).view().examples().items.ids {
            splits_of.entry(id >> 1).or_default().insert(split.name());
        }
    }
    assert!(splits_of.len() == 80 && splits_of.values().all(|splits| splits.len() == 1));
    for [_, negative] in pairs(&task) {
        for index in 0..80 {
            let start = 15_000 * index + 700;
            let (from, to) = (negative.3.start, negative.3.end);
            assert!(start + 5_000 < from || start >= to + 5_000, "{from}-{to} is near {start}");
        }
    }
}

#[test]
fn words_are_shuffled_as_words() {
    let folder = tempfile::tempdir().unwrap();
    let (settings, _, _) = toy(folder.path());
    let settings = Settings { shuffle: Shuffle::Kmers(6), tokens: Tokens::Window, ..settings };
    let task = Prom300::new(&settings, Some(&FixedKmers::new(6).unwrap())).unwrap();
    assert_eq!(task.spec().name, "prom300,shuffle=kmer:6");
    assert_eq!(task.spec().sequence_length, Some(300));
    for [promoter, negative] in pairs(&task) {
        assert_eq!(promoter.2, Some((1..=50).map(|word| 6 * word).collect()));
        assert_eq!(promoter.2, negative.2);
    }
}

/// A table in another build gives the same examples, and the card says what was lifted.
#[test]
fn a_table_of_another_build_is_lifted() {
    let folder = tempfile::tempdir().unwrap();
    let (settings, _, _) = toy(folder.path());
    let settings = Settings { form: Form::Dinucleotide, ..settings };
    let native = Prom300::new(&settings, None).unwrap();
    let genome = dlm_genome::Genome::open(&settings.genome).unwrap();
    let length = genome.records()[0].bases().len();
    let mut moved = String::new();
    for line in std::fs::read_to_string(&settings.promoters).unwrap().lines() {
        let mut fields: Vec<String> = line.split('\t').map(str::to_owned).collect();
        for field in &mut fields[1..3] {
            *field = (field.parse::<u64>().unwrap() + 500).to_string();
        }
        writeln!(moved, "{}", fields.join("\t")).unwrap();
    }
    let (other, chain) = (folder.path().join("other.bed"), folder.path().join("x.over.chain"));
    std::fs::write(&other, moved).unwrap();
    let there = length + 500;
    let text = format!("chain 9 chr1 {there} + 500 {there} chr1 {length} + 0 {length} 1\n{length}\n");
    std::fs::write(&chain, text).unwrap();
    let lifted = Settings { promoters: other, lift: Some(chain), ..settings };
    let task = Prom300::new(&lifted, None).unwrap();
    for split in Split::ALL {
        let (a, b) = (load(&native, split), load(&task, split));
        assert_eq!(a.view().examples().items.ids, b.view().examples().items.ids);
        assert_eq!(a.view().examples().items.loci, b.view().examples().items.loci);
    }
    let note = task.spec().notes.iter().find(|note| note.starts_with("starts lifted")).unwrap();
    assert!(note.contains("402 lifted (0 onto the other strand, 0 onto another"), "{note}");
}

#[test]
fn options_are_read_and_refused() {
    let registry = Registry::builtin().unwrap();
    let fault =
        |spec: &str| registry.task(&format!("prom300,genome=g,promoters=p,{spec}")).err().unwrap().chain();
    for (spec, part) in [
        ("form=shuffled", "form"),
        ("form=paper", "option tokenizer is missing"),
        ("shuffle=kmer:x", "shuffle"),
        ("shuffle=kmer:6,tokens=genome", "cut from the window alone"),
        ("split=random", "split"),
        ("strand=-", "strand"),
        ("form=genomic", "no such file"),
    ] {
        assert!(fault(spec).contains(part), "{spec}: {}", fault(spec));
    }
}

#[test]
fn chromosome_21_gives_the_known_promoters() {
    let (Some(genome), Some(promoters), Some(tokenizer)) = (
        data("genome/chr21.hg19.lifted_from_hg38.fa.gz"),
        data("promoters/epdnew_hg38ToHg19.svMIL.bed"),
        data("tokenizers/dnabert2_bpe4096_tokenizer.json"),
    ) else {
        return;
    };
    let bpe: Arc<dyn Tokenizer> =
        Arc::from(Registry::builtin().unwrap().tokenizer(&format!("bpe:{}", tokenizer.display())).unwrap());
    let settings = Settings::new(genome, promoters);
    let task = Prom300::new(&settings, Some(&*bpe)).unwrap();
    insta::assert_snapshot!(task.spec().notes[..2].join("\n"));
    let canonical = Canonical::new("canonical", Arc::clone(&bpe), 0);
    assert!(mcc(&task, &canonical) > 0.9995, "{}", mcc(&task, &canonical));
}
