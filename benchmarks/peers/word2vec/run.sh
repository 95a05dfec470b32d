#!/usr/bin/env bash
# CBOW vectors of the tokens of chromosome 21 beside gensim. Needs Python with pip and the test data (DLM_TEST_DATA, or
# ../shared/data). Usage: run.sh [PAIRS] [EPOCHS]; 5 and 5 by default.
set -euo pipefail
cd "$(dirname "$0")/../../.."
genome=${DLM_TEST_DATA:-../shared/data}/genome/GRCh38.chr21.fa.gz
if [ ! -e "$genome" ]; then
    echo "skipped: no $genome; set DLM_TEST_DATA"
    exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check -r benchmarks/peers/word2vec/requirements.txt
cargo build --release --locked --quiet -p dlm-plugin-word2vec --example measure_word2vec
cargo build --release --locked --quiet -p dlm
dlm=${CARGO_TARGET_DIR:-target}/release/dlm
"$dlm" tokenizer train --quiet --fasta "$genome" --merges 600 --output "$work/bpe-600.json" >/dev/null
"$dlm" tokenizer encode --quiet --tokenizer "$work/bpe-600.json" --fasta "$genome" --format jsonl \
    --output "$work/tokens.jsonl" >/dev/null
"$work/venv/bin/python" benchmarks/peers/word2vec/compare.py \
    "$work/tokens.jsonl" "${CARGO_TARGET_DIR:-target}/release/examples/measure_word2vec" "$work" "${1:-5}" "${2:-5}"
