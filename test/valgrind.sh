#!/usr/bin/env bash
# Regression tests in a server under valgrind: 0 reports with a line of ours.
# The server has to be built with -DUSE_VALGRIND, so that valgrind knows what
# palloc has given out, and is best built with --enable-cassert.
#
#   PG_CONFIG=/path/to/pg_config test/valgrind.sh [TEST...]
#
# Some forty times slower than without. Reports are in build/valgrind.
cd "$(dirname "$0")/.." || exit 1
. scripts/lib.sh

TESTS=${*:-linreg linreg_inference logreg kmeans forest_inspect funnel viewer_set sequence hostile_values confusion evaluate segment score encode ranking sessions concurrency retention paths errors}

command -v valgrind >/dev/null || { echo "skipped: valgrind is not installed"; exit 0; }
open_workplace "$0" "$@"
find_postgres
case $("$PG_CONFIG" --configure) in *USE_VALGRIND*) ;; *) echo "skipped: $("$PG_CONFIG" --version) was built without -DUSE_VALGRIND"; exit 0 ;; esac
build_extension COPT="-O1 -g"
stage_server
OUT=$BUILD/valgrind
rm -rf "$OUT" && mkdir -p "$OUT" && { [ "$(id -u)" != 0 ] || chown "$(server_user)" "$OUT"; }
start_cluster "jit = off" "shared_buffers = 32MB" "max_parallel_workers = 2" "autovacuum = off"
as_server pg_ctl -D "$CLUSTER/data" -m fast -w -s stop
# the server again, under valgrind; PostgreSQL's own list says what is no fault of its
SUPPRESSIONS=$("$PG_CONFIG" --sharedir)/valgrind/valgrind.supp
[ -e "$SUPPRESSIONS" ] || SUPPRESSIONS=$(find /usr/share/postgresql* "$("$PG_CONFIG" --sharedir)" -name valgrind.supp 2>/dev/null | head -n 1)
as_server valgrind --quiet --trace-children=yes --leak-check=no --gen-suppressions=no --error-markers=VALGRIND-BEGIN,VALGRIND-END --num-callers=30 \
  ${SUPPRESSIONS:+--suppressions="$SUPPRESSIONS"} --log-file="$OUT/%p.log" "$STAGE$BINDIR/postgres" -D "$CLUSTER/data" >"$CLUSTER/server.log" 2>&1 9>&- &
SERVER=$!
for ((i = 0; i < 600; i++)); do
  psql -qAtX -d postgres -c 'SELECT 1' >/dev/null 2>&1 && break
  kill -0 "$SERVER" 2>/dev/null || die "the server did not start under valgrind"
  sleep 0.5
done
# as pg_regress says it
export PG_ABS_SRCDIR=$TOP/test
PASSED=0
FAILED=0
for t in $TESTS; do
  dropdb --if-exists valgrind 2>/dev/null
  createdb valgrind && psql -qX -d valgrind -c 'CREATE EXTENSION liveanalytics'
  psql -X -a -q -d valgrind -v HIDE_TABLEAM=on -v HIDE_TOAST_COMPRESSION=on <"test/sql/$t.sql" >"$OUT/$t.txt" 2>&1
  if diff "expected/$t.out" "$OUT/$t.txt" >"$OUT/$t.diff"; then PASSED=$((PASSED + 1)); say "  $t: as expected"
  else FAILED=$((FAILED + 1)); say "  $t: another answer ($OUT/$t.diff)"
  fi
done
as_server pg_ctl -D "$CLUSTER/data" -m fast -w -s stop
wait "$SERVER" 2>/dev/null

REPORTS=$(cat "$OUT"/*.log 2>/dev/null | grep -c VALGRIND-BEGIN)
# valgrind names the source file of a line, where it knows it
SOURCES=$(find src -name '*.c' -printf '%f\n' | sed 's/\./[.]/' | paste -sd '|')
OURS=$(cat "$OUT"/*.log 2>/dev/null | awk -v sources="[(]($SOURCES):[0-9]+[)]|liveanalytics[.]so" \
  '/VALGRIND-BEGIN/ {r = ""; ours = 0} {r = r "\n" $0; if ($0 ~ sources) ours = 1} /VALGRIND-END/ {if (ours) {print r > "/dev/stderr"; n++}} END {print n + 0}')
if grep -nE 'TRAP:|PANIC|terminated by signal|problem in alloc set' "$CLUSTER/server.log" >&2; then FAILED=$((FAILED + 1)); fi
echo "$PASSED tests under valgrind, $FAILED failed; $REPORTS reports, $OURS with a line of ours"
[ "$FAILED" = 0 ] && [ "$OURS" = 0 ]
