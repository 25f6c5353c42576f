#!/usr/bin/env bash
# Regression beside regr_slope: the same rows, in one run. Prints "name, value,
# unit".
#
#   ROWS=10000000 RUNS=3 bench/linreg.sh
cd "$(dirname "$0")/.." || exit 1
. bench/lib.sh

ROWS=${ROWS:-10000000}

bench_cluster "shared_buffers = '1GB'" "max_wal_size = '8GB'" "jit = off"

psql -qX -v ON_ERROR_STOP=1 -v rows="$ROWS" <<'SQL' || die "could not make the rows"
CREATE UNLOGGED TABLE line AS
SELECT i::float8 AS x, 2 * i + random() AS y FROM generate_series(1, :rows) i;
CREATE UNLOGGED TABLE wide AS
SELECT random() AS y, ARRAY[random(), random(), random(), random(), random(),
  random(), random(), random(), random(), random()] AS x FROM generate_series(1, :rows / 10);
VACUUM ANALYZE line, wide;
SQL
describe
row rows "$ROWS" rows

# with_workers N NAME SQL: seconds, with so many parallel workers at most
with_workers() {
  PGOPTIONS="-c max_parallel_workers_per_gather=$1" seconds "$2" "$3"
}

with_workers 0 "scan" 'SELECT count(y) FROM line'
with_workers 0 "regr_slope" 'SELECT regr_slope(y, x) FROM line'
peer=$SECONDS_TAKEN
with_workers 0 "linreg_fit" 'SELECT linreg_coef(linreg_fit(y, x)) FROM line'
serial=$SECONDS_TAKEN
ratio "linreg_fit over regr_slope" "$serial" "$peer"
with_workers 2 "linreg_fit, 2 workers" 'SELECT linreg_coef(linreg_fit(y, x)) FROM line'
ratio "linreg_fit, 2 workers over none" "$SECONDS_TAKEN" "$serial"

with_workers 0 "scan of 10 features" 'SELECT count(x) FROM wide'
scan=$SECONDS_TAKEN
with_workers 0 "linreg_fit of 10 features" 'SELECT linreg_coef(linreg_fit(y, x)) FROM wide'
row "linreg_fit of 10 features without the scan" \
  "$(awk -v a="$SECONDS_TAKEN" -v b="$scan" -v n="$((ROWS / 10))" 'BEGIN { printf "%.0f", (a - b) * 1e9 / n }')" "ns per row"
