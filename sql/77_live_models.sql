-- Models of the live-commerce schema: who buys, and who comes back. Features of
-- a viewer are what was known at the start of a business day, the cut; outcomes
-- are what happened in the days from the cut on. Training and the view of scores
-- share one definition of the features.

CREATE FUNCTION live_feature_sql(cut text)
RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $live$
BEGIN
	-- nothing that is computed over all days, such as seq_entered, and no refund:
	-- those could know what happened after the cut
	RETURN replace($sql$SELECT v.viewer_id, v.streams_cnt, v.active_days, v.days_since_first, v.days_since_last, v.watch_s, v.views_cnt, v.comments_cnt, v.likes_cnt,
	v.shares_cnt, v.follows_cnt, v.product_show_cnt, v.product_click_cnt, coalesce(o.pay_order_cnt, 0) AS pay_order_cnt, coalesce(o.gmv_pay, 0) AS gmv_pay,
	coalesce(o.pay_recency, 0) AS pay_recency
FROM (SELECT viewer_id, count(DISTINCT stream_id) AS streams_cnt, count(DISTINCT biz_date) AS active_days, CUT - min(biz_date) AS days_since_first,
		CUT - max(biz_date) AS days_since_last, sum(watch_s) AS watch_s, sum(views_cnt)::bigint AS views_cnt, sum(comments_cnt)::bigint AS comments_cnt,
		sum(likes_cnt)::bigint AS likes_cnt, sum(shares_cnt)::bigint AS shares_cnt, sum(follows_cnt)::bigint AS follows_cnt,
		sum(product_show_cnt)::bigint AS product_show_cnt, sum(product_click_cnt)::bigint AS product_click_cnt
	FROM roll_viewer WHERE biz_date < CUT GROUP BY viewer_id
	HAVING sum(views_cnt) > 0 OR sum(watch_s) > 0 OR sum(comments_cnt + likes_cnt + shares_cnt) > 0) AS v
LEFT JOIN (SELECT o.viewer_id, count(*) AS pay_order_cnt, sum(o.paid_amt) AS gmv_pay,
		1.0 / (CUT - max(((o.paid_ts AT TIME ZONE t.stats_tz) - t.day_cut)::date)) AS pay_recency
	FROM orders o CROSS JOIN setting t WHERE o.viewer_id IS NOT NULL AND o.paid_ts < (CUT + t.day_cut) AT TIME ZONE t.stats_tz
	GROUP BY o.viewer_id) AS o ON o.viewer_id = v.viewer_id$sql$, 'CUT', cut);
END
$live$;
COMMENT ON FUNCTION live_feature_sql(text) IS
'the query that gives what was known of each viewer at the start of a business day, for live_train and viewer_feature';

CREATE FUNCTION live_score_sql(part text, model text)
RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $live$
DECLARE
	v_names text := 'streams_cnt, active_days, days_since_first, days_since_last, watch_s, views_cnt, comments_cnt, likes_cnt, shares_cnt, follows_cnt, product_show_cnt, product_click_cnt, pay_order_cnt, gmv_pay, pay_recency';
	v_forest text := 'ARRAY[' || regexp_replace(v_names, '(\w+)', 'f.\1', 'g') || ']::float8[]';
	-- a forest does not care for the scale of counts with heavy tails, a regression does
	v_logreg text := 'ARRAY[' || regexp_replace(v_names, '(\w+)', 'ln(1 + f.\1)', 'g') || ']::float8[]';
BEGIN
	-- f has the features; the model is an expression, taken once for all rows
	RETURN CASE part
	WHEN 'names' THEN v_names
	WHEN 'forest features' THEN v_forest
	WHEN 'logreg features' THEN v_logreg
	WHEN 'forest' THEN format($sql$(rf_predict_proba((SELECT %s), %s))[(SELECT array_position(rf_classes(%1$s), 'true'))]$sql$, model, v_forest)
	WHEN 'logreg' THEN format($sql$logreg_predict((SELECT convert_from(%s, 'UTF8')::logreg), %s)$sql$, model, v_logreg)
	END;
