-- what visits are credited with, on figures that can be checked by hand
SET client_min_messages = warning;
SET timezone = 'UTC';
SELECT live_setup('la') IS NOT NULL AS ready;
UPDATE la.setting SET stats_tz = 'UTC';

-- Streams a to d on four days. Ann comes to a, b, c and d and buys; Bob to a, twice in a row (a lost connection), and b; Cid to a, b and a again; Dan to b
-- alone, and buys twice, the second time after c; Eve never came; Fay came more than seven days before; Gil came after he had paid; of Hal the channel
-- tells totals only; somebody unknown buys. Ann's second order is not paid.
CREATE TABLE la.visit (viewer text, stream text, enter_ts timestamptz, source text);
INSERT INTO la.visit VALUES
  ('ann', 'a', '2024-03-01 12:00', 'paid'), ('ann', 'b', '2024-03-02 12:00', 'follow'), ('ann', 'c', '2024-03-03 12:00', NULL), ('ann', 'd', '2024-03-04 12:00', 'paid'),
  ('bob', 'a', '2024-03-01 12:00', 'natural'), ('bob', 'a', '2024-03-01 12:30', 'paid'), ('bob', 'b', '2024-03-02 12:10', 'natural'),
  ('cid', 'a', '2024-03-01 12:00', 'paid'), ('cid', 'b', '2024-03-02 12:00', 'natural'), ('cid', 'a', '2024-03-02 13:00', 'follow'),
  ('dan', 'b', '2024-03-02 12:00', 'short_video'), ('dan', 'c', '2024-03-03 12:00', 'paid'),
  ('fay', 'a', '2024-03-01 12:00', 'paid'), ('gil', 'd', '2024-03-04 12:20', 'paid');
SELECT accepted, rejected FROM live_ingest('la', 'generic', jsonb_build_object(
  'streams', (SELECT jsonb_agg(jsonb_build_object('stream', s, 'host', 'h', 'start', d + interval '11 hours', 'end', d + interval '60 hours')) FROM (VALUES ('a', '2024-03-01'::timestamp), ('b', '2024-03-02'), ('c', '2024-03-03'), ('d', '2024-03-04')) AS v (s, d)),
  'events', (SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object('id', format('%s %s %s', viewer, t, enter_ts), 'stream', stream, 'viewer', viewer, 'type', t, 'source', CASE t WHEN 'enter' THEN source END,
                'ts', CASE t WHEN 'enter' THEN enter_ts ELSE enter_ts + interval '10 minutes' END))) FROM la.visit, unnest('{enter,leave}'::text[]) AS t),
  'totals', '[{"stream": "a", "viewer": "hal", "watch_s": 90}]'::jsonb,
  'orders', '[
    {"order": "ann", "viewer": "ann", "stream": "d", "created": "2024-03-04 12:00", "paid": "2024-03-04 12:05", "paid_amt": 100},
    {"order": "ann unpaid", "viewer": "ann", "stream": "d", "created": "2024-03-04 12:00", "paid_amt": 500},
    {"order": "bob", "viewer": "bob", "stream": "b", "created": "2024-03-02 12:15", "paid": "2024-03-02 12:30", "paid_amt": 10.01},
    {"order": "cid", "viewer": "cid", "created": "2024-03-02 13:00", "paid": "2024-03-02 13:00", "paid_amt": 30},
    {"order": "dan 1", "viewer": "dan", "stream": "b", "created": "2024-03-02 12:00", "paid": "2024-03-02 12:05", "paid_amt": 7},
    {"order": "dan 2", "viewer": "dan", "stream": "c", "created": "2024-03-03 12:00", "paid": "2024-03-03 12:05", "paid_amt": 0.01},
    {"order": "eve", "viewer": "eve", "stream": "a", "created": "2024-03-01 12:00", "paid": "2024-03-01 12:05", "paid_amt": 5},
    {"order": "fay", "viewer": "fay", "created": "2024-03-08 12:00", "paid": "2024-03-08 12:00:01", "paid_amt": 50},
    {"order": "fay in time", "viewer": "fay", "created": "2024-03-08 12:00", "paid": "2024-03-08 12:00:00", "paid_amt": 51},
    {"order": "gil", "viewer": "gil", "stream": "d", "created": "2024-03-04 12:00", "paid": "2024-03-04 12:10", "paid_amt": 9},
    {"order": "hal", "viewer": "hal", "stream": "a", "created": "2024-03-01 12:00", "paid": "2024-03-01 12:05", "paid_amt": 8},
    {"order": "nobody", "stream": "a", "created": "2024-03-01 12:00", "paid": "2024-03-01 12:05", "paid_amt": 6}]'::jsonb,
  'ads', '[{"plan": "p", "hour": "2024-03-04 12:00", "stream": "d", "cost": 20, "impressions": 1, "clicks": 1}, {"plan": "q", "hour": "2024-03-04 12:00", "cost": 5, "impressions": 1, "clicks": 1},
           {"plan": "r", "hour": "2024-03-02 12:00", "stream": "a", "cost": 4, "impressions": 1, "clicks": 1}]'::jsonb));
