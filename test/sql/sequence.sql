-- sequence_match, sequence_count, sequence_times and the type sequence_state
SET timezone = 'UTC';

CREATE FUNCTION at(seconds float8) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN timestamptz '2026-01-01 00:00:00+00' + seconds * interval '1 second';
CREATE TABLE event (viewer int, t float8, e int);

-- published: events without a condition do not stand between, declared ones do
INSERT INTO event VALUES (1, 1, 1), (1, 2, 3), (1, 3, 2);
SELECT sequence_match('(?1)(?2)', at(t), e = 1, e = 2) AS undeclared,
       sequence_match('(?1)(?2)', at(t), e = 1, e = 2, e = 3) AS declared,
       sequence_match('(?1).(?2)', at(t), e = 1, e = 2, e = 3) AS any_event,
       sequence_match('(?1).*(?2)', at(t), e = 1, e = 2, e = 3) AS any_number,
       sequence_match('(?1)(?t>=2)(?2)', at(t), e = 1, e = 2, e = 3) AS two_seconds,
       sequence_match('(?1)(?t>2)(?2)', at(t), e = 1, e = 2, e = 3) AS more
FROM event;
SELECT sequence_count('(?1).*(?2)', at(t), e = 1, e = 2, e = 3), sequence_times('(?1).*(?2)', at(t), e = 1, e = 2, e = 3)
FROM (VALUES (1, 1), (2, 3), (3, 2), (4, 1), (5, 3), (6, 2)) v(t, e);

-- all three at once; the order of rows does not matter
SELECT o, sequence_match('(?2)(?t<=5)(?1)', at(t), e = 1, e = 2), sequence_count('(?2)(?t<=5)(?1)', at(t), e = 1, e = 2),
       sequence_times('(?2)(?t<=5)(?1)', at(t), e = 1, e = 2)
FROM (SELECT 'up' AS o, * FROM (SELECT i AS t, i % 3 AS e FROM generate_series(1, 100) i ORDER BY i) a
      UNION ALL SELECT 'down', * FROM (SELECT i, i % 3 FROM generate_series(1, 100) i ORDER BY i DESC) a
      UNION ALL SELECT 'mixed', * FROM (SELECT i, i % 3 FROM generate_series(1, 100) i ORDER BY i * 37 % 101) a) v
GROUP BY o ORDER BY o;

-- time conditions: each operator at its bound, decimals, two on one distance
SELECT op, sequence_match('(?1)(?t' || op || '10)(?2)', at(t), e = 1, e = 2) FILTER (WHERE d = 9.999999) AS below,
       sequence_match('(?1)(?t' || op || '10)(?2)', at(t), e = 1, e = 2) FILTER (WHERE d = 10) AS equal,
       sequence_match('(?1)(?t' || op || '10)(?2)', at(t), e = 1, e = 2) FILTER (WHERE d = 10.000001) AS above
FROM unnest('{<,<=,==,>=,>}'::text[]) op, unnest('{9.999999,10,10.000001}'::float8[]) d,
     LATERAL (VALUES (0::float8, 1), (d, 2)) v(t, e)
GROUP BY op ORDER BY op;
SELECT sequence_times('(?1)(?t >= 1.5)(?t < 2.25) (?2)', at(t), e = 1, e = 2) FROM (VALUES (0, 1), (1, 2), (2, 2), (2.25, 2)) v(t, e);
-- the first event is tried first, and left if it leads nowhere
SELECT sequence_times('(?1)(?t<=5)(?2)', at(t), e = 1, e = 2) FROM (VALUES (0, 1), (8, 1), (9, 3), (10, 2)) v(t, e);

-- equal times: an event stands where the list of its conditions does, {1} < {1,2} < {2}
SELECT sequence_match('(?1)(?2)', at(0), e = 1, e = 2) AS rising, sequence_match('(?2)(?1)', at(0), e = 1, e = 2) AS falling,
       sequence_match('(?1)(?t>0)(?2)', at(0), e = 1, e = 2) AS later, sequence_match('(?1)(?t==0)(?2)', at(0), e = 1, e = 2) AS same
