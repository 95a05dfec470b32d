"""A motif scan of both strands of a chromosome beside FIMO's own code (pymemesuite), in turns.

usage: compare.py MOTIF.meme CHROMOSOME.fa PATH/TO/motif_scan [PAIRS]

Both sides hold the chromosome in memory and are timed from the motif to the list of hits at p < 1e-4: FIMO on one thread,
as it is, the scan here on all. The same places, strands and p-values (to four digits, as printed) are checked first.
"""

import importlib.metadata
import os
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

from pymemesuite.common import MotifFile, Sequence
from pymemesuite.fimo import FIMO


def by_fimo(motif, background, sequence):
    began = time.perf_counter()
    scan = FIMO(both_strands=True, threshold=1e-4, max_stored_scores=10_000_000)
    pattern = scan.score_motif(motif, [sequence], background)
    seconds = time.perf_counter() - began
    hits = [(min(hit.start, hit.stop) - 1, hit.strand, f"{hit.pvalue:.3e}") for hit in pattern.matched_elements]
    return seconds, sorted(hits)


def ours(program, motif, fasta):
    done = subprocess.run([program, motif, fasta, "1e-4"], check=True, capture_output=True, text=True)
    seconds = float(re.search(r"([\d.]+) s$", done.stderr.strip()).group(1))
    rows = (line.split("\t") for line in done.stdout.splitlines())
    # The program writes two digits of an exponent where there are.
    return seconds, sorted((int(row[1]), row[5], f"{float(row[6]):.3e}") for row in rows)


def main():
    meme, fasta, program = sys.argv[1:4]
    pairs = int(sys.argv[4]) if len(sys.argv) > 4 else 5
    with MotifFile(meme, symmetrical=True) as file:
        motif, background = file.read(), file.background
    sequence = Sequence("".join(Path(fasta).read_text().split("\n")[1:]), b"21")
    ratios, theirs_seconds, our_seconds = [], [], []
    for _ in range(pairs):
        theirs, expected = by_fimo(motif, background, sequence)
        own, hits = ours(program, meme, fasta)
        if hits != expected:
            sys.exit(f"{len(hits)} hits, FIMO has {len(expected)}; {len(set(hits) ^ set(expected))} are of one side only")
        ratios.append(theirs / own)
        theirs_seconds.append(theirs)
        our_seconds.append(own)
    print(f"pymemesuite {importlib.metadata.version('pymemesuite')}, {os.cpu_count()} processors; {len(hits)} hits, the same")
    print(f"FIMO: median {statistics.median(theirs_seconds):.2f} s")
    print(f"dlm: median {statistics.median(our_seconds):.3f} s")
    print(f"dlm is {statistics.median(ratios):.1f} x as fast ({min(ratios):.1f}-{max(ratios):.1f}), {pairs} pairs")


main()
