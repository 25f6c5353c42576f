-- roc_auc, pr_auc and gain_table
CREATE SCHEMA ranking_test;
SET search_path = ranking_test, public;

SELECT roc_auc(a, s), pr_auc(a, s) FROM (VALUES (false, 0.1), (false, 0.4), (true, 0.35), (true, 0.8)) v(a, s);

-- scikit-learn's figures: see test/data/README.md
\getenv abs_srcdir PG_ABS_SRCDIR
\set reference :abs_srcdir '/data/evaluate_scores.jsonl'
CREATE TABLE reference_line (line jsonb);
SET client_encoding = 'UTF8';
\set load '\\copy reference_line FROM ' :'reference' ' WITH (FORMAT csv, QUOTE E''\\x01'', DELIMITER E''\\x02'')'
:load
CREATE FUNCTION close_to(x float8, y float8) RETURNS boolean LANGUAGE sql
  RETURN CASE WHEN y IS NULL THEN x IS NULL ELSE coalesce(abs(x - y) <= 1e-13 * abs(y), false) END;
SELECT line ->> 'case' AS name, count(*) AS rows, round(roc_auc(a::boolean, s::float8)::numeric, 4) AS roc_auc,
       close_to(roc_auc(a::boolean, s::float8), (line ->> 'roc_auc')::float8) AS roc,
       round(pr_auc(a::boolean, s::float8)::numeric, 4) AS pr_auc,
       close_to(pr_auc(a::boolean, s::float8), (line ->> 'pr_auc')::float8) AS pr
FROM reference_line,
     ROWS FROM (jsonb_array_elements_text(line -> 'actual'), jsonb_array_elements_text(line -> 'predicted')) v(a, s)
WHERE line ->> 'kind' = 'ranking' GROUP BY line ORDER BY name;

-- all pairs, counted
CREATE TABLE scored AS
  SELECT i, i * 7919 % 10 < 3 AS a, (i * 104729 % 1009)::float8 / 8 AS coarse, sin(i) AS fine, i % 7 AS g FROM generate_series(1, 3000::bigint) i;
ANALYZE scored;
SELECT roc_auc(a, coarse) = (SELECT (count(*) FILTER (WHERE p.coarse > n.coarse) + count(*) FILTER (WHERE p.coarse = n.coarse) / 2.0) / count(*)
                             FROM scored p, scored n WHERE p.a AND NOT n.a)::float8 AS coarse,
       roc_auc(a, fine) = (SELECT (count(*) FILTER (WHERE p.fine > n.fine) + count(*) FILTER (WHERE p.fine = n.fine) / 2.0) / count(*)
                           FROM scored p, scored n WHERE p.a AND NOT n.a)::float8 AS fine
FROM scored;
-- and by ranks, as plain SQL would have it
SELECT abs(roc_auc(a, coarse) - (SELECT (sum(r) FILTER (WHERE a) - p * (p + 1) / 2) / (p * (n - p))
    FROM (SELECT a, rank() OVER (ORDER BY coarse) + (count(*) OVER (PARTITION BY coarse) - 1) / 2.0 AS r,
                 count(*) FILTER (WHERE a) OVER () AS p, count(*) OVER () AS n FROM scored) q GROUP BY p, n)) < 1e-15 AS by_ranks
FROM scored;

-- the same for any order, in parallel plans, in a temporary file, and in a window frame
CREATE TABLE once AS SELECT roc_auc(a, coarse) AS roc, pr_auc(a, coarse) AS pr, roc_auc(a, fine) AS roc_fine, pr_auc(a, fine) AS pr_fine FROM scored;
SELECT count(*) AS orders, bool_and(o.roc = c.roc AND o.pr = c.pr AND o.roc_fine = c.roc_fine AND o.pr_fine = c.pr_fine) AS equal
FROM once o, (VALUES (1), (7919), (104729)) v(x),
     LATERAL (SELECT roc_auc(a, coarse ORDER BY i * x % 3001) AS roc, pr_auc(a, coarse ORDER BY i * x % 3001) AS pr,
                     roc_auc(a, fine ORDER BY i * x % 3001) AS roc_fine, pr_auc(a, fine ORDER BY i * x % 3001) AS pr_fine
              FROM scored) c;
