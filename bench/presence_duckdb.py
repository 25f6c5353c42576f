"""DuckDB on the rows of bench/concurrency.sh or bench/retention.sh, one thread.

    presence_duckdb.py concurrency|retention FILE.csv RUNS

Prints "name, value, unit": the median of RUNS after one that warms up, in
seconds of one processor, which other load changes less than those that pass, of
the same question in plain SQL: DuckDB has no functions for it.
"""
import statistics
import sys
import time

import duckdb

QUERIES = {
    "concurrency": (
        "viewer INTEGER, entered TIMESTAMPTZ, left_at TIMESTAMPTZ",
        {
            "DuckDB, sweep with window sums": """
SELECT max(online), sum(online * epoch(next - t)) / 43200 FROM (
  SELECT t, sum(d) OVER (ORDER BY t, d ROWS UNBOUNDED PRECEDING) AS online, lead(t) OVER (ORDER BY t, d) AS next
  FROM (SELECT entered AS t, 1 AS d FROM event UNION ALL SELECT left_at, -1 FROM event) e) s""",
        },
    ),
    "retention": (
        "viewer BIGINT, ts TIMESTAMPTZ",
        {
            "DuckDB, join": """
WITH day AS MATERIALIZED (SELECT viewer, (ts AT TIME ZONE 'Asia/Shanghai')::date AS day FROM event GROUP BY 1, 2),
  first AS (SELECT viewer, min(day) AS cohort FROM day GROUP BY 1)
SELECT cohort, day - cohort AS period, count(*) FROM day JOIN first USING (viewer) WHERE day - cohort BETWEEN 0 AND 7 GROUP BY 1, 2""",
        },
    ),
}


def median_time(connection, query, runs):
    taken = []
    for _ in range(runs + 1):
        start = time.process_time()
        connection.execute(query).fetchall()
        taken.append(time.process_time() - start)
    return statistics.median(taken[1:])


def main():
    name, path, runs = sys.argv[1], sys.argv[2], int(sys.argv[3])
    columns, queries = QUERIES[name]
    connection = duckdb.connect(config={"threads": 1})
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(f"CREATE TABLE event ({columns})")
    connection.execute(f"COPY event FROM '{path}' (FORMAT csv, HEADER false)")
    for title, query in queries.items():
        print(f"{title} {duckdb.__version__}, {median_time(connection, query, runs):.4f}, CPU s", flush=True)


main()
