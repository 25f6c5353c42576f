-- rmse, mae, mape, r2_score, log_loss, brier_score and type error_sums
CREATE SCHEMA errors_test;
SET search_path = errors_test, public;

SELECT rmse(a, p), mae(a, p), mape(a, p), r2_score(a, p) FROM (VALUES (3, 2.5), (-0.5, 0.0), (2, 2), (7, 8)) v(a, p);
SELECT log_loss(a, p), brier_score(a, p) FROM (VALUES (true, 0.9), (false, 0.1), (false, 0.2), (true, 0.65)) v(a, p);
SELECT log_loss(a, p, '{bird,cat,dog}')
FROM (VALUES ('dog', '{0.1,0.2,0.7}'::float8[]), ('bird', '{0.5,0.25,0.25}'), ('cat', '{0,1,0}')) v(a, p);

-- scikit-learn's figures: see test/data/README.md
\getenv abs_srcdir PG_ABS_SRCDIR
\set reference :abs_srcdir '/data/evaluate_scores.jsonl'
CREATE TABLE reference_line (line jsonb);
SET client_encoding = 'UTF8';
\set load '\\copy reference_line FROM ' :'reference' ' WITH (FORMAT csv, QUOTE E''\\x01'', DELIMITER E''\\x02'')'
:load
CREATE FUNCTION close_to(x float8, y float8) RETURNS boolean LANGUAGE sql
  RETURN CASE WHEN y IS NULL THEN x IS NULL ELSE coalesce(abs(x - y) <= 1e-13 * abs(y), false) END;
CREATE TABLE reference AS
  SELECT line ->> 'kind' AS kind, line ->> 'case' AS name, line, i, a, p FROM reference_line,
     ROWS FROM (jsonb_array_elements_text(line -> 'actual'), jsonb_array_elements(line -> 'predicted')) WITH ORDINALITY v(a, p, i);
SELECT name, count(*) AS rows, to_char(rmse(a::float8, p::float8), '9.999EEEE') AS rmse, close_to(rmse(a::float8, p::float8), (line ->> 'rmse')::float8) AS same,
       close_to(mae(a::float8, p::float8), (line ->> 'mae')::float8) AS mae, close_to(mape(a::float8, p::float8), (line ->> 'mape')::float8) AS mape,
       to_char(r2_score(a::float8, p::float8), '90.9999') AS r2, close_to(r2_score(a::float8, p::float8), (line ->> 'r2_score')::float8) AS same
FROM reference WHERE kind = 'regression' GROUP BY name, line ORDER BY name;
SELECT name, count(*) AS rows, log_loss(a::boolean, p::float8)::float4 AS log_loss,
       close_to(log_loss(a::boolean, p::float8), (line ->> 'log_loss')::float8) AS same,
       brier_score(a::boolean, p::float8)::float4 AS brier, close_to(brier_score(a::boolean, p::float8), (line ->> 'brier_score')::float8) AS same
FROM reference WHERE kind = 'probability' GROUP BY name, line ORDER BY name;
SELECT name, count(*) AS rows, log_loss(a, p, names)::float4 AS log_loss, close_to(log_loss(a, p, names), (line ->> 'log_loss')::float8) AS same
FROM (SELECT name, line, a, translate(p::text, '[]', '{}')::float8[] AS p, ('{a,b,c}'::text[])[:jsonb_array_length(p)] AS names
      FROM reference WHERE kind = 'classes') c
GROUP BY name, line ORDER BY name;

-- those of the same arguments add up once
CREATE FUNCTION noticed(x float8) RETURNS float8 STABLE LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'seen %', x; RETURN x; END $$;
SELECT rmse(noticed(a), 1), mae(noticed(a), 1), mape(noticed(a), 1), r2_score(noticed(a), 1) FROM (VALUES (2), (4)) v(a);
SELECT log_loss(a, noticed(p)), brier_score(a, noticed(p)) FROM (VALUES (true, 0.5)) v(a, p);

