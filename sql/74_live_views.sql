-- Views for BI: plain columns, numerators and denominators beside each ratio,
-- x / 0 NULL, data_as_of, is_final. A figure that the channel does not report is
-- NULL, not 0.

CREATE FUNCTION live_daily_sql(key text)
RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $live$
BEGIN
	-- what host_daily and channel_daily share: the figures of each business day of a
	-- host_id or channel_id, and the columns that are made of them
	IF key = 'columns' THEN
		RETURN $sql$d.streams_cnt, round(d.live_s, 0) AS live_s, d.viewers_ucnt, d.views_cnt, round(d.watch_s, 3) AS watch_s,
			round(d.watch_s / nullif(d.viewers_ucnt, 0), 6) AS avg_watch_per_viewer, d.comments_cnt, d.likes_cnt, d.shares_cnt,
			d.comments_cnt + d.likes_cnt + d.shares_cnt AS interactions_cnt, d.interact_ucnt, round(d.interact_ucnt::numeric / nullif(d.viewers_ucnt, 0), 6) AS engage_urate,
			d.follows_cnt, d.follows_cnt - d.unfollows_cnt AS new_followers, d.follow_ucnt, round(d.follow_ucnt::numeric / nullif(d.viewers_ucnt, 0), 6) AS follow_urate_all,
			d.pay_ucnt, d.pay_order_cnt, d.units, round(d.gmv_pay, 2) AS gmv_pay, round(d.refund_pay_amt, 2) AS refund_pay_amt,
			round(d.refund_time_amt, 2) AS refund_time_amt, round(d.gmv_pay - d.refund_pay_amt, 2) AS gmv_net,
			round(d.pay_ucnt::numeric / nullif(d.viewers_ucnt, 0), 6) AS view_buy_urate, round(d.refund_pay_amt / nullif(d.gmv_pay, 0), 6) AS refund_rate_pay,
			round(d.refund_time_amt / nullif(d.gmv_pay, 0), 6) AS refund_rate_time, round(d.gmv_pay / nullif(d.pay_ucnt, 0), 6) AS aov_user, round(d.gmv_pay / nullif(d.pay_order_cnt, 0), 6) AS aov_order,
			round(1000 * d.gmv_pay / nullif(d.views_cnt, 0), 6) AS gpm_views, round(d.gmv_pay / nullif(d.viewers_ucnt, 0), 6) AS uv_value,
			round(3600 * d.gmv_pay / nullif(d.live_s, 0), 6) AS gmv_per_hour$sql$;
	END IF;
	RETURN replace(replace($sql$(SELECT @key, biz_date, sum(streams_cnt)::bigint AS streams_cnt, sum(viewers_ucnt)::bigint AS viewers_ucnt, sum(watch_s) AS watch_s,
	sum(interact_ucnt)::bigint AS interact_ucnt, sum(follow_ucnt)::bigint AS follow_ucnt, sum(pay_ucnt)::bigint AS pay_ucnt,
	coalesce(sum(comments_cnt), 0)::bigint AS comments_cnt, coalesce(sum(likes_cnt), 0)::bigint AS likes_cnt, coalesce(sum(shares_cnt), 0)::bigint AS shares_cnt,
	sum(views_cnt)::bigint AS views_cnt, sum(follows_cnt)::bigint AS follows_cnt, sum(unfollows_cnt)::bigint AS unfollows_cnt,
	sum(pay_order_cnt)::bigint AS pay_order_cnt, sum(units)::bigint AS units, sum(gmv_pay) AS gmv_pay, sum(refund_pay_amt) AS refund_pay_amt,
	sum(refund_time_amt) AS refund_time_amt, sum(live_s) AS live_s, sum(ad_cost) AS ad_cost, sum(new_buyers_ucnt)::bigint AS new_buyers_ucnt
	FROM (
		SELECT s.@key, r.biz_date, count(DISTINCT r.stream_id) FILTER (WHERE here) AS streams_cnt,
		       count(DISTINCT r.viewer_id) FILTER (WHERE here) AS viewers_ucnt, sum(r.watch_s) AS watch_s,
		       count(DISTINCT r.viewer_id) FILTER (WHERE here AND comments_cnt + likes_cnt + shares_cnt > 0) AS interact_ucnt,
		       count(DISTINCT r.viewer_id) FILTER (WHERE here AND follows_cnt > 0) AS follow_ucnt,
		       count(DISTINCT r.viewer_id) FILTER (WHERE pay_order_cnt > 0) AS pay_ucnt,
		       sum(comments_cnt) FILTER (WHERE reported) AS comments_cnt, sum(likes_cnt) FILTER (WHERE reported) AS likes_cnt,
		       sum(shares_cnt) FILTER (WHERE reported) AS shares_cnt, 0::bigint AS views_cnt, 0::bigint AS follows_cnt, 0::bigint AS unfollows_cnt,
		       0::bigint AS pay_order_cnt, 0::bigint AS units, 0::numeric AS gmv_pay, 0::numeric AS refund_pay_amt, 0::numeric AS refund_time_amt,
		       NULL::numeric AS live_s, NULL::numeric AS ad_cost, NULL::bigint AS new_buyers_ucnt
		FROM (SELECT *, views_cnt > 0 OR watch_s > 0 AS here FROM roll_viewer) AS r JOIN stream s USING (stream_id)
		GROUP BY s.@key, r.biz_date
		UNION ALL
		SELECT s.@key, ((m.minute AT TIME ZONE c.stats_tz) - c.day_cut)::date, 0, 0, 0, 0, 0, 0, sum(comments_cnt), sum(likes_cnt), sum(shares_cnt),
		       sum(views_cnt), sum(follows_cnt), sum(unfollows_cnt), sum(pay_order_cnt), sum(m.units), sum(m.gmv_pay), sum(m.refund_pay_amt),
		       sum(m.refund_time_amt), NULL::numeric AS live_s, NULL::numeric AS ad_cost, NULL::bigint AS new_buyers_ucnt
		FROM roll_minute m JOIN stream s USING (stream_id) CROSS JOIN setting c
		GROUP BY s.@key, ((m.minute AT TIME ZONE c.stats_tz) - c.day_cut)::date
		UNION ALL
		SELECT s.@key, day::date, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		       sum(extract(epoch FROM least(coalesce(s.end_ts, f.data_as_of), (day + interval '1 day' + c.day_cut) AT TIME ZONE c.stats_tz)
		         - greatest(s.start_ts, (day + c.day_cut) AT TIME ZONE c.stats_tz))), NULL::numeric AS ad_cost, NULL::bigint AS new_buyers_ucnt
		FROM stream s CROSS JOIN setting c CROSS JOIN refresh_state f,
		  LATERAL generate_series(date_trunc('day', (s.start_ts AT TIME ZONE c.stats_tz) - c.day_cut),
		    date_trunc('day', (coalesce(s.end_ts, f.data_as_of) AT TIME ZONE c.stats_tz) - c.day_cut), interval '1 day') AS day
		WHERE coalesce(s.end_ts, f.data_as_of) > (day + c.day_cut) AT TIME ZONE c.stats_tz
		GROUP BY s.@key, day::date@more
	) AS a GROUP BY @key, biz_date)$sql$, '@more', CASE key WHEN 'channel_id' THEN $sql$
		UNION ALL
		SELECT a.channel_id, ((a.hour AT TIME ZONE c.stats_tz) - c.day_cut)::date, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, NULL::numeric AS live_s, sum(a.cost), NULL::bigint AS new_buyers_ucnt
		FROM ad_spend a CROSS JOIN setting c WHERE a.scope = 'promoted'
		GROUP BY a.channel_id, ((a.hour AT TIME ZONE c.stats_tz) - c.day_cut)::date
		UNION ALL
		SELECT o.channel_id, ((o.first_ts AT TIME ZONE c.stats_tz) - c.day_cut)::date, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, NULL::numeric AS live_s, NULL::numeric AS ad_cost, count(*)
		FROM (SELECT channel_id, viewer_id, min(paid_ts) AS first_ts FROM orders WHERE paid_ts IS NOT NULL AND viewer_id IS NOT NULL GROUP BY 1, 2) AS o
		  CROSS JOIN setting c
		GROUP BY o.channel_id, ((o.first_ts AT TIME ZONE c.stats_tz) - c.day_cut)::date$sql$ ELSE '' END), '@key', key);
END
$live$;
COMMENT ON FUNCTION live_daily_sql(text) IS
'the subquery of figures by host_id or channel_id and business day, or the columns of the views that are made of it';

CREATE FUNCTION live_views()
RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $live$
BEGIN
	-- "#view|comment", its query, and "+column|comment" for what neither the
	-- catalogue of metrics nor a table with such a column explains
	RETURN $views$
