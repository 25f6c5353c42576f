-- rf_train, rf_predict, rf_predict_proba, rf_classes, rf_info

-- an audience made by arithmetic alone: the same on every machine
CREATE TABLE viewer AS
SELECT i AS viewer_id,
       (i * 7919 % 1000) / 10.0::float8 AS watch_minutes,
       i * 104729 % 23 AS interactions,
       CASE WHEN i % 11 > 0 THEN (i * 1299709 % 97)::float8 END AS coupons
FROM generate_series(1, 2000::bigint) i;
ALTER TABLE viewer ADD bought boolean, ADD level bigint, ADD channel text;
UPDATE viewer SET bought = watch_minutes + 4 * interactions > 90,
                  level = (watch_minutes / 34)::bigint - 1,
                  channel = CASE WHEN coupons IS NULL THEN '微信' WHEN coupons > 50 THEN 'douyin' ELSE 'weibo' END;

-- a model per label type; labels come back as they went in
CREATE TABLE model AS
SELECT rf_train(bought, ARRAY[watch_minutes, interactions, coupons]) AS buys,
       rf_train(level, ARRAY[watch_minutes, interactions], '{"trees": 20}') AS level,
       rf_train(channel, ARRAY[coupons, watch_minutes], '{"trees": 20, "mtry": "all"}') AS channel
FROM viewer;
SELECT rf_classes(buys) AS buys, rf_classes(level) AS level, rf_classes(channel) AS channel FROM model;
SELECT count(*) FILTER (WHERE rf_predict(m.buys, ARRAY[watch_minutes, interactions, coupons])::boolean = v.bought) AS buys,
       count(*) FILTER (WHERE rf_predict(m.level, ARRAY[watch_minutes, interactions])::bigint = v.level) AS level,
       count(*) FILTER (WHERE rf_predict(m.channel, ARRAY[coupons, watch_minutes]) = v.channel) AS channel
FROM viewer v, model m;

-- probabilities are in the order of the classes and add up to 1
SELECT bool_and(abs(p[1] + p[2] - 1) < 1e-12) AS add_up,
       bool_and(rf_predict(buys, f) = (rf_classes(buys))[CASE WHEN p[2] > p[1] THEN 2 ELSE 1 END]) AS agree
FROM (SELECT buys, f, rf_predict_proba(buys, f) AS p
      FROM model, LATERAL (SELECT ARRAY[watch_minutes, interactions, coupons] AS f FROM viewer) v) x;

-- what a model tells of itself
SELECT rf_info(level) - 'nodes' - 'depth' - 'bytes' AS info FROM model;
SELECT (rf_info(buys) ->> 'bytes')::int = length(buys) AS bytes,
       (rf_info(buys) ->> 'nodes')::int > 100 AS nodes,
       (rf_info(buys) ->> 'depth')::int BETWEEN 1 AND 100 AS depth
FROM model;

-- the order of the rows and the plan change nothing, the seed does
CREATE FUNCTION train(query text, OUT model bytea) LANGUAGE plpgsql AS
$$BEGIN EXECUTE 'SELECT rf_train(bought, ARRAY[watch_minutes, interactions, coupons], ''{"trees": 7}'') FROM ' || query INTO model; END$$;
SELECT train('viewer') = train('(SELECT * FROM viewer ORDER BY viewer_id * 7 % 2003) v') AS shuffled,
       train('viewer') = train('(SELECT * FROM viewer WHERE viewer_id % 2 = 0 UNION ALL SELECT * FROM viewer WHERE viewer_id % 2 = 1) v') AS appended;
SELECT rf_train(bought, ARRAY[watch_minutes, interactions, coupons], '{"trees": 7, "seed": 43}') <> train('viewer') AS other_seed
FROM viewer;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
EXPLAIN (COSTS OFF) SELECT rf_train(bought, ARRAY[watch_minutes, interactions, coupons], '{"trees": 7}') FROM viewer;
SELECT rf_train(bought, ARRAY[watch_minutes, interactions, coupons], '{"trees": 7}') = train('viewer') AS parallel FROM viewer;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;

-- rows past the memory setting go to a file, and the model is the same
SET liveanalytics.collect_mem = '1MB';
SELECT md5(rf_train(i % 3 = 0, ARRAY[i % 1009, i % 17, i % 5], '{"trees": 2, "max_depth": 6}')) AS spilled
FROM generate_series(1, 100000) i \gset
RESET liveanalytics.collect_mem;
SELECT md5(rf_train(i % 3 = 0, ARRAY[i % 1009, i % 17, i % 5], '{"trees": 2, "max_depth": 6}')) = :'spilled' AS same
FROM generate_series(1, 100000) i;

