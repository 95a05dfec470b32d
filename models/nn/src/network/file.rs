//! A file's tensors as a network's weights, every one accounted for.

use std::collections::BTreeMap;

use dlm_sdk::{Error, Result};

use crate::{bert::Weight, weights::Checkpoint};

/// Tensors in a list of what is wrong, at most.
const SHOWN: usize = 12;
/// How far a stored constant may lie from the one that is computed: tables of sines were made in single precision.
const NEAR: f32 = 2e-3;

/// What a tensor of a file is to a network.
#[derive(Clone, Debug, PartialEq)]
pub enum Role {
    /// The weight of a name.
    Weight(String),
    /// The same numbers as the weight of a name, stored again.
    Copy(String),
    /// A constant that the graph computes: its shape and values.
    Constant(Vec<usize>, Vec<f32>),
    /// Nothing that hidden states or logits depend on.
    Unused,
}

/// Returns what each weight is called in a file.
///
/// # Errors
///
/// [`Invalid`](dlm_sdk::ErrorKind::Invalid), listing every tensor that is missing, left over, there twice or of another
/// shape; [`Unsupported`](dlm_sdk::ErrorKind::Unsupported) if a copy or a constant holds other numbers.
pub(super) fn assign(
    checkpoint: &Checkpoint,
    weights: &[Weight],
    role: impl Fn(&str) -> Option<Role>,
) -> Result<Vec<String>> {
    let known: BTreeMap<&str, &Weight> =
        weights.iter().map(|weight| (weight.parameter.name.as_str(), weight)).collect();
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    let (mut wrong, mut copies, mut constants) = (Vec::new(), Vec::new(), Vec::new());
    for entry in checkpoint.entries() {
        let role = role(&entry.name);
        let shape = match &role {
            Some(Role::Weight(name) | Role::Copy(name)) => {
                known.get(name.as_str()).map(|weight| weight.parameter.shape.clone())
            }
            Some(Role::Constant(shape, _)) => Some(shape.clone()),
            Some(Role::Unused) => continue,
            None => None,
        };
        match shape {
            None => {
                wrong.push(format!("left over {} {:?}", entry.name, entry.shape));
                continue;
            }
            Some(shape) if shape != entry.shape => {
                wrong.push(format!("{} has shape {:?}, not {shape:?}", entry.name, entry.shape));
            }
            Some(_) => {}
        }
        match role {
            Some(Role::Weight(name)) => {
                if let Some(first) = found.insert(name, entry.name.clone()) {
                    wrong.push(format!("{} is {first} again", entry.name));
                }
            }
            Some(Role::Copy(name)) => copies.push((entry.name.clone(), name)),
            Some(Role::Constant(_, values)) => constants.push((entry.name.clone(), values)),
            Some(Role::Unused) | None => {}
        }
    }
    // Savers that write shared numbers once may keep either name.
    for (copy, name) in &copies {
        found.entry(name.clone()).or_insert_with(|| copy.clone());
    }
    let lost = weights.iter().filter(|weight| !found.contains_key(&weight.parameter.name));
    wrong
        .extend(lost.map(|weight| format!("missing {} {:?}", weight.parameter.name, weight.parameter.shape)));
    refuse(wrong)?;
    for (copy, name) in &copies {
        let (mut one, mut two) =
            (vec![0.0; known[name.as_str()].len()], vec![0.0; known[name.as_str()].len()]);
        checkpoint.read(&found[name], &mut one)?;
        checkpoint.read(copy, &mut two)?;
        if one != two {
            return Err(Error::unsupported(format!("{copy} differs from {name}"))
                .with_hint("in the models that are built here the two are one"));
        }
    }
    for (name, values) in &constants {
        let mut stored = vec![0.0; values.len()];
        checkpoint.read(name, &mut stored)?;
        if let Some(at) =
            stored.iter().zip(values).position(|(a, b)| (a - b).abs().is_nan() || (a - b).abs() > NEAR)
        {
            return Err(Error::unsupported(format!(
                "{name} holds {} at {at}, where the architecture has {}",
                stored[at], values[at]
            ))
            .with_hint("a model that learned this table is not built here"));
        }
    }
    let names = weights.iter().map(|weight| found[&weight.parameter.name].clone());
    Ok(names.collect())
}

fn refuse(mut wrong: Vec<String>) -> Result<()> {
    if wrong.is_empty() {
        return Ok(());
    }
    let more = wrong.len().saturating_sub(SHOWN);
    wrong.truncate(SHOWN);
    let more = if more > 0 { format!(", and {more} more") } else { String::new() };
    Err(Error::invalid(format!("the tensors are not those of the configuration: {}{more}", wrong.join(", ")))
        .with_hint("config.json and weights must be of the same model"))
}
