-- standardize, one_hot and levels
CREATE SCHEMA encode_test;
SET search_path = encode_test, public;

SELECT x, standardize(x) OVER () FROM (VALUES (1), (2), (3), (NULL), (6)) v(x);
SELECT one_hot('b', '{a,b,c}'), one_hot('a', '{a,b,c}') || one_hot('y', '{x,y}') AS two;
SELECT levels(x) FROM (VALUES ('wechat'), ('douyin'), (NULL), ('weibo'), ('douyin')) v(x);

-- scikit-learn's figures: see test/data/README.md
\getenv abs_srcdir PG_ABS_SRCDIR
\set reference :abs_srcdir '/data/evaluate_scores.jsonl'
CREATE TABLE reference_line (line jsonb);
SET client_encoding = 'UTF8';
\set load '\\copy reference_line FROM ' :'reference' ' WITH (FORMAT csv, QUOTE E''\\x01'', DELIMITER E''\\x02'')'
:load
SELECT name, count(*) AS values, bool_and(abs(ours - theirs) <= 1e-13 * greatest(abs(theirs), 1)) AS same
FROM (SELECT line ->> 'case' AS name, p::float8 AS theirs, standardize(a::float8) OVER (PARTITION BY line) AS ours FROM reference_line,
        ROWS FROM (jsonb_array_elements_text(line -> 'actual'), jsonb_array_elements_text(line -> 'predicted')) v(a, p)
      WHERE line ->> 'kind' = 'standardize') s
-- the mean of equal numbers is off in numpy
GROUP BY name ORDER BY name;
SELECT value, one_hot(value, names) AS ours, one_hot(value, names) = translate(p::text, '[]', '{}')::float8[] AS same
FROM (SELECT a AS value, p, (SELECT levels(x) FROM jsonb_array_elements_text(line -> 'actual') x) AS names FROM reference_line,
        ROWS FROM (jsonb_array_elements_text(line -> 'actual'), jsonb_array_elements(line -> 'predicted')) v(a, p)
      WHERE line ->> 'kind' = 'one_hot') s;

