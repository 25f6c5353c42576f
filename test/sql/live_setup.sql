-- live_setup: tables of the caller, in a schema of any name
SET client_min_messages = warning;
SET timezone = 'UTC';
CREATE ROLE live_brand;
DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO live_brand', current_database()); END $$;
SET ROLE live_brand;
SELECT live_setup() ~ '^schema live is ready: \d+ tables, \d+ views$' AS ready;
SELECT live_setup() ~ '^schema live is ready: \d+ tables, \d+ views$' AS again;
SELECT live_setup('Brand "1" 直播; it''s') ~ '^schema "Brand ""1"" 直播; it''s" is ready' AS ready;

-- everything belongs to the caller, nothing to the extension
SELECT count(*) > 20 AS tables, bool_and(relowner = 'live_brand'::regrole) AS ours,
       count(*) FILTER (WHERE EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')) AS members
FROM pg_class c WHERE relnamespace IN (SELECT oid FROM pg_namespace WHERE nspname = 'live' OR nspname LIKE 'Brand%');

-- tables and columns without a comment: none
SELECT c.relname, a.attname
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relnamespace = 'live'::regnamespace AND c.relkind IN ('r', 'p', 'v') AND NOT c.relispartition
  AND (col_description(c.oid, a.attnum) IS NULL OR obj_description(c.oid, 'pg_class') IS NULL)
ORDER BY 1, 2;

-- events go to partitions by month, and none is refused for its time
SELECT count(*) BETWEEN 25 AND 27 AS partitions FROM pg_inherits WHERE inhparent = 'live.event'::regclass;
SELECT live_partitions('live', '2019-12-01', '2020-02-29') AS made;
SELECT live_partitions('live', '2019-12-01', '2020-02-29') AS made;
SELECT pg_get_expr(relpartbound, oid) FROM pg_class WHERE oid = 'live.event_202002'::regclass;

-- what users changed stays
UPDATE live.setting SET stats_tz = 'Asia/Tokyo', k_anonymity = 10;
UPDATE live.channel_field SET path = '{when}' WHERE channel_id = 4 AND record = 'event' AND field = 'ts';
ALTER TABLE live.viewer ADD COLUMN note text;
ALTER TABLE live.product DROP COLUMN cost;
SELECT live_upgrade('live') ~ 'is ready' AS upgraded;
SELECT stats_tz, k_anonymity, schema_version FROM live.setting;
SELECT path FROM live.channel_field WHERE channel_id = 4 AND record = 'event' AND field = 'ts';
SELECT attname FROM pg_attribute WHERE attrelid IN ('live.viewer'::regclass, 'live.product'::regclass)
  AND attname IN ('note', 'cost') AND NOT attisdropped ORDER BY 1;

SELECT count(*) > 60 AS metrics, bool_and(zh <> '' AND en <> '' AND formula <> '') AS described FROM live.metric_catalog;
SELECT name_zh, strategy_zh FROM live.segment_strategy ORDER BY segment;

-- settings that make no sense
\set VERBOSITY terse
UPDATE live.setting SET k_anonymity = 0;
UPDATE live.setting SET day_cut = '25 hours';

-- errors
\set VERBOSITY sqlstate
SELECT live_setup(NULL);
SELECT live_setup('');
SELECT live_setup('pg_brand');
SELECT live_setup('$user');
SELECT live_upgrade('nobody');
SELECT live_partitions('live', '2020-03-01', '2020-02-01');
RESET ROLE;
CREATE SCHEMA live_foreign;
CREATE TABLE live_foreign.event (x int);
GRANT ALL ON SCHEMA live_foreign TO live_brand;
SET ROLE live_brand;
SELECT live_setup('live_foreign');
\set VERBOSITY default
RESET ROLE;

DROP SCHEMA live_foreign CASCADE;
DROP SCHEMA live CASCADE;
DROP OWNED BY live_brand CASCADE;
DROP ROLE live_brand;
