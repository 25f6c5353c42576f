-- Edges and sizes of segments on real data: 7,050 posts of Thai live sellers
-- (UCI 488), looked for in the folder that LIVEANALYTICS_DATA names.
\set rows `sed 1d "$LIVEANALYTICS_DATA/facebook_live_sellers/Live.csv" 2>/dev/null`
BEGIN;
SELECT plan(4);
SELECT :'rows' = '' AS absent \gset
\if :absent
SELECT skip('no facebook_live_sellers/Live.csv in LIVEANALYTICS_DATA', 4);
\else
CREATE TEMP TABLE post AS
  SELECT interaction_score(f[4]::bigint, f[7]::bigint, f[5]::bigint) AS score
  FROM regexp_split_to_table(:'rows', E'\n') line, string_to_array(line, ',') f;
SELECT is(count(*), 7050::bigint, 'all posts are there') FROM post;
SELECT is(quantile_edges(score, 4), '{0,19,68,407.75,21617}', 'quartile edges') FROM post;
SELECT results_eq(
  'SELECT s, count(*) FROM (SELECT quartile_segment(score) OVER () AS s FROM post) q GROUP BY s ORDER BY s',
  'VALUES (1, 1784::bigint), (2, 1757), (3, 1746), (4, 1763)', 'sizes of the segments');
SELECT is(count(*), 0::bigint, 'the window function and stored edges agree')
FROM (SELECT score, quartile_segment(score) OVER () AS s FROM post) q, (SELECT quantile_edges(score, 4) AS edges FROM post) e
WHERE s <> segment_of(score, edges);
\endif
SELECT finish();
ROLLBACK;
