#!/usr/bin/env bash
# Training a random forest against other libraries: the same rows, one process
# each, in one run. Prints "name, value, unit".
#
#   SHAPE=deep ROWS=1000000 TREES=100 PYTHON=python3 bench/forest.sh
#
# SHAPE is deep (10 features, 2 classes, trees grow deep), classes (20 features,
# 5 classes, 100,000 rows unless ROWS says otherwise) or article (seconds watched
# and interactions, 4 classes). The peers (see bench/forest_lib.sh) grow
# PEER_TREES trees in one thread, and what they take is scaled to TREES: the cost
# of the first tree, with all that is done once, and of so many further trees.
# Reading the rows is part of our time, not of theirs.
cd "$(dirname "$0")/.." || exit 1
. bench/lib.sh
. bench/forest_lib.sh

SHAPE=${SHAPE:-deep}
[ "$SHAPE" = classes ] && ROWS=${ROWS:-100000}
ROWS=${ROWS:-1000000}
TREES=${TREES:-100}

bench_cluster "${FOREST_SETTINGS[@]}" "max_parallel_workers_per_gather = 0" "max_parallel_maintenance_workers = 0"
make_rows "$SHAPE" train "$ROWS" 0.42
make_rows "$SHAPE" test "$((ROWS / 5))" 0.43
describe
row shape "$SHAPE" name
row rows "$ROWS" rows
row trees "$TREES" trees

cost "scan" "SELECT count(x[1]) FROM train"
cost "train, 1 tree" "$(train_query train 1)"
one=$CPU
cost "train, $TREES trees" "$(train_query train "$TREES")"
wall=$WALL cpu=$CPU
further=$(calculate "($cpu - $one) / ($TREES - 1)" 4)
row "train, each further tree" "$further" "CPU s"
row "train, all but the trees" "$(calculate "$one - $further")" "CPU s"

PGOPTIONS="-c max_parallel_maintenance_workers=1" cost "train, $TREES trees, leader and 1 worker" "$(train_query train "$TREES")"
ratio "speedup by 1 worker" "$wall" "$WALL"

for trees in "$PEER_TREES" "$TREES"; do
  psql -qX -c "CREATE TABLE model_$trees AS SELECT rf_train(label, x, '{\"trees\": $trees}') AS forest FROM train" || die "no model"
  row "accuracy, $trees trees" "$(accuracy_of "model_$trees" test)" share
  [ "$PEER_TREES" != "$TREES" ] || break
done
psql -qAtX -F ', ' -c "SELECT 'nodes per tree', (i->>'nodes')::bigint / (i->>'trees')::int, 'nodes' FROM (SELECT rf_info(forest) AS i FROM model_$TREES) m"

compare() {
  peer_cost "$1" train "$CLUSTER/train.csv" "$CLUSTER/test.csv"
  ratio "train speedup over $1" "$WALL" "$wall"
  row "train speedup over $1" "$(calculate "$CPU / $cpu" 2)" "CPU ratio"
}
export_rows train "$CLUSTER/train.csv"
export_rows test "$CLUSTER/test.csv"
each_peer compare
