-- Behaviour over time, every aggregate: shuffled rows, states of parts put together, also
-- by way of text, and parallel plans give what one pass over the rows gives.
CREATE SCHEMA time_plans;
SET search_path = time_plans, public;
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';

-- few times, so that many are equal; NULLs in what may be NULL
CREATE TABLE row AS
SELECT i, (h % 37)::int AS g, (h >> 2) % 97 AS viewer, ts, ts + ((h >> 24) % 5000) * interval '1 s' AS left_at,
       nullif((h >> 36) % 8, 7)::int AS e, nullif('n' || (h >> 40) % 6, 'n5') AS node, (h >> 44) % 3 AS product, nullif((h >> 48) % 7, 6)::int AS level, ts::date AS day,
       (SELECT array_agg(DISTINCT '2026-06-01'::date + ((h >> (2 * k)) % 9)::int) FROM generate_series(1, 5) k) AS days,
       (SELECT viewer_set_agg((h >> k) % 400) FROM generate_series(1, 4) k) | format('{%s,70000-80000}', 500 + h % 37)::viewer_set AS audience
FROM (SELECT i, h, CASE WHEN i % 50 > 0 THEN '2026-06-01 20:00:00+00'::timestamptz + ((h >> 12) % 3000) * interval '100 s' END AS ts
      FROM generate_series(1, 6000) i, LATERAL (SELECT hashint8extended(i, 5) & 9223372036854775807) r(h)) s;
ANALYZE row;

