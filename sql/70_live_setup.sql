-- The live-commerce schema. Nothing here makes a table: live_setup does when a
-- user calls it, as that user, so that no table belongs to the extension.
--
-- Bodies find the user's tables and the extension's functions by a search_path
-- that they set first: pg_catalog, the user's schema, the extension's schema,
-- pg_temp. It ends with the call, since each function has a SET clause too.
-- Those that run many statements set jit = off: compiling one takes longer than
-- running it.

CREATE FUNCTION live_check(target name)
RETURNS void
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $live$
BEGIN
	IF target IS NULL THEN
		RAISE EXCEPTION 'name of the schema must not be NULL' USING ERRCODE = '22004';
	END IF;
	IF to_regclass(format('%I.setting', target)) IS NULL OR to_regclass(format('%I.roll_stream', target)) IS NULL THEN
		RAISE EXCEPTION 'schema "%" has no live-commerce tables', target
			USING ERRCODE = '42P01', HINT = format('SELECT live_setup(%L) makes them.', target);
	END IF;
	-- the newest of the tables
	IF to_regclass(format('%I.roll_product_minute', target)) IS NULL THEN
		RAISE EXCEPTION 'live-commerce tables of schema "%" are those of an older version', target
			USING ERRCODE = '55000', HINT = format('SELECT live_upgrade(%L) brings them up to date.', target);
	END IF;
END
$live$;
COMMENT ON FUNCTION live_check(name) IS
'raises an error unless the schema has live-commerce tables, and those of this version';

CREATE FUNCTION live_partitions(target name, from_month date, to_month date)
RETURNS int
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000
SET search_path = pg_catalog, pg_temp
AS $live$
DECLARE
	v_month timestamptz;
	v_end timestamptz := date_trunc('month', to_month::timestamp) AT TIME ZONE 'UTC';
	v_part name;
	v_made int := 0;
	v_waiting boolean;
BEGIN
	IF target IS NULL OR from_month IS NULL OR to_month IS NULL THEN
		RAISE EXCEPTION 'schema and months must not be NULL' USING ERRCODE = '22004';
	END IF;
	IF to_month - from_month NOT BETWEEN 0 AND 3660 THEN
		RAISE EXCEPTION 'months must be in order and at most ten years apart, not % to %', from_month, to_month
			USING ERRCODE = '22023';
	END IF;
	IF to_regclass(format('%I.event', target)) IS NULL THEN
		RAISE EXCEPTION 'schema "%" has no live-commerce tables', target
			USING ERRCODE = '42P01', HINT = format('SELECT live_setup(%L) makes them.', target);
	END IF;
	IF to_regclass(format('%I.event_default', target)) IS NULL THEN
		EXECUTE format('CREATE TABLE %1$I.event_default PARTITION OF %1$I.event DEFAULT', target);
		EXECUTE format('COMMENT ON TABLE %I.event_default IS %L', target, 'events of months without a partition of their own');
		EXECUTE (SELECT format('SELECT %I.live_partition_triggers($1, $2)', n.nspname)
			FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'liveanalytics') USING target, 'event_default'::name;
	END IF;
	-- one at a time: two sessions would make the same one
	PERFORM pg_advisory_xact_lock(hashtext('liveanalytics partitions'), hashtext(target));
	v_month := date_trunc('month', from_month::timestamp) AT TIME ZONE 'UTC';
	WHILE v_month <= v_end LOOP
		v_part := 'event_' || to_char(v_month AT TIME ZONE 'UTC', 'YYYYMM');
		IF to_regclass(format('%I.%I', target, v_part)) IS NULL THEN
			EXECUTE format('SELECT EXISTS (SELECT FROM %I.event_default WHERE event_ts >= $1 AND event_ts < $2)', target)
				INTO v_waiting USING v_month, (v_month AT TIME ZONE 'UTC' + interval '1 month') AT TIME ZONE 'UTC';
			-- rows already in the default partition stay where they are
			IF NOT v_waiting THEN
				EXECUTE format('CREATE TABLE %1$I.%2$I PARTITION OF %1$I.event FOR VALUES FROM (%3$L) TO (%4$L)', target, v_part,
					to_char(v_month AT TIME ZONE 'UTC', 'YYYY-MM-DD') || ' 00:00:00+00',
					to_char(v_month AT TIME ZONE 'UTC' + interval '1 month', 'YYYY-MM-DD') || ' 00:00:00+00');
				EXECUTE format('COMMENT ON TABLE %I.%I IS %L', target, v_part,
					'events of ' || to_char(v_month AT TIME ZONE 'UTC', 'YYYY-MM') || ' UTC');
				EXECUTE (SELECT format('SELECT %I.live_partition_triggers($1, $2)', n.nspname)
					FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'liveanalytics') USING target, v_part;
				v_made := v_made + 1;
			END IF;
		END IF;
		v_month := (v_month AT TIME ZONE 'UTC' + interval '1 month') AT TIME ZONE 'UTC';
	END LOOP;
	RETURN v_made;
