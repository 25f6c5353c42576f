-- rollups and views of a small audience, whose figures can be checked by hand
SET client_min_messages = warning;
SET timezone = 'UTC';
SET intervalstyle = 'iso_8601';
SELECT live_setup('lv') IS NOT NULL AS ready;
UPDATE lv.setting SET stats_tz = 'UTC', k_anonymity = 2;
UPDATE lv.identity_key SET key = 'a key for tests';

-- a stream of ten minutes. Ann stays five, is shown p1, clicks, comments, likes three times and buys two for 100, of which 40 come back;
-- Bob looks in for two seconds, and is reached afterwards; Cid clicks without having been shown, orders, does not pay, and is gone after a
-- last sign; Dan enters twice and stays until the end; of Eve only totals are known; somebody unknown comments.
SELECT accepted, duplicate, rejected FROM live_ingest('lv', 'generic', '{
  "streams": [{"stream": "s1", "host": "h1", "host_name": "Hua", "title": "tea", "start": "2024-03-01 12:00", "end": "2024-03-01 12:10"},
              {"stream": "s2", "host": "h1", "start": "2024-03-02 23:59", "end": "2024-03-03 00:01"}],
  "products": [{"product": "p1", "name": "tea", "category": "food", "stream": "s1", "pos": 1, "price": 50, "explain_from": "2024-03-01 12:01", "explain_to": "2024-03-01 12:03"},
               {"product": "p2", "name": "pot", "category": "home", "stream": "s1", "pos": 2}],
  "events": [
    {"id": 1, "stream": "s1", "viewer": "ann", "type": "expose_room", "ts": "2024-03-01 11:59:50"},
    {"id": 2, "stream": "s1", "viewer": "ann", "type": "enter", "ts": "2024-03-01 12:00:00", "source": "follow"},
    {"id": 3, "stream": "s1", "viewer": "ann", "type": "product_show", "ts": "2024-03-01 12:01:00", "product": "p1"},
    {"id": 4, "stream": "s1", "viewer": "ann", "type": "product_click", "ts": "2024-03-01 12:02:00", "product": "p1"},
    {"id": 5, "stream": "s1", "viewer": "ann", "type": "comment", "ts": "2024-03-01 12:02:30"},
    {"id": 6, "stream": "s1", "viewer": "ann", "type": "like", "ts": "2024-03-01 12:03:00", "qty": 3},
    {"id": 7, "stream": "s1", "viewer": "ann", "type": "follow", "ts": "2024-03-01 12:03:01"},
    {"id": 8, "stream": "s1", "viewer": "ann", "type": "leave", "ts": "2024-03-01 12:05:00"},
    {"id": 9, "stream": "s1", "viewer": "bob", "type": "enter", "ts": "2024-03-01 12:00:30", "source": "paid"},
    {"id": 10, "stream": "s1", "viewer": "bob", "type": "leave", "ts": "2024-03-01 12:00:32"},
    {"id": 11, "stream": "s1", "viewer": "bob", "type": "expose_room", "ts": "2024-03-01 12:00:40"},
    {"id": 12, "stream": "s1", "viewer": "cid", "type": "enter", "ts": "2024-03-01 12:02:00", "source": "paid"},
    {"id": 13, "stream": "s1", "viewer": "cid", "type": "product_click", "ts": "2024-03-01 12:03:00", "product": "p1"},
    {"id": 14, "stream": "s1", "viewer": "dan", "type": "enter", "ts": "2024-03-01 12:08:00"},
    {"id": 15, "stream": "s1", "viewer": "dan", "type": "enter", "ts": "2024-03-01 12:09:00"},
    {"id": 16, "stream": "s1", "viewer": "dan", "type": "leave", "ts": "2024-03-01 12:20:00"},
    {"id": 17, "stream": "s1", "type": "comment", "ts": "2024-03-01 12:01:30"},
    {"id": 18, "stream": "s2", "viewer": "ann", "type": "enter", "ts": "2024-03-02 23:59:30"},
    {"id": 19, "stream": "s2", "viewer": "ann", "type": "leave", "ts": "2024-03-03 00:00:30"}],
  "totals": [{"stream": "s1", "viewer": "eve", "watch_s": 90, "likes": 2}, {"stream": "s1", "viewer": "ann", "watch_s": 1000, "likes": 1000}],
  "orders": [{"order": "o1", "viewer": "ann", "stream": "s1", "created": "2024-03-01 12:03:30", "paid": "2024-03-01 12:04:00", "paid_amt": 100,
              "items": [{"product": "p1", "qty": 2, "price": 50}, {"product": "p2", "qty": 1, "price": 0, "gift": true}]},
             {"order": "o2", "viewer": "cid", "stream": "s1", "created": "2024-03-01 12:03:30", "paid_amt": 50, "items": [{"product": "p1", "qty": 1, "price": 50}]},
             {"order": "o3", "viewer": "ann", "created": "2024-03-20 12:00", "paid": "2024-03-20 12:00", "paid_amt": 30}],
  "refunds": [{"refund": "r1", "order": "o1", "refunded": "2024-03-06 09:00:00", "amount": 40}],
  "promotions": [{"promotion": "ten", "kind": "coupon", "name": "ten off", "start": "2024-03-01", "end": "2024-03-02"}],
  "exposures": [{"promotion": "ten", "viewer": "ann", "arm": "treat", "ts": "2024-03-01 12:00"}, {"promotion": "ten", "viewer": "bob", "arm": "treat", "ts": "2024-03-01 12:00"},
                {"promotion": "ten", "viewer": "cid", "arm": "control", "ts": "2024-03-01 12:00"}],
  "coupons": [{"coupon": "k1", "promotion": "ten", "viewer": "ann", "claimed": "2024-03-01 12:00:10", "used": "2024-03-01 12:04", "order": "o1", "value": 10},
              {"coupon": "k2", "promotion": "ten", "viewer": "bob", "claimed": "2024-03-01 12:00:31", "value": 10}],
  "ads": [{"plan": "a1", "hour": "2024-03-01 12:00", "stream": "s1", "cost": 50, "impressions": 1000, "clicks": 20, "orders": 1, "gmv": 100}],
  "snapshots": [{"stream": "s1", "captured": "2024-03-01 12:10", "metric": "viewers_ucnt", "value": 4}]}');
