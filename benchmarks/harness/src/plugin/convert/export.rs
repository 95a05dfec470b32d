//! Graphs that somebody else exported.
//!
//! Exporters do not agree on names, on the type of the mask, or on what a graph gives. What can be told apart is brought
//! into one form; everything else is refused with the reason.

use std::path::Path;

use dlm_graph::{DataType, Dim, Graph, Shape, Var};
use dlm_sdk::{Error, Result};

use super::{
    super::graph_encoder::Ports, Converted, Facts, MASK, POSITIONS, TOKEN_TYPES, mask, weights::Config,
};

/// Names of inputs and outputs that exporters use.
const IDS: [&str; 5] = ["input_ids", "ids", "tokens", "token_ids", "input"];
const MASKS: [&str; 4] = ["attention_mask", "mask", "input_mask", "token_mask"];
const TYPES: [&str; 3] = ["token_type_ids", "token_types", "segment_ids"];
const PLACES: [&str; 2] = ["position_ids", "positions"];
const HIDDEN: [&str; 5] =
    ["last_hidden_state", "hidden", "hidden_states", "token_embeddings", "encoder_output"];
const LOGITS: [&str; 3] = ["logits", "prediction_logits", "prediction_scores"];

/// Brings an exported graph into the form of bundles.
///
/// # Errors
///
/// [`Unsupported`](dlm_sdk::ErrorKind::Unsupported), naming the input or output and why it cannot be used.
pub(super) fn convert(path: &Path, config: Option<&Config>) -> Result<Converted> {
    let mut graph = Graph::read(path).map_err(failed)?;
    let inputs: Vec<(String, Var)> = named(&graph, graph.inputs())?;
    let find = |names: &[&str]| {
        inputs
            .iter()
            .find(|(name, _)| names.contains(&name.as_str()))
            .map(|(name, var)| (name.as_str(), *var))
    };
    let (ids, types, positions) = (find(&IDS), find(&TYPES), find(&PLACES));
    let of_padding = find(&mask::OF_PADDING);
    let mask = find(&MASKS).or(of_padding);
    let Some(ids) = ids else {
        return Err(refused(format!("it has no input for token ids, only {}", listed(&inputs))));
    };
    let known: Vec<Var> =
        [Some(ids), mask, types, positions].into_iter().flatten().map(|(_, var)| var).collect();
    if let Some((name, _)) = inputs.iter().find(|(_, var)| !known.contains(var)) {
        return Err(refused(format!("nothing is known about its input {name:?}"))
            .with_hint("export the encoder without it: ids, mask, token types and positions can be given"));
    }
    for (name, var) in [Some(ids), mask, types, positions].into_iter().flatten() {
        check_input(&graph, name, var, mask.is_some_and(|(_, mask)| mask == var))?;
    }
    let outputs: Vec<(String, Var)> = named(&graph, graph.outputs())?;
    let hidden = hidden(&graph, &outputs)?;
    let logits = outputs.iter().find(|(name, _)| LOGITS.contains(&name.as_str())).map(|(_, var)| *var);
    let logits = logits.filter(|var| graph.shape(*var).is_ok_and(|shape| shape.len() == 3));
    let inner: Vec<(String, Var)> = outputs
        .iter()
        .filter(|(name, _)| name.strip_prefix("hidden.").is_some_and(|n| n.parse::<u32>().is_ok()))
        .cloned()
        .collect();
    let further = [(mask, MASK), (types, TOKEN_TYPES), (positions, POSITIONS)];
    let further = further.into_iter().filter_map(|(found, port)| found.map(|_| port)).collect();
    let (ids, mask) = (ids.1, mask.map(|(_, var)| var));
    let (types, positions) = (types.map(|(_, var)| var), positions.map(|(_, var)| var));
    rename(
        &mut graph,
        &[
            (Some(ids), "input_ids"),
            (mask, "attention_mask"),
            (types, "token_type_ids"),
            (positions, "position_ids"),
        ],
    )
    .map_err(failed)?;
    outputs_of(&mut graph, hidden, logits, &inner).map_err(failed)?;
    let facts = config
        .map_or_else(|| Facts { summary: "an exported model".into(), ..Facts::default() }, Config::facts);
    if let Some(mask) = mask {
        let ports = Ports {
            ids: "input_ids".into(),
            mask: Some(MASK.1.into()),
            token_types: types.map(|_| TOKEN_TYPES.1.into()),
            positions: positions.map(|_| POSITIONS.1.into()),
            hidden: "hidden".into(),
            logits: None,
        };
        mask::settle(&mut graph, mask, of_padding.is_some(), &ports, facts.max_tokens)?;
    }
    Ok(Converted { graph, logits: logits.is_some(), further, facts })
}

