#!/usr/bin/env bash
# Sequences and paths: beside the bare grouping of the same rows and beside
# ClickHouse's sequenceMatch, where chdb is installed for PYTHON. Then one viewer
# with as many events, and patterns that make backtracking explode. Prints
# "name, value, unit".
#
#   ROWS=10000000 VIEWERS=500000 RUNS=3 PYTHON=python3 bench/sequence.sh
cd "$(dirname "$0")/.." || exit 1
. bench/lib.sh

ROWS=${ROWS:-10000000}
VIEWERS=${VIEWERS:-500000}
PYTHON=${PYTHON:-python3}

bench_cluster "shared_buffers = '1GB'" "max_wal_size = '8GB'" "jit = off" "work_mem = '1GB'" "hash_mem_multiplier = 2" "max_parallel_workers_per_gather = 0"

# a day of events; kinds 1 to 5, of which 1 is frequent
psql -qX -v ON_ERROR_STOP=1 -v rows="$ROWS" -v viewers="$VIEWERS" <<'SQL' || die "could not make the rows"
SELECT setseed(0.5) \gset
CREATE UNLOGGED TABLE event AS
SELECT (random() * :viewers)::int AS viewer, timestamptz '2026-01-01' + (i * 86400.0 / :rows)::int * interval '1 s' AS ts,
       (1 + 5 * random() * random())::int AS kind
FROM generate_series(1, :rows) i;
ALTER TABLE event ADD COLUMN node text GENERATED ALWAYS AS ('page ' || kind) STORED;
VACUUM ANALYZE event;
SQL
describe
row rows "$ROWS" rows
row viewers "$VIEWERS" viewers

cost "bare grouping" 'SELECT max(ts) FROM event GROUP BY viewer OFFSET 1e9::bigint'
bare=$CPU
declare -A patterns=([steps]='(?1).*(?2).*(?3)' [times]='(?1)(?t<=3600)(?2)(?t<=3600)(?3)')
for name in steps times; do
  cost "sequence_match, $name" "SELECT sequence_match('${patterns[$name]}', ts, kind = 1, kind = 2, kind = 3) FROM event GROUP BY viewer OFFSET 1e9::bigint"
  ratio "sequence_match, $name over bare grouping" "$CPU" "$bare"
done
cost "sequence_count, times" "SELECT sequence_count('${patterns[times]}', ts, kind = 1, kind = 2, kind = 3) FROM event GROUP BY viewer OFFSET 1e9::bigint"
for name in steps times; do
  row "answer, $name" "$(psql -qAtX -c "SELECT count(*) FILTER (WHERE m) FROM (SELECT sequence_match('${patterns[$name]}', ts, kind = 1, kind = 2, kind = 3) AS m FROM event GROUP BY viewer) s")" viewers
done

if "$PYTHON" -c 'import chdb' 2>/dev/null; then
  # ClickHouse compares times in seconds; the rows go to it as they are held here
  psql -qAtX -c "\\copy (SELECT viewer, extract(epoch FROM ts)::bigint, kind FROM event) TO '$CLUSTER/event.csv' (FORMAT csv)"
  "$PYTHON" bench/sequence_clickhouse.py "$CLUSTER/event.csv" "$RUNS" "${patterns[steps]}" "${patterns[times]}"
else
  say "no chdb for $PYTHON (pip install chdb): ClickHouse is left out"
fi

cost "path_edges" "SELECT path_edges(ts, node, '30 minutes', 5) FROM event GROUP BY viewer OFFSET 1e9::bigint"
cost "paths by window functions" "SELECT array_agg((pos, node, dst)) FROM (
  SELECT viewer, node, lead(node) OVER (PARTITION BY viewer, session ORDER BY ts, node) AS dst, row_number() OVER (PARTITION BY viewer, session ORDER BY ts, node) AS pos
  FROM (SELECT *, count(*) FILTER (WHERE pause) OVER (PARTITION BY viewer ORDER BY ts, node) AS session
        FROM (SELECT *, ts - lag(ts) OVER (PARTITION BY viewer ORDER BY ts, node) > '30 minutes' AS pause FROM event) p) s) e
  WHERE pos < 5 AND dst IS NOT NULL GROUP BY viewer OFFSET 1e9::bigint"

# one viewer with all the events: in order, and shuffled
one="SELECT sequence_count('${patterns[times]}', ts, kind = 1, kind = 2, kind = 3) FROM"
cost "one viewer, in order" "$one event"
row "one viewer, memory" "$(calculate "($(peak_memory "$one event") - $(peak_memory 'SELECT max(ts), max(kind) FROM event')) / 1024" 0)" MB
psql -qX -c 'CREATE UNLOGGED TABLE shuffled AS SELECT * FROM event ORDER BY hashint8(hashtext(ctid::text))' -c 'VACUUM ANALYZE shuffled'
cost "one viewer, shuffled" "$one shuffled"
row "one viewer, shuffled, memory" "$(calculate "($(peak_memory "$one shuffled") - $(peak_memory 'SELECT max(ts), max(kind) FROM shuffled')) / 1024" 0)" MB

for pattern in '(?1).*.*.*.*(?2)' '(?1)(?t>=1)(?1)(?t>=1)(?1)(?t>=1)(?1)(?t>=1)(?1).*.*.*.*(?2)' '(?1)(?t<=5000)(?1)(?t<=5000)(?1)(?t<=5000)(?1).*(?2)'; do
  cost "$pattern over 10000 events" "SELECT sequence_match('$pattern', '2026-01-01'::timestamptz + i * interval '1 s', true, false) FROM generate_series(1, 10000) i"
done
