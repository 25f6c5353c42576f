-- The whole path of a brand: tables and views in a schema of its own, ten days
-- of streams on three channels, a payload of a platform, rollups, their check,
-- a model, and what the views say of the last stream.
--
--   psql -X -v live_viewers=6000 -f examples/live_commerce.sql
\ir begin.sql
\if :{?live_viewers}
\else
  \set live_viewers 6000
\endif
DROP SCHEMA IF EXISTS live_example CASCADE;

INSERT INTO step (name) VALUES ('live_setup');
\echo '1. live_setup: behaviour tables, rollups and views for BI, all yours'
-- ids of viewers are kept as keyed hashes; with a key of one's own every run has the same audience
SET live.id_key = 'a key for the example';
SELECT live_setup('live_example');

INSERT INTO step (name) VALUES ('live_simulate');
\echo '2. live_simulate: a made-up audience on wechat, weibo and douyin, ten days of streams, a coupon, refunds that come later'
SELECT * FROM live_simulate('live_example', jsonb_build_object('streams', 29, 'viewers', :live_viewers));

INSERT INTO step (name) VALUES ('live_ingest');
\echo '3. live_ingest: a payload of Douyin that comes late, with a like that was delivered twice and an event of an unknown type'
SELECT stream_id AS last_stream, external_id AS last_room, (extract(epoch FROM start_ts) * 1000)::bigint AS last_start, title AS last_title
FROM live_example.stream ORDER BY start_ts DESC, stream_id DESC LIMIT 1 \gset
SELECT jsonb_build_object(
  'events', jsonb_build_array(
    jsonb_build_object('msg_id', 'm1', 'room_id', :'last_room', 'sec_openid', 'late-1', 'msg_type', 'live_enter', 'timestamp', :last_start + 60000),
    jsonb_build_object('msg_id', 'm2', 'room_id', :'last_room', 'sec_openid', 'late-1', 'msg_type', 'live_like', 'like_num', 8, 'timestamp', :last_start + 90000),
    jsonb_build_object('msg_id', 'm2', 'room_id', :'last_room', 'sec_openid', 'late-1', 'msg_type', 'live_like', 'like_num', 8, 'timestamp', :last_start + 90000),
    jsonb_build_object('msg_id', 'm3', 'room_id', :'last_room', 'sec_openid', 'late-1', 'msg_type', 'live_wave', 'timestamp', :last_start + 95000),
    jsonb_build_object('msg_id', 'm4', 'room_id', :'last_room', 'sec_openid', 'late-1', 'msg_type', 'live_leave', 'timestamp', :last_start + 240000)),
  'orders', jsonb_build_array(
    jsonb_build_object('order_id', 'late-o1', 'sec_openid', 'late-1', 'room_id', :'last_room', 'create_time', :last_start / 1000 + 150, 'pay_time', :last_start / 1000 + 170, 'pay_amount', 9900)))
  AS payload \gset
SELECT * FROM live_ingest('live_example', 'douyin', :'payload');
\echo 'What could not be taken is kept with its reason, and can be tried again by live_replay:'
SELECT record, reason, raw ->> 'msg_type' AS msg_type FROM live_example.ingest_reject;
\echo 'The same payload once more is known, and does nothing:'
SELECT accepted, duplicate, rejected FROM live_ingest('live_example', 'douyin', :'payload');

INSERT INTO step (name) VALUES ('live_refresh');
\echo '4. live_refresh: the rollups follow what has changed; live_verify: they equal a computation from all rows'
CALL live_refresh('live_example');
INSERT INTO step (name) VALUES ('live_verify');
SELECT count(*) AS "buckets that differ" FROM live_verify('live_example');

INSERT INTO step (name) VALUES ('live_train');
\echo '5. live_train: who buys, and who comes back, in the last five days, from what was known before them? Judged by viewers held out'
SELECT 'purchase' AS model, t.version, t.kind, t.rows AS "learned from", t.test_rows AS "held out", t.is_current AS current
FROM live_train('live_example', 'purchase', '{"days": 5, "split": "viewer", "test_fraction": 0.4}') AS t
UNION ALL
SELECT 'return', t.version, t.kind, t.rows, t.test_rows, t.is_current FROM live_train('live_example', 'return', '{"days": 5, "split": "viewer", "test_fraction": 0.4}') AS t;
\echo 'The same by logistic regression: it takes the place of the forest unless it is worse on the same viewers'
SELECT 'purchase' AS model, t.version, t.kind, round(t.log_loss::numeric, 4) AS "log-loss", round(t.previous_log_loss::numeric, 4) AS "of the forest", t.is_current AS current
FROM live_train('live_example', 'purchase', '{"days": 5, "split": "viewer", "test_fraction": 0.4, "kind": "logreg"}') AS t;

