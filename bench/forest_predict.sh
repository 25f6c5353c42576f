#!/usr/bin/env bash
# Prediction by a random forest, in plain SELECT, against the batch prediction of
# other libraries: the same rows, one process or thread each, in one run. Prints
# "name, value, unit".
#
#   ROWS=1000000 TREES=100 PEER_TREES=10 PYTHON=python3 bench/forest_predict.sh
#
# TRAIN_ROWS (as ROWS) rows of SHAPE (deep) are trained on, others predicted. The
# peers' forests have PEER_TREES trees; what predicting with 1 and with so many
# takes is scaled to TREES. Reading the rows and the model is part of our time,
# not of theirs.
cd "$(dirname "$0")/.." || exit 1
. bench/lib.sh
PEERS=${PEERS:-scikit-learn ranger}
PEER_TREES=${PEER_TREES:-10}
. bench/forest_lib.sh

SHAPE=${SHAPE:-deep}
ROWS=${ROWS:-1000000}
TRAIN_ROWS=${TRAIN_ROWS:-$ROWS}
TREES=${TREES:-100}

bench_cluster "${FOREST_SETTINGS[@]}"
make_rows "$SHAPE" train "$TRAIN_ROWS" 0.42
make_rows "$SHAPE" test "$ROWS" 0.43
describe
row shape "$SHAPE" name
row rows "$ROWS" rows
row trees "$TREES" trees

psql -qX -v ON_ERROR_STOP=1 -c "CREATE TABLE model AS SELECT rf_train(label, x, '{\"trees\": $TREES}') AS forest FROM train" || die "no model"
psql -qAtX -F ', ' -c "SELECT 'nodes per tree', (i->>'nodes')::bigint / (i->>'trees')::int, 'nodes' FROM (SELECT rf_info(forest) AS i FROM model) m" \
  -c "SELECT 'model', round(length(forest) / 1e6, 1), 'MB' FROM model"
row "accuracy, $TREES trees" "$(accuracy_of model test)" share

# ns_per_tree_and_row SECONDS
ns_per_tree_and_row() { calculate "($1) * 1e9 / $TREES / $ROWS" 1; }

one_process() { PGOPTIONS="-c max_parallel_workers_per_gather=0" cost "$@"; }
one_process "scan" "SELECT count(x[1]) FROM test"
one_process "predict 1 row" "SELECT rf_predict((SELECT forest FROM model), x) FROM test LIMIT 1"
first=$CPU
one_process "predict" "SELECT count(rf_predict((SELECT forest FROM model), x)) FROM test"
wall=$WALL cpu=$CPU
row "predict" "$(ns_per_tree_and_row "$cpu")" "CPU ns per tree and row"
row "predict, without decoding the model" "$(ns_per_tree_and_row "$cpu - $first")" "CPU ns per tree and row"

PGOPTIONS="-c max_parallel_workers_per_gather=1" cost "predict, leader and 1 worker" "SELECT count(rf_predict((SELECT forest FROM model), x)) FROM test"
ratio "speedup by 1 worker" "$wall" "$WALL"

compare() {
  peer_cost "$1" predict "$CLUSTER/train.csv" "$CLUSTER/test.csv"
  row "predict, $1" "$(ns_per_tree_and_row "$CPU")" "CPU ns per tree and row"
  ratio "predict speedup over $1" "$WALL" "$wall"
  row "predict speedup over $1" "$(calculate "$CPU / $cpu" 2)" "CPU ratio"
}
export_rows train "$CLUSTER/train.csv"
export_rows test "$CLUSTER/test.csv"
each_peer compare