-- the same for any order, in parallel plans, in groups and in a window frame
CREATE TABLE forecast AS
  SELECT i, i % 7 AS g, 100 + 50 * sin(i) AS a, 100 + 40 * sin(i + 0.2) AS p, cos(i) > 0.3 AS yes, (1 + cos(i + 0.5)) / 2 AS share
  FROM generate_series(1, 20000::bigint) i;
ANALYZE forecast;
CREATE TABLE serial AS
  SELECT rmse(a, p), mae(a, p), mape(a, p), r2_score(a, p), log_loss(yes, share), brier_score(yes, share),
         log_loss(yes::text, ARRAY[1 - share, share], '{false,true}') AS log_loss_classes FROM forecast;
SELECT count(*) AS orders, bool_and(c = s) AS equal
FROM serial s, (VALUES (1), (7919), (104729)) v(x),
     LATERAL (SELECT rmse(a, p ORDER BY i * x % 20011), mae(a, p ORDER BY i * x % 20011), mape(a, p ORDER BY i * x % 20011),
                     r2_score(a, p ORDER BY i * x % 20011), log_loss(yes, share ORDER BY i * x % 20011),
                     brier_score(yes, share ORDER BY i * x % 20011),
                     log_loss(yes::text, ARRAY[1 - share, share], '{false,true}' ORDER BY i * x % 20011) AS log_loss_classes FROM forecast) c;
SET min_parallel_table_scan_size = 0;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
EXPLAIN (COSTS OFF) SELECT rmse(a, p), mae(a, p), mape(a, p), r2_score(a, p), log_loss(yes, share), brier_score(yes, share) FROM forecast;
SELECT s = c AS parallel_is_serial
FROM serial s, (SELECT rmse(a, p), mae(a, p), mape(a, p), r2_score(a, p), log_loss(yes, share), brier_score(yes, share),
                       log_loss(yes::text, ARRAY[1 - share, share], '{false,true}') AS log_loss_classes FROM forecast) c;
CREATE TABLE parallel_groups AS SELECT g, rmse(a, p), r2_score(a, p), log_loss(yes, share) FROM forecast GROUP BY g;
RESET parallel_tuple_cost;
RESET parallel_setup_cost;
RESET min_parallel_table_scan_size;
SELECT count(*) AS groups, count(*) FILTER (WHERE p = s) AS equal
FROM parallel_groups p JOIN (SELECT g, rmse(a, p ORDER BY i DESC), r2_score(a, p ORDER BY i DESC), log_loss(yes, share ORDER BY i DESC) FROM forecast GROUP BY g) s USING (g);
SELECT count(*) AS frames, count(*) FILTER (WHERE framed = again) AS equal, count(*) FILTER (WHERE r2 IS NOT DISTINCT FROM r2_again) AS equal_r2
FROM (SELECT rmse(a, p) OVER w AS framed, r2_score(a, p) OVER w AS r2,
             (SELECT rmse(b.a, b.p) FROM forecast b WHERE b.i <= 200 AND b.i BETWEEN f.i - 7 AND f.i + 3) AS again,
             (SELECT r2_score(b.a, b.p) FROM forecast b WHERE b.i <= 200 AND b.i BETWEEN f.i - 7 AND f.i + 3) AS r2_again
      FROM forecast f WHERE i <= 200 WINDOW w AS (ORDER BY i ROWS BETWEEN 7 PRECEDING AND 3 FOLLOWING)) s;

-- against plain SQL
SELECT abs(s.rmse / sqrt(avg((a - p) ^ 2)) - 1) < 1e-12 AS rmse, abs(s.mae / avg(abs(a - p)) - 1) < 1e-12 AS mae,
       abs(s.mape / avg(abs(a - p) / abs(a)) - 1) < 1e-12 AS mape, abs(s.r2_score - (1 - sum((a - p) ^ 2) / regr_syy(a, 1))) < 1e-12 AS r2,
       abs(s.log_loss / -avg(ln(CASE WHEN yes THEN share ELSE 1 - share END)) - 1) < 1e-12 AS log_loss,
       abs(s.brier_score / avg((share - yes::int) ^ 2) - 1) < 1e-12 AS brier, abs(s.log_loss_classes / s.log_loss - 1) < 1e-14 AS classes
