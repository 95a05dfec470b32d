//! Windows, batches, masks and controls of pretraining.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{path::Path, sync::Arc, thread};

use dlm_genome::IntervalSet;
use dlm_plugin_kmer::FixedKmers;
use dlm_sdk::{Tokenizer, random::Stream};
use dlm_train::data::{
    Batches, Control, Corpus, HeldOut, HoldOut, Masking, Neighbours, Prefetch, Recipe, Score, Scorer, Source,
    Unigram,
};

const RECIPE: Recipe = Recipe { longest: 60, shortest: 5, full_share: 0.5 };
const MASKING: Masking = Masking { share: 0.15, masked: 0.8, random: 0.1 };

/// Writes a genome of two chromosomes with some N.
fn genome(folder: &Path, text: impl Fn(&mut Stream, usize) -> Vec<u8>) -> Vec<std::path::PathBuf> {
    let path = folder.join("genome.fa");
    let mut stream = Stream::new(1, "test genome");
    let mut fasta = Vec::new();
    for (name, length) in [("a", 30_000), ("b", 20_000)] {
        fasta.extend(format!(">{name}\n").into_bytes());
        let mut bases = text(&mut stream, length);
        bases[5_000..5_010].fill(b'N');
        fasta.extend(bases);
        fasta.push(b'\n');
    }
    std::fs::write(&path, fasta).unwrap();
    vec![path]
}

fn random(stream: &mut Stream, length: usize) -> Vec<u8> {
    (0..length).map(|_| b"ACGT"[stream.below(4)]).collect()
}

fn open(
    folder: &Path,
    fasta: &[std::path::PathBuf],
    k: u32,
    windows_of: Option<&dyn Tokenizer>,
) -> Arc<Corpus> {
    let tokenizer = FixedKmers::new(k).unwrap();
    let source = Source {
        fasta,
        tokenizer: &tokenizer,
        windows_of,
        hold_out: &HoldOut::Last(0.2),
        excluded: &IntervalSet::default(),
    };
    Arc::new(Corpus::open(source, folder, |_| Ok(())).unwrap())
}

#[test]
fn windows_tile_what_is_learned_from() {
    let folder = tempfile::tempdir().unwrap();
    let fasta = genome(folder.path(), random);
    let corpus = open(folder.path(), &fasta, 4, None);
    let cut =
        |seed, pass| -> Vec<_> { RECIPE.cut(&corpus, corpus.train(), seed, pass).unwrap().iter().collect() };
    let windows = cut(7, 0);
    assert_ne!(windows, cut(7, 1));
    assert_ne!(windows, cut(8, 0));
    assert_eq!(windows, cut(7, 0));
    for pair in windows.windows(2) {
        let same = corpus.train().iter().any(|stretch| {
            let holds = |it: &dlm_train::data::Window| {
                it.chromosome == stretch.chromosome
                    && stretch.bases.start <= it.start
                    && it.end <= stretch.bases.end
            };
            holds(&pair[0]) && holds(&pair[1])
        });
        assert!(!same || pair[0].end == pair[1].start, "a gap between {:?} and {:?}", pair[0], pair[1]);
    }
    // Short remainders are rare, so many passes are looked at.
    let passes: Vec<_> = (0..40).flat_map(|pass| cut(7, pass)).collect();
    let mut full = 0;
    for window in &passes {
        let mut ids = Vec::new();
        corpus.tokens(window, &mut ids).unwrap();
        assert!((5..=60).contains(&ids.len()), "{} tokens", ids.len());
        assert!(!ids.contains(&1), "an unknown base in {window:?}");
        full += usize::from(ids.len() == 60);
        assert!(corpus.held_out().iter().all(|held| {
            held.chromosome != window.chromosome
                || held.bases.end <= window.start
                || window.end <= held.bases.start
        }));
    }
    let share = full as f64 / passes.len() as f64;
    assert!((0.45..0.55).contains(&share), "{share} of {} windows are full", passes.len());
}

