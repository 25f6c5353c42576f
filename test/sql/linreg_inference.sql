-- linreg: terms, intervals, weights, fits through the origin, dependent columns

-- mpg, weight and power of ten cars of mtcars, with weights
CREATE TABLE cars(mpg float8, wt float8, hp float8, w float8);
INSERT INTO cars VALUES (21, 2.62, 110, 1), (21, 2.875, 110, 2), (22.8, 2.32, 93, 0.5), (21.4, 3.215, 110, 3), (18.7, 3.44, 175, 0),
  (18.1, 3.46, 105, 1.5), (14.3, 3.57, 245, 2), (24.4, 3.19, 62, 1), (22.8, 3.15, 95, 1e-3), (19.2, 3.44, 123, 2);
CREATE TABLE model AS
SELECT linreg_fit(mpg, ARRAY[wt, hp]) AS plain, linreg_fit(mpg, ARRAY[wt, hp], w) AS weighted,
  linreg_fit_origin(mpg, ARRAY[wt, hp]) AS origin, linreg_fit_origin(mpg, ARRAY[wt, hp], w) AS weighted_origin FROM cars;

-- agreement with R's lm, summary, confint, predict, logLik, AIC, BIC: digits of the worst number, 12 or more
CREATE FUNCTION digits(got float8[], wanted float8[]) RETURNS text LANGUAGE sql AS $$
  SELECT CASE WHEN cardinality(got) = cardinality(wanted) AND bool_and(g IS NOT NULL AND abs(g / w - 1) < 1e-12) THEN 'as R'
    ELSE string_agg(format('%s, not %s', g, w), '; ') END
  FROM unnest(got, wanted) AS u(g, w)
$$;
CREATE FUNCTION numbers(fit linreg, at float8[], level float8) RETURNS float8[] LANGUAGE sql AS $$
  SELECT (SELECT array_agg(v ORDER BY o, i)
          FROM linreg_terms(fit, level => level) WITH ORDINALITY AS t(term, b, se, t, p, low, high, o),
            unnest(ARRAY[b, se, t, p, low, high]) WITH ORDINALITY AS u(v, i)) ||
    (SELECT ARRAY[r2, adj_r2, residual_se, f_value, f_p_value, log_likelihood, aic, bic] FROM linreg_stats(fit)) ||
    (SELECT ARRAY[i.fit, ci_low, ci_high, pi_low, pi_high] FROM linreg_interval(fit, at, level) i)
$$;
SELECT digits(numbers(plain, ARRAY[3, 100], 0.95), '{
  30.543120648375261,3.5669544550006678,8.5628008525748172,5.8904494736671651e-05,22.108613639753756,38.977627656996766,
  -1.4989481113256167,1.273381446996074,-1.177139901685907,0.27760948253643658,-4.5100167624208449,1.5121205397696116,
  -0.044661327004468461,0.010060657646151385,-4.4392055246560602,0.0030105896653392543,-0.068451002061530403,-0.020871651947406516,
  0.8319960663182111,0.78399494240912859,1.3511131495268498,17.332845536993446,0.0019436500632151672,-15.415298691318291,
  38.830597382636583,40.04093775461277,21.580143613951567,20.458810761870001,22.701476466033132,18.19420015315491,24.966087074748224}') AS plain,
  digits(numbers(weighted, ARRAY[3, 100], 0.9), '{
  31.96035200555599,4.1710691760477339,7.662388384514828,0.00025825934714132902,23.855212633994821,40.065491377117155,
  -2.1106377472175737,1.4432505107842446,-1.4624195393983814,0.19394603545487996,-4.9151336796171563,0.69385818518200848,
  -0.042468886299976263,0.0091945347019846951,-4.6189271862565375,0.0036194210473564142,-0.060335524821386571,-0.024602247778565962,
  0.87103329785554318,0.82804439714072431,1.4895107512188712,20.261818361763424,0.0021450271002059602,-16.540574973252212,
  41.081149946504425,41.870048255849305,21.381550133905641,20.421133096464857,22.341967171346425,18.331979293003133,24.431120974808149}') AS weighted,
  digits(numbers(origin, ARRAY[3, 100], 0.99), '{
  8.8154842949893197,1.3084873517685425,6.7371566741354982,0.00014697804044863408,4.4250024116551687,13.205966178323472,
  -0.062239938822806838,0.031207741825784358,-1.9943749589527544,0.081220851530262025,-0.16695400038456698,0.042474122738953311,
  0.96529878698074656,0.9566234837259332,4.2811731238053161,111.26974569392341,1.4500354678387171e-06,-27.61593823931317,
  61.23187647862634,62.139631757608477,20.222459002687277,15.470826852830646,24.974091152543906,5.091990982378265,35.35292702299629}') AS origin,
  digits(numbers(weighted_origin, ARRAY[3, 100], 0.5), '{
  8.5590149685245276,1.1537735713132771,7.4182796185756548,0.00014712023621084517,7.7385183795170303,9.3795115575320249,
  -0.06183216092843858,0.026879312783419856,-2.3003624172482162,0.054961735157131007,-0.080947163214856274,-0.042717158642020886,
  0.97233845896278592,0.96443516152358189,4.5288474314957998,123.02946541522476,3.5201996804492399e-06,-27.242430925019509,
  60.484861850039017,61.076535582047676,19.493828812729724,18.567375632528982,20.420281992930466,16.142572516618863,22.845085108840586}') AS weighted_origin
