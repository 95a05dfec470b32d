//! Models by name, every number with its origin.
//!
//! The GROVER paper leaves some numbers out and garbles others. A preset therefore states for each number whether it
//! stands in the paper (*as written*) or was worked out (*resolved*), and from what. The files are `models/presets/*.toml`
//! and are compiled in.
//!
//! `grover` is the paper's model, `kmer-4`, `kmer-5` and `kmer-6` its twins over fixed k-mers, and the `-mini` forms are
//! four layers of width 256 that a laptop trains in minutes.

mod stated;

use dlm_sdk::{Error, Result, spec::nearest};
use serde::{Deserialize, Serialize};

use crate::bert;

pub use self::stated::{Origin, Stated};

/// The compiled-in files.
const FILES: [(&str, &str); 8] = [
    ("grover", include_str!("../../../presets/grover.toml")),
    ("grover-mini", include_str!("../../../presets/grover-mini.toml")),
    ("kmer-4", include_str!("../../../presets/kmer-4.toml")),
    ("kmer-4-mini", include_str!("../../../presets/kmer-4-mini.toml")),
    ("kmer-5", include_str!("../../../presets/kmer-5.toml")),
    ("kmer-5-mini", include_str!("../../../presets/kmer-5-mini.toml")),
    ("kmer-6", include_str!("../../../presets/kmer-6.toml")),
    ("kmer-6-mini", include_str!("../../../presets/kmer-6-mini.toml")),
];

/// A model and how it is pretrained.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Preset {
    /// Its name.
    pub name: String,
    /// What it is, in a phrase.
    pub summary: String,
    /// How it cuts DNA.
    pub tokenizer: Tokenizer,
    /// Its shape.
    pub model: Model,
    /// Which stretches of the genome it sees.
    pub windows: Windows,
    /// Which tokens it has to guess.
    pub masking: Masking,
    /// How its weights are moved.
    pub optimiser: Optimiser,
}

/// How a model cuts DNA.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Tokenizer {
    /// Learned words or fixed ones.
    pub family: Stated<Family>,
    /// Merges of a learned vocabulary, or bases of a word.
    pub size: Stated<u32>,
}

/// A family of tokenizers.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Family {
    /// Byte-pair encoding, learned from the genome.
    Bpe,
    /// Words of a fixed length side by side.
    Kmer,
}

/// The shape of a model.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// Rows of the embedding table.
    pub vocab_size: Stated<usize>,
    /// The width of a hidden state.
    pub hidden: Stated<usize>,
    /// Layers above the embeddings.
    pub layers: Stated<usize>,
    /// Attention heads a layer.
    pub heads: Stated<usize>,
    /// The width of the feed-forward network.
    pub intermediate: Stated<usize>,
    /// The longest row, special tokens included.
    pub max_positions: Stated<usize>,
    /// Rows of the segment table.
    pub type_vocab_size: Stated<usize>,
    /// Added to variances under the root.
    pub layer_norm_eps: Stated<f32>,
    /// The standard deviation of fresh weights.
    pub initializer_range: Stated<f32>,
    /// The share of values dropped in pretraining.
    pub pretraining_dropout: Stated<f32>,
    /// The share of values dropped in fine-tuning, which `config.json` carries.
    pub dropout: Stated<f32>,
}

/// Which stretches of the genome a model sees.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Windows {
    /// Tokens of a full window.
    pub longest: Stated<usize>,
    /// The share of windows that are full; the rest have a uniform length.
    pub full_share: Stated<f64>,
    /// Tokens of the shortest window.
    pub shortest: Stated<usize>,
    /// The share of the genome that is held out.
    pub held_out: Stated<f64>,
    /// Windows seen in all.
    pub samples: Stated<u64>,
}

/// Which tokens a model has to guess.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Masking {
    /// The share of tokens that are selected.
    pub share: Stated<f64>,
    /// The share of selected tokens that are replaced by the mask token.
    pub masked: Stated<f64>,
    /// The share of selected tokens that are replaced by a random token; the rest stay.
    pub random: Stated<f64>,
}

/// How weights are moved.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Optimiser {
    /// Windows a step.
    pub batch: Stated<usize>,
    /// The highest learning rate.
    pub learning_rate: Stated<f64>,
    /// The decay of the mean of gradients.
    pub beta1: Stated<f64>,
    /// The decay of the mean of squares.
    pub beta2: Stated<f64>,
    /// Added to the root of the mean of squares.
    pub eps: Stated<f64>,
    /// Weight decay, on matrices alone.
    pub weight_decay: Stated<f64>,
    /// Steps over which the rate rises from zero; at most a tenth of the run.
    pub warmup_steps: Stated<u64>,
    /// The largest norm of a step's gradient; 0: any.
    pub clip_norm: Stated<f64>,
}

impl Model {
    /// Returns the shape with the dropout of fine-tuning, as `config.json` carries it.
    pub fn config(&self) -> bert::Config {
        bert::Config {
            vocab_size: self.vocab_size.value,
            hidden: self.hidden.value,
            layers: self.layers.value,
            heads: self.heads.value,
            intermediate: self.intermediate.value,
            max_positions: self.max_positions.value,
            type_vocab_size: self.type_vocab_size.value,
            layer_norm_eps: self.layer_norm_eps.value,
            hidden_dropout: self.dropout.value,
            attention_dropout: self.dropout.value,
            classifier_dropout: None,
            initializer_range: self.initializer_range.value,
            pad: 0,
        }
    }
}

