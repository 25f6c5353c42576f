-- Collection. A payload's lists are read into a temporary table by one statement
-- for each list, made from the channel's mapping; every check is part of that
-- statement. From there one statement per table takes the good rows.

CREATE FUNCTION live_channel(target name, channel text)
RETURNS smallint
LANGUAGE plpgsql STABLE PARALLEL UNSAFE COST 1000
SET search_path = pg_catalog, pg_temp
AS $live$
#variable_conflict use_column
DECLARE
	v_channel smallint;
BEGIN
	PERFORM set_config('search_path', (SELECT format('pg_catalog, %I, %I, pg_temp', target, n.nspname)
		FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'liveanalytics'), true);
	PERFORM live_check(target);
	SELECT c.channel_id INTO v_channel FROM channel c WHERE c.code = live_channel.channel;
	IF v_channel IS NULL AND channel IS NOT NULL THEN
		RAISE EXCEPTION 'unknown channel "%"', channel USING ERRCODE = '22023',
			HINT = format('The channels are %s. Rows of the tables channel, channel_record and channel_field make another.',
				(SELECT string_agg(c.code, ', ' ORDER BY c.channel_id) FROM channel c));
	END IF;
	RETURN v_channel;
END
$live$;
COMMENT ON FUNCTION live_channel(name, text) IS
'the number of a channel; an error if there is no such channel, or no such schema';

CREATE FUNCTION live_ingest(target name, channel text, payload jsonb,
  OUT batch_id bigint, OUT accepted int, OUT duplicate int, OUT rejected int)
RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $live$
#variable_conflict use_column
DECLARE
	v_channel smallint;
	v_list record;
	v_rows jsonb;
	v_pads text;
	v_total int;
	v_known text := '';
	v_any boolean := false;
BEGIN
	PERFORM set_config('search_path', (SELECT format('pg_catalog, %I, %I, pg_temp', target, n.nspname)
		FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'liveanalytics'), true);
	v_channel := live_channel(target, channel);
	IF channel IS NULL OR payload IS NULL THEN
		RAISE EXCEPTION 'channel and payload must not be NULL' USING ERRCODE = '22004';
	END IF;
	IF jsonb_typeof(payload) <> 'object' THEN
		RAISE EXCEPTION 'payload must be a JSON object with lists of records, not %', jsonb_typeof(payload) USING ERRCODE = '22023';
	END IF;
	FOR v_list IN SELECT r.path FROM channel_record r WHERE r.channel_id = v_channel ORDER BY r.path LOOP
		v_known := concat_ws(', ', nullif(v_known, ''), array_to_string(v_list.path, '.'));
		v_any := v_any OR payload #> v_list.path IS NOT NULL;
	END LOOP;
	IF NOT v_any THEN
		RAISE EXCEPTION 'payload has none of the lists that channel % sends', channel USING ERRCODE = '22023',
			HINT = format('They are %s.', v_known);
	END IF;

	-- the same payload once more: whoever comes second waits for the first to end
	INSERT INTO ingest_batch (channel_id, payload_sha256) VALUES (v_channel, sha256(convert_to(payload::text, 'UTF8')))
	ON CONFLICT DO NOTHING
	RETURNING ingest_batch.batch_id INTO batch_id;
	IF batch_id IS NULL THEN
		UPDATE ingest_batch b SET repeats = b.repeats + 1
		WHERE b.channel_id = v_channel AND b.payload_sha256 = sha256(convert_to(payload::text, 'UTF8'))
		RETURNING b.batch_id, 0, b.rows_total, 0 INTO batch_id, accepted, duplicate, rejected;
		RETURN;
	END IF;

	v_pads := live_key_pads(target);
	PERFORM live_stage_table();
	FOR v_list IN SELECT r.record, r.path, r.defaults FROM channel_record r WHERE r.channel_id = v_channel ORDER BY r.record, r.path LOOP
		v_rows := payload #> v_list.path;
		CONTINUE WHEN v_rows IS NULL OR jsonb_typeof(v_rows) = 'null';
		IF jsonb_typeof(v_rows) <> 'array' THEN
			v_rows := jsonb_build_array(v_rows);
		END IF;
		EXECUTE live_stage_sql(target, v_channel, v_list.record, v_list.defaults, v_pads, NULL, false) USING v_rows, v_list.path;
	END LOOP;
	SELECT s.accepted, s.rejected, s.total INTO accepted, rejected, v_total FROM live_store(target, batch_id, v_channel) AS s;
	duplicate := v_total - accepted - rejected;
