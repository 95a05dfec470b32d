//! What a component says goes through the plugin border's tables of functions and comes back the same, and what it answers
//! wrongly is caught on the way. `benchmarks/harness/tests/built_in.rs` sends every built-in component.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use dlm_sdk::{border::round_trip, dna, prelude::*, random::Stream};
use ndarray::{Array2, Array3, ArrayD, Axis, s};

fn examples(seed: u64, n: u64, cut: bool) -> ExampleSet {
    let mut stream = Stream::new(seed, "examples");
    let mut set = ExampleSet::new(1);
    for id in 0..n {
        let class = stream.below(2);
        let mut bases: Vec<u8> = (0..60).map(|_| dna::BASES[stream.below(4)]).collect();
        if class == 1 {
            bases[10..16].copy_from_slice(b"GGGGGG");
        }
        let locus = Locus {
            chromosome: format!("chr{}", id % 3).into(),
            start: id,
            end: id + 60,
            strand: [None, Some(Strand::Forward), Some(Strand::Reverse)][id as usize % 3],
        };
        let cuts: Vec<u32> = (1..=20).map(|token| token * 3).collect();
        if cut {
            set.add_cut(id, &bases, &cuts, &[class as f32], id / 2, Some(locus)).unwrap();
        } else {
            set.add_at(id, &bases, &[class as f32], id / 2, locus).unwrap();
        }
    }
    set
}

/// A task in memory, with everything a task can say.
struct Held(TaskSpec, [ExampleSet; 3]);

impl Task for Held {
    fn spec(&self) -> &TaskSpec {
        &self.0
    }
    fn load(&self, split: Split, sink: &mut dyn ExampleSink) -> Result<()> {
        match sink.push(self.1[split as usize].view().examples()) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(Error::cancelled()),
        }
    }
}

fn held(cut: bool) -> Held {
    let mut spec = TaskSpec::new("held", Target::Binary, SplitKind::Paper);
    spec.metrics.truncate(3);
    spec.sequence_length = Some(60);
    spec.class_names = vec!["no".into(), "yes".into()];
    spec.notes = vec!["made up".into()];
    spec.citation = "nobody".into();
    spec.license = "CC0-1.0".into();
    spec.strand_specific = true;
    let sets = [(1, 50), (2, 20), (3, 20)].map(|(seed, n)| examples(seed, n, cut));
    Held(spec, sets)
}

#[test]
fn a_task_comes_back_with_cuts_loci_and_groups() {
    for cut in [false, true] {
        let here = held(cut);
        let Component::Task(there) = round_trip(Component::Task(Box::new(held(cut)))).unwrap() else {
            panic!()
        };
        assert_eq!(format!("{:?}", here.spec()), format!("{:?}", there.spec()));
        for split in Split::ALL {
            assert_eq!(there.collect(split).unwrap(), here.1[split as usize]);
        }
    }
}

/// Token and position, two layers, logits and a graph, with at most one rule broken.
struct Sums {
    spec: EncoderSpec,
    parameters: Vec<Parameter>,
    broken: &'static str,
}

impl Sums {
    fn component(broken: &'static str) -> Component {
        let mut spec = EncoderSpec::new("sums", "char", 9, 4);
        spec.layers = 2;
        spec.max_tokens = Some(16);
        spec.prefix = Some(2);
        spec.suffix = (broken == "suffix").then_some(9);
        spec.causal = true;
        spec.pooler = true;
        spec.parameters = Some(36);
        spec.fingerprint = "abc".into();
        let table = Parameter { name: "table".into(), shape: vec![9, 4], group: 0, decay: true };
        Component::Encoder(Box::new(Self { spec, parameters: vec![table], broken }))
    }

    fn write(&self, tokens: TokenTensor<'_>, layer: usize, mut out: ArrayViewMut3<'_, f32>) {
        let width = out.dim().2;
        for ((row, column), &id) in tokens.ids.indexed_iter() {
            for unit in 0..width {
                let place = column * usize::from(layer > 0);
                out[[row, column, unit]] = (id as usize * 10 + place + unit + layer) as f32;
            }
        }
        if self.broken == "nan" && tokens.ids.ncols() > 3 {
            out[[0, 2, 1]] = f32::NAN;
        }
    }
}