FROM forecast, serial s GROUP BY s.*, s.rmse, s.mae, s.mape, s.r2_score, s.log_loss, s.brier_score, s.log_loss_classes;

-- NULL on either side leaves a row out; no rows; one row; constants
SELECT rmse(a, p), mae(a, p), mape(a, p), r2_score(a, p)
FROM (VALUES (3, 2.5), (NULL, 5), (-0.5, 0.0), (2, 2), (9, NULL), (NULL, NULL), (7, 8)) v(a, p);
SELECT log_loss(a, p), brier_score(a, p) FROM (VALUES (true, 0.9), (NULL, 0.5), (false, 0.1), (true, NULL), (false, 0.2), (true, 0.65)) v(a, p);
SELECT log_loss(a, p, '{x,y}') FROM (VALUES ('x', '{0.5,0.5}'::float8[]), (NULL, '{1,0}'), ('y', NULL)) v(a, p);
SELECT rmse(a, 1) IS NULL AS rmse, mae(a, 1) IS NULL AS mae, mape(a, 1) IS NULL AS mape, r2_score(a, 1) IS NULL AS r2 FROM (VALUES (NULL::float8)) v(a);
SELECT log_loss(true, a) IS NULL AS log_loss, brier_score(true, a) IS NULL AS brier, rmse(a, a) IS NULL AS rmse FROM generate_series(1, 0) a;
SELECT log_loss('x', NULL, '{x}') IS NULL AS classes;
SELECT rmse(2, 3), mae(2, 3), mape(2, 3), r2_score(2, 3) IS NULL AS r2;
SELECT name, r2_score(a, p) FROM (VALUES ('exact', 0.1, 0.1), ('exact', 0.1, 0.1), ('wrong', 0.1, 0.2), ('wrong', 0.1, 0.1)) v(name, a, p) GROUP BY name ORDER BY name;
-- an actual of 0 divides by the least relative error there is
SELECT mape(0, 1), mape(0, 0) AS right;

-- no square or sum is too large or too small on the way; a result can be
SELECT rmse(a, p), mae(a, p), mape(a, p), r2_score(a, p) FROM (VALUES (1e308, -0.5e308), (-1e308, 0.5e308), (0.5e308, 0.5e308)) v(a, p);
SELECT rmse(a, p), mae(a, p), mape(a, p), r2_score(a, p) FROM (VALUES (1e-310, 2e-310), (-1e-310, 2e-310)) v(a, p);
\set VERBOSITY sqlstate
SELECT rmse(a, p) FROM (VALUES (1e308, -1e308)) v(a, p);
SELECT mae(a, p) FROM (VALUES (1e308, -1e308)) v(a, p);
SELECT mape(0, 1e300);
SELECT r2_score(a, p) FROM (VALUES (1e-300, 1e300), (0, 0)) v(a, p);
SELECT rmse('NaN', 1);
SELECT rmse(1, 'Infinity');
SELECT mae(1, '-Infinity');
SELECT log_loss(true, 1.0001);
SELECT log_loss(true, -1e-300);
SELECT brier_score(false, 'NaN');
SELECT log_loss('z', '{0.5,0.5}', '{x,y}');
SELECT log_loss('x', '{0.5,0.5}', '{x,y,z}');
SELECT log_loss('x', '{0.5,0.4}', '{x,y}');
SELECT log_loss('x', '{0.5,NULL}', '{x,y}');
SELECT log_loss('x', '{0.5,NaN}', '{x,y}');
SELECT log_loss('x', '{1.5,-0.5}', '{x,y}');
SELECT log_loss('x', '{0.5,0.5}', '{x,x}');
SELECT log_loss('x', '{0.5,0.5}', '{x,NULL}');
SELECT log_loss('x', '{0.5,0.5}', NULL);
SELECT log_loss('x', '{{0.5,0.5}}', '{x,y}');
\set VERBOSITY terse
SELECT log_loss(true, 1.0001);
SELECT brier_score(true, 'NaN');
SELECT log_loss('z', '{0.5,0.5}', '{x,y}');
SELECT log_loss('x', '{0.5,0.4}', '{x,y}');
SELECT log_loss('x', '{0.5,0.5}', '{x,x}');
SELECT rmse('NaN', 1);
SELECT mape(0, 1e300);
SELECT r2_score(a, p) FROM (VALUES (1e-300, 1e300), (0, 0)) v(a, p);

