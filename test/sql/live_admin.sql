-- forgetting a viewer, and schedules
SET client_min_messages = warning;
SET timezone = 'UTC';
SELECT live_setup('la') IS NOT NULL AS ready;
UPDATE la.identity_key SET key = 'a key for tests';
UPDATE la.setting SET keep_props = true;
SELECT accepted, rejected FROM live_ingest('la', 'generic', '{
  "events": [{"id": 1, "stream": "s1", "viewer": "ann", "type": "enter", "ts": "2024-03-01 12:00", "phone": "138"},
             {"id": 2, "stream": "s1", "viewer": "ann", "type": "leave", "ts": "2024-03-01 12:05"},
             {"id": 3, "stream": "s1", "viewer": "bob", "type": "enter", "ts": "2024-03-01 12:01"},
             {"id": 4, "stream": "s2", "viewer": "ann", "type": "like", "ts": "2024-03-02 12:01"},
             {"id": 5, "stream": "s2", "viewer": "ann", "type": "dance", "ts": "2024-03-02 12:01"}],
  "totals": [{"stream": "s3", "viewer": "ann", "watch_s": 60}],
  "orders": [{"order": "o1", "viewer": "ann", "stream": "s1", "created": "2024-03-01 12:02", "paid": "2024-03-01 12:02", "paid_amt": 10}],
  "promotions": [{"promotion": "p", "kind": "coupon"}], "exposures": [{"promotion": "p", "viewer": "ann", "arm": "treat", "ts": "2024-03-01"}],
  "coupons": [{"coupon": "k", "promotion": "p", "viewer": "ann", "claimed": "2024-03-01"}]}');
CALL live_refresh('la');
SELECT external_id, viewers_ucnt, views_cnt, gmv_pay FROM la.stream_overview ORDER BY 1;

-- refreshed or not, everything is found
SELECT accepted FROM live_ingest('la', 'generic', '{"events": [{"id": 6, "stream": "s4", "viewer": "ann", "type": "enter", "ts": "2024-03-03 12:00"}]}');
SELECT * FROM live_forget('la', 'generic', 'ann');
CALL live_refresh('la');
SELECT * FROM live_verify('la');
SELECT external_id, viewers_ucnt, views_cnt, pay_ucnt, gmv_pay FROM la.stream_overview ORDER BY 1;
SELECT (SELECT count(*) FROM la.viewer) AS viewers, (SELECT count(*) FROM la.viewer_identity) AS identities, (SELECT count(viewer_id) FROM la.event) AS events,
       (SELECT count(viewer_id) FROM la.orders) AS orders, (SELECT count(viewer_id) FROM la.coupon) AS coupons, (SELECT count(*) FROM la.viewer_total) AS totals,
       (SELECT count(props) FROM la.event) AS props, (SELECT count(raw) FROM la.ingest_reject) AS rejects;
SELECT * FROM live_forget('la', 'generic', 'ann');
-- what comes again does not bring the viewer back; new behaviour makes a new viewer
SELECT accepted, duplicate FROM live_ingest('la', 'generic', '{"events": [{"id": 6, "stream": "s4", "viewer": "ann", "type": "enter", "ts": "2024-03-03 12:00"}]}');

-- roles: a reader sees views and no keys or identities, a writer may ingest
CREATE ROLE live_test_reader;
CREATE ROLE live_test_writer;
GRANT USAGE ON SCHEMA la TO live_test_reader, live_test_writer;
GRANT SELECT ON ALL TABLES IN SCHEMA la TO live_test_reader;
REVOKE SELECT ON la.identity_key, la.viewer_identity, la.ingest_reject FROM live_test_reader;
GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA la TO live_test_writer;
GRANT DELETE ON la.order_item, la.viewer TO live_test_writer;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA la TO live_test_writer;
SET ROLE live_test_writer;
SELECT accepted FROM live_ingest('la', 'generic', '{"events": [{"id": 7, "stream": "s1", "viewer": "cid", "type": "enter", "ts": "2024-03-01 12:00"}],
  "orders": [{"order": "o2", "viewer": "cid", "stream": "s1", "created": "2024-03-01 12:02", "paid_amt": 10, "items": [{"product": 1, "qty": 1}]}]}');
