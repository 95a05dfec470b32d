//! The weights of a BERT: names, shapes and how fresh ones are drawn.
//!
//! Names are those of Hugging Face `BertForMaskedLM`, so that files need no translation:
//!
//! ```text
//! bert.embeddings.{word,position,token_type}_embeddings.weight, .LayerNorm.*    5   group 0
//! bert.encoder.layer.I.attention.self.{query,key,value}.*                       6 \
//! bert.encoder.layer.I.attention.output.{dense,LayerNorm}.*                     4  | 16 a layer, group I + 1
//! bert.encoder.layer.I.intermediate.dense.*                                     2  |
//! bert.encoder.layer.I.output.{dense,LayerNorm}.*                               4 /
//! cls.predictions.{bias, transform.dense.*, transform.LayerNorm.*}              5   group L + 1
//! bert.pooler.dense.*                                                           2   group L + 1
//! ```
//!
//! The decoder of the language model *is* the word embeddings, and its bias is `cls.predictions.bias`; files often hold
//! both under a second name ([`TIED`]). With those, GROVER has 206 tensors.

use dlm_sdk::{Parameter, random::Stream};
use rayon::prelude::*;

use super::Config;

/// The second names of tied weights, and the weights they are.
pub const TIED: [(&str, &str); 2] =
    [("cls.predictions.decoder.weight", WORDS), ("cls.predictions.decoder.bias", "cls.predictions.bias")];

/// The name of the word embeddings.
pub(super) const WORDS: &str = "bert.embeddings.word_embeddings.weight";

/// Numbers that are drawn from one stream: a weight's chunks have streams of their own, so that all threads can draw.
const CHUNK: usize = 1 << 16;

/// How a fresh weight is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Init {
    /// Normal, with mean zero and a standard deviation.
    Normal(f32),
    /// All zero.
    Zeros,
    /// All one.
    Ones,
    /// All one number.
    Fill(f32),
}

/// A weight of a model and how a fresh one is drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Weight {
    /// Its name, shape, layer group, and whether weight decay applies: to matrices alone.
    pub parameter: Parameter,
    /// How a fresh one is drawn.
    pub init: Init,
    /// The row that is zero in a fresh one: padding's.
    pub zero_row: Option<usize>,
}

impl Weight {
    /// Returns how many numbers it holds.
    pub fn len(&self) -> usize {
        self.parameter.shape.iter().product()
    }

    /// Returns whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Draws a fresh weight from the stream `init/NAME` of a seed. Other weights and the number of threads do not matter.
    pub fn draw(&self, seed: u64) -> Vec<f32> {
        let mut values = match self.init {
            Init::Zeros => vec![0.0; self.len()],
            Init::Ones => vec![1.0; self.len()],
            Init::Fill(value) => vec![value; self.len()],
            Init::Normal(deviation) => {
                let name = format!("init/{}", self.parameter.name);
                let mut values = vec![0.0; self.len()];
                values.par_chunks_mut(CHUNK).enumerate().for_each(|(index, chunk)| {
                    let mut stream = Stream::nth(seed, &name, index as u64);
                    chunk.fill_with(|| (stream.normal() * f64::from(deviation)) as f32);
                });
                values
            }
        };
        if let Some(row) = self.zero_row {
            let width = self.parameter.shape.iter().skip(1).product();
            if let Some(row) = values.chunks_mut(width).nth(row) {
                row.fill(0.0);
            }
        }
        values
    }
}

/// Which heads a model has besides its encoder.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Heads {
    /// The head of masked-language modelling.
    pub language_model: bool,
    /// The pooler: a dense layer and tanh on the first token.
    pub pooler: bool,
}

impl Heads {
    /// Both, as GROVER is published.
    pub const BOTH: Self = Self { language_model: true, pooler: true };
}

