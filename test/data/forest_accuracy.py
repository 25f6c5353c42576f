"""Held-out accuracy of scikit-learn's default forest on the shared data sets.

Usage: forest_accuracy.py FOLDER > forest_accuracy.csv, where FOLDER holds adult and
online_shoppers. Numeric columns only; adult has a test file, of online_shoppers every
fifth row is held out. The mean over five seeds is what test/t/050_forest_accuracy.pl
compares with.
"""
import sys

import pandas as pd
import sklearn
from sklearn.ensemble import RandomForestClassifier


def accuracy(train, test, label):
    numeric = [c for c in train.columns if train[c].dtype.kind in "if"]
    scores = [
        RandomForestClassifier(random_state=seed).fit(train[numeric], train[label]).score(test[numeric], test[label])
        for seed in range(5)
    ]
    return len(numeric), sum(scores) / len(scores)


def main():
    folder = sys.argv[1]
    adult = [pd.read_csv(f"{folder}/adult/adult-{part}.csv.gz", na_values="?") for part in ("train", "test")]
    shoppers = pd.read_csv(f"{folder}/online_shoppers/online_shoppers_intention.csv.gz")
    held_out = (shoppers.index + 1) % 5 == 0

    print("data,features,accuracy,library")
    for name, train, test, label in (
        ("adult", *adult, "income"),
        ("online_shoppers", shoppers[~held_out], shoppers[held_out], "Revenue"),
    ):
        features, score = accuracy(train, test, label)
        print(f"{name},{features},{score:.4f},scikit-learn {sklearn.__version__}")


main()
