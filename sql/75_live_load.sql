-- Collection in bulk: rows of a table, a view or a foreign table. What is read,
-- what is rejected and what is known already is as with live_ingest; the rows of
-- events, the many, go a shorter way, by statements that may run in parallel.

CREATE FUNCTION live_load_keys(target name, channel_id smallint)
RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000
SET search_path = pg_catalog, pg_temp
AS $live$
#variable_conflict use_column
DECLARE
	v_channel smallint := channel_id;
	v_new bigint;
BEGIN
	PERFORM set_config('search_path', (SELECT format('pg_catalog, %I, %I, pg_temp', target, n.nspname)
		FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'liveanalytics'), true);
	-- In the order of the keys, so that two sessions that bring the same events wait for each other in one direction. While all
	-- are new, and mostly they are, no row need be looked up before it is inserted; the first known one takes all of it back.
	BEGIN
		INSERT INTO event_dedup (channel_id, event_uid, event_ts)
		SELECT v_channel, event_uid, ts FROM pg_temp.live_load_1 WHERE reason IS NULL ORDER BY event_uid;
		GET DIAGNOSTICS v_new = ROW_COUNT;
		RETURN v_new;
	EXCEPTION
		WHEN unique_violation THEN
			NULL;
	END;
	CREATE TEMP TABLE live_load_2 ON COMMIT DROP AS SELECT event_uid FROM pg_temp.live_load_1 LIMIT 0;
	WITH fresh AS (
		INSERT INTO event_dedup (channel_id, event_uid, event_ts)
		SELECT v_channel, event_uid, ts FROM pg_temp.live_load_1 WHERE reason IS NULL ORDER BY event_uid, i
		ON CONFLICT DO NOTHING
		RETURNING event_uid)
	INSERT INTO pg_temp.live_load_2 SELECT event_uid FROM fresh;
	GET DIAGNOSTICS v_new = ROW_COUNT;
	-- of rows with the same id the first was new, if any
	ANALYZE pg_temp.live_load_2;
	DELETE FROM pg_temp.live_load_1 t
	WHERE reason IS NULL
	  AND NOT EXISTS (SELECT FROM (SELECT DISTINCT ON (event_uid) l.ctid AS place FROM pg_temp.live_load_1 l JOIN pg_temp.live_load_2 f USING (event_uid)
	                               ORDER BY event_uid, i) AS first WHERE first.place = t.ctid);
	DROP TABLE pg_temp.live_load_2;
	RETURN v_new;
END
$live$;
COMMENT ON FUNCTION live_load_keys(name, smallint) IS
'takes the keys of what live_load has read into event_dedup, and out of what was read those known before: how many were new';

CREATE FUNCTION live_load_events(target name, channel_id smallint, batch_id bigint, source oid, chosen text, kept text,
  OUT accepted int, OUT rejected int, OUT total int)
RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $live$
#variable_conflict use_column
DECLARE
	v_channel smallint := channel_id;
	v_batch bigint := batch_id;
	v_reader record;
	v_has text[];
	v_pads text;
	v_mem text := current_setting('work_mem');
	v_cost text := current_setting('parallel_tuple_cost');
	v_statistics text := current_setting('default_statistics_target');
	v_unnamed bigint;
	v_late bigint;
	v_past timestamptz := clock_timestamp() - interval '1 hour';