-- standardize: against plain SQL, any order and size of numbers; NULL, constants, one row, frames make no difference
CREATE TABLE measured AS SELECT i, i % 3 AS g, sin(i) AS x, CASE WHEN i % 10 > 0 THEN cos(i) END AS y FROM generate_series(1, 2000) i;
SELECT bool_and(abs(standardize - (x - m) / s) < 1e-12) AS same, abs(avg(standardize)) < 1e-14 AS mean_0, abs(stddev_pop(standardize) - 1) < 1e-12 AS sd_1
FROM (SELECT g, x, standardize(x) OVER (PARTITION BY g), avg(x) OVER (PARTITION BY g) AS m, stddev_pop(x) OVER (PARTITION BY g) AS s FROM measured) q;
SELECT bool_and(a = b) AS order_of_rows, bool_and(a = c) AS frame
FROM (SELECT standardize(x) OVER (PARTITION BY g ORDER BY i) AS a, standardize(x) OVER (PARTITION BY g ORDER BY x DESC) AS b,
             standardize(x) OVER (PARTITION BY g ORDER BY i ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS c FROM measured) q;
SELECT bool_and((z IS NULL) = (y IS NULL)) AS null_for_null, count(z) AS values FROM (SELECT y, standardize(y) OVER () AS z FROM measured) q;
SELECT bool_and(abs(a - b) < 1e-13) AS large, bool_and(abs(a - c) < 1e-13) AS small, bool_and(abs(a - d) < 1e-6) AS far
FROM (SELECT standardize(x) OVER () AS a, standardize(x * 1e307) OVER () AS b, standardize(x * 1e-300) OVER () AS c, standardize(x + 1e9) OVER () AS d FROM measured) q;
SELECT x, standardize(x) OVER () FROM (VALUES (1e308::float8), (-1e308), (1.5e308)) v(x);
SELECT standardize(0.1) OVER () AS constant, standardize(NULL) OVER () AS nothing FROM generate_series(1, 3);
SELECT standardize(5) OVER () AS one_row;
SELECT standardize('NaN') OVER ();
SELECT standardize(x) OVER () FROM (VALUES (1), ('Infinity'::float8)) v(x);
SELECT standardize(1);

-- one_hot: NULL is not known, which the forest and the regression understand; unknown values
SELECT one_hot(NULL, '{a,b,c}') AS missing, one_hot('a', NULL) IS NULL AS no_levels, array_length(one_hot(NULL, '{a,b}') || ARRAY[1.5], 1) AS joined;
SELECT one_hot('z', '{a,b}', 'zeros'), one_hot('', '{"",b}') AS empty, one_hot('观众', '{a,观众}') AS utf8, one_hot('A', '{a,A}') AS upper_case;
SELECT one_hot(repeat('x', 100000), ARRAY[repeat('x', 99999), repeat('x', 100000)]);
SELECT one_hot('b', ('[5:6]={a,b}')::text[]) AS other_bounds, one_hot(levels => '{a,b}', value => 'a', unknown => 'zeros') AS by_name;
SELECT one_hot('z', '{a,b}');
SELECT one_hot('z', '{a,b}', 'ignore');
SELECT one_hot('z', '{a,b}', NULL);
SELECT one_hot('a', '{}');
SELECT one_hot('a', '{a,NULL}');
SELECT one_hot('a', '{a,b,a}');
SELECT one_hot('a', '{{a,b}}');
SELECT one_hot('5', array_agg(i::text)) FROM generate_series(1, 10001) i;
SELECT array_length(one_hot('10000', array_agg(i::text)), 1) FROM generate_series(1, 10000) i;

-- levels: bytes decide, whatever the collation; any order, in parallel, filtered, in frames
SELECT levels(x) FROM (VALUES ('b'), ('B'), ('a'), ('é'), (''), (' '), ('观众'), ('ab'), ('b')) v(x);
SELECT levels(x COLLATE "C") = levels(x) AS collation, levels(x) IS NULL AS nothing FROM (VALUES (NULL::text)) v(x);
SELECT levels(x) IS NULL AS no_rows FROM (SELECT 'a' AS x WHERE false) q;
CREATE TABLE named AS SELECT i, 'name ' || i % 500 AS x FROM generate_series(1, 20000) i;
ANALYZE named;
SET min_parallel_table_scan_size = 0;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
EXPLAIN (COSTS OFF) SELECT levels(x) FROM named;
SELECT levels(x) = (SELECT array_agg(DISTINCT x COLLATE "C" ORDER BY x COLLATE "C") FROM named) AS same, cardinality(levels(x)) AS levels FROM named;
RESET parallel_tuple_cost;
RESET parallel_setup_cost;
RESET min_parallel_table_scan_size;
SELECT levels(x ORDER BY i DESC) = levels(x) AS order_of_rows, levels(x) FILTER (WHERE i < 4) AS few FROM named;
SELECT i, levels(x) OVER (ORDER BY i ROWS 2 PRECEDING) FROM named ORDER BY i LIMIT 4;
SELECT cardinality(levels(i::text)) FROM generate_series(1, 10000) i;
SELECT levels(i::text) FROM generate_series(1, 10001) i;
SELECT levels_final(confusion_combine(levels_accum(NULL, 'b'), levels_accum(levels_accum(NULL, 'a'), 'b'))) AS by_hand, levels_accum(NULL, NULL) IS NULL AS nothing;

-- from a table to a fit
CREATE TABLE sample AS SELECT i, CASE i % 3 WHEN 0 THEN 'douyin' WHEN 1 THEN 'wechat' END AS channel, i % 5 AS visits, (i % 3 = 0)::int * 10 + i % 5 AS spent FROM generate_series(1, 90) i;
SELECT linreg_coef(linreg_fit(spent, one_hot(channel, names) || visits::float8)) AS coef, (linreg_stats(linreg_fit(spent, one_hot(channel, names) || visits::float8))).skipped
FROM sample, (SELECT levels(channel) AS names FROM sample) l;
