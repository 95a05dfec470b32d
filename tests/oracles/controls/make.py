"""Writes plugins/controls/tests/golden/controls.json: answers of the controls, written again in plain Python.

Usage: python tests/oracles/controls/make.py DATA > plugins/controls/tests/golden/controls.json
(pip install numpy scikit-learn; DATA holds genome/GRCh38.chr21.fa.gz and gue/{tf/0,prom/prom_core_all})

- `continuation`: 6,000 segments of a piece of chromosome 21; the n-gram's rule (counted at the ends and everywhere)
  and the chained Markov's answer, item by item, in integers and exact fractions where ties matter.
- `logistic`: scikit-learn's LogisticRegression on the 23 features of `composition`.
"""
import csv
import gzip
import hashlib
import json
import platform
import sys
from collections import Counter, defaultdict
from fractions import Fraction
from pathlib import Path

import numpy as np
import sklearn
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import matthews_corrcoef
from sklearn.preprocessing import StandardScaler

DATA = Path(sys.argv[1])
START, SEGMENTS, TRAIN, K, MOST = 20_000_000, 6_000, 5_000, 3, 7


def chromosome():
    with gzip.open(DATA / "genome/GRCh38.chr21.fa.gz", "rt") as lines:
        return "".join(line.strip() for line in lines if line[0] != ">").upper()


def segments(bases):
    """The piece's segments of 56 bases, inputs of 50 and the k-mer behind them."""
    piece = bases[START : START + 56 * SEGMENTS]
    cut = [piece[at : at + 56] for at in range(0, len(piece), 56)]
    assert all(set(segment) <= set("ACGT") for segment in cut)
    return piece, [(segment[:50], segment[50 : 50 + K]) for segment in cut]


def followers(pairs, everywhere):
    """How often each k-mer follows each suffix of 0 to MOST bases."""
    table = defaultdict(Counter)
    for bases, label in pairs:
        whole = bases + label
        for end in range(0 if everywhere else 50, 51):
            for length in range(min(MOST, end) + 1):
                table[whole[end - length : end]][whole[end : end + K]] += 1
    return table


def rule(table, bases, longest):
    """The most frequent k-mer after the longest suffix seen twice; ties by shorter suffixes, then the first k-mer."""
    for length in range(longest, -1, -1):
        suffix = bases[len(bases) - length :]
        seen = table.get(suffix)
        if seen is not None and sum(seen.values()) > 1:
            shorter = [table[suffix[drop:]] for drop in range(length + 1)]
            return min(seen, key=lambda word: ([-counts[word] for counts in shorter], word))
    raise AssertionError("the empty suffix is in every train")


def ngram(train, test, everywhere):
    table = followers(train, everywhere)
    return {longest: [rule(table, bases, longest) for bases, _ in test] for longest in (1, 3, MOST)}


def markov(train, test, order):
    """The most probable k-mer of a chain with one added to each count, in exact fractions; ties go to the first."""
    counts = defaultdict(Counter)
    for bases, label in train:
        whole = bases + label
        for at in range(len(whole)):
            for length in range(min(order, at) + 1):
                counts[whole[at - length : at]][whole[at]] += 1

    def step(context, base):
        seen = counts[context[len(context) - order :]]
        return Fraction(seen[base] + 1, sum(seen.values()) + 4)

    def probability(bases, word):
        product = Fraction(1)
        for base in word:
            product *= step(bases, base)
            bases += base
        return product

    words = [a + b + c for a in "ACGT" for b in "ACGT" for c in "ACGT"]
    answers, first = [], None
    for bases, _ in test:
        probabilities = [probability(bases[-order:], word) for word in words]
        assert sum(probabilities) == 1
        best = max(probabilities)
        answers.append(words[probabilities.index(best)])
        first = first or [float(value) for value in probabilities]
    return answers, first


def features(bases):
    singles = [bases.count(base) for base in "ACGT"]
    pairs = Counter(a + b for a, b in zip(bases, bases[1:]) if a in "ACGT" and b in "ACGT")
    known, neighbours = max(sum(singles), 1), max(sum(pairs.values()), 1)
    row = [(singles[1] + singles[2]) / known] + [count / known for count in singles]
    row += [pairs[a + b] / neighbours for a in "ACGT" for b in "ACGT"]
    return row + [len(bases), (len(bases) - sum(singles)) / max(len(bases), 1)]


def table(task, split):
    with gzip.open(DATA / "gue" / task / f"{split}.csv.gz", "rt") as rows:
        rows = list(csv.DictReader(rows))
    return np.array([features(row["sequence"].upper()) for row in rows]), np.array([int(row["label"]) for row in rows])


def logistic(task):
    (train, labels), (test, targets) = table(task, "train"), table(task, "test")
    scaler = StandardScaler().fit(train)
    model = LogisticRegression(C=1.0, max_iter=5000, tol=1e-6).fit(scaler.transform(train), labels)
    scores = model.predict_proba(scaler.transform(test))
    return {"task": task, "mcc": matthews_corrcoef(targets, scores.argmax(1)),
            "first": [float(value) for value in scores[:20, 1]]}


def main():
    piece, pairs = segments(chromosome())
    train, test = pairs[:TRAIN], pairs[TRAIN:]
    answers, first = markov(train, test, 4)
    join = lambda words: " ".join(words)
    golden = {
        "versions": {"python": platform.python_version(), "numpy": np.__version__, "scikit-learn": sklearn.__version__},
        "continuation": {
            "sha256": hashlib.sha256(piece.encode()).hexdigest(),
            "start": START, "segments": SEGMENTS, "train": TRAIN, "k": K,
            "ends": {str(longest): join(words) for longest, words in ngram(train, test, False).items()},
            "everywhere": {str(longest): join(words) for longest, words in ngram(train, test, True).items()},
            "markov": {"order": 4, "answers": join(answers), "first": first},
        },
        "logistic": [logistic("tf/0"), logistic("prom/prom_core_all")],
    }
    json.dump(golden, sys.stdout, indent=1)
    print()


main()