*
+channel|channel, as live_ingest names it
+channel_zh|Chinese name of the channel
+host|name of the host
+biz_date|business day
+status|PREPARING, LIVING, END, or UNKNOWN while the start is not known
+duration_s|seconds from start to end, or as far as viewers are known
+presence_s|seconds of presence known from visits
+comment_ucnt|viewers who commented
+like_ucnt|viewers who liked
+share_ucnt|viewers who shared
+follow_ucnt|viewers who followed
+fanclub_ucnt|viewers who joined the fan club
+product_show_cnt|product impressions
+product_click_cnt|product clicks
+data_as_of|whatever was committed by then is counted
+is_final|whether setting.final_after has passed since the end, so that few refunds are still to come
+product|name of the product
+external_id|the channel's id of the stream
#stream_fact|场次事实: the counts and sums of each stream that stream_overview divides by each other
SELECT s.stream_id, c.code AS channel, c.name_zh AS channel_zh, s.external_id, h.host_id, h.name AS host, s.title, s.start_ts, s.end_ts,
	((coalesce(s.start_ts, m.first_minute) AT TIME ZONE t.stats_tz) - t.day_cut)::date AS biz_date,
	CASE WHEN s.end_ts <= f.data_as_of THEN 'END' WHEN s.start_ts > f.data_as_of THEN 'PREPARING' WHEN s.start_ts IS NULL THEN 'UNKNOWN' ELSE 'LIVING' END AS status,
	extract(epoch FROM coalesce(s.end_ts, o.last_minute + interval '1 minute') - coalesce(s.start_ts, o.first_minute)) AS duration_s,
	CASE WHEN 'expose_room' = ANY (c.collects) OR coalesce(m.impressions_cnt, 0) > 0 THEN coalesce(m.impressions_cnt, 0) END AS impressions_cnt,
	CASE WHEN 'expose_room' = ANY (c.collects) OR coalesce(r.impressions_ucnt, 0) > 0 THEN coalesce(r.impressions_ucnt, 0) END AS impressions_ucnt,
	CASE WHEN 'enter' = ANY (c.collects) OR coalesce(m.views_cnt, 0) > 0 THEN coalesce(m.views_cnt, 0) END AS views_cnt,
	CASE WHEN 'enter' = ANY (c.collects) OR coalesce(r.viewers_ucnt, 0) > 0 THEN coalesce(r.viewers_ucnt, 0) END AS viewers_ucnt,
	CASE WHEN 'enter' = ANY (c.collects) OR coalesce(r.watch_s, 0) > 0 THEN coalesce(r.watch_s, 0) END AS watch_s,
	CASE WHEN 'enter' = ANY (c.collects) OR coalesce(r.presence_s, 0) > 0 THEN coalesce(r.presence_s, 0) END AS presence_s,
	CASE WHEN 'enter' = ANY (c.collects) OR coalesce(r.pcu, 0) > 0 THEN coalesce(r.pcu, 0) END AS pcu,
	CASE WHEN 'enter' = ANY (c.collects) OR coalesce(r.stay_60s_ucnt, 0) > 0 THEN coalesce(r.stay_60s_ucnt, 0) END AS stay_60s_ucnt,
	CASE WHEN 'enter' = ANY (c.collects) OR coalesce(r.bounce_ucnt, 0) > 0 THEN coalesce(r.bounce_ucnt, 0) END AS bounce_ucnt,
	CASE WHEN 'comment' = ANY (c.collects) OR (coalesce(m.comments_cnt, 0) + coalesce(r.reported_comments, 0)) > 0 THEN (coalesce(m.comments_cnt, 0) + coalesce(r.reported_comments, 0)) END AS comments_cnt,
	CASE WHEN 'like' = ANY (c.collects) OR (coalesce(m.likes_cnt, 0) + coalesce(r.reported_likes, 0)) > 0 THEN (coalesce(m.likes_cnt, 0) + coalesce(r.reported_likes, 0)) END AS likes_cnt,
	CASE WHEN 'share' = ANY (c.collects) OR (coalesce(m.shares_cnt, 0) + coalesce(r.reported_shares, 0)) > 0 THEN (coalesce(m.shares_cnt, 0) + coalesce(r.reported_shares, 0)) END AS shares_cnt,
	coalesce(m.comments_cnt, 0) + coalesce(m.likes_cnt, 0) + coalesce(m.shares_cnt, 0)
	  + coalesce(r.reported_comments + r.reported_likes + r.reported_shares, 0) AS interactions_cnt,
	coalesce(r.interact_ucnt, 0) AS interact_ucnt, coalesce(r.comment_ucnt, 0) AS comment_ucnt, coalesce(r.like_ucnt, 0) AS like_ucnt,
	coalesce(r.share_ucnt, 0) AS share_ucnt,
	CASE WHEN 'follow' = ANY (c.collects) OR coalesce(m.follows_cnt, 0) > 0 THEN coalesce(m.follows_cnt, 0) END AS follows_cnt,
	CASE WHEN 'follow' = ANY (c.collects) OR coalesce(r.follow_ucnt, 0) > 0 THEN coalesce(r.follow_ucnt, 0) END AS follow_ucnt,
	CASE WHEN 'unfollow' = ANY (c.collects) OR m.unfollows_cnt > 0 THEN coalesce(m.follows_cnt, 0) - coalesce(m.unfollows_cnt, 0) END AS new_followers,
	CASE WHEN 'fanclub_join' = ANY (c.collects) OR coalesce(r.fanclub_ucnt, 0) > 0 THEN coalesce(r.fanclub_ucnt, 0) END AS fanclub_ucnt,
	CASE WHEN 'product_show' = ANY (c.collects) OR coalesce(m.product_show_cnt, 0) > 0 THEN coalesce(m.product_show_cnt, 0) END AS product_show_cnt,
	CASE WHEN 'product_show' = ANY (c.collects) OR coalesce(r.product_show_ucnt, 0) > 0 THEN coalesce(r.product_show_ucnt, 0) END AS product_show_ucnt,
	CASE WHEN 'product_click' = ANY (c.collects) OR coalesce(m.product_click_cnt, 0) > 0 THEN coalesce(m.product_click_cnt, 0) END AS product_click_cnt,
	CASE WHEN 'product_click' = ANY (c.collects) OR coalesce(r.product_click_ucnt, 0) > 0 THEN coalesce(r.product_click_ucnt, 0) END AS product_click_ucnt,
	coalesce(r.order_ucnt, 0) AS order_ucnt, coalesce(r.pay_ucnt, 0) AS pay_ucnt, coalesce(m.pay_order_cnt, 0) AS pay_order_cnt,
	coalesce(m.units, 0) AS units, coalesce(m.gmv_pay, 0) AS gmv_pay, coalesce(m.refund_pay_amt, 0) AS refund_pay_amt,
	coalesce(m.refund_time_amt, 0) AS refund_time_amt, a.ad_cost,
	r.exposed_1, r.exposed_2, r.exposed_3, r.exposed_4, r.exposed_5, r.entered_1, r.entered_2, r.entered_3, r.entered_4,
	t.currency, f.data_as_of, coalesce(s.end_ts + t.final_after <= f.data_as_of, false) AS is_final
FROM stream s JOIN channel c USING (channel_id) LEFT JOIN host h USING (host_id) LEFT JOIN roll_stream r USING (stream_id)
	LEFT JOIN LATERAL (
		SELECT min(minute) AS first_minute, sum(m.impressions_cnt)::bigint AS impressions_cnt, sum(views_cnt)::bigint AS views_cnt,
		       sum(comments_cnt)::bigint AS comments_cnt, sum(likes_cnt)::bigint AS likes_cnt, sum(shares_cnt)::bigint AS shares_cnt,
		       sum(follows_cnt)::bigint AS follows_cnt, sum(unfollows_cnt)::bigint AS unfollows_cnt,
		       sum(product_show_cnt)::bigint AS product_show_cnt, sum(product_click_cnt)::bigint AS product_click_cnt,
		       sum(pay_order_cnt)::bigint AS pay_order_cnt, sum(units)::bigint AS units, sum(gmv_pay) AS gmv_pay,
		       sum(refund_pay_amt) AS refund_pay_amt, sum(refund_time_amt) AS refund_time_amt
		FROM roll_minute m WHERE m.stream_id = s.stream_id) AS m ON true
	LEFT JOIN LATERAL (SELECT min(minute) AS first_minute, max(minute) AS last_minute FROM roll_online o WHERE o.stream_id = s.stream_id) AS o ON true
	LEFT JOIN LATERAL (SELECT sum(cost) AS ad_cost FROM ad_spend a WHERE a.stream_id = s.stream_id AND a.scope = 'promoted') AS a ON true
	CROSS JOIN setting t CROSS JOIN refresh_state f
#stream_overview|场次总览: a row for each stream
SELECT stream_id, channel, channel_zh, external_id, host_id, host, title, start_ts, end_ts, biz_date, status, round(duration_s, 0) AS duration_s,
	impressions_cnt, impressions_ucnt, views_cnt, viewers_ucnt, round(views_cnt::numeric / nullif(impressions_cnt, 0), 6) AS enter_rate,
	round(viewers_ucnt::numeric / nullif(impressions_ucnt, 0), 6) AS enter_urate, round(watch_s, 3) AS watch_s, round(watch_s / nullif(viewers_ucnt, 0), 6) AS avg_watch_per_viewer,
	round(watch_s / nullif(views_cnt, 0), 6) AS avg_watch_per_view, round(presence_s, 3) AS presence_s, round(presence_s / nullif(duration_s, 0), 6) AS acu, pcu,
	stay_60s_ucnt, round(stay_60s_ucnt::numeric / nullif(viewers_ucnt, 0), 6) AS stay_60s_rate, bounce_ucnt, round(bounce_ucnt::numeric / nullif(viewers_ucnt, 0), 6) AS bounce_rate,
	comments_cnt, likes_cnt, shares_cnt, interactions_cnt, interact_ucnt, round(interact_ucnt::numeric / nullif(viewers_ucnt, 0), 6) AS engage_urate,
	round(interactions_cnt::numeric / nullif(views_cnt, 0), 6) AS interactions_per_view, round(comments_cnt::numeric / nullif(views_cnt, 0), 6) AS comments_per_view,
	comment_ucnt, round(comment_ucnt::numeric / nullif(viewers_ucnt, 0), 6) AS comment_urate, like_ucnt, round(like_ucnt::numeric / nullif(viewers_ucnt, 0), 6) AS like_urate,
	share_ucnt, round(share_ucnt::numeric / nullif(viewers_ucnt, 0), 6) AS share_urate,
	follows_cnt, new_followers, follow_ucnt, round(follow_ucnt::numeric / nullif(viewers_ucnt, 0), 6) AS follow_urate_all, fanclub_ucnt,
	round(fanclub_ucnt::numeric / nullif(viewers_ucnt, 0), 6) AS fanclub_urate, product_show_cnt, product_show_ucnt, round(product_show_ucnt::numeric / nullif(viewers_ucnt, 0), 6) AS show_urate,
	product_click_cnt, product_click_ucnt, round(product_click_ucnt::numeric / nullif(product_show_ucnt, 0), 6) AS ctr_u, round(product_click_cnt::numeric / nullif(product_show_cnt, 0), 6) AS ctr_c,
	order_ucnt, pay_ucnt, pay_order_cnt, units, round(pay_ucnt::numeric / nullif(product_click_ucnt, 0), 6) AS cvr_u, round(pay_order_cnt::numeric / nullif(product_click_cnt, 0), 6) AS cvr_c,
	round(pay_ucnt::numeric / nullif(viewers_ucnt, 0), 6) AS view_buy_urate, round(pay_ucnt::numeric / nullif(order_ucnt, 0), 6) AS order_pay_urate,
	round(gmv_pay, 2) AS gmv_pay, round(refund_pay_amt, 2) AS refund_pay_amt, round(refund_time_amt, 2) AS refund_time_amt,
	round(gmv_pay - refund_pay_amt, 2) AS gmv_net, round(refund_pay_amt / nullif(gmv_pay, 0), 6) AS refund_rate_pay, round(refund_time_amt / nullif(gmv_pay, 0), 6) AS refund_rate_time,
	round(gmv_pay / nullif(pay_ucnt, 0), 6) AS aov_user, round(gmv_pay / nullif(pay_order_cnt, 0), 6) AS aov_order, round(gmv_pay / nullif(units, 0), 6) AS aov_unit,
	round(units::numeric / nullif(pay_order_cnt, 0), 6) AS units_per_order, round(1000 * gmv_pay / nullif(views_cnt, 0), 6) AS gpm_views,
	round(1000 * gmv_pay / nullif(viewers_ucnt, 0), 6) AS gpm_viewers, round(gmv_pay / nullif(viewers_ucnt, 0), 6) AS uv_value,
	round(60 * pay_order_cnt / nullif(duration_s, 0), 6) AS opm, round(ad_cost, 2) AS ad_cost, round(gmv_pay / nullif(ad_cost, 0), 6) AS roi,
	round((gmv_pay - refund_pay_amt) / nullif(ad_cost, 0), 6) AS roi_net, currency, data_as_of, is_final
