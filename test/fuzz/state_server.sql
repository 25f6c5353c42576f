-- What state_server.sh attacks: seeds to damage, and all that can be done with
-- what comes of them.
CREATE EXTENSION liveanalytics;
SET client_min_messages = error;

CREATE TABLE seed (subject text, value bytea);
CREATE TABLE subject (name text, form text, statement text);
CREATE TABLE result (subject text, answer text, n bigint);

-- An expression over "v" that fails in one of the ways in which a function may
-- refuse a value is as good as one that answers; one that is false is not.
CREATE FUNCTION make_use(name text, type text, expressions text[], refusals text[] DEFAULT '{22P03,XX001}') RETURNS void LANGUAGE plpgsql AS $make$
DECLARE
  body text := '';
  e text;
BEGIN
  FOREACH e IN ARRAY expressions LOOP
    body := body || format($$
      BEGIN
        IF NOT coalesce((SELECT %s), true) THEN RETURN 'false: ' || %L; END IF;
      EXCEPTION WHEN OTHERS THEN
        IF SQLSTATE <> ALL ('{22003,22004,2202E,22023,0A000,22008,54000}'::text[] || %L::text[]) THEN RETURN SQLSTATE || ' of ' || %L; END IF;
        refused := true;
      END;$$, e, e, refusals, e);
  END LOOP;
  EXECUTE format('CREATE FUNCTION %I(v %s) RETURNS text LANGUAGE plpgsql AS %L', name, type, 'DECLARE refused boolean := false; BEGIN' || body || ' RETURN CASE WHEN refused THEN ''refused in part'' ELSE ''answered'' END; END');
END $make$;

-- bytes that can be taken for a value of any type
CREATE TYPE raw;
CREATE FUNCTION raw_in(cstring) RETURNS raw LANGUAGE internal IMMUTABLE STRICT AS 'byteain';
CREATE FUNCTION raw_out(raw) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'byteaout';
CREATE FUNCTION raw_recv(internal) RETURNS raw LANGUAGE internal IMMUTABLE STRICT AS 'bytearecv';
CREATE FUNCTION raw_send(raw) RETURNS bytea LANGUAGE internal IMMUTABLE STRICT AS 'byteasend';
CREATE TYPE raw (INPUT = raw_in, OUTPUT = raw_out, RECEIVE = raw_recv, SEND = raw_send, ALIGNMENT = double, STORAGE = extended);

-- A type: its text, its binary form, and what is stored, which only a cast that
-- a superuser makes gets past the input function. Of that, safety is asked, and
-- not that it is right.
CREATE FUNCTION make_type(type text, seeds text[], expressions text[]) RETURNS void LANGUAGE plpgsql AS $make$
DECLARE
  whole text[] := ARRAY[
    format('v::text::%s::text = v::text', type),
    format('%1$s_send(v::text::%1$s) = %1$s_send(v)', type)];
  safe text[];
  s text;
BEGIN
  SELECT array_agg(format('num_nulls((%s)) >= 0', e)) INTO safe FROM unnest(whole || expressions) e;
  EXECUTE format('CREATE CAST (raw AS %1$s) WITHOUT FUNCTION; CREATE CAST (%1$s AS raw) WITHOUT FUNCTION', type);
  PERFORM make_use('use_' || type, type, whole || expressions, '{}'), make_use('stored_' || type, type, safe, '{22P02,22P03,XX001}');
  INSERT INTO subject VALUES (type || '-text', 'text', format('SELECT use_%1$s($1::%1$s)', type)),
    (type || '-binary', 'binary', format('SELECT use_%1$s($1::%1$s)', type)),
    (type || '-stored', 'binary', format('SELECT stored_%1$s($1::raw::%1$s)', type));
  FOREACH s IN ARRAY seeds LOOP
    EXECUTE format($$INSERT INTO seed
      SELECT %1$L || '-text', convert_to(v::text, 'UTF8') FROM (%2$s) s(v) UNION ALL
      SELECT %1$L || '-binary', %1$s_send(v) FROM (%2$s) s(v) UNION ALL
      SELECT %1$L || '-stored', raw_send(v::raw) FROM (%2$s) s(v)$$, type, s);
  END LOOP;
END $make$;

