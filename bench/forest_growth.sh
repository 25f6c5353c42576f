#!/usr/bin/env bash
# How the cost of training a forest grows with rows, features and groups, in one
# process. Prints "name, value, unit".
#
#   ROWS=500000 TREES=10 GROUP_COUNT=10000 bench/forest_growth.sh
#
# ROWS, twice and four times as many; 10 and 100 features of ROWS; GROUP_COUNT
# groups of 100 rows by GROUP BY against one group of all these rows.
cd "$(dirname "$0")/.." || exit 1
. bench/lib.sh
. bench/forest_lib.sh

ROWS=${ROWS:-500000}
TREES=${TREES:-10}
GROUP_COUNT=${GROUP_COUNT:-10000}

bench_cluster "${FOREST_SETTINGS[@]}" "max_parallel_workers_per_gather = 0" "max_parallel_maintenance_workers = 0"
describe
row trees "$TREES" trees

for factor in 1 2 4; do
  make_rows deep viewer "$((ROWS * factor))" 0.42
  cost "$((ROWS * factor)) rows" "$(train_query viewer "$TREES")"
  if [ $factor = 1 ]; then base=$CPU
  else row "$factor times the rows" "$(calculate "$CPU / $base" 2)" "CPU ratio"
  fi
  psql -qX -c "DROP TABLE viewer"
done

make_rows wide viewer "$ROWS" 0.42
cost "$ROWS rows, 100 features" "$(train_query viewer "$TREES")"
row "100 features over 10" "$(calculate "$CPU / $base" 2)" "CPU ratio"
psql -qX -c "DROP TABLE viewer"

make_rows deep viewer "$((GROUP_COUNT * 100))" 0.42
cost "1 group of $((GROUP_COUNT * 100)) rows" "$(train_query viewer "$TREES")"
base=$CPU
cost "$GROUP_COUNT groups of 100 rows" "$(train_query viewer "$TREES") GROUP BY id % $GROUP_COUNT"
row "$GROUP_COUNT groups over 1" "$(calculate "$CPU / $base" 2)" "CPU ratio"
