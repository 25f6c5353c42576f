-- Collection. A payload's lists are read into a temporary table by one statement
-- for each list, made from the channel's mapping; every check is part of that
-- statement. From there one statement per table takes the good rows.

CREATE FUNCTION live_fields()
RETURNS TABLE (record text, field text, kind text, required boolean)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE ROWS 80
SET search_path = pg_catalog, pg_temp
AS $live$
BEGIN
	-- ! after a name: a record without it is rejected
	RETURN QUERY
	SELECT split_part(line, ' ', 1), rtrim(split_part(word, ':', 1), '!'), split_part(word, ':', 2), word LIKE '%!:%'
	FROM string_to_table($fields$stream stream!:id host:id host_name:text title:text start_ts:time end_ts:time updated_ts:time
product product!:id name:text category:text cost:num stream:id pos:int listed_at:time delisted_at:time price:num explain_from:time explain_to:time
event event_id:id stream!:id viewer:viewer type!:word ts!:time product:id source:text qty:int amount:num
total stream!:id viewer!:viewer captured_at:time watch_s:num comments:int likes:int shares:int
order order_id!:id viewer:viewer stream:id created_ts!:time paid_ts:time status:text goods_amt:num discount_platform:num discount_host:num freight:num paid_amt!:num currency:word attributed_by:word updated_ts:time items:json
refund refund!:id order_id!:id apply_ts:time success_ts:time amount!:num currency:word stage:word updated_ts:time
promotion promotion!:id kind!:word name:text start_ts:time end_ts:time budget:num
exposure promotion!:id viewer!:viewer arm!:word ts!:time
coupon coupon!:id promotion!:id viewer:viewer claimed_ts!:time used_ts:time order_id:id value:num updated_ts:time
ad plan!:id hour!:time scope:word stream:id cost!:num impressions:int clicks:int attributed_orders:int attributed_gmv:num updated_ts:time
snapshot stream!:id captured_at!:time metric!:text value!:num$fields$, E'\n') AS line,
		string_to_table(substr(line, strpos(line, ' ') + 1), ' ') AS word;
END
$live$;
COMMENT ON FUNCTION live_fields() IS
'the fields of each kind of record that live_ingest knows, what kind of value they have, and whether they must be there';

CREATE FUNCTION live_rules()
RETURNS TABLE (record text, rule text, reason text)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE ROWS 40
SET search_path = pg_catalog, pg_temp
AS $live$
BEGIN
	-- a record for which the rule is true is rejected
	RETURN QUERY
	SELECT p[1], p[2], p[3]
	FROM string_to_table($rules$stream|end_ts < start_ts|end before start
product|cost < 0 OR price < 0|negative amount
product|delisted_at < listed_at OR explain_to < explain_from|end before start
product|stream IS NULL AND num_nonnulls(pos, listed_at, delisted_at, price, explain_from) > 0 AND name IS NULL|listing without a stream
event|type NOT IN ('expose_room', 'enter', 'leave', 'heartbeat', 'like', 'comment', 'share', 'follow', 'unfollow', 'fanclub_join', 'gift', 'product_show', 'product_click', 'add_cart', 'coupon_claim', 'dislike')|unknown type of event
event|ts > v_latest|time in the future
event|ts < '2010-01-01 00:00:00+00'|time before any channel
event|qty NOT BETWEEN 0 AND 1000000|qty out of range
event|amount < 0|negative amount
total|captured_at > v_latest|time in the future
total|watch_s NOT BETWEEN 0 AND 604800|watch time out of range
total|comments < 0 OR likes < 0 OR shares < 0|negative count
order|created_ts > v_latest OR paid_ts > v_latest|time in the future
order|paid_ts < created_ts|paid before created
order|paid_amt < 0 OR goods_amt < 0 OR discount_platform < 0 OR discount_host < 0 OR freight < 0|negative amount
order|upper(currency) <> v_currency|another currency
refund|amount < 0|negative amount
refund|success_ts < apply_ts|end before start
refund|success_ts > v_latest|time in the future
refund|upper(currency) <> v_currency|another currency
refund|stage NOT IN ('pre_ship', 'post_ship')|unknown stage
promotion|kind NOT IN ('coupon', 'flash', 'full_cut', 'gift')|unknown kind of promotion
promotion|end_ts < start_ts|end before start
promotion|budget < 0|negative amount
exposure|arm NOT IN ('treat', 'control')|unknown arm
coupon|used_ts < claimed_ts|end before start
coupon|value < 0|negative amount
ad|cost < 0 OR attributed_gmv < 0|negative amount
ad|impressions < 0 OR clicks < 0 OR attributed_orders < 0|negative count
ad|scope NOT IN ('promoted', 'bound')|unknown scope
ad|hour > v_latest|time in the future$rules$, E'\n') AS line, string_to_array(line, '|') AS p;
END
$live$;
COMMENT ON FUNCTION live_rules() IS
'what makes live_ingest reject a record whose fields can all be read';

