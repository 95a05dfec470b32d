//! From a genome to a model folder: a grammar that only context reveals is learned, a stopped training goes on to the same
//! bits.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};

use dlm_genome::IntervalSet;
use dlm_nn::{folder::Folder, preset::Preset};
use dlm_plugin_kmer::FixedKmers;
use dlm_runtime::{Device, Runtime};
use dlm_sdk::{Tokenizer, random::Stream};
use dlm_train::{
    pretrain::{Budget, Event, Pretraining, Record},
    step::Precision,
    trainer::Signal,
};

/// Returns a small form of `kmer-4-mini`, over single bases.
fn preset() -> Preset {
    let text =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../presets/kmer-4-mini.toml"))
            .unwrap();
    let mut preset = Preset::from_toml(&text).unwrap();
    let model = &mut preset.model;
    (model.hidden.value, model.layers.value, model.heads.value) = (32, 2, 4);
    (model.intermediate.value, model.max_positions.value) = (64, 18);
    // A narrow model needs wider weights to begin with.
    (model.initializer_range.value, model.pretraining_dropout.value) = (0.15, 0.02);
    (preset.windows.longest.value, preset.windows.shortest.value) = (16, 8);
    (preset.optimiser.batch.value, preset.optimiser.learning_rate.value) = (16, 5e-3);
    preset
}

/// Bases that nine times in ten follow each other in the order A, C, G, T, A; all four are equally frequent.
fn grammar(folder: &Path) -> PathBuf {
    let mut stream = Stream::new(1, "grammar");
    let mut text = b">a\n".to_vec();
    let mut base = 0;
    for _ in 0..60_000 {
        base = if stream.below(10) > 0 { (base + 1) % 4 } else { stream.below(4) };
        text.push(b"ACGT"[base]);
    }
    let path = folder.join("grammar.fa");
    std::fs::write(&path, text).unwrap();
    path
}

struct Case<'a> {
    preset: &'a Preset,
    fasta: &'a [PathBuf],
    tokenizer: &'a dyn Tokenizer,
    excluded: &'a IntervalSet,
}

impl Case<'_> {
    /// Trains into a folder, stopping after some steps if told so.
    fn run(
        &self,
        output: &Path,
        budget: Budget,
        resume: bool,
        stop_after: Option<u64>,
    ) -> dlm_sdk::Result<Option<Record>> {
        let pretraining = Pretraining {
            preset: self.preset,
            fasta: self.fasta,
            tokenizer: self.tokenizer,
            tokenizer_spec: "char",
            windows_of: None,
            held_out: None,
            excluded: self.excluded,
            output,
            budget: Some(budget),
            seed: 3,
            device: Device::Cpu,
            precision: Precision::Single,
            resume,
            held_out_windows: 200,
            validations: 4,
            checkpoint_every: 1000,
        };
        let mut made = 0;
        pretraining.run(&mut |event| {
            made += u64::from(matches!(event, Event::Step(_)));
            if stop_after.is_some_and(|stop| made >= stop) { Signal::Stop } else { Signal::Continue }
        })
    }
}

#[test]
fn a_grammar_is_learned_and_a_stopped_training_goes_on_to_the_same_bits() {
    if let Err(error) = Runtime::get() {
        println!("skipped: {error}");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let fasta = [grammar(folder.path())];
    let (preset, tokenizer) = (preset(), FixedKmers::characters());
    let case =
        Case { preset: &preset, fasta: &fasta, tokenizer: &tokenizer, excluded: &IntervalSet::default() };
    let whole = folder.path().join("whole");
    let record = case.run(&whole, Budget::Steps(300), false, None).unwrap().unwrap();
    let scores = record.held_out;
    println!("{scores:?}");
    // Frequency knows nothing, and a model that learned context knows what neighbours know.
    assert!(scores.unigram.accuracy < 0.32 && scores.neighbours.accuracy > 0.85, "{scores:?}");
    assert!(scores.model.accuracy > 0.7 && scores.model.loss < scores.unigram.loss - 0.5, "{scores:?}");
    assert!(record.tokens > 0 && record.bases == record.tokens && record.undertrained, "{record:?}");
    assert_eq!((record.steps, record.windows), (300, 300 * 16));
    assert_eq!(Record::from_json(&record.to_json().unwrap()).unwrap(), record);
    let model = Folder::open(&whole).unwrap();
    assert_eq!(model.tokenizer().unwrap(), "char");
    assert_eq!(model.model().unwrap().parameters(), record.parameters);

    let parts = folder.path().join("parts");
    assert!(case.run(&parts, Budget::Steps(24), false, Some(9)).unwrap().is_none());
    assert!(!parts.join("model.safetensors").exists());
    let refused = case.run(&parts, Budget::Steps(24), false, None).unwrap_err();
    assert!(refused.hint().unwrap().contains("--resume"));
    case.run(&parts, Budget::Steps(24), true, Some(5)).unwrap();
    case.run(&parts, Budget::Steps(24), true, None).unwrap().unwrap();
    let at_once = folder.path().join("at once");
    case.run(&at_once, Budget::Steps(24), false, None).unwrap().unwrap();
    let bytes = |folder: &Path| std::fs::read(folder.join("model.safetensors")).unwrap();
    assert!(bytes(&parts) == bytes(&at_once), "the weights differ");
    assert!(bytes(&parts) != bytes(&whole));
}

#[test]
fn a_time_becomes_a_number_of_steps_once() {
    if let Err(error) = Runtime::get() {
        println!("skipped: {error}");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let fasta = [grammar(folder.path())];
    let (preset, tokenizer) = (preset(), FixedKmers::characters());
    let case =
        Case { preset: &preset, fasta: &fasta, tokenizer: &tokenizer, excluded: &IntervalSet::default() };
    let output = folder.path().join("timed");
    let budget = Budget::Time(std::time::Duration::from_millis(300));
    assert!(case.run(&output, budget, false, Some(3)).unwrap().is_none());
    let plan = std::fs::read_to_string(output.join("training/plan.json")).unwrap();
    let record = case.run(&output, budget, true, None).unwrap().unwrap();
    // The length was worked out before the stop, and is not worked out again.
    assert_eq!(plan, format!("{{\"steps\":{}}}", record.steps));
    assert!(record.steps >= 10);
    let none = case.run(&folder.path().join("none"), Budget::Steps(0), false, None).unwrap_err();
    assert!(none.to_string().contains("no steps"));
}