-- support functions called by hand: a copy, never the caller's value
CREATE TABLE stored (id int, s error_sums);
INSERT INTO stored VALUES (1, error_accum(NULL, 1::float8, 3)), (2, error_accum(error_accum(NULL, 2::float8, 5), 7::float8, 7)), (3, NULL);
SELECT id, s, error_accum(s, 10::float8, 10) AS more, error_accum(s, NULL::float8, 1) AS left_out FROM stored ORDER BY id;
SELECT x.id, y.id, error_combine(x.s, y.s) FROM stored x, stored y ORDER BY x.id, y.id;
SELECT id, s, rmse_final(s), mae_final(s), mape_final(s), r2_score_final(s) FROM stored ORDER BY id;
SELECT log_loss_final(s), brier_score_final(s) FROM error_accum(NULL, true, 0.25) s;
-- what was stored, or came as text or in binary, combines as that of a query does
CREATE AGGREGATE kept(float8, float8) (SFUNC = error_accum, STYPE = error_sums);
CREATE AGGREGATE rolled_up(error_sums) (SFUNC = error_combine, STYPE = error_sums, FINALFUNC = r2_score_final, COMBINEFUNC = error_combine);
CREATE TABLE kept_sums AS SELECT g, kept(a, p) AS s FROM forecast GROUP BY g;
SET extra_float_digits = 0;
SELECT rolled_up(k.s) = f.r2_score AS stored, rolled_up(k.s::text::error_sums) = f.r2_score AS as_text FROM kept_sums k, serial f GROUP BY f.r2_score;
RESET extra_float_digits;
SELECT count(*) AS values, bool_and(error_sums_send(s) = error_sums_send(s::text::error_sums)) AS same_bytes, min(length(error_sums_send(s))) AS bytes FROM kept_sums;
SELECT kept(1e-300 * a, -1e300 * p)::text::error_sums::text = kept(1e-300 * a, -1e300 * p)::text AS large_and_small FROM forecast;
\set VERBOSITY terse
SELECT error_combine(error_accum(NULL, true, 0.25), error_accum(NULL, 1::float8, 3));
SELECT error_accum(error_accum(NULL, true, 0.25), 1::float8, 3);
SELECT rmse_final(error_accum(NULL, true, 0.25));
SELECT brier_score_final(error_accum(NULL, 'x', '{1}', '{x}'));
SELECT log_loss_final(error_accum(NULL, 1::float8, 2));

