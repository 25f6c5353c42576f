-- k-means: clusters, missing values, options, numbering, prediction, silhouette,
-- choice of k, input and output, order, windows, errors

CREATE TABLE point AS
SELECT i, ARRAY[10 * (i % 3) + (i * 7) % 5, 5 * (i % 3) + (i * 11) % 4]::float8[] AS x FROM generate_series(1, 60) i;

SELECT kmeans_fit(x, 3) FROM point;
SELECT c.* FROM (SELECT kmeans_fit(x, 3) AS model FROM point) f, kmeans_centroids(model) c;
SELECT s.* FROM (SELECT kmeans_fit(x, 3) AS model FROM point) f, kmeans_stats(model) s;
CREATE TABLE model AS SELECT kmeans_fit(x, 3) AS model FROM point;
SELECT kmeans_predict(model, x) AS cluster, count(*), min(x[1]), max(x[1]) FROM model, point GROUP BY 1 ORDER BY 1;
SELECT kmeans_predict(model, ARRAY[11, 6]), kmeans_predict(model, ARRAY[-1e9, 0]) FROM model;

-- missing: a NULL row does not count, one with a NULL feature is counted
SELECT kmeans_fit(x, 3) IS NULL AS none FROM point WHERE false;
SELECT kmeans_fit(NULL, 3) IS NULL AS none FROM point;
SELECT s.* FROM (SELECT kmeans_fit(CASE WHEN i > 5 THEN CASE WHEN i > 10 THEN x ELSE ARRAY[1, NULL] END END, 3) AS model FROM point) f,
  kmeans_stats(model) s;
SELECT kmeans_fit(ARRAY[NULL::float8], 3) FROM point;
SELECT s.*, kmeans_predict(model, ARRAY[1, 2]) FROM (SELECT kmeans_fit(ARRAY[NULL::float8, 1], 3) AS model FROM point) f, kmeans_stats(model) s;
SELECT kmeans_predict(model, NULL), kmeans_predict(model, ARRAY[1, NULL]), kmeans_predict(NULL, ARRAY[1, 2]) FROM model;
SELECT s.n, s.skipped FROM (SELECT kmeans_fit(ARRAY[NULL, 'NaN'::float8], 1) AS model) f, kmeans_stats(model) s;

-- fewer different rows than clusters
SELECT c.* FROM (SELECT kmeans_fit(ARRAY[i % 2]::float8[], 5) AS model FROM point) f, kmeans_centroids(model) c;
SELECT s.* FROM (SELECT kmeans_fit(ARRAY[7, 7], 2) AS model FROM point) f, kmeans_stats(model) s;

-- options
SELECT s.* FROM (SELECT kmeans_fit(x, 3, '{"restarts": 1, "max_iterations": 1, "tolerance": 0, "seed": 1}') AS model FROM point) f, kmeans_stats(model) s;
SELECT round(s.inertia::numeric, 10) AS inertia, c.cluster, c.size, round(c.centroid[1]::numeric, 6) AS x, round(c.centroid[2]::numeric, 6) AS y
FROM (SELECT kmeans_fit(ARRAY[x[1] * 1e6, x[2]], 3, '{"standardize": true}') AS model FROM point) f,
  kmeans_stats(model) s, kmeans_centroids(model) c ORDER BY 2;
SELECT kmeans_fit(x, 3, '{}')::text = kmeans_fit(x, 3, NULL)::text AS same FROM point;
SELECT kmeans_fit(x, 3, '{"seeds": 1}') FROM point;
SELECT kmeans_fit(x, 3, '{"restarts": 0}') FROM point;
SELECT kmeans_fit(x, 3, '{"max_iterations": 1.5}') FROM point;
SELECT kmeans_fit(x, 3, '{"tolerance": -1}') FROM point;
SELECT kmeans_fit(x, 3, '{"tolerance": "small"}') FROM point;
SELECT kmeans_fit(x, 3, '{"standardize": "yes"}') FROM point;
SELECT kmeans_fit(x, 3, '[1]') FROM point;
SELECT kmeans_fit(x, 3, jsonb_build_object('seed', i)) FROM point;

-- errors
SELECT kmeans_fit(x, NULL) FROM point;
SELECT kmeans_fit(x, 0) FROM point;
SELECT kmeans_fit(x, 10001) FROM point;
SELECT kmeans_fit(x, i) FROM point;
SELECT kmeans_fit('{}', 2) FROM point;
SELECT kmeans_fit(x[:1 + (i = 3)::int], 2) FROM point;
SELECT kmeans_fit('{{1,2},{3,4}}', 2) FROM point;
SELECT kmeans_fit(ARRAY[1, 'NaN'::float8], 2) FROM point;
SELECT kmeans_fit(ARRAY['-Infinity'::float8, 2], 2) FROM point;
SELECT kmeans_fit(array_fill(i::float8, ARRAY[10001]), 2) FROM point;
SELECT kmeans_fit(array_fill(i::float8, ARRAY[2000]), 10000) FROM point;
SELECT kmeans_fit(ARRAY[i, 1e300 * i], 2) FROM point WHERE i < 9;
SELECT kmeans_predict(model, ARRAY[1]) FROM model;
SELECT kmeans_predict(model, '{{1,2}}') FROM model;
SELECT kmeans_predict(model, ARRAY[1, 'Infinity'::float8]) FROM model;
SELECT kmeans_predict(model, ARRAY[1e300, 1]) FROM model;

