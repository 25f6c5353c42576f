-- live_ingest: payloads of channels into tables, once, and what cannot be taken kept
SET client_min_messages = warning;
SET timezone = 'UTC';
SELECT live_setup('li') IS NOT NULL AS ready;
-- numbers of viewers follow the hashes of their ids
UPDATE li.identity_key SET key = 'a key for tests';

CREATE VIEW li.test_event AS
SELECT c.code, s.external_id AS stream, e.viewer_id AS viewer, e.type, e.event_ts, p.external_id AS product, e.source, e.qty, e.amount
FROM li.event e JOIN li.channel c USING (channel_id) JOIN li.stream s USING (stream_id) LEFT JOIN li.product p USING (product_id);

-- a generic payload, with an event told twice, two alike without an id, and an anonymous one
SELECT * FROM live_ingest('li', 'generic', '{
  "streams": [{"stream": "s1", "host": "h1", "host_name": "Ann", "title": "sale", "start": "2026-11-01 12:00", "end": "2026-11-01T14:00:00+00:00"}],
  "products": [{"product": "p1", "name": "tea", "category": "food", "cost": 3, "stream": "s1", "pos": 1, "price": "9.90"}],
  "events": [
    {"id": "e1", "stream": "s1", "viewer": "v1", "type": "enter", "ts": "2026-11-01 12:00:10", "source": "paid"},
    {"id": "e2", "stream": "s1", "viewer": "v1", "type": "LIKE", "ts": "2026-11-01T20:00:11+08:00", "qty": 3},
    {"id": "e2", "stream": "s1", "viewer": "v1", "type": "LIKE", "ts": "2026-11-01T20:00:11+08:00", "qty": 3},
    {"stream": "s1", "viewer": "v2", "type": "comment", "ts": 1793534412, "content": "not to be kept"},
    {"stream": "s1", "viewer": "v2", "type": "comment", "ts": 1793534412},
    {"stream": "s1", "type": "gift", "ts": 1793534413500, "amount": "¥1,288.50"},
    {"id": "e7", "stream": "s1", "viewer": "v2", "type": "product_click", "ts": "Sun Nov 01 20:00:14 +0800 2026", "product": "p1"}],
  "orders": [{"order": "o1", "viewer": "v2", "stream": "s1", "created": "2026-11-01 12:01:00", "paid": "2026-11-01 12:02:00", "paid_amt": "19.80",
    "items": [{"product": "p1", "qty": 2, "price": 9.9}, {"product": "p2", "qty": 1, "price": 0, "gift": true}]}],
  "refunds": [{"refund": "r1", "order": "o1", "refunded": "2026-11-21 09:00:00", "amount": 9.9, "stage": "post_ship"}],
  "promotions": [{"promotion": "c1", "kind": "coupon", "name": "ten off", "start": "2026-11-01", "end": "2026-11-02"}],
  "exposures": [{"promotion": "c1", "viewer": "v1", "arm": "treat", "ts": "2026-11-01 12:00:00"}],
  "coupons": [{"coupon": "k1", "promotion": "c1", "viewer": "v1", "claimed": "2026-11-01 12:00:30", "value": 10}],
  "ads": [{"plan": "a1", "hour": "2026-11-01 12:34:00", "stream": "s1", "cost": 5.5, "impressions": 1000, "clicks": 10}],
  "totals": [{"stream": "s1", "viewer": "v3", "watch_s": 600, "likes": 4}],
  "snapshots": [{"stream": "s1", "captured": "2026-11-01 14:00:00", "metric": "viewers_ucnt", "value": "1.2万"}]}');
SELECT * FROM li.test_event ORDER BY event_ts, type;
SELECT s.external_id, h.name, s.title, s.start_ts, s.end_ts FROM li.stream s JOIN li.host h USING (host_id);
SELECT p.external_id, p.name, p.category, p.cost, i.qty, i.unit_price, i.paid_amt, i.is_gift
FROM li.product p LEFT JOIN li.order_item i USING (product_id) ORDER BY 1;
SELECT o.external_id, viewer_id, created_ts, paid_ts, paid_amt, r.amount, r.success_ts, r.stage FROM li.orders o JOIN li.refund r USING (order_id);
SELECT hour, cost, impressions FROM li.ad_spend;
SELECT metric, value FROM li.platform_snapshot;
SELECT count(*) AS viewers, count(DISTINCT external_hash) AS hashes, min(length(external_hash)) AS bytes FROM li.viewer_identity;