-- rows so wide that the first portion of them is past it already
CREATE TABLE wide AS
SELECT i, array_agg((i * j % 97)::float8 ORDER BY j) AS features FROM generate_series(1, 200) i, generate_series(1, 2100) j GROUP BY i;
SET liveanalytics.collect_mem = '1MB';
SELECT md5(rf_train(i % 3 = 0, features, '{"trees": 2, "max_depth": 6}')) AS spilled FROM wide \gset
RESET liveanalytics.collect_mem;
SELECT md5(rf_train(i % 3 = 0, features, '{"trees": 2, "max_depth": 6}')) = :'spilled' AS same FROM wide;
DROP TABLE wide;

-- one model per group, joined back; a few models may alternate
WITH per_channel AS (
  SELECT channel, rf_train(bought, ARRAY[watch_minutes, interactions], '{"trees": 30}') AS forest FROM viewer GROUP BY channel
)
SELECT channel, count(*) FILTER (WHERE rf_predict(forest, ARRAY[watch_minutes, interactions])::boolean = bought) = count(*) AS all_right
FROM viewer JOIN per_channel USING (channel) GROUP BY channel ORDER BY channel COLLATE "C";

-- the model is decoded once per query: however it reaches the function
SELECT level FROM model \gset
SET jit = off;
SET client_min_messages = debug1;
SELECT count(rf_predict(m.level, ARRAY[watch_minutes, interactions])) FROM viewer, model m;
SELECT count(rf_predict((SELECT level FROM model), ARRAY[watch_minutes, interactions])) FROM viewer;
PREPARE score(bytea) AS SELECT count(rf_predict($1, ARRAY[watch_minutes, interactions])) FROM viewer;
SET plan_cache_mode = force_generic_plan;
EXECUTE score(:'level');
RESET plan_cache_mode;
RESET client_min_messages;
RESET jit;

-- missing values learn their side: here only they tell the classes apart
SELECT rf_predict(f, ARRAY[NULL, 1]) AS missing, rf_predict(f, ARRAY[3, 1]) AS present, rf_predict(f, ARRAY['NaN', 1]::float8[]) AS nan
FROM (SELECT rf_train(CASE WHEN i % 2 = 0 THEN 'missing' ELSE 'present' END, ARRAY[CASE WHEN i % 2 = 1 THEN i END, i], '{"mtry": 2}') AS f
      FROM generate_series(1, 200) i) t;

-- few rows, one class, equal features, all missing
SELECT rf_train(bought, ARRAY[watch_minutes]) IS NULL AS no_rows FROM viewer WHERE false;
SELECT rf_train(NULL::text, ARRAY[watch_minutes]) IS NULL AS no_labels FROM viewer;
SELECT rf_predict(rf_train('only'::text, ARRAY[1.0]), ARRAY[7.0]) AS one_row;
SELECT rf_info(rf_train('only'::text, ARRAY[i, NULL])) -> 'nodes' AS one_class FROM generate_series(1, 50) i;
SELECT rf_predict_proba(rf_train(i % 4 = 0, ARRAY[1.0, NULL]), ARRAY[1.0, 2.0]) AS nothing_to_learn FROM generate_series(1, 4000) i \gset
SELECT abs((:'nothing_to_learn'::float8[])[2] - 0.25) < 0.01 AS share;
SELECT rf_info(rf_train(i % 2 = 0, features)) -> 'rows' AS null_features_left_out
FROM generate_series(1, 10) i, LATERAL (SELECT CASE WHEN i > 4 THEN ARRAY[i::float8] END AS features) f;
SELECT rf_predict(NULL, ARRAY[1.0]) IS NULL AND rf_predict('\x00', NULL) IS NULL AS null_arguments;

-- targets of any size: trees and figures are alike
CREATE TABLE scaled AS
SELECT exponent, rf_train_regression(2::float8 ^ exponent * (watch_minutes + 4 * interactions), ARRAY[watch_minutes, coupons, interactions],
                                     '{"trees": 50, "permutation": true}') AS forest
FROM viewer, unnest(ARRAY[0, 988, -1000]) exponent GROUP BY exponent;
SELECT exponent, (rf_info(s.forest) ->> 'nodes')::float8 / (rf_info(one.forest) ->> 'nodes')::float8 BETWEEN 0.98 AND 1.02 AS nodes,
       (SELECT array_agg(i.feature ORDER BY i.impurity) FROM rf_importance(s.forest) i) AS by_importance,
       (SELECT bool_and(abs(permutation) < 'Infinity' AND std_error < 'Infinity') FROM rf_importance(s.forest)) AS finite
