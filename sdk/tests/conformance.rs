//! The conformance checks pass right components and catch wrong ones: each broken component here breaks the rule it is
//! named after.

use std::ops::ControlFlow;

use dlm_sdk::{conformance, prelude::*};
use ndarray::{Array1, Array2, s};

/// Single bases, with at most one rule broken.
struct Bases {
    spec: TokenizerSpec,
    broken: &'static str,
}

impl Bases {
    fn new(broken: &'static str) -> Self {
        let mut spec = TokenizerSpec::new("bases", 6);
        spec.special.unk = Some(0);
        spec.special.pad = Some(if broken == "T2" { 0 } else { 5 });
        Self { spec, broken }
    }
}

impl Tokenizer for Bases {
    fn spec(&self) -> &TokenizerSpec {
        &self.spec
    }

    fn tokenize(&self, sequences: &[Sequence<'_>], sink: &mut dyn TokenSink) -> Result<()> {
        for sequence in sequences {
            let mut bases = sequence.bases().to_vec();
            if self.broken != "T5" {
                bases.make_ascii_uppercase();
            }
            if self.broken == "T6" && sequences.len() > 1 && bases.len() == 2 {
                bases.reverse();
                bases[0] = b'N';
            }
            let code =
                |base: &u8| b"ACGT".iter().position(|known| known == base).map_or(0, |code| code as u32 + 1);
            let mut ids: Vec<u32> = bases.iter().map(code).collect();
            let mut spans: Vec<Span> =
                (0..bases.len() as u32).map(|start| Span { start, end: start + 1 }).collect();
            match self.broken {
                "T1" if bases.is_empty() => continue,
                "T3" if bases.len() > 6 => spans[5].end += 1,
                "T4" if bases.len() > 6 => ids.iter_mut().for_each(|id| *id = 1 + *id % 4),
                _ => {}
            }
            let flow = sink.emit(&ids, &spans);
            if flow.is_break() && self.broken != "T8" {
                return Err(Error::cancelled());
            }
        }
        Ok(())
    }

    fn token(&self, id: TokenId) -> Option<&str> {
        ["[UNK]", "A", "C", "G", "T", "[PAD]"].get(id as usize).copied()
    }
}

#[test]
fn a_right_tokenizer_passes() {
    conformance::tokenizer(&Bases::new("")).assert();
}

#[test]
fn each_broken_tokenizer_is_caught() {
    for rule in ["T1", "T2", "T3", "T4", "T5", "T6", "T8"] {
        let failed = conformance::tokenizer(&Bases::new(rule)).failed();
        assert!(failed.contains(&rule), "{rule} was not caught, only {failed:?}");
    }
}

/// A running mean of fixed random embeddings: causal, deterministic, two layers.
struct Averages {
    spec: EncoderSpec,
    table: Array2<f32>,
    broken: &'static str,
    calls: u32,
}

impl Averages {
    fn new(broken: &'static str) -> Self {
        let mut spec = EncoderSpec::new("averages", "bases", 6, 8);
        spec.max_tokens = Some(64);
        spec.causal = true;
        spec.prefix = (broken == "E1").then_some(6);
        let mut stream = dlm_sdk::random::Stream::new(0, "init");
        let table = Array2::from_shape_simple_fn((6, 8), || stream.normal() as f32);
        Self { spec, table, broken, calls: 0 }
    }
}

impl Encoder for Averages {
    fn spec(&self) -> &EncoderSpec {
        &self.spec
    }

    fn encode(&mut self, tokens: TokenTensor<'_>, mut hidden: ArrayViewMut3<'_, f32>) -> Result<()> {
        let (rows, columns) = tokens.ids.dim();
        let known = |id: &i64| (0..6).contains(id);
        if self.broken != "E3" && (columns > 64 || !tokens.ids.iter().all(known)) {
            return Err(Error::invalid("an id or a length is out of range"));
        }
        self.calls += 1;
        for row in 0..rows {
            let mut sum = Array1::<f32>::zeros(8);
            for column in 0..columns {
                let id = tokens.ids[[row, column]].clamp(0, 5) as usize;
                let weight = if self.broken == "E4" { 1.0 } else { tokens.mask[[row, column]] as f32 };
                sum.scaled_add(weight, &self.table.row(id));
                let mut value = &sum / (column + 1) as f32;
                match self.broken {
                    "E2" if column == 3 => value[0] = f32::NAN,
                    "E4" => value /= columns as f32,
                    "E5" => value += row as f32,
                    "E6" => value += self.calls as f32 * 1e-3,
                    "E8" => value += tokens.ids[[row, columns - 1]] as f32,
                    _ => {}
                }
                hidden.slice_mut(s![row, column, ..]).assign(&value);
            }
        }
        Ok(())
    }

