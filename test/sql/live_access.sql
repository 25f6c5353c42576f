-- readers, writers, administrators; row-level security by channel; k-anonymity
SET client_min_messages = warning;
SET timezone = 'UTC';
CREATE ROLE live_acc_owner;
CREATE ROLE live_acc_reader;
CREATE ROLE live_acc_douyin;
CREATE ROLE live_acc_writer;
CREATE ROLE live_acc_sender;
CREATE ROLE live_acc_admin;
CREATE ROLE live_acc_none;
DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO live_acc_owner', current_database()); END $$;
SET ROLE live_acc_owner;
SELECT live_setup('lc') IS NOT NULL AS ready;
UPDATE lc.setting SET k_anonymity = 3;
-- two channels: four viewers and an order there, two viewers here
SELECT accepted FROM live_ingest('lc', 'douyin', '{"rooms": [{"room_id": "d1", "anchor_id": "a", "anchor_name": "An", "start_time": "2026-03-01 20:00:00", "finish_time": "2026-03-01 21:00:00"}],
  "events": [{"msg_id": 1, "room_id": "d1", "sec_openid": "u1", "msg_type": "live_enter", "timestamp": 1772366400, "first_flow_category": 1},
             {"msg_id": 2, "room_id": "d1", "sec_openid": "u2", "msg_type": "live_enter", "timestamp": 1772366401, "first_flow_category": 1},
             {"msg_id": 3, "room_id": "d1", "sec_openid": "u3", "msg_type": "live_enter", "timestamp": 1772366402, "first_flow_category": 1},
             {"msg_id": 4, "room_id": "d1", "sec_openid": "u4", "msg_type": "live_enter", "timestamp": 1772366403, "first_flow_category": 0},
             {"msg_id": 5, "room_id": "d1", "sec_openid": "u4", "msg_type": "live_comment", "timestamp": 1772366404, "content": "my phone is 138 0013 8000"}],
  "orders": [{"order_id": "do1", "sec_openid": "u1", "room_id": "d1", "create_time": 1772366500, "pay_time": 1772366520, "pay_amount": 9900, "sku_order_list": [{"product_id": "p", "item_num": 1, "pay_amount": 9900}]}]}');
SELECT accepted FROM live_ingest('lc', 'wechat', '{"lives": [{"export_id": "w1", "finder_id": "f", "nickname": "Fei", "start_time": 1772366400, "end_time": 1772370000}],
  "events": [{"msg_id": 1, "export_id": "w1", "openid": "o1", "event": "join", "create_time": 1772366460},
             {"msg_id": 2, "export_id": "w1", "openid": "o2", "event": "join", "create_time": 1772366461},
             {"msg_id": 3, "export_id": "w1", "openid": "o2", "event": "sneeze", "create_time": 1772366461}]}');
CALL live_refresh('lc');
-- no comment and no id is anywhere, but the id in what was rejected
SELECT rejected FROM live_ingest('lc', 'douyin', '{"events": [{"msg_id": 6, "room_id": "d1", "sec_openid": "x", "msg_type": "live_comment", "content": "call 138 0013 8000"}]}');
CREATE TABLE lc.remark (stream text, type text, text text);
INSERT INTO lc.remark VALUES ('d1', 'live_comment', 'call 138 0013 8000');
SELECT rejected FROM live_load('lc', 'douyin', 'lc.remark');
DROP TABLE lc.remark;
SELECT count(*) FROM lc.ingest_reject WHERE raw::text ~ '138 0013';
SELECT string_agg(t, ', ') AS found
FROM (SELECT c.relname AS t, query_to_xml(format('SELECT * FROM lc.%I', c.relname), false, false, '')::text AS x FROM pg_class c
      WHERE relnamespace = 'lc'::regnamespace AND relkind IN ('r', 'p') AND relname NOT LIKE 'ingest_reject') AS a
WHERE x ~ '138 0013|>u[1-4]<|>o[12]<';

SELECT live_grant('lc', 'reader', 'live_acc_reader');
SELECT live_grant('lc', 'reader', 'live_acc_douyin', '{douyin}');
SELECT live_grant('lc', 'writer', 'live_acc_writer');
SELECT live_grant('lc', 'writer', 'live_acc_sender', '{wechat}');
SELECT live_grant('lc', 'admin', 'live_acc_admin');
SELECT count(*) FROM lc.stream;
RESET ROLE;

-- for each role: what its rows are of, in tables, rollups and views with a channel or a stream
CREATE FUNCTION pg_temp.seen(relkinds text) RETURNS TABLE (relation name, rows text) LANGUAGE plpgsql AS $$
DECLARE
  f text;