FROM stream_fact
#stream_compare|环比: a row for each stream of a known host, metric and baseline: the host's stream before (previous), the mean or the median of the host's streams of the 30 days before (mean_30d, median_30d), the median of those of the 12 weeks before on the same weekday (median_weekday)
SELECT stream_id, channel, external_id, host_id, host, start_ts, metric, c.zh, c.en, baseline, previous_stream_id, round(value, 6) AS value, round(baseline_value, 6) AS baseline_value,
	CASE WHEN compare_status IN ('OK', 'BASELINE_ZERO') THEN round(value - baseline_value, 6) END AS abs_change,
	CASE WHEN compare_status = 'OK' THEN round((value - baseline_value) / abs(baseline_value), 6) END AS rel_change,
	CASE WHEN compare_status IN ('OK', 'BASELINE_ZERO') AND c.unit = 'ratio' AND c.metric !~ '^(roi|units_per)' THEN round(100 * (value - baseline_value), 4) END AS pp_change,
	compare_status, data_as_of, is_final, baseline_cnt
FROM (SELECT q.*, b.*, CASE WHEN q.status <> 'END' THEN 'CURRENT_INCOMPLETE' WHEN b.streams_cnt = 0 THEN 'NO_BASELINE'
		WHEN q.value IS NULL OR b.baseline_value IS NULL THEN 'NOT_KNOWN' WHEN b.baseline_value = 0 THEN 'BASELINE_ZERO' ELSE 'OK' END AS compare_status
	FROM (SELECT o.stream_id, o.channel, o.external_id, o.host_id, o.host, o.start_ts, o.status, m.metric, m.value, o.data_as_of, o.is_final,
			lag(o.stream_id) OVER h AS previous_stream_id, lag(m.value) OVER h AS previous_value,
			avg(m.value) OVER d AS mean_value, array_agg(m.value) OVER d AS month_values, array_agg(m.value) OVER w AS weekday_values
		FROM stream_overview o, LATERAL (VALUES ('viewers_ucnt', o.viewers_ucnt::numeric), ('views_cnt', o.views_cnt), ('acu', o.acu), ('pcu', o.pcu),
			('avg_watch_per_viewer', o.avg_watch_per_viewer), ('stay_60s_rate', o.stay_60s_rate), ('interactions_cnt', o.interactions_cnt), ('engage_urate', o.engage_urate),
			('new_followers', o.new_followers), ('pay_ucnt', o.pay_ucnt), ('pay_order_cnt', o.pay_order_cnt), ('gmv_pay', o.gmv_pay), ('gmv_net', o.gmv_net),
			('view_buy_urate', o.view_buy_urate), ('aov_user', o.aov_user), ('gpm_views', o.gpm_views), ('uv_value', o.uv_value), ('roi', o.roi)) AS m (metric, value)
		WHERE o.host_id IS NOT NULL AND o.start_ts IS NOT NULL
		WINDOW h AS (PARTITION BY o.host_id, m.metric ORDER BY o.start_ts, o.stream_id),
			d AS (PARTITION BY o.host_id, m.metric ORDER BY o.start_ts RANGE BETWEEN interval '30 days' PRECEDING AND CURRENT ROW EXCLUDE GROUP),
			w AS (PARTITION BY o.host_id, m.metric, extract(isodow FROM o.biz_date) ORDER BY o.start_ts RANGE BETWEEN interval '84 days' PRECEDING AND CURRENT ROW EXCLUDE GROUP)) AS q,
		LATERAL (VALUES ('previous', q.previous_value, (q.previous_stream_id IS NOT NULL)::int, (q.previous_value IS NOT NULL)::int),
			('mean_30d', q.mean_value, coalesce(cardinality(q.month_values), 0), coalesce(cardinality(array_remove(q.month_values, NULL)), 0)),
			('median_30d', MEDIAN(q.month_values), coalesce(cardinality(q.month_values), 0), coalesce(cardinality(array_remove(q.month_values, NULL)), 0)),
			('median_weekday', MEDIAN(q.weekday_values), coalesce(cardinality(q.weekday_values), 0), coalesce(cardinality(array_remove(q.weekday_values, NULL)), 0))) AS b (baseline, baseline_value, streams_cnt, baseline_cnt)) AS q
JOIN metric_catalog c USING (metric)
+metric|metric
+zh|its Chinese name
+en|its English name
+baseline|what the stream is compared with: previous, mean_30d, median_30d or median_weekday
+previous_stream_id|the host's stream before
+value|value of the metric
+baseline_value|value of the baseline
+abs_change|value - baseline_value
+rel_change|abs_change / size of baseline_value
+pp_change|abs_change of a share, in percentage points
+compare_status|OK, or why a change is NULL: CURRENT_INCOMPLETE while the stream is not over, NO_BASELINE, NOT_KNOWN where a value is, BASELINE_ZERO
+baseline_cnt|streams with a value that the baseline is made of
#stream_minute|分钟趋势: a row for each minute of a stream in which something happened or somebody was there
SELECT m.stream_id, s.external_id, c.code AS channel, m.minute, round(m.presence_s / 60, 6) AS online_avg, m.online_peak, m.impressions_cnt, m.views_cnt, m.leaves_cnt,
	m.comments_cnt, m.likes_cnt, m.shares_cnt, m.follows_cnt, m.unfollows_cnt, m.fanclub_cnt, m.gifts_cnt, round(m.gift_amt, 2) AS gift_amt, m.product_show_cnt,
	m.product_click_cnt, m.add_cart_cnt, m.coupon_claim_cnt, m.pay_order_cnt, m.units, round(m.gmv_pay, 2) AS gmv_pay,
	round(m.refund_pay_amt, 2) AS refund_pay_amt, round(m.refund_time_amt, 2) AS refund_time_amt,
	(SELECT p.name FROM product_explain x JOIN product p USING (product_id) WHERE x.stream_id = m.stream_id AND x.start_ts < m.minute + interval '1 minute'
	 AND x.end_ts > m.minute ORDER BY x.start_ts DESC, x.product_id LIMIT 1) AS explaining_product, f.data_as_of
FROM (SELECT stream_id, minute, coalesce(presence_s, 0) AS presence_s, coalesce(online_peak, 0) AS online_peak, coalesce(impressions_cnt, 0) AS impressions_cnt,
	coalesce(views_cnt, 0) AS views_cnt, coalesce(leaves_cnt, 0) AS leaves_cnt, coalesce(comments_cnt, 0) AS comments_cnt, coalesce(likes_cnt, 0) AS likes_cnt,
	coalesce(shares_cnt, 0) AS shares_cnt, coalesce(follows_cnt, 0) AS follows_cnt, coalesce(unfollows_cnt, 0) AS unfollows_cnt,
	coalesce(fanclub_cnt, 0) AS fanclub_cnt, coalesce(gifts_cnt, 0) AS gifts_cnt, coalesce(gift_amt, 0) AS gift_amt,
	coalesce(product_show_cnt, 0) AS product_show_cnt, coalesce(product_click_cnt, 0) AS product_click_cnt, coalesce(add_cart_cnt, 0) AS add_cart_cnt,
	coalesce(coupon_claim_cnt, 0) AS coupon_claim_cnt, coalesce(pay_order_cnt, 0) AS pay_order_cnt, coalesce(units, 0) AS units, coalesce(gmv_pay, 0) AS gmv_pay,
	coalesce(refund_pay_amt, 0) AS refund_pay_amt, coalesce(refund_time_amt, 0) AS refund_time_amt
	FROM roll_minute FULL JOIN roll_online USING (stream_id, minute)) AS m
JOIN stream s USING (stream_id) JOIN channel c USING (channel_id) CROSS JOIN refresh_state f
+explaining_product|product explained in the minute, the one begun last
#stream_funnel|五维四率: reached, entered, shown a product, clicked, bought; counted independently (ratio) and in that order (seq); and the step that falls furthest behind the host's median of 30 days
SELECT stream_id, channel, external_id, host, biz_date, impressions_ucnt, viewers_ucnt, product_show_ucnt, product_click_ucnt, pay_ucnt,
	round(viewers_ucnt::numeric / nullif(impressions_ucnt, 0), 6) AS enter_urate, round(product_show_ucnt::numeric / nullif(viewers_ucnt, 0), 6) AS show_urate,
	round(product_click_ucnt::numeric / nullif(product_show_ucnt, 0), 6) AS ctr_u, round(pay_ucnt::numeric / nullif(product_click_ucnt, 0), 6) AS cvr_u,
	CASE WHEN exposed_1 > 0 THEN 'expose_room' ELSE 'enter' END AS seq_from, nullif(exposed_1, 0) AS seq_expose,
	CASE WHEN exposed_1 > 0 THEN exposed_2 ELSE entered_1 END AS seq_enter, CASE WHEN exposed_1 > 0 THEN exposed_3 ELSE entered_2 END AS seq_show,
	CASE WHEN exposed_1 > 0 THEN exposed_4 ELSE entered_3 END AS seq_click, CASE WHEN exposed_1 > 0 THEN exposed_5 ELSE entered_4 END AS seq_pay,
	round(exposed_2::numeric / nullif(exposed_1, 0), 6) AS seq_enter_urate,
	CASE WHEN exposed_1 > 0 THEN round(exposed_3::numeric / nullif(exposed_2, 0), 6) ELSE round(entered_2::numeric / nullif(entered_1, 0), 6) END AS seq_show_urate,
	CASE WHEN exposed_1 > 0 THEN round(exposed_4::numeric / nullif(exposed_3, 0), 6) ELSE round(entered_3::numeric / nullif(entered_2, 0), 6) END AS seq_click_urate,
	CASE WHEN exposed_1 > 0 THEN round(exposed_5::numeric / nullif(exposed_4, 0), 6) ELSE round(entered_4::numeric / nullif(entered_3, 0), 6) END AS seq_pay_urate,
	data_as_of, is_final,
	coalesce(m.streams_cnt, 0) AS baseline_cnt, round(m.enter_urate, 6) AS median_enter_urate, round(m.show_urate, 6) AS median_show_urate,
	round(m.ctr_u, 6) AS median_ctr_u, round(m.cvr_u, 6) AS median_cvr_u, b.step AS bottleneck_step, round(b.shortfall, 6) AS bottleneck_shortfall,
	CASE WHEN status <> 'END' THEN 'CURRENT_INCOMPLETE' WHEN coalesce(m.streams_cnt, 0) = 0 THEN 'NO_BASELINE' WHEN b.known_cnt = 0 THEN 'NOT_KNOWN'
		WHEN b.step IS NULL THEN 'NONE_BELOW' ELSE 'OK' END AS bottleneck_status