CALL live_refresh('lv');
SELECT * FROM live_verify('lv');

SELECT i.viewer_id, enter_ts::time, leave_ts::time, closed_by FROM lv.roll_session i JOIN lv.stream USING (stream_id) WHERE external_id = 's1' ORDER BY 2;
\x on
SELECT biz_date, status, duration_s, impressions_cnt, impressions_ucnt, views_cnt, viewers_ucnt, enter_rate, enter_urate, watch_s, avg_watch_per_viewer,
       avg_watch_per_view, presence_s, acu, pcu, stay_60s_ucnt, stay_60s_rate, bounce_ucnt, bounce_rate, comments_cnt, likes_cnt, shares_cnt, interactions_cnt, interact_ucnt,
       engage_urate, interactions_per_view, comments_per_view, comment_urate, like_urate, share_urate, follows_cnt, new_followers, follow_urate_all, fanclub_urate,
       product_show_cnt, product_show_ucnt, show_urate, product_click_cnt, product_click_ucnt, ctr_u, ctr_c, order_ucnt, pay_ucnt, pay_order_cnt, units, cvr_u, cvr_c,
       view_buy_urate, order_pay_urate, gmv_pay, refund_pay_amt, refund_time_amt, gmv_net, refund_rate_pay, refund_rate_time, aov_user, aov_order, aov_unit, units_per_order,
       gpm_views, gpm_viewers, uv_value, opm, ad_cost, roi, roi_net, currency, is_final
