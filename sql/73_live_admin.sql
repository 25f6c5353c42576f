-- Administration: the schedule of refreshes, and the erasure of a viewer.

CREATE FUNCTION live_schedule(target name, cron text)
RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000
SET search_path = pg_catalog, pg_temp
AS $live$
DECLARE
	v_command text;
	v_job bigint;
BEGIN
	IF target IS NULL OR cron IS NULL THEN
		RAISE EXCEPTION 'schema and schedule must not be NULL' USING ERRCODE = '22004';
	END IF;
	IF to_regclass(format('%I.roll_stream', target)) IS NULL THEN
		RAISE EXCEPTION 'schema "%" has no live-commerce tables', target
			USING ERRCODE = '42P01', HINT = format('SELECT live_setup(%L) makes them.', target);
	END IF;
	IF NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_cron') THEN
		RAISE EXCEPTION 'pg_cron is not installed in database "%"', current_database()
			USING ERRCODE = '55000',
			HINT = format('Install its package (Debian: postgresql-%s-cron), add pg_cron to shared_preload_libraries, set cron.database_name = %L, restart the server and run CREATE EXTENSION pg_cron; or run CALL live_refresh(%L) from any other scheduler.',
				current_setting('server_version_num')::int / 10000, current_database(), target);
	END IF;
	SELECT format('CALL %I.live_refresh(%L)', n.nspname, target) INTO v_command
	FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'liveanalytics';
	-- a job of this name and user is replaced; pg_cron checks the schedule
	EXECUTE 'SELECT cron.schedule($1, $2, $3)' INTO v_job USING 'liveanalytics refresh of ' || target, cron, v_command;
	RETURN v_job;
END
$live$;
COMMENT ON FUNCTION live_schedule(name, text) IS
'has pg_cron refresh the rollups on a schedule, and gives the number of the job';

CREATE FUNCTION live_unschedule(target name)
RETURNS boolean
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000
SET search_path = pg_catalog, pg_temp
AS $live$
DECLARE
	v_found boolean := false;
BEGIN
	IF target IS NULL THEN
		RAISE EXCEPTION 'name of the schema must not be NULL' USING ERRCODE = '22004';
	END IF;
	IF EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_cron') THEN
		EXECUTE 'SELECT coalesce(bool_or(cron.unschedule(jobid)), false) FROM cron.job WHERE jobname = $1 AND username = current_user'
			INTO v_found USING 'liveanalytics refresh of ' || target;
	END IF;
	RETURN v_found;
END
$live$;
COMMENT ON FUNCTION live_unschedule(name) IS
'takes the schedule of refreshes away, and says whether there was one';

CREATE FUNCTION live_forget(target name, channel text, external_id text,
  OUT events bigint, OUT orders bigint, OUT records bigint)
RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $live$
#variable_conflict use_column
DECLARE
	v_channel smallint;
	v_hash bytea;
	v_viewer bigint;
	v_streams bigint[];
	v_count bigint;