-- the same payload again, and its records in another
SELECT * FROM live_ingest('li', 'generic', '{"ads": [{"plan": "a1", "hour": "2026-11-01 12:34:00", "stream": "s1", "cost": 5.5, "impressions": 1000, "clicks": 10}],
  "events": [{"id": "e1", "stream": "s1", "viewer": "v1", "type": "enter", "ts": "2026-11-01 12:59:59"},
             {"stream": "s1", "viewer": "v2", "type": "comment", "ts": 1793534412}]}');
SELECT * FROM live_ingest('li', 'generic', '{"ads": [{"plan": "a1", "hour": "2026-11-01 12:34:00", "stream": "s1", "cost": 5.5, "impressions": 1000, "clicks": 10}],
  "events": [{"id": "e1", "stream": "s1", "viewer": "v1", "type": "enter", "ts": "2026-11-01 12:59:59"},
             {"stream": "s1", "viewer": "v2", "type": "comment", "ts": 1793534412}]}');
SELECT batch_id, rows_total, accepted, duplicate, rejected, repeats FROM li.ingest_batch ORDER BY 1;

-- a newer state of an order counts, an older one does not
SELECT accepted, duplicate FROM live_ingest('li', 'generic', '{"orders": [{"order": "o1", "created": "2026-11-01 12:01:00", "paid_amt": 15, "updated": "2026-11-03",
  "items": [{"product": "p1", "qty": 1, "price": 15}]}]}');
SELECT accepted, duplicate FROM live_ingest('li', 'generic', '{"orders": [{"order": "o1", "created": "2026-11-01 12:01:00", "paid_amt": 99, "updated": "2026-11-02"}]}');
SELECT o.paid_amt, o.viewer_id IS NOT NULL AS buyer, o.paid_ts, line_no, qty FROM li.orders o JOIN li.order_item USING (order_id);

-- WeChat: seconds, fen, parts in 10,000
SELECT accepted, duplicate, rejected FROM live_ingest('li', 'wechat', '{
  "lives": [{"export_id": "x1", "finder_id": "f1", "nickname": "李", "start_time": 1793534400, "end_time": "1793541600", "stat_time": 1793600000,
             "total_cheer_count": 70, "pay_gmv": "42292", "enter_rate": 1234}],
  "events": [{"msg_id": 1, "export_id": "x1", "openid": "o-1", "event": "join", "create_time": 1793534460},
             {"msg_id": 2, "export_id": "x1", "openid": "o-1", "event": "cheer", "create_time": "1793534461", "count": "5"}],
  "users": {"export_id": "x1", "user_id": "o-2", "watch_time": null, "comments": 2, "likes": 1},
  "orders": [{"order_id": "w1", "openid": "o-1", "export_id": "x1", "create_time": 1793534500, "status": 20,
    "order_detail": {"pay_info": {"pay_time": 1793534510}, "price_info": {"order_price": "42292", "freight": 0},
      "product_infos": [{"product_id": 11, "sku_id": 12, "sku_cnt": 1, "sale_price": 42292, "real_price": 42292}]}}]}');
SELECT * FROM li.test_event WHERE code = 'wechat' ORDER BY event_ts;
SELECT paid_amt, freight, paid_ts, status FROM li.orders WHERE channel_id = 1;
SELECT watch_s, comments, likes, shares FROM li.viewer_total WHERE stream_id IN (SELECT stream_id FROM li.stream WHERE channel_id = 1);
SELECT metric, value FROM li.platform_snapshot JOIN li.stream USING (stream_id) WHERE channel_id = 1 ORDER BY 1;

