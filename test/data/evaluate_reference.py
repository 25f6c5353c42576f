"""Reference figures of scikit-learn for test/sql/evaluate.sql.

Prints one JSON object a line: a case's actual and predicted classes with the
confusion matrix, report and accuracy that scikit-learn makes of them.
Run it as: python evaluate_reference.py >evaluate_reference.jsonl
"""
import json
import sys

import numpy as np
from sklearn.metrics import accuracy_score, classification_report, confusion_matrix
from sklearn.utils.multiclass import unique_labels

random = np.random.default_rng(20240517)


def noisy(classes, n, right, weights=None):
    """n actual classes and a guess at each that is right with probability `right`."""
    actual = random.choice(classes, n, p=weights)
    guess = random.choice(classes, n)
    return actual, np.where(random.random(n) < right, actual, guess)


skew = np.array([0.9, 0.06, 0.03, 0.009, 0.001])
many = np.array([f"c{i}" for i in range(40)])
CASES = {
    "binary": noisy(np.array(["f", "t"]), 60, 0.7),
    "three classes": noisy(np.array(["cat", "dog", "fish"]), 50, 0.5),
    "skewed": noisy(np.array(["a", "b", "c", "d", "e"]), 400, 0.4, skew),
    "forty classes": noisy(many, 300, 0.6),
    "predicted only": (["a", "a", "b", "b", "a"], ["a", "z", "b", "z", "b"]),
    "actual only": (["a", "q", "b", "q", "a"], ["a", "a", "b", "b", "b"]),
    "never right": (["a", "b", "c"], ["b", "c", "a"]),
    "always right": (["a", "b", "c", "a"], ["a", "b", "c", "a"]),
    "disjoint": (["a", "b", "a"], ["x", "y", "y"]),
    "one class": (["only", "only"], ["only", "only"]),
    "one row": (["yes"], ["no"]),
    "odd names": (["", "Ä", "a\"b", "accuracy", "观众", "\\", " ", "\U0001F600", "", "A"],
                  ["", "ä", "a\"b", "macro avg", "观众", "\\", "", "\U0001F600", "\U0000FFFD", "a"]),
}


def reference(name, actual, predicted):
    actual, predicted = [str(x) for x in actual], [str(x) for x in predicted]
    labels = [str(x) for x in unique_labels(actual, predicted)]
    matrix = confusion_matrix(actual, predicted, labels=labels)
    # the flat dictionary has no room for a class called "accuracy": number the classes
    report = classification_report(actual, predicted, labels=labels, output_dict=True, zero_division=0,
                                   target_names=[f"class {i}" for i in range(len(labels))])
    figures = [[row["precision"], row["recall"], row["f1-score"], row["support"]]
               for row in (report[f"class {i}"] for i in range(len(labels)))]
    means = [[report[m][k] for k in ("precision", "recall", "f1-score", "support")]
             for m in ("macro avg", "weighted avg")]
    return {"case": name, "actual": actual, "predicted": predicted, "labels": labels,
            "matrix": matrix.tolist(), "classes": figures, "macro": means[0], "weighted": means[1],
            "accuracy": accuracy_score(actual, predicted)}


for name, (actual, predicted) in CASES.items():
    json.dump(reference(name, actual, predicted), sys.stdout, default=lambda x: x.item())
    print()
