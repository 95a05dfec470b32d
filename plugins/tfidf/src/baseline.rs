//! The baseline `tfidf:TOKENIZER`.

use std::sync::Arc;

use dlm_sdk::{prelude::*, random::Stream, tokenizer::ItemTokenizer};
use ndarray::s;

use crate::{ForestParams, RandomForest, SparseMatrix, TfIdf, WordRule, Words, choose};

/// How many items are tokenized and answered together.
const CHUNK: usize = 4096;

/// The numbers of trees tried if none are given: the range of the GROVER paper.
const TREES: &str = "100,250,500,1000,2000";

/// TF-IDF over a tokenizer's tokens with a random forest.
///
/// Binary and multi-class tasks get one forest, multi-label tasks one forest for each label against the rest, regression
/// one for each value. Where the task fixes token boundaries, each piece is looked up as one token.
///
/// # Examples
///
/// ```
/// use dlm_sdk::{prelude::*, Registry};
/// # use std::ops::ControlFlow;
/// # #[derive(Debug)]
/// # struct Pairs(TokenizerSpec);
/// # impl Tokenizer for Pairs {
/// #     fn spec(&self) -> &TokenizerSpec { &self.0 }
/// #     fn tokenize(&self, sequences: &[Sequence<'_>], sink: &mut dyn TokenSink) -> Result<()> {
/// #         for sequence in sequences {
/// #             let spans: Vec<_> = (0..sequence.bases().len() as u32 / 2).map(|at| Span { start: 2 * at, end: 2 * at + 2 }).collect();
/// #             let ids: Vec<_> = sequence.bases().chunks_exact(2).map(|pair| u32::from(pair == b"GC")).collect();
/// #             let _ = sink.emit(&ids, &spans);
/// #         }
/// #         Ok(())
/// #     }
/// #     fn token(&self, id: TokenId) -> Option<&str> { ["AT", "GC"].get(id as usize).copied() }
/// # }
/// # register! { tokenizer "pairs", "two tokens", create: |_, _| Ok(Pairs(TokenizerSpec::new("pairs", 2))) }
/// # use dlm_plugin_tfidf as _;
/// let mut train = ExampleSet::new(1);
/// for id in 0..20 {
///     train.add(id, if id % 2 == 0 { b"ATATAT" } else { b"ATGCGC" }, &[(id % 2) as f32], id)?;
/// }
/// let view = train.view();
/// let task = TaskSpec::new("example", Target::Binary, SplitKind::Given);
/// let baseline = Registry::builtin()?.baseline("tfidf:pairs,trees=10")?;
/// let mut predictor = baseline.fit(&task, view.examples(), None, 7)?;
/// let mut scores = ndarray::Array2::zeros((20, 2));
/// predictor.predict(view.examples().items, scores.view_mut())?;
/// assert!(scores[[0, 0]] > 0.9 && scores[[1, 1]] > 0.9);
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug)]
pub struct TfIdfForest {
    spec: BaselineSpec,
    tokenizer: Arc<dyn Tokenizer>,
    trees: Vec<usize>,
    rule: WordRule,
}

impl TfIdfForest {
    /// Creates the baseline over a tokenizer: the numbers of trees to choose from (one is used as it is), and what
    /// counts as a word.
    ///
    /// # Errors
    ///
    /// [`Invalid`](ErrorKind::Invalid) without a number of trees, or for one that a forest cannot have.
    pub fn new(
        name: impl Into<String>,
        tokenizer: Arc<dyn Tokenizer>,
        mut trees: Vec<usize>,
        rule: WordRule,
    ) -> Result<Self> {
        trees.sort_unstable();
        trees.dedup();
        let greatest = *trees.last().ok_or_else(|| Error::invalid("option trees: no number is given"))?;
        for count in [trees[0], greatest] {
            ForestParams::new().trees(count).check()?;
        }
        let spec = BaselineSpec::new(name, Control::ContextFree).seeded();
        Ok(Self { spec, tokenizer, trees, rule })
    }

    fn from_config(config: &Config, registry: &Registry) -> Result<Self> {
        let text = config
            .required("a tokenizer")
            .map_err(|error| error.with_hint("for instance tfidf:kmer:6 or tfidf:PATH/tokenizer.json"))?;
        let tokenizer = registry.tokenizer(text)?;
        let rule = if config.need("sklearn_compat")? { WordRule::Sklearn } else { WordRule::Every };
        let mut name = vec![format!("tfidf:{text}")];
        for option in OPTIONS {
            let given = config.get(option.key).filter(|_| config.get(option.key) != option.default);
            name.extend(given.map(|value| format!("{}={value}", option.key)));
        }
        Self::new(name.join(","), Arc::from(tokenizer), config.list("trees")?, rule)
    }

    /// Fits the greatest forests that are asked for.
    fn grow(
        &self,
        task: &TaskSpec,
        records: &SparseMatrix,
        train: Examples<'_>,
        seed: u64,
    ) -> Result<Vec<RandomForest>> {
        let greatest = self.trees[self.trees.len() - 1];
        let params = |seed| ForestParams::new().trees(greatest).seed(seed).check();
        let column = |column: usize| train.targets.slice_move(s![.., column]);
        let seed_of = |output: usize| Stream::nth(seed, "output", output as u64).next_u64();
        match task.target {
            Target::Binary | Target::Multiclass(_) => {
                let classes: Vec<u32> = train.classes().map(|class| class as u32).collect();
                Ok(vec![params(seed)?.fit_classes(records, &classes, task.target.outputs())?])
            }
            Target::Multilabel(labels) => (0..labels)
                .map(|label| {
                    let classes: Vec<u32> = column(label).iter().map(|&is| u32::from(is >= 0.5)).collect();
                    Ok(params(seed_of(label))?.fit_classes(records, &classes, 2)?)
                })
                .collect(),
            Target::Regression(values) => (0..values)
                .map(|value| Ok(params(seed_of(value))?.fit_numbers(records, &column(value).to_vec())?))
                .collect(),
            _ => Err(Error::unsupported(format!("a forest does not answer {} tasks", task.target.name()))),
        }
    }
}

