-- models: who buys and who comes back, from what was known before
SET client_min_messages = warning;
SET timezone = 'UTC';
SELECT live_setup('lm') IS NOT NULL AS ready;
UPDATE lm.setting SET stats_tz = 'UTC';
-- viewers are numbered in the order of their hashes
UPDATE lm.identity_key SET key = 'a key for tests';

\set VERBOSITY terse
SELECT live_train('lm');
\set VERBOSITY default

-- 400 viewers on six days. Each comes on the days that her number says; every fourth is keen, clicks, and buys on most days.
SELECT accepted, rejected FROM live_ingest('lm', 'generic', (
  WITH v AS (SELECT n, d, date '2024-03-01' + d AS day, n % 4 = 0 AS keen FROM generate_series(1, 400) AS n, generate_series(0, 5) AS d WHERE n * 31 % (d + 2) < 2 OR (n + d) % 3 = 0),
  e AS (
    SELECT n, day, 'enter' AS type, 0 AS minute, 1 AS qty FROM v
    UNION ALL SELECT n, day, 'leave', 1 + n * 7 % 20, 1 FROM v
    UNION ALL SELECT n, day, 'like', 1, 1 + n % 5 FROM v WHERE n % 3 > 0
    UNION ALL SELECT n, day, 'product_click', 1, 1 FROM v WHERE keen)
  SELECT jsonb_build_object(
    'streams', (SELECT jsonb_agg(jsonb_build_object('stream', d, 'start', date '2024-03-01' + d + time '12:00', 'end', date '2024-03-01' + d + time '13:00')) FROM generate_series(0, 5) AS d),
    'events', (SELECT jsonb_agg(jsonb_build_object('id', concat_ws('-', n, day, type), 'stream', day - date '2024-03-01', 'viewer', n, 'type', type, 'ts', day + time '12:00' + minute * interval '1 minute', 'qty', qty)) FROM e),
    'orders', (SELECT jsonb_agg(jsonb_build_object('order', concat_ws('-', n, day), 'viewer', n, 'stream', d, 'created', day + time '12:02', 'paid', day + time '12:03', 'paid_amt', 20 + n % 7))
      FROM v WHERE keen AND n * 13 % 9 <> d OR n % 59 = d))));
CALL live_refresh('lm');

SELECT version, kind, is_current, rows, test_rows, accuracy > majority_accuracy AS learned, roc_auc > 0.8 AS ranks, log_loss < 0.6 AS sure, previous_version
FROM live_train('lm', 'purchase', '{"days": 2}');
SELECT name, cut, days, options, features FROM lm.model;

-- the viewers held out, from the base tables: what was known before the cut, what came of it, and what the stored model says
CREATE VIEW pg_temp.held_out AS
SELECT f.*, EXISTS (SELECT FROM lm.orders o WHERE o.viewer_id = f.viewer_id AND o.paid_ts >= '2024-03-05' AND o.paid_ts < '2024-03-07') AS actual
FROM (SELECT viewer_id, count(DISTINCT stream_id) AS streams_cnt, count(DISTINCT event_ts::date) AS active_days, date '2024-03-05' - min(event_ts)::date AS days_since_first,
             date '2024-03-05' - max(event_ts)::date AS days_since_last,
             extract(epoch FROM sum(event_ts - event_ts::date) FILTER (WHERE type = 'leave') - sum(event_ts - event_ts::date) FILTER (WHERE type = 'enter')) AS watch_s,
             count(*) FILTER (WHERE type = 'enter') AS views_cnt, 0 AS comments_cnt, coalesce(sum(qty) FILTER (WHERE type = 'like'), 0) AS likes_cnt, 0 AS shares_cnt, 0 AS follows_cnt,
             0 AS product_show_cnt, count(*) FILTER (WHERE type = 'product_click') AS product_click_cnt,
             (SELECT count(*) FROM lm.orders o WHERE o.viewer_id = e.viewer_id AND paid_ts < '2024-03-05') AS pay_order_cnt,
             (SELECT coalesce(sum(paid_amt), 0) FROM lm.orders o WHERE o.viewer_id = e.viewer_id AND paid_ts < '2024-03-05') AS gmv_pay,
             coalesce((SELECT 1.0 / (date '2024-03-05' - max(paid_ts)::date) FROM lm.orders o WHERE o.viewer_id = e.viewer_id AND paid_ts < '2024-03-05'), 0) AS pay_recency
      FROM lm.event e WHERE event_ts < '2024-03-05' GROUP BY viewer_id) AS f
WHERE train_test_split(viewer_id, 0.2) = 'test';
SELECT count(*) = max(test_rows) AS same_rows, count(*) FILTER (WHERE actual) = max(test_positive) AS same_outcomes,
       round(accuracy(actual, p >= 0.5)::numeric, 6) = max(q.accuracy) AS same_accuracy, round(roc_auc(actual, p)::numeric, 6) = max(q.roc_auc) AS same_auc,
       round(log_loss(actual, p)::numeric, 6) = max(q.log_loss) AS same_log_loss, count(*) FILTER (WHERE actual AND p >= 0.5) = max(true_positive) AS same_true_positive,
       count(*) FILTER (WHERE NOT actual AND p >= 0.5) = max(false_positive) AS same_false_positive
