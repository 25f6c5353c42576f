"""The peer of bench/evaluate.sh: rows out, and scikit-learn's figure of them.

  evaluate.py roc_auc|pr_auc|log_loss|rmse

Prints the seconds of COPY, those of the figure, and the figure.
"""
import subprocess
import sys
import time

import numpy
from sklearn.metrics import average_precision_score, log_loss, roc_auc_score, root_mean_squared_error

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"

# two columns without NULLs, as COPY writes them
LABEL_AND_SCORE = numpy.dtype([("fields", ">i2"), ("a_length", ">i4"), ("a", "?"), ("b_length", ">i4"), ("b", ">f8")])
TWO_NUMBERS = numpy.dtype([("fields", ">i2"), ("a_length", ">i4"), ("a", ">f8"), ("b_length", ">i4"), ("b", ">f8")])

FIGURES = {
    "roc_auc": ("actual, score", LABEL_AND_SCORE, roc_auc_score),
    "pr_auc": ("actual, score", LABEL_AND_SCORE, average_precision_score),
    "log_loss": ("actual, score", LABEL_AND_SCORE, log_loss),
    "rmse": ("y, predicted", TWO_NUMBERS, root_mean_squared_error),
}


def main():
    columns, dtype, figure = FIGURES[sys.argv[1]]
    start = time.perf_counter()
    # faster than any driver: psql passes on what the server sends
    data = subprocess.run(["psql", "-qX", "-c", f"COPY judged ({columns}) TO STDOUT (FORMAT binary)"],
                          stdout=subprocess.PIPE, check=True).stdout
    rows = numpy.frombuffer(data[len(HEADER):-len(TRAILER)], dtype)
    a, b = rows["a"].astype(dtype["a"].newbyteorder("=")), rows["b"].astype("f8")
    fetched = time.perf_counter()
    result = figure(a, b)
    print(f"{fetched - start:.4f} {time.perf_counter() - fetched:.4f} {result!r}")


main()