impl Baseline for TfIdfForest {
    fn spec(&self) -> &BaselineSpec {
        &self.spec
    }

    fn fit(
        &self,
        task: &TaskSpec,
        train: Examples<'_>,
        validation: Option<Examples<'_>>,
        seed: u64,
    ) -> Result<Box<dyn Predictor>> {
        if train.is_empty() {
            return Err(Error::invalid("there are no training examples"));
        }
        let validation = match validation.filter(|examples| !examples.is_empty()) {
            _ if self.trees.len() == 1 => None,
            None => {
                return Err(Error::invalid("choosing the number of trees needs validation examples")
                    .with_hint("give one number, such as trees=500"));
            }
            some => some,
        };
        let tokens = ItemTokenizer::new(&*self.tokenizer);
        let rows = tokens.tokenize(train.items)?;
        let tfidf = TfIdf::fit(Words::new(&*self.tokenizer, self.rule), &rows)?;
        let records = tfidf.transform(&rows)?;
        drop(rows);
        let mut forests = self.grow(task, &records, train, seed)?;
        drop(records);
        let mut facts = Vec::new();
        let mut chosen = self.trees[0];
        if let Some(validation) = validation {
            let records = tfidf.transform(&tokens.tokenize(validation.items)?)?;
            let values = choose::judge(task, &forests, &records, validation, &self.trees)?;
            chosen = self.trees[choose::best(task.primary(), &values)];
            for (trees, value) in self.trees.iter().zip(values) {
                let value = value.map_or_else(|| "undefined".to_owned(), |value| format!("{value:.4}"));
                facts.push(Fact::new(format!("validation {} with {trees} trees", task.primary()), value));
            }
            forests = forests.into_iter().map(|forest| forest.truncated(chosen)).collect();
        }
        let nodes: usize = forests.iter().map(RandomForest::n_nodes).sum();
        let counted = [("trees", chosen), ("features", tfidf.names().len()), ("nodes", nodes)];
        facts.splice(0..0, counted.map(|(name, value)| Fact::new(name, value)));
        facts.push(Fact::new(
            "one-letter tokens",
            match self.rule {
                WordRule::Sklearn => "dropped, as scikit-learn does",
                WordRule::Every => "kept",
            },
        ));
        if self.tokenizer.spec().coverage == Coverage::Overlap {
            facts.push(Fact::new(
                "k-mers",
                "overlapping, the form that reproduces the paper's TF-IDF scores on GUE",
            ));
        }
        Ok(Box::new(FittedForest {
            tokenizer: Arc::clone(&self.tokenizer),
            target: task.target,
            tfidf,
            forests,
            facts,
        }))
    }
}

/// A fitted [`TfIdfForest`].
#[derive(Debug)]
struct FittedForest {
    tokenizer: Arc<dyn Tokenizer>,
    target: Target,
    tfidf: TfIdf,
    forests: Vec<RandomForest>,
    facts: Vec<Fact>,
}

impl Predictor for FittedForest {
    fn predict(&mut self, items: Items<'_>, mut scores: ArrayViewMut2<'_, f32>) -> Result<()> {
        let expected = (items.len(), self.target.outputs());
        if scores.dim() != expected {
            return Err(Error::invalid(format!(
                "scores of shape {:?} do not fit {expected:?}",
                scores.dim()
            )));
        }
        let tokens = ItemTokenizer::new(&*self.tokenizer);
        let mut part = Vec::new();
        for start in (0..items.len()).step_by(CHUNK) {
            let rows = start..items.len().min(start + CHUNK);
            let records = self.tfidf.transform(&tokens.tokenize(items.slice(rows.clone()))?)?;
            let mut scores = scores.slice_mut(s![rows, ..]);
            if let (Some(classes), [forest], Some(scores)) =
                (self.target.classes(), self.forests.as_slice(), scores.as_slice_mut())
            {
                debug_assert_eq!(classes, forest.n_outputs());
                forest.scores_into(&records, scores)?;
                continue;
            }
            for (output, forest) in self.forests.iter().enumerate() {
                let width = forest.n_outputs();
                part.resize(records.n_rows() * width, 0.0);
                forest.scores_into(&records, &mut part)?;
                for (mut scores, part) in scores.rows_mut().into_iter().zip(part.chunks_exact(width)) {
                    if self.target.classes().is_some() {
                        scores.iter_mut().zip(part).for_each(|(score, &part)| *score = part);
                    } else {
                        // A label's probability is that of the second of its two classes; a number stands alone.
                        scores[output] = part[width - 1];
                    }
                }
            }
        }
        Ok(())
    }

    fn facts(&self) -> Vec<Fact> {
        self.facts.clone()
    }

    fn parameters(&self) -> Option<u64> {
        Some(self.forests.iter().map(|forest| forest.n_nodes() as u64).sum())
    }
}

const OPTIONS: &[OptionSpec] = &[
    OptionSpec {
        key: "sklearn_compat",
        default: Some("true"),
        help: "whether tokens of one letter are dropped, as scikit-learn's vectorizer does",
    },
    OptionSpec {
        key: "trees",
        default: Some(TREES),
        help: "one number of trees, or several to choose from by the primary metric on validation",
    },
];

register! {
    baseline "tfidf", "TF-IDF over a tokenizer's tokens with a random forest",
    options: OPTIONS,
    create: TfIdfForest::from_config
}
