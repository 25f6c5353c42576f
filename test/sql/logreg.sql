-- logreg: reference fits, missing values, separation, dependent columns, more
-- than two classes, penalty, input and output, order of rows, errors

-- Spector & Mazzeo 1980, as in Greene, Econometric Analysis: R's glm gives
-- -13.0213468581, 2.82611259489, 0.0951576613179, 2.37868765509; standard
-- errors 4.931324214, 1.262941076, 0.1415542057, 1.064564254; log-likelihood
-- -12.8896342221
CREATE TABLE spector(gpa float8, tuce float8, psi float8, grade boolean);
INSERT INTO spector VALUES (2.66,20,0,false), (2.89,22,0,false), (3.28,24,0,false), (2.92,12,0,false), (4,21,0,true),
  (2.86,17,0,false), (2.76,17,0,false), (2.87,21,0,false), (3.03,25,0,false), (3.92,29,0,true), (2.63,20,0,false),
  (3.32,23,0,false), (3.57,23,0,false), (3.26,25,0,true), (3.53,26,0,false), (2.74,19,0,false), (2.75,25,0,false),
  (2.83,19,0,false), (3.12,23,1,false), (3.16,25,1,true), (2.06,22,1,false), (3.62,28,1,true), (2.89,14,1,false),
  (3.51,26,1,false), (3.54,24,1,true), (2.83,27,1,true), (3.39,17,1,true), (2.67,24,1,false), (3.65,21,1,true),
  (4,23,1,true), (3.1,21,1,false), (2.39,19,1,true);
CREATE TABLE model AS SELECT logreg_fit(grade, ARRAY[gpa, tuce, psi]) AS fit FROM spector;
SELECT class, term, round(estimate::numeric, 10) AS estimate, round(std_error::numeric, 6) AS std_error, round(z_value::numeric, 6) AS z_value,
  round(p_value::numeric, 7) AS p_value, round(ci_low::numeric, 5) AS ci_low, round(ci_high::numeric, 5) AS ci_high
FROM model, logreg_terms(fit, ARRAY['gpa', 'tuce', 'psi']);
SELECT n, skipped, classes, df_model, df_residual, round(log_likelihood::numeric, 10) AS log_likelihood,
  round(null_log_likelihood::numeric, 9) AS null_log_likelihood, round(deviance::numeric, 9) AS deviance,
  round(null_deviance::numeric, 9) AS null_deviance, round(aic::numeric, 9) AS aic, round(bic::numeric, 9) AS bic,
  round(pseudo_r2::numeric, 9) AS pseudo_r2, round(lr_chi2::numeric, 8) AS lr_chi2, round(lr_p_value::numeric, 10) AS lr_p_value,
  l2, converged, separated
FROM model, logreg_stats(fit) \gx
SELECT round(logreg_predict(fit, ARRAY[3, 20, 1])::numeric, 10) AS p, logreg_predict_class(fit, ARRAY[3, 20, 1]) AS class,
  logreg_predict_class(fit, ARRAY[4, 25, 1]) AS another, logreg_classes(fit) AS classes,
  (SELECT array_agg(round(v::numeric, 10)) FROM unnest(logreg_predict_proba(fit, ARRAY[3, 20, 1])) v) AS proba
FROM model;
-- the fitted probabilities add up to the counts
SELECT round(sum(logreg_predict(fit, ARRAY[gpa, tuce, psi]))::numeric, 8) AS fitted, count(*) FILTER (WHERE grade) AS observed FROM model, spector;
SELECT class, term, round((ci_high - estimate)::numeric, 5) AS half FROM model, logreg_terms(fit, '{}', 0.99);
-- without features that tell anything: the log-odds of the share
SELECT term, round(estimate::numeric, 9) AS estimate, round(std_error::numeric, 6) AS std_error
FROM logreg_terms((SELECT logreg_fit(i > 1, ARRAY[i % 2, 5]) FROM (VALUES (1), (1), (2), (3), (3), (3), (0), (2)) v(i)));

