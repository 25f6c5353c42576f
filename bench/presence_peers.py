"""DuckDB and ClickHouse (chdb) on the rows of bench/concurrency.sh, retention.sh
or viewer_set.sh, one thread each.

    presence_peers.py concurrency|retention|viewer_set FOLDER RUNS

FOLDER has the tables as NAME.csv. Prints "name, value, unit": the median of RUNS
after one that warms up, in seconds of one processor, which other load changes
less than those that pass; the answers, where they are numbers to compare; and
the versions. An engine that Python does not have is left out.
"""
import statistics
import sys
import time

# of each benchmark: tables, then the queries of DuckDB and those of ClickHouse
BENCHMARKS = {
    "concurrency": (
        {"visit": [("viewer", "INTEGER", "Int32"), ("entered", "BIGINT", "Int64"), ("left_at", "BIGINT", "Int64")]},
        {
            "sweep with window sums": """
SELECT max(online), sum(online * (next - t)) / 43200e6 FROM (
  SELECT t, sum(d) OVER (ORDER BY t, d ROWS UNBOUNDED PRECEDING) AS online, lead(t) OVER (ORDER BY t, d) AS next
  FROM (SELECT entered AS t, 1 AS d FROM visit UNION ALL SELECT left_at, -1 FROM visit) e) s""",
        },
        {
            "maxIntersections and a sum of stays": "SELECT maxIntersections(entered, left_at), sum(left_at - entered) / 43200e6 FROM visit",
            "maxIntersections": "SELECT maxIntersections(entered, left_at) FROM visit",
        },
    ),
    "retention": (
        {"event": [("viewer", "BIGINT", "Int64"), ("us", "BIGINT", "Int64")]},
        {
            "join": """
WITH day AS MATERIALIZED (SELECT viewer, (to_timestamp(us / 1e6) AT TIME ZONE 'Asia/Shanghai')::date AS day FROM event GROUP BY 1, 2),
  first AS (SELECT viewer, min(day) AS cohort FROM day GROUP BY 1)
SELECT count(*), sum(n) FROM (
  SELECT cohort, day - cohort AS period, count(*) AS n FROM day JOIN first USING (viewer) WHERE day - cohort BETWEEN 0 AND 7 GROUP BY 1, 2) m""",
        },
        {
            "groupUniqArray and ARRAY JOIN": """
SELECT count(), sum(n) FROM (
  SELECT cohort, day - cohort AS period, count() AS n
  FROM (SELECT viewer, groupUniqArray(toDate(fromUnixTimestamp64Micro(us, 'Asia/Shanghai'))) AS days, arrayMin(days) AS cohort FROM event GROUP BY viewer)
  ARRAY JOIN days AS day WHERE day - cohort BETWEEN 0 AND 7 GROUP BY cohort, period)""",
        },
    ),
    "viewer_set": (
        {
            "number": [("n", "BIGINT", "UInt64"), ("few", "BIGINT", "UInt64")],
            "event": [("day", "INTEGER", "Int32"), ("viewer", "BIGINT", "UInt64")],
        },
        {
            "count(DISTINCT) of different numbers": "SELECT count(DISTINCT n) FROM number",
            "count(DISTINCT) of 500000 viewers": "SELECT count(DISTINCT few) FROM number",
            "count(DISTINCT) over the events": "SELECT count(DISTINCT viewer) FROM event",
        },
        {
            "uniqExact of different numbers": "SELECT uniqExact(n) FROM number",
            "groupBitmap of different numbers": "SELECT groupBitmap(n) FROM number",
            "uniqExact of 500000 viewers": "SELECT uniqExact(few) FROM number",
            "groupBitmap of 500000 viewers": "SELECT groupBitmap(few) FROM number",
            "uniqExact over the events": "SELECT uniqExact(viewer) FROM event",
            "groupBitmapMerge of the days": "SELECT groupBitmapMerge(s) FROM day_set",
        },
    ),
}

# tables made from the others, ClickHouse only
DERIVED = {"day_set": "SELECT day, groupBitmapState(viewer) AS s FROM event GROUP BY day"}


def measure(name, run, runs):
    """Print what a call takes and gives."""
    taken = []
    for _ in range(runs + 1):
        start = time.process_time()
        answer = run()
        taken.append(time.process_time() - start)
    print(f"{name}, {statistics.median(taken[1:]):.4f}, CPU s")
    print(f"{name}, {answer}, answer", flush=True)


def text_of(values):
    return " ".join(f"{float(value):.10g}" for value in values)


def duck(tables, queries, folder, runs):
    import duckdb

    connection = duckdb.connect(config={"threads": 1})
    connection.execute("SET enable_progress_bar = false")
    for name, columns in tables.items():
        connection.execute(f"CREATE TABLE {name} ({', '.join(f'{c} {kind}' for c, kind, _ in columns)})")
        connection.execute(f"COPY {name} FROM '{folder}/{name}.csv' (FORMAT csv, HEADER false)")
    print(f"DuckDB, {duckdb.__version__}, version")
    for name, query in queries.items():
        measure(f"DuckDB {name}", lambda: text_of(connection.execute(query).fetchone()), runs)


def clickhouse(tables, queries, folder, runs):
    import chdb.session

    session = chdb.session.Session()
    session.query("CREATE DATABASE bench")
    session.query("USE bench")
    for name, columns in tables.items():
        shape = ", ".join(f"{c} {kind}" for c, _, kind in columns)
        session.query(f"CREATE TABLE {name} ({shape}) ENGINE = Memory")
        session.query(f"INSERT INTO {name} SELECT * FROM file('{folder}/{name}.csv', CSV, '{shape}')")
    for name, query in DERIVED.items():
        if any(f"FROM {name}" in text for text in queries.values()):
            session.query(f"CREATE TABLE {name} ENGINE = Memory AS {query}")
    version = str(session.query("SELECT version()", "TSV")).strip()
    print(f"ClickHouse, {version}, version")
    for name, query in queries.items():
        measure(f"ClickHouse {name}", lambda: text_of(str(session.query(f"{query} SETTINGS max_threads = 1", "TSV")).split()), runs)
    session.close()


def main():
    name, folder, runs = sys.argv[1], sys.argv[2], int(sys.argv[3])
    tables, of_duck, of_clickhouse = BENCHMARKS[name]
    for engine, queries in ((duck, of_duck), (clickhouse, of_clickhouse)):
        try:
            engine(tables, queries, folder, runs)
        except ImportError as missing:
            print(f"left out: {missing}", file=sys.stderr)


main()
