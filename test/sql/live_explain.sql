-- what explanations of products did, and refunds by product, on figures that can be checked by hand
SET client_min_messages = warning;
SET timezone = 'UTC';
SELECT live_setup('lx') IS NOT NULL AS ready;
UPDATE lx.setting SET stats_tz = 'UTC';

-- Ten viewers watch all of a stream of ten minutes, so every minute has 600 seconds of presence. p1 is explained twice, the explanations
-- overlap (12:01:30 to 12:03:00), and counts until two minutes later: minutes 1 to 4. p2 is explained all the time. p3 is explained at the
-- very end, is sold 90 seconds after the end, and before. p4 is explained, listed from 12:05 on, and sold before that by mistake. p5 is
-- explained and nothing of it is sold in other minutes. p6 is never explained. A second stream is on a channel without visits.
SELECT accepted, rejected FROM live_ingest('lx', 'generic', jsonb_build_object(
  'streams', '[{"stream": "s1", "host": "h1", "start": "2024-03-01 12:00", "end": "2024-03-01 12:10"}, {"stream": "s2", "host": "h1", "start": "2024-03-02 12:00", "end": "2024-03-02 12:10"}]'::jsonb,
  'products', '[
    {"product": "p1", "stream": "s1", "explain_from": "2024-03-01 12:01:30", "explain_to": "2024-03-01 12:02:30"},
    {"product": "p1", "stream": "s1", "explain_from": "2024-03-01 12:02:00", "explain_to": "2024-03-01 12:03:00"},
    {"product": "p2", "stream": "s1", "explain_from": "2024-03-01 12:00:00", "explain_to": "2024-03-01 12:10:00"},
    {"product": "p3", "stream": "s1", "explain_from": "2024-03-01 12:09:00", "explain_to": "2024-03-01 12:10:00"},
    {"product": "p4", "stream": "s1", "listed": "2024-03-01 12:05:00", "delisted": "2024-03-01 12:09:00", "explain_from": "2024-03-01 12:05:00", "explain_to": "2024-03-01 12:05:10"},
    {"product": "p5", "stream": "s1", "explain_from": "2024-03-01 12:03:00", "explain_to": "2024-03-01 12:03:00"},
    {"product": "p6", "stream": "s1"},
    {"product": "p1", "stream": "s2", "explain_from": "2024-03-02 12:01:00", "explain_to": "2024-03-02 12:02:00"}]'::jsonb,
  'events', (SELECT jsonb_agg(jsonb_build_object('id', format('%s %s', t, i), 'stream', 's1', 'viewer', format('v%s', i), 'type', t, 'ts', CASE t WHEN 'enter' THEN '2024-03-01 12:00' ELSE '2024-03-01 12:10' END))
             FROM generate_series(1, 10) AS i, unnest('{enter,leave}'::text[]) AS t)
   || (SELECT jsonb_agg(jsonb_build_object('id', format('click %s %s', p, ts), 'stream', 's1', 'viewer', format('v%s', p), 'type', 'product_click', 'product', format('p%s', p), 'ts', '2024-03-01 ' || ts))
       FROM (VALUES (1, '12:00:59'), (1, '12:01:00'), (1, '12:04:59'), (1, '12:04:58'), (1, '12:06:00'), (1, '12:07:00'), (4, '12:04:00'), (6, '12:06:00')) AS c (p, ts))
   || '[{"id": "nobody", "stream": "s1", "type": "product_click", "product": "p1", "ts": "2024-03-01 12:02:00"}]',
  'orders', (SELECT jsonb_agg(jsonb_build_object('order', format('%s %s', p, ts), 'viewer', format('v%s', i), 'stream', CASE i WHEN 11 THEN 's2' ELSE 's1' END, 'created', '2024-03-01 12:00', 'paid', CASE i WHEN 11 THEN '2024-03-02 ' ELSE '2024-03-01 ' END || ts,
                'paid_amt', 30, 'items', jsonb_build_array(jsonb_build_object('product', format('p%s', p), 'qty', 1, 'paid_amt', 30))))
       FROM (VALUES (1, 1, '12:01:00'), (1, 2, '12:03:10'), (1, 3, '12:04:59'), (1, 4, '12:05:00'), (1, 5, '12:00:30'), (1, 6, '12:30:00'), (2, 1, '12:03:00'), (3, 1, '12:11:30'), (3, 2, '12:00:00'), (3, 3, '12:12:30'),
                    (4, 1, '12:04:30'), (4, 2, '12:05:30'), (4, 3, '12:08:30'), (4, 4, '12:09:30'), (5, 1, '12:04:00'), (6, 1, '12:04:00'), (1, 11, '12:01:30')) AS o (p, i, ts))
   -- two products and freight in an order, of which 21 of 30 come back; one free of charge with another
   || '[{"order": "two", "viewer": "v7", "stream": "s1", "created": "2024-03-01 12:00", "paid": "2024-03-01 12:06", "paid_amt": 30,
         "items": [{"product": "p1", "qty": 2, "paid_amt": 20}, {"product": "p6", "qty": 1, "paid_amt": 7}]},
        {"order": "free", "stream": "s1", "created": "2024-03-01 12:00", "paid": "2024-03-01 12:07", "paid_amt": 0, "items": [{"product": "p6", "qty": 1, "paid_amt": 0}]}]',
  'refunds', '[{"refund": "r1", "order": "two", "refunded": "2024-03-06", "amount": 21}]'::jsonb));
