-- What nobody may find in the catalog: each query names offenders, and there are none.
SET client_min_messages = warning;
SET timezone = 'UTC';
CREATE SCHEMA hardening_catalog;
SET search_path = hardening_catalog, public;
SELECT live_setup('hc') IS NOT NULL AS ready;

-- the functions of the extension, and those that live_setup makes beside its tables
CREATE VIEW routine AS
SELECT p.*, p.pronamespace = 'hc'::regnamespace AS is_users, l.lanname FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
WHERE p.pronamespace = 'hc'::regnamespace
   OR EXISTS (SELECT FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'liveanalytics'
              WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e');
SELECT count(*) > 300 AS many, count(*) FILTER (WHERE is_users) > 3 AS some FROM routine;

-- nothing runs with rights other than the caller's, and nothing claims not to leak its arguments
SELECT oid::regprocedure FROM routine WHERE prosecdef OR proleakproof;
-- what has a body looks names up in a path of its own, but for a procedure that commits: that cannot, and qualifies every name
SELECT oid::regprocedure FROM routine WHERE lanname NOT IN ('c', 'internal')
  AND NOT EXISTS (SELECT FROM unnest(proconfig) c WHERE c ~ '^search_path=pg_catalog, (\w+, )?pg_temp$');
SELECT oid::regprocedure FROM routine WHERE lanname NOT IN ('c', 'internal', 'plpgsql');
-- no argument whose type C would have to find out
SELECT p.oid::regprocedure FROM routine p WHERE p.lanname = 'c' AND EXISTS (SELECT FROM unnest(p.proargtypes) t WHERE t::regtype::text ~ '^any');
-- whatever writes is not for workers; a pure function of built-in types is for any of them
SELECT oid::regprocedure FROM routine WHERE provolatile = 'v' AND proparallel = 's' AND prokind <> 'a' AND lanname = 'plpgsql';
SELECT a.oid::regprocedure, f.oid::regprocedure FROM routine a JOIN pg_aggregate g ON g.aggfnoid = a.oid
  JOIN pg_proc f ON f.oid IN (g.aggtransfn, g.aggcombinefn) WHERE a.proparallel = 's' AND f.proparallel <> 's';
-- where a strict function meets the first row, that becomes the state: only if it has its type ([1] is the second argument)
SELECT a.oid::regprocedure FROM routine a JOIN pg_aggregate g ON g.aggfnoid = a.oid JOIN pg_proc f ON f.oid = g.aggtransfn
WHERE f.proisstrict AND g.agginitval IS NULL AND g.aggtranstype <> (SELECT (f.proargtypes::oid[])[1] FROM pg_proc f WHERE f.oid = g.aggtransfn);
-- the final function leaves the state as it is: windows and shared states call it more than once
SELECT aggfnoid::regprocedure FROM pg_aggregate JOIN routine ON oid = aggfnoid WHERE aggfinalmodify <> 'r' OR aggmfinalmodify <> 'r';
-- every type has a binary form both ways
SELECT t.typname FROM pg_type t JOIN pg_depend d ON d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e'
  JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'liveanalytics' WHERE t.typtype = 'b' AND t.typelem = 0 AND (t.typsend = 0 OR t.typreceive = 0);
-- who may call what: all of PUBLIC, none but the owner, or whom else
SELECT oid::regprocedure AS not_for_everybody, proacl FROM routine WHERE NOT is_users AND NOT has_function_privilege('public', oid, 'EXECUTE') ORDER BY 1;
-- the extension owns code alone; tables, their triggers and views are the user's
SELECT DISTINCT d.classid::regclass::text COLLATE "C" AS members FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'liveanalytics' WHERE d.deptype = 'e' ORDER BY 1;
SELECT c.oid::regclass FROM pg_class c JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
  JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'liveanalytics' WHERE c.relkind NOT IN ('c');
SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'hc'::regnamespace AND c.relkind IN ('v', 'm')
  AND NOT coalesce('security_invoker=true' = ANY (c.reloptions), false);

-- Functions with an argument of type internal, by hand: NULL for it, and what another gives.
-- Their texts differ from one minor version to the next; that each fails does not.
CREATE FUNCTION fails(call text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE 'SELECT ' || call;
  RETURN false;
EXCEPTION WHEN OTHERS THEN
  RETURN true;
END $$;
CREATE TABLE by_hand AS
SELECT p.oid::regprocedure AS function, p.prorettype,
  format('%s(%s)', p.oid::regproc, string_agg(CASE WHEN t = 'internal'::regtype THEN '%s' ELSE 'NULL::' || t::regtype END, ', ' ORDER BY i)) AS call
FROM routine p, unnest(p.proargtypes) WITH ORDINALITY a (t, i)
WHERE p.prokind = 'f' AND 'internal'::regtype = ANY (p.proargtypes) GROUP BY p.oid, p.prorettype;
SELECT count(*) > 30 AS many FROM by_hand;
SELECT function FROM by_hand WHERE NOT fails(format(call, 'NULL')) OR NOT fails(format(call, 'NULL::internal'));
SELECT b.function, g.function FROM by_hand b, by_hand g WHERE g.prorettype = 'internal'::regtype AND NOT fails(format(b.call, format(g.call, 'NULL')));

RESET search_path;
DROP SCHEMA hardening_catalog, hc CASCADE;