FROM (VALUES (2), (1)) v(e);
SELECT sequence_match('(?1)(?2)', at(0), true, true) AS one_event, sequence_match('(?1)(?2)', at(0), true, e = 1) AS two_events
FROM (VALUES (1), (2)) v(e);

-- a condition that is NULL is not met, a row without a time does not count
SELECT sequence_match('(?1)', ts, c) FROM (VALUES (at(0), NULL::boolean), (NULL, true)) v(ts, c);
SELECT sequence_match('(?1)', ts, c) IS NULL AS match, sequence_count('(?1)', ts, c) IS NULL AS count, sequence_times('(?1)', ts, c) IS NULL AS times
FROM (VALUES (NULL::timestamptz, true)) v(ts, c);
SELECT sequence_match('(?1)', ts, c) IS NULL AS match FROM (VALUES (at(0), true)) v(ts, c) WHERE false;
SELECT sequence_match('(?1)', at(0), false), sequence_count('(?1)', at(0), false), sequence_times('(?1)', at(0), false);
SELECT sequence_times('.', at(0), true), sequence_times('(?2).(?64)', at(t), VARIADIC c)
FROM (SELECT t, array_agg(i = t ORDER BY i) AS c FROM (VALUES (2), (3), (64)) v(t), generate_series(1, 64) i GROUP BY t) s;

-- the pattern and the conditions are those of the whole group
SELECT viewer, sequence_count(p, at(t), e = 1, e = 2)
FROM (VALUES (1, '(?1)', 1, 1), (2, '(?1)(?2)', 1, 1), (2, '(?1)(?2)', 2, 2)) v(viewer, p, t, e) GROUP BY viewer ORDER BY viewer;

CREATE FUNCTION error_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE detail text;
BEGIN
  EXECUTE query;
  RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
  RETURN concat_ws(' | ', SQLSTATE, SQLERRM, nullif(detail, ''));
END $$;
SELECT error_of(format('SELECT sequence_match(%L, now(), true, false)', p))
FROM unnest(ARRAY['', '.*', '(?0)', '(?3)', '(?1', '(?1)x', '(?t>1)(?1)', '(?1).*(?t>1)(?2)', '(?1)(?t=1)(?2)', '(?1)(?t>)(?2)',
  '(?1)(?t>1.)(?2)', '(?1)(?t>0.1234567)(?2)', '(?1)(?t>99999999999999)(?2)', '直播(?1)', NULL, repeat('.', 8193)]) p;