CALL live_refresh('lx');
SELECT * FROM live_verify('lx');

-- p1: orders at 12:01:00, 12:03:10 and 12:04:59 in four minutes, at 12:05:00, 12:00:30 and 12:06 in the other six: (3 / 4) / (3 / 6) = 1.5
SELECT external_id AS stream, product_external_id AS product, explain_cnt, explain_s, explain_presence_s, explain_click_cnt, explain_order_cnt, other_presence_s, other_click_cnt, other_order_cnt,
  explain_order_rate, other_order_rate, explain_lift, explain_status, explain_cvr_c, other_cvr_c
FROM lx.stream_product ORDER BY 1, 2;
-- 21 of the 30 paid: 14 for p1, 4.9 for p6, 2.1 for the freight
SELECT product_external_id AS product, gmv_pay, refund_pay_amt, gmv_net, refund_rate_pay FROM lx.stream_product WHERE external_id = 's1' ORDER BY 1;

-- all of it once more from the tables of events, visits, orders and explanations: the number of rows that differ
CREATE VIEW lx.checked AS
WITH e AS MATERIALIZED (SELECT * FROM lx.event), t AS MATERIALIZED (SELECT explain_lag FROM lx.setting),
m AS (
  SELECT x.stream_id, x.product_id, minute, EXISTS (SELECT FROM lx.product_explain p, t WHERE (p.stream_id, p.product_id) = (x.stream_id, x.product_id)
      AND minute < p.end_ts + explain_lag AND minute + interval '1 minute' > p.start_ts) AS explained
  FROM (SELECT DISTINCT stream_id, product_id FROM lx.product_explain) AS x JOIN lx.stream s USING (stream_id) LEFT JOIN lx.product_listing l USING (stream_id, product_id),
    generate_series(date_trunc('hour', s.start_ts), date_trunc('hour', s.start_ts) + interval '59 minutes', interval '1 minute') AS minute
  WHERE (minute < coalesce(s.end_ts, 'infinity') AND minute + interval '1 minute' > s.start_ts
         AND minute + interval '1 minute' > coalesce(l.listed_at, '-infinity') AND minute < coalesce(l.delisted_at, 'infinity'))
     OR EXISTS (SELECT FROM lx.product_explain p, t WHERE (p.stream_id, p.product_id) = (x.stream_id, x.product_id)
          AND minute < p.end_ts + explain_lag AND minute + interval '1 minute' > p.start_ts)),
f AS (
  SELECT stream_id, product_id, explained,
    -- a viewer enters once and leaves once
    sum((SELECT coalesce(sum(extract(epoch FROM least(o.event_ts, minute + interval '1 minute') - greatest(i.event_ts, minute))), 0) FROM e i JOIN e o USING (stream_id, viewer_id)
         WHERE i.stream_id = m.stream_id AND i.type = 'enter' AND o.type = 'leave' AND i.event_ts < minute + interval '1 minute' AND o.event_ts > minute)) AS presence,
    sum((SELECT count(*) FROM e WHERE (e.stream_id, e.product_id) = (m.stream_id, m.product_id) AND type = 'product_click' AND date_trunc('minute', event_ts) = minute)) AS clicks,
    sum((SELECT count(*) FROM lx.orders o WHERE o.stream_id = m.stream_id AND date_trunc('minute', paid_ts) = minute
         AND EXISTS (SELECT FROM lx.order_item i WHERE (i.order_id, i.product_id) = (o.order_id, m.product_id)))) AS orders
  FROM m GROUP BY 1, 2, 3)
SELECT count(*) FILTER (WHERE (v.explain_presence_s, v.explain_click_cnt, v.explain_order_cnt) IS DISTINCT FROM (x.presence, x.clicks, x.orders)
    OR (v.other_presence_s, v.other_click_cnt, v.other_order_cnt) IS DISTINCT FROM (coalesce(o.presence, 0), coalesce(o.clicks, 0), coalesce(o.orders, 0))
    OR v.explain_lift IS DISTINCT FROM round((x.orders / nullif(x.presence, 0)) / nullif(o.orders / nullif(o.presence, 0), 0), 6)) AS differ, count(*) AS rows
