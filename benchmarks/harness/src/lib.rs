//! The `dlm` command line and the benchmark engine behind it.
//!
//! A benchmark is a grid of **cells**: models and baselines, times tasks, times seeds. Each cell fits one method on the
//! train split of one task, lets it choose on validation, and scores it once on test. The engine keeps every per-item
//! prediction, so that any two methods can be compared item by item afterwards.
//!
//! | module | what |
//! |---|---|
//! | [`mod@bench`] | the engine: plan, run, summary |
//! | [`compare`] | two methods, item by item |
//! | [`parity`] | published numbers beside what was reproduced |
//! | [`statistics`] | intervals, paired tests |
//! | [`cli`] | the command line |
//! | [`context`] | what every command shares: flags, registry, cancellation, progress |
//! | [`results`] | the types of cells, predictions and summaries, and their files |

pub mod analyze;
pub mod bench;
mod builtin;
pub mod cli;
pub mod compare;
pub mod context;
pub mod data;
pub mod doctor;
pub mod embed;
pub mod files;
pub mod finetune;
pub mod model;
pub mod parity;
pub mod plot;
pub mod plugin;
pub mod predict;
pub mod pretrain;
pub mod quickstart;
pub mod report;
pub mod results;
pub mod rows;
pub mod runtime;
pub mod statistics;
mod tables;
pub mod task;
pub mod tokenizer;
pub mod word2vec;
