//! The Nucleotide Transformer downstream tasks, original and revised