END
$live$;
COMMENT ON FUNCTION live_partitions(name, date, date) IS
'makes the partitions of the events that are missing from one month to another, and says how many it made';

CREATE FUNCTION live_build_tables(target name)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000
SET search_path = pg_catalog, pg_temp
AS $live$
DECLARE
	v_block text;
	v_lines text[];
	v_line text;
	v_head text[];
	v_part text[];
	v_name text;
	v_new boolean;
BEGIN
	PERFORM set_config('search_path', (SELECT format('pg_catalog, %I, %I, pg_temp', target, n.nspname)
		FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'liveanalytics'), true);
	IF to_regtype(format('%I.event_type', target)) IS NULL THEN
		EXECUTE format('CREATE TYPE %I.event_type AS ENUM (''expose_room'', ''enter'', ''leave'', ''heartbeat'', ''like'', ''comment'',
			''share'', ''follow'', ''unfollow'', ''fanclub_join'', ''gift'', ''product_show'', ''product_click'', ''add_cart'',
			''coupon_claim'', ''dislike'')', target);
		EXECUTE format('COMMENT ON TYPE %I.event_type IS %L', target, '行为类型: kinds of events');
	END IF;
	FOREACH v_block IN ARRAY regexp_split_to_array(btrim(live_layout(), E'\n'), E'\n(?=[a-z])') LOOP
		v_lines := string_to_array(v_block, E'\n');
		v_head := string_to_array(v_lines[1], '|');
		v_name := format('%I.%I', target, v_head[1]);
		v_new := to_regclass(v_name) IS NULL;
		IF v_new THEN
			EXECUTE format('CREATE TABLE %s (%s) %s', v_name,
				(SELECT string_agg(CASE left(l, 1) WHEN '+' THEN quote_ident(p[1]) || ' ' || p[2] ELSE p[1] END, ', ' ORDER BY i)
				 FROM unnest(v_lines) WITH ORDINALITY AS a (l, i), string_to_array(substr(l, 2), '|') AS p
				 WHERE l ~ '^[+=]'), v_head[3]);
		END IF;
		EXECUTE format('COMMENT ON TABLE %s IS %L', v_name, v_head[2]);
		FOREACH v_line IN ARRAY v_lines[2:] LOOP
			v_part := string_to_array(substr(v_line, 2), '|');
			IF left(v_line, 1) = '+' THEN
				IF NOT v_new AND NOT EXISTS (SELECT FROM pg_attribute
					WHERE attrelid = v_name::regclass AND attname = v_part[1] AND NOT attisdropped) THEN
					EXECUTE format('ALTER TABLE %s ADD COLUMN %I %s', v_name, v_part[1], v_part[2]);
				END IF;
				EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', v_name, v_part[1], v_part[3]);
			ELSIF left(v_line, 1) = '*' AND to_regclass(format('%I.%I', target, v_part[1])) IS NULL THEN
				EXECUTE format('CREATE INDEX %I ON %s %s', v_part[1], v_name, v_part[2]);
			END IF;
		END LOOP;
	END LOOP;