BEGIN
  FOR relation IN SELECT c.relname FROM pg_class c WHERE relnamespace = 'lc'::regnamespace AND relkind::text = ANY (string_to_array(relkinds, NULL)) AND NOT relispartition
    AND relname NOT IN ('channel', 'channel_access', 'channel_field', 'channel_record') ORDER BY 1
  LOOP
    SELECT string_agg(CASE attname WHEN 'channel_id' THEN 'channel_id::text' WHEN 'stream_id' THEN '(SELECT external_id FROM lc.stream s WHERE s.stream_id = t.stream_id)' ELSE attname::text END, ', ' ORDER BY attname) INTO f
    FROM pg_attribute WHERE attrelid = format('lc.%I', relation)::regclass AND attname IN ('channel', 'stream_id', 'channel_id') AND NOT attisdropped;
    BEGIN
      EXECUTE format('SELECT coalesce(string_agg(DISTINCT concat_ws('' '', %s), '', ''), ''-'') FROM lc.%I t', coalesce(f, '''rows'''), relation) INTO rows;
    EXCEPTION WHEN insufficient_privilege THEN
      rows := 'denied';
    END;
    RETURN NEXT;
  END LOOP;
END $$;
SET ROLE live_acc_reader;
SELECT * FROM pg_temp.seen('v');
SELECT relation FROM pg_temp.seen('rp') WHERE rows = 'denied';
SELECT raw FROM lc.ingest_reject;
SET ROLE live_acc_douyin;
SELECT * FROM pg_temp.seen('v');
SELECT * FROM pg_temp.seen('rp');
SET ROLE live_acc_sender;
SELECT relation, rows FROM pg_temp.seen('rpv') WHERE rows <> 'denied';
SET ROLE live_acc_none;
\set VERBOSITY terse
SELECT count(*) FROM lc.stream;

-- a leaky function is given no row of another channel, and partitions are no way around
RESET ROLE;
CREATE FUNCTION pg_temp.leak(x anyelement) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS $$ BEGIN RAISE NOTICE 'leaked %', x; RETURN true; END $$;
SET client_min_messages = notice;
SET ROLE live_acc_douyin;
SELECT count(*) FROM lc.stream WHERE pg_temp.leak(external_id);
SELECT count(*) FROM lc.event WHERE pg_temp.leak(channel_id) AND type = 'comment';
SELECT count(*) FROM lc.roll_stream WHERE pg_temp.leak(stream_id);
SELECT count(*) FROM lc.stream_overview WHERE pg_temp.leak(external_id);
SELECT count(*) FROM lc.host_daily WHERE pg_temp.leak(host);
SELECT count(*) FROM lc.data_quality WHERE pg_temp.leak(batch_id);
SELECT count(*) FROM lc.event_default;
RESET ROLE;
SET client_min_messages = warning;
SELECT c.relname FROM pg_class c, (VALUES ('live_acc_reader'), ('live_acc_douyin'), ('live_acc_writer'), ('live_acc_sender')) AS r (role)
WHERE relnamespace = 'lc'::regnamespace AND relispartition AND has_table_privilege(role, c.oid, 'SELECT, INSERT, UPDATE, DELETE');

-- figures of fewer viewers than k are hidden, whoever asks; over all the rows that one may see
SET ROLE live_acc_douyin;
SELECT source, is_shown, viewers_ucnt, views_cnt, watch_s, pay_ucnt, gmv_pay FROM lc.traffic_source ORDER BY 1;
SELECT count(*) FILTER (WHERE is_shown) AS shown, count(*) FILTER (WHERE NOT is_shown AND num_nonnulls(viewers_ucnt, interactions_cnt, watch_s, pay_ucnt, gmv_pay) > 0) AS leaks FROM lc.interaction_segment;
SELECT count(*) FROM lc.traffic_source WHERE NOT is_shown AND (viewers_ucnt = 1 OR gmv_pay >= 0);
-- for those who may see groups only: a copy, made with the owner's rights
SET ROLE live_acc_owner;
CREATE MATERIALIZED VIEW lc.audience AS SELECT channel, source, viewers_ucnt, gmv_pay FROM lc.traffic_source WHERE is_shown;
GRANT USAGE ON SCHEMA lc TO live_acc_none;
GRANT SELECT ON lc.audience TO live_acc_none;
SET ROLE live_acc_none;
SELECT * FROM lc.audience;
SELECT count(*) FROM lc.traffic_source;
SELECT count(*) FROM lc.roll_viewer;