-- missing: a NULL label leaves the row out, a NULL feature is counted
SELECT logreg_fit(grade, ARRAY[gpa]) IS NULL AS none FROM spector WHERE false;
SELECT logreg_fit(NULL::boolean, ARRAY[gpa]) IS NULL AS none, logreg_fit(NULL::text, ARRAY[gpa]) IS NULL AS text_none FROM spector;
SELECT n, skipped FROM (SELECT logreg_fit(NULLIF(grade, psi = 2), ARRAY[NULLIF(gpa, 4), tuce]) AS fit FROM spector) f, logreg_stats(fit);
SELECT n, skipped FROM (SELECT logreg_fit(CASE WHEN tuce <> 25 THEN grade END, CASE WHEN gpa < 4 THEN ARRAY[gpa] END) AS fit FROM spector) f, logreg_stats(fit);
SELECT fit, logreg_classes(fit), logreg_predict(fit, ARRAY[1]) AS p FROM (SELECT logreg_fit(grade, NULL::float8[]) AS fit FROM spector) f;
SELECT fit, logreg_classes(fit), logreg_predict_class(fit, ARRAY[1, 2]) AS class FROM (SELECT logreg_fit(grade::text, ARRAY[NULL, gpa]) AS fit FROM spector) f;
SELECT s.*, (SELECT count(*) FROM logreg_terms(fit)) FROM (SELECT logreg_fit(grade, NULL::float8[]) AS fit FROM spector) f, logreg_stats(fit) s \gx
SELECT logreg_predict(NULL, ARRAY[1]), logreg_predict(fit, NULL), logreg_predict(fit, ARRAY[1, NULL, 1]) FROM model;
SELECT count(*) FROM logreg_terms(NULL);

-- dependent columns: the first of them has the estimate, as in R
SELECT term, round(estimate::numeric, 8) AS estimate, round(std_error::numeric, 6) AS std_error
FROM logreg_terms((SELECT logreg_fit(grade, ARRAY[gpa, 7, tuce, gpa + tuce, psi, 0]) FROM spector), ARRAY['gpa', 'seven', 'tuce', 'sum', 'psi', 'zero']);
SELECT df_model, df_residual, round(log_likelihood::numeric, 8) AS log_likelihood
FROM logreg_stats((SELECT logreg_fit(grade, ARRAY[gpa, 7, tuce, gpa + tuce, psi, 0]) FROM spector));
-- large offsets cost no digits: an intercept of 1e9 is far off, the slope is not
SELECT term, round(estimate::numeric, 7) AS estimate, round(z_value::numeric, 5) AS z_value
FROM logreg_terms((SELECT logreg_fit(grade, ARRAY[1e9 + gpa * 128, 1e-9 * tuce, psi]) FROM spector)) OFFSET 1;

-- complete separation
SELECT * FROM logreg_terms((SELECT logreg_fit(i > 5, ARRAY[i, i % 3]) FROM generate_series(1, 10) i));
SELECT log_likelihood, deviance, pseudo_r2, converged, separated FROM logreg_stats((SELECT logreg_fit(i > 5, ARRAY[i, i % 3]) FROM generate_series(1, 10) i));
SELECT logreg_predict(fit, ARRAY[3]), logreg_predict_class(fit, ARRAY[3]), logreg_predict_proba(fit, ARRAY[3])
FROM (SELECT logreg_fit(i > 5, ARRAY[i]) AS fit FROM generate_series(1, 10) i) f;
-- quasi-complete: the tie at 5 keeps the classes together, and nothing else
SELECT * FROM logreg_terms((SELECT logreg_fit(i > 5 OR k = 2, ARRAY[i]) FROM generate_series(1, 10) i, generate_series(1, 2) k WHERE i = 5 OR k = 1));
-- a feature that is only there for one class; the other estimates are those of
-- the rows without it
CREATE TABLE gift AS SELECT i % 7 + (i % 3) * 0.3 AS x, (i % 5 = 0)::int AS gift, i % 5 = 0 OR (i * 7919) % 11 > 4 + i % 4 AS bought FROM generate_series(1, 200) i;
SELECT term, round(estimate::numeric, 9) AS estimate, round(std_error::numeric, 6) AS std_error
FROM logreg_terms((SELECT logreg_fit(bought, ARRAY[x, gift]) FROM gift));
SELECT term, round(estimate::numeric, 9) AS estimate, round(std_error::numeric, 6) AS std_error
FROM logreg_terms((SELECT logreg_fit(bought, ARRAY[x]) FROM gift WHERE gift = 0));
SELECT a.separated, a.converged, round(a.log_likelihood::numeric, 9) = round(b.log_likelihood::numeric, 9) AS same_likelihood, a.df_model
FROM logreg_stats((SELECT logreg_fit(bought, ARRAY[x, gift]) FROM gift)) a,
  logreg_stats((SELECT logreg_fit(bought, ARRAY[x]) FROM gift WHERE gift = 0)) b;