FROM f AS x LEFT JOIN f AS o ON (o.stream_id, o.product_id) = (x.stream_id, x.product_id) AND NOT o.explained JOIN lx.stream_product v ON (v.stream_id, v.product_id) = (x.stream_id, x.product_id)
WHERE x.explained;
SELECT * FROM lx.checked;
SELECT sum(gmv_pay) = (SELECT sum(gmv_pay) FROM lx.roll_product) AS gmv, sum(pay_order_cnt) = (SELECT sum(pay_order_cnt) FROM lx.roll_product) AS orders,
  sum(units) = (SELECT sum(units) FROM lx.roll_product) AS units, sum(product_click_cnt) = (SELECT sum(product_click_cnt) FROM lx.roll_product) AS clicks FROM lx.roll_product_minute;

-- another lag, no lag, and explanations that are changed count at once, without a refresh
UPDATE lx.setting SET explain_lag = '0';
SELECT count(*) FROM lx.dirty_bucket;
SELECT product_external_id AS product, explain_presence_s, explain_order_cnt, other_order_cnt, explain_lift, explain_status FROM lx.stream_product WHERE external_id = 's1' AND explain_cnt > 0 ORDER BY 1;
SELECT * FROM lx.checked;
UPDATE lx.product_explain SET end_ts = '2024-03-01 12:05' WHERE product_id = (SELECT product_id FROM lx.product WHERE external_id = 'p2');
SELECT explain_s, explain_order_cnt, other_presence_s, explain_status FROM lx.stream_product WHERE product_external_id = 'p2';
SELECT * FROM lx.checked;

-- kept up to date: payments in another minute, items changed and taken away, orders gone, events moved, a refund more
UPDATE lx.orders SET paid_ts = paid_ts + interval '4 minutes' WHERE external_id = '1 12:01:00';
UPDATE lx.order_item SET qty = 5, paid_amt = 10 WHERE product_id = (SELECT product_id FROM lx.product WHERE external_id = 'p2');
DELETE FROM lx.order_item i USING lx.orders o WHERE o.order_id = i.order_id AND o.external_id = '6 12:04:00';
DELETE FROM lx.orders WHERE external_id = '3 12:00:00';
UPDATE lx.event SET event_ts = event_ts + interval '3 minutes' WHERE type = 'product_click' AND viewer_id IS NULL;
SELECT accepted FROM live_ingest('lx', 'generic', '{"refunds": [{"refund": "r2", "order": "two", "refunded": "2024-03-07", "amount": 9}]}');
CALL live_refresh('lx');
SELECT * FROM live_verify('lx');
SELECT * FROM lx.checked;
SELECT product_external_id AS product, refund_pay_amt FROM lx.stream_product WHERE external_id = 's1' AND refund_pay_amt > 0 ORDER BY 1;
-- a viewer who is forgotten leaves the figures of products as they were
CREATE TABLE lx.before AS SELECT * FROM lx.roll_product_minute;
SELECT * FROM live_forget('lx', 'generic', 'v1');
CALL live_refresh('lx');
SELECT * FROM live_verify('lx');
SELECT count(*) FROM (TABLE lx.before EXCEPT TABLE lx.roll_product_minute) AS d;
SELECT * FROM lx.checked;
-- what is wrong in the rollup is found, and put right with the stream
UPDATE lx.roll_product_minute SET pay_order_cnt = pay_order_cnt + 1 WHERE product_id = (SELECT product_id FROM lx.product WHERE external_id = 'p6');
INSERT INTO lx.roll_product_minute SELECT stream_id, minute - interval '1 day', product_id, 1, 1, 1, 1, 1, 1 FROM lx.roll_product_minute LIMIT 1;
SELECT rollup, problem, count(*) FROM live_verify('lx') GROUP BY 1, 2 ORDER BY 1, 2;
UPDATE lx.setting SET day_cut = '01:00';
CALL live_refresh('lx');
SELECT * FROM live_verify('lx');
TRUNCATE lx.event;
CALL live_refresh('lx');
SELECT * FROM live_verify('lx');

-- a schema of the first version is filled when it is brought up to date
DROP TABLE lx.roll_product_minute CASCADE;
ALTER TABLE lx.roll_product DROP COLUMN refund_pay_amt CASCADE;
ALTER TABLE lx.setting DROP COLUMN explain_lag CASCADE;
UPDATE lx.setting SET schema_version = 1;
SELECT live_upgrade('lx') ~ 'is ready' AS upgraded;
CALL live_refresh('lx');
SELECT * FROM live_verify('lx');
SELECT explain_lag FROM lx.setting;
SELECT product_external_id AS product, explain_order_cnt, refund_pay_amt FROM lx.stream_product WHERE explain_cnt > 0 OR refund_pay_amt > 0 ORDER BY external_id, 1;
DROP SCHEMA lx CASCADE;
