#!/usr/bin/env bash
# Regression beside regr_slope, avg, and fetching the rows for numpy: the same
# rows, in one run. Prints "name, value, unit".
#
#   ROWS=10000000 WIDE=1000000 RUNS=3 PYTHON=python3 bench/linreg.sh
#
# ROWS have one feature, WIDE have ten.
# PYTHON has numpy, pandas and psycopg; without it that peer is left out.
cd "$(dirname "$0")/.." || exit 1
. bench/lib.sh

ROWS=${ROWS:-10000000}
WIDE=${WIDE:-$((ROWS / 10))}
PYTHON=${PYTHON:-python3}

bench_cluster "shared_buffers = '1GB'" "max_wal_size = '8GB'" "jit = off"

psql -qX -v ON_ERROR_STOP=1 -v rows="$ROWS" -v wide="$WIDE" <<'SQL' || die "could not make the rows"
CREATE UNLOGGED TABLE line AS
SELECT i::float8 AS x, 2 * i + random() AS y, (i % (:rows / 50))::int AS part FROM generate_series(1, :rows) i;
CREATE UNLOGGED TABLE wide AS
SELECT random() AS y, random() AS c1, random() AS c2, random() AS c3, random() AS c4, random() AS c5,
  random() AS c6, random() AS c7, random() AS c8, random() AS c9, random() AS c10 FROM generate_series(1, :wide);
CREATE UNLOGGED TABLE features AS SELECT y, ARRAY[c1, c2, c3, c4, c5, c6, c7, c8, c9, c10] AS x FROM wide;
CREATE UNLOGGED TABLE grouped AS SELECT part, y, x FROM line ORDER BY part LIMIT :rows / 2;
VACUUM ANALYZE line, wide, features, grouped;
SQL
describe
row rows "$ROWS" rows
row "rows of 10 features" "$WIDE" rows

# with_workers N NAME SQL: seconds, with so many parallel workers at most
with_workers() {
  PGOPTIONS="-c max_parallel_workers_per_gather=$1" cost "$2" "$3"
}

with_workers 0 "scan" 'SELECT count(y) FROM line'
with_workers 0 "regr_slope" 'SELECT regr_slope(y, x) FROM line'
peer=$CPU
with_workers 0 "linreg_fit" 'SELECT linreg_coef(linreg_fit(y, x)) FROM line'
serial=$WALL
ratio "linreg_fit over regr_slope, CPU" "$CPU" "$peer"
with_workers 2 "linreg_fit, 2 workers" 'SELECT linreg_coef(linreg_fit(y, x)) FROM line'
ratio "linreg_fit, 2 workers over none" "$WALL" "$serial"

with_workers 0 "scan of 10 features" 'SELECT count(x) FROM features'
scan=$CPU
with_workers 0 "avg of 10 columns" "SELECT $(printf 'avg(c%d), ' {1..9}) avg(c10) FROM wide"
average=$CPU
with_workers 0 "linreg_fit of 10 features" 'SELECT linreg_coef(linreg_fit(y, x)) FROM features'
ours=$WALL
ratio "linreg_fit of 10 features over avg of 10 columns, CPU" "$CPU" "$average"
row "linreg_fit of 10 features without the scan" "$(calculate "($CPU - $scan) * 1e9 / $WIDE" 0)" "CPU ns per row"
small=$CPU
with_workers 0 "linreg_fit of 10 features, a tenth of the rows" "SELECT linreg_coef(linreg_fit(y, x)) FROM (SELECT * FROM features LIMIT $((WIDE / 10))) f"
ratio "ten times the rows, CPU" "$small" "$CPU"
with_workers 1 "linreg_fit of 10 features, leader and 1 worker" 'SELECT linreg_coef(linreg_fit(y, x)) FROM features'
both=$WALL
with_workers 0 "linreg_fit of 10 features with weights" 'SELECT linreg_coef(linreg_fit(y, x, y)) FROM features'

# COPY TO by psycopg, as text and as binary, and by psql, as binary; then numpy's lstsq.
# Two processes are at it there too: the server's, and the client.
if "$PYTHON" -c 'import numpy, pandas, psycopg' 2>/dev/null; then
  for format in text binary psql; do
    peer=$(RUNS=$RUNS "$PYTHON" bench/linreg_peer.py "$format") || die "the peer failed"
    row "COPY $format and numpy" "${peer% *}" s
    row "COPY $format and numpy" "${peer#* }" "CPU s of the client"
    ratio "COPY $format and numpy over linreg_fit" "${peer% *}" "$ours"
    ratio "COPY $format and numpy over linreg_fit, leader and 1 worker" "${peer% *}" "$both"
  done
else
  say "no numpy, pandas and psycopg in $PYTHON: that peer is left out"
fi

export PGOPTIONS="-c work_mem=1GB"
with_workers 0 "one group of $((ROWS / 2)) rows" 'SELECT linreg_fit(y, x) FROM grouped'
one=$CPU
PGOPTIONS="-c max_parallel_workers_per_gather=0 -c work_mem=1GB" cost "$((ROWS / 100)) groups of 50 rows" \
  'SELECT count(f) FROM (SELECT part, linreg_fit(y, x) AS f FROM grouped GROUP BY part) g'
ratio "groups of 50 over one group, CPU" "$CPU" "$one"

for frame in 30 1000 100000; do
  PGOPTIONS="-c max_parallel_workers_per_gather=0 -c work_mem=1GB" cost "frames of $frame rows" \
    "SELECT count(f) FROM (SELECT linreg_fit(y, x) OVER (ROWS $((frame - 1)) PRECEDING) AS f FROM (SELECT * FROM line LIMIT $((ROWS / 10))) l) w"
done
PGOPTIONS="-c max_parallel_workers_per_gather=0 -c work_mem=1GB" cost "frames of 30 rows, regr_slope" \
  "SELECT count(f) FROM (SELECT regr_slope(y, x) OVER (ROWS 29 PRECEDING) AS f FROM (SELECT * FROM line LIMIT $((ROWS / 10))) l) w"

# growth with the number of features: 1,000 rows of each
for p in 10 100 1000; do
  psql -qX -c "CREATE UNLOGGED TABLE p$p AS SELECT random() AS y, array_agg(random()) AS x FROM generate_series(1, 1000) i, generate_series(1, $p) GROUP BY i" -c "VACUUM ANALYZE p$p"
  PGOPTIONS="-c max_parallel_workers_per_gather=0" cost "1000 rows of $p features" "SELECT linreg_fit(y, x) IS NULL FROM p$p"
done
psql -qX -c 'CREATE TABLE many AS SELECT linreg_fit(y, x) AS fit FROM p100'
PGOPTIONS="-c max_parallel_workers_per_gather=0" cost "linreg_terms of 100 features" 'SELECT count(*) FROM many, linreg_terms(fit)'

# memory does not grow with the rows
base=$(peak_memory "SELECT count(y) FROM line")
row "memory beyond a scan" "$(($(peak_memory 'SELECT linreg_fit(y, x) FROM line') - base))" kB
