"""Reference figures of scikit-learn for test/sql/ranking.sql, errors.sql and encode.sql.

Prints one JSON object a line: a case's actual values and its scores, predictions
or probabilities, with the figures that scikit-learn makes of them; null where it
answers with NaN. Run it as: python evaluate_scores.py >evaluate_scores.jsonl
"""
import json
import math
import warnings

import numpy as np
from sklearn.metrics import (average_precision_score, brier_score_loss, log_loss, mean_absolute_error,
                             mean_absolute_percentage_error, mean_squared_error, r2_score, roc_auc_score,
                             root_mean_squared_error)
from sklearn.preprocessing import OneHotEncoder, StandardScaler

warnings.simplefilter("ignore")
random = np.random.default_rng(20261124)


def number(x):
    return None if math.isnan(x) else float(x)


def show(kind, case, actual, predicted, **figures):
    print(json.dumps({"kind": kind, "case": case, "actual": np.asarray(actual).tolist(),
                      "predicted": np.asarray(predicted).tolist(),
                      **{name: number(f) for name, f in figures.items()}}))


def ranking(case, actual, score):
    actual = np.asarray(actual, dtype=bool)
    # without a positive row scikit-learn says 0 and warns that recall is undefined
    show("ranking", case, actual, score, roc_auc=roc_auc_score(actual, score),
         pr_auc=average_precision_score(actual, score) if actual.any() else math.nan)


def probability(case, actual, p):
    actual = np.asarray(actual, dtype=bool)
    show("probability", case, actual, p, log_loss=log_loss(actual, p, labels=[False, True]),
         brier_score=brier_score_loss(actual, p))


def classes(case, names, actual, p):
    show("classes", case, actual, p, log_loss=log_loss(actual, p, labels=names))


def regression(case, actual, predicted):
    show("regression", case, actual, predicted, rmse=root_mean_squared_error(actual, predicted),
         mae=mean_absolute_error(actual, predicted), r2_score=r2_score(actual, predicted),
         mape=mean_absolute_percentage_error(actual, predicted))


n = 400
label = random.random(n) < 0.3
signal = label + random.normal(size=n)
ranking("continuous", label, signal)
ranking("heavy ties", label, np.round(signal))
ranking("some ties", label, np.round(signal, 1))
ranking("rare", random.random(n) < 0.01, random.random(n).round(2))
ranking("in order", [0, 0, 0, 1, 1], [0.1, 0.2, 0.3, 0.4, 0.5])
ranking("reversed", [1, 1, 0, 0, 0], [0.1, 0.2, 0.3, 0.4, 0.5])
ranking("one score", [0, 1, 0, 1, 1], [0.5] * 5)
ranking("zeros of both signs", [0, 1, 0, 1, 1], [0.0, -0.0, -1.0, 0.0, 1.0])
ranking("large and small", [0, 1, 0, 1, 1, 0], [-1e308, 1e308, 5e-324, 1e-300, -5e-324, 0.0])
ranking("true only", [1, 1, 1], [0.1, 0.2, 0.2])
ranking("false only", [0, 0], [0.1, 0.2])
ranking("one row", [1], [0.1])
ranking("two rows", [0, 1], [0.4, 0.3])

p = 1 / (1 + np.exp(-signal))
probability("continuous", label, p)
probability("rounded", label, p.round(2))
probability("certain and right", [0, 1, 1], [0.0, 1.0, 1.0])
probability("certain and wrong", [0, 1, 1], [1.0, 0.0, 1.0])
probability("nearly certain", [0, 1, 0, 1, 0, 1], [1e-20, 1e-20, 1e-16, 1e-16, 1 - 1e-16, 1 - 1e-16])
probability("true only", [1, 1], [0.3, 0.4])
probability("one row", [0], [0.25])

names = ["a", "b", "c"]
shares = random.dirichlet([0.3, 0.5, 1], 100)
classes("three classes", names, random.choice(names, 100), shares)
classes("certain", names, ["a", "b", "c", "a"], [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 1.0, 0.0], [0.25, 0.5, 0.25]])
classes("two classes", names[:2], ["a", "b", "b"], [[0.5, 0.5], [0.125, 0.875], [1e-20, 1.0]])

y = random.normal(50, 20, n)
f = y + random.normal(0, 5, n)
regression("random", y, f)
regression("far from 0", y + 1e6, f + 1e6)
regression("with zeros", np.where(random.random(n) < 0.1, 0, y), f)
regression("whole numbers", y.round(), f.round())
regression("bad", y, -f)
regression("exact", y, y)
regression("constant target", [3.0] * 5, [3.0, 3.0, 3.5, 2.0, 3.0])
regression("constant and exact", [3.0] * 5, [3.0] * 5)
regression("large", y * 1e100, f * 1e100)
regression("small", y * 1e-100, f * 1e-100)
regression("one row", [2.0], [3.0])


def standardized(case, values):
    show("standardize", case, values, StandardScaler().fit_transform(np.reshape(values, (-1, 1)))[:, 0])


standardized("random", y)
standardized("far from 0", y + 1e6)
standardized("whole numbers", [1.0, 2.0, 2.0, 10.0])
standardized("constant", [0.1] * 6)
standardized("one", [7.0])
words = ["b", "a", "", "c", "a", "B", "\u00e9", "b"]
show("one_hot", "words", words, OneHotEncoder(sparse_output=False).fit_transform(np.reshape(words, (-1, 1))))