FROM stream_fact f
LEFT JOIN LATERAL (
	SELECT count(*) AS streams_cnt, (percentile_cont(0.5) WITHIN GROUP (ORDER BY round(viewers_ucnt::numeric / nullif(impressions_ucnt, 0), 6)))::numeric AS enter_urate,
	       (percentile_cont(0.5) WITHIN GROUP (ORDER BY round(product_show_ucnt::numeric / nullif(viewers_ucnt, 0), 6)))::numeric AS show_urate,
	       (percentile_cont(0.5) WITHIN GROUP (ORDER BY round(product_click_ucnt::numeric / nullif(product_show_ucnt, 0), 6)))::numeric AS ctr_u,
	       (percentile_cont(0.5) WITHIN GROUP (ORDER BY round(pay_ucnt::numeric / nullif(product_click_ucnt, 0), 6)))::numeric AS cvr_u
	FROM stream_fact h WHERE h.host_id = f.host_id AND h.start_ts < f.start_ts AND h.start_ts >= f.start_ts - interval '30 days') AS m ON true
LEFT JOIN LATERAL (
	SELECT count(*) AS known_cnt, 1 - min(rate / nullif(median, 0)) FILTER (WHERE rate < median) AS shortfall,
	       (array_agg(step ORDER BY rate / nullif(median, 0), pos) FILTER (WHERE rate < median))[1] AS step
	FROM (VALUES (1, 'enter', round(viewers_ucnt::numeric / nullif(impressions_ucnt, 0), 6), m.enter_urate), (2, 'show', round(product_show_ucnt::numeric / nullif(viewers_ucnt, 0), 6), m.show_urate),
		(3, 'click', round(product_click_ucnt::numeric / nullif(product_show_ucnt, 0), 6), m.ctr_u), (4, 'pay', round(pay_ucnt::numeric / nullif(product_click_ucnt, 0), 6), m.cvr_u)) AS v (pos, step, rate, median)
	WHERE status = 'END' AND rate IS NOT NULL AND median IS NOT NULL) AS b ON true
+seq_from|the step that the sequence begins with: expose_room where the stream has any, else enter
+seq_expose|viewers who were reached; NULL where the sequence begins with the entry
+seq_enter|viewers who came as far as the entry, in order
+seq_show|viewers who came as far as being shown a product, in order
+seq_click|viewers who came as far as clicking a product, in order
+seq_pay|viewers who came as far as paying, in order
+seq_enter_urate|seq_enter / seq_expose
+seq_show_urate|seq_show / seq_enter
+seq_click_urate|seq_click / seq_show
+seq_pay_urate|seq_pay / seq_click
+baseline_cnt|streams of the host that began in the 30 days before
+median_enter_urate|median of their enter_urate
+median_show_urate|median of their show_urate
+median_ctr_u|median of their ctr_u
+median_cvr_u|median of their cvr_u
+bottleneck_step|the step whose rate lies furthest below its median, in parts of the median: enter, show, click or pay; the earlier of two alike
+bottleneck_shortfall|how far below, 1 - rate / median
+bottleneck_status|OK, or why there is no such step: CURRENT_INCOMPLETE while the stream is not over, NO_BASELINE, NOT_KNOWN where no rate has a median, NONE_BELOW
#stream_product|商品复盘: a row for each product listed, explained, shown or sold in a stream, and what its explanations did
SELECT r.stream_id, c.code AS channel, s.external_id, r.product_id, p.external_id AS product_external_id, p.name AS product, p.category,
	l.pos, l.listed_at, l.delisted_at, l.live_price, coalesce(x.explain_cnt, 0) AS explain_cnt,
	coalesce((SELECT round(sum(extract(epoch FROM upper(u) - lower(u))), 3) FROM unnest(x.explained) AS u), 0) AS explain_s,
	r.product_show_cnt, r.product_show_ucnt, r.product_click_cnt, r.product_click_ucnt, round(r.product_click_ucnt::numeric / nullif(r.product_show_ucnt, 0), 6) AS ctr_u,
	round(r.product_click_cnt::numeric / nullif(r.product_show_cnt, 0), 6) AS ctr_c, r.add_cart_cnt, r.pay_ucnt, r.pay_order_cnt, r.units,
	round(r.pay_ucnt::numeric / nullif(r.product_click_ucnt, 0), 6) AS cvr_u, round(r.pay_order_cnt::numeric / nullif(r.product_click_cnt, 0), 6) AS cvr_c, round(r.gmv_pay, 2) AS gmv_pay,
	round(1000 * r.gmv_pay / nullif(r.product_show_cnt, 0), 6) AS gpm_show, round(r.gmv_pay / nullif(r.units, 0), 6) AS aov_unit,
	round(r.gmv_pay / nullif(sum(r.gmv_pay) OVER (PARTITION BY r.stream_id), 0), 6) AS gmv_share, t.currency, f.data_as_of,
	coalesce(s.end_ts + t.final_after <= f.data_as_of, false) AS is_final,
	round(r.refund_pay_amt, 2) AS refund_pay_amt, round(r.gmv_pay - r.refund_pay_amt, 2) AS gmv_net, round(r.refund_pay_amt / nullif(r.gmv_pay, 0), 6) AS refund_rate_pay,
	round(k.explain_presence_s, 3) AS explain_presence_s, k.explain_click_cnt, k.explain_order_cnt,
	round(k.other_presence_s, 3) AS other_presence_s, k.other_click_cnt, k.other_order_cnt,
	round(60000 * k.explain_order_cnt / nullif(k.explain_presence_s, 0), 6) AS explain_order_rate, round(60000 * k.other_order_cnt / nullif(k.other_presence_s, 0), 6) AS other_order_rate,
	round(k.explain_order_cnt * k.other_presence_s / nullif(k.explain_presence_s * k.other_order_cnt, 0), 6) AS explain_lift,
	CASE WHEN coalesce(x.explain_cnt, 0) = 0 THEN 'NO_EXPLANATION' WHEN k.explain_presence_s = 0 THEN 'NO_VIEWERS' WHEN k.other_presence_s = 0 THEN 'NO_OTHER_MINUTES'
		WHEN k.other_order_cnt = 0 THEN 'NO_OTHER_ORDERS' ELSE 'OK' END AS explain_status,
	round(k.explain_order_cnt::numeric / nullif(k.explain_click_cnt, 0), 6) AS explain_cvr_c, round(k.other_order_cnt::numeric / nullif(k.other_click_cnt, 0), 6) AS other_cvr_c
FROM (SELECT stream_id, product_id, sum(product_show_cnt)::bigint AS product_show_cnt, count(*) FILTER (WHERE viewer_id <> 0 AND product_show_cnt > 0) AS product_show_ucnt,
		sum(product_click_cnt)::bigint AS product_click_cnt, count(*) FILTER (WHERE viewer_id <> 0 AND product_click_cnt > 0) AS product_click_ucnt,
		sum(add_cart_cnt)::bigint AS add_cart_cnt, count(*) FILTER (WHERE viewer_id <> 0 AND pay_order_cnt > 0) AS pay_ucnt,
		sum(pay_order_cnt)::bigint AS pay_order_cnt, sum(units)::bigint AS units, sum(gmv_pay) AS gmv_pay, sum(refund_pay_amt) AS refund_pay_amt
	FROM (SELECT stream_id, viewer_id, product_id, product_show_cnt, product_click_cnt, add_cart_cnt, pay_order_cnt, units, gmv_pay, refund_pay_amt FROM roll_product
		UNION ALL SELECT stream_id, 0, product_id, 0, 0, 0, 0, 0, 0, 0 FROM product_listing
		UNION ALL SELECT stream_id, 0, product_id, 0, 0, 0, 0, 0, 0, 0 FROM product_explain) AS a
	GROUP BY stream_id, product_id) AS r
JOIN stream s USING (stream_id) JOIN channel c USING (channel_id) JOIN product p ON p.product_id = r.product_id
LEFT JOIN product_listing l ON l.stream_id = r.stream_id AND l.product_id = r.product_id
CROSS JOIN setting t CROSS JOIN refresh_state f
LEFT JOIN LATERAL (SELECT count(*) AS explain_cnt, range_agg(tstzrange(x.start_ts, x.end_ts)) AS explained, range_agg(tstzrange(x.start_ts, x.end_ts + t.explain_lag)) AS counted
	FROM product_explain x WHERE x.stream_id = r.stream_id AND x.product_id = r.product_id) AS x ON true
LEFT JOIN LATERAL (
	SELECT coalesce(sum(presence_s) FILTER (WHERE explained), 0) AS explain_presence_s, coalesce(sum(clicks) FILTER (WHERE explained), 0)::bigint AS explain_click_cnt,
	       coalesce(sum(orders) FILTER (WHERE explained), 0)::bigint AS explain_order_cnt, coalesce(sum(presence_s) FILTER (WHERE NOT explained), 0) AS other_presence_s,
	       coalesce(sum(clicks) FILTER (WHERE NOT explained), 0)::bigint AS other_click_cnt, coalesce(sum(orders) FILTER (WHERE NOT explained), 0)::bigint AS other_order_cnt
	FROM (SELECT presence_s, clicks, orders, x.counted && during AS explained
		FROM (SELECT *, tstzrange(minute, minute + interval '1 minute') AS during FROM (
			SELECT minute, presence_s, 0::bigint AS clicks, 0::bigint AS orders FROM roll_online o WHERE o.stream_id = r.stream_id
			UNION ALL
			SELECT minute, 0, product_click_cnt, pay_order_cnt FROM roll_product_minute m WHERE m.stream_id = r.stream_id AND m.product_id = r.product_id) AS b) AS a
		WHERE x.counted && during
		   OR during && tstzrange(s.start_ts, s.end_ts) AND coalesce(upper(during) > l.listed_at, true) AND coalesce(lower(during) < l.delisted_at, true)) AS a
	HAVING x.explain_cnt > 0) AS k ON true
