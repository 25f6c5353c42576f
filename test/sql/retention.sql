-- retention, retention_ordered, active_days, cohort_retention
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
CREATE TABLE event (viewer int, ts timestamptz, type text);

-- published: uids 0-4 on day 1, 0-9 on day 2, 0-14 on day 3
SELECT sum(r[1]::int) AS r1, sum(r[2]::int) AS r2, sum(r[3]::int) AS r3
FROM (SELECT uid, retention(day = 1, day = 2, day = 3) AS r FROM generate_series(1, 3) day, generate_series(0, 5 * day - 1) uid GROUP BY uid) v;
-- the first condition never met, met after the others, NULL, no rows
SELECT retention(x = 9, x = 1, x = 2) AS never, retention(x = 3, x = 1, x = 2, x = 9) AS last, retention(x = 1, NULL, x = NULL) AS nulls,
  retention(x = 1) AS one, retention(VARIADIC ARRAY[x = 1, x = 2]) AS variadic, retention(VARIADIC CASE WHEN x = 1 THEN ARRAY[true, NULL] END) AS skips,
  retention(VARIADIC NULL::boolean[]) AS nothing, retention(x = 1) FILTER (WHERE false) AS no_rows
FROM generate_series(1, 3) x;
SELECT retention(VARIADIC array_fill(true, ARRAY[56])) = array_fill(true, ARRAY[56]) AS limit;
-- in order: at the same time counts, before does not
SELECT retention_ordered(ts, a, b, c) AS ordered, retention(a, b, c) AS unordered
FROM (VALUES ('2026-06-01 10:00'::timestamptz, false, true, true), ('2026-06-01 11:00', true, false, true), ('2026-06-01 12:00', true, NULL, false), (NULL, false, true, true)) v(ts, a, b, c);
SELECT retention_ordered(ts, NULL, true) AS never, retention_ordered(NULL, true) AS no_time, retention_ordered(ts, true, true) FILTER (WHERE false) AS no_rows,
  retention_ordered(ts, VARIADIC NULL::boolean[]) AS nothing FROM (VALUES (now())) v(ts);
-- against the definition, whatever the order of rows
CREATE TABLE row_of AS
SELECT i / 8 AS g, i, '2026-06-01'::timestamptz + (i * 7919 % 5) * interval '1 s' AS ts, i * 104729 % 7 < 2 AS a, i * 1299709 % 5 < 2 AS b, NULLIF(i * 31 % 4, 1) = 0 AS c
FROM generate_series(0, 7999::bigint) i;
SELECT count(*) AS groups, count(*) FILTER (WHERE ours = theirs) AS equal, count(*) FILTER (WHERE shuffled = theirs) AS shuffled, count(*) FILTER (WHERE plain = theirs) AS as_unordered
FROM (SELECT g, retention_ordered(ts, a, b, c) AS ours, retention_ordered(ts, a, b, c ORDER BY i * 31 % 8009) AS shuffled, retention(a, b, c) AS plain,
        ARRAY[bool_or(a), coalesce(max(ts) FILTER (WHERE b) >= min(ts) FILTER (WHERE a), false), coalesce(max(ts) FILTER (WHERE c) >= min(ts) FILTER (WHERE a), false)] AS theirs
      FROM row_of GROUP BY g) s;
-- support functions by hand
SELECT retention_final(retention_combine(a, b)) AS both, retention_final(retention_combine(NULL, b)) AS right_alone, retention_combine(NULL, NULL) IS NULL AS nothing
FROM (SELECT retention_accum(NULL, '{t,f,f}') AS a, retention_accum(NULL, '{f,f,t}') AS b OFFSET 0) s;
SELECT retention_ordered_final(retention_ordered_combine(a, b)) AS both, retention_ordered_final(a) AS a, retention_ordered_final(retention_ordered_combine(NULL, b)) AS b,
  retention_ordered_final(retention_ordered_accum(a, '2026-06-03', '{f,t}')) AS more, retention_ordered_final(a) AS as_before
