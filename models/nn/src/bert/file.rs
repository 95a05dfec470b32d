//! A file's tensors as a model's weights, every one accounted for.

use std::borrow::Cow;

use dlm_sdk::{Error, Result};

use super::{Config, Heads, TIED, Weight, weights};
use crate::weights::Checkpoint;

/// Tensors in a list of what is wrong, at most.
const SHOWN: usize = 12;

/// What each weight is called in a file.
#[derive(Debug)]
pub(super) struct Names(Vec<String>);

impl Names {
    /// Finds a model's weights among the tensors of a file.
    pub(super) fn of(checkpoint: &Checkpoint, config: &Config) -> Result<(Heads, Self)> {
        let names: Vec<Cow<'_, str>> =
            checkpoint.entries().iter().map(|entry| canonical(&entry.name)).collect();
        let pooler = names.iter().any(|name| name.starts_with("bert.pooler."));
        let heads = Heads { language_model: true, pooler };
        let weights = weights(config, heads);
        check(checkpoint, &names, &weights)?;
        let in_file = |name: &str| {
            names.iter().position(|known| known == name).map(|index| checkpoint.entries()[index].name.clone())
        };
        let missing = |name: &str| Error::internal(format!("{name} went missing"));
        let own = weights
            .iter()
            .map(|weight| in_file(&weight.parameter.name).ok_or_else(|| missing(&weight.parameter.name)))
            .collect::<Result<Vec<_>>>()?;
        for (second, first) in TIED {
            let index = weights.iter().position(|weight| weight.parameter.name == first);
            let (Some(index), Some(name)) = (index, in_file(second)) else { continue };
            let (mut one, mut two) = (vec![0.0; weights[index].len()], vec![0.0; weights[index].len()]);
            checkpoint.read(&own[index], &mut one)?;
            checkpoint.read(&name, &mut two)?;
            if one != two {
                return Err(Error::unsupported(format!("{second} differs from {first}")).with_hint(
                    "models whose decoder is not tied to the embedding table are not built here",
                ));
            }
        }
        Ok((heads, Self(own)))
    }

    /// Returns the name of a weight, by its number.
    pub(super) fn of_weight(&self, index: usize) -> &str {
        &self.0[index]
    }
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
