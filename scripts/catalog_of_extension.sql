-- Everything that the catalogue says of the extension, a line for each property
-- of each member: two installations that are alike print the same. Objects are
-- named, since their numbers differ.
SET search_path = pg_catalog;
WITH extension AS (
	SELECT oid FROM pg_extension WHERE extname = 'liveanalytics'),
member AS (
	SELECT d.classid, d.objid, pg_describe_object(d.classid, d.objid, 0) AS object
	FROM pg_depend d JOIN extension e ON e.oid = d.refobjid
	WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'),
property AS (
	SELECT object, 'comment' AS name, obj_description(objid, (SELECT relname FROM pg_class WHERE oid = classid)) AS value FROM member
	UNION ALL
	SELECT object, 'definition', pg_get_functiondef(objid)
	FROM member JOIN pg_proc p ON p.oid = objid WHERE classid = 'pg_proc'::regclass AND prokind <> 'a'
	UNION ALL
	-- what a definition does not show, and all there is of an aggregate
	SELECT object, 'function', concat_ws(' ', proowner::regrole, prokind, provolatile, proisstrict, proparallel, prosecdef, proleakproof, procost, prorows,
		prosupport, probin, prosrc, pg_get_function_arguments(objid), pg_get_function_result(objid), proconfig, coalesce(proacl, acldefault('f', proowner)))
	FROM member JOIN pg_proc p ON p.oid = objid WHERE classid = 'pg_proc'::regclass
	UNION ALL
	SELECT object, 'aggregate', concat_ws(' ', aggkind, aggnumdirectargs, aggtransfn::oid::regprocedure, aggfinalfn::oid::regprocedure,
		aggcombinefn::oid::regprocedure, aggserialfn::oid::regprocedure, aggdeserialfn::oid::regprocedure, aggmtransfn::oid::regprocedure,
		aggminvtransfn::oid::regprocedure, aggmfinalfn::oid::regprocedure, aggfinalextra, aggmfinalextra, aggfinalmodify, aggmfinalmodify,
		aggsortop::regoperator, aggtranstype::regtype, aggtransspace, aggmtranstype::regtype, aggmtransspace, agginitval, aggminitval)
	FROM member JOIN pg_aggregate a ON a.aggfnoid = objid WHERE classid = 'pg_proc'::regclass
	UNION ALL
	SELECT object, 'type', concat_ws(' ', typowner::regrole, typlen, typbyval, typtype, typcategory, typispreferred, typisdefined, typdelim,
		typsubscript::oid::regprocedure, typelem::regtype, typarray::regtype, typinput::oid::regprocedure, typoutput::oid::regprocedure,
		typreceive::oid::regprocedure, typsend::oid::regprocedure, typmodin::oid::regprocedure, typmodout::oid::regprocedure,
		typanalyze::oid::regprocedure, typalign, typstorage, typnotnull, typbasetype::regtype, typcollation::regcollation, typdefault,
		coalesce(typacl, acldefault('T', typowner)))
	FROM member JOIN pg_type t ON t.oid = objid WHERE classid = 'pg_type'::regclass
	UNION ALL
	SELECT object, 'attribute ' || attnum, concat_ws(' ', attname, format_type(atttypid, atttypmod), attcollation::regcollation, attnotnull, attisdropped)
	FROM member JOIN pg_type t ON t.oid = objid JOIN pg_attribute ON attrelid = typrelid AND attnum > 0
	WHERE classid = 'pg_type'::regclass AND typrelid <> 0
	UNION ALL
	SELECT object, 'operator', concat_ws(' ', oprowner::regrole, oprkind, oprcanmerge, oprcanhash, oprresult::regtype, oprcom::regoperator,
		oprnegate::regoperator, oprcode::oid::regprocedure, oprrest::oid::regprocedure, oprjoin::oid::regprocedure)
	FROM member JOIN pg_operator o ON o.oid = objid WHERE classid = 'pg_operator'::regclass
	UNION ALL
	SELECT object, 'cast', concat_ws(' ', castsource::regtype, casttarget::regtype, castfunc::regprocedure, castcontext, castmethod)
	FROM member JOIN pg_cast c ON c.oid = objid WHERE classid = 'pg_cast'::regclass
	UNION ALL
	SELECT object, 'relation', concat_ws(' ', relowner::regrole, relkind, reloptions, relacl, pg_get_viewdef(objid))
	FROM member JOIN pg_class c ON c.oid = objid WHERE classid = 'pg_class'::regclass
	UNION ALL
	-- what it stands upon, which decides the order of a dump
	SELECT object, 'needs', string_agg(pg_describe_object(refclassid, refobjid, refobjsubid) || ' ' || deptype::text, ', '
		ORDER BY pg_describe_object(refclassid, refobjid, refobjsubid) COLLATE "C", deptype)
	FROM member JOIN pg_depend d USING (classid, objid) WHERE refclassid <> 'pg_extension'::regclass GROUP BY object
	UNION ALL
	SELECT 'extension', 'properties', concat_ws(' ', extversion, extrelocatable, extnamespace::regnamespace, extconfig::text, extcondition::text)
	FROM pg_extension JOIN extension USING (oid))
SELECT object || ' | ' || name || ' | ' || replace(coalesce(value, '-'), E'\n', E'\n\t') AS property FROM property
ORDER BY object COLLATE "C", name COLLATE "C";
