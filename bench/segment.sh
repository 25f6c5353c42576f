#!/usr/bin/env bash
# Interaction scores and segments against what plain SQL offers, in a private
# cluster with PostgreSQL's default settings. Prints "name, value, unit".
#
#   ROWS=10000000 RUNS=3 bench/segment.sh
cd "$(dirname "$0")/.." || exit 1
. bench/lib.sh

ROWS=${ROWS:-10000000}

bench_cluster

# Counts have heavy tails, a quarter of the viewers is silent, some counts are missing.
psql -qX -v ON_ERROR_STOP=1 -v rows="$ROWS" <<'SQL' || die "could not make the rows"
SELECT setseed(0.42) \g /dev/null
CREATE TABLE viewer AS
SELECT CASE WHEN r < 0.25 THEN 0 WHEN r > 0.98 THEN NULL ELSE floor(exp(random() * 6)) END::bigint AS comments,
       CASE WHEN r < 0.25 THEN 0 ELSE floor(exp(random() * 8)) END::bigint AS likes,
       CASE WHEN r < 0.25 THEN 0 ELSE floor(exp(random() * 4)) END::bigint AS shares,
       (-ln(1 - random()) * 300)::float8 AS watch_seconds
FROM (SELECT random() AS r FROM generate_series(1, :rows) OFFSET 0) s;
ALTER TABLE viewer ADD score float8;
UPDATE viewer SET score = interaction_score(comments, likes, shares);
VACUUM (FULL, FREEZE, ANALYZE) viewer;
SQL
describe
row rows "$ROWS" rows

versus "sum of scores" \
  "SELECT sum(interaction_score(comments, likes, shares)) FROM viewer" \
  "SELECT sum(coalesce(comments, 0) + coalesce(likes, 0) + coalesce(shares, 0)) FROM viewer"

for column in score watch_seconds; do
  versus "quartile edges of $column" \
    "SELECT quantile_edges($column, 4) FROM viewer" \
    "SELECT percentile_cont('{0,0.25,0.5,0.75,1}'::float8[]) WITHIN GROUP (ORDER BY $column) FROM viewer"
  versus "quartile segments of $column" \
    "SELECT count(s) FROM (SELECT quartile_segment($column) OVER () AS s FROM viewer) q" \
    "SELECT count(s) FROM (SELECT ntile(4) OVER (ORDER BY $column) AS s FROM viewer) q"
done
seconds "scan" "SELECT count(score) FROM viewer"
seconds "row_number" "SELECT count(s) FROM (SELECT row_number() OVER () AS s FROM viewer) q"

ours=$(peak_memory "SELECT quartile_segment(score) OVER () AS s FROM viewer")
base=$(peak_memory "SELECT ntile(4) OVER () AS s, score FROM viewer")
row "memory of quartile segments" "$ours" kB
row "memory of ntile" "$base" kB
row "memory per row" "$(awk -v a="$ours" -v b="$base" -v n="$ROWS" 'BEGIN { printf "%.2f", (a - b) * 1024 / n }')" bytes
