"""Writes golden values of rank correlation, principal components, clustering and contextuality.

    python make.py > ../../../sdk/analysis/tests/golden/tables.json
"""

import importlib.metadata
import json

import numpy
from scipy import stats
from scipy.cluster import hierarchy
from sklearn.decomposition import PCA

random = numpy.random.default_rng(11)


def rounded(table, digits=6):
    """Keeps the golden file small; what is computed is computed from the rounded numbers."""
    return numpy.round(table, digits)


correlations = []
for points, decimals, strength in [(5, 3, 1.0), (30, 1, 0.5), (200, 0, 0.3), (200, 3, 0.0), (40, 2, -0.8)]:
    a = rounded(random.normal(size=points), decimals)
    b = rounded(strength * a + random.normal(size=points) * 0.7, decimals)
    rho, p_value = stats.spearmanr(a, b)
    ranks = stats.rankdata(a)
    correlations.append({"a": a.tolist(), "b": b.tolist(), "rho": rho, "p_value": p_value, "ranks": ranks.tolist()})

components = []
for rows, columns, mean in [(40, 6, 0.0), (7, 12, 3.0), (300, 5, 1e6)]:
    table = random.normal(size=(rows, columns)) * numpy.arange(1, columns + 1) + mean
    if columns == 6:
        table[:, 3] = 2.5
    table = rounded(table, 4)
    kept = min(rows - 1, columns, 4)
    pca = PCA(n_components=kept, svd_solver="full").fit(table)
    components.append(
        {
            "table": table.tolist(),
            "mean": pca.mean_.tolist(),
            "components": pca.components_.tolist(),
            "variances": pca.explained_variance_.tolist(),
            "shares": pca.explained_variance_ratio_.tolist(),
            "places": pca.transform(table).tolist(),
        }
    )

trees = []
for rows, columns in [(2, 1), (12, 3), (40, 5)]:
    table = rounded(random.normal(size=(rows, columns)), 4)
    joins = hierarchy.linkage(table, method="complete", metric="euclidean")
    trees.append(
        {
            "table": table.tolist(),
            "joins": joins.tolist(),
            "leaves": hierarchy.leaves_list(joins).tolist(),
            "cut": hierarchy.fcluster(joins, 4, criterion="maxclust").tolist(),
        }
    )

contexts = []
for rows, columns, common in [(2, 4, 0.0), (30, 8, 2.0), (25, 3, 0.0)]:
    table = rounded(random.normal(size=(rows, columns)) + common, 4).astype(numpy.float32)
    unit = table.astype(float) / numpy.linalg.norm(table.astype(float), axis=1, keepdims=True)
    cosines = unit @ unit.T
    singular = numpy.linalg.svd(table.astype(float), compute_uv=False)
    contexts.append(
        {
            "table": table.astype(float).tolist(),
            "self_similarity": cosines[numpy.triu_indices(rows, 1)].mean(),
            "mev": singular[0] ** 2 / (singular**2).sum(),
        }
    )

print(
    json.dumps(
        {
            "made_by": {name: importlib.metadata.version(name) for name in ("numpy", "scipy", "scikit-learn")},
            "correlations": correlations,
            "components": components,
            "trees": trees,
            "contexts": contexts,
        },
        separators=(",", ":"),
    )
)
