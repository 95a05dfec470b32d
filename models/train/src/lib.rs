//! Training: optimisers, schedules, masking, checkpoints.

pub mod data;