SET min_parallel_table_scan_size = 0;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
EXPLAIN (COSTS OFF) SELECT roc_auc(a, coarse) FROM scored;
SELECT roc_auc(a, coarse) = o.roc AND pr_auc(a, fine) = o.pr_fine AS equal FROM scored, once o GROUP BY o.roc, o.pr_fine;
RESET parallel_tuple_cost;
RESET parallel_setup_cost;
RESET min_parallel_table_scan_size;
SELECT count(*) AS groups, count(*) FILTER (WHERE s.roc = (SELECT roc_auc(a, coarse) FROM scored WHERE g = s.g)) AS equal
FROM (SELECT g, roc_auc(a, coarse) AS roc FROM scored GROUP BY g) s;
SELECT count(*) AS frames,
       count(*) FILTER (WHERE framed IS NOT DISTINCT FROM (SELECT roc_auc(b.a, b.coarse) FROM scored b WHERE b.i BETWEEN s.i - 9 AND s.i + 3 AND b.i <= 200)) AS equal,
       count(framed) < count(*) AS some_of_one_class
FROM (SELECT i, roc_auc(a, coarse) OVER (ORDER BY i ROWS BETWEEN 9 PRECEDING AND 3 FOLLOWING) AS framed FROM scored WHERE i <= 200) s;
SELECT roc_auc(a, fine) FILTER (WHERE i <= 20) AS few, roc_auc(a, fine) FILTER (WHERE i < 0) IS NULL AS none FROM scored;

-- 300,000 rows: more than fit into the least memory; equal scores and different ones
CREATE TABLE many AS
  SELECT i, hashint8(i) % 4 = 0 AS a, hashint8extended(i, 1) AS fine, hashint8extended(i, 2) % 100 AS coarse FROM generate_series(1, 300000::bigint) i;
