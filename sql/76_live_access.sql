-- Who may do what. Functions and views work with the rights of whoever calls
-- them, so privileges on the tables and their row-level security say it all.
-- Partitions are reached through event alone: its policies are not theirs.

CREATE FUNCTION live_row_security(target name)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 1000
SET search_path = pg_catalog, pg_temp
AS $live$
DECLARE
	v_table name;
	v_rule text;
BEGIN
	EXECUTE format('CREATE OR REPLACE FUNCTION %1$I.my_channels() RETURNS smallint[] LANGUAGE plpgsql STABLE PARALLEL SAFE
		SET search_path = pg_catalog, %1$I, pg_temp AS %2$L', target, '
BEGIN
	RETURN (SELECT coalesce(array_agg(c.channel_id), ''{}'') FROM channel c
		WHERE EXISTS (SELECT FROM channel_access a JOIN pg_roles r ON r.rolname = a.role_name
			WHERE pg_has_role(r.oid, ''USAGE'') AND (a.channel_id IS NULL OR a.channel_id = c.channel_id)));
END
');
	EXECUTE format('COMMENT ON FUNCTION %I.my_channels() IS %L', target, 'channels whose rows the current user may see and write, by channel_access');
	-- a table's rows belong to a channel, or to a row of another table that does
	FOR v_table, v_rule IN
		SELECT c.relname, CASE WHEN c.relname IN ('order_item') THEN 'order_id IN (SELECT order_id FROM %1$I.orders)'
			WHEN c.relname IN ('promo_exposure') THEN 'promo_id IN (SELECT promo_id FROM %1$I.promotion)'
			WHEN c.relname IN ('payload_reject') THEN 'channel IN (SELECT code FROM %1$I.channel WHERE channel_id = ANY ((SELECT %1$I.my_channels())::smallint[]))'
			WHEN c.relname IN ('ingest_reject') THEN 'batch_id IN (SELECT batch_id FROM %1$I.ingest_batch)'
			WHEN EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'channel_id' AND NOT a.attisdropped)
			THEN 'channel_id = ANY ((SELECT %1$I.my_channels())::smallint[])'
			ELSE 'stream_id IN (SELECT stream_id FROM %1$I.stream)' END
		FROM pg_class c
		WHERE c.relnamespace = quote_ident(target)::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
		  AND c.relname IN ('host', 'viewer', 'viewer_identity', 'stream', 'product', 'product_listing', 'product_explain', 'event', 'event_dedup', 'viewer_total',
			'platform_snapshot', 'orders', 'order_item', 'refund', 'promotion', 'promo_exposure', 'coupon', 'ad_spend', 'ingest_batch', 'ingest_reject', 'payload_reject',
			'roll_minute', 'roll_session', 'roll_viewer', 'roll_product', 'roll_product_minute', 'roll_online', 'roll_stream')
	LOOP
		EXECUTE format('ALTER TABLE %I.%I ENABLE ROW LEVEL SECURITY', target, v_table);
		CONTINUE WHEN EXISTS (SELECT FROM pg_policy WHERE polrelid = format('%I.%I', target, v_table)::regclass AND polname = 'live_channel');
		EXECUTE format('CREATE POLICY live_channel ON %1$I.%2$I USING (%3$s)', target, v_table, format(v_rule, target));
	END LOOP;
END
$live$;
COMMENT ON FUNCTION live_row_security(name) IS
'turns row-level security by channel on, for all roles but the owner of the tables';

