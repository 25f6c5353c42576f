\echo Use "CREATE EXTENSION liveanalytics" to load this file. \quit

-- Nothing below may resolve to an object that somebody planted in the schema
-- of the installing user: built-in names come from pg_catalog, ours are
-- written with their schema. CREATE EXTENSION restores the caller's path.
SET LOCAL search_path = pg_catalog, pg_temp;
