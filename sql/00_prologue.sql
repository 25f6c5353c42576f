\echo Use "CREATE EXTENSION liveanalytics" to load this file. \quit

-- No name below carries a schema, nor may the script ask for its own: where it
-- does, PostgreSQL refuses a schema with a quote, $ or \ in its name. CREATE
-- EXTENSION sets search_path to the target schema, then pg_temp; pg_catalog
-- comes before both. Somebody else may have made objects in the target schema
-- or in pg_temp, and a superuser may run this, but none of them gets used:
--
-- - A built-in type is found in pg_catalog, whatever else has its name.
-- - Our own name is taken, or the plain CREATE of it fails. From then on the
--   target schema has it before pg_temp, where functions are never looked for.
-- - Functions are referred to with the exact types of their arguments, and an
--   exact match wins over every overload: polymorphic, variadic, with defaults.
--   So each support function of an aggregate takes just what PostgreSQL looks
--   for: the state type, then the arguments.
-- - Nothing is evaluated here but constants, by input functions of built-in
--   types: there are declarations only, of types, C functions and aggregates.
--
-- test/t/010_install.pl holds the scripts to this.
