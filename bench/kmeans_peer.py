"""scikit-learn's KMeans on the rows of bench/kmeans.sh, in one thread.

  kmeans_peer.py version
  kmeans_peer.py TABLE FEATURES ALGORITHM K

Takes the rows from psql, in binary, which costs least, and fits them. Prints
seconds and CPU seconds of both, number of iterations and inertia. CPU seconds
are those of Python and psql, and not of the server that copies the rows out;
loading the library is not counted.
"""
import os
import subprocess
import sys
import time

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import numpy
import sklearn
from sklearn.cluster import KMeans

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"


def now():
    used = os.times()
    return time.perf_counter(), used.user + used.system + used.children_user + used.children_system


def read_rows(table, features):
    """A row of (x float8[]) without NULLs, as COPY writes it."""
    element = [("length", ">i4"), ("value", ">f8")]
    row = numpy.dtype([("fields", ">i2"), ("length", ">i4"), ("header", ">i4", 5), ("x", element, features)])
    copy = ["psql", "-qAtX", "-c", f"COPY {table} (x) TO STDOUT (FORMAT binary)"]
    data = subprocess.run(copy, check=True, stdout=subprocess.PIPE).stdout
    return numpy.frombuffer(data[len(HEADER):-len(TRAILER)], row)["x"]["value"].astype(numpy.float64)


def main():
    if sys.argv[1] == "version":
        print(sklearn.__version__)
        return
    table, features, algorithm, k = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
    clock = [now()]
    x = read_rows(table, features)
    clock.append(now())
    model = KMeans(k, n_init=1, random_state=42, algorithm=algorithm).fit(x)
    clock.append(now())
    times = [after[i] - before[i] for before, after in zip(clock, clock[1:]) for i in (0, 1)]
    print(*(f"{t:.4f}" for t in times), model.n_iter_, repr(float(model.inertia_)))


main()
