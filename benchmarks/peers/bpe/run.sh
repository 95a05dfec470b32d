#!/usr/bin/env bash
# Byte-pair encoding beside its peers on chromosome 21, in turn, results compared first: training beside rustbpe, encoding
# beside the crates bpe and tokenizers. Usage: run.sh [PAIRS]; 5 by default.
. "$(dirname "$0")/../setup.sh" bpe
pairs=${1:-5}
cargo build --release --locked --quiet -p dlm-plugin-bpe --examples
programs=$release/examples

gzip -dc "$genome" >"$work/chr21.fa"
# chr21:20,000,001-30,000,000, which has no N.
grep -v '>' "$work/chr21.fa" | tr -d '\n' | tr acgtn ACGTN >"$work/bases.txt"
dd if="$work/bases.txt" of="$work/c10m.txt" bs=1000000 skip=20 count=10 status=none

echo "$(rustc --version), $(python3 --version)"
echo
echo "== training, 600 merges"
"$python" benchmarks/peers/bpe/train.py "$work/chr21.fa" "$programs/train" 600 "$pairs"
echo
echo "== encoding, the vocabulary of those merges, chr21:20,000,001-30,000,000"
"$programs/train" "$work/chr21.fa" 600 2 huggingface 1 "$work/tokenizer.json" >/dev/null
"$programs/encode" "$work/tokenizer.json" "$work/c10m.txt" "$pairs"
echo
echo "load at the end: $(cut -d' ' -f1 /proc/loadavg)"
