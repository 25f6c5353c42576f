-- live_load: files and relations in bulk, by the rules of live_ingest; live_receive: bytes, whatever they are
SET client_min_messages = warning;
SET timezone = 'UTC';
SELECT live_setup('lo') IS NOT NULL AS ready;
SELECT live_setup('lp') IS NOT NULL AS ready;
UPDATE lo.identity_key SET key = 'a key for tests';
UPDATE lp.identity_key SET key = 'a key for tests';

-- good rows and bad ones, in words and units of the channel, with and without ids, some twice
CREATE TEMP TABLE sent AS SELECT * FROM (VALUES
  ('e1', 'r1', 'ann', 'live_enter', '1772366400', NULL, '1', NULL, NULL),
  ('e2', 'r1', 'ann', 'live_like', '1772366460000', NULL, NULL, '8', NULL),
  ('e2', 'r1', 'bob', 'live_like', '1772366999', NULL, NULL, '9', NULL),
  ('e3', 'r1', 'bob', 'live_gift', '2026-03-01 20:05:00', NULL, NULL, NULL, '1990'),
  ('e4', 'r1', '  ', 'product_exposure', '2026-03-01T20:06:00+08:00', 'p1', NULL, NULL, NULL),
  (NULL, 'r2', 'bob', 'live_comment', '2026-03-01 20:07:00.25', NULL, NULL, NULL, NULL),
  (NULL, 'r2', 'bob', 'live_comment', '2026-03-01 20:07:00.25', NULL, NULL, NULL, NULL),
  (NULL, 'r2', 'cid', 'live_comment', '2026-03-01 20:07:00.25', NULL, NULL, NULL, NULL),
  ('b1', 'r1', 'dan', 'live_wave', '1772366400', NULL, NULL, NULL, NULL),
  ('b2', 'r1', 'dan', 'live_like', 'yesterday', NULL, NULL, NULL, NULL),
  ('b3', 'r1', 'dan', 'live_like', '2026-02-30 00:00:00', NULL, NULL, NULL, NULL),
  ('b4', NULL, 'dan', 'live_like', '1772366400', NULL, NULL, NULL, NULL),
  ('b5', 'r1', 'dan', 'live_like', '1772366400', NULL, NULL, '-1', NULL),
  ('b6', 'r1', 'dan', 'live_gift', '1772366400', NULL, NULL, NULL, '-5'),
  ('b7', 'r1', 'dan', 'live_like', '1772366400', NULL, NULL, '1e300', NULL),
  ('b8', 'r1', 'dan', 'live_like', '2150-01-01', NULL, NULL, NULL, NULL),
  ('b9', repeat('x', 201), 'dan', 'live_like', '1772366400', NULL, NULL, NULL, NULL))
  AS v (event_id, stream, viewer, type, ts, product, source, qty, amount);
INSERT INTO lo.event_stage (event_id, stream, viewer, type, ts, product, source, qty, amount) SELECT * FROM sent;
SELECT * FROM live_load('lo', 'douyin');
SELECT count(*) FROM lo.event_stage;
SELECT r.record, r.list, r.reason, left(r.raw ->> 'event_id', 3) AS id, (SELECT viewer_hash FROM lo.ingest_reject WHERE reason = 'ts cannot be read' LIMIT 1) = viewer_hash AS dan
FROM lo.ingest_reject r ORDER BY id;

-- the same as from a payload
SELECT * FROM live_ingest('lp', 'douyin', jsonb_build_object('events', (SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object('msg_id', event_id, 'room_id', stream,
  'sec_openid', viewer, 'msg_type', type, 'timestamp', ts, 'product_id', product, 'first_flow_category', source, 'like_num', qty, 'gift_value', amount))) FROM sent)));
CREATE FUNCTION pg_temp.same() RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
  s text; q text := 'SELECT event_uid, event_ts, x.external_id, encode(external_hash, ''hex''), e.type::text, p.external_id, e.source, qty, amount FROM %1$I.event e JOIN %1$I.stream x USING (stream_id)
    LEFT JOIN %1$I.viewer_identity i ON i.viewer_id = e.viewer_id LEFT JOIN %1$I.product p ON p.product_id = e.product_id';
