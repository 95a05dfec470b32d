//! Training: optimisers, schedules, masking, checkpoints.