-- A state that is a bytea, as an aggregate's support functions take it.
CREATE FUNCTION make_state(name text, seeds text[], expressions text[]) RETURNS void LANGUAGE plpgsql AS $make$
DECLARE
  s text;
BEGIN
  PERFORM make_use('use_' || name, 'bytea', expressions);
  INSERT INTO subject VALUES (name || '-state', 'binary', format('SELECT use_%s($1::bytea)', name));
  FOREACH s IN ARRAY seeds LOOP
    EXECUTE format('INSERT INTO seed SELECT %L, v FROM (%s) s(v)', name || '-state', s);
  END LOOP;
END $make$;

CREATE TABLE point AS
SELECT i, (i * 37 % 101) / 7.0 AS x1, (i * i % 31) / 3.0 AS x2, i % 17 - 5.5 + i * 37 % 101 AS y, 0.5 + i % 3 AS w, i % 3 = 0 OR i % 7 = 1 AS hit,
  chr(97 + i % 4) AS word, timestamptz '2026-03-01 12:00+00' + i * interval '7 minutes' AS ts
FROM generate_series(1, 60) i;

-- the numbers of an array, which are to be finite
CREATE FUNCTION finite(x float8[]) RETURNS boolean LANGUAGE sql AS $$ SELECT bool_and(abs(v) <= 1.8e308 AND v <> 'Infinity' AND v <> '-Infinity' AND v <> 'NaN') FROM unnest(x) v $$;

-- --- models ------------------------------------------------------------------------

SELECT make_type('linreg',
  ARRAY['SELECT linreg_fit(y, x1) FROM point WHERE i <= 5', 'SELECT linreg_fit(y, ARRAY[x1, x2]) FROM point', 'SELECT linreg_fit(y, ARRAY[x1, x2, x1], w) FROM point',
    'SELECT linreg_fit_origin(y, x1) FROM point', 'SELECT linreg_fit(1e140 * y, 1e-140 * x1) FROM point', 'SELECT linreg_fit(NULL::float8, x1) FROM point'],
  ARRAY['finite(linreg_coef(v))', 'linreg_predict(v, 0.5) NOT IN (''NaN'', ''Infinity'', ''-Infinity'')', 'linreg_predict(v, array_fill(0.5::float8, ARRAY[cardinality(linreg_coef(v)) - 1])) NOT IN (''NaN'', ''Infinity'', ''-Infinity'')',
    'num_nulls(linreg_interval(v, array_fill(2::float8, ARRAY[cardinality(linreg_coef(v)) - 1]), 0.9)) >= 0', 'num_nulls(linreg_stats(v)) >= 0', '(SELECT count(*) >= 0 FROM linreg_terms(v))',
    'linreg_combine(v, v)::text::linreg::text = linreg_combine(v, v)::text',
    'linreg_accum(v, 1e200, 2)::text::linreg IS NOT NULL', 'linreg_accum(v, -1, ARRAY[2, 3])::text::linreg IS NOT NULL', 'linreg_accum(v, 1, 2, 0.5)::text::linreg IS NOT NULL', 'linreg_accum_origin(v, 1, 2)::text::linreg IS NOT NULL',
    '(SELECT rollup(m) FROM (VALUES (v), (v), (NULL)) s(m))::text::linreg IS NOT NULL']);

SELECT make_type('logreg',
  ARRAY['SELECT logreg_fit(hit, ARRAY[x1, x2]) FROM point', 'SELECT logreg_fit(word, ARRAY[x1, x2]) FROM point', 'SELECT logreg_fit(i > 30, ARRAY[i::float8]) FROM point', 'SELECT logreg_fit(true, ARRAY[x1]) FROM point'],
  ARRAY['logreg_predict(v, array_fill(0.5::float8, ARRAY[(v::text::jsonb ->> ''features'')::int])) BETWEEN 0 AND 1', 'logreg_predict_class(v, array_fill(0.5::float8, ARRAY[(v::text::jsonb ->> ''features'')::int])) = ANY (logreg_classes(v))',
    'abs(1 - (SELECT sum(p) FROM unnest(logreg_predict_proba(v, array_fill(1e300::float8, ARRAY[(v::text::jsonb ->> ''features'')::int]))) p)) < 1e-9', 'logreg_predict(v, ''{1}'') BETWEEN 0 AND 1',
    'num_nulls(logreg_stats(v)) >= 0', '(SELECT count(*) >= 0 FROM logreg_terms(v))', 'cardinality(logreg_classes(v)) >= 0']);

