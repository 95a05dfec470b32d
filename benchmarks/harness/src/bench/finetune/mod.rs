//! Fine-tuning: an encoder and a head are trained together on a task.
//!
//! The encoder offers its graph and weights; the engine puts a head on it, differentiates the whole, and trains it. What
//! the protocol leaves open is tried on validation. The result is a predictor like any other.

mod fit;
mod options;
mod predictor;
mod recipe;

pub use fit::{Setup, fit};
pub use options::{ClassWeights, FinetuneFlags, FinetuneHead, Overrides};
pub use predictor::Finetuned;
pub use recipe::{Origin, Recipe, Value, published, recipes};
