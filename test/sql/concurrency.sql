-- concurrency_peak, concurrency_avg, concurrency_series, stay_curve
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
CREATE FUNCTION at(seconds float8) RETURNS timestamptz LANGUAGE sql IMMUTABLE AS
$$SELECT '2026-06-01 20:00:00+00'::timestamptz + seconds * interval '1 second'$$;
-- the published example: peak 4, average over [0, 90) = 181/90
CREATE VIEW visit AS
SELECT at(a) AS entered, at(b) AS left_at FROM (VALUES (0, 60), (0, 30), (20, 80), (60, 90), (25, 26), (40, 40)) v(a, b);

SELECT (concurrency_peak(entered, left_at)).*, concurrency_avg(entered, left_at, at(0), at(90)) * 90 AS area FROM visit;
SELECT b.* FROM (SELECT concurrency_series(entered, left_at, at(0), at(90), '20 seconds') AS s FROM visit) v, unnest(s) b;
SELECT b.* FROM (SELECT concurrency_series(entered, left_at, at(25), at(27), '1 second') AS s FROM visit) v, unnest(s) b;
SELECT b.* FROM (SELECT concurrency_series(entered, left_at, at(30), at(61), '1 day') AS s FROM visit) v, unnest(s) b;
-- who leaves is gone before who enters
SELECT concurrency_peak(a, b) FROM (VALUES (at(0), at(10)), (at(10), at(20)), (at(20), at(30))) v(a, b);
-- still present: NULL; for ever
SELECT concurrency_peak(at(1), NULL), concurrency_peak('-infinity', 'infinity'), concurrency_avg(at(5), NULL, at(0), at(10)),
  concurrency_avg('-infinity', 'infinity', at(0), at(10)), concurrency_series(at(5), NULL, at(0), at(10), '4 s');
-- nobody; nobody in the window; nothing to go by
SELECT concurrency_peak(at(1), at(1)), concurrency_avg(at(1), at(1), at(0), at(10)), concurrency_series(at(1), at(1), at(0), at(10), '5 s');
SELECT concurrency_avg(at(20), at(30), at(0), at(10)), concurrency_series(at(20), at(30), at(0), at(10), '5 s');
SELECT concurrency_peak(entered, left_at), concurrency_avg(entered, left_at, at(0), at(1)), concurrency_series(entered, left_at, at(0), at(1), '1 s') FROM visit WHERE false;
SELECT concurrency_peak(NULL, at(1)), concurrency_avg(NULL, at(1), at(0), at(1)), concurrency_series(NULL, at(1), at(0), at(1), '1 s');

-- against sums over a window
CREATE TABLE span AS
SELECT i, (i % 3)::int AS stream, at(i * 104729 % 50021) AS entered,
  CASE WHEN i % 50 > 0 THEN at(i * 104729 % 50021 + i * 31 % 601) END AS left_at
FROM generate_series(1, 20000::bigint) i;
CREATE VIEW sweep AS
SELECT stream, t, online, lead(t) OVER (PARTITION BY stream ORDER BY t) AS next
FROM (SELECT stream, t, sum(sum(d)) OVER (PARTITION BY stream ORDER BY t) AS online
      FROM (SELECT stream, entered AS t, 1 AS d FROM span UNION ALL SELECT stream, left_at, -1 FROM span WHERE left_at IS NOT NULL) x GROUP BY stream, t) y;
SELECT stream, (p).peak = top AS peak, (p).at = first AS at, abs(average - mean) < 1e-9 AS average
FROM (SELECT stream, concurrency_peak(entered, left_at) AS p, concurrency_avg(entered, left_at, at(0), at(40000)) AS average FROM span GROUP BY stream) ours
  JOIN (SELECT DISTINCT ON (stream) stream, online AS top, t AS first FROM sweep ORDER BY stream, online DESC, t) theirs USING (stream)
  JOIN (SELECT stream, sum(online * extract(epoch FROM least(next, at(40000)) - t)) / 40000 AS mean FROM sweep WHERE t < at(40000) GROUP BY stream) m USING (stream)
ORDER BY stream;
SELECT stream, count(*) AS buckets, sum(b.enters) AS enters, sum(b.leaves) AS leaves, max(b.peak_online) = (p).peak AS peak,
  abs(avg(b.avg_online) - average) < 1e-9 AS average