SELECT make_type('kmeans',
  ARRAY['SELECT kmeans_fit(ARRAY[x1, x2], 3) FROM point', 'SELECT kmeans_fit(ARRAY[x1], 11, ''{"standardize": true}'') FROM point',
    'SELECT kmeans_fit(ARRAY[NULL::float8], 2) FROM point'],
  ARRAY['kmeans_predict(v, array_fill(0.5::float8, ARRAY[(v::text::jsonb ->> ''features'')::int])) BETWEEN 1 AND (SELECT count(*) FROM kmeans_centroids(v))', 'kmeans_predict(v, ''{1e300, -1e300}'') >= 1', 'num_nulls(kmeans_stats(v)) >= 0',
    'abs((SELECT kmeans_silhouette(v, x) FROM (VALUES (array_fill(0.5::float8, ARRAY[(v::text::jsonb ->> ''features'')::int])), (array_fill(9::float8, ARRAY[(v::text::jsonb ->> ''features'')::int]))) s(x))) <= 1',
    '(SELECT bool_and(finite(centroid) AND size >= 0) FROM kmeans_centroids(v))']);

-- --- figures ------------------------------------------------------------------------

SELECT make_type('error_sums',
  ARRAY['SELECT error_accum(error_accum(NULL, 1::float8, 2), 3, 3.5)', 'SELECT error_accum(error_accum(NULL, 1e308::float8, -1e308), 1e-300, 0)', 'SELECT error_accum(error_accum(NULL, true, 0.25), false, 0.5)',
    'SELECT error_accum(NULL, ''x'', ''{0.25, 0.75}'', ''{x, y}'')'],
  ARRAY['error_combine(v, v)::text::error_sums::text = error_combine(v, v)::text', 'error_accum(v, 1::float8, 2)::text::error_sums IS NOT NULL', 'error_accum(v, 1e308::float8, -1e308)::text::error_sums IS NOT NULL', 'error_accum(v, true, 0.25)::text::error_sums IS NOT NULL',
    'error_combine(error_accum(NULL, 1e308::float8, -1e308), v)::text::error_sums IS NOT NULL', 'error_combine(v, error_accum(NULL, 1e308::float8, -1e308))::text::error_sums IS NOT NULL',
    'error_accum(v, ''x'', ''{0.25, 0.75}'', ''{x, y}'')::text::error_sums IS NOT NULL', 'rmse_final(v) >= 0', 'mae_final(v) >= 0', 'mape_final(v) >= 0', 'r2_score_final(v) <= 1', 'log_loss_final(v) >= 0', 'brier_score_final(v) >= 0']);

