-- Columns made ready for a fit -----------------------------------------------

CREATE FUNCTION standardize(value float8)
RETURNS float8
AS 'MODULE_PATHNAME', 'standardize'
LANGUAGE C WINDOW IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION standardize(float8) IS
'by how many standard deviations of the population the value is above the mean of its partition; NULL for NULL, 0 where all are the same';

CREATE FUNCTION one_hot(value text, levels text[], unknown text DEFAULT 'error')
RETURNS float8[]
AS 'MODULE_PATHNAME', 'one_hot'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION one_hot(text, text[], text) IS
'a 1 at the place of the value among the levels, and 0 elsewhere; NULLs for NULL; unknown: error or zeros';

CREATE FUNCTION levels_accum(state confusion, value text)
RETURNS confusion
AS 'MODULE_PATHNAME', 'levels_accum'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION levels_accum(confusion, text) IS
'transition function of levels';

CREATE FUNCTION levels_final(state confusion)
RETURNS text[]
AS 'MODULE_PATHNAME', 'levels_final'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION levels_final(confusion) IS
'final function of levels';

CREATE AGGREGATE levels(value text) (
  SFUNC = levels_accum,
  STYPE = confusion,
  SSPACE = 256,
  FINALFUNC = levels_final,
  COMBINEFUNC = confusion_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE levels(text) IS
'the different values, sorted by their bytes, for one_hot; NULL is none of them';

