
-- Audience sets -----------------------------------------------------------------

CREATE TYPE viewer_set;

CREATE FUNCTION viewer_set_in(cstring) RETURNS viewer_set
AS 'MODULE_PATHNAME', 'viewer_set_in'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION viewer_set_in(cstring) IS 'I/O';

CREATE FUNCTION viewer_set_out(viewer_set) RETURNS cstring
AS 'MODULE_PATHNAME', 'viewer_set_out'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION viewer_set_out(viewer_set) IS 'I/O';

CREATE FUNCTION viewer_set_recv(internal) RETURNS viewer_set
AS 'MODULE_PATHNAME', 'viewer_set_recv'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION viewer_set_recv(internal) IS 'I/O';

CREATE FUNCTION viewer_set_send(viewer_set) RETURNS bytea
AS 'MODULE_PATHNAME', 'viewer_set_send'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION viewer_set_send(viewer_set) IS 'I/O';

CREATE TYPE viewer_set (
  INPUT = viewer_set_in, OUTPUT = viewer_set_out,
  RECEIVE = viewer_set_recv, SEND = viewer_set_send,
  INTERNALLENGTH = VARIABLE, ALIGNMENT = double, STORAGE = extended);
COMMENT ON TYPE viewer_set IS
'an exact set of numbers from 0 on, compressed; prints as {1,5,7-12}';

CREATE FUNCTION viewer_set_union(a viewer_set, b viewer_set) RETURNS viewer_set
AS 'MODULE_PATHNAME', 'viewer_set_union'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION viewer_set_union(viewer_set, viewer_set) IS
'who is in a or in b';

CREATE FUNCTION viewer_set_intersection(a viewer_set, b viewer_set) RETURNS viewer_set
AS 'MODULE_PATHNAME', 'viewer_set_intersection'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION viewer_set_intersection(viewer_set, viewer_set) IS
'who is in both a and b';

CREATE FUNCTION viewer_set_difference(a viewer_set, b viewer_set) RETURNS viewer_set
AS 'MODULE_PATHNAME', 'viewer_set_difference'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION viewer_set_difference(viewer_set, viewer_set) IS
'who is in a but not in b';

CREATE FUNCTION viewer_set_eq(a viewer_set, b viewer_set) RETURNS boolean
AS 'MODULE_PATHNAME', 'viewer_set_eq'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION viewer_set_eq(viewer_set, viewer_set) IS
'whether a and b have the same members';

CREATE FUNCTION viewer_set_ne(a viewer_set, b viewer_set) RETURNS boolean
AS 'MODULE_PATHNAME', 'viewer_set_ne'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION viewer_set_ne(viewer_set, viewer_set) IS
'whether a and b differ in a member';

CREATE FUNCTION viewer_set_contains(audience viewer_set, viewer bigint) RETURNS boolean
AS 'MODULE_PATHNAME', 'viewer_set_contains'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2;
COMMENT ON FUNCTION viewer_set_contains(viewer_set, bigint) IS
'whether the viewer is in the set';

-- The types are new, so nobody else has operators on them, and no other function
-- takes just them.

CREATE OPERATOR | (FUNCTION = viewer_set_union, LEFTARG = viewer_set, RIGHTARG = viewer_set, COMMUTATOR = |);
COMMENT ON OPERATOR | (viewer_set, viewer_set) IS
'who is in one of the sets';

CREATE OPERATOR & (FUNCTION = viewer_set_intersection, LEFTARG = viewer_set, RIGHTARG = viewer_set, COMMUTATOR = &);
COMMENT ON OPERATOR & (viewer_set, viewer_set) IS
'who is in both sets';

CREATE OPERATOR - (FUNCTION = viewer_set_difference, LEFTARG = viewer_set, RIGHTARG = viewer_set);
COMMENT ON OPERATOR - (viewer_set, viewer_set) IS
'who is in the first set but not in the second';

CREATE OPERATOR = (FUNCTION = viewer_set_eq, LEFTARG = viewer_set, RIGHTARG = viewer_set, COMMUTATOR = =, NEGATOR = <>);
COMMENT ON OPERATOR = (viewer_set, viewer_set) IS
'the same members';

