//! A HyenaDNA's forward pass.

use std::f64::consts::TAU;

use dlm_graph::{Attributes, Convolution, DataType, Gelu, Graph, Result, Tensor, Var};

use super::{Config, HyenaDna, config::WORDS};
use crate::network::{
    Architecture as _,
    layers::{Border, dense, matrix, norm},
};

/// What the window of a filter never falls below.
const FLOOR: f64 = 0.05;
/// Transforms of up to two to this power are made.
const LONGEST: u32 = 30;

/// What every layer takes besides hidden states.
struct Shared {
    /// The number of tokens, a list of one integer.
    columns: Var,
    /// The length of transforms, a scalar: the smallest power of two that is at least twice the number of tokens.
    length: Var,
    /// What describes each place to a filter's network, `[tokens, place width]`.
    places: Var,
    /// The window of filters, `[tokens, width]`.
    window: Var,
    /// `[batch, tokens, 3 * width]` as a list of integers.
    projected: Var,
    /// `[batch, width, tokens]` as a list of integers.
    channels: Var,
}

/// Builds the graph from ids and weights to hidden states and logits.
pub(super) fn forward(model: &HyenaDna) -> Result<Graph> {
    let config = &model.config;
    let mut graph = Graph::new("hyenadna");
    let g = &mut graph;
    let border = Border::new(g, &model.weights())?;
    let mut x = g.scope("embeddings", |g| {
        let words = g.find(WORDS)?;
        let words = g.gather(words, border.ids, 0)?;
        let mask = g.unsqueeze(border.mask, &[2])?;
        let words = g.mul(words, mask)?;
        let flat = g.reshape(words, &[-1, config.hidden as i64])?;
        g.dropout(flat, config.embedding_dropout)
    })?;
    let shared = g.scope("places", |g| shared(g, config, &border))?;
    let mut states = vec![x];
    for layer in 0..config.layers {
        x = g.scope(&format!("layer.{layer}"), |g| one_layer(g, config, layer, x, &shared))?;
        states.push(x);
    }
    x = norm(g, x, "hyena.backbone.ln_f", config.layer_norm_eps)?;
    if let Some(last) = states.last_mut() {
        *last = x;
    }
    border.states(g, &states, config.hidden)?;
    let words = g.find(WORDS)?;
    let logits = g.linear_transposed(x, words, None)?;
    border.logits(g, logits, config.rows)?;
    Ok(graph)
}

/// Adds what depends on the length of rows alone.
fn shared(g: &mut Graph, config: &Config, border: &Border) -> Result<Shared> {
    let places = border.places(g)?;
    let places = g.unsqueeze(places, &[1])?;
    let share = g.mul_scalar(places, 1.0 / (config.max_tokens - 1) as f64)?;
    let angles = g.mul_scalar(places, TAU / config.max_tokens as f64)?;
    let bands = config.bands();
    let bands = g.constant(Tensor::from_reals(DataType::F32, [1, bands.len()], &bands)?);
    let angles = g.mul(angles, bands)?;
    let (cosines, sines) = (g.cos(angles)?, g.sin(angles)?);
    let sines = g.neg(sines)?;
    let described = g.concat(&[share, cosines, sines], 1)?;
    let decays: Vec<f64> = config.decays().into_iter().map(|decay| -decay).collect();
    let decays = g.constant(Tensor::from_reals(DataType::F32, [1, config.hidden], &decays)?);
    let window = g.mul(share, decays)?;
    let window = g.exp(window)?;
    let window = g.add_scalar(window, FLOOR)?;
    // By integers: a logarithm would be off by one at some lengths.
    let powers: Vec<i64> = (0..=LONGEST).map(|power| 1 << power).collect();
    let powers = g.constant(Tensor::i64([powers.len()], &powers)?);
    let twice = g.add(border.columns, border.columns)?;
    let enough = g.greater_or_equal(powers, twice)?;
    let never = g.list(&[i64::MAX]);
    let enough = g.choose(enough, powers, never)?;
    let length = g.reduce_min(enough, &[0], false)?;
    let width = g.list(&[config.hidden as i64]);
    let channels = g.concat(&[border.rows, width, border.columns], 0)?;
    let projected = border.shape(g, &[3 * config.hidden as i64])?;
    Ok(Shared { columns: border.columns, length, places: described, window, projected, channels })
}

