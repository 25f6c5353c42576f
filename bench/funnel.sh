#!/usr/bin/env bash
# Funnels of five steps within an hour beside the bare grouping of the same rows,
# plain SQL in five ways, and ClickHouse and DuckDB where PYTHON has chdb
# and duckdb. Prints "name, value, unit".
#
#   ROWS=10000000 VIEWERS=500000 RUNS=3 PYTHON=python3 bench/funnel.sh
cd "$(dirname "$0")/.." || exit 1
. bench/lib.sh

ROWS=${ROWS:-10000000}
VIEWERS=${VIEWERS:-500000}
PYTHON=${PYTHON:-python3}

bench_cluster "shared_buffers = '1GB'" "max_wal_size = '8GB'" "jit = off" "work_mem = '1GB'" "maintenance_work_mem = '1GB'" "random_page_cost = 1.1"

# Visits of 40 minutes, ten events each, in the order of time in which events
# arrive. A visit begins by entering; of what follows half plays no part.
psql -qX -v ON_ERROR_STOP=1 -v rows="$ROWS" -v viewers="$VIEWERS" <<'SQL' || die "could not make the rows"
CREATE TYPE event_type AS ENUM ('enter', 'product_show', 'product_click', 'add_cart', 'pay', 'like', 'comment');
SELECT setseed(0.42) \g /dev/null
CREATE UNLOGGED TABLE event AS
SELECT viewer_id, ts, kind::event_type AS type, kind AS name
FROM (SELECT viewer_id, start + CASE k WHEN 1 THEN 0 ELSE random() * 2400 END * interval '1 second' AS ts,
             CASE WHEN k = 1 THEN 'enter'
               ELSE (ARRAY['product_show', 'product_show', 'product_show', 'product_click', 'product_click', 'add_cart', 'pay',
                           'like', 'like', 'like', 'like', 'like', 'comment', 'comment'])[1 + floor(random() * 14)] END AS kind
      FROM (SELECT 1 + floor(random() * :viewers)::bigint AS viewer_id,
                   timestamptz '2026-11-09 00:00+08' + random() * interval '3 days' AS start
            FROM generate_series(1, :rows / 10)) visit, generate_series(1, 10) k) e
ORDER BY ts;
CREATE UNLOGGED TABLE shuffled AS SELECT * FROM event ORDER BY random();
CREATE INDEX ON event (viewer_id, type, ts);
CREATE INDEX ON event (viewer_id, ts, type);
CREATE UNLOGGED TABLE tenth AS SELECT * FROM event WHERE viewer_id <= :viewers / 10;
CREATE INDEX ON tenth (viewer_id, type, ts);
VACUUM ANALYZE event, shuffled, tenth;
SQL
describe
row rows "$ROWS" rows
row viewers "$(psql -qAtX -c 'SELECT count(DISTINCT viewer_id) FROM event')" viewers

conditions() { echo "$1 = 'enter', $1 = 'product_show', $1 = 'product_click', $1 = 'add_cart', $1 = 'pay'"; }
number() { echo "CASE $1 WHEN 'enter' THEN 1 WHEN 'product_show' THEN 2 WHEN 'product_click' THEN 3 WHEN 'add_cart' THEN 4 WHEN 'pay' THEN 5 END"; }
# the server leaves out a column that nobody counts
grouped() { echo "SELECT count(x) FROM (SELECT viewer_id, $1 AS x FROM $2 GROUP BY viewer_id OFFSET 0) q"; }

bare=$(grouped 'max(ts)' event)
fast=$(grouped "window_funnel(ts, '1 hour', $(number type))" event)
five=$(grouped "window_funnel(ts, '1 hour', $(conditions type))" event)

