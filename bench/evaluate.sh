#!/usr/bin/env bash
# Metrics of predictions against plain SQL, and against scikit-learn, which has to
# fetch the rows first: the same rows, in one run. Prints "name, value, unit".
#
#   SIZES="1000000 10000000" GROUPED=5000000 RUNS=3 PYTHON=python3 bench/evaluate.sh
#
# GROUPED rows are judged as one group and in groups of 50; 0 leaves that out.
# One process each, unless said otherwise. Scores are all different. Starting
# Python and loading its libraries is not counted; COPY is binary, which is the
# fastest way out.
cd "$(dirname "$0")/.." || exit 1
. bench/lib.sh

SIZES=${SIZES:-1000000 10000000}
GROUPED=${GROUPED:-5000000}
PYTHON=${PYTHON:-python3}
METRICS='roc_auc pr_auc log_loss rmse'

bench_cluster "shared_buffers = '2GB'" "max_wal_size = '8GB'" "jit = off" "work_mem = '256MB'"
peer_there=
if "$PYTHON" -c 'import numpy, sklearn' 2>/dev/null; then
  peer_there=yes
else
  say "$PYTHON has no numpy and scikit-learn: no comparison with it"
fi
describe

make_rows() {
  psql -qX -v ON_ERROR_STOP=1 -v rows="$1" <<'SQL' || die "could not make the rows"
SET client_min_messages = error;
DROP TABLE IF EXISTS judged;
SELECT setseed(0.42) \g /dev/null
CREATE UNLOGGED TABLE judged AS
SELECT i % (:rows / 50) AS g, u < score AS actual, score, y, y + u - 0.5 AS predicted
FROM (SELECT i, random() AS u, random() AS score, 100 * random() AS y FROM generate_series(1, :rows) i OFFSET 0) s;
VACUUM (FREEZE, ANALYZE) judged;
SQL
}

# the groups of equal scores, and what is above them
RANKED="SELECT p, q, sum(p) OVER (ORDER BY score DESC) AS tp, sum(q) OVER (ORDER BY score DESC) AS fp
  FROM (SELECT score, count(*) FILTER (WHERE actual) AS p, count(*) FILTER (WHERE NOT actual) AS q FROM judged GROUP BY score) g"

ours() {
  case $1 in
    rmse) echo "SELECT rmse(y, predicted) FROM judged" ;;
    *) echo "SELECT $1(actual, score) FROM judged" ;;
  esac
}

plain() {
  case $1 in
    roc_auc) echo "SELECT sum(q * (tp - p / 2.0)) / (sum(p) * sum(q)) FROM ($RANKED) r" ;;
    pr_auc) echo "SELECT sum(p * (tp / (tp + fp))) / sum(p) FROM ($RANKED) r" ;;
    log_loss) echo "SELECT -avg(ln(CASE WHEN actual THEN score ELSE 1 - score END)) FROM judged" ;;
    rmse) echo "SELECT sqrt(avg((y - predicted) ^ 2)) FROM judged" ;;
  esac
}

# with_workers N COMMAND ...: with so many parallel workers at most
with_workers() { PGOPTIONS="-c max_parallel_workers_per_gather=$1" "${@:2}"; }

# against_peer NAME METRIC SECONDS: scikit-learn's time for the same
against_peer() {
  local i runs
  [ -n "$peer_there" ] || return 0
  runs=$(for ((i = 0; i < RUNS; i++)); do "$PYTHON" bench/evaluate.py "$2" || die "the peer failed"; done)
  row "$1, COPY" "$(median_column 1 <<<"$runs")" s
  row "$1, scikit-learn" "$(median_column 2 <<<"$runs")" s
  ratio "$1, scikit-learn with COPY over ours" "$(awk '{ print $1 + $2 }' <<<"$runs" | median)" "$3"
}

for size in $SIZES; do
  make_rows "$size"
  with_workers 0 cost "scan of $size" "SELECT count(score) FROM judged"
  for metric in $METRICS; do
    with_workers 0 cost "$metric of $size" "$(ours "$metric")"
    wall=$WALL
    cpu=$CPU
    with_workers 0 cost "$metric of $size in plain SQL" "$(plain "$metric")"
    ratio "$metric of $size, CPU of plain SQL over ours" "$CPU" "$cpu"
    against_peer "$metric of $size" "$metric" "$wall"
  done
  with_workers 2 seconds "rmse of $size, 2 workers" "$(ours rmse)"
  with_workers 0 cost "rmse, mae, mape and r2_score of $size" \
    "SELECT rmse(y, predicted), mae(y, predicted), mape(y, predicted), r2_score(y, predicted) FROM judged"
done

[ "$GROUPED" -gt 0 ] || exit 0
groups=$((GROUPED / 50))
make_rows "$GROUPED"
for metric in roc_auc rmse; do
  with_workers 0 cost "$metric of one group" "$(ours "$metric")"
  cpu=$CPU
  with_workers 0 cost "$metric of $groups groups" "SELECT count(m) FROM ($(ours "$metric" | sed 's/ FROM/ AS m FROM/') GROUP BY g) g"
  ratio "$metric, $groups groups over one, CPU" "$CPU" "$cpu"
done
with_workers 0 cost "count of $groups groups" "SELECT count(m) FROM (SELECT count(score) AS m FROM judged GROUP BY g) g"

# past liveanalytics.collect_mem
PGOPTIONS="-c max_parallel_workers_per_gather=0 -c liveanalytics.collect_mem=8MB" cost "roc_auc of $GROUPED within 8 MB" "$(ours roc_auc)"
