-- whatever comes in: accepted + duplicate + rejected = sent, and what is rejected is kept
SET client_min_messages = warning;
SET timezone = 'UTC';
SELECT live_setup('lh') IS NOT NULL AS ready;

-- records of every kind, in which a field or two, or the record itself, have become something else
CREATE FUNCTION pg_temp.hostile() RETURNS jsonb LANGUAGE sql VOLATILE AS $$
  SELECT ('[null, true, 0, -1, 1e300, -1e300, 1.5, 1e-300, 99999999999999999999999999, 7301234567890123000, 9007199254740993, "", " ", "NaN", "-0", "Infinity", "1e5", "0x10", "１２",
    "2026-02-30", "2026-11-01T25:00:00", "9999999999", "99999999999999", "infinity", "now", "2026-11-01 12:00:00+99", "epoch", "0001-01-01 BC", "''; DROP TABLE event; --", "a|b", "\\", "%s", "$1",
    "\u00e9", "直播", "\ud83d\ude00", "\u007f", "1.2万", "99999999万", "¥-5", "1,2,3", "12.3%", [], [1], {}, {"a": {"b": []}}, [[[]]]]'::jsonb || to_jsonb(repeat('x', 100000)) || to_jsonb(repeat('9', 5000)))
    -> (random() * 49)::int $$;
CREATE FUNCTION pg_temp.mutant(good jsonb) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  keys text[] := ARRAY(SELECT jsonb_object_keys(good));
  i int := floor(random() * cardinality(keys));
BEGIN
  CASE floor(random() * 8)::int
    WHEN 0 THEN RETURN good;
    WHEN 1 THEN RETURN pg_temp.hostile();
    WHEN 2 THEN RETURN good - keys[i + 1];
    WHEN 3 THEN RETURN pg_temp.mutant(good || jsonb_build_object(keys[i + 1], pg_temp.hostile()));
    ELSE RETURN good || jsonb_build_object(keys[i + 1], pg_temp.hostile());
  END CASE;
END $$;
CREATE TEMP TABLE good AS SELECT * FROM jsonb_each('{
  "streams": {"stream": "s1", "host": "h", "host_name": "n", "title": "t", "start": "2026-03-01 12:00", "end": "2026-03-01 14:00", "updated": "2026-03-01"},
  "products": {"product": "p1", "name": "n", "category": "c", "cost": 1, "stream": "s1", "pos": 1, "price": 9.9, "explain_from": "2026-03-01 12:00", "explain_to": "2026-03-01 12:01"},
  "events": {"id": "e1", "stream": "s1", "viewer": "v1", "type": "like", "ts": "2026-03-01 12:00", "product": "p1", "qty": 2, "amount": 1, "source": "paid"},
  "totals": {"stream": "s2", "viewer": "v1", "captured": "2026-03-01", "watch_s": 60, "comments": 1, "likes": 2, "shares": 3},
  "orders": {"order": "o1", "viewer": "v1", "stream": "s1", "created": "2026-03-01 12:00", "paid": "2026-03-01 12:01", "paid_amt": 9.9, "currency": "CNY", "items": [{"product": "p1", "qty": 1, "price": 9.9}]},
  "refunds": {"refund": "r1", "order": "o1", "applied": "2026-03-02", "refunded": "2026-03-03", "amount": 1, "stage": "pre_ship"},
  "promotions": {"promotion": "c1", "kind": "coupon", "name": "n", "start": "2026-03-01", "end": "2026-03-02", "budget": 5},
  "exposures": {"promotion": "c1", "viewer": "v1", "arm": "treat", "ts": "2026-03-01"},
  "coupons": {"coupon": "k1", "promotion": "c1", "viewer": "v1", "claimed": "2026-03-01", "used": "2026-03-02", "order": "o1", "value": 1},
  "ads": {"plan": "a1", "hour": "2026-03-01 12:00", "stream": "s1", "cost": 5, "impressions": 10, "clicks": 1, "orders": 1, "gmv": 5},
  "snapshots": {"stream": "s1", "captured": "2026-03-01", "metric": "viewers_ucnt", "value": 5}}') AS g (list, record);

-- 2,420 of them in 20 payloads, an id of its own in half of the events
SELECT setseed(0.42);
CREATE TEMP TABLE outcome (payload jsonb, sent int, batch_id bigint, accepted int, duplicate int, rejected int, before bigint, after bigint);
DO $$
DECLARE
  doc jsonb;
  n int;
  r record;
BEGIN
  FOR i IN 1 .. 20 LOOP
    SELECT jsonb_object_agg(list, records), sum(jsonb_array_length(records)) INTO doc, n
    FROM (SELECT list, jsonb_agg(pg_temp.mutant(CASE WHEN list = 'events' AND random() < 0.5 THEN record || jsonb_build_object('id', format('e%s-%s', i, k)) ELSE record END)) AS records
          FROM good, generate_series(1, 11) AS k GROUP BY list) AS l;
    INSERT INTO outcome (payload, sent, before) VALUES (doc, n, (SELECT count(*) FROM lh.event));
    SELECT * INTO r FROM live_ingest('lh', 'generic', doc);
    UPDATE outcome SET batch_id = r.batch_id, accepted = r.accepted, duplicate = r.duplicate, rejected = r.rejected, after = (SELECT count(*) FROM lh.event) WHERE payload = doc;
  END LOOP;
