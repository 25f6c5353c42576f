-- rf_info, rf_importance, rf_nodes: what a forest tells of itself

CREATE TABLE viewer AS
SELECT i, (i * 7919 % 1000) / 10.0::float8 AS watch_minutes, i * 104729 % 23 AS interactions,
       CASE WHEN i % 11 > 0 THEN (i * 1299709 % 97)::float8 END AS coupons
FROM generate_series(1, 2000::bigint) i;
ALTER TABLE viewer ADD bought boolean, ADD channel text;
UPDATE viewer SET bought = watch_minutes + 4 * interactions > 90,
                  channel = CASE WHEN coupons IS NULL THEN '微信' WHEN coupons > 50 THEN 'douyin' ELSE 'weibo' END;
CREATE TABLE model (name text, forest bytea);
INSERT INTO model SELECT 'bought', rf_train(bought, ARRAY[watch_minutes, interactions, coupons], '{"trees": 20}') FROM viewer;
INSERT INTO model SELECT 'channel', rf_train(channel, ARRAY[watch_minutes, interactions, coupons], '{"trees": 20, "min_leaf": 40}') FROM viewer;
INSERT INTO model SELECT 'both', rf_merge(forest)
FROM (SELECT rf_train(bought, ARRAY[watch_minutes, interactions, coupons], jsonb_build_object('trees', 3, 'seed', g)) AS forest FROM viewer, generate_series(1, 4) g GROUP BY g) s;

-- a row per node, in preorder
CREATE TABLE node AS SELECT name, n.* FROM model, rf_nodes(forest) n;
SELECT name, count(*) = (rf_info(forest) ->> 'nodes')::int AS nodes, count(DISTINCT tree) = (rf_info(forest) ->> 'trees')::int AS trees,
       min(tree) = 1 AND min(node) = 1 AS from_one, bool_and(cardinality(value) = cardinality(rf_classes(forest))) AS shares
FROM node JOIN model USING (name) GROUP BY name, forest ORDER BY name;
SELECT bool_and(num_nulls(feature, threshold, missing_left, "left", "right") = CASE WHEN value IS NULL THEN 0 ELSE 5 END) AS leaf_or_inner,
       bool_and(abs((SELECT sum(v) FROM unnest(value) v) - 1) < 1e-12) AS shares_add_up,
       bool_and(node + 1 IN ("left", "right") AND greatest("left", "right") > node + 1) AS children,
       bool_and(feature BETWEEN 1 AND 3) AS features
FROM node;
SELECT count(*) AS nodes_without_one_parent
FROM node n WHERE node > 1 AND
  (SELECT count(*) FROM node p WHERE p.name = n.name AND p.tree = n.tree AND n.node IN (p."left", p."right")) <> 1 AND name = 'channel';

-- the nodes say how to predict
CREATE FUNCTION walk(model text, features float8[], classes int) RETURNS float8[] LANGUAGE sql STABLE AS $$
WITH RECURSIVE path AS (
  SELECT n.* FROM node n WHERE name = model AND node = 1
  UNION ALL
  SELECT n.* FROM path p JOIN node n ON n.name = model AND n.tree = p.tree
    AND n.node = CASE WHEN coalesce(features[p.feature] <= p.threshold, p.missing_left) THEN p."left" ELSE p."right" END
)
SELECT array_agg(mean ORDER BY c) FROM (SELECT c, avg(value[c]) AS mean FROM path, generate_series(1, classes) c WHERE value IS NOT NULL GROUP BY c) m
$$;
CREATE INDEX ON node (name, tree, node);
ANALYZE node;
SELECT name, count(*) AS rows, max(abs(a - b)) < 1e-12 AS alike
FROM model, LATERAL (SELECT ARRAY[i * 1.7, i % 29, nullif(i % 5, 0) * 20] AS f FROM generate_series(1, 40) i) r,
     LATERAL (SELECT unnest(walk(name, f, cardinality(rf_classes(forest)))) AS a, unnest(rf_predict_proba(forest, f)) AS b) p
GROUP BY name ORDER BY name;

-- what is not fetched is not computed
SELECT tree, node FROM (SELECT (rf_nodes(forest)).* FROM model WHERE name = 'bought' LIMIT 2) n;

-- importance: a row per feature
SELECT name, count(*), min(feature), max(feature), bool_and(permutation IS NULL AND std_error IS NULL) AS not_permuted, bool_and(impurity >= 0) AS positive
FROM model, rf_importance(forest) GROUP BY name ORDER BY name;

-- what a forest is
SELECT jsonb_pretty(rf_info(forest) - 'nodes' - 'depth' - 'bytes' - 'out_of_bag') AS info FROM model WHERE name = 'channel';
SELECT jsonb_object_agg(key, jsonb_typeof(value)) AS types FROM model, jsonb_each(rf_info(forest)) WHERE name = 'both';
SELECT (p -> 'seed')::int AS seed, p -> 'trees' AS trees, p -> 'rows' AS rows
FROM model, jsonb_array_elements(rf_info(forest) -> 'parts') p WHERE name = 'both' ORDER BY 1;

-- NULL, other bytes, the wrong kind of forest: see forest_format for regression
SELECT rf_importance(NULL), rf_nodes(NULL);
SELECT rf_info(NULL) IS NULL AS info, rf_classes(NULL) IS NULL AS classes;
\set VERBOSITY sqlstate
SELECT * FROM rf_nodes('');
SELECT * FROM rf_importance('\xdeadbeef');
SELECT rf_predict_value(forest, ARRAY[1.0, 2.0, 3.0]) FROM model WHERE name = 'bought';
\set VERBOSITY default
SELECT rf_predict_value(forest, ARRAY[1.0, 2.0, 3.0]) FROM model WHERE name = 'bought';
DROP FUNCTION walk;
DROP TABLE viewer, model, node;