SELECT make_type('confusion',
  ARRAY['SELECT confusion_accum(NULL, ''a'', ''b'')', 'SELECT confusion_accum(confusion_accum(confusion_accum(NULL, ''a'', ''b''), ''b'', ''a''), ''ccc'', '''')', 'SELECT ''{"labels": [], "cells": []}''::confusion',
    'SELECT ''{"labels": ["a", "b", "c", "d", "e", "\u00e9"], "cells": [[0, 0, 5], [1, 0, 7], [2, 2, 9223372036854775000], [5, 3, 1]]}''::confusion'],
  ARRAY['confusion_combine(v, v)::text::confusion::text = confusion_combine(v, v)::text', 'confusion_accum(v, ''zz'', ''yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy'')::text::confusion IS NOT NULL', '(SELECT bool_and(n >= 0) FROM confusion_matrix_rows(confusion_matrix_final(v)))',
    '(SELECT bool_and(f1 BETWEEN 0 AND 1 AND support >= 0) FROM classification_report_rows(classification_report_final(v)))', 'cardinality(levels_final(v)) >= 0', 'levels_accum(v, ''x'')::text::confusion IS NOT NULL', 'confusion_combine(NULL, v)::text = v::text']);

-- --- behaviour over time --------------------------------------------------------------

SELECT make_type('funnel_events',
  ARRAY['SELECT funnel_accum(funnel_accum(NULL, now(), ''1 hour'', ''{t,f,t}''::boolean[]), now() - interval ''1 day'', ''1 hour'', ''{f,t,f}''::boolean[])', 'SELECT funnel_accum(funnel_accum(NULL, ''2026-01-01'', ''1 hour'', 3), ''2026-01-02'', ''1 hour'', 2)',
    'SELECT funnel_accum_key(funnel_accum_key(NULL, ''2026-01-01'', ''1 hour'', 5::bigint, ''{t,f}''::boolean[]), ''2026-01-01'', ''1 hour'', -5::bigint, ''{f,t}''::boolean[])',
    'SELECT funnel_accum_key(funnel_accum_key(NULL, ''2026-01-01'', ''1 hour'', ''k1''::text, ''{t,f}''::boolean[]), ''2026-01-01'', ''1 hour'', ''''::text, ''{f,t}''::boolean[])',
    'SELECT funnel_accum_opt(funnel_accum_opt(NULL, ''2026-01-01'', ''1 hour'', ''strict_order,strict_once'', ''{t,f}''::boolean[]), ''2026-01-01'', ''1 hour'', ''strict_order,strict_once'', ''{f,f}''::boolean[])'],
  ARRAY['funnel_combine(v, v)::text::funnel_events::text = funnel_combine(v, v)::text', 'window_funnel_final(v) BETWEEN 0 AND 64', 'funnel_match_final(v) BETWEEN 0 AND 64', 'funnel_completions_final(v) >= 0', 'cardinality(funnel_times_final(v)) BETWEEN 0 AND 64',
    'funnel_accum(v, now(), ''1 hour'', ''{t,f,t}''::boolean[])::text::funnel_events IS NOT NULL', 'funnel_accum(v, now(), ''1 hour'', 3)::text::funnel_events IS NOT NULL', 'funnel_accum_key(v, now(), ''1 hour'', ''k''::text, ''{t,f}''::boolean[])::text::funnel_events IS NOT NULL']);

SELECT make_type('path_state',
  ARRAY['SELECT path_accum(path_accum(path_accum(NULL, ''2026-01-01'', ''home'', ''30 min'', 5), ''2026-01-01 00:05'', ''cart'', ''30 min'', 5), ''2026-01-01 00:01'', ''item'', ''30 min'', 5)',
    'SELECT ''{"format": 1, "gap": 5, "depth": 4, "start": "a", "reverse": true, "collapse": true, "events": [[0, "a"], [3, "b"], [3, "b"], [9, "a"], [100, ""]]}''::path_state'],
  ARRAY['path_combine(v, v)::text::path_state::text = path_combine(v, v)::text', '(SELECT bool_and(pos >= 1) FROM unnest(path_edges_final(v)))', 'path_accum(v, now(), ''x'', ''30 min'', 5)::text::path_state IS NOT NULL']);

SELECT make_type('sequence_state',
  ARRAY['SELECT sequence_accum(sequence_accum(NULL, ''(?1)(?2)'', ''2026-01-01'', true, false), ''(?1)(?2)'', ''2026-01-02'', false, true)',
    'SELECT ''{"format": 1, "pattern": "(?1).*(?2)(?t<=5)(?1)", "conditions": 9, "events": [[0, 1], [5000000, 2], [9000000, 257]]}''::sequence_state'],
  ARRAY['sequence_combine(v, v)::text::sequence_state::text = sequence_combine(v, v)::text', 'sequence_match_final(v) = (sequence_count_final(v) > 0)', 'cardinality(sequence_times_final(v)) >= 0',
    'sequence_accum(v, ''(?1)(?2)'', now(), true, false)::text::sequence_state IS NOT NULL']);

SELECT make_type('viewer_set',
  ARRAY['SELECT ''{}''::viewer_set', 'SELECT ''{1,5-9,70000,4294967296-4294967300}''::viewer_set', 'SELECT ''{0-65535}''::viewer_set', 'SELECT viewer_set_agg(i * step) FROM generate_series(1, 5000) i, unnest(''{1,2,9,700}''::bigint[]) step GROUP BY step'],
  ARRAY['cardinality(v | ''{3,70000,5000000}'') + cardinality(v & ''{3,70000,5000000}'') = cardinality(v) + 3', '(v - ''{3,70000,5000000}'') | (v & ''{3,70000,5000000}'') = v', 'v @> 3 = (cardinality(v & ''{3}'') = 1)', 'viewer_set_union(v, v) = v',
    'viewer_set_from_roaring(viewer_set_to_roaring(v)) = v', 'cardinality(viewer_set_final(viewer_set_accum(v, 5))) >= 1', 'cardinality(v) > 100000 OR (SELECT count(*) = cardinality(v) AND coalesce(viewer_set_agg(m), ''{}'') = v FROM viewer_set_members(v) m)',
    '(SELECT viewer_set_union_agg(s) FROM (VALUES (v), (v)) x(s)) = v', '(SELECT viewer_set_intersect_agg(s) FROM (VALUES (v), (v)) x(s)) = v']);
