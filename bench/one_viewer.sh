#!/usr/bin/env bash
# One viewer with ten million events in no order: what each function over time
# takes for them, and how much more memory than a scan of the same rows. Prints
# "name, value, unit".
#
#   ROWS=10000000 bench/one_viewer.sh
cd "$(dirname "$0")/.." || exit 1
. bench/lib.sh

ROWS=${ROWS:-10000000}

bench_cluster "shared_buffers = '1GB'" "max_wal_size = '8GB'" "jit = off" "work_mem = '1GB'" "max_parallel_workers_per_gather = 0"

# an event a second, of six kinds, of which one is frequent; stays of ten minutes
psql -qX -v ON_ERROR_STOP=1 -v rows="$ROWS" <<'SQL' || die "could not make the rows"
CREATE UNLOGGED TABLE event AS
SELECT timestamptz '2026-01-01' + (h & 1073741823) % :rows * interval '1 s' AS ts, (1 + (h >> 32) % 10 * ((h >> 40) % 10) / 17)::int AS kind, (h >> 48) % 1000 AS product
FROM (SELECT hashint8extended(i, 1) & 9223372036854775807 AS h FROM generate_series(1, :rows::bigint) i) r;
VACUUM ANALYZE event;
SQL
describe
row rows "$ROWS" rows

# run NAME SELECT: one run on a connection of its own, and its peak of memory in
# kB into PEAK. Ten million rows need no run that warms up, once they are read.
run() {
  local out
  out=$(psql -qAtX -v ON_ERROR_STOP=1 -c "$CPU_NOW" -c '\timing on' -c "$2" -c '\timing off' -c "$CPU_NOW" \
    -c "SELECT 'peak ' || substring(pg_read_file('/proc/self/status') FROM 'VmHWM:\s+(\d+)')") || die "the benchmark $1 failed"
  row "$1" "$(awk '/^Time: / { printf "%.3f", $2 / 1000 }' <<<"$out")" s
  row "$1" "$(awk '$1 == "cpu" { cpu[++n] = $2 } END { printf "%.3f", (cpu[2] - cpu[1]) / 1e9 }' <<<"$out")" "CPU s"
  PEAK=$(awk '$1 == "peak" { print $2 }' <<<"$out")
}
run "scan" "SELECT max(ts), max(kind), max(product) FROM event"
base=$PEAK

# one NAME EXPRESSION: memory as the peak above that of the scan
one() {
  run "$1" "SELECT $2 FROM event"
  row "$1" "$(calculate "($PEAK - $base) / 1024" 0)" MB
}
steps="kind = 1, kind = 2, kind = 3, kind = 4, kind = 5"
stay="ts, ts + interval '10 minutes'"
one window_funnel "window_funnel(ts, '1 hour', kind)"
one "window_funnel, conditions" "window_funnel(ts, '1 hour', $steps)"
one "window_funnel_opt, strict_once" "window_funnel_opt(ts, '1 hour', 'strict_once', $steps)"
one "window_funnel_opt, strict_order" "window_funnel_opt(ts, '1 hour', 'strict_order', $steps)"
one funnel_times "funnel_times(ts, '1 hour', $steps)"
one funnel_completions "funnel_completions(ts, '1 hour', $steps)"
one funnel_match "funnel_match(ts, '1 hour', product, $steps)"
one retention "retention($steps)"
one retention_ordered "retention_ordered(ts, $steps)"
one active_days "cardinality(active_days(ts, 'Asia/Shanghai'))"
one "cohort_retention, from events" "cardinality(cohort_retention(1, ts, true, true, 'Asia/Shanghai', 'day', '{0,1,2,3,4,5,6,7}', '2027-01-01'))"
one watch_time "watch_time($stay)"
one "watch_time, stays that never meet" "watch_time(ts, ts + interval '0.5 s')"
one concurrency_peak "(concurrency_peak($stay)).peak"
one concurrency_avg "concurrency_avg($stay, '2026-01-01', '2026-05-01')"
one "concurrency_series of hours" "cardinality(concurrency_series($stay, '2026-01-01', '2026-05-01', '1 hour'))"
one "stay_curve of minutes" "cardinality(stay_curve($stay, '2026-05-01', '1 minute'))"
one sequence_match "sequence_match('(?1)(?t<=60)(?2)(?t<=60)(?3)', ts, $steps)"
one sequence_count "sequence_count('(?1).*(?2)(?t<=60)(?3)', ts, $steps)"
one sequence_times "cardinality(sequence_times('(?1).*(?2)(?t<=60)(?3)', ts, $steps))"
one path_edges "cardinality(path_edges(ts, 'page ' || kind, '10 s', 3))"
one viewer_set_agg "cardinality(viewer_set_agg(product))"
run sessionize "SELECT max(s) FROM (SELECT sessionize(ts, '10 s') OVER (ORDER BY ts) AS s FROM event) q"
