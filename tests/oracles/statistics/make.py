"""Writes golden values of intervals and tests by SciPy, statsmodels, NumPy and MLstatkit (DeLong).

    python make.py > ../../../benchmarks/harness/tests/golden/statistics.json
"""

import importlib.metadata
import itertools
import json

import numpy
import scipy
import statsmodels
from MLstatkit import Delong_test
from scipy import stats
from sklearn.metrics import roc_auc_score
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

seeds = [[0.51, 0.55, 0.48], [0.9, 0.91, 0.93, 0.92, 0.89], [0.2, -0.1, 0.4, 0.3, 0.25, 0.1, 0.0, 0.22, 0.31]]
students = []
for scores in seeds:
    low, high = stats.t.interval(0.95, len(scores) - 1, loc=numpy.mean(scores), scale=stats.sem(scores))
    students.append({"scores": scores, "low": low, "high": high})

pairs = [(0, 0), (1, 0), (5, 1), (10, 10), (30, 12), (120, 161), (2000, 2101)]
tests = []
for only_a, only_b in pairs:
    p_value = float(mcnemar([[7, only_a], [only_b, 9]], exact=True).pvalue) if only_a + only_b else 1.0
    tests.append({"only_a": only_a, "only_b": only_b, "p_value": p_value})

p_values = [[0.01, 0.04, 0.03], [0.5, 0.9, 0.001, 0.02, 0.02], [1.0, 1.0], [0.2]]
corrections = [
    {
        "p_values": values,
        "holm": list(multipletests(values, method="holm")[1]),
        "benjamini_hochberg": list(multipletests(values, method="fdr_bh")[1]),
    }
    for values in p_values
]

# Areas under two curves of the same items, with ties, alike and apart.
random = numpy.random.default_rng(7)
curves = []
for items, signal, decimals in [(12, 1.0, 1), (40, 0.5, 2), (400, 0.8, 3), (400, 0.1, 1)]:
    positive = numpy.arange(items) % 3 == 0
    common = random.normal(size=items)
    a = numpy.round(common + signal * positive + random.normal(size=items), decimals)
    b = numpy.round(common + 0.5 * signal * positive + random.normal(size=items), decimals)
    z_score, p_value, *_ = Delong_test(positive.astype(int), a, b)
    curves.append(
        {
            "positive": positive.tolist(),
            "a": a.tolist(),
            "b": b.tolist(),
            "area_a": roc_auc_score(positive, a),
            "area_b": roc_auc_score(positive, b),
            "z": abs(float(z_score)),
            "p_value": float(p_value),
        }
    )

# The two-level bootstrap, by every equally likely draw of groups and of both methods' seeds.
groups = [0, 0, 0, 1, 1, 2, 2, 2, 2, 3]
right = {
    "a": [[1, 1, 0, 1, 1, 1, 0, 1, 1, 1], [1, 0, 0, 1, 0, 1, 1, 1, 0, 1]],
    "b": [[0, 1, 0, 0, 1, 0, 0, 1, 0, 1], [1, 0, 0, 0, 0, 1, 0, 0, 0, 0]],
}
members = [[item for item, group in enumerate(groups) if group == wanted] for wanted in range(4)]
differences = []
for drawn in itertools.product(range(4), repeat=4):
    items = [item for group in drawn for item in members[group]]
    means = {
        name: [
            numpy.mean([numpy.mean([rows[seed][item] for item in items]) for seed in seeds])
            for seeds in itertools.product(range(2), repeat=2)
        ]
        for name, rows in right.items()
    }
    differences.extend(a - b for a in means["a"] for b in means["b"])
two_level = {
    "groups": groups,
    "a": right["a"],
    "b": right["b"],
    "mean": float(numpy.mean(differences)),
    "deviation": float(numpy.std(differences)),
    "low": float(numpy.quantile(differences, 0.025)),
    "high": float(numpy.quantile(differences, 0.975)),
}
# The least true difference that is found in four of five cases at the five per cent level, in standard errors.
detectable = float(stats.norm.ppf(0.975) + stats.norm.ppf(0.8))

values = [0.3, -1.0, 2.5, 0.0, 7.25, 3.5, 3.5]
quantiles = [{"share": share, "value": float(numpy.quantile(values, share))} for share in (0.0, 0.025, 0.31, 0.5, 0.975, 1.0)]

print(
    json.dumps(
        {
            "versions": {
                "numpy": numpy.__version__,
                "scipy": scipy.__version__,
                "statsmodels": statsmodels.__version__,
                "MLstatkit": importlib.metadata.version("MLstatkit"),
            },
            "student": students,
            "mcnemar": tests,
            "corrections": corrections,
            "delong": curves,
            "two_level": two_level,
            "detectable": detectable,
            "quantiles": {"values": values, "of": quantiles},
        },
        indent=1,
    )
)