FROM lv.stream_overview WHERE external_id = 's1';
SELECT seq_from, seq_expose, seq_enter, seq_show, seq_click, seq_pay, seq_enter_urate, seq_show_urate, seq_click_urate, seq_pay_urate
FROM lv.stream_funnel WHERE external_id = 's1';
\x off
SELECT external_id, viewers_ucnt, watch_s, pcu, impressions_cnt, enter_rate, gmv_pay, cvr_u, ad_cost, roi FROM lv.stream_overview ORDER BY 1;
SELECT external_id, seq_from, seq_enter, seq_show FROM lv.stream_funnel ORDER BY 1;
-- against the stream before, and the streams of the 30 days before: viewers fall from 5 to 1, a share from 0.8 to 1, sales from 100 to 0
SELECT external_id, metric, baseline, value, baseline_value, abs_change, rel_change, pp_change, compare_status FROM lv.stream_compare
WHERE metric IN ('viewers_ucnt', 'stay_60s_rate', 'gmv_pay', 'roi', 'aov_user') ORDER BY 1, 2, 3;
SELECT external_id, minute, online_avg, online_peak, views_cnt, comments_cnt, likes_cnt, pay_order_cnt, gmv_pay, refund_time_amt, explaining_product
FROM lv.stream_minute ORDER BY minute;
SELECT product, pos, explain_cnt, explain_s, product_show_ucnt, product_click_ucnt, ctr_u, pay_ucnt, units, gmv_pay, gpm_show, gmv_share, refund_pay_amt, refund_rate_pay, explain_order_cnt, other_order_cnt, explain_status FROM lv.stream_product ORDER BY pos;
SELECT host, biz_date, gmv_rank, streams_cnt, live_s, viewers_ucnt, views_cnt, watch_s, interactions_cnt, engage_urate, pay_ucnt, gmv_pay, gmv_net, refund_time_amt, gmv_per_hour
FROM lv.host_daily ORDER BY biz_date;
SELECT channel, biz_date, viewers_ucnt, views_cnt, gmv_pay, gmv_share, ad_cost, roi, new_buyers_ucnt, cac FROM lv.channel_daily ORDER BY biz_date;
SELECT external_id, source, is_shown, viewers_ucnt, watch_s, pay_ucnt, view_buy_urate, gmv_pay, product_show_ucnt, product_click_ucnt, show_urate, ctr_u, cvr_u FROM lv.traffic_source ORDER BY 1, 2;
SELECT viewer_id, first_date, last_date, streams_cnt, watch_s, interactions_cnt, segment, segment_zh, segment_en, strategy_zh, gmv_net FROM lv.viewer_profile
ORDER BY interactions_cnt, watch_s;
SELECT last_pay_date, buy_order_cnt, buy_net_amt, r_score, f_score, m_score, rfm_segment, purchase_score FROM lv.viewer_profile WHERE buy_order_cnt > 0 OR interactions_cnt = 2 ORDER BY 1;
SELECT segment, segment_zh, is_shown, viewers_ucnt, interactions_min, interactions_max, pay_ucnt, gmv_pay FROM lv.interaction_segment ORDER BY 1;
SELECT channel, cohort_date, day_n, cohort_ucnt, retained_ucnt, day_n_retention, is_complete FROM lv.retention_cohort WHERE day_n <= 3 ORDER BY 2, 3;
SELECT channel, cohort_month, days, cohort_ucnt, gmv_net, ltv_hist, is_complete, ad_cost, cohort_cac, ltv_cac FROM lv.cohort_ltv ORDER BY days;
SELECT channel, plan_id, stream, biz_date, ad_cost, ad_ctr, cpm, cpc, roi_attributed, cpa_order FROM lv.ad_roi;
SELECT external_id, claimed_cnt, used_cnt, redeem_rate, treated_ucnt, control_ucnt, treated_rate, control_rate, raw_effect FROM lv.promo_effect;
SELECT pay_date, age_days, pay_order_cnt, gmv_pay, refunded_amt, refunded_rate FROM lv.refund_tracking WHERE age_days <= 15 ORDER BY 1, 2;
SELECT channel, rows_total, accepted, duplicate, rejected, rejected_rate, open_cnt FROM lv.data_quality;
SELECT channel, external_id, metric, platform_value, our_value, gap_rate FROM lv.platform_gap;

-- the same figures from the tables of events and orders alone, without the rollups
WITH visit AS (
  SELECT stream_id, viewer_id, event_ts AS enter_ts, least((SELECT min(l.event_ts) FROM lv.event l WHERE (l.stream_id, l.viewer_id) = (e.stream_id, e.viewer_id) AND l.event_ts > e.event_ts AND l.type IN ('leave', 'enter')),
           CASE WHEN NOT EXISTS (SELECT FROM lv.event l WHERE (l.stream_id, l.viewer_id) = (e.stream_id, e.viewer_id) AND l.event_ts > e.event_ts AND l.type IN ('leave', 'enter'))
             THEN (SELECT max(l.event_ts) + interval '60 s' FROM lv.event l WHERE (l.stream_id, l.viewer_id) = (e.stream_id, e.viewer_id)) END, end_ts) AS leave_ts
  FROM lv.event e JOIN lv.stream USING (stream_id) WHERE type = 'enter'),
watch AS (
  SELECT stream_id, viewer_id, extract(epoch FROM sum(leave_ts - enter_ts)) AS s FROM visit GROUP BY 1, 2
  UNION ALL SELECT stream_id, viewer_id, watch_s FROM lv.viewer_total t WHERE NOT EXISTS (SELECT FROM lv.event e WHERE (e.stream_id, e.viewer_id) = (t.stream_id, t.viewer_id))),