-- offsets and tiny or large units do no harm
SELECT power, c.cluster, c.size, (c.centroid[1] / u)::numeric(12, 6) AS x, c.centroid[2] - 1e9 AS y
FROM (SELECT power, 10 ^ power::float8 AS u, kmeans_fit(ARRAY[x[1] * 10 ^ power::float8, 1e9 + x[2]], 3, '{"standardize": true}') AS model
      FROM point, (VALUES (-200), (0), (130)) AS v(power) GROUP BY power) f, kmeans_centroids(model) c ORDER BY 1, 2;

-- neither the order of rows nor the plan matters, and equal rows weigh as much as they are
SELECT kmeans_fit(x, 4)::text = kmeans_fit(x, 4 ORDER BY i DESC)::text AS backwards,
       kmeans_fit(x, 4)::text = kmeans_fit(x, 4 ORDER BY md5(i::text))::text AS shuffled FROM point;
SELECT kmeans_fit(x, 2)::text = kmeans_fit(x, 2, '{"seed": 42, "restarts": 10, "max_iterations": 300, "tolerance": 0.0001, "standardize": false}')::text
  AS defaults FROM point;
SELECT c.* FROM (SELECT kmeans_fit(ARRAY[i], 2) AS model FROM (VALUES (0), (0), (0), (0), (0), (0), (6), (20)) v(i)) f, kmeans_centroids(model) c;

-- ties go to the lower cluster, and sizes are those of prediction
SELECT c.cluster, c.size, c.centroid, (SELECT count(*) FROM generate_series(1, 5) i WHERE kmeans_predict(model, ARRAY[i]) = c.cluster) AS predicted
FROM (SELECT kmeans_fit(ARRAY[i], 2) AS model FROM generate_series(1, 5) i) f, kmeans_centroids(model) c;
SELECT kmeans_predict('{"format": 1, "n": 2, "skipped": 0, "features": 1, "inertia": 0, "iterations": 1, "converged": true, "standardized": false,
  "shift": [0], "scale": [1], "clusters": [{"size": 1, "centroid": [1]}, {"size": 1, "centroid": [3]}]}', ARRAY[2]);

-- the simplified silhouette, and the same by hand
SELECT kmeans_silhouette(model, x) = kmeans_silhouette(model, x ORDER BY i DESC) AS same,
       abs(kmeans_silhouette(model, x) - avg(by_hand)) < 1e-12 AS right
FROM model, point, LATERAL (
  SELECT (d[2] - d[1]) / d[2] AS by_hand FROM (
    SELECT array_agg(d ORDER BY d) AS d FROM kmeans_centroids(model) c,
      LATERAL (SELECT sqrt((x[1] - centroid[1])^2 + (x[2] - centroid[2])^2) AS d) AS distance) AS sorted) AS silhouette;
SELECT kmeans_silhouette(model, x) IS NULL AS none FROM model, point WHERE false;
SELECT kmeans_silhouette(model, NULL), kmeans_silhouette(NULL, x), kmeans_silhouette(model, ARRAY[1, NULL]) FROM model, point;
SELECT kmeans_silhouette(model, x) FROM (SELECT kmeans_fit(x, 1) AS model FROM point) f, point;
SELECT kmeans_silhouette(model, ARRAY[i % 2]) FROM (SELECT kmeans_fit(ARRAY[i % 2]::float8[], 2) AS model FROM point) f, point;
SELECT kmeans_silhouette_final('{1,2}');
SELECT kmeans_silhouette_final('{1,2,NULL}');
SELECT kmeans_silhouette_combine('{1,2,3}', '{1,-2,3}');
SELECT kmeans_silhouette_combine('{9223372036854775807,2,3}', '{1,2,3}');
SELECT kmeans_silhouette_combine('{1,2,3}', '{1,2,3}');

-- choose a number of clusters
SELECT s.k, round(s.inertia::numeric, 6) AS inertia, round(kmeans_silhouette(model, x)::numeric, 6) AS silhouette
FROM (SELECT unnest(kmeans_choose(x, 2, 6)) AS model FROM point) f, kmeans_stats(model) s, point
GROUP BY s.k, s.inertia ORDER BY s.k;
SELECT m[2]::text = (SELECT kmeans_fit(x, 3)::text FROM point) AS same, cardinality(m) FROM (SELECT kmeans_choose(x, 2, 10) AS m FROM point) q;
SELECT m[2]::text = (SELECT kmeans_fit(x, 3, '{"seed": 7, "standardize": true}')::text FROM point) AS same
FROM (SELECT kmeans_choose(x, 2, 4, '{"seed": 7, "standardize": true}') AS m FROM point) q;
SELECT cardinality(kmeans_choose(ARRAY[i % 3]::float8[], 2, 10)) FROM point;
SELECT kmeans_choose(x, 5, 4) FROM point;
SELECT kmeans_choose(x, 2, NULL) FROM point;
SELECT kmeans_choose(x, 2, 3 + i) FROM point;
SELECT kmeans_choose(x, 2, 3) IS NULL AS none FROM point WHERE false;
SELECT kmeans_choose(ARRAY[NULL::float8], 2, 3) FROM point;

