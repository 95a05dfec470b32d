//! `dlm tokenizer`: training, encoding and describing tokenizers.