-- a writer takes payloads in and cannot read what is there; one of a channel writes there only
SET ROLE live_acc_writer;
SELECT accepted, rejected FROM live_ingest('lc', 'douyin', '{"events": [{"msg_id": 9, "room_id": "d1", "sec_openid": "u9", "msg_type": "live_enter", "timestamp": 1772366500}, {"msg_id": 10}],
  "users": [{"room_id": "d2", "user_id": 5, "watch_time": 7}],
  "orders": [{"order_id": "do2", "sec_openid": "u9", "room_id": "d1", "create_time": 1772366500, "pay_amount": 100, "sku_order_list": [{"product_id": "p", "item_num": 1, "pay_amount": 100}]}],
  "refunds": [{"aftersale_id": 1, "order_id": "do1", "refund_time": 1772366900, "refund_amount": 100}]}');
INSERT INTO lc.event_stage (event_id, stream, viewer, type, ts) VALUES ('s1', 'd1', 'u9', 'live_like', '1772366510');
SELECT accepted FROM live_load('lc', 'douyin');
SELECT rejected FROM live_receive('lc', 'douyin', '{');
SELECT batches FROM live_replay('lc');
SELECT viewer_id FROM lc.event;
SELECT * FROM lc.roll_viewer;
SELECT * FROM lc.stream_overview;
DELETE FROM lc.event;
CALL live_refresh('lc');
SELECT live_forget('lc', 'douyin', 'u9');
SET ROLE live_acc_sender;
SELECT accepted FROM live_ingest('lc', 'wechat', '{"events": [{"msg_id": 7, "export_id": "w1", "openid": "o9", "event": "join", "create_time": 1772366470}]}');
SELECT accepted FROM live_ingest('lc', 'douyin', '{"events": [{"msg_id": 77, "room_id": "d1", "sec_openid": "u1", "msg_type": "live_enter", "timestamp": 1772366500}]}');

-- an administrator refreshes, verifies, forgets
SET ROLE live_acc_admin;
CALL live_refresh('lc');
SELECT * FROM live_verify('lc');
SELECT events, orders FROM live_forget('lc', 'douyin', 'u9');
CALL live_refresh('lc');
SELECT * FROM live_verify('lc');
SELECT channel, viewers_ucnt, gmv_pay FROM lc.stream_overview ORDER BY 1, 2;

-- the key outside the data: the writer's setting, and nothing in the table
SET ROLE live_acc_owner;
SELECT key FROM lc.identity_key \gset
DELETE FROM lc.identity_key;
SET ROLE live_acc_writer;
SELECT accepted FROM live_ingest('lc', 'douyin', '{"events": [{"msg_id": 21, "room_id": "d1", "sec_openid": "u1", "msg_type": "live_like", "timestamp": 1772366500}]}');
SELECT set_config('live.id_key', :'key', false) IS NOT NULL AS set;
SELECT accepted FROM live_ingest('lc', 'douyin', '{"events": [{"msg_id": 21, "room_id": "d1", "sec_openid": "u1", "msg_type": "live_like", "timestamp": 1772366500}]}');
SET ROLE live_acc_owner;
SELECT count(DISTINCT viewer_id) FROM lc.event WHERE channel_id = 3 AND viewer_id IN (SELECT viewer_id FROM lc.orders);

-- taken away again; errors
SELECT live_revoke('lc', 'live_acc_douyin');
SET ROLE live_acc_douyin;
SELECT count(*) FROM lc.stream;
SET ROLE live_acc_owner;
SELECT live_grant('lc', 'boss', 'live_acc_reader');
SELECT live_grant('lc', 'reader', 'live_acc_nobody');
SELECT live_grant('lc', 'reader', 'live_acc_reader', '{douyin,nowhere}');
SELECT live_grant('lc', 'reader', 'live_acc_reader', '{}');
SELECT live_grant('lc', NULL, 'live_acc_reader');
SELECT live_grant('nowhere', 'reader', 'live_acc_reader');
SELECT live_revoke('lc', NULL);
SET ROLE live_acc_reader;
SELECT live_grant('lc', 'admin', 'live_acc_reader');
\set VERBOSITY default
RESET ROLE;
RESET live.id_key;
DROP SCHEMA lc CASCADE;
DROP OWNED BY live_acc_owner, live_acc_reader, live_acc_douyin, live_acc_writer, live_acc_sender, live_acc_admin, live_acc_none CASCADE;
DROP ROLE live_acc_owner, live_acc_reader, live_acc_douyin, live_acc_writer, live_acc_sender, live_acc_admin, live_acc_none;