FROM scaled s, (SELECT forest FROM scaled WHERE exponent = 0) one ORDER BY exponent;
DROP TABLE scaled;
SELECT rf_predict_value(rf_train_regression(CASE WHEN i % 2 = 0 THEN -1e300 WHEN i % 7 = 0 THEN 9.999999999999999e299 ELSE 1e300 END,
                                            ARRAY[i % 2], '{"trees": 50}'), ARRAY[1.0]) > 0.999e300 AS largest_target
FROM generate_series(1, 2000) i;

-- options bound the trees
SELECT (rf_info(rf_train(bought, ARRAY[watch_minutes, interactions], '{"max_depth": 3, "trees": 5}')) ->> 'depth')::int AS depth,
       (rf_info(rf_train(bought, ARRAY[watch_minutes, interactions], '{"min_leaf": 2000, "trees": 5}')) ->> 'nodes')::int AS nodes,
       rf_info(rf_train(bought, ARRAY[watch_minutes, interactions], '{"mtry": "third", "max_depth": null}')) -> 'options' AS options
FROM viewer;

SELECT rf_info(rf_train(true, ARRAY[1.0], '{"seed": -9223372036854775808}')) -> 'seed' AS least_seed,
       rf_info(rf_train(true, ARRAY[1.0], '{"seed": 9223372036854775807}')) -> 'seed' AS largest_seed;

-- window frames train anew for every frame and leave the state alone
SELECT array_agg(rows ORDER BY i) AS rows
FROM (SELECT i, rf_info(rf_train(i % 2, ARRAY[i::float8], '{"trees": 1}') OVER (ORDER BY i)) -> 'rows' AS rows
      FROM generate_series(1, 5) i) w;

-- errors
\set VERBOSITY sqlstate
SELECT rf_train(true, ARRAY[]::float8[]);
SELECT rf_train(true, ARRAY[[1.0, 2.0], [3.0, 4.0]]);
SELECT rf_train(true, CASE WHEN i < 3 THEN ARRAY[1.0] ELSE ARRAY[1.0, 2.0] END) FROM generate_series(1, 3) i;
SELECT rf_train(true, ARRAY['Infinity'::float8]);
SELECT rf_train(true, array_fill(1.0::float8, ARRAY[10001]));
SELECT rf_train(true, ARRAY[1.0], '[]');
SELECT rf_train(true, ARRAY[1.0], '{"tree": 5}');
SELECT rf_train(true, ARRAY[1.0], '{"trees": "5"}');
SELECT rf_train(true, ARRAY[1.0], '{"seed": 1e30}');
SELECT rf_train(true, ARRAY[1.0], '{"seed": 9223372036854775808}');
SELECT rf_train(true, ARRAY[1.0], '{"seed": -9223372036854775809}');
SELECT rf_train(true, ARRAY[1.0], '{"seed": 0.5}');
SELECT rf_train(true, ARRAY[1.0], '{"sample": 0}');
SELECT rf_train(true, ARRAY[1.0], '{"mtry": "half"}');
SELECT rf_train(true, ARRAY[1.0], jsonb_build_object('seed', i)) FROM generate_series(1, 2) i;
SELECT rf_train(i, ARRAY[1.0]) FROM generate_series(1, 65536) i;
SELECT rf_predict(buys, ARRAY[1.0]) FROM model;
SELECT rf_predict(buys, ARRAY[[1.0, 2.0, 3.0]]) FROM model;
SELECT rf_predict(buys, ARRAY[1.0, 2.0, '-Infinity']) FROM model;
SELECT rf_predict('', ARRAY[1.0]);
SELECT rf_classes('\xdeadbeef');
SELECT rf_info(substr(buys, 1, 1000)) FROM model;
SELECT rf_info(set_byte(buys, 1000, get_byte(buys, 1000) # 1)) FROM model;
SELECT rf_info(set_byte(buys, 4, 9)) FROM model;
\set VERBOSITY terse
SELECT rf_train(true, ARRAY[1.0, 'Infinity'::float8]);
SELECT rf_train(true, ARRAY[1.0], '{"tree": 5}');
SELECT rf_train(true, ARRAY[1.0], '{"trees": {"a": [1, "b"]}}');
SELECT rf_train(true, ARRAY[1.0], '{"min_leaf": 0}');
SELECT rf_predict(buys, ARRAY[1.0]) FROM model;
DROP TABLE viewer, model;
DROP FUNCTION train;