fact AS (
  SELECT s.external_id, (SELECT count(*) FROM watch w WHERE w.stream_id = s.stream_id) AS viewers_ucnt, (SELECT sum(w.s) FROM watch w WHERE w.stream_id = s.stream_id) AS watch_s,
         (SELECT count(*) FROM watch w WHERE w.stream_id = s.stream_id AND w.s >= 60) AS stay_60s_ucnt, (SELECT count(*) FROM watch w WHERE w.stream_id = s.stream_id AND w.s < 3) AS bounce_ucnt,
         (SELECT max((SELECT count(*) FROM visit b WHERE b.stream_id = s.stream_id AND b.enter_ts <= a.enter_ts AND b.leave_ts > a.enter_ts)) FROM visit a WHERE a.stream_id = s.stream_id) AS pcu,
         (SELECT count(*) FROM lv.event e WHERE e.stream_id = s.stream_id AND type = 'enter') AS views_cnt,
         (SELECT count(*) FROM lv.event e WHERE e.stream_id = s.stream_id AND type = 'expose_room') AS impressions_cnt,
         (SELECT count(DISTINCT viewer_id) FROM lv.event e WHERE e.stream_id = s.stream_id AND type = 'product_click') AS product_click_ucnt,
         (SELECT coalesce(sum(qty), 0) FROM lv.event e WHERE e.stream_id = s.stream_id AND type IN ('like', 'comment', 'share'))
           + (SELECT coalesce(sum(coalesce(likes, 0) + coalesce(comments, 0) + coalesce(shares, 0)), 0) FROM lv.viewer_total t WHERE t.stream_id = s.stream_id
              AND NOT EXISTS (SELECT FROM lv.event e WHERE (e.stream_id, e.viewer_id) = (t.stream_id, t.viewer_id))) AS interactions_cnt,
         (SELECT coalesce(sum(paid_amt), 0) FROM lv.orders o WHERE o.stream_id = s.stream_id AND paid_ts IS NOT NULL) AS gmv_pay,
         (SELECT count(DISTINCT viewer_id) FROM lv.orders o WHERE o.stream_id = s.stream_id AND paid_ts IS NOT NULL) AS pay_ucnt,
         (SELECT coalesce(sum(amount), 0) FROM lv.refund JOIN lv.orders o USING (order_id) WHERE o.stream_id = s.stream_id AND success_ts IS NOT NULL) AS refund_pay_amt,
         extract(epoch FROM s.end_ts - s.start_ts) AS duration_s
  FROM lv.stream s)
SELECT f.external_id, o.viewers_ucnt = f.viewers_ucnt AND o.watch_s = f.watch_s AND o.views_cnt = f.views_cnt AND o.impressions_cnt = f.impressions_cnt AND o.pcu = f.pcu
         AND o.stay_60s_ucnt = f.stay_60s_ucnt AND o.bounce_ucnt = f.bounce_ucnt AND o.interactions_cnt = f.interactions_cnt AND o.product_click_ucnt = f.product_click_ucnt AS counts,
       o.gmv_pay = f.gmv_pay AND o.pay_ucnt = f.pay_ucnt AND o.refund_pay_amt = f.refund_pay_amt AND o.gmv_net = f.gmv_pay - f.refund_pay_amt AS sales,
       abs(o.avg_watch_per_viewer - f.watch_s / f.viewers_ucnt) < 1e-6 AND abs(o.gpm_views - 1000 * f.gmv_pay / f.views_cnt) < 1e-6 AND abs(o.uv_value - f.gmv_pay / f.viewers_ucnt) < 1e-6
         AND abs(o.stay_60s_rate - f.stay_60s_ucnt::numeric / f.viewers_ucnt) < 1e-6 AND abs(o.view_buy_urate - f.pay_ucnt::numeric / f.viewers_ucnt) < 1e-6
         AND o.enter_rate IS NOT DISTINCT FROM round(f.views_cnt::numeric / nullif(f.impressions_cnt, 0), 6)
         AND o.cvr_u IS NOT DISTINCT FROM round(f.pay_ucnt::numeric / nullif(f.product_click_ucnt, 0), 6) AS ratios
FROM fact f JOIN lv.stream_overview o USING (external_id) ORDER BY 1;

-- the other views once more from the tables: the number of rows that differ, beside how many there are
WITH b AS (SELECT *, date_trunc('minute', event_ts) AS m FROM lv.event e),
d AS (SELECT viewer_id, event_ts::date AS day FROM lv.event WHERE type = 'enter' UNION SELECT viewer_id, event_ts::date FROM lv.event WHERE type = 'leave' AND event_ts < (SELECT end_ts FROM lv.stream s WHERE s.stream_id = event.stream_id)
  UNION SELECT t.viewer_id, s.start_ts::date FROM lv.viewer_total t JOIN lv.stream s USING (stream_id))
SELECT 'stream_minute' AS view, count(*) FILTER (WHERE v.views_cnt <> b.views OR v.comments_cnt <> b.comments OR v.likes_cnt <> b.likes OR v.product_show_cnt <> b.shows OR v.gmv_pay <> b.gmv) AS differ, count(*) AS rows
FROM lv.stream_minute v, LATERAL (SELECT count(*) FILTER (WHERE type = 'enter') AS views, coalesce(sum(qty) FILTER (WHERE type = 'comment'), 0) AS comments, coalesce(sum(qty) FILTER (WHERE type = 'like'), 0) AS likes,
    count(*) FILTER (WHERE type = 'product_show') AS shows, (SELECT coalesce(sum(paid_amt), 0) FROM lv.orders o WHERE o.stream_id = v.stream_id AND date_trunc('minute', o.paid_ts) = v.minute) AS gmv
  FROM b WHERE b.stream_id = v.stream_id AND b.m = v.minute) AS b
