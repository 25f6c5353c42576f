-- window_funnel, window_funnel_opt, funnel_times, funnel_match, funnel_completions, funnel_summary
CREATE SCHEMA funnel_test;
SET search_path = funnel_test, public;

SET timezone = 'UTC';
SET extra_float_digits = 0;
SET intervalstyle = 'postgres';

-- a second after the epoch of these tests for each unit of t
CREATE FUNCTION at(t float8) RETURNS timestamptz IMMUTABLE LANGUAGE sql RETURN timestamptz '2024-06-18 20:00:00+00' + t * interval '1 second';

-- published values: events 1000 to 1008 at 0 to 8 s
CREATE TABLE nine AS SELECT at(i) AS ts, 1000 + i AS e FROM generate_series(0, 8) i;
SELECT window_funnel(ts, '10000 s', e = 1000, e = 1001, e = 1002, e = 1008) AS four,
       window_funnel(ts, '2 s', e = 1003, e = 1004, e = 1005, e = 1006, e = 1007) AS within_2,
       window_funnel(ts, '3 s', e = 1003, e = 1004, e = 1005, e = 1006, e = 1007) AS within_3,
       window_funnel(ts, '4 s', e = 1003, e = 1004, e = 1005, e = 1006, e = 1007) AS within_4,
       window_funnel(ts, '1 day', e = 1008, e = 1001) AS wrong_order
FROM nine;
SELECT window_funnel_opt(at(t), '10000 s', 'strict_deduplication', e = 1000, e = 1001, e = 1002, e = 1003, e = 1004, e = 1005, e = 1006) AS deduplication,
       window_funnel_opt(at(t), '10000 s', '', e = 1000, e = 1001, e = 1002, e = 1003, e = 1004, e = 1005, e = 1006) AS no_option,
       window_funnel(at(t), '10000 s', e = 1000, e = 1001, e = 1002, e = 1003, e = 1004, e = 1005, e = 1006) AS "default"
FROM (VALUES (0, 1000), (10, 1001), (20, 1002), (30, 1003), (40, 1004), (50, 1005), (51, 1005), (60, 1006)) v(t, e);
SELECT window_funnel(at(0), '1 s', true, true, true) AS "default",
       window_funnel_opt(at(0), '1 s', 'strict_once', true, true, true) AS once,
       window_funnel_opt(at(0), '1 s', 'strict_increase', true, true, true) AS increase;
SELECT s, window_funnel(at(t), '1 day', e = 'a', e = 'b', e = 'c') AS "default",
       window_funnel_opt(at(t), '1 day', 'strict_order', e = 'a', e = 'b', e = 'c') AS strict_order
FROM unnest('{abc,adbc,aabbcc,aaaabbcc,aabbdcc,ccbbaa}'::text[]) WITH ORDINALITY s(s, i), LATERAL regexp_split_to_table(s, '') WITH ORDINALITY e(e, t)
GROUP BY i, s ORDER BY i;
SELECT window_funnel(ts, '1800 s', e = 'Browse', e = 'Click', e = 'Order', e = 'Pay') AS "default",
       window_funnel_opt(ts, '1800 s', 'strict_deduplication', e = 'Browse', e = 'Click', e = 'Order', e = 'Pay') AS deduplication
FROM (VALUES (timestamptz '2022-06-10 11:00:00', 'Browse'), ('2022-06-10 11:10:00', 'Click'), ('2022-06-10 11:29:00', 'Order'),
             ('2022-06-10 11:29:50', 'Click'), ('2022-06-10 11:30:00', 'Pay')) v(ts, e);
SELECT window_funnel_opt(at(t), '1 min', 'strict_increase', e = 's1', e = 's2')
FROM (VALUES (8.5, 's1'), (9.5, 's1'), (9.5, 's2')) v(t, e);
SELECT window_funnel_opt(at(t), '1 day', 'strict_deduplication', e = 'login', e = 'visit', e = 'order', e = 'payment') AS first_step_may_repeat
FROM (VALUES (0, 'login'), (1, 'visit'), (2, 'login'), (3, 'order'), (4, 'payment')) v(t, e);

