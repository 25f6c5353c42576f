-- Posts and lives of Thai fashion sellers on Facebook (UCI 488): scores,
-- segments, engagement, a regression, and a forest that tells videos apart.
--
--   LIVEANALYTICS_DATA=folder psql -X -f examples/facebook_live_sellers.sql
\ir begin.sql

INSERT INTO step (name) VALUES ('load');
CREATE TABLE post (
  status_id text, status_type text, status_published text, num_comments bigint, num_shares bigint,
  num_reactions bigint, num_likes bigint, num_loves bigint, num_wows bigint, num_hahas bigint, num_sads bigint,
  num_angrys bigint
);
-- some copies have empty columns at the end, or CR LF line ends
\copy post FROM PROGRAM 'cut -d , -f 1-12 "$LIVEANALYTICS_DATA/facebook_live_sellers/Live.csv" | tr -d "\r"' (FORMAT csv, HEADER)
ANALYZE post;

\echo 'Real posts and lives of ten Thai fashion and cosmetics sellers. Some ids stand twice: the repeats are kept, as in'
\echo 'published work on these data, but both fall on the same side of the train/test split below.'
SELECT count(*) AS rows, count(DISTINCT status_id) AS posts, count(*) - count(DISTINCT status_id) AS repeats,
       min(to_date(status_published, 'MM/DD/YYYY')) AS first_day, max(to_date(status_published, 'MM/DD/YYYY')) AS last_day
FROM post;

INSERT INTO step (name) VALUES ('score and segment');
CREATE TABLE scored AS
SELECT *, quartile_segment(interactions) OVER () AS segment
FROM (SELECT *, interaction_score(num_comments, num_likes, num_shares) AS interactions,
             extract(hour FROM to_timestamp(status_published, 'MM/DD/YYYY HH24:MI')) AS hour
      FROM post) AS p;

\echo 'Interactions = comments + likes + shares; quartile edges'
SELECT quantile_edges(interactions, 4) AS edges FROM scored;
\echo 'Segments: a quarter of the posts each, but equal scores stay together'
SELECT segment_label(s.segment) || ' ' || segment_label(s.segment, 'zh') AS segment, count(p.segment) AS posts,
       round(100.0 * count(p.segment) / sum(count(p.segment)) OVER (), 1) AS "posts %",
       min(interactions) AS from, max(interactions) AS to,
       round(100 * sum(interactions) / sum(sum(interactions)) OVER (), 1) AS "interactions %"
FROM strategy AS s LEFT JOIN scored AS p USING (segment)
GROUP BY s.segment ORDER BY s.segment;
\ir segments.sql

INSERT INTO step (name) VALUES ('engagement by type and hour');
\echo 'Engagement by type: the mean is pulled up by few posts, the median is what a post can expect'
SELECT status_type AS type, count(*) AS posts, percentile_disc(0.5) WITHIN GROUP (ORDER BY interactions) AS median,
       round(avg(interactions)) AS mean, round(avg(num_comments)) AS comments, round(avg(num_likes)) AS likes,
       round(avg(num_shares)) AS shares, round(100.0 * count(*) FILTER (WHERE segment = 4) / count(*), 1) AS "very high %"
FROM scored GROUP BY status_type ORDER BY posts DESC;
\echo 'Engagement by hour of publishing (the clock of the crawl)'
SELECT to_char(h * 3, 'FM00') || '-' || to_char(h * 3 + 2, 'FM00') AS hours, count(*) AS posts,
       round(100.0 * count(*) FILTER (WHERE status_type = 'video') / count(*), 1) AS "video %",
       percentile_disc(0.5) WITHIN GROUP (ORDER BY interactions) AS median, round(avg(interactions)) AS mean,
       round(100.0 * count(*) FILTER (WHERE segment = 4) / count(*), 1) AS "very high %"
FROM (SELECT *, div(hour, 3)::int AS h FROM scored) AS s GROUP BY h ORDER BY h;

INSERT INTO step (name) VALUES ('regression');
CREATE TABLE line AS
SELECT linreg_fit(num_shares::float8, ARRAY[num_comments, num_likes]::float8[]) AS shares FROM post;
\echo 'What goes with shares: least squares of shares on comments and likes'
SELECT (s).n, round((s).r2::numeric, 3) AS r2, round((s).residual_se::numeric, 1) AS residual_se,
       round(c[1]::numeric, 3) AS intercept, round(100 * c[2]::numeric, 2) AS "per 100 comments",
       round(100 * c[3]::numeric, 2) AS "per 100 likes",
       round(linreg_predict(shares, ARRAY[500, 500])::numeric, 1) AS "shares at 500, 500"
FROM (SELECT shares, linreg_stats(shares) AS s, linreg_coef(shares) AS c FROM line OFFSET 0) AS fit;

INSERT INTO step (name) VALUES ('train the forest');
CREATE TABLE sample AS
SELECT train_test_split(status_id) AS part, CASE status_type WHEN 'video' THEN 'video' ELSE 'other' END AS actual,
       ARRAY[num_comments, num_shares, num_likes, num_loves, num_wows, num_hahas, num_sads, num_angrys]::float8[] AS features
FROM post;
CREATE TABLE model AS
SELECT rf_train(actual, features, '{"trees": 100, "seed": 42}') AS forest FROM sample WHERE part = 'train';

INSERT INTO step (name) VALUES ('predict and judge');
CREATE TABLE judged AS
SELECT actual, rf_predict(forest, features) AS predicted FROM sample, model WHERE part = 'test';
\echo 'Is a post a video? A forest of 100 trees told from comments, shares and the six reactions, trained on four fifths'
\ir judge.sql
\ir end.sql
