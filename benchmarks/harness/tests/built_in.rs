//! Every built-in component goes through the plugin border's own tables of functions, in process, and comes back the same.
//!
//! What is sent is held against the registry: a component that is added there and not here is a failure.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test fails by panicking and says what it skips"
)]

#[expect(dead_code, reason = "no command is run here")]
mod support;

use std::{collections::BTreeSet, fmt::Write as _, fs, path::PathBuf};

use dlm as _;
use dlm_nn::{
    bert::{Config, Heads, Model},
    folder::{self, Tokenizer as Tokens},
    weights::Element,
};
use dlm_plugin_word2vec::{Options, train};
use dlm_sdk::{Kind, border::round_trip, conformance, dna, prelude::*, random::Stream};
use ndarray::{Array2, Array3, ArrayD, s};
use tempfile::TempDir;

const SITE: &[u8] = b"GATTACACCATGGCAAGTC";

/// A folder with a small file of everything that built-in components are made from.
struct Files(TempDir);

impl Files {
    fn new() -> Self {
        let files = Self(tempfile::tempdir().unwrap());
        files.genome();
        files.tasks();
        files.models();
        let vocabulary = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/exported/tokenizer.json");
        fs::copy(vocabulary, files.place("tokenizer.json")).unwrap();
        files
    }