END
$live$;
COMMENT ON FUNCTION live_build_tables(name) IS
'makes the tables of live_layout that are missing, and the columns missing in those that are there';

CREATE FUNCTION live_build_rows(target name)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000
SET search_path = pg_catalog, pg_temp
AS $live$
BEGIN
	PERFORM set_config('search_path', (SELECT format('pg_catalog, %I, %I, pg_temp', target, n.nspname)
		FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'liveanalytics'), true);
	-- what is there stays: users may have changed it
	INSERT INTO setting DEFAULT VALUES ON CONFLICT DO NOTHING;
	INSERT INTO refresh_state DEFAULT VALUES ON CONFLICT DO NOTHING;
	INSERT INTO identity_key (key)
	VALUES (encode(sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())), 'hex'))
	ON CONFLICT DO NOTHING;
	INSERT INTO segment_strategy VALUES
		(1, '低互动', 'low', '简单、易操作的内容，提高观看时长', 'simple content that is easy to take part in, to raise watch time'),
		(2, '中互动', 'medium', '互动性更强的内容，提升互动次数', 'more interactive content, to raise the number of interactions'),
		(3, '高互动', 'high', '深度互动内容，增强用户粘性', 'deep interaction, to bind the viewer'),
		(4, '极高互动', 'very high', '专属活动、特权优惠，增强用户忠诚度', 'exclusive events and privileges, to reward loyalty')
	ON CONFLICT DO NOTHING;
	INSERT INTO channel VALUES
		(1, 'wechat', '微信视频号', 'WeChat Channels', 'Asia/Shanghai',
		 '{enter,leave,heartbeat,like,comment,share,follow,unfollow,gift,product_show,product_click,add_cart,coupon_claim}'),
		(2, 'weibo', '微博', 'Weibo', 'Asia/Shanghai', '{like,comment,share,follow}'),
		(3, 'douyin', '抖音', 'Douyin', 'Asia/Shanghai',
		 '{expose_room,enter,leave,heartbeat,like,comment,share,follow,unfollow,fanclub_join,gift,product_show,product_click,add_cart,coupon_claim}'),
		(4, 'generic', '通用', 'generic', 'UTC',
		 '{expose_room,enter,leave,heartbeat,like,comment,share,follow,unfollow,fanclub_join,gift,product_show,product_click,add_cart,coupon_claim,dislike}')
	ON CONFLICT DO NOTHING;
	PERFORM live_build_mapping(target);
	INSERT INTO metric_catalog
	SELECT p[1], p[2], p[3], p[4], nullif(p[5], ''), nullif(p[6], ''), p[7], p[8], p[9]::boolean
	FROM string_to_table(btrim(live_metrics(), E'\n'), E'\n') AS line, string_to_array(line, '|') AS p
	ON CONFLICT (metric) DO UPDATE SET zh = excluded.zh, en = excluded.en, formula = excluded.formula, numerator = excluded.numerator,
		denominator = excluded.denominator, basis = excluded.basis, unit = excluded.unit, additive = excluded.additive;
END
$live$;
COMMENT ON FUNCTION live_build_rows(name) IS
'fills settings, channels, field mappings, strategies and the catalogue of metrics; what is there stays, but for the catalogue';

CREATE FUNCTION live_build(target name)
RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000
SET search_path = pg_catalog, pg_temp
SET client_min_messages = warning
SET max_parallel_workers_per_gather = 0
AS $live$
DECLARE
	v_foreign text;
