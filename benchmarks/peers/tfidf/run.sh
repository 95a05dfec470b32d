#!/usr/bin/env bash
# TF-IDF and the random forest beside scikit-learn: speed, or what run.py does instead.
# Usage: run.sh [speed|accuracy|parity] [ARGUMENT..]
. "$(dirname "$0")/../setup.sh" tfidf
cargo build --release --locked --quiet -p dlm-plugin-tfidf --example measure_forest
what=${1:-speed}
shift || true
"$python" benchmarks/peers/tfidf/run.py "$what" "$data" "$work/out" "$@"
