#!/usr/bin/env python3
"""Fetch the table "features" by COPY, as text for pandas or binary, or binary
by way of psql, and fit it with numpy.

Prints the median of RUNS runs: seconds, and CPU seconds of this process and of
psql. A driver in Python takes each row in turn, so psql is the fastest way.
"""
import io
import os
import resource
import statistics
import subprocess
import sys
import time

import numpy
import pandas
import psycopg


def fetch(connection, form):
    """All of the rows as a matrix: y, then the features."""
    columns = ", ".join(f"x[{i}]" for i in range(1, 11))
    options = " WITH (FORMAT binary)" if form == "binary" else ""
    with connection.cursor() as cursor, cursor.copy(f"COPY (SELECT y, {columns} FROM features) TO STDOUT{options}") as copy:
        data = b"".join(copy)
    if form == "text":
        return pandas.read_csv(io.BytesIO(data), sep="\t", header=None).to_numpy()
    # a header of 19 bytes; rows of a count and 11 lengths with 8 bytes each; a trailer of 2
    row = numpy.dtype([("count", ">i2")] + [(f"f{i}", [("length", ">i4"), ("value", ">f8")]) for i in range(11)])
    rows = numpy.frombuffer(data[19:-2], dtype=row)
    return numpy.column_stack([rows[f"f{i}"]["value"].astype(float) for i in range(11)])


def fetch_by_psql():
    """The same of (y float8, x float8[]), whose header has 20 bytes, as psql writes it."""
    copy = ["psql", "-qAtX", "-c", "COPY features (y, x) TO STDOUT (FORMAT binary)"]
    data = subprocess.run(copy, stdout=subprocess.PIPE, check=True).stdout
    row = numpy.dtype([("count", ">i2"), ("y_length", ">i4"), ("y", ">f8"), ("x_length", ">i4"), ("x_header", ">i4", 5),
                       ("x", [("length", ">i4"), ("value", ">f8")], 10)])
    rows = numpy.frombuffer(data[19:-2], dtype=row)
    return numpy.column_stack([rows["y"].astype(float), rows["x"]["value"].astype(float)])


def fit(form):
    if form == "psql":
        rows = fetch_by_psql()
    else:
        with psycopg.connect("") as connection:
            rows = fetch(connection, form)
    design = numpy.column_stack([numpy.ones(len(rows)), rows[:, 1:]])
    return numpy.linalg.lstsq(design, rows[:, 0], rcond=None)[0]


def cpu_seconds():
    """Of this process and those it has waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


def main():
    times = []
    for _ in range(int(os.environ.get("RUNS", "3"))):
        wall, cpu = time.perf_counter(), cpu_seconds()
        fit(sys.argv[1])
        times.append((time.perf_counter() - wall, cpu_seconds() - cpu))
    print(*(f"{statistics.median(t):.4f}" for t in zip(*times)))


if __name__ == "__main__":
    main()
