"""Inertia of scikit-learn's KMeans, with 10 starts, on public data: kmeans_reference.csv.

  kmeans_reference.py DATA

DATA is the folder of the public data sets; scikit-learn brings iris, wine and
digits along. A line is data set, whether standardised, k, rows, inertia.
"""
import os
import sys

import numpy
import pandas
from sklearn.cluster import KMeans
from sklearn.datasets import load_digits, load_iris, load_wine
from sklearn.preprocessing import StandardScaler

KS = (2, 3, 5, 8, 10)


def shared_sets(folder):
    frame = pandas.read_csv(os.path.join(folder, "facebook_live_sellers/Live.csv"))
    yield "facebook", frame.select_dtypes("number").filter(regex="^num_")
    frame = pandas.read_csv(os.path.join(folder, "online_shoppers/online_shoppers_intention.csv.gz"))
    yield "shoppers", frame.iloc[:, :10]
    frame = pandas.read_csv(os.path.join(folder, "adult/adult-train.csv.gz"))
    yield "adult", frame.select_dtypes("number")


def own_sets():
    for name, load in (("iris", load_iris), ("wine", load_wine), ("digits", load_digits)):
        yield name, pandas.DataFrame(load().data)


def main():
    with open("kmeans_reference.csv", "w", encoding="ascii", newline="\n") as out:
        for name, frame in [*own_sets(), *shared_sets(sys.argv[1])]:
            x = frame.to_numpy(dtype=float)
            for standardize in (False, True):
                z = StandardScaler().fit_transform(x) if standardize else x
                for k in KS:
                    model = KMeans(k, n_init=10, random_state=42).fit(z)
                    print(name, str(standardize).lower(), k, len(z), repr(float(model.inertia_)), sep=",", file=out)


if __name__ == "__main__":
    main()
