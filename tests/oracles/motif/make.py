"""Writes golden motif hits of FIMO's own code, by pymemesuite.

usage: make.py PFM CHR21_FASTA FOLDER
FOLDER is sdk/genome/tests/golden/motif. PFM is JASPAR's MA0139.1; it is turned into the text that jaspar2meme prints
(six decimals, the mean column sum as number of sites). CHR21_FASTA may be gzipped; its bases are not stored.

Two conventions for the background are recorded. `strands` is what the command-line tool does when it scans both
strands: NRDB frequencies averaged with their complements, for pseudocounts, scores and p-values. `forward` takes them
as they stand. Digests are SHA-256 of one line a hit, "start strand score_in_units p_value" with the p-value to 9
significant digits, in the order of start and strand.
"""

import gzip
import hashlib
import importlib.metadata
import io
import json
import sys
import time
from pathlib import Path

from pymemesuite.common import Background, MotifFile, Sequence
from pymemesuite.fimo import FIMO

SMALL = """MEME version 4

ALPHABET= ACGT

strands: + -

Background letter frequencies
A 0.3 C 0.2 G 0.2 T 0.3

MOTIF short a_short_one

letter-probability matrix: alength= 4 w= 6 nsites= 12 E= 0
0.750000 0.083333 0.083333 0.083334
0.000000 0.000000 1.000000 0.000000
0.250000 0.250000 0.250000 0.250000
0.000000 0.500000 0.500000 0.000000
1.000000 0.000000 0.000000 0.000000
0.166667 0.333333 0.333333 0.166667

MOTIF long

letter-probability matrix: alength= 4 w= 21 nsites= 40 E= 1.5e-20
"""


def long_rows() -> str:
    """Returns 21 columns that spell a word with a fading preference."""
    rows = []
    for index, base in enumerate("GATTACAGATTACACCATGGC"):
        share = 0.91 - 0.03 * (index % 7)
        rows.append(" ".join(f"{share if base == other else (1 - share) / 3:.6f}" for other in "ACGT"))
    return "\n".join(rows) + "\n"


def small_sequence(length: int) -> str:
    """Returns bases drawn by a linear congruential generator, with runs of N and planted words."""
    state, bases = 12345, []
    for _ in range(length):
        state = (state * 6364136223846793005 + 1442695040888963407) % (1 << 64)
        bases.append("ACGT"[state >> 62])
    for place in range(1000, length - 100, 997):
        word = "GATTACAGATTACACCATGGC" if place % 2 else "GCCATGGTGTAATCTGTAATC"
        bases[place : place + 21] = word
    for place in range(500, length - 100, 3331):
        bases[place : place + place % 40 + 1] = "N" * (place % 40 + 1)
    return "".join(bases)


def meme_of_pfm(path: Path) -> str:
    lines = path.read_text().split("\n")
    counts = [[float(number) for number in line.split()] for line in lines[1:5]]
    columns = list(zip(*counts))
    sites = int(sum(map(sum, columns)) / len(columns) + 0.5)
    rows = "\n".join(" ".join(f"{count / sum(column):.6f}" for count in column) for column in columns)
    head = "MEME version 4\n\nALPHABET= ACGT\n\nstrands: + -\n\nMOTIF MA0139.1 CTCF\n\n"
    return f"{head}letter-probability matrix: alength= 4 w= {len(columns)} nsites= {sites} E= 0\n{rows}\n"


def motifs(text: str, averaged: bool):
    with MotifFile(io.BytesIO(text.encode()), symmetrical=averaged) as file:
        found = []
        while (motif := file.read()) is not None:
            found.append((motif, file.background))
        return found


def scan(motif, background, sequence: Sequence, threshold: float, stored: int = 10_000_000):
    began = time.perf_counter()
    pattern = FIMO(both_strands=True, threshold=threshold, max_stored_scores=stored).score_motif(
        motif, [sequence], background
    )
    seconds = time.perf_counter() - began
    hits = []
    for element in pattern.matched_elements:
        start = min(element.start, element.stop) - 1
        hits.append((start, element.strand, element.score, element.pvalue))
    return sorted(hits), seconds


def digest(hits) -> str:
    lines = "".join(f"{start} {strand} {score:.6f} {p:.9e}\n" for start, strand, score, p in hits)
    return hashlib.sha256(lines.encode()).hexdigest()


def case(name, motif, background, sequence, threshold, stored, keep):
    hits, seconds = scan(motif, background, sequence, threshold, stored)
    step = max(1, len(hits) // keep)
    print(name, len(hits), f"{seconds:.2f} s", file=sys.stderr)
    return {
        "name": name,
        "background": list(background.frequencies),
        "threshold": threshold,
        "stored": stored,
        "count": len(hits),
        "digest": digest(hits),
        "rows": [list(hit) for hit in hits[::step]],
    }


def read_fasta(path: Path) -> str:
    data = path.read_bytes()
    text = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    return "".join(text.decode().split("\n")[1:])


def main() -> None:
    pfm, fasta, folder = Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])
    versions = {name: importlib.metadata.version(name) for name in ("pymemesuite",)}
    versions["python"] = sys.version.split()[0]

    small = SMALL + long_rows()
    (folder / "small.meme").write_text(small)
    sequence = Sequence(small_sequence(60_000), b"small")
    cases = []
    for averaged in (True, False):
        for index, (motif, background) in enumerate(motifs(small, averaged)):
            for threshold, stored in ((1e-2 if index == 0 else 1e-3, 10_000_000), (1e-2, 100)):
                name = f"{motif.accession.decode()}, {'strands' if averaged else 'forward'}, {stored}"
                cases.append(case(name, motif, background, sequence, threshold, stored, 150))
    motif, _ = motifs(small, False)[1]
    cases.append(
        case("long, uniform", motif, Background.from_uniform(motif.alphabet), sequence, 1e-3, 10_000_000, 150)
    )
    write(folder / "small.json", {"versions": versions, "cases": cases})

    meme = meme_of_pfm(pfm)
    (folder / "MA0139.1.meme").write_text(meme)
    (folder / "MA0139.1.pfm").write_text(pfm.read_text())
    sequence = Sequence(read_fasta(fasta), b"21")
    cases = []
    for averaged in (True, False):
        motif, background = motifs(meme, averaged)[0]
        name = "strands" if averaged else "forward"
        cases.append(case(name, motif, background, sequence, 1e-4, 10_000_000, 300))
        if averaged:
            cases.append(case("strands, capped", motif, background, sequence, 1e-4, 2_000, 300))
    write(folder / "chr21.json", {"versions": versions, "cases": cases})


def write(path: Path, value) -> None:
    cases = ",\n".join(
        "    {" + ", ".join(f'"{key}": {json.dumps(item)}' for key, item in case.items() if key != "rows")
        + ', "rows": [\n      ' + ",\n      ".join(map(json.dumps, case["rows"])) + "\n    ]}"
        for case in value["cases"]
    )
    path.write_text(f'{{\n  "versions": {json.dumps(value["versions"])},\n  "cases": [\n{cases}\n  ]\n}}\n')


main()
