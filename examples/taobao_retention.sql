-- Who comes back, how often, for how long, and how many are there at once: the
-- opening rows of the Taobao set, 983 shoppers.
--
--   LIVEANALYTICS_DATA=folder psql -X -f examples/taobao_retention.sql
\ir begin.sql

INSERT INTO step (name) VALUES ('load');
CREATE UNLOGGED TABLE loaded (viewer int, item int, category int, behaviour text, at bigint);
\copy loaded FROM PROGRAM 'gzip -dc "$LIVEANALYTICS_DATA/taobao_userbehavior/UserBehavior_first100k.csv.gz"' (FORMAT csv)
-- nine days by the clocks of the shop; rows outside are dirt in the set
CREATE TABLE event AS
SELECT viewer, behaviour, to_timestamp(at) AS ts FROM loaded
WHERE to_timestamp(at) >= '2017-11-25 00:00+08' AND to_timestamp(at) < '2017-12-04 00:00+08';
ANALYZE event;

INSERT INTO step (name) VALUES ('cohorts');
\echo 'Of those first seen on each day, how many came back so many days later? The last whole day is 3 December.'
SELECT c.cohort, max(c.cohort_size) AS size, max(c.retained) FILTER (WHERE period = 1) AS "day 1", max(c.retained) FILTER (WHERE period = 2) AS "day 2",
       max(c.retained) FILTER (WHERE period = 3) AS "day 3", max(c.retained) FILTER (WHERE period = 7) AS "day 7"
FROM (SELECT cohort_retention(viewer, ts, true, true, 'Asia/Shanghai', 'day', '{1,2,3,7}', '2017-12-03') AS cells FROM event) AS m,
     unnest(cells) AS c
GROUP BY cohort ORDER BY cohort;

\echo 'And how many of them bought: in the first three days, then in the following ones?'
SELECT c.cohort, c.period AS from_day, c.cohort_size, c.retained, round(100 * c.rate::numeric, 1) AS "rate %", c.is_complete
FROM (SELECT cohort_retention(days, bought, 'day', '{0,3,7}', '2017-12-03', '{"kind": "bracket"}') AS cells
      FROM (SELECT viewer, active_days(ts, 'Asia/Shanghai') AS days, active_days(ts, 'Asia/Shanghai') FILTER (WHERE behaviour = 'buy') AS bought
            FROM event GROUP BY viewer) AS v) AS m,
     unnest(cells) AS c
WHERE c.cohort_size >= 50 ORDER BY cohort, period;

\echo 'Viewed, carted, bought: by anybody in any order, and after the first view.'
SELECT count(*) AS viewers, count(*) FILTER (WHERE plain[2]) AS carted, count(*) FILTER (WHERE plain[3]) AS bought,
       count(*) FILTER (WHERE ordered[2]) AS "carted later", count(*) FILTER (WHERE ordered[3]) AS "bought later"
FROM (SELECT retention(behaviour = 'pv', behaviour = 'cart', behaviour = 'buy') AS plain,
             retention_ordered(ts, behaviour = 'pv', behaviour = 'cart', behaviour = 'buy') AS ordered FROM event GROUP BY viewer) AS v
WHERE plain[1];

INSERT INTO step (name) VALUES ('sessions');
CREATE TABLE session AS
SELECT viewer, n, min(ts) AS entered, max(ts) AS left_at, count(*) AS events
FROM (SELECT viewer, ts, sessionize(ts, '30 minutes') OVER (PARTITION BY viewer ORDER BY ts) AS n FROM event) AS e
GROUP BY viewer, n;
\echo 'Sessions end after half an hour without an event.'
SELECT count(*) AS sessions, round(count(*)::numeric / count(DISTINCT viewer), 1) AS "per viewer", sum(events) AS events,
       to_char(watch_time(entered, left_at), 'HH24:MI') AS "anybody there", concurrency_peak(entered, left_at) AS peak,
       round(concurrency_avg(entered, left_at, '2017-11-25 00:00+08', '2017-12-04 00:00+08')::numeric, 2) AS average
FROM session;

\echo 'An evening, half hour by half hour (2 December, shop time).'
SELECT to_char(b.bucket AT TIME ZONE 'Asia/Shanghai', 'HH24:MI') AS bucket, round(b.avg_online::numeric, 1) AS avg_online, b.peak_online, b.enters, b.leaves
FROM (SELECT concurrency_series(entered, left_at, '2017-12-02 19:00+08', '2017-12-02 23:00+08', '30 minutes') AS series FROM session) AS s,
     unnest(series) AS b;

\echo 'How long does a session last? Those of the last evening go on at midnight, where the data end.'
SELECT p.after, p.at_risk, p.censored, round(100 * p.share::numeric, 1) AS "share %", round(100 * p.std_error::numeric, 1) AS "std error %"
FROM (SELECT stay_curve(entered, CASE WHEN left_at < '2017-12-03 23:30+08' THEN left_at END, '2017-12-04 00:00+08', '15 minutes') AS curve FROM session) AS c,
     unnest(curve) AS p
WHERE p.after <= '90 minutes';

\ir end.sql
