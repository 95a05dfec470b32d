"""Writes golden values of neighbours, maps and what they keep, by scikit-learn and umap-learn.

    python umap_learn.py > ../../../sdk/analysis/tests/golden/umap.json
"""

import importlib.metadata
import json
import warnings

import numpy
import umap
from sklearn.manifold import trustworthiness
from sklearn.neighbors import NearestNeighbors
from umap.umap_ import find_ab_params

warnings.filterwarnings("ignore")
random = numpy.random.default_rng(5)

# A ring, a line and three clusters, turned into twelve dimensions.
angle = random.uniform(0, 2 * numpy.pi, 120)
ring = numpy.stack([6 * numpy.cos(angle), 6 * numpy.sin(angle), numpy.zeros(120)], 1)
line = numpy.stack([numpy.linspace(15, 30, 60), numpy.linspace(0, 8, 60), numpy.full(60, 3.0)], 1)
centres = numpy.array([[-20, 0, 5], [-20, 9, -5], [-14, -9, 0]])
clusters = centres[numpy.arange(120) % 3]
plain = numpy.concatenate([ring, line, clusters])
turn = numpy.linalg.qr(random.normal(size=(12, 12)))[0][:3]
table = numpy.round(plain @ turn + random.normal(size=(300, 12)) * 0.5, 2).astype(numpy.float32)

neighbours = 10
near = NearestNeighbors(n_neighbors=neighbours + 1, algorithm="brute").fit(table.astype(float))
distances, indices = near.kneighbors(table.astype(float))


def shared(places):
    found = NearestNeighbors(n_neighbors=neighbours + 1).fit(places).kneighbors(places)[1][:, 1:]
    return float(numpy.mean([len(set(a) & set(b)) for a, b in zip(found, indices[:, 1:])]) / neighbours)


maps = []
for seed in range(5):
    places = umap.UMAP(random_state=seed).fit_transform(table)
    maps.append(
        {"trustworthiness": trustworthiness(table, places, n_neighbors=neighbours), "shared": shared(places)}
    )
plane = table[:, :2]
print(
    json.dumps(
        {
            "made_by": {name: importlib.metadata.version(name) for name in ("numpy", "scikit-learn", "umap-learn")},
            "table": [[round(float(value), 2) for value in row] for row in table],
            "neighbours": indices[:, 1:].tolist(),
            "distances": [[round(float(value), 5) for value in row] for row in distances[:, 1:]],
            "curves": [
                [min_dist, spread, *map(float, find_ab_params(spread, min_dist))]
                for min_dist, spread in [(0.1, 1.0), (0.001, 1.0), (0.5, 1.0), (0.1, 2.0)]
            ],
            "plane": {"trustworthiness": trustworthiness(table, plane, n_neighbors=neighbours), "shared": shared(plane)},
            "maps": maps,
        },
        separators=(",", ":"),
    )
)