-- ClickHouse's levels of 1,000 viewers, half of whom have events of equal time: see test/data/README.md
\getenv abs_srcdir PG_ABS_SRCDIR
\set reference :abs_srcdir '/data/funnel_reference.csv'
CREATE TABLE reference (story text, "default" int, in_order int, deduplication int, once int, order_deduplication int, order_once int);
\set load '\\copy reference FROM ' :'reference' ' WITH (FORMAT csv)'
:load
CREATE VIEW reference_event AS
  SELECT r.ctid AS viewer, at(left(e, -1)::int) AS ts, right(e, 1) AS e FROM reference r, regexp_split_to_table(story, ' ') e;
SELECT count(*) AS viewers, count(*) FILTER (WHERE l."default" = r."default") AS "default", count(*) FILTER (WHERE l.in_order = r.in_order) AS in_order,
       count(*) FILTER (WHERE l.deduplication = r.deduplication) AS deduplication, count(*) FILTER (WHERE l.once = r.once) AS once,
       count(*) FILTER (WHERE l.order_deduplication = r.order_deduplication) AS order_deduplication, count(*) FILTER (WHERE l.order_once = r.order_once) AS order_once
FROM reference r JOIN (
  SELECT viewer, window_funnel(ts, '8 s', e = 'a', e = 'b', e = 'c', e = 'd') AS "default",
         window_funnel_opt(ts, '8 s', 'strict_order', e = 'a', e = 'b', e = 'c', e = 'd') AS in_order,
         window_funnel_opt(ts, '8 s', 'strict_deduplication', e = 'a', e = 'b', e = 'c', e = 'd') AS deduplication,
         window_funnel_opt(ts, '8 s', 'strict_once', e = 'a', e = 'b', e = 'c', e = 'd') AS once,
         window_funnel_opt(ts, '8 s', 'strict_order,strict_deduplication', e = 'a', e = 'b', e = 'c', e = 'd') AS order_deduplication,
         window_funnel_opt(ts, '8 s', 'strict_order,strict_once', e = 'a', e = 'b', e = 'c', e = 'd') AS order_once
  FROM reference_event GROUP BY viewer) l ON l.viewer = r.ctid;

-- events of a viewer as "steps@second" in a text, digits 1 to 9 the steps of one event, 0 for none
CREATE FUNCTION events(story text) RETURNS TABLE (ts timestamptz, s text) IMMUTABLE LANGUAGE sql AS $$
  SELECT CASE split_part(e, '@', 2) WHEN 'inf' THEN 'infinity' WHEN '-inf' THEN '-infinity' WHEN '' THEN NULL
           ELSE timestamptz '2024-06-18 20:00:00+00' + split_part(e, '@', 2)::float8 * interval '1 second' END, split_part(e, '@', 1)
  FROM regexp_split_to_table(story, ' +') e $$;
CREATE FUNCTION met(s text, n int) RETURNS boolean[] IMMUTABLE LANGUAGE sql
  AS $$ SELECT array_agg(strpos(s, k::text) > 0 ORDER BY k) FROM generate_series(1, n) k $$;
