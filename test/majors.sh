#!/usr/bin/env bash
# A brand's schema moves to another major version of PostgreSQL by pg_dump: every
# row arrives, what was still to be refreshed is refreshed, the rollups equal
# their recomputation, and models predict what they predicted.
#
#   test/majors.sh write FILE                                     on the old server
#   PG_CONFIG=/path/to/new/pg_config test/majors.sh read FILE     on the new one
#
# A container or chroot with the other major does; FILE is copied into it.
# "read" ends with "N passed, N failed".
cd "$(dirname "$0")/.." || exit 1
. scripts/lib.sh

MODE=${1:-}
FILE=${2:-}
case $MODE in write | read) ;; *) die "say write or read, and a file" ;; esac
case $FILE in '') die "say write or read, and a file" ;; /*) ;; *) FILE=${OLDPWD:-$TOP}/$FILE ;; esac

open_workplace "$0" "$@"
find_postgres
build_extension
stage_server
start_cluster
psql -qX -c 'CREATE ROLE brand LOGIN' -c 'CREATE DATABASE shop OWNER brand' || die "no database"
brand() { psql -qAtX -v ON_ERROR_STOP=1 -U brand -d shop "$@"; }

# what all rows of a table are, in any order
FINGERPRINTS="SELECT format('SELECT %L, count(*), coalesce(sum((''x'' || left(md5(t::text), 12))::bit(48)::bigint), 0) FROM live.%I t;', c.relname, c.relname)
FROM pg_class c WHERE relnamespace = 'live'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition ORDER BY relname"
# what the models of both kinds say of viewers, and what the views make of them
PREDICTIONS="SELECT viewer_id, segment, gmv_net, purchase_score, return_score FROM live.viewer_profile ORDER BY viewer_id"

if [ "$MODE" = write ]; then
  psql -qX -d shop -c 'CREATE EXTENSION liveanalytics' || die "the extension cannot be created"
  brand <<'SQL' >/dev/null || die "the schema could not be filled"
SELECT live_setup();
SELECT live_simulate('live', '{"streams": 29, "viewers": 6000}');
CALL live_refresh('live');
SELECT live_train('live', 'purchase', '{"days": 5, "split": "viewer", "test_fraction": 0.4}');
SELECT live_train('live', 'return', '{"days": 5, "split": "viewer", "test_fraction": 0.4, "kind": "logreg"}');
SELECT live_ingest('live', 'generic', '{"events": [{"id": "late", "stream": "late", "viewer": "v", "type": "enter", "ts": "2026-11-10 12:00"}]}');
SQL
  pg_dump -d shop -f "$FILE" || die "could not dump to $FILE"
  brand -c "$FINGERPRINTS" | brand >"$FILE.rows" || die "could not read the tables"
  brand -c "$PREDICTIONS" >"$FILE.predictions" || die "could not predict"
  say "written: $FILE, $FILE.rows and $FILE.predictions"
  exit
fi

PASSED=0 FAILED=0
check() {
  if [ "$2" = "$3" ]; then
    PASSED=$((PASSED + 1)); say "ok - $1"
  else
    FAILED=$((FAILED + 1)); say "not ok - $1"; diff <(echo "$3") <(echo "$2") | head -n 20 >&2
  fi
}
psql -qX -v ON_ERROR_STOP=1 -d shop -f "$FILE" >/dev/null 2>"$BUILD/log/restore.log"
check "the dump is restored without an error" "$(cat "$BUILD/log/restore.log")" ""
check "every row arrives" "$(brand -c "$FINGERPRINTS" | brand)" "$(cat "$FILE.rows")"
check "models predict the same" "$(brand -c "$PREDICTIONS")" "$(cat "$FILE.predictions")"
brand -c "CALL live_refresh('live')" >/dev/null
check "what was left to refresh is refreshed" "$(brand -c 'SELECT count(*) FROM live.dirty_bucket')" 0
check "the rollups equal their recomputation" "$(brand -c "SELECT * FROM live_verify('live')")" ""
brand -c "SELECT live_upgrade('live')" >/dev/null
check "after live_upgrade as well" "$(brand -c "SELECT * FROM live_verify('live')")" ""
psql -qX -c 'SELECT version()' -At >&2
echo "$PASSED passed, $FAILED failed"
[ "$FAILED" = 0 ]
