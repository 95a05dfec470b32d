//! Fresh networks on disk, in the form that published ones have.

use std::path::Path;

use dlm_genome::output;
use dlm_sdk::{Error, Result};
use serde_json::{Value, json};

use super::{Builder, Network};
use crate::{
    dnabert2::DnaBert2,
    esm::Esm,
    hyenadna::HyenaDna,
    weights::{self, Element},
};

/// A family of models whose folders are written in their published form.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Family {
    /// Zhou et al. 2024.
    DnaBert2,
    /// The second version of Dalla-Torre et al. 2025.
    NucleotideTransformer,
    /// Nguyen et al. 2023.
    HyenaDna,
}

/// The numbers of a shape that may be chosen; everything else is as published.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Size {
    /// How many ids the tokenizer has.
    pub vocab_size: usize,
    /// The width of a hidden state.
    pub hidden: usize,
    /// How many layers lie above the embeddings.
    pub layers: usize,
    /// Attention heads a layer; HyenaDNA has none.
    pub heads: usize,
    /// The longest row, special tokens included; DNABERT-2 has none.
    pub max_tokens: usize,
}

impl Family {
    /// All families.
    pub const ALL: [Self; 3] = [Self::DnaBert2, Self::NucleotideTransformer, Self::HyenaDna];

