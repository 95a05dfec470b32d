//! Adam and AdamW, with clipping by the global norm.
//!
//! On the processor the moments live in this process, and weights are changed where they lie: 28 bytes of memory are read
//! and written a weight and step, which is what the time goes into. Where weights are resident on a device, the same
//! update is a graph that runs there (the module `step::resident`). Work is cut into pieces of a fixed size, and sums over pieces are
//! taken in their order, so that the number of threads changes nothing.

mod kernel;
mod simd;

use dlm_sdk::{Error, Parameter, Result};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

pub(crate) use kernel::Coefficients;

/// Elements of a piece of work.
const PIECE: usize = 1 << 15;

/// How decay enters.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// The weight is added to the gradient (Kingma and Ba 2015).
    Adam,
    /// The weight shrinks by itself (Loshchilov and Hutter 2019).
    #[default]
    AdamW,
}

/// The numbers of an optimiser. By default those of BERT's fine-tuning: AdamW, betas 0.9 and 0.999, epsilon 1e-8,
/// decay 0.01, clipping at 1.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct OptimiserOptions {
    /// How decay enters.
    pub method: Method,
    /// How slowly the mean of gradients forgets.
    pub beta_1: f64,
    /// How slowly the mean of their squares forgets.
    pub beta_2: f64,
    /// Added to the denominator.
    pub epsilon: f64,
    /// The strength of decay, on the parameters it applies to.
    pub weight_decay: f64,
    /// The norm that the gradient of all weights together is cut to; `None`: it is left as it is.
    pub clip: Option<f64>,
}

impl Default for OptimiserOptions {
    fn default() -> Self {
        Self {
            method: Method::AdamW,
            beta_1: 0.9,
            beta_2: 0.999,
            epsilon: 1e-8,
            weight_decay: 0.01,
            clip: Some(1.0),
        }
    }
}

impl OptimiserOptions {
    /// Fails unless the numbers make an optimiser.
    ///
    /// # Errors
    ///
    /// [`Invalid`](dlm_sdk::ErrorKind::Invalid), naming the number.
    pub fn check(&self) -> Result<()> {
        let sound = [
            ("beta-1", self.beta_1, (0.0..1.0).contains(&self.beta_1), "from 0 to below 1"),
            ("beta-2", self.beta_2, (0.0..1.0).contains(&self.beta_2), "from 0 to below 1"),
            ("epsilon", self.epsilon, self.epsilon > 0.0 && self.epsilon.is_finite(), "positive"),
            (
                "weight-decay",
                self.weight_decay,
                self.weight_decay >= 0.0 && self.weight_decay.is_finite(),
                "at least 0",
            ),
            ("clip", self.clip.unwrap_or(1.0), self.clip.is_none_or(|clip| clip > 0.0), "positive"),
        ];
        match sound.iter().find(|(_, _, good, _)| !good) {
            Some((name, value, _, range)) => {
                Err(Error::invalid(format!("{name} is {value}, and must be {range}")))
            }
            None => Ok(()),
        }
    }
}

/// What an update did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Update {
    /// The norm of the gradient of all weights together, before clipping.
    pub norm: f64,
    /// What the gradient was multiplied by; 1 where it was not cut.
    pub factor: f64,
}

/// The state of one parameter.
#[derive(Clone, Debug)]
pub(crate) struct Moments {
    /// The running mean of the gradient.
    pub(crate) first: Vec<f32>,
    /// The running mean of its square.
    pub(crate) second: Vec<f32>,
    /// What the rate is multiplied by.
    rate: f64,
    decay: bool,
}

/// Adam or AdamW on some parameters.
///
/// # Examples
///
/// ```
/// use dlm_sdk::Parameter;
/// use dlm_train::optimiser::{Optimiser, OptimiserOptions};
///
/// let weight = Parameter { name: "w".into(), shape: vec![2], group: 0, decay: false };
/// let mut optimiser = Optimiser::new(OptimiserOptions::default(), [(&weight, 1.0)])?;
/// let mut values = [0.5_f32, -0.5];
/// // The first step is as long as the rate, whatever the gradient's size.
/// optimiser.update(&mut [&mut values], &[&[0.1, -0.2]], 0.01)?;
/// assert!((values[0] - 0.49).abs() < 1e-6 && (values[1] + 0.49).abs() < 1e-6);
/// # Ok::<(), dlm_sdk::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Optimiser {
    options: OptimiserOptions,
    moments: Vec<Moments>,
    updates: u64,
}

impl Optimiser {
    /// Begins with moments of zero, for parameters and what the rate of each is multiplied by.
    ///
    /// # Errors
    ///
    /// As [`OptimiserOptions::check`].
    pub fn new<'p>(
        options: OptimiserOptions,
        parameters: impl IntoIterator<Item = (&'p Parameter, f64)>,
    ) -> Result<Self> {
        options.check()?;
        let moments = parameters
            .into_iter()
            .map(|(parameter, rate)| {
                let n = parameter.shape.iter().product();
                Moments { first: vec![0.0; n], second: vec![0.0; n], rate, decay: parameter.decay }
            })
            .collect();
        Ok(Self { options, moments, updates: 0 })
    }

