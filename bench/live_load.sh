#!/usr/bin/env bash
# A file of events into the live-commerce schema: COPY into a staging table, then
# live_load; by one session and by two at once. And the floor: rows that are ready,
# with every key looked up, into the same tables with the same indexes and triggers
# by INSERT ... SELECT, and the events alone by COPY. Prints "name, value, unit".
#
#   EVENTS=1000000 bench/live_load.sh
#
# Seconds of the processor (CPU s) are those of the backends, with COPY, and say
# the same on a busy machine; a parallel worker's are not among them, so the rows
# by processor turn workers off.
cd "$(dirname "$0")/.." || exit 1
. bench/lib.sh

EVENTS=${EVENTS:-1000000}

bench_cluster "shared_buffers = '1GB'" "max_wal_size = '8GB'" "jit = off" "autovacuum = on"

describe

COLUMNS="event_id, stream, viewer, type, ts, product"

# write_file NAME STREAM FROM TO: events FROM to TO of a stream, 10,000 a minute, of 30,000 viewers
write_file() {
  psql -qX -c "\copy (SELECT '$2-' || k, '$2', 'v' || (k * 1009 + k / 31) % 30000,
    (ARRAY['enter', 'like', 'comment', 'product_show', 'product_click', 'leave'])[1 + k % 6],
    to_char('2026-03-20 20:00:00'::timestamp + k * interval '6 milliseconds', 'YYYY-MM-DD HH24:MI:SS.MS'),
    CASE WHEN k % 6 IN (3, 4) THEN 'p' || k % 20 END FROM generate_series($3, $4) AS k) TO '$CLUSTER/$1' CSV" >/dev/null || die "no file"
}

# load FILE STAGE WORKERS: one session; prints the seconds of its processor
load() {
  psql -qAtX -v ON_ERROR_STOP=1 -c "SET max_parallel_workers_per_gather = $3" -c "$CPU_NOW" \
    -c "\copy live.$2 ($COLUMNS) FROM '$CLUSTER/$1' CSV" -c "SELECT 1 / (rejected = 0)::int FROM live_load('live', 'generic'$4)" -c "$CPU_NOW" |
    awk '$1 == "cpu" { cpu[++n] = $2 } END { if (n == 2) printf "%.4f\n", (cpu[2] - cpu[1]) / 1e9 }'
}

# rates NAME WALL [CPU]
rates() {
  row "$1" "$2" s
  row "$1" "$(calculate "$EVENTS / $2" 0)" "events per s"
  [ -z "${3:-}" ] || row "$1" "$(calculate "$EVENTS / $3" 0)" "events per CPU s"
}

now() { date +%s.%N; }

# ready STREAM: the events of the first file once more, as those of another stream
ready() {
  psql -qX -v ON_ERROR_STOP=1 -c "SET client_min_messages = warning" -c "DROP TABLE IF EXISTS live.ready" -c "INSERT INTO live.stream (channel_id, external_id) SELECT channel_id, '$1' FROM live.stream WHERE external_id = 'one'" \
    -c "CREATE TABLE live.ready AS SELECT event_ts, channel_id, (SELECT stream_id FROM live.stream WHERE external_id = '$1') AS stream_id, viewer_id, type, product_id, source, qty, amount,
          props, gen_random_uuid() AS event_uid, batch_id FROM live.event WHERE stream_id = (SELECT stream_id FROM live.stream WHERE external_id = 'one') ORDER BY event_ts" \
    -c "VACUUM ANALYZE live.ready" >/dev/null || die "no rows that are ready"
}

# floor NAME SQL: rates of one session without workers
floor() {
  local both
  both=$(PGOPTIONS="-c max_parallel_workers_per_gather=0 -c work_mem=128MB" timed "$2")
  [ -n "$both" ] || die "the floor failed"
  rates "$1" ${both% *} ${both#* }
}

psql -qX -c "SELECT live_setup()" -c "SELECT live_partitions('live', '2026-03-01', '2026-03-31')" \
  -c "CREATE TABLE live.stage_1 (LIKE live.event_stage)" -c "CREATE TABLE live.stage_2 (LIKE live.event_stage)" >/dev/null || die "no schema"
half=$((EVENTS / 2))
write_file warm warm 1 $((EVENTS / 10))
write_file one one 1 "$EVENTS"
write_file workers workers 1 "$EVENTS"
# of two streams: of one that is new, the second session would wait for the first to have made it
write_file two_1 two_1 1 $half
write_file two_2 two_2 $((half + 1)) "$EVENTS"
load warm event_stage 0 "" >/dev/null

start=$(now)
cpu=$(load one event_stage 0 "")
[ -n "$cpu" ] || die "the load failed"
rates "COPY and live_load of $EVENTS events, one session" "$(calculate "$(now) - $start")" "$cpu"

ready floor_1
floor "rows ready, INSERT ... SELECT into event and event_dedup" "WITH e AS (INSERT INTO live.event SELECT * FROM live.ready)
  INSERT INTO live.event_dedup SELECT channel_id, event_uid, event_ts FROM live.ready ORDER BY event_uid"
ready floor_2
psql -qX -c "\copy (SELECT * FROM live.ready) TO '$CLUSTER/ready' CSV" >/dev/null || die "no file"
floor "rows ready, COPY into event alone" "COPY live.event FROM '$CLUSTER/ready' CSV"

start=$(now)
[ -n "$(load workers event_stage 2 "")" ] || die "the load failed"
rates "the same with parallel workers" "$(calculate "$(now) - $start")"

start=$(now)
load two_1 stage_1 0 ", 'live.stage_1'" >"$CLUSTER/cpu_1" &
load two_2 stage_2 0 ", 'live.stage_2'" >"$CLUSTER/cpu_2"
wait $!
wall=$(calculate "$(now) - $start")
[ -s "$CLUSTER/cpu_1" ] && [ -s "$CLUSTER/cpu_2" ] || die "a load failed"
rates "two sessions at once, a stream of half the events each" "$wall" "$(calculate "($(cat "$CLUSTER/cpu_1") + $(cat "$CLUSTER/cpu_2"))")"

start=$(now)
cpu=$(load one event_stage 0 "")
rates "the first file again" "$(calculate "$(now) - $start")" "$cpu"

row "events" "$(psql -qAtX -c 'SELECT count(*) FROM live.event')" rows
both=$(timed "CALL live_refresh()")
row "refresh of them" "${both% *}" s
[ -z "$(psql -qAtX -c "SELECT * FROM live_verify('live')")" ] || die "the rollups are wrong"
