//! Training: optimisers, schedules, masking, checkpoints.
//!
//! # What training is here
//!
//! A model is a graph that computes a loss, one number that is small where the model does well on a batch. A *step*
//! computes the derivative of the loss with respect to every weight, and moves each weight a little against it:
//!
//! ```text
//!   batch --> graph: loss and derivatives --> norm, clipping --> AdamW: weights --> next batch
//!             (ONNX Runtime)                  (this process, in place)
//! ```
//!
//! [`step`] turns a graph of the loss into the graph of the step, [`optimiser`] and [`schedule`] say how weights move,
//! [`dropout`] draws its masks, [`data`] cuts a genome into masked batches. [`trainer`] puts them together with
//! [`checkpoint`]s and [`events`], for any [`Objective`](trainer::Objective).
//!
//! # What may be relied on
//!
//! Batches, masks and the order of both are functions of seed and step alone. On one machine, with one number of threads,
//! a training gives the same bits again, and one that was interrupted at any moment and resumed gives the bits of one
//! that was not. The optimiser gives the same bits for any number of threads; the runtime's products need not.

pub mod checkpoint;
pub mod data;
pub mod dropout;
pub mod events;
pub mod finetune;
mod graph_error;
pub mod lora;
pub mod optimiser;
pub mod pretrain;
pub mod random;
pub mod schedule;
pub mod step;
pub mod trainer;