+explain_cnt|how often it was explained
+explain_s|seconds for which it was explained; overlapping explanations count once
+gmv_share|gmv_pay / gmv_pay of all products of the stream
+product_external_id|the channel's id of the product
+gmv_pay|value of its items in paid orders attributed to the stream
+refund_pay_amt|its part of the refunds made so far of the orders in gmv_pay: of each order by what was paid for the items
+explain_presence_s|seconds of presence in explained minutes: those in which an explanation of the product, or setting.explain_lag after it, lies; NULL without an explanation
+explain_click_cnt|clicks on the product in explained minutes
+explain_order_cnt|orders with the product paid in explained minutes
+other_presence_s|seconds of presence in the other minutes of the stream in which the product was listed
+other_click_cnt|clicks on the product in the other minutes
+other_order_cnt|orders with the product paid in the other minutes
+explain_status|OK, or why explain_lift is NULL: NO_EXPLANATION, NO_VIEWERS in explained minutes, NO_OTHER_MINUTES with viewers, NO_OTHER_ORDERS
#host_daily|主播日报: a row for each host and business day, ranked by sales
SELECT c.code AS channel, c.name_zh AS channel_zh, h.host_id, h.name AS host, d.biz_date, rank() OVER (PARTITION BY d.biz_date ORDER BY d.gmv_pay DESC) AS gmv_rank,
	DAILY(columns),
	t.currency, f.data_as_of,
	coalesce((d.biz_date + 1 + t.day_cut) AT TIME ZONE t.stats_tz + t.final_after <= f.data_as_of, false) AS is_final
FROM DAILY(host_id) AS d
JOIN host h USING (host_id) JOIN channel c USING (channel_id) CROSS JOIN setting t CROSS JOIN refresh_state f
+gmv_rank|rank among the hosts of the day by gmv_pay
+streams_cnt|streams with viewers on the day
+live_s|seconds of streams on the day
+gmv_per_hour|gmv_pay / live_s * 3600
#channel_daily|渠道日报: a row for each channel and business day; a viewer of several streams counts once
SELECT c.code AS channel, c.name_zh AS channel_zh, d.biz_date,
	DAILY(columns),
	round(d.gmv_pay / nullif(sum(d.gmv_pay) OVER (PARTITION BY d.biz_date), 0), 6) AS gmv_share, d.ad_cost, coalesce(d.new_buyers_ucnt, 0) AS new_buyers_ucnt,
	round(d.gmv_pay / nullif(d.ad_cost, 0), 6) AS roi, round((d.gmv_pay - d.refund_pay_amt) / nullif(d.ad_cost, 0), 6) AS roi_net, round(d.ad_cost / nullif(d.new_buyers_ucnt, 0), 6) AS cac,
	t.currency, f.data_as_of,
	coalesce((d.biz_date + 1 + t.day_cut) AT TIME ZONE t.stats_tz + t.final_after <= f.data_as_of, false) AS is_final
FROM DAILY(channel_id) AS d
JOIN channel c USING (channel_id) CROSS JOIN setting t CROSS JOIN refresh_state f
+streams_cnt|streams with viewers on the day
+live_s|seconds of streams on the day
+gmv_per_hour|gmv_pay / live_s * 3600
+gmv_share|gmv_pay / gmv_pay of all channels on the day
+new_buyers_ucnt|buyers whose first paid order lies on the day
#traffic_source|流量结构: a row for each stream and source of its viewers; no figures of fewer viewers than setting.k_anonymity
SELECT v.stream_id, c.code AS channel, s.external_id, v.source, v.viewers_ucnt >= t.k_anonymity AS is_shown, CASE WHEN viewers_ucnt >= t.k_anonymity THEN viewers_ucnt END AS viewers_ucnt,
	CASE WHEN viewers_ucnt >= t.k_anonymity THEN views_cnt END AS views_cnt, CASE WHEN viewers_ucnt >= t.k_anonymity THEN round(watch_s, 3) END AS watch_s, CASE WHEN viewers_ucnt >= t.k_anonymity THEN round(watch_s / nullif(viewers_ucnt, 0), 6) END AS avg_watch_per_viewer, CASE WHEN viewers_ucnt >= t.k_anonymity THEN pay_ucnt END AS pay_ucnt,
	CASE WHEN viewers_ucnt >= t.k_anonymity THEN round(pay_ucnt::numeric / nullif(viewers_ucnt, 0), 6) END AS view_buy_urate, CASE WHEN viewers_ucnt >= t.k_anonymity THEN round(gmv_pay, 2) END AS gmv_pay, CASE WHEN viewers_ucnt >= t.k_anonymity THEN round(gmv_pay / nullif(viewers_ucnt, 0), 6) END AS uv_value,
	t.currency, f.data_as_of, coalesce(s.end_ts + t.final_after <= f.data_as_of, false) AS is_final,
	CASE WHEN viewers_ucnt >= t.k_anonymity THEN product_show_ucnt END AS product_show_ucnt, CASE WHEN viewers_ucnt >= t.k_anonymity THEN round(product_show_ucnt::numeric / nullif(viewers_ucnt, 0), 6) END AS show_urate,
	CASE WHEN viewers_ucnt >= t.k_anonymity THEN product_click_ucnt END AS product_click_ucnt, CASE WHEN viewers_ucnt >= t.k_anonymity THEN round(product_click_ucnt::numeric / nullif(product_show_ucnt, 0), 6) END AS ctr_u,
	CASE WHEN viewers_ucnt >= t.k_anonymity THEN round(pay_ucnt::numeric / nullif(product_click_ucnt, 0), 6) END AS cvr_u
FROM (SELECT stream_id, source, count(*) AS viewers_ucnt, sum(views_cnt)::bigint AS views_cnt, sum(watch_s) AS watch_s, count(*) FILTER (WHERE pay_order_cnt > 0) AS pay_ucnt,
		sum(gmv_pay) AS gmv_pay, count(*) FILTER (WHERE product_show_cnt > 0) AS product_show_ucnt, count(*) FILTER (WHERE product_click_cnt > 0) AS product_click_ucnt
	FROM (SELECT stream_id, viewer_id, coalesce(max(source), 'unknown') AS source, sum(views_cnt) AS views_cnt, sum(watch_s) AS watch_s,
			sum(pay_order_cnt) AS pay_order_cnt, sum(gmv_pay) AS gmv_pay, sum(product_show_cnt) AS product_show_cnt, sum(product_click_cnt) AS product_click_cnt
		FROM roll_viewer GROUP BY stream_id, viewer_id HAVING sum(views_cnt) > 0 OR sum(watch_s) > 0) AS p
	GROUP BY stream_id, source) AS v
JOIN stream s USING (stream_id) JOIN channel c USING (channel_id) CROSS JOIN setting t CROSS JOIN refresh_state f
+is_shown|whether there are enough viewers to show figures
#viewer_feature|观众特征: what the models know of each viewer, as of the end of the last business day with viewers
FEATURES((SELECT max(biz_date) + 1 FROM roll_viewer WHERE views_cnt > 0 OR watch_s > 0))
+streams_cnt|streams
+active_days|business days with an event
+days_since_first|days since the first of them
+days_since_last|days since the last of them
+comments_cnt|comments
+likes_cnt|likes
+shares_cnt|shares
+follows_cnt|follows
+pay_order_cnt|orders paid, in streams and outside
+gmv_pay|their value
+pay_recency|1 / days since the last of them, 0 without any
#viewer_profile|观众画像: a row for each viewer; for those who may see single viewers
SELECT p.viewer_id, c.code AS channel, p.first_date, p.last_date, p.streams_cnt, round(p.watch_s, 3) AS watch_s, p.comments_cnt, p.likes_cnt, p.shares_cnt,
	p.interactions_cnt, p.segment, g.name_zh AS segment_zh, segment_label(p.segment) AS segment_en, g.strategy_zh, g.strategy_en, p.pay_order_cnt,
	round(p.gmv_pay, 2) AS gmv_pay, round(p.refund_pay_amt, 2) AS refund_pay_amt, round(p.gmv_pay - p.refund_pay_amt, 2) AS gmv_net, t.currency, n.data_as_of,
	round(SCORE(purchase)::numeric, 6) AS purchase_score, MODEL(purchase, version) AS purchase_model_version, round(SCORE(return)::numeric, 6) AS return_score, MODEL(return, version) AS return_model_version,
	b.last_pay_date, coalesce(b.buy_order_cnt, 0) AS buy_order_cnt, round(coalesce(b.buy_net_amt, 0), 2) AS buy_net_amt, b.r_score, b.f_score, b.m_score,
	CASE WHEN r_score >= 4 AND f_score >= 4 AND m_score >= 4 THEN 'champions'
		WHEN r_score >= 2 AND f_score >= 3 AND m_score >= 3 THEN 'loyal'
		WHEN r_score >= 3 AND f_score <= 3 AND m_score <= 3 THEN 'potential loyalist'
		WHEN r_score >= 2 AND r_score <= 3 AND f_score >= 2 AND f_score <= 3 AND m_score >= 2 AND m_score <= 3 THEN 'need attention'
		WHEN r_score >= 2 AND r_score <= 3 AND f_score <= 2 AND m_score <= 2 THEN 'about to sleep'
		WHEN r_score <= 2 AND f_score >= 2 AND m_score >= 2 THEN 'at risk'
		WHEN r_score <= 2 AND f_score <= 2 AND m_score <= 2 THEN 'lost'
		WHEN r_score IS NOT NULL THEN 'others' END AS rfm_segment
FROM (SELECT a.*, quartile_segment(interactions_cnt::float8) OVER () AS segment
	FROM (SELECT viewer_id, min(biz_date) AS first_date, max(biz_date) AS last_date, count(DISTINCT stream_id) AS streams_cnt, sum(watch_s) AS watch_s,
			sum(comments_cnt)::bigint AS comments_cnt, sum(likes_cnt)::bigint AS likes_cnt, sum(shares_cnt)::bigint AS shares_cnt,
			interaction_score(sum(comments_cnt)::bigint, sum(likes_cnt)::bigint, sum(shares_cnt)::bigint) AS interactions_cnt,
			sum(pay_order_cnt)::bigint AS pay_order_cnt, sum(gmv_pay) AS gmv_pay, sum(refund_pay_amt) AS refund_pay_amt
		FROM roll_viewer GROUP BY viewer_id
		HAVING sum(views_cnt) > 0 OR sum(watch_s) > 0 OR sum(comments_cnt + likes_cnt + shares_cnt) > 0) AS a) AS p