BEGIN
	PERFORM set_config('search_path', (SELECT format('pg_catalog, %I, %I, pg_temp', target, n.nspname)
		FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'liveanalytics'), true);
	-- one sort and some hash tables of all the rows
	PERFORM set_config('work_mem', greatest(pg_size_bytes(v_mem) / 1024, 131072)::text, true);
	-- reading a row takes far longer than handing it on
	PERFORM set_config('parallel_tuple_cost', '0.001', true);
	-- enough for the plans; ten times as many values take longer than some of the statements
	PERFORM set_config('default_statistics_target', '10', true);
	v_pads := live_key_pads(target);
	SELECT * INTO v_reader FROM live_reader(target, v_channel, 'event', '{}', v_pads, source, false);
	v_has := string_to_array(substr(v_reader.columns, 3), ', ');
	EXECUTE format($x$
		CREATE TEMP TABLE live_load_1 ON COMMIT DROP AS
		SELECT i, reason, CASE WHEN reason IS NOT NULL THEN %9$s %1$s END AS raw, stream, %2$s AS viewer_name, %3$s AS product,
		       CASE WHEN reason IS NULL THEN type::event_type END AS type, ts, %4$s AS source, %5$s AS qty, %6$s AS amount,
		       CASE WHEN reason IS NULL AND %7$s IS NOT NULL THEN live_uid('id|' || %7$s) END AS event_uid
		FROM (%8$s) AS q$x$,
		'ELSE ' || v_reader.props, CASE WHEN 'viewer' = ANY (v_has) THEN 'r_viewer' ELSE 'NULL::text' END,
		CASE WHEN 'product' = ANY (v_has) THEN 'product' ELSE 'NULL::text' END, CASE WHEN 'source' = ANY (v_has) THEN 'source' ELSE 'NULL::text' END,
		CASE WHEN 'qty' = ANY (v_has) THEN 'qty' ELSE 'NULL::bigint' END, CASE WHEN 'amount' = ANY (v_has) THEN 'amount' ELSE 'NULL::numeric' END,
		CASE WHEN 'event_id' = ANY (v_has) THEN 'event_id' ELSE 'NULL::text' END, replace(v_reader.query, '@source', chosen),
		replace(v_reader.raw, 'to_jsonb(v)', kept));
	SELECT count(*), count(reason), count(*) FILTER (WHERE reason IS NULL AND event_uid IS NULL), count(*) FILTER (WHERE reason IS NULL AND ts < v_past)
	INTO total, rejected, v_unnamed, v_late FROM pg_temp.live_load_1;
	ANALYZE pg_temp.live_load_1 (reason, stream, viewer_name, product);
	-- each viewer is hashed once
	EXECUTE format('CREATE TEMP TABLE live_load_3 ON COMMIT DROP AS
		SELECT viewer_name, %s AS viewer FROM (SELECT DISTINCT viewer_name FROM pg_temp.live_load_1 WHERE viewer_name IS NOT NULL) AS d',
		live_parse('viewer', 'viewer_name', 'UTC', 1, v_pads));
	ANALYZE pg_temp.live_load_3;
	IF rejected > 0 THEN
		INSERT INTO ingest_reject (batch_id, row_no, record, list, reason, raw, viewer_hash)
		SELECT v_batch, row_number() OVER (ORDER BY i), 'event', '{(rows)}', reason, raw, viewer
		FROM pg_temp.live_load_1 LEFT JOIN pg_temp.live_load_3 USING (viewer_name) WHERE reason IS NOT NULL;
	END IF;
	IF v_unnamed > 0 THEN
		-- an event without an id is known by its contents and its place among equal ones
		UPDATE pg_temp.live_load_1 t SET event_uid = u.event_uid
		FROM (SELECT l.ctid, live_uid(concat_ws('|', 'like', stream, encode(viewer, 'hex'), type, extract(epoch FROM ts), product,
		               row_number() OVER (PARTITION BY ts, viewer, type, stream, product ORDER BY i))) AS event_uid
		      FROM pg_temp.live_load_1 l LEFT JOIN pg_temp.live_load_3 USING (viewer_name) WHERE reason IS NULL AND event_uid IS NULL) AS u
		WHERE t.ctid = u.ctid;
	END IF;

	-- streams, products and viewers met for the first time go the way of live_ingest, each name once
	PERFORM live_stage_table();
	INSERT INTO pg_temp.live_stage_1 (good, stream, product) SELECT DISTINCT true, stream, product FROM pg_temp.live_load_1 WHERE reason IS NULL;
	INSERT INTO pg_temp.live_stage_1 (good, viewer) SELECT true, viewer FROM pg_temp.live_load_3
	WHERE rejected = 0 OR viewer_name IN (SELECT viewer_name FROM pg_temp.live_load_1 WHERE reason IS NULL);
	PERFORM live_store(target, v_batch, v_channel);

	accepted := live_load_keys(target, v_channel);
	IF accepted < total - rejected THEN
		SELECT count(*) INTO v_late FROM pg_temp.live_load_1 WHERE reason IS NULL AND ts < v_past;
	END IF;
	IF accepted > 0 THEN
		INSERT INTO event (event_ts, channel_id, stream_id, viewer_id, type, product_id, source, qty, amount, props, event_uid, batch_id)
		SELECT t.ts, v_channel, s.stream_id, v.viewer_id, t.type, p.product_id, t.source, coalesce(t.qty, 1), t.amount,
		       nullif(t.raw, '{}'), t.event_uid, v_batch
		FROM pg_temp.live_load_1 t JOIN stream s ON s.channel_id = v_channel AND s.external_id = t.stream
		  LEFT JOIN (SELECT w.viewer_name, i.viewer_id FROM pg_temp.live_load_3 w
		             JOIN viewer_identity i ON i.channel_id = v_channel AND i.external_hash = w.viewer) AS v USING (viewer_name)
		  LEFT JOIN product p ON p.channel_id = v_channel AND p.external_id = t.product
		WHERE t.reason IS NULL;
	END IF;
	UPDATE ingest_batch SET rows_total = total, accepted = live_load_events.accepted, rejected = live_load_events.rejected,
		duplicate = live_load_events.total - live_load_events.accepted - live_load_events.rejected, late = v_late
	WHERE batch_id = v_batch;
	DROP TABLE pg_temp.live_load_1, pg_temp.live_load_3;
	PERFORM set_config('work_mem', v_mem, true);
	PERFORM set_config('parallel_tuple_cost', v_cost, true);
	PERFORM set_config('default_statistics_target', v_statistics, true);