FROM (SELECT retention_ordered_accum(NULL, '2026-06-01', '{t,f}') AS a, retention_ordered_accum(NULL, '2026-06-02', '{f,t}') AS b OFFSET 0) s;
SELECT retention(VARIADIC CASE WHEN x = 1 THEN ARRAY[true] ELSE ARRAY[true, true] END) FROM generate_series(1, 2) x;
SELECT retention_ordered(now(), VARIADIC CASE WHEN x = 1 THEN ARRAY[true] ELSE ARRAY[true, true] END) FROM generate_series(1, 2) x;
SELECT retention(VARIADIC ARRAY[]::boolean[]);
SELECT retention(VARIADIC array_fill(true, ARRAY[57]));
SELECT retention(VARIADIC ARRAY[[true], [false]]);
SELECT retention_ordered('infinity', true);
\set VERBOSITY sqlstate
SELECT retention_final(0);
SELECT retention_final(-1);
SELECT retention_final((1::bigint << 56) | 2);
SELECT retention_combine((1::bigint << 56), (2::bigint << 56));
SELECT retention_ordered_final('');
SELECT retention_ordered_final('\x6f00020000000000');
SELECT retention_ordered_combine(NULL, '\x6f0000ff0000000000000000');
\set VERBOSITY default

-- active_days: the clocks of a place decide; daylight saving time
SELECT active_days(ts, 'Asia/Shanghai') AS shanghai, active_days(ts, 'UTC') AS utc, active_days(ts, 'America/New_York') AS new_york,
  active_days(ts, '+02') AS offset, active_days((ts AT TIME ZONE 'Asia/Shanghai' - interval '4 hours')::date) AS from_four
FROM (VALUES ('2026-06-01 15:59:59+00'::timestamptz), ('2026-06-01 16:00:00+00'), ('2026-06-01 03:59:59.999999+00'), (NULL)) v(ts);
-- in New York 2026-03-08 has 23 hours and 2026-11-01 25
SELECT active_days(ts, 'America/New_York') FROM generate_series('2026-03-08 05:00+00'::timestamptz, '2026-03-09 03:59+00', '1 minute') ts;
SELECT active_days(ts, 'America/New_York') FROM generate_series('2026-11-01 04:00+00'::timestamptz, '2026-11-02 04:59+00', '1 minute') ts;
SELECT active_days(ts, 'Pacific/Apia') FROM generate_series('2011-12-29 20:00+00'::timestamptz, '2011-12-31 20:00+00', '1 hour') ts;
CREATE TABLE moment AS SELECT '1850-01-01'::timestamptz + (i * 7919 % 50021) * interval '40.7 hours' AS ts FROM generate_series(1, 20000::bigint) i;
SELECT name, active_days(ts, name) = array_agg(DISTINCT (ts AT TIME ZONE name)::date) AS same, active_days(ts, name) = active_days((ts AT TIME ZONE name)::date) AS by_date
FROM moment, unnest('{America/New_York,Asia/Shanghai,Australia/Lord_Howe,Pacific/Apia,Europe/Dublin,Asia/Kathmandu,UTC,EST5EDT}'::text[]) name GROUP BY name ORDER BY name;
SELECT bool_and(days = ARRAY[(ts AT TIME ZONE 'Europe/Dublin')::date]) AS one_by_one FROM (SELECT ts, active_days(ts, 'Europe/Dublin') AS days FROM moment GROUP BY ts) s;
SELECT active_days(ts, 'UTC'), active_days(day) FROM (VALUES ('4714-11-24 BC'::timestamptz, '4714-11-24 BC'::date), ('294276-12-31', '5874897-12-31'), ('2000-01-01', '2000-01-01')) v(ts, day);
SELECT active_days(NULL, 'UTC') AS nothing, active_days(NULL::date) AS no_day, active_days(now(), 'UTC') FILTER (WHERE false) AS no_rows;
SELECT active_days_final(active_days_combine(a, b)) AS both, active_days_final(a) AS a, active_days_final(active_days_combine(NULL, b)) AS b
FROM (SELECT active_days_accum(active_days_accum(NULL, '2026-06-01'::date), '2020-06-01'::date) AS a, active_days_accum(NULL, '2023-06-02'::date) AS b OFFSET 0) s;
SELECT active_days(now(), 'Asia/Shangai');
SELECT active_days(now(), repeat('x', 300));
SELECT active_days(now(), '');
SELECT active_days(now(), NULL);
SELECT active_days('infinity', 'UTC');
SELECT active_days('-infinity'::date);
SELECT active_days_final('\x00');
SELECT active_days_final('\xff000000');
SELECT active_days_final('\x01000000' || decode(repeat('7f', 16), 'hex'));

