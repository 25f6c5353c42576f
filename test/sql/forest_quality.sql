-- forests for numbers, class weights, out-of-bag figures and importance: that
-- they are what they should be, not to the last digit
CREATE FUNCTION random_number(i int, salt int) RETURNS float8 LANGUAGE sql IMMUTABLE
RETURN ((pg_catalog.hashint8extended(i, salt) >> 20) & 65535) / 65536.0;
CREATE TABLE viewer AS
SELECT i, ARRAY[random_number(i, 1), random_number(i, 2), random_number(i, 3), random_number(i, 4)] AS x,
       random_number(i, 1) + random_number(i, 2) * 2 + 0.5 * random_number(i, 5) AS spent,
       random_number(i, 1) + random_number(i, 2) * 2 + 0.5 * random_number(i, 5) > 2.5 AS rich,
       train_test_split(i) AS part
FROM generate_series(1, 4000) i;

-- out-of-bag figures tell what held-out rows tell, as far as 800 of those can
SELECT abs(oob - held_out) < 0.02 AS alike, held_out > 0.9 AS good
FROM (SELECT rf_train(rich, x) FILTER (WHERE part = 'train') AS forest FROM viewer) m,
     LATERAL (SELECT (rf_info(forest) #>> '{out_of_bag,accuracy}')::float8 AS oob) o,
     LATERAL (SELECT accuracy(rich::text, rf_predict(forest, x)) AS held_out FROM viewer WHERE part = 'test') h;
SELECT abs(oob / held_out - 1) < 0.1 AS alike, r2 > 0.9 AS good
FROM (SELECT rf_train_regression(spent, x) FILTER (WHERE part = 'train') AS forest FROM viewer) m,
     LATERAL (SELECT (rf_info(forest) #>> '{out_of_bag,rmse}')::float8 AS oob, (rf_info(forest) #>> '{out_of_bag,r2}')::float8 AS r2) o,
     LATERAL (SELECT sqrt(avg((spent - rf_predict_value(forest, x)) ^ 2)) AS held_out FROM viewer WHERE part = 'test') h;

-- a feature that decides most comes first, noise comes last and is within three standard errors of nothing
SELECT kind, array_agg(feature ORDER BY impurity DESC) FILTER (WHERE feature < 3) AS by_impurity,
       array_agg(feature ORDER BY permutation DESC) FILTER (WHERE feature < 3) AS by_permutation,
       min(permutation) FILTER (WHERE feature < 3) > max(permutation) FILTER (WHERE feature > 2) AS noise_is_last,
       bool_and(abs(permutation) < 3 * std_error + 0.002) FILTER (WHERE feature > 2) AS noise_is_nothing,
       abs(sum(impurity) - 1) < 1e-12 AS shares
FROM (SELECT 'classes' AS kind, rf_train(rich, x, '{"permutation": true}') AS forest FROM viewer
      UNION ALL SELECT 'numbers', rf_train_regression(spent, x, '{"permutation": true}') FROM viewer) m, rf_importance(forest)
GROUP BY kind ORDER BY kind;

-- one tree has no standard error
SELECT DISTINCT permutation IS NULL AS no_permutation, std_error IS NULL AS no_error
FROM (SELECT rf_train(rich, x, '{"trees": 1, "permutation": true}') AS forest FROM viewer) m, rf_importance(forest);

-- balanced classes: the rare one is found more often
SELECT count(*) FILTER (WHERE rf_predict(balanced, x)::boolean) > count(*) FILTER (WHERE rf_predict(plain, x)::boolean) AS more_often
FROM (SELECT rf_train(spent > 3.1, x, '{"min_leaf": 20}') AS plain,
             rf_train(spent > 3.1, x, '{"min_leaf": 20, "class_weight": "balanced"}') AS balanced FROM viewer) m, viewer;
SELECT rf_info(rf_train(rich, x, '{"trees": 2, "class_weight": "balanced"}')) #> '{options,class_weight}' AS class_weight FROM viewer;

-- numbers: leaves are means, equal targets are met exactly
SELECT min(rf_predict_value(forest, x)) = 7.1 AND max(rf_predict_value(forest, x)) = 7.1 AS exact, rf_info(forest) -> 'out_of_bag' ->> 'r2' AS r2
FROM (SELECT rf_train_regression(7.1, x, '{"trees": 4}') AS forest FROM viewer) m, viewer GROUP BY forest;
SELECT rf_train_regression(NULL, x) IS NULL AS nothing_to_learn, rf_train_regression(spent, NULL) IS NULL AS nothing_to_learn_from FROM viewer;
SELECT count(DISTINCT forest) AS models FROM (
  SELECT rf_train_regression(spent, x, '{"trees": 5}') AS forest FROM viewer
  UNION ALL SELECT rf_train_regression(spent, x, '{"trees": 5}' ORDER BY x[3]) FROM viewer) m;

-- errors
SELECT rf_train_regression('NaN', x) FROM viewer;
SELECT rf_train_regression(-1e301, x) FROM viewer;
SELECT rf_train_regression(spent, x, '{"class_weight": "balanced"}') FROM viewer;
SELECT rf_train(rich, x, '{"class_weight": "heavy"}') FROM viewer;
SELECT rf_train(rich, x, '{"permutation": 1}') FROM viewer;
\set VERBOSITY sqlstate
SELECT rf_train_regression('NaN', x) FROM viewer;
SELECT rf_train_regression(-1e301, x) FROM viewer;
SELECT rf_train_regression(spent, x, '{"class_weight": "balanced"}') FROM viewer;
SELECT rf_train(rich, x, '{"class_weight": "heavy"}') FROM viewer;
SELECT rf_train(rich, x, '{"permutation": 1}') FROM viewer;
\set VERBOSITY default
DROP TABLE viewer;
DROP FUNCTION random_number;