-- the arguments of each; a tilde stands before what is VARIADIC
CREATE TABLE call (aggregate regprocedure, arguments text);
INSERT INTO call VALUES
  ('window_funnel(timestamptz, interval, boolean[])', $$ts, '3000 s', ~ARRAY[e = 1, e IN (2, 3), e = 3, e IN (1, 4)]$$),
  ('window_funnel(timestamptz, interval, int)', $$ts, '500 s', level$$),
  ('window_funnel_opt(timestamptz, interval, text, boolean[])', $$ts, '1 day', '', ~ARRAY[e = 1, e IN (2, 3), e = 3, e IN (1, 4)]$$),
  ('window_funnel_opt(timestamptz, interval, text, boolean[])', $$ts, '500 s', 'strict_once', ~ARRAY[e IN (1, 2), e IN (2, 3), e IN (1, 2, 3), e IN (1, 4)]$$),
  ('window_funnel_opt(timestamptz, interval, text, boolean[])', $$ts, '500 s', 'strict_increase', ~ARRAY[e IN (1, 2), e IN (2, 3), e IN (1, 2, 3), e IN (1, 4)]$$),
  ('window_funnel_opt(timestamptz, interval, text, boolean[])', $$ts, '1 day', 'strict_order', ~ARRAY[e < 6, e IN (2, 3), e = 3, e IN (1, 4)]$$),
  ('window_funnel_opt(timestamptz, interval, text, boolean[])', $$ts, '1 day', 'strict_deduplication', ~ARRAY[e < 6, e = 2, e = 3, e IN (1, 4)]$$),
  ('funnel_times(timestamptz, interval, boolean[])', $$ts, '500 s', ~ARRAY[e = 1, e = 2, e = 3]$$),
  ('funnel_completions(timestamptz, interval, boolean[])', $$ts, '3000 s', ~ARRAY[e = 1, e = 2, e = 3]$$),
  ('funnel_match(timestamptz, interval, bigint, boolean[])', $$ts, '500 s', product, ~ARRAY[e = 1, e = 2, e = 3]$$),
  ('funnel_match(timestamptz, interval, text, boolean[])', $$ts, '500 s', node, ~ARRAY[e = 1, e = 2, e = 3]$$),
  ('funnel_summary(int, int)', $$level, 5$$),
  ('retention(boolean[])', $$~ARRAY[i % 100 = 1, i % 80 = 2, level = 2]$$),
  ('retention_ordered(timestamptz, boolean[])', $$ts, ~ARRAY[e = 1 AND i > 3000, product = 5, level = 2 AND i % 700 = 1]$$),
  ('active_days(timestamptz, text)', $$ts, 'Asia/Shanghai'$$),
  ('active_days(date)', $$day$$),
  ('cohort_retention(date[], date[], text, int[], date)', $$days[:2], days, 'day', '{0,1,2,3}', '2026-06-07'$$),
  ('cohort_retention(date[], date[], text, int[], date, jsonb)', $$days[:2], days, 'day', '{0,1,2,4}', '2026-06-07', '{"kind": "bracket", "cohort": "every"}'$$),
  ('cohort_retention(bigint, timestamptz, boolean, boolean, text, text, int[], date)', $$viewer, ts, e = 1, e = 2, 'Asia/Shanghai', 'day', '{0,1,2,3}', '2026-06-04'$$),
  ('cohort_retention(bigint, timestamptz, boolean, boolean, text, text, int[], date, jsonb)', $$viewer, ts, e = 1, e = 2, 'Asia/Shanghai', 'day', '{0,1}', '2026-06-04', '{"kind": "on_or_after"}'$$),
  ('watch_time(timestamptz, timestamptz)', $$ts, ts + (i % 40) * interval '1 s'$$),
  ('watch_time(timestamptz, timestamptz, timestamptz, timestamptz)', $$ts, nullif(left_at, ts), '2026-06-01 22:00+00', '2026-06-02 22:00+00'$$),
  ('concurrency_peak(timestamptz, timestamptz)', $$ts, left_at$$),
  ('concurrency_avg(timestamptz, timestamptz, timestamptz, timestamptz)', $$ts, left_at, '2026-06-01 22:00+00', '2026-06-02 22:00+00'$$),
  ('concurrency_series(timestamptz, timestamptz, timestamptz, timestamptz, interval)', $$ts, left_at, '2026-06-01 22:00+00', '2026-06-02 22:00+00', '17 minutes'$$),
  ('stay_curve(timestamptz, timestamptz, timestamptz, interval)', $$ts, left_at, '2026-06-03 12:00+00', '1 minute'$$),
  ('sequence_match(text, timestamptz, boolean[])', $$'(?1)(?t<=100)(?2).*(?3)(?t==0)(?1)', ts, ~ARRAY[e = 1, e = 2, e = 3]$$),
  ('sequence_count(text, timestamptz, boolean[])', $$'(?1).(?t>=100)(?2)', ts, ~ARRAY[e IN (1, 4), e IN (2, 4), e = 3]$$),
  ('sequence_times(text, timestamptz, boolean[])', $$'(?1).*(?2)(?t<=100)(?3)', ts, ~ARRAY[e IN (1, 4), e IN (2, 4), e = 3]$$),
  ('path_edges(timestamptz, text, interval, int)', $$ts, node, '100 s', 4$$),
  ('path_edges(timestamptz, text, interval, int, text)', $$ts, node, '100 s', 4, 'n2'$$),
  ('path_edges(timestamptz, text, interval, int, text, boolean)', $$ts, node, '100 s', 4, 'n2', true$$),
  ('path_edges(timestamptz, text, interval, int, text, boolean, boolean)', $$ts, node, '100 s', 4, NULL, false, true$$),
  ('viewer_set_agg(bigint)', $$viewer * viewer$$),
  ('viewer_set_union_agg(viewer_set)', $$audience$$),
  ('viewer_set_intersect_agg(viewer_set)', $$audience$$);
-- none is left out: what has a C function of these files for its rows
SELECT a.aggfnoid::regprocedure FROM pg_aggregate a JOIN pg_proc p ON p.oid = a.aggtransfn
WHERE p.proname ~ '^(funnel|retention|active_days|cohort|watch_time|concurrency|stay_curve|sequence|path|viewer_set)_.*accum'
  AND EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_proc'::regclass AND objid = a.aggfnoid AND deptype = 'e') AND a.aggfnoid NOT IN (SELECT aggregate FROM call);

-- the results of all groups, by one pass
CREATE FUNCTION call_of(c call) RETURNS text LANGUAGE sql
  RETURN split_part(c.aggregate::text, '(', 1) || '(' || replace(c.arguments, '~', 'VARIADIC ') || ')';