    fn encode_layer(
        &mut self,
        tokens: TokenTensor<'_>,
        layer: usize,
        mut hidden: ArrayViewMut3<'_, f32>,
    ) -> Result<()> {
        if layer != 1 {
            return Err(Error::unsupported("there is one layer"));
        }
        self.encode(tokens, hidden.view_mut())?;
        hidden += if self.broken == "E7" { 1.0 } else { 0.0 };
        Ok(())
    }
}

#[test]
fn a_right_encoder_passes() {
    conformance::encoder(&mut Averages::new("")).assert();
}

#[test]
fn each_broken_encoder_is_caught() {
    for rule in ["E1", "E2", "E3", "E4", "E5", "E7", "E8"] {
        let failed = conformance::encoder(&mut Averages::new(rule)).failed();
        assert!(failed.contains(&rule), "{rule} was not caught, only {failed:?}");
    }
    let report = conformance::encoder(&mut Averages::new("E6"));
    let e6 = report.checks().iter().find(|check| check.id == "E6").unwrap();
    assert!(matches!(e6.outcome, conformance::Outcome::Warning(_)), "{report}");
}

/// Sequences of fixed tokens, with at most one rule broken.
struct Shuffled {
    spec: TaskSpec,
    broken: &'static str,
    loads: std::sync::atomic::AtomicU64,
}

impl Shuffled {
    fn new(broken: &'static str) -> Self {
        let mut spec = TaskSpec::new("shuffled", Target::Binary, SplitKind::Grouped);
        spec.sequence_length = Some(if broken == "K6" { 13 } else { 12 });
        if broken == "K4" {
            spec.metrics = vec![dlm_sdk::metrics::Metric::Pearson];
        }
        Self { spec, broken, loads: 0.into() }
    }
}

impl Task for Shuffled {
    fn spec(&self) -> &TaskSpec {
        &self.spec
    }

    fn load(&self, split: Split, sink: &mut dyn ExampleSink) -> Result<()> {
        let loads = self.loads.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let mut stream =
            dlm_sdk::random::Stream::nth(if self.broken == "K1" { loads } else { 1 }, "data", split as u64);
        let mut set = ExampleSet::new(1);
        for pair in 0..10 {
            let group = if self.broken == "K3" { pair } else { pair + 100 * split as u64 };
            let mut tokens: Vec<Vec<u8>> =
                (0..4).map(|_| (0..3).map(|_| dlm_sdk::dna::BASES[stream.below(4)]).collect()).collect();
            for class in 0..2 {
                let target = if self.broken == "K2" { 2.0 } else { class as f32 };
                set.add_cut(2 * group + class, &tokens.concat(), &[3, 6, 9, 12], &[target], group, None)?;
                stream.shuffle(&mut tokens);
                tokens.rotate_left(1);
            }
        }
        let view = set.view();
        let flow = sink.push(view.examples());
        if flow.is_break() && self.broken == "K5" {
            let _ = sink.push(view.examples());
        }
        Ok(())
    }
}

#[test]
fn a_right_task_passes() {
    conformance::task(&Shuffled::new("")).assert();
}

#[test]
fn each_broken_task_is_caught() {
    for rule in ["K1", "K2", "K3", "K4", "K5", "K6"] {
        let failed = conformance::task(&Shuffled::new(rule)).failed();
        assert!(failed.contains(&rule), "{rule} was not caught, only {failed:?}");
    }
}

/// Counts G, with at most one rule broken.
struct CountsG {
    spec: BaselineSpec,
    broken: &'static str,
}

impl Baseline for CountsG {
    fn spec(&self) -> &BaselineSpec {
        &self.spec
    }

