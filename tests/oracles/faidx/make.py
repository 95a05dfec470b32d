"""Writes sdk/genome/tests/golden/faidx: a small FASTA file, plain and bgzip, its indexes, and slices of it.

The indexes and slices are pysam's (htslib); run it with the repository root as working directory.
"""

import json
import pathlib

import pysam

folder = pathlib.Path("sdk/genome/tests/golden/faidx")
folder.mkdir(parents=True, exist_ok=True)
state = 1


def bases(count):
    global state
    text = []
    for _ in range(count):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        text.append("ACGTacgtN"[(state >> 33) % 9])
    return "".join(text)


def lines(sequence, width, end):
    return "".join(sequence[i : i + width] + end for i in range(0, len(sequence), width))


with open(folder / "toy.fa", "w", newline="") as out:
    out.write(">one first sequence\n" + lines(bases(1003), 60, "\n"))
    out.write(">two\r\n" + lines(bases(120), 60, "\r\n"))
    out.write(">three\n" + bases(777) + "\n")
    out.write(">four\n" + lines(bases(75_000), 250, "\n"))
pysam.faidx(str(folder / "toy.fa"))
pysam.tabix_compress(str(folder / "toy.fa"), str(folder / "toy.fa.gz"), force=True)
pysam.faidx(str(folder / "toy.fa.gz"))

slices = []
with pysam.FastaFile(str(folder / "toy.fa.gz")) as fasta:
    for name, length in zip(fasta.references, fasta.lengths):
        for start, end in [(0, 1), (0, 60), (59, 61), (60, 120), (17, 119), (length - 1, length), (length - 65, length)]:
            slices.append([name, start, end, fasta.fetch(name, start, end).upper()])
    for start, end in [(65_270, 65_300), (65_000, 66_000), (0, 75_000)]:
        text = fasta.fetch("four", start, end).upper()
        slices.append(["four", start, end, text if len(text) < 100 else [text.count(base) for base in "ACGTN"]])
golden = {"pysam": pysam.__version__, "samtools": pysam.__samtools_version__, "slices": slices}
(folder / "slices.json").write_text(json.dumps(golden, indent=0) + "\n")
for name in ["toy.fa", "toy.fa.fai"]:
    (folder / name).unlink()
