# shellcheck shell=bash
# What the benchmarks of the forest share: the shapes of rows, and the forests
# of other libraries on the same rows. Sourced after bench/lib.sh.
#
# PYTHON (python3) is where scikit-learn and its like are looked for.
# PEERS are the libraries to compare with; what is not installed is skipped.
# PEER_TREES (5) trees are grown by them, and what they take is scaled to TREES.

PYTHON=${PYTHON:-python3}
PEERS=${PEERS:-scikit-learn ranger xgboost lightgbm scikit-learn-intelex}
PEER_TREES=${PEER_TREES:-5}

# Rows enough for a server whose tables stay in memory.
FOREST_SETTINGS=("jit = off" "shared_buffers = '1GB'" "max_wal_size = '8GB'" "autovacuum = off")

# --- the rows ---------------------------------------------------------------

# list N TEXT: the text N times, with commas between; # in it counts from 1.
list() {
  local i text=
  for ((i = 1; i <= $1; i++)); do
    text+=", ${2//\#/$i}"
  done
  echo "${text#, }"
}

# A draw from the normal distribution (Box and Muller 1958); PostgreSQL has one since 16.
NORMAL='sqrt(-2 * ln(1 - random())) * cos(6.283185307179586 * random())'

# shape_query NAME: id, label, x of :rows rows.
shape_query() {
  case $1 in
    # Ten features of which five matter, and noise: unpruned trees grow deep.
    deep) deep_query 10 ;;
    # The same and ninety that do not matter.
    wide) deep_query 100 ;;
    # Like scikit-learn's make_classification: ten clusters in ten dimensions, two
    # to a class, each stretched another way; two sums of these, eight columns of
    # noise, and one label in a hundred wrong.
    classes)
      cat <<SQL
SELECT i AS id, chr(97 + CASE WHEN random() < 0.01 THEN floor(random() * 5)::int ELSE k % 5 END) AS label,
       c || ARRAY[c[1] - c[3] + c[5] - c[7], c[2] + c[4] - c[6] - c[8]] || z[11:18] AS x
FROM (SELECT i, k, z, ARRAY[$(list 10 '1.1 * (1 - 2 * (corner[k + 1] >> # & 1)) + z[#] + z[1 + (# + k) % 10]')] AS c
      FROM (SELECT i, floor(random() * 10)::int AS k, ARRAY[$(list 18 "$NORMAL")] AS z,
                   '{1454,838,1690,302,1992,964,1204,466,1370,2038}'::int[] AS corner
            FROM generate_series(1, :rows) i OFFSET 0) s OFFSET 0) s
SQL
      ;;
    # Viewers of live commerce: seconds watched with a heavy tail and few
    # interactions, whole numbers both, so that many viewers are alike.
    article)
      cat <<SQL
SELECT i AS id,
       CASE WHEN watch + 60 * $NORMAL > 240 THEN CASE WHEN acts + 2 * $NORMAL > 5 THEN 'core' ELSE 'silent' END
            ELSE CASE WHEN acts + 2 * $NORMAL > 5 THEN 'impulsive' ELSE 'passing' END END AS label,
       ARRAY[watch, acts] AS x
FROM (SELECT i, floor(exp(5 + 1.3 * $NORMAL)) AS watch, floor(exp(4 * random()) - 1) AS acts
      FROM generate_series(1, :rows) i OFFSET 0) s
SQL
      ;;
    *) die "SHAPE is deep, wide, classes or article, not $1" ;;
  esac
}

deep_query() {
  cat <<SQL
SELECT i AS id,
       CASE WHEN x[1] + x[2] * x[3] + sin(6 * x[4]) / 2 + 0.3 * x[5] + (random() - 0.5) * 0.3 > 1 THEN 'yes' ELSE 'no' END AS label, x
FROM (SELECT i, ARRAY[$(list "$1" 'random()')] AS x FROM generate_series(1, :rows) i OFFSET 0) s
SQL
}

# make_rows SHAPE TABLE ROWS SEED
make_rows() {
  local query
  query=$(shape_query "$1") || exit 1
  psql -qX -v ON_ERROR_STOP=1 -v rows="$3" >/dev/null <<SQL || die "could not make the rows"
SELECT setseed($4);
CREATE UNLOGGED TABLE $2 AS $query;
VACUUM (FREEZE, ANALYZE) $2;
SQL
}

# export_rows TABLE FILE: label and features as CSV.
export_rows() {
  local columns
  columns=$(psql -qAtX -c "SELECT string_agg(format('x[%s]', f), ', ' ORDER BY f)
    FROM generate_series(1, (SELECT cardinality(x) FROM $1 LIMIT 1)) f")
  psql -qX -v ON_ERROR_STOP=1 -c "COPY (SELECT label, $columns FROM $1) TO STDOUT (FORMAT csv)" >"$2" ||
    die "could not write the rows of $1"
}

# train_query TABLE TREES
train_query() { echo "SELECT length(rf_train(label, x, '{\"trees\": $2}')) FROM $1"; }

# accuracy_of MODEL TABLE: the share of its rows that the stored model gets right.
accuracy_of() {
  psql -qAtX -c "SELECT round(accuracy(label, rf_predict((SELECT forest FROM $1), x))::numeric, 4) FROM $2"
}

# --- the peers --------------------------------------------------------------

# peer NAME COMMAND ...: see bench/peers.py. Fails where it is not installed.
peer() {
  case $1 in
    ranger) Rscript --vanilla bench/ranger.R "${@:2}" ;;
    *) "$PYTHON" bench/peers.py "$@" ;;
  esac
}

# each_peer FUNCTION: called with the name of every peer that is installed.
each_peer() {
  local name version
  for name in $PEERS; do
    if version=$(peer "$name" version 2>/dev/null); then
      row "$name" "$version" version
      "$1" "$name"
    else
      say "$name is not installed: no comparison with it"
    fi
  done
}

# peer_cost NAME COMMAND TRAIN TEST: prints its rows, and leaves in WALL and CPU
# what TREES trees take, from what 1 and PEER_TREES trees took.
peer_cost() {
  local lines first many
  lines=$(peer "$1" "$2" "$3" "$4" 1 "$PEER_TREES" "$RUNS") || die "$1 failed"
  mapfile -t lines <<<"$lines"
  read -r -a first <<<"${lines[0]}"
  read -r -a many <<<"${lines[1]}"
  row "$2, $1, 1 tree" "${first[1]}" "CPU s"
  row "$2, $1, $PEER_TREES trees" "${many[0]}" s
  row "$2, $1, $PEER_TREES trees" "${many[1]}" "CPU s"
  row "nodes per tree, $1" "${many[2]}" nodes
  row "accuracy, $1, $PEER_TREES trees" "${many[3]}" share
  WALL=$(scale_trees "${first[0]}" "${many[0]}")
  CPU=$(scale_trees "${first[1]}" "${many[1]}")
  row "$2, $1, $TREES trees, scaled from $PEER_TREES" "$CPU" "CPU s"
}

# scale_trees ONE MANY: seconds of TREES trees, from those of 1 and of PEER_TREES
scale_trees() { calculate "$1 + ($TREES - 1) * ($2 - $1) / ($PEER_TREES - 1)"; }
