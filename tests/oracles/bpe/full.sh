#!/usr/bin/env bash
# Compares every token of chromosome 21, and of a million random windows of it, with Hugging Face tokenizers.
# Usage: full.sh GENOME.fa.gz; takes some minutes and 8 GB of memory, nearly all of it in the reference.
set -euo pipefail
genome=$(realpath "$1")
cd "$(dirname "$0")/../../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
grep -E '^(numpy|tokenizers)==' tests/oracles/bpe/requirements.txt >"$work/requirements.txt"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check -r "$work/requirements.txt"
cargo build --release --locked --quiet -p dlm-plugin-bpe --examples
programs=${CARGO_TARGET_DIR:-target}/release/examples
gzip -dc "$genome" >"$work/genome.fa"
"$programs/train" "$work/genome.fa" 600 2 subword-nmt 1 "$work/tokenizer.json" >/dev/null
"$work/venv/bin/python" tests/oracles/bpe/encode.py "$work/tokenizer.json" "$genome" "$programs/tokens" 1000000