END
$live$;
COMMENT ON FUNCTION live_load_events(name, smallint, bigint, oid, text, text) IS
'takes rows of events into the tables, for live_load';

CREATE FUNCTION live_load(target name, channel text, source regclass DEFAULT NULL, record text DEFAULT 'event',
  OUT batch_id bigint, OUT accepted int, OUT duplicate int, OUT rejected int)
RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $live$
#variable_conflict use_column
DECLARE
	v_channel smallint;
	v_record text := record;
	v_staged boolean := source IS NULL;
	v_source regclass := source;
	v_chosen text;
	v_kept text := 'to_jsonb(v)';
	v_left boolean;
	v_total int;
BEGIN
	PERFORM set_config('search_path', (SELECT format('pg_catalog, %I, %I, pg_temp', target, n.nspname)
		FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'liveanalytics'), true);
	v_channel := live_channel(target, channel);
	IF channel IS NULL OR record IS NULL THEN
		RAISE EXCEPTION 'channel and record must not be NULL' USING ERRCODE = '22004';
	END IF;
	IF NOT EXISTS (SELECT FROM live_fields() AS f WHERE f.record = v_record) THEN
		RAISE EXCEPTION 'unknown kind of record "%"', record USING ERRCODE = '22023',
			HINT = format('The kinds are %s.', (SELECT string_agg(DISTINCT f.record, ', ') FROM live_fields() AS f));
	END IF;
	IF v_staged THEN
		IF record <> 'event' THEN
			RAISE EXCEPTION 'event_stage has events, not records "%"', record USING ERRCODE = '22023',
				HINT = 'Name the relation that has them.';
		END IF;
		v_source := quote_ident(target) || '.event_stage';
		-- what is being copied comes first, and nothing comes in between reading and emptying
		LOCK TABLE event_stage IN SHARE ROW EXCLUSIVE MODE;
		v_chosen := format('(SELECT ctid AS i, v FROM ONLY event_stage AS v WHERE v.channel IS NULL OR v.channel = %L) AS s', channel);
		-- of those rejected only, rather than a copy of every row on its way
		v_kept := '(SELECT to_jsonb(s) FROM ONLY event_stage AS s WHERE s.ctid = q.i)';
	ELSE
		IF (SELECT relkind NOT IN ('r', 'p', 'v', 'm', 'f') FROM pg_class WHERE oid = v_source) THEN
			RAISE EXCEPTION '"%" is not a table or view', v_source USING ERRCODE = '42809';
		END IF;
		v_chosen := format('(SELECT row_number() OVER () AS i, v FROM %s AS v) AS s', v_source);
	END IF;

	INSERT INTO ingest_batch (channel_id, payload_sha256)
	VALUES (v_channel, sha256(convert_to('load ' || gen_random_uuid()::text, 'UTF8')))
	RETURNING ingest_batch.batch_id INTO batch_id;
	IF record = 'event' THEN
		SELECT s.accepted, s.rejected, s.total INTO accepted, rejected, v_total FROM live_load_events(target, v_channel, batch_id, v_source, v_chosen, v_kept) AS s;
	ELSE
		PERFORM live_stage_table();
		EXECUTE replace(live_stage_sql(target, v_channel, record, '{}', live_key_pads(target), v_source, false), '@source', v_chosen)
		USING NULL::jsonb, ARRAY['(rows)'];
		SELECT s.accepted, s.rejected, s.total INTO accepted, rejected, v_total FROM live_store(target, batch_id, v_channel) AS s;
	END IF;
	duplicate := v_total - accepted - rejected;

	IF v_staged THEN
		v_left := EXISTS (SELECT FROM event_stage s WHERE s.channel <> live_load.channel);
		IF NOT v_left AND has_table_privilege(v_source, 'TRUNCATE') THEN
			TRUNCATE event_stage;
		ELSE
			DELETE FROM event_stage s WHERE s.channel IS NULL OR s.channel = live_load.channel;
		END IF;
	END IF;
