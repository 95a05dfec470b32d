//! Models that are built here, from their configuration and weights.

use std::path::Path;

use dlm_nn::{
    dnabert2::DnaBert2,
    esm::Esm,
    folder::Folder,
    hyenadna::HyenaDna,
    network::{self, Builder},
};
use dlm_sdk::{Error, Result};
use serde_json::Value;

use super::{Converted, Facts, MASK};

/// What a `config.json` describes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Known {
    Bert,
    DnaBert2,
    Esm,
    HyenaDna,
}

/// A folder's `config.json`.
pub(super) struct Config {
    pub(super) value: Value,
    pub(super) known: Option<Known>,
}

impl Config {
    /// Reads the configuration of a folder, if it has one.
    pub(super) fn open(folder: &Path) -> Result<Option<Self>> {
        let path = folder.join("config.json");
        if !path.is_file() {
            return Ok(None);
        }
        let text = std::fs::read_to_string(&path)
            .map_err(|error| Error::io(format!("{}: cannot be read", path.display()), error))?;
        let value: Value = serde_json::from_str(&text)
            .map_err(|error| Error::invalid(format!("{}: is not JSON", path.display())).with_source(error))?;
        let has = |key: &str| value.get(key).is_some();
        let known = match value["model_type"].as_str() {
            Some("bert") if has("alibi_starting_size") => Some(Known::DnaBert2),
            Some("bert") => Some(Known::Bert),
            Some("esm") => Some(Known::Esm),
            _ if has("d_model") && has("n_layer") => Some(Known::HyenaDna),
            _ => None,
        };
        Ok(Some(Self { value, known }))
    }

    fn number(&self, key: &str) -> Option<usize> {
        self.value[key].as_u64().and_then(|number| usize::try_from(number).ok())
    }

    /// Returns what a bundle says of the model beside its graph.
    pub(super) fn facts(&self) -> Facts {
        let kind = self.value["model_type"].as_str().unwrap_or("model").to_owned();
        let most = self.number("max_position_embeddings");
        match self.known {
            Some(Known::Bert) => Facts { max_tokens: most, summary: "a BERT".into(), ..Facts::default() },
            Some(Known::DnaBert2) => Facts { summary: "a DNABERT-2".into(), ..Facts::default() },
            Some(Known::Esm) => Facts {
                // Positions are counted from after the padding's.
                max_tokens: most
                    .zip(self.number("pad_token_id"))
                    .map(|(most, pad)| most.saturating_sub(pad + 1)),
                sep: Some(false),
                summary: "an ESM".into(),
                ..Facts::default()
            },
            Some(Known::HyenaDna) => Facts {
                max_tokens: self.number("max_seq_len").or_else(|| {
                    self.value["layer"]["l_max"].as_u64().and_then(|most| usize::try_from(most).ok())
                }),
                cls: Some(false),
                causal: true,
                summary: "a HyenaDNA".into(),
                ..Facts::default()
            },
            None => Facts { max_tokens: most, summary: format!("an exported {kind}"), ..Facts::default() },
        }
    }
}

/// Builds the graph of a folder's model with its weights in it.
pub(super) fn convert(folder: &Path, config: &Config) -> Result<Converted> {
    let builder: Builder = match config.known {
        Some(Known::Bert) => {
            let model = Folder::open(folder)?.model()?;
            let logits = model.heads().language_model;
            return Ok(Converted::built(model.whole_graph()?, logits, config));
        }
        Some(Known::DnaBert2) => DnaBert2::build,
        Some(Known::Esm) => Esm::build,
        Some(Known::HyenaDna) => HyenaDna::build,
        None => {
            let kind = config.value["model_type"].as_str().unwrap_or("none").to_owned();
            return Err(Error::unsupported(format!(
                "{}: model_type {kind:?} is not built here: bert, DNABERT-2, esm or HyenaDNA",
                folder.display()
            ))
            .with_hint("export it as model.onnx with dynamic axes for batch and tokens"));
        }
    };
    let (network, _) = network::open(folder, None, builder)?;
    let graph = network.whole_graph()?;
    let logits =
        graph.outputs().iter().any(|&output| graph.name_of(output).is_ok_and(|name| name == "logits"));
    Ok(Converted::built(graph, logits, config))
}

impl Converted {
    fn built(graph: dlm_graph::Graph, logits: bool, config: &Config) -> Self {
        Self { graph, logits, further: vec![MASK], facts: config.facts() }
    }
}
