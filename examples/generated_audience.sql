-- The main job on a generated audience over wechat, weibo and douyin: scores,
-- segments, and a forest that predicts who buys in the last two days from the
-- twelve days before.
--
--   psql -X -v viewers=200000 -v seed=42 -f examples/generated_audience.sql
\ir begin.sql

INSERT INTO step (name) VALUES ('generate');
\ir audience.sql

INSERT INTO step (name) VALUES ('score and segment');
CREATE TABLE scored AS
SELECT *, quartile_segment(interactions) OVER () AS segment
FROM (SELECT *, interaction_score(comments, likes, shares) AS interactions FROM audience) AS a;

\echo 'Generated viewers of a brand''s lives: twelve days of behaviour (watch time in minutes), then who bought in the two-day sale'
SELECT channel, count(*) AS viewers, round(100.0 * count(*) FILTER (WHERE interactions = 0) / count(*), 1) AS "silent %",
       round((percentile_cont(0.5) WITHIN GROUP (ORDER BY watch_seconds) / 60)::numeric, 1) AS "median watch",
       round(avg(watch_seconds) / 60, 1) AS "mean watch", sum(interactions) AS interactions, sum(orders) AS orders,
       round(100.0 * count(*) FILTER (WHERE watch_seconds IS NULL OR comments IS NULL OR likes IS NULL OR shares IS NULL)
             / count(*), 1) AS "not reported %",
       round(100 * avg(bought::int), 1) AS "bought %"
FROM scored GROUP BY channel ORDER BY channel;

\echo 'Interactions = comments + likes + shares; quartile edges'
SELECT quantile_edges(interactions, 4) AS edges FROM scored;
\echo 'Viewers with equal scores stay together. More than half never interact, so the lower two quartiles coincide: all'
\echo 'of the silent are in the lowest segment and nobody is left for the second.'
SELECT segment_label(s.segment) || ' ' || segment_label(s.segment, 'zh') AS segment, count(a.viewer) AS viewers,
       round(100.0 * count(a.viewer) / sum(count(a.viewer)) OVER (), 1) AS "viewers %",
       min(interactions) AS from, max(interactions) AS to, round(avg(watch_seconds) / 60, 1) AS "mean watch",
       round(100 * avg(bought::int), 1) AS "bought %",
       round(100.0 * count(*) FILTER (WHERE bought) / sum(count(*) FILTER (WHERE bought)) OVER (), 1) AS "buyers %"
FROM strategy AS s LEFT JOIN scored AS a USING (segment)
GROUP BY s.segment ORDER BY s.segment;
\ir segments.sql

INSERT INTO step (name) VALUES ('engagement by hour');
\echo 'When to go live: viewers by their usual hour, China time'
SELECT to_char(h * 3, 'FM00') || '-' || to_char(h * 3 + 2, 'FM00') AS hours, count(*) AS viewers,
       round(100.0 * count(*) FILTER (WHERE interactions > 0) / count(*), 1) AS "interact %",
       round(100 * avg(bought::int), 1) AS "bought %"
FROM (SELECT *, usual_hour / 3 AS h FROM scored) AS s GROUP BY h ORDER BY h;

INSERT INTO step (name) VALUES ('regression');
\echo 'What a visit is worth: least squares of seconds watched on visits, one line per channel'
SELECT channel, (s).n, round((s).r2::numeric, 3) AS r2, round(c[1]::numeric, 1) AS intercept,
       round(c[2]::numeric, 1) AS "seconds per visit"
FROM (SELECT channel, linreg_stats(line) AS s, linreg_coef(line) AS c
      FROM (SELECT channel, linreg_fit(watch_seconds::float8, visits::float8) AS line
            FROM audience GROUP BY channel) AS l OFFSET 0) AS fit
ORDER BY channel;

INSERT INTO step (name) VALUES ('train the forest');
-- a value that was not reported stays NULL: the forest learns what its absence means
CREATE TABLE sample AS
SELECT train_test_split(viewer) AS part, CASE WHEN bought THEN 'buys' ELSE 'does not' END AS actual,
       ARRAY[watch_seconds, visits, comments, likes, shares, carts, orders, usual_hour,
             (channel = 'wechat')::int, (channel = 'weibo')::int, (channel = 'douyin')::int]::float8[] AS features
FROM audience;
CREATE TABLE model AS
SELECT rf_train(actual, features, '{"trees": 100, "seed": 42, "min_leaf": 20}') AS forest FROM sample WHERE part = 'train';

INSERT INTO step (name) VALUES ('predict and judge');
CREATE TABLE judged AS
SELECT actual, rf_predict(forest, features) AS predicted, rf_predict_proba(forest, features) AS proba
FROM sample, model WHERE part = 'test';
\echo 'Who buys in the two days of the sale, from the twelve before? A forest of 100 trees, trained on four fifths of the viewers'
\ir judge.sql

\echo 'Whom to send the coupon: held-out viewers by predicted probability. Lift: how many times the average share buys.'
WITH ranked AS (
  SELECT actual = 'buys' AS buys, ntile(100) OVER (ORDER BY proba[array_position(rf_classes(forest), 'buys')] DESC) AS percent
  FROM judged, model
)
SELECT 'top ' || top || ' %' AS viewers, count(*) FILTER (WHERE percent <= top) AS n,
       round(100 * avg(buys::int) FILTER (WHERE percent <= top), 1) AS "bought %",
       round(avg(buys::int) FILTER (WHERE percent <= top) / avg(buys::int), 1) AS lift,
       round(100.0 * count(*) FILTER (WHERE buys AND percent <= top) / count(*) FILTER (WHERE buys), 1) AS "of all buyers %"
FROM ranked, (VALUES (1), (5), (10), (20), (100)) AS t (top)
GROUP BY top ORDER BY top;
\ir end.sql
