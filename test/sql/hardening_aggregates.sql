-- Every aggregate, wherever PostgreSQL may put one: over a moving frame, rescanned, among
-- all the others in one query, in a hash table that spills. It says what it says alone.
CREATE SCHEMA hardening_aggregates;
SET search_path = hardening_aggregates, public;
SET timezone = 'UTC';
-- labels that are all the same are worth a warning, not here
SET client_min_messages = error;

-- NULLs in what may be NULL, equal times, few values
CREATE TABLE row AS
SELECT i, (i % 5)::int AS g, ((h % 1000) / 8.0)::float8 AS x, (i + ((h >> 10) % 100) / 4.0)::float8 AS y, (1 + (h >> 20) % 4)::float8 AS w, (h >> 22) % 3 = 0 AS b,
       nullif('c' || (h >> 24) % 4, 'c3') AS t, 'c' || (h >> 26) % 3 AS u, (h >> 28) % 50 AS n, (h >> 30) % 6 AS m,
       '2026-06-01'::timestamptz + ((h >> 32) % 500) * interval '100 s' AS ts, '2026-06-01'::timestamptz + ((h >> 32) % 500 + (h >> 42) % 90) * interval '100 s' AS later,
       ((h >> 44) % 4)::int AS e, ((h >> 48) % 3)::int AS level, '2026-06-01'::date + ((h >> 50) % 9)::int AS day
FROM generate_series(1, 3000) i, LATERAL (SELECT hashint8extended(i, 11) & 9223372036854775807) r(h);
ALTER TABLE row ADD line linreg, ADD forest bytea, ADD audience viewer_set;
UPDATE row SET line = f.line, forest = f.forest, audience = f.audience
FROM (SELECT e, linreg_fit(y, x) AS line, rf_train(b, ARRAY[x, y], '{"trees": 2}') AS forest, viewer_set_agg(n) AS audience FROM row GROUP BY e) f WHERE f.e = row.e;
CREATE TABLE few AS SELECT * FROM row WHERE i <= 80;
CREATE TABLE clusters AS SELECT kmeans_fit(ARRAY[x, y], 3) AS model FROM row;
ANALYZE row, few;

