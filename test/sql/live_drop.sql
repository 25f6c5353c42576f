-- DROP EXTENSION: refused while views depend on it; with CASCADE no table, row, trigger, policy or grant goes; live_upgrade puts the views back
SET client_min_messages = warning;
SET timezone = 'UTC';
CREATE ROLE live_drop_reader;
SELECT live_setup('ld') IS NOT NULL AS ready;
SELECT events > 1000 AS some FROM live_simulate('ld', '{"seed": 3, "start": "2024-03-01", "viewers": 300, "streams": 3, "minutes": 20}');
SELECT rejected FROM live_ingest('ld', 'generic', '{"events": [{"stream": "s", "type": "dance", "ts": "2024-03-01"}]}');
INSERT INTO ld.event_stage (event_id, stream, type, ts) VALUES ('waits', 's', 'enter', '2024-03-01');
SELECT live_grant('ld', 'reader', 'live_drop_reader', '{douyin}');
CALL live_refresh('ld');
CREATE VIEW ld.mine AS SELECT segment, viewers_ucnt FROM ld.interaction_segment;

-- every relation with its rows, all that is granted, and what views are made of
CREATE FUNCTION pg_temp.everything() RETURNS TABLE (what text, is text) LANGUAGE plpgsql AS $$
BEGIN
  FOR what IN SELECT relname FROM pg_class WHERE relnamespace = 'ld'::regnamespace AND relkind IN ('r', 'p') LOOP
    EXECUTE format('SELECT count(*) || '' '' || coalesce(sum(hashtextextended(t::text, 0)), 0) FROM ld.%I t', what) INTO is;
    RETURN NEXT;
  END LOOP;
  RETURN QUERY SELECT 'trigger ' || tgname || tgrelid::regclass, pg_get_triggerdef(oid) FROM pg_trigger WHERE tgrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'ld'::regnamespace)
    UNION ALL SELECT 'policy ' || polrelid::regclass, pg_get_expr(polqual, polrelid) FROM pg_policy WHERE polrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'ld'::regnamespace)
    UNION ALL SELECT 'table privileges ' || relname, relacl::text FROM pg_class WHERE relnamespace = 'ld'::regnamespace AND relkind IN ('r', 'p');
END $$;
CREATE FUNCTION pg_temp.views() RETURNS TABLE (what text, is text) LANGUAGE sql AS $$
  SELECT relname::text, pg_get_viewdef(oid) || coalesce(obj_description(oid, 'pg_class'), '') || (SELECT string_agg(coalesce(col_description(oid, attnum), ''), '|' ORDER BY attnum) FROM pg_attribute WHERE attrelid = oid AND attnum > 0)
  FROM pg_class WHERE relnamespace = 'ld'::regnamespace AND relkind = 'v' $$;

\set VERBOSITY terse
DROP EXTENSION liveanalytics;
\set VERBOSITY default
BEGIN;
CREATE TEMP TABLE everything AS SELECT * FROM pg_temp.everything();
CREATE TEMP TABLE views AS SELECT * FROM pg_temp.views();
DROP EXTENSION liveanalytics CASCADE;
SELECT what FROM (SELECT * FROM pg_temp.everything() EXCEPT SELECT * FROM everything UNION ALL (SELECT * FROM everything EXCEPT SELECT * FROM pg_temp.everything())) AS d;
SELECT what AS view_gone FROM views EXCEPT SELECT what FROM pg_temp.views() ORDER BY 1;
-- what reads no function of the extension goes on working, for readers of a channel too, and changes are noted
SELECT sum(viewers_ucnt) > 100 AS viewers FROM ld.stream_overview;
SET LOCAL ROLE live_drop_reader;
SELECT DISTINCT channel FROM ld.stream_overview;
RESET ROLE;
UPDATE ld.event SET qty = qty + 1 WHERE type = 'like';
SELECT count(*) > 100 AS noted FROM ld.dirty_bucket;
CREATE EXTENSION liveanalytics;
SELECT live_upgrade('ld') ~ 'is ready' AS upgraded;
SELECT what AS missing FROM views EXCEPT SELECT what FROM pg_temp.views();
SELECT what AS differs FROM (SELECT * FROM views EXCEPT SELECT * FROM pg_temp.views()) AS d WHERE what <> 'mine';
SELECT count(*) > 0 AS some_to_do FROM live_verify('ld');
SELECT accepted FROM live_load('ld', 'generic');
ROLLBACK;
SELECT live_revoke('ld', 'live_drop_reader');
DROP SCHEMA ld CASCADE;
DROP ROLE live_drop_reader;
