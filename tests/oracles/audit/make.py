"""Audits GUE sets with the leakage linter seqleak (pip install seqleak==0.4.1) and writes what our audit is compared with.

    python make.py DATA > ../../../sdk/audit/tests/golden/gue.json

DATA is a folder with gue/tf/0/{train,dev,test}.csv.gz and so on. seqleak finds homologs by BLAST, which it does without
where none is installed.
"""

import importlib.metadata
import json
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

SETS = ["tf/0", "tf/1", "prom/prom_300_tata", "prom/prom_core_all"]
# The checks that both tools have, by seqleak's name and ours.
CHECKS = {
    "overlap.exact": "overlap.exact",
    "overlap.near": "overlap.near",
    "overlap.windows": "overlap.windows",
    "shortcut.length": "shortcut.length",
    "shortcut.ambiguous": "shortcut.ambiguous",
    "shortcut.lowinfo": "shortcut.lowinfo",
    "shortcut.composition": "shortcut.composition",
    "shortcut.position_motif": "shortcut.position",
    "construction.shuffle": "construction.shuffle",
    "construction.segment": "construction.segment",
}

sets = {}
for name in SETS:
    folder = Path(sys.argv[1]) / "gue" / name
    files = [f"--{split}={folder / f'{split}.csv.gz'}" for split in ("train", "dev", "test")]
    with tempfile.TemporaryDirectory() as place:
        out = Path(place) / "report.json"
        command = ["seqleak", "audit", *files, "--seq-col", "sequence", "--label-col", "label", "--coords", "none"]
        subprocess.run([*command, "--homology", "off", "--n-boot", "20", "--quiet", "--out", out], check=True)
        report = json.loads(out.read_text())
    checks = {
        ours: {"status": report["checks"][theirs]["status"], "value": report["checks"][theirs]["value"]}
        for theirs, ours in CHECKS.items()
    }
    sets[name] = {"items": [report["task"]["n"][split] for split in ("train", "dev", "test")], "checks": checks}

print(
    json.dumps(
        {
            "versions": {
                "python": platform.python_version(),
                "seqleak": importlib.metadata.version("seqleak"),
                "numpy": importlib.metadata.version("numpy"),
            },
            "sets": sets,
        },
        indent=1,
    )
)
