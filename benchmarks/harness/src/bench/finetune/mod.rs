//! Fine-tuning: an encoder and a head are trained together on a task.

mod options;
mod recipe;

pub use options::{ClassWeights, FinetuneFlags, FinetuneHead, Overrides};
pub use recipe::{Origin, Recipe, Value, recipes};
