-- path_edges, the types path_edge and path_state
SET timezone = 'UTC';

CREATE FUNCTION at(seconds float8) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN timestamptz '2026-01-01 00:00:00+00' + seconds * interval '1 second';
CREATE TABLE visit (viewer int, t float8, node text);
-- two sessions, 60 s apart
INSERT INTO visit VALUES (1, 0, 'home'), (1, 10, 'live'), (1, 20, 'live'), (1, 30, 'product'), (1, 40, 'cart'),
  (1, 101, 'live'), (1, 110, 'product'), (1, 120, 'live'), (1, 125, 'product'), (1, 130, 'pay');

SELECT path_edges(at(t), node, '1 minute', 3) FROM visit;
SELECT path_edges(at(t), node, '61 seconds', 4) FROM visit;
SELECT path_edges(at(t), node, '1 minute', 3, 'product') AS from_product, path_edges(at(t), node, '1 minute', 3, 'product', true) AS to_product FROM visit;
SELECT path_edges(at(t), node, '1 minute', 3, NULL, true) AS to_the_end, path_edges(at(t), node, '1 minute', 3, NULL, false, true) AS collapsed,
       path_edges(at(t), node, '1 minute', 4, 'product', true, true) AS to_product_collapsed
FROM visit;
SELECT path_edges(at(t), node, '1 minute', 5, 'nowhere') AS none, path_edges(at(t), node, '0', 5) AS no_session FROM visit;
SELECT pos, src, dst, count(*) FROM (SELECT path_edges(at(t), node, '1 minute', 100) AS edges FROM visit) s, unnest(edges) GROUP BY pos, src, dst ORDER BY pos, src, dst;

-- equal times: by the bytes of the node; a row without a time or a node does not count; the order of rows does not matter
SELECT path_edges(at(0), node, '1 minute', 5) FROM unnest('{b,a,aa,B,""}'::text[]) node;
SELECT path_edges(ts, node, '1 minute', 5) AS counted, path_edges(ts, node, '1 minute', 5) FILTER (WHERE ts IS NULL) IS NULL AS no_rows
FROM (VALUES (at(0), 'a'), (NULL, 'b'), (at(1), NULL), (at(2), 'c')) v(ts, node);
SELECT count(DISTINCT e) FROM (SELECT path_edges(at(t), node, '1 minute', 4 ORDER BY hashtext(t::text || i)) AS e FROM visit, generate_series(1, 20) i GROUP BY i) s;

-- against window functions, over several viewers and sessions
CREATE TABLE many AS
SELECT (i % 50)::int AS viewer, at(i * 7919 % 100003) AS ts, 'n' || i * 31 % 7 AS node FROM generate_series(1, 20000::bigint) i;
CREATE TABLE flow AS
SELECT viewer, pos, src, dst, count(*) AS n
FROM (SELECT viewer, path_edges(ts, node, '4 minutes', 6) AS edges FROM many GROUP BY viewer) s, unnest(edges) GROUP BY viewer, pos, src, dst;
WITH session AS (
  SELECT *, sum(new) OVER (PARTITION BY viewer ORDER BY ts, node COLLATE "C") AS session
  FROM (SELECT *, (ts - lag(ts) OVER w > interval '4 minutes')::int AS new FROM many WINDOW w AS (PARTITION BY viewer ORDER BY ts, node COLLATE "C")) s),
step AS (
  SELECT viewer, row_number() OVER w AS pos, node AS src, lead(node) OVER w AS dst FROM session
  WINDOW w AS (PARTITION BY viewer, coalesce(session, 0) ORDER BY ts, node COLLATE "C")),
plain AS (SELECT viewer, pos, src, dst, count(*) AS n FROM step WHERE pos < 6 AND dst IS NOT NULL GROUP BY viewer, pos, src, dst)
SELECT count(*) AS edges, sum(flow.n) AS steps, count(*) FILTER (WHERE flow.n = plain.n) AS same
FROM flow FULL JOIN plain USING (viewer, pos, src, dst);

