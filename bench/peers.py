"""The forests of other libraries, on the rows of the benchmarks.

  peers.py NAME version
  peers.py NAME train TRAIN TEST TREES ... RUNS
  peers.py NAME predict TRAIN TEST TREES ... RUNS

TRAIN and TEST are CSV files of a label and features. For each number of trees a
line is printed: seconds and CPU seconds (medians of RUNS) to train on TRAIN, or
to predict TEST, in one thread; nodes per tree; accuracy on TEST. The forests
are fitted by two threads where that is not what is measured. Of more than two
classes, a tree of xgboost or LightGBM is one tree per class.

bench/ranger.R does the same with ranger.
"""
import functools
import importlib.metadata
import json
import math
import re
import statistics
import sys
import time

SEED = 42
BOOTSTRAP = 0.632  # the share of different rows in a bootstrap sample


def scikit_learn(trees, threads, rows, features):
    from sklearn.ensemble import RandomForestClassifier
    return RandomForestClassifier(n_estimators=trees, n_jobs=threads, random_state=SEED)


def scikit_learn_intelex(trees, threads, rows, features):
    from sklearnex.ensemble import RandomForestClassifier
    return RandomForestClassifier(n_estimators=trees, n_jobs=threads, random_state=SEED)


def xgboost(trees, threads, rows, features):
    """Its random forest mode, without what would keep a leaf from being pure."""
    from xgboost import XGBRFClassifier
    return XGBRFClassifier(
        n_estimators=trees, n_jobs=threads, random_state=SEED, tree_method="hist",
        max_depth=0, min_child_weight=0, subsample=BOOTSTRAP,
        colsample_bynode=mtry(features) / features)


def lightgbm(trees, threads, rows, features, leaves=131072):
    """131072 leaves are the most it takes, and each takes time whether used or not."""
    from lightgbm import LGBMClassifier
    return LGBMClassifier(
        boosting_type="rf", n_estimators=trees, n_jobs=threads, random_state=SEED, verbose=-1,
        num_leaves=min(leaves, rows), min_child_samples=1, min_child_weight=0, histogram_pool_size=4096,
        subsample=BOOTSTRAP, subsample_freq=1, feature_fraction_bynode=mtry(features) / features)


def mtry(features):
    return int(math.sqrt(features))


def sklearn_nodes(model):
    return [tree.tree_.node_count for tree in model.estimators_]


def xgboost_nodes(model):
    trees = json.loads(model.get_booster().save_raw("json"))
    trees = trees["learner"]["gradient_booster"]["model"]["trees"]
    return [int(tree["tree_param"]["num_nodes"]) for tree in trees]


def lightgbm_nodes(model):
    leaves = re.findall(r"^num_leaves=(\d+)$", model.booster_.model_to_string(), re.MULTILINE)
    return [2 * int(n) - 1 for n in leaves]


PEERS = {
    "scikit-learn": (scikit_learn, sklearn_nodes),
    "scikit-learn-intelex": (scikit_learn_intelex, sklearn_nodes),
    "xgboost": (xgboost, xgboost_nodes),
    "lightgbm": (lightgbm, lightgbm_nodes),
}


def timed(work):
    """What the work returns, and its seconds and CPU seconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    return result, time.perf_counter() - wall, time.process_time() - cpu


def read_rows(name, classes=None):
    """The features, the labels as numbers, and the names behind the numbers."""
    import numpy
    import pandas
    rows = pandas.read_csv(name, header=None)
    labels = rows[0].to_numpy(dtype=str)
    if classes is None:
        classes = numpy.unique(labels)
    return rows.iloc[:, 1:].to_numpy(dtype=float), numpy.searchsorted(classes, labels), classes


def prepare(name, x, y):
    """Load and try the library; returns a maker of forests for these rows."""
    make, count_nodes = PEERS[name]
    if name == "lightgbm":  # as many leaves as it needs, and some more
        tried = make(1, 1, *x.shape).fit(x, y)
        make = functools.partial(make, leaves=max(count_nodes(tried)) * 6 // 10)
    make(1, 1, *x.shape).fit(x[:1000], y[:1000]).predict(x[:1000])
    return lambda trees, threads: make(trees, threads, *x.shape)


def repeat(runs, work):
    """The last result, and the medians of seconds and of CPU seconds."""
    times = []
    for _ in range(runs):
        result = None  # two large forests need not be there at once
        result, *taken = timed(work)
        times.append(taken)
    return result, *map(statistics.median, zip(*times))


def measure(name, command, train, test, counts, runs):
    x, y, classes = read_rows(train)
    test_x, test_y, _ = read_rows(test, classes)
    make = prepare(name, x, y)
    for trees in counts:
        if command == "train":
            model, wall, cpu = repeat(runs, lambda: make(trees, 1).fit(x, y))
            predicted = model.predict(test_x)
        else:
            model = make(trees, 2).fit(x, y).set_params(n_jobs=1)
            predicted, wall, cpu = repeat(runs, lambda: model.predict(test_x))
        nodes = statistics.mean(PEERS[name][1](model))
        print(f"{wall:.4f} {cpu:.4f} {nodes:.0f} {(predicted == test_y).mean():.4f}", flush=True)


def main():
    name, command, *rest = sys.argv[1:]
    if command == "version":
        PEERS[name][0](1, 1, 2, 4)  # a library may be there and fail to load
        print(importlib.metadata.version(name))
    else:
        train, test, *counts, runs = rest
        measure(name, command, train, test, [int(n) for n in counts], int(runs))


if __name__ == "__main__":
    main()