-- cohort_retention: two viewers begin on 1 June, one on the 3rd, and the 8th is the last whole day
CREATE TABLE viewer_days (viewer int, first_days date[], days date[]);
INSERT INTO viewer_days VALUES (1, '{2026-06-01}', '{2026-06-01,2026-06-02,2026-06-08}'), (2, '{2026-06-01,2026-06-03}', '{2026-06-04,2026-06-01}'),
  (3, '{2026-06-03}', '{2026-06-09,2026-06-04}'), (4, NULL, '{2026-06-01}'), (5, '{}', NULL), (6, '{2026-06-07}', NULL), (7, '{2026-06-09}', '{2026-06-09}');
SELECT c.* FROM (SELECT cohort_retention(first_days, days, 'day', '{0,1,3,7}', '2026-06-08') AS cells FROM viewer_days) v, unnest(cells) c;
SELECT c.* FROM (SELECT cohort_retention(first_days, days, 'day', '{1,3}', '2026-06-08', '{"kind": "on_or_after"}') AS cells FROM viewer_days) v, unnest(cells) c;
SELECT c.* FROM (SELECT cohort_retention(first_days, days, 'day', '{0,1,4,8}', '2026-06-08', '{"kind": "bracket"}') AS cells FROM viewer_days) v, unnest(cells) c;
SELECT c.* FROM (SELECT cohort_retention(first_days, days, 'day', '{1}', '2026-06-08', '{"cohort": "every"}') AS cells FROM viewer_days) v, unnest(cells) c;
SELECT c.* FROM (SELECT cohort_retention(first_days, days, 'week', '{0,1}', '2026-06-14', NULL) AS cells FROM viewer_days) v, unnest(cells) c;
SELECT c.* FROM (SELECT cohort_retention(d, d, 'month', '{0,1,2}', '2026-04-29', '{"kind": "exact", "cohort": "every"}') AS cells
  FROM (VALUES ('{2025-12-31,2026-02-28,2026-03-01}'::date[]), ('{2026-02-28}'), ('{2026-02-01,2026-04-30}')) v(d)) v, unnest(cells) c;
SELECT cohort_retention(first_days, days, 'day', '{0}', '2026-05-31') AS nobody, cohort_retention(first_days, days, 'day', '{0}', '2026-06-08') FILTER (WHERE false) AS no_rows FROM viewer_days;
-- from events, composed; the return is another event than the first, on the same day
INSERT INTO event SELECT v, '2026-06-01 12:00+08'::timestamptz + d * interval '1 day' + v * interval '1 hour', CASE WHEN (v + d) % 3 = 0 THEN 'pay' ELSE 'enter' END
FROM generate_series(1, 10) v, generate_series(0, 9) d WHERE d >= v % 3 AND (v * d) % 4 < 2;
SELECT c.cohort, c.period, c.cohort_size, c.retained, round(c.rate::numeric, 3) AS rate, c.is_complete
FROM (SELECT cohort_retention(entered, paid, 'day', '{0,1,2}', '2026-06-05') AS cells
      FROM (SELECT viewer, active_days(ts, 'Asia/Shanghai') FILTER (WHERE type = 'enter') AS entered, active_days(ts, 'Asia/Shanghai') FILTER (WHERE type = 'pay') AS paid
            FROM event GROUP BY viewer) v) m, unnest(cells) c ORDER BY cohort, period;