impl Preset {
    /// Reads the text of a preset.
    ///
    /// # Errors
    ///
    /// [`Invalid`](dlm_sdk::ErrorKind::Invalid) for a key that is unknown or missing, naming its place, and for numbers
    /// that make no model or no training.
    pub fn from_toml(text: &str) -> Result<Self> {
        let preset: Self = toml::from_str(text)
            .map_err(|error| Error::invalid(format!("is no preset: {}", error.to_string().trim_end())))?;
        preset.model.config().check()?;
        preset.check()?;
        Ok(preset)
    }

    fn check(&self) -> Result<()> {
        let wrong = |message: String| Err(Error::invalid(message));
        let (windows, masking) = (&self.windows, &self.masking);
        if windows.longest.value + 2 > self.model.max_positions.value {
            return wrong(format!(
                "windows.longest {} and two special tokens are more than model.max_positions {}",
                windows.longest.value, self.model.max_positions.value
            ));
        }
        if windows.shortest.value == 0 || windows.shortest.value > windows.longest.value {
            return wrong(format!(
                "windows.shortest {} does not fit windows.longest",
                windows.shortest.value
            ));
        }
        for (key, share) in [
            ("windows.full_share", windows.full_share.value),
            ("windows.held_out", windows.held_out.value),
            ("masking.share", masking.share.value),
            ("masking.masked + masking.random", masking.masked.value + masking.random.value),
        ] {
            if !(0.0..=1.0).contains(&share) {
                return wrong(format!("{key} is {share}, and a share from 0 to 1 is meant"));
            }
        }
        if masking.share.value == 0.0 || self.optimiser.batch.value == 0 {
            return wrong("masking.share or optimiser.batch is zero: nothing would be learned".to_owned());
        }
        Ok(())
    }

    /// Returns the spec of the tokenizer, where it needs no training.
    pub fn tokenizer_spec(&self) -> Option<String> {
        (self.tokenizer.family.value == Family::Kmer).then(|| format!("kmer:{}", self.tokenizer.size.value))
    }
}

/// Returns the names of the presets.
pub fn names() -> impl Iterator<Item = &'static str> {
    FILES.iter().map(|(name, _)| *name)
}

/// Returns a preset by name.
///
/// # Errors
///
/// [`Invalid`](dlm_sdk::ErrorKind::Invalid) if there is none, with the nearest name as hint.
pub fn get(name: &str) -> Result<Preset> {
    let Some((_, text)) = FILES.iter().find(|(known, _)| *known == name) else {
        let error = Error::invalid(format!("no preset is called {name:?}"));
        return Err(match nearest(name, names()) {
            Some(near) => error.with_hint(format!("did you mean {near:?}?")),
            None => error.with_hint(format!("known are {}", names().collect::<Vec<_>>().join(", "))),
        });
    };
    Preset::from_toml(text).map_err(|error| error.within(format!("preset {name}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_is_what_its_name_says() {
        for name in names() {
            let preset = get(name).unwrap();
            assert_eq!(preset.name, name);
            let expected = match preset.tokenizer.family.value {
                Family::Bpe => 9 + preset.tokenizer.size.value as usize,
                Family::Kmer => 9 + 4_usize.pow(preset.tokenizer.size.value),
            };
            assert_eq!(preset.model.vocab_size.value, expected, "{name}");
            assert_eq!(preset.model.hidden.value == 256, name.ends_with("-mini"), "{name}");
            if let Some(spec) = preset.tokenizer_spec() {
                assert!(name.starts_with(&spec.replace(':', "-")), "{name}");
            }
        }
    }

    #[test]
    fn twins_differ_in_their_tokens_alone() {
        for (grover, twins) in [
            ("grover", ["kmer-4", "kmer-5", "kmer-6"]),
            ("grover-mini", ["kmer-4-mini", "kmer-5-mini", "kmer-6-mini"]),
        ] {
            let grover = get(grover).unwrap();
            for twin in twins {
                let mut twin = get(twin).unwrap();
                twin.model.vocab_size = grover.model.vocab_size.clone();
                assert_eq!(
                    (&twin.model, &twin.masking, &twin.optimiser, &twin.windows),
                    (&grover.model, &grover.masking, &grover.optimiser, &grover.windows)
                );
            }
        }
    }

    #[test]
    fn unknown_and_missing_keys_are_errors() {
        let text = FILES[0].1;
        let unknown = text.replace("full_share", "full_shares");
        assert!(Preset::from_toml(&unknown).unwrap_err().to_string().contains("full_shares"));
        let origin = text.replacen("\"as written\"", "\"as dreamt\"", 1);
        assert!(Preset::from_toml(&origin).unwrap_err().to_string().contains("as dreamt"));
        let none = text.replacen("origin = \"as written\", ", "", 1);
        assert!(Preset::from_toml(&none).is_err());
        assert_eq!(get("grover-mimi").unwrap_err().hint(), Some("did you mean \"grover-mini\"?"));
    }
}
