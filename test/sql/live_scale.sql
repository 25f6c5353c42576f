-- What a refresh reads follows what has changed, not what lies behind it: with
-- statistics that know nothing of the new stream, as they never do of a running one.
SET client_min_messages = warning;
SET timezone = 'UTC';
SELECT live_setup('ls') IS NOT NULL AS ready;
SELECT events > 20000 AS many FROM live_simulate('ls', '{"seed": 3, "start": "2024-03-01", "viewers": 4000, "streams": 6, "minutes": 30}');
CALL live_refresh('ls');
ANALYZE;
SELECT accepted FROM live_ingest('ls', 'generic', jsonb_build_object('events', (
  SELECT jsonb_agg(jsonb_build_object('id', 'n' || i, 'stream', 'new', 'viewer', 'v' || i % 100, 'product', 'p' || i % 5,
    'type', (ARRAY['enter', 'like', 'product_show', 'product_click', 'leave'])[1 + i / 100], 'ts', '2024-03-09 12:00:00'::timestamp + i * interval '1 second'))
  FROM generate_series(0, 499) AS i)));

-- five readings of the 500 events (minutes, products in minutes, visits, viewers, products) and
-- of their buckets in the rollups, of which small ones may be read as a whole: far less than the
-- 20,000 that are there. What was read before, and not
-- yet reported, would count too.
DO $$ BEGIN PERFORM pg_stat_force_next_flush(); END $$;
BEGIN;
SELECT done > 100 AS done, more FROM live_refresh_step('ls', 1000);
SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) BETWEEN 2000 AND 8000 AS as_changed
FROM pg_stat_xact_user_tables WHERE schemaname = 'ls' AND (relname LIKE 'event\_%' OR relname LIKE 'roll\_%') AND relname <> 'event_dedup';
COMMIT;
SELECT * FROM live_verify('ls');

-- people of a stream are added and taken away one by one
SELECT viewers_ucnt, like_ucnt, product_click_ucnt, entered_1, entered_2, entered_3, pcu FROM ls.stream_fact WHERE external_id = 'new';
DELETE FROM ls.event WHERE stream_id = (SELECT stream_id FROM ls.stream WHERE external_id = 'new') AND viewer_id % 2 = 0;
CALL live_refresh('ls');
SELECT viewers_ucnt, like_ucnt, product_click_ucnt, entered_1, entered_2, entered_3, pcu < 100 AS fewer FROM ls.stream_fact WHERE external_id = 'new';
SELECT * FROM live_verify('ls');
DELETE FROM ls.event WHERE stream_id = (SELECT stream_id FROM ls.stream WHERE external_id = 'new');
CALL live_refresh('ls', 7);
SELECT count(*) FROM ls.roll_stream WHERE stream_id = (SELECT stream_id FROM ls.stream WHERE external_id = 'new');
SELECT * FROM live_verify('ls');
-- whatever a stream's row says is put right when all of the stream is recomputed
UPDATE ls.roll_stream SET viewers_ucnt = viewers_ucnt + 1;
SELECT count(*) FROM live_verify('ls');
UPDATE ls.setting SET day_cut = '01:00';
CALL live_refresh('ls');
SELECT * FROM live_verify('ls');
DROP SCHEMA ls CASCADE;
