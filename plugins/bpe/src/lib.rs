//! Byte-pair encoding for genomes: training, encoding, tokenizer.json