impl Encoder for Sums {
    fn spec(&self) -> &EncoderSpec {
        &self.spec
    }
    fn encode(&mut self, tokens: TokenTensor<'_>, out: ArrayViewMut3<'_, f32>) -> Result<()> {
        assert!(self.broken != "panic", "the planted panic");
        if self.broken != "unwritten" {
            self.write(tokens, 2, out);
        }
        Ok(())
    }
    fn encode_layer(
        &mut self,
        tokens: TokenTensor<'_>,
        layer: usize,
        out: ArrayViewMut3<'_, f32>,
    ) -> Result<()> {
        if layer > 2 {
            return Err(Error::invalid("there are two layers"));
        }
        self.write(tokens, layer, out);
        Ok(())
    }
    fn language_model(&mut self) -> Option<&mut dyn LanguageModel> {
        Some(self)
    }
    fn trainable(&mut self) -> Option<&mut dyn Trainable> {
        Some(self)
    }
}

impl LanguageModel for Sums {
    fn logits(&mut self, tokens: TokenTensor<'_>, logits: ArrayViewMut3<'_, f32>) -> Result<()> {
        self.write(tokens, 5, logits);
        Ok(())
    }
}

impl Trainable for Sums {
    fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }
    fn read(&mut self, _index: usize, mut value: ArrayViewMutD<'_, f32>) -> Result<()> {
        value.iter_mut().enumerate().for_each(|(place, value)| *value = place as f32);
        Ok(())
    }
    fn forward(&self) -> Graph {
        Graph::Bytes(b"a graph".as_slice().into())
    }
}

fn encoder(broken: &'static str) -> Result<Box<dyn Encoder>> {
    match round_trip(Sums::component(broken))? {
        Component::Encoder(encoder) => Ok(encoder),
        other => panic!("{other:?}"),
    }
}

fn batch(rows: usize, columns: usize) -> (Array2<i64>, Array2<i64>) {
    let ids = Array2::from_shape_fn((rows, columns), |(row, column)| ((row + column) % 9) as i64);
    let mut mask = Array2::ones((rows, columns));
    mask[[0, columns - 1]] = 0;
    (ids, mask)
}

#[test]
fn an_encoder_comes_back_with_layers_logits_and_graph() {
    let mut there = encoder("").unwrap();
    let Component::Encoder(mut here) = Sums::component("") else { panic!() };
    assert_eq!(format!("{:?}", here.spec()), format!("{:?}", there.spec()));
    let (ids, mask) = batch(3, 5);
    // A view that is not in one piece arrives in one.
    let reversed = ids.slice(s![.., ..;-1]);
    for ids in [ids.view(), reversed] {
        let tokens = TokenTensor { ids, mask: mask.view() };
        for layer in 0..3 {
            let mut states = [Array3::zeros((3, 5, 4)), Array3::zeros((3, 5, 4))];
            here.encode_layer(tokens, layer, states[0].view_mut()).unwrap();
            there.encode_layer(tokens, layer, states[1].view_mut()).unwrap();
            assert_eq!(states[0], states[1]);
        }
        let mut logits = Array3::zeros((3, 5, 9));
        there.language_model().unwrap().logits(tokens, logits.view_mut()).unwrap();
        assert_eq!(logits[[1, 1, 0]], ids[[1, 1]] as f32 * 10.0 + 6.0);
        assert!(there.encode_layer(tokens, 3, Array3::zeros((3, 5, 4)).view_mut()).is_err());
    }
    let trainable = there.trainable().unwrap();
    assert_eq!(trainable.parameters().len(), 1);
    assert!(matches!(trainable.forward(), Graph::Bytes(bytes) if &*bytes == b"a graph"));
    let mut table = ArrayD::zeros(vec![9, 4]);
    trainable.read(0, table.view_mut()).unwrap();
    assert_eq!(table[[8, 3]], 35.0);
    assert!(trainable.read(1, table.view_mut()).is_err());
    assert!(trainable.read(0, ArrayD::zeros(vec![4, 9]).view_mut()).is_err());
}

