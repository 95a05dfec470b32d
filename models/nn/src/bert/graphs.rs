//! A BERT's graphs: forward for everybody, and the loss of masked-language modelling.

use dlm_graph::{DataType, Dim, Gelu, Graph, Result, Var};

use super::{
    Config, Heads,
    encoder::{Encoder, dense},
    parameters::WORDS,
};

/// The name of the places of guessed tokens among the rows of all tokens, `[masked]`: `row * tokens + column`.
pub const PLACES: &str = "masked_places";
/// The name of the guessed tokens' true ids, `[masked]`.
pub const LABELS: &str = "masked_labels";
/// The name of the guessed tokens' weights in the loss, `[masked]`; those that fill up a list have zero.
pub const LOSS_WEIGHTS: &str = "masked_weights";
/// The name of the loss, a scalar: the weighted sum of the guessed tokens' cross-entropies, in nats.
pub const LOSS: &str = "loss";
/// The name of the scores of the vocabulary.
pub const LOGITS: &str = "logits";

/// Builds the forward pass, for rows of any number and length.
///
/// Inputs are [`IDS`](super::IDS), [`MASK`](super::MASK) and every weight by name. Outputs are `hidden`, the last hidden
/// states `[batch, tokens, width]`; `hidden.0` to `hidden.L`, those after the embeddings and after each layer; `pooled`,
/// `[batch, width]`, where there is a pooler; and `logits`, `[batch, tokens, vocabulary]`, where there is a language-model
/// head. Dropout stands in it as nodes that do nothing in inference.
///
/// # Errors
///
/// Those of the graph builder, which a checked configuration does not meet.
pub fn forward(config: &Config, heads: Heads) -> Result<Graph> {
    let mut g = Graph::new("bert");
    let encoder = Encoder::build(&mut g, config, heads, "batch".into(), "tokens".into())?;
    let states = encoder.hidden.clone();
    let mut last = None;
    for (layer, state) in states.into_iter().enumerate() {
        let state = encoder.outside(&mut g, state)?;
        g.output(&format!("hidden.{layer}"), state)?;
        last = Some(state);
    }
    if let Some(last) = last {
        // A second name for the last layer.
        let last = g.identity(last)?;
        g.output("hidden", last)?;
        if heads.pooler {
            let first = g.select(last, 1, 0)?;
            let pooled = dense(&mut g, first, "bert.pooler.dense")?;
            let pooled = g.tanh(pooled)?;
            g.output("pooled", pooled)?;
        }
    }
    if heads.language_model
        && let Some(&state) = encoder.hidden.last()
    {
        let logits = head(&mut g, &encoder, state)?;
        let (rows, columns) = (g.find(super::IDS)?, g.list(&[config.vocab_size as i64]));
        let rows = g.shape_of(rows)?;
        let shape = g.concat(&[rows, columns], 0)?;
        let logits = g.reshape_to(logits, shape)?;
        g.output(LOGITS, logits)?;
    }
    Ok(g)
}

/// Builds the loss of masked-language modelling, with the head at guessed tokens alone.
///
/// Inputs are [`IDS`](super::IDS), [`MASK`](super::MASK), [`PLACES`], [`LABELS`], [`LOSS_WEIGHTS`] and every weight by
/// name; the pooler has none, for nothing trains it. Outputs are [`LOSS`] and [`LOGITS`], `[masked, vocabulary]`.
/// Dimensions may be names (`batch`, `tokens`, `masked`), to be bound before training.
///
/// # Errors
///
/// Those of the graph builder, which a checked configuration does not meet.
pub fn masked_language_model(config: &Config, batch: Dim, tokens: Dim, masked: Dim) -> Result<Graph> {
    let mut g = Graph::new("bert");
    let heads = Heads { language_model: true, pooler: false };
    let encoder = Encoder::build(&mut g, config, heads, batch, tokens)?;
    let places = g.input(PLACES, DataType::I64, [masked.clone()])?;
    let labels = g.input(LABELS, DataType::I64, [masked.clone()])?;
    let weights = g.input(LOSS_WEIGHTS, DataType::F32, [masked])?;
    let state = encoder.hidden[config.layers];
    let rows = g.gather(state, places, 0)?;
    let logits = head(&mut g, &encoder, rows)?;
    let loss = g.scope("loss", |g| {
        let shares = g.log_softmax(logits, -1)?;
        let labels = g.unsqueeze(labels, &[1])?;
        let own = g.gather_elements(shares, labels, 1)?;
        let own = g.squeeze(own, &[1])?;
        let weighted = g.mul(own, weights)?;
        let sum = g.reduce_sum(weighted, &[0], false)?;
        g.neg(sum)
    })?;
    g.output(LOSS, loss)?;
    g.output(LOGITS, logits)?;
    Ok(g)
}

/// Adds the language-model head on rows: dense, GELU, norm, and the product with the embedding table.
fn head(g: &mut Graph, encoder: &Encoder<'_>, rows: Var) -> Result<Var> {
    g.scope("head", |g| {
        let x = dense(g, rows, "cls.predictions.transform.dense")?;
        let x = g.gelu(x, Gelu::Exact)?;
        let x = encoder.norm(g, x, "cls.predictions.transform.LayerNorm")?;
        let (words, bias) = (g.find(WORDS)?, g.find("cls.predictions.bias")?);
        g.linear_transposed(x, words, Some(bias))
    })
}