BEGIN
	PERFORM set_config('search_path', (SELECT format('pg_catalog, %I, %I, pg_temp', target, n.nspname)
		FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'liveanalytics'), true);
	v_channel := live_channel(target, channel);
	IF channel IS NULL OR external_id IS NULL THEN
		RAISE EXCEPTION 'channel and id must not be NULL' USING ERRCODE = '22004';
	END IF;
	events := 0;
	orders := 0;
	records := 0;
	-- payloads under way end first, and none begins until this has ended
	LOCK TABLE ingest_batch IN SHARE ROW EXCLUSIVE MODE;
	EXECUTE 'SELECT ' || live_parse('viewer', quote_literal(btrim(external_id)), 'UTC', 1, live_key_pads(target)) INTO v_hash;
	UPDATE ingest_reject SET raw = NULL, viewer_hash = NULL WHERE viewer_hash = v_hash;
	GET DIAGNOSTICS records = ROW_COUNT;
	-- as they came: rows not loaded yet, and payloads that could not be read
	UPDATE event_stage s SET viewer = NULL WHERE btrim(s.viewer) = btrim(live_forget.external_id) AND coalesce(s.channel, live_forget.channel) = live_forget.channel;
	GET DIAGNOSTICS v_count = ROW_COUNT;
	records := records + v_count;
	UPDATE payload_reject p SET payload = NULL
	WHERE p.channel = live_forget.channel AND position(convert_to(btrim(live_forget.external_id), 'UTF8') IN p.payload) > 0;
	GET DIAGNOSTICS v_count = ROW_COUNT;
	records := records + v_count;
	SELECT i.viewer_id INTO v_viewer FROM viewer_identity i WHERE i.channel_id = v_channel AND i.external_hash = v_hash;
	IF v_viewer IS NULL THEN
		RETURN;
	END IF;

	-- every stream with an event of the viewer is in the rollup, or noted for it
	SELECT array_agg(stream_id) INTO v_streams FROM (
		SELECT r.stream_id FROM roll_viewer r WHERE r.viewer_id = v_viewer
		UNION SELECT d.stream_id FROM dirty_bucket d WHERE d.kind = 'viewer' AND d.key = v_viewer OR d.kind = 'all') AS s;
	-- what happened stays, and nothing says any more who it was
	UPDATE event SET viewer_id = NULL, props = NULL WHERE stream_id = ANY (v_streams) AND viewer_id = v_viewer;
	GET DIAGNOSTICS events = ROW_COUNT;
	UPDATE orders SET viewer_id = NULL WHERE viewer_id = v_viewer;
	GET DIAGNOSTICS orders = ROW_COUNT;
	DELETE FROM viewer_total WHERE viewer_id = v_viewer;
	GET DIAGNOSTICS v_count = ROW_COUNT;
	records := records + v_count;
	DELETE FROM promo_exposure WHERE viewer_id = v_viewer;
	GET DIAGNOSTICS v_count = ROW_COUNT;
	records := records + v_count;
	UPDATE coupon SET viewer_id = NULL WHERE viewer_id = v_viewer;
	GET DIAGNOSTICS v_count = ROW_COUNT;
	records := records + v_count;
	DELETE FROM viewer_identity WHERE viewer_id = v_viewer;
	DELETE FROM viewer WHERE viewer_id = v_viewer;
END
$live$;
COMMENT ON FUNCTION live_forget(name, text, text) IS
'makes what a viewer did anonymous and erases the viewer: how many events, orders and other records were concerned; the next refresh repairs the rollups';

CREATE FUNCTION live_simulate(target name, options jsonb DEFAULT '{}',
  OUT streams bigint, OUT viewers bigint, OUT events bigint, OUT orders bigint, OUT refunds bigint)
RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $live$
#variable_conflict use_column
DECLARE
	v_given jsonb := coalesce(options, '{}');
	v_default jsonb := '{"seed": 42, "streams": 6, "viewers": 3000, "minutes": 60, "products": 10, "coupon_effect": 0.06, "refund_rate": 0.08, "late_rate": 0.01}';
	v_key text;
	v_max numeric;
	v_seed bigint;
	v_viewers bigint;
	v_minutes int;
	v_products int;
	v_effect float8;
	v_refund float8;
	v_late float8;
	v_late_batch bigint;
	v_late_count bigint;
	v_late_events bigint := 0;
	v_start timestamptz;
	v_batch bigint;
	v_pads text;
	v_stream record;
	v_count bigint;
	v_sql text;