-- against plain SQL, for every grain, kind and sort of cohort
CREATE TABLE activity AS
SELECT viewer, array_agg(day ORDER BY i * 31 % 40009) AS days, array_agg(DISTINCT day) FILTER (WHERE i % 5 = 0) AS firsts
FROM (SELECT i, (i * 7919 % 701)::int AS viewer, '2026-01-01'::date + (i * 104729 % 149 * (i * 7919 % 701) % 90)::int AS day FROM generate_series(1, 8000::bigint) i) e GROUP BY viewer;
CREATE FUNCTION pg_temp.expected(grain text, kind text, cohort text, through date) RETURNS TABLE (cohort date, period int, cohort_size bigint, retained bigint)
LANGUAGE sql AS $$
  WITH period AS (SELECT * FROM (VALUES (0, 1), (1, 3), (3, 4), (4, 9)) v(p, before)),
  truncated AS (SELECT viewer, ARRAY(SELECT DISTINCT date_trunc(grain, d)::date FROM unnest(days) d WHERE d <= through) AS days,
    ARRAY(SELECT DISTINCT date_trunc(grain, d)::date AS t FROM unnest(firsts) d WHERE d <= through ORDER BY t) AS firsts FROM activity),
  member AS (SELECT viewer, days, f FROM truncated, unnest(CASE WHEN cohort = 'every' THEN firsts ELSE firsts[:1] END) f),
  cell AS (SELECT f, p, days, (f + p * ('1 ' || grain)::interval)::date AS lo, (f + before * ('1 ' || grain)::interval)::date AS hi,
    (f + (p + 1) * ('1 ' || grain)::interval)::date AS next FROM member, period)
  SELECT f, p, count(*), CASE WHEN CASE WHEN kind = 'bracket' THEN hi ELSE next END - 1 <= through THEN
    count(*) FILTER (WHERE EXISTS (SELECT FROM unnest(days) d WHERE CASE kind WHEN 'exact' THEN d = lo WHEN 'on_or_after' THEN d >= lo ELSE d >= lo AND d < hi END)) END
  FROM cell GROUP BY f, p, hi, next $$;
SELECT grain, kind, cohort, (SELECT count(*) FROM pg_temp.expected(grain, kind, cohort, '2026-03-25')) AS cells,
  (SELECT count(*) FROM (
     (SELECT c.cohort, c.period, c.cohort_size, c.retained FROM unnest(ours) c EXCEPT SELECT * FROM pg_temp.expected(grain, kind, cohort, '2026-03-25'))
     UNION ALL (SELECT * FROM pg_temp.expected(grain, kind, cohort, '2026-03-25') EXCEPT SELECT c.cohort, c.period, c.cohort_size, c.retained FROM unnest(ours) c)) x) AS different
FROM (SELECT grain, kind, cohort, cohort_retention(firsts, days, grain, CASE WHEN kind = 'bracket' THEN '{0,1,3,4,9}'::int[] ELSE '{0,1,3,4}' END, '2026-03-25',
        jsonb_build_object('kind', kind, 'cohort', cohort)) AS ours
      FROM activity, unnest('{day,week,month}'::text[]) grain, unnest('{exact,on_or_after,bracket}'::text[]) kind, unnest('{first_ever,every}'::text[]) cohort
      GROUP BY grain, kind, cohort) s ORDER BY grain, kind, cohort;
-- shuffled, and split in two
SELECT count(DISTINCT cells) FROM (
  SELECT cohort_retention(firsts, days, 'day', '{0,1,2,3}', '2026-03-25') AS cells FROM activity
  UNION ALL SELECT cohort_retention(firsts, days, 'day', '{0,1,2,3}', '2026-03-25' ORDER BY viewer DESC) FROM activity) s;