-- split, and joined again
SET max_parallel_workers_per_gather = 2;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET enable_sort = off;
EXPLAIN (COSTS OFF) SELECT path_edges(ts, node, '4 minutes', 6) FROM many;
SELECT count(*) FILTER (WHERE flow.n = p.n) AS same, count(*)
FROM flow FULL JOIN (SELECT viewer, pos, src, dst, count(*) AS n
  FROM (SELECT viewer, path_edges(ts, node, '4 minutes', 6) AS edges FROM many GROUP BY viewer) s, unnest(edges) GROUP BY viewer, pos, src, dst) p USING (viewer, pos, src, dst);
RESET ALL;
SET timezone = 'UTC';
SELECT t, path_edges(at(t), node, '1 hour', 9) OVER (ORDER BY t ROWS 2 PRECEDING) FROM visit WHERE t < 100;

-- the state: text and binary forms
CREATE TABLE state AS
SELECT path_accum(path_accum(NULL, at(0), 'a "b"', '30 min', 5, 'x', true, true), at(-1e10), '直播', '30 min', 5, 'x', true, true) AS s;
INSERT INTO state SELECT path_accum(NULL, at(0), '', '1 day', 2);
SELECT s FROM state;
SELECT bool_and(s::text::path_state::text = s::text) FROM state;
SELECT encode(path_state_send(s), 'hex') FROM state;
SELECT path_combine(NULL, NULL) IS NULL AS nothing, path_combine(s, NULL)::text = s::text AS left, path_combine(NULL, s)::text = s::text AS right,
       path_edges_final(path_combine(s, s)) AS both FROM state;

CREATE FUNCTION error_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE detail text;
BEGIN
  EXECUTE query;
  RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
  RETURN concat_ws(' | ', SQLSTATE, SQLERRM, nullif(detail, ''));
END $$;
SELECT a, error_of(format('SELECT path_edges(%s)', a)) FROM unnest(ARRAY[
  $$now(), 'a', '1 mon', 5$$, $$now(), 'a', '-1 s', 5$$, $$now(), 'a', NULL, 5$$, $$now(), 'a', '1 s', NULL$$, $$now(), 'a', '1 s', 1$$, $$now(), 'a', '1 s', -5$$,
  $$'infinity', 'a', '1 s', 5$$, $$now(), 'a', '1 s', 5, NULL, NULL$$, $$now(), 'a', '1 s', 5, NULL, true, NULL$$, $$now(), 'a', '2147483647 days', 5$$]) a;
SELECT error_of(format('SELECT path_edges(now(), ''a'', g, d, s, r, c) FROM (VALUES (interval ''1 s'', 2, ''a'', false, false), (%s)) v(g, d, s, r, c)', v))
FROM unnest(ARRAY[$$'2 s', 2, 'a', false, false$$, $$'1 s', 3, 'a', false, false$$, $$'1 s', 2, 'b', false, false$$, $$'1 s', 2, NULL, false, false$$,
  $$'1 s', 2, 'a', true, false$$, $$'1 s', 2, 'a', false, true$$, $$'1 s', 2, 'a', false, false$$]) v;
SELECT error_of(format('SELECT %L::path_state', replace(replace(t, 'H', '"format":1,"gap":5,"depth":2,"start":null,"reverse":false,"collapse":false'), 'E', '"events":')))
FROM unnest(ARRAY['', '{}', '[]', '1', '{H}', '{H,E[]}', '{H,E[[1]]}', '{H,E[[1,2]]}', '{H,E[["a","a"]]}', '{H,E[[1.5,"a"]]}', '{H,E[[9223372036854775807,"a"]]}',
  '{H,E{}}', '{H,E[[1,"a"]]}', '{H,"format":2,E[]}', '{H,"depth":1,E[]}', '{H,"gap":-1,E[]}', '{H,"start":5,E[]}', '{H,"reverse":null,E[]}']) t;
DROP TABLE visit, many, flow, state;
DROP FUNCTION at, error_of;
