#!/usr/bin/env bash
# How condensed fits and metrics grow: with rows, with features, and with groups,
# beside what grouping takes by itself. Prints "name, value, unit".
#
#   GROUPS_OF_50=100000 ROWS="500000 5000000 50000000" RUNS=3 bench/growth.sh
#
# Rows of groups are in the order of their group, and in none. The plan is hashed
# aggregation, in memory, and also sorted aggregation, whose sort everybody pays.
# "skipping" is linreg_fit over rows with a NULL feature: it keeps the state of a
# group and counts the row, and adds up nothing. "keeping" is an aggregate with the
# state and the transition function of another, which begins with a state and gets
# NULLs: it returns what it was given, and reads nothing of it. What they take more
# with groups than without is the price of grouping with states of that size: no
# aggregate with such a state takes less. "beyond" leaves it out.
# ROWS= leaves out the growth with rows.
cd "$(dirname "$0")/.." || exit 1
. bench/lib.sh

GROUPS_OF_50=${GROUPS_OF_50:-100000}
ROWS=${ROWS-500000 5000000 50000000}

bench_cluster "shared_buffers = '1GB'" "max_wal_size = '8GB'" "jit = off" "work_mem = '8GB'" \
  "hash_mem_multiplier = 1" "max_parallel_workers_per_gather = 0" "autovacuum = off"

psql -qX -v ON_ERROR_STOP=1 -v rows="$((50 * GROUPS_OF_50))" >/dev/null <<'SQL' || die "could not make the rows"
SELECT setseed(0.42);
CREATE UNLOGGED TABLE ordered AS
SELECT (i - 1) / 50 AS g, y, y + u - 0.5 AS predicted, u < score AS actual, score,
  ARRAY[random(), random(), random(), random(), random(), random(), random(), random(), random(), score] AS x,
  ARRAY[u, u, u, u, u, u, u, u, u, NULL] AS holes
FROM (SELECT i, 100 * random() AS y, random() AS u, random() AS score FROM generate_series(1, :rows) i OFFSET 0) s;
CREATE UNLOGGED TABLE shuffled AS SELECT * FROM ordered ORDER BY hashfloat8(score);
VACUUM (FREEZE, ANALYZE) ordered, shuffled;
SQL
describe
row groups "$GROUPS_OF_50" "groups of 50 rows"

# cpu QUERY [SETTING ...]: CPU seconds, the median
cpu() {
  local i query=$1 settings=
  shift
  for i in "$@"; do settings+=" -c $i"; done
  for ((i = 0; i < RUNS; i++)); do PGOPTIONS=$settings timed "$query"; done | median_column 2
}

# grouped NAME AGGREGATE: one group, then groups, over rows in both orders
grouped() {
  local one
  one=$(cpu "SELECT count(f) FROM (SELECT $2 AS f FROM ordered) q")
  row "$1, one group" "$one" "CPU s"
  ONE=$one
  for rows in ordered shuffled; do
    HASHED=$(cpu "SELECT count(f) FROM (SELECT $2 AS f FROM $rows GROUP BY g) q" enable_sort=off)
    row "$1, groups hashed, $rows rows" "$HASHED" "CPU s"
    ratio "$1, groups hashed, $rows rows over one group" "$HASHED" "$one"
  done
  SORTED=$(cpu "SELECT count(f) FROM (SELECT $2 AS f FROM shuffled GROUP BY g) q" enable_hashagg=off)
  row "$1, groups sorted" "$SORTED" "CPU s"
  ratio "$1, groups sorted, over one group" "$SORTED" "$one"
}

# beyond NAME ONE HASHED SORTED: the same ratios without the time of another aggregate
beyond() {
  ratio "beyond $1, groups hashed, shuffled rows over one group" "$(calculate "$HASHED - $3")" "$(calculate "$ONE - $2")"
  ratio "beyond $1, groups sorted, over one group" "$(calculate "$SORTED - $4")" "$(calculate "$ONE - $2")"
}

# aggregates that only keep a state of the size of another's
psql -qX -v ON_ERROR_STOP=1 >/dev/null <<'SQL' || die "could not make the aggregates"
SELECT error_accum(NULL, 1::float8, 2::float8)::text AS numbers, error_accum(NULL, true, 0.5)::text AS probabilities,
  linreg_accum(NULL, 1, 2::float8)::text AS line \gset
CREATE AGGREGATE keep_numbers (float8, float8) (SFUNC = error_accum, STYPE = error_sums, SSPACE = 112,
  INITCOND = :'numbers', FINALFUNC = rmse_final);