CREATE OPERATOR <> (FUNCTION = viewer_set_ne, LEFTARG = viewer_set, RIGHTARG = viewer_set, COMMUTATOR = <>, NEGATOR = =);
COMMENT ON OPERATOR <> (viewer_set, viewer_set) IS
'not the same members';

CREATE OPERATOR @> (FUNCTION = viewer_set_contains, LEFTARG = viewer_set, RIGHTARG = bigint);
COMMENT ON OPERATOR @> (viewer_set, bigint) IS
'the viewer is in the set';

CREATE FUNCTION cardinality(audience viewer_set) RETURNS bigint
AS 'MODULE_PATHNAME', 'viewer_set_cardinality'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2;
COMMENT ON FUNCTION cardinality(viewer_set) IS
'how many viewers are in the set';

CREATE FUNCTION viewer_set_members(audience viewer_set) RETURNS SETOF bigint
AS 'MODULE_PATHNAME', 'viewer_set_members'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1 ROWS 1000;
COMMENT ON FUNCTION viewer_set_members(viewer_set) IS
'a row for each viewer in the set, ascending';

CREATE FUNCTION viewer_set_to_roaring(audience viewer_set) RETURNS bytea
AS 'MODULE_PATHNAME', 'viewer_set_to_roaring'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION viewer_set_to_roaring(viewer_set) IS
'the set as a 32-bit Roaring bitmap in the portable format';

CREATE FUNCTION viewer_set_from_roaring(bitmap bytea) RETURNS viewer_set
AS 'MODULE_PATHNAME', 'viewer_set_from_roaring'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION viewer_set_from_roaring(bytea) IS
'the set of a 32-bit Roaring bitmap in the portable format';

CREATE FUNCTION viewer_set_accum(state viewer_set, viewer bigint) RETURNS viewer_set
AS 'MODULE_PATHNAME', 'viewer_set_accum'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION viewer_set_accum(viewer_set, bigint) IS
'aggregate transition function: the set with one viewer more';

CREATE FUNCTION viewer_set_union_accum(state viewer_set, audience viewer_set) RETURNS viewer_set
AS 'MODULE_PATHNAME', 'viewer_set_union_accum'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION viewer_set_union_accum(viewer_set, viewer_set) IS
'aggregate transition and combine function: the union so far';

CREATE FUNCTION viewer_set_intersect_accum(state viewer_set, audience viewer_set) RETURNS viewer_set
AS 'MODULE_PATHNAME', 'viewer_set_intersect_accum'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION viewer_set_intersect_accum(viewer_set, viewer_set) IS
'aggregate transition and combine function: the intersection so far';

CREATE FUNCTION viewer_set_final(state viewer_set) RETURNS viewer_set
AS 'MODULE_PATHNAME', 'viewer_set_final'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION viewer_set_final(viewer_set) IS
'aggregate final function: the set that was built';

CREATE AGGREGATE viewer_set_agg(viewer bigint) (
  SFUNC = viewer_set_accum, STYPE = viewer_set, SSPACE = 400,
  FINALFUNC = viewer_set_final,
  COMBINEFUNC = viewer_set_union_accum, PARALLEL = SAFE);
COMMENT ON AGGREGATE viewer_set_agg(bigint) IS
'the set of the viewers';

CREATE AGGREGATE viewer_set_union_agg(audience viewer_set) (
  SFUNC = viewer_set_union_accum, STYPE = viewer_set, SSPACE = 4000,
  FINALFUNC = viewer_set_final,
  COMBINEFUNC = viewer_set_union_accum, PARALLEL = SAFE);
COMMENT ON AGGREGATE viewer_set_union_agg(viewer_set) IS
'who is in any of the sets';

CREATE AGGREGATE viewer_set_intersect_agg(audience viewer_set) (
  SFUNC = viewer_set_intersect_accum, STYPE = viewer_set, SSPACE = 4000,
  COMBINEFUNC = viewer_set_intersect_accum, PARALLEL = SAFE);
COMMENT ON AGGREGATE viewer_set_intersect_agg(viewer_set) IS
'who is in all of the sets';
