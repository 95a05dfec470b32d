//! An ESM's forward pass.

use dlm_graph::{DataType, Gelu, Graph, Result, Tensor, Var};

use super::{Config, Esm, Positions};
use crate::network::{
    Architecture as _,
    layers::{Border, attend, dense, matrix, norm},
};

const WORDS: &str = "esm.embeddings.word_embeddings.weight";
/// The share of tokens that training blanked: 15 % were guessed, 80 % of them blanked.
const BLANKED: f64 = 0.15 * 0.8;
/// The base of rotary angles.
const BASE: f64 = 10_000.0;

/// What every layer takes besides hidden states.
struct Shared {
    /// What is added to scores.
    bias: Var,
    /// `[batch, tokens, heads, head width]` as a list of integers.
    shape: Var,
    /// Cosines and sines of rotary angles, `[tokens, head width]`.
    angles: Option<(Var, Var)>,
}

/// Builds the graph from ids and weights to hidden states and logits.
pub(super) fn forward(model: &Esm) -> Result<Graph> {
    let config = &model.config;
    let mut graph = Graph::new("esm");
    let g = &mut graph;
    let border = Border::new(g, &model.weights())?;
    let mut x = g.scope("embeddings", |g| embed(g, config, &border))?;
    let head = config.hidden / config.heads;
    let shared = Shared {
        bias: g.scope("mask", |g| border.closed(g))?,
        shape: border.shape(g, &[config.heads as i64, head as i64])?,
        angles: match config.positions {
            Positions::Absolute => None,
            Positions::Rotary => Some(g.scope("angles", |g| angles(g, &border, head))?),
        },
    };
    let mut states = vec![x];
    for layer in 0..config.layers {
        x = g.scope(&format!("layer.{layer}"), |g| one_layer(g, config, layer, x, &shared))?;
        states.push(x);
    }
    // The last state is the normalised one, as in the model that is published; without layers there is only one.
    x = norm(g, x, "esm.encoder.emb_layer_norm_after", config.layer_norm_eps)?;
    if let Some(last) = states.last_mut() {
        *last = x;
    }
    border.states(g, &states, config.hidden)?;
    if model.language_model {
        let logits = g.scope("head", |g| {
            let x = dense(g, x, "lm_head.dense")?;
            let x = g.gelu(x, Gelu::Exact)?;
            let x = norm(g, x, "lm_head.layer_norm", config.layer_norm_eps)?;
            let decoder = if config.tied { WORDS } else { "lm_head.decoder.weight" };
            let (decoder, bias) = (g.find(decoder)?, g.find("lm_head.bias")?);
            g.linear_transposed(x, decoder, Some(bias))
        })?;
        border.logits(g, logits, config.vocab_size)?;
    }
    Ok(graph)
}

/// Adds embeddings, `[batch * tokens, width]`; padding's are zero.
fn embed(g: &mut Graph, config: &Config, border: &Border) -> Result<Var> {
    let words = g.find(WORDS)?;
    let mut x = g.gather(words, border.ids, 0)?;
    if config.token_dropout {
        let blank = g.scalar(DataType::I64, f64::from(config.mask));
        let blanked = g.equal(border.ids, blank)?;
        let blanked = g.cast(blanked, DataType::F32)?;
        let one = g.scalar(DataType::F32, 1.0);
        let kept = g.sub(one, blanked)?;
        let lengths = g.reduce_sum(border.mask, &[1], true)?;
        // A row of padding alone has no share; any number does.
        let lengths = g.max(lengths, one)?;
        let blanked = g.reduce_sum(blanked, &[1], true)?;
        let share = g.div(blanked, lengths)?;
        let seen = g.sub(one, share)?;
        let trained = g.scalar(DataType::F32, 1.0 - BLANKED);
        let scale = g.div(trained, seen)?;
        let scale = g.mul(kept, scale)?;
        let scale = g.unsqueeze(scale, &[2])?;
        x = g.mul(x, scale)?;
    }
    if config.positions == Positions::Absolute {
        // 1, 2, .. for tokens and 0 for padding, moved by the padding's id.
        let places = g.cumsum(border.mask, 1)?;
        let places = g.mul(places, border.mask)?;
        let places = g.add_scalar(places, f64::from(config.pad))?;
        let places = g.cast(places, DataType::I64)?;
        let table = g.find("esm.embeddings.position_embeddings.weight")?;
        let positions = g.gather(table, places, 0)?;
        x = g.add(x, positions)?;
    }
    let mask = g.unsqueeze(border.mask, &[2])?;
    if config.norm_before == Some(true) {
        x = norm(g, x, "esm.embeddings.layer_norm", config.layer_norm_eps)?;
    }
    let x = g.mul(x, mask)?;
    g.reshape(x, &[-1, config.hidden as i64])
}

