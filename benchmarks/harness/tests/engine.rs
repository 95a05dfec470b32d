//! The engine with components planted in the test: what fails, panics, does not apply, and encodes.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking and says what it skips")]

use std::sync::Arc;

use dlm::{
    bench::{DigestCache, Plan, Selection, run::run},
    context::{Cancellation, Context, Flags},
    results::{CellResult, Document, Status, Store, Summary},
};
use dlm_sdk::{dna, prelude::*, random::Stream};
use ndarray::Axis;

/// Class 1 begins with A more often than not; a half of the items each is twenty bases longer.
struct Planted(TaskSpec, usize);

register! {
    task "planted", "what the first base says",
    options: &[OptionSpec { key: "classes", default: Some("2"), help: "how many classes" }],
    create: |config, _| {
        let classes: usize = config.need("classes")?;
        let target = if classes == 2 { Target::Binary } else { Target::Multiclass(classes) };
        Ok(Planted(TaskSpec::new("planted", target, SplitKind::Grouped), classes))
    }
}

impl Task for Planted {
    fn spec(&self) -> &TaskSpec {
        &self.0
    }

    fn load(&self, split: Split, sink: &mut dyn ExampleSink) -> Result<()> {
        let mut set = ExampleSet::new(1);
        let (first, items) = [(0, 300), (1_000, 100), (2_000, 200)][split as usize];
        for id in first..first + items {
            let mut stream = Stream::nth(3, "planted", id);
            let class = stream.below(self.1);
            let length = if id % 2 == 0 { 10 } else { 30 };
            let mut bases: Vec<u8> = (0..length).map(|_| b"CGT"[stream.below(3)]).collect();
            if class == 1 {
                bases[..5].fill(b'A');
            }
            set.add(id, &bases, &[class as f32], id / 2)?;
        }
        let _ = sink.push(set.view().examples());
        Ok(())
    }
}

#[derive(Debug)]
struct Bases(TokenizerSpec);

register! {
    tokenizer "test-bases", "a token a base",
    create: |_, _| {
        let mut spec = TokenizerSpec::new("test-bases", 8);
        spec.special.pad = Some(7);
        Ok(Bases(spec))
    }
}

impl Tokenizer for Bases {
    fn spec(&self) -> &TokenizerSpec {
        &self.0
    }

    fn tokenize(&self, sequences: &[Sequence<'_>], sink: &mut dyn TokenSink) -> Result<()> {
        for sequence in sequences {
            let ids: Vec<_> = sequence.bases().iter().map(|&b| dna::code(b).map_or(4, u32::from)).collect();
            let spans: Vec<_> = (0..).zip(&ids).map(|(start, _)| Span { start, end: start + 1 }).collect();
            if sink.emit(&ids, &spans).is_break() {
                return Err(Error::cancelled());
            }
        }
        Ok(())
    }

    fn token(&self, id: TokenId) -> Option<&str> {
        ["A", "C", "G", "T", "N"].get(id as usize).copied()
    }
}

/// Each token's state says which base it is, and the same of the first token of its row. Weights of the twin are noise.
struct Tiny(EncoderSpec, Option<u64>);

const TINY: &[OptionSpec] = &[OptionSpec { key: "most", default: Some("64"), help: "most tokens" }];
const TWIN: &[OptionSpec] = &[
    OptionSpec { key: "most", default: Some("64"), help: "most tokens" },
    OptionSpec { key: "seed", default: None, help: "seed of the weights" },
];

fn tiny(name: &str, config: &Config, seed: Option<u64>) -> Result<Tiny> {
    let mut spec = EncoderSpec::new(name, "test-bases", 8, 8);
    spec.prefix = Some(5);
    spec.suffix = Some(6);
    spec.layers = 2;
    spec.max_tokens = config.parse("most")?;
    spec.parameters = Some(42);
    spec.fingerprint = format!("{name} {seed:?}");
    Ok(Tiny(spec, seed))
}

register! { encoder "tiny", "a test encoder", options: TINY, create: |config, _| tiny("tiny", config, None) }
register! {
    encoder "tiny+random", "its twin", options: TWIN,
    create: |config, _| tiny("tiny+random", config, Some(config.parse("seed")?.unwrap_or(0)))
}

impl Encoder for Tiny {
    fn spec(&self) -> &EncoderSpec {
        &self.0
    }

