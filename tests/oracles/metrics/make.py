"""Writes sdk/tests/golden/metrics.json: scores of random answers by scikit-learn and scipy.

Usage: python tests/oracles/metrics/make.py > sdk/tests/golden/metrics.json   (pip install scikit-learn scipy)
"""
import json

import numpy as np
import scipy
import sklearn
from scipy import stats
from sklearn import metrics as m

rng = np.random.default_rng(20)


def classes(n, k, skew):
    prior = np.arange(1, k + 1) ** skew
    prior = prior / prior.sum()
    target = rng.choice(k, n, p=prior)
    logits = rng.normal(size=(n, k)) + 1.2 * np.eye(k)[target]
    scores = np.exp(logits)
    scores = np.round(scores / scores.sum(1, keepdims=True), 3)  # rounding makes ties
    scores = (scores / scores.sum(1, keepdims=True)).astype(np.float32)
    predicted = scores.argmax(1)
    expected = {
        "accuracy": m.accuracy_score(target, predicted),
        "mcc": m.matthews_corrcoef(target, predicted),
        "f1": m.f1_score(target, predicted, average="macro", zero_division=0),
        "precision": m.precision_score(target, predicted, average="macro", zero_division=0),
        "recall": m.recall_score(target, predicted, average="macro", zero_division=0),
        "balanced_accuracy": m.balanced_accuracy_score(target, predicted),
        "perplexity": float(np.exp(-np.mean(np.log(np.maximum(scores[np.arange(n), target].astype(float), 1e-15))))),
    }
    if k == 2:
        expected["auroc"] = m.roc_auc_score(target, scores[:, 1])
        expected["auprc"] = m.average_precision_score(target, scores[:, 1])
    elif len(set(target)) == k:
        expected["auroc"] = float(np.mean([m.roc_auc_score(target == c, scores[:, c]) for c in range(k)]))
    if k > 5:
        expected["top5_accuracy"] = m.top_k_accuracy_score(target, scores + 1e-7 * np.arange(k)[::-1], k=5, labels=range(k))
    return {"classes": k, "target": target.tolist(), "scores": scores.astype(float).round(9).tolist(), "expected": expected}


def regression(n):
    target = rng.normal(size=n).round(1)
    value = (target + rng.normal(size=n)).round(1)
    return {
        "target": target.tolist(),
        "value": value.tolist(),
        "expected": {
            "pearson": stats.pearsonr(target, value)[0],
            "spearman": stats.spearmanr(target, value)[0],
            "r2": m.r2_score(target, value),
        },
    }


def labels(n, k):
    target = (rng.random((n, k)) < 0.4).astype(int)
    scores = np.clip(0.5 * target + 0.6 * rng.random((n, k)), 0, 1).round(2)
    predicted = scores >= 0.5
    return {
        "target": target.tolist(),
        "scores": scores.tolist(),
        "expected": {
            "accuracy": m.accuracy_score(target, predicted),
            "f1": m.f1_score(target, predicted, average="macro", zero_division=0),
            "auroc": m.roc_auc_score(target, scores, average="macro"),
            "auprc": m.average_precision_score(target, scores, average="macro"),
            "mcc": float(np.mean([m.matthews_corrcoef(target[:, c], predicted[:, c]) for c in range(k)])),
        },
    }


print(json.dumps({
    "versions": {"scikit-learn": sklearn.__version__, "scipy": scipy.__version__, "numpy": np.__version__},
    "classes": [classes(60, 2, 0), classes(50, 2, 2), classes(60, 3, 1), classes(50, 8, 0.5)],
    "regression": regression(40),
    "labels": labels(40, 3),
}))
