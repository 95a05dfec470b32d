//! The benchmark engine.
//!
//! [`Plan::new`] turns settings into cells, each with a key: the digest of everything that decides its result.
//! [`run::run`] computes the cells that the store does not have, one after the other, and puts each in its place as soon
//! as it is finished. [`summarise`] folds cells over seeds and sets them against the controls.

mod absent;
mod command;
pub(crate) mod config;
mod data;
mod digest;
mod estimate;
mod execute;
pub mod finetune;
mod folds;
mod key;
pub(crate) mod machine;
mod manifest;
mod method;
mod mirror;
mod plan;
pub(crate) mod predictions;
mod pretrained;
pub mod probe;
pub mod run;
mod scoring;
mod settings;
mod status;
mod strand;
mod strata;
mod summarise;
mod table;

pub use command::Command;
pub use digest::{DataDigest, DigestCache, digest_task};
pub use key::PROTOCOL_VERSION;
pub use method::{Method, twin_of};
pub use plan::{Cell, Plan, PlannedTask};
pub use settings::{Selection, Settings, read_config};
pub use summarise::summarise;
pub use table::table;
