//! The baseline through the SDK's traits.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::sync::Arc;

use dlm_plugin_tfidf::{TfIdf, TfIdfForest, WordRule, Words};
use dlm_sdk::{conformance, metrics::Metric, prelude::*, random::Stream, tokenizer::ItemTokenizer};
use ndarray::Array2;
use proptest::prelude::*;

/// Words of three bases, single bases for leftovers, one token for N: a k-mer tokenizer in little.
#[derive(Debug)]
struct Codons {
    spec: TokenizerSpec,
    texts: Vec<String>,
}

impl Codons {
    fn new() -> Self {
        let mut texts: Vec<String> = ["[PAD]", "[UNK]", "A", "C", "G", "T"].map(str::to_owned).to_vec();
        for word in 0..64 {
            texts.push(
                [word / 16, word / 4 % 4, word % 4].map(|base| ['A', 'C', 'G', 'T'][base]).iter().collect(),
            );
        }
        let mut spec = TokenizerSpec::new("codons", texts.len() as u32);
        spec.special.pad = Some(0);
        spec.special.unk = Some(1);
        Self { spec, texts }
    }

    fn id(&self, piece: &[u8]) -> u32 {
        let piece = piece.to_ascii_uppercase();
        self.texts.iter().position(|text| text.as_bytes() == piece).unwrap_or(1) as u32
    }
}

impl Tokenizer for Codons {
    fn spec(&self) -> &TokenizerSpec {
        &self.spec
    }

