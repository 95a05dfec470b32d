"""Training on one FASTA file: rustbpe beside the trainer of this repository, in turn, each in a fresh process.

usage: train.py GENOME.fa PATH/TO/examples/train [MERGES [PAIRS]]
The same merges are checked first. Times are of the whole process, memory is its peak.
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


def run(command):
    with tempfile.TemporaryFile() as output:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        assert status == 0, command
        output.seek(0)
        return output.read().decode().replace(" ", ""), seconds, usage.ru_maxrss / 1e6


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


def main(genome, program, merges="600", pairs="5"):
    bases = sum(line.count(base) for line in Path(genome).read_text().upper().splitlines() if line[0] != ">" for base in "ACGT")
    print(f"rustbpe {version('rustbpe')}, {bases} bases, {merges} merges, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    rows = []
    for _ in range(int(pairs)):
        two = run([program, genome, merges, "2", "huggingface"])
        one = run([program, genome, merges, "1", "huggingface"])
        peer = run([sys.executable, "-c", PEER, genome, merges])
        assert one[0] == two[0] == peer[0], "the merges differ"
        rows.append((two, one, peer))
    print("same merges: yes, all", merges)
    for index, name in enumerate(["dlm, 2 threads", "dlm, 1 thread", "rustbpe"]):
        seconds = [row[index][1] for row in rows]
        memory = max(row[index][2] for row in rows)
        print(f"{name}: median {statistics.median(seconds):.2f} s ({min(seconds):.2f}-{max(seconds):.2f}), {memory:.3f} GB, {memory * 1e9 / bases:.1f} bytes a base")
    for index, name in enumerate(["2 threads", "1 thread"]):
        ratios = [row[2][1] / row[index][1] for row in rows]
        print(f"rustbpe / dlm, {name}: median {statistics.median(ratios):.1f} x ({min(ratios):.1f}-{max(ratios):.1f})")
    rate = bandwidth()
    bound = bases * 100 / rate / 1e9
    print(f"read bandwidth, 2 threads: {rate:.1f} GB/s; 100 bytes a base would take {bound:.2f} s, dlm takes {statistics.median(row[0][1] for row in rows) / bound:.1f} x that")


main(*sys.argv[1:])