CREATE TABLE story (i int GENERATED ALWAYS AS IDENTITY, about text, n int, win interval, events text);
INSERT INTO story (about, n, win, events) VALUES
  ('in order', 3, '10 s', '1@0 2@5 3@10'),
  ('bound included', 3, '9 s', '1@0 2@5 3@10'),
  ('later start', 3, '9 s', '1@0 1@2 2@5 3@10'),
  ('each step by another start', 4, '5 s', '1@0 2@1 1@4 3@5 2@6 3@8 4@9'),
  ('skipped step', 3, '1 h', '1@0 3@1'),
  ('equal times', 3, '0 s', '3@1 2@1 1@1'),
  ('one event, all steps', 3, '0 s', '123@1'),
  ('two events share three steps', 3, '0 s', '12@1 23@1'),
  ('three events share three steps', 3, '0 s', '13@1 12@1 3@1'),
  ('other event between', 3, '1 h', '1@0 2@1 0@2 3@3'),
  ('other event at the same time', 3, '1 h', '1@0 2@1 0@1 3@3'),
  ('other event before', 3, '1 h', '0@0 1@0 2@1 3@3'),
  ('step ahead of its turn', 3, '1 h', '1@0 3@1 2@2 3@3'),
  ('first step again', 3, '1 h', '1@0 2@1 1@2 3@3'),
  ('second step again', 3, '1 h', '1@0 2@1 2@2 3@3'),
  ('second step twice at a time', 3, '1 h', '1@0 2@1 2@1 3@3'),
  ('infinite times', 3, '1 h', '1@-inf 2@0 3@inf'),
  ('at one infinite time', 3, '1 h', '1@inf 2@inf 3@inf 1@-inf'),
  ('no time', 3, '1 h', '1@0 2@ 3@1'),
  ('no step at all', 3, '1 h', '0@0 0@1'),
  ('never a time', 3, '1 h', '1@ 2@');
SELECT about, window_funnel(ts, win, VARIADIC met(s, n)) AS level,
       window_funnel_opt(ts, win, 'strict_order', VARIADIC met(s, n)) AS "order",
       window_funnel_opt(ts, win, 'strict_deduplication', VARIADIC met(s, n)) AS dedup,
       window_funnel_opt(ts, win, 'strict_increase', VARIADIC met(s, n)) AS increase,
       window_funnel_opt(ts, win, 'strict_once', VARIADIC met(s, n)) AS once,
       window_funnel_opt(ts, win, 'strict_order,strict_deduplication,strict_increase,strict_once', VARIADIC met(s, n)) AS "all",
       funnel_completions(ts, win, VARIADIC met(s, n)) AS passes,
       (SELECT array_agg(extract(epoch FROM t - at(0)) ORDER BY o) FROM unnest(funnel_times(ts, win, VARIADIC met(s, n))) WITH ORDINALITY u(t, o) WHERE isfinite(t)) AS seconds
FROM story, events(events) GROUP BY i, about, win, n ORDER BY i;

-- the fast form: 1 to 64, NULL and 0 are other events
SELECT window_funnel(at(t), '1 h', k) FROM (VALUES (0, 1), (1, NULL), (2, 2), (3, 0), (4, 3), (5, 5)) v(t, k);
SELECT window_funnel(at(t), '1 h', t) AS "64", window_funnel(at(t), '62 s', t) AS "63",
       window_funnel(at(t), '1 h', VARIADIC array_fill(false, ARRAY[t - 1]) || true || array_fill(false, ARRAY[64 - t])) AS conditions
FROM generate_series(1, 64) t;

-- NULL conditions are false; also as a bitmap without a NULL in it, and with other lower bounds
SELECT window_funnel(at(t), '1 h', VARIADIC c)
FROM (VALUES (0, '{t,NULL,NULL}'::boolean[]), (1, '{NULL,t,f}'), (2, '[5:7]={NULL,f,t}'), (3, '{f,f,f}')) v(t, c);

-- no rows: NULL, and so for a group without a time; rows of no step: 0
SELECT window_funnel(at(t), '1 h', t = 1) AS level, window_funnel(at(t), '1 h', t) AS step, window_funnel_opt(at(t), '1 h', '', t = 1) AS opt,
       funnel_times(at(t), '1 h', t = 1) AS times, funnel_completions(at(t), '1 h', t = 1) AS passes, funnel_match(at(t), '1 h', t::bigint, t = 1) AS match,
       funnel_summary(t, 5) AS summary
