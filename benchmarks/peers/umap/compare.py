"""UMAP of points in clusters beside umap-learn, in turns: time, and how well neighbours are kept.

usage: compare.py PATH/TO/measure_umap WORK [PAIRS] [POINTS]

The points lie around 100 centres in 768 columns. Both sides start at principal components, with the defaults otherwise.
Each time is of a fresh process and counts from the points in memory to the map; umap-learn compiles itself on a small
table first, which is not counted. It is timed without a seed, on all threads, which is its fast form; the map here is one
of a seed. Trustworthiness (15 neighbours) is that of 5,000 points drawn from the map.
"""

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

import numpy
import sklearn
import umap
from sklearn.manifold import trustworthiness

WIDTH = 768

THEIRS = """
import json, sys, time, warnings
import numpy, umap
warnings.filterwarnings("ignore")
points = numpy.load(sys.argv[1])
umap.UMAP(init="pca").fit_transform(points[:300])
began = time.perf_counter()
places = umap.UMAP(init="pca").fit_transform(points)
seconds = time.perf_counter() - began
numpy.save(sys.argv[2], places.astype("f4"))
print(json.dumps({"seconds": seconds}))
"""


def run(command):
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.strip().splitlines()[-1])["seconds"]


def main():
    measure, work = sys.argv[1], Path(sys.argv[2])
    pairs = int(sys.argv[3]) if len(sys.argv) > 3 else 5
    count = int(sys.argv[4]) if len(sys.argv) > 4 else 50_000
    random = numpy.random.default_rng(1)
    centres = random.normal(size=(100, WIDTH))
    points = (centres[random.integers(100, size=count)] + random.normal(size=(count, WIDTH))).astype("<f4")
    table, raw, places = work / "points.npy", work / "points.f32", work / "map"
    numpy.save(table, points)
    points.tofile(raw)
    sample = random.choice(count, min(5_000, count), replace=False)
    quality = {"umap-learn": [], "dlm": []}
    seconds = {"umap-learn": [], "dlm": []}
    for _ in range(pairs):
        seconds["umap-learn"].append(run([sys.executable, "-c", THEIRS, table, f"{places}.npy"]))
        kept = numpy.load(f"{places}.npy")
        quality["umap-learn"].append(trustworthiness(points[sample], kept[sample], n_neighbors=15))
        seconds["dlm"].append(run([measure, raw, str(WIDTH), places]))
        kept = numpy.fromfile(places, "<f4").reshape(-1, 2)
        quality["dlm"].append(trustworthiness(points[sample], kept[sample], n_neighbors=15))
    print(
        f"umap-learn {umap.__version__}, numpy {numpy.__version__}, scikit-learn {sklearn.__version__}, "
        f"{os.cpu_count()} processors; {count} x {WIDTH}"
    )
    for side, times in seconds.items():
        print(f"{side}: median {statistics.median(times):.1f} s, trustworthiness {statistics.median(quality[side]):.4f}")
    ratios = [own / theirs for own, theirs in zip(seconds["dlm"], seconds["umap-learn"])]
    print(f"time of dlm / umap-learn: median {statistics.median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f}), {pairs} pairs")


main()
