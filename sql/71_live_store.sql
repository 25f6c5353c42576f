-- From the temporary table of what was read one statement for each table takes the
-- good rows, and one the others.

CREATE FUNCTION live_store(target name, batch_id bigint, channel_id smallint, OUT accepted int, OUT rejected int, OUT total int)
RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000
SET search_path = pg_catalog, pg_temp
AS $live$
#variable_conflict use_column
DECLARE
	v_batch bigint := batch_id;
	v_channel smallint := channel_id;
	v_kinds text[];
	v_count int;
	v_late int := 0;
	v_orders bigint[];
BEGIN
	PERFORM set_config('search_path', (SELECT format('pg_catalog, %I, %I, pg_temp', target, n.nspname)
		FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'liveanalytics'), true);
	accepted := 0;

	-- what depends on other records is checked against those in this payload too
	SELECT array_agg(DISTINCT record) INTO v_kinds FROM pg_temp.live_stage_1;
	IF 'stream' = ANY (v_kinds) THEN
		UPDATE pg_temp.live_stage_1 t SET reason = 'end before start', good = false
		FROM stream s
		WHERE t.record = 'stream' AND t.good AND s.channel_id = v_channel AND s.external_id = t.stream
		  AND coalesce(t.end_ts, s.end_ts) < coalesce(t.start_ts, s.start_ts);
	END IF;
	IF 'coupon' = ANY (v_kinds) OR 'exposure' = ANY (v_kinds) THEN
		UPDATE pg_temp.live_stage_1 t SET reason = 'unknown promotion', good = false
		WHERE t.record IN ('coupon', 'exposure') AND t.good
		  AND NOT EXISTS (SELECT FROM promotion p WHERE p.channel_id = v_channel AND p.external_id = t.promotion)
		  AND NOT EXISTS (SELECT FROM pg_temp.live_stage_1 p WHERE p.record = 'promotion' AND p.good AND p.promotion = t.promotion);
	END IF;

	IF 'stream' = ANY (v_kinds) THEN
		INSERT INTO host (channel_id, external_id, name)
		SELECT DISTINCT ON (host) v_channel, host, host_name FROM pg_temp.live_stage_1
		WHERE record = 'stream' AND good AND host IS NOT NULL
		ORDER BY host, host_name IS NULL, updated_ts DESC NULLS LAST, row_no DESC
		ON CONFLICT (channel_id, external_id) DO UPDATE SET name = excluded.name
		WHERE excluded.name IS NOT NULL AND excluded.name IS DISTINCT FROM host.name;

		INSERT INTO stream (channel_id, external_id, host_id, title, start_ts, end_ts, updated_ts)
		SELECT DISTINCT ON (t.stream) v_channel, t.stream, h.host_id, t.title, t.start_ts, t.end_ts, t.updated_ts
		FROM pg_temp.live_stage_1 t LEFT JOIN host h ON h.channel_id = v_channel AND h.external_id = t.host
		WHERE t.record = 'stream' AND t.good
		ORDER BY t.stream, t.updated_ts DESC NULLS LAST, t.row_no DESC
		ON CONFLICT (channel_id, external_id) DO UPDATE
		SET host_id = coalesce(excluded.host_id, stream.host_id), title = coalesce(excluded.title, stream.title),
		    start_ts = coalesce(excluded.start_ts, stream.start_ts), end_ts = coalesce(excluded.end_ts, stream.end_ts),
		    updated_ts = coalesce(excluded.updated_ts, stream.updated_ts)
		WHERE coalesce(excluded.updated_ts >= stream.updated_ts, true)
		  AND (coalesce(excluded.host_id, stream.host_id), coalesce(excluded.title, stream.title), coalesce(excluded.start_ts, stream.start_ts),
		       coalesce(excluded.end_ts, stream.end_ts), coalesce(excluded.updated_ts, stream.updated_ts))
		    IS DISTINCT FROM (stream.host_id, stream.title, stream.start_ts, stream.end_ts, stream.updated_ts);
		GET DIAGNOSTICS v_count = ROW_COUNT;
		accepted := accepted + v_count;
	END IF;

	-- names met before their own record get a row to fill in later
	INSERT INTO stream (channel_id, external_id)
	SELECT DISTINCT v_channel, t.stream FROM pg_temp.live_stage_1 t
	WHERE t.good AND t.stream IS NOT NULL
	  AND NOT EXISTS (SELECT FROM stream s WHERE s.channel_id = v_channel AND s.external_id = t.stream)
	ORDER BY t.stream
	ON CONFLICT DO NOTHING;

	IF 'product' = ANY (v_kinds) THEN
		INSERT INTO product (channel_id, external_id, name, category, cost)
		SELECT DISTINCT ON (product) v_channel, product, name, category, cost FROM pg_temp.live_stage_1
		WHERE record = 'product' AND good
		ORDER BY product, row_no DESC
		ON CONFLICT (channel_id, external_id) DO UPDATE
		SET name = coalesce(excluded.name, product.name), category = coalesce(excluded.category, product.category),
		    cost = coalesce(excluded.cost, product.cost)
		WHERE (coalesce(excluded.name, product.name), coalesce(excluded.category, product.category), coalesce(excluded.cost, product.cost))
		  IS DISTINCT FROM (product.name, product.category, product.cost);
		GET DIAGNOSTICS v_count = ROW_COUNT;
		accepted := accepted + v_count;
	END IF;
	INSERT INTO product (channel_id, external_id)
	SELECT DISTINCT v_channel, t.product FROM pg_temp.live_stage_1 t
	WHERE t.good AND t.product IS NOT NULL
	  AND NOT EXISTS (SELECT FROM product p WHERE p.channel_id = v_channel AND p.external_id = t.product)
	ORDER BY t.product
	ON CONFLICT DO NOTHING;
	IF 'order' = ANY (v_kinds) THEN
		EXECUTE format('INSERT INTO product (channel_id, external_id)
			SELECT DISTINCT $1, i.product FROM pg_temp.live_stage_1 t, LATERAL %s AS i WHERE t.record = ''order'' AND t.good
			ORDER BY i.product ON CONFLICT DO NOTHING', live_item_sql(target, v_channel)) USING v_channel;
	END IF;
	IF 'product' = ANY (v_kinds) THEN
		INSERT INTO product_listing (stream_id, product_id, pos, listed_at, delisted_at, live_price)
		SELECT DISTINCT ON (s.stream_id, p.product_id) s.stream_id, p.product_id, t.pos, t.listed_at, t.delisted_at, t.price
		FROM pg_temp.live_stage_1 t JOIN stream s ON s.channel_id = v_channel AND s.external_id = t.stream
		  JOIN product p ON p.channel_id = v_channel AND p.external_id = t.product
		WHERE t.record = 'product' AND t.good
		ORDER BY s.stream_id, p.product_id, t.row_no DESC
		ON CONFLICT (stream_id, product_id) DO UPDATE
		SET pos = coalesce(excluded.pos, product_listing.pos), listed_at = coalesce(excluded.listed_at, product_listing.listed_at),
		    delisted_at = coalesce(excluded.delisted_at, product_listing.delisted_at), live_price = coalesce(excluded.live_price, product_listing.live_price);
		INSERT INTO product_explain (stream_id, product_id, start_ts, end_ts)
		SELECT DISTINCT ON (s.stream_id, p.product_id, t.explain_from) s.stream_id, p.product_id, t.explain_from, t.explain_to
		FROM pg_temp.live_stage_1 t JOIN stream s ON s.channel_id = v_channel AND s.external_id = t.stream
		  JOIN product p ON p.channel_id = v_channel AND p.external_id = t.product
		WHERE t.record = 'product' AND t.good AND t.explain_from IS NOT NULL AND t.explain_to IS NOT NULL
		ORDER BY s.stream_id, p.product_id, t.explain_from, t.row_no DESC
		ON CONFLICT (stream_id, product_id, start_ts) DO UPDATE SET end_ts = excluded.end_ts;
	END IF;

	PERFORM live_store_viewers(target, v_channel, v_batch);

	IF 'event' = ANY (v_kinds) THEN
		-- an event without an id is known by its contents, and by its place among equal ones in its payload
		WITH picked AS MATERIALIZED (
			SELECT DISTINCT ON (event_uid) * FROM (
				SELECT live_uid('id|' || event_id) AS event_uid,
				       row_no, stream, viewer, product, type, ts, source, qty, amount, raw
				FROM pg_temp.live_stage_1 WHERE is_event AND good AND event_id IS NOT NULL
				UNION ALL
				SELECT live_uid(concat_ws('|', 'like', stream, encode(viewer, 'hex'), type, extract(epoch FROM ts), product,
				         row_number() OVER (PARTITION BY ts, viewer, type, stream, product ORDER BY row_no))),
				       row_no, stream, viewer, product, type, ts, source, qty, amount, raw
				FROM pg_temp.live_stage_1 WHERE is_event AND good AND event_id IS NULL) AS u
			ORDER BY event_uid, row_no),
		fresh AS (
			INSERT INTO event_dedup (channel_id, event_uid, event_ts)
			SELECT v_channel, event_uid, ts FROM picked ORDER BY event_uid
			ON CONFLICT DO NOTHING
			RETURNING event_uid),
		stored AS (
			INSERT INTO event (event_ts, channel_id, stream_id, viewer_id, type, product_id, source, qty, amount, props, event_uid, batch_id)
			SELECT t.ts, v_channel, s.stream_id, i.viewer_id, t.type::event_type, p.product_id, t.source, coalesce(t.qty, 1), t.amount,
			       nullif(t.raw, '{}'), t.event_uid, v_batch
			FROM picked t JOIN fresh f USING (event_uid)
			  JOIN stream s ON s.channel_id = v_channel AND s.external_id = t.stream
			  LEFT JOIN viewer_identity i ON i.channel_id = v_channel AND i.external_hash = t.viewer
			  LEFT JOIN product p ON p.channel_id = v_channel AND p.external_id = t.product
			RETURNING event_ts)
		SELECT count(*), count(*) FILTER (WHERE event_ts < clock_timestamp() - interval '1 hour') INTO v_count, v_late FROM stored;
		accepted := accepted + v_count;
	END IF;

	IF 'total' = ANY (v_kinds) THEN
		INSERT INTO viewer_total (stream_id, viewer_id, captured_at, watch_s, comments, likes, shares, batch_id)
		SELECT DISTINCT ON (s.stream_id, i.viewer_id) s.stream_id, i.viewer_id,
		       coalesce(t.captured_at, s.end_ts, s.start_ts, b.received_at), t.watch_s, t.comments, t.likes, t.shares, v_batch
		FROM pg_temp.live_stage_1 t JOIN stream s ON s.channel_id = v_channel AND s.external_id = t.stream
		  JOIN viewer_identity i ON i.channel_id = v_channel AND i.external_hash = t.viewer
		  JOIN ingest_batch b ON b.batch_id = v_batch
		WHERE t.record = 'total' AND t.good
		ORDER BY s.stream_id, i.viewer_id, t.captured_at DESC NULLS LAST, t.row_no DESC
		ON CONFLICT (stream_id, viewer_id) DO UPDATE
		SET captured_at = excluded.captured_at, watch_s = coalesce(excluded.watch_s, viewer_total.watch_s),
		    comments = coalesce(excluded.comments, viewer_total.comments), likes = coalesce(excluded.likes, viewer_total.likes),
		    shares = coalesce(excluded.shares, viewer_total.shares), batch_id = excluded.batch_id
		WHERE excluded.captured_at >= viewer_total.captured_at
		  AND (excluded.captured_at, excluded.watch_s, excluded.comments, excluded.likes, excluded.shares)
		    IS DISTINCT FROM (viewer_total.captured_at, viewer_total.watch_s, viewer_total.comments, viewer_total.likes, viewer_total.shares);
		GET DIAGNOSTICS v_count = ROW_COUNT;
		accepted := accepted + v_count;
	END IF;

	IF 'order' = ANY (v_kinds) THEN
		WITH changed AS (
			INSERT INTO orders (channel_id, external_id, viewer_id, stream_id, created_ts, paid_ts, status, goods_amt, discount_platform,
				discount_host, freight, paid_amt, attributed_by, items_hash, updated_ts, batch_id)
			SELECT DISTINCT ON (t.order_id) v_channel, t.order_id, i.viewer_id, s.stream_id, t.created_ts, t.paid_ts, t.status, t.goods_amt,
			       t.discount_platform, t.discount_host, t.freight, t.paid_amt,
			       coalesce(t.attributed_by, CASE WHEN s.stream_id IS NOT NULL THEN 'platform' END),
			       encode(substring(sha256(convert_to(t.items::text, 'UTF8')) FOR 16), 'hex')::uuid,
			       coalesce(t.updated_ts, t.paid_ts, t.created_ts), v_batch
			FROM pg_temp.live_stage_1 t LEFT JOIN stream s ON s.channel_id = v_channel AND s.external_id = t.stream
			  LEFT JOIN viewer_identity i ON i.channel_id = v_channel AND i.external_hash = t.viewer
			WHERE t.record = 'order' AND t.good
			ORDER BY t.order_id, coalesce(t.updated_ts, t.paid_ts, t.created_ts) DESC, t.row_no DESC
			ON CONFLICT (channel_id, external_id) DO UPDATE
			SET viewer_id = coalesce(excluded.viewer_id, orders.viewer_id), stream_id = coalesce(excluded.stream_id, orders.stream_id),
			    created_ts = excluded.created_ts, paid_ts = coalesce(excluded.paid_ts, orders.paid_ts),
			    status = coalesce(excluded.status, orders.status), goods_amt = coalesce(excluded.goods_amt, orders.goods_amt),
			    discount_platform = coalesce(excluded.discount_platform, orders.discount_platform),
			    discount_host = coalesce(excluded.discount_host, orders.discount_host), freight = coalesce(excluded.freight, orders.freight),
			    paid_amt = excluded.paid_amt, attributed_by = coalesce(excluded.attributed_by, orders.attributed_by),
			    items_hash = coalesce(excluded.items_hash, orders.items_hash), updated_ts = excluded.updated_ts, batch_id = excluded.batch_id
			WHERE excluded.updated_ts >= orders.updated_ts
			  AND (coalesce(excluded.viewer_id, orders.viewer_id), coalesce(excluded.stream_id, orders.stream_id), excluded.created_ts,
			       coalesce(excluded.paid_ts, orders.paid_ts), coalesce(excluded.status, orders.status),
			       coalesce(excluded.goods_amt, orders.goods_amt), coalesce(excluded.discount_platform, orders.discount_platform),
			       coalesce(excluded.discount_host, orders.discount_host), coalesce(excluded.freight, orders.freight), excluded.paid_amt,
			       coalesce(excluded.items_hash, orders.items_hash), excluded.updated_ts)
			    IS DISTINCT FROM (orders.viewer_id, orders.stream_id, orders.created_ts, orders.paid_ts, orders.status, orders.goods_amt,
			       orders.discount_platform, orders.discount_host, orders.freight, orders.paid_amt, orders.items_hash, orders.updated_ts)
			RETURNING order_id)
		SELECT array_agg(order_id), count(*) INTO v_orders, v_count FROM changed;
		accepted := accepted + v_count;
		IF v_count > 0 THEN
			-- the items of an order are those of its newest version that has any
			EXECUTE format('WITH item AS (
					SELECT o.order_id, i.n, p.product_id, i.sku, i.qty, i.price, coalesce(i.paid_amt, i.price * i.qty, 0) AS paid_amt,
					       coalesce(i.is_gift IN (''true'', ''1'', ''yes''), false) AS is_gift
					FROM (SELECT DISTINCT ON (order_id) order_id AS external_id, items FROM pg_temp.live_stage_1
					      WHERE record = ''order'' AND good
					      ORDER BY order_id, coalesce(updated_ts, paid_ts, created_ts) DESC, row_no DESC) AS t
					  JOIN orders o ON o.channel_id = $1 AND o.external_id = t.external_id, LATERAL %s AS i
					  JOIN product p ON p.channel_id = $1 AND p.external_id = i.product
					WHERE o.order_id = ANY ($2)),
				gone AS (
					DELETE FROM order_item x USING (SELECT order_id, max(n) AS lines FROM item GROUP BY order_id) AS g
					WHERE x.order_id = g.order_id AND x.line_no > g.lines)
				INSERT INTO order_item (order_id, line_no, product_id, sku, qty, unit_price, paid_amt, is_gift)
				SELECT * FROM item
				ON CONFLICT (order_id, line_no) DO UPDATE SET product_id = excluded.product_id, sku = excluded.sku, qty = excluded.qty,
					unit_price = excluded.unit_price, paid_amt = excluded.paid_amt, is_gift = excluded.is_gift',
				live_item_sql(target, v_channel)) USING v_channel, v_orders;
		END IF;
	END IF;

	IF 'refund' = ANY (v_kinds) THEN
		UPDATE pg_temp.live_stage_1 t SET reason = 'unknown order', good = false
		WHERE t.record = 'refund' AND t.good AND NOT EXISTS (SELECT FROM orders o WHERE o.channel_id = v_channel AND o.external_id = t.order_id);
		UPDATE pg_temp.live_stage_1 t SET reason = 'refund exceeds what was paid', good = false
		FROM orders o
		WHERE t.record = 'refund' AND t.good AND o.channel_id = v_channel AND o.external_id = t.order_id AND t.amount > o.paid_amt;
		INSERT INTO refund (channel_id, external_id, order_id, apply_ts, success_ts, amount, stage, updated_ts, batch_id)
		SELECT DISTINCT ON (t.refund) v_channel, t.refund, o.order_id, t.apply_ts, t.success_ts, t.amount, t.stage,
		       coalesce(t.updated_ts, t.success_ts, t.apply_ts, o.created_ts), v_batch
		FROM pg_temp.live_stage_1 t JOIN orders o ON o.channel_id = v_channel AND o.external_id = t.order_id
		WHERE t.record = 'refund' AND t.good
		ORDER BY t.refund, coalesce(t.updated_ts, t.success_ts, t.apply_ts, o.created_ts) DESC, t.row_no DESC
		ON CONFLICT (channel_id, external_id) DO UPDATE
		SET order_id = excluded.order_id, apply_ts = coalesce(excluded.apply_ts, refund.apply_ts),
		    success_ts = coalesce(excluded.success_ts, refund.success_ts), amount = excluded.amount,
		    stage = coalesce(excluded.stage, refund.stage), updated_ts = excluded.updated_ts, batch_id = excluded.batch_id
		WHERE excluded.updated_ts >= refund.updated_ts
		  AND (excluded.order_id, coalesce(excluded.apply_ts, refund.apply_ts), coalesce(excluded.success_ts, refund.success_ts), excluded.amount,
		       coalesce(excluded.stage, refund.stage), excluded.updated_ts)
		    IS DISTINCT FROM (refund.order_id, refund.apply_ts, refund.success_ts, refund.amount, refund.stage, refund.updated_ts);
		GET DIAGNOSTICS v_count = ROW_COUNT;
		accepted := accepted + v_count;
	END IF;

	IF v_kinds && '{promotion,exposure,coupon,ad,snapshot,stream}' THEN
		accepted := accepted + live_store_rest(target, v_channel);
	END IF;

	INSERT INTO ingest_reject (batch_id, row_no, record, list, reason, raw, viewer_hash)
	SELECT v_batch, row_no, record, list, reason, raw, viewer FROM pg_temp.live_stage_1 WHERE NOT good;
	GET DIAGNOSTICS rejected = ROW_COUNT;
	SELECT count(*) INTO total FROM pg_temp.live_stage_1;
	UPDATE ingest_batch SET rows_total = total, accepted = live_store.accepted, rejected = live_store.rejected,
		duplicate = live_store.total - live_store.accepted - live_store.rejected, late = v_late
	WHERE batch_id = v_batch;