    fn encode(&mut self, tokens: TokenTensor<'_>, mut hidden: ArrayViewMut3<'_, f32>) -> Result<()> {
        assert!(tokens.ids.ncols() <= self.0.max_tokens.unwrap());
        for (row, ids) in tokens.ids.axis_iter(Axis(0)).enumerate() {
            for (column, &id) in ids.iter().enumerate() {
                // What is padded must not be read.
                let value = if tokens.mask[[row, column]] == 1 { 1.0 } else { f32::NAN };
                let slot = match self.1 {
                    None => id as usize % 8,
                    Some(seed) => Stream::nth(seed, "weights", id as u64).below(2),
                };
                hidden[[row, column, slot]] = value;
            }
        }
        Ok(())
    }
}

struct Broken(BaselineSpec, &'static str);

register! { baseline "panicking", "panics", create: |_, _| Ok(Broken(BaselineSpec::new("panicking", Control::Local), "panic")) }
register! { baseline "failing", "fails", create: |_, _| Ok(Broken(BaselineSpec::new("failing", Control::Local), "fail")) }
register! { baseline "refusing", "refuses", create: |_, _| Ok(Broken(BaselineSpec::new("refusing", Control::Local), "refuse")) }
register! { baseline "lying", "answers no probabilities", create: |_, _| Ok(Broken(BaselineSpec::new("lying", Control::Local), "lie")) }
register! { baseline "first-base", "knows it", create: |_, _| Ok(Broken(BaselineSpec::new("first-base", Control::Local).seeded(), "know")) }

impl Baseline for Broken {
    fn spec(&self) -> &BaselineSpec {
        &self.0
    }

    fn fit(
        &self,
        _: &TaskSpec,
        _: Examples<'_>,
        validation: Option<Examples<'_>>,
        seed: u64,
    ) -> Result<Box<dyn Predictor>> {
        assert!(validation.is_some());
        match self.1 {
            "panic" => panic!("planted panic"),
            "fail" => Err(Error::invalid("planted failure").with_hint("do not")),
            "refuse" => Err(Error::unsupported("planted refusal")),
            what => Ok(Box::new(FirstBase(what == "lie", seed))),
        }
    }
}

struct FirstBase(bool, u64);

impl Predictor for FirstBase {
    fn predict(&mut self, items: Items<'_>, mut scores: ArrayViewMut2<'_, f32>) -> Result<()> {
        for (row, sequence) in items.sequences.iter().enumerate() {
            let wrong = items.ids[row] % 50 == self.1;
            let is = usize::from((sequence.bases()[0] == b'A') != wrong);
            scores.row_mut(row).fill(0.0);
            scores[[row, is]] = if self.0 { 2.0 } else { 1.0 };
        }
        Ok(())
    }
}

fn context() -> Context {
    Context::new(Flags { quiet: true, ..Flags::default() }, Cancellation::default()).unwrap()
}

fn bench(folder: &std::path::Path, change: impl FnOnce(&mut Selection)) -> Result<Document> {
    let mut selection = Selection {
        tasks: vec!["planted".to_owned()],
        output_path: Some(folder.to_owned()),
        ..Selection::default()
    };
    change(&mut selection);
    let (settings, context) = selection.settle(&context())?;
    let mut digests = DigestCache::default();
    let plan = Plan::new(settings, &context, &mut digests)?;
    run(&plan, &Store::create(folder)?, &context, &digests)
}

fn of<'d>(document: &'d Document, model: &str) -> &'d CellResult {
    document.cells.iter().find(|cell| cell.model == model).unwrap()
}

