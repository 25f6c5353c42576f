"""The comparison of bench/forest_accuracy.sh.

  forest_accuracy.py SEEDS TREES [SET ...]

Text columns are one-hot encoded and numeric ones taken as they are, once for both
sides. A cluster with the extension is where psycopg connects to by default.
"""
import math
import os
import statistics
import sys
from pathlib import Path

import pandas
import psycopg
import sklearn.datasets
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import StratifiedKFold, StratifiedShuffleSplit

LARGE = 5000  # rows from which a quarter is held out, instead of cross validation


def adult(folder):
    parts = [pandas.read_csv(folder / "adult" / f"adult-{part}.csv.gz") for part in ("train", "test")]
    return encode(pandas.concat(parts, ignore_index=True), "income")


def online_shoppers(folder):
    return encode(pandas.read_csv(folder / "online_shoppers" / "online_shoppers_intention.csv.gz"), "Revenue")


def facebook_live_sellers(folder):
    """The kind of a post from the reactions to it; some posts are in the file twice."""
    rows = pandas.read_csv(folder / "facebook_live_sellers" / "Live.csv").drop_duplicates("status_id")
    return encode(rows.drop(columns=["status_id", "status_published"]), "status_type")


def encode(rows, label):
    features = pandas.get_dummies(rows.drop(columns=[label]))
    return features.to_numpy(dtype=float), rows[label].to_numpy(dtype=str)


def bundled(name):
    data = getattr(sklearn.datasets, f"load_{name}")()
    return data.data, data.target.astype(str)


PUBLIC = {"adult": adult, "online_shoppers": online_shoppers, "facebook_live_sellers": facebook_live_sellers}
BUNDLED = ["digits", "wine", "breast_cancer", "iris"]


def load(name):
    """Features and labels, or None where the set is not to be had."""
    if name in BUNDLED:
        return bundled(name)
    folder = Path(os.environ.get("LIVEANALYTICS_DATA", ""))
    if not (folder / name).is_dir():
        print(f"{name} is not in LIVEANALYTICS_DATA: left out", file=sys.stderr)
        return None
    return PUBLIC[name](folder)


def splits(x, y, seed):
    if len(y) >= LARGE:
        splitter = StratifiedShuffleSplit(1, test_size=0.25, random_state=seed)
    else:
        splitter = StratifiedKFold(5, shuffle=True, random_state=seed)
    return splitter.split(x, y)


def store(connection, x, y):
    connection.execute("DROP TABLE IF EXISTS example")
    connection.execute("CREATE TABLE example (id int, label text, x float8[])")
    with connection.cursor().copy("COPY example FROM STDIN") as copy:
        for row in zip(range(len(y)), y.tolist(), x.tolist()):
            copy.write_row(row)


OUR_ACCURACY = """
    WITH model AS MATERIALIZED (
      SELECT rf_train(label, x, jsonb_build_object('trees', %(trees)s::int, 'seed', %(seed)s::int)) AS forest
      FROM example WHERE id <> ALL (%(held_out)s))
    SELECT (SELECT accuracy(label, rf_predict((SELECT forest FROM model), x))
            FROM example WHERE id = ANY (%(held_out)s)),
           (SELECT (rf_info(forest)->'out_of_bag'->>'accuracy')::float8 FROM model)"""


def our_accuracy(connection, held_out, trees, seed):
    """On the held-out rows, and out of bag on the others, None if the model does not say."""
    values = {"trees": trees, "seed": seed, "held_out": held_out.tolist()}
    return connection.execute(OUR_ACCURACY, values).fetchone()


def peer_accuracy(x, y, train, test, trees, seed):
    forest = RandomForestClassifier(n_estimators=trees, random_state=seed, n_jobs=-1)
    return forest.fit(x[train], y[train]).score(x[test], y[test])


def compare_seed(connection, x, y, trees, seed):
    """Means over the splits: ours, the peer's, and out of bag."""
    results = []
    for train, test in splits(x, y, seed):
        ours, out_of_bag = our_accuracy(connection, test, trees, seed)
        results.append((ours, peer_accuracy(x, y, train, test, trees, seed), out_of_bag))
    ours, peer, out_of_bag = zip(*results)
    return mean(ours), mean(peer), mean(out_of_bag)


def mean(values):
    """None if one of them is not known."""
    return None if None in values else statistics.mean(values)


def compare(connection, name, x, y, seeds, trees):
    """Prints the rows of one set; returns ours less the peer's."""
    store(connection, x, y)
    ours, peer, out_of_bag = zip(*(compare_seed(connection, x, y, trees, seed) for seed in range(1, seeds + 1)))
    differences = [a - b for a, b in zip(ours, peer)]
    print_percent(f"{name}, accuracy", mean(ours), "%")
    print_percent(f"{name}, accuracy, scikit-learn", mean(peer), "%")
    print_percent(f"{name}, difference", mean(differences), "points")
    if seeds > 1:
        print_percent(f"{name}, standard error of the difference",
                      statistics.stdev(differences) / math.sqrt(seeds), "points")
    if mean(out_of_bag) is not None:
        print_percent(f"{name}, out-of-bag accuracy", mean(out_of_bag), "%")
        print_percent(f"{name}, out of bag less held out", mean(out_of_bag) - mean(ours), "points")
    return mean(differences)


def print_percent(name, share, unit):
    print(f"{name}, {100 * share:.3f}, {unit}", flush=True)


def main():
    seeds, trees = int(sys.argv[1]), int(sys.argv[2])
    differences = []
    with psycopg.connect(autocommit=True) as connection:
        for name in sys.argv[3:] or [*PUBLIC, *BUNDLED]:
            data = load(name)
            if data is not None:
                differences.append(compare(connection, name, *data, seeds, trees))
    if not differences:
        return
    print_percent("mean difference", mean(differences), "points")
    print_percent("worst difference", min(differences), "points")


main()
