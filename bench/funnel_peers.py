"""ClickHouse (chdb) and DuckDB on the events that bench/funnel.sh exports.

    python bench/funnel_peers.py events.csv RUNS

Rows of "name, value, unit"; one thread, tables in the engine's own memory
format, the median of RUNS runs after one that warms up, in seconds that pass and
in seconds of the processor. DuckDB has no funnel of its own: it runs the window
functions of bench/funnel.sh.
"""
import statistics
import sys
import time

import chdb.session
import duckdb

STEPS = ["enter", "product_show", "product_click", "add_cart", "pay"]


def measure(name, run, runs):
    run()
    walls, cpus = [], []
    for _ in range(runs):
        wall, cpu = time.monotonic(), time.process_time()
        run()
        walls.append(time.monotonic() - wall)
        cpus.append(time.process_time() - cpu)
    show(name, statistics.median(walls))
    show(name, statistics.median(cpus), "CPU s")


def show(name, value, unit="s"):
    print(f"{name}, {value if isinstance(value, str) else format(value, '.3f')}, {unit}", flush=True)


def clickhouse(path, runs):
    session = chdb.session.Session()
    session.query("CREATE DATABASE IF NOT EXISTS bench ENGINE = Atomic")
    session.query("""CREATE TABLE bench.event (viewer_id Int64, us UInt64, type Enum8(
        'enter' = 1, 'product_show' = 2, 'product_click' = 3, 'add_cart' = 4, 'pay' = 5, 'like' = 6, 'comment' = 7))
        ENGINE = MergeTree ORDER BY us""")
    session.query(f"INSERT INTO bench.event SELECT * FROM file('{path}', CSV, 'viewer_id Int64, us Float64, type String')")
    conditions = ", ".join(f"type = '{step}'" for step in STEPS)
    one = " SETTINGS max_threads = 1"
    funnel = f"SELECT viewer_id, windowFunnel(3600000000)(us, {conditions}) AS level FROM bench.event GROUP BY viewer_id"
    bare = "SELECT viewer_id, max(us) AS last FROM bench.event GROUP BY viewer_id"
    show("ClickHouse", str(session.query("SELECT version()")).strip().strip('"'), "version")
    levels = str(session.query(f"SELECT level, count() FROM ({funnel}) GROUP BY level ORDER BY level", "TSV"))
    for line in levels.splitlines():
        level, count = line.split("\t")
        show(f"ClickHouse level {level}", count, "viewers")
    measure("ClickHouse bare grouping", lambda: session.query(f"SELECT count(), max(last) FROM ({bare}){one}"), runs)
    measure("ClickHouse windowFunnel", lambda: session.query(f"SELECT count(), sum(level) FROM ({funnel}){one}"), runs)
    session.close()


def duck(path, runs):
    db = duckdb.connect()
    db.execute("SET threads = 1")
    db.execute("SET enable_progress_bar = false")
    db.execute(f"""CREATE TABLE event AS SELECT viewer_id, make_timestamp(us::bigint) AS ts, type
        FROM read_csv('{path}', header = false, columns = {{'viewer_id': 'BIGINT', 'us': 'DOUBLE', 'type': 'VARCHAR'}})""")
    inner = "SELECT viewer_id, ts, type, max(ts) FILTER (WHERE type = 'enter') OVER w AS s1 FROM event WINDOW w AS (PARTITION BY viewer_id ORDER BY ts)"
    for k, step in enumerate(STEPS[1:], 1):
        inner = f"""SELECT *, max(s{k}) FILTER (WHERE type = '{step}' AND ts <= s{k} + INTERVAL 1 HOUR) OVER w AS s{k + 1}
            FROM ({inner}) q{k} WINDOW w AS (PARTITION BY viewer_id ORDER BY ts)"""
    level = " ".join(f"WHEN s{k} IS NOT NULL THEN {k}" for k in range(5, 0, -1))
    funnel = f"SELECT viewer_id, max(CASE {level} ELSE 0 END) AS level FROM ({inner}) q GROUP BY viewer_id"
    show("DuckDB", duckdb.__version__, "version")
    measure("DuckDB bare grouping", lambda: db.execute(
        "SELECT count(*), max(last) FROM (SELECT viewer_id, max(ts) AS last FROM event GROUP BY viewer_id)").fetchall(), runs)
    measure("DuckDB window functions", lambda: db.execute(f"SELECT count(*), sum(level) FROM ({funnel})").fetchall(), 1)


if __name__ == "__main__":
    clickhouse(sys.argv[1], int(sys.argv[2]))
    duck(sys.argv[1], int(sys.argv[2]))