FROM generate_series(1, 0) t;
SELECT window_funnel(ts, '1 h', true) AS level, funnel_times(ts, '1 h', true) AS times FROM (VALUES (NULL::timestamptz), (NULL)) v(ts);
SELECT window_funnel(at(1), '1 h', false) AS level, funnel_times(at(1), '1 h', false) AS times, funnel_completions(at(1), '1 h', false) AS passes,
       funnel_match(at(1), '1 h', 1, false) AS match, funnel_match(at(1), '1 h', NULL::text, true) AS without_key;

-- times: the first chain to end, of those the last to start; non-overlapping passes
SELECT funnel_times(ts, '10 s', VARIADIC met(s, 3)) FROM events('1@0 2@1 1@2 2@3 2@4 3@5 3@6 1@20 2@21 3@22');
SELECT funnel_completions(ts, '10 s', VARIADIC met(s, 3)) AS three, funnel_completions(ts, '10 s', VARIADIC met(s, 1)) AS one
FROM events('1@0 2@1 1@2 2@3 3@4 3@5 1@4 1@20 2@21 3@22 1@22 2@22 3@22 1@40 2@45 3@50 1@60 2@65 3@71');

-- one key for all steps: the product that was clicked is the product that was bought
CREATE TABLE shop AS SELECT * FROM (VALUES
  (1, 0, 'click', 10, 'a'), (1, 1, 'cart', 11, 'b'), (1, 2, 'pay', 11, 'b'), (1, 3, 'click', 11, 'b'),
  (2, 0, 'click', 10, 'a'), (2, 1, 'cart', 10, 'a'), (2, 2, 'click', 11, 'ab'), (2, 3, 'pay', 10, 'a'),
  (3, 0, 'click', NULL, NULL), (3, 1, 'cart', NULL, NULL),
  (4, 0, 'click', 10, ''), (4, 1, 'cart', 10, ''), (4, 2, 'pay', -10, 'a')) v(viewer, t, e, product, name);
SELECT viewer, window_funnel(at(t), '1 h', e = 'click', e = 'cart', e = 'pay') AS any_product,
       funnel_match(at(t), '1 h', product, e = 'click', e = 'cart', e = 'pay') AS by_number,
       funnel_match(at(t), '1 h', name, e = 'click', e = 'cart', e = 'pay') AS by_name
FROM shop GROUP BY viewer ORDER BY viewer;

-- options: blanks, repetition, any order
SELECT window_funnel_opt(at(0), '1 h', ' strict_once , strict_once', true, true) AS once, window_funnel_opt(at(0), '1 h', '  ', true, true) AS blank;