FROM model;
SELECT term, estimate::numeric(12,6), std_error::numeric(12,6), t_value::numeric(12,6), p_value::numeric(12,9), ci_low::numeric(12,6), ci_high::numeric(12,6)
FROM model, linreg_terms(plain, '{weight,power}');
SELECT term, ci_low::numeric(12,6), ci_high::numeric(12,6) FROM model, linreg_terms(plain, level => 0.5);
SELECT term, ci_low::numeric(12,6), ci_high::numeric(12,6) FROM model, linreg_terms(weighted_origin, ARRAY['weight', 'power'], 0.999);
SELECT linreg_coef(origin)::text::float8[] = linreg_coef(origin) AS coef, (linreg_coef(origin))[1] AS no_intercept,
  linreg_predict(origin, ARRAY[0, 0]) AS at_zero FROM model;
SELECT (linreg_stats(origin)).n, (linreg_stats(origin)).df_residual, (s).df_residual AS of_a_subquery, (i).fit::numeric(12,6) AS taken_apart
FROM (SELECT origin, linreg_stats(weighted) AS s, linreg_interval(plain, ARRAY[3, 100]) AS i FROM model OFFSET 0) q;
SELECT linreg_interval(linreg_fit(mpg, wt), 3) = linreg_interval(linreg_fit(mpg, ARRAY[wt]), ARRAY[3], 0.95) AS same FROM cars;

-- weights that are whole numbers are copies of rows, but for the count
SELECT linreg_coef(a) = linreg_coef(b) AS coef, (linreg_stats(a)).r2 = (linreg_stats(b)).r2 AS r2, (linreg_stats(a)).n AS weighted, (linreg_stats(b)).n AS copied
FROM (SELECT linreg_fit(y, x, w) AS a FROM (VALUES (1, 2, 3), (4, 4, 1), (2, 7, 2)) v(y, x, w)) a,
  (SELECT linreg_fit(y, x) AS b FROM (VALUES (1, 2, 3), (4, 4, 1), (2, 7, 2)) v(y, x, w), generate_series(1, w)) b;
-- weights of 1 are none
SELECT linreg_coef(linreg_fit(mpg, ARRAY[wt, hp], 1)) = linreg_coef(linreg_fit(mpg, ARRAY[wt, hp])) AS coef,
  linreg_stats(linreg_fit(mpg, ARRAY[wt, hp], 1)) = linreg_stats(linreg_fit(mpg, ARRAY[wt, hp])) AS stats FROM cars;
-- a common factor changes the variance only
SELECT bool_and(abs(a.std_error / b.std_error - 1) < 1e-13) AS std_error, bool_and(abs(a.p_value / b.p_value - 1) < 1e-12) AS p_value
FROM (SELECT linreg_fit(mpg, ARRAY[wt, hp], w) AS f, linreg_fit(mpg, ARRAY[wt, hp], w * 1e-30) AS g FROM cars) m,
  linreg_terms(f) a JOIN LATERAL linreg_terms(g) b USING (term);
