-- sessionize and watch_time
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
CREATE VIEW visit AS
SELECT viewer, '2026-06-01 20:00:00+00'::timestamptz + a * interval '1 second' AS entered,
  '2026-06-01 20:00:00+00'::timestamptz + b * interval '1 second' AS left_at
FROM (VALUES (1, 0, 60), (1, 30, 90), (1, 200, 300), (1, 300, 310), (1, 250, 260), (1, 400, 400),
  (2, 10, NULL), (2, 0, 5), (3, NULL, 60), (4, 100, 700), (5, 50, NULL)) AS v(viewer, a, b);

-- the union: 0-90 and 200-310; abutting spans join, an empty one adds nothing
SELECT viewer, watch_time(entered, left_at) FROM visit GROUP BY viewer ORDER BY viewer;
-- clipped; a NULL left_at is still watching at hi
SELECT viewer, watch_time(entered, left_at, '2026-06-01 20:00:30+00', '2026-06-01 20:05:00+00') FROM visit GROUP BY viewer ORDER BY viewer;
-- bounds of the row itself; a NULL bound is none
SELECT watch_time(entered, left_at, NULL, CASE WHEN viewer = 2 THEN '2026-06-01 20:00:20+00'::timestamptz END) FROM visit;
SELECT watch_time(entered, left_at, entered, entered) FROM visit WHERE left_at IS NOT NULL;
SELECT watch_time(entered, 'infinity', '-infinity', '2026-06-01 20:10:00+00') AS to_hi, watch_time('-infinity', entered, '2026-06-01 20:00:00+00', NULL) AS from_lo
FROM visit WHERE viewer = 5;
SELECT watch_time('infinity', 'infinity') AS empty, watch_time('infinity', NULL, NULL, '2026-06-01') AS enters_after_hi;
-- nothing to go by
SELECT watch_time(entered, left_at) FROM visit WHERE false;
SELECT watch_time(NULL, now()), watch_time(now(), NULL), watch_time(now(), NULL, now(), NULL);
SELECT watch_time('4714-11-24 BC', '294276-12-31');

-- against range_agg: many viewers, in any order, split, and over a frame
CREATE TABLE span AS
SELECT i, (i * 7919 % 97)::int AS viewer, '2026-06-01'::timestamptz + (i * 104729 % 50021) * interval '1.7 seconds' AS entered,
  '2026-06-01'::timestamptz + (i * 104729 % 50021) * interval '1.7 seconds' + (i * 31 % 601) * interval '0.9 seconds' AS left_at
FROM generate_series(1, 20000::bigint) i;
CREATE FUNCTION pg_temp.measure(tstzmultirange) RETURNS interval LANGUAGE sql AS
$$SELECT coalesce(sum(upper(r) - lower(r)), '0') FROM unnest($1) r$$;
SELECT count(*) AS viewers, count(*) FILTER (WHERE ours = theirs) AS equal,
  count(*) FILTER (WHERE backwards = theirs) AS backwards, count(*) FILTER (WHERE shuffled = theirs) AS shuffled
FROM (SELECT viewer, watch_time(entered, left_at) AS ours, watch_time(entered, left_at ORDER BY entered DESC) AS backwards,
        watch_time(entered, left_at ORDER BY i * 31 % 20011) AS shuffled,
        pg_temp.measure(range_agg(tstzrange(entered, left_at))) AS theirs
      FROM span GROUP BY viewer) s;
SELECT count(*) FILTER (WHERE ours = theirs) AS equal, count(*) AS viewers
FROM (SELECT viewer, watch_time(entered, left_at, '2026-06-01 03:00+00', '2026-06-01 11:00+00') AS ours,
        pg_temp.measure(range_agg(tstzrange(entered, left_at)) * tstzmultirange(tstzrange('2026-06-01 03:00+00', '2026-06-01 11:00+00'))) AS theirs
      FROM span GROUP BY viewer) s;