END
$live$;
COMMENT ON FUNCTION live_store(name, bigint, smallint) IS
'takes what live_ingest has read into the tables, and the rest into ingest_reject';

CREATE FUNCTION live_store_viewers(target name, channel_id smallint, batch_id bigint)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000
SET search_path = pg_catalog, pg_temp
AS $live$
#variable_conflict use_column
DECLARE
	v_channel smallint := channel_id;
	v_batch bigint := batch_id;
BEGIN
	PERFORM set_config('search_path', (SELECT format('pg_catalog, %I, %I, pg_temp', target, n.nspname)
		FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'liveanalytics'), true);
	-- two that meet the same viewer at once: one waits, and its number goes unused
	WITH met AS MATERIALIZED (
		SELECT viewer, nextval(pg_get_serial_sequence(format('%I.viewer', target), 'viewer_id')) AS viewer_id
		FROM (SELECT DISTINCT t.viewer FROM pg_temp.live_stage_1 t
		      WHERE t.good AND t.viewer IS NOT NULL
		        AND NOT EXISTS (SELECT FROM viewer_identity i WHERE i.channel_id = v_channel AND i.external_hash = t.viewer)
		      ORDER BY t.viewer) AS d),
	person AS (
		INSERT INTO viewer (viewer_id, channel_id, first_batch) SELECT viewer_id, v_channel, v_batch FROM met)
	INSERT INTO viewer_identity (channel_id, external_hash, viewer_id)
	SELECT v_channel, viewer, viewer_id FROM met ORDER BY viewer
	ON CONFLICT DO NOTHING;
	DELETE FROM viewer v WHERE first_batch = v_batch AND NOT EXISTS (SELECT FROM viewer_identity i WHERE i.viewer_id = v.viewer_id);
