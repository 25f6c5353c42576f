#!/usr/bin/env bash
# Random forests against scikit-learn: the same rows, one process each, in one
# run. Prints "name, value, unit".
#
#   ROWS=1000000 TREES=10 PYTHON=python3 bench/forest.sh
#
# PYTHON has scikit-learn and pandas; without them only our side is measured.
cd "$(dirname "$0")/.." || exit 1
. bench/lib.sh

ROWS=${ROWS:-1000000}
TREES=${TREES:-10}
PYTHON=${PYTHON:-python3}

bench_cluster "jit = off" "max_parallel_workers_per_gather = 0"

# Ten features of which five matter, and noise: unpruned trees grow deep.
psql -qX -v ON_ERROR_STOP=1 -v rows="$ROWS" <<'SQL' || die "could not make the rows"
SELECT setseed(0.42) \g /dev/null
CREATE TABLE viewer AS
SELECT train_test_split(i) AS part, x,
       CASE WHEN x[1] + x[2] * x[3] + sin(6 * x[4]) / 2 + 0.3 * x[5] + (random() - 0.5) * 0.3 > 1 THEN 'yes' ELSE 'no' END AS label
FROM (SELECT i, ARRAY[random(), random(), random(), random(), random(), random(), random(), random(), random(), random()] AS x
      FROM generate_series(1, :rows) i OFFSET 0) s;
CREATE TABLE model (forest bytea);
VACUUM (FREEZE, ANALYZE) viewer;
SQL
describe
row rows "$ROWS" rows
row trees "$TREES" trees

seconds "collect the rows" "SELECT count(x[10]) FROM viewer WHERE part = 'train'"
seconds "train 1 tree" "SELECT length(rf_train(label, x, '{\"trees\": 1}')) FROM viewer WHERE part = 'train'"
one=$SECONDS_TAKEN
seconds "train" "SELECT length(rf_train(label, x, '{\"trees\": $TREES}')) FROM viewer WHERE part = 'train'"
train=$SECONDS_TAKEN
row "time per further tree" "$(awk -v a="$train" -v b="$one" -v n="$TREES" 'BEGIN { printf "%.3f", (a - b) / (n - 1) }')" s

psql -qX -c "INSERT INTO model SELECT rf_train(label, x, '{\"trees\": $TREES}') FROM viewer WHERE part = 'train'"
seconds "predict" "SELECT count(rf_predict((SELECT forest FROM model), x)) FROM viewer WHERE part = 'test'"
predict=$SECONDS_TAKEN
row accuracy "$(psql -qAtX -c "SELECT round(accuracy(label, rf_predict((SELECT forest FROM model), x))::numeric, 4)
  FROM viewer WHERE part = 'test'")" share

if ! "$PYTHON" -c 'import sklearn, pandas' 2>/dev/null; then
  say "$PYTHON has no scikit-learn and pandas: no comparison"
  exit 0
fi
peer=$(psql -qX -c "COPY (SELECT part, label, x[1], x[2], x[3], x[4], x[5], x[6], x[7], x[8], x[9], x[10] FROM viewer) TO STDOUT (FORMAT csv)" |
  "$PYTHON" bench/forest_peer.py "$TREES") || die "the peer failed"
printf '%s\n' "$peer"
peer_value() { printf '%s\n' "$peer" | sed -n "s/^$1, \([^,]*\),.*/\1/p"; }
ratio "train speedup" "$(peer_value "train peer")" "$train"
ratio "predict speedup" "$(peer_value "predict peer")" "$predict"
