//! TF-IDF over any tokenizer with a random forest
