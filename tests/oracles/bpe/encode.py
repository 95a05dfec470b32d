"""Compares ids with Hugging Face tokenizers: random windows of a FASTA file, and all of it as one sequence.

usage: encode.py TOKENIZER.json GENOME.fa.gz PATH/TO/examples/tokens [WINDOWS]
Prints lines with versions, counts and digests, or fails at the first difference.
"""

import gzip
import hashlib
import subprocess
import sys

import numpy
import tokenizers

LONGEST = 600
BATCH = 20_000


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


class Generator:
    """A linear congruential generator (Knuth's MMIX), so that the windows can be drawn again in any language."""

    def __init__(self):
        self.state = 1

    def below(self, bound):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self.state >> 33) % bound


class Comparison:
    def __init__(self, vocabulary, program):
        self.vocabulary, self.program = vocabulary, program
        self.reference = tokenizers.Tokenizer.from_file(vocabulary)
        self.digest, self.tokens = hashlib.sha256(), 0

    def check(self, texts):
        theirs = self.reference.encode_batch(texts, add_special_tokens=False)
        for text, theirs, found in zip(texts, theirs, ours(self.program, self.vocabulary, texts), strict=True):
            expected = numpy.asarray(theirs.ids, dtype="<u4")
            assert numpy.array_equal(expected, found), f"differs: {text[:2000]}"
            self.digest.update(found.tobytes())
            self.tokens += len(found)

    def outcome(self):
        return {"tokens": self.tokens, "sha256": self.digest.hexdigest()}


def main(vocabulary, genome, program, windows=1_000_000):
    with gzip.open(genome, "rt") as lines:
        sequence = "".join(line.strip() for line in lines if line[0] != ">").upper()
    print(f"tokenizers {tokenizers.__version__}, {vocabulary}", flush=True)
    generator, comparison = Generator(), Comparison(vocabulary, program)
    for done in range(0, int(windows), BATCH):
        texts = []
        for _ in range(min(BATCH, int(windows) - done)):
            start = generator.below(len(sequence) - LONGEST)
            texts.append(sequence[start : start + 1 + generator.below(LONGEST)])
        comparison.check(texts)
        if (done + len(texts)) % 100_000 == 0 or done + len(texts) == int(windows):
            print(f"{done + len(texts)} windows: the same, {comparison.outcome()}", flush=True)
    comparison = Comparison(vocabulary, program)
    comparison.check([sequence])
    print(f"one sequence of {len(sequence)} bases: the same, {comparison.outcome()}")


main(*sys.argv[1:])
