"""Inertia of ten starts over many seeds, ours and scikit-learn's.

  kmeans_inertia.py SEEDS

The sets are those that scikit-learn brings along, as they are and standardised,
with 2 to 10 clusters. Prints "name, value, unit": of each setting by how much
the mean over the seeds, and the worst of them, lie above the best that either
found, and the mean of that over all settings.
"""
import io
import statistics
import subprocess
import sys

import numpy
from sklearn.cluster import KMeans
from sklearn.datasets import load_iris, load_wine
from sklearn.preprocessing import StandardScaler

KS = (2, 3, 5, 8, 10)


def psql(command, **options):
    run = ["psql", "-qAtX", "-v", "ON_ERROR_STOP=1", "-c", command]
    return subprocess.run(run, check=True, stdout=subprocess.PIPE, encoding="ascii", **options).stdout


def keep(x):
    text = io.StringIO()
    for row in x:
        text.write("{" + ",".join(map(repr, map(float, row))) + "}\n")
    psql("DROP TABLE IF EXISTS known; CREATE UNLOGGED TABLE known (x float8[])", stderr=subprocess.DEVNULL)
    psql("COPY known FROM STDIN", input=text.getvalue())


def ours(k, standardize, seeds):
    options = f"jsonb_build_object('seed', seed, 'standardize', {standardize})"
    rows = psql(f"""SELECT (SELECT (kmeans_stats(kmeans_fit(x, {k}, {options}))).inertia FROM known)
        FROM generate_series(0, {seeds - 1}) seed""")
    return numpy.array([float(row) for row in rows.split()])


def peers(x, k, standardize, seeds):
    z = StandardScaler().fit_transform(x) if standardize else x
    return numpy.array([KMeans(k, n_init=10, random_state=seed).fit(z).inertia_ for seed in range(seeds)])


def main():
    seeds = int(sys.argv[1])
    above = {"kmeans_fit": [], "scikit-learn": []}
    for name, load in (("iris", load_iris), ("wine", load_wine)):
        x = load().data
        keep(x)
        for standardize in (False, True):
            for k in KS:
                found = {"kmeans_fit": ours(k, standardize, seeds), "scikit-learn": peers(x, k, standardize, seeds)}
                best = min(map(min, found.values()))
                for who, inertia in found.items():
                    what = f"{who}, {name}{' standardised' if standardize else ''}, k = {k}"
                    print(f"{what}, mean above the best, {100 * (inertia.mean() / best - 1):.3f}, %")
                    print(f"{what}, worst above the best, {100 * (inertia.max() / best - 1):.3f}, %", flush=True)
                    above[who].append(inertia.mean() / best - 1)
    for who, means in above.items():
        print(f"{who}, mean above the best over all settings, {100 * statistics.mean(means):.3f}, %")


main()