CREATE FUNCTION live_trim(raw text)
RETURNS text
AS 'MODULE_PATHNAME', 'live_trim'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION live_trim(text) IS
'a value without the blanks around it; NULL if nothing is left';

CREATE FUNCTION live_lower(raw text)
RETURNS text
AS 'MODULE_PATHNAME', 'live_lower'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION live_lower(text) IS
'lower, without asking the locale where there is nothing to ask';

CREATE FUNCTION live_read_time(raw text, zone text)
RETURNS timestamptz
AS 'MODULE_PATHNAME', 'live_read_time'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION live_read_time(text, text) IS
'a time as channels write it: ISO 8601, in the zone if it has none, seconds or milliseconds since 1970, or Weibo''s form; NULL if it is none';

CREATE FUNCTION live_uid(id text)
RETURNS uuid
AS 'MODULE_PATHNAME', 'live_uid'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5;
COMMENT ON FUNCTION live_uid(text) IS
'the key of an event: the first half of the SHA-256 of its id or contents, in UTF-8';

CREATE FUNCTION live_parse(kind text, raw text, tz text, scale numeric, pads text)
RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $live$
BEGIN
	-- the expression that reads a value of the kind from the text expression
	-- "raw", which gives NULL where it cannot be read and raises nothing
	RETURN CASE kind
	WHEN 'time' THEN format('live_read_time(%s, %L)', raw, tz)
	WHEN 'num' THEN replace(replace($x$CASE
		WHEN @ ~ '^-?\d{1,12}(?:\.\d{1,30})?$' THEN round(@::numeric * #, 4)
		WHEN @ ~ '^-?[¥￥]?-?(?:\d{1,12}|\d{1,3}(?:,\d{3}){1,3})(?:\.\d{1,30})?$' THEN round(translate(@, '¥￥,', '')::numeric * #, 4)
		WHEN @ ~ '^-?\d{1,12}(?:\.\d{1,30})?%$' THEN round(rtrim(@, '%')::numeric / 100, 6)
		WHEN @ ~ '^-?\d{1,8}(?:\.\d{1,30})?万$' THEN round(rtrim(@, '万')::numeric * 10000 * #, 4)
		END$x$, '#', scale::text), '@', raw)
	WHEN 'int' THEN replace($x$CASE
		WHEN @ ~ '^-?\d{1,12}(?:\.0{1,30})?$' THEN trunc(@::numeric)::bigint
		WHEN @ ~ '^\d{1,8}(?:\.\d{1,4})?万$' THEN trunc(rtrim(@, '万')::numeric * 10000)::bigint
		END$x$, '@', raw)
	-- HMAC-SHA-256; pads are the two literals of the padded key
	WHEN 'viewer' THEN format('sha256(%s || sha256(%s || convert_to(%s, ''UTF8'')))', split_part(pads, ' ', 2), split_part(pads, ' ', 1), raw)
	WHEN 'word' THEN format('live_lower(%s)', raw)
	ELSE raw
	END;
END
$live$;
COMMENT ON FUNCTION live_parse(text, text, text, numeric, text) IS
'the expression by which live_ingest reads a value of a kind';

CREATE FUNCTION live_pads(key text)
RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $live$
DECLARE
	v_key bytea := convert_to(key, 'UTF8');
	v_inner bytea := decode(repeat('36', 64), 'hex');
	v_outer bytea := decode(repeat('5c', 64), 'hex');
BEGIN
	-- RFC 2104
	IF length(v_key) > 64 THEN
		v_key := sha256(v_key);
	END IF;
	FOR i IN 0 .. length(v_key) - 1 LOOP
		v_inner := set_byte(v_inner, i, get_byte(v_inner, i) # get_byte(v_key, i));
		v_outer := set_byte(v_outer, i, get_byte(v_outer, i) # get_byte(v_key, i));
	END LOOP;
	RETURN format('decode(''%s'',''hex'') decode(''%s'',''hex'')', encode(v_inner, 'hex'), encode(v_outer, 'hex'));
END
$live$;
COMMENT ON FUNCTION live_pads(text) IS
'the two padded keys of HMAC-SHA-256, as expressions with a blank between them';

CREATE FUNCTION live_key_pads(target name)
RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000
SET search_path = pg_catalog, pg_temp
AS $live$
DECLARE
	v_key text := nullif(current_setting('live.id_key', true), '');
	v_pads text;
	v_check bytea;
BEGIN
	PERFORM set_config('search_path', (SELECT format('pg_catalog, %I, %I, pg_temp', target, n.nspname)
		FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'liveanalytics'), true);
	IF v_key IS NULL THEN
		SELECT key INTO v_key FROM identity_key;
	END IF;
	IF v_key IS NULL THEN
		RAISE EXCEPTION 'there is no key for the hashes of viewers'' ids'
			USING ERRCODE = '55000', HINT = 'Set live.id_key, or put the key back into the table identity_key.';
	END IF;
	v_pads := live_pads(v_key);
	SELECT id_key_check INTO v_check FROM setting;
	IF v_check IS NULL THEN
		UPDATE setting SET id_key_check = sha256(sha256(convert_to(v_pads, 'UTF8'))) WHERE id_key_check IS NULL;
	ELSIF v_check <> sha256(sha256(convert_to(v_pads, 'UTF8'))) THEN
		RAISE EXCEPTION 'the key for the hashes of viewers'' ids is not the one used so far'
			USING ERRCODE = '55000', HINT = 'With another key every known viewer would become a new one. Set live.id_key to what it was.';
	END IF;
	RETURN v_pads;
END
$live$;
COMMENT ON FUNCTION live_key_pads(name) IS
'the padded keys of the schema, from the setting live.id_key or else from identity_key; an error if the key has changed';

CREATE FUNCTION live_stage_table()
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000
SET search_path = pg_catalog, pg_temp
SET client_min_messages = warning
AS $live$
BEGIN
	IF to_regclass('pg_temp.live_stage_1') IS NULL THEN
		CREATE TEMP TABLE live_stage_1 (
			-- flags beside reason and record: without statistics the planner takes half of the
			-- rows to have one, and next to none to have no reason
			row_no bigint, record text, list text[], raw jsonb, reason text, good boolean, is_event boolean, snap jsonb,
			stream text, host text, host_name text, title text, start_ts timestamptz, end_ts timestamptz, updated_ts timestamptz,
			product text, name text, category text, cost numeric, pos bigint, listed_at timestamptz, delisted_at timestamptz, price numeric,
			explain_from timestamptz, explain_to timestamptz,
			event_id text, viewer bytea, type text, ts timestamptz, source text, qty bigint, amount numeric,
			captured_at timestamptz, watch_s numeric, comments bigint, likes bigint, shares bigint,
			order_id text, created_ts timestamptz, paid_ts timestamptz, status text, goods_amt numeric, discount_platform numeric,
			discount_host numeric, freight numeric, paid_amt numeric, currency text, attributed_by text, items jsonb,
			refund text, apply_ts timestamptz, success_ts timestamptz, stage text,
			promotion text, kind text, budget numeric, arm text, coupon text, claimed_ts timestamptz, used_ts timestamptz, value numeric,
			plan text, hour timestamptz, scope text, impressions bigint, clicks bigint, attributed_orders bigint, attributed_gmv numeric,
			metric text
		) ON COMMIT DELETE ROWS;
		-- of this session alone, whatever roles it takes on
		GRANT ALL ON pg_temp.live_stage_1 TO PUBLIC;
	ELSIF (SELECT relhastriggers OR relhasrules OR relrowsecurity OR relhassubclass OR relkind <> 'r' FROM pg_class WHERE oid = 'pg_temp.live_stage_1'::regclass)
		OR EXISTS (SELECT FROM pg_attrdef WHERE adrelid = 'pg_temp.live_stage_1'::regclass)
		OR EXISTS (SELECT FROM pg_constraint WHERE conrelid = 'pg_temp.live_stage_1'::regclass)
		OR EXISTS (SELECT FROM pg_index WHERE indrelid = 'pg_temp.live_stage_1'::regclass) THEN
		-- another role may have made it in this session, to have code run
		RAISE EXCEPTION 'the temporary table live_stage_1 is not the one that live_ingest makes'
			USING ERRCODE = '55000', HINT = 'Drop it.';
	ELSE
		DELETE FROM pg_temp.live_stage_1;
	END IF;
END
$live$;
COMMENT ON FUNCTION live_stage_table() IS
'makes or empties the temporary table into which live_ingest reads a payload';

CREATE FUNCTION live_reader(target name, channel_id smallint, record text, defaults jsonb, pads text, source oid, plain boolean,
  OUT columns text, OUT query text, OUT raw text, OUT snap text, OUT props text)
RETURNS record
LANGUAGE plpgsql STABLE PARALLEL UNSAFE COST 1000
SET search_path = pg_catalog, pg_temp
AS $live$
#variable_conflict use_column
DECLARE
	v_tz text;
	v_keep boolean;
	v_texts text := '';
	v_values text := '';
	v_reasons text := '';
	v_currency text;
	v_slack interval;
	v_channel smallint := channel_id;
	v_record text := record;
	v_source oid := source;
	v_mapped text[] := '{content,text,comment,comment_text}';
	v_field record;
	v_raw text;
	v_number text;
	v_floats text := '';
	v_spoken text[] := '{content,text,comment,comment_text}';
BEGIN
	-- The query that reads records of a kind and gives i, their place, v, each as it came, the columns of the kind and
	-- the reason to reject it: from the JSON array $1, whose keys are as the channel has them or, if plain, our names of
	-- the fields; or from the relation source, whose columns have our names.
	PERFORM set_config('search_path', (SELECT format('pg_catalog, %I, %I, pg_temp', target, n.nspname)
		FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'liveanalytics'), true);
	SELECT tz INTO v_tz FROM channel c WHERE c.channel_id = v_channel;
	SELECT keep_props, currency, future_slack INTO v_keep, v_currency, v_slack FROM setting;
	columns := '';
	FOR v_field IN
		SELECT f.field, f.kind, f.required, m.places, coalesce(m.place, format('{%s}', f.field)) AS place, m.scale, m.dictionary, m.keys
		FROM live_fields() AS f LEFT JOIN (
			SELECT field, string_agg(format('live_trim(v #>> %L)', path), ', ' ORDER BY pos) AS places,
			       (array_agg(path::text ORDER BY pos))[1] AS place, (array_agg(scale ORDER BY pos))[1] AS scale,
			       (array_agg(dictionary ORDER BY pos) FILTER (WHERE dictionary IS NOT NULL))[1] AS dictionary, array_agg(path[1]) AS keys
			FROM channel_field c WHERE c.channel_id = v_channel AND c.record = v_record GROUP BY field) AS m ON m.field = f.field
		WHERE f.record = v_record
	LOOP
		-- a number that JavaScript and the like have rounded
		v_number := format('jsonb_typeof(v #> %L) = ''number''', v_field.place);
		IF v_source IS NOT NULL THEN
			SELECT format(CASE a.atttypid
				-- whatever DateStyle and TimeZone are
				WHEN 'timestamptz'::regtype THEN 'to_char((v).%I AT TIME ZONE ''UTC'', ''YYYY-MM-DD HH24:MI:SS.US"Z"'')'
				WHEN 'timestamp'::regtype THEN 'to_char((v).%I, ''YYYY-MM-DD HH24:MI:SS.US'')'
				WHEN 'date'::regtype THEN 'to_char((v).%I, ''YYYY-MM-DD'')'
				WHEN 'float8'::regtype THEN 'CASE WHEN abs((v).%1$I) <= 9007199254740992 AND (v).%1$I = trunc((v).%1$I) THEN (v).%1$I::bigint::text ELSE (v).%1$I::text END'
				ELSE 'live_trim((v).%I::text)' END, a.attname), (a.atttypid = 'float8'::regtype)::text
			INTO v_field.places, v_number
			FROM pg_attribute a WHERE a.attrelid = v_source AND a.attname = v_field.field AND a.attnum > 0 AND NOT a.attisdropped;
			v_number := coalesce(v_number, 'false');
			IF v_number = 'true' AND v_field.kind IN ('id', 'viewer') THEN
				v_floats := v_floats || format(', %L, r_%s', v_field.field, v_field.field);
			END IF;
		ELSIF plain THEN
			v_field.place := format('{%s}', v_field.field);
			v_field.places := format('live_trim(v #>> %L)', v_field.place);
			v_field.keys := ARRAY[v_field.field];
		END IF;
		CONTINUE WHEN v_field.places IS NULL AND NOT v_field.required AND NOT defaults ? v_field.field;
		v_mapped := v_mapped || v_field.keys || v_field.field::text;
		v_raw := concat_ws(', ', v_field.places, quote_literal(defaults ->> v_field.field));
		v_raw := CASE WHEN v_raw = '' THEN 'NULL::text' ELSE format('coalesce(%s)', v_raw) END;
		IF v_field.dictionary IS NOT NULL THEN
			v_raw := format('coalesce(%L::jsonb ->> live_lower(%s), %s)', v_field.dictionary, v_raw, v_raw);
		END IF;
		IF v_field.kind = 'json' THEN
			v_values := v_values || format(CASE WHEN v_source IS NULL THEN ', v #> %1$L AS %2$I' ELSE ', to_jsonb((v).%2$I) AS %2$I' END,
				v_field.place, v_field.field);
		ELSE
			v_texts := v_texts || format(', %s AS r_%s', v_raw, v_field.field);
			v_values := v_values || format(', r_%s, %s AS %I', v_field.field,
				live_parse(v_field.kind, 'r_' || v_field.field, v_tz, coalesce(v_field.scale, 1), pads), v_field.field);
			IF v_field.required THEN
				v_reasons := v_reasons || format(' WHEN r_%s IS NULL THEN ''%s is missing''', v_field.field, v_field.field);
			END IF;
			IF v_field.kind IN ('time', 'num', 'int') THEN
				v_reasons := v_reasons || format(' WHEN r_%1$s IS NOT NULL AND %1$I IS NULL THEN ''%1$s cannot be read''', v_field.field);
			ELSIF v_field.kind IN ('id', 'viewer') THEN
				v_reasons := v_reasons || format($x$ WHEN length(r_%1$s) > 200 THEN '%1$s is too long'$x$, v_field.field);
				IF plain THEN
					v_reasons := v_reasons || format($x$ WHEN r_%1$s ~ '^\d(?:\.\d+)?e\+\d+$' THEN '%1$s has lost digits'$x$, v_field.field);
				END IF;
				IF v_number <> 'false' THEN
					v_reasons := v_reasons || format($x$ WHEN %2$s AND r_%1$s ~ '^(?:\d{13,}000|\d(?:\.\d+)?e\+\d+)$' AND r_%1$s::numeric > 9007199254740992
						THEN '%1$s has lost digits'$x$, v_field.field, v_number);
				END IF;
			END IF;
		END IF;
		columns := columns || format(', %I', v_field.field);
	END LOOP;
	SELECT string_agg(format(' WHEN %s THEN %L', r.rule, r.reason), '') INTO v_raw FROM live_rules() AS r
	WHERE r.record = v_record;
	-- a rule may ask for a field that the channel does not have
	FOR v_field IN SELECT f.field FROM live_fields() AS f WHERE f.record = v_record AND strpos(columns, format(', %I', f.field)) = 0 LOOP
		v_raw := regexp_replace(v_raw, format('\m%s\M(?!'')', v_field.field), 'NULL', 'g');
	END LOOP;
	v_raw := replace(replace(v_raw, 'v_latest', quote_literal(clock_timestamp() + v_slack) || '::timestamptz'), 'v_currency', quote_literal(v_currency));
	IF v_record = 'order' AND strpos(columns, ', items') > 0 THEN
		v_raw := concat(v_raw, live_item_rule(target, v_channel));
	END IF;
	IF v_source IS NULL THEN
		SELECT format('jsonb_strip_nulls(jsonb_build_object(%s))', string_agg(format('%L, %s', substr(c.field, 2),
			live_parse('num', format('(v #>> %L)', c.path), v_tz, c.scale, pads)), ', ')) INTO snap
		FROM channel_field c WHERE c.channel_id = v_channel AND c.record = v_record AND c.field LIKE '=%' HAVING count(*) > 0;
	END IF;
	IF v_keep AND v_record = 'event' THEN
		props := format('%s - %L::text[]', CASE WHEN v_source IS NULL THEN 'v' ELSE 'to_jsonb(v)' END, v_mapped || 'channel'::text);
	END IF;
	-- a rounded id stays one in what is kept
	raw := CASE WHEN v_source IS NULL THEN 'v' WHEN v_floats = '' THEN 'to_jsonb(v)'
		ELSE format('to_jsonb(v) || jsonb_strip_nulls(jsonb_build_object(%s))', substr(v_floats, 3)) END;
	-- what is rejected is kept without the text of comments, too
	IF v_record = 'event' THEN
		SELECT coalesce(array_agg(t), '{}') INTO v_spoken FROM unnest(v_spoken) AS t
		WHERE t NOT IN (SELECT f.path[1] FROM channel_field f WHERE f.channel_id = v_channel AND f.record = 'event');
		raw := CASE WHEN v_source IS NULL THEN format('CASE jsonb_typeof(v) WHEN ''object'' THEN v - %1$L::text[] ELSE v END', v_spoken)
			ELSE format('(%s) - %L::text[]', raw, v_spoken) END;
	END IF;
	query := format('SELECT *, CASE%s%s%s END AS reason
		FROM (SELECT i, v%s FROM (SELECT i, v%s FROM %s OFFSET 0) AS t OFFSET 0) AS p OFFSET 0',
		CASE WHEN v_source IS NULL THEN ' WHEN jsonb_typeof(v) <> ''object'' THEN ''not an object''' ELSE '' END, v_reasons, v_raw, v_values, v_texts,
		CASE WHEN v_source IS NULL THEN 'jsonb_array_elements($1) WITH ORDINALITY AS a (v, i)' ELSE '@source' END);
END
$live$;
COMMENT ON FUNCTION live_reader(name, smallint, text, jsonb, text, oid, boolean) IS
'the query by which live_ingest and live_load read records of a channel, and say why those that cannot be taken cannot';

CREATE FUNCTION live_stage_sql(target name, channel_id smallint, record text, defaults jsonb, pads text, source oid, plain boolean)
RETURNS text
LANGUAGE plpgsql STABLE PARALLEL UNSAFE COST 1000
SET search_path = pg_catalog, pg_temp
AS $live$
DECLARE
	v_reader record;
BEGIN
	EXECUTE (SELECT format('SELECT * FROM %I.live_reader($1, $2, $3, $4, $5, $6, $7)', n.nspname)
		FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'liveanalytics')
		INTO v_reader USING target, channel_id, record, defaults, pads, source, plain;
	RETURN format('INSERT INTO pg_temp.live_stage_1 (row_no, record, list, reason, good, is_event, raw, snap%s)
		SELECT i, %L, $2, reason, reason IS NULL, %L, CASE WHEN %s THEN %s %s END, %s%s FROM (%s) AS q',
		v_reader.columns, record, record = 'event',
		-- others may be rejected later on
		CASE WHEN record = 'event' THEN 'reason IS NOT NULL' ELSE 'true' END,
		v_reader.raw, 'ELSE ' || v_reader.props, coalesce(v_reader.snap, 'NULL'), v_reader.columns, v_reader.query);
END
$live$;
COMMENT ON FUNCTION live_stage_sql(name, smallint, text, jsonb, text, oid, boolean) IS
'the statement by which live_ingest reads a list of records of a channel, or live_load the rows of a relation';

CREATE FUNCTION live_item_sql(target name, channel_id smallint)
RETURNS text
LANGUAGE plpgsql STABLE PARALLEL UNSAFE COST 1000
SET search_path = pg_catalog, pg_temp
AS $live$
#variable_conflict use_column
DECLARE
	v_channel smallint := channel_id;
	v_inner text;
	v_outer text;
BEGIN
	PERFORM set_config('search_path', (SELECT format('pg_catalog, %I, %I, pg_temp', target, n.nspname)
		FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'liveanalytics'), true);
	SELECT string_agg(format('%s AS r_%s', coalesce(m.places, 'NULL::text'), f.field), ', '),
	       string_agg(format('r_%s, %s AS %I', f.field, live_parse(f.kind, 'r_' || f.field, 'UTC', coalesce(m.scale, 1), ''), f.field), ', ')
	INTO v_inner, v_outer
	FROM (VALUES ('product', 'id'), ('sku', 'id'), ('qty', 'int'), ('price', 'num'), ('paid_amt', 'num'), ('is_gift', 'word')) AS f (field, kind)
	LEFT JOIN (SELECT c.field, format('coalesce(%s)', string_agg(format('live_trim(i #>> %L)', c.path), ', ' ORDER BY c.pos)) AS places,
	             (array_agg(c.scale ORDER BY c.pos))[1] AS scale
	           FROM channel_field c WHERE c.channel_id = v_channel AND c.record = 'item' GROUP BY c.field) AS m ON m.field = f.field;
	RETURN format('(SELECT n, %s FROM (SELECT n, %s FROM jsonb_array_elements(CASE WHEN jsonb_typeof(items) = ''array'' THEN items ELSE ''[]'' END)
		WITH ORDINALITY AS x (i, n) OFFSET 0) AS y OFFSET 0)', v_outer, v_inner);
END
$live$;
COMMENT ON FUNCTION live_item_sql(name, smallint) IS
'the subquery by which live_ingest reads the items of an order of a channel';

CREATE FUNCTION live_item_rule(target name, channel_id smallint)
RETURNS text
LANGUAGE plpgsql STABLE PARALLEL UNSAFE COST 1000
SET search_path = pg_catalog, pg_temp
AS $live$
BEGIN
	PERFORM set_config('search_path', (SELECT format('pg_catalog, %I, %I, pg_temp', target, n.nspname)
		FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'liveanalytics'), true);
	RETURN format($x$ WHEN jsonb_typeof(items) NOT IN ('array', 'null') THEN 'items are not a list'
		WHEN EXISTS (SELECT FROM %s AS z WHERE product IS NULL OR qty IS NULL OR qty NOT BETWEEN 1 AND 1000000 OR length(product) > 200
			OR (price IS NULL) <> (r_price IS NULL) OR price < 0 OR (paid_amt IS NULL) <> (r_paid_amt IS NULL) OR paid_amt < 0)
		THEN 'items cannot be read'$x$, live_item_sql(target, channel_id));
END
$live$;
COMMENT ON FUNCTION live_item_rule(name, smallint) IS
'what makes live_ingest reject an order for its items';

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
	PERFORM live_check(target);
	IF channel IS NULL OR payload IS NULL THEN
		RAISE EXCEPTION 'channel and payload must not be NULL' USING ERRCODE = '22004';
	END IF;
	SELECT c.channel_id INTO v_channel FROM channel c WHERE c.code = live_ingest.channel;
	IF v_channel IS NULL THEN
		RAISE EXCEPTION 'unknown channel "%"', channel USING ERRCODE = '22023',
			HINT = format('The channels are %s. Rows of the tables channel, channel_record and channel_field make another.',
				(SELECT string_agg(c.code, ', ' ORDER BY c.channel_id) FROM channel c));
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