/// Adds a layer on `[batch * tokens, width]`: each sublayer sees the normalised states and is added to them as they were.
fn one_layer(g: &mut Graph, config: &Config, layer: usize, x: Var, shared: &Shared) -> Result<Var> {
    let name = |part: &str| format!("hyena.backbone.layers.{layer}.{part}");
    let normal = norm(g, x, &name("norm1"), config.layer_norm_eps)?;
    let mixed = g.scope("mixer", |g| mixer(g, config, &name("mixer"), normal, shared))?;
    let x = g.add(mixed, x)?;
    let normal = norm(g, x, &name("norm2"), config.layer_norm_eps)?;
    let wide = dense(g, normal, &name("mlp.fc1"))?;
    let wide = g.gelu(wide, Gelu::Tanh)?;
    let narrow = dense(g, wide, &name("mlp.fc2"))?;
    g.add(narrow, x)
}

/// Adds the Hyena operator on `[batch * tokens, width]`.
fn mixer(g: &mut Graph, config: &Config, name: &str, x: Var, shared: &Shared) -> Result<Var> {
    let joined = dense(g, x, &format!("{name}.in_proj"))?;
    let joined = g.reshape_to(joined, shared.projected)?;
    let joined = g.transpose(joined, &[0, 2, 1])?;
    let (weight, bias) =
        (g.find(&format!("{name}.short_filter.weight"))?, g.find(&format!("{name}.short_filter.bias"))?);
    let form =
        Convolution { pads: (config.short - 1, 0), groups: 3 * config.hidden, ..Convolution::default() };
    let joined = g.conv1d(joined, weight, Some(bias), form)?;
    let parts = g.split(joined, 1, &[config.hidden; 3])?;
    let gated = g.mul(parts[2], parts[1])?;
    let filter = g.scope("filter", |g| filter(g, config, &format!("{name}.filter_fn"), shared))?;
    let long = g.scope("convolution", |g| convolved(g, gated, filter, shared))?;
    let own = g.find(&format!("{name}.filter_fn.bias"))?;
    let own = g.unsqueeze(own, &[1])?;
    let own = g.mul(gated, own)?;
    let sum = g.add(long, own)?;
    let y = g.mul(sum, parts[0])?;
    let y = g.transpose(y, &[0, 2, 1])?;
    let y = g.reshape(y, &[-1, config.hidden as i64])?;
    dense(g, y, &format!("{name}.out_proj"))
}

/// Adds a layer's filter, `[width, tokens]`: a network with sines on the description of each place, times the window.
fn filter(g: &mut Graph, config: &Config, name: &str, shared: &Shared) -> Result<Var> {
    let frequencies = g.find(&format!("{name}.implicit_filter.1.freq"))?;
    let mut x = shared.places;
    for inner in 0..=config.inner {
        x = dense(g, x, &format!("{name}.implicit_filter.{}", 2 * inner))?;
        x = g.mul(x, frequencies)?;
        x = g.sin(x)?;
    }
    x = matrix(g, x, &format!("{name}.implicit_filter.{}", 2 * config.inner + 2))?;
    let x = g.mul(x, shared.window)?;
    g.transpose(x, &[1, 0])
}

/// Adds the causal convolution of `[batch, width, tokens]` with filters, `[width, tokens]`, by the Fourier transform.
fn convolved(g: &mut Graph, x: Var, filter: Var, shared: &Shared) -> Result<Var> {
    let transformed = |g: &mut Graph, x: Var, axis: i64| {
        let x = g.unsqueeze(x, &[-1])?;
        transform(g, x, shared.length, axis, false)
    };
    let (x, filter) = (transformed(g, x, 2)?, transformed(g, filter, 1)?);
    let (x, filter) = (g.split(x, 3, &[1, 1])?, g.split(filter, 2, &[1, 1])?);
    let product = |g: &mut Graph, [a, b, c, d]: [Var; 4], minus: bool| {
        let (left, right) = (g.mul(a, b)?, g.mul(c, d)?);
        if minus { g.sub(left, right) } else { g.add(left, right) }
    };
    let real = product(g, [x[0], filter[0], x[1], filter[1]], true)?;
    let imaginary = product(g, [x[0], filter[1], x[1], filter[0]], false)?;
    let y = g.concat(&[real, imaginary], 3)?;
    let y = transform(g, y, shared.length, 2, true)?;
    let (start, axis) = (g.list(&[0]), g.list(&[2]));
    let kept = [Some(y), Some(start), Some(shared.columns), Some(axis)];
    let y = g.node("Slice", "", &kept, Attributes::new(), 1)?[0];
    let y = g.slice(y, 3, 0, 1)?;
    g.reshape_to(y, shared.channels)
}

/// Adds a Fourier transform of a length along an axis; the last axis holds one real or two complex parts.
fn transform(g: &mut Graph, x: Var, length: Var, axis: i64, inverse: bool) -> Result<Var> {
    let axis = g.constant(Tensor::scalar(DataType::I64, axis as f64));
    let attributes = Attributes::new().with("inverse", inverse).with("onesided", false);
    Ok(g.node("DFT", "", &[Some(x), Some(length), Some(axis)], attributes, 1)?[0])
}