END
$live$;
COMMENT ON FUNCTION live_score_sql(text, text) IS
'names of the features, and the expressions that make the array for a kind of model, or its score, out of them';

CREATE FUNCTION live_train_options(given jsonb)
RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $live$
DECLARE
	v_given jsonb := coalesce(given, '{}');
	v_key text;
	v_value jsonb;
	v_allowed text;
BEGIN
	IF jsonb_typeof(v_given) <> 'object' THEN
		RAISE EXCEPTION 'options must be a JSON object, not %', jsonb_typeof(v_given) USING ERRCODE = '22023';
	END IF;
	FOR v_key, v_value IN SELECT * FROM jsonb_each(v_given) LOOP
		v_allowed := CASE v_key
			WHEN 'kind' THEN CASE WHEN v_value NOT IN ('"forest"', '"logreg"') THEN '"forest" or "logreg"' END
			WHEN 'split' THEN CASE WHEN v_value NOT IN ('"time"', '"viewer"') THEN '"time" or "viewer"' END
			WHEN 'compare' THEN CASE WHEN v_value NOT IN ('"log_loss"', '"roc_auc"', '"accuracy"') THEN '"log_loss", "roc_auc" or "accuracy"' END
			WHEN 'cut' THEN CASE WHEN jsonb_typeof(v_value) <> 'string' OR v_value #>> '{}' !~ '^\d{4}-\d\d-\d\d$' THEN 'a day as YYYY-MM-DD' END
			WHEN 'days' THEN CASE WHEN jsonb_typeof(v_value) <> 'number' OR v_value #>> '{}' !~ '^\d{1,3}$' OR v_value NOT BETWEEN '1' AND '366'
				THEN 'a whole number from 1 to 366' END
			WHEN 'test_fraction' THEN CASE WHEN jsonb_typeof(v_value) <> 'number' OR v_value NOT BETWEEN '0.05' AND '0.5' THEN 'a number from 0.05 to 0.5' END
			WHEN 'model' THEN CASE WHEN jsonb_typeof(v_value) <> 'object' THEN 'an object of options for the training' END
			ELSE 'unknown' END;
		IF v_allowed = 'unknown' THEN
			RAISE EXCEPTION 'unknown option "%"', v_key USING ERRCODE = '22023',
				HINT = 'The options are kind, cut, days, split, test_fraction, compare, model.';
		ELSIF v_allowed IS NOT NULL THEN
			RAISE EXCEPTION 'option "%" must be %, not %', v_key, v_allowed, v_value USING ERRCODE = '22023';
		END IF;
	END LOOP;
	v_given := '{"kind": "forest", "days": 7, "split": "time", "test_fraction": 0.2, "compare": "log_loss", "model": {}}' || v_given;
	RETURN v_given || jsonb_build_object('model',
		CASE v_given ->> 'kind' WHEN 'forest' THEN jsonb '{"trees": 100, "min_leaf": 50, "seed": 42}' ELSE '{"l2": 1}' END || (v_given -> 'model'));
END
$live$;
COMMENT ON FUNCTION live_train_options(jsonb) IS
'the options of live_train, checked, with defaults for what was not given';

CREATE FUNCTION live_train_sample(target name, name text, options jsonb, data_as_of timestamptz)
RETURNS date
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $live$
#variable_conflict use_variable
DECLARE
	v_days int := options ->> 'days';
	v_cut date := options ->> 'cut';
	v_from date;
	v_side text;
	v_verb text;
	v_least bigint;
	v_count bigint;
	v_positive bigint;
