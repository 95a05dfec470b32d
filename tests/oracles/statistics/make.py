"""Writes golden values of intervals and tests by SciPy, statsmodels and NumPy.

    python make.py > ../../../benchmarks/harness/tests/golden/statistics.json
"""

import json

import numpy
import scipy
import statsmodels
from scipy import stats
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
    {"p_values": values, "holm": list(multipletests(values, method="holm")[1])} for values in p_values
]

values = [0.3, -1.0, 2.5, 0.0, 7.25, 3.5, 3.5]
quantiles = [{"share": share, "value": float(numpy.quantile(values, share))} for share in (0.0, 0.025, 0.31, 0.5, 0.975, 1.0)]

print(
    json.dumps(
        {
            "versions": {
                "numpy": numpy.__version__,
                "scipy": scipy.__version__,
                "statsmodels": statsmodels.__version__,
            },
            "student": students,
            "mcnemar": tests,
            "holm": corrections,
            "quantiles": {"values": values, "of": quantiles},
        },
        indent=1,
    )
)
