"""Writes golden files of scikit-learn's TF-IDF features and decision trees.

    python make.py OUT_FOLDER

Sequences and numbers come from a fixed generator, so that the files can be made again.
"""

import json
import platform
import random
import sys
from pathlib import Path

import numpy
import scipy
import sklearn
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

VERSIONS = {
    "scikit-learn": sklearn.__version__,
    "numpy": numpy.__version__,
    "scipy": scipy.__version__,
    "python": platform.python_version(),
}
SEEDS = 60


def cut(sequence, k):
    out, at = [], 0
    while at < len(sequence):
        word = sequence[at : at + k]
        if len(word) == k and "N" not in word:
            out.append(word)
            at += k
        else:
            out.append(word[0])
            at += 1
    return out


def tfidf():
    draw = random.Random(21)
    rows = []
    for row in range(24):
        bases = [draw.choice("AACGTTN" if row % 5 == 0 else "AACGTT") for _ in range(draw.randint(0 if row else 12, 90))]
        rows.append(cut("".join(bases), 3))
    rows[7] = ["A", "N"]
    fit, other = rows[:16], rows[16:]
    vectorizer = TfidfVectorizer()
    first = vectorizer.fit_transform([" ".join(row) for row in fit])
    second = vectorizer.transform([" ".join(row) for row in other])

    def sparse(matrix):
        matrix = matrix.sorted_indices()
        return [
            [[int(at), float(value)] for at, value in zip(row.indices, row.data)]
            for row in (matrix[index] for index in range(matrix.shape[0]))
        ]

    return {
        "versions": VERSIONS,
        "fit": fit,
        "other": other,
        "names": list(vectorizer.get_feature_names_out()),
        "idf": [float(value) for value in vectorizer.idf_],
        "fit_rows": sparse(first),
        "other_rows": sparse(second),
    }


def trees():
    """Trees without bootstrap over all features, asked where scikit-learn's own answer does not depend on its seed."""
    draw = random.Random(4)

    def row():
        return [draw.randint(1, 999) / 1000 if draw.random() < 0.4 else 0.0 for _ in range(6)]

    fit = [row() for _ in range(90)]
    fit += fit[:6]
    ask = [row() for _ in range(160)]
    classes = {}
    for n_classes in (2, 5):
        targets = [
            min(n_classes - 1, int((each[0] + each[1] * 0.7 + each[2] * 0.4 + draw.random() * 0.8) * n_classes / 2))
            for each in fit
        ]
        classes[str(n_classes)] = targets
    # Sixty-fourths add up exactly, so that equally good splits are equal for every order of addition.
    numbers = [round((each[0] + 2 * each[3] + draw.random()) * 64) / 64 for each in fit]

    def answers(make, targets, answer):
        found = []
        for seed in range(SEEDS):
            model = make(random_state=seed, max_features=None).fit(csr_matrix(numpy.array(fit, dtype="f4")), targets)
            found.append(answer(model, csr_matrix(numpy.array(ask, dtype="f4"))))
        found = numpy.stack(found)
        same = (abs(found - found[0]) < 1e-9).all(axis=(0, 2))
        return [row.tolist() if agreed else None for row, agreed in zip(found[0], same)]

    out = {"versions": VERSIONS, "fit": fit, "ask": ask, "classes": classes, "numbers": numbers, "answers": {}}
    for n_classes, targets in classes.items():
        out["answers"][n_classes] = answers(DecisionTreeClassifier, targets, lambda model, x: model.predict_proba(x))
    out["answers"]["numbers"] = answers(
        DecisionTreeRegressor, numbers, lambda model, x: model.predict(x).reshape(-1, 1)
    )
    return out


def main():
    folder = Path(sys.argv[1])
    for name, content in (("tfidf", tfidf()), ("trees", trees())):
        path = folder / f"{name}.json"
        path.write_text(json.dumps(content) + "\n")
        print(path, path.stat().st_size)
    for name, rows in trees()["answers"].items():
        print(name, sum(row is not None for row in rows), "of", len(rows), "rows do not depend on the seed")


main()
