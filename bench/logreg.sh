#!/usr/bin/env bash
# Logistic regression beside statsmodels, scikit-learn and R: the same rows, in
# one run. Prints "name, value, unit". Peers that are not installed are left out.
#
#   ROWS=1000000 RUNS=3 PYTHON=python3 bench/logreg.sh
#
# A peer's time "with the copy" counts from the table to the estimates; that of
# the aggregate does as well, as it reads the table itself.
cd "$(dirname "$0")/.." || exit 1
. bench/lib.sh

ROWS=${ROWS:-1000000}
PYTHON=${PYTHON:-python3}
FIT='SELECT log_likelihood FROM logreg_stats((SELECT logreg_fit(label, x) FROM viewer))'

bench_cluster "shared_buffers = '1GB'" "max_wal_size = '8GB'" "jit = off" "max_parallel_workers_per_gather = 0"

# make_rows TABLE ROWS FEATURES: uniform features of which every third matters
make_rows() {
  psql -qX -v ON_ERROR_STOP=1 -c "SELECT setseed(0.42)" -c "CREATE UNLOGGED TABLE $1 AS
    SELECT random() < 1 / (1 + exp(0.5 - 2 * x[1] + x[4 % $3 + 1])) AS label, x FROM (
      SELECT (SELECT array_agg(random() * 2 - 1) FROM generate_series(1, $3) j WHERE i > 0) AS x
      FROM generate_series(1, $2) i OFFSET 0) q" -c "VACUUM ANALYZE $1" >/dev/null || die "could not make the rows"
}

# peer NAME COMMAND...: its rows, and how many times as long as ours it takes
peer() {
  local name=$1 figures fetch fetch_cpu fit fit_cpu value version
  shift
  figures=$("$@" 2>>"$BUILD/log/logreg_peers.log") || { say "$name is not here, or fails: see build/log/logreg_peers.log"; return; }
  read -r fetch fetch_cpu fit fit_cpu value version <<<"$figures"
  say "$name $version: log-likelihood $value"
  row "$name, copy" "$fetch" s
  row "$name, copy" "$fetch_cpu" "CPU s"
  row "$name, fit" "$fit" s
  row "$name, fit" "$fit_cpu" "CPU s"
  ratio "$name with the copy over logreg_fit" "$(calculate "$fetch + $fit")" "$WALL"
  ratio "$name with the copy over logreg_fit, CPU" "$(calculate "$fetch_cpu + $fit_cpu")" "$CPU"
  ratio "$name, fit alone over logreg_fit without the scan, CPU" "$fit_cpu" "$(calculate "$CPU - $SCAN_CPU")"
}

make_rows viewer "$ROWS" 10
describe
row rows "$ROWS" rows
cost "scan of 10 features" 'SELECT count(x) FROM viewer'
SCAN_CPU=$CPU
cost "logreg_fit of 10 features" "$FIT"
say "logreg_fit: log-likelihood $(psql -qAtX -c "$FIT")"
mkdir -p "$BUILD/log"
peer statsmodels "$PYTHON" bench/logreg_peers.py statsmodels "$RUNS"
peer scikit-learn "$PYTHON" bench/logreg_peers.py scikit-learn "$RUNS"
peer "R glm" Rscript bench/glm.R "$RUNS"

# growth: rows, features, groups, classes; small groups may well be separated
export PGOPTIONS="-c client_min_messages=error"
few=$CPU
make_rows tenth "$((ROWS / 10))" 10
cost "a tenth of the rows" 'SELECT logreg_fit(label, x) FROM tenth'
ratio "all rows over a tenth, CPU" "$few" "$CPU"
make_rows wider "$((ROWS / 10))" 40
tenth=$CPU
cost "a tenth of the rows, 40 features" 'SELECT logreg_fit(label, x) FROM wider'
ratio "40 features over 10, CPU" "$CPU" "$tenth"
cost "1000 groups" 'SELECT count(fit) FROM (SELECT logreg_fit(label, x) AS fit FROM (SELECT row_number() OVER () % 1000 AS g, label, x FROM viewer) v GROUP BY g) f'
ratio "1000 groups over one, CPU" "$CPU" "$few"
cost "5 classes" 'SELECT logreg_fit((5 * (x[1] + x[2] + 2) / 4)::int::text, x[3:]) FROM tenth'
row "peak memory beyond a scan" "$(calculate "($(peak_memory 'SELECT logreg_fit(label, x) FROM viewer') - $(peak_memory 'SELECT count(x) FROM viewer')) / 1024" 0)" MB
