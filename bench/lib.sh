# What the benchmarks share: rows of "name, value, unit" on standard output,
# everything else on standard error. Sourced by bash from the top folder.
#
# RUNS (3) timed runs after one that warms up; the median counts.

. scripts/lib.sh
RUNS=${RUNS:-3}

# bench_cluster [SETTING ...]: build, and start a private cluster with the
# extension in it.
bench_cluster() {
  find_postgres
  make -s >"$BUILD/make.log" 2>&1 || die "the build failed; see $BUILD/make.log"
  stage_server
  start_cluster "$@"
  psql -qX -c 'CREATE EXTENSION liveanalytics' || die "the extension cannot be created"
}

# row NAME VALUE UNIT
row() { printf '%s, %s, %s\n' "$@"; }

# milliseconds SQL: one run on a connection of its own, whose rows are thrown away.
milliseconds() {
  psql -qAtX -v ON_ERROR_STOP=1 -c '\timing on' -c "$1" | sed -n 's/^Time: \([0-9.]*\) ms.*/\1/p'
}

median() { sort -n | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }

# seconds NAME SQL: prints the row, and leaves the median in $SECONDS_TAKEN.
seconds() {
  local i
  milliseconds "$2" >/dev/null
  SECONDS_TAKEN=$(for ((i = 0; i < RUNS; i++)); do milliseconds "$2"; done | median | awk '{ printf "%.3f", $1 / 1000 }')
  [ -n "$SECONDS_TAKEN" ] || die "the benchmark $1 failed"
  row "$1" "$SECONDS_TAKEN" s
}

# What the backend has computed so far: unlike the time that passes, it says the
# same on a machine that is busy with other work.
CPU_NOW="SELECT 'cpu ' || split_part(pg_read_file('/proc/self/schedstat'), ' ', 1)"

# timed SQL: "seconds CPU_seconds" of one run on a connection of its own. The
# second figure is that of the backend alone, without its parallel workers.
timed() {
  psql -qAtX -v ON_ERROR_STOP=1 -c "$CPU_NOW" -c '\timing on' -c "$1" -c '\timing off' -c "$CPU_NOW" |
    awk '$1 == "cpu" { cpu[++n] = $2 } /^Time: / { wall = $2 }
      END { if (n == 2) printf "%.4f %.4f\n", wall / 1000, (cpu[2] - cpu[1]) / 1e9 }'
}

# median_column N: of the lines on standard input.
median_column() { cut -d ' ' -f "$1" | median; }

# cost NAME SQL: prints both rows, and leaves the medians in WALL and CPU.
cost() {
  local i runs
  timed "$2" >/dev/null
  runs=$(for ((i = 0; i < RUNS; i++)); do timed "$2"; done)
  [ -n "$runs" ] || die "the benchmark $1 failed"
  WALL=$(median_column 1 <<<"$runs")
  CPU=$(median_column 2 <<<"$runs")
  row "$1" "$WALL" s
  row "$1" "$CPU" "CPU s"
}

# calculate EXPRESSION: of numbers, as awk understands it.
calculate() { awk "BEGIN { printf \"%.${2:-3}f\", ($1) }"; }

# ratio NAME A B: A / B.
ratio() { row "$1" "$(awk -v a="$2" -v b="$3" 'BEGIN { printf "%.2f", a / b }')" ratio; }

# versus NAME OURS PEER: the medians of both queries, run by turns so that other
# load on the machine meets both, and how many times as long the peer takes.
versus() {
  local i ours=() peer=()
  milliseconds "$2" >/dev/null
  milliseconds "$3" >/dev/null
  for ((i = 0; i < RUNS; i++)); do
    ours+=("$(milliseconds "$2")")
    peer+=("$(milliseconds "$3")")
  done
  ours=$(printf '%s\n' "${ours[@]}" | median)
  peer=$(printf '%s\n' "${peer[@]}" | median)
  [ -n "$ours" ] && [ -n "$peer" ] || die "the benchmark $1 failed"
  row "$1" "$(awk -v t="$ours" 'BEGIN { printf "%.3f", t / 1000 }')" s
  row "$1 peer" "$(awk -v t="$peer" 'BEGIN { printf "%.3f", t / 1000 }')" s
  ratio "$1 speedup" "$peer" "$ours"
}

# peak_memory SQL: the peak of resident memory, in kB, of a backend that runs the
# query, without JIT. It holds what the backend touched of the shared buffers, too:
# compare it with that of a like query over the same rows.
peak_memory() {
  PGOPTIONS="${PGOPTIONS:-} -c jit=off" psql -qAtX -v ON_ERROR_STOP=1 -c "DO \$\$ BEGIN PERFORM * FROM ($1) q OFFSET 1e18::bigint; END \$\$" \
    -c "SELECT substring(pg_read_file('/proc/self/status') FROM 'VmHWM:\s+(\d+)')"
}

# peers NAME WHAT CPU TABLE QUERY ...: DuckDB and ClickHouse on these rows, where
# PYTHON has them: their rows, and how many times the CPU seconds of WHAT they take.
peers() {
  local name=$1 what=$2 ours=$3 row value unit
  shift 3
  if ! "$PYTHON" -c 'import duckdb' 2>/dev/null && ! "$PYTHON" -c 'import chdb' 2>/dev/null; then
    say "no DuckDB and no ClickHouse: $PYTHON has neither duckdb nor chdb (PYTHON=/path/to/python chooses another)"
    return
  fi
  while [ $# -gt 0 ]; do
    psql -qX -c "\\copy ($2) TO '$CLUSTER/$1.csv' (FORMAT csv)" || die "could not write the rows"
    shift 2
  done
  "$PYTHON" bench/presence_peers.py "$name" "$CLUSTER" "$RUNS" | while IFS=, read -r row value unit; do
    row "$row" "${value# }" "${unit# }"
    [ "${unit# }" != "CPU s" ] || [ -z "$what" ] || ratio "$row, over $what" "${value# }" "$ours"
  done
}

# The machine and the settings that the figures depend on.
describe() {
  say "$("$PG_CONFIG" --version), $(nproc) processors, $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)"
  psql -qAtX -c "SELECT string_agg(name || ' = ' || current_setting(name), ', ' ORDER BY name) FROM pg_settings
    WHERE name IN ('jit', 'work_mem', 'shared_buffers', 'max_parallel_workers_per_gather', 'liveanalytics.collect_mem')" >&2
}
