-- Behaviour over time: what is asked wrongly, for each function, with its SQLSTATE.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
CREATE FUNCTION outcome(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE r text;
BEGIN
  EXECUTE 'SELECT ' || call INTO r;
  RETURN 'result ' || coalesce(r, 'NULL');
EXCEPTION WHEN OTHERS THEN
  RETURN SQLSTATE || ' ' || SQLERRM;
END $$;

-- windows, gaps and steps of time: NULL, none, below it, of months, far too long
SELECT call, coalesce(w, 'NULL') AS w, outcome(replace(call, '$', coalesce(quote_literal(w), 'NULL') || '::interval'))
FROM unnest(ARRAY['window_funnel(now(), $, true)', 'window_funnel(now(), $, 1)', 'window_funnel_opt(now(), $, '''', true)', 'funnel_times(''2026-06-01'', $, true)',
    'funnel_completions(now(), $, true)', 'funnel_match(now(), $, 5::bigint, true)', 'funnel_match(now(), $, ''a''::text, true)', 'sessionize(now(), $) OVER ()',
    'cardinality(concurrency_series(''2026-06-01'', ''2026-06-02'', ''2026-06-01'', ''2026-06-03'', $))', 'cardinality(stay_curve(''2026-06-01'', ''2026-06-02'', ''2026-06-03'', $))',
    'path_edges(now(), ''a'', $, 5)']) call,
  unnest(ARRAY[NULL, '0', '-1 s', '1 month', '-1 year', '2147483647 days']) WITH ORDINALITY v(w, i) ORDER BY call COLLATE "C", i;

-- times without an end: NULL, then both infinities
SELECT call, coalesce(t, 'NULL') AS t, outcome(replace(call, '$', coalesce(quote_literal(t), 'NULL') || '::timestamptz'))
FROM unnest(ARRAY['window_funnel($, ''1 h'', true)', 'window_funnel($, ''1 h'', 1)', 'window_funnel_opt($, ''1 h'', ''strict_once'', true)', 'funnel_times($, ''1 h'', true)',
    'funnel_completions($, ''1 h'', true)', 'funnel_match($, ''1 h'', 5::bigint, true)', 'funnel_match($, ''1 h'', ''a''::text, true)',
    'retention_ordered($, true)', 'active_days($, ''UTC'')', 'active_days($::date)', 'cohort_retention(ARRAY[$::date], NULL, ''day'', ''{0}'', ''2026-06-09'')',
    'cohort_retention(NULL, ARRAY[$::date], ''day'', ''{0}'', ''2026-06-09'')', 'cohort_retention(1, $, true, true, ''UTC'', ''day'', ''{0}'', ''2026-06-09'')',
    'watch_time($, ''2026-06-02'')', 'watch_time(''2026-06-02'', $)', 'watch_time(''2026-06-01'', ''2026-06-02'', $, $)',
    'concurrency_peak($, ''2026-06-02'')', 'concurrency_peak(''2026-06-02'', $)', 'concurrency_avg($, ''2026-06-02'', ''2026-06-01'', ''2026-06-03'')',
    'concurrency_avg(''2026-06-02'', $, ''2026-06-01'', ''2026-06-03'')', 'concurrency_avg(''2026-06-01'', ''2026-06-02'', $, ''2026-06-03'')',
    'concurrency_avg(''2026-06-01'', ''2026-06-02'', ''2026-06-01'', $)', 'concurrency_series(''2026-06-01'', ''2026-06-02'', ''2026-06-01'', $, ''1 day'')',
    'cardinality(stay_curve($, ''2026-06-02'', ''2026-06-03'', ''1 day''))', 'cardinality(stay_curve(''2026-06-02'', $, ''2026-06-03'', ''1 day''))',
    'cardinality(stay_curve(''2026-06-02'', ''2026-06-03'', $, ''1 day''))', 'sessionize($, ''1 h'') OVER ()', 'sequence_match(''(?1)'', $, true)',
    'sequence_count(''(?1)'', $, true)', 'sequence_times(''(?1)'', $, true)', 'path_edges($, ''a'', ''1 h'', 5)']) call,
  unnest(ARRAY[NULL, 'infinity', '-infinity']) WITH ORDINALITY v(t, i) ORDER BY call COLLATE "C", i;

-- conditions: no list, an empty one, a NULL in it, 64, 65, two dimensions
SELECT call, c, outcome(replace(call, '$', c))
FROM unnest(ARRAY['window_funnel(''2026-06-01'', ''1 h'', VARIADIC $)', 'window_funnel_opt(''2026-06-01'', ''1 h'', '''', VARIADIC $)', 'cardinality(funnel_times(''2026-06-01'', ''1 h'', VARIADIC $))',
    'funnel_completions(''2026-06-01'', ''1 h'', VARIADIC $)', 'funnel_match(''2026-06-01'', ''1 h'', 5::bigint, VARIADIC $)', 'funnel_match(''2026-06-01'', ''1 h'', ''a''::text, VARIADIC $)',
    'cardinality(retention(VARIADIC $))', 'cardinality(retention_ordered(''2026-06-01'', VARIADIC $))', 'sequence_match(''(?1)'', ''2026-06-01'', VARIADIC $)',
    'sequence_count(''(?1)'', ''2026-06-01'', VARIADIC $)', 'sequence_times(''(?1)'', ''2026-06-01'', VARIADIC $)']) call,
  unnest(ARRAY['NULL::boolean[]', '''{}''::boolean[]', 'ARRAY[NULL::boolean, true]', 'array_fill(true, ARRAY[56])', 'array_fill(true, ARRAY[64])', 'array_fill(true, ARRAY[65])',
    'array_fill(true, ARRAY[2, 2])']) WITH ORDINALITY v(c, i) ORDER BY call COLLATE "C", i;
-- numbers of steps, and levels
SELECT call, outcome(call) FROM unnest(ARRAY['window_funnel(now(), ''1 h'', -1)', 'window_funnel(now(), ''1 h'', 0)', 'window_funnel(now(), ''1 h'', NULL::int)', 'window_funnel(now(), ''1 h'', 64)',
  'window_funnel(now(), ''1 h'', 65)', 'funnel_summary(-1, 5)', 'funnel_summary(6, 5)', 'funnel_summary(0, 0)', 'funnel_summary(0, 65)', 'funnel_summary(NULL, 5)', 'funnel_summary(1, NULL)',
  'path_edges(now(), ''a'', ''1 h'', 1)', 'path_edges(now(), ''a'', ''1 h'', NULL)', 'path_edges(now(), NULL, ''1 h'', 5)',
  'viewer_set_agg(-1)', 'viewer_set_agg(NULL::bigint)']) WITH ORDINALITY u(call, i) ORDER BY i;
-- patterns
SELECT f || ' ' || p AS call, outcome(format('%s(%L, ''2026-06-01'', true, false)', f, p))
FROM unnest('{sequence_match,sequence_count,sequence_times}'::text[]) f,
  unnest(ARRAY['', '(?0)', '(?3)', '(?1', '(?t>1)(?1)', '(?1)(?t>-1)(?2)', '(?1)(?t~1)(?2)', '(?1)*', '(?1).*']) WITH ORDINALITY v(p, i) ORDER BY f, i;
DROP FUNCTION outcome;
