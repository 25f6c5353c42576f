#!/usr/bin/env bash
# k-means beside scikit-learn: the same rows, one start, one thread, by turns.
# Prints "name, value, unit".
#
#   ROWS=1000000 K=8 RUNS=3 SEEDS=20 PYTHON=python3 bench/kmeans.sh
#
# What scikit-learn takes includes getting the rows: psql copies them out in
# binary, which is what costs least, and numpy reads them from a pipe.
# uniform  rows without any clusters: many iterations
# clusters eight overlapping normal ones: few iterations
# viewers  seconds watched and counts, whole numbers: many rows are alike
cd "$(dirname "$0")/.." || exit 1
. bench/lib.sh

ROWS=${ROWS:-1000000}
K=${K:-8}
SEEDS=${SEEDS:-20}
PYTHON=${PYTHON:-python3}

bench_cluster "jit = off" "shared_buffers = '1GB'" "max_wal_size = '8GB'" "autovacuum = off" "max_parallel_workers_per_gather = 0"

psql -qX -v ON_ERROR_STOP=1 -v rows="$ROWS" >/dev/null <<'SQL' || die "could not make the rows"
SELECT setseed(0.42);
CREATE UNLOGGED TABLE uniform AS
SELECT ARRAY[random(), random(), random(), random(), random(), random(), random(), random(), random(), random()] AS x
FROM generate_series(1, :rows);
CREATE UNLOGGED TABLE clusters AS
SELECT (SELECT array_agg(3 * sin(12.9898 * k * j) + sqrt(-2 * ln(1 - random())) * cos(6.283185307179586 * random()))
        FROM generate_series(1, 10) j WHERE i > 0) AS x
FROM (SELECT i, floor(random() * 8)::int + 1 AS k FROM generate_series(1, :rows) i OFFSET 0) s;
CREATE UNLOGGED TABLE viewers AS
SELECT ARRAY[floor(exp(5 + 1.3 * sqrt(-2 * ln(1 - random())) * cos(6.283185307179586 * random()))),
             floor(exp(4 * random()) - 1), floor(exp(2 * random()) - 1)] AS x
FROM generate_series(1, :rows);
VACUUM (FREEZE, ANALYZE) uniform, clusters, viewers;
SQL
describe
row rows "$ROWS" rows
row clusters "$K" clusters
peer_there=
if "$PYTHON" bench/kmeans_peer.py version >/dev/null 2>&1; then
  peer_there=yes
  row scikit-learn "$("$PYTHON" bench/kmeans_peer.py version)" version
else
  say "$PYTHON has no scikit-learn: no comparison"
fi

# compare TABLE FEATURES: ours and both algorithms of the peer, by turns
compare() {
  local i algorithm ours="SELECT kmeans_stats(kmeans_fit(x, $K, '{\"restarts\": 1}')) FROM $1"
  timed "$ours" >/dev/null
  for ((i = 0; i < RUNS; i++)); do
    timed "$ours" >>"$CLUSTER/$1"
    [ -n "$peer_there" ] || continue
    for algorithm in lloyd elkan; do
      "$PYTHON" bench/kmeans_peer.py "$1" "$2" "$algorithm" "$K" >>"$CLUSTER/$1.$algorithm" || die "the peer failed"
    done
  done
  WALL=$(median_column 1 <"$CLUSTER/$1")
  CPU=$(median_column 2 <"$CLUSTER/$1")
  row "$1" "$WALL" s
  row "$1" "$CPU" "CPU s"
  row "$1, iterations" "$(psql -qAtX -c "SELECT (s).iterations FROM ($ours) AS q(s)")" iterations
  row "$1, inertia" "$(psql -qAtX -c "SELECT (s).inertia FROM ($ours) AS q(s)")" inertia
  [ -n "$peer_there" ] || return 0
  for algorithm in lloyd elkan; do peer_rows "$1" "$algorithm"; done
}

# peer_rows TABLE ALGORITHM
peer_rows() {
  local file=$CLUSTER/$1.$2 name="$1, scikit-learn $2" wall cpu
  row "$name, fetch" "$(median_column 1 <"$file")" s
  row "$name, fetch" "$(median_column 2 <"$file")" "CPU s"
  row "$name, fit" "$(median_column 3 <"$file")" s
  row "$name, fit" "$(median_column 4 <"$file")" "CPU s"
  row "$name, iterations" "$(median_column 5 <"$file")" iterations
  row "$name, inertia" "$(median_column 6 <"$file")" inertia
  wall=$(awk '{ print $1 + $3 }' "$file" | median)
  cpu=$(awk '{ print $2 + $4 }' "$file" | median)
  ratio "$name, seconds over ours" "$wall" "$WALL"
  ratio "$name, CPU seconds over ours" "$cpu" "$CPU"
}

compare uniform 10
compare clusters 10
compare viewers 3

# ten times the rows, features and clusters, from a tenth on
growth() {
  timed "SELECT kmeans_fit(x, $2, '{\"restarts\": 1, \"max_iterations\": 20, \"tolerance\": 0}') FROM (SELECT $3 AS x FROM uniform LIMIT $4) s" >/dev/null
  row "$1, 20 iterations" "$(timed "SELECT kmeans_fit(x, $2, '{\"restarts\": 1, \"max_iterations\": 20, \"tolerance\": 0}') FROM (SELECT $3 AS x FROM uniform LIMIT $4) s" | cut -d ' ' -f 2)" "CPU s"
}

growth "$((ROWS / 10)) rows x 10, k = $K" "$K" x "$((ROWS / 10))"
growth "$ROWS rows x 10, k = $K" "$K" x "$ROWS"
growth "$((ROWS / 10)) rows x 10, k = $((10 * K))" "$((10 * K))" x "$((ROWS / 10))"
growth "$((ROWS / 10)) rows x 100, k = $K" "$K" "x || x || x || x || x || x || x || x || x || x" "$((ROWS / 10))"

# memory_of NAME ROWS FROM: of a fit, beyond a scan; while rows wait in memory they are there twice
memory_of() {
  local baseline peak
  baseline=$(peak_memory "SELECT count(x) FROM $3")
  peak=$(peak_memory "SELECT kmeans_fit(x, $K, '{\"restarts\": 1, \"max_iterations\": 5}') FROM $3")
  row "memory of a fit of $1 beyond a scan" "$(calculate "($peak - $baseline) / 1024" 0)" MB
  row "memory of a fit of $1 beyond a scan" "$(calculate "($peak - $baseline) * 1024 / $2" 1)" "bytes per row"
}

memory_of "$ROWS rows x 10" "$ROWS" uniform
memory_of "$((10 * ROWS)) rows x 10" "$((10 * ROWS))" "(SELECT x[1:9] || (x[10] + j) AS x FROM uniform, generate_series(1, 10) j) s"

# how good the minima of ten starts are
[ -z "$peer_there" ] || "$PYTHON" bench/kmeans_inertia.py "$SEEDS" || die "the comparison of inertia failed"