#[test]
fn a_batch_follows_from_seed_and_step_alone() {
    let folder = tempfile::tempdir().unwrap();
    let fasta = genome(folder.path(), random);
    let corpus = open(folder.path(), &fasta, 4, None);
    let batches = |seed| Batches::new(Arc::clone(&corpus), RECIPE, MASKING, 8, 62, seed).unwrap();
    let ahead = batches(3);
    let steps: Vec<u64> = (0..80).collect();
    let in_order: Vec<_> = steps.iter().map(|&step| ahead.batch(step).unwrap()).collect();
    assert!(ahead.pass(79).unwrap() > 0, "more than one pass is looked at");
    let back = batches(3);
    for &step in steps.iter().rev() {
        assert_eq!(back.batch(step).unwrap(), in_order[step as usize], "step {step}");
    }
    let shared = batches(3);
    thread::scope(|scope| {
        for thread in 0..4 {
            let (shared, in_order) = (&shared, &in_order);
            scope.spawn(move || {
                for step in (thread..80).step_by(4) {
                    assert_eq!(shared.batch(step).unwrap(), in_order[step as usize], "step {step}");
                }
            });
        }
    });
    assert_ne!(batches(4).batch(0).unwrap().ids, in_order[0].ids);
}

/// However far ahead batches are made, and wherever a training begins, a step gets the same.
#[test]
fn batches_do_not_depend_on_the_depth_of_prefetching() {
    let folder = tempfile::tempdir().unwrap();
    let fasta = genome(folder.path(), random);
    let corpus = open(folder.path(), &fasta, 4, None);
    let batches = Batches::new(corpus, RECIPE, MASKING, 8, 62, 3).unwrap();
    // Several passes, a jump forwards and one back.
    let last = (0..10_000).find(|&step| batches.pass(step).unwrap() == 2).unwrap();
    let steps: Vec<u64> = (0..=last).chain([last + 50, last + 51, 3, 4]).collect();
    let expected: Vec<_> = steps.iter().map(|&step| batches.parts(step, 200).unwrap()).collect();
    for depth in [0, 1, 4] {
        let ahead = batches.clone();
        let mut ahead = Prefetch::new(depth, move |step| ahead.parts(step, 200));
        for (&step, expected) in steps.iter().zip(&expected) {
            assert_eq!(ahead.get(step).unwrap(), *expected, "depth {depth}, step {step}");
        }
    }
}

#[test]
fn a_batch_says_what_it_hides() {
    let folder = tempfile::tempdir().unwrap();
    let fasta = genome(folder.path(), random);
    let corpus = open(folder.path(), &fasta, 4, None);
    let batch = Batches::new(Arc::clone(&corpus), RECIPE, MASKING, 8, 62, 3).unwrap().batch(5).unwrap();
    assert!(batch.guessed > 0 && batch.guessed <= batch.places.len());
    let columns = batch.ids.ncols();
    let mut masked = 0;
    for (index, (&place, &label)) in batch.places.iter().zip(&batch.labels).enumerate() {
        if index >= batch.guessed {
            assert_eq!((place, label, batch.weights[index]), (0, 0, 0.0));
            continue;
        }
        let at = [place as usize / columns, place as usize % columns];
        assert_eq!(batch.mask[at], 1);
        assert!(batch.ids[at] >= 4, "a special token was selected");
        masked += usize::from(batch.ids[at] == 4);
        assert!(label >= 5);
    }
    assert!(masked > 0);
    assert!((batch.weights.iter().sum::<f32>() - 1.0).abs() < 1e-5);
    for row in 0..batch.ids.nrows() {
        let real = batch.mask.row(row).sum() as usize;
        assert_eq!((batch.ids[[row, 0]], batch.ids[[row, real - 1]]), (2, 3));
        assert!(batch.ids.row(row).iter().skip(real).all(|&id| id == 0));
    }
    let hidden = batch.ids.iter().filter(|&&id| id == 4).count();
    assert_eq!(hidden, masked, "nothing is hidden that is not asked for");
}