    fn tokenize(&self, sequences: &[Sequence<'_>], sink: &mut dyn TokenSink) -> Result<()> {
        for sequence in sequences {
            let (mut ids, mut spans, mut rest, mut start) = (Vec::new(), Vec::new(), sequence.bases(), 0);
            while !rest.is_empty() {
                let whole = rest.get(..3).is_some_and(|word| self.id(word) > 5);
                let end = if whole { 3 } else { 1 };
                ids.push(self.id(&rest[..end]));
                spans.push(Span { start, end: start + end as u32 });
                start += end as u32;
                rest = &rest[end..];
            }
            if sink.emit(&ids, &spans).is_break() {
                return Err(Error::cancelled());
            }
        }
        Ok(())
    }

    fn token(&self, id: TokenId) -> Option<&str> {
        self.texts.get(id as usize).map(String::as_str)
    }
}

register! { tokenizer "codons", "words of three bases", create: |_config, _registry| Ok(Codons::new()) }

fn bases(random: &mut Stream, length: usize, alphabet: &[u8]) -> Vec<u8> {
    (0..length).map(|_| alphabet[random.below(alphabet.len())]).collect()
}

/// Sequences whose class follows from which codons are common; some bases are N.
fn set(target: Target, n: u64, seed: u64) -> ExampleSet {
    let mut random = Stream::new(seed, "test");
    let mut set = ExampleSet::new(target.width());
    for id in 0..n {
        let class = random.below(3);
        let alphabet: &[u8] = [b"AACGTTN", b"ACCCGTN", b"ACGGGTN"][class];
        let sequence = bases(&mut random, 60, alphabet);
        let class = class as f32;
        let row: &[f32] = match target {
            Target::Binary => &[class.min(1.0)],
            Target::Multiclass(_) => &[class],
            Target::Multilabel(_) => &[f32::from(class == 1.0), f32::from(class > 0.0)],
            _ => &[class, 1.0 - class],
        };
        set.add(id, &sequence, row, id).unwrap();
    }
    set
}

fn baseline(text: &str) -> Box<dyn Baseline> {
    Registry::builtin().unwrap().baseline(text).unwrap()
}

fn fact(predictor: &dyn Predictor, name: &str) -> String {
    predictor.facts().into_iter().find(|fact| fact.name == name).unwrap().value
}

const TARGETS: [Target; 4] =
    [Target::Binary, Target::Multiclass(3), Target::Multilabel(2), Target::Regression(2)];

#[test]
fn every_kind_of_task_is_learned() {
    for target in TARGETS {
        let (train, validation, test) = (set(target, 300, 1), set(target, 100, 2), set(target, 100, 3));
        let (train, validation, test) = (train.view(), validation.view(), test.view());
        let task = TaskSpec::new("test", target, SplitKind::Given);
        let baseline = baseline("tfidf:codons,trees=3,20");
        assert_eq!(baseline.spec().name, "tfidf:codons,trees=3,20");
        let mut predictor = baseline.fit(&task, train.examples(), Some(validation.examples()), 4).unwrap();
        let test = test.examples();
        // Answers do not depend on how the memory they are written to lies.
        let mut scores = Array2::zeros((100, target.outputs()));
        let mut transposed = Array2::zeros((target.outputs(), 100));
        predictor.predict(test.items, scores.view_mut()).unwrap();
        predictor.predict(test.items, transposed.view_mut().reversed_axes()).unwrap();
        assert_eq!(scores, transposed.reversed_axes());
        let error: f32 = match target {
            Target::Binary | Target::Multiclass(_) => {
                (0..100).map(|row| 1.0 - scores[[row, test.class(row)]]).sum::<f32>() / 100.0
            }
            _ => (&scores - &test.targets).mapv(f32::abs).mean().unwrap(),
        };
        assert!(error < 0.3, "{target:?}: {error}");
        assert!(fact(&*predictor, "features").parse::<usize>().unwrap() <= 64);
    }
}

#[test]
fn the_number_of_trees_is_chosen_on_validation() {
    let target = Target::Multiclass(3);
    let (train, validation) = (set(target, 200, 5), set(target, 80, 6));
    let (train, validation) = (train.view(), validation.view());
    let mut task = TaskSpec::new("test", target, SplitKind::Given);
    for metric in [Metric::Mcc, Metric::Auroc] {
        task.metrics = vec![metric];
        let chosen = baseline("tfidf:codons,trees=1,5,40")
            .fit(&task, train.examples(), Some(validation.examples()), 9)
            .unwrap();
        let judged: Vec<(usize, f64)> = [1, 5, 40]
            .map(|trees| {
                let value = fact(&*chosen, &format!("validation {metric} with {trees} trees"));
                (trees, value.parse().unwrap())
            })
            .to_vec();
        let best = judged.iter().fold(judged[0], |best, &each| if each.1 > best.1 { each } else { best });
        assert_eq!(fact(&*chosen, "trees"), best.0.to_string(), "{judged:?}");
        // A forest of that many trees, fitted alone, is the same.
        let mut alone = baseline(&format!("tfidf:codons,trees={}", best.0))
            .fit(&task, train.examples(), None, 9)
            .unwrap();
        let mut chosen = chosen;
        let mut scores = [Array2::zeros((80, 3)), Array2::zeros((80, 3))];
        alone.predict(validation.examples().items, scores[0].view_mut()).unwrap();
        chosen.predict(validation.examples().items, scores[1].view_mut()).unwrap();
        assert_eq!(scores[0], scores[1]);
    }
    let error = baseline("tfidf:codons").fit(&task, train.examples(), None, 9).err().unwrap();
    assert!(error.hint().unwrap().contains("trees="), "{error}");
}

#[test]
fn single_letters_count_in_the_corrected_mode_only() {
    let target = Target::Binary;
    let train = set(target, 50, 7);
    let view = train.view();
    let task = TaskSpec::new("test", target, SplitKind::Given);
    let features = |text: &str| {
        fact(&*baseline(text).fit(&task, view.examples(), None, 1).unwrap(), "features")
            .parse::<usize>()
            .unwrap()
    };
    let (compatible, corrected) =
        (features("tfidf:codons,trees=1"), features("tfidf:codons,trees=1,sklearn_compat=false"));
    // A, C, G, T and the token for N.
    assert_eq!(corrected, compatible + 5);
}

#[test]
fn it_conforms() {
    for text in ["tfidf:codons,trees=5", "tfidf:codons,trees=3,9,sklearn_compat=false"] {
        conformance::baseline(&*baseline(text)).assert();
    }
}

#[test]
fn bad_specs_say_what_is_wrong() {
    let registry = Registry::builtin().unwrap();
    for (text, part) in [
        ("tfidf", "a tokenizer is missing"),
        ("tfidf:codon", "no tokenizer is called"),
        ("tfidf:codons,trees=0", "trees must be in"),
        ("tfidf:codons,trees=ten", "option trees"),
        ("tfidf:codons,tree=10", "unknown option"),
    ] {
        let error = registry.baseline(text).err().unwrap();
        assert!(error.chain().contains(part), "{}", error.chain());
    }
}

/// Cuts a sequence of codons and leftovers where the tokenizer would, in pieces.
fn pieces(random: &mut Stream) -> Vec<Vec<u8>> {
    let n = 3 + random.below(20);
    (0..n)
        .map(|_| {
            let length = if random.below(4) == 0 { 1 } else { 3 };
            bases(random, length, b"ACGT")
        })
        .collect()
}

fn with_cuts(pieces: &[Vec<u8>]) -> (Vec<u8>, Vec<u32>) {
    let cuts = pieces.iter().scan(0, |end, piece| {
        *end += piece.len() as u32;
        Some(*end)
    });
    (pieces.concat(), cuts.collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn shuffled_tokens_have_the_same_features(seed in any::<u64>(), every in any::<bool>()) {
        let mut random = Stream::new(seed, "test");
        let mut original: Vec<_> = (0..5).map(|_| pieces(&mut random)).collect();
        original[0].push(b"ACG".to_vec());
        let shuffled: Vec<_> = original.iter().cloned().map(|mut pieces| {
            random.shuffle(&mut pieces);
            pieces
        }).collect();
        let codons = Codons::new();
        let rows = [&original, &shuffled].map(|set| {
            let mut examples = ExampleSet::new(1);
            for (id, pieces) in (0..).zip(set) {
                let (sequence, cuts) = with_cuts(pieces);
                examples.add_cut(id, &sequence, &cuts, &[0.0], id, None).unwrap();
            }
            ItemTokenizer::new(&codons).tokenize(examples.view().examples().items).unwrap()
        });
        let rule = if every { WordRule::Every } else { WordRule::Sklearn };
        let tfidf = TfIdf::fit(Words::new(&codons, rule), &rows[0]).unwrap();
        prop_assert_eq!(tfidf.transform(&rows[0]).unwrap(), tfidf.transform(&rows[1]).unwrap());
    }
}

#[test]
fn pieces_of_another_tokenizer_are_unsupported() {
    let mut examples = ExampleSet::new(1);
    examples.add_cut(0, b"ACGTA", &[3, 5], &[1.0], 0, None).unwrap();
    let task = TaskSpec::new("test", Target::Binary, SplitKind::Given);
    let baseline = TfIdfForest::new("test", Arc::new(Codons::new()), vec![1], WordRule::Sklearn).unwrap();
    let error = baseline.fit(&task, examples.view().examples(), None, 1).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("TA"), "{error}");
}
