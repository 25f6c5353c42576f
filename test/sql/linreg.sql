-- linreg: exact fits, missing values, statistics, input and output, parallel
-- plans, windows, rollup, errors

-- the line through (1,2), (2,4), (3,6)
CREATE TABLE line AS SELECT i::float8 AS x, 2 * i::float8 AS y FROM generate_series(1, 3) i;
SELECT linreg_fit(y, x) FROM line;
SELECT linreg_coef(linreg_fit(y, x)), linreg_predict(linreg_fit(y, x), 10) FROM line;
SELECT linreg_coef(linreg_fit(y, ARRAY[x])), linreg_predict(linreg_fit(y, ARRAY[x]), ARRAY[10::float8]) FROM line;
SELECT s.* FROM (SELECT linreg_fit(y, x) AS fit FROM line) f, linreg_stats(fit) s \gx

-- statistics as of R's lm: mpg and weight of the first ten cars of mtcars
CREATE TABLE cars(mpg float8, wt float8, hp float8);
INSERT INTO cars VALUES (21, 2.62, 110), (21, 2.875, 110), (22.8, 2.32, 93), (21.4, 3.215, 110), (18.7, 3.44, 175),
  (18.1, 3.46, 105), (14.3, 3.57, 245), (24.4, 3.19, 62), (22.8, 3.15, 95), (19.2, 3.44, 123);
SELECT array_agg(round(c::numeric, 10)) FROM (SELECT unnest(linreg_coef(linreg_fit(mpg, ARRAY[wt, hp]))) AS c FROM cars) q;
SELECT s.n, s.skipped, s.df_residual, round(s.r2::numeric, 10) AS r2, round(s.adj_r2::numeric, 10) AS adj_r2,
  round(s.residual_se::numeric, 10) AS residual_se, round(s.f_value::numeric, 8) AS f_value, round(s.f_p_value::numeric, 12) AS f_p_value,
  round(s.log_likelihood::numeric, 9) AS log_likelihood, round(s.aic::numeric, 9) AS aic, round(s.bic::numeric, 9) AS bic,
  round(s.loss::numeric, 10) AS loss, round(s.condition_number::numeric, 8) AS condition_number
FROM (SELECT linreg_fit(mpg, ARRAY[wt, hp]) AS fit FROM cars) f, linreg_stats(fit) s \gx

-- missing: a NULL y leaves the row out, a NULL feature is counted
SELECT linreg_fit(y, x) IS NULL AS none FROM line WHERE false;
SELECT linreg_fit(NULL, x) IS NULL AS none, linreg_fit(NULL, ARRAY[x]) IS NULL AS array_none FROM line;
SELECT n, skipped, linreg_coef(f) FROM (SELECT linreg_fit(y, NULLIF(x, 2)) AS f FROM line) q, linreg_stats(f);
SELECT n, skipped, linreg_coef(f) FROM (SELECT linreg_fit(y, ARRAY[NULLIF(x, 2), x * x]) AS f FROM line) q, linreg_stats(f);
SELECT n, skipped, linreg_coef(f) FROM (SELECT linreg_fit(y, CASE WHEN x > 1 THEN ARRAY[x] END) AS f FROM line) q, linreg_stats(f);
SELECT n, skipped, linreg_coef(f) FROM (SELECT linreg_fit(NULLIF(y, 2), NULLIF(x, 1)) AS f FROM line) q, linreg_stats(f);
SELECT f, linreg_coef(f), linreg_predict(f, 1) FROM (SELECT linreg_fit(y, NULL::float8) AS f FROM line) q;
SELECT f, linreg_coef(f), linreg_predict(f, ARRAY[1, 2]) FROM (SELECT linreg_fit(y, NULL::float8[]) AS f FROM line) q;
SELECT s.* FROM (SELECT linreg_fit(y, NULL::float8[]) AS f FROM line) q, linreg_stats(f) s \gx
SELECT linreg_predict(NULL, 1), linreg_predict(linreg_fit(y, x), NULL::float8), linreg_predict(linreg_fit(y, x), ARRAY[NULL::float8]) FROM line;
-- a NULL feature leaves a row out, whatever else it holds
SELECT n, skipped FROM (SELECT linreg_fit('NaN', ARRAY[NULL, 'NaN'::float8]) AS f) q, linreg_stats(f);

-- too little to estimate everything
SELECT linreg_coef(linreg_fit(5, 1)), linreg_predict(linreg_fit(5, 1), 99);
SELECT linreg_coef(linreg_fit(y, 1)) FROM line;
SELECT linreg_coef(linreg_fit(y, ARRAY[x, 3 * x, x * x, x * x * x])) FROM line;
SELECT s.* FROM (SELECT linreg_fit(y, ARRAY[x, x * x]) AS fit FROM line) f, linreg_stats(fit) s \gx
SELECT s.* FROM (SELECT linreg_fit(7, x) AS fit FROM line) f, linreg_stats(fit) s \gx