/// Lists the weights of a model in a fixed order: embeddings, layers, language-model head, pooler.
///
/// # Examples
///
/// ```
/// use dlm_nn::{bert::{self, Heads}, preset};
///
/// // GROVER: 86,511,201 parameters for masked-language modelling and 590,592 in the pooler.
/// let grover = preset::get("grover")?.model.config();
/// let weights = bert::weights(&grover, Heads::BOTH);
/// assert_eq!(weights.len() + bert::TIED.len(), 206);
/// assert_eq!(weights.iter().map(bert::Weight::len).sum::<usize>(), 86_511_201 + 590_592);
/// # Ok::<(), dlm_sdk::Error>(())
/// ```
pub fn weights(config: &Config, heads: Heads) -> Vec<Weight> {
    let mut list = List { deviation: config.initializer_range, weights: Vec::new() };
    let (hidden, wide) = (config.hidden, config.intermediate);
    list.embedding(WORDS, config.vocab_size, hidden, Some(config.pad as usize));
    list.embedding("bert.embeddings.position_embeddings.weight", config.max_positions, hidden, None);
    list.embedding("bert.embeddings.token_type_embeddings.weight", config.type_vocab_size, hidden, None);
    list.norm("bert.embeddings.LayerNorm", hidden, 0);
    for layer in 0..config.layers {
        let name = |part: &str| format!("bert.encoder.layer.{layer}.{part}");
        let group = layer as u32 + 1;
        for part in ["query", "key", "value"] {
            list.dense(&name(&format!("attention.self.{part}")), hidden, hidden, group);
        }
        list.dense(&name("attention.output.dense"), hidden, hidden, group);
        list.norm(&name("attention.output.LayerNorm"), hidden, group);
        list.dense(&name("intermediate.dense"), wide, hidden, group);
        list.dense(&name("output.dense"), hidden, wide, group);
        list.norm(&name("output.LayerNorm"), hidden, group);
    }
    let top = config.layers as u32 + 1;
    if heads.language_model {
        list.add("cls.predictions.bias".to_owned(), vec![config.vocab_size], top, Init::Zeros, None);
        list.dense("cls.predictions.transform.dense", hidden, hidden, top);
        list.norm("cls.predictions.transform.LayerNorm", hidden, top);
    }
    if heads.pooler {
        list.dense("bert.pooler.dense", hidden, hidden, top);
    }
    list.weights
}

struct List {
    deviation: f32,
    weights: Vec<Weight>,
}

impl List {
    fn add(&mut self, name: String, shape: Vec<usize>, group: u32, init: Init, zero_row: Option<usize>) {
        let decay = shape.len() > 1;
        let parameter = Parameter { name, shape, group, decay };
        self.weights.push(Weight { parameter, init, zero_row });
    }

    fn embedding(&mut self, name: &str, rows: usize, width: usize, zero_row: Option<usize>) {
        self.add(name.to_owned(), vec![rows, width], 0, Init::Normal(self.deviation), zero_row);
    }

    fn dense(&mut self, name: &str, outputs: usize, inputs: usize, group: u32) {
        self.add(format!("{name}.weight"), vec![outputs, inputs], group, Init::Normal(self.deviation), None);
        self.add(format!("{name}.bias"), vec![outputs], group, Init::Zeros, None);
    }

    fn norm(&mut self, name: &str, width: usize, group: u32) {
        self.add(format!("{name}.weight"), vec![width], group, Init::Ones, None);
        self.add(format!("{name}.bias"), vec![width], group, Init::Zeros, None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tiny() -> Config {
        Config::from_json(
            r#"{"vocab_size": 9, "hidden_size": 4, "num_hidden_layers": 2, "num_attention_heads": 2,
                "intermediate_size": 8, "max_position_embeddings": 12}"#,
        )
        .unwrap()
    }

    #[test]
    fn a_fresh_weight_depends_on_seed_and_name_alone() {
        let weights = weights(&tiny(), Heads::BOTH);
        let words = &weights[0];
        assert_eq!(words.draw(1), words.draw(1));
        assert_ne!(words.draw(1), words.draw(2));
        let (query, key) = (&weights[5], &weights[7]);
        assert_eq!(query.parameter.name, "bert.encoder.layer.0.attention.self.query.weight");
        assert_ne!(query.draw(1), key.draw(1));
        assert!(words.draw(1)[..4].iter().all(|value| *value == 0.0), "the row of padding is zero");
    }

    #[test]
    fn draws_have_the_spread_they_should() {
        let parameter = Parameter { name: "w".into(), shape: vec![300, 300], group: 0, decay: true };
        let values = Weight { parameter, init: Init::Normal(0.02), zero_row: None }.draw(3);
        let n = values.len() as f64;
        let mean = values.iter().map(|&v| f64::from(v)).sum::<f64>() / n;
        let deviation = (values.iter().map(|&v| (f64::from(v) - mean).powi(2)).sum::<f64>() / n).sqrt();
        assert!(mean.abs() < 3e-4 && (deviation - 0.02).abs() < 2e-4, "{mean} {deviation}");
    }

    #[test]
    fn matrices_decay_and_groups_follow_layers() {
        let weights = weights(&tiny(), Heads::BOTH);
        for Weight { parameter, .. } in &weights {
            assert_eq!(parameter.decay, parameter.name.ends_with(".weight") && parameter.shape.len() == 2);
            let group = match parameter.name.split('.').nth(3).and_then(|part| part.parse::<u32>().ok()) {
                Some(layer) => layer + 1,
                None if parameter.name.starts_with("bert.embeddings") => 0,
                None => 3,
            };
            assert_eq!(parameter.group, group, "{}", parameter.name);
        }
    }
}