CREATE TABLE call (aggregate regprocedure, expression text);
INSERT INTO call
SELECT substring(c FROM '^[^:]+')::regprocedure, substring(c FROM ': (.*)') FROM unnest(ARRAY[
  'accuracy(bigint, bigint): accuracy(n % 3, m % 3)', 'accuracy(boolean, boolean): accuracy(b, n > 20)', 'accuracy(text, text): accuracy(t, u)',
  'active_days(date): active_days(day)', 'active_days(timestamptz, text): active_days(ts, ''Asia/Shanghai'')',
  'brier_score(boolean, float8): brier_score(b, x / 200)', 'classification_report(text, text): classification_report(t, u)',
  'cohort_retention(bigint, timestamptz, boolean, boolean, text, text, int[], date): cohort_retention(n, ts, b, e = 1, ''UTC'', ''day'', ''{0,1}'', ''2026-06-04'')',
  'cohort_retention(bigint, timestamptz, boolean, boolean, text, text, int[], date, jsonb): cohort_retention(n, ts, b, e = 1, ''UTC'', ''day'', ''{0,1}'', ''2026-06-04'', ''{"kind": "on_or_after"}'')',
  'cohort_retention(date[], date[], text, int[], date): cohort_retention(ARRAY[day], ARRAY[day + e], ''day'', ''{0,1,2}'', ''2026-06-09'')',
  'cohort_retention(date[], date[], text, int[], date, jsonb): cohort_retention(ARRAY[day], ARRAY[day + e], ''day'', ''{0,2,4}'', ''2026-06-09'', ''{"kind": "bracket"}'')',
  'concurrency_avg(timestamptz, timestamptz, timestamptz, timestamptz): concurrency_avg(ts, later, ''2026-06-01 01:00+00'', ''2026-06-01 09:00+00'')',
  'concurrency_peak(timestamptz, timestamptz): concurrency_peak(ts, later)',
  'concurrency_series(timestamptz, timestamptz, timestamptz, timestamptz, interval): concurrency_series(ts, later, ''2026-06-01'', ''2026-06-02'', ''3 hours'')',
  'confusion_matrix(text, text): confusion_matrix(t, u)', 'levels(text): levels(t)',
  'funnel_completions(timestamptz, interval, boolean[]): funnel_completions(ts, ''1 day'', e = 1, e = 2)',
  'funnel_match(timestamptz, interval, bigint, boolean[]): funnel_match(ts, ''1 day'', m, e = 1, e = 2)',
  'funnel_match(timestamptz, interval, text, boolean[]): funnel_match(ts, ''1 day'', u, e = 1, e = 2)',
  'funnel_summary(int, int): funnel_summary(level, 3)', 'funnel_times(timestamptz, interval, boolean[]): funnel_times(ts, ''1 day'', e = 1, e = 2)',
  'gain_table(boolean, float8, int): gain_table(b, x, 3)', 'gain_table(float8, boolean, int): gain_table(x, b, 3)',
  'kmeans_choose(float8[], int, int): kmeans_choose(ARRAY[x, y], 1, 2)', 'kmeans_choose(float8[], int, int, jsonb): kmeans_choose(ARRAY[x], 1, 2, ''{"seed": 3}'')',
  'kmeans_fit(float8[], int): kmeans_fit(ARRAY[x, y], 2)', 'kmeans_fit(float8[], int, jsonb): kmeans_fit(ARRAY[x, y], 2, ''{"seed": 3, "standardize": true}'')',
  'kmeans_silhouette(kmeans, float8[]): kmeans_silhouette((SELECT model FROM clusters), ARRAY[x, y])',
  'linreg_fit(float8, float8): linreg_fit(y, x)', 'linreg_fit(float8, float8[]): linreg_fit(y, ARRAY[x, m])',
  'linreg_fit(float8, float8, float8): linreg_fit(y, x, w)', 'linreg_fit(float8, float8[], float8): linreg_fit(y, ARRAY[x, m], w)',
  'linreg_fit_origin(float8, float8): linreg_fit_origin(y, x)', 'linreg_fit_origin(float8, float8[]): linreg_fit_origin(y, ARRAY[x, m])',
  'linreg_fit_origin(float8, float8, float8): linreg_fit_origin(y, x, w)', 'linreg_fit_origin(float8, float8[], float8): linreg_fit_origin(y, ARRAY[x, m], w)',
  'log_loss(boolean, float8): log_loss(b, x / 200)', 'log_loss(text, float8[], text[]): log_loss(u, ARRAY[0.25, 0.25, 0.5], ''{c0,c1,c2}'')',
  'logreg_fit(boolean, float8[]): logreg_fit(b, ARRAY[x, y])', 'logreg_fit(boolean, float8[], jsonb): logreg_fit(b, ARRAY[x, y], ''{"l2": 1}'')',
  'logreg_fit(text, float8[]): logreg_fit(t, ARRAY[x, y])', 'logreg_fit(text, float8[], jsonb): logreg_fit(t, ARRAY[x, y], ''{"l2": 1}'')',
  'mae(float8, float8): mae(y, x)', 'mape(float8, float8): mape(y, x)', 'r2_score(float8, float8): r2_score(y, x)', 'rmse(float8, float8): rmse(y, x)',
  'path_edges(timestamptz, text, interval, int): path_edges(ts, u, ''1 hour'', 3)', 'path_edges(timestamptz, text, interval, int, text): path_edges(ts, u, ''1 hour'', 3, ''c1'')',
  'path_edges(timestamptz, text, interval, int, text, boolean): path_edges(ts, u, ''1 hour'', 3, ''c1'', true)',
  'path_edges(timestamptz, text, interval, int, text, boolean, boolean): path_edges(ts, u, ''1 hour'', 3, NULL, false, true)',
  'pr_auc(boolean, float8): pr_auc(b, x)', 'roc_auc(boolean, float8): roc_auc(b, x)',
  'quantile_edges(float8, int): quantile_edges(x, 4)', 'quantile_edges(float8, int, text): quantile_edges(x, 4, ''drop'')',
  'retention(boolean[]): retention(b, e = 1)', 'retention_ordered(timestamptz, boolean[]): retention_ordered(ts, b, e = 1)',
  'rf_merge(bytea): rf_merge(forest)', 'rollup(linreg): rollup(line)',
  'rf_train(bigint, float8[]): rf_train(m, ARRAY[x, y])', 'rf_train(bigint, float8[], jsonb): rf_train(m, ARRAY[x, y], ''{"trees": 2, "seed": 3}'')',
  'rf_train(boolean, float8[]): rf_train(b, ARRAY[x, y])', 'rf_train(boolean, float8[], jsonb): rf_train(b, ARRAY[x, y], ''{"trees": 2, "permutation": true}'')',
  'rf_train(text, float8[]): rf_train(t, ARRAY[x, y])', 'rf_train(text, float8[], jsonb): rf_train(t, ARRAY[x, y], ''{"trees": 2, "seed": 3}'')',
  'rf_train_regression(float8, float8[]): rf_train_regression(y, ARRAY[x])', 'rf_train_regression(float8, float8[], jsonb): rf_train_regression(y, ARRAY[x], ''{"trees": 2}'')',
  'sequence_count(text, timestamptz, boolean[]): sequence_count(''(?1)(?2)'', ts, e = 1, e = 2)', 'sequence_match(text, timestamptz, boolean[]): sequence_match(''(?1)(?2)'', ts, e = 1, e = 2)',
  'sequence_times(text, timestamptz, boolean[]): sequence_times(''(?1).*(?2)'', ts, e = 1, e = 2)',
  'stay_curve(timestamptz, timestamptz, timestamptz, interval): stay_curve(ts, later, ''2026-06-01 20:00+00'', ''1 hour'')',
  'viewer_set_agg(bigint): viewer_set_agg(n)', 'viewer_set_intersect_agg(viewer_set): viewer_set_intersect_agg(audience)', 'viewer_set_union_agg(viewer_set): viewer_set_union_agg(audience)',
  'watch_time(timestamptz, timestamptz): watch_time(ts, later)', 'watch_time(timestamptz, timestamptz, timestamptz, timestamptz): watch_time(ts, later, ''2026-06-01 01:00+00'', ''2026-06-01 09:00+00'')',
  'window_funnel(timestamptz, interval, boolean[]): window_funnel(ts, ''1 day'', e = 1, e = 2)', 'window_funnel(timestamptz, interval, int): window_funnel(ts, ''1 day'', level)',
  'window_funnel_opt(timestamptz, interval, text, boolean[]): window_funnel_opt(ts, ''1 day'', ''strict_order'', e = 1, e = 2)']) c;
