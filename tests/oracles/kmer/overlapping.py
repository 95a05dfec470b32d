"""Writes golden ids of DNABERT's overlapping k-mers, by transformers' BertTokenizer over DNABERT's word lists.

usage: overlapping.py FOLDER_OF_WORD_LISTS > plugins/kmer/tests/golden/overlapping.json
The folder holds dnabert_{3,4,5,6}mer_vocab.txt. Sequences are drawn from a fixed seed.
"""

import json
import random
import sys
from pathlib import Path

import tokenizers
import transformers

SEQUENCES = ["", "A", "ACGTNACGTACGT", "NNNN", "acgtnAC", "ACGTRYACGTACGTTT"]


def main() -> None:
    folder = Path(sys.argv[1])
    draw = random.Random(7)
    sequences = SEQUENCES + ["".join(draw.choices("ACGTN", [24, 24, 24, 24, 1], k=n)) for n in (5, 6, 60, 120)]
    cases = []
    for k in (3, 4, 5, 6):
        tokenizer = transformers.BertTokenizer(str(folder / f"dnabert_{k}mer_vocab.txt"), do_lower_case=False)
        for sequence in sequences:
            upper = sequence.upper()
            words = [upper[i : i + k] for i in range(len(upper) + 1 - k)]
            ids = tokenizer.convert_tokens_to_ids(words)
            cases.append({"k": k, "sequence": sequence, "ids": ids})
    versions = {
        "python": sys.version.split()[0],
        "transformers": transformers.__version__,
        "tokenizers": tokenizers.__version__,
    }
    lines = ",\n".join("    " + json.dumps(case) for case in cases)
    print(f'{{\n  "versions": {json.dumps(versions)},\n  "cases": [\n{lines}\n  ]\n}}')


main()