BEGIN
	PERFORM set_config('search_path', (SELECT format('pg_catalog, %I, %I, pg_temp', target, n.nspname)
		FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'liveanalytics'), true);
	-- what somebody else put there is not to be taken for ours
	SELECT string_agg(relname, ', ' ORDER BY relname) INTO v_foreign
	FROM pg_class
	WHERE relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = target) AND NOT pg_has_role(relowner, 'USAGE');
	IF v_foreign IS NOT NULL THEN
		RAISE EXCEPTION 'schema "%" has relations of other owners: %', target, v_foreign USING ERRCODE = '42501';
	END IF;
	PERFORM pg_advisory_xact_lock(hashtext('liveanalytics setup'), hashtext(target));
	PERFORM live_build_tables(target);
	PERFORM live_build_triggers(target);
	PERFORM live_partitions(target, (now() - interval '6 months')::date, (now() + interval '18 months')::date);
	PERFORM live_build_rows(target);
	PERFORM live_build_views(target);
	-- rollups that an older version did not have, or knew less of
	INSERT INTO dirty_bucket (kind, stream_id, key)
	SELECT 'all', stream_id, 0 FROM stream WHERE (SELECT schema_version FROM setting) < 2;
	UPDATE setting SET schema_version = 2 WHERE schema_version < 2;
	RETURN format('schema %I is ready: %s tables, %s views', target,
		(SELECT count(*) FROM pg_class WHERE relnamespace = quote_ident(target)::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition),
		(SELECT count(*) FROM pg_class WHERE relnamespace = quote_ident(target)::regnamespace AND relkind = 'v'));
END
$live$;
COMMENT ON FUNCTION live_build(name) IS
'makes what is missing in the schema, for live_setup and live_upgrade';

CREATE FUNCTION live_setup(target name DEFAULT 'live')
RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000
SET search_path = pg_catalog, pg_temp
AS $live$
DECLARE
	v_done text;
BEGIN
	IF target IS NULL THEN
		RAISE EXCEPTION 'name of the schema must not be NULL' USING ERRCODE = '22004';
	END IF;
	IF target = '' THEN
		RAISE EXCEPTION 'name of the schema must not be empty' USING ERRCODE = '22023';
	END IF;
	IF target = '$user' OR target LIKE 'pg\_%' OR target = 'information_schema' THEN
		RAISE EXCEPTION 'the tables cannot be in a schema named "%"', target
			USING ERRCODE = '42939', HINT = 'Any name will do but $user, information_schema and those that begin with pg_.';
	END IF;
	IF NOT EXISTS (SELECT FROM pg_namespace WHERE nspname = target) THEN
		EXECUTE format('CREATE SCHEMA %I', target);
		EXECUTE format('COMMENT ON SCHEMA %I IS %L', target, '直播电商: behaviour, orders and metrics of live commerce');
	END IF;
	EXECUTE (SELECT format('SELECT %I.live_build($1)', n.nspname)
		FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'liveanalytics')
		INTO v_done USING target;
	RETURN v_done;
END
$live$;
COMMENT ON FUNCTION live_setup(name) IS
'makes the live-commerce tables and views in a schema of the caller; they belong to the caller, not to the extension; may be run again';

CREATE FUNCTION live_upgrade(target name)
RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000
SET search_path = pg_catalog, pg_temp
AS $live$
DECLARE
	v_done text;
BEGIN
	IF target IS NULL THEN
		RAISE EXCEPTION 'name of the schema must not be NULL' USING ERRCODE = '22004';
	END IF;
	IF to_regclass(format('%I.setting', target)) IS NULL THEN
		RAISE EXCEPTION 'schema "%" has no live-commerce tables', target
			USING ERRCODE = '42P01', HINT = format('SELECT live_setup(%L) makes them.', target);
	END IF;
	EXECUTE (SELECT format('SELECT %I.live_build($1)', n.nspname)
		FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'liveanalytics')
		INTO v_done USING target;
	RETURN v_done;
END
$live$;
COMMENT ON FUNCTION live_upgrade(name) IS
'brings live-commerce tables and views of an older version up to date, and puts back views that went with the extension';