-- none is left out
SELECT a.aggfnoid::regprocedure AS left_out FROM pg_aggregate a
WHERE EXISTS (SELECT FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'liveanalytics'
              WHERE d.classid = 'pg_proc'::regclass AND d.objid = a.aggfnoid AND d.deptype = 'e')
  AND a.aggfnoid NOT IN (SELECT aggregate FROM call);

-- in text; of a regression, whose sums are about the row that came first, the coefficients
CREATE FUNCTION said(x anyelement) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT x::text';
CREATE FUNCTION said(x linreg) RETURNS text LANGUAGE sql IMMUTABLE RETURN (SELECT string_agg(coalesce(c::numeric(30, 9)::text, 'NULL'), ' ') FROM unnest(linreg_coef(x)) c);
CREATE FUNCTION answer(query text, expression text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE r text;
BEGIN
  EXECUTE replace(query, 'AGGREGATE', expression) INTO r;
  RETURN r;
END $$;

-- a frame that moves over the rows, and the rows of each frame alone
SELECT aggregate, frames FROM (
  SELECT aggregate, answer('SELECT count(*) FROM (SELECT i, said(AGGREGATE OVER (ORDER BY i ROWS BETWEEN 6 PRECEDING AND 2 FOLLOWING)) AS moving FROM few) s,
    LATERAL (SELECT said(AGGREGATE) AS alone FROM few WHERE i BETWEEN s.i - 6 AND s.i + 2) a WHERE moving IS DISTINCT FROM alone', expression)::int AS frames
  FROM call) s WHERE frames > 0;

-- run again and again within one query
SELECT aggregate, rescans FROM (
  SELECT aggregate, answer('WITH alone AS (SELECT g, said(AGGREGATE) AS a FROM few GROUP BY g)
    SELECT count(*) FROM generate_series(0, 39) k, LATERAL (SELECT said(AGGREGATE) AS again FROM few WHERE g = k % 5) r WHERE again IS DISTINCT FROM (SELECT a FROM alone WHERE g = k % 5)', expression)::int AS rescans
  FROM call) s WHERE rescans > 0;

-- all in one query, where those with the same state and arguments share it
CREATE TABLE together AS SELECT NULL::text[] AS answers WHERE false;
SELECT format('INSERT INTO together SELECT ARRAY[%s] FROM few', string_agg(format('said(%s)', expression), ', ' ORDER BY aggregate::oid)) FROM call \gexec
SELECT aggregate FROM (SELECT aggregate, expression, row_number() OVER (ORDER BY aggregate::oid) AS i FROM call) c, together
WHERE answers[i] IS DISTINCT FROM answer('SELECT said(AGGREGATE) FROM few', expression);

-- 1500 groups in a hash table of 64 kB, which goes to disk, and one after another
CREATE FUNCTION batches(query text, expression text) RETURNS int LANGUAGE plpgsql AS $$
DECLARE line text; n int;
BEGIN
  FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) ' || replace(query, 'AGGREGATE', expression) LOOP
    n := coalesce(substring(line FROM 'Batches: (\d+)')::int, n);
  END LOOP;
  RETURN n;
END $$;
\set grouped '\'SELECT md5(string_agg(a, \'\' \'\' ORDER BY k)) FROM (SELECT i % 1500 AS k, coalesce(said(AGGREGATE), \'\'NULL\'\') AS a FROM row GROUP BY i % 1500) s\''
SET max_parallel_workers_per_gather = 0;
SET work_mem = '64kB';
SET hash_mem_multiplier = 1;
SET enable_sort = off;
CREATE TABLE hashed AS SELECT aggregate, answer(:grouped, expression) AS answer FROM call;
SELECT aggregate FROM call WHERE NOT coalesce(batches(:grouped, expression) > 1, false);
RESET enable_sort;
SET enable_hashagg = off;
SELECT aggregate FROM call JOIN hashed USING (aggregate) WHERE answer IS DISTINCT FROM answer(:grouped, expression);
RESET enable_hashagg;
RESET work_mem;
RESET hash_mem_multiplier;
RESET max_parallel_workers_per_gather;

RESET search_path;

DROP SCHEMA hardening_aggregates CASCADE;
