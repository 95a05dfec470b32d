//! Architectures of DNA language models as graphs, and their weights.