FROM (SELECT stream, concurrency_series(entered, left_at, at(0), at(51000), '1 minute') AS s, concurrency_peak(entered, left_at) AS p,
        concurrency_avg(entered, left_at, at(0), at(51000)) AS average FROM span GROUP BY stream) v, unnest(s) b
GROUP BY stream, p, average ORDER BY stream;
-- the order of the rows means nothing
SELECT count(DISTINCT r) FROM (
  SELECT concurrency_peak(entered, left_at)::text || concurrency_series(entered, left_at, at(100), at(40000), '7 minutes')::text AS r FROM span
  UNION ALL SELECT concurrency_peak(entered, left_at ORDER BY entered)::text || concurrency_series(entered, left_at, at(100), at(40000), '7 minutes' ORDER BY entered)::text FROM span
  UNION ALL SELECT concurrency_peak(entered, left_at ORDER BY i * 31 % 20011)::text || concurrency_series(entered, left_at, at(100), at(40000), '7 minutes' ORDER BY left_at)::text FROM span) s;
-- over a frame that grows
SELECT max((p).peak), count(DISTINCT p) FROM (SELECT concurrency_peak(entered, left_at) OVER (ORDER BY i) AS p FROM span WHERE i <= 300) s;
SELECT (concurrency_peak(entered, left_at)).peak FROM span;

-- support functions by hand
SELECT concurrency_peak_final(concurrency_peak_combine(a, b)), concurrency_peak_final(a), concurrency_peak_final(concurrency_peak_combine(NULL, b)),
  concurrency_peak_combine(NULL, NULL) IS NULL AS nothing
FROM (SELECT concurrency_peak_accum(NULL, at(0), at(10)) AS a, concurrency_peak_accum(concurrency_peak_accum(NULL, at(20), at(30)), at(5), at(8)) AS b OFFSET 0) s;
SELECT concurrency_avg_final(concurrency_avg_combine(a, b)), concurrency_avg_final(a), concurrency_avg_final(concurrency_avg_combine(NULL, b))
FROM (SELECT concurrency_avg_accum(NULL, at(0), at(10), at(0), at(10)) AS a, concurrency_avg_accum(NULL, at(5), at(8), at(0), at(10)) AS b OFFSET 0) s;
SELECT concurrency_series_final(concurrency_series_combine(a, b))
FROM (SELECT concurrency_series_accum(NULL, at(0), at(10), at(0), at(10), '5 s') AS a, concurrency_series_accum(NULL, at(5), at(8), at(0), at(10), '5 s') AS b OFFSET 0) s;
\set VERBOSITY sqlstate
SELECT concurrency_peak_final('');
SELECT concurrency_peak_final(concurrency_series_accum(NULL, at(0), at(10), at(0), at(10), '5 s'));
SELECT concurrency_avg_final('\x61');
SELECT concurrency_avg_combine(NULL, concurrency_peak_accum(NULL, at(0), at(10)));
SELECT concurrency_avg_combine(concurrency_avg_accum(NULL, at(0), at(10), at(0), at(10)), concurrency_avg_accum(NULL, at(0), at(10), at(0), at(11)));
SELECT concurrency_series_final('\x730203000000000000000000' || decode(repeat('00', 24), 'hex'));
SELECT concurrency_series_final('\x730203000000000000000000' || decode('0000000000000080ffffffffffffff7f0100000000000000', 'hex'));
\set VERBOSITY default

SELECT concurrency_peak(at(1), at(0));
SELECT concurrency_avg(at(1), at(0), at(0), at(1));
SELECT concurrency_avg(at(0), at(1), at(1), at(1));
SELECT concurrency_avg(at(0), at(1), NULL, at(1));
SELECT concurrency_avg(at(0), at(1), at(0), 'infinity');
SELECT concurrency_avg(entered, left_at, at(0), left_at) FROM visit WHERE left_at > at(0);
SELECT concurrency_series(at(0), at(1), at(0), at(1), '0');
SELECT concurrency_series(at(0), at(1), at(0), at(1), '-1 s');
SELECT concurrency_series(at(0), at(1), at(0), at(1), '1 month');
SELECT concurrency_series(at(0), at(1), at(0), at(1), NULL);
SELECT concurrency_series(at(0), at(1), at(0), at(1), '1 us') IS NULL;
SELECT concurrency_series(at(0), at(1), at(0), at(1.000001), '1 us');
SELECT concurrency_series(entered, left_at, at(0), at(90), left_at - entered + '1 s') FROM visit;