\set VERBOSITY terse
CALL live_refresh('la');
SET ROLE live_test_reader;
SELECT count(*) FROM la.stream_overview;
SELECT key FROM la.identity_key;
SELECT live_ingest('la', 'generic', '{"events": []}');
RESET ROLE;
DROP OWNED BY live_test_reader, live_test_writer;
DROP ROLE live_test_reader, live_test_writer;

-- errors
SELECT live_forget('la', 'nowhere', 'x');
SELECT live_forget('la', 'generic', NULL);
SELECT live_unschedule('la');
\set VERBOSITY sqlstate
SELECT live_schedule('la', '* * * * *') WHERE NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_cron');
\set VERBOSITY terse
SELECT live_schedule('nowhere', '* * * * *');
CALL live_refresh('la', 0);
CALL live_refresh('nowhere');
\set VERBOSITY default
DROP SCHEMA la CASCADE;

-- a made-up audience is the same for the same seed, wherever it is
SELECT live_setup('la') IS NOT NULL AS ready;
SELECT live_setup('lb') IS NOT NULL AS ready;
SELECT accepted FROM live_ingest('lb', 'wechat', '{"events": [{"msg_id": 1, "export_id": "x", "openid": "o", "event": "join", "create_time": 1700000000}],
  "products": [{"product_id": 9, "title": "first"}]}');
CREATE TEMP TABLE simulated AS SELECT * FROM live_simulate('la', '{"seed": 7, "start": "2024-03-01", "viewers": 600, "streams": 3, "minutes": 20, "coupon_effect": 0.3}');
SELECT streams, viewers, events BETWEEN 1000 AND 10000 AS events, orders BETWEEN 10 AND 200 AS orders, refunds < orders AS refunds FROM simulated;
SELECT s.* = l.* AS same FROM live_simulate('lb', '{"seed": 7, "start": "2024-03-01", "viewers": 600, "streams": 3, "minutes": 20, "coupon_effect": 0.3}') AS l, simulated AS s;
-- the same events under the same ids, a few of them late
SELECT count(*) FILTER (WHERE b.event_uid IS NULL) AS only_a, count(*) FILTER (WHERE a.event_uid IS NULL) AS only_b
FROM (SELECT event_uid, event_ts, type::text, qty FROM la.event) AS a FULL JOIN (SELECT event_uid, event_ts, type::text, qty FROM lb.event WHERE batch_id > 1) AS b
  USING (event_uid, event_ts, type, qty);
SELECT sum(late) BETWEEN 1 AND sum(accepted) * 0.05 AS some_late FROM la.ingest_batch;
CALL live_refresh('la');
CALL live_refresh('lb');
SELECT * FROM live_verify('la');
SELECT count(*) FROM (
  SELECT external_id, viewers_ucnt, watch_s, interactions_cnt, pcu, gmv_pay, gmv_net, pay_ucnt FROM la.stream_overview
  EXCEPT SELECT external_id, viewers_ucnt, watch_s, interactions_cnt, pcu, gmv_pay, gmv_net, pay_ucnt FROM lb.stream_overview) AS different;
SELECT sum(treated_buyers)::float8 / sum(treated_ucnt) > sum(control_buyers)::float8 / sum(control_ucnt) AS coupon_works FROM la.promo_effect;
SELECT accepted FROM live_ingest('la', 'wechat', '{"events": [{"msg_id": 1, "export_id": "x", "openid": "sim-3", "event": "join", "create_time": 1700000000}]}');
SELECT count(*) FROM la.viewer_identity;
\set VERBOSITY terse
SELECT live_simulate('la', '{"seed": 7}');
SELECT live_simulate('la', '{"seeds": 7}');
SELECT live_simulate('la', '{"viewers": 0}');
SELECT live_simulate('la', '{"viewers": 1.5}');
SELECT live_simulate('la', '{"coupon_effect": "much"}');
SELECT live_simulate('la', '{"start": "2024-02-30"}');
SELECT live_simulate('la', '[]');
\set VERBOSITY default
DROP SCHEMA la CASCADE;
DROP SCHEMA lb CASCADE;