    /// Returns the name, which is that of the family's plugin.
    pub fn name(self) -> &'static str {
        match self {
            Self::DnaBert2 => "dnabert2",
            Self::NucleotideTransformer => "nucleotide-transformer",
            Self::HyenaDna => "hyenadna",
        }
    }

    /// Returns the size of the smallest published model: DNABERT-2-117M, v2-50m, and tiny-1k.
    pub fn published(self) -> Size {
        match self {
            Self::DnaBert2 => Size { vocab_size: 4_096, hidden: 768, layers: 12, heads: 12, max_tokens: 512 },
            Self::NucleotideTransformer => {
                Size { vocab_size: 4_107, hidden: 512, layers: 12, heads: 16, max_tokens: 2_048 }
            }
            Self::HyenaDna => Size { vocab_size: 12, hidden: 128, layers: 2, heads: 1, max_tokens: 1_026 },
        }
    }

    /// Returns the text of the `config.json` of a size.
    pub fn config(self, size: Size) -> String {
        let wide = 4 * size.hidden;
        let value: Value = match self {
            Self::DnaBert2 => json!({
                "architectures": ["BertForMaskedLM"], "model_type": "bert", "vocab_size": size.vocab_size,
                "hidden_size": size.hidden, "num_hidden_layers": size.layers, "num_attention_heads": size.heads,
                "intermediate_size": wide, "type_vocab_size": 2, "max_position_embeddings": size.max_tokens,
                "alibi_starting_size": size.max_tokens, "layer_norm_eps": 1e-12, "hidden_act": "gelu",
                "hidden_dropout_prob": 0.1, "attention_probs_dropout_prob": 0.0, "initializer_range": 0.02
            }),
            Self::NucleotideTransformer => {
                let pad = 1;
                json!({
                    "architectures": ["EsmForMaskedLM"], "model_type": "esm", "vocab_size": size.vocab_size,
                    "hidden_size": size.hidden, "num_hidden_layers": size.layers,
                    "num_attention_heads": size.heads, "intermediate_size": wide,
                    "max_position_embeddings": size.max_tokens + pad + 1, "position_embedding_type": "rotary",
                    "pad_token_id": pad, "mask_token_id": 2, "token_dropout": false,
                    "emb_layer_norm_before": false, "add_bias_fnn": false, "tie_word_embeddings": false,
                    "layer_norm_eps": 1e-12, "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0,
                    "initializer_range": 0.02
                })
            }
            Self::HyenaDna => json!({
                "architectures": ["HyenaDNAForCausalLM"], "model_type": "hyenadna",
                "vocab_size": size.vocab_size, "pad_vocab_size_multiple": 8, "d_model": size.hidden,
                "d_inner": wide, "n_layer": size.layers, "max_seq_len": size.max_tokens, "emb_dim": 5,
                "filter_order": 64, "num_inner_mlps": 2, "activation_freq": 10, "short_filter_order": 3,
                "hyena_order": 2, "embed_dropout": 0.1, "layer_norm_epsilon": 1e-5, "initializer_range": 0.02
            }),
        };
        format!("{value:#}\n")
    }

    fn builder(self) -> Builder {
        match self {
            Self::DnaBert2 => DnaBert2::build,
            Self::NucleotideTransformer => Esm::build,
            Self::HyenaDna => HyenaDna::build,
        }
    }

    /// Writes a model folder of fresh weights, `config.json` and `model.safetensors` with the tensor names of the
    /// published files, and returns how many numbers the weights hold.
    ///
    /// # Errors
    ///
    /// [`Invalid`](dlm_sdk::ErrorKind::Invalid) if the numbers make no model;
    /// [`Io`](dlm_sdk::ErrorKind::Io) if a file cannot be written. The weights are written last.
    pub fn write(self, folder: &Path, size: Size, seed: u64) -> Result<u64> {
        let config = self.config(size);
        let network = Network::random((self.builder())(&config, None)?, seed);
        let weights = network.weights();
        let values = (0..weights.len()).map(|index| network.values(index)).collect::<Result<Vec<_>>>()?;
        let tensors: Vec<weights::Output<'_>> = weights
            .iter()
            .zip(&values)
            .map(|(weight, values)| {
                (weight.parameter.name.as_str(), weight.parameter.shape.as_slice(), values.as_slice())
            })
            .collect();
        std::fs::create_dir_all(folder)
            .map_err(|error| Error::io(format!("{}: cannot be made", folder.display()), error))?;
        output::write(folder.join("config.json"), config)?;
        weights::write(folder.join("model.safetensors"), &tensors, Element::F32)?;
        Ok(network.parameters())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is written is read by the readers of published models, to the same bits, as the size says.
    #[test]
    fn fresh_folders_open_like_published_ones() {
        for family in Family::ALL {
            let folder = tempfile::tempdir().unwrap();
            let size = Size { vocab_size: 20, hidden: 8, layers: 2, heads: 2, max_tokens: 40 };
            let parameters = family.write(folder.path(), size, 5).unwrap();
            let (network, origin) = super::super::open(folder.path(), None, family.builder()).unwrap();
            let (drawn, _) = super::super::open(folder.path(), Some(5), family.builder()).unwrap();
            assert!(!origin.starts_with("seed"), "{family:?}: {origin}");
            assert_eq!((network.parameters(), drawn.parameters()), (parameters, parameters));
            for index in 0..network.weights().len() {
                assert!(network.values(index).unwrap() == drawn.values(index).unwrap(), "{family:?} {index}");
            }
            let facts = network.architecture().facts();
            assert_eq!((facts.hidden, facts.layers), (8, 2), "{family:?}");
            let most = (family != Family::DnaBert2).then_some(40);
            assert_eq!(facts.max_tokens, most, "{family:?}");
        }
    }

    /// The sizes that the publications state: 117 million weights and 1.6 million, without and with the tied decoder.
    #[test]
    fn published_sizes_are_those_of_the_publications() {
        let parameters = |family: Family| {
            let config = family.config(family.published());
            Network::random((family.builder())(&config, None).unwrap(), 0).parameters()
        };
        assert!((116_000_000..118_000_000).contains(&parameters(Family::DnaBert2)));
        assert!((52_000_000..58_000_000).contains(&parameters(Family::NucleotideTransformer)));
        assert!((400_000..460_000).contains(&parameters(Family::HyenaDna)));
    }

    #[test]
    fn sizes_that_make_no_model_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let size = Size { heads: 7, ..Family::DnaBert2.published() };
        let error = Family::DnaBert2.write(&folder.path().join("new"), size, 0).unwrap_err();
        assert!(error.to_string().contains("cannot be shared by 7"), "{error}");
        assert!(!folder.path().join("new").exists());
    }
}
