#!/usr/bin/env python3
"""Fetch the table "features" by COPY, as text for pandas or binary, and fit it
with numpy.

Prints the median of RUNS runs: seconds, and CPU seconds of this process.
"""
import io
import os
import statistics
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


def fit(form):
    with psycopg.connect("") as connection:
        rows = fetch(connection, form)
    design = numpy.column_stack([numpy.ones(len(rows)), rows[:, 1:]])
    return numpy.linalg.lstsq(design, rows[:, 0], rcond=None)[0]


def main():
    times = []
    for _ in range(int(os.environ.get("RUNS", "3"))):
        wall, cpu = time.perf_counter(), time.process_time()
        fit(sys.argv[1])
        times.append((time.perf_counter() - wall, time.process_time() - cpu))
    print(*(f"{statistics.median(t):.4f}" for t in zip(*times)))


if __name__ == "__main__":
    main()