-- weight 0 or a NULL y leaves the row out, a NULL weight or feature is counted
SELECT n, skipped FROM (SELECT linreg_fit(y, x, w) AS f FROM (VALUES (1, 2, 0), (NULL, 1, 1), (2, 3, NULL), (3, NULL, 1), (4, 4, 2), (5, NULL, 0)) v(y, x, w)) q, linreg_stats(f);
SELECT n, skipped FROM (SELECT linreg_fit(y, ARRAY[x, 1], w) AS f FROM (VALUES (1, 2, 0), (NULL, 1, 1), (2, 3, NULL), (3, NULL, 1), (4, 4, 2), (5, NULL, 0)) v(y, x, w)) q, linreg_stats(f);
SELECT linreg_fit(y, x, 0) IS NULL AS nothing, linreg_fit(y, ARRAY[x], 0) IS NULL AS array_nothing FROM (VALUES (1, 2)) v(y, x);
SELECT f, linreg_coef(f) FROM (SELECT linreg_fit(1, 1, NULL::float8) AS f) q;

-- text and binary, rollup, and parallel plans of each kind
SELECT k, f::text::linreg::text = f::text AS exact, linreg_send(f::text::linreg) = linreg_send(f) AS to_the_bit
FROM model, LATERAL (VALUES ('weighted', weighted), ('origin', origin), ('weighted origin', weighted_origin)) AS v(k, f);
SELECT linreg_fit(2, 3, 0.5), linreg_fit_origin(2, 3);
CREATE TABLE sample AS
SELECT i, i % 64 AS part, (sin(i) * 3 + i * 0.01)::float8 AS y, ARRAY[cos(i), i * 0.1, exp(sin(i * i))]::float8[] AS x, (i % 10 / 4.0)::float8 AS w
FROM generate_series(1, 5000) i;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
EXPLAIN (COSTS OFF) SELECT linreg_fit(y, x, w), linreg_fit_origin(y, x), linreg_fit_origin(y, x[1], w) FROM sample;
EXPLAIN (COSTS OFF) SELECT linreg_fit(y, x[1], w), linreg_fit_origin(y, x[1]), linreg_fit_origin(y, x, w) FROM sample;
CREATE TABLE parallel AS SELECT linreg_fit(y, x, w) AS weighted, linreg_fit_origin(y, x) AS origin, linreg_fit_origin(y, x[1], w) AS line FROM sample;
SET max_parallel_workers_per_gather = 0;
CREATE TABLE serial AS SELECT linreg_fit(y, x, w) AS weighted, linreg_fit_origin(y, x) AS origin, linreg_fit_origin(y, x[1], w) AS line FROM sample;
CREATE TABLE rolled AS
SELECT rollup(weighted) AS weighted, rollup(origin) AS origin, rollup(line) AS line FROM (
  SELECT linreg_fit(y, x, w) AS weighted, linreg_fit_origin(y, x) AS origin, linreg_fit_origin(y, x[1], w) AS line FROM sample GROUP BY part) f;
SELECT how, kind, bool_and(abs(a.v - b.v) <= 1e-13 * abs(b.v)) AS same
FROM (SELECT 'parallel' AS how, * FROM parallel UNION ALL SELECT 'rolled up', * FROM rolled) p, serial s,
  LATERAL (VALUES ('weighted', p.weighted, s.weighted), ('origin', p.origin, s.origin), ('line', p.line, s.line)) AS k(kind, f, g),
  unnest(numbers(f, CASE kind WHEN 'line' THEN ARRAY[2] ELSE ARRAY[2, 3, 4] END, 0.9)) WITH ORDINALITY AS a(v, i)
  JOIN LATERAL unnest(numbers(g, CASE kind WHEN 'line' THEN ARRAY[2] ELSE ARRAY[2, 3, 4] END, 0.9)) WITH ORDINALITY AS b(v, i) USING (i)
GROUP BY how, kind ORDER BY how, kind;
-- many groups of features enough for rows to wait: the same as group by group, and without the room for them
CREATE TABLE many AS SELECT i % 30 AS g, sin(i) AS y, 1 + i % 3 AS w, (SELECT array_agg(cos(i * j)) FROM generate_series(1, 12) j) AS x FROM generate_series(1, 3000) i;
SELECT count(*) AS groups, bool_and(f::text::linreg::text = f::text) AS exact, bool_and(pg_column_size(f) = 56 + 8 * 13 * 17) AS flat,
  bool_and(linreg_send(f) = linreg_send((SELECT linreg_fit(y, x ORDER BY ctid) FROM many m WHERE m.g = k.g))) AS same,
  bool_and(linreg_send(w) = linreg_send((SELECT linreg_fit(y, x, w ORDER BY ctid) FROM many m WHERE m.g = k.g))) AS same_weighted