-- offsets take no digits: 1e9 + i, and the pivot an outlier
SELECT linreg_coef(linreg_fit(3 * x - 7, x)) FROM (SELECT 1e9 + i AS x FROM generate_series(1, 1000) i) q;
SELECT linreg_coef(linreg_fit(0.25 - x, x ORDER BY x)) FROM (VALUES (-1e12), (1), (2), (3), (5)) v(x);
SELECT linreg_coef(linreg_fit(1000000 + 0.5 * x, ARRAY[x, x * x] ORDER BY x DESC))
FROM (SELECT 10000000 + i * 0.25 AS x FROM generate_series(1, 1000) i) q;

-- text and binary are exact, whatever the settings
CREATE TABLE sample AS
SELECT i, i % 64 AS part, (sin(i) * 3 + i * 0.01)::float8 AS y, ARRAY[cos(i), i * 0.1, exp(sin(i * i))]::float8[] AS x
FROM generate_series(1, 5000) i;
SET extra_float_digits = -15;
SELECT fit::text::linreg::text = fit::text AS exact, linreg_send(fit::text::linreg) = linreg_send(fit) AS to_the_bit
FROM (SELECT linreg_fit(y, x) AS fit FROM sample) f;
RESET extra_float_digits;
SELECT '{"n":2,"format":1,"skipped":0,"features":1,"pivot":[1,2],"sums":[[1,0],[2,0]],"products":[[1,0],[2,0],[4,0]]}'::linreg;

-- parallel, split and shuffled
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
EXPLAIN (COSTS OFF) SELECT linreg_fit(y, x), linreg_fit(y, x[1]) FROM sample;
EXPLAIN (COSTS OFF) SELECT rollup(linreg_fit) FROM (SELECT linreg_fit(y, x) FROM sample) f;
CREATE TABLE fits AS SELECT 'parallel' AS how, linreg_fit(y, x) AS fit FROM sample;
SET max_parallel_workers_per_gather = 0;
INSERT INTO fits SELECT 'serial', linreg_fit(y, x) FROM sample;
INSERT INTO fits SELECT 'backwards', linreg_fit(y, x ORDER BY i DESC) FROM sample;
INSERT INTO fits SELECT 'shuffled', linreg_fit(y, x ORDER BY md5(i::text)) FROM sample;
INSERT INTO fits SELECT 'rolled up', rollup(fit) FROM (SELECT linreg_fit(y, x) AS fit FROM sample GROUP BY part) f;
INSERT INTO fits SELECT 'rolled up twice', rollup(fit)
FROM (SELECT rollup(fit) AS fit FROM (SELECT part % 8 AS k, linreg_fit(y, x) AS fit FROM sample GROUP BY part) f GROUP BY k) g;
SELECT how, n, bool_and(abs(c / r - 1) < 1e-14) AS same_coef, abs(loss / first_value(loss) OVER () - 1) < 1e-14 AS same_loss
FROM fits, linreg_stats(fit), unnest(linreg_coef(fit), (SELECT linreg_coef(fit) FROM fits WHERE how = 'serial')) AS k(c, r)
GROUP BY how, n, loss ORDER BY how COLLATE "C";

-- many groups, spilled and sorted
SET work_mem = '64kB';
SELECT count(*), bool_and(linreg_coef(a) = linreg_coef(b)) AS same FROM
  (SELECT i % 1000 AS g, linreg_fit(y, x) AS a FROM sample GROUP BY 1) h JOIN
  (SELECT DISTINCT ON (g) g, linreg_fit(y, x) OVER (PARTITION BY g) AS b FROM (SELECT i % 1000 AS g, y, x FROM sample) s) w USING (g);
RESET work_mem;

-- a window frame that slides is fitted anew, one that grows goes on
SELECT bool_and(slid = anew) AS slides FROM
  (SELECT i, linreg_coef(linreg_fit(y, x[2]) OVER (ORDER BY i ROWS 9 PRECEDING)) AS slid FROM sample) w,
  LATERAL (SELECT linreg_coef(linreg_fit(y, x[2])) AS anew FROM sample s WHERE s.i BETWEEN w.i - 9 AND w.i) l
WHERE i <= 100;
CREATE TABLE grown AS SELECT x, linreg_fit(y + (x = 2)::int, x) OVER (ORDER BY x) AS fit FROM line;
SELECT x, linreg_coef(fit), n FROM grown, linreg_stats(fit) ORDER BY x;