END
$live$;
COMMENT ON FUNCTION live_load(name, text, regclass, text) IS
'takes the rows of event_stage, or of another relation whose columns have the names of the fields, into the tables by the rules of live_ingest, and empties event_stage';

CREATE FUNCTION live_open(payload bytea, OUT doc jsonb, OUT reason text)
RETURNS record
LANGUAGE plpgsql IMMUTABLE PARALLEL UNSAFE COST 100
SET search_path = pg_catalog, pg_temp
AS $live$
BEGIN
	BEGIN
		doc := convert_from(payload, 'UTF8')::jsonb;
		IF doc IS NULL THEN
			reason := 'no payload';
		END IF;
	EXCEPTION
		-- not UTF-8, not JSON, a NUL in it, too deep, a number too large
		WHEN data_exception OR program_limit_exceeded THEN
			reason := left(SQLERRM, 200);
	END;
END
$live$;
COMMENT ON FUNCTION live_open(bytea) IS
'the JSON that the bytes are, or why they are none';

CREATE FUNCTION live_receive(target name, channel text, payload bytea,
  OUT batch_id bigint, OUT accepted int, OUT duplicate int, OUT rejected int, OUT reason text)
RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $live$
#variable_conflict use_column
DECLARE
	v_open record;
	v_known boolean;
BEGIN
	PERFORM set_config('search_path', (SELECT format('pg_catalog, %I, %I, pg_temp', target, n.nspname)
		FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'liveanalytics'), true);
	PERFORM live_check(target);
	IF channel IS NULL OR payload IS NULL THEN
		RAISE EXCEPTION 'channel and payload must not be NULL' USING ERRCODE = '22004';
	END IF;
	SELECT * INTO v_open FROM live_open(payload);
	reason := v_open.reason;
	IF reason IS NULL THEN
		BEGIN
			SELECT i.batch_id, i.accepted, i.duplicate, i.rejected INTO batch_id, accepted, duplicate, rejected
			FROM live_ingest(target, channel, v_open.doc) AS i;
			RETURN;
		EXCEPTION
			-- an unknown channel, no object, none of its lists
			WHEN data_exception OR program_limit_exceeded THEN
				reason := left(SQLERRM, 200);
		END;
	END IF;
	INSERT INTO payload_reject AS p (channel, reason, payload, payload_sha256)
	VALUES (left(channel, 200), reason, payload, sha256(payload))
	ON CONFLICT (channel, payload_sha256) DO UPDATE SET repeats = p.repeats + 1
	RETURNING p.repeats > 0 INTO v_known;
	accepted := 0;
	duplicate := v_known::int;
	rejected := 1 - duplicate;
END
$live$;
COMMENT ON FUNCTION live_receive(name, text, bytea) IS
'takes the bytes of a payload whatever they are: by live_ingest, or into payload_reject with a reason where that would raise an error';

CREATE FUNCTION live_reopen(target name, OUT batches int, OUT accepted int, OUT duplicate int, OUT rejected int)
RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $live$
#variable_conflict use_column
DECLARE
	v_item record;
	v_open record;
	v_part record;
BEGIN
	PERFORM set_config('search_path', (SELECT format('pg_catalog, %I, %I, pg_temp', target, n.nspname)
		FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'liveanalytics'), true);
	batches := 0;
	accepted := 0;
	duplicate := 0;
	rejected := 0;
	FOR v_item IN SELECT p.reject_id, p.channel, p.payload FROM payload_reject p
		WHERE p.replayed_batch IS NULL AND p.payload IS NOT NULL ORDER BY p.reject_id FOR UPDATE
	LOOP
		SELECT * INTO v_open FROM live_open(v_item.payload);
		CONTINUE WHEN v_open.reason IS NOT NULL;
		BEGIN
			SELECT * INTO v_part FROM live_ingest(target, v_item.channel, v_open.doc);
			UPDATE payload_reject p SET replayed_batch = v_part.batch_id, payload = NULL WHERE p.reject_id = v_item.reject_id;
			batches := batches + 1;
			accepted := accepted + v_part.accepted;
			duplicate := duplicate + v_part.duplicate;
			rejected := rejected + v_part.rejected;
		EXCEPTION
			WHEN data_exception OR program_limit_exceeded THEN
				NULL;
		END;
	END LOOP;
END
$live$;
COMMENT ON FUNCTION live_reopen(name) IS
'tries again the payloads that could not be read at all, for live_replay';
