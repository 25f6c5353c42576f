"""scikit-learn's side of bench/forest.sh, on the same rows: CSV on standard input.

Columns: train or test, label, features. Prints "name, value, unit" rows.
"""
import sys
import time

import pandas as pd
import sklearn
from sklearn.ensemble import RandomForestClassifier


def main():
    rows = pd.read_csv(sys.stdin, header=None)
    train, test = (rows[rows[0] == part] for part in ("train", "test"))
    forest = RandomForestClassifier(n_estimators=int(sys.argv[1]), random_state=42)

    started = time.perf_counter()
    forest.fit(train.iloc[:, 2:].to_numpy(), train[1].to_numpy())
    fitted = time.perf_counter()
    predicted = forest.predict(test.iloc[:, 2:].to_numpy())
    done = time.perf_counter()

    print(f"train peer, {fitted - started:.3f}, s")
    print(f"predict peer, {done - fitted:.3f}, s")
    print(f"accuracy peer, {(predicted == test[1]).mean():.4f}, share")
    print(f"peer, {sklearn.__version__}, scikit-learn")


main()
