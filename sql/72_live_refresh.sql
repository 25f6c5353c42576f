-- Rollups. Statement triggers note in the table dirty_bucket, within the
-- writing transaction, which minutes and viewers of which streams have changed.
-- live_refresh takes notes away and computes those buckets anew from the base
-- tables, in later statements of the same transaction: each sees whatever was
-- committed along with the notes. What is committed in between has notes of its
-- own. Refreshes of one schema take turns, so none overwrites a newer one's work.

CREATE FUNCTION live_partition_triggers(target name, part name)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000
SET search_path = pg_catalog, pg_temp
AS $live$
BEGIN
	-- a statement that names the partition fires these, one that names event its own
	EXECUTE format('CREATE TRIGGER mark_insert AFTER INSERT ON %1$I.%2$I REFERENCING NEW TABLE AS new_rows
		FOR EACH STATEMENT EXECUTE FUNCTION %1$I.mark_event()', target, part);
	EXECUTE format('CREATE TRIGGER mark_update AFTER UPDATE ON %1$I.%2$I REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
		FOR EACH STATEMENT EXECUTE FUNCTION %1$I.mark_event()', target, part);
	EXECUTE format('CREATE TRIGGER mark_delete AFTER DELETE ON %1$I.%2$I REFERENCING OLD TABLE AS old_rows
		FOR EACH STATEMENT EXECUTE FUNCTION %1$I.mark_event()', target, part);
	EXECUTE format('CREATE TRIGGER mark_truncate AFTER TRUNCATE ON %1$I.%2$I
		FOR EACH STATEMENT EXECUTE FUNCTION %1$I.mark_everything()', target, part);
END
$live$;
COMMENT ON FUNCTION live_partition_triggers(name, name) IS
'makes the triggers of a partition of the events that note what has changed';

CREATE FUNCTION live_build_triggers(target name)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000
SET search_path = pg_catalog, pg_temp
AS $live$
DECLARE
	v_item record;
	v_old text;
	v_new text;
	v_name name;
	v_event text;
BEGIN
	-- each function notes, for the rows of a transition table that stands for %s,
	-- what depends on them; they belong to the schema and outlive the extension
	FOR v_item IN SELECT * FROM (VALUES
		('mark_event', 'event', '',
		 'SELECT ''minute'', stream_id, floor(extract(epoch FROM event_ts) / 60)::bigint FROM %1$s GROUP BY 2, 3
		  UNION ALL SELECT ''viewer'', stream_id, coalesce(viewer_id, 0) FROM %1$s GROUP BY 2, 3'),
		('mark_total', 'viewer_total', '', 'SELECT ''viewer'', stream_id, viewer_id FROM %1$s'),
		('mark_order', 'orders', 'SELECT ''all'', stream_id, 0 FROM old_rows WHERE stream_id IS NOT NULL GROUP BY 2',
		 'SELECT ''minute'', stream_id, floor(extract(epoch FROM paid_ts) / 60)::bigint FROM %1$s WHERE stream_id IS NOT NULL AND paid_ts IS NOT NULL
		  UNION SELECT ''viewer'', stream_id, coalesce(viewer_id, 0) FROM %1$s WHERE stream_id IS NOT NULL
		  UNION SELECT ''minute'', o.stream_id, floor(extract(epoch FROM r.success_ts) / 60)::bigint FROM %1$s o JOIN refund r USING (order_id)
		        WHERE o.stream_id IS NOT NULL AND r.success_ts IS NOT NULL'),
		('mark_item', 'order_item', '',
		 'SELECT ''minute'', o.stream_id, floor(extract(epoch FROM o.paid_ts) / 60)::bigint FROM %1$s x JOIN orders o USING (order_id)
		        WHERE o.stream_id IS NOT NULL AND o.paid_ts IS NOT NULL
		  UNION SELECT ''viewer'', o.stream_id, coalesce(o.viewer_id, 0) FROM %1$s x JOIN orders o USING (order_id) WHERE o.stream_id IS NOT NULL'),
		('mark_refund', 'refund', '',
		 'SELECT ''minute'', o.stream_id, floor(extract(epoch FROM t.ts) / 60)::bigint
		  FROM %1$s x JOIN orders o USING (order_id), LATERAL (VALUES (x.success_ts), (o.paid_ts)) AS t (ts)
		  WHERE o.stream_id IS NOT NULL AND t.ts IS NOT NULL
		  UNION SELECT ''viewer'', o.stream_id, coalesce(o.viewer_id, 0) FROM %1$s x JOIN orders o USING (order_id) WHERE o.stream_id IS NOT NULL'),
		('mark_stream', 'stream', '', 'SELECT ''all'', stream_id, 0 FROM %1$s'),
		('mark_setting', 'setting', '', 'SELECT ''all'', stream_id, 0 FROM stream')) AS v (name, tab, deleted, notes)
	LOOP
		v_old := 'INSERT INTO dirty_bucket (kind, stream_id, key) ' || coalesce(nullif(v_item.deleted, ''), format(v_item.notes, 'old_rows'));
		v_new := 'INSERT INTO dirty_bucket (kind, stream_id, key) ' || format(v_item.notes, 'new_rows');
		IF v_item.name = 'mark_stream' THEN
			-- a title or a host is looked up by the views; only the bounds are in the rollups
			v_new := 'INSERT INTO dirty_bucket (kind, stream_id, key) SELECT ''all'', n.stream_id, 0 FROM new_rows n JOIN old_rows o USING (stream_id)
				WHERE (n.start_ts, n.end_ts) IS DISTINCT FROM (o.start_ts, o.end_ts)';
		ELSIF v_item.name = 'mark_setting' THEN
			v_new := v_new || ' WHERE EXISTS (SELECT FROM new_rows n, old_rows o WHERE (n.stats_tz, n.day_cut, n.heartbeat_timeout)
				IS DISTINCT FROM (o.stats_tz, o.day_cut, o.heartbeat_timeout))';
		END IF;
		EXECUTE format('CREATE OR REPLACE FUNCTION %1$I.%2$I() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, %1$I, pg_temp AS %3$L',
			target, v_item.name, format(CASE WHEN v_item.name IN ('mark_stream', 'mark_setting') THEN '
BEGIN
	IF TG_OP = ''DELETE'' THEN
		%2$s;
	ELSIF TG_OP = ''UPDATE'' THEN
		%1$s;
	END IF;
	RETURN NULL;
END
' ELSE '
BEGIN
	IF TG_OP <> ''INSERT'' THEN
		%2$s;
	END IF;
	IF TG_OP <> ''DELETE'' THEN
		%1$s;
	END IF;
	RETURN NULL;
END
' END, v_new, CASE WHEN v_item.deleted = '' THEN v_old ELSE format('IF TG_OP = ''DELETE'' THEN
			%s;
		ELSE
			INSERT INTO dirty_bucket (kind, stream_id, key) %s;
		END IF', v_old, format(v_item.notes, 'old_rows')) END));
		EXECUTE format('COMMENT ON FUNCTION %I.%I() IS %L', target, v_item.name, 'notes in dirty_bucket what changes of ' || v_item.tab || ' affect');
		FOREACH v_event IN ARRAY ARRAY['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE'] LOOP
			CONTINUE WHEN v_event = 'INSERT' AND v_item.name IN ('mark_stream', 'mark_setting') OR v_event = 'TRUNCATE' AND v_item.name = 'mark_setting';
			v_name := 'mark_' || lower(v_event);
			CONTINUE WHEN EXISTS (SELECT FROM pg_trigger WHERE tgrelid = format('%I.%I', target, v_item.tab)::regclass AND tgname = v_name);
			IF v_event = 'TRUNCATE' THEN
				EXECUTE format('CREATE OR REPLACE FUNCTION %1$I.mark_everything() RETURNS trigger LANGUAGE plpgsql
					SET search_path = pg_catalog, %1$I, pg_temp AS %2$L', target, '
BEGIN
	INSERT INTO dirty_bucket (kind, stream_id, key)
	SELECT ''all'', stream_id, 0 FROM stream UNION SELECT ''all'', stream_id, 0 FROM roll_stream;
	RETURN NULL;
END
');
			END IF;
			EXECUTE format('CREATE TRIGGER %I AFTER %s ON %I.%I %s FOR EACH STATEMENT EXECUTE FUNCTION %I.%I()', v_name, v_event, target, v_item.tab,
				CASE v_event WHEN 'INSERT' THEN 'REFERENCING NEW TABLE AS new_rows'
					WHEN 'UPDATE' THEN 'REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows'
					WHEN 'DELETE' THEN 'REFERENCING OLD TABLE AS old_rows' ELSE '' END,
				target, CASE v_event WHEN 'TRUNCATE' THEN 'mark_everything' ELSE v_item.name END);
		END LOOP;
	END LOOP;
	EXECUTE format('COMMENT ON FUNCTION %I.mark_everything() IS %L', target, 'notes in dirty_bucket that every stream has changed');
END
$live$;
COMMENT ON FUNCTION live_build_triggers(name) IS
'makes the triggers that note in dirty_bucket what has changed';

CREATE FUNCTION live_event_source(target name, streams bigint[])
RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 1000
SET search_path = pg_catalog, pg_temp
AS $live$
DECLARE
	v_part regclass;
	v_found boolean;
	v_parts text := '';
BEGIN
	-- naming the partitions leaves out of the query every condition on the time: a
	-- running stream lies beyond the statistics, which then promise a row at most
	FOR v_part IN
		SELECT relid FROM pg_partition_tree(format('%I.event', target)::regclass) WHERE isleaf ORDER BY relid::text
	LOOP
		EXECUTE format('SELECT EXISTS (SELECT FROM unnest($1) AS d (stream_id),
			LATERAL (SELECT FROM %s AS e WHERE e.stream_id = d.stream_id ORDER BY e.event_ts LIMIT 1) AS x)', v_part)
		INTO v_found USING streams;
		IF v_found THEN
			v_parts := v_parts || CASE WHEN v_parts = '' THEN '' ELSE ' UNION ALL ' END
				|| 'SELECT stream_id, viewer_id, event_ts, type, product_id, source, qty, amount FROM ' || v_part;
		END IF;
	END LOOP;
	RETURN format('(%s)', coalesce(nullif(v_parts, ''), format('SELECT * FROM %I.event WHERE false', target)));
END
$live$;
COMMENT ON FUNCTION live_event_source(name, bigint[]) IS
'the partitions that have events of the streams, as a subquery for live_rollup_sql';

CREATE FUNCTION live_rollup_sql(rollup text, events text)
RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $live$
DECLARE
	v_people text;
BEGIN
	v_people := $sql$
		v AS (
			SELECT d.stream_id, v.viewer_id, sum(impressions_cnt) AS impressions, sum(views_cnt) AS views, sum(watch_s) AS watch_s,
			       sum(comments_cnt) AS comments, sum(likes_cnt) AS likes, sum(shares_cnt) AS shares, sum(follows_cnt) AS follows,
			       sum(fanclub_cnt) AS fanclub, sum(product_show_cnt) AS shows, sum(product_click_cnt) AS clicks, sum(order_cnt) AS orders,
			       sum(pay_order_cnt) AS paid, max(seq_exposed) AS seq_exposed, max(seq_entered) AS seq_entered,
			       sum(comments_cnt) FILTER (WHERE reported) AS r_comments, sum(likes_cnt) FILTER (WHERE reported) AS r_likes,
			       sum(shares_cnt) FILTER (WHERE reported) AS r_shares
			FROM d, LATERAL (SELECT * FROM roll_viewer v WHERE v.stream_id = d.stream_id @viewer OFFSET 0) AS v
			GROUP BY d.stream_id, v.viewer_id),
		a AS (
			SELECT stream_id, count(*) FILTER (WHERE impressions > 0) AS impressions_ucnt, count(*) FILTER (WHERE here) AS viewers_ucnt,
			       sum(watch_s) AS watch_s, count(*) FILTER (WHERE watch_s >= 60) AS stay_60s_ucnt,
			       count(*) FILTER (WHERE here AND watch_s < 3) AS bounce_ucnt,
			       count(*) FILTER (WHERE here AND comments + likes + shares > 0) AS interact_ucnt,
			       count(*) FILTER (WHERE here AND comments > 0) AS comment_ucnt, count(*) FILTER (WHERE here AND likes > 0) AS like_ucnt,
			       count(*) FILTER (WHERE here AND shares > 0) AS share_ucnt, count(*) FILTER (WHERE here AND follows > 0) AS follow_ucnt,
			       count(*) FILTER (WHERE here AND fanclub > 0) AS fanclub_ucnt, count(*) FILTER (WHERE shows > 0) AS product_show_ucnt,
			       count(*) FILTER (WHERE clicks > 0) AS product_click_ucnt, count(*) FILTER (WHERE orders > 0) AS order_ucnt,
			       count(*) FILTER (WHERE paid > 0) AS pay_ucnt, coalesce(sum(r_comments), 0)::bigint AS reported_comments,
			       coalesce(sum(r_likes), 0)::bigint AS reported_likes, coalesce(sum(r_shares), 0)::bigint AS reported_shares,
			       count(*) FILTER (WHERE seq_exposed >= 1) AS exposed_1, count(*) FILTER (WHERE seq_exposed >= 2) AS exposed_2,
			       count(*) FILTER (WHERE seq_exposed >= 3) AS exposed_3, count(*) FILTER (WHERE seq_exposed >= 4) AS exposed_4,
			       count(*) FILTER (WHERE seq_exposed >= 5) AS exposed_5, count(*) FILTER (WHERE seq_entered >= 1) AS entered_1,
			       count(*) FILTER (WHERE seq_entered >= 2) AS entered_2, count(*) FILTER (WHERE seq_entered >= 3) AS entered_3,
			       count(*) FILTER (WHERE seq_entered >= 4) AS entered_4
			FROM (SELECT *, views > 0 OR watch_s > 0 AS here FROM v) AS v
			GROUP BY stream_id)$sql$;
	-- the definition of a rollup for the streams $1 and their keys $2 (minutes or
	-- viewers). OFFSET 0 has each key looked up in an index, whatever the statistics
	-- say: so the cost follows the keys and not the tables
	RETURN replace(replace(replace(CASE rollup
	WHEN 'roll_minute' THEN $sql$
		WITH d AS (SELECT stream_id, to_timestamp(key * 60) AS minute, to_timestamp(key * 60 + 60) AS until FROM unnest($1, $2) AS d (stream_id, key)),
		e AS (
			SELECT d.stream_id, d.minute,
			       sum(qty) FILTER (WHERE type = 'expose_room') AS impressions, sum(qty) FILTER (WHERE type = 'enter') AS views,
			       sum(qty) FILTER (WHERE type = 'leave') AS leaves, sum(qty) FILTER (WHERE type = 'comment') AS comments,
			       sum(qty) FILTER (WHERE type = 'like') AS likes, sum(qty) FILTER (WHERE type = 'share') AS shares,
			       sum(qty) FILTER (WHERE type = 'follow') AS follows, sum(qty) FILTER (WHERE type = 'unfollow') AS unfollows,
			       sum(qty) FILTER (WHERE type = 'fanclub_join') AS fanclub, sum(qty) FILTER (WHERE type = 'gift') AS gifts,
			       sum(amount) FILTER (WHERE type = 'gift') AS gift_amt, sum(qty) FILTER (WHERE type = 'product_show') AS shows,
			       sum(qty) FILTER (WHERE type = 'product_click') AS clicks, sum(qty) FILTER (WHERE type = 'add_cart') AS carts,
			       sum(qty) FILTER (WHERE type = 'coupon_claim') AS claims
			FROM d, LATERAL (
				SELECT type, qty, amount FROM @events AS e
				WHERE e.stream_id = d.stream_id AND e.event_ts >= d.minute AND e.event_ts < d.until OFFSET 0) AS e
			GROUP BY d.stream_id, d.minute),
		o AS (
			SELECT d.stream_id, d.minute, count(*) AS orders, sum(u.units) AS units, sum(o.paid_amt) AS gmv, sum(r.amount) AS refunds
			FROM d CROSS JOIN LATERAL (
				SELECT order_id, paid_amt FROM orders o
				WHERE o.stream_id = d.stream_id AND o.paid_ts >= d.minute AND o.paid_ts < d.until OFFSET 0) AS o
			  LEFT JOIN LATERAL (SELECT sum(i.qty) AS units FROM order_item i WHERE i.order_id = o.order_id AND NOT i.is_gift) AS u ON true
			  LEFT JOIN LATERAL (SELECT sum(r.amount) AS amount FROM refund r WHERE r.order_id = o.order_id AND r.success_ts IS NOT NULL) AS r ON true
			GROUP BY d.stream_id, d.minute),
		r AS (
			SELECT d.stream_id, d.minute, sum(r.amount) AS refunds
			FROM d, LATERAL (
				SELECT r.amount FROM refund r
				WHERE r.success_ts >= d.minute AND r.success_ts < d.until
				  AND (SELECT o.stream_id FROM orders o WHERE o.order_id = r.order_id) = d.stream_id OFFSET 0) AS r
			GROUP BY d.stream_id, d.minute)
		SELECT stream_id, minute, coalesce(impressions, 0)::bigint AS impressions_cnt, coalesce(views, 0)::bigint AS views_cnt,
		       coalesce(leaves, 0)::bigint AS leaves_cnt, coalesce(comments, 0)::bigint AS comments_cnt, coalesce(likes, 0)::bigint AS likes_cnt,
		       coalesce(shares, 0)::bigint AS shares_cnt, coalesce(follows, 0)::bigint AS follows_cnt,
		       coalesce(unfollows, 0)::bigint AS unfollows_cnt, coalesce(fanclub, 0)::bigint AS fanclub_cnt, coalesce(gifts, 0)::bigint AS gifts_cnt,
		       coalesce(gift_amt, 0) AS gift_amt, coalesce(shows, 0)::bigint AS product_show_cnt, coalesce(clicks, 0)::bigint AS product_click_cnt,
		       coalesce(carts, 0)::bigint AS add_cart_cnt, coalesce(claims, 0)::bigint AS coupon_claim_cnt,
		       coalesce(orders, 0)::bigint AS pay_order_cnt, coalesce(units, 0)::bigint AS units, coalesce(gmv, 0) AS gmv_pay,
		       coalesce(o.refunds, 0) AS refund_pay_amt, coalesce(r.refunds, 0) AS refund_time_amt
		FROM e FULL JOIN o USING (stream_id, minute) FULL JOIN r USING (stream_id, minute)$sql$
	WHEN 'roll_session' THEN $sql$
		WITH d AS (SELECT * FROM unnest($1, $2) AS d (stream_id, viewer_id)),
		-- an entry begins a visit, to which all at its time belongs but a leaving: that ends what was before
		e AS (
			SELECT d.stream_id, d.viewer_id, e.event_ts, e.type,
			       count(*) FILTER (WHERE e.type = 'enter') OVER (PARTITION BY d.stream_id, d.viewer_id ORDER BY e.event_ts, e.type <> 'leave', e.type <> 'enter'
			         ROWS UNBOUNDED PRECEDING) AS visit
			FROM d, LATERAL (
				SELECT event_ts, type FROM @events AS e WHERE e.stream_id = d.stream_id AND e.viewer_id = d.viewer_id OFFSET 0) AS e),
		v AS (
			SELECT stream_id, viewer_id, visit, min(event_ts) AS enter_ts, min(event_ts) FILTER (WHERE type = 'leave') AS left_ts,
			       max(event_ts) AS last_ts, lead(min(event_ts)) OVER (PARTITION BY stream_id, viewer_id ORDER BY visit) AS next_ts
			FROM e WHERE visit > 0
			GROUP BY stream_id, viewer_id, visit),
		b AS (
			SELECT v.stream_id, v.viewer_id, v.enter_ts,
			       coalesce(left_ts, least(last_ts + c.heartbeat_timeout, next_ts)) AS leave_ts,
			       CASE WHEN left_ts IS NOT NULL THEN 'leave' WHEN next_ts < last_ts + c.heartbeat_timeout THEN 'reenter' ELSE 'timeout' END AS closed_by,
			       s.start_ts, s.end_ts
			FROM v CROSS JOIN (SELECT heartbeat_timeout FROM setting LIMIT 1) AS c LEFT JOIN stream s ON s.stream_id = v.stream_id)
		SELECT stream_id, viewer_id, greatest(enter_ts, start_ts) AS enter_ts, max(least(leave_ts, end_ts)) AS leave_ts,
		       (array_agg(CASE WHEN end_ts < leave_ts THEN 'stream_end' ELSE closed_by END ORDER BY leave_ts DESC, closed_by))[1] AS closed_by
		FROM b
		WHERE greatest(enter_ts, start_ts) < least(leave_ts, end_ts)
		GROUP BY stream_id, viewer_id, greatest(enter_ts, start_ts)$sql$
	WHEN 'roll_viewer' THEN $sql$
		WITH d AS (SELECT * FROM unnest($1, $2) AS d (stream_id, viewer_id)),
		c AS (SELECT stats_tz, day_cut FROM setting LIMIT 1),
		e AS MATERIALIZED (
			SELECT d.stream_id, d.viewer_id, e.event_ts, e.type, e.qty, e.source,
			       ((e.event_ts AT TIME ZONE c.stats_tz) - c.day_cut)::date AS biz_date
			FROM d CROSS JOIN c, LATERAL (
				SELECT event_ts, type, qty, source FROM @events AS e WHERE e.stream_id = d.stream_id AND e.viewer_id = d.viewer_id OFFSET 0) AS e),
		o AS MATERIALIZED (
			SELECT d.stream_id, d.viewer_id, o.created_ts, o.paid_ts, o.paid_amt,
			       (SELECT sum(r.amount) FROM refund r WHERE r.order_id = o.order_id AND r.success_ts IS NOT NULL) AS refunds,
			       ((o.created_ts AT TIME ZONE c.stats_tz) - c.day_cut)::date AS created_date,
			       ((o.paid_ts AT TIME ZONE c.stats_tz) - c.day_cut)::date AS paid_date
			FROM d CROSS JOIN c, LATERAL (SELECT * FROM orders o WHERE o.stream_id = d.stream_id AND o.viewer_id = d.viewer_id OFFSET 0) AS o),
		-- how far a viewer has come in order, however long it took
		s AS (
			SELECT stream_id, viewer_id, window_funnel(event_ts, interval '100000 days', step) AS exposed,
			       window_funnel(event_ts, interval '100000 days', step - 1) AS entered,
			       (array_agg(source ORDER BY event_ts, source) FILTER (WHERE step = 2 AND source IS NOT NULL))[1] AS source
			FROM (SELECT stream_id, viewer_id, event_ts, source,
			             CASE type WHEN 'expose_room' THEN 1 WHEN 'enter' THEN 2 WHEN 'product_show' THEN 3 WHEN 'product_click' THEN 4 END AS step
			      FROM e WHERE type IN ('expose_room', 'enter', 'product_show', 'product_click')
			      UNION ALL SELECT stream_id, viewer_id, paid_ts, NULL, 5 FROM o WHERE paid_ts IS NOT NULL) AS t
			GROUP BY stream_id, viewer_id),
		a AS (
			SELECT stream_id, viewer_id, biz_date, false AS reported,
			       sum(qty) FILTER (WHERE type = 'expose_room') AS impressions, sum(qty) FILTER (WHERE type = 'enter') AS views, 0 AS watch_s,
			       sum(qty) FILTER (WHERE type = 'comment') AS comments, sum(qty) FILTER (WHERE type = 'like') AS likes,
			       sum(qty) FILTER (WHERE type = 'share') AS shares, sum(qty) FILTER (WHERE type = 'follow') AS follows,
			       sum(qty) FILTER (WHERE type = 'fanclub_join') AS fanclub, sum(qty) FILTER (WHERE type = 'product_show') AS shows,
			       sum(qty) FILTER (WHERE type = 'product_click') AS clicks, 0 AS orders, 0 AS paid, 0 AS gmv, 0 AS refunds,
			       0 AS seq_exposed, 0 AS seq_entered, NULL::text AS source
			FROM e GROUP BY stream_id, viewer_id, biz_date
			UNION ALL
			SELECT d.stream_id, d.viewer_id, day::date, false, 0, 0,
			       sum(extract(epoch FROM least(s.leave_ts, ((day + interval '1 day' + c.day_cut) AT TIME ZONE c.stats_tz))
			         - greatest(s.enter_ts, ((day + c.day_cut) AT TIME ZONE c.stats_tz)))), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, NULL
			FROM d CROSS JOIN c,
			  LATERAL (SELECT enter_ts, leave_ts FROM roll_session s WHERE s.stream_id = d.stream_id AND s.viewer_id = d.viewer_id OFFSET 0) AS s,
			  LATERAL generate_series(date_trunc('day', (s.enter_ts AT TIME ZONE c.stats_tz) - c.day_cut),
			    date_trunc('day', (s.leave_ts AT TIME ZONE c.stats_tz) - c.day_cut), interval '1 day') AS day
			WHERE s.leave_ts > ((day + c.day_cut) AT TIME ZONE c.stats_tz)
			GROUP BY d.stream_id, d.viewer_id, day
			UNION ALL
			SELECT stream_id, viewer_id, created_date, false, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, count(*), 0, 0, 0, 0, 0, NULL
			FROM o GROUP BY stream_id, viewer_id, created_date
			UNION ALL
			SELECT stream_id, viewer_id, paid_date, false, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, count(*), sum(paid_amt), sum(refunds), 0, 0, NULL
			FROM o WHERE paid_ts IS NOT NULL GROUP BY stream_id, viewer_id, paid_date
			UNION ALL
			SELECT d.stream_id, d.viewer_id, ((coalesce(t.start_ts, t.captured_at) AT TIME ZONE c.stats_tz) - c.day_cut)::date, true, 0, 0,
			       coalesce(t.watch_s, 0), coalesce(t.comments, 0), coalesce(t.likes, 0), coalesce(t.shares, 0), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, NULL
			FROM d CROSS JOIN c, LATERAL (
				SELECT t.*, (SELECT s.start_ts FROM stream s WHERE s.stream_id = t.stream_id) AS start_ts FROM viewer_total t
				WHERE t.stream_id = d.stream_id AND t.viewer_id = d.viewer_id
				  AND NOT EXISTS (SELECT FROM @events AS e WHERE e.stream_id = t.stream_id AND e.viewer_id = t.viewer_id OFFSET 0) OFFSET 0) AS t
			UNION ALL
			SELECT stream_id, viewer_id, NULL, false, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, exposed, entered, source FROM s),
		g AS (
			SELECT stream_id, viewer_id, biz_date, coalesce(sum(impressions), 0)::bigint AS impressions_cnt, coalesce(sum(views), 0)::bigint AS views_cnt,
			       coalesce(sum(watch_s), 0)::numeric AS watch_s, bool_or(reported) AS reported, coalesce(sum(comments), 0)::bigint AS comments_cnt,
			       coalesce(sum(likes), 0)::bigint AS likes_cnt, coalesce(sum(shares), 0)::bigint AS shares_cnt,
			       coalesce(sum(follows), 0)::bigint AS follows_cnt, coalesce(sum(fanclub), 0)::bigint AS fanclub_cnt,
			       coalesce(sum(shows), 0)::bigint AS product_show_cnt, coalesce(sum(clicks), 0)::bigint AS product_click_cnt,
			       coalesce(sum(orders), 0)::bigint AS order_cnt, coalesce(sum(paid), 0)::bigint AS pay_order_cnt,
			       coalesce(sum(gmv), 0)::numeric AS gmv_pay, coalesce(sum(refunds), 0)::numeric AS refund_pay_amt,
			       max(seq_exposed) AS seq_exposed, max(seq_entered) AS seq_entered, max(source) AS source
			FROM a GROUP BY stream_id, viewer_id, biz_date),
		h AS (
			SELECT stream_id, viewer_id, biz_date, impressions_cnt, views_cnt, watch_s, reported, comments_cnt, likes_cnt, shares_cnt, follows_cnt,
			       fanclub_cnt, product_show_cnt, product_click_cnt, order_cnt, pay_order_cnt, gmv_pay, refund_pay_amt, max(source) OVER v AS source,
			       max(seq_exposed) OVER v AS seq_exposed, max(seq_entered) OVER v AS seq_entered
			FROM g WINDOW v AS (PARTITION BY stream_id, viewer_id))
		SELECT * FROM h WHERE biz_date IS NOT NULL$sql$
	WHEN 'roll_product' THEN $sql$
		WITH d AS (SELECT * FROM unnest($1, $2) AS d (stream_id, viewer_id)),
		a AS (
			SELECT e.stream_id, e.viewer_id, e.product_id, sum(qty) FILTER (WHERE type = 'product_show') AS shows,
			       sum(qty) FILTER (WHERE type = 'product_click') AS clicks, sum(qty) FILTER (WHERE type = 'add_cart') AS carts,
			       0 AS orders, 0 AS units, 0 AS gmv, 0 AS refunds
			FROM (SELECT d.*, e.* FROM d, LATERAL (
			        SELECT product_id, type, qty FROM @events AS e WHERE e.stream_id = d.stream_id AND e.viewer_id = d.viewer_id OFFSET 0) AS e
			      UNION ALL
			      SELECT d.*, e.* FROM d, LATERAL (
			        SELECT product_id, type, qty FROM @events AS e WHERE e.stream_id = d.stream_id AND e.viewer_id IS NULL OFFSET 0) AS e
			      WHERE d.viewer_id = 0) AS e
			WHERE e.product_id IS NOT NULL AND type IN ('product_show', 'product_click', 'add_cart')
			GROUP BY e.stream_id, e.viewer_id, e.product_id
			UNION ALL
			SELECT o.stream_id, o.viewer_id, i.product_id, 0, 0, 0, count(DISTINCT o.order_id), sum(i.qty) FILTER (WHERE NOT i.is_gift),
			       sum(i.paid_amt), sum(round(o.refunds * i.paid_amt / nullif(greatest(o.paid_amt, i.items_amt), 0), 6))
			FROM (SELECT d.*, o.* FROM d, LATERAL (
			        SELECT order_id, paid_ts, paid_amt, (SELECT sum(r.amount) FROM refund r WHERE r.order_id = o.order_id AND r.success_ts IS NOT NULL) AS refunds FROM orders o WHERE o.stream_id = d.stream_id AND o.viewer_id = d.viewer_id OFFSET 0) AS o
			      UNION ALL
			      SELECT d.*, o.* FROM d, LATERAL (
			        SELECT order_id, paid_ts, paid_amt, (SELECT sum(r.amount) FROM refund r WHERE r.order_id = o.order_id AND r.success_ts IS NOT NULL) AS refunds FROM orders o WHERE o.stream_id = d.stream_id AND o.viewer_id IS NULL OFFSET 0) AS o
			      WHERE d.viewer_id = 0) AS o,
			  LATERAL (SELECT product_id, qty, is_gift, paid_amt, sum(paid_amt) OVER () AS items_amt
			           FROM order_item i WHERE i.order_id = o.order_id OFFSET 0) AS i
			WHERE o.paid_ts IS NOT NULL
			GROUP BY o.stream_id, o.viewer_id, i.product_id)
		SELECT stream_id, viewer_id, product_id, coalesce(sum(shows), 0)::bigint AS product_show_cnt, coalesce(sum(clicks), 0)::bigint AS product_click_cnt,
		       coalesce(sum(carts), 0)::bigint AS add_cart_cnt, coalesce(sum(orders), 0)::bigint AS pay_order_cnt,
		       coalesce(sum(units), 0)::bigint AS units, coalesce(sum(gmv), 0)::numeric AS gmv_pay, coalesce(sum(refunds), 0)::numeric AS refund_pay_amt
		FROM a GROUP BY stream_id, viewer_id, product_id$sql$
	WHEN 'roll_product_minute' THEN $sql$
		WITH d AS (SELECT stream_id, to_timestamp(key * 60) AS minute, to_timestamp(key * 60 + 60) AS until FROM unnest($1, $2) AS d (stream_id, key)),
		a AS (
			SELECT d.stream_id, d.minute, e.product_id, sum(qty) FILTER (WHERE type = 'product_show') AS shows,
			       sum(qty) FILTER (WHERE type = 'product_click') AS clicks, sum(qty) FILTER (WHERE type = 'add_cart') AS carts,
			       0 AS orders, 0 AS units, 0 AS gmv
			FROM d, LATERAL (
				SELECT product_id, type, qty FROM @events AS e
				WHERE e.stream_id = d.stream_id AND e.event_ts >= d.minute AND e.event_ts < d.until
				  AND e.product_id IS NOT NULL AND e.type IN ('product_show', 'product_click', 'add_cart') OFFSET 0) AS e
			GROUP BY d.stream_id, d.minute, e.product_id
			UNION ALL
			SELECT d.stream_id, d.minute, i.product_id, 0, 0, 0, count(DISTINCT o.order_id), sum(i.qty) FILTER (WHERE NOT i.is_gift), sum(i.paid_amt)
			FROM d, LATERAL (
				SELECT order_id FROM orders o WHERE o.stream_id = d.stream_id AND o.paid_ts >= d.minute AND o.paid_ts < d.until OFFSET 0) AS o,
			  LATERAL (SELECT product_id, qty, is_gift, paid_amt FROM order_item i WHERE i.order_id = o.order_id OFFSET 0) AS i
			GROUP BY d.stream_id, d.minute, i.product_id)
		SELECT stream_id, minute, product_id, coalesce(sum(shows), 0)::bigint AS product_show_cnt, coalesce(sum(clicks), 0)::bigint AS product_click_cnt,
		       coalesce(sum(carts), 0)::bigint AS add_cart_cnt, coalesce(sum(orders), 0)::bigint AS pay_order_cnt,
		       coalesce(sum(units), 0)::bigint AS units, coalesce(sum(gmv), 0)::numeric AS gmv_pay
		FROM a GROUP BY stream_id, minute, product_id$sql$
	WHEN 'roll_online' THEN $sql$
		WITH s AS (SELECT d.stream_id, s.enter_ts, s.leave_ts FROM unnest($1) AS d (stream_id),
		             LATERAL (SELECT enter_ts, leave_ts FROM roll_session s WHERE s.stream_id = d.stream_id OFFSET 0) AS s),
		-- a point for each change, and one without a change at each full minute
		p AS (
			SELECT stream_id, ts, sum(delta) AS delta
			FROM (SELECT stream_id, enter_ts AS ts, 1 AS delta FROM s
			      UNION ALL SELECT stream_id, leave_ts, -1 FROM s
			      UNION ALL
			      SELECT stream_id, generate_series(date_trunc('minute', lo, 'UTC'), hi, interval '1 minute'), 0
			      FROM (SELECT stream_id, min(enter_ts) AS lo, max(leave_ts) AS hi FROM s GROUP BY stream_id) AS b) AS q
			GROUP BY stream_id, ts),
		n AS (
			SELECT stream_id, ts, sum(delta) OVER w AS online, lead(ts) OVER w AS until
			FROM p WINDOW w AS (PARTITION BY stream_id ORDER BY ts))
		SELECT stream_id, date_trunc('minute', ts, 'UTC') AS minute, sum(online * extract(epoch FROM until - ts))::numeric AS presence_s,
		       max(online)::bigint AS online_peak
		FROM n WHERE until IS NOT NULL
		GROUP BY stream_id, date_trunc('minute', ts, 'UTC')
		HAVING max(online) > 0$sql$
	WHEN 'roll_stream' THEN $sql$
		WITH d AS (SELECT stream_id FROM unnest($1) AS d (stream_id)),
		@people,
		o AS (SELECT stream_id, sum(presence_s) AS presence_s, max(online_peak) AS pcu FROM d, LATERAL (
			SELECT presence_s, online_peak FROM roll_online o WHERE o.stream_id = d.stream_id OFFSET 0) AS o GROUP BY stream_id),
		m AS (SELECT stream_id FROM d WHERE EXISTS (SELECT FROM roll_minute m WHERE m.stream_id = d.stream_id OFFSET 0))
		SELECT stream_id, coalesce(impressions_ucnt, 0) AS impressions_ucnt, coalesce(viewers_ucnt, 0) AS viewers_ucnt, coalesce(watch_s, 0) AS watch_s,
		       coalesce(presence_s, 0) AS presence_s, coalesce(pcu, 0) AS pcu, coalesce(stay_60s_ucnt, 0) AS stay_60s_ucnt,
		       coalesce(bounce_ucnt, 0) AS bounce_ucnt, coalesce(interact_ucnt, 0) AS interact_ucnt, coalesce(comment_ucnt, 0) AS comment_ucnt,
		       coalesce(like_ucnt, 0) AS like_ucnt, coalesce(share_ucnt, 0) AS share_ucnt, coalesce(follow_ucnt, 0) AS follow_ucnt,
		       coalesce(fanclub_ucnt, 0) AS fanclub_ucnt, coalesce(product_show_ucnt, 0) AS product_show_ucnt,
		       coalesce(product_click_ucnt, 0) AS product_click_ucnt, coalesce(order_ucnt, 0) AS order_ucnt, coalesce(pay_ucnt, 0) AS pay_ucnt,
		       coalesce(reported_comments, 0) AS reported_comments, coalesce(reported_likes, 0) AS reported_likes,
		       coalesce(reported_shares, 0) AS reported_shares, coalesce(exposed_1, 0) AS exposed_1, coalesce(exposed_2, 0) AS exposed_2,
		       coalesce(exposed_3, 0) AS exposed_3, coalesce(exposed_4, 0) AS exposed_4, coalesce(exposed_5, 0) AS exposed_5,
		       coalesce(entered_1, 0) AS entered_1, coalesce(entered_2, 0) AS entered_2, coalesce(entered_3, 0) AS entered_3,
		       coalesce(entered_4, 0) AS entered_4
		FROM m FULL JOIN a USING (stream_id) FULL JOIN o USING (stream_id)$sql$
	-- what viewers are to the figures of their streams, which are the sums of this
	WHEN 'people' THEN 'WITH d AS (SELECT * FROM unnest($1, $2) AS d (stream_id, viewer_id)), @people SELECT * FROM a'
	END, '@people', v_people), '@viewer', CASE rollup WHEN 'people' THEN 'AND v.viewer_id = d.viewer_id' ELSE '' END), '@events', events);
END
$live$;
COMMENT ON FUNCTION live_rollup_sql(text, text) IS
'the query that defines a rollup, from events that a subquery gives';

CREATE FUNCTION live_apply(target name, rollup name, key_columns text[], streams bigint[], keys bigint[], events text)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000
SET search_path = pg_catalog, pg_temp
AS $live$
DECLARE
	v_columns text;
	v_kept text;
	v_dirty text;
BEGIN
	PERFORM set_config('search_path', (SELECT format('pg_catalog, %I, %I, pg_temp', target, n.nspname)
		FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'liveanalytics'), true);
	-- the columns of the layout: a user may have added others
	SELECT string_agg(quote_ident(col), ', ' ORDER BY i), string_agg(quote_ident(col), ', ' ORDER BY i) FILTER (WHERE col <> ALL (key_columns))
	INTO v_columns, v_kept
	FROM (SELECT split_part(substr(l, 2), '|', 1) AS col, i
	      FROM string_to_table(substring(live_layout() FROM E'\n' || rollup || E'\\|[^\n]*\n((?:[+=*][^\n]*\n)*)'), E'\n') WITH ORDINALITY AS a (l, i)
	      WHERE l LIKE '+%') AS c;
	v_dirty := CASE key_columns[2] WHEN 'minute' THEN 'SELECT stream_id, to_timestamp(key * 60) AS minute FROM unnest($1, $2) AS d (stream_id, key)'
		WHEN 'viewer_id' THEN 'SELECT stream_id, viewer_id FROM unnest($1, $2) AS d (stream_id, viewer_id)'
		ELSE 'SELECT stream_id FROM unnest($1) AS d (stream_id)' END;
	IF rollup = 'roll_online' THEN
		v_dirty := 'SELECT stream_id FROM unnest($1) AS d (stream_id)';
	END IF;
	-- what is there and not anew is found by counting, and deleted by its place: both
	-- take as long as the buckets have rows, whatever the planner takes their number for
	EXECUTE format('WITH new AS MATERIALIZED (%1$s),
		gone AS (
			DELETE FROM %2$I WHERE ctid = ANY (ARRAY(
				SELECT max(place) FROM (
					SELECT k.* FROM (%3$s) AS d, LATERAL (SELECT %5$s, t.ctid AS place FROM %2$I t WHERE %4$s OFFSET 0) AS k
					UNION ALL SELECT %7$s, NULL FROM new) AS a
				GROUP BY %7$s HAVING count(*) = count(place))))
		INSERT INTO %2$I (%6$s) SELECT %6$s FROM new
		ON CONFLICT (%7$s) DO UPDATE SET (%8$s) = ROW (%9$s)
		WHERE (%10$s) IS DISTINCT FROM (%9$s)',
		live_rollup_sql(rollup, events), rollup, v_dirty,
		(SELECT string_agg(format('t.%1$I = d.%1$I', c), ' AND ') FROM unnest(key_columns) AS c
		 WHERE strpos(v_dirty, c) > 0),
		(SELECT string_agg(format('t.%I', c), ', ') FROM unnest(key_columns) AS c), v_columns, array_to_string(key_columns, ', '), v_kept,
		(SELECT string_agg('excluded.' || c, ', ') FROM string_to_table(v_kept, ', ') AS c),
		(SELECT string_agg(rollup || '.' || c, ', ') FROM string_to_table(v_kept, ', ') AS c))
	USING streams, keys;
END
$live$;
COMMENT ON FUNCTION live_apply(name, name, text[], bigint[], bigint[], text) IS
'computes buckets of a rollup anew and writes what differs';

CREATE FUNCTION live_apply_people(target name, gone jsonb, come jsonb)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000
SET search_path = pg_catalog, pg_temp
AS $live$
DECLARE
	v_columns text[];
BEGIN
	PERFORM set_config('search_path', (SELECT format('pg_catalog, %I, %I, pg_temp', target, n.nspname)
		FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'liveanalytics'), true);
	SELECT array_agg(col) INTO v_columns FROM (
		SELECT split_part(substr(l, 2), '|', 1) AS col
		FROM string_to_table(substring(live_layout() FROM E'\nroll_stream\\|[^\n]*\n((?:[+=*][^\n]*\n)*)'), E'\n') AS l WHERE l LIKE '+%') AS c
	WHERE col <> 'stream_id';
	EXECUTE format('INSERT INTO roll_stream AS t (stream_id, %s)
		SELECT stream_id, %s
		FROM (SELECT a.*, 1 AS sign FROM jsonb_populate_recordset(NULL::roll_stream, $1) AS a
		      UNION ALL SELECT a.*, -1 FROM jsonb_populate_recordset(NULL::roll_stream, $2) AS a) AS a
		GROUP BY stream_id
		ON CONFLICT (stream_id) DO UPDATE SET %s',
		(SELECT string_agg(c, ', ') FROM unnest(v_columns) AS c),
		(SELECT string_agg(format('coalesce(sum(sign * %I), 0)', c), ', ') FROM unnest(v_columns) AS c),
		(SELECT string_agg(format('%1$I = t.%1$I + excluded.%1$I', c), ', ') FROM unnest(v_columns) AS c))
	USING come, gone;
END
$live$;
COMMENT ON FUNCTION live_apply_people(name, jsonb, jsonb) IS
'takes what changed viewers were out of the figures of their streams, and adds what they are';

CREATE FUNCTION live_apply_presence(target name, streams bigint[])
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000
SET search_path = pg_catalog, pg_temp
AS $live$
#variable_conflict use_column
DECLARE
	v_there bigint[];
BEGIN
	PERFORM set_config('search_path', (SELECT format('pg_catalog, %I, %I, pg_temp', target, n.nspname)
		FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'liveanalytics'), true);
	-- a stream has a row as long as another rollup has one of it
	v_there := ARRAY(SELECT d FROM unnest(streams) AS d
		WHERE EXISTS (SELECT FROM roll_minute m WHERE m.stream_id = d OFFSET 0) OR EXISTS (SELECT FROM roll_viewer v WHERE v.stream_id = d OFFSET 0)
		  OR EXISTS (SELECT FROM roll_online o WHERE o.stream_id = d OFFSET 0));
	DELETE FROM roll_stream t WHERE t.stream_id = ANY (streams) AND t.stream_id <> ALL (v_there);
	PERFORM live_apply_people(target, '[]', (SELECT coalesce(jsonb_agg(jsonb_build_object('stream_id', d)), '[]') FROM unnest(v_there) AS d));
	UPDATE roll_stream t SET (presence_s, pcu) = (p.presence_s, p.pcu)
	FROM (SELECT d, coalesce(sum(presence_s), 0) AS presence_s, coalesce(max(online_peak), 0) AS pcu
	      FROM unnest(v_there) AS d LEFT JOIN LATERAL (SELECT presence_s, online_peak FROM roll_online o WHERE o.stream_id = d OFFSET 0) AS o ON true
	      GROUP BY d) AS p
	WHERE t.stream_id = p.d AND (t.presence_s, t.pcu) IS DISTINCT FROM (p.presence_s, p.pcu);
END
$live$;
COMMENT ON FUNCTION live_apply_presence(name, bigint[]) IS
'brings what streams have from roll_online up to date';

CREATE FUNCTION live_refresh_step(target name, max_buckets int, OUT done bigint, OUT more boolean)
RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $live$
#variable_conflict use_column
DECLARE
	v_now timestamptz;
	v_streams bigint[];
	v_minutes bigint[];
	v_viewer_streams bigint[];
	v_viewers bigint[];
	v_taken bigint;
	v_whole bigint[];
	v_events text;
	v_people text;
	v_gone jsonb;
	v_come jsonb;
BEGIN
	PERFORM set_config('search_path', (SELECT format('pg_catalog, %I, %I, pg_temp', target, n.nspname)
		FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'liveanalytics'), true);
	PERFORM live_check(target);
	done := 0;
	more := false;
	-- an older snapshot could put old figures over those of another refresh
	IF current_setting('transaction_isolation') <> 'read committed' THEN
		RAISE EXCEPTION 'live_refresh works in transactions of isolation level read committed only, not %', current_setting('transaction_isolation')
			USING ERRCODE = '25001';
	END IF;
	-- whoever comes second leaves the work to the first
	IF NOT pg_try_advisory_xact_lock(hashtext('liveanalytics refresh'), quote_ident(target)::regnamespace::oid::int) THEN
		done := -1;
		RETURN;
	END IF;
	v_now := clock_timestamp();

	-- all of a stream: every key that it has or had
	WITH gone AS (DELETE FROM dirty_bucket WHERE kind = 'all' RETURNING stream_id)
	SELECT array_agg(DISTINCT stream_id) INTO v_whole FROM gone;
	IF v_whole IS NOT NULL THEN
		INSERT INTO dirty_bucket (kind, stream_id, key)
		SELECT 'minute', stream_id, floor(extract(epoch FROM ts) / 60)::bigint FROM (
			SELECT stream_id, event_ts AS ts FROM event WHERE stream_id = ANY (v_whole)
			UNION SELECT stream_id, minute FROM roll_minute WHERE stream_id = ANY (v_whole)
			UNION SELECT stream_id, minute FROM roll_product_minute WHERE stream_id = ANY (v_whole)
			UNION SELECT stream_id, paid_ts FROM orders WHERE stream_id = ANY (v_whole) AND paid_ts IS NOT NULL
			UNION SELECT o.stream_id, r.success_ts FROM orders o JOIN refund r USING (order_id)
			      WHERE o.stream_id = ANY (v_whole) AND r.success_ts IS NOT NULL) AS t
		GROUP BY 2, 3;
		INSERT INTO dirty_bucket (kind, stream_id, key)
		SELECT 'viewer', stream_id, coalesce(viewer_id, 0) FROM (
			SELECT stream_id, viewer_id FROM event WHERE stream_id = ANY (v_whole)
			UNION SELECT stream_id, viewer_id FROM roll_viewer WHERE stream_id = ANY (v_whole)
			UNION SELECT stream_id, viewer_id FROM roll_session WHERE stream_id = ANY (v_whole)
			UNION SELECT stream_id, viewer_id FROM roll_product WHERE stream_id = ANY (v_whole)
			UNION SELECT stream_id, viewer_id FROM viewer_total WHERE stream_id = ANY (v_whole)
			UNION SELECT stream_id, viewer_id FROM orders WHERE stream_id = ANY (v_whole)) AS t;
		INSERT INTO dirty_bucket (kind, stream_id, key) SELECT 'stream', stream_id, 0 FROM unnest(v_whole) AS stream_id;
	END IF;

	-- minutes all at once: they are few
	WITH m AS (DELETE FROM dirty_bucket WHERE kind = 'minute' RETURNING stream_id, key),
	v AS (
		DELETE FROM dirty_bucket WHERE ctid = ANY (ARRAY(SELECT ctid FROM dirty_bucket WHERE kind = 'viewer' LIMIT max_buckets))
		RETURNING stream_id, key),
	dm AS (SELECT DISTINCT stream_id, key FROM m),
	dv AS (SELECT DISTINCT stream_id, key FROM v)
	SELECT (SELECT array_agg(stream_id ORDER BY stream_id, key) FROM dm), (SELECT array_agg(key ORDER BY stream_id, key) FROM dm),
	       (SELECT array_agg(stream_id ORDER BY stream_id, key) FROM dv), (SELECT array_agg(key ORDER BY stream_id, key) FROM dv),
	       (SELECT count(*) FROM v)
	INTO v_streams, v_minutes, v_viewer_streams, v_viewers, v_taken;

	v_events := live_event_source(target, ARRAY(SELECT DISTINCT stream_id FROM unnest(v_streams || v_viewer_streams) AS stream_id));
	IF v_minutes IS NOT NULL THEN
		PERFORM live_apply(target, 'roll_minute', '{stream_id,minute}', v_streams, v_minutes, v_events);
		PERFORM live_apply(target, 'roll_product_minute', '{stream_id,minute,product_id}', v_streams, v_minutes, v_events);
	END IF;
	IF v_viewers IS NOT NULL THEN
		v_people := format('SELECT coalesce(jsonb_agg(a), ''[]'') FROM (%s) AS a', live_rollup_sql('people', v_events));
		EXECUTE v_people INTO v_gone USING v_viewer_streams, v_viewers;
		PERFORM live_apply(target, 'roll_session', '{stream_id,viewer_id,enter_ts}', v_viewer_streams, v_viewers, v_events);
		PERFORM live_apply(target, 'roll_viewer', '{stream_id,viewer_id,biz_date}', v_viewer_streams, v_viewers, v_events);
		PERFORM live_apply(target, 'roll_product', '{stream_id,viewer_id,product_id}', v_viewer_streams, v_viewers, v_events);
		EXECUTE v_people INTO v_come USING v_viewer_streams, v_viewers;
		PERFORM live_apply_people(target, v_gone, v_come);
	END IF;
	INSERT INTO dirty_bucket (kind, stream_id, key)
	SELECT 'presence', stream_id, 0 FROM unnest(v_streams || v_viewer_streams) AS stream_id GROUP BY stream_id;

	-- what all of a stream tells waits for the last of its viewers
	more := v_taken >= max_buckets;
	IF NOT more THEN
		WITH s AS (DELETE FROM dirty_bucket WHERE kind IN ('stream', 'presence') RETURNING kind, stream_id)
		SELECT array_agg(DISTINCT stream_id), array_agg(DISTINCT stream_id) FILTER (WHERE kind = 'stream') INTO v_streams, v_whole FROM s;
		IF v_streams IS NOT NULL THEN
			PERFORM live_apply(target, 'roll_online', '{stream_id,minute}', v_streams, NULL, v_events);
			PERFORM live_apply_presence(target, v_streams);
		END IF;
		IF v_whole IS NOT NULL THEN
			PERFORM live_apply(target, 'roll_stream', '{stream_id}', v_whole, NULL, v_events);
		END IF;
		UPDATE refresh_state SET data_as_of = v_now;
	END IF;
	done := coalesce(cardinality(v_minutes), 0) + coalesce(cardinality(v_viewers), 0);
END
$live$;
COMMENT ON FUNCTION live_refresh_step(name, int) IS
'one transaction''s part of live_refresh: how many buckets it brought up to date (-1: another refresh is at work), and whether there are more';

CREATE PROCEDURE live_refresh(target name DEFAULT 'live', max_buckets int DEFAULT 100000)
LANGUAGE plpgsql
AS $live$
DECLARE
	step pg_catalog.text;
	taken pg_catalog.int8;
	again pg_catalog.bool := true;
BEGIN
	IF target IS NULL OR max_buckets IS NULL OR max_buckets OPERATOR(pg_catalog.<) 1 THEN
		RAISE EXCEPTION 'schema must not be NULL, and the number of buckets in a transaction at least 1, not %', max_buckets USING ERRCODE = '22023';
	END IF;
	SELECT pg_catalog.format('SELECT * FROM %I.live_refresh_step($1, $2)', n.nspname) INTO step
	FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) e.extnamespace
	WHERE e.extname OPERATOR(pg_catalog.=) 'liveanalytics'::pg_catalog.name;
	-- a transaction for each part, so that no lock or snapshot is held for long
	WHILE again LOOP
		EXECUTE step INTO taken, again USING target, max_buckets;
		COMMIT;
	END LOOP;
END
$live$;
COMMENT ON PROCEDURE live_refresh(name, int) IS
'brings the rollups up to date, so many changed viewers in each transaction; when another refresh is at work it returns at once';

CREATE FUNCTION live_verify(target name)
RETURNS TABLE (rollup text, stream_id bigint, problem text, bucket jsonb)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000 ROWS 10
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $live$
#variable_conflict use_column
DECLARE
	v_item record;
	v_stream bigint;
	v_minutes bigint[];
	v_viewers bigint[];
	v_columns text;
	v_events text;
BEGIN
	PERFORM set_config('search_path', (SELECT format('pg_catalog, %I, %I, pg_temp', target, n.nspname)
		FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'liveanalytics'), true);
	PERFORM live_check(target);
	FOR v_stream IN
		SELECT s.stream_id FROM stream s
		UNION SELECT r.stream_id FROM roll_stream r UNION SELECT r.stream_id FROM roll_minute r UNION SELECT r.stream_id FROM roll_viewer r ORDER BY 1
	LOOP
		SELECT coalesce(array_agg(DISTINCT floor(extract(epoch FROM ts) / 60)::bigint), '{}') INTO v_minutes FROM (
			SELECT event_ts AS ts FROM event e WHERE e.stream_id = v_stream
			UNION ALL SELECT paid_ts FROM orders o WHERE o.stream_id = v_stream AND paid_ts IS NOT NULL
			UNION ALL SELECT r.success_ts FROM orders o JOIN refund r USING (order_id) WHERE o.stream_id = v_stream AND r.success_ts IS NOT NULL) AS t;
		SELECT coalesce(array_agg(DISTINCT coalesce(viewer_id, 0)), '{}') INTO v_viewers FROM (
			SELECT viewer_id FROM event e WHERE e.stream_id = v_stream
			UNION ALL SELECT viewer_id FROM viewer_total t WHERE t.stream_id = v_stream
			UNION ALL SELECT viewer_id FROM orders o WHERE o.stream_id = v_stream) AS t;
		v_events := live_event_source(target, ARRAY[v_stream]);
		FOR v_item IN SELECT * FROM (VALUES ('roll_minute'), ('roll_session'), ('roll_viewer'), ('roll_product'), ('roll_product_minute'), ('roll_online'), ('roll_stream')) AS r (name)
		LOOP
			SELECT string_agg(quote_ident(split_part(substr(l, 2), '|', 1)), ', ' ORDER BY i) INTO v_columns
			FROM string_to_table(substring(live_layout() FROM E'\n' || v_item.name || E'\\|[^\n]*\n((?:[+=*][^\n]*\n)*)'), E'\n') WITH ORDINALITY AS a (l, i)
			WHERE l LIKE '+%';
			RETURN QUERY EXECUTE format('WITH base AS MATERIALIZED (SELECT %1$s FROM (%2$s) AS q), kept AS MATERIALIZED (SELECT %1$s FROM %3$I WHERE stream_id = $3)
				SELECT %3$L, $3, ''not in the rollup'', to_jsonb(x) FROM (TABLE base EXCEPT ALL TABLE kept) AS x
				UNION ALL
				SELECT %3$L, $3, ''only in the rollup'', to_jsonb(x) FROM (TABLE kept EXCEPT ALL TABLE base) AS x',
				v_columns, live_rollup_sql(v_item.name, v_events), v_item.name)
			USING CASE WHEN v_item.name IN ('roll_minute', 'roll_product_minute') THEN array_fill(v_stream, ARRAY[cardinality(v_minutes)])
				WHEN v_item.name IN ('roll_online', 'roll_stream') THEN ARRAY[v_stream]
				ELSE array_fill(v_stream, ARRAY[cardinality(v_viewers)]) END,
				CASE WHEN v_item.name IN ('roll_minute', 'roll_product_minute') THEN v_minutes ELSE v_viewers END, v_stream;
		END LOOP;
	END LOOP;
END
$live$;
COMMENT ON FUNCTION live_verify(name) IS
'the rollups against the base tables: a row for each bucket that differs, none when all are equal; changes since the last refresh differ';