    fn fit(
        &self,
        _task: &TaskSpec,
        _train: Examples<'_>,
        _validation: Option<Examples<'_>>,
        seed: u64,
    ) -> Result<Box<dyn Predictor>> {
        static FITS: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
        let fits = FITS.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let shift = if self.broken == "B2" { fits as f32 * 1e-3 } else { 0.0 };
        Ok(Box::new(Threshold { broken: self.broken, shift, _seed: seed }))
    }
}

struct Threshold {
    broken: &'static str,
    shift: f32,
    _seed: u64,
}

impl Predictor for Threshold {
    fn predict(&mut self, items: Items<'_>, mut scores: ArrayViewMut2<'_, f32>) -> Result<()> {
        let n = items.len() as f32;
        for (sequence, mut row) in items.sequences.iter().zip(scores.rows_mut()) {
            let bases = sequence.bases();
            assert!(self.broken != "B4" || bases.len() > 10, "the planted panic");
            let share =
                f32::from(bases.iter().map(|&base| u8::from(base == b'G')).sum::<u8>()) / bases.len() as f32;
            let mut positive = (share + self.shift - 0.34).mul_add(2.0, 0.5).clamp(0.0, 1.0);
            match self.broken {
                "B1" => positive = if bases[0] == b'G' { 1.0 } else { 0.0 },
                "B5" => positive *= 1.0 / n,
                _ => {}
            }
            row[1] = positive;
            row[0] = if self.broken == "B3" { 1.0 } else { 1.0 - positive };
        }
        Ok(())
    }
}

fn counts_g(broken: &'static str) -> CountsG {
    CountsG { spec: BaselineSpec::new("counts-g", Control::ContextFree), broken }
}

#[test]
fn a_right_baseline_passes() {
    conformance::baseline(&counts_g("")).assert();
}

#[test]
fn each_broken_baseline_is_caught() {
    for rule in ["B1", "B2", "B3", "B5"] {
        let failed = conformance::baseline(&counts_g(rule)).failed();
        assert!(failed.contains(&rule), "{rule} was not caught, only {failed:?}");
    }
    let panicking = std::panic::catch_unwind(|| conformance::baseline(&counts_g("B4")));
    assert!(panicking.is_err());
}

/// Prom300's shape end to end: fixed tokens reach a baseline through the item tokenizer, a foreign tokenizer is refused,
/// and the metrics follow.
#[test]
fn fixed_tokens_reach_baselines_and_metrics() {
    use dlm_sdk::metrics::{Answers, Metric, Outcome};

    let task = Shuffled::new("");
    let test = (&task as &dyn Task).collect(Split::Test).unwrap();
    let view = test.view();
    let items = view.examples().items;

    let bases = Bases::new("");
    let refusal = ItemTokenizer::new(&bases).tokenize(items).unwrap_err();
    assert_eq!(refusal.kind(), ErrorKind::Unsupported);

    let mut predictor = counts_g("").fit(task.spec(), view.examples(), None, 0).unwrap();
    let mut scores = Array2::zeros((test.len(), 2));
    predictor.predict(items, scores.view_mut()).unwrap();
    let outcomes: Vec<Outcome> =
        view.examples().classes().zip(scores.rows()).map(|(class, row)| Outcome::new(class, row)).collect();
    let answers = Answers::Classes { outcomes: &outcomes, scores: Some(scores.view()) };
    // Twins hold the same bases, so that counting them cannot tell the classes apart.
    assert_eq!(answers.metric(Metric::Auroc, task.spec()), Some(0.5));
    assert_eq!(answers.metric(Metric::Mcc, task.spec()), Some(0.0));
}

/// A tokenizer that has the pieces looks each up as one token.
#[test]
fn pieces_are_looked_up_whole() {
    struct Triplets(TokenizerSpec, Vec<String>);
    impl Tokenizer for Triplets {
        fn spec(&self) -> &TokenizerSpec {
            &self.0
        }
        fn tokenize(&self, _: &[Sequence<'_>], _: &mut dyn TokenSink) -> Result<()> {
            Err(Error::internal("pieces must not be tokenized again"))
        }
        fn token(&self, id: TokenId) -> Option<&str> {
            self.1.get(id as usize).map(String::as_str)
        }
    }
    let words = (0..64).map(|index| dlm_sdk::dna::kmer(index, 3)).collect();
    let triplets = Triplets(TokenizerSpec::new("triplets", 64), words);
    let mut set = ExampleSet::new(1);
    set.add_cut(0, b"AACttt", &[3, 6], &[0.0], 0, None).unwrap();
    let view = set.view();
    let batch = ItemTokenizer::new(&triplets).tokenize(view.examples().items).unwrap();
    assert_eq!(batch.row(0).ids, [1, 63]);
    assert_eq!(batch.row(0).spans[1], Span { start: 3, end: 6 });
}

#[test]
fn a_stopped_sink_breaks() {
    let mut batch = TokenBatch::default();
    assert_eq!(batch.emit(&[], &[]), ControlFlow::Continue(()));
}