    /// Returns how many updates were made.
    pub fn updates(&self) -> u64 {
        self.updates
    }

    pub(crate) fn moments(&self) -> &[Moments] {
        &self.moments
    }

    pub(crate) fn restore(&mut self, updates: u64) {
        self.updates = updates;
    }

    pub(crate) fn set_moments(&mut self, index: usize, first: Vec<f32>, second: Vec<f32>) {
        let moments = &mut self.moments[index];
        (moments.first, moments.second) = (first, second);
    }

    /// Changes the weights by their gradients.
    ///
    /// # Errors
    ///
    /// [`Invalid`](dlm_sdk::ErrorKind::Invalid) where the gradient is not a finite number, before any weight is changed.
    ///
    /// # Panics
    ///
    /// If weights or gradients are not as many, or as long, as the parameters.
    pub fn update(&mut self, weights: &mut [&mut [f32]], gradients: &[&[f32]], rate: f64) -> Result<Update> {
        assert_eq!(weights.len(), self.moments.len(), "weights of every parameter");
        assert_eq!(gradients.len(), self.moments.len(), "gradients of every parameter");
        let norm = norm(gradients);
        let factor = factor(&self.options, norm)?;
        self.updates += 1;
        let mut pieces = Vec::new();
        for ((moments, weights), gradients) in self.moments.iter_mut().zip(weights).zip(gradients) {
            let c = coefficients(&self.options, self.updates, moments.decay, rate * moments.rate, factor);
            assert_eq!((weights.len(), gradients.len()), (moments.first.len(), moments.first.len()));
            let weights = weights.chunks_mut(PIECE);
            let states = moments.first.chunks_mut(PIECE).zip(moments.second.chunks_mut(PIECE));
            let parts = weights.zip(gradients.chunks(PIECE)).zip(states);
            pieces.extend(parts.map(|((weights, gradients), state)| (weights, gradients, state, c)));
        }
        pieces.into_par_iter().for_each(|(weights, gradients, (first, second), c)| {
            simd::update(weights, gradients, first, second, &c);
        });
        Ok(Update { norm, factor })
    }
}

/// Returns what a gradient of this norm is multiplied by.
///
/// # Errors
///
/// [`Invalid`](dlm_sdk::ErrorKind::Invalid) where the norm is not a finite number.
pub(crate) fn factor(options: &OptimiserOptions, norm: f64) -> Result<f64> {
    if !norm.is_finite() {
        return Err(Error::invalid(format!("the gradient's norm is {norm}"))
            .with_hint("lower the learning rate, lengthen the warm-up, or look for wrong input"));
    }
    // PyTorch adds this small number too, so that a factor is never above the quotient.
    Ok(options.clip.map_or(1.0, |clip| (clip / (norm + 1e-6)).min(1.0)))
}

/// Returns the numbers of an update, counted from one, of parameters that learn at a rate.
pub(crate) fn coefficients(
    options: &OptimiserOptions,
    updates: u64,
    decay: bool,
    rate: f64,
    factor: f64,
) -> Coefficients {
    let exponent = i32::try_from(updates).unwrap_or(i32::MAX);
    let decay = if decay { options.weight_decay } else { 0.0 };
    let adam = options.method == Method::Adam;
    Coefficients {
        gradient: factor as f32,
        penalty: if adam { decay as f32 } else { 0.0 },
        keep: if adam { 1.0 } else { (1.0 - rate * decay) as f32 },
        first: (1.0 - options.beta_1) as f32,
        second: options.beta_2 as f32,
        fresh: (1.0 - options.beta_2) as f32,
        step: (rate / (1.0 - options.beta_1.powi(exponent))) as f32,
        root: (1.0 - options.beta_2.powi(exponent)).sqrt() as f32,
        epsilon: options.epsilon as f32,
    }
}

/// Returns the norm of all gradients together: the root of the sum of squares, in double precision.
pub fn norm(gradients: &[&[f32]]) -> f64 {
    let pieces: Vec<&[f32]> = gradients.iter().flat_map(|gradient| gradient.chunks(PIECE)).collect();
    let squares: Vec<f64> = pieces.into_par_iter().map(simd::sum_of_squares).collect();
    squares.iter().sum::<f64>().sqrt()
}

/// Adds gradients to sums of them.
pub fn accumulate(sums: &mut [Vec<f32>], gradients: &[&[f32]]) {
    let pieces: Vec<(&mut [f32], &[f32])> = sums
        .iter_mut()
        .zip(gradients)
        .flat_map(|(sum, gradient)| sum.chunks_mut(PIECE).zip(gradient.chunks(PIECE)))
        .collect();
    pieces.into_par_iter().for_each(|(sum, gradient)| simd::add(sum, gradient));
}

#[cfg(test)]
mod tests;
