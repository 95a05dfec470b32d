"""TF-IDF and random forest beside scikit-learn.

    cargo build --release -p dlm-plugin-tfidf --example measure_forest
    python run.py speed DATA WORK [TREES]
    python run.py accuracy DATA WORK [TASK..]
    python run.py parity DATA WORK

DATA holds `genome/GRCh38.chr21.fa.gz` and `gue/`; WORK takes the inputs and `speed.json`, `accuracy.json`, `parity.json`.

Speed: both sides get the same tokens and the same threads and take turns; the figure is the median ratio of the pairs.
Reading is not timed on either side. Accuracy: forests of 100 trees with five seeds each; the five of scikit-learn
together are its forest of 500, of ours the first seed is also run with 500. Parity: 20 forests of 50 trees a side on one small task, with standard errors.
"""

import json
import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy
import scipy
import sklearn
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import matthews_corrcoef

import data

ROOT = Path(__file__).resolve().parents[3]
MEASURE = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release" / "examples" / "measure_forest"
PAIRS = 5
TASKS = ["prom/prom_300_tata", "tf/0", "tf/1", "prom/prom_core_all"]
SEEDS = [1, 2, 3, 4, 5]


def about():
    return {
        "machine": next(
            (line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "?"
        ),
        "cores": os.cpu_count(),
        "load": os.getloadavg(),
        "scikit-learn": sklearn.__version__,
        "numpy": numpy.__version__,
        "scipy": scipy.__version__,
        "python": platform.python_version(),
    }


def ours(work, name, trees, seed, threads):
    out = work / "predictions"
    run = subprocess.run(
        [MEASURE, work / f"{name}.train", work / f"{name}.test", str(trees), str(seed), out],
        env={**os.environ, "RAYON_NUM_THREADS": str(threads)},
        check=True,
        capture_output=True,
        text=True,
    )
    result = json.loads(run.stdout)
    result["predicted"] = [int(line) for line in out.read_text().split()]
    return result


def vectorize(work, name):
    labels, texts = data.load(work / f"{name}.train")
    test_labels, test_texts = data.load(work / f"{name}.test")
    started = time.perf_counter()
    vectorizer = TfidfVectorizer()
    records = vectorizer.fit_transform(texts)
    seconds = time.perf_counter() - started
    return labels, records, test_labels, vectorizer.transform(test_texts), seconds


def checked(records, mine):
    """Compares the features of both sides by a weighted sum of all of them."""
    assert records.shape[1] == mine["features"] and records.nnz == mine["stored"], "other features"
    checksum = float(((1 + records.indices % 97) * records.data).sum())
    assert abs(checksum / mine["checksum"] - 1) < 1e-6, f"checksums {checksum} and {mine['checksum']}"


def peer(work, name, trees, seed, threads, mine):
    labels, records, _, _, seconds = vectorize(work, name)
    checked(records, mine)
    started = time.perf_counter()
    forest = RandomForestClassifier(trees, random_state=seed, n_jobs=threads).fit(records, labels)
    fit = time.perf_counter() - started
    nodes = sum(tree.tree_.node_count for tree in forest.estimators_)
    return {"vectorize": seconds, "fit": fit, "nodes": nodes, "trees": trees}


def pairs(work, name, trees, peer_trees, threads):
    found = []
    for seed in range(PAIRS):
        mine = ours(work, name, trees, seed, threads)
        theirs = peer(work, name, peer_trees, seed, threads, mine)
        mine.pop("predicted")
        found.append({"ours": mine, "peer": theirs})
        print(name, threads, json.dumps(found[-1]), flush=True)
    per_tree = [
        (each["ours"]["fit"] / trees, each["peer"]["fit"] / peer_trees) for each in found
    ]
    return {
        "threads": threads,
        "trees": trees,
        "peer_trees": peer_trees,
        "pairs": found,
        "ours_s_per_tree": statistics.median(mine for mine, _ in per_tree),
        "peer_s_per_tree": statistics.median(theirs for _, theirs in per_tree),
        "fit_ratio": statistics.median(mine / theirs for mine, theirs in per_tree),
        "vectorize_ratio": statistics.median(each["ours"]["vectorize"] / each["peer"]["vectorize"] for each in found),
    }


def speed(root, work, trees=20):
    if not (work / "bpe.train").exists():
        data.bpe_windows(root, work)
    if not (work / "next6.train").exists():
        data.next_kmer(root, work)
    result = {"about": about()}
    for threads in (1, 2):
        result[f"bpe.{threads}"] = pairs(work, "bpe", trees, trees, threads)
    # A tree of scikit-learn keeps nodes x classes x 8 bytes, about 0.8 GB here: one tree a fit.
    result["next6.1"] = pairs(work, "next6", trees, 1, 1)
    result["next6.500"] = ours(work, "next6", 500, 1, 2)
    result["next6.500"].pop("predicted")
    print(json.dumps(result["next6.500"]))
    (work / "speed.json").write_text(json.dumps(result, indent=1))


def accuracy(root, work, tasks, trees=100):
    path = work / "accuracy.json"
    result = json.loads(path.read_text()) if path.exists() else {}
    result["about"] = about()
    for task in tasks:
        for overlap in (False, True):
            name = data.gue(root, work, task, 6, overlap)
            labels, records, answers, questions, _ = vectorize(work, name)
            score = lambda predicted: float(matthews_corrcoef(answers, predicted))
            mine = [score(ours(work, name, trees, seed, 1)["predicted"]) for seed in SEEDS]
            mine_500 = score(ours(work, name, 500, SEEDS[0], 1)["predicted"])
            theirs, probabilities = [], 0
            for seed in SEEDS:
                forest = RandomForestClassifier(trees, random_state=seed, n_jobs=1).fit(records, labels)
                found = forest.predict_proba(questions)
                theirs.append(score(found.argmax(axis=1)))
                probabilities = probabilities + found
            result[name] = {
                "trees": trees,
                "ours": mine,
                "peer": theirs,
                "ours_500": mine_500,
                "peer_500": score(probabilities.argmax(axis=1)) if trees * len(SEEDS) == 500 else None,
            }
            print(name, json.dumps(result[name]), flush=True)
            path.write_text(json.dumps(result, indent=1))


def parity(root, work, task="prom/prom_300_tata", trees=50, seeds=20):
    """Many small forests on a small task, where a difference between the two would show."""
    name = data.gue(root, work, task, 6, False)
    labels, records, answers, questions, _ = vectorize(work, name)
    found = {"ours": [], "peer": []}
    for seed in range(seeds):
        mine = ours(work, name, trees, seed, 1)
        checked(records, mine)
        found["ours"].append((matthews_corrcoef(answers, mine["predicted"]), mine["nodes"]))
        forest = RandomForestClassifier(trees, random_state=seed, n_jobs=1).fit(records, labels)
        nodes = sum(tree.tree_.node_count for tree in forest.estimators_)
        found["peer"].append((matthews_corrcoef(answers, forest.predict(questions)), nodes))
    result = {"about": about(), "task": name, "trees": trees, "seeds": seeds}
    for side, runs in found.items():
        for what, values in zip(("mcc", "nodes"), zip(*runs)):
            error = statistics.stdev(values) / seeds**0.5
            result[f"{side} {what}"] = {"mean": statistics.mean(values), "standard_error": error}
    print(json.dumps(result, indent=1))
    (work / "parity.json").write_text(json.dumps(result, indent=1))


def main():
    what, root, work, *rest = sys.argv[1:]
    root, work = data.data_root(root), Path(work)
    work.mkdir(parents=True, exist_ok=True)
    if what == "speed":
        speed(root, work, *map(int, rest))
    elif what == "parity":
        parity(root, work, *rest)
    else:
        accuracy(root, work, rest or TASKS)


main()