JOIN viewer v USING (viewer_id) JOIN channel c USING (channel_id) LEFT JOIN segment_strategy g ON g.segment = p.segment CROSS JOIN setting t CROSS JOIN refresh_state n
LEFT JOIN viewer_feature f ON f.viewer_id = p.viewer_id
LEFT JOIN (SELECT o.viewer_id, max(((o.paid_ts AT TIME ZONE t.stats_tz) - t.day_cut)::date) AS last_pay_date, count(*) AS buy_order_cnt,
		sum(o.paid_amt - coalesce(r.amount, 0)) AS buy_net_amt,
		quantile_segment((max(((o.paid_ts AT TIME ZONE t.stats_tz) - t.day_cut)::date) - date '2000-01-01')::float8, 5) OVER () AS r_score,
		quantile_segment(count(*)::float8, 5) OVER () AS f_score, quantile_segment(sum(o.paid_amt - coalesce(r.amount, 0))::float8, 5) OVER () AS m_score
	FROM orders o CROSS JOIN setting t LEFT JOIN (SELECT order_id, sum(amount) AS amount FROM refund WHERE success_ts IS NOT NULL GROUP BY order_id) AS r ON r.order_id = o.order_id
	WHERE o.paid_ts IS NOT NULL AND o.viewer_id IS NOT NULL GROUP BY o.viewer_id) AS b ON b.viewer_id = p.viewer_id
+last_pay_date|business day of the last paid order, in streams and outside
+buy_order_cnt|paid orders, in streams and outside
+buy_net_amt|their value, less refunds so far
+rfm_segment|name of the three scores: champions 4-5 4-5 4-5, loyal 2-5 3-5 3-5, potential loyalist 3-5 1-3 1-3, need attention 2-3 2-3 2-3, about to sleep 2-3 1-2 1-2, at risk 1-2 2-5 2-5, lost 1-2 1-2 1-2, else others; the first that fits
+purchase_model_version|version of the model that says so
+return_model_version|version of the model that says so
+first_date|first business day
+last_date|last business day
+streams_cnt|streams watched
+segment|quarter of the viewers by interactions, 1 to 4; equal numbers are never split
+segment_zh|Chinese name of the segment
+segment_en|English name of the segment
#interaction_segment|互动分层: a row for each segment of viewers by interactions, with what to offer it; no figures of fewer viewers than setting.k_anonymity
SELECT p.segment, p.segment_zh, p.segment_en, p.strategy_zh, p.strategy_en, viewers_ucnt >= t.k_anonymity AS is_shown, CASE WHEN viewers_ucnt >= t.k_anonymity THEN viewers_ucnt END AS viewers_ucnt,
	CASE WHEN viewers_ucnt >= t.k_anonymity THEN interactions_min END AS interactions_min, CASE WHEN viewers_ucnt >= t.k_anonymity THEN interactions_max END AS interactions_max, CASE WHEN viewers_ucnt >= t.k_anonymity THEN interactions_cnt END AS interactions_cnt,
	CASE WHEN viewers_ucnt >= t.k_anonymity THEN round(watch_s, 3) END AS watch_s, CASE WHEN viewers_ucnt >= t.k_anonymity THEN round(watch_s / nullif(viewers_ucnt, 0), 6) END AS avg_watch_per_viewer, CASE WHEN viewers_ucnt >= t.k_anonymity THEN pay_ucnt END AS pay_ucnt,
	CASE WHEN viewers_ucnt >= t.k_anonymity THEN round(pay_ucnt::numeric / nullif(viewers_ucnt, 0), 6) END AS view_buy_urate, CASE WHEN viewers_ucnt >= t.k_anonymity THEN round(gmv_pay, 2) END AS gmv_pay, CASE WHEN viewers_ucnt >= t.k_anonymity THEN round(gmv_net, 2) END AS gmv_net,
	CASE WHEN viewers_ucnt >= t.k_anonymity THEN round(gmv_pay / nullif(viewers_ucnt, 0), 6) END AS uv_value, t.currency, f.data_as_of
FROM (SELECT segment, segment_zh, segment_en, strategy_zh, strategy_en, count(*) AS viewers_ucnt, min(interactions_cnt) AS interactions_min, max(interactions_cnt) AS interactions_max,
		sum(interactions_cnt)::bigint AS interactions_cnt, sum(watch_s) AS watch_s, count(*) FILTER (WHERE pay_order_cnt > 0) AS pay_ucnt, sum(gmv_pay) AS gmv_pay,
		sum(gmv_net) AS gmv_net
	FROM viewer_profile GROUP BY segment, segment_zh, segment_en, strategy_zh, strategy_en) AS p CROSS JOIN setting t CROSS JOIN refresh_state f
+is_shown|whether there are enough viewers to show figures
+segment_zh|Chinese name of the segment
+segment_en|English name of the segment
+interactions_min|fewest interactions of a viewer of the segment
+interactions_max|most interactions of a viewer of the segment
#model_quality|模型评估: a row for each trained version, judged by viewers that it had not seen
SELECT name, version, kind, is_current, trained_at, cut, days, rows, test_rows, (metrics ->> 'train_positive')::bigint AS train_positive,
	(metrics ->> 'test_positive')::bigint AS test_positive, (metrics ->> 'true_positive')::bigint AS true_positive, (metrics ->> 'false_positive')::bigint AS false_positive,
	(metrics ->> 'false_negative')::bigint AS false_negative, (metrics ->> 'true_negative')::bigint AS true_negative,
	round((metrics ->> 'accuracy')::numeric, 6) AS accuracy, round((metrics ->> 'majority_accuracy')::numeric, 6) AS majority_accuracy,
	round((metrics ->> 'true_positive')::numeric / nullif((metrics ->> 'true_positive')::numeric + (metrics ->> 'false_positive')::numeric, 0), 6) AS precision_urate,
	round((metrics ->> 'true_positive')::numeric / nullif((metrics ->> 'test_positive')::numeric, 0), 6) AS recall_urate,
	round((metrics ->> 'roc_auc')::numeric, 6) AS roc_auc, round((metrics ->> 'log_loss')::numeric, 6) AS log_loss, round((metrics ->> 'base_log_loss')::numeric, 6) AS base_log_loss,
	(metrics -> 'previous' ->> 'version')::int AS previous_version, round((metrics -> 'previous' ->> 'roc_auc')::numeric, 6) AS previous_roc_auc,
	round((metrics -> 'previous' ->> 'log_loss')::numeric, 6) AS previous_log_loss, data_as_of
FROM model
+train_positive|of the viewers it learned from, those with the outcome
+test_positive|of the viewers held out, those with the outcome
+true_positive|viewers held out with the outcome and told so
+false_positive|viewers held out without it and told so
+false_negative|viewers held out with it and not told so
+true_negative|viewers held out without it and not told so
+previous_version|the version that was current before, judged by the same viewers
+previous_roc_auc|its roc_auc
+previous_log_loss|its log_loss
#retention_cohort|留存: the viewers first seen on a business day, and how many watched on exactly the Nth day after
SELECT c.code AS channel, h.cohort_date, n.day_n, h.cohort_ucnt,
	CASE WHEN done THEN coalesce(r.retained_ucnt, 0) END AS retained_ucnt, CASE WHEN done THEN round(coalesce(r.retained_ucnt, 0)::numeric / h.cohort_ucnt, 6) END AS day_n_retention,
	done AS is_complete, f.data_as_of
FROM (SELECT channel_id, cohort_date, count(*) AS cohort_ucnt FROM (
		SELECT viewer_id, min(biz_date) AS cohort_date FROM roll_viewer WHERE views_cnt > 0 OR watch_s > 0 GROUP BY viewer_id) AS b JOIN viewer USING (viewer_id)
	GROUP BY channel_id, cohort_date) AS h
CROSS JOIN generate_series(0, 30) AS n (day_n) CROSS JOIN setting t CROSS JOIN refresh_state f
CROSS JOIN LATERAL (SELECT coalesce((h.cohort_date + n.day_n + 1 + t.day_cut) AT TIME ZONE t.stats_tz <= f.data_as_of, false) AS done) AS d
LEFT JOIN (SELECT v.channel_id, b.cohort_date, a.biz_date - b.cohort_date AS day_n, count(DISTINCT a.viewer_id) AS retained_ucnt
	FROM roll_viewer a JOIN (SELECT viewer_id, min(biz_date) AS cohort_date FROM roll_viewer WHERE views_cnt > 0 OR watch_s > 0 GROUP BY viewer_id) AS b USING (viewer_id)
	JOIN viewer v USING (viewer_id) WHERE a.views_cnt > 0 OR a.watch_s > 0
	GROUP BY v.channel_id, b.cohort_date, a.biz_date - b.cohort_date) AS r
  ON r.channel_id = h.channel_id AND r.cohort_date = h.cohort_date AND r.day_n = n.day_n
JOIN channel c ON c.channel_id = h.channel_id
+cohort_date|business day on which the viewers were first seen
+day_n|days after, 0 being that day
+cohort_ucnt|viewers of the cohort
+retained_ucnt|of them, those who watched on that day; NULL until it is over
+is_complete|whether that day is over
#cohort_ltv|历史LTV: the buyers whose first paid order lies in a month, and what they spent in the first n days since it
SELECT c.code AS channel, b.cohort_month, n.days, b.cohort_ucnt, CASE WHEN done THEN round(coalesce(sum(o.net) FILTER (WHERE o.age < n.days * interval '1 day'), 0), 2) END AS gmv_net,
	CASE WHEN done THEN round(coalesce(sum(o.net) FILTER (WHERE o.age < n.days * interval '1 day'), 0) / b.cohort_ucnt, 6) END AS ltv_hist,
	done AS is_complete, t.currency, f.data_as_of, round(a.ad_cost, 2) AS ad_cost, round(a.ad_cost / b.cohort_ucnt, 6) AS cohort_cac,
	CASE WHEN done THEN round(coalesce(sum(o.net) FILTER (WHERE o.age < n.days * interval '1 day'), 0) / nullif(a.ad_cost, 0), 6) END AS ltv_cac
