"""Compares ids with Hugging Face tokenizers: a whole FASTA file, and random windows of it.

usage: encode.py TOKENIZER.json GENOME.fa.gz PATH/TO/examples/tokens [WINDOWS]
Prints a line with versions, counts and a digest, or fails at the first difference.
"""

import gzip
import hashlib
import random
import subprocess
import sys

import numpy
import tokenizers


def ours(program, vocabulary, texts):
    with subprocess.Popen([program, vocabulary], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        output, _ = process.communicate("\n".join(texts).encode())
    numbers = numpy.frombuffer(output, dtype="<u4")
    at = 0
    for _ in texts:
        count = int(numbers[at])
        yield numbers[at + 1 : at + 1 + count]
        at += 1 + count
    assert at == len(numbers)


def main(vocabulary, genome, program, windows=1_000_000):
    reference = tokenizers.Tokenizer.from_file(vocabulary)
    with gzip.open(genome, "rt") as lines:
        sequence = "".join(line.strip() for line in lines if line[0] != ">").upper()
    digest, tokens = hashlib.sha256(), 0

    def check(texts):
        nonlocal tokens
        theirs = reference.encode_batch(texts, add_special_tokens=False)
        for text, theirs, found in zip(texts, theirs, ours(program, vocabulary, texts), strict=True):
            expected = numpy.asarray(theirs.ids, dtype="<u4")
            assert numpy.array_equal(expected, found), f"differs: {text[:2000]}"
            digest.update(found.tobytes())
            tokens += len(found)

    rng = random.Random(1)
    for done in range(0, int(windows), 20_000):
        count = min(20_000, int(windows) - done)
        starts = [rng.randrange(len(sequence) - 600) for _ in range(count)]
        check([sequence[start : start + rng.randrange(1, 600)] for start in starts])
    print(f"tokenizers {tokenizers.__version__}: {windows} windows, {tokens} tokens, the same; sha256 {digest.hexdigest()}", flush=True)
    tokens, digest = 0, hashlib.sha256()
    check([sequence])
    print(f"tokenizers {tokenizers.__version__}: one sequence of {len(sequence)} bases, {tokens} tokens, the same; sha256 {digest.hexdigest()}")


main(*sys.argv[1:])
