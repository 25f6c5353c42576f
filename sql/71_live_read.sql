-- Reading, for live_ingest and live_load: what records have, the expressions that
-- read a value, and the query, made from the channel's mapping, that reads records
-- and says why those that cannot be taken cannot.

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