BEGIN
	PERFORM set_config('search_path', (SELECT format('pg_catalog, %I, %I, pg_temp', target, n.nspname)
		FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'liveanalytics'), true);
	PERFORM live_check(target);
	IF jsonb_typeof(v_given) <> 'object' THEN
		RAISE EXCEPTION 'options must be a JSON object, not %', jsonb_typeof(v_given) USING ERRCODE = '22023';
	END IF;
	FOR v_key IN SELECT jsonb_object_keys(v_given) LOOP
		IF v_key = 'start' THEN
			IF jsonb_typeof(v_given -> 'start') <> 'string' OR v_given ->> 'start' !~ '^20\d\d-(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])$' THEN
				RAISE EXCEPTION 'option "start" must be a day as YYYY-MM-DD, not after the 28th, not %', v_given -> 'start' USING ERRCODE = '22023';
			END IF;
			CONTINUE;
		END IF;
		v_max := CASE v_key WHEN 'seed' THEN 1000000000 WHEN 'streams' THEN 1000 WHEN 'viewers' THEN 10000000 WHEN 'minutes' THEN 1440
			WHEN 'products' THEN 1000 WHEN 'coupon_effect' THEN 0.5 WHEN 'refund_rate' THEN 1 WHEN 'late_rate' THEN 1 END;
		IF v_max IS NULL THEN
			RAISE EXCEPTION 'unknown option "%"', v_key USING ERRCODE = '22023',
				HINT = 'The options are seed, start, streams, viewers, minutes, products, coupon_effect, refund_rate, late_rate.';
		END IF;
		IF jsonb_typeof(v_given -> v_key) <> 'number' OR (v_given ->> v_key)::numeric NOT BETWEEN 0 AND v_max
			OR v_key NOT IN ('coupon_effect', 'refund_rate', 'late_rate') AND (v_given ->> v_key)::numeric <> trunc((v_given ->> v_key)::numeric)
			OR v_key NOT IN ('coupon_effect', 'refund_rate', 'late_rate', 'seed') AND (v_given ->> v_key)::numeric < 1 THEN
			RAISE EXCEPTION 'option "%" must be a % up to %, not %', v_key,
				CASE WHEN v_key IN ('coupon_effect', 'refund_rate', 'late_rate') THEN 'number from 0' WHEN v_key = 'seed' THEN 'whole number from 0' ELSE 'whole number from 1' END,
				v_max, v_given -> v_key USING ERRCODE = '22023';
		END IF;
	END LOOP;
	v_given := v_default || v_given;
	v_seed := (v_given ->> 'seed')::bigint * 1000;
	streams := (v_given ->> 'streams')::bigint;
	v_viewers := (v_given ->> 'viewers')::bigint;
	v_minutes := (v_given ->> 'minutes')::int;
	v_products := (v_given ->> 'products')::int;
	v_effect := (v_given ->> 'coupon_effect')::float8;
	v_refund := (v_given ->> 'refund_rate')::float8;
	v_late := (v_given ->> 'late_rate')::float8;
	-- the last stream ends before today, and refunds have 21 days more
	v_start := coalesce((v_given ->> 'start')::timestamp AT TIME ZONE 'Asia/Shanghai',
		date_trunc('day', now(), 'Asia/Shanghai') - (streams / 3 + 22) * interval '1 day');
	IF EXISTS (SELECT FROM stream WHERE external_id LIKE 'sim-' || (v_given ->> 'seed') || '-%') THEN
		RAISE EXCEPTION 'the audience of seed % is there already', v_given ->> 'seed' USING ERRCODE = '23505';
	END IF;
	v_pads := live_key_pads(target);
	INSERT INTO ingest_batch (channel_id, payload_sha256) VALUES (4, sha256(convert_to('simulate ' || v_given::text || gen_random_uuid()::text, 'UTF8')))
	RETURNING batch_id INTO v_batch;
	-- some events come with a later payload
	INSERT INTO ingest_batch (channel_id, payload_sha256) VALUES (4, sha256(convert_to('simulate late ' || v_given::text || gen_random_uuid()::text, 'UTF8')))
	RETURNING batch_id INTO v_late_batch;

	-- hosts, products, streams: three channels, three streams a day, at 20:00
	INSERT INTO host (channel_id, external_id, name) SELECT c, 'sim-' || c, (ARRAY['李娜', '王芳', '张伟'])[c] FROM generate_series(1, 3) AS c ON CONFLICT DO NOTHING;
	INSERT INTO product (channel_id, external_id, name, category, cost)
	SELECT c, 'sim-' || p, 'product ' || p, (ARRAY['food', 'beauty', 'home', 'clothing'])[1 + p % 4], 10 + p * 7 % 60
	FROM generate_series(1, 3) AS c, generate_series(1, v_products) AS p ON CONFLICT DO NOTHING;
	INSERT INTO stream (channel_id, external_id, host_id, title, start_ts, end_ts)
	SELECT c, format('sim-%s-%s', v_given ->> 'seed', i), h.host_id, format('stream %s', i), t, t + v_minutes * interval '1 minute'
	FROM generate_series(1, streams) AS i, LATERAL (SELECT (1 + i % 3)::smallint, v_start + (i - 1) / 3 * interval '1 day' + interval '20 hours') AS x (c, t)
	  JOIN host h ON h.channel_id = c AND h.external_id = 'sim-' || c;
	INSERT INTO product_listing (stream_id, product_id, pos, listed_at)
	SELECT s.stream_id, p.product_id, substr(p.external_id, 5)::int, s.start_ts
	FROM stream s JOIN product p USING (channel_id)
	WHERE s.external_id LIKE 'sim-' || (v_given ->> 'seed') || '-%' AND p.external_id ~ '^sim-\d+$' AND substr(p.external_id, 5)::int <= v_products;
	INSERT INTO product_explain (stream_id, product_id, start_ts, end_ts)
	SELECT l.stream_id, l.product_id, s.start_ts + (l.pos - 1) * v_minutes * interval '1 minute' / v_products, s.start_ts + l.pos * v_minutes * interval '1 minute' / v_products
	FROM product_listing l JOIN stream s USING (stream_id) WHERE s.external_id LIKE 'sim-' || (v_given ->> 'seed') || '-%';

	CREATE TEMP TABLE live_click (channel_id smallint, stream_id bigint, i bigint, viewer_id bigint, ts timestamptz, product_id bigint) ON COMMIT DROP;
	-- viewers are known by hashes of made-up ids, as others are
	CREATE TEMP TABLE live_audience (n bigint PRIMARY KEY, hash bytea, viewer_id bigint) ON COMMIT DROP;
	EXECUTE format('INSERT INTO pg_temp.live_audience SELECT n, %s FROM (SELECT n, ''sim-'' || n AS id FROM generate_series(1, $1) AS n) AS t',
		live_parse('viewer', 'id', 'UTC', 1, v_pads)) USING v_viewers;
	PERFORM live_stage_table();
	INSERT INTO pg_temp.live_stage_1 (good, viewer) SELECT true, hash FROM pg_temp.live_audience WHERE n % 3 = 0;
	PERFORM live_store_viewers(target, 1::smallint, v_batch);
	DELETE FROM pg_temp.live_stage_1;
	INSERT INTO pg_temp.live_stage_1 (good, viewer) SELECT true, hash FROM pg_temp.live_audience WHERE n % 3 = 1;
	PERFORM live_store_viewers(target, 2::smallint, v_batch);
	DELETE FROM pg_temp.live_stage_1;
	INSERT INTO pg_temp.live_stage_1 (good, viewer) SELECT true, hash FROM pg_temp.live_audience WHERE n % 3 = 2;
	PERFORM live_store_viewers(target, 3::smallint, v_batch);
	UPDATE pg_temp.live_audience a SET viewer_id = i.viewer_id FROM viewer_identity i
	WHERE i.channel_id = 1 + a.n % 3 AND i.external_hash = a.hash;
	ANALYZE pg_temp.live_audience;
	viewers := v_viewers;

	-- a coupon for half of the viewers, by lot; it does what coupon_effect says
	INSERT INTO promotion (channel_id, external_id, kind, name, start_ts, end_ts, budget)
	SELECT c, format('sim-%s', v_given ->> 'seed'), 'coupon', 'ten off', v_start, v_start + (streams / 3 + 1) * interval '1 day', 10000 FROM generate_series(1, 3) AS c;

	-- U(k, a, b): uniform in [0, 1), the k-th for the numbers a and b; N(k, a, b): normal
	v_sql := $sql$
		WITH a AS MATERIALIZED (
			SELECT n, viewer_id, enter_ts, least(watch, extract(epoch FROM $3 - enter_ts) - 1) AS watch, interest
			FROM (SELECT n, viewer_id, interest,
			             $2 + interval '1 second' * CASE WHEN U(3, n, $1) < 0.4 THEN least(-300 * ln(1 - U(4, n, $1)), $4 * 50) ELSE U(4, n, $1) * $4 * 58 END AS enter_ts,
			             exp(ln(90) + 1.3 * N(5, n, $1)) * sqrt(interest) AS watch
			      FROM (SELECT n, viewer_id, power(1 - U(1, n, 0), -0.4) AS interest FROM pg_temp.live_audience WHERE 1 + n % 3 = $5) AS v
			      WHERE U(2, n, $1) < least(0.9, 0.2 * interest)) AS x),
		e AS (
			SELECT viewer_id, enter_ts - interval '1 second' * (1 + 8 * U(7, n, $1)) AS ts, 'expose_room'::event_type AS type, NULL::int AS product, NULL::text AS source, 1 AS qty FROM a
			UNION ALL
			SELECT viewer_id, $2 + interval '1 second' * (U(8, n, $1) * $4 * 60), 'expose_room'::event_type, NULL, NULL, 1 FROM pg_temp.live_audience
			WHERE 1 + n % 3 = $5 AND U(9, n, $1) < 0.15
			UNION ALL
			SELECT viewer_id, enter_ts, 'enter'::event_type, NULL, (ARRAY['natural', 'paid', 'short_video', 'follow'])[1 + floor(4 * U(10, n, 0))::int], 1 FROM a
			UNION ALL
			SELECT viewer_id, enter_ts + interval '1 second' * watch, 'leave'::event_type, NULL, NULL, 1 FROM a WHERE U(11, n, $1) < 0.75
			UNION ALL
			SELECT viewer_id, enter_ts + interval '1 second' * (watch * U(12, n, $1 + i * 7919)), 'like'::event_type, NULL, NULL, 1 + floor(10 * power(U(13, n, $1 + i), 3))::int
			FROM a, generate_series(1, least(60, floor(-ln(1 - U(14, n, $1)) * watch / 150 * sqrt(interest)))::int) AS i
			UNION ALL
			SELECT viewer_id, enter_ts + interval '1 second' * (watch * U(15, n, $1 + i * 7919)), 'comment'::event_type, NULL, NULL, 1
			FROM a, generate_series(1, least(30, floor(-ln(1 - U(16, n, $1)) * watch / 500 * sqrt(interest)))::int) AS i
			UNION ALL
			SELECT viewer_id, enter_ts + interval '1 second' * (watch * U(17, n, $1)), CASE WHEN U(18, n, $1) < 0.4 THEN 'share'::event_type ELSE 'follow' END, NULL, NULL, 1
			FROM a WHERE U(19, n, $1) < 0.05
			UNION ALL
			-- the product explained at the time
			SELECT viewer_id, ts, t, least($6, 1 + floor(extract(epoch FROM ts - $2) / ($4 * 60.0) * $6))::int, NULL, 1
			FROM (SELECT viewer_id, enter_ts + interval '1 second' * (watch * (i - U(20, n, $1 + i)) / shows) AS ts, unnest(CASE WHEN U(21, n, $1 + i * 7919) < 0.12 * sqrt(interest)
			        THEN '{product_show,product_click}'::event_type[] ELSE '{product_show}' END) AS t
			      FROM (SELECT a.*, least(12, 1 + floor(watch / 150))::int AS shows FROM a) AS a, generate_series(1, shows) AS i) AS p),
		i AS (
			-- in the order of time, as they would come
			INSERT INTO event (event_ts, channel_id, stream_id, viewer_id, type, product_id, source, qty, event_uid, batch_id)
			SELECT ts, $5, $1, viewer_id, type, $10[product], source, qty,
			       (lpad(to_hex(hashint8extended(r, $8 + 50)), 16, '0') || lpad(to_hex(hashint8extended(r, $8 + 51)), 16, '0'))::uuid,
			       CASE WHEN U(52, r, 0) < $11 THEN $12 ELSE $7 END
			FROM (SELECT *, $9 * 1000000000 + row_number() OVER (ORDER BY ts, viewer_id, type, product) AS r FROM e) AS e
			ORDER BY r
			RETURNING event_ts, viewer_id, type, product_id, batch_id),
		k AS (
			INSERT INTO pg_temp.live_click (channel_id, stream_id, i, viewer_id, ts, product_id)
			SELECT $5, $1, $9, viewer_id, event_ts, product_id FROM i WHERE type = 'product_click')
		SELECT count(*), count(*) FILTER (WHERE batch_id = $12) FROM i$sql$;
	v_sql := regexp_replace(v_sql, 'N\((\d+), ([^,]+), ([^)]+)\)', 'sqrt(-2 * ln(1 - U(9\1, \2, \3))) * cos(6.283185307179586 * U(8\1, \2, \3))', 'g');
	v_sql := regexp_replace(v_sql, 'U\((\d+), ([^,]+), ([^)]+)\)',
		'(((hashint8extended(\2 * 1000003 + (\3), $8 + \1) >> 12) & 4503599627370495)::float8 / 4503599627370496)', 'g');
	events := 0;
	FOR v_stream IN SELECT stream_id, start_ts, end_ts, channel_id, substr(external_id, length('sim-' || (v_given ->> 'seed')) + 2)::bigint AS i
		FROM stream WHERE external_id LIKE 'sim-' || (v_given ->> 'seed') || '-%' ORDER BY 1
	LOOP
		-- random numbers follow the stream's place, not its number in the table
		EXECUTE replace(v_sql, '* 1000003 + ($1', '* 1000003 + ($9') INTO v_count, v_late_count
		USING v_stream.stream_id, v_stream.start_ts, v_stream.end_ts, v_minutes, v_stream.channel_id, v_products, v_batch, v_seed, v_stream.i,
			ARRAY(SELECT product_id FROM product p WHERE p.channel_id = v_stream.channel_id AND p.external_id ~ '^sim-\d+$'
			      ORDER BY substr(p.external_id, 5)::int), v_late, v_late_batch;
		events := events + v_count;
		v_late_events := v_late_events + v_late_count;
	END LOOP;

	-- who clicked may buy what was clicked last; the coupon helps
	EXECUTE regexp_replace($sql$
		INSERT INTO promo_exposure (promo_id, viewer_id, arm, assigned_ts)
		SELECT p.promo_id, a.viewer_id, CASE WHEN U(30, a.n, 0) < 0.5 THEN 'treat' ELSE 'control' END, p.start_ts
		FROM pg_temp.live_audience a JOIN promotion p ON p.channel_id = 1 + a.n % 3 AND p.external_id = $1$sql$,
		'U\((\d+), ([^,]+), ([^)]+)\)', '(((hashint8extended(\2 * 1000003 + (\3), $2 + \1) >> 12) & 4503599627370495)::float8 / 4503599627370496)', 'g')
	USING format('sim-%s', v_given ->> 'seed'), v_seed;
	ANALYZE pg_temp.live_click;
	EXECUTE regexp_replace($sql$
		CREATE TEMP TABLE live_sale ON COMMIT DROP AS
		SELECT channel_id, stream_id, viewer_id, product_id, promo_id, arm, ts, external_id, buys, units,
		       CASE WHEN U(31, n, i) < 0.93 THEN ts + interval '1 second' * (30 + 90 * U(32, n, i)) END AS paid_ts,
		       units * (19 + 20 * (place % 9)) - CASE WHEN arm = 'treat' THEN 10 ELSE 0 END AS paid_amt
		FROM (SELECT c.*, a.n, x.arm, x.promo_id, (SELECT substr(q.external_id, 5)::int FROM product q WHERE q.product_id = c.product_id) AS place,
		             format('%s-%s-%s', $1, c.i, a.n) AS external_id, 1 + floor(2 * power(U(33, a.n, c.i), 2)) AS units,
		             U(34, a.n, c.i) < 0.15 + CASE WHEN x.arm = 'treat' THEN $2 ELSE 0 END AS buys
		      FROM (SELECT DISTINCT ON (stream_id, viewer_id) * FROM pg_temp.live_click ORDER BY stream_id, viewer_id, ts DESC, product_id) AS c
		        JOIN pg_temp.live_audience a USING (viewer_id) JOIN promo_exposure x USING (viewer_id)
		        JOIN promotion p ON p.promo_id = x.promo_id AND p.external_id = $1) AS c$sql$,
		'U\((\d+), ([^,]+), ([^)]+)\)', '(((hashint8extended(\2 * 1000003 + (\3), $3 + \1) >> 12) & 4503599627370495)::float8 / 4503599627370496)', 'g')
	USING format('sim-%s', v_given ->> 'seed'), v_effect, v_seed;
	INSERT INTO orders (channel_id, external_id, viewer_id, stream_id, created_ts, paid_ts, status, paid_amt, attributed_by, updated_ts, batch_id)
	SELECT channel_id, external_id, viewer_id, stream_id, ts + interval '20 seconds', paid_ts, 'created', paid_amt, 'platform', ts + interval '2 minutes', v_batch
	FROM pg_temp.live_sale WHERE buys ORDER BY ts, external_id;
	GET DIAGNOSTICS orders = ROW_COUNT;
	INSERT INTO order_item (order_id, line_no, product_id, qty, paid_amt)
	SELECT (SELECT o.order_id FROM orders o WHERE o.channel_id = s.channel_id AND o.external_id = s.external_id), 1, product_id, units, paid_amt
	FROM pg_temp.live_sale s WHERE buys;
	INSERT INTO coupon (channel_id, external_id, promo_id, viewer_id, claimed_ts, used_ts, order_external_id, value, updated_ts)
	SELECT channel_id, external_id, promo_id, viewer_id, ts - interval '10 seconds', CASE WHEN buys THEN ts + interval '20 seconds' END,
	       CASE WHEN buys THEN external_id END, 10, ts + interval '20 seconds'
	FROM pg_temp.live_sale WHERE arm = 'treat';
	EXECUTE regexp_replace($sql$
		INSERT INTO refund (channel_id, external_id, order_id, apply_ts, success_ts, amount, stage, updated_ts, batch_id)
		SELECT channel_id, external_id, order_id, ts - interval '10 hours', ts, paid_amt, 'post_ship', ts, $2
		FROM (SELECT o.*, o.paid_ts + interval '12 hours' + interval '1 day' * (19 * U(40, h, 0)) AS ts
		      FROM (SELECT o.*, hashtextextended(external_id, 0) AS h FROM orders o WHERE batch_id = $2 AND paid_ts IS NOT NULL) AS o) AS o
		WHERE U(41, h, 0) < $3$sql$,
		'U\((\d+), ([^,]+), ([^)]+)\)', '(((hashint8extended(\2, $1 + \1) >> 12) & 4503599627370495)::float8 / 4503599627370496)', 'g')
	USING v_seed, v_batch, v_refund;
	GET DIAGNOSTICS refunds = ROW_COUNT;
	INSERT INTO ad_spend (channel_id, plan_id, hour, stream_id, cost, impressions, clicks, attributed_orders, attributed_gmv, updated_ts)
	SELECT channel_id, external_id, date_trunc('hour', start_ts, 'UTC'), stream_id, round(v_viewers * 0.02, 2), v_viewers / 4, v_viewers / 40, g.orders, g.gmv, end_ts
	FROM stream s, LATERAL (SELECT count(*) / 3 AS orders, coalesce(sum(paid_amt), 0) / 3 AS gmv FROM orders o WHERE o.stream_id = s.stream_id AND paid_ts IS NOT NULL) AS g
	WHERE external_id LIKE 'sim-' || (v_given ->> 'seed') || '-%';
	v_count := events - v_late_events + live_simulate.orders + live_simulate.refunds;
	UPDATE ingest_batch SET rows_total = v_count, accepted = v_count WHERE batch_id = v_batch;
	UPDATE ingest_batch SET rows_total = v_late_events, accepted = v_late_events, late = v_late_events WHERE batch_id = v_late_batch;
	DROP TABLE pg_temp.live_audience, pg_temp.live_click, pg_temp.live_sale;
END
$live$;
COMMENT ON FUNCTION live_simulate(name, jsonb) IS
'makes up an audience of so many viewers and streams on three channels, with orders, coupons that work, and refunds; the same for the same seed';
