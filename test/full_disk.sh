#!/usr/bin/env bash
# A tablespace that is full: the statement fails with 53100, the server and the
# session live, the rollups are as they were, and once there is room a refresh
# makes up for it. Needs root, who may mount a small file system; ends with
# "N passed, N failed".
cd "$(dirname "$0")/.." || exit 1
. scripts/lib.sh

[ "$(id -u)" = 0 ] || { echo "skipped: a small file system is mounted by root alone"; exit 0; }
open_workplace "$0" "$@"
find_postgres
build_extension
stage_server
start_cluster
SMALL=$CLUSTER/small
unmount() { umount "$SMALL" 2>/dev/null; }
trap 'as_server pg_ctl -D "$CLUSTER/data" -m immediate -s stop >/dev/null 2>&1; unmount; close_workplace' EXIT
mkdir "$SMALL" && mount -t tmpfs -o "size=8m,uid=$(id -u "$(server_user)"),mode=700" tmpfs "$SMALL" 2>/dev/null ||
  { echo "skipped: tmpfs cannot be mounted here"; exit 0; }

PASSED=0
FAILED=0
is() { if [ "$1" = "$2" ]; then PASSED=$((PASSED + 1)); else FAILED=$((FAILED + 1)); say "not ok: $3: '$1', not '$2'"; fi; }
sql() { psql -qAtX -v VERBOSITY=sqlstate -c "$1" 2>&1; }

sql "CREATE EXTENSION liveanalytics" >/dev/null
psql -qX -c "CREATE TABLESPACE small LOCATION '$SMALL'"
sql "CREATE TABLE viewer AS SELECT i AS id, i % 9 AS g, (i % 97)::float8 AS x, (i * 7919 % 1009)::float8 AS y FROM generate_series(1, 200000) AS i" >/dev/null
STARTED=$(sql 'SELECT pg_postmaster_start_time()')

# rows that spill have nowhere to go
for fit in "rf_train(g, ARRAY[x, y, id], '{\"trees\": 2}')" 'quantile_edges(x, 4)' 'kmeans_fit(ARRAY[x, y, id, g, x * y], 3)' 'logreg_fit(g > 4, ARRAY[x, y, id, x * y])'; do
  ANSWER=$(psql -qAtX -v VERBOSITY=sqlstate 2>&1 <<SQL
SET temp_tablespaces = small;
SET liveanalytics.collect_mem = '1MB';
SET client_min_messages = error;
SELECT '$(echo x)' FROM (SELECT $fit AS f FROM viewer, generate_series(1, 10)) AS s WHERE f IS NOT NULL;
SELECT 'alive';
SQL
)
  is "$ANSWER" "ERROR:  53100
alive" "$fit"
  is "$(ls "$SMALL"/PG_*/pgsql_tmp 2>/dev/null | wc -l)" 0 "$fit: no file is left"
done

# a model table, and the live schema
sql "CREATE TABLE model (forest bytea) TABLESPACE small; ALTER TABLE model ALTER forest SET STORAGE EXTERNAL" >/dev/null
is "$(sql "INSERT INTO model SELECT forest FROM (SELECT rf_train(g, ARRAY[x, y], '{\"trees\": 20}') AS forest FROM viewer WHERE id < 30000) AS m, generate_series(1, 200)")" 'ERROR:  53100' 'models larger than the room'
is "$(sql 'SELECT count(*) FROM model')" 0 'and not one of them'
sql 'DROP TABLE model' >/dev/null
psql -qAtX -o /dev/null <<'SQL'
SELECT live_setup();
SELECT live_simulate('live', '{"seed": 7, "start": "2026-03-02", "viewers": 200, "streams": 2}');
CALL live_refresh();
ALTER TABLE live.roll_viewer SET TABLESPACE small;
ALTER TABLE live.roll_minute SET TABLESPACE small;
SQL
ROLLUP='SELECT md5(string_agg(r::text, $$,$$ ORDER BY r::text)) FROM live.roll_viewer AS r'
BEFORE=$(sql "$ROLLUP")
sql "SELECT live_simulate('live', '{\"seed\": 8, \"start\": \"2026-03-05\", \"viewers\": 3000, \"streams\": 5}')" >/dev/null
dd if=/dev/zero of="$SMALL/ballast" bs=64k >/dev/null 2>&1
is "$(sql 'CALL live_refresh()')" 'ERROR:  53100' 'a refresh without room'
is "$(sql "$ROLLUP")" "$BEFORE" 'the rollup is as it was'
rm -f "$SMALL/ballast"
sql "ALTER TABLE live.roll_viewer SET TABLESPACE pg_default; ALTER TABLE live.roll_minute SET TABLESPACE pg_default" >/dev/null
is "$(sql 'CALL live_refresh()')" '' 'a refresh once there is room'
is "$(sql "SELECT count(*) FROM live_verify('live')")" 0 'the rollups equal their recomputation'
is "$(sql 'SELECT pg_postmaster_start_time()')" "$STARTED" 'the server has not restarted'
echo "$PASSED passed, $FAILED failed"
[ "$FAILED" = 0 ]
