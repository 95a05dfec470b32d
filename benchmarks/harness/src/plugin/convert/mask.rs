//! What an exported mask means.
//!
//! Exporters do not agree on that, and no name or type tells:
//!
//! | convention | a token | padding | who has it |
//! |---|---|---|---|
//! | of tokens | one, true | zero, false | Hugging Face |
//! | of padding | zero, false | one, true | PyTorch's `key_padding_mask` |
//! | added | 0.0 | a large negative number | scores that a mask is added to |
//!
//! A mask that is taken for its opposite gives states without an error, and wrong ones. So it is tried: whatever a mask
//! means, a row's states are the same with padding behind it and without. The first convention under which that holds is
//! built into the graph, which then takes one for a token and zero for padding.

use dlm_graph::{DataType, Graph, Var};
use dlm_sdk::{
    EncoderSpec, Result,
    conformance::{self, Outcome},
};

use super::{
    super::{
        graph_encoder::{GraphEncoder, Ports},
        handed::replace_input,
    },
    MASK,
    export::{failed, refused},
};

/// Names of masks that say where padding is.
pub(super) const OF_PADDING: [&str; 4] =
    ["padding_mask", "key_padding_mask", "src_key_padding_mask", "pad_mask"];
/// What is added to the score of padding.
const HIDDEN: f64 = 1e9;
/// Ids that every vocabulary has.
const IDS: u32 = 4;

/// What a mask says of a token and of padding.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Convention {
    Tokens,
    Padding,
    Added,
}

impl Convention {
    /// Returns those that a mask of a type can follow, the commonest first.
    fn of(dtype: DataType) -> &'static [Self] {
        match dtype {
            DataType::F32 => &[Self::Tokens, Self::Added, Self::Padding],
            _ => &[Self::Tokens, Self::Padding],
        }
    }

    /// Makes a graph take a mask of integers, one for a token, in place of its own.
    fn build_into(self, graph: &mut Graph, mask: Var) -> dlm_graph::Result<()> {
        let dtype = graph.dtype(mask)?;
        if self == Self::Tokens && matches!(dtype, DataType::I64 | DataType::I32) {
            return Ok(());
        }
        let shape = graph.shape(mask)?.clone();
        graph.rename(mask, "attention_mask_of_export")?;
        let tokens = graph.input(MASK.1, DataType::I64, shape)?;
        let value = match self {
            Self::Tokens => tokens,
            Self::Padding | Self::Added => {
                // Zero for a token, minus one for padding.
                let less = graph.add_scalar(tokens, -1.0)?;
                if self == Self::Added {
                    let less = graph.cast(less, DataType::F32)?;
                    graph.mul_scalar(less, HIDDEN)?
                } else {
                    graph.mul_scalar(less, -1.0)?
                }
            }
        };
        let value = graph.cast(value, dtype)?;
        replace_input(graph, mask, value)
    }
}

/// Finds out what a graph's mask means, and makes it one of tokens.
///
/// # Errors
///
/// [`Unsupported`](dlm_sdk::ErrorKind::Unsupported): under no convention does the mask hide padding, or there is no ONNX
/// Runtime to try a mask whose type or name leaves it open.
pub(super) fn settle(
    graph: &mut Graph,
    mask: Var,
    of_padding: bool,
    ports: &Ports,
    most: Option<usize>,
) -> Result<()> {
    let dtype = graph.dtype(mask).map_err(failed)?;
    let conventions = Convention::of(dtype);
    if let Err(error) = dlm_runtime::Runtime::get() {
        if of_padding || dtype == DataType::F32 {
            return Err(refused(
                "what its mask means can only be tried, and there is no ONNX Runtime".into(),
            )
            .with_source(error)
            .with_hint("dlm runtime install"));
        }
        return conventions[0].build_into(graph, mask).map_err(failed);
    }
    let mut reasons = Vec::new();
    for convention in conventions {
        let mut tried = graph.clone();
        convention.build_into(&mut tried, mask).map_err(failed)?;
        match hides_padding(&tried, ports, most)? {
            None => {
                *graph = tried;
                return Ok(());
            }
            Some(reason) => reasons.push(reason),
        }
    }
    Err(refused(format!(
        "its states change with the padding behind a row, whatever its mask says: {}",
        reasons.first().map_or("", String::as_str)
    ))
    .with_hint("export it so that the mask reaches every layer in which tokens see each other"))
}

/// Returns why padding is not hidden, if it is not.
fn hides_padding(graph: &Graph, ports: &Ports, most: Option<usize>) -> Result<Option<String>> {
    let bytes = graph.to_onnx().map_err(failed)?;
    let mut spec = EncoderSpec::new("export", "none", IDS, 1);
    spec.max_tokens = most;
    let mut encoder = GraphEncoder::from_bytes(&bytes, spec, ports.clone())?;
    let report = conformance::encoder_where(&mut encoder, &mut |rule| rule == "E4");
    Ok(report.checks().iter().find_map(|check| match &check.outcome {
        Outcome::Failed(reason) => Some(reason.clone()),
        _ => None,
    }))
}
