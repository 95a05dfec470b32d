//! The arithmetic of the optimiser, on slices.
//!
//! Written so that a compiler turns the loops into vector instructions by itself: no branches, no fused
//! multiply-and-add, and sums in a fixed number of lanes. So the same numbers come out of every build of them, and
//! [`simd`](super::simd) is these very functions compiled for wider registers.

/// Lanes of a sum. Eight doubles fill the widest registers there are.
const LANES: usize = 8;

/// The numbers of one update, equal for all elements of a parameter.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Coefficients {
    /// What gradients are multiplied by, for clipping.
    pub(super) gradient: f32,
    /// How much of the weight is added to the gradient: Adam's decay.
    pub(super) penalty: f32,
    /// What the weight is multiplied by first: AdamW's decay.
    pub(super) keep: f32,
    /// `1 - beta_1`.
    pub(super) first: f32,
    /// `beta_2`.
    pub(super) second: f32,
    /// `1 - beta_2`.
    pub(super) fresh: f32,
    /// `rate / (1 - beta_1^t)`.
    pub(super) step: f32,
    /// `sqrt(1 - beta_2^t)`.
    pub(super) root: f32,
    /// Added to the denominator.
    pub(super) epsilon: f32,
}

impl Coefficients {
    /// How many there are.
    pub(crate) const COUNT: usize = 9;

    /// Returns them in the order they are declared in.
    pub(crate) fn numbers(&self) -> [f32; Self::COUNT] {
        let Self { gradient, penalty, keep, first, second, fresh, step, root, epsilon } = *self;
        [gradient, penalty, keep, first, second, fresh, step, root, epsilon]
    }
}

/// Applies one update of Adam or AdamW to some elements (Kingma and Ba 2015, algorithm 1; Loshchilov and Hutter 2019,
/// algorithm 2, with the schedule multiplier inside the rate as PyTorch has it).
#[expect(clippy::inline_always, reason = "it is compiled into functions for wider registers")]
#[inline(always)]
pub(super) fn update(
    weights: &mut [f32],
    gradients: &[f32],
    first: &mut [f32],
    second: &mut [f32],
    c: &Coefficients,
) {
    let n = weights.len();
    let (gradients, first, second) = (&gradients[..n], &mut first[..n], &mut second[..n]);
    for i in 0..n {
        let gradient = gradients[i] * c.gradient + weights[i] * c.penalty;
        let moment = first[i] + (gradient - first[i]) * c.first;
        let square = second[i] * c.second + gradient * gradient * c.fresh;
        first[i] = moment;
        second[i] = square;
        weights[i] = weights[i] * c.keep - c.step * (moment / (square.sqrt() / c.root + c.epsilon));
    }
}

/// Returns the sum of squares of some elements, in double precision.
#[expect(clippy::inline_always, reason = "it is compiled into functions for wider registers")]
#[inline(always)]
pub(super) fn sum_of_squares(values: &[f32]) -> f64 {
    let mut lanes = [0.0_f64; LANES];
    let chunks = values.chunks_exact(LANES);
    let rest = chunks.remainder();
    for chunk in chunks {
        for lane in 0..LANES {
            let value = f64::from(chunk[lane]);
            lanes[lane] += value * value;
        }
    }
    for (lane, &value) in rest.iter().enumerate() {
        lanes[lane] += f64::from(value) * f64::from(value);
    }
    lanes.iter().sum()
}

/// Adds some elements to others.
#[expect(clippy::inline_always, reason = "it is compiled into functions for wider registers")]
#[inline(always)]
pub(super) fn add(sums: &mut [f32], values: &[f32]) {
    for (sum, value) in sums.iter_mut().zip(values) {
        *sum += value;
    }
}
