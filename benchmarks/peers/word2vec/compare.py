"""CBOW vectors of the tokens of a chromosome beside gensim: time, and who lies next to whom.

    python compare.py TOKENS MEASURE WORK [PAIRS] [EPOCHS]

TOKENS is what `dlm tokenizer encode --format jsonl` writes, MEASURE the example `measure_word2vec`. Sentences are stretches
of at most 510 tokens without N. Speed: both sides learn for one pass on two threads in turns; the figure is the median
ratio of the pairs. Agreement: after EPOCHS passes the share of the ten nearest tokens (by cosine) that two sets of vectors
have in common, over all tokens: gensim with gensim under other seeds, ours with gensim.
"""

import json
import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path

import gensim
import numpy
from gensim.models import Word2Vec

SPECIAL = 5
WIDTH = 768


def sentences(path):
    out = []
    for line in open(path):
        row = []
        for token in json.loads(line)["ids"]:
            if token >= SPECIAL:
                row.append(token)
            if token < SPECIAL or len(row) == 510:
                if row:
                    out.append(row)
                row = []
        if row:
            out.append(row)
    return out


def by_gensim(rows, epochs, seed):
    started = time.perf_counter()
    model = Word2Vec(
        rows, vector_size=WIDTH, window=5, min_count=1, workers=2, epochs=epochs, seed=seed, sg=0
    )
    return time.perf_counter() - started, model


def matrix(model, ids):
    return numpy.array([model.wv[i] for i in ids])


def ours(measure, file, work, epochs, seed):
    out = work / "vectors.f32"
    text = subprocess.run(
        [measure, file, out, str(epochs), str(seed)],
        env={**os.environ, "RAYON_NUM_THREADS": "2"},
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return json.loads(text)["seconds"], numpy.fromfile(out, "<f4").reshape(-1, WIDTH)


def nearest(vectors, count=10):
    unit = vectors / numpy.linalg.norm(vectors, axis=1, keepdims=True)
    cosine = unit @ unit.T
    numpy.fill_diagonal(cosine, -2)
    return numpy.argsort(-cosine, axis=1, kind="stable")[:, :count]


def overlap(a, b):
    return numpy.mean([len(set(x) & set(y)) / len(x) for x, y in zip(a, b)])


def main():
    tokens, measure, work = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    pairs = int(sys.argv[4]) if len(sys.argv) > 4 else 5
    epochs = int(sys.argv[5]) if len(sys.argv) > 5 else 5
    rows = sentences(tokens)
    file = work / "sentences.txt"
    file.write_text("".join(" ".join(map(str, row)) + "\n" for row in rows))
    total = sum(map(len, rows))
    print(
        f"gensim {gensim.__version__}, numpy {numpy.__version__}, python {platform.python_version()}, "
        f"{os.cpu_count()} processors; {total} tokens in {len(rows)} sentences, {WIDTH} dimensions"
    )
    ratios, theirs_speed, our_speed = [], [], []
    for pair in range(pairs):
        theirs, _ = by_gensim(rows, 1, pair + 1)
        own, _ = ours(measure, file, work, 1, pair + 1)
        ratios.append(theirs / own)
        theirs_speed.append(total / theirs)
        our_speed.append(total / own)
    print(f"gensim: median {statistics.median(theirs_speed) / 1e3:.0f}k tokens/s")
    print(f"dlm: median {statistics.median(our_speed) / 1e3:.0f}k tokens/s")
    print(f"dlm / gensim: median {statistics.median(ratios):.2f} x ({min(ratios):.2f}-{max(ratios):.2f}), {pairs} pairs")
    ids = sorted({token for row in rows for token in row})
    first, second = (nearest(matrix(by_gensim(rows, epochs, seed)[1], ids)) for seed in (1, 2))
    print(f"after {epochs} passes, {len(ids)} tokens, ten nearest in common:")
    print(f"  gensim with gensim, another seed: {overlap(first, second):.4f}")
    own, other = (nearest(ours(measure, file, work, epochs, seed)[1][ids]) for seed in (1, 2))
    print(f"  dlm with gensim: {overlap(own, first):.4f}, {overlap(own, second):.4f}")
    print(f"  dlm with dlm, another seed: {overlap(own, other):.4f}")


main()
