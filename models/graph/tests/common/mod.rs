//! A small BERT, as tests need it.
#![allow(dead_code, clippy::allow_attributes, reason = "each test file uses a part of these helpers")]

use dlm_graph::{DataType, Dim, Gelu, Graph, Result, Shape, Var};

/// The size of a BERT.
#[derive(Clone, Copy)]
pub(crate) struct Size {
    pub(crate) layers: usize,
    pub(crate) hidden: usize,
    pub(crate) heads: usize,
    pub(crate) inner: usize,
    pub(crate) vocabulary: usize,
    pub(crate) positions: usize,
}

/// Two layers of 32.
pub(crate) const TINY: Size =
    Size { layers: 2, hidden: 32, heads: 4, inner: 64, vocabulary: 30, positions: 40 };
/// BERT-base with the vocabulary of GROVER.
pub(crate) const BASE: Size =
    Size { layers: 12, hidden: 768, heads: 12, inner: 3072, vocabulary: 609, positions: 512 };

/// Builds the encoder on named dimensions; its output is `[batch, tokens, hidden]`.
pub(crate) fn encoder(g: &mut Graph, size: Size, dropout: f32) -> Result<Var> {
    let rows = || Shape::from(["batch", "tokens"]);
    let ids = g.input("input_ids", DataType::I64, rows())?;
    let mask = g.input("attention_mask", DataType::I64, rows())?;
    let hidden = size.hidden as i64;
    let mut x = g.scope("embeddings", |g| {
        let words = g.parameter("word_embeddings.weight", [size.vocabulary, size.hidden])?;
        let positions = g.parameter("position_embeddings.weight", [size.positions, size.hidden])?;
        let words = g.gather(words, ids, 0)?;
        let tokens = g.dim_of(ids, 1)?;
        let scalar = g.squeeze(tokens, &[0])?;
        let places = g.count_to(scalar)?;
        let positions = g.gather(positions, places, 0)?;
        let sum = g.add(words, positions)?;
        let sum = norm(g, "embeddings.norm", sum, size.hidden)?;
        let flat = g.reshape(sum, &[-1, hidden])?;
        g.dropout(flat, dropout)
    })?;
    let bias = g.scope("mask", |g| {
        let mask = g.cast(mask, DataType::F32)?;
        let mask = g.add_scalar(mask, -1.0)?;
        let mask = g.mul_scalar(mask, 1e9)?;
        g.unsqueeze(mask, &[1, 2])
    })?;
    let shape = {
        let (heads, width) = (size.heads as i64, hidden / size.heads as i64);
        let (batch, tokens) = (g.dim_of(ids, 0)?, g.dim_of(ids, 1)?);
        let rest = g.list(&[heads, width]);
        g.concat(&[batch, tokens, rest], 0)?
    };
    for layer in 0..size.layers {
        x = g.scope(&format!("layer.{layer}"), |g| block(g, size, layer, x, bias, shape, dropout))?;
    }
    let (batch, tokens, rest) = (g.dim_of(ids, 0)?, g.dim_of(ids, 1)?, g.list(&[hidden]));
    let shape = g.concat(&[batch, tokens, rest], 0)?;
    g.reshape_to(x, shape)
}

fn dense(g: &mut Graph, name: &str, x: Var, from: usize, to: usize) -> Result<Var> {
    let weight = g.parameter(&format!("{name}.weight"), [from, to])?;
    let bias = g.parameter(&format!("{name}.bias"), [to])?;
    g.linear(x, weight, Some(bias))
}

fn norm(g: &mut Graph, name: &str, x: Var, width: usize) -> Result<Var> {
    let scale = g.parameter(&format!("{name}.weight"), [width])?;
    let bias = g.parameter(&format!("{name}.bias"), [width])?;
    g.layer_norm(x, scale, Some(bias), 1e-12)
}

fn block(
    g: &mut Graph,
    size: Size,
    layer: usize,
    x: Var,
    mask: Var,
    shape: Var,
    dropout: f32,
) -> Result<Var> {
    let (hidden, name) = (size.hidden, |part: &str| format!("layer.{layer}.{part}"));
    let qkv = dense(g, &name("qkv"), x, hidden, 3 * hidden)?;
    let parts = g.split(qkv, 1, &[hidden; 3])?;
    let mut heads = Vec::new();
    for part in parts {
        let part = g.reshape_to(part, shape)?;
        heads.push(g.transpose(part, &[0, 2, 1, 3])?);
    }
    let keys = g.transpose(heads[1], &[0, 1, 3, 2])?;
    let scores = g.matmul(heads[0], keys)?;
    let scores = g.mul_scalar(scores, 1.0 / ((hidden / size.heads) as f64).sqrt())?;
    let scores = g.add(scores, mask)?;
    let probabilities = g.softmax(scores, -1)?;
    let probabilities = g.dropout(probabilities, dropout)?;
    let mixed = g.matmul(probabilities, heads[2])?;
    let mixed = g.transpose(mixed, &[0, 2, 1, 3])?;
    let mixed = g.reshape(mixed, &[-1, hidden as i64])?;
    let out = dense(g, &name("out"), mixed, hidden, hidden)?;
    let out = g.dropout(out, dropout)?;
    let x = g.add(x, out)?;
    let x = norm(g, &name("norm1"), x, hidden)?;
    let inner = dense(g, &name("up"), x, hidden, size.inner)?;
    let inner = g.gelu(inner, Gelu::Exact)?;
    let out = dense(g, &name("down"), inner, size.inner, hidden)?;
    let out = g.dropout(out, dropout)?;
    let x = g.add(x, out)?;
    norm(g, &name("norm2"), x, hidden)
}

/// Returns the shape `[batch, tokens, hidden]` as text.
pub(crate) fn expected(hidden: usize) -> String {
    Shape::from([Dim::symbol("batch"), Dim::symbol("tokens"), Dim::Fixed(hidden)]).to_string()
}
