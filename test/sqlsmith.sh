#!/usr/bin/env bash
# Queries that sqlsmith makes up, over tables with values of every type and the
# live-commerce schema: as its owner and as a reader, 0 crashes.
#
#   QUERIES=20000 PG_CONFIG=/path/to/pg_config test/sqlsmith.sh
#
# A server built with --enable-cassert finds the most.
cd "$(dirname "$0")/.." || exit 1
. scripts/lib.sh

QUERIES=${QUERIES:-2000}
SQLSMITH=$(command -v sqlsmith || echo /usr/games/sqlsmith)
[ -x "$SQLSMITH" ] || { echo "skipped: sqlsmith is not installed (Debian: sqlsmith)"; exit 0; }
open_workplace "$0" "$@"
find_postgres
build_extension
stage_server
start_cluster "jit = off" "statement_timeout = 3s" "log_min_error_statement = panic" "log_min_messages = warning"
createdb smith
psql -qX -v ON_ERROR_STOP=1 -o /dev/null -d smith <<'SQL' || die "the tables cannot be made"
SET client_min_messages = error;
CREATE ROLE owner LOGIN;
CREATE ROLE reader LOGIN;
ALTER DATABASE smith OWNER TO owner;
CREATE EXTENSION liveanalytics;
GRANT USAGE, CREATE ON SCHEMA public TO owner;
SET ROLE owner;
CREATE TABLE viewer AS
SELECT i AS id, (i % 97)::float8 AS x, (i * 7919 % 1009)::float8 AS y, ARRAY[i % 97, i * 7919 % 1009]::float8[] AS features, i % 3 = 0 AS bought, 'c' || i % 4 AS class, '2026-06-01'::timestamptz + i * interval '1 s' AS ts,
       interval '1 hour' AS win, ARRAY[i % 2 = 0, i % 3 = 0] AS steps, '2026-06-01'::date + i % 9 AS day, '{}'::jsonb AS options, i::bigint AS n
FROM generate_series(1, 60) AS i;
CREATE TABLE model AS
SELECT id % 3 AS g, linreg_fit(y, features) AS line, logreg_fit(bought, features) AS odds, kmeans_fit(features, 2) AS clusters, rf_train(class, features, '{"trees": 3}') AS forest, viewer_set_agg(n) AS audience,
       confusion_accum(NULL, 'a', 'b') AS confused, error_accum(NULL, 1::float8, 2) AS errors, confusion_matrix(class, 'c1') AS matrix
FROM viewer GROUP BY 1;
SELECT live_setup();
SELECT live_simulate('live', '{"seed": 7, "start": "2026-03-02", "viewers": 50, "streams": 2}');
CALL live_refresh();
GRANT SELECT ON viewer, model TO reader;
SELECT live_grant('live', 'reader', 'reader');
SQL
STARTED=$(psql -qAtX -c 'SELECT pg_postmaster_start_time()')
PASSED=0
for role in owner reader; do
  "$SQLSMITH" --verbose --exclude-catalog --max-queries="$((QUERIES / 2))" --seed="${SEED:-1}" --target="host=$PGHOST port=$PGPORT user=$role dbname=smith" >"$BUILD/log/sqlsmith_$role.out" 2>&1
  [ "$?" -lt 2 ] || tail -n 3 "$BUILD/log/sqlsmith_$role.out" >&2
  DONE=$(grep -oE 'queries: [0-9]+' "$BUILD/log/sqlsmith_$role.out" | tail -n 1 | grep -oE '[0-9]+')
  PASSED=$((PASSED + ${DONE:-0}))
done
FAILED=0
[ "$(psql -qAtX -c 'SELECT pg_postmaster_start_time()')" = "$STARTED" ] || FAILED=$((FAILED + 1))
if grep -nE 'TRAP:|PANIC|terminated by signal|problem in alloc set|XX000' "$CLUSTER/server.log" >&2; then FAILED=$((FAILED + 1)); fi
echo "$PASSED queries, $FAILED crashes"
[ "$FAILED" = 0 ] && [ "$PASSED" -gt 0 ]
