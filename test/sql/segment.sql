-- quantile_edges, quartile_segment, quantile_segment, segment_of, segment_label

-- published bins of pandas' qcut: edges and the number of each row's bin
CREATE TABLE sample (name text, x float8);
INSERT INTO sample SELECT 'ten', i FROM generate_series(0, 9) i;
INSERT INTO sample SELECT 'ties', x FROM unnest('{1,2,2,2,3,4,5,6}'::float8[]) x;
INSERT INTO sample SELECT 'missing', x FROM unnest('{1,NULL,2,3,4}'::float8[]) x;
INSERT INTO sample SELECT 'nothing', NULL FROM generate_series(1, 3);
INSERT INTO sample VALUES ('one', 7);
INSERT INTO sample SELECT 'equal', 2.5 FROM generate_series(1, 5);
INSERT INTO sample SELECT 'silent', greatest(i - 6, 0) FROM generate_series(1, 9) i;
SELECT name, quantile_edges(x, 4), quantile_edges(x, 4, 'drop') AS dropped FROM sample GROUP BY name ORDER BY name;
SELECT name, array_agg(segment ORDER BY x) AS segments
FROM (SELECT name, x, quartile_segment(x) OVER (PARTITION BY name) AS segment FROM sample) s
GROUP BY name ORDER BY name;

-- the n of other use; NULL and no rows; FILTER; the last edge is the maximum
SELECT n, quantile_edges(x, n) FROM sample, unnest('{2,3,5,10}'::int[]) n WHERE name = 'ten' GROUP BY n ORDER BY n;
SELECT quantile_edges(x, 4) FROM sample WHERE false;
SELECT quantile_edges(x, 4) FILTER (WHERE x > 100) FROM sample;
SELECT quantile_edges(x, 2, 'keep') FILTER (WHERE name = 'ten') FROM sample;
SELECT (e)[1] = 0, (e)[101] = 9, array_length(e, 1) FROM (SELECT quantile_edges(x, 100) e FROM sample WHERE name = 'ten') s;
SELECT x, quantile_segment(x, 3) OVER () FROM sample WHERE name = 'ten' ORDER BY x;

-- where the order of rows, the frame or the plan could play a part, it does not
SELECT x, quartile_segment(x) OVER (ORDER BY x DESC ROWS 1 PRECEDING) AS framed,
       quartile_segment(x) OVER () AS plain
FROM sample WHERE name = 'ten' ORDER BY x;
SET max_parallel_workers_per_gather = 0;
CREATE FUNCTION plan_of(query text) RETURNS jsonb LANGUAGE plpgsql AS
$$DECLARE plan jsonb; BEGIN EXECUTE 'EXPLAIN (COSTS OFF, FORMAT JSON) ' || query INTO plan; RETURN jsonb_path_query_array(plan, 'strict $.**."Node Type"'); END$$;
SELECT plan_of('SELECT name, quartile_segment(x) OVER (PARTITION BY name) FROM sample') AS partitions,
       plan_of('SELECT quartile_segment(x) OVER () FROM sample') AS whole,
       plan_of('SELECT quantile_edges(x, 4) FROM sample') AS edges;
DROP FUNCTION plan_of;
RESET max_parallel_workers_per_gather;

-- zeros of both signs are one value, and print without a sign
SELECT quantile_edges(x, 2), count(DISTINCT x) FROM unnest('{-0,0,-0}'::float8[]) x;
SELECT quantile_edges(x, 2) FROM unnest('{-0}'::float8[]) x;

-- between values whose difference overflows
SELECT quantile_edges(x, 4) FROM unnest('{-1.7976931348623157e308,1.7976931348623157e308}'::float8[]) x;

-- stored edges: a score anywhere, infinities, edges that coincide
SELECT s AS score, segment_of(s, '{0,2.25,4.5,6.75,9}') AS quartile, segment_of(s, '{-Infinity,2,Infinity}') AS half,
       segment_of(s, '{0,0,0,0.5,3}') AS tied, segment_of(s, '{5,5}') AS one