BEGIN
	PERFORM set_config('search_path', (SELECT format('pg_catalog, %I, %I, pg_temp', target, n.nspname)
		FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'liveanalytics'), true);
	-- the days from the cut on must be over; the last whole one with viewers ends them
	IF v_cut IS NULL THEN
		SELECT max(r.biz_date) - v_days + 1 INTO v_cut FROM roll_viewer r CROSS JOIN setting t
		WHERE (r.views_cnt > 0 OR r.watch_s > 0) AND (r.biz_date + 1 + t.day_cut) AT TIME ZONE t.stats_tz <= data_as_of;
	END IF;
	IF v_cut IS NULL THEN
		RAISE EXCEPTION 'there is no whole day with viewers to learn from' USING ERRCODE = '55000';
	END IF;
	IF (SELECT (v_cut + v_days + t.day_cut) AT TIME ZONE t.stats_tz > data_as_of FROM setting t) THEN
		RAISE EXCEPTION 'the days from % to % are not over in the data, which is as of %', v_cut, v_cut + v_days - 1, data_as_of
			USING ERRCODE = '22023', HINT = 'Choose an earlier "cut" or fewer "days", or CALL live_refresh first.';
	END IF;
	FOREACH v_side IN ARRAY '{train,test}'::text[] LOOP
		v_from := CASE WHEN v_side = 'train' AND options ->> 'split' = 'time' THEN v_cut - v_days ELSE v_cut END;
		EXECUTE format('%s SELECT %L AS side, f.*, %s AS actual FROM (%s) AS f WHERE train_test_split(f.viewer_id, %L::float8) = %2$L',
			CASE v_side WHEN 'train' THEN 'CREATE TEMP TABLE live_sample ON COMMIT DROP AS' ELSE 'INSERT INTO pg_temp.live_sample' END, v_side,
			format(CASE name WHEN 'purchase' THEN
				'EXISTS (SELECT FROM orders o CROSS JOIN setting t WHERE o.viewer_id = f.viewer_id AND o.paid_ts >= (%1$L::date + t.day_cut) AT TIME ZONE t.stats_tz
				  AND o.paid_ts < (%2$L::date + t.day_cut) AT TIME ZONE t.stats_tz)'
			ELSE 'EXISTS (SELECT FROM roll_viewer r WHERE r.viewer_id = f.viewer_id AND r.biz_date >= %1$L AND r.biz_date < %2$L AND (r.views_cnt > 0 OR r.watch_s > 0))'
			END, v_from, v_from + v_days),
			live_feature_sql(format('%L::date', v_from)), options ->> 'test_fraction');
		EXECUTE 'SELECT count(*), count(*) FILTER (WHERE actual) FROM pg_temp.live_sample WHERE side = $1' INTO v_count, v_positive USING v_side;
		v_verb := CASE v_side WHEN 'train' THEN 'learn from' ELSE 'judge by' END;
		v_least := CASE v_side WHEN 'train' THEN 50 ELSE 20 END;
		IF v_count < v_least THEN
			RAISE EXCEPTION 'too few viewers to %: % were seen before %, at least % are needed', v_verb, v_count, v_from, v_least
				USING ERRCODE = '55000', HINT = 'A later "cut", fewer "days" or the "split" by "viewer" leave more history.';
		END IF;
		IF v_positive IN (0, v_count) THEN
			RAISE EXCEPTION '% of the % viewers to % % from % to %: there is nothing to tell apart', CASE v_positive WHEN 0 THEN 'none' ELSE 'all' END, v_count, v_verb,
				CASE name WHEN 'purchase' THEN 'bought' ELSE 'watched' END, v_from, v_from + v_days - 1
				USING ERRCODE = '55000', HINT = 'Choose another "cut" or other "days".';
		END IF;
	END LOOP;
	RETURN v_cut;
END
$live$;
COMMENT ON FUNCTION live_train_sample(name, text, jsonb, timestamptz) IS
'makes the temporary table of viewers to learn from and to judge by, for live_train, and gives the cut';