INSERT INTO step (name) VALUES ('views');
\echo 'The last stream (view stream_overview 场次总览); x / 0 and what a channel does not report is -'
SELECT c.zh AS "指标", c.en AS metric, to_jsonb(o) ->> c.metric AS value
FROM live_example.stream_overview AS o,
     unnest('{viewers_ucnt,views_cnt,acu,pcu,avg_watch_per_viewer,stay_60s_rate,interactions_cnt,engage_urate,new_followers,pay_ucnt,pay_order_cnt,gmv_pay,gmv_net,refund_rate_pay,view_buy_urate,gpm_views,uv_value,ad_cost,roi}'::text[])
       WITH ORDINALITY AS m (metric, place) JOIN live_example.metric_catalog AS c USING (metric)
WHERE o.stream_id = :last_stream ORDER BY place;

\echo 'Its funnel (view stream_funnel 五维四率): each step for itself, and those who took the steps in this order'
SELECT step, zh AS "步骤", people, round(100 * people::numeric / nullif(lag(people) OVER (ORDER BY place), 0), 1) AS "% of the step before",
       in_order AS "in order", round(100 * in_order::numeric / nullif(lag(in_order) OVER (ORDER BY place), 0), 1) AS "% in order"
FROM live_example.stream_funnel, LATERAL (VALUES (1, 'reached', '曝光', impressions_ucnt, seq_expose), (2, 'entered', '进入', viewers_ucnt, seq_enter),
  (3, 'shown a product', '商品曝光', product_show_ucnt, seq_show), (4, 'clicked', '商品点击', product_click_ucnt, seq_click), (5, 'bought', '成交', pay_ucnt, seq_pay))
  AS s (place, step, zh, people, in_order)
WHERE stream_id = :last_stream ORDER BY place;

\echo 'Its viewers by how much they interact in all streams (view viewer_profile 观众画像), and what to offer each segment'
SELECT p.segment_en || ' ' || p.segment_zh AS segment, count(*) AS viewers, min(p.interactions_cnt) AS "from", max(p.interactions_cnt) AS "to",
       round(100 * avg((r.paid > 0)::int), 1) AS "bought %", round(100 * avg(p.purchase_score), 1) AS "buys next %", p.strategy_zh AS "内容策略", p.strategy_en AS strategy
FROM live_example.viewer_profile AS p
  JOIN (SELECT viewer_id, sum(pay_order_cnt) AS paid FROM live_example.roll_viewer WHERE stream_id = :last_stream GROUP BY viewer_id HAVING sum(views_cnt) > 0) AS r USING (viewer_id)
GROUP BY p.segment, p.segment_en, p.segment_zh, p.strategy_zh, p.strategy_en ORDER BY p.segment;

\echo 'How good the models are (view model_quality 模型评估): told of viewers that they had not seen'
SELECT name AS model, version, kind, is_current AS current, cut AS "from", days, test_rows AS "held out", test_positive AS "did it", round(100 * accuracy, 1) AS "accuracy %",
       round(100 * majority_accuracy, 1) AS "majority %", round(roc_auc, 3) AS "ROC AUC", round(log_loss, 4) AS "log-loss", round(base_log_loss, 4) AS "constant"
FROM live_example.model_quality ORDER BY name, version;
\echo 'Few buy, so "nobody buys" is right most of the time: the AUC says how well the model ranks (0.5 is by chance), log-loss how'
\echo 'good its probabilities are (a constant one costs what the last column says).'
\echo 'Whom to send the coupon of the next stream: the most probable buyers of the next five days, by the current models'
SELECT viewer_id, channel, segment_en || ' ' || segment_zh AS segment, streams_cnt AS streams, pay_order_cnt AS orders, gmv_net,
       round(100 * purchase_score, 1) AS "buys %", round(100 * return_score, 1) AS "returns %", purchase_model_version AS version
FROM live_example.viewer_profile ORDER BY purchase_score DESC, viewer_id LIMIT 5;
\ir end.sql