FROM unnest('{-Infinity,-1,0,0.1,2,2.25,2.26,4.5,9,10,Infinity}'::float8[]) s;
SELECT segment_of(NULL, '{1,2}') IS NULL AS null_score, segment_of(1, NULL) IS NULL AS null_edges;
SELECT segment_of(2, '[0:2]={1,2,3}'::float8[]) AS other_lower_bound;

-- the same segment by window function and by stored edges
WITH edges AS (SELECT name, quantile_edges(x, 4) AS kept, quantile_edges(x, 4, 'drop') AS dropped FROM sample GROUP BY name)
SELECT count(*) AS rows, count(*) FILTER (WHERE segment IS DISTINCT FROM segment_of(x, kept)) AS differ,
       max(segment_of(x, dropped)) FILTER (WHERE name = 'equal') AS single
FROM (SELECT name, x, quartile_segment(x) OVER (PARTITION BY name) AS segment FROM sample) s JOIN edges USING (name);

-- labels
SELECT i, segment_label(i), segment_label(i, 'en') AS en, segment_label(i, 'zh') AS zh FROM generate_series(1, 4) i;
SELECT segment_label(NULL) IS NULL AS null_segment, segment_label(1, NULL) IS NULL AS null_lang;
SELECT segment_label(segment := 2, lang := 'zh');

-- 1,000 samples with heavy ties against numpy and pandas, bit for bit: see test/data/README.md
\getenv abs_srcdir PG_ABS_SRCDIR
\set file :abs_srcdir '/data/quantile_reference.txt'
\set content `cat ":file"`
CREATE TABLE reference AS
  SELECT i AS id, p[1]::int AS n, p[2]::float8[] AS x, p[3]::float8[] AS edges, p[4]::int[] AS segments,
         p[5] = 'd' AS distinct_edges
  FROM regexp_split_to_table(:'content', E'\n') WITH ORDINALITY AS l (line, i), regexp_split_to_array(line, ' ') p
  WHERE line <> '' AND line !~ '^#';
CREATE TABLE reference_row AS
  SELECT id, n, u.x, u.segment FROM reference r, unnest(r.x, r.segments) AS u (x, segment);
SELECT count(*) AS samples, count(DISTINCT n) AS ns, sum(cardinality(x)) AS scores,
       count(*) FILTER (WHERE distinct_edges) AS distinct_edges FROM reference;
SELECT count(*) AS samples, count(*) FILTER (WHERE e = r.edges AND e::text = r.edges::text) AS equal_edges,
       count(*) FILTER (WHERE d = (SELECT array_agg(DISTINCT u ORDER BY u) FROM unnest(r.edges) u)
                           OR cardinality(d) = 2 AND r.edges[1] = r.edges[r.n + 1]) AS equal_dropped
FROM (SELECT id, quantile_edges(x, n) AS e, quantile_edges(x, n, 'drop') AS d FROM reference_row GROUP BY id) s
JOIN reference r USING (id);
SELECT count(*) AS scores, count(*) FILTER (WHERE s = segment) AS equal_segments
FROM (SELECT segment, quantile_segment(x, n) OVER (PARTITION BY id) AS s FROM reference_row) s;

-- many rows: in memory, spilled, in any order, from a window and from an aggregate
CREATE TABLE many AS
  SELECT i AS id, i % 3 AS part, CASE WHEN i % 4 = 0 THEN 0 WHEN i % 1000 = 1 THEN NULL ELSE (i * 7919::bigint % 200003) / 16.0 END::float8 AS x
  FROM generate_series(1, 300000) i;
CREATE TABLE in_memory AS
  SELECT n, quantile_edges(x, n) AS edges FROM many, unnest('{2,4,100}'::int[]) n GROUP BY n;