FROM lm.model_quality q, LATERAL (SELECT h.*, (rf_predict_proba(m.model, ARRAY[streams_cnt, active_days, days_since_first, days_since_last, watch_s, views_cnt, comments_cnt, likes_cnt, shares_cnt,
    follows_cnt, product_show_cnt, product_click_cnt, pay_order_cnt, gmv_pay, pay_recency]::float8[]))[2] AS p FROM pg_temp.held_out h, lm.model m) AS h;
SELECT abs(accuracy - (true_positive + true_negative)::numeric / test_rows) < 1e-6 AS accuracy,
       abs(precision_urate - true_positive::numeric / (true_positive + false_positive)) < 1e-6 AS "precision", abs(recall_urate - true_positive::numeric / test_positive) < 1e-6 AS recall,
       true_positive + false_negative = test_positive AND true_positive + false_positive + false_negative + true_negative = test_rows AS adds_up
FROM lm.model_quality;
SELECT confusion #> '{labels}' AS labels, confusion #> '{matrix}' = jsonb_build_array(jsonb_build_array(true_negative, false_positive), jsonb_build_array(false_negative, true_positive)) AS matrix
FROM lm.model_quality, (SELECT metrics -> 'confusion' AS confusion FROM lm.model) AS m;

-- the same data, the same model: not worse, so current; one that sees less does not take its place; another kind may
SELECT version, is_current, previous_version, log_loss = previous_log_loss AS equal FROM live_train('lm', 'purchase', '{"days": 2}');
SELECT count(DISTINCT md5(model)) FROM lm.model;
SELECT version, is_current, previous_version, log_loss > previous_log_loss AS worse FROM live_train('lm', 'purchase', '{"days": 2, "model": {"trees": 1, "max_depth": 1, "min_leaf": 150}}');
SELECT kind, is_current = (log_loss <= previous_log_loss) AS consequent, roc_auc > 0.8 AS ranks FROM live_train('lm', 'purchase', '{"days": 2, "kind": "logreg", "compare": "log_loss"}');
SELECT kind, is_current, roc_auc = previous_roc_auc AS equal FROM live_train('lm', 'purchase', '{"days": 2, "kind": "logreg", "compare": "roc_auc", "model": {"l2": 1}}') WHERE version > 4;
SELECT version, is_current, rows > 200 AS enough FROM live_train('lm', 'return', '{"days": 1, "split": "viewer", "cut": "2024-03-05", "test_fraction": 0.3}');
SELECT name, count(*) FILTER (WHERE is_current) AS current FROM lm.model GROUP BY name ORDER BY name;

-- nothing that happens from the cut on is among the features
BEGIN;
SELECT version AS before FROM live_train('lm', 'return', '{"days": 1, "cut": "2024-03-05"}') \gset
INSERT INTO lm.event (event_ts, channel_id, stream_id, viewer_id, type, qty, event_uid, batch_id)
SELECT event_ts + interval '1 second', channel_id, stream_id, viewer_id, 'comment', 3, gen_random_uuid(), batch_id FROM lm.event WHERE event_ts >= '2024-03-05' AND type = 'enter';
SELECT done > 0 AS refreshed FROM live_refresh_step('lm', 100000);
SELECT version AS after FROM live_train('lm', 'return', '{"days": 1, "cut": "2024-03-05"}') \gset
SELECT count(*) AS models, count(DISTINCT md5(model)) AS different FROM lm.model WHERE name = 'return' AND version IN (:before, :after);
ROLLBACK;

-- the profile says the score of the current model, and which it is
SELECT count(*) = count(purchase_score) AS scored, bool_and(purchase_score BETWEEN 0 AND 1) AS probabilities, min(purchase_model_version) = max(m.version) AS current,
       bool_and(p.return_model_version = 1) AS other, avg(purchase_score) FILTER (WHERE p.pay_order_cnt > 1) > 2 * avg(purchase_score) FILTER (WHERE p.pay_order_cnt = 0) AS sensible
FROM lm.viewer_profile p, lm.model m WHERE m.is_current AND name = 'purchase';
-- a forest and a regression give the profile the same numbers as when called
BEGIN;
UPDATE lm.model SET is_current = false WHERE name = 'purchase';
UPDATE lm.model SET is_current = true WHERE name = 'purchase' AND version = 1;
SELECT count(*) FROM lm.viewer_profile p JOIN lm.viewer_feature f USING (viewer_id), lm.model m
WHERE m.name = 'purchase' AND version = 1 AND purchase_score IS DISTINCT FROM round((rf_predict_proba(m.model, ARRAY[f.streams_cnt, active_days, days_since_first, days_since_last, f.watch_s, views_cnt,
  f.comments_cnt, f.likes_cnt, f.shares_cnt, follows_cnt, product_show_cnt, product_click_cnt, f.pay_order_cnt, f.gmv_pay, pay_recency]::float8[]))[2]::numeric, 6);
