#!/usr/bin/env bash
# The live-commerce schema: payloads in, rollups, a minute of a running stream at
# two sizes of what lies behind it. Prints "name, value, unit".
#
#   EVENTS="1000000 10000000" VERIFY=no bench/live.sh
#
# EVENTS: how many events live_simulate fills the tables up to, one size after the
# other; a minute of a running stream is refreshed at each. VERIFY=no leaves
# live_verify out, which reads everything again. PAYLOADS payloads of 10,000 events go through live_ingest; seconds of the
# backend's processor (CPU s) say the same on a busy machine.
cd "$(dirname "$0")/.." || exit 1
. bench/lib.sh

EVENTS=${EVENTS:-1000000}
PAYLOADS=${PAYLOADS:-10}
VERIFY=${VERIFY:-yes}

bench_cluster "shared_buffers = '1GB'" "max_wal_size = '8GB'" "jit = off" "autovacuum = on"

describe

# once SQL [NAME]: run it once; leaves WALL and CPU, prints them under a name
once() {
  local both
  both=$(timed "$1")
  [ -n "$both" ] || die "the benchmark failed: $1"
  WALL=${both% *}
  CPU=${both#* }
  if [ -n "${2:-}" ]; then
    row "$2" "$WALL" s
    row "$2" "$CPU" "CPU s"
  fi
}

value() { psql -qAtX -v ON_ERROR_STOP=1 -c "$1"; }

# payload STREAM MINUTE: 10,000 events of a minute of a running stream, from as
# many of 30,000 viewers
payload() {
  printf "jsonb_build_object('events', (SELECT jsonb_agg(jsonb_build_object('id', format('%%s-%%s-%%s', '%s', %s, k), 'stream', '%s', 'viewer', 'v' || ((%s * 1009 + k * 31) %% 30000),
    'type', (ARRAY['enter', 'like', 'comment', 'product_show', 'product_click', 'leave'])[1 + k %% 6], 'product', CASE WHEN k %% 6 IN (3, 4) THEN 'p' || k %% 20 END,
    'ts', '2026-03-20 20:00:00'::timestamp + %s * interval '1 minute' + k %% 60 * interval '1 second')) FROM generate_series(1, 10000) AS k))" "$1" "$2" "$1" "$2" "$2"
}

# minute SIZE STREAM: how long the refresh takes after each of the minutes 2 to 6
minute() {
  local i walls=() cpus=()
  for ((i = 0; i < 6; i++)); do
    psql -qX -c "SELECT live_ingest('live', 'generic', $(payload "$2" $i))" >/dev/null || die "no payload"
    once "CALL live_refresh()"
    [ $i = 0 ] || { walls+=("$WALL"); cpus+=("$CPU"); }
  done
  row "refresh of 10000 new events, $1 behind them" "$(printf '%s\n' "${walls[@]}" | median)" s
  row "refresh of 10000 new events, $1 behind them" "$(printf '%s\n' "${cpus[@]}" | median)" "CPU s"
}

psql -qX -c "SELECT live_setup()" >/dev/null || die "no schema"

psql -qX -c "CREATE TABLE payload AS SELECT i, $(payload before i) AS p FROM generate_series(1, $PAYLOADS) AS i" || die "no payloads"
once "SELECT count(live_ingest('live', 'generic', p)) FROM payload" "live_ingest of $((PAYLOADS * 10000)) events"
row "live_ingest" "$(calculate "$PAYLOADS * 10000 / $WALL" 0)" "events per s"
row "live_ingest" "$(calculate "$PAYLOADS * 10000 / $CPU" 0)" "events per CPU s"
once "SELECT count(live_ingest('live', 'generic', p)) FROM payload" "the same payloads again"
once "CALL live_refresh()" "refresh of them"
minute "$((PAYLOADS * 10000)) events" first

# as many viewers and streams as make that many events: some 27 for each viewer
seed=0
for size in $EVENTS; do
  seed=$((seed + 1))
  have=$(value "SELECT count(*) FROM live.event")
  once "SELECT * FROM live_simulate('live', jsonb_build_object('seed', $seed, 'start', '2026-03-02', 'streams', 30, 'viewers', greatest(300, ($size - $have) / 27)))" "live_simulate up to $size events"
  row "live_simulate" "$(calculate "1e6 * $CPU / ($(value "SELECT count(*) FROM live.event") - $have)" 2)" "CPU s per million events"
  have=$(value "SELECT count(*) FROM live.event")
  row "events" "$have" rows
  once "CALL live_refresh()" "refresh of all"
  [ "$VERIFY" = no ] || once "SELECT 1 / (count(*) = 0)::int FROM live_verify('live')" "live_verify, which finds nothing"
  minute "$have events" "running$seed"
done
once "SELECT count(*) FROM live.stream_overview" "stream_overview of $(value "SELECT count(*) FROM live.stream") streams"
once "SELECT * FROM live.channel_daily" "channel_daily"
once "SELECT * FROM live.interaction_segment" "interaction_segment"
once "SELECT * FROM live.stream_product" "stream_product of $(value "SELECT count(*) FROM live.stream_product") products in streams"
once "SELECT * FROM live.stream_compare" "stream_compare"
once "SELECT * FROM live.attribution" "attribution of $(value "SELECT count(*) FROM live.orders WHERE paid_ts IS NOT NULL") orders"
row "size of the events with indexes" "$(value "SELECT round(sum(pg_total_relation_size(relid)) / 1e6) FROM pg_partition_tree('live.event')")" MB
row "size of the rollups" "$(value "SELECT round(sum(pg_total_relation_size(oid)) / 1e6) FROM pg_class WHERE relnamespace = 'live'::regnamespace AND relname LIKE 'roll\_%' AND relkind = 'r'")" MB
