#!/usr/bin/env bash
# The memory that training a forest takes, over that of a plain scan of the same
# rows, at several settings of liveanalytics.collect_mem. Prints "name, value, unit".
#
#   ROWS=10000000 TREES=2 WORKERS="0 2" bench/forest_memory.sh
#
# Many times a second, the anonymous and the shared memory that the processes of
# the server have touched are added up; a page that several share counts once. The
# figures are the peaks of this sum, less that of the scan. The resident peak of the
# leader alone is the kernel's, which misses nothing but counts the 16 MB of shared
# buffers. The limit is 1.5 times a byte for each value, and 256 MB.
cd "$(dirname "$0")/.." || exit 1
. bench/lib.sh
. bench/forest_lib.sh

ROWS=${ROWS:-10000000}
TREES=${TREES:-2}
WORKERS=${WORKERS:-0 2}

bench_cluster "jit = off" "shared_buffers = '16MB'" "max_wal_size = '8GB'" "autovacuum = off" "max_parallel_workers_per_gather = 0"
make_rows deep viewer "$ROWS" 0.42
describe
row rows "$ROWS" rows
row trees "$TREES" trees
limit=$(calculate "1.5 * $ROWS * 10 / 1024 / 1024 + 256" 0)
row limit "$limit" MB

# server_memory: kB of all processes of the cluster now
server_memory() {
  local files
  files=$(cat /proc/[0-9]*/status 2>/dev/null | awk -v postmaster="$POSTMASTER" '/^Pid:/ { pid = $2 }
    /^PPid:/ && $2 == postmaster { print "/proc/" pid "/smaps_rollup" }')
  # shellcheck disable=SC2086  # a list
  cat $files 2>/dev/null | awk '/^Pss_(Anon|Shmem):/ { sum += $2 } END { print sum + 0 }'
}

# watch_memory: samples until it is killed
watch_memory() {
  while server_memory; do sleep 0.05; done
}

# memory SQL: leaves the sampled peak of the server and that of the leader, in kB
memory() {
  watch_memory >"$CLUSTER/samples" &
  local watcher=$!
  until [ -s "$CLUSTER/samples" ]; do sleep 0.01; done
  LEADER_PEAK=$(peak_memory "$1")
  kill "$watcher"
  wait "$watcher" 2>/dev/null
  SERVER_PEAK=$(sort -n "$CLUSTER/samples" | tail -n 1)
  [ -n "$LEADER_PEAK" ] && [ -n "$SERVER_PEAK" ] || die "the memory could not be measured"
}

POSTMASTER=$(head -n 1 "$CLUSTER/data/postmaster.pid")
memory "SELECT count(x[10]) FROM viewer"
scan_server=$SERVER_PEAK scan_leader=$LEADER_PEAK
row "scan, server" "$(calculate "$scan_server / 1024" 1)" MB
row "scan, leader" "$(calculate "$scan_leader / 1024" 1)" MB

for workers in $WORKERS; do
  for setting in 4MB 256MB 2GB; do
    name="$workers workers, collect_mem $setting"
    PGOPTIONS="-c max_parallel_maintenance_workers=$workers -c liveanalytics.collect_mem=$setting" \
      memory "$(train_query viewer "$TREES")"
    peak=$(calculate "($SERVER_PEAK - $scan_server) / 1024" 1)
    row "$name" "$peak" MB
    row "$name, leader" "$(calculate "($LEADER_PEAK - $scan_leader) / 1024" 1)" MB
    row "$name, of the limit" "$(calculate "$peak / $limit" 2)" ratio
  done
done