CALL live_refresh('la');
SELECT * FROM live_verify('la');

-- Ann's 100: all to a, all to d, 25 each, 40 10 10 40, and 1 : 2 : 4 : 8 of 15 parts
SELECT model, touch_kind, touch, credit_orders, credit_gmv, ad_cost, roas FROM la.attribution WHERE biz_date = '2024-03-04' ORDER BY touch_kind, model, touch;
-- Bob's two visits in a row are one; Cid's three visits are three
SELECT model, touch_kind, touch, credit_orders, credit_gmv, ad_cost, roas FROM la.attribution WHERE biz_date = '2024-03-02' ORDER BY touch_kind, model, touch;
SELECT biz_date, touch, credit_orders, credit_gmv FROM la.attribution WHERE touch_kind = 'stream' AND model = 'first' AND biz_date NOT IN ('2024-03-02', '2024-03-04') ORDER BY 1, 2;

-- the credits of each model add up to the orders, to the last digit, in all and on every day
SELECT touch_kind, model, sum(credit_orders) AS orders, sum(credit_gmv) AS gmv FROM la.attribution GROUP BY 1, 2 ORDER BY 1, 2;
SELECT count(*) AS days, bool_and(credit_orders = orders AND credit_gmv = gmv AND negative = 0) AS equal
FROM (SELECT touch_kind, model, biz_date, sum(credit_orders) AS credit_orders, sum(credit_gmv) AS credit_gmv, count(*) FILTER (WHERE credit_orders < 0 OR credit_gmv < 0) AS negative FROM la.attribution GROUP BY 1, 2, 3) AS a
JOIN (SELECT paid_ts::date AS biz_date, count(*) AS orders, sum(paid_amt) AS gmv FROM la.orders WHERE paid_ts IS NOT NULL GROUP BY 1) AS b USING (biz_date);

-- once more from the tables of visits and orders, each model as it is defined: the number of rows that differ by more than rounding
CREATE VIEW la.checked AS
WITH e AS (
  SELECT o.order_id, o.paid_ts, o.paid_amt, v.stream, v.enter_ts, (SELECT w.source FROM la.visit w WHERE (w.viewer, w.stream) = (v.viewer, v.stream) AND source IS NOT NULL ORDER BY enter_ts LIMIT 1) AS source
  FROM la.orders o JOIN la.visit v ON v.viewer = split_part(o.external_id, ' ', 1) AND v.enter_ts BETWEEN o.paid_ts - (SELECT attribution_lookback FROM la.setting) AND o.paid_ts
  WHERE o.paid_ts IS NOT NULL),
-- the last of visits in a row to the same stream stands for them
k AS (SELECT *, row_number() OVER w AS i, count(*) OVER (PARTITION BY order_id) AS n FROM e WHERE NOT EXISTS (
        SELECT FROM e AS x WHERE x.order_id = e.order_id AND x.stream = e.stream AND x.enter_ts > e.enter_ts
          AND NOT EXISTS (SELECT FROM e AS y WHERE y.order_id = e.order_id AND y.stream <> e.stream AND y.enter_ts > e.enter_ts AND y.enter_ts < x.enter_ts))
      WINDOW w AS (PARTITION BY order_id ORDER BY enter_ts)),
