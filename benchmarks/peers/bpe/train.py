"""Training on one FASTA file: rustbpe beside the trainer of this repository, in turn, each in a fresh process.

usage: train.py GENOME.fa PATH/TO/examples/train [MERGES [PAIRS]]
The same merges are checked first. Times and memory are of the whole process: by the wall, and user and system time on
processors, which other work on the machine disturbs less.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from importlib.metadata import version
from pathlib import Path

import numpy

PEER = """
import re, sys, rustbpe
merges = int(sys.argv[2])
text = "".join(line.strip() for line in open(sys.argv[1]) if line[0] != ">").upper()
trainer = rustbpe.Tokenizer()
trainer.train_from_iterator(iter(re.findall("[ACGT]+", text)), 256 + merges, pattern="[A-Z]+")
tokens = {rank: bytes(token).decode("latin-1") for token, rank in trainer.get_mergeable_ranks()}
print("\\n".join(tokens[rank] for rank in range(256, 256 + merges)))
"""


class Run:
    def __init__(self, command):
        with tempfile.TemporaryFile() as output:
            start = time.perf_counter()
            process = subprocess.Popen(command, stdout=output, stderr=subprocess.DEVNULL)
            _, status, usage = os.wait4(process.pid, 0)
            self.wall = time.perf_counter() - start
            assert status == 0, command
            output.seek(0)
            self.merges = output.read().decode().replace(" ", "")
        self.user = usage.ru_utime
        self.processors = usage.ru_utime + usage.ru_stime
        self.memory = usage.ru_maxrss * 1024


def bandwidth():
    """Reads 0.5 GB a thread on two threads and returns the best of five, in GB/s."""
    arrays = [numpy.ones(1 << 26, dtype=numpy.int64) for _ in range(2)]
    best = 0.0
    for _ in range(5):
        threads = [threading.Thread(target=array.sum) for array in arrays]
        start = time.perf_counter()
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
        best = max(best, sum(array.nbytes for array in arrays) / (time.perf_counter() - start) / 1e9)
    return best


def spread(values, digits=2):
    values = list(values)
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f}-{max(values):.{digits}f})"


def main(genome, program, merges="600", pairs="5"):
    bases = sum(line.count(base) for line in Path(genome).read_text().upper().splitlines() if line[0] != ">" for base in "ACGT")
    print(f"rustbpe {version('rustbpe')}, {bases} bases, {merges} merges, {pairs} pairs, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    rows = []
    for _ in range(int(pairs)):
        two = Run([program, genome, merges, "2", "huggingface"])
        one = Run([program, genome, merges, "1", "huggingface"])
        peer = Run([sys.executable, "-c", PEER, genome, merges])
        assert one.merges == two.merges == peer.merges, "the merges differ"
        rows.append((two, one, peer))
    print(f"same merges: yes, all {merges}; load {os.getloadavg()[0]:.1f}")
    print("| trainer | seconds by the wall | on processors | user alone | memory, bytes a base |\n|---|---|---|---|---|")
    for index, name in enumerate(["dlm, 2 threads", "dlm, 1 thread", "rustbpe"]):
        runs = [row[index] for row in rows]
        memory = max(run.memory for run in runs)
        print(
            f"| {name} | {spread(run.wall for run in runs)} | {spread(run.processors for run in runs)} "
            f"| {spread(run.user for run in runs)} | {memory / bases:.2f} ({memory / 1e9:.3f} GB) |"
        )
    print("\n| rustbpe over dlm | by the wall | on processors | user alone |\n|---|---|---|---|")
    for index, name in enumerate(["2 threads", "1 thread"]):
        ratios = [
            spread((getattr(row[2], clock) / getattr(row[index], clock) for row in rows), 1)
            for clock in ("wall", "processors", "user")
        ]
        print(f"| {name} | {' | '.join(ratios)} |")
    rate = bandwidth()
    bound = bases * 100 / rate / 1e9
    least = min(row[0].wall for row in rows)
    print(
        f"\nread bandwidth, 2 threads, best of 5: {rate:.1f} GB/s; 100 bytes a base would take {bound:.2f} s. "
        f"dlm on 2 threads takes {statistics.median(row[0].wall for row in rows) / bound:.1f} x that by the median, {least / bound:.1f} x at best, "
        f"half its time on processors {statistics.median(row[0].processors for row in rows) / 2 / bound:.1f} x"
    )


main(*sys.argv[1:])