SELECT edges, edges = (SELECT percentile_cont('{0,0.25,0.5,0.75,1}'::float8[]) WITHIN GROUP (ORDER BY x) FROM many) AS as_percentile_cont
FROM in_memory WHERE n = 4;
SET liveanalytics.collect_mem = '1MB';
SELECT n, edges = in_memory.edges AS same
FROM (SELECT n, quantile_edges(x, n) AS edges FROM many, unnest('{2,4,100}'::int[]) n GROUP BY n) s
JOIN in_memory USING (n, edges) ORDER BY n;
SELECT quantile_edges(x, 4) = (SELECT edges FROM in_memory WHERE n = 4) AS reversed FROM (SELECT x FROM many ORDER BY id DESC) s;
SELECT quantile_edges(x, 4) = (SELECT edges FROM in_memory WHERE n = 4) AS sorted FROM (SELECT x FROM many ORDER BY x) s;
SELECT count(*) AS rows, count(s) AS segments, count(*) FILTER (WHERE s IS DISTINCT FROM segment_of(x, edges)) AS differ
FROM (SELECT x, quantile_segment(x, 100) OVER () AS s FROM many) q, in_memory WHERE n = 100;
SELECT part, count(*) AS rows, count(*) FILTER (WHERE s IS DISTINCT FROM segment_of(x, edges)) AS differ
FROM (SELECT part, x, quartile_segment(x) OVER (PARTITION BY part) AS s FROM many) q
JOIN (SELECT part, quantile_edges(x, 4) AS edges FROM many GROUP BY part) e USING (part) GROUP BY part ORDER BY part;
RESET liveanalytics.collect_mem;

-- small groups, sorted and hashed
SELECT count(*) AS groups, count(*) FILTER (WHERE a.edges = b.edges) AS equal
FROM (SELECT id / 10 AS g, quantile_edges(x, 3) AS edges FROM many WHERE id < 30000 GROUP BY id / 10) a
JOIN (SELECT g, quantile_edges(x, 3 ORDER BY x) AS edges
      FROM (SELECT id / 10 AS g, x FROM many WHERE id < 30000 ORDER BY 1) s GROUP BY g) b USING (g);

-- moving frames: the state is read again and again, and begun anew
SELECT count(*) AS rows, count(*) FILTER (WHERE moving IS NOT DISTINCT FROM again) AS moving, count(*) FILTER (WHERE growing IS NOT DISTINCT FROM again_all) AS growing
FROM (SELECT id, quantile_edges(x, 4) OVER (ORDER BY id ROWS BETWEEN 5 PRECEDING AND 2 FOLLOWING) AS moving,
             quantile_edges(x, 4) OVER (ORDER BY id) AS growing
      FROM many WHERE id <= 500) w,
  LATERAL (SELECT quantile_edges(x, 4) AS again FROM many m WHERE m.id BETWEEN w.id - 5 AND w.id + 2 AND m.id <= 500) a,
  LATERAL (SELECT quantile_edges(x, 4) AS again_all FROM many m WHERE m.id <= w.id) b;

-- rescans
SELECT g, array_agg(s ORDER BY s, x) AS segments
FROM generate_series(1, 4) g,
  LATERAL (SELECT x, quartile_segment(x) OVER () AS s FROM (SELECT x * g AS x FROM sample WHERE name = 'ten' AND x < 2 * g) i) q
GROUP BY g ORDER BY g;

-- an expression that allocates, and n that comes from a column
SELECT part, min(s), max(s), count(DISTINCT s)
FROM (SELECT part, quantile_segment((id::numeric * 1.5)::float8, part + 2) OVER (PARTITION BY part) AS s FROM many WHERE id <= 3000) q
GROUP BY part ORDER BY part;

