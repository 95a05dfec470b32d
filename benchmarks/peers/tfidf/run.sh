#!/usr/bin/env bash
# TF-IDF and the random forest beside scikit-learn: speed, or what run.py does instead. Needs Python with pip and the test
# data (DLM_TEST_DATA, or ../shared/data). Usage: run.sh [speed|accuracy|parity] [ARGUMENT..]
set -euo pipefail
cd "$(dirname "$0")/../../.."
data=${DLM_TEST_DATA:-../shared/data}
if [ ! -e "$data/genome/GRCh38.chr21.fa.gz" ]; then
    echo "skipped: no genome in $data; set DLM_TEST_DATA"
    exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check -r benchmarks/peers/tfidf/requirements.txt
cargo build --release --locked --quiet -p dlm-plugin-tfidf --example measure_forest
what=${1:-speed}
shift || true
"$work/venv/bin/python" benchmarks/peers/tfidf/run.py "$what" "$data" "$work/out" "$@"
