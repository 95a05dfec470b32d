#!/usr/bin/env bash
# CBOW vectors of the tokens of chromosome 21 beside gensim. Usage: run.sh [PAIRS] [EPOCHS]; 5 and 5 by default.
. "$(dirname "$0")/../setup.sh" word2vec
cargo build --release --locked --quiet -p dlm -p dlm-plugin-word2vec --bin dlm --example measure_word2vec
"$release/dlm" tokenizer train --quiet --fasta "$genome" --merges 600 --output "$work/bpe-600.json" >/dev/null
"$release/dlm" tokenizer encode --quiet --tokenizer "$work/bpe-600.json" --fasta "$genome" --format jsonl \
    --output "$work/tokens.jsonl" >/dev/null
"$python" benchmarks/peers/word2vec/compare.py \
    "$work/tokens.jsonl" "$release/examples/measure_word2vec" "$work" "${1:-5}" "${2:-5}"
echo "load at the end: $(cut -d' ' -f1 /proc/loadavg)"