# The latest start of a chain of each length so far, from the one before; the
# frame has the rows of equal time in it, so this is window_funnel to the letter.
window_sql() {
  local inner="SELECT viewer_id, ts, type, max(ts) FILTER (WHERE type = 'enter') OVER w AS s1 FROM event WINDOW w AS (PARTITION BY viewer_id ORDER BY ts)" k=1 step
  for step in product_show product_click add_cart pay; do
    inner="SELECT *, max(s$k) FILTER (WHERE type = '$step' AND ts <= s$k + interval '1 hour') OVER w AS s$((k + 1))
           FROM ($inner) q$k WINDOW w AS (PARTITION BY viewer_id ORDER BY ts)"
    k=$((k + 1))
  done
  echo "SELECT viewer_id, max(CASE WHEN s5 IS NOT NULL THEN 5 WHEN s4 IS NOT NULL THEN 4 WHEN s3 IS NOT NULL THEN 3
          WHEN s2 IS NOT NULL THEN 2 WHEN s1 IS NOT NULL THEN 1 ELSE 0 END) AS level FROM ($inner) q GROUP BY viewer_id"
}
# Every start, with every second event within its hour, and so on.
join_sql() {
  echo "SELECT viewer_id, max(CASE WHEN e5.ts IS NOT NULL THEN 5 WHEN e4.ts IS NOT NULL THEN 4 WHEN e3.ts IS NOT NULL THEN 3
          WHEN e2.ts IS NOT NULL THEN 2 WHEN e1.ts IS NOT NULL THEN 1 ELSE 0 END) AS level
        FROM (SELECT DISTINCT viewer_id FROM event) v
          LEFT JOIN (SELECT viewer_id, ts FROM event WHERE type = 'enter') e1 USING (viewer_id)
          LEFT JOIN (SELECT viewer_id, ts FROM event WHERE type = 'product_show') e2 USING (viewer_id)
          LEFT JOIN (SELECT viewer_id, ts FROM event WHERE type = 'product_click') e3 USING (viewer_id)
          LEFT JOIN (SELECT viewer_id, ts FROM event WHERE type = 'add_cart') e4 USING (viewer_id)
          LEFT JOIN (SELECT viewer_id, ts FROM event WHERE type = 'pay') e5 USING (viewer_id)
        GROUP BY viewer_id" |
    sed -E "s/(e2) USING \(viewer_id\)/\1 ON e2.viewer_id = v.viewer_id AND e2.ts BETWEEN e1.ts AND e1.ts + interval '1 hour'/
            s/(e3) USING \(viewer_id\)/\1 ON e3.viewer_id = v.viewer_id AND e3.ts BETWEEN e2.ts AND e1.ts + interval '1 hour'/
            s/(e4) USING \(viewer_id\)/\1 ON e4.viewer_id = v.viewer_id AND e4.ts BETWEEN e3.ts AND e1.ts + interval '1 hour'/
            s/(e5) USING \(viewer_id\)/\1 ON e5.viewer_id = v.viewer_id AND e5.ts BETWEEN e4.ts AND e1.ts + interval '1 hour'/
            s/(e1) USING \(viewer_id\)/\1 ON e1.viewer_id = v.viewer_id/
            s/SELECT viewer_id, max\(CASE/SELECT v.viewer_id, max(CASE/; s/GROUP BY viewer_id/GROUP BY v.viewer_id/"
}
# Of every start, the first second event from the index, and so on.
lateral_sql() {
  local k=1 step sql="SELECT v.viewer_id, max(CASE WHEN t5 IS NOT NULL THEN 5 WHEN t4 IS NOT NULL THEN 4 WHEN t3 IS NOT NULL THEN 3
          WHEN t2 IS NOT NULL THEN 2 WHEN t1 IS NOT NULL THEN 1 ELSE 0 END) AS level
        FROM (SELECT DISTINCT viewer_id FROM event) v LEFT JOIN (SELECT viewer_id, ts AS t1 FROM event WHERE type = 'enter') e1 USING (viewer_id)"
  for step in product_show product_click add_cart pay; do
    sql="$sql LEFT JOIN LATERAL (SELECT ts AS t$((k + 1)) FROM event e WHERE e.viewer_id = v.viewer_id AND e.type = '$step'
          AND e.ts BETWEEN t$k AND t1 + interval '1 hour' ORDER BY e.ts LIMIT 1) e$((k + 1)) ON true"
    k=$((k + 1))
  done
  echo "$sql GROUP BY v.viewer_id"
}
# The laterals of the rows of step 1 alone, while one scan goes through all rows.
subquery_sql() {
  local k=1 step sql="SELECT CASE WHEN t5 IS NOT NULL THEN 5 WHEN t4 IS NOT NULL THEN 4 WHEN t3 IS NOT NULL THEN 3 WHEN t2 IS NOT NULL THEN 2 ELSE 1 END
          FROM (SELECT s.ts AS t1) e1"
  for step in product_show product_click add_cart pay; do
    sql="$sql LEFT JOIN LATERAL (SELECT ts AS t$((k + 1)) FROM event e WHERE e.viewer_id = s.viewer_id AND e.type = '$step'
          AND e.ts BETWEEN t$k AND t1 + interval '1 hour' ORDER BY e.ts LIMIT 1) e$((k + 1)) ON true"
    k=$((k + 1))
  done
  echo "SELECT viewer_id, max(CASE WHEN type = 'enter' THEN ($sql) ELSE 0 END) AS level FROM event s GROUP BY viewer_id"
}
# A join for each step, of the starts that have come so far, and the first event only.
steps_sql() {
  local k=1 step levels="SELECT viewer_id, 0 AS level FROM event GROUP BY viewer_id UNION ALL SELECT viewer_id, 1 FROM s1"
  echo "WITH s1 AS MATERIALIZED (SELECT viewer_id, ts AS start, ts FROM event WHERE type = 'enter')"
  for step in product_show product_click add_cart pay; do
    echo ", s$((k + 1)) AS MATERIALIZED (SELECT viewer_id, start, min(e.ts) AS ts FROM s$k JOIN event e USING (viewer_id)
          WHERE e.type = '$step' AND e.ts BETWEEN s$k.ts AND start + interval '1 hour' GROUP BY viewer_id, start)"
    k=$((k + 1))
    levels="$levels UNION ALL SELECT viewer_id, $k FROM s$k"
  done
  echo "SELECT viewer_id, max(level) AS level FROM ($levels) q GROUP BY viewer_id"
}
counted() { echo "SELECT count(level) FROM ($1 OFFSET 0) q"; }

