#!/usr/bin/env bash
# A map of 50,000 points of 768 columns beside umap-learn. Usage: run.sh [PAIRS] [POINTS]; 5 and 50000 by default.
. "$(dirname "$0")/../setup.sh" umap
cargo build --release --locked --quiet -p dlm-analysis --example measure_umap
"$python" benchmarks/peers/umap/compare.py "$release/examples/measure_umap" "$work" "${1:-5}" "${2:-50000}"