/// Adds cosines and sines of the angles by which queries and keys are turned, `[tokens, head width]`: place i turns the
/// pair j by `i / 10000^(2j / width)`; the pair of a number is half a head away.
fn angles(g: &mut Graph, border: &Border, width: usize) -> Result<(Var, Var)> {
    let places = border.places(g)?;
    let places = g.unsqueeze(places, &[1])?;
    let speeds: Vec<f64> = (0..width / 2).map(|pair| BASE.powf(-2.0 * pair as f64 / width as f64)).collect();
    let speeds = [speeds.clone(), speeds].concat();
    let speeds = g.constant(Tensor::from_reals(DataType::F32, [1, width], &speeds)?);
    let angles = g.mul(places, speeds)?;
    Ok((g.cos(angles)?, g.sin(angles)?))
}

/// Turns `[batch, heads, tokens, head width]` by the angles of places.
fn turned(g: &mut Graph, x: Var, (cosines, sines): (Var, Var), width: usize) -> Result<Var> {
    let halves = g.split(x, 3, &[width / 2, width / 2])?;
    let minus = g.neg(halves[1])?;
    let crossed = g.concat(&[minus, halves[0]], 3)?;
    let (straight, crossed) = (g.mul(x, cosines)?, g.mul(crossed, sines)?);
    g.add(straight, crossed)
}

/// Adds a layer on `[batch * tokens, width]`: each sublayer sees the normalised states and is added to them as they were.
fn one_layer(g: &mut Graph, config: &Config, layer: usize, x: Var, shared: &Shared) -> Result<Var> {
    let name = |part: &str| format!("esm.encoder.layer.{layer}.{part}");
    let head = config.hidden / config.heads;
    let found = g.scope("attention", |g| {
        let normal = norm(g, x, &name("attention.LayerNorm"), config.layer_norm_eps)?;
        let part = |g: &mut Graph, which: &str| {
            let part = dense(g, normal, &name(&format!("attention.self.{which}")))?;
            let part = g.reshape_to(part, shared.shape)?;
            g.transpose(part, &[0, 2, 1, 3])
        };
        let (mut query, mut key, value) = (part(g, "query")?, part(g, "key")?, part(g, "value")?);
        if let Some(angles) = shared.angles {
            (query, key) = (turned(g, query, angles, head)?, turned(g, key, angles, head)?);
        }
        let scale = 1.0 / (head as f64).sqrt();
        attend(g, [query, key, value], (scale, shared.bias), config.attention_dropout, config.hidden)
    })?;
    let found = dense(g, found, &name("attention.output.dense"))?;
    let found = g.dropout(found, config.hidden_dropout)?;
    let x = g.add(found, x)?;
    let normal = norm(g, x, &name("LayerNorm"), config.layer_norm_eps)?;
    let layer = if config.gated_bias == Some(false) { matrix } else { dense };
    let wide = layer(g, normal, &name("intermediate.dense"))?;
    let wide = if config.gated_bias.is_some() {
        let halves = g.split(wide, 1, &[config.intermediate, config.intermediate])?;
        let gate = g.silu(halves[0])?;
        g.mul(gate, halves[1])?
    } else {
        g.gelu(wide, Gelu::Exact)?
    };
    let narrow = layer(g, wide, &name("output.dense"))?;
    let narrow = g.dropout(narrow, config.hidden_dropout)?;
    g.add(narrow, x)
}