UNION ALL
SELECT 'stream_product', count(*) FILTER (WHERE v.product_show_cnt <> b.shows OR v.product_click_cnt <> b.clicks OR v.product_show_ucnt <> b.show_u OR v.product_click_ucnt <> b.click_u OR v.units <> b.units OR v.gmv_pay <> b.gmv
    OR v.ctr_u IS DISTINCT FROM round(b.click_u::numeric / nullif(b.show_u, 0), 6) OR v.explain_s <> b.explain_s OR v.gpm_show IS DISTINCT FROM round(1000 * b.gmv / nullif(b.shows, 0), 6)), count(*)
FROM lv.stream_product v, LATERAL (SELECT count(*) FILTER (WHERE type = 'product_show') AS shows, count(*) FILTER (WHERE type = 'product_click') AS clicks, count(DISTINCT viewer_id) FILTER (WHERE type = 'product_show') AS show_u,
    count(DISTINCT viewer_id) FILTER (WHERE type = 'product_click') AS click_u,
    (SELECT coalesce(sum(qty) FILTER (WHERE NOT is_gift), 0) FROM lv.order_item i JOIN lv.orders o USING (order_id) WHERE i.product_id = v.product_id AND o.stream_id = v.stream_id AND paid_ts IS NOT NULL) AS units,
    (SELECT coalesce(sum(i.paid_amt), 0) FROM lv.order_item i JOIN lv.orders o USING (order_id) WHERE i.product_id = v.product_id AND o.stream_id = v.stream_id AND paid_ts IS NOT NULL) AS gmv,
    (SELECT coalesce(sum(extract(epoch FROM end_ts - start_ts)), 0) FROM lv.product_explain x WHERE (x.stream_id, x.product_id) = (v.stream_id, v.product_id)) AS explain_s
  FROM lv.event e WHERE e.stream_id = v.stream_id AND e.product_id = v.product_id) AS b
UNION ALL
SELECT 'channel_daily', count(*) FILTER (WHERE v.views_cnt <> b.views OR v.gmv_pay <> b.gmv OR v.pay_order_cnt <> b.orders OR v.new_buyers_ucnt <> b.new OR v.ad_cost IS DISTINCT FROM b.cost
    OR v.roi IS DISTINCT FROM round(b.gmv / nullif(b.cost, 0), 6) OR v.cac IS DISTINCT FROM round(b.cost / nullif(b.new, 0), 6)), count(*)
FROM lv.channel_daily v, LATERAL (SELECT (SELECT count(*) FROM lv.event WHERE event_ts::date = biz_date AND type = 'enter') AS views,
    (SELECT coalesce(sum(paid_amt), 0) FROM lv.orders WHERE paid_ts::date = biz_date AND stream_id IS NOT NULL) AS gmv, (SELECT count(*) FROM lv.orders WHERE paid_ts::date = biz_date AND stream_id IS NOT NULL) AS orders,
    (SELECT count(*) FROM (SELECT min(paid_ts) AS t FROM lv.orders WHERE paid_ts IS NOT NULL GROUP BY viewer_id) AS f WHERE t::date = biz_date) AS new,
    (SELECT sum(cost) FROM lv.ad_spend WHERE hour::date = biz_date) AS cost) AS b
UNION ALL
SELECT 'host_daily', count(*) FILTER (WHERE v.views_cnt <> b.views OR v.gmv_pay <> b.gmv OR v.refund_time_amt <> b.refunds OR v.gmv_per_hour IS DISTINCT FROM round(3600 * b.gmv / nullif(v.live_s, 0), 6)), count(*)
FROM lv.host_daily v, LATERAL (SELECT (SELECT count(*) FROM lv.event JOIN lv.stream s USING (stream_id) WHERE s.host_id = v.host_id AND event_ts::date = biz_date AND type = 'enter') AS views,
    (SELECT coalesce(sum(paid_amt), 0) FROM lv.orders JOIN lv.stream s USING (stream_id) WHERE s.host_id = v.host_id AND paid_ts::date = biz_date) AS gmv,
    (SELECT coalesce(sum(amount), 0) FROM lv.refund r JOIN lv.orders o USING (order_id) JOIN lv.stream s USING (stream_id) WHERE s.host_id = v.host_id AND r.success_ts::date = biz_date) AS refunds) AS b