-- a state with many features does not fit a page
CREATE TABLE wide AS SELECT linreg_fit(i, (SELECT array_agg(sin(i * j)) FROM generate_series(1, 40) j)) AS fit FROM generate_series(1, 200) i;
SELECT round(sum(abs(linreg_predict(fit, (SELECT array_agg(sin(i * j)) FROM generate_series(1, 40) j)) - i))::numeric, 3) > 0 AS predicts
FROM wide, generate_series(1, 200) i;
SELECT linreg_coef(fit) = linreg_coef(fit::text::linreg) AS same FROM wide;
SELECT array_length(linreg_coef(linreg_fit(1, array_fill(1::float8, ARRAY[1000]))), 1) AS limit_of_features;

-- an intercept that an outlier surpasses is not taken for 0, whichever row comes first
WITH wide AS (
  SELECT i, CASE WHEN i = 1 THEN 1e9 ELSE 1 END * sin(i * i) AS y,
    (SELECT array_agg(CASE WHEN i = 1 THEN 1e9 ELSE 1 END * sin(i * j * (j + 1.5)) ORDER BY j) FROM generate_series(1, 8) j) AS x
  FROM generate_series(1, 10) i)
SELECT round((linreg_coef(linreg_fit(y, x ORDER BY i)))[1]::numeric, 6) AS outlier_first,
  round((linreg_coef(linreg_fit(y, x ORDER BY i DESC)))[1]::numeric, 6) AS outlier_last
FROM wide;
-- predictions far off keep their digits; models of other rows in between
SELECT linreg_predict((SELECT linreg_fit(3 * x - 7, x) FROM (SELECT 1e15 + i AS x FROM generate_series(1, 9) i) q), 1e15 + 4);
SELECT k, linreg_predict(fit, 2) FROM (SELECT k, linreg_fit(k * x, x) AS fit FROM line, generate_series(1, 4) k GROUP BY k) f ORDER BY k;
-- PL/pgSQL keeps an expression while its variables change
DO $$
DECLARE
  fit linreg;
  at_two float8;
  at_pair float8;
BEGIN
  FOR k IN 1..3 LOOP
    fit := (SELECT linreg_fit(k * x, x) FROM line);
    at_two := linreg_predict(fit, 2);
    at_pair := linreg_predict(fit, ARRAY[2]);
    RAISE NOTICE '% times 2: %, %', k, at_two, at_pair;
  END LOOP;
END $$;

-- by hand: the arguments stay as they are
SELECT linreg_accum(fit, 8, 4) AS more, fit AS as_before FROM (SELECT linreg_fit(y, x) AS fit FROM line) f;
SELECT linreg_combine(fit, fit) AS twice, fit AS as_before FROM (SELECT linreg_fit(y, x) AS fit FROM line) f;
SELECT linreg_combine(NULL, NULL) IS NULL AS nothing, linreg_accum(NULL, NULL, 1::float8) IS NULL AS still_nothing;
SELECT linreg_combine(fit, NULL)::text = fit::text AS right_empty, linreg_combine(NULL, fit)::text = fit::text AS left_empty
FROM (SELECT linreg_fit(y, x) AS fit FROM line) f;
SELECT linreg_combine(linreg_accum(NULL, 1, NULL::float8[]), linreg_accum(NULL, 1, ARRAY[2, 3])),
  linreg_combine(linreg_accum(NULL, 1, ARRAY[2, 3]), linreg_accum(NULL, 1, NULL::float8[]));