FROM (SELECT g, linreg_fit(y, x) AS f, linreg_fit(y, x, w) AS w FROM many GROUP BY g) k;
SET max_parallel_workers_per_gather = 2;
EXPLAIN (COSTS OFF) SELECT linreg_fit(y, x) FROM many;
SELECT count(*) AS coefficients, bool_and(abs(v / w - 1) < 1e-13) AS parallel_is_serial
FROM (SELECT linreg_fit(y, x) AS f FROM many) k, (SELECT linreg_fit(y, x ORDER BY ctid) AS g FROM many) l, unnest(linreg_coef(f), linreg_coef(g)) AS u(v, w);
SET max_parallel_workers_per_gather = 0;
-- a state in which rows wait is a model, too
CREATE AGGREGATE waiting_fit(float8, float8[]) (SFUNC = linreg_accum, STYPE = linreg);
SELECT pg_column_size(f) > pg_column_size(linreg_final(f)) AS has_room, linreg_send(f) = linreg_send(g) AS same, f::text = g::text AS same_text,
  linreg_coef(f) = linreg_coef(g) AS same_coef, linreg_send(linreg_combine(f, g)) = linreg_send(linreg_combine(g, f)) AS merges,
  linreg_send(linreg_accum(f, 1, x)) = linreg_send(linreg_accum(g, 1, x)) AS goes_on
FROM (SELECT waiting_fit(y, x) AS f, linreg_fit(y, x) AS g FROM many WHERE g = 7) k, array_fill(0.5::float8, ARRAY[12]) AS x;
DROP AGGREGATE waiting_fit(float8, float8[]);
-- a weight given by hand counts in a model without weights
SELECT linreg_coef(linreg_accum(linreg_accum(f, 3, 2, 2), 4, 1)) = (SELECT linreg_coef(linreg_fit(y, x, w)) FROM (VALUES (1, 1, 1), (2, 4, 1), (3, 2, 2), (4, 1, 1)) v(y, x, w)) AS weighted
FROM (SELECT linreg_fit(y, x) AS f FROM (VALUES (1, 1), (2, 4)) v(y, x)) k;
-- plain and weighted models merge: a row weighs 1 unless it says otherwise
SELECT linreg_coef(rollup(f)) = (SELECT linreg_coef(linreg_fit(mpg, wt, CASE WHEN hp > 100 THEN w ELSE 1 END)) FROM cars) AS merged
FROM (SELECT linreg_fit(mpg, wt, w) AS f FROM cars WHERE hp > 100 UNION ALL SELECT linreg_fit(mpg, wt) FROM cars WHERE hp <= 100) m;

-- a window frame whose start moves is the fit of its rows, whatever has left it: nothing is subtracted. Beside a row
-- that is 1e15 times the others no fit is good for many digits, so only the frames before and after it are compared
CREATE TABLE stream AS
SELECT i, CASE WHEN i % 97 = 0 THEN NULL WHEN i = 234 THEN -1e12 ELSE sin(i) * 3 + i * 0.01 END AS y,
  CASE WHEN i % 53 = 0 THEN NULL WHEN i % 41 = 0 THEN ARRAY[NULL, 1] WHEN i = 234 THEN ARRAY[1e15, -1e13] ELSE ARRAY[cos(i), i * 0.1] END::float8[] AS x,
  (i % 7)::float8 AS w
FROM generate_series(1, 900) i;
CREATE FUNCTION same(f linreg, g linreg) RETURNS boolean LANGUAGE sql AS $$
  SELECT CASE WHEN f IS NULL OR g IS NULL THEN f IS NULL AND g IS NULL
    ELSE (SELECT (n, skipped) FROM linreg_stats(f)) = (SELECT (n, skipped) FROM linreg_stats(g)) AND
      (SELECT bool_and(a IS NOT DISTINCT FROM b OR abs(a - b) <= 1e-13 * abs(b)) FROM unnest(linreg_coef(f), linreg_coef(g)) AS u(a, b)) END
$$;
CREATE TABLE frame(rows int, kind text, same bigint, other bigint);
DO $$
DECLARE
  call text;
  before int;