    fn place(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn path(&self, name: &str) -> String {
        self.place(name).display().to_string()
    }

    /// A chromosome with a start of transcription every 15 kb, and a site of a motif every 5 kb, every other one bound.
    fn genome(&self) {
        let mut stream = Stream::new(3, "genome");
        let mut bases: Vec<u8> = (0..900_000).map(|_| dna::BASES[stream.below(4)]).collect();
        let (mut starts, mut peaks, mut motif) = (String::new(), String::new(), ">M\n".to_owned());
        for index in 0..59 {
            let at = 10_000 + 15_000 * index;
            writeln!(starts, "chr1\t{at}\t{}\tp{index}\t1\t{}", at + 1, ["+", "-"][index % 2]).unwrap();
        }
        for (index, at) in (2_500..890_000).step_by(5_000).enumerate() {
            bases[at..at + SITE.len()].copy_from_slice(SITE);
            if index % 2 == 0 {
                writeln!(peaks, "chr1\t{}\t{}\t.\t0\t.\t1\t-1\t-1\t5", at - 90, at + 1).unwrap();
            }
        }
        for base in b"ACGT" {
            let counts = SITE.iter().map(|own| if own == base { "97 " } else { "1 " });
            writeln!(motif, "{}", counts.collect::<String>()).unwrap();
        }
        fs::write(self.place("g.fa"), [b">chr1\n", bases.as_slice(), b"\n"].concat()).unwrap();
        fs::write(self.place("starts.bed"), starts).unwrap();
        fs::write(self.place("peaks.narrowPeak"), peaks).unwrap();
        fs::write(self.place("motif.pfm"), motif).unwrap();
    }

    /// A folder of own data, and released tasks in the three forms they are published in.
    fn tasks(&self) {
        support::write_task(&self.place("planted"), 300);
        let mut stream = Stream::new(4, "released");
        let mut rows = |n: usize| -> Vec<(String, usize)> {
            let row = |item| ((0..40).map(|_| char::from(dna::BASES[stream.below(4)])).collect(), item % 2);
            (0..n).map(row).collect()
        };
        for release in ["gue/tf/0", "nt/made", "nt-revised/made"] {
            fs::create_dir_all(self.place(release)).unwrap();
        }
        for (split, n) in [("train", 60), ("dev", 20), ("test", 20)] {
            let (mut table, mut fasta) = ("sequence,label\n".to_owned(), String::new());
            for (bases, class) in rows(n) {
                writeln!(table, "{bases},{class}").unwrap();
                writeln!(fasta, ">of {split}|{class}\n{bases}").unwrap();
            }
            fs::write(self.place("gue/tf/0").join(split).with_extension("csv"), table).unwrap();
            for release in ["nt/made", "nt-revised/made"] {
                fs::write(self.place(release).join(split).with_extension("fna"), &fasta).unwrap();
            }
        }
    }

    /// BERTs over 2-mers and, as DNABERT is published, over overlapping 3-mers; and word2vec's vectors.
    fn models(&self) {
        let config = |vocabulary: usize| {
            let config = format!(
                r#"{{"vocab_size": {vocabulary}, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 4,
                    "intermediate_size": 32, "max_position_embeddings": 24}}"#
            );
            Config::from_json(&config).unwrap()
        };
        let model = Model::random(config(25), Heads::BOTH, 3);
        folder::write(&self.place("bert"), &model, Tokens::Spec("kmer:2"), Element::F32).unwrap();
        let mut words = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n".to_owned();
        for word in 0..64 {
            let base = |place: usize| char::from(b"ATCG"[word >> (2 * place) & 3]);
            writeln!(words, "{}{}{}", base(2), base(1), base(0)).unwrap();
        }
        let model = Model::random(config(69), Heads::BOTH, 3);
        let place = self.place("dnabert");
        folder::write(&place, &model, Tokens::Vocabulary(&words), Element::F32).unwrap();
        // Its files say more than a BERT's do, of what it does not use.
        let text = fs::read_to_string(place.join("config.json")).unwrap();
        let further =
            r#"{"num_rnn_layer": 1, "rnn": "lstm", "rnn_dropout": 0.0, "split": 10, "num_labels": 2,"#;
        fs::write(place.join("config.json"), text.replacen('{', further, 1)).unwrap();
        let mut stream = Stream::new(3, "rows");
        let rows: Vec<Vec<u32>> =
            (0..50).map(|_| (0..40).map(|_| 9 + stream.below(15) as u32).collect()).collect();
        let options = Options { dimensions: 6, epochs: 1, ..Options::default() };
        let vectors = train(&rows, 25, &options, &mut |_| Ok(())).unwrap();
        let fingerprint =
            Registry::builtin().unwrap().tokenizer("kmer:2").unwrap().spec().fingerprint.clone();
        vectors.write(&self.place("vectors"), Tokens::Spec("kmer:2"), &fingerprint).unwrap();
    }

    /// At least one spec of each component of a kind.
    fn specs(&self, kind: Kind) -> Vec<String> {
        let own = |specs: &[&str]| specs.iter().map(|&spec| spec.to_owned()).collect::<Vec<_>>();
        let genome = format!("genome={}", self.path("g.fa"));
        let starts = self.path("starts.bed");
        match kind {
            Kind::Tokenizer => {
                let mut specs =
                    own(&["kmer:1", "kmer:3", "kmer:6", "kmer:3:overlap", "kmer:6:overlap", "char"]);
                specs.push(format!("bpe:{}", self.path("tokenizer.json")));
                specs.push(self.path("dnabert/vocab.txt"));
                specs
            }
            Kind::Encoder => {
                let bert = self.path("bert");
                vec![self.path("vectors"), format!("{bert}+random,seed=1"), bert, self.path("dnabert")]
            }
            Kind::Baseline => own(&[
                "majority",
                "composition",
                "markov:2",
                "ngram:4",
                "lookup",
                "tfidf:kmer:3,trees=5",
                "canonical:kmer:3",
                "cnn,channels=4,epochs=1",
            ]),
            Kind::Task => vec![
                self.path("planted"),
                format!("gue/tf/0,data={}", self.0.path().display()),
                format!("nt-original/made,data={}", self.0.path().display()),
                format!("nt-revised/made,data={}", self.0.path().display()),
                format!("next-kmer:2,{genome},samples=400"),
                format!("prom300,{genome},promoters={starts},shuffle=kmer:6"),
                format!("promscan,{genome},promoters={starts},split=paper"),
                format!("promoter-tss,{genome},tss={starts},split=paper"),
                format!(
                    "ctcf,{genome},motif={},peaks={},cut=1e-9",
                    self.path("motif.pfm"),
                    self.path("peaks.narrowPeak")
                ),
            ],
        }
    }

    /// Compares every component of a kind with itself behind the border.
    fn each(&self, kind: Kind, mut compare: impl FnMut(&str, Component, Component)) {
        let registry = Registry::builtin().unwrap();
        let id = |spec: &str| registry.resolve(kind, spec).unwrap().0.id().to_owned();
        let mut specs = self.specs(kind);
        let mut all: BTreeSet<String> = registry.factories(kind).map(|it| it.id().to_owned()).collect();
        if kind == Kind::Encoder && !runtime() {
            specs.retain(|spec| id(spec) != "grover");
            all.remove("grover");
        }
        let sent: BTreeSet<String> = specs.iter().map(|spec| id(spec)).collect();
        assert_eq!(sent, all, "a built-in {} is not sent through the border", kind.name());
        for spec in specs {
            let [here, there] = [(); 2].map(|()| registry.create(kind, &spec).unwrap());
            compare(&spec, here, round_trip(there).unwrap());
        }
    }
}

fn runtime() -> bool {
    dlm_runtime::Runtime::get().map_err(|error| println!("skipped: {error}")).is_ok()
}

/// Takes the components of a kind out of a pair.
macro_rules! pair {
    ($kind:ident, $here:expr, $there:expr) => {{
        let (Component::$kind(here), Component::$kind(there)) = ($here, $there) else {
            panic!("what came back is of another kind")
        };
        assert_eq!(format!("{:?}", here.spec()), format!("{:?}", there.spec()));
        (here, there)
    }};
}

#[test]
fn every_tokenizer_comes_back() {
    let mut stream = Stream::new(1, "border");
    let base = |stream: &mut Stream| if stream.below(40) == 0 { b'N' } else { dna::BASES[stream.below(4)] };
    let samples: Vec<Vec<u8>> =
        (0..600).map(|length| (0..length).map(|_| base(&mut stream)).collect()).collect();
    let sequences: Vec<Sequence<'_>> = samples.iter().map(|bases| Sequence::new(bases)).collect();
    Files::new().each(Kind::Tokenizer, |spec, here, there| {
        let (here, there) = pair!(Tokenizer, here, there);
        assert_eq!(here.batch(&sequences).unwrap(), there.batch(&sequences).unwrap(), "{spec}");
        for id in 0..here.spec().vocab_size + 2 {
            assert_eq!(here.token(id), there.token(id), "{spec}");
        }
        conformance::tokenizer(&*there).assert();
    });
}

