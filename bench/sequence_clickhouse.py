"""ClickHouse's sequenceMatch, by way of chdb, over a CSV of viewer, seconds, kind: "name, value, unit".

    sequence_clickhouse.py FILE RUNS PATTERN...
"""
import statistics
import sys
import time

from chdb import session

path, runs, patterns = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
db = session.Session()
db.query("CREATE DATABASE IF NOT EXISTS bench")
db.query("CREATE TABLE bench.event (viewer UInt32, ts DateTime, kind UInt8) ENGINE = Memory")
db.query(f"INSERT INTO bench.event SELECT * FROM file('{path}', 'CSV', 'viewer UInt32, ts DateTime, kind UInt8')")


def seconds(query):
    db.query(query)
    times, cpus = [], []
    for _ in range(runs):
        cpu, start = time.process_time(), time.perf_counter()
        db.query(query)
        times.append(time.perf_counter() - start)
        cpus.append(time.process_time() - cpu)
    return statistics.median(times), statistics.median(cpus)


def show(name, query):
    wall, cpu = seconds(query)
    print(f"{name}, {wall:.4f}, s", f"{name}, {cpu:.4f}, CPU s", sep="\n", flush=True)


one = "SETTINGS max_threads = 1"
show("ClickHouse, bare grouping", f"SELECT count() FROM (SELECT max(ts) AS m FROM bench.event GROUP BY viewer) WHERE m > 0 {one}")
for pattern in patterns:
    match = f"sequenceMatch('{pattern}')(ts, kind = 1, kind = 2, kind = 3)"
    query = f"SELECT sum(m) FROM (SELECT {match} AS m FROM bench.event GROUP BY viewer) {one}"
    show(f"ClickHouse, {pattern}", query)
    print(f"ClickHouse, {pattern}, answer, {str(db.query(query)).strip()}, viewers")
