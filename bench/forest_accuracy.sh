#!/usr/bin/env bash
# How often forests of 100 trees are right about rows they have not seen: ours and
# scikit-learn's, on the same rows. Prints "name, value, unit".
#
#   SEEDS=5 PYTHON=python3 bench/forest_accuracy.sh
#
# Public data sets under LIVEANALYTICS_DATA (default: ../shared/data), those that
# are there, and small ones that come with scikit-learn. For each of SEEDS seeds,
# which both sides use: a quarter of a large set is held out, or every fifth of a
# small one in turn, all classes in proportion. SETS names some of them only.
cd "$(dirname "$0")/.." || exit 1
. bench/lib.sh
. bench/forest_lib.sh

SEEDS=${SEEDS:-5}
TREES=${TREES:-100}

if ! "$PYTHON" -c 'import pandas, psycopg, sklearn' 2>/dev/null; then
  say "$PYTHON has no pandas, psycopg and scikit-learn: no comparison"
  exit 0
fi
find_data
bench_cluster "${FOREST_SETTINGS[@]}"
describe
row trees "$TREES" trees
row scikit-learn "$(peer scikit-learn version)" version
# shellcheck disable=SC2086  # a list
"$PYTHON" bench/forest_accuracy.py "$SEEDS" "$TREES" ${SETS:-} || die "the comparison failed"
