-- rf_merge: one forest of all trees

CREATE TABLE viewer AS
SELECT i, i % 4 AS shard, ARRAY[i * 7919 % 1000, i * 104729 % 23, CASE WHEN i % 11 > 0 THEN i * 1299709 % 97 END]::float8[] AS x,
       (ARRAY['douyin', 'weibo', '微信'])[1 + (i * 7919 % 1000 + 20 * (i * 104729 % 23)) / 500 % 3] AS channel,
       i * 7919 % 1000 > 400 AS bought, i * 104729 % 23 / 8 AS level
FROM generate_series(1, 2000::bigint) i;
CREATE TABLE model AS
SELECT shard, rf_train(channel, x, '{"trees": 5}') AS channel, rf_train(bought, x, '{"trees": 5, "max_depth": 4}') AS bought,
       rf_train(level - shard, x, '{"trees": 3}') AS level
FROM viewer GROUP BY shard;

CREATE TABLE merged AS SELECT rf_merge(channel) AS channel, rf_merge(bought) AS bought, rf_merge(level) AS level FROM model;
SELECT i ->> 'trees' AS trees, i ->> 'rows' AS rows, i -> 'classes' AS classes, jsonb_array_length(i -> 'parts') AS parts,
       num_nulls(i ->> 'options', i ->> 'seed', i ->> 'out_of_bag') AS nulls
FROM merged, LATERAL (VALUES (rf_info(channel)), (rf_info(bought)), (rf_info(level))) v (i);

-- the mean of all trees: with as many of each model, the mean of the models
SELECT max(abs(p - mean)) < 1e-12 AS mean_of_models
FROM (SELECT i, c, p, (SELECT avg((rf_predict_proba(m.channel, x))[c]) FROM model m) AS mean
      FROM viewer, merged g, unnest(rf_predict_proba(g.channel, x)) WITH ORDINALITY u (p, c) WHERE i <= 20) s;
SELECT count(*) FILTER (WHERE rf_predict(g.channel, x) = v.channel) > 1900 AS channels,
       count(*) FILTER (WHERE rf_predict(g.bought, x)::boolean = v.bought) > 1900 AS bought
FROM viewer v, merged g;

-- classes unite in their order; a class that a model has not seen has no share in it
SELECT shard, rf_classes(level) AS classes FROM model ORDER BY shard;
SELECT rf_classes(level) AS classes, jsonb_path_query_array(rf_info(level), '$.parts[*].classes') AS of_parts FROM merged;
SELECT rf_classes(rf_merge(m)) AS classes, sum((rf_info(m) ->> 'rows')::int) AS rows, rf_info(rf_merge(m)) -> 'rows' AS merged_rows,
       rf_predict_proba(rf_merge(m), ARRAY[1]) AS shares
FROM (SELECT rf_train(label, ARRAY[1.0], '{"trees": 2}') AS m FROM (VALUES ('b'), ('a'), ('c'), (''), ('ab')) v (label) GROUP BY label) s;

-- the order of the models does not matter, nor which are joined before
SELECT rf_merge(channel ORDER BY shard) = rf_merge(channel ORDER BY shard DESC) AS channel,
       rf_merge(level ORDER BY shard) = rf_merge(level ORDER BY (shard + 2) % 4) AS level
FROM model;
SELECT rf_merge(channel) = (SELECT channel FROM merged) AS channel, rf_merge(level) = (SELECT level FROM merged) AS level
FROM (SELECT rf_merge(channel) AS channel, rf_merge(level) AS level FROM model GROUP BY shard < 1) m;
SELECT rf_merge(channel) = channel AS one_model FROM model WHERE shard = 1 GROUP BY channel;
SELECT rf_merge(merged.channel) = merged.channel AS one_merged_model FROM merged GROUP BY channel;
SELECT rf_info(rf_merge(channel)) -> 'trees' AS twice_the_same FROM (SELECT channel FROM model WHERE shard = 0 UNION ALL SELECT channel FROM model WHERE shard = 0) m;

-- parallel
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
EXPLAIN (COSTS OFF) SELECT rf_merge(channel) FROM model;
SELECT rf_merge(channel) = (SELECT channel FROM merged) AS channel FROM model;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;

-- many models; nothing, and NULL
SELECT rf_info(rf_merge(channel)) -> 'trees' AS trees FROM model, generate_series(1, 100);
SELECT rf_merge(channel) IS NULL AS no_rows FROM model WHERE false;
SELECT rf_merge(NULL) IS NULL AS only_null FROM model;
SELECT rf_merge(CASE WHEN shard > 0 THEN channel END) = rf_merge(channel) FILTER (WHERE shard > 0) AS null_left_out FROM model;
SELECT array_agg(trees ORDER BY shard) AS window_frames
FROM (SELECT shard, rf_info(rf_merge(channel) OVER (ORDER BY shard)) -> 'trees' AS trees FROM model) w;

-- errors
\set VERBOSITY default
SELECT rf_merge(m) FROM (SELECT channel AS m FROM model UNION ALL SELECT level FROM model) s;
SELECT rf_merge(m) FROM (SELECT bought AS m FROM model UNION ALL SELECT rf_train(bought, ARRAY[x[1]], '{"trees": 1}') FROM viewer) s;
SELECT rf_merge(rf_merge) FROM (SELECT rf_merge(m) FROM (SELECT rf_train(true, ARRAY[1.0], '{"trees": 5001}') AS m) s, generate_series(1, 2)) t;
SELECT rf_merge('\x00');
SELECT rf_merge(substr(channel, 1, 1000)) FROM model;
SELECT rf_merge(set_byte(channel, 1000, get_byte(channel, 1000) # 1)) FROM model;

-- states that are none
SELECT rf_merge_final('');
SELECT rf_merge_final('\x03000000');
SELECT rf_merge_final('\x05000000');
SELECT rf_merge_final('\x0500000000');
SELECT rf_merge_final('\x04000000') IS NULL AS empty;
SELECT rf_merge_combine('\x04000000', '\xffffffff00');
SELECT rf_merge_final(rf_merge_combine(rf_merge_accum(NULL, m.channel), rf_merge_accum(NULL, n.channel))) = rf_merge_final(rf_merge_accum(rf_merge_accum(NULL, n.channel), m.channel)) AS by_hand
FROM model m, model n WHERE m.shard = 0 AND n.shard = 1;
SELECT length(rf_merge_final(set_byte(rf_merge_accum(NULL, channel), 20, 7))) FROM model WHERE shard = 0;
DROP TABLE viewer, model, merged;
