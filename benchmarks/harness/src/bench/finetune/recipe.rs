//! The settings of a fine-tuning under each protocol.
//!
//! `paper` takes the values that the GROVER paper states for a task, as written; what it leaves out is resolved by one
//! rule for all models, and every value says which it is. The paper gives no number of epochs anywhere and nothing at all
//! for Prom300.
//!
//! | task | learning rate | batch | warm-up | weight decay | dropout |
//! |---|---|---|---|---|---|
//! | next k-mer | 1e-6 | 64 | - | - | 0.5 |
//! | `PromScan` | 1e-6 | 8 | 50 | 0.01 | - |
//! | CTCF | 1e-6 | 16 | 50 | 0.01 | - |
//! | GUE | 1e-4 | - | 50 | 0.01 | - |
//! | NT tasks | 1e-5 | 8 | - | - | - |
//!
//! `tuned` gives every model the same trials: the five learning rates 1e-6, 1e-5, 3e-5, 1e-4 and 3e-4 with one setting of
//! everything else, and the recipe of `paper`; each sees the same number of examples, and validation chooses.

use dlm_sdk::TaskSpec;
use serde::Serialize;

use super::Overrides;
use crate::results::Protocol;

/// The learning rates under the protocol `tuned`.
const GRID: [f64; 5] = [1e-6, 1e-5, 3e-5, 1e-4, 3e-4];
/// Validation losses that may pass without a better one before training stops, under `paper`.
const PATIENCE: u64 = 3;

/// Where a value comes from.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// The paper states it for this task.
    AsWritten,
    /// The paper leaves it open; this program's rule fills it.
    Resolved,
    /// The protocol `tuned` sets it.
    Grid,
    /// A flag or the configuration sets it.
    Given,
}

impl Origin {
    fn name(self) -> &'static str {
        match self {
            Self::AsWritten => "as written",
            Self::Resolved => "resolved",
            Self::Grid => "grid",
            Self::Given => "given",
        }
    }
}

/// A value that says where it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Value<T> {
    /// The value.
    pub value: T,
    /// Where it comes from.
    pub origin: Origin,
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl<T: std::fmt::Display> std::fmt::Display for Value<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.value, self.origin.name())
    }
}

/// The settings of one trial.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Recipe {
    /// The highest learning rate.
    pub learning_rate: Value<f64>,
    /// Adam's second moment's decay.
    pub beta2: Value<f64>,
    /// Adam's epsilon.
    pub epsilon: Value<f64>,
    /// Examples a step.
    pub batch: Value<u64>,
    /// Steps over which the learning rate rises; it then falls linearly to zero.
    pub warmup: Value<u64>,
    /// Decoupled weight decay of matrices.
    pub weight_decay: Value<f64>,
    /// Dropout of encoder and head.
    pub dropout: Value<f64>,
    /// Most passes over train.
    pub epochs: Value<u64>,
    /// Most steps.
    pub max_steps: Option<u64>,
    /// Validation losses that may pass without a better one before training stops; `None`: it never stops early.
    pub patience: Option<u64>,
}

impl std::fmt::Display for Recipe {
    /// Writes what was published or resolved, for a card.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "learning rate {:e} ({}), ", self.learning_rate.value, self.learning_rate.origin)?;
        write!(
            f,
            "batch {}, warm-up {} steps, weight decay {}, ",
            self.batch, self.warmup, self.weight_decay
        )?;
        write!(f, "dropout {}, beta2 {}, ", self.dropout, self.beta2)?;
        write!(
            f,
            "epsilon {:e} ({}), at most {} epochs",
            self.epsilon.value, self.epsilon.origin, self.epochs
        )
    }
}

fn written<T>(value: T) -> Value<T> {
    Value { value, origin: Origin::AsWritten }
}

fn resolved<T>(value: T) -> Value<T> {
    Value { value, origin: Origin::Resolved }
}

/// What is the same for all tasks and models where nobody says otherwise.
fn common() -> Recipe {
    Recipe {
        learning_rate: resolved(3e-5),
        beta2: resolved(0.999),
        epsilon: resolved(1e-8),
        batch: resolved(32),
        warmup: resolved(50),
        weight_decay: resolved(0.01),
        dropout: resolved(0.1),
        epochs: resolved(10),
        max_steps: None,
        patience: Some(PATIENCE),
    }
}

/// Returns the recipe of a task under the protocol `paper`.
fn paper(task: &TaskSpec) -> Recipe {
    published(task).unwrap_or_else(common)
}

/// Returns the recipe of a task of the GROVER paper, with every value as written there or as resolved here; `None` for
/// any other task.
pub fn published(task: &TaskSpec) -> Option<Recipe> {
    let common = common();
    let family = task.name.split([':', '/', ',']).next().unwrap_or_default();
    Some(match family {
        "next-kmer" => Recipe {
            learning_rate: written(1e-6),
            epsilon: written(1e-8),
            beta2: written(0.99),
            dropout: written(0.5),
            batch: written(64),
            ..common
        },
        "promscan" => Recipe {
            learning_rate: written(1e-6),
            batch: written(8),
            warmup: written(50),
            weight_decay: written(0.01),
            ..common
        },
        "ctcf" => Recipe {
            learning_rate: written(1e-6),
            batch: written(16),
            warmup: written(50),
            weight_decay: written(0.01),
            ..common
        },
        // The paper says nothing of it; the nearest of its tasks stands in.
        "prom300" => Recipe { learning_rate: resolved(1e-6), batch: resolved(8), ..common },
        "gue" => Recipe {
            learning_rate: written(1e-4),
            warmup: written(50),
            weight_decay: written(0.01),
            ..common
        },
        "nt-original" | "nt-revised" => Recipe { learning_rate: written(1e-5), batch: written(8), ..common },
        _ => return None,
    })
}

