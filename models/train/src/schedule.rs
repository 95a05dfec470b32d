//! How the learning rate goes over the steps.

use std::f64::consts::PI;

use dlm_sdk::{Error, Result};
use serde::{Deserialize, Serialize};

/// What the rate does after the warm-up.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decay {
    /// It stays.
    Constant,
    /// It falls in a straight line to zero at the last step.
    #[default]
    Linear,
    /// It falls along half a cosine to zero at the last step.
    Cosine,
}

/// The learning rate of each step: it rises in a straight line from zero over the warm-up, then decays.
///
/// # Examples
///
/// ```
/// use dlm_train::schedule::{Decay, Schedule};
///
/// let schedule = Schedule::new(1e-4, 10, 110, Decay::Linear)?;
/// assert_eq!(schedule.rate(0), 0.0);
/// assert_eq!(schedule.rate(5), 5e-5);
/// assert_eq!(schedule.rate(10), 1e-4);
/// assert_eq!(schedule.rate(60), 5e-5);
/// # Ok::<(), dlm_sdk::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct Schedule {
    rate: f64,
    warm_up: u64,
    steps: u64,
    decay: Decay,
}

impl Schedule {
    /// Creates a schedule: the highest rate, the steps of the warm-up, all steps.
    ///
    /// # Errors
    ///
    /// [`Invalid`](dlm_sdk::ErrorKind::Invalid) for a rate that is not positive, or a warm-up longer than all steps.
    pub fn new(rate: f64, warm_up: u64, steps: u64, decay: Decay) -> Result<Self> {
        if !(rate > 0.0 && rate.is_finite()) {
            return Err(Error::invalid(format!("the learning rate is {rate}, and must be positive")));
        }
        if warm_up > steps {
            return Err(Error::invalid(format!("the warm-up of {warm_up} steps is longer than all {steps}")));
        }
        Ok(Self { rate, warm_up, steps, decay })
    }

    /// Returns the rate of a step, counted from zero; as `transformers` has it, so that the first step of a warm-up
    /// changes nothing.
    pub fn rate(&self, step: u64) -> f64 {
        if step < self.warm_up {
            return self.rate * step as f64 / self.warm_up as f64;
        }
        let after = (self.steps - self.warm_up).max(1) as f64;
        let left = (self.steps.saturating_sub(step)) as f64 / after;
        match self.decay {
            Decay::Constant => self.rate,
            Decay::Linear => self.rate * left,
            Decay::Cosine => self.rate * 0.5 * (1.0 + (PI * (1.0 - left)).cos()),
        }
    }

    /// Returns how many steps there are.
    pub fn steps(&self) -> u64 {
        self.steps
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cosine_is_half_way_at_half_time() {
        let schedule = Schedule::new(2.0, 0, 8, Decay::Cosine).unwrap();
        assert_eq!(schedule.rate(0), 2.0);
        assert!((schedule.rate(4) - 1.0).abs() < 1e-12);
        assert!(schedule.rate(8).abs() < 1e-12 && schedule.rate(2) > 1.5);
    }

    #[test]
    fn a_constant_stays_after_its_warm_up() {
        let schedule = Schedule::new(1.0, 2, 10, Decay::Constant).unwrap();
        assert_eq!([0, 1, 2, 9, 100].map(|step| schedule.rate(step)), [0.0, 0.5, 1.0, 1.0, 1.0]);
    }

    #[test]
    fn nonsense_is_refused() {
        assert!(Schedule::new(f64::NAN, 0, 1, Decay::Linear).is_err());
        assert!(Schedule::new(1.0, 3, 2, Decay::Linear).is_err());
    }
}