SELECT watch_time(entered, left_at) = pg_temp.measure(range_agg(tstzrange(entered, left_at))) AS equal FROM span;
SELECT count(*) FILTER (WHERE ours = theirs) AS equal, count(*) AS rows
FROM (SELECT watch_time(entered, left_at) OVER w AS ours, pg_temp.measure(range_agg(tstzrange(entered, left_at)) OVER w) AS theirs
      FROM span WHERE viewer < 2 WINDOW w AS (PARTITION BY viewer ORDER BY i DESC)) s;
-- support functions by hand
SELECT watch_time_final(watch_time_combine(a, b)) AS both, watch_time_final(a) AS a, watch_time_final(b) AS b,
  watch_time_final(watch_time_combine(a, NULL)) AS with_nothing, watch_time_final(watch_time_combine(NULL, b)) AS nothing_with,
  watch_time_combine(NULL, NULL) IS NULL AS nothing
FROM (SELECT watch_time_accum(watch_time_accum(NULL, '2026-06-01 00:00', '2026-06-01 00:10'), '2026-05-01 00:00', '2026-05-01 00:10') AS a,
        watch_time_accum(NULL, '2026-06-01 00:05'::timestamptz, '2026-06-01 00:20') AS b OFFSET 0) s;
\set VERBOSITY sqlstate
SELECT watch_time_final('');
SELECT watch_time_final('\x0102030405060708090a0b0c0d0e0f');
SELECT watch_time_combine('\x7702000001000000ff00000000', NULL);
SELECT watch_time_combine(NULL, '\x770200000200000000000000' || decode(repeat('00', 16), 'hex'));
SELECT watch_time_accum('\x770200000100000002000000', now(), now());
\set VERBOSITY default
-- a state with room for less than a row
SELECT watch_time_final(watch_time_accum('\x77020000000000000000000000', '2026-06-01 00:00', '2026-06-01 00:10'));
SELECT watch_time('2026-06-02', '2026-06-01');
SELECT watch_time(now(), now(), '2026-06-02', '2026-06-01');
SELECT watch_time(now(), 'infinity');
SELECT watch_time('-infinity', '2026-06-01', NULL, '2026-06-01');

-- sessionize: a new session where the gap is exceeded, not where it is reached
SELECT s, sessionize(ts, '30 minutes') OVER (ORDER BY ts)
FROM (SELECT s, CASE WHEN s >= 0 THEN '2026-06-01'::timestamptz + s * interval '1 second' END AS ts
      FROM unnest(ARRAY[0, 1800, 1800, 3601, 5400, 90000, -1, -1]) s) v ORDER BY ts, s;
SELECT viewer, count(*), max(session) FROM (SELECT viewer, sessionize(entered, '5 minutes') OVER (PARTITION BY viewer ORDER BY entered) AS session FROM span) s
WHERE viewer < 3 GROUP BY viewer ORDER BY viewer;
SELECT bool_and(session = peer) FROM (
  SELECT sessionize(entered, '5 minutes') OVER w AS session, 1 + sum(start::int) OVER w AS peer
  FROM (SELECT *, coalesce(entered - lag(entered) OVER (PARTITION BY viewer ORDER BY entered) > '5 minutes', false) AS start FROM span) s
  WINDOW w AS (PARTITION BY viewer ORDER BY entered)) t;
-- the gap may depend on the row; days are 24 hours; ties and a single row
SELECT sessionize(ts, gap) OVER (ORDER BY ts) FROM (VALUES ('2026-06-01'::timestamptz, '1 day'::interval), ('2026-06-02', '1 day'), ('2026-06-03', '23:59:59'), ('2026-06-03', '1 us')) v(ts, gap);
SELECT sessionize(NULL, '1 s') OVER ();
SELECT sessionize(ts, '1 min') OVER (ORDER BY ts DESC) FROM (VALUES ('2026-06-01'::timestamptz), ('2026-06-02')) v(ts);
SELECT sessionize('infinity', '1 min') OVER ();
SELECT sessionize(now(), '0') OVER ();
SELECT sessionize(now(), '-1 s') OVER ();
SELECT sessionize(now(), '1 month') OVER ();
SELECT sessionize(now(), '1 day -24 hours') OVER ();
SELECT sessionize(now(), NULL) OVER ();

DROP VIEW visit;
DROP TABLE span;