-- the large values that an expression makes do not pile up
CREATE FUNCTION checked_length(value text) RETURNS float8 LANGUAGE plpgsql AS
$$BEGIN
  IF (SELECT sum(total_bytes) FROM pg_backend_memory_contexts WHERE name = 'score expressions') > 1e6 THEN
    RAISE EXCEPTION 'memory of expressions grows';
  END IF;
  RETURN length(value);
END$$;
SELECT min(s), max(s) FROM (SELECT quartile_segment(checked_length(repeat('x', 100000 + i))) OVER () AS s FROM generate_series(1, 100) i) q;
DROP FUNCTION checked_length;

-- errors
\set VERBOSITY terse
SELECT quantile_edges(x, 1) FROM sample;
SELECT quantile_edges(x, 101) FROM sample;
SELECT quantile_edges(x, NULL) FROM sample;
SELECT quantile_edges(x, 2 + (x > 3)::int) FROM sample WHERE name = 'ten';
SELECT quantile_edges(x, 4, 'merge') FROM sample;
SELECT quantile_edges(x, 4, NULL) FROM sample;
SELECT quantile_edges(x, 4, CASE WHEN x > 3 THEN 'keep' ELSE 'drop' END) FROM sample WHERE name = 'ten';
SELECT quantile_edges(x, 4, 'raise') FROM sample WHERE name = 'ten';
SELECT quantile_edges(x, 4, 'raise') FROM sample WHERE name = 'silent';
SELECT quantile_edges(x, 4, 'raise') FROM sample WHERE name = 'one';
SELECT quantile_segment(x, 0) OVER () FROM sample;
SELECT quantile_segment(x, NULL) OVER () FROM sample;
SELECT quantile_segment(x, 2 + (x > 3)::int) OVER (ORDER BY x) FROM sample WHERE name = 'ten';
SELECT segment_of('NaN', '{1,2}');
SELECT segment_of(1, '{}');
SELECT segment_of(1, '{1}');
SELECT segment_of(1, '{1,NULL}');
SELECT segment_of(1, '{1,NaN}');
SELECT segment_of(1, '{1,3,2}');
SELECT segment_of(1, '{{1,2},{3,4}}');
SELECT segment_label(0);
SELECT segment_label(5, 'zh');
SELECT segment_label(1, 'fr');
\set VERBOSITY default
SELECT quantile_edges(x, 4) FROM unnest('{1,NaN,2}'::float8[]) x;
SELECT quartile_segment(x) OVER () FROM unnest('{1,2,-Infinity}'::float8[]) x;
\set VERBOSITY sqlstate
SELECT quantile_edges(x, 4) FROM unnest('{1,Infinity,2}'::float8[]) x;
SELECT quantile_edges(x, 1) FROM sample;
SELECT quantile_edges(x, NULL) FROM sample;
SELECT quantile_edges(x, 2 + (x > 3)::int) FROM sample WHERE name = 'ten';
SELECT quantile_edges(x, 4, 'merge') FROM sample;
SELECT quantile_edges(x, 4, NULL) FROM sample;
SELECT quantile_edges(x, 4, 'raise') FROM sample WHERE name = 'silent';
SELECT quartile_segment(x) OVER () FROM unnest('{1,NaN}'::float8[]) x;
SELECT quantile_segment(x, 101) OVER () FROM sample;
SELECT quantile_segment(x, NULL) OVER () FROM sample;
SELECT quantile_segment(x, 2 + (x > 3)::int) OVER (ORDER BY x) FROM sample WHERE name = 'ten';
SELECT segment_of('NaN', '{1,2}');
SELECT segment_of(1, '{1}');
SELECT segment_of(1, '{1,NULL}');
SELECT segment_of(1, '{1,NaN}');
SELECT segment_of(1, '{1,3,2}');
SELECT segment_of(1, '{{1,2},{3,4}}');
SELECT segment_label(0);
SELECT segment_label(1, 'fr');

DROP TABLE sample, reference, reference_row, many, in_memory;