FROM (SELECT channel_id, cohort_month, count(*) AS cohort_ucnt, max(first_ts) AS last_first FROM (
		SELECT o.channel_id, o.viewer_id, min(o.paid_ts) AS first_ts,
		       date_trunc('month', (min(o.paid_ts) AT TIME ZONE min(t.stats_tz)) - min(t.day_cut))::date AS cohort_month
		FROM orders o CROSS JOIN setting t WHERE o.paid_ts IS NOT NULL AND o.viewer_id IS NOT NULL GROUP BY o.channel_id, o.viewer_id) AS q
	GROUP BY channel_id, cohort_month) AS b
CROSS JOIN (VALUES (1), (7), (30), (60), (90), (180), (365)) AS n (days) CROSS JOIN setting t CROSS JOIN refresh_state f
CROSS JOIN LATERAL (SELECT coalesce(b.last_first + n.days * interval '1 day' <= f.data_as_of, false) AS done) AS d
JOIN channel c ON c.channel_id = b.channel_id
LEFT JOIN (SELECT q.channel_id, date_trunc('month', (q.first_ts AT TIME ZONE t.stats_tz) - t.day_cut)::date AS cohort_month, q.paid_ts - q.first_ts AS age,
		q.paid_amt - coalesce((SELECT sum(r.amount) FROM refund r WHERE r.order_id = q.order_id AND r.success_ts IS NOT NULL), 0) AS net
	FROM (SELECT o.*, min(paid_ts) OVER (PARTITION BY channel_id, viewer_id) AS first_ts FROM orders o WHERE paid_ts IS NOT NULL AND viewer_id IS NOT NULL) AS q
	CROSS JOIN setting t) AS o ON o.channel_id = b.channel_id AND o.cohort_month = b.cohort_month
LEFT JOIN (SELECT a.channel_id, date_trunc('month', (a.hour AT TIME ZONE t.stats_tz) - t.day_cut)::date AS cohort_month, sum(a.cost) AS ad_cost
	FROM ad_spend a CROSS JOIN setting t WHERE a.scope = 'promoted' GROUP BY 1, 2) AS a ON a.channel_id = b.channel_id AND a.cohort_month = b.cohort_month
GROUP BY c.code, b.cohort_month, n.days, b.cohort_ucnt, done, t.currency, f.data_as_of, a.ad_cost
+cohort_month|month of the first paid order
+days|days since the first paid order
+cohort_ucnt|buyers of the cohort
+is_complete|whether every buyer of the cohort had so many days
+ad_cost|advertising cost of the channel in that month, of scope promoted
#ad_roi|投放: a row for each plan and business day, of scope promoted
SELECT c.code AS channel, a.plan_id, s.external_id AS stream, a.biz_date, round(a.ad_cost, 2) AS ad_cost, a.ad_impressions, a.ad_clicks, a.attributed_orders,
	round(a.attributed_gmv, 2) AS attributed_gmv, round(a.ad_clicks::numeric / nullif(a.ad_impressions, 0), 6) AS ad_ctr, round(1000 * a.ad_cost / nullif(a.ad_impressions, 0), 6) AS cpm,
	round(a.ad_cost / nullif(a.ad_clicks, 0), 6) AS cpc, round(a.attributed_gmv / nullif(a.ad_cost, 0), 6) AS roi_attributed, round(a.ad_cost / nullif(a.attributed_orders, 0), 6) AS cpa_order,
	t.currency, f.data_as_of, coalesce((a.biz_date + 1 + t.day_cut) AT TIME ZONE t.stats_tz + t.final_after <= f.data_as_of, false) AS is_final
FROM (SELECT channel_id, plan_id, stream_id, ((hour AT TIME ZONE t.stats_tz) - t.day_cut)::date AS biz_date, sum(cost) AS ad_cost, sum(impressions)::bigint AS ad_impressions,
		sum(clicks)::bigint AS ad_clicks, sum(a.attributed_orders)::bigint AS attributed_orders, sum(a.attributed_gmv) AS attributed_gmv
	FROM ad_spend a CROSS JOIN setting t WHERE scope = 'promoted' GROUP BY 1, 2, 3, 4) AS a
JOIN channel c USING (channel_id) LEFT JOIN stream s ON s.stream_id = a.stream_id CROSS JOIN setting t CROSS JOIN refresh_state f
+stream|the channel's id of the stream
+ad_impressions|impressions of the advertisement
+ad_clicks|clicks on it
#attribution|归因: what the visits of the buyers are credited with by each model, a row for each stream or source, model and business day of payment; over the streams, or over the sources, the credits of a model add up to the orders exactly
SELECT c.code AS channel, a.touch_kind, coalesce(a.touch, s.external_id) AS touch, a.stream_id, a.model, a.biz_date, a.credit_orders, a.credit_gmv, round(a.ad_cost, 2) AS ad_cost,
	round(a.credit_gmv / nullif(a.ad_cost, 0), 6) AS roas, t.currency, f.data_as_of, coalesce((a.biz_date + 1 + t.day_cut) AT TIME ZONE t.stats_tz + t.final_after <= f.data_as_of, false) AS is_final
FROM (SELECT channel_id, touch_kind, touch, stream_id, model, biz_date, sum(credit_orders) AS credit_orders, sum(credit_gmv) AS credit_gmv, sum(ad_cost) AS ad_cost
	FROM (
		SELECT o.channel_id, w.touch_kind, w.touch, w.stream_id, m.model, ((o.paid_ts AT TIME ZONE t.stats_tz) - t.day_cut)::date AS biz_date,
		       round(m.upto, 9) - round(m.before, 9) AS credit_orders, round(o.paid_amt * m.upto, 4) - round(o.paid_amt * m.before, 4) AS credit_gmv, NULL::numeric AS ad_cost
		FROM orders o CROSS JOIN setting t
		LEFT JOIN LATERAL (
			SELECT stream_id, source, i, n, coalesce(lag(share) OVER (ORDER BY i), 0) AS share_before, share
			FROM (SELECT stream_id, source, row_number() OVER w AS i, count(*) OVER () AS n, (sum(weight) OVER w / sum(weight) OVER ())::numeric AS share
				FROM (SELECT run, stream_id, max(source) AS source, power(2::float8, -least(extract(epoch FROM max(max(enter_ts)) OVER () - max(enter_ts)) / extract(epoch FROM t.attribution_half_life), 1000)::float8) AS weight
					FROM (SELECT *, sum((stream_id IS DISTINCT FROM stream_before)::int) OVER (ORDER BY enter_ts, stream_id) AS run
						FROM (SELECT x.stream_id, v.source, x.enter_ts, lag(x.stream_id) OVER (ORDER BY x.enter_ts, x.stream_id) AS stream_before
							FROM (SELECT stream_id, max(source) AS source FROM (SELECT stream_id, biz_date, source FROM roll_viewer v WHERE v.viewer_id = o.viewer_id OFFSET 0) AS v
								WHERE v.biz_date BETWEEN ((o.paid_ts - t.attribution_lookback) AT TIME ZONE t.stats_tz - t.day_cut)::date - 1 AND ((o.paid_ts AT TIME ZONE t.stats_tz) - t.day_cut)::date + 1
								GROUP BY stream_id) AS v,
							  LATERAL (SELECT stream_id, enter_ts FROM roll_session x WHERE x.stream_id = v.stream_id AND x.viewer_id = o.viewer_id
								AND x.enter_ts <= o.paid_ts AND x.enter_ts >= o.paid_ts - t.attribution_lookback) AS x) AS x) AS x
					GROUP BY run, stream_id) AS k
				WINDOW w AS (ORDER BY run)) AS k) AS k ON true
		CROSS JOIN LATERAL (VALUES
			('first', CASE WHEN i > 1 THEN 1 ELSE 0 END, 1::numeric),
			('last', 0, CASE WHEN i < n THEN 0 ELSE 1 END),
			('linear', coalesce((i - 1)::numeric / n, 0), CASE WHEN i < n THEN i::numeric / n ELSE 1 END),
			('position', CASE WHEN i > 1 THEN CASE n WHEN 2 THEN 0.5 ELSE 0.4 + 0.2 * (i - 2) / (n - 2) END ELSE 0 END,
				CASE WHEN i < n THEN CASE n WHEN 2 THEN 0.5 ELSE 0.4 + 0.2 * (i - 1) / (n - 2) END ELSE 1 END),
			('time_decay', coalesce(share_before, 0), CASE WHEN i < n THEN share ELSE 1 END)) AS m (model, before, upto)
		CROSS JOIN LATERAL (VALUES ('stream', CASE WHEN k.i IS NULL THEN '(none)' END, k.stream_id), ('source', CASE WHEN k.i IS NULL THEN '(none)' ELSE coalesce(k.source, 'unknown') END, NULL)) AS w (touch_kind, touch, stream_id)
		WHERE o.paid_ts IS NOT NULL AND m.upto > m.before
		UNION ALL
		SELECT a.channel_id, w.touch_kind, w.touch, w.stream_id, m.model, ((a.hour AT TIME ZONE t.stats_tz) - t.day_cut)::date, 0, 0, a.cost
		FROM ad_spend a CROSS JOIN setting t CROSS JOIN (VALUES ('first'), ('last'), ('linear'), ('position'), ('time_decay')) AS m (model)
		CROSS JOIN LATERAL (VALUES ('stream', CASE WHEN a.stream_id IS NULL THEN '(no stream)' END, a.stream_id), ('source', 'paid', NULL)) AS w (touch_kind, touch, stream_id)
		WHERE a.scope = 'promoted') AS a
	GROUP BY channel_id, touch_kind, touch, stream_id, model, biz_date) AS a
JOIN channel c USING (channel_id) LEFT JOIN stream s ON s.stream_id = a.stream_id CROSS JOIN setting t CROSS JOIN refresh_state f
+touch_kind|stream or source: each kind has all the credits once
+touch|the channel's id of the stream, or where the viewer came from; (none) without a visit within setting.attribution_lookback, (no stream) for advertising for none
+model|first, last, linear, position (40 % first, 20 % between, 40 % last) or time_decay (half after setting.attribution_half_life)
+biz_date|business day of the payments, and of the advertising
+ad_cost|advertising for the stream on that day, of scope promoted; for the source paid that of the channel
#promo_effect|活动效果: a row for each promotion; the raw difference says what happened, not why: without a random assignment those who take a coupon differ from others
SELECT c.code AS channel, p.promo_id, p.external_id, p.kind, p.name, p.start_ts, p.end_ts, coalesce(k.claimed_cnt, 0) AS claimed_cnt, coalesce(k.used_cnt, 0) AS used_cnt,
	round(k.used_cnt::numeric / nullif(k.claimed_cnt, 0), 6) AS redeem_rate, coalesce(e.treated_ucnt, 0) AS treated_ucnt, coalesce(e.control_ucnt, 0) AS control_ucnt,
	coalesce(e.treated_buyers, 0) AS treated_buyers, coalesce(e.control_buyers, 0) AS control_buyers, round(e.treated_buyers::numeric / nullif(e.treated_ucnt, 0), 6) AS treated_rate,
	round(e.control_buyers::numeric / nullif(e.control_ucnt, 0), 6) AS control_rate,
	round(e.treated_buyers::numeric / nullif(e.treated_ucnt, 0) - e.control_buyers::numeric / nullif(e.control_ucnt, 0), 6) AS raw_effect,
	now() AS data_as_of, coalesce(p.end_ts + t.final_after <= now(), false) AS is_final
