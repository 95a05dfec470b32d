//! What the architectures' graphs have in common.

use dlm_graph::{DataType, Graph, Result, Var};

use crate::bert::{IDS, MASK, Weight};

/// What is added to the score of padding before the softmax: far below any score, and its exponential is exactly zero.
const NEVER: f64 = -1e9;

/// A graph's inputs and sizes.
pub(crate) struct Border {
    /// Ids, `[batch, tokens]`.
    pub(crate) ids: Var,
    /// One for a token and zero for padding, `[batch, tokens]`, as floats.
    pub(crate) mask: Var,
    /// The number of rows, a list of one integer.
    pub(crate) rows: Var,
    /// The number of tokens, a list of one integer.
    pub(crate) columns: Var,
}

impl Border {
    /// Adds ids, mask and every weight by name.
    pub(crate) fn new(g: &mut Graph, weights: &[Weight]) -> Result<Self> {
        let ids = g.input(IDS, DataType::I64, ["batch", "tokens"])?;
        let mask = g.input(MASK, DataType::I64, ["batch", "tokens"])?;
        for weight in weights {
            g.parameter(&weight.parameter.name, weight.parameter.shape.clone())?;
        }
        let mask = g.cast(mask, DataType::F32)?;
        let (rows, columns) = (g.dim_of(ids, 0)?, g.dim_of(ids, 1)?);
        Ok(Self { ids, mask, rows, columns })
    }

    /// Adds the shape `[batch, tokens, ..]` as a list of integers.
    pub(crate) fn shape(&self, g: &mut Graph, rest: &[i64]) -> Result<Var> {
        let rest = g.list(rest);
        g.concat(&[self.rows, self.columns, rest], 0)
    }

    /// Adds the places 0, 1, 2, .. of a row, `[tokens]`, as floats.
    pub(crate) fn places(&self, g: &mut Graph) -> Result<Var> {
        let end = g.squeeze(self.columns, &[0])?;
        let places = g.count_to(end)?;
        g.cast(places, DataType::F32)
    }

    /// Adds what is added to scores, `[batch, 1, 1, tokens]`: zero for tokens, far below everything for padding.
    pub(crate) fn closed(&self, g: &mut Graph) -> Result<Var> {
        let mask = g.unsqueeze(self.mask, &[1, 2])?;
        let open = g.scalar(DataType::F32, 1.0);
        let closed = g.sub(open, mask)?;
        g.mul_scalar(closed, NEVER)
    }

    /// Names the outputs `hidden.0` to `hidden.L` and `hidden`, `[batch, tokens, width]`.
    pub(crate) fn states(&self, g: &mut Graph, states: &[Var], width: usize) -> Result<()> {
        let outer = self.shape(g, &[width as i64])?;
        let mut last = None;
        for (layer, state) in states.iter().enumerate() {
            let state = g.reshape_to(*state, outer)?;
            g.output(&format!("hidden.{layer}"), state)?;
            last = Some(state);
        }
        if let Some(last) = last {
            let last = g.identity(last)?;
            g.output("hidden", last)?;
        }
        Ok(())
    }

    /// Names the output `logits`, `[batch, tokens, vocabulary]`.
    pub(crate) fn logits(&self, g: &mut Graph, logits: Var, vocabulary: usize) -> Result<()> {
        let outer = self.shape(g, &[vocabulary as i64])?;
        let logits = g.reshape_to(logits, outer)?;
        g.output(crate::bert::LOGITS, logits)?;
        Ok(())
    }
}

/// Adds a dense layer on rows, `NAME.weight` `[outputs, inputs]` and `NAME.bias`.
pub(crate) fn dense(g: &mut Graph, x: Var, name: &str) -> Result<Var> {
    let (weight, bias) = (g.find(&format!("{name}.weight"))?, g.find(&format!("{name}.bias"))?);
    g.linear_transposed(x, weight, Some(bias))
}

/// Adds a dense layer without a bias.
pub(crate) fn matrix(g: &mut Graph, x: Var, name: &str) -> Result<Var> {
    let weight = g.find(&format!("{name}.weight"))?;
    g.linear_transposed(x, weight, None)
}

/// Adds a norm over the width.
pub(crate) fn norm(g: &mut Graph, x: Var, name: &str, epsilon: f32) -> Result<Var> {
    let (scale, bias) = (g.find(&format!("{name}.weight"))?, g.find(&format!("{name}.bias"))?);
    g.layer_norm(x, scale, Some(bias), epsilon)
}

/// Adds attention on queries, keys and values of `[batch, heads, tokens, head width]`, with what is added to scores:
/// rows of `[batch * tokens, width]`.
pub(crate) fn attend(
    g: &mut Graph,
    [query, key, value]: [Var; 3],
    (scale, bias): (f64, Var),
    dropout: f32,
    width: usize,
) -> Result<Var> {
    let key = g.transpose(key, &[0, 1, 3, 2])?;
    let scores = g.matmul(query, key)?;
    let scores = g.mul_scalar(scores, scale)?;
    let scores = g.add(scores, bias)?;
    let shares = g.softmax(scores, -1)?;
    let shares = g.dropout(shares, dropout)?;
    let mixed = g.matmul(shares, value)?;
    let mixed = g.transpose(mixed, &[0, 2, 1, 3])?;
    g.reshape(mixed, &[-1, width as i64])
}
