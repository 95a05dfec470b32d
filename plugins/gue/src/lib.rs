//! The Genome Understanding Evaluation tasks in their released layout
