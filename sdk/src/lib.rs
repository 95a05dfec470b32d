//! Traits, metrics, registry and conformance checks for DNA language models and their baselines