UNION ALL
SELECT 'viewer_profile', count(*) FILTER (WHERE v.interactions_cnt <> b.interactions OR v.gmv_net <> b.net OR v.streams_cnt <> b.streams OR v.segment <> b.segment), count(*)
FROM lv.viewer_profile v JOIN (SELECT *, 1 + (SELECT count(*) FROM unnest(percentile) AS x WHERE x < interactions) AS segment FROM (
    SELECT viewer_id, interactions, net, streams, (SELECT percentile_cont('{0.25,0.5,0.75}'::float8[]) WITHIN GROUP (ORDER BY interactions) FROM lv.viewer_profile p, LATERAL (SELECT
      (SELECT coalesce(sum(qty), 0) FROM lv.event e WHERE e.viewer_id = p.viewer_id AND type IN ('like', 'comment', 'share')) + (SELECT coalesce(sum(likes), 0) FROM lv.viewer_total t WHERE t.viewer_id = p.viewer_id
        AND NOT EXISTS (SELECT FROM lv.event e WHERE e.viewer_id = p.viewer_id)) AS interactions) AS i) AS percentile
    FROM (SELECT viewer_id, (SELECT coalesce(sum(qty), 0) FROM lv.event e WHERE e.viewer_id = w.viewer_id AND type IN ('like', 'comment', 'share')) + (SELECT coalesce(sum(likes), 0) FROM lv.viewer_total t WHERE t.viewer_id = w.viewer_id
        AND NOT EXISTS (SELECT FROM lv.event e WHERE e.viewer_id = w.viewer_id)) AS interactions,
      (SELECT coalesce(sum(paid_amt - coalesce((SELECT sum(amount) FROM lv.refund r WHERE r.order_id = o.order_id AND success_ts IS NOT NULL), 0)), 0) FROM lv.orders o WHERE o.viewer_id = w.viewer_id AND stream_id IS NOT NULL AND paid_ts IS NOT NULL) AS net,
      greatest((SELECT count(DISTINCT stream_id) FROM lv.event e WHERE e.viewer_id = w.viewer_id), 1) AS streams FROM lv.viewer w) AS w) AS w) AS b USING (viewer_id)
UNION ALL
SELECT 'interaction_segment', count(*) FILTER (WHERE is_shown AND (v.viewers_ucnt, v.interactions_cnt, v.gmv_pay) IS DISTINCT FROM (b.n, b.i, b.g)
    OR NOT is_shown AND (b.n >= 2 OR v.viewers_ucnt IS NOT NULL OR v.gmv_pay IS NOT NULL)), count(*)
FROM lv.interaction_segment v JOIN (SELECT segment, count(*) AS n, sum(interactions_cnt) AS i, sum(gmv_pay) AS g FROM lv.viewer_profile GROUP BY 1) AS b USING (segment)
UNION ALL
SELECT 'retention_cohort', count(*) FILTER (WHERE v.cohort_ucnt <> b.n OR v.retained_ucnt IS DISTINCT FROM b.k OR v.day_n_retention IS DISTINCT FROM round(b.k::numeric / b.n, 6)), count(*)
FROM lv.retention_cohort v, LATERAL (SELECT count(*) AS n, count(*) FILTER (WHERE EXISTS (SELECT FROM d a WHERE a.viewer_id = f.viewer_id AND a.day = v.cohort_date + v.day_n)) AS k
  FROM (SELECT viewer_id, min(day) AS first FROM d GROUP BY 1) AS f WHERE first = v.cohort_date) AS b
UNION ALL
SELECT 'cohort_ltv', count(*) FILTER (WHERE v.cohort_ucnt <> b.n OR v.ltv_hist IS DISTINCT FROM round(b.net / b.n, 6)
    OR (v.ad_cost, v.cohort_cac, v.ltv_cac) IS DISTINCT FROM (c.cost, round(c.cost / b.n, 6), round(b.net / c.cost, 6))), count(*)
FROM lv.cohort_ltv v, LATERAL (SELECT count(DISTINCT viewer_id) AS n, coalesce(sum(paid_amt - coalesce((SELECT sum(amount) FROM lv.refund r WHERE r.order_id = o.order_id AND success_ts IS NOT NULL), 0))
    FILTER (WHERE paid_ts < (SELECT min(paid_ts) FROM lv.orders q WHERE q.viewer_id = o.viewer_id) + v.days * interval '1 day'), 0) AS net
  FROM lv.orders o WHERE paid_ts IS NOT NULL AND date_trunc('month', (SELECT min(paid_ts) FROM lv.orders q WHERE q.viewer_id = o.viewer_id)) = v.cohort_month) AS b,
  LATERAL (SELECT sum(cost) AS cost FROM lv.ad_spend WHERE date_trunc('month', hour) = v.cohort_month) AS c
UNION ALL
SELECT 'traffic_source', count(*) FILTER (WHERE is_shown AND ((v.viewers_ucnt, v.pay_ucnt, v.product_show_ucnt, v.product_click_ucnt) IS DISTINCT FROM (b.n, b.p, b.s, b.c)
      OR v.show_urate <> round(b.s::numeric / b.n, 6) OR v.ctr_u IS DISTINCT FROM round(b.c::numeric / nullif(b.s, 0), 6) OR v.cvr_u IS DISTINCT FROM round(b.p::numeric / nullif(b.c, 0), 6))
    OR is_shown <> (b.n >= 2) OR NOT is_shown AND (v.viewers_ucnt, v.watch_s, v.gmv_pay, v.product_show_ucnt, v.product_click_ucnt, v.show_urate, v.ctr_u, v.cvr_u) IS DISTINCT FROM (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)), count(*)
