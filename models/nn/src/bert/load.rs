//! A model's weights from a file, every tensor accounted for.

use std::borrow::Cow;

use dlm_sdk::{Error, Result};

use super::{Config, Heads, TIED, Weight, weights};
use crate::weights::Checkpoint;

/// Tensors in a list of what is wrong, at most.
const SHOWN: usize = 12;

/// A model's weights.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// Which heads the file holds: the pooler may be missing.
    pub heads: Heads,
    /// What the weights are.
    pub weights: Vec<Weight>,
    /// Their values, one list a weight, in the same order.
    pub values: Vec<Vec<f32>>,
}

impl Loaded {
    /// Draws fresh weights from a seed.
    pub fn random(config: &Config, heads: Heads, seed: u64) -> Self {
        let weights = weights(config, heads);
        let values = weights.iter().map(|weight| weight.draw(seed)).collect();
        Self { heads, weights, values }
    }
}

/// Reads the weights of a `BertForMaskedLM`.
///
/// The pooler may be missing: newer `transformers` leave it out of masked-language models. The decoder may be missing or
/// hold the same numbers as the embedding table. Nothing else may be missing, left over, or of another shape.
///
/// # Errors
///
/// [`Invalid`](dlm_sdk::ErrorKind::Invalid), listing every tensor that is missing, left over or of another shape;
/// [`Unsupported`](dlm_sdk::ErrorKind::Unsupported) if the decoder is not the embedding table; reading fails.
pub fn load(checkpoint: &Checkpoint, config: &Config) -> Result<Loaded> {
    let names: Vec<Cow<'_, str>> = checkpoint.entries().iter().map(|entry| canonical(&entry.name)).collect();
    let file_name = |name: &str| {
        names.iter().position(|known| known == name).map(|index| checkpoint.entries()[index].name.as_str())
    };
    let pooler = names.iter().any(|name| name.starts_with("bert.pooler."));
    let heads = Heads { language_model: true, pooler };
    let weights = weights(config, heads);
    check(checkpoint, &names, &weights)?;
    let read = |name: &str, weight: &Weight| -> Result<Vec<f32>> {
        let mut values = vec![0.0; weight.len()];
        checkpoint.read(name, &mut values)?;
        Ok(values)
    };
    let mut values = Vec::with_capacity(weights.len());
    for weight in &weights {
        let name = file_name(&weight.parameter.name)
            .ok_or_else(|| Error::internal(format!("{} went missing", weight.parameter.name)))?;
        values.push(read(name, weight)?);
    }
    for (second, first) in TIED {
        let Some(index) = weights.iter().position(|weight| weight.parameter.name == first) else { continue };
        let Some(name) = file_name(second) else { continue };
        if read(name, &weights[index])? != values[index] {
            return Err(Error::unsupported(format!("{second} differs from {first}"))
                .with_hint("models whose decoder is not tied to the embedding table are not built here"));
        }
    }
    Ok(Loaded { heads, weights, values })
}

/// Returns the name a tensor has today: norms were called gamma and beta once.
fn canonical(name: &str) -> Cow<'_, str> {
    for (old, new) in [("LayerNorm.gamma", "LayerNorm.weight"), ("LayerNorm.beta", "LayerNorm.bias")] {
        if let Some(stem) = name.strip_suffix(old) {
            return Cow::Owned(format!("{stem}{new}"));
        }
    }
    Cow::Borrowed(name)
}

/// Whether a tensor is a buffer that older files hold and that follows from the shape.
fn is_buffer(name: &str) -> bool {
    matches!(name, "bert.embeddings.position_ids" | "bert.embeddings.token_type_ids")
}

fn check(checkpoint: &Checkpoint, names: &[Cow<'_, str>], weights: &[Weight]) -> Result<()> {
    let mut wrong = Vec::new();
    let shape_of = |name: &str| -> Option<&[usize]> {
        let first = TIED.iter().find(|(second, _)| *second == name).map_or(name, |(_, first)| *first);
        weights
            .iter()
            .find(|weight| weight.parameter.name == first)
            .map(|weight| weight.parameter.shape.as_slice())
    };
    for weight in weights {
        if !names.iter().any(|name| *name == weight.parameter.name) {
            wrong.push(format!("missing {} {:?}", weight.parameter.name, weight.parameter.shape));
        }
    }
    for (name, entry) in names.iter().zip(checkpoint.entries()) {
        match shape_of(name) {
            None if is_buffer(name) => {}
            None => wrong.push(format!("left over {} {:?}", entry.name, entry.shape)),
            Some(shape) if shape != entry.shape => {
                wrong.push(format!("{} has shape {:?}, not {shape:?}", entry.name, entry.shape));
            }
            Some(_) => {}
        }
    }
    for (at, name) in names.iter().enumerate() {
        if names[..at].contains(name) {
            wrong.push(format!("twice {name}"));
        }
    }
    if wrong.is_empty() {
        return Ok(());
    }
    let more = wrong.len().saturating_sub(SHOWN);
    wrong.truncate(SHOWN);
    let more = if more > 0 { format!(", and {more} more") } else { String::new() };
    Err(Error::invalid(format!("the tensors are not those of the configuration: {}{more}", wrong.join(", ")))
        .with_hint("config.json and weights must be of the same BertForMaskedLM"))
}
