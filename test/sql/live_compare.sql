-- streams beside their host's earlier ones: medians of 30 days and of the weekday, and the step of the funnel that falls behind
SET client_min_messages = warning;
SET timezone = 'UTC';
SELECT live_setup('lc') IS NOT NULL AS ready;
UPDATE lc.setting SET stats_tz = 'UTC';

-- so many people of each stream are reached, enter, are shown a product, click and buy; h1 has streams on Fridays, and one on a Wednesday.
-- a, of January, is beyond the 30 days of f but not the 12 weeks; b has no figures but a start; g is not over.
CREATE TABLE lc.plan (stream text, host text, start_ts timestamptz, reached int, entered int, shown int, clicked int, paid int);
INSERT INTO lc.plan VALUES
  ('a', 'h1', '2024-01-05 12:00', 100, 50, 25, 10, 9), ('b', 'h1', '2024-02-07 12:00', 0, 0, 0, 0, 0), ('c', 'h1', '2024-02-09 12:00', 40, 20, 10, 5, 1),
  ('d', 'h1', '2024-02-16 12:00', 60, 15, 12, 6, 3), ('e', 'h1', '2024-02-23 12:00', 50, 40, 20, 4, 4), ('f', 'h1', '2024-03-01 12:00', 80, 32, 20, 5, 3),
  ('g', 'h1', '2024-03-08 12:00', 10, 1, 1, 1, 1), ('x', 'h2', '2024-02-20 12:00', 9, 6, 4, 3, 2), ('y', 'h2', '2024-02-28 12:00', 9, 6, 5, 4, 3);
SELECT accepted, rejected FROM live_ingest('lc', 'generic', jsonb_build_object(
  'streams', (SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object('stream', stream, 'host', host, 'host_name', host, 'start', start_ts, 'end', CASE WHEN stream <> 'g' THEN start_ts + interval '1 hour' END))) FROM lc.plan),
  'events', (SELECT jsonb_agg(jsonb_build_object('id', format('%s %s %s', stream, t, i), 'stream', stream, 'viewer', format('v%s', i), 'type', t, 'ts', start_ts + n * interval '1 minute') || CASE WHEN t LIKE 'product%' THEN '{"product": "p"}' ELSE '{}' END::jsonb)
    FROM lc.plan, LATERAL (VALUES ('expose_room', 1, reached), ('enter', 2, entered), ('product_show', 3, shown), ('product_click', 4, clicked)) AS s (t, n, people), generate_series(1, people) AS i),
  'orders', (SELECT jsonb_agg(jsonb_build_object('order', format('%s %s', stream, i), 'stream', stream, 'viewer', format('v%s', i), 'created', start_ts + interval '5 minutes', 'paid', start_ts + interval '5 minutes', 'paid_amt', 10 * i))
    FROM lc.plan, generate_series(1, paid) AS i)));
CALL live_refresh('lc');
SELECT * FROM live_verify('lc');

-- buyers of f: 3, after c 1, d 3, e 4 and b none in 30 days: mean 2, median 2; on a Friday a 9, c 1, d 3, e 4: median 3.5
SELECT external_id, metric, baseline, value, baseline_value, abs_change, rel_change, pp_change, compare_status, baseline_cnt FROM lc.stream_compare
WHERE metric IN ('pay_ucnt', 'view_buy_urate') AND host = 'h1' OR metric = 'gmv_pay' AND host = 'h2' ORDER BY 1, 2, 3;
-- rates of c, d, e: enter 0.5 0.25 0.8, show 0.5 0.8 0.5, click 0.5 0.5 0.2, pay 0.2 0.5 1; f has 0.4, 0.625, 0.25 and 0.6: clicks are half of usual
SELECT external_id, enter_urate, show_urate, ctr_u, cvr_u, baseline_cnt, median_enter_urate, median_show_urate, median_ctr_u, median_cvr_u, bottleneck_step, bottleneck_shortfall, bottleneck_status
FROM lc.stream_funnel ORDER BY 1;

-- once more from the table of the plan: the number of rows that differ
WITH r AS (
  SELECT *, start_ts::date AS day, NOT stream = 'g' AS over, round(entered / nullif(reached, 0)::numeric, 6) AS r1, round(shown / nullif(entered, 0)::numeric, 6) AS r2, round(clicked / nullif(shown, 0)::numeric, 6) AS r3,
    round(paid / nullif(clicked, 0)::numeric, 6) AS r4,
    paid / nullif(entered, 0)::numeric AS buy, paid * (paid + 1) * 5 AS gmv FROM lc.plan),