-- with a penalty there is a maximum
SELECT term, round(estimate::numeric, 6) AS estimate FROM logreg_terms((SELECT logreg_fit(bought, ARRAY[x, gift], '{"l2": 1}') FROM gift));
SELECT separated, aic, bic, lr_chi2, l2 FROM logreg_stats((SELECT logreg_fit(bought, ARRAY[x, gift], '{"l2": 1}') FROM gift));
-- strong predictors separate nothing: a single row on the wrong side
SELECT separated, converged, round(log_likelihood::numeric, 6) AS log_likelihood
FROM logreg_stats((SELECT logreg_fit(i > 500 OR i = 400, ARRAY[i]) FROM generate_series(1, 1000) i));
SELECT separated, converged, round(log_likelihood::numeric, 6) AS log_likelihood
FROM logreg_stats((SELECT logreg_fit((i > 500) <> (i IN (500, 501)), ARRAY[i, i % 2]) FROM generate_series(1, 1000) i));
-- one class only, few rows
SELECT * FROM logreg_terms((SELECT logreg_fit(true, ARRAY[gpa]) FROM spector));
SELECT classes, separated, logreg_classes(fit), logreg_predict(fit, ARRAY[1]) FROM (SELECT logreg_fit('only'::text, ARRAY[gpa]) AS fit FROM spector) f, logreg_stats(fit);
SELECT term, estimate FROM logreg_terms((SELECT logreg_fit(i = 1, ARRAY[i, i * i, sin(i)]) FROM generate_series(1, 2) i));

-- three classes
CREATE TABLE plan AS SELECT CASE WHEN (i * 7919) % 101 < 40 - i % 10 THEN 'basic' WHEN (i * 104729) % 97 < 50 THEN 'plus' ELSE 'top' END AS plan,
  ARRAY[i % 10, ((i * 31) % 17) / 4.0]::float8[] AS x FROM generate_series(1, 500) i;
SELECT class, term, round(estimate::numeric, 8) AS estimate, round(std_error::numeric, 6) AS std_error
FROM logreg_terms((SELECT logreg_fit(plan, x) FROM plan));
SELECT n, classes, df_model, df_residual, round(log_likelihood::numeric, 9) AS log_likelihood FROM logreg_stats((SELECT logreg_fit(plan, x) FROM plan));
SELECT logreg_predict_class(fit, ARRAY[9, 1]), logreg_classes(fit), (SELECT array_agg(round(v::numeric, 8)) FROM unnest(logreg_predict_proba(fit, ARRAY[9, 1])) v) AS proba
FROM (SELECT logreg_fit(plan, x) AS fit FROM plan) f;
-- fitted shares are observed shares
SELECT plan, round(sum(p[1])::numeric, 6) AS basic, round(sum(p[2])::numeric, 6) AS plus, round(sum(p[3])::numeric, 6) AS top
FROM (SELECT 'fitted' AS plan, logreg_predict_proba(fit, x) AS p FROM plan, (SELECT logreg_fit(plan, x) AS fit FROM plan) f) q GROUP BY plan
UNION ALL SELECT 'observed', count(*) FILTER (WHERE plan = 'basic'), count(*) FILTER (WHERE plan = 'plus'), count(*) FILTER (WHERE plan = 'top') FROM plan;
-- a class that a feature tells: the others keep theirs
SELECT class, term, round(estimate::numeric, 7) AS estimate
FROM logreg_terms((SELECT logreg_fit(plan, x || (plan = 'top')::int::float8) FROM plan));
-- two classes as text are those of a boolean
SELECT logreg_predict(a, ARRAY[3, 20, 1]) = logreg_predict(b, ARRAY[3, 20, 1]) AS same, logreg_classes(b) AS classes
FROM (SELECT logreg_fit(grade, ARRAY[gpa, tuce, psi]) AS a, logreg_fit(CASE WHEN grade THEN 'pass' ELSE 'fail' END, ARRAY[gpa, tuce, psi]) AS b FROM spector) f;