#[test]
fn twins_see_the_same_bases() {
    let [first, second, third] = [(); 3].map(|()| tempfile::tempdir().unwrap());
    let fasta = genome(first.path(), random);
    let model = open(first.path(), &fasta, 4, None);
    let fours = FixedKmers::new(4).unwrap();
    let twin = open(second.path(), &fasta, 6, Some(&fours));
    let windows =
        |corpus: &Corpus| -> Vec<_> { RECIPE.cut(corpus, corpus.train(), 7, 0).unwrap().iter().collect() };
    assert_eq!(windows(&model), windows(&twin));
    let own = open(third.path(), &fasta, 6, None);
    assert_ne!(windows(&model), windows(&own));
    let bases = |corpus: Arc<Corpus>| {
        let batches = Batches::new(corpus, RECIPE, MASKING, 8, 62, 7).unwrap();
        (0..20).map(|step| batches.batch(step).unwrap().bases).sum::<u64>()
    };
    let (model, twin) = (bases(model), bases(twin));
    // Words of six that reach over a window's border are left out: at most five bases at either end of a window.
    assert!(twin <= model && model - twin < 20 * 8 * 10, "{model} {twin}");
}

#[test]
fn tokens_on_disk_are_taken_if_they_are_the_right_ones() {
    let folder = tempfile::tempdir().unwrap();
    let fasta = genome(folder.path(), random);
    let windows =
        |corpus: &Corpus| -> Vec<_> { RECIPE.cut(corpus, corpus.train(), 7, 0).unwrap().iter().collect() };
    let before = windows(&open(folder.path(), &fasta, 4, None));
    let path = folder.path().join("genome.tokens");
    let stamp = || std::fs::metadata(&path).unwrap().modified().unwrap();
    // Long ago, since two files that are written one after the other may get the same time.
    let made = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
    std::fs::File::options().write(true).open(&path).unwrap().set_modified(made).unwrap();
    assert_eq!(windows(&open(folder.path(), &fasta, 4, None)), before);
    assert_eq!(stamp(), made);
    let text = String::from_utf8(std::fs::read(&fasta[0]).unwrap()).unwrap();
    std::fs::write(&fasta[0], text.replacen("ACG", "NCG", 1)).unwrap();
    assert_ne!(windows(&open(folder.path(), &fasta, 4, None)), before);
    assert_ne!(stamp(), made);
}

/// A genome in which a word of three is decided by those on both sides, and by no single one.
fn grammar(stream: &mut Stream, length: usize) -> Vec<u8> {
    let word = |code: usize| [b"ACGT"[code / 16], b"ACGT"[code / 4 % 4], b"ACGT"[code % 4]];
    let (mut left, mut text) = (stream.below(64), Vec::new());
    while text.len() < length {
        let right = stream.below(64);
        text.extend(word(left).into_iter().chain(word((left + right) % 64)));
        left = right;
    }
    text.truncate(length);
    text
}

#[test]
fn what_chooses_is_not_what_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let fasta = genome(folder.path(), random);
    let corpus = open(folder.path(), &fasta, 4, None);
    let (choose, report) = HeldOut::pair(&corpus, RECIPE, MASKING, 8, 62, 20).unwrap();
    let rows = |held: &HeldOut| -> Vec<Vec<i64>> {
        let rows = held.batches().iter().flat_map(|batch| {
            let mut ids = batch.ids.clone();
            for (&place, &label) in batch.places.iter().zip(&batch.labels).take(batch.guessed) {
                let columns = ids.ncols();
                ids[[place as usize / columns, place as usize % columns]] = label;
            }
            ids.rows()
                .into_iter()
                .map(|row| row.iter().copied().filter(|&id| id > 0).collect())
                .collect::<Vec<_>>()
        });
        rows.collect()
    };
    let (choose, report) = (rows(&choose), rows(&report));
    assert_eq!((choose.len(), report.len()), (20, 20));
    assert!(choose.iter().all(|row| !report.contains(row)));
}

#[test]
fn parts_make_up_the_batch() {
    let folder = tempfile::tempdir().unwrap();
    let fasta = genome(folder.path(), random);
    let corpus = open(folder.path(), &fasta, 4, None);
    let batches = Batches::new(Arc::clone(&corpus), RECIPE, MASKING, 8, 62, 3).unwrap();
    for step in 0..6 {
        let (whole, parts) = (batches.batch(step).unwrap(), batches.parts(step, 130).unwrap());
        assert!(parts.len() > 1 && parts.iter().all(|part| part.ids.len() <= 130));
        let sum = |of: fn(&dlm_train::data::Batch) -> u64| parts.iter().map(of).sum::<u64>();
        assert_eq!((sum(|it| it.tokens), sum(|it| it.bases)), (whole.tokens, whole.bases));
        assert_eq!(sum(|it| it.ids.nrows() as u64), 8);
        let weight: f32 = parts.iter().flat_map(|part| &part.weights).sum();
        assert!((weight - 1.0).abs() < 1e-5);
        assert_eq!(batches.bases(step).unwrap(), whole.bases);
    }
}

