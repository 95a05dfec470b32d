#!/usr/bin/env bash
# Training steps beside PyTorch: run.sh [PAIRS] [CASE..]
set -euo pipefail
cd "$(dirname "$0")/../../.."
cargo build --release --quiet -p dlm-train --example measure_training
venv=${DLM_PEERS_VENV:-$(mktemp -d)/venv}
[ -x "$venv/bin/python" ] || { python3 -m venv "$venv" && "$venv/bin/pip" install --quiet -r benchmarks/peers/training/requirements.txt; }
"$venv/bin/python" benchmarks/peers/training/compare.py "$@"