INSERT INTO subject VALUES ('viewer_set-roaring', 'binary', 'SELECT use_viewer_set(viewer_set_from_roaring($1::bytea))');
INSERT INTO seed SELECT 'viewer_set-roaring', viewer_set_to_roaring(s::viewer_set)
FROM unnest(ARRAY['{}', '{1}', '{1-9}', '{1,3,5,70000-70100,200000}', '{1-20,100000-100020,200000-200020,300000-300020}', '{0-65535}']) s;

SELECT make_state('watch_time', ARRAY['SELECT watch_time_accum(watch_time_accum(NULL, ''2026-01-01'', ''2026-01-02''), ''2026-01-03'', ''2026-01-04'')', 'SELECT watch_time_accum(NULL, ''2026-01-01'', ''2026-01-02'')'],
  ARRAY['watch_time_final(v) IS NOT NULL', 'watch_time_final(watch_time_combine(v, v)) IS NOT NULL', 'watch_time_final(watch_time_accum(v, ''2026-01-01'', ''2026-01-02'')) IS NOT NULL', 'watch_time_final(watch_time_combine(NULL, v)) IS NOT NULL']);
SELECT make_state('concurrency_peak', ARRAY['SELECT concurrency_peak_accum(concurrency_peak_accum(NULL, ''2026-01-01'', NULL), ''2026-01-03'', ''2026-01-04'')'],
  ARRAY['(SELECT bool_and(peak >= 0) FROM (SELECT (concurrency_peak_final(v)).*) s)', 'num_nulls(concurrency_peak_final(concurrency_peak_combine(v, v))) >= 0', 'num_nulls(concurrency_peak_final(concurrency_peak_accum(v, ''2026-01-01'', NULL))) >= 0']);
SELECT make_state('concurrency_avg', ARRAY['SELECT concurrency_avg_accum(NULL, ''2026-01-01'', ''2026-01-02'', ''2026-01-01'', ''2026-02-01'')'],
  ARRAY['concurrency_avg_final(v) >= 0', 'concurrency_avg_final(concurrency_avg_combine(v, v)) >= 0', 'concurrency_avg_final(concurrency_avg_accum(v, ''2026-01-01'', ''2026-01-02'', ''2026-01-01'', ''2026-02-01'')) >= 0']);
SELECT make_state('concurrency_series', ARRAY['SELECT concurrency_series_accum(NULL, ''2026-01-01'', ''2026-01-02'', ''2026-01-01'', ''2026-01-05'', ''6 hours'')'],
  ARRAY['cardinality(concurrency_series_final(v)) > 0', 'cardinality(concurrency_series_final(concurrency_series_combine(v, v))) > 0', 'concurrency_series_accum(v, ''2026-01-01'', ''2026-01-02'', ''2026-01-01'', ''2026-01-05'', ''6 hours'') IS NOT NULL']);
SELECT make_state('stay_curve', ARRAY['SELECT stay_curve_accum(stay_curve_accum(NULL, ''2026-01-01'', ''2026-01-02'', ''2026-02-01'', ''6 hours''), ''2026-01-01'', NULL, ''2026-02-01'', ''6 hours'')'],
  ARRAY['cardinality(stay_curve_final(v)) >= 0', 'cardinality(stay_curve_final(stay_curve_combine(v, v))) >= 0', 'stay_curve_accum(v, ''2026-01-01'', ''2026-01-02'', ''2026-02-01'', ''6 hours'') IS NOT NULL']);
SELECT make_state('active_days', ARRAY['SELECT active_days_accum(active_days_accum(NULL, date ''2026-01-01''), date ''2020-01-01'')'],
  ARRAY['cardinality(active_days_final(v)) >= 0', 'cardinality(active_days_final(active_days_combine(v, v))) >= 0', 'cardinality(active_days_final(active_days_accum(v, date ''2025-01-01''))) >= 1']);