declare -A WALLS CPUS
# turns NAME SQL ...: the queries by turns, so that other load on the machine
# meets them all; wall and processor seconds of each into WALLS and CPUS.
turns() {
  local i j queries=("$@")
  local -A runs
  for ((j = 0; j < ${#queries[@]}; j += 2)); do timed "${queries[j + 1]}" >/dev/null; done
  for ((i = 0; i < RUNS; i++)); do
    for ((j = 0; j < ${#queries[@]}; j += 2)); do
      runs[${queries[j]}]+="$(timed "${queries[j + 1]}")"$'\n'
    done
  done
  for ((j = 0; j < ${#queries[@]}; j += 2)); do
    WALLS[${queries[j]}]=$(sed '/^$/d' <<<"${runs[${queries[j]}]}" | median_column 1)
    CPUS[${queries[j]}]=$(sed '/^$/d' <<<"${runs[${queries[j]}]}" | median_column 2)
    [ -n "${WALLS[${queries[j]}]}" ] || die "the benchmark ${queries[j]} failed"
    row "${queries[j]}" "${WALLS[${queries[j]}]}" s
    row "${queries[j]}" "${CPUS[${queries[j]}]}" "CPU s"
  done
}
# times_of NAME NAME: what the first takes, as a multiple of the second.
times_of() {
  ratio "$1 over $2" "${WALLS[$1]}" "${WALLS[$2]}"
  row "$1 over $2" "$(calculate "${CPUS[$1]} / ${CPUS[$2]}" 2)" "CPU ratio"
}

# all must have the same levels, before any is timed
different=$(
  sql="SELECT count(*) FROM (SELECT viewer_id, window_funnel(ts, '1 hour', $(number type)) AS level FROM event GROUP BY viewer_id) a
  FULL JOIN ($(window_sql)) b USING (viewer_id) FULL JOIN ($(join_sql)) c USING (viewer_id) FULL JOIN ($(lateral_sql)) d USING (viewer_id)
  FULL JOIN ($(subquery_sql)) e USING (viewer_id) FULL JOIN ($(steps_sql)) f USING (viewer_id)
  WHERE (a.level = b.level AND b.level = c.level AND c.level = d.level AND d.level = e.level AND e.level = f.level) IS NOT TRUE"
  sql=${sql//FROM event/FROM tenth}
  psql -qAtX -c "${sql//JOIN event/JOIN tenth}"
)
[ "$different" = 0 ] || die "the levels of $different viewers differ"
psql -qAtX -c "SELECT 'level ' || level || ', ' || count(*) || ', viewers' FROM (SELECT window_funnel(ts, '1 hour', $(number type)) AS level FROM event GROUP BY viewer_id) l
  GROUP BY level ORDER BY level"

export PGOPTIONS="-c max_parallel_workers_per_gather=0"
heap="-c enable_indexscan=off -c enable_indexonlyscan=off"
no_index="$PGOPTIONS $heap"
PGOPTIONS=$no_index turns "bare grouping" "$bare" "funnel by step number" "$fast" "funnel by conditions" "$five"
times_of "funnel by step number" "bare grouping"
times_of "funnel by conditions" "bare grouping"

# Plain SQL may use the same two indexes: one by step, one by time, which has the
# events of a viewer in order. Every plan is the planner's own but for ours, which
# would rather hash; the step-by-step joins also run without the nested loops that
# are far too many. Two of them take long, and are timed once.
by_index="funnel by step number, by index"
PGOPTIONS="$PGOPTIONS -c enable_hashagg=off" turns "bare grouping, by index" "$bare" "$by_index" "$fast" "funnel by conditions, by index" "$five"
times_of "$by_index" "bare grouping, by index"
times_of "funnel by conditions, by index" "bare grouping, by index"
turns "indexed lateral" "$(counted "$(lateral_sql)")" "indexed lateral of a subquery" "$(counted "$(subquery_sql)")"
PGOPTIONS="$PGOPTIONS -c enable_nestloop=off" RUNS=1 turns "join step by step" "$(counted "$(steps_sql)")"
RUNS=1 turns "window functions" "$(counted "$(window_sql)")" "self-join" "$(counted "$(join_sql)")"
best=
for name in "indexed lateral" "indexed lateral of a subquery" "join step by step" "window functions" self-join; do
  times_of "$name" "$by_index"
  times_of "$name" "funnel by conditions, by index"
  times_of "$name" "funnel by step number"
  [ -n "$best" ] && awk "BEGIN { exit !(${CPUS[$best]} <= ${CPUS[$name]}) }" || best=$name
done
row "best plain SQL" "$best" name
times_of "$best" "$by_index"

# other calls, other orders of rows
PGOPTIONS=$no_index turns "bare grouping, with the CASE" "$(grouped "max($(number type))" event)" \
  "funnel by step number, type is text" "$(grouped "window_funnel(ts, '1 hour', $(number name))" event)" \
  "bare grouping, shuffled" "$(grouped 'max(ts)' shuffled)" \
  "funnel by step number, shuffled" "$(grouped "window_funnel(ts, '1 hour', $(number type))" shuffled)" \
  "funnel by conditions, strict_once, shuffled" "$(grouped "window_funnel_opt(ts, '1 hour', 'strict_once', $(conditions type))" shuffled)" \
  "funnel_times" "$(grouped "funnel_times(ts, '1 hour', $(conditions type))" event)" \
  "funnel_completions" "$(grouped "funnel_completions(ts, '1 hour', $(conditions type))" event)" \
  "funnel_match" "$(grouped "funnel_match(ts, '1 hour', viewer_id % 7, $(conditions type))" event)"
times_of "funnel by step number, type is text" "bare grouping"
times_of "funnel by step number, shuffled" "bare grouping, shuffled"

# sorting plans
PGOPTIONS="$no_index -c enable_hashagg=off" turns "bare grouping, sorted" "$bare" "funnel by step number, sorted" "$fast" "funnel by conditions, sorted" "$five"
times_of "funnel by step number, sorted" "bare grouping, sorted"
times_of "funnel by conditions, sorted" "bare grouping, sorted"

# a worker besides
PGOPTIONS="$heap -c max_parallel_workers_per_gather=1 -c parallel_setup_cost=0 -c parallel_tuple_cost=0" \
  turns "bare grouping, 1 worker" "$bare" "funnel by step number, 1 worker" "$fast"
times_of "funnel by step number, 1 worker" "bare grouping, 1 worker"

row "memory of the bare grouping" "$(peak_memory "SELECT viewer_id, max(ts) FROM event GROUP BY viewer_id")" kB
row "memory of the funnel by step number" "$(peak_memory "SELECT viewer_id, window_funnel(ts, '1 hour', $(number type)) FROM event GROUP BY viewer_id")" kB

# one viewer with all events
one="SELECT window_funnel(ts, '1 hour', $(number type)) FROM"
turns "scan" "SELECT max(ts), max(type) FROM event" "one viewer, in order" "$one event" "one viewer, shuffled" "$one shuffled" \
  "one viewer, 64 steps, shuffled" "SELECT window_funnel_opt(ts, '1 hour', 'strict_once', VARIADIC ARRAY[$(conditions type)] || array_fill(false, ARRAY[59])) FROM shuffled"
row "memory of the scan" "$(peak_memory "SELECT max(ts), max(type) FROM event")" kB
row "memory of one viewer, in order" "$(peak_memory "$one event")" kB
row "memory of one viewer, shuffled" "$(peak_memory "$one shuffled")" kB

# growth: a tenth of the rows and viewers
PGOPTIONS=$no_index turns "a tenth of the viewers" "$(grouped "window_funnel(ts, '1 hour', $(number type))" tenth)"
ratio "ten times the viewers" "${WALLS[funnel by step number]}" "${WALLS[a tenth of the viewers]}"

# other engines, on the same rows
if "$PYTHON" -c 'import chdb, duckdb' 2>/dev/null; then
  psql -qX -c "\\copy (SELECT viewer_id, extract(epoch FROM ts) * 1000000 AS us, type FROM event) TO '$BUILD/funnel_events.csv' (FORMAT csv)"
  "$PYTHON" bench/funnel_peers.py "$BUILD/funnel_events.csv" "$RUNS" | while IFS=, read -r name value unit; do
    row "$name" "${value# }" "${unit# }"
    [ "$name" = "ClickHouse windowFunnel" ] && [ "${unit# }" = "CPU s" ] || continue
    for ours in "funnel by conditions" "funnel by step number" "$by_index"; do
      row "$ours over $name" "$(calculate "${CPUS[$ours]} / $value" 2)" "CPU ratio"
    done
  done
  rm -f "$BUILD/funnel_events.csv"
else
  say "no figures of ClickHouse and DuckDB: $PYTHON has no chdb and duckdb (PYTHON=/path/to/python chooses another)"
fi