/// Returns the trials of a task under a protocol: one under `paper`, the grid and the paper's recipe under `tuned`.
pub fn recipes(task: &TaskSpec, protocol: Protocol, overrides: &Overrides) -> Vec<Recipe> {
    let native = overridden(paper(task), overrides);
    if protocol == Protocol::Paper {
        return vec![native];
    }
    // Trials see the same number of examples: none stops early, and passes and steps times batch are the same.
    let batch = overridden(common(), overrides).batch.value;
    let max_steps = overrides.max_steps.map(|steps| (steps * batch).div_ceil(native.batch.value));
    let native = Recipe { patience: None, max_steps, ..native };
    if overrides.learning_rate.is_some() {
        return vec![native];
    }
    let mut trials: Vec<Recipe> = GRID
        .into_iter()
        .map(|rate| {
            let learning_rate = Value { value: rate, origin: Origin::Grid };
            let trial = overridden(Recipe { learning_rate, ..common() }, overrides);
            Recipe { patience: None, epochs: native.epochs, ..trial }
        })
        .collect();
    trials.push(native);
    trials
}

fn overridden(mut recipe: Recipe, overrides: &Overrides) -> Recipe {
    fn set<T>(value: &mut Value<T>, given: Option<T>) {
        if let Some(given) = given {
            *value = Value { value: given, origin: Origin::Given };
        }
    }
    set(&mut recipe.learning_rate, overrides.learning_rate);
    set(&mut recipe.batch, overrides.batch);
    set(&mut recipe.warmup, overrides.warmup);
    set(&mut recipe.weight_decay, overrides.weight_decay);
    set(&mut recipe.dropout, overrides.dropout);
    set(&mut recipe.epochs, overrides.epochs);
    recipe.max_steps = overrides.max_steps;
    recipe
}

#[cfg(test)]
mod tests {
    use dlm_sdk::{SplitKind, Target};

    use super::*;

    fn task(name: &str) -> TaskSpec {
        TaskSpec::new(name, Target::Binary, SplitKind::Paper)
    }

    #[test]
    fn the_paper_is_quoted_where_it_speaks() {
        let of = |name: &str| recipes(&task(name), Protocol::Paper, &Overrides::default())[0].clone();
        assert_eq!(of("next-kmer:6").dropout, written(0.5));
        assert_eq!(of("gue/tf/0").learning_rate, written(1e-4));
        assert_eq!(of("gue/tf/0").batch.origin, Origin::Resolved);
        assert_eq!(of("prom300").learning_rate.origin, Origin::Resolved);
        assert_eq!(of("prom300,form=retokenized"), of("prom300"), "a form of a task is trained as the task");
        assert_eq!(of("ctcf,stand-in=liver").batch, written(16));
        assert_eq!(of("nt-original/enhancers").batch, written(8));
        assert_eq!(of("mine").learning_rate, resolved(3e-5));
        assert_eq!(of("mine").epochs.to_string(), "10 (resolved)");
        assert!(published(&task("mine")).is_none());
        assert_eq!(
            of("ctcf").to_string(),
            "learning rate 1e-6 (as written), batch 16 (as written), warm-up 50 (as written) steps, weight decay 0.01 (as \
             written), dropout 0.1 (resolved), beta2 0.999 (resolved), epsilon 1e-8 (resolved), at most 10 (resolved) epochs"
        );
    }

    #[test]
    fn every_model_gets_the_same_trials_of_the_same_length() {
        let trials = recipes(&task("gue/tf/0"), Protocol::Tuned, &Overrides::default());
        let rates: Vec<f64> = trials.iter().map(|trial| trial.learning_rate.value).collect();
        assert_eq!(rates, [1e-6, 1e-5, 3e-5, 1e-4, 3e-4, 1e-4]);
        assert!(trials.iter().all(|trial| trial.patience.is_none() && trial.epochs == trials[0].epochs));
        let short = Overrides { max_steps: Some(10), ..Overrides::default() };
        let seen: Vec<u64> = recipes(&task("nt-original/enhancers"), Protocol::Tuned, &short)
            .iter()
            .map(|trial| trial.max_steps.unwrap() * trial.batch.value)
            .collect();
        assert_eq!(seen, [320; 6], "steps times batch");
        let given = Overrides { learning_rate: Some(0.5), epochs: Some(2), ..Overrides::default() };
        let one = recipes(&task("gue/tf/0"), Protocol::Tuned, &given);
        assert_eq!(one.len(), 1);
        assert_eq!((one[0].learning_rate.origin, one[0].epochs.value), (Origin::Given, 2));
    }
}