CREATE FUNCTION live_train_metrics(target name, kind text, model bytea)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000
SET search_path = pg_catalog, pg_temp
AS $live$
DECLARE
	v_metrics jsonb;
BEGIN
	PERFORM set_config('search_path', (SELECT format('pg_catalog, %I, %I, pg_temp', target, n.nspname)
		FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'liveanalytics'), true);
	EXECUTE format($sql$
		SELECT jsonb_build_object('accuracy', accuracy(actual, score >= 0.5), 'roc_auc', roc_auc(actual, score), 'pr_auc', pr_auc(actual, score),
			'log_loss', log_loss(actual, score), 'brier_score', brier_score(actual, score), 'confusion', confusion_matrix(actual::text, (score >= 0.5)::text),
			'classes', classification_report(actual::text, (score >= 0.5)::text),
			'true_positive', count(*) FILTER (WHERE actual AND score >= 0.5), 'false_positive', count(*) FILTER (WHERE NOT actual AND score >= 0.5),
			'false_negative', count(*) FILTER (WHERE actual AND score < 0.5), 'true_negative', count(*) FILTER (WHERE NOT actual AND score < 0.5))
		FROM (SELECT actual, %s AS score FROM pg_temp.live_sample f WHERE side = 'test' OFFSET 0) AS s$sql$, live_score_sql(kind, '$1'))
	INTO v_metrics USING model;
	RETURN v_metrics;
END
$live$;
COMMENT ON FUNCTION live_train_metrics(name, text, bytea) IS
'how well a model predicts the held-out viewers of live_train';

CREATE FUNCTION live_train(target name, name text DEFAULT 'purchase', options jsonb DEFAULT '{}',
  OUT version int, OUT kind text, OUT is_current boolean, OUT rows bigint, OUT test_rows bigint, OUT accuracy float8, OUT majority_accuracy float8,
  OUT roc_auc float8, OUT log_loss float8, OUT previous_version int, OUT previous_roc_auc float8, OUT previous_log_loss float8)
RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $live$
#variable_conflict use_column
DECLARE
	v_name text := name;
	v_options jsonb;
	v_compare text;
	v_sign int;
	v_as_of timestamptz;
	v_cut date;
	v_model bytea;
	v_metrics jsonb;
	v_before jsonb;
	v_old record;
