#!/usr/bin/env bash
# Peak and average concurrency and watch time beside plain SQL: the same rows,
# in one run; DuckDB and ClickHouse too, where PYTHON has them. Prints "name, value, unit".
#
#   SESSIONS=2000000 RUNS=3 PYTHON=python3 bench/concurrency.sh
cd "$(dirname "$0")/.." || exit 1
. bench/lib.sh

SESSIONS=${SESSIONS:-2000000}
PYTHON=${PYTHON:-python3}

# enough work_mem that no sort has to write
bench_cluster "shared_buffers = '1GB'" "max_wal_size = '8GB'" "jit = off" "work_mem = '2GB'" "hash_mem_multiplier = 2" \
  "max_parallel_workers_per_gather = 0"

# ten hours of a stream; most stays are short
psql -qX -v ON_ERROR_STOP=1 -v sessions="$SESSIONS" <<'SQL' || die "could not make the rows"
SELECT setseed(0.5) \gset
CREATE UNLOGGED TABLE visit AS
SELECT viewer, entered, entered + power(random(), 4) * interval '2 hours' AS left_at
FROM (SELECT floor(random() * :sessions / 4)::int AS viewer, '2026-06-01 20:00+08'::timestamptz + random() * interval '10 hours' AS entered
      FROM generate_series(1, :sessions)) v;
CREATE UNLOGGED TABLE larger AS SELECT v.* FROM visit v, generate_series(1, 10);
VACUUM ANALYZE visit, larger;
SQL
describe
row sessions "$SESSIONS" rows

LO="'2026-06-01 20:00+08'"
HI="'2026-06-02 08:00+08'"
PEAK="SELECT (concurrency_peak(entered, left_at)).peak FROM visit"
BOTH="SELECT concurrency_peak(entered, left_at), concurrency_avg(entered, left_at, $LO, $HI) FROM visit"
SERIES="SELECT count(*) FROM (SELECT concurrency_series(entered, left_at, $LO, $HI, '1 minute') AS s FROM visit) v, unnest(s)"

# Running sums over +1 and -1; -1 first at equal times. With and without
# grouping equal times first.
SWEEP="SELECT max(online), sum(online * extract(epoch FROM next - t)::float8) / 43200 FROM (
  SELECT t, sum(d) OVER (ORDER BY t, d ROWS UNBOUNDED PRECEDING) AS online, lead(t) OVER (ORDER BY t, d) AS next
  FROM (SELECT entered AS t, 1 AS d FROM visit UNION ALL SELECT left_at, -1 FROM visit) e) s"
GROUPED="SELECT max(online), sum(online * extract(epoch FROM next - t)::float8) / 43200 FROM (
  SELECT t, online, lead(t) OVER (ORDER BY t) AS next FROM (
    SELECT t, sum(sum(d)) OVER (ORDER BY t ROWS UNBOUNDED PRECEDING) AS online
    FROM (SELECT entered AS t, 1 AS d FROM visit UNION ALL SELECT left_at, -1 FROM visit) e GROUP BY t) g) s"
SWEEP_PEAK="SELECT max(online) FROM (SELECT sum(d) OVER (ORDER BY t, d ROWS UNBOUNDED PRECEDING) AS online
  FROM (SELECT entered AS t, 1 AS d FROM visit UNION ALL SELECT left_at, -1 FROM visit) e) s"

[ "$(psql -qAtX -c "$PEAK")" = "$(psql -qAtX -c "$SWEEP_PEAK")" ] || die "the peaks differ"

cost "scan" "SELECT count(left_at) FROM visit"
cost "peak and average" "$BOTH"
both=$CPU
cost "sweep with window sums" "$SWEEP"
ratio "sweep over peak and average" "$CPU" "$both"
cost "sweep, equal times grouped" "$GROUPED"
ratio "sweep, equal times grouped, over peak and average" "$CPU" "$both"
cost "peak" "$PEAK"
peak=$CPU
cost "sweep for the peak alone" "$SWEEP_PEAK"
ratio "sweep for the peak alone over peak" "$CPU" "$peak"
cost "series of minutes" "$SERIES"
cost "stay_curve of minutes" "SELECT count(*) FROM (SELECT stay_curve(entered, left_at, $HI, '1 minute') AS s FROM visit) v, unnest(s)"
cost "peak of ten times the rows" "SELECT (concurrency_peak(entered, left_at)).peak FROM larger"
ratio "growth of the peak at ten times the rows" "$CPU" "$peak"
row "memory of a scan of ten times the rows" "$(peak_memory "SELECT count(left_at) FROM larger")" kB
row "memory of the peak of ten times the rows" "$(peak_memory "SELECT concurrency_peak(entered, left_at) FROM larger")" kB

cost "watch_time per viewer" "SELECT sum(extract(epoch FROM w)) FROM (SELECT viewer, watch_time(entered, left_at) AS w FROM visit GROUP BY viewer) v"
ours=$CPU
cost "range_agg per viewer" "SELECT sum(s) FROM (SELECT viewer, (SELECT sum(extract(epoch FROM upper(r) - lower(r))) FROM unnest(m) r) AS s
  FROM (SELECT viewer, range_agg(tstzrange(entered, left_at)) AS m FROM visit GROUP BY viewer) v) w"
ratio "range_agg over watch_time" "$CPU" "$ours"
cost "sessionize" "SELECT max(s) FROM (SELECT sessionize(entered, '30 minutes') OVER (PARTITION BY viewer ORDER BY entered) AS s FROM visit) v"
ours=$CPU
cost "lag and a running sum" "SELECT max(s) FROM (SELECT 1 + sum(new::int) OVER (PARTITION BY viewer ORDER BY entered ROWS UNBOUNDED PRECEDING) AS s
  FROM (SELECT viewer, entered, entered - lag(entered) OVER (PARTITION BY viewer ORDER BY entered) > '30 minutes' AS new FROM visit) l) v"
ratio "lag and a running sum over sessionize" "$CPU" "$ours"

row "peak and average" "$(psql -qAtX -F ' ' -c "SELECT (concurrency_peak(entered, left_at)).peak, concurrency_avg(entered, left_at, $LO, $HI) FROM visit")" answer
peers concurrency "peak and average" "$both" visit \
  "SELECT viewer, (extract(epoch FROM entered) * 1000000)::bigint, (extract(epoch FROM left_at) * 1000000)::bigint FROM visit"