#[test]
fn an_encoder_is_checked() {
    let (ids, mask) = batch(2, 5);
    let tokens = TokenTensor { ids: ids.view(), mask: mask.view() };
    let refusal = |broken| {
        let mut states = Array3::zeros((2, 5, 4));
        encoder(broken).and_then(|mut encoder| encoder.encode(tokens, states.view_mut())).unwrap_err()
    };
    assert!(refusal("nan").to_string().contains("answered NaN at row 0, token 2"), "{}", refusal("nan"));
    assert!(refusal("unwritten").to_string().contains("did not write"));
    assert!(refusal("suffix").to_string().contains("id 9 past the vocabulary of 9"));
    assert_eq!(refusal("panic").kind(), ErrorKind::Panicked);

    let mut states = Array3::zeros((2, 5, 4));
    let mut gone = encoder("panic").unwrap();
    gone.encode(tokens, states.view_mut()).unwrap_err();
    let again = gone.encode(tokens, states.view_mut()).unwrap_err();
    assert!(again.to_string().contains("panicked before"), "{again}");

    let mut right = encoder("").unwrap();
    for (what, ids) in [("id 9", Array2::from_elem((1, 3), 9)), ("takes 16", Array2::zeros((1, 17)))] {
        let mask = Array2::ones(ids.raw_dim());
        let mut states = Array3::zeros((1, ids.ncols(), 4));
        let tokens = TokenTensor { ids: ids.view(), mask: mask.view() };
        let error = right.encode(tokens, states.view_mut()).unwrap_err();
        assert!(error.kind() == ErrorKind::Invalid && error.to_string().contains(what), "{error}");
    }
    let error = right.encode(tokens, Array3::zeros((2, 4, 4)).view_mut()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
}

/// Single bases, with at most one rule broken.
struct Wrong(TokenizerSpec, &'static str);

impl Tokenizer for Wrong {
    fn spec(&self) -> &TokenizerSpec {
        &self.0
    }
    fn tokenize(&self, sequences: &[Sequence<'_>], sink: &mut dyn TokenSink) -> Result<()> {
        for (row, sequence) in sequences.iter().enumerate() {
            let n = sequence.bases().len() as u32;
            let mut ids = vec![1; n as usize];
            let mut spans: Vec<Span> = (0..n).map(|start| Span { start, end: start + 1 }).collect();
            match self.1 {
                "id" => ids[1] = 5,
                "past" => spans[2].end = n + 1,
                "empty" => spans[1] = Span { start: 1, end: 1 },
                "hole" => drop(spans.remove(1)),
                "missing" if row == 1 => continue,
                "twice" => _ = sink.emit(&ids, &spans),
                "panic" => panic!("the planted panic"),
                _ => {}
            }
            ids.truncate(spans.len());
            if sink.emit(&ids, &spans).is_break() && self.1 != "goes on" {
                return Err(Error::cancelled());
            }
        }
        Ok(())
    }
    fn token(&self, id: TokenId) -> Option<&str> {
        ["[UNK]", "X"].get(id as usize).copied()
    }
}

#[test]
fn a_tokenizer_is_checked() {
    let sequences = [Sequence::new(b"ACGT"), Sequence::new(b"ACG")];
    let cases = [
        ("id", "id 5, the vocabulary has 2"),
        ("past", "covers 2..5 of 4 bases"),
        ("empty", "covers 1..1"),
        ("hole", "covers 2..3 after 0..1"),
        ("missing", "1 rows for 2 sequences"),
        ("twice", "token 3 covers 3..4 of 3 bases"),
        ("panic", "panicked"),
    ];
    for (broken, wanted) in cases {
        let wrong = Component::Tokenizer(Box::new(Wrong(TokenizerSpec::new("wrong", 2), broken)));
        let Component::Tokenizer(wrong) = round_trip(wrong).unwrap() else { panic!() };
        let error = wrong.tokenize(&sequences, &mut TokenBatch::default()).unwrap_err();
        assert!(error.to_string().contains(wanted), "{broken}: {error}");
    }
    let right = Component::Tokenizer(Box::new(Wrong(TokenizerSpec::new("right", 2), "")));
    let Component::Tokenizer(right) = round_trip(right).unwrap() else { panic!() };
    assert_eq!(right.batch(&sequences).unwrap().n_tokens(), 7);
    assert_eq!(right.batch(&[]).unwrap().len(), 0);
}

#[test]
fn a_sink_that_stops_or_panics_is_heard() {
    struct Stop(bool);
    impl TokenSink for Stop {
        fn emit(&mut self, _: &[TokenId], _: &[Span]) -> ControlFlow<()> {
            assert!(self.0, "the sink's own panic");
            ControlFlow::Break(())
        }
    }
    let through = |broken| {
        let it = Component::Tokenizer(Box::new(Wrong(TokenizerSpec::new("it", 2), broken)));
        let Component::Tokenizer(it) = round_trip(it).unwrap() else { panic!() };
        it
    };
    let sequences = [Sequence::new(b"ACGT"), Sequence::new(b"ACG")];
    assert_eq!(through("").tokenize(&sequences, &mut Stop(true)).unwrap_err().kind(), ErrorKind::Cancelled);
    let error = through("goes on").tokenize(&sequences, &mut Stop(true)).unwrap_err();
    assert!(error.to_string().contains("after the sink had asked to stop"), "{error}");
    let tokenizer = through("");
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let _ = tokenizer.tokenize(&sequences, &mut Stop(false));
    }));
    let message = caught.unwrap_err();
    assert_eq!(message.downcast_ref::<&str>(), Some(&"the sink's own panic"));
    // The tokenizer is not to blame and goes on.
    assert_eq!(tokenizer.batch(&sequences).unwrap().len(), 2);
}