SELECT cohort_retention_final(cohort_retention_combine(a, b)) AS both, cohort_retention_final(cohort_retention_combine(NULL, b)) AS b, cohort_retention_combine(NULL, NULL) IS NULL AS nothing
FROM (SELECT cohort_retention_accum(NULL, '{2026-06-02}', '{2026-06-03}', 'day', '{1}', '2026-06-09') AS a,
        cohort_retention_accum(cohort_retention_accum(NULL, '{2026-06-02}', NULL, 'day', '{1}', '2026-06-09'), '{2026-06-01}', '{2026-06-02}', 'day', '{1}', '2026-06-09') AS b OFFSET 0) s;
-- in one call from events: the same cells, in whatever order, in parts, with several blocks of days
CREATE TABLE visit AS
SELECT i, (i * 7919 % 701 - 350)::bigint AS viewer, '2026-01-01 00:00+08'::timestamptz + (i * 104729 % 5003) * interval '41 minutes' + (i * 7919 % 701) * interval '1 hour' AS ts,
  nullif(i % 5, 1) = 0 AS is_first, i % 3 > 0 AS is_active
FROM generate_series(1, 8000::bigint) i;
SELECT grain, kind, cohort, cardinality(ours) AS cells, ours = theirs AS same, shuffled = theirs AS shuffled
FROM (SELECT grain, kind, cohort,
        cohort_retention(viewer, ts, is_first, is_active, 'Asia/Shanghai', grain, CASE WHEN kind = 'bracket' THEN '{0,1,3,4,9}'::int[] ELSE '{0,1,3,4}' END, '2026-03-25',
          jsonb_build_object('kind', kind, 'cohort', cohort)) AS ours,
        cohort_retention(viewer, ts, is_first, is_active, 'Asia/Shanghai', grain, CASE WHEN kind = 'bracket' THEN '{0,1,3,4,9}'::int[] ELSE '{0,1,3,4}' END, '2026-03-25',
          jsonb_build_object('kind', kind, 'cohort', cohort) ORDER BY i * 31 % 8009) AS shuffled
      FROM visit, unnest('{day,week,month}'::text[]) grain, unnest('{exact,on_or_after,bracket}'::text[]) kind, unnest('{first_ever,every}'::text[]) cohort
      GROUP BY grain, kind, cohort) o
  JOIN (SELECT grain, kind, cohort,
          cohort_retention(firsts, days, grain, CASE WHEN kind = 'bracket' THEN '{0,1,3,4,9}'::int[] ELSE '{0,1,3,4}' END, '2026-03-25', jsonb_build_object('kind', kind, 'cohort', cohort)) AS theirs
        FROM (SELECT viewer, active_days(ts, 'Asia/Shanghai') FILTER (WHERE is_first) AS firsts, active_days(ts, 'Asia/Shanghai') FILTER (WHERE is_active) AS days FROM visit GROUP BY viewer) v,
          unnest('{day,week,month}'::text[]) grain, unnest('{exact,on_or_after,bracket}'::text[]) kind, unnest('{first_ever,every}'::text[]) cohort
        GROUP BY grain, kind, cohort) t USING (grain, kind, cohort) ORDER BY grain, kind, cohort;
SELECT cohort_retention(viewer, ts, is_first, is_active, 'UTC', 'month', '{0}', '2026-12-31') = cohort_retention(viewer, ts, is_first, is_active, 'UTC', 'month', '{0}', '2026-12-31', NULL) AS same,
  cohort_retention(viewer, ts, is_first, is_active, 'UTC', 'month', '{0}', '2026-12-31') FILTER (WHERE i = 0) AS no_rows,
  cohort_retention(NULL, ts, true, true, 'UTC', 'month', '{0}', '2026-12-31') AS no_viewer, cohort_retention(viewer, ts, NULL, false, 'UTC', 'month', '{0}', '2026-12-31') AS no_event,
  cohort_retention(viewer, ts, false, true, 'UTC', 'month', '{0}', '2026-12-31') AS nobody FROM visit;
