"""The peer of bench/forest_journey.sh: rows out, scikit-learn, predictions back.

Prints the seconds of each stage: copy out, train, predict, copy back.
"""
import os
import sys
import time

import numpy
import psycopg
from sklearn.ensemble import RandomForestClassifier

FEATURES = 10
HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"

# A row of (id int, buys boolean, x float8[]) without NULLs, as COPY writes it.
ELEMENT = [("length", ">i4"), ("value", ">f8")]
ROW_OUT = numpy.dtype([
    ("fields", ">i2"), ("id_length", ">i4"), ("id", ">i4"), ("buys_length", ">i4"), ("buys", "?"),
    ("x_length", ">i4"), ("x_header", ">i4", 5), ("x", ELEMENT, FEATURES)])
ROW_BACK = numpy.dtype([
    ("fields", ">i2"), ("id_length", ">i4"), ("id", ">i4"), ("buys_length", ">i4"), ("buys", "?")])


def copy_out(connection):
    with connection.cursor().copy("COPY buyer (id, buys, x) TO STDOUT (FORMAT binary)") as copy:
        data = b"".join(copy)
    return numpy.frombuffer(data[len(HEADER):-len(TRAILER)], ROW_OUT)


def copy_back(connection, ids, buys):
    rows = numpy.empty(len(ids), ROW_BACK)
    rows["fields"], rows["id_length"], rows["id"], rows["buys_length"], rows["buys"] = 2, 4, ids, 1, buys
    connection.execute("DROP TABLE IF EXISTS peer_prediction")
    connection.execute("CREATE TABLE peer_prediction (id int, buys boolean)")
    with connection.cursor().copy("COPY peer_prediction FROM STDIN (FORMAT binary)") as copy:
        copy.write(HEADER + rows.tobytes() + TRAILER)
    connection.commit()


def main():
    trees, jobs = int(sys.argv[1]), os.cpu_count()
    with psycopg.connect() as connection:
        clock = [time.perf_counter()]
        rows = copy_out(connection)
        x, buys = rows["x"]["value"].astype(numpy.float32), rows["buys"]
        clock.append(time.perf_counter())
        forest = RandomForestClassifier(n_estimators=trees, n_jobs=jobs, random_state=42).fit(x, buys)
        clock.append(time.perf_counter())
        predicted = forest.predict(x)
        clock.append(time.perf_counter())
        copy_back(connection, rows["id"], predicted)
        clock.append(time.perf_counter())
    print(*(f"{after - before:.4f}" for before, after in zip(clock, clock[1:])))


main()
