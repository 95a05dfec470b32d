#!/usr/bin/env bash
# Motif MA0139.1 on both strands of chromosome 21 beside FIMO's own code, the same hits checked first.
# Usage: run.sh [PAIRS]; 5 by default.
. "$(dirname "$0")/../setup.sh" motif
cargo build --release --locked --quiet -p dlm-genome --example motif_scan
gzip -dc "$genome" >"$work/chr21.fa"
"$python" benchmarks/peers/motif/compare.py sdk/genome/tests/golden/motif/MA0139.1.meme "$work/chr21.fa" \
    "$release/examples/motif_scan" "${1:-5}"