-- stay_curve: the remission times of Freireich et al., 1963; statsmodels 0.15.0 gives, just after 6, 7, 10, 13, 16, 22, 23,
-- 0.857143 0.806723 0.752941 0.690196 0.627451 0.537815 0.448179, errors 0.076360 0.086935 0.096350 0.106815 0.114054 0.128234 0.134591
CREATE TABLE remission AS
SELECT at(100 - length) AS entered, CASE WHEN lost = 0 THEN at(100) END AS left_at, at(100) AS hi, length, lost
FROM unnest('{6,6,6,6,7,9,10,10,11,13,16,17,19,20,22,23,25,32,32,34,35}'::int[], '{0,0,0,1,0,1,0,1,1,0,0,1,1,1,0,0,1,1,1,1,1}'::int[]) v(length, lost);
-- who leaves at hi is not seen to leave: an end later
UPDATE remission SET hi = at(101), entered = entered + lost * interval '1 second';
SELECT extract(epoch FROM p.after)::int AS after, p.at_risk, p.leaves, p.censored, round(p.share::numeric, 6) AS share, round(p.std_error::numeric, 6) AS std_error
FROM (SELECT stay_curve(entered, left_at, hi, '1 second') AS c FROM remission) v, unnest(c) p WHERE extract(epoch FROM p.after) IN (0, 6, 7, 8, 11, 14, 17, 23, 24, 35, 36);
-- nobody is lost: the plain share; who stays exactly so long has stayed so long
SELECT p.after, p.at_risk, p.leaves, p.share, p.share = p.at_risk / 7.0::float8 AS plain
FROM (SELECT stay_curve(at(0), at(s), at(1000), '30 seconds') AS c FROM unnest('{0,29,30,31,60,61,90}'::int[]) s) v, unnest(c) p;
-- the stream ends, at a time of its own for each row; stays after that do not count
SELECT p.* FROM (SELECT stay_curve(e, l, h, '1 minute') AS c FROM (VALUES
  (at(0), at(60), at(90)), (at(0), at(90), at(90)), (at(0), NULL, at(90)), (at(0), 'infinity', at(150)), (at(90), at(90), at(90)), (at(91), NULL, at(90)), (NULL, at(1), at(90))) v(e, l, h)) w, unnest(c) p;
SELECT stay_curve(at(0), at(1), at(0), '1 s'), stay_curve(NULL, at(1), at(9), '1 s'), stay_curve(at(0), at(0), at(9), '1 s');
SELECT count(DISTINCT c) FROM (SELECT stay_curve(entered, left_at, at(50000), '1 min') AS c FROM span
  UNION ALL SELECT stay_curve(entered, left_at, at(50000), '1 min' ORDER BY i * 31 % 20011) FROM span) t;
SELECT stay_curve_final(stay_curve_combine(a, b)) FROM (SELECT stay_curve_accum(NULL, at(0), at(1), at(9), '1 s') AS a, stay_curve_accum(NULL, at(0), at(2), at(9), '1 s') AS b OFFSET 0) s;
SELECT stay_curve(at(1), at(0), at(9), '1 s');
SELECT stay_curve('-infinity', at(0), at(9), '1 s');
SELECT stay_curve('4714-11-24 BC', NULL, '294276-12-31', '1 day');
SELECT stay_curve(at(1), at(2), NULL, '1 s');
SELECT stay_curve(at(1), at(2), 'infinity', '1 s');
SELECT stay_curve(at(1), at(2), at(9), '1 month');
SELECT stay_curve(at(1), at(2), at(9), '0');
SELECT stay_curve(at(0), at(2), at(9), '1 us');
SELECT stay_curve(at(0), at(s), at(9), s * interval '1 s') FROM generate_series(1, 2) s;
SELECT stay_curve_final('\x6b010100000000000000000000000000000000');
SELECT stay_curve_final('\x6b010100000000000000000000000000000000000000000000');

DROP TABLE remission;
DROP VIEW visit, sweep;
DROP TABLE span;
DROP FUNCTION at(float8);