pub(super) fn failed(error: dlm_graph::Error) -> Error {
    Error::unsupported("the exported graph cannot be read or changed").with_source(error)
}

pub(super) fn refused(what: String) -> Error {
    Error::unsupported(format!("the exported graph cannot be a bundle: {what}"))
}

fn named(graph: &Graph, vars: &[Var]) -> Result<Vec<(String, Var)>> {
    vars.iter().map(|&var| Ok((graph.name_of(var).map_err(failed)?.to_owned(), var))).collect()
}

fn listed(ports: &[(String, Var)]) -> String {
    ports.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ")
}

/// Fails unless an input is `[batch, tokens]`, both axes free, of a type that can be given.
fn check_input(graph: &Graph, name: &str, var: Var, is_mask: bool) -> Result<()> {
    let dtype = graph.dtype(var).map_err(failed)?;
    let whole = matches!(dtype, DataType::I64 | DataType::I32);
    let castable = is_mask && matches!(dtype, DataType::Bool | DataType::F32);
    if !(whole || castable) {
        return Err(refused(format!("its input {name:?} is {dtype:?}, not integers")));
    }
    let shape = graph.shape(var).map_err(failed)?;
    if shape.len() != 2 {
        return Err(refused(format!("its input {name:?} is {shape}, not [batch, tokens]"))
            .with_hint("a mask of four axes, or of pairs of tokens, cannot be made from one of tokens"));
    }
    if let Some(fixed) = shape.iter().find_map(Dim::fixed) {
        return Err(refused(format!("an axis of its input {name:?} is fixed at {fixed}"))
            .with_hint("export it with dynamic axes for batch and tokens"));
    }
    Ok(())
}

/// Returns the hidden states, `[batch, tokens, width]`.
fn hidden(graph: &Graph, outputs: &[(String, Var)]) -> Result<Var> {
    let known = |(name, _): &&(String, Var)| HIDDEN.contains(&name.as_str());
    let Some((name, var)) = outputs.iter().find(known) else {
        return Err(refused(format!("it gives no hidden states, only {}", listed(outputs)))
            .with_hint("export the encoder without a classifier, with an output last_hidden_state"));
    };
    let shape: &Shape = graph.shape(*var).map_err(failed)?;
    match shape.len() {
        3 if shape[2].fixed().is_some() => Ok(*var),
        3 => Err(refused(format!("the width of its output {name:?} is not fixed"))),
        2 => {
            Err(refused(format!("its output {name:?} is {shape}: one pooled vector a row, not one a token"))
                .with_hint("export the model without pooling"))
        }
        _ => Err(refused(format!("its output {name:?} is {shape}, not [batch, tokens, width]"))),
    }
}

fn rename(graph: &mut Graph, names: &[(Option<Var>, &str)]) -> dlm_graph::Result<()> {
    for (var, name) in names {
        if let Some(var) = var {
            graph.rename(*var, name)?;
        }
    }
    Ok(())
}

fn outputs_of(
    graph: &mut Graph,
    hidden: Var,
    logits: Option<Var>,
    inner: &[(String, Var)],
) -> dlm_graph::Result<()> {
    graph.clear_outputs();
    graph.output("hidden", hidden)?;
    if let Some(logits) = logits {
        graph.output("logits", logits)?;
    }
    for (name, var) in inner {
        graph.output(name, *var)?;
    }
    graph.prune()
}