BEGIN
	-- in one piece, as each step needs what the one before found: check, learn,
	-- judge, compare with the current version, store
	IF target IS NULL THEN
		RAISE EXCEPTION 'name of the schema must not be NULL' USING ERRCODE = '22004';
	END IF;
	PERFORM set_config('search_path', (SELECT format('pg_catalog, %I, %I, pg_temp', target, n.nspname)
		FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'liveanalytics'), true);
	PERFORM live_check(target);
	IF to_regclass(format('%I.model', target)) IS NULL THEN
		RAISE EXCEPTION 'schema "%" has no table of models', target USING ERRCODE = '42P01', HINT = format('SELECT live_upgrade(%L) makes it.', target);
	END IF;
	IF v_name IS NULL THEN
		RAISE EXCEPTION 'name of the model must not be NULL' USING ERRCODE = '22004';
	END IF;
	IF v_name NOT IN ('purchase', 'return') THEN
		RAISE EXCEPTION 'unknown model "%"', v_name USING ERRCODE = '22023', HINT = 'The models are purchase and return.';
	END IF;
	v_options := live_train_options(options);
	kind := v_options ->> 'kind';
	-- one training of a name at a time: the next is compared with what this one leaves
	PERFORM pg_advisory_xact_lock(hashtext('liveanalytics model ' || v_name), quote_ident(target)::regnamespace::oid::int);
	SELECT data_as_of INTO v_as_of FROM refresh_state;
	IF v_as_of IS NULL THEN
		RAISE EXCEPTION 'the rollups of schema "%" have never been refreshed', target
			USING ERRCODE = '55000', HINT = format('CALL live_refresh(%L) fills them.', target);
	END IF;
	v_cut := live_train_sample(target, v_name, v_options, v_as_of);
	EXECUTE format(CASE kind WHEN 'forest' THEN $sql$SELECT rf_train(actual, %s, $1) FROM pg_temp.live_sample f WHERE side = 'train'$sql$
		ELSE $sql$SELECT convert_to(logreg_fit(actual, %s, $1)::text, 'UTF8') FROM pg_temp.live_sample f WHERE side = 'train'$sql$ END,
		live_score_sql(kind || ' features', '')) INTO v_model USING v_options -> 'model';
	v_metrics := live_train_metrics(target, kind, v_model);
	-- beside it what needs no model: the more frequent answer, and the share of those learned from
	EXECUTE $sql$
		SELECT train_rows, test_rows, greatest(test_positive, test_rows - test_positive)::float8 / test_rows,
		       jsonb_build_object('train_positive', train_positive, 'test_positive', test_positive,
		         'base_log_loss', -(test_positive * ln(share) + (test_rows - test_positive) * ln(1 - share)) / test_rows)
		FROM (SELECT *, train_positive::float8 / train_rows AS share
		      FROM (SELECT count(*) FILTER (WHERE side = 'train') AS train_rows, count(*) FILTER (WHERE side = 'test') AS test_rows,
		                   count(*) FILTER (WHERE side = 'train' AND actual) AS train_positive, count(*) FILTER (WHERE side = 'test' AND actual) AS test_positive
		            FROM pg_temp.live_sample) AS c) AS s$sql$ INTO rows, test_rows, majority_accuracy, v_before;
	v_metrics := v_metrics || v_before || jsonb_build_object('majority_accuracy', majority_accuracy);
	is_current := true;
	SELECT m.* INTO v_old FROM model m WHERE m.name = v_name AND m.is_current;
	IF v_old.features = string_to_array(live_score_sql('names', ''), ', ') THEN
		v_before := live_train_metrics(target, v_old.kind, v_old.model);
		v_compare := v_options ->> 'compare';
		v_sign := CASE v_compare WHEN 'log_loss' THEN -1 ELSE 1 END;
		is_current := v_sign * (v_metrics ->> v_compare)::float8 >= v_sign * (v_before ->> v_compare)::float8;
		previous_version := v_old.version;
		previous_roc_auc := v_before ->> 'roc_auc';
		previous_log_loss := v_before ->> 'log_loss';
		v_metrics := v_metrics || jsonb_build_object('previous', v_before || jsonb_build_object('version', v_old.version));
	END IF;
	accuracy := v_metrics ->> 'accuracy';
	roc_auc := v_metrics ->> 'roc_auc';
	log_loss := v_metrics ->> 'log_loss';
	BEGIN
		IF is_current THEN
			UPDATE model m SET is_current = false WHERE m.name = v_name AND m.is_current;
		END IF;
		SELECT coalesce(max(m.version), 0) + 1 INTO version FROM model m WHERE m.name = v_name;
		EXECUTE 'INSERT INTO model (name, version, kind, is_current, data_as_of, cut, days, rows, test_rows, options, features, metrics, model)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)'
		USING v_name, version, kind, is_current, v_as_of, v_cut, (v_options ->> 'days')::int, rows, test_rows, v_options,
			string_to_array(live_score_sql('names', ''), ', '), v_metrics, v_model;
	EXCEPTION WHEN unique_violation OR exclusion_violation THEN
		-- the snapshot of this transaction is older than the end of another training
		RAISE EXCEPTION 'model "%" was trained by another transaction meanwhile', v_name USING ERRCODE = '40001';
	END;
	DROP TABLE pg_temp.live_sample;
END
$live$;
COMMENT ON FUNCTION live_train(name, text, jsonb) IS
'trains a model on what viewers did before a day and from it on, judges it by viewers held out, and stores a new version, current unless it is worse';