-- Weibo: idstr, never id; a list for each kind of event; its own form of times
SELECT accepted, duplicate, rejected FROM live_ingest('li', 'weibo', '{
  "lives": [{"idstr": "5012345678901234", "id": 5012345678901234, "user": {"idstr": "77"}, "created_at": "Tue Nov 03 20:00:00 +0800 2026"}],
  "comments": [{"idstr": "1", "status": {"idstr": "5012345678901234"}, "user": {"idstr": "8"}, "created_at": "Tue Nov 03 20:05:00 +0800 2026", "text": "hello"}],
  "reposts": [{"idstr": "2", "status": {"idstr": "5012345678901234"}, "user": {"idstr": "8"}, "created_at": "Tue Nov 03 20:06:00 +0800 2026"}]}');
SELECT * FROM li.test_event WHERE code = 'weibo' ORDER BY event_ts;

-- Douyin: 64-bit ids, local times without a zone, milliseconds, fen
SELECT accepted, duplicate, rejected FROM live_ingest('li', 'douyin', '{
  "rooms": [{"room_id": 7301234567890123456, "anchor_id": 9007199254740993, "start_time": "2026-11-05 20:00:00", "like_cnt_td": 12}],
  "events": [{"msg_id": "m1", "room_id": 7301234567890123456, "sec_openid": "d1", "msg_type": "live_like", "like_num": 8, "timestamp": 1793880000123},
             {"msg_id": "m2", "room_id": "7301234567890123456", "sec_openid": "d1", "msg_type": "live_gift", "gift_value": 1990, "timestamp": 1793880001000}],
  "reports": [{"ad_id": 5, "stat_time_hour": "2026-11-05 20:00:00", "room_id": "7301234567890123456", "cost": "12.5", "show": 10, "click": 2}]}');
SELECT * FROM li.test_event WHERE code = 'douyin' ORDER BY event_ts;
SELECT s.external_id, h.external_id, start_ts, hour FROM li.stream s JOIN li.host h USING (host_id) JOIN li.ad_spend a USING (stream_id) WHERE s.channel_id = 3;

-- what cannot be taken is kept, and says why
SELECT accepted, duplicate, rejected FROM live_ingest('li', 'generic', '{
  "events": [{"stream": "s1", "type": "enter", "ts": "2026-02-30 10:00:00"}, {"stream": "s1", "type": "enter", "ts": "2025-02-29"},
    {"stream": "s1", "type": "enter", "ts": "24:00"}, {"stream": "s1", "type": "enter", "ts": {"a": 1}}, {"stream": "s1", "type": "enter"},
    {"stream": "s1", "type": "enter", "ts": "2999-01-01"}, {"stream": "s1", "type": "enter", "ts": "2150-01-01"},
    {"stream": "s1", "type": "enter", "ts": "1999-01-01"}, {"stream": "s1", "type": "sneeze", "ts": "2026-11-01"},
    {"stream": 7301234567890123000, "type": "enter", "ts": "2026-11-01"}, {"type": "enter", "ts": "2026-11-01"},
    {"stream": " ", "type": "enter", "ts": "2026-11-01"}, {"stream": "s1", "type": "like", "ts": "2026-11-01", "qty": -1},
    {"stream": "s1", "type": "like", "ts": "2026-11-01", "qty": 1e300}, {"stream": "s1", "type": "like", "ts": "2026-11-01", "qty": "many"},
    {"stream": "s1", "type": "like", "ts": "2026-11-01", "qty": 1.5}, {"stream": "s1", "type": "gift", "ts": "2026-11-01", "amount": -0.01},
    [], "text", 7, null, true, {}],
  "streams": [{"stream": "s9", "start": "2026-11-02", "end": "2026-11-01"}, {"stream": "s1", "end": "2026-10-01"}],
  "orders": [{"order": "o2", "created": "2026-11-01", "paid": "2026-10-31", "paid_amt": 1}, {"order": "o3", "created": "2026-11-01", "paid_amt": -1},
    {"order": "o4", "created": "2026-11-01", "paid_amt": 1, "currency": "usd"}, {"order": "o5", "created": "2026-11-01", "paid_amt": "1.2.3"},
    {"order": "o6", "created": "2026-11-01", "paid_amt": 1, "items": "two"}, {"order": "o7", "created": "2026-11-01", "paid_amt": 1, "items": [{"product": "p1", "qty": 0}]},
    {"order": "o8", "created": "2026-11-01", "paid_amt": 1, "items": [3]}],
  "refunds": [{"refund": "r2", "order": "o9", "amount": 1}, {"refund": "r3", "order": "o1", "amount": 1000}],
  "coupons": [{"coupon": "k2", "promotion": "nope", "claimed": "2026-11-01"}, {"coupon": "k3", "promotion": "c1", "claimed": "2026-11-02", "used": "2026-11-01"}],
  "totals": [{"stream": "s1", "viewer": "v3", "watch_s": -1}, {"stream": "s1", "watch_s": 1}],
  "ads": "none"}');
