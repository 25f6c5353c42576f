#!/usr/bin/env bash
# Audience sets beside count(DISTINCT) over the same numbers, and a year of day
# sets put together; DuckDB and ClickHouse too, where PYTHON has them. Prints
# "name, value, unit".
#
#   ROWS=10000000 DAYS=365 AUDIENCE=500000 VIEWERS=5000000 RUNS=3 PYTHON=python3 bench/viewer_set.sh
#
# About AUDIENCE different viewers a day, drawn from VIEWERS. The events behind all the
# days are never there at once: count(DISTINCT) runs over EVENT_DAYS (20) of them.
cd "$(dirname "$0")/.." || exit 1
. bench/lib.sh

ROWS=${ROWS:-10000000}
DAYS=${DAYS:-365}
AUDIENCE=${AUDIENCE:-500000}
VIEWERS=${VIEWERS:-5000000}
EVENT_DAYS=${EVENT_DAYS:-20}
PYTHON=${PYTHON:-python3}

bench_cluster "shared_buffers = '1GB'" "max_wal_size = '8GB'" "jit = off" "work_mem = '1GB'" "max_parallel_workers_per_gather = 0"

psql -qX -v ON_ERROR_STOP=1 -v rows="$ROWS" -v days="$DAYS" -v audience="$AUDIENCE" -v viewers="$VIEWERS" -v event_days="$EVENT_DAYS" <<'SQL' || die "could not make the rows"
SELECT setseed(0.5) \gset
CREATE UNLOGGED TABLE number AS SELECT (random() * :rows)::bigint AS n, (random() * 500000)::bigint AS few FROM generate_series(1, :rows);
CREATE UNLOGGED TABLE day_set (day int, audience viewer_set);
SELECT (-ln(1 - :audience / :viewers::float8) * :viewers)::int AS draws \gset
INSERT INTO day_set SELECT day, (SELECT viewer_set_agg((hashint8(i + day * 100000000::bigint) & 2147483647) % :viewers) FROM generate_series(1, :draws::bigint) i) FROM generate_series(1, :days) day;
CREATE UNLOGGED TABLE event AS
SELECT day, ((hashint8(i + day * 100000000::bigint) & 2147483647) % :viewers)::bigint AS viewer FROM generate_series(1, :event_days) day, generate_series(1, :draws::bigint) i;
VACUUM ANALYZE number, event, day_set;
SQL
describe
row rows "$ROWS" rows

cost "scan" 'SELECT count(n) FROM number'
scan=$CPU
cost "viewer_set_agg of different numbers" 'SELECT cardinality(viewer_set_agg(n)) FROM number'
ours=$CPU
row "viewer_set_agg of different numbers without the scan" "$(calculate "($ours - $scan) * 1e9 / $ROWS" 0)" "ns per row"
cost "count(DISTINCT) of different numbers" 'SELECT count(DISTINCT n) FROM number'
ratio "count(DISTINCT) over viewer_set_agg, different numbers" "$CPU" "$ours"
cost "hashed DISTINCT of different numbers" 'SELECT count(*) FROM (SELECT DISTINCT n FROM number) d'
ratio "hashed DISTINCT over viewer_set_agg, different numbers" "$CPU" "$ours"
cost "viewer_set_agg of 500000 viewers" 'SELECT cardinality(viewer_set_agg(few)) FROM number'
ours=$CPU
cost "count(DISTINCT) of 500000 viewers" 'SELECT count(DISTINCT few) FROM number'
ratio "count(DISTINCT) over viewer_set_agg, 500000 viewers" "$CPU" "$ours"

row "viewers of a day" "$(psql -qAtX -c 'SELECT round(avg(cardinality(audience))) FROM day_set')" viewers
row "bytes of a day set" "$(psql -qAtX -c 'SELECT round(avg(pg_column_size(audience))) FROM day_set')" bytes
row "days" "$DAYS" days
cost "union of the days" 'SELECT cardinality(viewer_set_union_agg(audience)) FROM day_set'
year=$CPU
row "events behind the days" "$((DAYS * AUDIENCE))" events
cost "union of $EVENT_DAYS days" "SELECT cardinality(viewer_set_union_agg(audience)) FROM day_set WHERE day <= $EVENT_DAYS"
ours=$CPU
cost "count(DISTINCT) over the events of $EVENT_DAYS days" 'SELECT count(DISTINCT viewer) FROM event'
ratio "count(DISTINCT) over union, $EVENT_DAYS days" "$CPU" "$ours"
ratio "count(DISTINCT) of $EVENT_DAYS days over union of $DAYS days" "$CPU" "$year"
cost "intersection of $EVENT_DAYS days" "SELECT cardinality(viewer_set_intersect_agg(audience)) FROM day_set WHERE day <= $EVENT_DAYS"
cost "members of a day" 'SELECT count(*) FROM day_set, viewer_set_members(audience) WHERE day = 1'

row "answers" "$(psql -qAtX -F ' ' -c 'SELECT (SELECT cardinality(viewer_set_agg(n)) FROM number), (SELECT cardinality(viewer_set_agg(few)) FROM number)') $(psql -qAtX -c "SELECT cardinality(viewer_set_union_agg(audience)) FROM day_set WHERE day <= $EVENT_DAYS")" answer
peers viewer_set "" "" number "SELECT n, few FROM number" event "SELECT day, viewer FROM event"