-- whatever text comes, it is a value that can be used or an error
CREATE FUNCTION attempt(value text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  s error_sums;
  x float8;
BEGIN
  s := value::error_sums;
  BEGIN
    s := error_combine(error_accum(s, 1::float8, 2), s);
    x := r2_score_final(s);
    x := rmse_final(s);
  EXCEPTION WHEN invalid_parameter_value OR numeric_value_out_of_range THEN
    NULL;
  END;
  RETURN 'read';
EXCEPTION WHEN OTHERS THEN
  RETURN SQLSTATE;
END $$;
SELECT value, attempt(value) FROM (VALUES
  (NULL), (''), ('{}'), ('[]'), ('1'), ('null'),
  ('{"format": 1, "kind": "classes", "n": 1, "pivot": 0, "sums": [[1, 0, 0]]}'),
  ('{"format": 2, "kind": "classes", "n": 1, "pivot": 0, "sums": [[1, 0, 0]]}'),
  ('{"format": 1.5, "kind": "classes", "n": 1, "pivot": 0, "sums": [[1, 0, 0]]}'),
  ('{"format": 1, "kind": "other", "n": 1, "pivot": 0, "sums": [[1, 0, 0]]}'),
  ('{"format": 1, "kind": 3, "n": 1, "pivot": 0, "sums": [[1, 0, 0]]}'),
  ('{"format": 1, "kind": "classes", "n": 0, "pivot": 0, "sums": [[1, 0, 0]]}'),
  ('{"format": 1, "kind": "classes", "n": 1e30, "pivot": 0, "sums": [[1, 0, 0]]}'),
  ('{"format": 1, "kind": "classes", "n": 1, "pivot": 5, "sums": [[1, 0, 0]]}'),
  ('{"format": 1, "kind": "classes", "n": 1, "pivot": 0, "sums": [[1, 0, 0], [0, 0, 0]]}'),
  ('{"format": 1, "kind": "classes", "n": 1, "pivot": 0, "sums": [[1, 0]]}'),
  ('{"format": 1, "kind": "classes", "n": 1, "pivot": 0, "sums": [1]}'),
  ('{"format": 1, "kind": "classes", "n": 1, "pivot": 0, "sums": {"a": 1}}'),
  ('{"format": 1, "kind": "classes", "n": 1, "pivot": 0, "sums": [[1, "0", 0]]}'),
  ('{"format": 1, "kind": "classes", "n": 1, "pivot": 0, "sums": [[-1, 0, 0]]}'),
  ('{"format": 1, "kind": "classes", "n": 1, "pivot": 0, "sums": [[1, 1, 0]]}'),
  ('{"format": 1, "kind": "classes", "n": 1, "pivot": 0, "sums": [[1, 0, 7]]}'),
  ('{"format": 1, "kind": "classes", "n": 1, "pivot": 0, "sums": [[1, 0, 512000]]}'),
  ('{"format": 1, "kind": "classes", "n": 1, "pivot": 0, "sums": [[1e300, 0, 0]]}'),
  ('{"format": 1, "kind": "classes", "n": 1, "pivot": 0, "sums": [[1e400, 0, 0]]}'),
  ('{"format": 1, "kind": "classes", "n": 1, "pivot": 0, "sums": [[1, 0, 0]], "more": 1}'),
  ('{"format": 1, "kind": "numbers", "n": 9223372036854775807, "pivot": 1e308, "sums": [[1, 0, 0], [1, 0, 0], [1, 0, 0], [0, 0, 0], [0, 0, 0]]}'),
  ('{"format": 1, "kind": "numbers", "n": 2, "pivot": 1, "sums": [[1, 0, 0], [0, 0, 0], [1, 0, 0], [0, 0, 0], [0, 0, 0]]}'),
  ('{"format": 1, "kind": "numbers", "n": 2, "pivot": 1, "sums": [[9, 0, 0], [1, 0, 0], [1, 0, 0], [0, 0, 0], [0, 0, 0]]}'),
  ('{"format": 1, "kind": "numbers", "n": 2, "pivot": 1, "sums": [[1, 0, 0], [1, 0, 0], [1, 0, 0], [9, 0, 0], [1, 0, 0]]}')) v(value);
-- a piece cut out, or a character changed
SELECT attempt(text) AS outcome, count(*) > 0 AS some
FROM (SELECT s::text AS whole FROM stored WHERE id = 2) w,
     LATERAL (SELECT overlay(whole PLACING '' FROM i FOR n) AS text FROM generate_series(1, length(whole)) i, generate_series(1, 3) n
              UNION ALL SELECT overlay(whole PLACING c FROM i) FROM generate_series(1, length(whole)) i, unnest('{9,-,e,.,"[","]",n}'::text[]) c) t
GROUP BY outcome ORDER BY outcome;