END
$live$;
COMMENT ON FUNCTION live_store_viewers(name, smallint, bigint) IS
'gives a number to each viewer that live_ingest has read and that is not known yet';

CREATE FUNCTION live_store_rest(target name, channel_id smallint)
RETURNS int
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000
SET search_path = pg_catalog, pg_temp
AS $live$
#variable_conflict use_column
DECLARE
	v_channel smallint := channel_id;
	v_count int;
	v_done int := 0;
BEGIN
	PERFORM set_config('search_path', (SELECT format('pg_catalog, %I, %I, pg_temp', target, n.nspname)
		FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'liveanalytics'), true);
	INSERT INTO promotion (channel_id, external_id, kind, name, start_ts, end_ts, budget)
	SELECT DISTINCT ON (promotion) v_channel, promotion, kind, name, start_ts, end_ts, budget
	FROM pg_temp.live_stage_1 WHERE record = 'promotion' AND good
	ORDER BY promotion, row_no DESC
	ON CONFLICT (channel_id, external_id) DO UPDATE
	SET kind = excluded.kind, name = excluded.name, start_ts = excluded.start_ts, end_ts = excluded.end_ts, budget = excluded.budget
	WHERE (excluded.kind, excluded.name, excluded.start_ts, excluded.end_ts, excluded.budget)
	  IS DISTINCT FROM (promotion.kind, promotion.name, promotion.start_ts, promotion.end_ts, promotion.budget);
	GET DIAGNOSTICS v_count = ROW_COUNT;
	v_done := v_done + v_count;

	-- the first word on who was treated stands
	INSERT INTO promo_exposure (promo_id, viewer_id, arm, assigned_ts)
	SELECT DISTINCT ON (p.promo_id, i.viewer_id) p.promo_id, i.viewer_id, t.arm, t.ts
	FROM pg_temp.live_stage_1 t JOIN promotion p ON p.channel_id = v_channel AND p.external_id = t.promotion
	  JOIN viewer_identity i ON i.channel_id = v_channel AND i.external_hash = t.viewer
	WHERE t.record = 'exposure' AND t.good
	ORDER BY p.promo_id, i.viewer_id, t.ts, t.row_no
	ON CONFLICT DO NOTHING;
	GET DIAGNOSTICS v_count = ROW_COUNT;
	v_done := v_done + v_count;

	INSERT INTO coupon (channel_id, external_id, promo_id, viewer_id, claimed_ts, used_ts, order_external_id, value, updated_ts)
	SELECT DISTINCT ON (t.coupon) v_channel, t.coupon, p.promo_id, i.viewer_id, t.claimed_ts, t.used_ts, t.order_id, t.value,
	       coalesce(t.updated_ts, t.used_ts, t.claimed_ts)
	FROM pg_temp.live_stage_1 t JOIN promotion p ON p.channel_id = v_channel AND p.external_id = t.promotion
	  LEFT JOIN viewer_identity i ON i.channel_id = v_channel AND i.external_hash = t.viewer
	WHERE t.record = 'coupon' AND t.good
	ORDER BY t.coupon, coalesce(t.updated_ts, t.used_ts, t.claimed_ts) DESC, t.row_no DESC
	ON CONFLICT (channel_id, external_id) DO UPDATE
	SET promo_id = excluded.promo_id, viewer_id = coalesce(excluded.viewer_id, coupon.viewer_id), claimed_ts = excluded.claimed_ts,
	    used_ts = excluded.used_ts, order_external_id = excluded.order_external_id, value = excluded.value, updated_ts = excluded.updated_ts
	WHERE excluded.updated_ts >= coupon.updated_ts
	  AND (excluded.promo_id, coalesce(excluded.viewer_id, coupon.viewer_id), excluded.claimed_ts, excluded.used_ts, excluded.order_external_id,
	       excluded.value, excluded.updated_ts)
	    IS DISTINCT FROM (coupon.promo_id, coupon.viewer_id, coupon.claimed_ts, coupon.used_ts, coupon.order_external_id, coupon.value,
	       coupon.updated_ts);
	GET DIAGNOSTICS v_count = ROW_COUNT;
	v_done := v_done + v_count;

	INSERT INTO ad_spend (channel_id, plan_id, hour, scope, stream_id, cost, impressions, clicks, attributed_orders, attributed_gmv, updated_ts)
	SELECT DISTINCT ON (t.plan, date_trunc('hour', t.hour, 'UTC'), coalesce(t.scope, 'promoted')) v_channel, t.plan,
	       date_trunc('hour', t.hour, 'UTC'), coalesce(t.scope, 'promoted'), s.stream_id, t.cost, t.impressions, t.clicks, t.attributed_orders,
	       t.attributed_gmv, coalesce(t.updated_ts, t.hour)
	FROM pg_temp.live_stage_1 t LEFT JOIN stream s ON s.channel_id = v_channel AND s.external_id = t.stream
	WHERE t.record = 'ad' AND t.good
	ORDER BY t.plan, date_trunc('hour', t.hour, 'UTC'), coalesce(t.scope, 'promoted'), coalesce(t.updated_ts, t.hour) DESC, t.row_no DESC
	ON CONFLICT (channel_id, plan_id, hour, scope) DO UPDATE
	SET stream_id = excluded.stream_id, cost = excluded.cost, impressions = excluded.impressions, clicks = excluded.clicks,
	    attributed_orders = excluded.attributed_orders, attributed_gmv = excluded.attributed_gmv, updated_ts = excluded.updated_ts
	WHERE excluded.updated_ts >= ad_spend.updated_ts
	  AND (excluded.stream_id, excluded.cost, excluded.impressions, excluded.clicks, excluded.attributed_orders, excluded.attributed_gmv,
	       excluded.updated_ts)
	    IS DISTINCT FROM (ad_spend.stream_id, ad_spend.cost, ad_spend.impressions, ad_spend.clicks, ad_spend.attributed_orders,
	       ad_spend.attributed_gmv, ad_spend.updated_ts);
	GET DIAGNOSTICS v_count = ROW_COUNT;
	v_done := v_done + v_count;

	INSERT INTO platform_snapshot (stream_id, captured_at, metric, value)
	SELECT DISTINCT ON (s.stream_id, t.metric, t.captured_at) s.stream_id, t.captured_at, t.metric, t.value
	FROM pg_temp.live_stage_1 t JOIN stream s ON s.channel_id = v_channel AND s.external_id = t.stream
	WHERE t.record = 'snapshot' AND t.good
	ORDER BY s.stream_id, t.metric, t.captured_at, t.row_no DESC
	ON CONFLICT (stream_id, metric, captured_at) DO UPDATE SET value = excluded.value
	WHERE excluded.value <> platform_snapshot.value;
	GET DIAGNOSTICS v_count = ROW_COUNT;
	v_done := v_done + v_count;

	-- totals that came along with a stream
	INSERT INTO platform_snapshot (stream_id, captured_at, metric, value)
	SELECT DISTINCT ON (s.stream_id, j.key, captured_at) s.stream_id,
	       coalesce(t.updated_ts, t.end_ts, t.start_ts, now()) AS captured_at, j.key, j.value::numeric
	FROM pg_temp.live_stage_1 t JOIN stream s ON s.channel_id = v_channel AND s.external_id = t.stream, jsonb_each_text(t.snap) AS j
	WHERE t.record = 'stream' AND t.good
	ORDER BY s.stream_id, j.key, captured_at, t.row_no DESC
	ON CONFLICT (stream_id, metric, captured_at) DO UPDATE SET value = excluded.value
	WHERE excluded.value <> platform_snapshot.value;
	RETURN v_done;
END
$live$;
COMMENT ON FUNCTION live_store_rest(name, smallint) IS
'takes promotions, coupons, advertising and reported totals that live_ingest has read into their tables';
