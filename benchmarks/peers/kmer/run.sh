#!/usr/bin/env bash
# 6-mers of ten megabases of chromosome 21 beside numpy, the same ids checked first. Needs Python with pip and the test
# data (DLM_TEST_DATA, or ../shared/data). Usage: run.sh [PAIRS]; 9 by default.
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
"$work/venv/bin/pip" install --quiet --disable-pip-version-check -r benchmarks/peers/kmer/requirements.txt
cargo build --release --locked --quiet -p dlm-plugin-kmer --example kmer_ids
# chr21:20,000,001-30,000,000, which has no N.
gzip -dc "$genome" | grep -v '>' | tr -d '\n' | tr acgtn ACGTN >"$work/bases.txt"
dd if="$work/bases.txt" of="$work/sequence.txt" bs=1000000 skip=20 count=10 status=none
"$work/venv/bin/python" benchmarks/peers/kmer/compare.py \
    "$work/sequence.txt" "${CARGO_TARGET_DIR:-target}/release/examples/kmer_ids" "${1:-9}"
