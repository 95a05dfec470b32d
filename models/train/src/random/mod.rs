//! Random numbers for training.

pub mod counter;