SELECT count(*) AS frames, count(DISTINCT c) AS different FROM (SELECT cohort_retention(viewer, ts, true, true, 'UTC', 'month', '{0,1}', '2026-12-31') OVER (ORDER BY i) AS c FROM visit WHERE i <= 600) w;
SELECT cohort_events_final(cohort_events_combine(a, b)) AS both, cohort_events_final(a) AS a, cohort_events_final(cohort_events_combine(NULL, b)) AS b
FROM (SELECT cohort_events_accum(NULL, 1, '2026-06-01', true, true, 'UTC', 'day', '{0,1}', '2026-06-09') AS a,
        cohort_events_accum(NULL, 1, '2026-06-02', true, true, 'UTC', 'day', '{0,1}', '2026-06-09') AS b OFFSET 0) s;
SELECT cohort_retention(1, now(), true, true, 'Mars', 'day', '{0}', '2026-06-09');
SELECT cohort_retention(1, 'infinity', true, true, 'UTC', 'day', '{0}', '2026-06-09');
SELECT cohort_retention(1, now(), true, true, 'UTC', 'hour', '{0}', '2026-06-09');
SELECT cohort_retention(1, now(), true, true, 'UTC', 'day', (SELECT array_agg(i) FROM generate_series(0, 64) i), '2026-06-09');
SELECT cohort_retention(1, now(), true, true, 'UTC', 'day', ARRAY[i], '2026-06-09') FROM generate_series(1, 2) i;
SELECT cohort_retention(1, now(), true, true, 'UTC', 'day', '{0}', NULL);
DROP TABLE visit;
-- questions that cannot be answered
SELECT cohort_retention('{2026-06-01}', '{}', 'year', '{0}', '2026-06-09');
SELECT cohort_retention('{2026-06-01}', '{}', 'day', '{}', '2026-06-09');
SELECT cohort_retention('{2026-06-01}', '{}', 'day', '{0,NULL}', '2026-06-09');
SELECT cohort_retention('{2026-06-01}', '{}', 'day', '{-1,0}', '2026-06-09');
SELECT cohort_retention('{2026-06-01}', '{}', 'day', '{1,1}', '2026-06-09');
SELECT cohort_retention('{2026-06-01}', '{}', 'day', '{0,1000001}', '2026-06-09');
SELECT cohort_retention('{2026-06-01}', '{}', 'day', '{0}', '2026-06-09', '{"kind": "bracket"}');
SELECT cohort_retention('{2026-06-01}', '{}', 'day', '{0}', 'infinity');
SELECT cohort_retention('{2026-06-01}', '{}', 'day', '{0}', NULL);
SELECT cohort_retention('{2026-06-01}', '{}', NULL, '{0}', '2026-06-09');
SELECT cohort_retention('{2026-06-01}', '{}', 'day', NULL, '2026-06-09');
SELECT cohort_retention('{2026-06-01,NULL}', '{}', 'day', '{0}', '2026-06-09');
SELECT cohort_retention('{2026-06-01}', '{infinity}', 'day', '{0}', '2026-06-09');
SELECT cohort_retention('{{2026-06-01}}', '{}', 'day', '{0}', '2026-06-09');
SELECT cohort_retention('{2026-06-01}', '{}', 'day', '{0}', '2026-06-09', '{"kind": "unbounded"}');
SELECT cohort_retention('{2026-06-01}', '{}', 'day', '{0}', '2026-06-09', '{"cohorts": "every"}');
SELECT cohort_retention('{2026-06-01}', '{}', 'day', '{0}', '2026-06-01'::date + x) FROM generate_series(1, 2) x;
\set VERBOSITY sqlstate
SELECT cohort_retention_final('');
SELECT cohort_retention_final(decode(repeat('63', 40), 'hex'));
SELECT cohort_retention_combine(a, b) FROM (SELECT cohort_retention_accum(NULL, NULL, NULL, 'day', '{1}', '2026-06-09') AS a, cohort_retention_accum(NULL, NULL, NULL, 'week', '{1}', '2026-06-09') AS b OFFSET 0) s;
\set VERBOSITY default

DROP TABLE event, row_of, moment, viewer_days, activity;