FROM lv.traffic_source v, LATERAL (SELECT count(*) AS n, count(*) FILTER (WHERE EXISTS (SELECT FROM lv.orders o WHERE (o.stream_id, o.viewer_id) = (v.stream_id, f.viewer_id) AND paid_ts IS NOT NULL)) AS p,
    count(*) FILTER (WHERE EXISTS (SELECT FROM lv.event e WHERE (e.stream_id, e.viewer_id) = (v.stream_id, f.viewer_id) AND type = 'product_show')) AS s,
    count(*) FILTER (WHERE EXISTS (SELECT FROM lv.event e WHERE (e.stream_id, e.viewer_id) = (v.stream_id, f.viewer_id) AND type = 'product_click')) AS c
  FROM (SELECT DISTINCT ON (viewer_id) viewer_id, coalesce(source, 'unknown') AS source FROM (
      SELECT viewer_id, source, event_ts FROM lv.event e WHERE e.stream_id = v.stream_id AND type = 'enter'
      UNION ALL SELECT viewer_id, NULL, captured_at FROM lv.viewer_total t WHERE t.stream_id = v.stream_id AND NOT EXISTS (SELECT FROM lv.event e WHERE (e.stream_id, e.viewer_id) = (t.stream_id, t.viewer_id))) AS e
    ORDER BY viewer_id, source IS NULL, event_ts) AS f WHERE f.source = v.source) AS b
UNION ALL
SELECT 'refund_tracking', count(*) FILTER (WHERE v.pay_order_cnt <> b.n OR v.gmv_pay <> b.g OR v.refunded_amt IS DISTINCT FROM b.r), count(*)
FROM lv.refund_tracking v, LATERAL (SELECT count(*) AS n, sum(paid_amt) AS g, (SELECT coalesce(sum(amount), 0) FROM lv.refund r JOIN lv.orders q USING (order_id) WHERE q.paid_ts::date = v.pay_date
    AND r.success_ts < q.paid_ts + v.age_days * interval '1 day') AS r FROM lv.orders o WHERE o.paid_ts::date = v.pay_date) AS b
UNION ALL
SELECT 'stream_funnel', count(*) FILTER (WHERE (coalesce(v.seq_expose, 0), v.seq_enter, v.seq_show, v.seq_click, v.seq_pay) IS DISTINCT FROM (b.s1, b.s2, b.s3, b.s4, b.s5)
    OR v.seq_enter_urate IS DISTINCT FROM round(b.s2::numeric / nullif(b.s1, 0), 6) OR v.seq_pay_urate IS DISTINCT FROM round(b.s5::numeric / nullif(b.s4, 0), 6)
    OR v.show_urate IS DISTINCT FROM round(v.product_show_ucnt::numeric / nullif(v.viewers_ucnt, 0), 6)), count(*)
FROM lv.stream_funnel v, LATERAL (SELECT count(t1) AS s1, count(t2) AS s2, count(t3) AS s3, count(t4) AS s4, count(t5) AS s5
  FROM (SELECT DISTINCT viewer_id FROM lv.event e WHERE e.stream_id = v.stream_id AND viewer_id IS NOT NULL) AS w,
    -- the earliest of each step that is not before the one before; without any impression of the stream everybody was reached
    LATERAL (SELECT CASE WHEN EXISTS (SELECT FROM lv.event e WHERE e.stream_id = v.stream_id AND type = 'expose_room') THEN min(event_ts) FILTER (WHERE type = 'expose_room') END AS t1,
      NOT EXISTS (SELECT FROM lv.event e WHERE e.stream_id = v.stream_id AND type = 'expose_room') AS no_expose FROM lv.event e WHERE (e.stream_id, e.viewer_id) = (v.stream_id, w.viewer_id)) AS s1,
    LATERAL (SELECT min(event_ts) AS t2 FROM lv.event e WHERE (e.stream_id, e.viewer_id) = (v.stream_id, w.viewer_id) AND type = 'enter' AND (event_ts >= t1 OR no_expose)) AS s2,
    LATERAL (SELECT min(event_ts) AS t3 FROM lv.event e WHERE (e.stream_id, e.viewer_id) = (v.stream_id, w.viewer_id) AND type = 'product_show' AND event_ts >= t2) AS s3,
    LATERAL (SELECT min(event_ts) AS t4 FROM lv.event e WHERE (e.stream_id, e.viewer_id) = (v.stream_id, w.viewer_id) AND type = 'product_click' AND event_ts >= t3) AS s4,
    LATERAL (SELECT min(paid_ts) AS t5 FROM lv.orders o WHERE (o.stream_id, o.viewer_id) = (v.stream_id, w.viewer_id) AND paid_ts >= t4) AS s5) AS b
