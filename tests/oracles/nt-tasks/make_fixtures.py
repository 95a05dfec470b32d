"""Writes small files in the exact formats of the Nucleotide Transformer downstream tasks.

The same 44 sequences are written as FASTA with the label after the last |, and as parquet with the columns sequence,
name and label, by the library that writes the hub's files.

    pip install pyarrow==26.0.1
    python make_fixtures.py ../../../plugins/nt-tasks/tests/data
"""

import gzip
import random
import sys
from pathlib import Path

import pyarrow
import pyarrow.parquet

draw = random.Random(7)
output = Path(sys.argv[1])


def examples(split, count):
    for number in range(count):
        bases = "".join(draw.choice("ACGT") for _ in range(24))
        yield {"sequence": bases, "name": f"chr1|{split}|{number}", "label": number % 3}


for split, count in (("train", 40), ("test", 4)):
    rows = list(examples(split, count))
    fasta = "".join(f">{row['name']}|{row['label']}\n{row['sequence'][:16]}\n{row['sequence'][16:]}\n" for row in rows)
    for release in ("nt", "nt-revised"):
        (output / release / "enhancers_types").mkdir(parents=True, exist_ok=True)
    if split == "train":
        (output / "nt/enhancers_types/train.fna").write_text(fasta)
    else:
        (output / "nt/enhancers_types/test.fna.gz").write_bytes(gzip.compress(fasta.encode(), mtime=0))
    table = pyarrow.Table.from_pylist(rows)
    codec = {"train": "snappy", "test": "zstd"}[split]
    path = output / f"nt-revised/enhancers_types/{split}.parquet"
    pyarrow.parquet.write_table(table, path, compression=codec)

(output / "VERSIONS").write_text(f"python {sys.version.split()[0]}\npyarrow {pyarrow.__version__}\n")