\set VERBOSITY sqlstate
-- NaN and infinity
SELECT linreg_fit('NaN', 1);
SELECT linreg_fit(1, 'Infinity'::float8);
SELECT linreg_fit('-Infinity', ARRAY[1]);
SELECT linreg_fit(1, ARRAY[1, 'NaN'::float8]);
SELECT linreg_predict(linreg_fit(y, x), 'NaN'::float8) FROM line;
SELECT linreg_predict(linreg_fit(y, ARRAY[x]), ARRAY['Infinity'::float8]) FROM line;
-- shapes
SELECT linreg_fit(y, CASE WHEN x < 3 THEN ARRAY[x] ELSE ARRAY[x, x] END) FROM line;
SELECT linreg_fit(y, CASE WHEN x < 3 THEN ARRAY[x, NULL] ELSE ARRAY[x] END) FROM line;
SELECT linreg_fit(1, ARRAY[]::float8[]);
SELECT linreg_fit(1, ARRAY[[1, 2], [3, 4]]);
SELECT linreg_fit(1, array_fill(1::float8, ARRAY[1001]));
SELECT linreg_predict(linreg_fit(y, ARRAY[x, x]), 1) FROM line;
SELECT linreg_predict(linreg_fit(y, x), ARRAY[1, 2]) FROM line;
SELECT linreg_predict(linreg_fit(y, x), ARRAY[]::float8[]) FROM line;
SELECT linreg_predict(linreg_fit(y, x), ARRAY[[1], [2]]) FROM line;
-- range
SELECT linreg_fit(y * 1e300, x) FROM line;
SELECT linreg_coef(linreg_fit(y * 1e148, x * 1e-161)) FROM line;
SELECT linreg_predict(linreg_fit(y * 1e10, x), 1e305) FROM line;
-- models of other features
SELECT rollup(f) FROM (SELECT linreg_fit(y, x) FROM line UNION ALL SELECT linreg_fit(y, ARRAY[x, x]) FROM line) v(f);
SELECT linreg_combine(linreg_fit(y, x), linreg_fit(y, ARRAY[x, x])) FROM line;
-- text that is no model
SELECT ''::linreg;
SELECT '[]'::linreg;
SELECT '1'::linreg;
SELECT '{}'::linreg;
SELECT '{"format":2,"n":0,"skipped":0,"features":0,"pivot":[0],"sums":[[0,0]],"products":[[0,0]]}'::linreg;
SELECT '{"format":1,"n":0,"skipped":0,"features":1001,"pivot":[0],"sums":[[0,0]],"products":[[0,0]]}'::linreg;
SELECT '{"format":1,"n":0,"skipped":0,"features":0,"pivot":[0],"sums":[[0,1e999]],"products":[[0,0]]}'::linreg;
\set VERBOSITY default
SELECT '{"format":1,"n":0,"skipped":0,"features":0,"pivot":[0],"sums":[[0,0]],"products":[[0,0]],"more":1}'::linreg;
SELECT '{"format":1,"n":0,"skipped":0,"pivot":[0],"sums":[[0,0]],"products":[[0,0]]}'::linreg;
SELECT '{"format":1,"n":-1,"skipped":0,"features":0,"pivot":[0],"sums":[[0,0]],"products":[[0,0]]}'::linreg;
SELECT '{"format":1,"n":0.5,"skipped":0,"features":0,"pivot":[0],"sums":[[0,0]],"products":[[0,0]]}'::linreg;
SELECT '{"format":1,"n":9007199254740993,"skipped":0,"features":1,"pivot":[0,0],"sums":[[0,0],[0,0]],"products":[[1,0],[0,0],[1,0]]}'::linreg;
SELECT '{"format":1,"n":0,"skipped":3.0000000000000000001,"features":0,"pivot":[0],"sums":[[0,0]],"products":[[0,0]]}'::linreg;
SELECT '{"format":1,"n":"0","skipped":0,"features":0,"pivot":[0],"sums":[[0,0]],"products":[[0,0]]}'::linreg;
SELECT '{"format":1,"n":0,"skipped":0,"features":0,"pivot":0,"sums":[[0,0]],"products":[[0,0]]}'::linreg;
SELECT '{"format":1,"n":0,"skipped":0,"features":0,"pivot":[0,0],"sums":[[0,0]],"products":[[0,0]]}'::linreg;
SELECT '{"format":1,"n":0,"skipped":0,"features":0,"pivot":[0],"sums":[[0]],"products":[[0,0]]}'::linreg;
SELECT '{"format":1,"n":0,"skipped":0,"features":0,"pivot":[0],"sums":[[0,{}]],"products":[[0,0]]}'::linreg;
SELECT '{"format":1,"n":0,"skipped":0,"features":0,"pivot":[0],"sums":[[0,0]],"products":[[1,0]]}'::linreg;
SELECT '{"format":1,"n":5,"skipped":0,"features":0,"pivot":[0],"sums":[[0,0]],"products":[[1,0]]}'::linreg;
SELECT '{"format":1,"n":5,"skipped":0,"features":1,"pivot":[0,0],"sums":[[0,0],[0,0]],"products":[[-1,0],[0,0],[1,0]]}'::linreg;
SELECT '{"format":1,"n":5,"skipped":0,"features":1,"pivot":[0,0],"sums":[[0,0],[0,0]],"products":[[1,2],[0,0],[1,0]]}'::linreg;
SELECT '{"format":1,"n":5,"skipped":0,"features":1,"coef":[1],"pivot":[0,0],"sums":[[0,0],[0,0]],"products":[[1,0],[0,0],[1,0]]}'::linreg;
\set VERBOSITY terse
SELECT linreg_fit(1, 'NaN'::float8);
SELECT linreg_fit(y, CASE WHEN x < 3 THEN ARRAY[x] ELSE ARRAY[x, x] END) FROM line;
SELECT linreg_fit(1, array_fill(1::float8, ARRAY[1001]));
SELECT linreg_predict(linreg_fit(y, ARRAY[x, x]), 1) FROM line;
SELECT linreg_combine(linreg_fit(y, x), linreg_fit(y, ARRAY[x, x])) FROM line;
SELECT linreg_fit(y * 1e300, x) FROM line;

DROP TABLE line, cars, sample, fits, grown, wide;