#[test]
fn every_encoder_comes_back() {
    let registry = Registry::builtin().unwrap();
    Files::new().each(Kind::Encoder, |spec, here, there| {
        let (mut here, mut there) = pair!(Encoder, here, there);
        let tokenizer = registry.tokenizer(&there.spec().tokenizer).unwrap();
        assert_eq!(tokenizer.spec().vocab_size, there.spec().vocab_size, "{spec}");
        let (rows, columns) = (3, 7);
        let (vocabulary, layers) = (here.spec().vocab_size as usize, here.spec().layers);
        let ids = Array2::from_shape_fn((rows, columns), |(row, place)| {
            ((7 * row + 5 * place) % vocabulary) as i64
        });
        let mut mask = Array2::ones(ids.raw_dim());
        mask.slice_mut(s![1, 5..]).fill(0);
        let tokens = TokenTensor { ids: ids.view(), mask: mask.view() };
        let both = [&mut here, &mut there].map(|encoder| {
            let width = encoder.spec().hidden;
            let mut answers = Vec::new();
            for layer in (0..=layers).map(Some).chain([None]) {
                let mut states = Array3::zeros((rows, columns, width));
                match layer {
                    Some(layer) => encoder.encode_layer(tokens, layer, states.view_mut()),
                    None => encoder.encode(tokens, states.view_mut()),
                }
                .unwrap_or_else(|error| panic!("{spec}: {}", error.chain()));
                answers.push(states.into_raw_vec_and_offset().0);
            }
            if let Some(model) = encoder.language_model() {
                let mut logits = Array3::zeros((rows, columns, vocabulary));
                model.logits(tokens, logits.view_mut()).unwrap();
                answers.push(logits.into_raw_vec_and_offset().0);
            }
            let mut handed = None;
            if let Some(trainable) = encoder.trainable() {
                let parameters = trainable.parameters().to_vec();
                for (index, parameter) in parameters.iter().enumerate() {
                    let mut value = ArrayD::zeros(parameter.shape.clone());
                    trainable.read(index, value.view_mut()).unwrap();
                    answers.push(value.into_raw_vec_and_offset().0);
                }
                handed = Some((parameters, format!("{:?}", trainable.forward())));
            }
            (answers, handed)
        });
        assert!(both[0] == both[1], "{spec} answers otherwise behind the border");
        conformance::encoder(&mut *there).assert();
    });
}

#[test]
fn every_task_comes_back() {
    Files::new().each(Kind::Task, |spec, here, there| {
        let (here, there) = pair!(Task, here, there);
        for split in Split::ALL {
            let set = here.collect(split).unwrap();
            assert!(!set.is_empty() && set == there.collect(split).unwrap(), "{spec}: {}", split.name());
        }
        conformance::task(&*there).assert();
    });
}

/// On own data of two classes, on next-k-mer of many, whose pieces of a chromosome have places, and on promoters that are
/// cut into tokens.
#[test]
fn every_baseline_comes_back() {
    let files = Files::new();
    let registry = Registry::builtin().unwrap();
    let specs = files.specs(Kind::Task);
    let tasks = ["planted", "next-kmer", "prom300"].map(|name| {
        let spec = specs.iter().find(|spec| spec.contains(name)).unwrap();
        let task = registry.task(spec).unwrap();
        let sets = Split::ALL.map(|split| task.collect(split).unwrap());
        (task, sets)
    });
    files.each(Kind::Baseline, |spec, here, there| {
        let (here, there) = pair!(Baseline, here, there);
        let mut fitted = 0;
        for (task, [train, validation, test]) in &tasks {
            let (train, validation, test) = (train.view(), validation.view(), test.view());
            let answers = [&here, &there].map(|baseline| {
                let chosen_on = Some(validation.examples());
                let mut predictor = baseline
                    .fit(task.spec(), train.examples(), chosen_on, 7)
                    .map_err(|error| (error.kind(), error.hint().map(str::to_owned)))?;
                let items = test.examples().items;
                let mut scores = Array2::zeros((items.sequences.len(), task.spec().target.outputs()));
                predictor.predict(items, scores.view_mut()).unwrap();
                Ok::<_, (ErrorKind, Option<String>)>(scores)
            });
            assert_eq!(answers[0], answers[1], "{spec} on {}", task.spec().name);
            fitted += usize::from(answers[0].is_ok());
        }
        assert!(fitted > 0 || (spec.starts_with("cnn") && !runtime()), "{spec} was fitted on nothing");
        // One pass over few channels learns nothing.
        conformance::baseline_where(&*there, &mut |rule| rule != "B1" || !spec.starts_with("cnn")).assert();
    });
}
