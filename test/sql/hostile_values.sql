-- Text of types that are read as JSON: numbers beyond what is held, nesting,
-- repeats, sizes; each is refused in a short message, or is a value.
CREATE FUNCTION refused(type text, value text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  detail text;
BEGIN
  EXECUTE format('SELECT %L::%s', value, type);
  RETURN 'read';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
  RETURN SQLSTATE || ' ' || SQLERRM || CASE WHEN SQLSTATE IN ('22P02', '22003', '0A000') THEN ': ' || detail ELSE '' END;
END $$;
CREATE TABLE valid (type text, value jsonb);
INSERT INTO valid VALUES
  ('linreg', (SELECT linreg_fit(y, ARRAY[y * y])::text::jsonb FROM generate_series(1.0, 4) y)),
  ('logreg', (SELECT logreg_fit(i % 3 = 0 OR i = 4, ARRAY[i::float8])::text::jsonb FROM generate_series(1, 20) i)),
  ('kmeans', (SELECT kmeans_fit(ARRAY[i * i::float8], 2)::text::jsonb FROM generate_series(1, 9) i)),
  ('error_sums', error_accum(error_accum(NULL, 1::float8, 2), 3, 5)::text::jsonb),
  ('path_state', path_accum(NULL, '2026-01-01', 'home', '30 min', 5)::text::jsonb);
SELECT type, refused(type, value::text) FROM valid;

-- a number of 131,072 digits is not shown; one of a million is none
SELECT type, k, refused(type, replace(jsonb_set(value, ARRAY[k], '"HERE"')::text, '"HERE"', n)) AS answer
FROM valid, (VALUES ('linreg', 'n'), ('logreg', 'log_likelihood'), ('kmeans', 'inertia'), ('error_sums', 'pivot'), ('path_state', 'gap')) k(t, k),
  unnest(ARRAY['1e131071', '-1e-400', '1e309', '9223372036854775808', '0.5', 'null', '"1"', '[1]']) n
WHERE type = t ORDER BY type, n;
SELECT type, refused(type, replace(value::text, '"format": 1', '"format": ' || repeat('1', 1000000))) FROM valid;

-- deep, or of other keys; of a repeated key the last counts, as in any jsonb
SELECT type, left(refused(type, repeat('{"a":', 100000)), 40) FROM valid;
SELECT type, length(refused(type, jsonb_set(value, ARRAY[repeat('x', 100000)], '1')::text)) < 200 AS short FROM valid;
SELECT type, refused(type, replace(value::text, '"format": 1', '"format": 2, "format": 1')) AS last, refused(type, replace(value::text, '"format": 1', '"format": 1, "format": 2')) FROM valid;
SELECT type, refused(type, (value || '{"format": 2, "newer": []}')::text) FROM valid;

-- arrays that are none, and of another length
SELECT refused('linreg', jsonb_set(value, '{products}', '{"0": 1}')::text), refused('linreg', jsonb_set(value, '{sums,0}', '[1, 2, 3]')::text),
  refused('linreg', jsonb_set(value, '{sums,1}', '{"hi": 1}')::text) FROM valid WHERE type = 'linreg';
SELECT refused('kmeans', jsonb_set(value, '{clusters,1}', '[]')::text), refused('kmeans', jsonb_set(value, '{clusters,1,size}', '-0.0')::text),
  refused('kmeans', jsonb_set(value, '{clusters,1,more}', '1')::text), refused('kmeans', jsonb_set(value, '{shift}', '[null]')::text) FROM valid WHERE type = 'kmeans';
SELECT refused('logreg', jsonb_set(value, '{classes}', to_jsonb(array_fill('x'::text, ARRAY[1001])))::text), refused('logreg', jsonb_set(value, '{classes}', '["false", "false"]')::text),
  refused('logreg', jsonb_set(value, '{classes}', '["false", 1]')::text) FROM valid WHERE type = 'logreg';

-- sums that no rows have: beyond the squares of finite numbers, log losses and Brier scores
SELECT refused('error_sums', format('{"format": 1, "kind": "numbers", "n": %s, "pivot": %s, "sums": %s}', n, pivot, sums)) FROM (VALUES
  ('1', '0', '[[1, 0, 512], [1, 0, 1024], [1, 0, 512], [0, 0, 0], [0, 0, 0]]'),
  ('1', '0', '[[1, 0, 2048], [1, 0, 2560], [1, 0, 2048], [0, 0, 0], [0, 0, 0]]'),
  ('1', '0', '[[1, 0, 0], [1, 0, 0], [1, 0, 2560], [0, 0, 0], [0, 0, 0]]'),
  ('1', '0', '[[0, 0, 0], [0, 0, 0], [0, 0, 0], [1, 0, 1024], [1, 0, 2048]]'),
  ('1', '1.7e308', '[[0, 0, 0], [0, 0, 0], [0, 0, 0], [1e77, 0, 512], [1e154, 0, 1024]]'),
  ('9223372036854775807', '1.7e308', '[[0, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0]]')) s(n, pivot, sums);
SELECT refused('error_sums', '{"format": 1, "kind": "classes", "n": 2, "pivot": 0, "sums": [[73, 0, 0]]}'),
  refused('error_sums', '{"format": 1, "kind": "probabilities", "n": 2, "pivot": 0, "sums": [[1, 0, 0], [3, 0, 0]]}');
-- actuals that contradict Cauchy's inequality by no more than rounding: merged with others they are still a value
SELECT error_combine(error_accum(NULL, 1e9::float8, 0), s)::text::error_sums IS NOT NULL AS read
FROM (SELECT '{"format": 1, "kind": "numbers", "n": 3, "pivot": 1, "sums": [[0, 0, 0], [0, 0, 0], [0, 0, 0], [3, 0, 0], [2.999999999, 0, 0]]}'::error_sums) v(s);

-- rows and centroids that are infinite as they are measured
SELECT kmeans_predict(jsonb_set(value, '{shift}', '[-1e308]')::text::kmeans, '{1.5e308}') FROM valid WHERE type = 'kmeans';
SELECT kmeans_predict(jsonb_set(value, '{scale}', '[1e-300]')::text::kmeans, '{1.5e308}') FROM valid WHERE type = 'kmeans';

-- funnels and sequences have readers of their own
SELECT refused('funnel_events', v) FROM unnest(ARRAY['', '{', '{"format": 1', '{"format": 999999999999999999999}', '{"format": 1, "kind": "conditions", "steps": 65, "options": "", "window": 0, "events": []}',
  '{"format": 1, "kind": "text keys", "steps": 2, "options": "", "window": 0, "events": [[0, 1, "\u00e9"]]}', '{"format": 1, "kind": "text keys", "steps": 2, "options": "", "window": 0, "events": [[0, 1, "a',
  '{"format": 1, "kind": "conditions", "steps": 2, "options": "", "window": 0, "events": [[9223372036854775808, 1]]}', '{"format": 1, "kind": "conditions", "steps": 2, "options": "", "window": 0, "events": [[-9223372036854775808, 1]]}',
  '{"format": 1, "kind": "conditions", "steps": 2, "options": "", "window": 0, "events": [[0, 4]]}', '{"format": 1, "kind": "conditions", "steps": 2, "options": "", "window": 0, "events": [[0, 1]]} x']) v;
SELECT refused('sequence_state', v) FROM unnest(ARRAY['{"format": 1, "pattern": "(?1', '{"format": 1, "pattern": "(?1)", "conditions": 1, "events": [[-9223372036854775807, 1]]}',
  '{"format": 1, "pattern": "(?1)", "conditions": 1, "events": [[9223372036854775807, 1]]}', '{"format": 1, "pattern": "(?1)", "conditions": 1, "events": [[0, 18446744073709551616]]}',
  '{"format": 1, "pattern": "' || repeat('(?1)', 3000) || '", "conditions": 1, "events": []}']) v;
-- sets of more ranges, or of longer ones, than fit
SELECT refused('viewer_set', v) FROM unnest(ARRAY['{0-9223372036854775806}', '{0-9223372036854775807}', '{5-1}', '{1,}', '{,1}', '{1', '{99999999999999999999}', '{1-2-3}']) v;

DROP TABLE valid;
DROP FUNCTION refused;
