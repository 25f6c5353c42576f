#!/usr/bin/env bash
# Regression beside regr_slope on the same rows, in the same run: rows of
# "name, value, unit" on standard output.
#
#   bench/linreg.sh [ROWS]        10000000 rows unless told; RUNS (3) timed runs
cd "$(dirname "$0")/.." || exit 1
. scripts/lib.sh
ROWS=${1:-10000000}
RUNS=${RUNS:-3}

row() { printf '%s, %s, %s\n' "$@"; }

milliseconds() {
  psql -qAtX -v ON_ERROR_STOP=1 -c "SET max_parallel_workers_per_gather = $1" -c '\timing on' -c "$2" |
    sed -n 's/^Time: \([0-9.]*\) ms.*/\1/p'
}

# seconds NAME WORKERS SQL: the median after a run that warms up, in $TAKEN
seconds() {
  local i
  milliseconds "$2" "$3" >/dev/null
  TAKEN=$(for ((i = 0; i < RUNS; i++)); do milliseconds "$2" "$3"; done |
    sort -n | awk '{ v[NR] = $1 } END { printf "%.3f", v[int((NR + 1) / 2)] / 1000 }')
  row "$1" "$TAKEN" s
}

ratio() { row "$1" "$(awk -v a="$2" -v b="$3" 'BEGIN { printf "%.2f", a / b }')" ratio; }

find_postgres
make -s >"$BUILD/make.log" 2>&1 || die "the build failed; see $BUILD/make.log"
stage_server
start_cluster "shared_buffers = '1GB'" "max_wal_size = '8GB'" "jit = off"
say "$("$PG_CONFIG" --version), $(nproc) processors, $ROWS rows"
psql -qX -v ON_ERROR_STOP=1 <<SQL >&2 || die "could not make the rows"
CREATE EXTENSION liveanalytics;
CREATE UNLOGGED TABLE t AS
SELECT i::float8 AS x, 2 * i + random() AS y FROM generate_series(1, $ROWS) i;
CREATE UNLOGGED TABLE wide AS
SELECT random() AS y, ARRAY[random(), random(), random(), random(), random(),
  random(), random(), random(), random(), random()] AS x FROM generate_series(1, $ROWS / 10);
VACUUM ANALYZE t, wide;
SQL

seconds "count(y), serial" 0 'SELECT count(y) FROM t'
seconds "regr_slope(y, x), serial" 0 'SELECT regr_slope(y, x) FROM t'
PEER=$TAKEN
seconds "linreg_fit(y, x), serial" 0 'SELECT linreg_coef(linreg_fit(y, x)) FROM t'
SERIAL=$TAKEN
ratio "linreg_fit over regr_slope, at most 2" "$SERIAL" "$PEER"
seconds "linreg_fit(y, x), 2 workers" 2 'SELECT linreg_coef(linreg_fit(y, x)) FROM t'
ratio "linreg_fit with 2 workers over serial, less than 1" "$TAKEN" "$SERIAL"

seconds "count(x) of 10 features, serial" 0 'SELECT count(x) FROM wide'
SCAN=$TAKEN
seconds "linreg_fit(y, x) of 10 features, serial" 0 'SELECT linreg_coef(linreg_fit(y, x)) FROM wide'
row "linreg_fit of 10 features without the scan" \
  "$(awk -v a="$TAKEN" -v b="$SCAN" -v n="$((ROWS / 10))" 'BEGIN { printf "%.0f", (a - b) * 1e9 / n }')" "ns/row"