SELECT make_state('cohort_retention',
  ARRAY['SELECT cohort_retention_accum(cohort_retention_accum(NULL, ''{2026-01-01}'', ''{2026-01-02,2026-01-09}'', ''day'', ''{1,7}'', ''2026-02-01''), ''{2026-01-03}'', ''{2026-01-04}'', ''day'', ''{1,7}'', ''2026-02-01'')',
    'SELECT cohort_retention_accum(NULL, ''{2026-01-01}'', ''{2026-02-02,2026-03-09}'', ''month'', ''{0,1,7}'', ''2026-12-01'', ''{"kind": "bracket"}'')'],
  ARRAY['cardinality(cohort_retention_final(v)) >= 0', 'cardinality(cohort_retention_final(cohort_retention_combine(v, v))) >= 0', 'cohort_retention_accum(v, ''{2026-01-01}'', ''{2026-01-02}'', ''day'', ''{1,7}'', ''2026-02-01'') IS NOT NULL']);
SELECT make_state('cohort_events',
  ARRAY['SELECT cohort_events_accum(cohort_events_accum(NULL, 5, ''2026-01-01'', true, true, ''UTC'', ''day'', ''{1,7}'', ''2026-02-01''), 6, ''2026-01-02'', true, true, ''UTC'', ''day'', ''{1,7}'', ''2026-02-01'')'],
  ARRAY['cardinality(cohort_events_final(v)) >= 0', 'cardinality(cohort_events_final(cohort_events_combine(v, v))) >= 0', 'cohort_events_accum(v, 5, ''2026-01-01'', true, true, ''UTC'', ''day'', ''{1,7}'', ''2026-02-01'') IS NOT NULL']);
SELECT make_state('retention_ordered', ARRAY['SELECT retention_ordered_accum(retention_ordered_accum(NULL, ''2026-01-01'', ''{t,f}''::boolean[]), ''2026-01-02'', ''{f,t}''::boolean[])'],
  ARRAY['cardinality(retention_ordered_final(v)) >= 0', 'cardinality(retention_ordered_final(retention_ordered_combine(v, v))) >= 0', 'retention_ordered_accum(v, ''2026-01-01'', ''{t,f}''::boolean[]) IS NOT NULL']);
SELECT make_use('use_silhouettes', 'bigint[]', ARRAY['num_nulls(kmeans_silhouette_final(v)) >= 0', 'num_nulls(kmeans_silhouette_final(kmeans_silhouette_combine(v, v))) >= 0',
  'num_nulls(kmeans_silhouette_final(kmeans_silhouette_combine(NULL, v))) >= 0']);
INSERT INTO subject VALUES ('silhouettes-state', 'binary', 'SELECT use_silhouettes($1::bigint[])'), ('silhouettes-text', 'text', 'SELECT use_silhouettes($1::bigint[])');
CREATE TABLE model AS SELECT kmeans_fit(ARRAY[x1, x2], 3) AS m FROM point;
INSERT INTO seed SELECT 'silhouettes-state', array_send(kmeans_silhouette_accum('{0,0,0}', m, '{1, 2}')) FROM model;
INSERT INTO seed SELECT 'silhouettes-text', convert_to(kmeans_silhouette_accum('{0,0,0}', m, '{1, 2}')::text, 'UTF8') FROM model;

-- An answer, or the error of a value that is none: not what it claims to be in
-- text (22P02, 22P05 of its strings, 54001 too deep), in binary (22P03, 08P01 cut,
-- 22021 wrong encoding), in what is stored (XX001); another format (0A000); a
-- number out of range (22003, 22008); too large (54000). A set of billions of
-- ranges takes longer than it may (57014).
CREATE FUNCTION passes(answer text, subject text) RETURNS boolean LANGUAGE sql AS $$
  SELECT answer = ANY ('{answered,refused in part,22P02,22P05,54001,22P03,08P01,22021,XX001,0A000,22003,22008,54000}') OR
    (subject LIKE 'viewer_set%' AND answer = '57014') OR
    -- an option that a funnel does not have
    (subject = 'funnel_events-text' AND answer = '22023') OR
    -- an array is read by the server itself
    (subject LIKE 'silhouettes%' AND answer IN ('2202E', '42704', '42804', '22000', '22023'))
$$;