BEGIN
  FOREACH call IN ARRAY ARRAY['linreg_fit(y, x[2])', 'linreg_fit(y, x)', 'linreg_fit(y, x[1], w)', 'linreg_fit(y, x, w)',
      'linreg_fit_origin(y, x[2])', 'linreg_fit_origin(y, x)', 'linreg_fit_origin(y, x[1], w)', 'linreg_fit_origin(y, x, w)'] LOOP
    FOREACH before IN ARRAY ARRAY[0, 9, 63, 64, 130, 500] LOOP
      EXECUTE format('INSERT INTO frame SELECT %2$s + 1, %1$L, count(*) FILTER (WHERE same(moved, anew)), count(*) FILTER (WHERE NOT same(moved, anew))
        FROM (SELECT i, %1$s OVER (ORDER BY i ROWS %2$s PRECEDING) AS moved FROM stream) s,
          LATERAL (SELECT %1$s AS anew FROM stream t WHERE t.i BETWEEN s.i - %2$s AND s.i) l WHERE (i %% 7 = 3 OR i BETWEEN 230 + %2$s AND 245 + %2$s) AND i NOT BETWEEN 234 AND 234 + %2$s', call, before);
    END LOOP;
  END LOOP;
END $$;
SELECT count(*) AS frames, sum(same) AS same, sum(other) AS other FROM frame;
-- groups, a moving end, a gap before the row, FILTER
SELECT bool_and(same(a, linreg_combine(b, c))) AS same FROM (
  SELECT linreg_fit(y, x) OVER (PARTITION BY i % 2 ORDER BY i ROWS BETWEEN 80 PRECEDING AND 80 FOLLOWING) AS a,
    linreg_fit(y, x) OVER (PARTITION BY i % 2 ORDER BY i ROWS BETWEEN 80 PRECEDING AND 1 PRECEDING) AS b,
    linreg_fit(y, x) OVER (PARTITION BY i % 2 ORDER BY i ROWS BETWEEN CURRENT ROW AND 80 FOLLOWING) AS c FROM stream WHERE i <> 234) q;
SELECT bool_and(same(a, b)) AS same FROM (
  SELECT linreg_fit(y, x) FILTER (WHERE w > 3) OVER (ORDER BY i ROWS 99 PRECEDING) AS a, linreg_fit(y, x, (w > 3)::int) OVER (ORDER BY i ROWS 99 PRECEDING) AS b FROM stream) q;
-- the number of features may change where no frame has both
SELECT i, linreg_coef(linreg_fit(y, x) OVER (ORDER BY i ROWS 1 PRECEDING)) FROM
  (VALUES (1, 2, ARRAY[1, 2]), (2, 5, NULL), (3, 4, NULL), (4, 3, ARRAY[7]), (5, 5, ARRAY[9])) v(i, y, x);
-- a frame that is larger than it may be is fitted anew
SET liveanalytics.collect_mem = '1MB';
SELECT bool_and(same(a, b)) AS same FROM (
  SELECT linreg_fit(y, array_fill(y, ARRAY[100])) OVER (ORDER BY i ROWS 799 PRECEDING) AS a,
    linreg_fit(y, array_fill(y, ARRAY[100])) OVER (ORDER BY i ROWS BETWEEN 799 PRECEDING AND CURRENT ROW EXCLUDE NO OTHERS) AS b FROM stream WHERE i <> 234) q;
SELECT count(f), max((linreg_stats(f)).n) FROM (SELECT linreg_fit(y, array_fill(y, ARRAY[300])) OVER (ORDER BY i ROWS 849 PRECEDING) AS f FROM stream) q;
RESET liveanalytics.collect_mem;

-- a column that depends on those before it: the later one goes, as in R
CREATE TABLE dependent AS SELECT linreg_fit(mpg, ARRAY[wt, hp, wt + hp, 7, sqrt(hp)]) AS fit FROM cars;
SELECT term, estimate::numeric(12,6), std_error::numeric(12,6) FROM dependent, linreg_terms(fit);
SELECT term, estimate IS NULL AS missing FROM dependent, linreg_terms(fit, '{weight,power,both,constant,root}');
SELECT digits(ARRAY[estimate, std_error], '{-2.0458582277234787,1.9897974725605048}') FROM dependent, linreg_terms(fit) WHERE term = 'x5';
SELECT linreg_interval(fit, ARRAY[3, 100, 0, 0, 10]) IS NOT NULL AS given FROM dependent;
-- fewer rows than unknowns; an exact fit; no rows
SELECT * FROM linreg_terms((SELECT linreg_fit(mpg, ARRAY[wt, hp, w]) FROM (SELECT * FROM cars LIMIT 2) two));
SELECT * FROM linreg_terms((SELECT linreg_fit(2 * i, ARRAY[i, i * i]) FROM generate_series(1, 5) i));
SELECT * FROM linreg_terms((SELECT linreg_fit(1, NULL::float8)), '{x}');
SELECT count(*) FROM linreg_terms(NULL) a FULL JOIN linreg_terms(NULL, '{x}', NULL) b USING (term);
SELECT linreg_interval((SELECT linreg_fit(mpg, wt) FROM (SELECT * FROM cars LIMIT 2) two), 3, 0.9) AS no_residuals,
  linreg_interval((SELECT linreg_fit(1, NULL::float8)), 3, 0.9) AS no_rows, linreg_interval(linreg_fit(mpg, ARRAY[wt]), ARRAY[NULL]::float8[]) AS unknown FROM cars;

\set VERBOSITY sqlstate
SELECT linreg_fit(1, 1, -1);
SELECT linreg_fit(1, 1, 'NaN');
SELECT linreg_fit(1, ARRAY[1], 'Infinity');
SELECT linreg_fit_origin(1, ARRAY[1], -1e-300);
SELECT linreg_fit(i, i, 1e300) FROM generate_series(1, 3) i;
SELECT * FROM model, linreg_terms(plain, '{weight}');
SELECT * FROM model, linreg_terms(plain, '{intercept,weight,power}');
SELECT * FROM model, linreg_terms(plain, ARRAY['weight', NULL]);
SELECT * FROM model, linreg_terms(plain, '{{weight,power}}');
SELECT * FROM model, linreg_terms(plain, level => 0);
SELECT * FROM model, linreg_terms(plain, level => 1);
SELECT * FROM model, linreg_terms(plain, level => 'NaN');
SELECT linreg_interval(plain, ARRAY[1, 2], 95) FROM model;
SELECT linreg_interval(plain, ARRAY[1, 2, 3], 0.95) FROM model;
SELECT linreg_interval(plain, 3) FROM model;
SELECT linreg_interval(plain, ARRAY['NaN', 3]::float8[]) FROM model;
SELECT linreg_interval(plain, ARRAY[1e305, 1e305]) FROM model;
SELECT linreg_combine(plain, origin) FROM model;
SELECT linreg_accum(origin, 1, ARRAY[1, 2]) FROM model;
SELECT linreg_accum_origin(plain, 1, ARRAY[1, 2], 1) FROM model;
SELECT '{"format":1,"n":1,"skipped":0,"features":1,"intercept":0,"pivot":[0,0],"sums":[[0,0],[0,0]],"products":[[0,0],[0,0],[0,0]]}'::linreg;
SELECT '{"format":1,"n":1,"skipped":0,"features":1,"intercept":false,"pivot":[1,0],"sums":[[0,0],[0,0]],"products":[[0,0],[0,0],[0,0]]}'::linreg;
SELECT '{"format":1,"n":1,"skipped":0,"features":1,"weights":[[1,0]],"pivot":[0,0],"sums":[[0,0],[0,0]],"products":[[0,0],[0,0],[0,0]]}'::linreg;
SELECT '{"format":1,"n":1,"skipped":0,"features":1,"weights":[[0,0]],"logarithms":[[0,0]],"pivot":[0,0],"sums":[[0,0],[0,0]],"products":[[0,0],[0,0],[0,0]]}'::linreg;
SELECT '{"format":1,"n":1,"skipped":0,"features":1,"weights":[[1,0]],"logarithms":[[800,0]],"pivot":[0,0],"sums":[[0,0],[0,0]],"products":[[0,0],[0,0],[0,0]]}'::linreg;
\set VERBOSITY terse
SELECT linreg_fit(1, 1, -1);
SELECT linreg_fit(1, 1, 'NaN');
SELECT linreg_combine(plain, origin) FROM model;
SELECT * FROM model, linreg_terms(plain, '{weight}');
SELECT linreg_interval(plain, ARRAY[1, 2], 95) FROM model;

DROP FUNCTION digits, numbers, same;
DROP TABLE cars, model, sample, many, parallel, serial, rolled, dependent, stream, frame;