BEGIN
  RETURN QUERY EXECUTE format('SELECT (a IS NULL)::text || coalesce(a, b)::text FROM (%s) AS a FULL JOIN (%s) AS b ON a::text = b::text WHERE a IS NULL OR b IS NULL', format(q, 'lo'), format(q, 'lp'));
END $$;
SELECT * FROM pg_temp.same();
SELECT reason, count(*) FROM lo.ingest_reject GROUP BY 1 EXCEPT SELECT reason, count(*) FROM lp.ingest_reject GROUP BY 1;
-- either way, once
INSERT INTO lo.event_stage (event_id, stream, viewer, type, ts, product, source, qty, amount) SELECT * FROM sent;
SELECT accepted, duplicate, rejected FROM live_load('lo', 'douyin');
INSERT INTO lp.event_stage (event_id, stream, viewer, type, ts, product, source, qty, amount) SELECT * FROM sent;
SELECT accepted, duplicate, rejected FROM live_load('lp', 'douyin');
SELECT * FROM pg_temp.same();
-- some new among known ones, one of them twice
INSERT INTO lo.event_stage (event_id, stream, viewer, type, ts) SELECT event_id, stream, viewer, type, ts FROM sent WHERE event_id LIKE 'e%'
UNION ALL VALUES ('n1', 'r3', 'eve', 'live_enter', '1772366400'), ('n1', 'r3', 'eve', 'live_leave', '1772366500');
SELECT accepted, duplicate, rejected FROM live_load('lo', 'douyin');
SELECT type, event_ts FROM lo.event JOIN lo.stream USING (stream_id) WHERE external_id = 'r3';

-- corrected and replayed; rejected for good
UPDATE lo.channel_field SET dictionary = dictionary || '{"live_wave": "share"}' WHERE channel_id = 3 AND record = 'event' AND field = 'type';
SELECT batches, accepted, duplicate, rejected FROM live_replay('lo');
SELECT batches, accepted, duplicate, rejected FROM live_replay('lo');
SELECT type, event_ts, viewer_id IS NOT NULL AS known FROM lo.event WHERE type = 'share';

-- rows of another channel wait for their turn
INSERT INTO lo.event_stage (channel, event_id, stream, type, ts) VALUES ('generic', 'g1', 's', 'enter', '2026-03-01 12:00'), (NULL, 'w1', 's', 'join', '1772366400');
SELECT accepted FROM live_load('lo', 'wechat');
SELECT channel, event_id FROM lo.event_stage;
SELECT accepted FROM live_load('lo', 'generic');

-- typed columns of any relation, whatever DateStyle and time zone; orders, totals
SET datestyle = 'German';
SET timezone = 'America/New_York';
CREATE TABLE lo.mine (event_id bigint, stream float8, viewer numeric, type varchar(20), ts timestamptz, qty int, extra text);
INSERT INTO lo.mine VALUES (9007199254740993, 9007199254740991, 7301234567890123456, 'like', '2026-03-01 20:00:00.123456+08', 3, 'x'), (2, 9007199254740994, 1, 'like', '2026-03-01 20:00+08', 1, 'x'),
  (3, 12, 1, 'enter', NULL, 1, 'x'), (4, 12, 1, 'enter', 'infinity', 1, 'x');
SELECT accepted, duplicate, rejected FROM live_load('lo', 'generic', 'lo.mine');
SELECT accepted, duplicate, rejected FROM live_load('lo', 'generic', 'lo.mine');
RESET datestyle;
SET timezone = 'UTC';
SELECT event_ts, qty, external_id FROM lo.event JOIN lo.stream USING (stream_id) WHERE type = 'like' AND lo.event.channel_id = 4;
SELECT DISTINCT reason FROM lo.ingest_reject WHERE raw ? 'extra' ORDER BY 1;
CREATE VIEW lo.my_orders AS SELECT 'o' || i AS order_id, 'v' || i AS viewer, timestamp '2026-03-01 12:00' + i * interval '1 minute' AS created_ts,
  timestamp '2026-03-01 12:10' + i * interval '1 minute' AS paid_ts, i * 1.5 - 3 AS paid_amt, 's1' AS stream FROM generate_series(1, 4) AS i;