CREATE FUNCTION results(c call, rows text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE r text;
BEGIN
  EXECUTE format('SELECT string_agg(coalesce(x::text, ''NULL''), '' '' ORDER BY g) FROM (SELECT g, %s AS x FROM %s r GROUP BY g) s', call_of(c), rows) INTO r;
  RETURN r;
END $$;
-- by an aggregate that stops at the state, and one that goes on from states
CREATE FUNCTION results_of_parts(c call, way text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE a record; r text;
BEGIN
  SELECT aggtransfn, aggtranstype::regtype AS state, aggcombinefn, aggfinalfn,
         (SELECT string_agg(t::regtype::text, ', ' ORDER BY o) FROM unnest(proargtypes) WITH ORDINALITY u(t, o)) AS types
  INTO a FROM pg_aggregate JOIN pg_proc ON pg_proc.oid = aggfnoid WHERE aggfnoid = c.aggregate;
  EXECUTE format('CREATE AGGREGATE part(%s) (SFUNC = %s, STYPE = %s)', a.types, a.aggtransfn, a.state);
  EXECUTE format('CREATE AGGREGATE whole(%1$s) (SFUNC = %2$s, STYPE = %1$s%3$s)', a.state, a.aggcombinefn, ', FINALFUNC = ' || nullif(a.aggfinalfn::text, '-'));
  EXECUTE format('SELECT string_agg(coalesce(x::text, ''NULL''), '' '' ORDER BY g) FROM (
    SELECT g, whole(%s ORDER BY p) AS x FROM (SELECT g, i * 31 %% 7 AS p, part(%s) AS s FROM row GROUP BY g, i * 31 %% 7) p GROUP BY g) s',
    CASE way WHEN 'text' THEN format('s::text::%s', a.state) ELSE 's' END, replace(c.arguments, '~', '')) INTO r;
  EXECUTE format('DROP AGGREGATE part(%s); DROP AGGREGATE whole(%s)', a.types, a.state);
  RETURN r;
END $$;
-- of all rows together, by whatever plan, and whether that has parts
CREATE FUNCTION result(c call) RETURNS text LANGUAGE plpgsql AS $$
DECLARE r text;
BEGIN
  EXECUTE format('SELECT x::text FROM (SELECT %s AS x FROM row r) s', call_of(c)) INTO r;
  RETURN r;
END $$;
CREATE FUNCTION has_parts(c call) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE line text; found boolean := false;
BEGIN
  FOR line IN EXECUTE format('EXPLAIN (COSTS OFF) SELECT %s AS x FROM row r', call_of(c)) LOOP
    found := found OR line ~ 'Partial';
  END LOOP;
  RETURN found;
END $$;

SET max_parallel_workers_per_gather = 0;
CREATE TABLE answer AS SELECT aggregate, arguments, results(c, 'row') AS serial, result(c) AS serial_total,
  results(c, '(SELECT * FROM row ORDER BY i * 31 % 6007)') AS shuffled, results(c, '(SELECT * FROM row ORDER BY ts DESC, i DESC)') AS backwards,
  results_of_parts(c, 'state') AS parts, results_of_parts(c, 'text') AS parts_as_text
FROM call c;
SET max_parallel_workers_per_gather = 2;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
CREATE TABLE parallel AS SELECT aggregate, arguments, results(c, 'row') AS parallel, result(c) AS parallel_total, has_parts(c) AS has_parts FROM call c;
RESET max_parallel_workers_per_gather;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;
SELECT aggregate, length(serial) AS length, cardinality(array(SELECT DISTINCT unnest(string_to_array(serial, ' ')))) > 1 AS differs,
       shuffled = serial AS shuffled, backwards = serial AS backwards, parts = serial AS parts, parts_as_text = serial AS as_text, parallel = serial AS parallel,
       parallel_total = serial_total AS total, has_parts
FROM answer JOIN parallel USING (aggregate, arguments) ORDER BY aggregate::text COLLATE "C", arguments COLLATE "C";

RESET search_path;
SET client_min_messages = warning;
DROP SCHEMA time_plans CASCADE;
