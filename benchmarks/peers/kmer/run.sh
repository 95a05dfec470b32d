#!/usr/bin/env bash
# 6-mers of ten megabases of chromosome 21 beside numpy, the same ids checked first. Usage: run.sh [PAIRS]; 9 by default.
. "$(dirname "$0")/../setup.sh" kmer
cargo build --release --locked --quiet -p dlm-plugin-kmer --example kmer_ids
# chr21:20,000,001-30,000,000, which has no N.
gzip -dc "$genome" | grep -v '>' | tr -d '\n' | tr acgtn ACGTN >"$work/bases.txt"
dd if="$work/bases.txt" of="$work/sequence.txt" bs=1000000 skip=20 count=10 status=none
"$python" benchmarks/peers/kmer/compare.py "$work/sequence.txt" "$release/examples/kmer_ids" "${1:-9}"