SELECT accepted, duplicate, rejected FROM live_load('lo', 'generic', 'lo.my_orders', 'order');
SELECT accepted, duplicate, rejected FROM live_load('lo', 'generic', 'lo.my_orders', 'order');
CREATE TABLE lo.user_total (viewer bigint, stream text, watch_s numeric, comments int, likes int, shares int, captured_at timestamp);
INSERT INTO lo.user_total VALUES (1, 's1', NULL, 3, 4, NULL, '2026-03-01'), (2, 's1', -1, 3, 4, 5, '2026-03-01'), (3, 's1', 60.5, 1, 2, 3, '2026-03-01');
SELECT accepted, duplicate, rejected FROM live_load('lo', 'generic', 'lo.user_total', 'total');
SELECT watch_s, comments, likes, shares FROM lo.viewer_total ORDER BY likes;

-- what rollups make of it
CALL live_refresh('lo');
SELECT * FROM live_verify('lo');

-- bytes: what is no payload is kept with a reason, and taken once it can be
SELECT * FROM live_receive('lo', 'generic', '{"events": [{"id": "x1", "stream": "s", "type": "enter", "ts": "2026-03-01"}]}');
SELECT accepted, duplicate, rejected, reason FROM live_receive('lo', 'generic', '{"events": [');
SELECT accepted, duplicate, rejected FROM live_receive('lo', 'generic', '{"events": [');
SELECT accepted, duplicate, rejected, reason FROM live_receive('lo', 'generic', '');
SELECT accepted, duplicate, rejected, reason FROM live_receive('lo', 'generic', '{"events": [{"id": "a\\u0000b"}]}');
SELECT accepted, duplicate, rejected, reason FROM live_receive('lo', 'generic', '\x7b226576656e7473223a5b5d2c2278223a22ff227d');
SELECT accepted, duplicate, rejected, reason FROM live_receive('lo', 'generic', '\x7b00');
SELECT accepted, duplicate, rejected, reason FROM live_receive('lo', 'generic', '{"events": [{"qty": 1e999999}]}');
SELECT accepted, duplicate, rejected, left(reason, 20) AS reason FROM live_receive('lo', 'generic', convert_to(repeat('[', 100000), 'UTF8'));
SELECT accepted, duplicate, rejected, reason FROM live_receive('lo', 'generic', '[]');
SELECT accepted, duplicate, rejected, reason FROM live_receive('lo', 'generic', '{"event": []}');
SELECT accepted, duplicate, rejected, reason FROM live_receive('lo', 'bilibili', '{"events": [{"stream": "b", "type": "enter", "ts": "2026-03-01", "viewer": "zoe"}]}');
INSERT INTO lo.channel (channel_id, code, name_zh, name_en) VALUES (60, 'bilibili', '哔哩哔哩', 'Bilibili');
INSERT INTO lo.channel_record SELECT 60, record, path, defaults FROM lo.channel_record WHERE channel_id = 4;
INSERT INTO lo.channel_field SELECT 60, record, field, pos, path, scale, dictionary FROM lo.channel_field WHERE channel_id = 4;
SELECT accepted, batches > 0 AS some FROM live_replay('lo');
SELECT channel, count(*) AS rejected, count(payload) AS open, sum(repeats) AS repeats FROM lo.payload_reject GROUP BY 1 ORDER BY 1;
-- the forgotten leave staged rows and unreadable payloads too
INSERT INTO lo.event_stage (event_id, stream, viewer, type, ts) VALUES ('z', 's', ' zoe ', 'enter', '2026-03-01');
SELECT accepted, rejected FROM live_receive('lo', 'bilibili', '{"viewer": "zoe", ');
SELECT events, records FROM live_forget('lo', 'bilibili', 'zoe');
SELECT count(*) FROM lo.payload_reject WHERE position('zoe'::bytea IN payload) > 0;
SELECT viewer FROM lo.event_stage;

-- errors
\set VERBOSITY terse
SELECT live_load('lo', 'nowhere');
SELECT live_load('lo', NULL);
SELECT live_load('nowhere', 'generic');
SELECT live_load('lo', 'generic', 'lo.nothing');
SELECT live_load('lo', 'generic', 'lo.mine', 'dance');
SELECT live_load('lo', 'generic', NULL, 'order');
SELECT live_load('lo', 'generic', 'lo.viewer_viewer_id_seq');
SELECT live_receive('lo', 'generic', NULL);
\set VERBOSITY default
DROP SCHEMA lo CASCADE;
DROP SCHEMA lp CASCADE;