fn row<'d>(document: &'d Document, model: &str) -> &'d Summary {
    document.summary.iter().find(|row| row.model == model).unwrap()
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn what_goes_wrong_is_a_row_with_its_reason_and_the_run_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let document = bench(folder.path(), |selection| {
        selection.baselines = names(&["panicking", "failing", "refusing", "lying", "first-base", "majority"]);
    })
    .unwrap();
    let told = |model| (of(&document, model).status, of(&document, model).reason.clone().unwrap_or_default());
    assert_eq!(told("panicking"), (Status::Failed, "panicked: planted panic".to_owned()));
    assert_eq!(told("failing"), (Status::Failed, "planted failure; hint: do not".to_owned()));
    assert_eq!(told("refusing"), (Status::Unsupported, "planted refusal".to_owned()));
    assert!(told("lying").1.contains("answered the probability 2"), "{:?}", told("lying"));
    assert_eq!(told("majority").0, Status::Done);
    assert_eq!(document.cells.iter().filter(|cell| cell.model == "first-base").count(), 3);
    let best = row(&document, "first-base");
    assert_eq!((best.rank, best.seeds.as_slice()), (Some(1), &[0, 1, 2][..]));
    assert_eq!(best.gains.context.as_ref().unwrap().control, "majority");
    assert!(best.gains.context.as_ref().unwrap().interval.as_ref().unwrap().low > 0.5);
    assert!(best.gains.local.is_none() && row(&document, "majority").gains.context.is_none());
    assert!(best.over_seeds.is_some() && row(&document, "majority").over_seeds.is_none());
    assert!(row(&document, "failing").score.is_none() && row(&document, "failing").rank.is_none());
}

#[test]
fn a_frozen_encoder_is_probed_and_beats_its_random_twin() {
    let folder = tempfile::tempdir().unwrap();
    let document = bench(folder.path(), |selection| {
        selection.models = names(&["tiny", "tiny+random"]);
        selection.baselines = names(&["majority", "first-base"]);
        selection.protocol = Some("tuned".to_owned());
    })
    .unwrap();
    let tiny = row(&document, "tiny");
    assert!(tiny.score.unwrap() > 0.9, "{tiny:?}");
    assert_eq!(tiny.seeds, [0]);
    assert_eq!(row(&document, "tiny+random").seeds, [0, 1, 2]);
    assert_eq!(tiny.parameters, Some(42));
    assert_eq!(tiny.gains.pretraining.as_ref().unwrap().control, "tiny+random");
    assert_eq!(tiny.gains.local.as_ref().unwrap().control, "first-base");
    assert!(tiny.gains.context.as_ref().unwrap().value > 0.9);
    let facts: Vec<&str> = tiny.facts.iter().map(|fact| fact.name.as_str()).collect();
    assert_eq!(facts, ["pool", "layer", "head", "penalty"]);
}

#[test]
fn pools_layers_and_many_classes_are_refused_where_they_are_impossible() {
    let folder = tempfile::tempdir().unwrap();
    for (pool, layer, status, reason) in [
        ("max", -1, Status::Done, ""),
        ("cls", -1, Status::Done, ""),
        ("last", 2, Status::Done, ""),
        ("mean", 3, Status::Failed, "layer 3: encoder tiny has 2"),
        ("mean", 1, Status::Unsupported, "encoder tiny gives only its last layer, not 1"),
    ] {
        let document = bench(folder.path(), |selection| {
            selection.models = names(&["tiny"]);
            selection.pool = Some(pool.to_owned());
            selection.layer = Some(layer);
        })
        .unwrap();
        let cell = of(&document, "tiny");
        assert_eq!(cell.status, status, "{pool} {layer}: {:?}", cell.reason);
        assert!(cell.reason.clone().unwrap_or_default().contains(reason), "{:?}", cell.reason);
    }
    let document = bench(folder.path(), |selection| {
        selection.models = names(&["tiny"]);
        selection.tasks = names(&["planted,classes=65"]);
    })
    .unwrap();
    let cell = of(&document, "tiny");
    if let Err(error) = dlm_runtime::Runtime::get() {
        println!("skipped: {error}");
        assert_eq!(cell.status, Status::Unsupported, "a head of many classes is trained");
    } else {
        assert_eq!(cell.status, Status::Done, "{:?}", cell.reason);
        assert!(cell.facts.iter().any(|fact| fact.value == "softmax"));
    }
    let document = bench(folder.path(), |selection| {
        selection.models = names(&["tiny"]);
        selection.mode = Some("finetune".to_owned());
    })
    .unwrap();
    assert_eq!(document.cells.iter().filter(|cell| cell.status == Status::Unsupported).count(), 3);
}

