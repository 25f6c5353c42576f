
-- Sessions -------------------------------------------------------------------

CREATE FUNCTION sessionize(ts timestamptz, gap interval)
RETURNS bigint
AS 'MODULE_PATHNAME', 'sessionize'
LANGUAGE C WINDOW IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION sessionize(timestamptz, interval) IS
'number of the session, from 1, within the partition ordered by ts: a new one starts where ts is more than gap after the row before';

-- The states are bytea, for parallel plans and Citus; their layout is private.
CREATE FUNCTION watch_time_accum(state bytea, entered timestamptz, left_at timestamptz)
RETURNS bytea
AS 'MODULE_PATHNAME', 'watch_time_accum'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION watch_time_accum(bytea, timestamptz, timestamptz) IS
'transition function of watch_time';

CREATE FUNCTION watch_time_accum(state bytea, entered timestamptz, left_at timestamptz, lo timestamptz, hi timestamptz)
RETURNS bytea
AS 'MODULE_PATHNAME', 'watch_time_accum'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION watch_time_accum(bytea, timestamptz, timestamptz, timestamptz, timestamptz) IS
'transition function of watch_time';

CREATE FUNCTION watch_time_combine(state bytea, other bytea)
RETURNS bytea
AS 'MODULE_PATHNAME', 'watch_time_combine'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION watch_time_combine(bytea, bytea) IS
'combine function of watch_time';

CREATE FUNCTION watch_time_final(state bytea)
RETURNS interval
AS 'MODULE_PATHNAME', 'watch_time_final'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION watch_time_final(bytea) IS
'final function of watch_time';

CREATE AGGREGATE watch_time(entered timestamptz, left_at timestamptz) (
  SFUNC = watch_time_accum, STYPE = bytea, SSPACE = 64,
  FINALFUNC = watch_time_final, COMBINEFUNC = watch_time_combine, PARALLEL = SAFE);
COMMENT ON AGGREGATE watch_time(timestamptz, timestamptz) IS
'length of the union of the times from entered to left_at; a row with a NULL does not count';

CREATE AGGREGATE watch_time(entered timestamptz, left_at timestamptz, lo timestamptz, hi timestamptz) (
  SFUNC = watch_time_accum, STYPE = bytea, SSPACE = 64,
  FINALFUNC = watch_time_final, COMBINEFUNC = watch_time_combine, PARALLEL = SAFE);
COMMENT ON AGGREGATE watch_time(timestamptz, timestamptz, timestamptz, timestamptz) IS
'length of the union of the times from entered to left_at, each clipped to lo and hi of its row; a NULL left_at is still watching at hi';