-- text and binary are exact, whatever the settings
SET extra_float_digits = -15;
SELECT fit::text::logreg::text = fit::text AS exact, logreg_send(fit::text::logreg) = logreg_send(fit) AS to_the_bit
FROM (SELECT fit FROM model UNION ALL SELECT logreg_fit(plan, x) FROM plan UNION ALL SELECT logreg_fit(bought, ARRAY[x, gift]) FROM gift) f;
RESET extra_float_digits;

-- any order of rows, any plan, any memory: the same bytes
CREATE TABLE sample AS SELECT i, i % 3 AS part, sin(i * 1.7) + cos(i) * 0.8 > 0.4 AS y, ARRAY[cos(i), i * 0.1, exp(sin(i * 1.3) + cos(i * 7)), i % 5]::float8[] AS x
FROM generate_series(1, 60000) i;
CREATE TABLE fits AS SELECT 'forwards' AS how, logreg_fit(y, x) AS fit FROM sample;
INSERT INTO fits SELECT 'backwards', logreg_fit(y, x ORDER BY i DESC) FROM sample;
INSERT INTO fits SELECT 'shuffled', logreg_fit(y, x ORDER BY md5(i::text)) FROM sample;
INSERT INTO fits SELECT 'window', logreg_fit(y, x) OVER () FROM sample LIMIT 1;
SET liveanalytics.collect_mem = '1MB';
INSERT INTO fits SELECT 'spilled', logreg_fit(y, x ORDER BY i DESC) FROM sample;
SET liveanalytics.collect_mem = '3MB';
INSERT INTO fits SELECT 'half spilled', logreg_fit(y, x ORDER BY md5(i::text)) FROM sample;
RESET liveanalytics.collect_mem;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
EXPLAIN (COSTS OFF) SELECT logreg_fit(y, x) FROM sample;
INSERT INTO fits SELECT 'parallel', logreg_fit(y, x) FROM sample;
RESET max_parallel_workers_per_gather;
RESET min_parallel_table_scan_size;
RESET parallel_tuple_cost;
RESET parallel_setup_cost;
SELECT how, logreg_send(fit) = first_value(logreg_send(fit)) OVER (ORDER BY how = 'forwards' DESC) AS same FROM fits ORDER BY how COLLATE "C";
-- equal rows count as often as they are there
CREATE TABLE few AS SELECT i % 4 AS a, i % 3 AS b, (i * 7919) % 13 > 6 + i % 4 AS y FROM generate_series(1, 30000) i;
SELECT n, round(log_likelihood::numeric, 7) AS log_likelihood FROM logreg_stats((SELECT logreg_fit(y, ARRAY[a, b]) FROM few));
SELECT term, round(estimate::numeric, 9) AS estimate, round(std_error::numeric, 6) AS std_error FROM logreg_terms((SELECT logreg_fit(y, ARRAY[a, b]) FROM few));
SET client_min_messages = error;
SELECT count(*), count(*) FILTER (WHERE separated) AS separated FROM (SELECT i % 100 AS g, logreg_fit(y, x) AS fit FROM sample GROUP BY 1) f, logreg_stats(fit);
RESET client_min_messages;

