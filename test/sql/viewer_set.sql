-- the type viewer_set, its aggregates and operators

SELECT s::viewer_set FROM unnest(ARRAY['{}', '{ }', '{0}', '{1,2}', '{1,2,3}', '{3,1,2,3}', ' { 7 - 9 , 1 ,11, 10 } ', '{5-5}',
  '{65535,65536,65537}', '{0-9999999999}', '{9223372036854775807,0}', '{00012}']) s;
SELECT viewer_set_agg(n) FROM unnest('{5,1,NULL,3,5,4294967296,1}'::bigint[]) n;
SELECT viewer_set_agg(n) IS NULL AS no_rows FROM unnest('{NULL}'::bigint[]) n;

-- operators; NULL gives NULL
SELECT a, b, a | b AS either, a & b AS both, a - b AS only_a, a = b AS same, a <> b AS different
FROM (VALUES ('{1-5}'::viewer_set, '{4-10}'::viewer_set), ('{}', '{1}'), ('{1}', '{1}'), ('{0-131071}', '{65536,200000}'), ('{1}', NULL)) v(a, b);
SELECT '{1,5-9}'::viewer_set @> 5 AS inside, '{1,5-9}'::viewer_set @> 10::bigint AS outside, '{0}'::viewer_set @> -1 AS negative;
SELECT cardinality(s), (SELECT count(*) FROM viewer_set_members(s)) AS members
FROM unnest('{"{}","{3}","{1-100000,200001}","{9223372036854775807}"}'::viewer_set[]) s;
SELECT array_agg(m) FROM viewer_set_members('{9,1-3,65535-65537,4294967296}') m;
SELECT m FROM (SELECT viewer_set_members('{1-1000000000000}') AS m LIMIT 3) s;

-- against DISTINCT, for numbers of several densities; nothing depends on the order
CREATE TABLE seen AS
SELECT day, k, n FROM generate_series(1, 6) day, unnest('{1,3,70,65536,4294967}'::bigint[]) k,
  LATERAL (SELECT k * (i * 7919 * day % 9973 % (day * 1500)) AS n FROM generate_series(1, 4000::bigint) i) s;
CREATE TABLE day_set AS SELECT k, day, viewer_set_agg(n) AS s FROM seen GROUP BY k, day;
SELECT k, count(*) FILTER (WHERE cardinality(s) = n) AS days,
       count(*) FILTER (WHERE s = again) AS same_in_another_order
FROM day_set JOIN (SELECT k, day, count(DISTINCT n) AS n, viewer_set_agg(n ORDER BY n DESC) AS again FROM seen GROUP BY k, day) d USING (k, day)
GROUP BY k ORDER BY k;
SELECT k, cardinality(viewer_set_union_agg(s)) = (SELECT count(DISTINCT n) FROM seen WHERE seen.k = day_set.k) AS in_any,
       viewer_set_union_agg(s) = (SELECT viewer_set_agg(n) FROM seen WHERE seen.k = day_set.k) AS same,
       cardinality(viewer_set_intersect_agg(s)) =
         (SELECT count(*) FROM (SELECT n FROM seen WHERE seen.k = day_set.k GROUP BY n HAVING count(DISTINCT day) = 6) x) AS in_all
FROM day_set GROUP BY k ORDER BY k;
SELECT bool_and(cardinality(a.s | b.s) + cardinality(a.s & b.s) = cardinality(a.s) + cardinality(b.s)
                AND (a.s - b.s) | (a.s & b.s) = a.s AND ((a.s | b.s) - b.s) = (a.s - b.s)) AS laws
FROM day_set a JOIN day_set b USING (k);
SELECT bool_and(s = (SELECT viewer_set_agg(m) FROM viewer_set_members(s) m)) AS members, bool_and(s::text::viewer_set = s) AS text,
       bool_and(k > 70000 OR viewer_set_from_roaring(viewer_set_to_roaring(s)) = s) AS roaring