END $$;
SELECT count(*) AS payloads, sum(sent) AS sent, sum(accepted) > 200 AS many_accepted, sum(duplicate) > 200 AS many_duplicate, sum(rejected) > 200 AS many_rejected FROM outcome;
SELECT * FROM outcome WHERE accepted + duplicate + rejected <> sent;
SELECT count(*) FROM outcome o JOIN lh.ingest_batch b USING (batch_id) WHERE (o.sent, o.accepted, o.duplicate, o.rejected) <> (b.rows_total, b.accepted, b.duplicate, b.rejected);
-- each rejected record is there, as it was sent, and no other
SELECT count(*) FROM outcome o WHERE rejected <> (SELECT count(*) FROM lh.ingest_reject r WHERE r.batch_id = o.batch_id);
SELECT count(*) FROM lh.ingest_reject r JOIN outcome o USING (batch_id) WHERE r.raw IS DISTINCT FROM o.payload #> r.list -> (r.row_no - 1);
-- events are as many as keys of events; nothing that a rule forbids has come in
SELECT (SELECT count(*) FROM lh.event) = (SELECT count(*) FROM lh.event_dedup) AS same, (SELECT count(*) FROM lh.event) = (SELECT max(after) FROM outcome) AS all_there;
SELECT count(*) FROM lh.event WHERE event_ts NOT BETWEEN '2010-01-01' AND now() + interval '1 hour' OR qty < 0 OR amount < 0;
SELECT count(*) FROM lh.stream WHERE end_ts < start_ts;
-- all of it once more, in other payloads, in another order: nothing new
DO $$
DECLARE
  r record;
  n int;
BEGIN
  FOR r IN SELECT payload, sent FROM outcome ORDER BY md5(payload::text) LOOP
    SELECT i.accepted + i.duplicate + i.rejected INTO n FROM live_ingest('lh', 'generic', r.payload || '{"again": 1}') AS i;
    IF n <> r.sent THEN
      RAISE EXCEPTION '% sent, % accounted for', r.sent, n;
    END IF;
  END LOOP;
END $$;
SELECT (SELECT count(*) FROM lh.event) = (SELECT max(after) FROM outcome) AS no_event_more;
-- replayed, everything rejected is rejected again or taken, and none is lost
SELECT count(*) AS open FROM lh.ingest_reject WHERE replayed_batch IS NULL \gset
SELECT accepted + duplicate + rejected = :open AS all_replayed FROM live_replay('lh');
SELECT count(*) = (SELECT sum(rejected) FROM lh.ingest_batch) AS kept, count(*) FILTER (WHERE replayed_batch IS NULL AND raw IS NULL) AS lost FROM lh.ingest_reject;

-- bytes cut off, changed or put in: never an error, and each payload is either read or kept
CREATE TEMP TABLE bytes AS
SELECT DISTINCT CASE k % 3 WHEN 0 THEN substr(b, 1, p) WHEN 1 THEN set_byte(b, p - 1, floor(random() * 256)::int) ELSE overlay(b PLACING decode('00ff22', 'hex') FROM p FOR 1) END AS b
FROM (SELECT k, b, 1 + floor(random() * length(b))::int AS p
      FROM generate_series(1, 300) AS k, (SELECT convert_to(jsonb_build_object('events', jsonb_build_array(record))::text, 'UTF8') AS b FROM good WHERE list = 'events') AS g OFFSET 0) AS c;
CREATE TEMP TABLE received AS SELECT r.* FROM bytes, live_receive('lh', 'generic', b) AS r;
SELECT count(*) > 200 AS many, count(reason) > 150 AS unreadable, count(*) FILTER (WHERE reason IS NULL) > 10 AS readable FROM received;
SELECT count(*) = (SELECT count(*) FROM received WHERE reason IS NOT NULL) AS kept FROM lh.payload_reject;
SELECT count(*) FROM received WHERE accepted + duplicate + rejected <> 1;

-- rows of a table: anything as text
CREATE TEMP TABLE rows AS
SELECT m ->> 'id' AS event_id, m ->> 'stream' AS stream, m ->> 'viewer' AS viewer, m ->> 'type' AS type, m ->> 'ts' AS ts, m ->> 'product' AS product, m ->> 'source' AS source, m ->> 'qty' AS qty, m ->> 'amount' AS amount
FROM (SELECT pg_temp.mutant(record || jsonb_build_object('id', 'x' || k)) AS m FROM good, generate_series(1, 3000) AS k WHERE list = 'events' OFFSET 0) AS o;
INSERT INTO lh.event_stage (event_id, stream, viewer, type, ts, product, source, qty, amount) TABLE rows;
SELECT accepted + duplicate + rejected AS sent, accepted > 300 AS many_accepted, rejected > 300 AS many_rejected FROM live_load('lh', 'generic');
SELECT accepted AS accepted_again, duplicate > 0 AS known FROM live_load('lh', 'generic', 'rows');
SELECT (SELECT count(*) FROM lh.event) = (SELECT count(*) FROM lh.event_dedup) AS same;
CALL live_refresh('lh');
SELECT * FROM live_verify('lh');
DROP SCHEMA lh CASCADE;