SELECT record, row_no, reason, left(raw::text, 70) AS raw FROM li.ingest_reject ORDER BY record, list, row_no;
SELECT count(*) FROM li.event WHERE batch_id = (SELECT max(batch_id) FROM li.ingest_batch);

-- replayed, when what was missing is there
SELECT accepted FROM live_ingest('li', 'generic', '{"orders": [{"order": "o9", "created": "2026-11-01", "paid_amt": 1}],
  "promotions": [{"promotion": "nope", "kind": "flash"}]}');
UPDATE li.channel_field SET dictionary = '{"sneeze": "comment"}' WHERE channel_id = 4 AND record = 'event' AND field = 'type';
SELECT batches, accepted, duplicate, rejected FROM live_replay('li');
SELECT count(*) FILTER (WHERE replayed_batch IS NULL) AS open, count(*) FILTER (WHERE raw IS NULL) AS replayed FROM li.ingest_reject;
SELECT accepted, rejected FROM live_replay('li');

-- a channel of one's own is rows of three tables
INSERT INTO li.channel (channel_id, code, name_zh, name_en, tz) VALUES (50, 'shop', '小店', 'shop', 'America/New_York');
INSERT INTO li.channel_record VALUES (50, 'event', '{data,rows}', '{"type": "enter"}');
INSERT INTO li.channel_field (channel_id, record, field, path) VALUES (50, 'event', 'stream', '{s}'), (50, 'event', 'ts', '{t}');
SELECT accepted, rejected FROM live_ingest('li', 'shop', '{"data": {"rows": [{"s": 1, "t": "2026-07-01 12:00:00"}, {"s": 1}]}}');
SELECT * FROM li.test_event WHERE code = 'shop';

-- fields without a column, where they are wanted; never the text of comments
UPDATE li.setting SET keep_props = true;
SELECT accepted FROM live_ingest('li', 'generic', '{"events": [{"id": "p1", "stream": "s1", "type": "comment", "ts": "2026-11-01", "device": "ios", "content": "hm"},
  {"id": "p2", "stream": "s1", "type": "comment", "ts": "2026-11-01"}]}');
SELECT props FROM li.event WHERE event_ts = '2026-11-01' AND type = 'comment' AND batch_id = (SELECT max(batch_id) FROM li.ingest_batch) ORDER BY 1;

-- hashes of ids are HMAC-SHA-256 (RFC 4231, test case 2, and Python's hmac), under a key that must not change
CREATE FUNCTION pg_temp.hmac(key text, message text) RETURNS bytea LANGUAGE plpgsql AS $$
DECLARE result bytea;
BEGIN
  EXECUTE 'SELECT ' || live_parse('viewer', quote_literal(message), 'UTC', 1, live_pads(key)) INTO result;
  RETURN result;
END $$;
SELECT pg_temp.hmac('Jefe', 'what do ya want for nothing?') = '\x5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843' AS case_2;
SELECT pg_temp.hmac(repeat('k', 131), 'm') = '\x4e214422d91081ee13c979c05d9a47f6c13d8b6d334cb4b39ab10532da02f673' AS long_key;
\set VERBOSITY terse
SET live.id_key = 'another';
SELECT live_ingest('li', 'generic', '{"events": []}');
RESET live.id_key;

-- errors
SELECT live_ingest('nowhere', 'generic', '{"events": []}');
SELECT live_ingest('li', 'bilibili', '{"events": []}');
SELECT live_ingest('li', 'generic', '[]');
SELECT live_ingest('li', 'generic', '{"event": []}');
SELECT live_ingest('li', 'generic', NULL);
SELECT live_ingest('li', NULL, '{}');
\set VERBOSITY default
DROP SCHEMA li CASCADE;