CREATE FUNCTION live_grant(target name, kind text, grantee name, channels text[] DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 1000
SET search_path = pg_catalog, pg_temp
AS $live$
DECLARE
	v_unknown text;
	v_item record;
BEGIN
	PERFORM set_config('search_path', (SELECT format('pg_catalog, %I, %I, pg_temp', target, n.nspname)
		FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'liveanalytics'), true);
	PERFORM live_check(target);
	IF kind IS NULL OR grantee IS NULL THEN
		RAISE EXCEPTION 'kind and role must not be NULL' USING ERRCODE = '22004';
	END IF;
	IF kind NOT IN ('reader', 'writer', 'admin') THEN
		RAISE EXCEPTION 'kind must be reader, writer or admin, not "%"', kind USING ERRCODE = '22023';
	END IF;
	IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = grantee) THEN
		RAISE EXCEPTION 'role "%" does not exist', grantee USING ERRCODE = '42704', HINT = format('CREATE ROLE %I makes it.', grantee);
	END IF;
	IF NOT (SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = 'setting'::regclass) THEN
		RAISE EXCEPTION 'must be owner of the tables in schema "%"', target USING ERRCODE = '42501';
	END IF;
	SELECT string_agg(c, ', ') INTO v_unknown FROM unnest(channels) AS c WHERE c IS NULL OR NOT EXISTS (SELECT FROM channel k WHERE k.code = c);
	IF v_unknown IS NOT NULL OR array_position(channels, NULL) IS NOT NULL OR cardinality(channels) = 0 THEN
		RAISE EXCEPTION 'unknown channel "%"', coalesce(v_unknown, 'NULL') USING ERRCODE = '22023',
			HINT = format('The channels are %s; all of them without the argument.', (SELECT string_agg(c.code, ', ' ORDER BY c.channel_id) FROM channel c));
	END IF;
	EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', target, grantee);
	FOR v_item IN
		SELECT c.relname, c.relkind, CASE kind
			WHEN 'reader' THEN CASE
				WHEN c.relname IN ('identity_key', 'viewer_identity', 'payload_reject', 'event_stage', 'event_dedup', 'dirty_bucket') THEN NULL
				-- why, and not what
				WHEN c.relname = 'ingest_reject' THEN 'SELECT (reject_id, batch_id, row_no, record, list, reason, replayed_batch)'
				ELSE 'SELECT' END
			WHEN 'admin' THEN 'ALL'
			-- what live_ingest, live_receive, live_load and live_replay need, and the triggers
			ELSE CASE
				WHEN c.relkind = 'v' OR c.relname LIKE 'roll\_%' OR c.relname IN ('metric_catalog', 'segment_strategy', 'refresh_state') THEN NULL
				WHEN c.relname IN ('channel', 'channel_record', 'channel_field', 'identity_key', 'channel_access') THEN 'SELECT'
				WHEN c.relname = 'setting' THEN 'SELECT, UPDATE (id_key_check)'
				WHEN c.relname = 'event' THEN 'INSERT, SELECT (event_ts)'
				WHEN c.relname = 'dirty_bucket' THEN 'INSERT'
				WHEN c.relname IN ('order_item', 'viewer') THEN 'SELECT, INSERT, UPDATE, DELETE'
				WHEN c.relname = 'event_stage' THEN 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE'
				ELSE 'SELECT, INSERT, UPDATE' END
			END AS privileges
		FROM pg_class c
		WHERE c.relnamespace = quote_ident(target)::regnamespace AND c.relkind IN ('r', 'p', 'v') AND (NOT c.relispartition OR kind = 'admin')
	LOOP
		CONTINUE WHEN v_item.privileges IS NULL;
		EXECUTE format('GRANT %s ON %I.%I TO %I', v_item.privileges, target, v_item.relname, grantee);
	END LOOP;
	IF kind IN ('writer', 'admin') THEN
		EXECUTE format('GRANT USAGE ON ALL SEQUENCES IN SCHEMA %I TO %I', target, grantee);
	END IF;
	DELETE FROM channel_access a WHERE a.role_name = grantee;
	IF channels IS NULL THEN
		INSERT INTO channel_access (role_name, channel_id) VALUES (grantee, NULL);
	ELSE
		INSERT INTO channel_access (role_name, channel_id) SELECT DISTINCT grantee, c.channel_id FROM channel c WHERE c.code = ANY (channels);
		PERFORM live_row_security(target);
	END IF;
END
$live$;
COMMENT ON FUNCTION live_grant(name, text, name, text[]) IS
'lets a role read, write or administer live-commerce tables, of some channels or of all';

CREATE FUNCTION live_revoke(target name, grantee name)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 1000
SET search_path = pg_catalog, pg_temp
AS $live$
BEGIN
	PERFORM set_config('search_path', (SELECT format('pg_catalog, %I, %I, pg_temp', target, n.nspname)
		FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'liveanalytics'), true);
	PERFORM live_check(target);
	IF grantee IS NULL THEN
		RAISE EXCEPTION 'role must not be NULL' USING ERRCODE = '22004';
	END IF;
	DELETE FROM channel_access a WHERE a.role_name = grantee;
	IF EXISTS (SELECT FROM pg_roles WHERE rolname = grantee) THEN
		EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA %1$I FROM %2$I; REVOKE ALL ON ALL SEQUENCES IN SCHEMA %1$I FROM %2$I;
			REVOKE ALL ON SCHEMA %1$I FROM %2$I', target, grantee);
	END IF;
END
$live$;
COMMENT ON FUNCTION live_revoke(name, name) IS
'takes away what live_grant gave';