-- options
SELECT iterations, converged FROM logreg_stats((SELECT logreg_fit(grade, ARRAY[gpa, tuce, psi], '{"max_iterations": 2}') FROM spector));
SELECT iterations, converged FROM logreg_stats((SELECT logreg_fit(grade, ARRAY[gpa, tuce, psi], '{"tolerance": 0.01}') FROM spector));
SELECT logreg_fit(grade, ARRAY[gpa], '{}')::text = logreg_fit(grade, ARRAY[gpa])::text AS same, logreg_fit(grade, ARRAY[gpa], NULL)::text = logreg_fit(grade, ARRAY[gpa])::text AS null_same FROM spector;
\set VERBOSITY default
SELECT logreg_fit(grade, ARRAY[gpa], '{"l2": -1}') FROM spector;
SELECT logreg_fit(grade, ARRAY[gpa], '{"l2": "much"}') FROM spector;
SELECT logreg_fit(grade, ARRAY[gpa], '{"tolerance": 0}') FROM spector;
SELECT logreg_fit(grade, ARRAY[gpa], '{"max_iterations": 0}') FROM spector;
SELECT logreg_fit(grade, ARRAY[gpa], '{"max_iterations": 1.5}') FROM spector;
SELECT logreg_fit(grade, ARRAY[gpa], '{"ridge": 1}') FROM spector;
SELECT logreg_fit(grade, ARRAY[gpa], '[1]') FROM spector;
SELECT logreg_fit(grade, ARRAY[gpa], CASE WHEN psi = 0 THEN '{}'::jsonb ELSE '{"l2": 1}' END) FROM spector;
-- NaN, infinity, shapes
SELECT logreg_fit(grade, ARRAY[gpa, 'NaN'::float8]) FROM spector;
SELECT logreg_fit(grade, ARRAY['Infinity'::float8]) FROM spector;
SELECT logreg_fit(grade, ARRAY[gpa * 1e160]) FROM spector;
SELECT logreg_fit(grade, CASE WHEN psi = 0 THEN ARRAY[gpa] ELSE ARRAY[gpa, tuce] END) FROM spector;
SELECT logreg_fit(grade, CASE WHEN psi = 0 THEN ARRAY[gpa, NULL] ELSE ARRAY[gpa] END) FROM spector;
SELECT logreg_fit(grade, ARRAY[]::float8[]) FROM spector;
SELECT logreg_fit(grade, ARRAY[[gpa, tuce], [psi, 1]]) FROM spector;
SELECT logreg_fit(grade, array_fill(gpa, ARRAY[1001])) FROM spector;
SELECT logreg_fit((i % 100)::text, (SELECT array_agg(sin(i * j)) FROM generate_series(1, 30) j)) FROM generate_series(1, 200) i;
SELECT logreg_fit(i::text, ARRAY[i]) FROM generate_series(1, 1001) i;
SELECT logreg_predict(fit, ARRAY[1]) FROM model;
SELECT logreg_predict(fit, ARRAY[1, 'NaN'::float8, 2]) FROM model;
SELECT logreg_predict(fit, ARRAY[[1], [2], [3]]) FROM model;
SELECT logreg_predict((SELECT logreg_fit(plan, x) FROM plan), ARRAY[1, 2]);
SELECT * FROM model, logreg_terms(fit, ARRAY['a']);
SELECT * FROM model, logreg_terms(fit, ARRAY['a', NULL, 'c']);
SELECT * FROM model, logreg_terms(fit, '{}', 95);
-- text that is no model
SELECT ''::logreg;
SELECT '[]'::logreg;
SELECT '{}'::logreg;
SELECT '{"format":2}'::logreg;
SELECT (fit::text::jsonb - 'n')::text::logreg FROM model;
SELECT jsonb_set(fit::text::jsonb, '{n}', '31')::text::logreg FROM model;
SELECT jsonb_set(fit::text::jsonb, '{n}', '0.5')::text::logreg FROM model;
SELECT jsonb_set(fit::text::jsonb, '{classes}', '["true","false"]')::text::logreg FROM model;
SELECT jsonb_set(fit::text::jsonb, '{classes}', '["a"]')::text::logreg FROM model;
SELECT jsonb_set(fit::text::jsonb, '{classes}', '[1, 2]')::text::logreg FROM model;
SELECT jsonb_set(fit::text::jsonb, '{rows}', '[33, -1]')::text::logreg FROM model;
SELECT jsonb_set(fit::text::jsonb, '{labels}', '"int"')::text::logreg FROM model;
SELECT jsonb_set(fit::text::jsonb, '{center}', '[1]')::text::logreg FROM model;
SELECT jsonb_set(fit::text::jsonb, '{center}', '[1, null, 2]')::text::logreg FROM model;
SELECT jsonb_set(fit::text::jsonb, '{base}', '[null]')::text::logreg FROM model;
SELECT jsonb_set(fit::text::jsonb, '{slope}', '[1]')::text::logreg FROM model;
SELECT jsonb_set(fit::text::jsonb, '{std_error}', '[[1, 1, 1, -1]]')::text::logreg FROM model;
SELECT jsonb_set(fit::text::jsonb, '{converged}', '1')::text::logreg FROM model;
SELECT jsonb_set(fit::text::jsonb, '{more}', '1')::text::logreg FROM model;
SELECT jsonb_set(fit::text::jsonb, '{l2}', '-1')::text::logreg FROM model;

DROP TABLE spector, model, gift, plan, sample, fits, few;
