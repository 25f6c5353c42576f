"""The peers of bench/logreg.sh: rows out of the database, then a fit.

    python bench/logreg_peers.py statsmodels|scikit-learn RUNS

Prints medians: seconds and CPU seconds of the copy, of the fit, and the
log-likelihood. The copy is binary, by psql, and read without parsing: the fastest
there is.
"""
import importlib.metadata
import resource
import statistics
import subprocess
import sys
import time

import numpy

FEATURES = 10
HEADER = len(b"PGCOPY\n\xff\r\n\0") + 8
TRAILER = 2

# A row of (label boolean, x float8[]) without NULLs, as COPY writes it.
ELEMENT = [("length", ">i4"), ("value", ">f8")]
ROW = numpy.dtype([
    ("fields", ">i2"), ("label_length", ">i4"), ("label", "?"),
    ("x_length", ">i4"), ("x_header", ">i4", 5), ("x", ELEMENT, FEATURES)])


def fetch():
    copy = ["psql", "-qAtX", "-c", "COPY viewer (label, x) TO STDOUT (FORMAT binary)"]
    data = subprocess.run(copy, stdout=subprocess.PIPE, check=True).stdout
    rows = numpy.frombuffer(data[HEADER:-TRAILER], ROW)
    return rows["x"]["value"].astype(float), rows["label"].astype(float)


def fit_statsmodels(x, y):
    import statsmodels.api
    result = statsmodels.api.Logit(y, statsmodels.api.add_constant(x)).fit(disp=False)
    result.bse
    return result.llf


def fit_scikit_learn(x, y):
    from sklearn.linear_model import LogisticRegression
    model = LogisticRegression(C=numpy.inf, solver="newton-cholesky", tol=1e-8).fit(x, y)
    eta = model.decision_function(x)
    return -numpy.logaddexp(0, numpy.where(y > 0, -eta, eta)).sum()


PEERS = {"statsmodels": fit_statsmodels, "scikit-learn": fit_scikit_learn}


def cpu_seconds():
    """Of this process and those it has waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


def timed(work, *arguments):
    wall, cpu = time.perf_counter(), cpu_seconds()
    result = work(*arguments)
    return result, time.perf_counter() - wall, cpu_seconds() - cpu


def main():
    name, runs = sys.argv[1], int(sys.argv[2])
    times = []
    PEERS[name](numpy.arange(40.0).reshape(20, 2) % 7, numpy.arange(20.0) % 3 > 1)  # loads the library
    for _ in range(runs):
        (x, y), *fetched = timed(fetch)
        value, *fitted = timed(PEERS[name], x, y)
        times.append(fetched + fitted)
    print(*(f"{t:.4f}" for t in map(statistics.median, zip(*times))), f"{value:.6f}",
          importlib.metadata.version(name))


main()