SELECT error_of('SELECT sequence_match(''(?1)'', now(), VARIADIC ' || c || ')')
FROM unnest(ARRAY['NULL::boolean[]', '''{}''', 'array_fill(true, ARRAY[65])', 'array_fill(true, ARRAY[2, 2])']) c;
SELECT error_of('SELECT sequence_match(''(?1)'', ''' || t || ''', true)') FROM unnest('{infinity,-infinity}'::text[]) t;
SELECT error_of('SELECT sequence_match(p, now(), true) FROM (VALUES (''(?1)''), (''.'')) v(p)');
SELECT error_of('SELECT sequence_match(''(?1)'', now(), VARIADIC c) FROM (VALUES (''{t}''::boolean[]), (''{t,f}'')) v(c)');

-- type sequence_state: text and binary forms read back the same, and are checked
CREATE TABLE state AS
  SELECT i AS n, sequence_accum(sequence_accum(NULL, '(?1)(?2)', at(-1e9 * i), i > 1, true, false, NULL, i > 2, false, true, true, i > 3),
                                '(?1)(?2)', at(i), true, true, true, true, true, true, true, true, true) AS s
  FROM generate_series(1, 4) i;
SELECT s FROM state ORDER BY n;
SELECT count(*) FROM state WHERE s::text::sequence_state::text = s::text;
SELECT encode(sequence_state_send(s), 'hex') FROM state WHERE n = 4;
SELECT sequence_combine(NULL, NULL) IS NULL AS nothing, sequence_combine(s, NULL)::text = s::text AS left, sequence_combine(NULL, s)::text = s::text AS right,
       sequence_count_final(sequence_combine(s, s)) AS both
FROM state WHERE n = 2;
SELECT error_of(format('SELECT %L::sequence_state', t)) FROM unnest(ARRAY['', '{}', '[]', '{"format": 2}', '{"format": 1, "pattern": "(?1',
  '{"format": 1, "pattern": "(?2)", "conditions": 1, "events": []}', '{"format": 1, "pattern": "(?1)", "conditions": 0, "events": []}',
  '{"format": 1, "pattern": "(?1)", "conditions": 65, "events": []}', '{"format": 1, "pattern": "(?1)", "conditions": 1, "events": [[1, 2]]}',
  '{"format": 1, "pattern": "(?1)", "conditions": 1, "events": [[1, 0]]}', '{"format": 1, "pattern": "(?1)", "conditions": 1, "events": [[9223372036854775807, 1]]}',
  '{"format": 1, "pattern": "(?1)", "conditions": 1, "events": [[-9223372036854775808, 1]]}',
  '{"format": 1, "pattern": "(?1)", "conditions": 1, "events": [[1, 1],]}', '{"format": 1, "pattern": "(?1)", "conditions": 1, "events": [[1, 1]]} x']) t;
SELECT '{"format":1,"pattern":"(?1)","conditions":64,"events":[[-5,18446744073709551615]]}'::sequence_state;
SELECT error_of(format('SELECT sequence_combine(%L, %L)', a.s, b.s)) FROM state a, state b WHERE a.n = 1 AND b.n = 1
UNION ALL SELECT error_of('SELECT sequence_combine(''{"format":1,"pattern":"(?1)","conditions":2,"events":[]}'', ''{"format":1,"pattern":"(?1)","conditions":1,"events":[]}'')');

-- window frames, and the same over many rows: a state that grows, split and joined again
SELECT t, sequence_count('(?1)(?2)', at(t), e = 1, e = 2) OVER (ORDER BY t ROWS 2 PRECEDING)
FROM (SELECT i AS t, 1 + i % 2 AS e FROM generate_series(1, 6) i) s ORDER BY t;
CREATE TABLE many AS SELECT i % 7 AS viewer, i * 7919 % 100003 AS t, i * 31 % 5 AS e FROM generate_series(1, 100000::bigint) i;
CREATE TABLE answer AS
  SELECT viewer, sequence_count(p, at(t), e = 1, e = 2, e = 3) AS n, sequence_times(p, at(t), e = 1, e = 2, e = 3) AS times
  FROM many, (VALUES ('(?1).*(?2)(?t<=50)(?3)')) v(p) GROUP BY viewer;
SELECT * FROM answer ORDER BY viewer;
SELECT count(*) FROM answer JOIN (
    SELECT viewer, sequence_count(p, at(t), e = 1, e = 2, e = 3) AS n
    FROM (SELECT * FROM many ORDER BY t * 31 % 1009) m, (VALUES ('(?1).*(?2)(?t<=50)(?3)')) v(p) GROUP BY viewer) o USING (viewer, n);
SET max_parallel_workers_per_gather = 2;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET enable_hashagg = on;
EXPLAIN (COSTS OFF) SELECT viewer, sequence_count('(?1).*(?2)(?t<=50)(?3)', at(t), e = 1, e = 2, e = 3) FROM many GROUP BY viewer;
SELECT count(*) FROM answer JOIN (
    SELECT viewer, sequence_count('(?1).*(?2)(?t<=50)(?3)', at(t), e = 1, e = 2, e = 3) AS n FROM many GROUP BY viewer) o USING (viewer, n);
RESET ALL;
SET timezone = 'UTC';

-- backtracking would never end
SELECT sequence_match('(?1)(?t>=1)(?1)(?t>=1)(?1)(?t>=1)(?1)(?t>=1)(?1).*.*.*.*(?2)', at(i), i <= 10000, i > n) AS m, n
FROM generate_series(1, 10000) i, unnest('{9999,10000}'::int[]) n GROUP BY n ORDER BY n;
DROP TABLE event, state, many, answer;
DROP FUNCTION at, error_of;
