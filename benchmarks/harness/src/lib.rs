//! Compares DNA language models with what token frequencies alone reach