-- text and binary are exact, whatever the settings
CREATE TABLE sample AS
SELECT i, i % 7 AS part, ARRAY[sin(i) * 3 + i * 0.01, cos(i * i) / 3, exp(sin(i))]::float8[] AS x FROM generate_series(1, 3000) i;
SET extra_float_digits = -15;
SELECT model::text::kmeans::text = model::text AS exact, kmeans_send(model::text::kmeans) = kmeans_send(model) AS to_the_bit
FROM (SELECT unnest(kmeans_choose(x, 4, 6, '{"standardize": true, "restarts": 2}')) AS model FROM sample) f;
RESET extra_float_digits;

-- what is not a model
SELECT '[]'::kmeans;
SELECT '{}'::kmeans;
SELECT '{"format": 2}'::kmeans;
\set good '{"format": 1, "n": 2, "skipped": 0, "features": 1, "inertia": 0, "iterations": 1, "converged": true, "standardized": false, "shift": [0], "scale": [1], "clusters": [{"size": 1, "centroid": [1]}, {"size": 1, "centroid": [3]}]}'
SELECT :'good'::kmeans;
CREATE FUNCTION try_model(given text) RETURNS text LANGUAGE plpgsql AS
$$
DECLARE
  detail text;
BEGIN
  RETURN 'read: ' || left(given::kmeans::text, 10);
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
  RETURN SQLSTATE || ': ' || detail;
END
$$;
SELECT change, try_model((:'good'::jsonb || change::jsonb)::text) FROM (VALUES
  ('{"n": 3}'), ('{"n": -1}'), ('{"n": 1e300}'), ('{"n": "2"}'), ('{"features": 2}'), ('{"features": 0}'), ('{"features": 20000}'),
  ('{"inertia": -1}'), ('{"inertia": null}'), ('{"iterations": 1.5}'), ('{"converged": 1}'), ('{"shift": []}'), ('{"shift": [[1]]}'),
  ('{"shift": ["1"]}'), ('{"scale": [0]}'), ('{"scale": [-1]}'), ('{"clusters": []}'), ('{"clusters": {}}'), ('{"clusters": [1, 2]}'),
  ('{"clusters": [{"size": 1, "centroid": [1]}]}'), ('{"clusters": [{"size": 2, "centroid": [1, 2]}]}'), ('{"clusters": [{"size": 2}]}'),
  ('{"clusters": [{"size": 2, "centroid": [1], "name": "a"}]}'), ('{"clusters": [{"size": 2, "centroid": [1]}]}'),
  ('{"clusters": [{"size": 1, "centroid": [1]}, {"size": 1, "centroid": [1e400]}]}'), ('{"format": 7}'), ('{"note": 1}')) AS v(change);

-- windows, groups, and rows in a file
SELECT i, (s).k, (s).n, (s).inertia FROM (
  SELECT i, kmeans_stats(kmeans_fit(x, 2) OVER (ORDER BY i ROWS 3 PRECEDING)) AS s FROM point WHERE i <= 6) w;
SELECT count(*), sum(k), sum(n) FROM (SELECT kmeans_fit(x, 3, '{"restarts": 1}') AS model FROM sample GROUP BY i % 500) f, kmeans_stats(model);
SET liveanalytics.collect_mem = '1MB';
CREATE TABLE wide AS SELECT i, ARRAY[sin(i), cos(3 * i), sin(5 * i), i % 10, i % 7]::float8[] AS x FROM generate_series(1, 50000) i;
CREATE TABLE spilled AS SELECT kmeans_fit(x, 5, '{"restarts": 1}') AS model FROM wide;
RESET liveanalytics.collect_mem;
SELECT kmeans_fit(x, 5, '{"restarts": 1}')::text = (SELECT model::text FROM spilled) AS same FROM wide;

-- many clusters are searched in groups
SELECT s.k, s.n, sum(c.size) AS sizes, s.converged FROM (SELECT kmeans_fit(x, 200, '{"restarts": 1}') AS model FROM wide) f,
  kmeans_stats(model) s, kmeans_centroids(model) c GROUP BY 1, 2, 4;

-- the silhouette is computed in parallel
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
EXPLAIN (COSTS OFF) SELECT kmeans_silhouette(:'good', x) FROM wide;
CREATE TABLE parallel AS SELECT kmeans_silhouette((SELECT model FROM spilled), x) AS silhouette FROM wide;
SET max_parallel_workers_per_gather = 0;
SELECT kmeans_silhouette((SELECT model FROM spilled), x) = (SELECT silhouette FROM parallel) AS same FROM wide;
RESET max_parallel_workers_per_gather;
RESET min_parallel_table_scan_size;
RESET parallel_tuple_cost;
RESET parallel_setup_cost;

DROP FUNCTION try_model;
DROP TABLE point, model, sample, wide, spilled, parallel;
