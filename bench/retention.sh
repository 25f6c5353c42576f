#!/usr/bin/env bash
# Retention beside plain SQL: the same rows, in one run; DuckDB and ClickHouse
# too, where PYTHON has them. Prints "name, value, unit".
#
#   EVENTS=10000000 VIEWERS=500000 RUNS=3 PYTHON=python3 bench/retention.sh
cd "$(dirname "$0")/.." || exit 1
. bench/lib.sh

EVENTS=${EVENTS:-10000000}
VIEWERS=${VIEWERS:-500000}
PYTHON=${PYTHON:-python3}

# enough work_mem that no plan has to write, which would favour the small states
bench_cluster "shared_buffers = '1GB'" "max_wal_size = '8GB'" "jit = off" "work_mem = '2GB'" "hash_mem_multiplier = 2" \
  "max_parallel_workers_per_gather = 0"

# Viewers start on a day of four weeks and come back less and less.
psql -qX -v ON_ERROR_STOP=1 -v events="$EVENTS" -v viewers="$VIEWERS" <<'SQL' || die "could not make the rows"
SELECT setseed(0.5) \gset
CREATE UNLOGGED TABLE event AS
SELECT viewer, '2026-06-01 00:00+08'::timestamptz + (hashint8(viewer) & 1023) * interval '40 minutes'
  + power(random(), 3) * interval '20 days' AS ts
FROM (SELECT floor(random() * :viewers)::bigint AS viewer FROM generate_series(1, :events)) e;
VACUUM ANALYZE event;
SQL
describe
row events "$EVENTS" rows

DAYS="SELECT viewer, active_days(ts, 'Asia/Shanghai') AS days FROM event GROUP BY viewer"
EVENTS_FORM="SELECT c.* FROM (SELECT cohort_retention(viewer, ts, true, true, 'Asia/Shanghai', 'day', '{0,1,2,3,4,5,6,7}', '2026-07-20') AS cells FROM event) m,
  unnest(cells) c"
OURS="SELECT c.* FROM (SELECT cohort_retention(days, days, 'day', '{0,1,2,3,4,5,6,7}', '2026-07-20') AS cells FROM ($DAYS) v) m, unnest(cells) c"

# the days of each viewer, joined to the first of them
JOINED="WITH day AS MATERIALIZED (SELECT viewer, (ts AT TIME ZONE 'Asia/Shanghai')::date AS day FROM event GROUP BY 1, 2),
  first AS (SELECT viewer, min(day) AS cohort FROM day GROUP BY 1)
SELECT cohort, day - cohort AS period, count(*) FROM day JOIN first USING (viewer) WHERE day - cohort BETWEEN 0 AND 7 GROUP BY 1, 2"

# the same with the first day from a window
WINDOWED="SELECT cohort, day - cohort AS period, count(*)
FROM (SELECT viewer, day, min(day) OVER (PARTITION BY viewer) AS cohort
      FROM (SELECT viewer, (ts AT TIME ZONE 'Asia/Shanghai')::date AS day FROM event GROUP BY 1, 2) d) w
WHERE day - cohort BETWEEN 0 AND 7 GROUP BY 1, 2"

# as it is mostly written
DISTINCT="WITH first AS (SELECT viewer, min((ts AT TIME ZONE 'Asia/Shanghai')::date) AS cohort FROM event GROUP BY 1)
SELECT cohort, (ts AT TIME ZONE 'Asia/Shanghai')::date - cohort AS period, count(DISTINCT viewer)
FROM event JOIN first USING (viewer) WHERE (ts AT TIME ZONE 'Asia/Shanghai')::date - cohort BETWEEN 0 AND 7 GROUP BY 1, 2"

# a bit for each day, for as long as there are fewer than 64 days in all
BITS="SELECT cohort, period, count(*) FILTER (WHERE mask >> (cohort - '2026-06-01' + period) & 1 = 1)
FROM (SELECT viewer, min(day) AS cohort, bit_or(1::bigint << (day - '2026-06-01')) AS mask
      FROM (SELECT viewer, (ts AT TIME ZONE 'Asia/Shanghai')::date AS day FROM event) d GROUP BY viewer) v, generate_series(0, 7) period
GROUP BY 1, 2"

# all give the same matrix
[ "$(psql -qAtX -c "SELECT count(*) FROM ($EVENTS_FORM EXCEPT $OURS) x")" = 0 ] || die "the matrices differ"
psql -qAtX -v ON_ERROR_STOP=1 -c "SELECT count(*) FROM (SELECT cohort, period, retained FROM ($OURS) o WHERE retained > 0 EXCEPT ($JOINED)) x" |
  grep -qx 0 || die "the matrices differ"

cost "bare grouping" "SELECT viewer, max(ts) FROM event GROUP BY viewer"
bare=$CPU
cost "cohort matrix, day 0 to 7" "$EVENTS_FORM"
ours=$CPU
matrix=$CPU
ratio "cohort matrix over bare grouping" "$ours" "$bare"
cost "cohort matrix by way of active_days" "$OURS"
ratio "by way of active_days over cohort matrix" "$CPU" "$ours"
cost "plain SQL, join" "$JOINED"
ratio "plain SQL, join, over cohort matrix" "$CPU" "$ours"
cost "plain SQL, window" "$WINDOWED"
ratio "plain SQL, window, over cohort matrix" "$CPU" "$ours"
cost "plain SQL, count(DISTINCT)" "$DISTINCT"
ratio "plain SQL, count(DISTINCT), over cohort matrix" "$CPU" "$ours"
cost "plain SQL, bits of at most 64 days" "$BITS"
ratio "plain SQL, bits of at most 64 days, over cohort matrix" "$CPU" "$ours"

cost "retention of 3 conditions" "SELECT sum(r[1]::int), sum(r[2]::int), sum(r[3]::int)
  FROM (SELECT viewer, retention(ts < '2026-06-10', ts >= '2026-06-10' AND ts < '2026-06-20', ts >= '2026-06-20') AS r FROM event GROUP BY viewer) v"
ours=$CPU
cost "bool_or of 3 conditions" "SELECT sum((a)::int), sum((a AND b)::int), sum((a AND c)::int)
  FROM (SELECT viewer, bool_or(ts < '2026-06-10') AS a, bool_or(ts >= '2026-06-10' AND ts < '2026-06-20') AS b, bool_or(ts >= '2026-06-20') AS c FROM event GROUP BY viewer) v"
ratio "bool_or over retention" "$CPU" "$ours"

row "cohort matrix" "$(psql -qAtX -F ' ' -c "SELECT count(*) FILTER (WHERE retained > 0), sum(retained) FROM ($EVENTS_FORM) m")" answer
peers retention "cohort matrix" "$matrix" event "SELECT viewer, (extract(epoch FROM ts) * 1000000)::bigint FROM event"
