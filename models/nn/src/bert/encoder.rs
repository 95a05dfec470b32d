//! The encoder as a graph: embeddings and layers.

use dlm_graph::{DataType, Dim, Gelu, Graph, Result, Var};

use super::{Config, Heads, weights};

/// The name of the ids, `[batch, tokens]`, 64-bit integers.
pub const IDS: &str = "input_ids";
/// The name of the mask, `[batch, tokens]`, 64-bit integers: one for a token, zero for padding.
pub const MASK: &str = "attention_mask";

/// What is added to the score of padding before the softmax: far below any score, and its exponential is exactly zero.
const NEVER: f64 = -1e9;

/// A model's forward pass under construction.
pub(super) struct Encoder<'c> {
    config: &'c Config,
    ids: Var,
    /// `[batch, tokens, width]` as a list of integers: the shape of hidden states at the border of the graph.
    outer: Var,
    /// Hidden states after the embeddings and after each layer, `[batch * tokens, width]`.
    pub(super) hidden: Vec<Var>,
}

impl<'c> Encoder<'c> {
    /// Adds inputs, weights, embeddings and layers.
    ///
    /// Activations are matrices of one row a token, `[batch * tokens, width]`, so that dense layers are single matrix
    /// products; only attention sees batch and heads apart.
    pub(super) fn build(
        g: &mut Graph,
        config: &'c Config,
        heads: Heads,
        batch: Dim,
        tokens: Dim,
    ) -> Result<Self> {
        let ids = g.input(IDS, DataType::I64, [batch.clone(), tokens.clone()])?;
        let mask = g.input(MASK, DataType::I64, [batch, tokens])?;
        for weight in weights(config, heads) {
            g.parameter(&weight.parameter.name, weight.parameter.shape)?;
        }
        let (rows, columns) = (g.dim_of(ids, 0)?, g.dim_of(ids, 1)?);
        let width = g.list(&[config.hidden as i64]);
        let outer = g.concat(&[rows, columns, width], 0)?;
        let mut encoder = Self { config, ids, outer, hidden: Vec::new() };
        let embedded = g.scope("embeddings", |g| encoder.embed(g))?;
        encoder.hidden.push(embedded);
        let bias = g.scope("mask", |g| {
            let mask = g.cast(mask, DataType::F32)?;
            let mask = g.unsqueeze(mask, &[1, 2])?;
            let open = g.scalar(DataType::F32, 1.0);
            let closed = g.sub(open, mask)?;
            g.mul_scalar(closed, NEVER)
        })?;
        let shape = {
            let split = g.list(&[config.heads as i64, config.head_width() as i64]);
            g.concat(&[rows, columns, split], 0)?
        };
        let mut x = embedded;
        for layer in 0..config.layers {
            x = g.scope(&format!("layer.{layer}"), |g| encoder.layer(g, layer, x, bias, shape))?;
            encoder.hidden.push(x);
        }
        Ok(encoder)
    }

    /// Adds hidden states in the shape they have outside, `[batch, tokens, width]`.
    pub(super) fn outside(&self, g: &mut Graph, x: Var) -> Result<Var> {
        g.reshape_to(x, self.outer)
    }

    /// Adds the sum of word, position and segment, normalised.
    fn embed(&self, g: &mut Graph) -> Result<Var> {
        let name = |part: &str| format!("bert.embeddings.{part}_embeddings.weight");
        let (words, positions, kinds) =
            (g.find(&name("word"))?, g.find(&name("position"))?, g.find(&name("token_type"))?);
        let words = g.gather(words, self.ids, 0)?;
        let (start, end, axis) = (g.list(&[0]), g.dim_of(self.ids, 1)?, g.list(&[0]));
        let inputs = [Some(positions), Some(start), Some(end), Some(axis)];
        let positions = g.node("Slice", "", &inputs, dlm_graph::Attributes::new(), 1)?[0];
        // DNA has one kind of segment: the first row.
        let kind = g.slice(kinds, 0, 0, 1)?;
        let places = g.add(positions, kind)?;
        let sum = g.add(words, places)?;
        let flat = g.reshape(sum, &[-1, self.config.hidden as i64])?;
        let normal = self.norm(g, flat, "bert.embeddings.LayerNorm")?;
        g.dropout(normal, self.config.hidden_dropout)
    }

    /// Adds a layer on `[batch * tokens, width]`: attention and feed-forward network, each added and normalised.
    fn layer(&self, g: &mut Graph, layer: usize, x: Var, bias: Var, shape: Var) -> Result<Var> {
        let name = |part: &str| format!("bert.encoder.layer.{layer}.{part}");
        let dropout = self.config.hidden_dropout;
        let found = g.scope("attention", |g| self.attention(g, layer, x, bias, shape))?;
        let found = dense(g, found, &name("attention.output.dense"))?;
        let found = g.dropout(found, dropout)?;
        let sum = g.add(found, x)?;
        let x = self.norm(g, sum, &name("attention.output.LayerNorm"))?;
        let wide = dense(g, x, &name("intermediate.dense"))?;
        let wide = g.gelu(wide, Gelu::Exact)?;
        let narrow = dense(g, wide, &name("output.dense"))?;
        let narrow = g.dropout(narrow, dropout)?;
        let sum = g.add(narrow, x)?;
        self.norm(g, sum, &name("output.LayerNorm"))
    }

    /// Adds attention: each head mixes values by the softmax of `query . key / sqrt(head width)`.
    fn attention(&self, g: &mut Graph, layer: usize, x: Var, bias: Var, shape: Var) -> Result<Var> {
        let project = |g: &mut Graph, part: &str| {
            dense(g, x, &format!("bert.encoder.layer.{layer}.attention.self.{part}"))
        };
        let (query, key, value) = (project(g, "query")?, project(g, "key")?, project(g, "value")?);
        let apart = |g: &mut Graph, x: Var, order: &[usize]| {
            let x = g.reshape_to(x, shape)?;
            g.transpose(x, order)
        };
        // [batch, heads, tokens, head width], the key's last two axes exchanged.
        let query = apart(g, query, &[0, 2, 1, 3])?;
        let key = apart(g, key, &[0, 2, 3, 1])?;
        let value = apart(g, value, &[0, 2, 1, 3])?;
        let scores = g.matmul(query, key)?;
        let scores = g.mul_scalar(scores, 1.0 / (self.config.head_width() as f64).sqrt())?;
        let scores = g.add(scores, bias)?;
        let shares = g.softmax(scores, -1)?;
        let shares = g.dropout(shares, self.config.attention_dropout)?;
        let mixed = g.matmul(shares, value)?;
        let mixed = g.transpose(mixed, &[0, 2, 1, 3])?;
        g.reshape(mixed, &[-1, self.config.hidden as i64])
    }

    /// Adds a norm over the width.
    pub(super) fn norm(&self, g: &mut Graph, x: Var, name: &str) -> Result<Var> {
        let (scale, bias) = (g.find(&format!("{name}.weight"))?, g.find(&format!("{name}.bias"))?);
        g.layer_norm(x, scale, Some(bias), self.config.layer_norm_eps)
    }
}

/// Adds a dense layer, with the weight `[outputs, inputs]` as files have it.
pub(super) fn dense(g: &mut Graph, x: Var, name: &str) -> Result<Var> {
    let (weight, bias) = (g.find(&format!("{name}.weight"))?, g.find(&format!("{name}.bias"))?);
    g.linear_transposed(x, weight, Some(bias))
}
