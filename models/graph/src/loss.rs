//! Losses as parts of a graph.
//!
//! A training graph has a fixed number of rows, and the data seldom fills it: every loss takes a weight for each row, 0
//! for one that is padding. All of them are computed in single precision, whatever type the model's outputs have.

use crate::{Attributes, DataType, Graph, Result, Tensor, Var};

/// A loss over weighted rows.
#[derive(Clone, Copy, Debug)]
pub struct Loss {
    /// The sum of the weighted rows' losses.
    pub sum: Var,
    /// The sum of the weights.
    pub weight: Var,
    /// `sum / weight`, the number to minimise; 0 where all weights are 0.
    pub mean: Var,
}

/// Returns the hidden states at some positions: `hidden [.., width]` and `positions [n]`, which count through all rows,
/// give `[n, width]`.
///
/// Masked language models are scored at the masked positions alone: their head works on a sixth of the tokens.
///
/// # Errors
///
/// [`ErrorKind::Operator`](crate::ErrorKind::Operator) where the shapes do not fit.
pub fn at_positions(g: &mut Graph, hidden: Var, positions: Var) -> Result<Var> {
    let shape = g.shape(hidden)?;
    let width = shape.last().and_then(crate::Dim::fixed);
    let rows = match (shape.len(), width) {
        (2, _) => hidden,
        (_, Some(width)) => g.reshape(hidden, &[-1, width as i64])?,
        _ => return Err(crate::Error::value(g.name_of(hidden)?, "its width must be a number")),
    };
    g.gather(rows, positions, 0)
}

/// Adds the cross-entropy of `logits [rows, classes]` with `labels [rows]`, integers.
///
/// The loss of a row is `-log softmax(logits)[label]`; its derivative is the softmax minus the one-hot label. A row's
/// weight is `weights[row] * class_weights[label]`, each 1 where not given, and the mean is over weights, as PyTorch has
/// it. A row with a negative label (PyTorch's -100) has the weight 0.
///
/// # Errors
///
/// [`ErrorKind::Operator`](crate::ErrorKind::Operator) where the shapes do not fit.
pub fn cross_entropy(
    g: &mut Graph,
    logits: Var,
    labels: Var,
    weights: Option<Var>,
    class_weights: Option<Var>,
) -> Result<Loss> {
    g.scope("cross_entropy", |g| {
        let zero = g.constant(Tensor::scalar(g.dtype(labels)?, 0.0));
        let valid = g.greater_or_equal(labels, zero)?;
        let class = g.choose(valid, labels, zero)?;
        let valid = g.cast(valid, DataType::F32)?;
        let mut weight = match weights {
            Some(weights) => g.mul(weights, valid)?,
            None => valid,
        };
        if let Some(class_weights) = class_weights {
            let of_class = g.gather(class_weights, class, 0)?;
            weight = g.mul(weight, of_class)?;
        }
        let logits = g.cast(logits, DataType::F32)?;
        let logarithms = g.log_softmax(logits, -1)?;
        let places = g.unsqueeze(class, &[-1])?;
        let picked = g.gather_elements(logarithms, places, -1)?;
        let picked = g.squeeze(picked, &[-1])?;
        let losses = g.neg(picked)?;
        weighted(g, losses, weight)
    })
}

/// Adds the binary cross-entropy of `logits [rows, labels]` with `targets [rows, labels]`, zeros and ones: several labels
/// may hold at once.
///
/// With `s = log(1 + exp(x))` the loss of an element is `s(x) - x t`, which neither overflows nor cancels. A target of 1
/// counts `positive_weights [labels]` times, if they are given. The mean is over rows and labels.
///
/// # Errors
///
/// [`ErrorKind::Operator`](crate::ErrorKind::Operator) where the shapes do not fit.
pub fn binary_cross_entropy(
    g: &mut Graph,
    logits: Var,
    targets: Var,
    weights: Option<Var>,
    positive_weights: Option<Var>,
) -> Result<Loss> {
    g.scope("binary_cross_entropy", |g| {
        let x = g.cast(logits, DataType::F32)?;
        let t = g.cast(targets, DataType::F32)?;
        let losses = match positive_weights {
            None => {
                let soft = g.softplus(x)?;
                let product = g.mul(x, t)?;
                g.sub(soft, product)?
            }
            // (1 - t) x + (1 + (p - 1) t) s(-x).
            Some(positive) => {
                let negative = g.neg(x)?;
                let soft = g.softplus(negative)?;
                let product = g.mul(x, t)?;
                let linear = g.sub(x, product)?;
                let extra = g.add_scalar(positive, -1.0)?;
                let extra = g.mul(extra, t)?;
                let factor = g.add_scalar(extra, 1.0)?;
                let curved = g.mul(factor, soft)?;
                g.add(linear, curved)?
            }
        };
        averaged(g, losses, weights)
    })
}

/// Adds the mean squared error of `predictions [rows, values]` with `targets` of the same shape.
///
/// # Errors
///
/// [`ErrorKind::Operator`](crate::ErrorKind::Operator) where the shapes do not fit.
pub fn mean_squared_error(
    g: &mut Graph,
    predictions: Var,
    targets: Var,
    weights: Option<Var>,
) -> Result<Loss> {
    g.scope("mean_squared_error", |g| {
        let x = g.cast(predictions, DataType::F32)?;
        let difference = g.sub(x, targets)?;
        let losses = g.mul(difference, difference)?;
        averaged(g, losses, weights)
    })
}

/// Adds the weighted number of rows whose largest logit is the label's: `logits [rows, classes]`, `labels [rows]`.
///
/// # Errors
///
/// [`ErrorKind::Operator`](crate::ErrorKind::Operator) where the shapes do not fit.
pub fn correct(g: &mut Graph, logits: Var, labels: Var, weights: Option<Var>) -> Result<Var> {
    g.scope("correct", |g| {
        let attributes = Attributes::new().with("axis", -1i64).with("keepdims", false);
        let best = g.node("ArgMax", "", &[Some(logits)], attributes, 1)?[0];
        let labels = g.cast(labels, DataType::I64)?;
        let right = g.equal(best, labels)?;
        let right = g.cast(right, DataType::F32)?;
        let right = match weights {
            Some(weights) => g.mul(right, weights)?,
            None => right,
        };
        g.reduce_sum(right, &[], false)
    })
}

/// Averages the losses of a row's elements, and then the rows.
fn averaged(g: &mut Graph, losses: Var, weights: Option<Var>) -> Result<Loss> {
    let losses = if g.rank(losses)? > 1 {
        let axes: Vec<i64> = (1..g.rank(losses)? as i64).collect();
        g.reduce_mean(losses, &axes, false)?
    } else {
        losses
    };
    let weights = if let Some(weights) = weights {
        weights
    } else {
        let rows = g.shape_tensor(losses)?;
        g.filled(rows, DataType::F32, 1.0)?
    };
    weighted(g, losses, weights)
}

fn weighted(g: &mut Graph, losses: Var, weights: Var) -> Result<Loss> {
    let products = g.mul(losses, weights)?;
    let sum = g.reduce_sum(products, &[], false)?;
    let weight = g.reduce_sum(weights, &[], false)?;
    // No row at all is no loss, not a division by zero.
    let least = g.scalar(DataType::F32, 1e-9);
    let divisor = g.max(weight, least)?;
    let mean = g.div(sum, divisor)?;
    Ok(Loss { sum, weight, mean })
}
