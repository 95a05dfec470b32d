"""Writes plugins/bpe/tests/golden/merges.json: small inputs that try a trainer, and what the references learn from them.

Usage: train.py [FOLDER_WITH_TEST_DATA]; with the folder, also merges-real.json from 100 kb of chromosome 21.
Hash seeds vary between runs of Python; a case whose Hugging Face merges depend on them is kept without.
"""

import gzip
import json
import random
import re
import sys
from pathlib import Path

from references import VERSIONS, hugging_face, subword_nmt

GOLDEN = Path(__file__).parents[3] / "plugins/bpe/tests/golden"


def mutate(text, rate, rng, letters="ACGT"):
    return "".join(rng.choice(letters) if rng.random() < rate else letter for letter in text)


def draw(kind, rng):
    length = rng.randrange(20, 260)
    if kind == "uniform":
        return ["".join(rng.choices("ACGT", k=length))]
    if kind == "at-rich":
        return ["".join(rng.choices("ACGT", weights=[9, 1, 1, 9], k=length))]
    if kind == "runs":
        return ["".join(rng.choice("ACGT") * rng.choice([1, 2, 3, 5, 8, 13]) for _ in range(length // 6))]
    if kind == "tandem":
        unit = "".join(rng.choices("ACGT", k=rng.randrange(1, 8)))
        return [mutate(unit * (length // len(unit)), rng.choice([0, 0.02, 0.1]), rng)]
    if kind == "two letters":
        return ["".join(rng.choices("AT", k=length))]
    if kind == "fibonacci":
        a, b = "A", "AT"
        while len(b) < length:
            a, b = b, b + a
        return [b]
    assert kind == "words"
    return ["".join(rng.choices("AT" if rng.random() < 0.5 else "ACGT", k=rng.randrange(1, 40))) for _ in range(rng.randrange(2, 12))]


KINDS = ["uniform", "at-rich", "runs", "tandem", "two letters", "fibonacci", "words"]


def case(runs, merges):
    outcomes = {json.dumps(hugging_face(runs, merges)) for _ in range(6)}
    return {
        "runs": runs,
        "merges": merges,
        "subword-nmt": subword_nmt(runs, merges),
        "huggingface": json.loads(outcomes.pop()) if len(outcomes) == 1 else None,
    }


def small():
    rng = random.Random(20)
    cases = []
    for number in range(3 * len(KINDS)):
        runs, merges = draw(KINDS[number % len(KINDS)], rng), rng.choice([10, 40, 120, 400])
        cases.append(case(runs, merges))
    # No two merges of a run can spell the same token, so there is no case of that; here are some that might have been.
    for number in range(2000):
        runs = draw(KINDS[number % len(KINDS)], rng)
        for learned in (subword_nmt(runs, 400), hugging_face(runs, 400)):
            assert len({merge.replace(" ", "") for merge in learned}) == len(learned), runs
    return cases


def write(name, value):
    GOLDEN.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"made with": VERSIONS, **value}, indent=0)
    (GOLDEN / name).write_text(text + "\n")
    print(name, len(text), "bytes")


write("merges.json", {"cases": small()})
if len(sys.argv) > 1:
    with gzip.open(Path(sys.argv[1]) / "genome/GRCh38.chr21.fa.gz", "rt") as lines:
        sequence = "".join(line.strip() for line in lines if line[0] != ">").upper()
    start = 10_400_000
    piece = sequence[start : start + 100_000]
    runs = re.findall("[ACGT]+", piece)
    entry = {"file": "genome/GRCh38.chr21.fa.gz", "start": start, "length": len(piece), "runs": len(runs), "merges": 600}
    entry["subword-nmt"] = subword_nmt(runs, 600)
    entry["huggingface"] = hugging_face(runs, 600)
    write("merges-real.json", entry)
