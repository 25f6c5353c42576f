-- every promise that the catalog holds: a changed one is a visible difference

-- members without a comment: none (types made along with another are left out)
SELECT pg_describe_object(d.classid, d.objid, 0) AS without_comment
FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
WHERE e.extname = 'liveanalytics' AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
  AND obj_description(d.objid, d.classid::regclass::name) IS NULL
  AND NOT (d.classid = 'pg_type'::regclass AND EXISTS (
        SELECT FROM pg_type t WHERE t.oid = d.objid AND (t.typelem <> 0 OR t.typrelid <> 0)))
ORDER BY 1;

-- kind: f function, a aggregate, w window; volatility, strictness, parallel
-- safety, security definer, leakproof, cost
SELECT p.oid::regprocedure AS function, p.prokind AS kind, p.provolatile AS vol, p.proisstrict AS strict,
       p.proparallel AS par, p.prosecdef AS definer, p.proleakproof AS leak, p.procost AS cost
FROM pg_proc p JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
  JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'liveanalytics'
ORDER BY p.oid::regprocedure::text COLLATE "C";

-- aggregates: state type, combine, serial functions, whether the final function may run again
SELECT a.aggfnoid::regprocedure AS aggregate, a.aggtranstype::regtype AS state, a.aggcombinefn AS combine,
       a.aggserialfn AS serial, a.aggfinalmodify AS final_modify
FROM pg_aggregate a JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = a.aggfnoid AND d.deptype = 'e'
  JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'liveanalytics'
ORDER BY a.aggfnoid::regprocedure::text COLLATE "C";

-- operators
SELECT o.oid::regoperator AS operator, o.oprcode::oid::regprocedure AS function, o.oprcom::regoperator AS commutator, o.oprnegate::regoperator AS negator
FROM pg_operator o JOIN pg_depend d ON d.classid = 'pg_operator'::regclass AND d.objid = o.oid AND d.deptype = 'e'
  JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'liveanalytics'
ORDER BY o.oid::regoperator::text COLLATE "C";