UPDATE lm.model SET is_current = false WHERE name = 'purchase';
SELECT count(purchase_score) AS scores, count(purchase_model_version) AS versions FROM lm.viewer_profile;
-- a model of other features is not used, and the next one takes its place
UPDATE lm.model SET is_current = true, features = '{age}' WHERE name = 'purchase' AND version = 1;
SELECT count(purchase_score) AS scores FROM lm.viewer_profile;
SELECT is_current, previous_version FROM live_train('lm', 'purchase', '{"days": 2}');
ROLLBACK;

-- fifths of the buyers by day, number and value of their orders, against edges of PostgreSQL's own quantiles; equal values stay together
WITH b AS (
  SELECT viewer_id, max(paid_ts)::date - date '2024-01-01' AS r, count(*) AS f, sum(paid_amt) AS m FROM lm.orders GROUP BY viewer_id),
e AS (SELECT percentile_cont('{0.2,0.4,0.6,0.8}'::float8[]) WITHIN GROUP (ORDER BY r) AS r, percentile_cont('{0.2,0.4,0.6,0.8}'::float8[]) WITHIN GROUP (ORDER BY f) AS f,
             percentile_cont('{0.2,0.4,0.6,0.8}'::float8[]) WITHIN GROUP (ORDER BY m) AS m FROM b)
SELECT count(*) > 100 AS buyers, bool_and(r_score = 1 + (SELECT count(*) FROM unnest(e.r) AS x WHERE x < b.r) AND f_score = 1 + (SELECT count(*) FROM unnest(e.f) AS x WHERE x < b.f)
         AND m_score = 1 + (SELECT count(*) FROM unnest(e.m) AS x WHERE x < b.m)) AS scores,
       bool_and(buy_order_cnt = b.f AND buy_net_amt = b.m AND last_pay_date - date '2024-01-01' = b.r) AS figures, max(r_score) - min(r_score) AS spread, bool_and(rfm_segment <> '') AS named
FROM lm.viewer_profile p JOIN b USING (viewer_id), e;
SELECT count(*) FILTER (WHERE r_score IS NOT NULL OR rfm_segment IS NOT NULL) AS not_buyers FROM lm.viewer_profile WHERE buy_order_cnt = 0;

-- what was trained in a transaction that fails is not there
BEGIN;
SELECT version > 0 AS trained FROM live_train('lm', 'return', '{"days": 1}');
ROLLBACK;
SELECT count(*) FROM lm.model WHERE name = 'return';

-- errors
\set VERBOSITY terse
SELECT live_train('lm', 'purchase', '{"days": 3, "cut": "2024-03-02"}');
SELECT live_train('lm', 'purchase', '{"days": 1, "cut": "2024-03-01"}');
SELECT live_train('lm', 'purchase', '{"days": 1, "cut": "2024-03-20", "split": "viewer"}');
\set VERBOSITY sqlstate
SELECT live_train('lm', 'purchase', '{"days": 1, "cut": "2123-03-20"}');
SELECT live_train('lm', 'purchase', '{"days": 1, "cut": "2024-02-31"}');
\set VERBOSITY terse
SELECT live_train('lm', 'churn');
SELECT live_train('lm', NULL);
SELECT live_train(NULL);
SELECT live_train('nobody');
SELECT live_train('lm', 'purchase', '[]');
SELECT live_train('lm', 'purchase', '{"kind": "tree"}');
SELECT live_train('lm', 'purchase', '{"days": 0}');
SELECT live_train('lm', 'purchase', '{"days": "7"}');
SELECT live_train('lm', 'purchase', '{"cut": "today"}');
SELECT live_train('lm', 'purchase', '{"test_fraction": 0.9}');
SELECT live_train('lm', 'purchase', '{"split": "half"}');
SELECT live_train('lm', 'purchase', '{"compare": "luck"}');
SELECT live_train('lm', 'purchase', '{"model": 5}');
SELECT live_train('lm', 'purchase', '{"days": 2, "model": {"trees": 0}}');
SELECT live_train('lm', 'purchase', '{"seed": 5}');

-- models outlive the extension
BEGIN;
DROP EXTENSION liveanalytics CASCADE;
SELECT count(*) AS models, to_regclass('lm.viewer_profile') IS NULL AS view_gone FROM lm.model WHERE name = 'return';
CREATE EXTENSION liveanalytics;
SELECT live_upgrade('lm') ~ 'ready' AS upgraded;
SELECT count(return_score) > 300 AS scores FROM lm.viewer_profile;
ROLLBACK;
DROP SCHEMA lm CASCADE;
