"""6-mer ids of one sequence: numpy beside the kmer tokenizer, in turn.

usage: compare.py SEQUENCE.txt PATH/TO/kmer_ids [PAIRS]
SEQUENCE.txt holds A, C, G and T alone, on one line. The same ids are checked first. Both sides are timed inside their
process, on one thread, with the sequence in memory: numpy once each pair, and the tokenizer in a fresh process each pair
(the second of its two runs, numpy's likewise).
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time

import numpy

LETTERS = numpy.frombuffer(b"ACGT", dtype=numpy.uint8)


class Columns:
    """Codes by table, then six strided columns folded in; all memory is there beforehand."""

    def __init__(self, bases: numpy.ndarray, table: numpy.ndarray):
        whole = len(bases) // 6
        self.bases, self.table = bases[: whole * 6], table
        self.codes = numpy.empty(whole * 6, dtype=numpy.uint8)
        self.ids = numpy.empty(whole, dtype=numpy.uint16)

    def __call__(self) -> numpy.ndarray:
        numpy.take(self.table, self.bases, out=self.codes, mode="clip")
        check(self.codes.max() < 4)
        return fold(self.codes.reshape(-1, 6), self.ids)


class Shifts(Columns):
    """The same with the codes from two bits of each letter, without a table."""

    def __call__(self) -> numpy.ndarray:
        numpy.right_shift(self.bases, 1, out=self.codes)
        self.codes &= 3
        self.codes ^= self.codes >> 1
        check((LETTERS[self.codes] == self.bases).all())
        return fold(self.codes.reshape(-1, 6), self.ids)


class Fresh(Columns):
    """The usual three lines, with fresh memory."""

    def __call__(self) -> numpy.ndarray:
        codes = self.table[self.bases].reshape(-1, 6)
        check(codes.max() < 4)
        return fold(codes, numpy.empty(len(codes), dtype=numpy.uint16))


def check(known: bool) -> None:
    """The tokenizer has to notice an N, so numpy does too."""
    if not known:
        raise ValueError("not A, C, G and T alone")


def fold(codes: numpy.ndarray, ids: numpy.ndarray) -> numpy.ndarray:
    ids[:] = codes[:, 0]
    for column in range(1, 6):
        ids <<= 2
        ids |= codes[:, column]
    return ids


def timed(function) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def main() -> None:
    path, program = sys.argv[1:3]
    pairs = int(sys.argv[3]) if len(sys.argv) > 3 else 9
    bases = numpy.frombuffer(open(path, "rb").read().strip(), dtype=numpy.uint8)
    table = numpy.full(256, 4, dtype=numpy.uint8)
    table[LETTERS] = numpy.arange(4)
    forms = [Columns(bases, table), Shifts(bases, table), Fresh(bases, table)]
    names = ["numpy table", "numpy shifts", "numpy table, fresh memory"]
    ours = ["ids", "ids, fresh memory", "ids and spans, one sequence", "ids and spans, 2 kb windows"]

    with tempfile.NamedTemporaryFile() as file:
        subprocess.run([program, path, "ids", file.name], check=True)
        written = numpy.fromfile(file.name, dtype=numpy.uint32)
    whole = len(bases) // 6
    for name, form in zip(names, forms):
        assert numpy.array_equal(written[:whole], form().astype(numpy.uint32) + 9), name
    print(f"numpy {numpy.__version__}, python {sys.version.split()[0]}, {len(bases)} bases, {os.cpu_count()} processors")
    print(f"same ids: yes, {whole} words")

    rows, ratios = [], []
    for _ in range(pairs):
        for form in forms:
            form()
        speeds = [len(bases) / 1e6 / timed(form) for form in forms]
        output = subprocess.run([program, path, "time", "2"], check=True, capture_output=True, text=True).stdout
        measured = list(map(float, output.splitlines()[-1].split()))
        rows.append(speeds + measured)
        ratios.append([speed / max(speeds) for speed in measured])
    for name, column in zip(names + ours, zip(*rows)):
        print(f"{name}: median {statistics.median(column):.0f} Mb/s ({min(column):.0f}-{max(column):.0f})")
    for name, column in zip(ours, zip(*ratios)):
        print(f"{name} / best numpy: median {statistics.median(column):.1f} x ({min(column):.1f}-{max(column):.1f})")


main()