FROM day_set;
SELECT n, cardinality(viewer_set_agg(n % 5) OVER (ORDER BY n ROWS 2 PRECEDING)), viewer_set_union_agg(viewer_set_agg(n)) OVER (ORDER BY n)
FROM generate_series(1, 4) n GROUP BY n ORDER BY n;
SELECT viewer_set_union_agg(s) IS NULL AS u, viewer_set_intersect_agg(s) IS NULL AS i FROM (VALUES (NULL::viewer_set)) v(s);

-- partial states
SET max_parallel_workers_per_gather = 2;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
EXPLAIN (COSTS OFF) SELECT viewer_set_agg(n) FROM seen;
SELECT k, viewer_set_agg(n) = (SELECT viewer_set_union_agg(s) FROM day_set WHERE day_set.k = seen.k) AS same FROM seen GROUP BY k ORDER BY k;
RESET ALL;
SELECT viewer_set_union_accum(NULL, NULL) IS NULL AS nothing, viewer_set_union_accum('{1}', NULL) AS left, viewer_set_union_accum(NULL, '{1}') AS right,
       viewer_set_union_accum('{1}', '{2}') AS both, viewer_set_accum('{1}', 2) AS number, viewer_set_accum(NULL, 2) AS first,
       viewer_set_intersect_accum('{1,2}', '{2}') AS common, viewer_set_final('{3}') AS final, viewer_set_final(viewer_set_accum(NULL, 3)) AS built;
-- a state that is stored is as good as a set
CREATE TABLE stored AS SELECT viewer_set_accum(viewer_set_accum('{1-3}', 70000), 5) AS s;
SELECT s, cardinality(s), s = '{1-3,5,70000}' AS same, s @> 70000 AS member, md5(viewer_set_send(s)) = md5(viewer_set_send('{1-3,5,70000}')) AS sent FROM stored;

-- the bytes that CRoaring writes: see test/data/README.md
\getenv abs_srcdir PG_ABS_SRCDIR
\set reference :abs_srcdir '/data/roaring_reference.txt'
CREATE TABLE reference (name text, s viewer_set, narrow text, wide text);
\set load '\\copy reference FROM ' :'reference'
:load
SELECT name, cardinality(s), CASE WHEN narrow <> '-' THEN md5(viewer_set_to_roaring(s)) = narrow END AS bits_32, md5(viewer_set_send(s)) = wide AS bits_64
FROM reference ORDER BY name;
SELECT encode(viewer_set_to_roaring('{1-3,7,65536}'), 'hex') AS roaring, encode(viewer_set_send('{7}'), 'hex') AS sent;

-- errors
CREATE FUNCTION error_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE detail text;
BEGIN
  EXECUTE query;
  RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
  RETURN concat_ws(' | ', SQLSTATE, SQLERRM, nullif(detail, ''));
END $$;
SELECT s, error_of(format('SELECT %L::viewer_set', s)) FROM unnest(ARRAY['', '1', '{', '{1', '{1,', '{1,}', '{,}', '{1 2}', '{-1}', '{1-}', '{5-4}', '{1}x', '{a}', '{1.5}',
  '{9223372036854775808}', '{99999999999999999999999}', '{0-9223372036854775807}', '{0-8000000000000}']) s;
SELECT error_of('SELECT viewer_set_agg(-5)');
SELECT error_of('SELECT viewer_set_to_roaring(''{4294967296}'')');
SELECT b, error_of(format('SELECT viewer_set_from_roaring(%L)', '\x' || b)) FROM unnest(ARRAY['', '3a30', '3a300000', '3a30000000000000', '3a30000000000000ff',
  '3a300000ffffffff', '3b30ffff', '3a300000010000000000000010000000', '3a3000000100000000000000100000000700', '3a3000000100000000000000110000000700',
  '3a30000001000000000001001000000007000700', '3a300000020000000000000000000000180000001a00000007000800', '3b300000010000090001000a000900',
  '3b300000010000080001000a000900', '3b3000000100000000010000000000', '3b3000000100000100010000ff0100']) b;
DROP TABLE seen, day_set, stored, reference;
DROP FUNCTION error_of;