/// Answers that no host should believe.
struct WrongScores(f32);

impl Baseline for WrongScores {
    fn spec(&self) -> &BaselineSpec {
        static SPEC: std::sync::OnceLock<BaselineSpec> = std::sync::OnceLock::new();
        SPEC.get_or_init(|| BaselineSpec::new("wrong", Control::Local).seeded())
    }
    fn fit(
        &self,
        _: &TaskSpec,
        _: Examples<'_>,
        _: Option<Examples<'_>>,
        _: u64,
    ) -> Result<Box<dyn Predictor>> {
        if self.0 == 2.0 {
            return Err(Error::unsupported("no such task").with_hint("take another"));
        }
        Ok(Box::new(Self(self.0)))
    }
}

impl Predictor for WrongScores {
    fn predict(&mut self, _: Items<'_>, mut scores: ArrayViewMut2<'_, f32>) -> Result<()> {
        scores.index_axis_mut(Axis(1), 0).fill(self.0);
        Ok(())
    }
}

#[test]
fn a_predictor_is_checked() {
    let set = examples(1, 10, false);
    let view = set.view();
    let spec = TaskSpec::new("planted", Target::Binary, SplitKind::Grouped);
    let fit = |score: f32| {
        let it = Component::Baseline(Box::new(WrongScores(score)));
        let Component::Baseline(it) = round_trip(it).unwrap() else { panic!() };
        assert!(it.spec().seeded);
        it.fit(&spec, view.examples(), None, 0)
    };
    let refused = fit(2.0).err().unwrap();
    assert_eq!((refused.kind(), refused.hint()), (ErrorKind::Unsupported, Some("take another")));
    for score in [f32::INFINITY, 0.5] {
        let mut scores = Array2::zeros((10, 2));
        let error = fit(score).unwrap().predict(view.examples().items, scores.view_mut()).unwrap_err();
        assert!(error.to_string().contains("for item 0, column"), "{error}");
    }
}
