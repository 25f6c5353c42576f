-- The same of the tables, views and functions of a live-commerce schema, named
-- by the psql variable schema. Columns are in the order of their names: a table
-- that has grown has the new ones at its end.
SET search_path = pg_catalog;
WITH relation AS (
	SELECT c.* FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = :'schema' AND NOT relispartition AND relkind <> 'i' AND relkind <> 'I'),
property AS (
	SELECT 'relation ' || relname AS object, 'properties' AS name,
		concat_ws(' ', relkind, relowner::regrole, reloptions, relacl, relrowsecurity, relforcerowsecurity, pg_get_partkeydef(oid)) AS value
	FROM relation
	UNION ALL
	SELECT 'relation ' || relname, 'definition', pg_get_viewdef(oid) FROM relation WHERE relkind IN ('v', 'm')
	UNION ALL
	SELECT 'relation ' || relname, 'comment', obj_description(oid, 'pg_class') FROM relation
	UNION ALL
	SELECT 'column ' || relname || '.' || attname, 'properties', concat_ws(' | ', format_type(atttypid, atttypmod), attnotnull, attidentity, attgenerated,
		pg_get_expr(adbin, adrelid), attacl, col_description(attrelid, attnum))
	FROM relation JOIN pg_attribute a ON attrelid = relation.oid AND attnum > 0 AND NOT attisdropped
	  LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
	UNION ALL
	SELECT 'constraint of ' || relname, pg_get_constraintdef(k.oid), NULL FROM relation JOIN pg_constraint k ON conrelid = relation.oid
	UNION ALL
	SELECT 'index of ' || relname, pg_get_indexdef(indexrelid), NULL FROM relation JOIN pg_index ON indrelid = relation.oid
	UNION ALL
	SELECT 'trigger of ' || relname, pg_get_triggerdef(t.oid), NULL FROM relation JOIN pg_trigger t ON tgrelid = relation.oid WHERE NOT tgisinternal
	UNION ALL
	SELECT 'policy of ' || relname, polname, concat_ws(' ', polcmd, polroles::regrole[], pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid))
	FROM relation JOIN pg_policy ON polrelid = relation.oid
	UNION ALL
	SELECT 'function ' || p.oid::regprocedure, 'definition', pg_get_functiondef(p.oid) FROM pg_proc p WHERE pronamespace = quote_ident(:'schema')::regnamespace
	UNION ALL
	SELECT 'type ' || t.typname, 'properties', concat_ws(' ', typtype, obj_description(t.oid, 'pg_type'),
		(SELECT string_agg(enumlabel, ', ' ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid))
	FROM pg_type t WHERE typnamespace = quote_ident(:'schema')::regnamespace AND typrelid = 0 AND typelem = 0)
SELECT object || ' | ' || name || ' | ' || replace(coalesce(value, '-'), E'\n', E'\n\t') AS property FROM property
ORDER BY object COLLATE "C", name COLLATE "C", value COLLATE "C";