END
$live$;
COMMENT ON FUNCTION live_ingest(name, text, jsonb) IS
'takes a payload of a channel into the tables: what is known is counted as duplicate, what cannot be taken is kept in ingest_reject with a reason';

CREATE FUNCTION live_replay(target name, OUT batches int, OUT accepted int, OUT duplicate int, OUT rejected int)
RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $live$
#variable_conflict use_column
DECLARE
	v_channel smallint;
	v_list record;
	v_ids bigint[];
	v_batch bigint;
	v_pads text;
	v_part record;
BEGIN
	PERFORM set_config('search_path', (SELECT format('pg_catalog, %I, %I, pg_temp', target, n.nspname)
		FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'liveanalytics'), true);
	PERFORM live_check(target);
	SELECT r.batches, r.accepted, r.duplicate, r.rejected INTO batches, accepted, duplicate, rejected FROM live_reopen(target) AS r;
	v_pads := live_key_pads(target);
	FOR v_channel IN SELECT DISTINCT b.channel_id FROM ingest_reject r JOIN ingest_batch b USING (batch_id)
		WHERE r.replayed_batch IS NULL AND r.raw IS NOT NULL ORDER BY 1
	LOOP
		SELECT array_agg(reject_id) INTO v_ids FROM (
			SELECT r.reject_id FROM ingest_reject r JOIN ingest_batch b USING (batch_id)
			WHERE b.channel_id = v_channel AND r.replayed_batch IS NULL AND r.raw IS NOT NULL
			ORDER BY r.reject_id FOR UPDATE OF r) AS q;
		CONTINUE WHEN v_ids IS NULL;
		INSERT INTO ingest_batch (channel_id, payload_sha256)
		VALUES (v_channel, sha256(convert_to('replay ' || gen_random_uuid()::text, 'UTF8')))
		RETURNING ingest_batch.batch_id INTO v_batch;
		PERFORM live_stage_table();
		FOR v_list IN SELECT r.record, r.list, c.defaults, jsonb_agg(r.raw ORDER BY r.reject_id) AS rows
			FROM ingest_reject r LEFT JOIN channel_record c ON c.channel_id = v_channel AND c.record = r.record AND c.path = r.list
			WHERE r.reject_id = ANY (v_ids) AND r.replayed_batch IS NULL AND r.raw IS NOT NULL
			GROUP BY r.record, r.list, c.defaults ORDER BY r.record, r.list
		LOOP
			EXECUTE live_stage_sql(target, v_channel, v_list.record, coalesce(v_list.defaults, '{}'), v_pads, NULL, v_list.list = '{(rows)}')
			USING v_list.rows, v_list.list;
		END LOOP;
		UPDATE ingest_reject SET replayed_batch = v_batch, raw = NULL
		WHERE reject_id = ANY (v_ids) AND replayed_batch IS NULL AND raw IS NOT NULL;
		SELECT * INTO v_part FROM live_store(target, v_batch, v_channel);
		batches := batches + 1;
		accepted := accepted + v_part.accepted;
		duplicate := duplicate + v_part.total - v_part.accepted - v_part.rejected;
		rejected := rejected + v_part.rejected;
	END LOOP;
END
$live$;
COMMENT ON FUNCTION live_replay(name) IS
'tries again what is in ingest_reject: after a mapping was corrected, or an order that a refund was waiting for came in';
