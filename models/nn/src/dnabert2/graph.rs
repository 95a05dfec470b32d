//! A DNABERT-2's forward pass.

use dlm_graph::{DataType, Gelu, Graph, Result, Tensor, Var};

use super::DnaBert2;
use crate::network::{
    Architecture as _,
    layers::{Border, attend, dense, matrix, norm},
};

const WORDS: &str = "bert.embeddings.word_embeddings.weight";

/// Builds the graph from ids and weights to hidden states, the pooled first token and logits.
pub(super) fn forward(model: &DnaBert2) -> Result<Graph> {
    let config = &model.config;
    let mut graph = Graph::new("dnabert2");
    let g = &mut graph;
    let border = Border::new(g, &model.weights())?;
    let mut x = g.scope("embeddings", |g| {
        let (words, kinds) = (g.find(WORDS)?, g.find("bert.embeddings.token_type_embeddings.weight")?);
        let words = g.gather(words, border.ids, 0)?;
        let kind = g.slice(kinds, 0, 0, 1)?;
        let sum = g.add(words, kind)?;
        let flat = g.reshape(sum, &[-1, config.hidden as i64])?;
        let normal = norm(g, flat, "bert.embeddings.LayerNorm", config.layer_norm_eps)?;
        g.dropout(normal, config.hidden_dropout)
    })?;
    let bias = g.scope("distances", |g| distances(g, &border, config.heads))?;
    let shape = {
        let width = config.hidden / config.heads;
        border.shape(g, &[3, config.heads as i64, width as i64])?
    };
    let mut states = vec![x];
    for layer in 0..config.layers {
        x = g.scope(&format!("layer.{layer}"), |g| one_layer(g, model, layer, x, (bias, shape)))?;
        states.push(x);
    }
    border.states(g, &states, config.hidden)?;
    if model.heads.pooler {
        let last = g.find("hidden")?;
        let first = g.select(last, 1, 0)?;
        let pooled = dense(g, first, "bert.pooler.dense")?;
        let pooled = g.tanh(pooled)?;
        g.output("pooled", pooled)?;
    }
    if model.heads.language_model {
        let logits = g.scope("head", |g| {
            let x = dense(g, x, "cls.predictions.transform.dense")?;
            let x = g.gelu(x, Gelu::Exact)?;
            let x = norm(g, x, "cls.predictions.transform.LayerNorm", config.layer_norm_eps)?;
            let (words, bias) = (g.find(WORDS)?, g.find("cls.predictions.decoder.bias")?);
            g.linear_transposed(x, words, Some(bias))
        })?;
        border.logits(g, logits, config.vocab_size)?;
    }
    Ok(graph)
}

/// Adds a layer on `[batch * tokens, width]`: attention and gated network, each added and normalised.
fn one_layer(
    g: &mut Graph,
    model: &DnaBert2,
    layer: usize,
    x: Var,
    (bias, shape): (Var, Var),
) -> Result<Var> {
    let config = &model.config;
    let name = |part: &str| format!("bert.encoder.layer.{layer}.{part}");
    let found = g.scope("attention", |g| {
        let joined = dense(g, x, &name("attention.self.Wqkv"))?;
        // [batch, tokens, 3, heads, head width] to [3, batch, heads, tokens, head width].
        let joined = g.reshape_to(joined, shape)?;
        let joined = g.transpose(joined, &[2, 0, 3, 1, 4])?;
        let parts = [g.select(joined, 0, 0)?, g.select(joined, 0, 1)?, g.select(joined, 0, 2)?];
        let scale = 1.0 / ((config.hidden / config.heads) as f64).sqrt();
        attend(g, parts, (scale, bias), config.attention_dropout, config.hidden)
    })?;
    let found = dense(g, found, &name("attention.output.dense"))?;
    let found = g.dropout(found, config.hidden_dropout)?;
    let sum = g.add(found, x)?;
    let x = norm(g, sum, &name("attention.output.LayerNorm"), config.layer_norm_eps)?;
    let wide = matrix(g, x, &name("mlp.gated_layers"))?;
    let halves = g.split(wide, 1, &[config.intermediate, config.intermediate])?;
    let gate = g.gelu(halves[0], Gelu::Exact)?;
    let gated = g.mul(gate, halves[1])?;
    let gated = g.dropout(gated, config.hidden_dropout)?;
    let narrow = dense(g, gated, &name("mlp.wo"))?;
    let sum = g.add(narrow, x)?;
    norm(g, sum, &name("mlp.layernorm"), config.layer_norm_eps)
}

/// Adds what scores lose by distance and padding, `[batch, heads, tokens, tokens]`.
fn distances(g: &mut Graph, border: &Border, heads: usize) -> Result<Var> {
    let places = border.places(g)?;
    let (down, across) = (g.unsqueeze(places, &[1])?, g.unsqueeze(places, &[0])?);
    let apart = g.sub(down, across)?;
    let apart = g.abs(apart)?;
    let slopes: Vec<f64> = slopes(heads).into_iter().map(|slope| -slope).collect();
    let slopes = g.constant(Tensor::from_reals(DataType::F32, [heads, 1, 1], &slopes)?);
    let lost = g.mul(apart, slopes)?;
    let closed = border.closed(g)?;
    g.add(lost, closed)
}

/// Returns the slope of each head (Press et al., *Train Short, Test Long*, section 3): for a power of two of heads n, the
/// powers of `2^(-8 / n)`; for other numbers those of the power of two below, then every other one of the power above.
fn slopes(heads: usize) -> Vec<f64> {
    let powers = |n: usize| (1..=n).map(move |head| (-8.0 * head as f64 / n as f64).exp2());
    let below = 1 << heads.ilog2();
    powers(below).chain(powers(2 * below).step_by(2)).take(heads).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twelve_heads_have_the_slopes_that_were_published() {
        let own = slopes(12);
        let exponents = [-1.0, -2.0, -3.0, -4.0, -5.0, -6.0, -7.0, -8.0, -0.5, -1.5, -2.5, -3.5f64];
        assert!(own.iter().zip(exponents).all(|(own, exponent)| (own - exponent.exp2()).abs() < 1e-12));
        assert_eq!(slopes(1), [(-8f64).exp2()]);
    }
}