#[test]
fn long_items_fail_are_cut_or_go_in_windows() {
    let folder = tempfile::tempdir().unwrap();
    let long = |how: &str| {
        let document = bench(folder.path(), |selection| {
            selection.models = names(&["tiny,most=12"]);
            selection.long = Some(how.to_owned());
        })
        .unwrap();
        of(&document, "tiny,most=12").clone()
    };
    let error = long("error");
    assert_eq!(error.status, Status::Failed);
    assert!(error.reason.unwrap().contains("30 tokens, encoder tiny takes 10"));
    let cut = long("truncate");
    // Half of the 600 items of all splits are cut by 20 bases; under paper, each is embedded once.
    assert_eq!((cut.status, cut.truncated_bases), (Status::Done, 300 * 20));
    let windows = long("windows");
    assert_eq!((windows.status, windows.truncated_bases), (Status::Done, 0));
    let whole = bench(folder.path(), |selection| selection.models = names(&["tiny"])).unwrap();
    for (metric, value) in &of(&whole, "tiny").metrics {
        assert!((windows.metrics[metric] - value).abs() < 1e-5, "{metric}");
    }
}

#[test]
fn many_classes_are_kept_compact() {
    let folder = tempfile::tempdir().unwrap();
    let change = |selection: &mut Selection| {
        selection.tasks = names(&["planted,classes=40"]);
        selection.baselines = names(&["majority"]);
    };
    let compact = bench(folder.path(), change).unwrap();
    let store = Store::open(folder.path()).unwrap();
    let key = &of(&compact, "majority").key;
    let lines = store.predictions(key).unwrap();
    assert_eq!(lines.len(), 200);
    assert!(matches!(&lines[0].answer, dlm::results::Answer::Compact { top, .. } if top.len() == 5));
    let full = bench(folder.path(), |selection| {
        change(selection);
        selection.save_scores = true;
    })
    .unwrap();
    let saved = store.predictions(&of(&full, "majority").key).unwrap();
    assert!(matches!(&saved[0].answer, dlm::results::Answer::Scores { scores } if scores.len() == 40));
    assert_eq!(of(&compact, "majority").metrics, of(&full, "majority").metrics);
    for (compact, full) in lines.iter().zip(&saved) {
        let (compact, full) = (compact.outcome().unwrap(), full.outcome().unwrap());
        assert_eq!(
            (compact.target, compact.predicted, compact.rank),
            (full.target, full.predicted, full.rank)
        );
    }
}

#[test]
fn protocols_are_never_ranked_together() {
    let folder = tempfile::tempdir().unwrap();
    bench(folder.path(), |selection| selection.models = names(&["tiny"])).unwrap();
    let document = bench(folder.path(), |selection| {
        selection.models = names(&["tiny"]);
        selection.protocol = Some("tuned".to_owned());
    })
    .unwrap();
    let ranks: Vec<_> = document.summary.iter().map(|row| (row.protocol.name(), row.rank)).collect();
    assert_eq!(ranks, [("tuned", Some(1)), ("paper", Some(1))]);
}

#[test]
fn a_stopped_run_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let cancellation = Cancellation::default();
    let context = Context::new(Flags { quiet: true, ..Flags::default() }, cancellation.clone()).unwrap();
    let selection = Selection {
        tasks: names(&["planted"]),
        baselines: names(&["majority"]),
        output_path: Some(folder.path().to_owned()),
        ..Selection::default()
    };
    let (settings, context) = selection.settle(&context).unwrap();
    let mut digests = DigestCache::default();
    let plan = Plan::new(settings, &context, &mut digests).unwrap();
    cancellation.cancel(2);
    let store = Arc::new(Store::create(folder.path()).unwrap());
    let error = run(&plan, &store, &context, &digests).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    assert!(!folder.path().join("results.json").exists());
}