fn controls(grammar: impl Fn(&mut Stream, usize) -> Vec<u8>) -> (Score, Score) {
    let folder = tempfile::tempdir().unwrap();
    let fasta = genome(folder.path(), grammar);
    let corpus = open(folder.path(), &fasta, 3, None);
    let held = HeldOut::new(&corpus, RECIPE, Masking { share: 0.1, ..MASKING }, 8, 62, 100).unwrap();
    let unigram = Unigram::count(&corpus).unwrap();
    let neighbours = Neighbours::count(&corpus, held.hidden()).unwrap();
    let mut shares = vec![0.0; corpus.vocab_size()];
    for hidden in held.hidden() {
        for control in [&unigram as &dyn Control, &neighbours] {
            control.probabilities(hidden, &mut shares);
            let sum: f64 = shares.iter().sum();
            assert!((sum - 1.0).abs() < 1e-9, "{sum}");
            assert!(shares[..5].iter().all(|&share| share == 0.0), "a special token is likely");
        }
    }
    let again = HeldOut::new(&corpus, RECIPE, Masking { share: 0.1, ..MASKING }, 8, 62, 100).unwrap();
    assert_eq!(held.batches(), again.batches());
    for batch in held.batches() {
        let columns = batch.ids.ncols();
        for &place in &batch.places[..batch.guessed] {
            assert_eq!(
                batch.ids[[place as usize / columns, place as usize % columns]],
                4,
                "it can be read off"
            );
        }
    }
    (unigram.score(&corpus, held.hidden()).unwrap(), neighbours.score(&corpus, held.hidden()).unwrap())
}

#[test]
fn neighbours_solve_a_grammar_of_neighbours_and_frequency_does_not() {
    let (unigram, neighbours) = controls(grammar);
    // Every second word follows from its neighbours; 4,096 pairs are seen twice each on average.
    assert!(unigram.accuracy < 0.06, "{unigram:?}");
    assert!(neighbours.accuracy > 0.25 && neighbours.loss < unigram.loss - 0.3, "{neighbours:?}");
}

#[test]
fn nothing_is_gained_where_nothing_can_be() {
    let (unigram, neighbours) = controls(random);
    assert!(
        neighbours.accuracy < 0.06 && neighbours.loss > unigram.loss - 0.02,
        "{unigram:?} {neighbours:?}"
    );
    assert!((unigram.bits_per_base - 2.0).abs() < 0.1, "{unigram:?}");
}

#[test]
fn scores_follow_their_formulas() {
    let folder = tempfile::tempdir().unwrap();
    let fasta = genome(folder.path(), random);
    let corpus = open(folder.path(), &fasta, 2, None);
    // 5 special tokens, 4 bases, 16 words: the top tenth of 20 is 2.
    let mut scorer = Scorer::new(&corpus);
    let mut logits = vec![0.0_f32; 25];
    (logits[9], logits[10], logits[0]) = (3.0, 2.0, 5.0);
    scorer.add_logits(&logits, 9);
    scorer.add_logits(&logits, 10);
    scorer.add_logits(&logits, 11);
    let score = scorer.score().unwrap();
    assert_eq!((score.guessed, score.accuracy, score.top_tenth), (3, 1.0 / 3.0, 2.0 / 3.0));
    let sum = (22.0 + 3_f64.exp() + 2_f64.exp() + 5_f64.exp()).ln();
    let loss = (3.0 * sum - 5.0) / 3.0;
    assert!((score.loss - loss).abs() < 1e-6);
    assert!((score.perplexity - loss.exp()).abs() < 1e-3);
    assert!((score.bits_per_base - loss / 2_f64.ln() / 2.0).abs() < 1e-6);
    assert!(Scorer::new(&corpus).score().is_none());
}
