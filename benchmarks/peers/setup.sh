# What the comparisons with peers share; each is sourced with its name. Needs Python with pip and the test data
# (DLM_TEST_DATA, or ../shared/data): without them nothing is compared. Sets
#   data     the folder of test data        genome   chromosome 21 in it
#   work     a folder that goes at the end  python   one with the comparison's requirements
#   release  where release builds lie
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
data=${DLM_TEST_DATA:-../shared/data}
genome=$data/genome/GRCh38.chr21.fa.gz
if [ ! -e "$genome" ]; then
    echo "skipped: no $genome; set DLM_TEST_DATA"
    exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python=$work/venv/bin/python
python3 -m venv "$work/venv"
"$python" -m pip install --quiet --disable-pip-version-check -r "benchmarks/peers/$1/requirements.txt"
release=${CARGO_TARGET_DIR:-target}/release
echo "$(date -u +%F), $(nproc) processors, $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1), load $(cut -d' ' -f1 /proc/loadavg)"
