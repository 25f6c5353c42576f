#!/usr/bin/env bash
# From a table to predictions in a table, by a random forest: here, and by way of
# Python and back. The same rows, on all cores, by turns. Prints "name, value, unit".
#
#   ROWS=1000000 TREES=20 PYTHON=python3 bench/forest_journey.sh
#
# Here: train into a table, predict into another, under PostgreSQL's default
# parallel settings. Peer: COPY the rows out in binary (twice as fast as CSV and
# pandas), scikit-learn with a job per core, COPY the predictions back; starting
# Python and loading its libraries is not counted.
cd "$(dirname "$0")/.." || exit 1
. bench/lib.sh
. bench/forest_lib.sh

ROWS=${ROWS:-1000000}
TREES=${TREES:-20}

bench_cluster "${FOREST_SETTINGS[@]}"
make_rows deep viewer "$ROWS" 0.42
psql -qX -v ON_ERROR_STOP=1 <<'SQL' || die "could not make the table"
CREATE UNLOGGED TABLE buyer AS SELECT id, label = 'yes' AS buys, x FROM viewer;
VACUUM (FREEZE, ANALYZE) buyer;
SQL
describe
row rows "$ROWS" rows
row trees "$TREES" trees

# ours: "train predict" seconds
ours() {
  psql -qX -c "DROP TABLE IF EXISTS model, prediction" 2>/dev/null
  timed "CREATE TABLE model AS SELECT rf_train(buys, x, '{\"trees\": $TREES}') AS forest FROM buyer" | cut -d ' ' -f 1
  timed "CREATE TABLE prediction AS SELECT id, rf_predict((SELECT forest FROM model), x)::boolean AS buys FROM buyer" | cut -d ' ' -f 1
}

peer_there=
if "$PYTHON" -c 'import numpy, psycopg, sklearn' 2>/dev/null; then
  peer_there=yes
else
  say "$PYTHON has no numpy, psycopg and scikit-learn: no comparison"
fi
ours >/dev/null
for ((i = 0; i < RUNS; i++)); do
  ours | paste -sd ' ' >>"$CLUSTER/ours"
  [ -z "$peer_there" ] || "$PYTHON" bench/forest_journey.py "$TREES" >>"$CLUSTER/peer" || die "the peer failed"
done

# stages FILE PREFIX NAME ...: the median of each column and their sum, left in TOTAL
stages() {
  local n=0 name
  for name in "${@:3}"; do
    n=$((n + 1))
    row "$2$name" "$(median_column $n <"$1")" s
  done
  TOTAL=$(awk '{ s = 0; for (i = 1; i <= NF; i++) s += $i; print s }' "$1" | median)
  row "$2journey" "$TOTAL" s
}

stages "$CLUSTER/ours" "" train predict
total=$TOTAL
[ -n "$peer_there" ] || exit 0
row scikit-learn "$(peer scikit-learn version)" version
stages "$CLUSTER/peer" "peer, " "copy out" train predict "copy back"
row "equal predictions" "$(psql -qAtX -c "SELECT round(avg((p.buys = q.buys)::int), 4) FROM prediction p JOIN peer_prediction q USING (id)")" share
ratio "journey speedup" "$TOTAL" "$total"