CREATE AGGREGATE keep_probabilities (boolean, float8) (SFUNC = error_accum, STYPE = error_sums, SSPACE = 64,
  INITCOND = :'probabilities', FINALFUNC = log_loss_final);
CREATE AGGREGATE keep_line (float8, float8) (SFUNC = linreg_accum, STYPE = linreg, SSPACE = 176, INITCOND = :'line');
SQL

grouped "count" "count(score)"
count=("$ONE" "$HASHED" "$SORTED")
grouped "regr_slope" "regr_slope(y, predicted)"
grouped "keeping the state of linreg_fit of 1 feature" "keep_line(NULLIF(y, y), predicted)"
kept=("$ONE" "$HASHED" "$SORTED")
grouped "linreg_fit of 1 feature" "linreg_fit(y, predicted)"
beyond count "${count[@]}"
beyond keeping "${kept[@]}"
grouped "roc_auc" "roc_auc(actual, score)"
beyond count "${count[@]}"
grouped "keeping the state of rmse" "keep_numbers(NULLIF(y, y), predicted)"
kept=("$ONE" "$HASHED" "$SORTED")
grouped "rmse" "rmse(y, predicted)"
beyond count "${count[@]}"
beyond keeping "${kept[@]}"
grouped "keeping the state of log_loss" "keep_probabilities(NULLIF(actual, actual), score)"
kept=("$ONE" "$HASHED" "$SORTED")
grouped "log_loss" "log_loss(actual, score)"
beyond count "${count[@]}"
beyond keeping "${kept[@]}"
grouped "accuracy" "accuracy(actual, score > 0.5)"

# the same with ten features, and with states that rows are not added to
one=$(cpu "SELECT count(f) FROM (SELECT linreg_fit(y, holes) AS f FROM ordered) q")
hashed=$(cpu "SELECT count(f) FROM (SELECT linreg_fit(y, holes) AS f FROM shuffled GROUP BY g) q" enable_sort=off)
sorted=$(cpu "SELECT count(f) FROM (SELECT linreg_fit(y, holes) AS f FROM shuffled GROUP BY g) q" enable_hashagg=off)
ratio "skipping, groups hashed, shuffled rows over one group" "$hashed" "$one"
ratio "skipping, groups sorted, over one group" "$sorted" "$one"
grouped "linreg_fit of 10 features" "linreg_fit(y, x)"
beyond skipping "$one" "$hashed" "$sorted"

# features: rows so many that the products are the same
psql -qX -v ON_ERROR_STOP=1 >/dev/null <<'SQL' || die "could not make the features"
CREATE UNLOGGED TABLE f30 AS SELECT y, x || x || x AS x FROM ordered LIMIT 100000;
CREATE UNLOGGED TABLE f100 AS SELECT y, x || x || x || x || x || x || x || x || x || x AS x FROM ordered LIMIT 100000;
VACUUM (FREEZE, ANALYZE) f30, f100;
SQL
narrow=$(cpu "SELECT linreg_fit(y, x) IS NULL FROM f30")
wide=$(cpu "SELECT linreg_fit(y, x) IS NULL FROM f100")
row "100,000 rows of 30 features" "$narrow" "CPU s"
row "100,000 rows of 100 features" "$wide" "CPU s"
ratio "100 features over 30, whose square is 11.1" "$wide" "$narrow"

# rows, and the memory of a fit beyond that of a scan
for rows in $ROWS; do
  psql -qX -v ON_ERROR_STOP=1 -v rows="$rows" >/dev/null <<'SQL' || die "could not make the rows"
DROP TABLE IF EXISTS line;
CREATE UNLOGGED TABLE line AS SELECT i::float8 AS x, 2 * i + random() AS y, random() < 0.3 AS actual, random() AS score FROM generate_series(1, :rows) i;
VACUUM (FREEZE, ANALYZE) line;
SQL
  base=$(peak_memory "SELECT count(y) FROM line")
  for aggregate in "linreg_fit(y, x)" "rmse(y, x)" "log_loss(actual, score)" "accuracy(actual, score > 0.3)"; do
    took=$(cpu "SELECT $aggregate IS NULL FROM line")
    row "${aggregate%%(*} of $rows rows" "$(calculate "$took * 1e9 / $rows" 1)" "CPU ns per row"
    row "${aggregate%%(*} of $rows rows, memory beyond a scan" "$(($(peak_memory "SELECT $aggregate FROM line") - base))" kB
  done
done