c AS (
  SELECT order_id, paid_ts::date AS biz_date, stream, coalesce(source, 'unknown') AS source, paid_amt, (i = 1)::int AS first, (i = n)::int AS last, 1.0 / n AS linear,
    CASE WHEN n = 1 THEN 1 WHEN n = 2 THEN 0.5 WHEN i IN (1, n) THEN 0.4 ELSE 0.2 / (n - 2) END AS position, d / sum(d) OVER (PARTITION BY order_id) AS time_decay
  FROM (SELECT *, 0.5 ^ (extract(epoch FROM paid_ts - enter_ts) / extract(epoch FROM (SELECT attribution_half_life FROM la.setting))) AS d FROM k) AS k
  UNION ALL SELECT order_id, paid_ts::date, '(none)', '(none)', paid_amt, 1, 1, 1, 1, 1 FROM la.orders WHERE paid_ts IS NOT NULL AND order_id NOT IN (SELECT order_id FROM k)),
b AS (
  SELECT u.kind AS touch_kind, u.touch, m.model, biz_date, sum(m.share) AS orders, sum(m.share * paid_amt) AS gmv
  FROM c, LATERAL (VALUES ('stream', stream), ('source', source)) AS u (kind, touch), LATERAL (VALUES ('first', first), ('last', last), ('linear', linear), ('position', position), ('time_decay', time_decay)) AS m (model, share)
  WHERE share > 0 GROUP BY 1, 2, 3, 4)
SELECT count(*) FILTER (WHERE abs(coalesce(b.orders, 0) - coalesce(a.credit_orders, 0)) > 1e-8 OR abs(coalesce(b.gmv, 0) - coalesce(a.credit_gmv, 0)) > 0.0002) AS differ, count(b) AS rows
FROM la.attribution a FULL JOIN b USING (touch_kind, touch, model, biz_date);
SELECT * FROM la.checked;
-- other settings: a lookback of a day, and decay so fast that early visits count for nothing
UPDATE la.setting SET attribution_lookback = '1 day', attribution_half_life = '1 minute';
SELECT * FROM la.checked;
UPDATE la.setting SET attribution_half_life = '1 microsecond', attribution_lookback = '366 days';
SELECT model, touch, credit_orders, credit_gmv FROM la.attribution WHERE biz_date = '2024-03-04' AND touch_kind = 'stream' AND model IN ('last', 'time_decay') ORDER BY 1, 2;
-- without any lookback a visit counts that begins as the order is paid
UPDATE la.setting SET attribution_lookback = '0';
SELECT touch, sum(credit_orders) AS orders FROM la.attribution WHERE touch_kind = 'stream' AND model = 'first' GROUP BY 1 ORDER BY 1;
\set VERBOSITY terse
UPDATE la.setting SET attribution_half_life = '0';
UPDATE la.setting SET attribution_lookback = '-1 day';
\set VERBOSITY default

-- a range of days looks at the orders of these days, and at no visits of others' buyers
UPDATE la.setting SET attribution_lookback = '7 days';
CREATE FUNCTION la.plan_of(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$ DECLARE l text; BEGIN FOR l IN EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) ' || query LOOP RETURN NEXT l; END LOOP; END $$;
SELECT substring(p FROM 'loops=(\d+)') AS lookups FROM la.plan_of('SELECT * FROM la.attribution WHERE biz_date = ''2024-03-04''') AS p WHERE p ~ 'on roll_viewer v|using roll_viewer\w+ on roll_viewer v';
-- who is forgotten has bought all the same
SELECT orders FROM live_forget('la', 'generic', 'ann');
CALL live_refresh('la');
SELECT touch, credit_orders, credit_gmv FROM la.attribution WHERE biz_date = '2024-03-04' AND touch_kind = 'stream' AND model = 'linear' ORDER BY 1;
DROP SCHEMA la CASCADE;