FROM promotion p JOIN channel c USING (channel_id) CROSS JOIN setting t
LEFT JOIN (SELECT promo_id, count(*) AS claimed_cnt, count(used_ts) AS used_cnt FROM coupon GROUP BY promo_id) AS k USING (promo_id)
LEFT JOIN (SELECT promo_id, count(*) FILTER (WHERE arm = 'treat') AS treated_ucnt, count(*) FILTER (WHERE arm = 'control') AS control_ucnt,
		count(*) FILTER (WHERE arm = 'treat' AND bought) AS treated_buyers, count(*) FILTER (WHERE arm = 'control' AND bought) AS control_buyers
	FROM (SELECT x.promo_id, x.arm, EXISTS (SELECT FROM orders o WHERE o.viewer_id = x.viewer_id AND o.paid_ts >= x.assigned_ts AND o.paid_ts <= coalesce(p.end_ts, 'infinity')) AS bought
		FROM promo_exposure x JOIN promotion p USING (promo_id)) AS b
	GROUP BY promo_id) AS e USING (promo_id)
+claimed_cnt|coupons claimed
+used_cnt|coupons used
+treated_ucnt|viewers treated
+control_ucnt|viewers in the control group
+treated_buyers|of the treated, those who paid an order after their assignment and until the end
+control_buyers|of the control group, those who did
+treated_rate|treated_buyers / treated_ucnt
+control_rate|control_buyers / control_ucnt
+external_id|the channel's id
#refund_tracking|退款三角: the orders paid on a business day, and what was refunded in the first n days after each was paid
SELECT c.code AS channel, o.pay_date, n.age_days, o.pay_order_cnt, round(o.gmv_pay, 2) AS gmv_pay, CASE WHEN done THEN round(coalesce(r.amount, 0), 2) END AS refunded_amt,
	CASE WHEN done THEN round(coalesce(r.amount, 0) / nullif(o.gmv_pay, 0), 6) END AS refunded_rate, done AS is_complete, t.currency, now() AS data_as_of
FROM (SELECT o.channel_id, ((o.paid_ts AT TIME ZONE t.stats_tz) - t.day_cut)::date AS pay_date, count(*) AS pay_order_cnt, sum(o.paid_amt) AS gmv_pay
	FROM orders o CROSS JOIN setting t WHERE o.paid_ts IS NOT NULL GROUP BY 1, 2) AS o
CROSS JOIN (VALUES (1), (3), (7), (15), (30), (60), (90)) AS n (age_days) CROSS JOIN setting t
CROSS JOIN LATERAL (SELECT coalesce((o.pay_date + 1 + t.day_cut) AT TIME ZONE t.stats_tz + n.age_days * interval '1 day' <= now(), false) AS done) AS d
JOIN channel c ON c.channel_id = o.channel_id
LEFT JOIN (SELECT o.channel_id, ((o.paid_ts AT TIME ZONE t.stats_tz) - t.day_cut)::date AS pay_date, a.age_days, sum(r.amount) AS amount
	FROM refund r JOIN orders o USING (order_id) CROSS JOIN setting t JOIN (VALUES (1), (3), (7), (15), (30), (60), (90)) AS a (age_days)
	  ON r.success_ts < o.paid_ts + a.age_days * interval '1 day'
	WHERE o.paid_ts IS NOT NULL GROUP BY 1, 2, 3) AS r ON r.channel_id = o.channel_id AND r.pay_date = o.pay_date AND r.age_days = n.age_days
+pay_date|business day on which the orders were paid
+age_days|days after an order was paid
+refunded_amt|refunds made within them; NULL until every order of the day is that old
+refunded_rate|refunded_amt / gmv_pay
+is_complete|whether every order of the day is that old
#data_quality|数据质量: a row for each payload
SELECT c.code AS channel, b.batch_id, b.received_at, b.rows_total, b.accepted, b.duplicate, b.rejected, b.late, b.repeats,
	round(b.rejected::numeric / nullif(b.rows_total, 0), 6) AS rejected_rate, b.rejected - (SELECT count(*) FROM ingest_reject r WHERE r.batch_id = b.batch_id AND r.replayed_batch IS NOT NULL) AS open_cnt
FROM ingest_batch b JOIN channel c USING (channel_id)
+rejected_rate|rejected / rows_total
+open_cnt|rejected rows not replayed yet
#data_quality_reason|数据质量(原因): rejected rows by channel, kind of record and reason
SELECT c.code AS channel, r.record, r.reason, count(*) AS rejected_cnt, count(*) FILTER (WHERE r.replayed_batch IS NULL) AS open_cnt, max(b.received_at) AS last_received_at
FROM ingest_reject r JOIN ingest_batch b USING (batch_id) JOIN channel c USING (channel_id)
GROUP BY c.code, r.record, r.reason
+rejected_cnt|rejected rows
+open_cnt|rejected rows not replayed yet
+last_received_at|when the last came
#platform_gap|平台差异: the newest total that the platform reports for a stream beside ours
SELECT o.channel, o.stream_id, o.external_id, p.metric, p.captured_at, p.value AS platform_value, v.ours AS our_value, round((v.ours - p.value) / nullif(p.value, 0), 6) AS gap_rate, o.data_as_of
FROM (SELECT DISTINCT ON (stream_id, metric) * FROM platform_snapshot ORDER BY stream_id, metric, captured_at DESC) AS p
JOIN stream_overview o USING (stream_id)
JOIN LATERAL (VALUES ('viewers_ucnt', o.viewers_ucnt::numeric), ('views_cnt', o.views_cnt), ('impressions_ucnt', o.impressions_ucnt), ('impressions_cnt', o.impressions_cnt),
	('comments_cnt', o.comments_cnt), ('likes_cnt', o.likes_cnt), ('shares_cnt', o.shares_cnt), ('follows_cnt', o.follows_cnt), ('pcu', o.pcu), ('gmv_pay', o.gmv_pay),
	('pay_order_cnt', o.pay_order_cnt), ('pay_ucnt', o.pay_ucnt), ('avg_watch_per_viewer', o.avg_watch_per_viewer), ('enter_urate', o.enter_urate)) AS v (metric, ours)
  ON v.metric = p.metric
+platform_value|the platform's figure
+our_value|ours
+gap_rate|(our_value - platform_value) / platform_value
$views$;
END
$live$;
COMMENT ON FUNCTION live_views() IS
'the views that live_setup makes';

CREATE FUNCTION live_build_views(target name)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000
SET search_path = pg_catalog, pg_temp
SET client_min_messages = warning
AS $live$
DECLARE
	v_blocks text[];
	v_block text;
	v_head text[];
	v_general text;
	v_column name;
	v_comment text;
	v_query text;
BEGIN
	PERFORM set_config('search_path', (SELECT format('pg_catalog, %I, %I, pg_temp', target, n.nspname)
		FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'liveanalytics'), true);
	v_blocks := regexp_split_to_array(live_views(), E'\n#');
	v_general := v_blocks[1] || E'\n';
	FOREACH v_block IN ARRAY v_blocks[2:] LOOP
		v_head := string_to_array(split_part(v_block, E'\n', 1), '|');
		v_query := regexp_replace(substr(v_block, strpos(v_block, E'\n') + 1), E'\n\\+[^\n]*', '', 'g');
		v_query := replace(replace(replace(v_query, 'DAILY(columns)', live_daily_sql('columns')), 'DAILY(host_id)', live_daily_sql('host_id')),
			'DAILY(channel_id)', live_daily_sql('channel_id'));
		-- what training and views share
		IF v_query ~ '^FEATURES' THEN
			v_query := live_feature_sql(substring(v_query FROM '^FEATURES(.*\))'));
		END IF;
		v_query := regexp_replace(v_query, 'MEDIAN\((\w+\.\w+)\)', '(SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY x) FROM unnest(\1) AS x)::numeric', 'g');
		v_query := regexp_replace(v_query, 'SCORE\((\w+)\)',
			format('coalesce(%s, %s)', live_score_sql('forest', 'MODEL(\1, forest)'), live_score_sql('logreg', 'MODEL(\1, logreg)')), 'g');
		v_query := regexp_replace(v_query, 'MODEL\((\w+), version\)', '(SELECT version FROM model WHERE name = ''\1'' AND is_current)', 'g');
		v_query := regexp_replace(v_query, 'MODEL\((\w+), (\w+)\)', format($sql$(SELECT model FROM model WHERE name = '\1' AND kind = '\2' AND is_current AND features = string_to_array(%L, ', '))$sql$,
			live_score_sql('names', '')), 'g');
		EXECUTE format('CREATE OR REPLACE VIEW %I.%I WITH (security_invoker = true) AS %s', target, v_head[1], v_query);
		EXECUTE format('COMMENT ON VIEW %I.%I IS %L', target, v_head[1], v_head[2]);
		FOR v_column IN SELECT attname FROM pg_attribute WHERE attrelid = format('%I.%I', target, v_head[1])::regclass AND attnum > 0 AND NOT attisdropped LOOP
			v_comment := coalesce(substring(v_block FROM E'\n\\+' || v_column || E'\\|([^\n]*)'),
				(SELECT zh || ', ' || en || ': ' || formula FROM metric_catalog WHERE metric = v_column),
				substring(v_general FROM E'\n\\+' || v_column || E'\\|([^\n]*)'),
				substring(live_layout() FROM E'\n\\+' || v_column || E'\\|[^\n|]*\\|([^\n]*)'));
			EXECUTE format('COMMENT ON COLUMN %I.%I.%I IS %L', target, v_head[1], v_column, v_comment);
		END LOOP;
	END LOOP;
END
$live$;
COMMENT ON FUNCTION live_build_views(name) IS
'makes the views, or replaces them, with a comment on every column';