UNION ALL
SELECT 'ad_roi', count(*) FILTER (WHERE (v.ad_cost, v.attributed_gmv) IS DISTINCT FROM (b.cost, b.gmv) OR v.ad_ctr <> round(b.clicks / b.imp, 6) OR v.cpm <> round(1000 * b.cost / b.imp, 6)
    OR v.cpc <> round(b.cost / b.clicks, 6) OR v.roi_attributed <> round(b.gmv / b.cost, 6) OR v.cpa_order <> round(b.cost / b.orders, 6)), count(*)
FROM lv.ad_roi v, LATERAL (SELECT sum(cost) AS cost, sum(impressions) AS imp, sum(clicks) AS clicks, sum(attributed_orders) AS orders, sum(attributed_gmv) AS gmv FROM lv.ad_spend a
  WHERE a.plan_id = v.plan_id AND hour::date = biz_date AND scope = 'promoted') AS b
UNION ALL
SELECT 'promo_effect', count(*) FILTER (WHERE v.redeem_rate <> round(b.used::numeric / b.claimed, 6) OR v.raw_effect <> round(b.treat - b.control, 6)), count(*)
FROM lv.promo_effect v, LATERAL (SELECT (SELECT count(*) FROM lv.coupon k WHERE k.promo_id = v.promo_id) AS claimed, (SELECT count(*) FROM lv.coupon k WHERE k.promo_id = v.promo_id AND used_ts IS NOT NULL) AS used,
    avg(bought::int) FILTER (WHERE arm = 'treat') AS treat, avg(bought::int) FILTER (WHERE arm = 'control') AS control
  FROM (SELECT arm, EXISTS (SELECT FROM lv.orders o WHERE o.viewer_id = x.viewer_id AND paid_ts BETWEEN assigned_ts AND v.end_ts) AS bought FROM lv.promo_exposure x WHERE x.promo_id = v.promo_id) AS x) AS b
UNION ALL
SELECT 'stream_compare', count(*) FILTER (WHERE v.value IS DISTINCT FROM b.value::numeric OR v.baseline_value IS DISTINCT FROM p.value::numeric OR v.abs_change IS DISTINCT FROM (b.value::numeric - p.value::numeric)
    OR v.rel_change IS DISTINCT FROM round((b.value::numeric - p.value::numeric) / nullif(p.value::numeric, 0), 6)), count(*)
FROM lv.stream_compare v JOIN lv.stream_overview o USING (stream_id) LEFT JOIN lv.stream_overview q ON q.stream_id = (SELECT s.stream_id FROM lv.stream s WHERE s.host_id = o.host_id AND s.start_ts < o.start_ts ORDER BY s.start_ts DESC LIMIT 1),
  LATERAL (SELECT to_jsonb(o) ->> v.metric AS value) AS b, LATERAL (SELECT to_jsonb(q) ->> v.metric AS value) AS p WHERE v.baseline = 'previous';

-- what is not over or not known yet is NULL, and x / 0 too
UPDATE lv.refresh_state SET data_as_of = '2024-03-05 12:00';
SELECT day_n, retained_ucnt, day_n_retention, is_complete FROM lv.retention_cohort WHERE day_n BETWEEN 2 AND 4 ORDER BY 1;
SELECT days, gmv_net, ltv_hist, is_complete FROM lv.cohort_ltv WHERE days <= 7 ORDER BY 1;
SELECT external_id, is_final FROM lv.stream_overview ORDER BY 1;

-- columns of BI views have no arrays, no JSON, and names in one style
SELECT table_name, column_name, data_type FROM information_schema.columns JOIN information_schema.views USING (table_schema, table_name)
WHERE table_schema = 'lv' AND (data_type IN ('ARRAY', 'json', 'jsonb', 'USER-DEFINED') OR column_name !~ '^[a-z][a-z0-9_]*$');
-- every metric of the catalogue is a column of a view
SELECT metric FROM lv.metric_catalog WHERE metric NOT IN (SELECT column_name FROM information_schema.columns JOIN information_schema.views USING (table_schema, table_name)
  WHERE table_schema = 'lv') ORDER BY 1;
-- views see with the rights of whoever asks
SELECT count(*) FROM pg_class WHERE relnamespace = 'lv'::regnamespace AND relkind = 'v' AND NOT coalesce('security_invoker=true' = ANY (reloptions), false);

-- the extension cannot go while views use it; they come back
\set VERBOSITY terse
DROP EXTENSION liveanalytics;
\set VERBOSITY default
BEGIN;
DROP EXTENSION liveanalytics CASCADE;
SELECT count(*) > 0 AS tables_stay FROM lv.event;
SELECT to_regclass('lv.interaction_segment') IS NULL AS gone, to_regclass('lv.stream_overview') IS NOT NULL AS stays;
CREATE EXTENSION liveanalytics;
SELECT live_upgrade('lv') ~ 'ready' AS upgraded;
SELECT to_regclass('lv.interaction_segment') IS NOT NULL AS back;
ROLLBACK;
DROP SCHEMA lv CASCADE;