-- the value in the middle: as many are smaller as are larger
middle AS (
  SELECT r.stream, m.metric, w.kind, (SELECT avg(DISTINCT x) FROM unnest(v.xs) AS x WHERE abs((SELECT sum(sign(y - x)) FROM unnest(v.xs) AS y)) <= (SELECT count(*) FROM unnest(v.xs) AS y WHERE y = x)) AS median, cardinality(v.xs) AS n, streams
  FROM r, (VALUES ('enter'), ('show'), ('click'), ('pay'), ('pay_ucnt'), ('view_buy_urate'), ('gmv_pay'), ('viewers_ucnt')) AS m (metric), (VALUES ('median_30d'), ('median_weekday')) AS w (kind),
    LATERAL (SELECT coalesce(array_agg(x) FILTER (WHERE x IS NOT NULL), '{}') AS xs, count(*) AS streams FROM (
      SELECT CASE m.metric WHEN 'enter' THEN r1 WHEN 'show' THEN r2 WHEN 'click' THEN r3 WHEN 'pay' THEN r4 WHEN 'pay_ucnt' THEN paid WHEN 'view_buy_urate' THEN round(buy, 6) WHEN 'gmv_pay' THEN gmv ELSE entered END AS x
      FROM r AS q WHERE q.host = r.host AND q.start_ts < r.start_ts
        AND CASE w.kind WHEN 'median_30d' THEN q.start_ts >= r.start_ts - interval '30 days' ELSE q.start_ts >= r.start_ts - interval '84 days' AND to_char(q.day, 'Dy') = to_char(r.day, 'Dy') END) AS x) AS v)
SELECT 'stream_compare' AS view, count(*) FILTER (WHERE v.baseline_value IS DISTINCT FROM round(m.median, 6) OR v.baseline_cnt <> m.n OR (v.compare_status = 'NO_BASELINE') <> (m.streams = 0 AND v.external_id <> 'g')
    OR v.compare_status = 'OK' AND v.rel_change <> round((v.value - m.median) / m.median, 6)) AS differ, count(*) AS rows
FROM lc.stream_compare v JOIN middle m ON (m.stream, m.metric, m.kind) = (v.external_id, v.metric, v.baseline)
UNION ALL
SELECT 'stream_funnel', count(*) FILTER (WHERE (v.median_enter_urate, v.median_show_urate, v.median_ctr_u, v.median_cvr_u) IS DISTINCT FROM (b.m1, b.m2, b.m3, b.m4) OR v.baseline_cnt <> b.streams
    OR (v.bottleneck_step, v.bottleneck_shortfall) IS DISTINCT FROM (CASE WHEN r.over THEN w.step END, CASE WHEN r.over THEN round(w.short, 6) END)), count(*)
FROM lc.stream_funnel v JOIN r ON r.stream = v.external_id,
  LATERAL (SELECT max(streams) AS streams, max(round(median, 6)) FILTER (WHERE metric = 'enter') AS m1, max(round(median, 6)) FILTER (WHERE metric = 'show') AS m2, max(round(median, 6)) FILTER (WHERE metric = 'click') AS m3,
     max(round(median, 6)) FILTER (WHERE metric = 'pay') AS m4 FROM middle m WHERE m.stream = v.external_id AND kind = 'median_30d') AS b
  LEFT JOIN LATERAL (SELECT metric AS step, 1 - x / median AS short FROM middle m, LATERAL (SELECT CASE metric WHEN 'enter' THEN r1 WHEN 'show' THEN r2 WHEN 'click' THEN r3 WHEN 'pay' THEN r4 END AS x) AS x
    WHERE m.stream = v.external_id AND kind = 'median_30d' AND x < median ORDER BY 2 DESC LIMIT 1) AS w ON true;

-- a stream is compared with the one before however long ago that was
UPDATE lc.stream SET start_ts = start_ts - interval '1 year' WHERE external_id = 'x';
SELECT baseline, value, baseline_value, compare_status FROM lc.stream_compare WHERE external_id = 'y' AND metric = 'pay_ucnt' ORDER BY 1;
SELECT bottleneck_status FROM lc.stream_funnel WHERE external_id = 'y';
DROP SCHEMA lc CASCADE;
