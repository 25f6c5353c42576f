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

\set VERBOSITY sqlstate
SELECT roc_auc(true, 'NaN');
SELECT pr_auc(i > 2, CASE WHEN i < 4 THEN i ELSE 'NaN'::float8 END) FROM generate_series(1, 5) i;
