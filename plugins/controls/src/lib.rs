//! Controls without a language model: majority, composition, Markov, n-gram, nearest sequence