-- errors
\set VERBOSITY default
CREATE FUNCTION fails(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE detail text; hint text;
BEGIN EXECUTE query; RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
  RETURN concat_ws(' | ', SQLSTATE, SQLERRM, nullif(detail, ''), nullif(hint, ''));
END $$;
SELECT fails('SELECT ' || call) FROM (VALUES
  ('window_funnel(at(0), NULL, true)'), ('window_funnel(at(0), ''-1 s'', true)'), ('window_funnel(at(0), ''1 month'', true)'),
  ('window_funnel(at(0), ''1 year -3 days'', 1)'), ('window_funnel(at(0), ''1 day -25 hours'', 1)'), ('window_funnel(at(0), ''200000000 days'', 1)'),
  ('window_funnel(at(0), ''1 h'')'), ('window_funnel(at(0), ''1 h'', VARIADIC ''{}''::boolean[])'), ('window_funnel(at(0), ''1 h'', VARIADIC NULL::boolean[])'),
  ('window_funnel(at(0), ''1 h'', VARIADIC array_fill(true, ARRAY[65]))'), ('window_funnel(at(0), ''1 h'', VARIADIC ''{{t,f},{f,t}}''::boolean[])'),
  ('window_funnel(at(0), ''1 h'', 65)'), ('window_funnel(at(0), ''1 h'', -1)'),
  ('window_funnel(at(t), make_interval(secs => t), true) FROM generate_series(1, 2) t'), ('window_funnel(at(t), make_interval(secs => t), 1) FROM generate_series(1, 2) t'),
  ('window_funnel(at(t), ''1 h'', VARIADIC array_fill(false, ARRAY[t])) FROM generate_series(1, 2) t'),
  ('window_funnel_opt(at(0), ''1 h'', NULL, true)'), ('window_funnel_opt(at(0), ''1 h'', ''strict'', true)'), ('window_funnel_opt(at(0), ''1 h'', ''strict_once,,strict_order'', true)'),
  ('window_funnel_opt(at(t), ''1 h'', CASE t WHEN 1 THEN ''strict_once'' ELSE ''strict_increase, strict_order'' END, true) FROM generate_series(1, 2) t'),
  ('funnel_summary(3, 2)'), ('funnel_summary(-1, 2)'), ('funnel_summary(0, 0)'), ('funnel_summary(0, 65)'), ('funnel_summary(1, NULL)'),
  ('funnel_summary(1, t) FROM generate_series(1, 2) t'), ('* FROM funnel_summary_rows(''1'')'), ('* FROM funnel_summary_rows(''{}'')'),
  ('* FROM funnel_summary_rows(''[1]'')'), ('* FROM funnel_summary_rows(''[{"step": "1"}]'')')) v(call);

-- a row of no step, too, must have the window, the options and the steps of the others
SELECT fails('SELECT ' || call) FROM (VALUES
  ('window_funnel(at(t), CASE t WHEN 3 THEN interval ''2 h'' ELSE ''1 h'' END, NULLIF(t, 3)) FROM generate_series(1, 3) t'),
  ('window_funnel(at(t), CASE t WHEN 3 THEN interval ''2 h'' ELSE ''1 h'' END, t = 1) FROM generate_series(1, 3) t'),
  ('window_funnel(at(t), ''1 h'', VARIADIC array_fill(t = 1, ARRAY[1 + t / 3])) FROM generate_series(1, 3) t'),
  ('window_funnel_opt(at(t), ''1 h'', CASE t WHEN 3 THEN ''strict_once'' ELSE '''' END, t = 1) FROM generate_series(1, 3) t'),
  ('funnel_match(at(t), ''1 h'', t::bigint, VARIADIC array_fill(t = 1, ARRAY[1 + t / 3])) FROM generate_series(1, 3) t')) v(call);

-- the summary
SELECT funnel_summary(level, 3) FROM unnest('{0,0,1,1,1,1,2,3,NULL}'::int[]) level;
SELECT r.* FROM (SELECT funnel_summary(level, 5) AS summary FROM unnest('{0,1,1,1,2,4,5,5}'::int[]) level) s, funnel_summary_rows(summary) r;
SELECT r.* FROM (SELECT funnel_summary(0, 2) AS summary) s, funnel_summary_rows(summary) r;
SELECT count(*) FROM funnel_summary_rows(NULL);
SELECT funnel_summary_accum('{1,2}', 1, 1), funnel_summary_accum('{1,2}', NULL, 1), funnel_summary_combine('{1,2}', '{3,4}'), funnel_summary_combine(NULL, '{3,4}');
SELECT fails('SELECT ' || call) FROM (VALUES ('funnel_summary_accum(''{1}'', 1, 1)'), ('funnel_summary_accum(''{{1,2},{3,4}}'', 1, 1)'),
  ('funnel_summary_accum(''{1,NULL}'', 1, 1)'), ('funnel_summary_accum(''{1,-2}'', 1, 1)'), ('funnel_summary_combine(''{1,2}'', ''{1,2,3}'')'),
  ('funnel_summary_accum(''{1,9223372036854775807}'', 1, 1)'), ('funnel_summary_final(''{1,9223372036854775807,9223372036854775807}'')')) v(call);

-- the same for any order of rows, any plan, in groups and in window frames
CREATE TABLE history AS
  SELECT viewer, at((h >> 8) % 400) AS ts, (h >> 20) % 8 AS e, (h >> 24) % 3 AS product, row_number() OVER () AS i
  FROM generate_series(1, 200) viewer, generate_series(1, 60) k, LATERAL (SELECT hashint8extended(viewer * 1000 + k, 7) & 9223372036854775807) r(h);
ANALYZE history;
-- all functions at once
CREATE VIEW levels AS
  SELECT viewer, window_funnel(ts, '60 s', e = 1, e IN (2, 3), e = 3, e IN (1, 4)) AS level,
         window_funnel(ts, '60 s', CASE WHEN e < 5 THEN e::int END) AS numbered,
         window_funnel_opt(ts, '60 s', 'strict_increase', e = 1, e IN (2, 3), e = 3, e IN (1, 4)) AS increase,
         window_funnel_opt(ts, '60 s', 'strict_once', e = 1, e IN (2, 3), e = 3, e IN (1, 4)) AS once,
         window_funnel_opt(ts, '60 s', 'strict_order, strict_deduplication', e < 6, e IN (6, 7), e IN (5, 7), e = 6) AS story,
         funnel_times(ts, '60 s', e = 1, e IN (2, 3), e = 3, e IN (1, 4)) AS times,
         funnel_completions(ts, '60 s', e = 1, e IN (2, 3), e = 3) AS passes,
         funnel_match(ts, '60 s', product, e = 1, e IN (2, 3), e = 3, e IN (1, 4)) AS match,
         funnel_match(ts, '60 s', 'product ' || product, e = 1, e IN (2, 3), e = 3, e IN (1, 4)) AS match_text
  FROM history GROUP BY viewer;
CREATE TABLE serial AS SELECT * FROM levels;
SELECT sum(level) AS level, sum(numbered) AS numbered, sum(increase) AS increase, sum(once) AS once, sum(story) AS story,
       sum(cardinality(times)) AS times, sum(passes) AS passes, sum(match) AS match, sum(match_text) AS match_text FROM serial;
SELECT count(*) AS orders, sum(cardinality(s.times)) = sum(s.level) AS times,
       bool_and(c.level = s.level AND c.once = s.once AND c.times = s.times AND c.match = s.match) AS equal
FROM serial s, (VALUES (1), (7919), (104729)) v(x),
     LATERAL (SELECT window_funnel(ts, '60 s', e = 1, e IN (2, 3), e = 3, e IN (1, 4) ORDER BY i * x % 30011) AS level,
                     window_funnel_opt(ts, '60 s', 'strict_once', e = 1, e IN (2, 3), e = 3, e IN (1, 4) ORDER BY i * x % 30011) AS once,
                     funnel_times(ts, '60 s', e = 1, e IN (2, 3), e = 3, e IN (1, 4) ORDER BY i * x % 30011) AS times,
                     funnel_match(ts, '60 s', product, e = 1, e IN (2, 3), e = 3, e IN (1, 4) ORDER BY i * x % 30011) AS match
              FROM history h WHERE h.viewer = s.viewer) c;
SET min_parallel_table_scan_size = 0;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET enable_hashagg = on;
EXPLAIN (COSTS OFF) SELECT viewer % 3, window_funnel(ts, '60 s', e = 1, e = 2), funnel_match(ts, '60 s', product, e = 1, e = 2) FROM history GROUP BY 1;
CREATE TABLE parallel AS SELECT * FROM levels;
CREATE TABLE parallel_sorted (LIKE parallel);
SET enable_hashagg = off;
INSERT INTO parallel_sorted SELECT * FROM levels;
RESET enable_hashagg;
RESET parallel_tuple_cost;
RESET parallel_setup_cost;
RESET min_parallel_table_scan_size;
SELECT count(*) AS viewers, count(*) FILTER (WHERE s = p) AS parallel, count(*) FILTER (WHERE s.* = o.*) AS sorted
FROM serial s JOIN parallel p USING (viewer) JOIN parallel_sorted o USING (viewer);
-- by definition: a self-join for the first two steps
SELECT count(*) AS viewers, count(*) FILTER (WHERE (level >= 2) = joined) AS equal
FROM (SELECT viewer, window_funnel(ts, '20 s', e = 1, e = 2) AS level,
             EXISTS (SELECT FROM history a JOIN history b USING (viewer)
                     WHERE a.viewer = h.viewer AND a.e = 1 AND b.e = 2 AND b.ts BETWEEN a.ts AND a.ts + interval '20 s') AS joined
      FROM history h GROUP BY viewer) s;
SELECT count(*) AS frames, count(*) FILTER (WHERE framed = again) AS equal, count(*) FILTER (WHERE times = again_times) AS equal_times
FROM (SELECT window_funnel(ts, '60 s', e = 1, e IN (2, 3), e = 3) OVER w AS framed, funnel_times(ts, '60 s', e = 1, e IN (2, 3), e = 3) OVER w AS times,
             (SELECT window_funnel(ts, '60 s', e = 1, e IN (2, 3), e = 3) FROM history b WHERE b.i BETWEEN h.i - 20 AND h.i) AS again,
             (SELECT funnel_times(ts, '60 s', e = 1, e IN (2, 3), e = 3) FROM history b WHERE b.i BETWEEN h.i - 20 AND h.i) AS again_times
      FROM history h WHERE i <= 300 WINDOW w AS (ORDER BY i ROWS 20 PRECEDING)) s;

-- functions that ask the same of their rows share one transition
CREATE FUNCTION noticed(x timestamptz) RETURNS timestamptz STABLE LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'seen'; RETURN x; END $$;
SELECT window_funnel(noticed(at(0)), '1 h', true), cardinality(funnel_times(noticed(at(0)), '1 h', true)), funnel_completions(noticed(at(0)), '1 h', true);

-- states: text and binary, called by hand, stored, combined in any way
CREATE TABLE states (id int, s funnel_events);
INSERT INTO states VALUES
  (1, funnel_accum(funnel_accum(NULL, at(5), '1 h', '{f,t}'::boolean[]), at(1), '1 h', '{t,f}'::boolean[])),
  (2, funnel_accum(NULL, at(5), '1 day', 64)),
  (3, funnel_accum_opt(NULL, 'infinity', '0 s', 'strict_order, strict_once', array_fill(true, ARRAY[64]))),
  (4, funnel_accum_key(NULL, at(5), '1 h', -9223372036854775808, '{t,f}'::boolean[])),
  (5, funnel_accum_key(NULL, '-infinity', '1 h', E'a"\\/\b\f\n\r\t\x01观众', '{f,t}'::boolean[])),
  (6, funnel_accum(NULL, at(5), '1 h', '{f,f}'::boolean[])), (7, NULL);
SELECT id, s, s::text::funnel_events::text = s::text AS reads_back FROM states ORDER BY id;
CREATE TEMP TABLE sent AS SELECT id, funnel_events_send(s) AS s FROM states;
SELECT id, encode(s, 'hex') FROM sent ORDER BY id;
SELECT id, funnel_accum(s, at(9), '1 h', '{t,t}'::boolean[]) AS more, funnel_accum(s, NULL, '1 h', '{t,t}'::boolean[]) AS left_out, s AS unchanged FROM states WHERE id IN (1, 6, 7) ORDER BY id;
SELECT x.id, y.id, window_funnel_final(funnel_combine(x.s, y.s)) AS level FROM states x, states y WHERE x.id IN (1, 6, 7) AND y.id IN (1, 6, 7) ORDER BY x.id, y.id;
CREATE AGGREGATE rolled_up(funnel_events) (SFUNC = funnel_combine, STYPE = funnel_events, FINALFUNC = window_funnel_final);
CREATE AGGREGATE collected(timestamptz, interval, VARIADIC boolean[]) (SFUNC = funnel_accum, STYPE = funnel_events);
CREATE TABLE parts AS SELECT viewer, i % 7 AS part, collected(ts, '60 s', e = 1, e IN (2, 3), e = 3, e IN (1, 4)) AS s FROM history GROUP BY viewer, i % 7;
SELECT count(*) AS viewers, count(*) FILTER (WHERE stored = level) AS stored, count(*) FILTER (WHERE as_text = level) AS as_text
FROM (SELECT viewer, rolled_up(s) AS stored, rolled_up(s::text::funnel_events) AS as_text FROM parts GROUP BY viewer) p JOIN serial USING (viewer);
SELECT fails('SELECT ' || call) FROM (VALUES
  ('funnel_combine(a.s, b.s) FROM states a, states b WHERE a.id = 1 AND b.id = 2'), ('funnel_combine(a.s, b.s) FROM states a, states b WHERE a.id = 4 AND b.id = 5'),
  ('funnel_accum(s, at(1), ''1 h'', ''{t}''::boolean[]) FROM states WHERE id = 1'), ('funnel_accum(s, at(1), ''2 h'', ''{t,t}''::boolean[]) FROM states WHERE id = 1'),
  ('window_funnel_final(s) FROM states WHERE id = 4'), ('funnel_match_final(s) FROM states WHERE id = 1')) v(call);
-- what is not a state
SELECT text, fails(format('SELECT %L::funnel_events', text)) FROM (VALUES (''), ('{}'), ('{"format": 2'), ('{"format": 1, "kind": "none", "steps": 1, "options": "", "window": 1, "events": []}'),
  ('{"format": 1, "kind": "conditions", "steps": 0, "options": "", "window": 1, "events": []}'),
  ('{"format": 1, "kind": "conditions", "steps": 65, "options": "", "window": 1, "events": []}'),
  ('{"format": 1, "kind": "conditions", "steps": 256, "options": "", "window": 1, "events": []}'),
  ('{"format": 1, "kind": "numbered", "steps": 5, "options": "", "window": 1, "events": []}'),
  ('{"format": 1, "kind": "text keys", "steps": 5, "options": "strict_once", "window": 1, "events": []}'),
  ('{"format": 1, "kind": "conditions", "steps": 1, "options": "x", "window": 1, "events": []}'),
  ('{"format": 1, "kind": "conditions", "steps": 1, "options": "", "window": -1, "events": []}'),
  ('{"format": 1, "kind": "conditions", "steps": 1, "options": "", "window": 9223372036854775808, "events": []}'),
  ('{"format": 1, "kind": "conditions", "steps": 1, "options": "", "window": 1, "events": [[0, 2]]}'),
  ('{"format": 1, "kind": "conditions", "steps": 1, "options": "", "window": 1, "events": [[0, 0]]}'),
  ('{"format": 1, "kind": "conditions", "steps": 1, "options": "", "window": 1, "events": [[0, 99999999999999999999]]}'),
  ('{"format": 1, "kind": "conditions", "steps": 1, "options": "", "window": 1, "events": [[0, 1]}'),
  ('{"format": 1, "kind": "conditions", "steps": 1, "options": "", "window": 1, "events": [[0, 1],]}'),
  ('{"format": 1, "kind": "conditions", "steps": 1, "options": "", "window": 1, "events": [[0, 1, 2]]}'),
  ('{"format": 1, "kind": "conditions", "steps": 1, "options": "", "window": 1, "events": []} x'),
  ('{"format": 1, "kind": "text keys", "steps": 1, "options": "", "window": 1, "events": [[0, 1, "\u0000"]]}'),
  ('{"format": 1, "kind": "text keys", "steps": 1, "options": "", "window": 1, "events": [[0, 1, "\x"]]}'),
  ('{"format": 1, "kind": "text keys", "steps": 1, "options": "", "window": 1, "events": [[0, 1, "a')) v(text);
