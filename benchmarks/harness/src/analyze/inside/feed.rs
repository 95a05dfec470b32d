//! What a model's graph is given.

use dlm_runtime::{ElementType, Input, Outputs, Port, Session};
use dlm_sdk::Result;
use ndarray::{Array2, Array3, ArrayD, IxDyn};

pub(super) const IDS: &str = "input_ids";
pub(super) const MASK: &str = "attention_mask";
pub(super) const POOL_WEIGHTS: &str = "pool_weights";
pub(super) const CHOSEN: &str = "chosen_weights";
pub(super) const CHOSEN_IDS: &str = "chosen_ids";
pub(super) const EMBEDDED: &str = "embedded";

/// Rows of tokens as the graph takes them.
pub(super) struct Feeds {
    pub(super) ids: Array2<i64>,
    /// One for a token, zero for padding.
    pub(super) mask: Array2<i64>,
    /// What each token counts in a mean over tokens.
    pub(super) pool: Array2<f32>,
    /// What each place or score counts in the answer.
    pub(super) chosen: Array2<f32>,
    /// Which token is asked for at each place.
    pub(super) chosen_ids: Array2<i64>,
}

/// What stands for an input that nothing depends on.
enum Idle {
    Numbers(ArrayD<f32>),
    Integers(ArrayD<i64>),
}

/// Runs a graph on rows; `embedded` takes the place of what the tokens look up, where the graph asks for it.
///
/// # Errors
///
/// The graph cannot be run.
pub(super) fn run(session: &mut Session, feeds: &Feeds, embedded: Option<&Array3<f32>>) -> Result<Outputs> {
    let ports = session.inputs().to_vec();
    let (rows, columns) = feeds.ids.dim();
    let known = [IDS, MASK, POOL_WEIGHTS, CHOSEN, CHOSEN_IDS, EMBEDDED];
    // Targets and their weights are inputs of a fine-tuned graph that its scores do not depend on.
    let idle = |port: &Port| {
        let own = [rows, columns];
        let size =
            |(axis, size): (usize, &Option<usize>)| size.unwrap_or(own.get(axis).copied().unwrap_or(1));
        let shape: Vec<usize> = port.shape.iter().enumerate().map(size).collect();
        match port.element {
            ElementType::I64 => Idle::Integers(ArrayD::zeros(IxDyn(&shape))),
            _ => Idle::Numbers(ArrayD::zeros(IxDyn(&shape))),
        }
    };
    let idle: Vec<(&str, Idle)> = ports
        .iter()
        .filter(|port| !known.contains(&port.name.as_str()))
        .map(|port| (port.name.as_str(), idle(port)))
        .collect();
    let given = |port: &Port| {
        let input = match port.name.as_str() {
            IDS => Input::from(&feeds.ids),
            MASK => Input::from(&feeds.mask),
            POOL_WEIGHTS => Input::from(&feeds.pool),
            CHOSEN => Input::from(&feeds.chosen),
            CHOSEN_IDS => Input::from(&feeds.chosen_ids),
            EMBEDDED => Input::from(embedded?),
            _ => return None,
        };
        Some(input)
    };
    let mut inputs: Vec<(&str, Input<'_>)> =
        ports.iter().filter_map(|port| Some((port.name.as_str(), given(port)?))).collect();
    inputs.extend(idle.iter().map(|(name, values)| match values {
        Idle::Numbers(values) => (*name, Input::from(values)),
        Idle::Integers(values) => (*name, Input::from(values)),
    }));
    Ok(session.run(&inputs)?)
}
