-- Real behaviour of Taobao shoppers (Tianchi 649): views, carts and buys per
-- viewer, segments, and a forest that predicts who buys in the last days.
--
--   LIVEANALYTICS_DATA=folder psql -X -f examples/taobao_userbehavior.sql
\ir begin.sql

INSERT INTO step (name) VALUES ('load');
CREATE TABLE loaded (viewer bigint, item bigint, category bigint, behaviour text, seconds bigint);
\copy loaded FROM PROGRAM 'gzip -dc "$LIVEANALYTICS_DATA/taobao_userbehavior/UserBehavior_first100k.csv.gz"' (FORMAT csv)
-- shop time is UTC+8; the set covers nine days
CREATE TABLE event AS
SELECT viewer, item, category, behaviour, at, at::date - date '2017-11-25' AS day
FROM (SELECT *, to_timestamp(seconds) AT TIME ZONE '+08:00'::interval AS at FROM loaded) AS l
WHERE at >= '2017-11-25' AND at < '2017-12-04';
ANALYZE event;

\echo 'Real events of nine days, 25 November to 3 December 2017, shop time. Rows with a time outside are dirt in the'
\echo 'original and are left out.'
SELECT (SELECT count(*) FROM loaded) AS loaded, (SELECT count(*) FROM loaded) - count(*) AS outside, count(*) AS events,
       count(DISTINCT viewer) AS viewers, count(*) FILTER (WHERE behaviour = 'pv') AS views,
       count(*) FILTER (WHERE behaviour = 'cart') AS carts, count(*) FILTER (WHERE behaviour = 'fav') AS favourites,
       count(*) FILTER (WHERE behaviour = 'buy') AS buys
FROM event;

INSERT INTO step (name) VALUES ('score and segment');
-- days 0 to 4 are what is known, days 5 to 8 what is to be predicted
CREATE TABLE viewer AS
SELECT viewer, known.*, EXISTS (SELECT FROM event AS e WHERE e.viewer = k.viewer AND day >= 5 AND behaviour = 'buy') AS buys_later
FROM (SELECT viewer,
             count(*) FILTER (WHERE behaviour = 'pv') AS views,
             count(*) FILTER (WHERE behaviour = 'cart') AS carts,
             count(*) FILTER (WHERE behaviour = 'fav') AS favourites,
             count(*) FILTER (WHERE behaviour = 'buy') AS buys,
             count(DISTINCT day) AS days,
             count(DISTINCT day) FILTER (WHERE behaviour = 'buy') AS buying_days,
             count(DISTINCT category) AS categories,
             5 - extract(epoch FROM max(at) - timestamp '2017-11-25') / 86400 AS days_since_seen,
             5 - extract(epoch FROM max(at) FILTER (WHERE behaviour = 'buy') - timestamp '2017-11-25') / 86400 AS days_since_buy
      FROM event WHERE day < 5 GROUP BY viewer) AS k,
     LATERAL (SELECT views, carts, favourites, buys, days, buying_days, categories, days_since_seen, days_since_buy) AS known;
CREATE TABLE scored AS
SELECT *, quartile_segment(score) OVER () AS segment
FROM (SELECT *, interaction_score(carts, favourites, views, 5, 3, 1) AS score FROM viewer) AS v;

\echo 'Viewers by what they did in the first five days: a cart counts 5, a favourite 3, a view 1. The last column was not'
\echo 'known then: the share that bought in the four days after.'
SELECT segment_label(s.segment) || ' ' || segment_label(s.segment, 'zh') AS segment, count(v.viewer) AS viewers,
       min(score) AS from, max(score) AS to,
       round(avg(views), 1) AS views, round(avg(carts), 1) AS carts, round(avg(favourites), 1) AS favourites,
       round(avg(buys), 1) AS buys, round(100 * avg(buys_later::int), 1) AS "buy later %"
FROM strategy AS s LEFT JOIN scored AS v USING (segment)
GROUP BY s.segment ORDER BY s.segment;
\ir segments.sql

INSERT INTO step (name) VALUES ('regression');
\echo 'What goes with buys: least squares of buys on carts and views, the first five days'
SELECT (s).n, round((s).r2::numeric, 3) AS r2, round(c[1]::numeric, 3) AS intercept,
       round(10 * c[2]::numeric, 3) AS "per 10 carts", round(100 * c[3]::numeric, 3) AS "per 100 views"
FROM (SELECT linreg_stats(line) AS s, linreg_coef(line) AS c
      FROM (SELECT linreg_fit(buys::float8, ARRAY[carts, views]::float8[]) AS line FROM viewer) AS l OFFSET 0) AS fit;

INSERT INTO step (name) VALUES ('train five forests');
-- Few viewers: each is judged by a forest trained on the other four fifths.
CREATE TABLE sample AS
SELECT kfold(viewer, 5) AS fold, CASE WHEN buys_later THEN 'buys' ELSE 'does not' END AS actual,
       ARRAY[views, carts, favourites, buys, days, buying_days, categories, days_since_seen, days_since_buy]::float8[] AS features
FROM viewer;
CREATE TABLE model AS
SELECT held.fold, rf_train(actual, features, '{"trees": 100, "seed": 42, "min_leaf": 20}') AS forest
FROM generate_series(1, 5) AS held (fold) JOIN sample ON sample.fold <> held.fold
GROUP BY held.fold;

INSERT INTO step (name) VALUES ('predict and judge');
CREATE TABLE judged AS
SELECT actual, rf_predict(forest, features) AS predicted FROM sample JOIN model USING (fold);
\echo 'Who buys in the last four days, from the first five? Each viewer is judged by a forest that never saw them.'
\echo 'Expect a modest gain: five days of so few viewers tell little about a next purchase.'
\ir judge.sql
\ir end.sql
