-- A generated audience: one row per viewer of a brand's lives on wechat, weibo
-- and douyin, what the viewer did in the twelve days before a sale of two days,
-- and whether the viewer bought in the sale.
--
--   psql -v viewers=200000 -v seed=42 -f examples/audience.sql
--
-- makes the table "audience" in the current schema. Nothing in it is a copy of
-- anybody's data; its shape is that of real audiences: watch time is
-- log-normal, counts have Pareto tails, most viewers never interact, some
-- values were never reported (NULL, not 0), and whether somebody buys depends
-- on watch time, interactions, carts and channel, and on luck.
--
-- Every draw is a hash of (seed, viewer, number of the draw). So viewer 7 of
-- seed 42 is the same in an audience of any size and in any plan, and setseed()
-- plays no part. hashint8extended() mixes integers without looking at bytes in
-- memory, so byte order does not matter, and hash partitioning relies on it to
-- never change. Only exp(), ln() and cos() come from the C library; results
-- are cut to whole numbers, so a last bit that differs there does not show.
\if :{?viewers} \else \set viewers 200000 \endif
\if :{?seed} \else \set seed 42 \endif

-- draw number n of a viewer, evenly in (0, 1)
CREATE OR REPLACE FUNCTION pg_temp.draw(seed bigint, viewer bigint, n int) RETURNS float8
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ((hashint8extended(viewer, hashint8extended(n::bigint, seed)) & 9007199254740991)::float8 + float8 '0.5')
       / float8 '9007199254740992';

-- draws n and n + 1 as one from the standard normal distribution (Box, Muller 1958)
CREATE OR REPLACE FUNCTION pg_temp.normal(seed bigint, viewer bigint, n int) RETURNS float8
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN sqrt(-2 * ln(pg_temp.draw(seed, viewer, n))) * cos(2 * pi() * pg_temp.draw(seed, viewer, n + 1));

-- draw n as a Pareto count: at least scale, above x with probability (scale / x) ^ alpha
CREATE OR REPLACE FUNCTION pg_temp.pareto(seed bigint, viewer bigint, n int, scale float8, alpha float8) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN floor(scale * power(pg_temp.draw(seed, viewer, n), -1 / alpha))::bigint;

-- true with the probability whose log odds are given
CREATE OR REPLACE FUNCTION pg_temp.happens(seed bigint, viewer bigint, n int, log_odds float8) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN pg_temp.draw(seed, viewer, n) < 1 / (1 + exp(-log_odds));

-- Each level is fenced by OFFSET 0, so that a draw is made once, not wherever it is used.
CREATE TABLE audience AS
WITH viewer AS NOT MATERIALIZED (
  SELECT generate_series(1::bigint, :viewers) AS viewer
), person AS NOT MATERIALIZED (
  -- interest is what no platform reports; it drives everything else
  SELECT viewer,
         CASE WHEN d < 0.45 THEN 'wechat' WHEN d < 0.65 THEN 'weibo' ELSE 'douyin' END AS channel,
         pg_temp.normal(:seed, viewer, 2) AS interest
  FROM (SELECT viewer, pg_temp.draw(:seed, viewer, 1) AS d FROM viewer OFFSET 0) AS v
  OFFSET 0
), visitor AS NOT MATERIALIZED (
  SELECT viewer, channel, interest,
         least(12, 1 + floor(-ln(pg_temp.draw(:seed, viewer, 4)) * exp(0.7 * interest + 0.3)))::int AS visits,
         mod(floor(20.5 + 3.5 * pg_temp.normal(:seed, viewer, 5))::int + 48, 24) AS usual_hour
  FROM person
  OFFSET 0
), watcher AS NOT MATERIALIZED (
  SELECT viewer, channel, interest, visits, usual_hour,
         floor(visits * exp(CASE channel WHEN 'wechat' THEN 4.5 WHEN 'weibo' THEN 3.8 ELSE 4.1 END
                            + 0.8 * interest + 0.9 * pg_temp.normal(:seed, viewer, 7))) AS watched,
         pg_temp.happens(:seed, viewer, 9, -1.3 + 0.9 * interest + 0.15 * visits
                         + CASE channel WHEN 'douyin' THEN 0.5 ELSE 0 END) AS talks
  FROM visitor
  OFFSET 0
), actor AS NOT MATERIALIZED (
  SELECT viewer, channel, visits, usual_hour, watched,
         CASE WHEN talks THEN pg_temp.pareto(:seed, viewer, 10, 0.7 * exp(0.4 * interest), 1.4) ELSE 0 END AS comments,
         CASE WHEN talks THEN pg_temp.pareto(:seed, viewer, 11, 1.6 * exp(0.5 * interest), 1.2) ELSE 0 END AS likes,
         CASE WHEN talks THEN pg_temp.pareto(:seed, viewer, 12, 0.4 * exp(0.3 * interest), 1.6) ELSE 0 END AS shares,
         floor(-ln(pg_temp.draw(:seed, viewer, 13)) * exp(-1.0 + 0.5 * interest + 0.35 * ln(1 + watched / 60)))::bigint
           AS carts
  FROM watcher
  OFFSET 0
), buyer AS NOT MATERIALIZED (
  SELECT *, least(carts, floor(-ln(pg_temp.draw(:seed, viewer, 14)) * 0.8 * carts))::bigint AS orders
  FROM actor
  OFFSET 0
)
SELECT viewer, channel, visits::smallint, usual_hour::smallint,
       -- the message that ends a visit gets lost, and exports leave columns empty
       CASE WHEN pg_temp.draw(:seed, viewer, 15) > 0.03 THEN watched::bigint END AS watch_seconds,
       CASE WHEN pg_temp.draw(:seed, viewer, 16) > 0.01 THEN comments END AS comments,
       CASE WHEN channel <> 'wechat' OR pg_temp.draw(:seed, viewer, 17) > 0.05 THEN likes END AS likes,
       CASE WHEN channel <> 'weibo' OR pg_temp.draw(:seed, viewer, 18) > 0.15 THEN shares END AS shares,
       carts, orders,
       pg_temp.happens(:seed, viewer, 19,
                       -4.7 + 0.85 * ln(1 + watched / 60) + 0.35 * ln(1 + comments + likes + shares)
                       + 1.1 * ln(1 + carts) + 0.5 * sqrt(orders)
                       + CASE channel WHEN 'douyin' THEN 0.5 WHEN 'weibo' THEN -0.3 ELSE 0 END) AS bought
FROM buyer;

COMMENT ON TABLE audience IS 'generated viewers of a brand''s lives: twelve days of behaviour, and who bought in the sale of two days after';
COMMENT ON COLUMN audience.viewer IS 'number of the viewer; ids are per channel, so one viewer is on one channel';
COMMENT ON COLUMN audience.usual_hour IS 'hour of the day of most visits, China time';
COMMENT ON COLUMN audience.watch_seconds IS 'seconds watched in the twelve days; NULL: not reported';
COMMENT ON COLUMN audience.comments IS 'comments in the twelve days; NULL: not reported';
COMMENT ON COLUMN audience.likes IS 'likes in the twelve days; NULL: not reported';
COMMENT ON COLUMN audience.shares IS 'shares in the twelve days; NULL: not reported';
COMMENT ON COLUMN audience.carts IS 'products put into the cart in the twelve days';
COMMENT ON COLUMN audience.orders IS 'orders paid in the twelve days';
COMMENT ON COLUMN audience.bought IS 'whether the viewer paid an order in the sale of two days after; never a feature';
ANALYZE audience;