CREATE FUNCTION temp_files(query text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  plan jsonb;
BEGIN
  EXECUTE 'EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING OFF, FORMAT json) ' || query INTO plan;
  RETURN (plan -> 0 -> 'Plan' ->> 'Temp Written Blocks')::int > 0;
END $$;
SET max_parallel_workers_per_gather = 0;
CREATE TABLE in_memory AS SELECT roc_auc(a, fine) AS roc, pr_auc(a, fine) AS pr, roc_auc(a, coarse) AS roc_coarse, pr_auc(a, coarse) AS pr_coarse FROM many;
SELECT temp_files('SELECT roc_auc(a, fine) FROM many') AS file;
SET liveanalytics.collect_mem = '1MB';
SELECT temp_files('SELECT roc_auc(a, fine) FROM many') AS file;
SELECT roc_auc(a, fine) = m.roc AS roc, pr_auc(a, fine) = m.pr AS pr, roc_auc(a, coarse) = m.roc_coarse AS roc_coarse, pr_auc(a, coarse) = m.pr_coarse AS pr_coarse
FROM many, in_memory m GROUP BY m.roc, m.pr, m.roc_coarse, m.pr_coarse;
SELECT roc_auc(i > 150000, 1) AS one_score, roc_auc(i > 150000, i) AS in_order, roc_auc(i > 150000, -i) AS reversed,
       pr_auc(i > 150000, 1) AS pr_one_score, pr_auc(i > 150000, i) AS pr_in_order
FROM many;
RESET liveanalytics.collect_mem;
RESET max_parallel_workers_per_gather;

-- NULL on either side leaves a row out; one class alone, no rows
SELECT roc_auc(a, s), pr_auc(a, s)
FROM (VALUES (false, 0.1), (NULL, 0.9), (false, 0.4), (true, NULL), (true, 0.35), (NULL, NULL), (true, 0.8)) v(a, s);
SELECT roc_auc(a, s) IS NULL AS roc, pr_auc(a, s) IS NULL AS pr FROM (VALUES (NULL::boolean, NULL::float8), (true, NULL), (NULL, 1)) v(a, s);
SELECT roc_auc(true, i) IS NULL AS roc_true, pr_auc(true, i) AS pr_true, roc_auc(false, i) IS NULL AS roc_false, pr_auc(false, i) IS NULL AS pr_false
FROM generate_series(1, 5) i;
SELECT roc_auc(true, i) IS NULL AS roc, pr_auc(true, i) IS NULL AS pr FROM generate_series(1, 0) i;

-- both zeros are one score; infinities come before and after all others
SELECT roc_auc(a, s), pr_auc(a, s) FROM (VALUES (true, '0'::float8), (false, '-0'), (true, '-0'), (false, '0')) v(a, s);
SELECT roc_auc(a, s), pr_auc(a, s)
FROM (VALUES (true, 'Infinity'::float8), (false, '1e308'), (true, '-1e308'), (false, '-Infinity'), (true, '-Infinity')) v(a, s);

-- gain tables: every bin counted again from the rows; ties are not split
CREATE TABLE gains AS
  SELECT what, n, gain_table(a, s, n) AS g FROM scored, LATERAL (VALUES ('fine', fine), ('coarse', coarse), ('three', (i % 3)::float8), ('one', 1)) v(what, s),
    unnest('{2,7,10,1000}'::int[]) n GROUP BY what, n;
CREATE TABLE expected_bins AS
  SELECT what, n, above * n / 3000 + 1 AS bin, sum(rows)::bigint AS rows, sum(positives)::bigint AS positives, min(s) AS score_min, max(s) AS score_max
  FROM (SELECT what, s, count(*) AS rows, count(*) FILTER (WHERE a) AS positives, (sum(count(*)) OVER (PARTITION BY what ORDER BY s DESC) - count(*))::bigint AS above
        FROM scored, LATERAL (VALUES ('fine', fine), ('coarse', coarse), ('three', (i % 3)::float8), ('one', 1)) v(what, s) GROUP BY what, s) groups,
       unnest('{2,7,10,1000}'::int[]) n GROUP BY what, n, above * n / 3000;
SELECT gains.what, gains.n, count(*) AS bins, sum(r.rows) AS rows, sum(r.positives) AS positives, count(*) FILTER (WHERE r.rows > 0) AS filled,
       bool_and((r.rows, r.positives, r.score_min, r.score_max) IS NOT DISTINCT FROM (coalesce(e.rows, 0), coalesce(e.positives, 0), e.score_min, e.score_max)) AS equal,
       bool_and(r.rate IS NOT DISTINCT FROM r.positives / nullif(r.rows, 0)::float8) AS rate,
       bool_and((r.rows = 0 AND r.lift IS NULL) OR abs(r.lift - r.rate / 0.3) < 1e-14) AS lift
FROM gains CROSS JOIN LATERAL gain_table_rows(g) r LEFT JOIN expected_bins e ON (e.what, e.n, e.bin) = (gains.what, gains.n, r.bin)
GROUP BY gains.what, gains.n ORDER BY gains.what, gains.n;
SELECT what, n, bool_and(gain = cum_positives / 900::float8) AS gain, bool_and(depth = cum_rows / 3000::float8) AS depth,
       bool_and(abs(cumulative_lift - gain / depth) < 1e-14) AS cumulative_lift
FROM (SELECT what, n, r.*, (sum(positives) OVER w)::bigint AS cum_positives, (sum(rows) OVER w)::bigint AS cum_rows
      FROM gains, gain_table_rows(g) r WINDOW w AS (PARTITION BY what, n ORDER BY bin)) c
GROUP BY what, n ORDER BY what, n;
-- the ROC area from a gain table without ties and with a bin for each row
SELECT abs(roc_auc(a, s) - (SELECT sum((rows - positives) * (cum - positives / 2.0)) / (sum(positives) * sum(rows - positives))
    FROM (SELECT *, sum(positives) OVER (ORDER BY bin) AS cum FROM gain_table_rows(gain_table(a, s, 1000))) b)) < 1e-15 AS same
FROM (SELECT i % 3 = 0 AS a, sin(i) AS s FROM generate_series(1, 1000) i) v;
-- both orders of arguments; any order of rows; a file; a window frame
SELECT gain_table(a, fine, 10) = gain_table(fine, a, 10) AS same, gain_table(a, coarse, 10) = gain_table(a, coarse, 10 ORDER BY fine) AS order_of_rows FROM scored;
SET liveanalytics.collect_mem = '1MB';
CREATE TABLE gain_file AS SELECT gain_table(a, fine, 100) AS fine, gain_table(a, coarse, 10) AS coarse FROM many;
RESET liveanalytics.collect_mem;
SELECT m.fine = f.fine AS fine, m.coarse = f.coarse AS coarse
FROM gain_file f, (SELECT gain_table(a, fine, 100) AS fine, gain_table(a, coarse, 10) AS coarse FROM many) m;
SELECT i, gain_table(a, coarse, 2) OVER (ORDER BY i ROWS 2 PRECEDING) -> 'rows' AS rows FROM scored ORDER BY i LIMIT 4;
-- NULL leaves a row out; without positives there is no gain; infinite scores
SELECT r.* FROM (SELECT gain_table(a, s, 2) AS g FROM (VALUES (true, 3), (NULL, 9), (false, 1), (true, NULL), (false, 2), (true, 2)) v(a, s)) q, gain_table_rows(g) r;
SELECT gain_table(false, i, 2) FROM generate_series(1, 4) i;
SELECT r.* FROM (SELECT gain_table(a, s, 3) AS g FROM (VALUES (true, 'Infinity'::float8), (false, '-0'), (true, '-Infinity')) v(a, s)) q, gain_table_rows(g) r;
SELECT gain_table(NULL::boolean, i, 2) IS NULL AS all_null, gain_table(i, NULL::boolean, 2) IS NULL AS all_null_too FROM generate_series(1, 4) i;
SELECT gain_table(true, i, 2) IS NULL AS no_rows, gain_table(true, i, NULL) IS NULL AS not_looked_at FROM generate_series(1, 0) i;
SELECT count(*) FROM gain_table_rows(NULL);

\set VERBOSITY sqlstate
SELECT roc_auc(true, 'NaN');
SELECT pr_auc(i > 2, CASE WHEN i < 4 THEN i ELSE 'NaN'::float8 END) FROM generate_series(1, 5) i;
SELECT gain_table(true, 1, 1);
SELECT gain_table(true, 1, 1001);
SELECT gain_table(true, 1, NULL);
SELECT gain_table(true, i, i) FROM generate_series(2, 3) i;
SELECT gain_table(true, 'NaN', 10);
SELECT * FROM gain_table_rows('[]');
SELECT * FROM gain_table_rows('{}');
SELECT * FROM gain_table_rows('{"bins": [1]}');
SELECT * FROM gain_table_rows('{"bins": [{"bin": 1}]}');
SELECT * FROM gain_table_rows('{"bins": [{"bin": 1e20}]}');
SELECT * FROM gain_table_rows('{"bins": [{"bin": 5000}]}');
SELECT * FROM gain_table_rows('{"bins": [{"bin": 1, "rows": 5, "positives": -1}]}');
SELECT * FROM gain_table_rows('{"bins": [{"bin": 1, "rows": 5, "positives": 1, "rate": "x"}]}');
SELECT * FROM gain_table_rows('{"bins": [{"bin": 1, "rows": 5, "positives": 1, "rate": 1, "lift": 1, "depth": 1, "gain": 1, "cumulative_lift": 1, "score_min": "Inf", "score_max": 1}]}');
SELECT * FROM gain_table_rows('{"bins": [{"bin": 1, "rows": 5, "positives": 1, "rate": 1, "lift": null, "depth": 1, "gain": 1, "cumulative_lift": 1, "score_min": "-Infinity", "score_max": 1}]}');
\set VERBOSITY terse
SELECT roc_auc(true, 'NaN');
SELECT gain_table(true, 1, 1);
SELECT gain_table(true, i, i) FROM generate_series(2, 3) i;
SELECT * FROM gain_table_rows('[]');
