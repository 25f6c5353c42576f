
-- Retention ------------------------------------------------------------------

CREATE FUNCTION retention_accum(state bigint, conditions boolean[])
RETURNS bigint
AS 'MODULE_PATHNAME', 'retention_accum'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION retention_accum(bigint, boolean[]) IS
'transition function of retention';

CREATE FUNCTION retention_combine(state bigint, other bigint)
RETURNS bigint
AS 'MODULE_PATHNAME', 'retention_combine'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION retention_combine(bigint, bigint) IS
'combine function of retention';

CREATE FUNCTION retention_final(state bigint)
RETURNS boolean[]
AS 'MODULE_PATHNAME', 'retention_final'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION retention_final(bigint) IS
'final function of retention';

CREATE AGGREGATE retention(VARIADIC conditions boolean[]) (
  SFUNC = retention_accum, STYPE = bigint,
  FINALFUNC = retention_final, COMBINEFUNC = retention_combine, PARALLEL = SAFE);
COMMENT ON AGGREGATE retention(boolean[]) IS
'for each condition, whether the first one and it are met by any rows, in whatever order';

CREATE FUNCTION retention_ordered_accum(state bytea, ts timestamptz, conditions boolean[])
RETURNS bytea
AS 'MODULE_PATHNAME', 'retention_ordered_accum'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION retention_ordered_accum(bytea, timestamptz, boolean[]) IS
'transition function of retention_ordered';

CREATE FUNCTION retention_ordered_combine(state bytea, other bytea)
RETURNS bytea
AS 'MODULE_PATHNAME', 'retention_ordered_combine'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION retention_ordered_combine(bytea, bytea) IS
'combine function of retention_ordered';

CREATE FUNCTION retention_ordered_final(state bytea)
RETURNS boolean[]
AS 'MODULE_PATHNAME', 'retention_ordered_final'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION retention_ordered_final(bytea) IS
'final function of retention_ordered';

CREATE AGGREGATE retention_ordered(ts timestamptz, VARIADIC conditions boolean[]) (
  SFUNC = retention_ordered_accum, STYPE = bytea, SSPACE = 80,
  FINALFUNC = retention_ordered_final, COMBINEFUNC = retention_ordered_combine, PARALLEL = SAFE);
COMMENT ON AGGREGATE retention_ordered(timestamptz, boolean[]) IS
'for each condition, whether it is met at or after the time when the first one is met first';

CREATE TYPE retention_cell AS (cohort date, period int, cohort_size bigint, retained bigint, rate float8, is_complete boolean);
COMMENT ON TYPE retention_cell IS
'of the viewers whose cohort this is, how many came back so many periods later; NULL while that is not over';

CREATE FUNCTION active_days_accum(state bytea, ts timestamptz, tz text)
RETURNS bytea
AS 'MODULE_PATHNAME', 'active_days_accum'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION active_days_accum(bytea, timestamptz, text) IS
'transition function of active_days';

CREATE FUNCTION active_days_accum(state bytea, day date)
RETURNS bytea
AS 'MODULE_PATHNAME', 'active_days_accum_date'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION active_days_accum(bytea, date) IS
'transition function of active_days';

CREATE FUNCTION active_days_combine(state bytea, other bytea)
RETURNS bytea
AS 'MODULE_PATHNAME', 'active_days_combine'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION active_days_combine(bytea, bytea) IS
'combine function of active_days';

CREATE FUNCTION active_days_final(state bytea)
RETURNS date[]
AS 'MODULE_PATHNAME', 'active_days_final'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION active_days_final(bytea) IS
'final function of active_days';

CREATE AGGREGATE active_days(ts timestamptz, tz text) (
  SFUNC = active_days_accum, STYPE = bytea, SSPACE = 48,
  FINALFUNC = active_days_final, COMBINEFUNC = active_days_combine, PARALLEL = SAFE);
COMMENT ON AGGREGATE active_days(timestamptz, text) IS
'the days, by the clocks of the time zone tz, on which ts falls, ascending';

CREATE AGGREGATE active_days(day date) (
  SFUNC = active_days_accum, STYPE = bytea, SSPACE = 48,
  FINALFUNC = active_days_final, COMBINEFUNC = active_days_combine, PARALLEL = SAFE);
COMMENT ON AGGREGATE active_days(date) IS
'the different days, ascending';

CREATE FUNCTION cohort_retention_accum(state bytea, first_days date[], active_days date[], grain text, periods int[], through date)
RETURNS bytea
AS 'MODULE_PATHNAME', 'cohort_retention_accum'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 2;
COMMENT ON FUNCTION cohort_retention_accum(bytea, date[], date[], text, int[], date) IS
'transition function of cohort_retention';

CREATE FUNCTION cohort_retention_accum(state bytea, first_days date[], active_days date[], grain text, periods int[], through date, options jsonb)
RETURNS bytea
AS 'MODULE_PATHNAME', 'cohort_retention_accum'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 2;
COMMENT ON FUNCTION cohort_retention_accum(bytea, date[], date[], text, int[], date, jsonb) IS
'transition function of cohort_retention';

CREATE FUNCTION cohort_retention_combine(state bytea, other bytea)
RETURNS bytea
AS 'MODULE_PATHNAME', 'cohort_retention_combine'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION cohort_retention_combine(bytea, bytea) IS
'combine function of cohort_retention';

CREATE FUNCTION cohort_retention_final(state bytea)
RETURNS retention_cell[]
AS 'MODULE_PATHNAME', 'cohort_retention_final'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION cohort_retention_final(bytea) IS
'final function of cohort_retention';

CREATE AGGREGATE cohort_retention(first_days date[], active_days date[], grain text, periods int[], through date) (
  SFUNC = cohort_retention_accum, STYPE = bytea, SSPACE = 4096,
  FINALFUNC = cohort_retention_final, COMBINEFUNC = cohort_retention_combine, PARALLEL = SAFE);
COMMENT ON AGGREGATE cohort_retention(date[], date[], text, int[], date) IS
'one row per viewer: how many of each cohort, by first day, are active again in each period; unnest makes rows of it';

CREATE AGGREGATE cohort_retention(first_days date[], active_days date[], grain text, periods int[], through date, options jsonb) (
  SFUNC = cohort_retention_accum, STYPE = bytea, SSPACE = 4096,
  FINALFUNC = cohort_retention_final, COMBINEFUNC = cohort_retention_combine, PARALLEL = SAFE);
COMMENT ON AGGREGATE cohort_retention(date[], date[], text, int[], date, jsonb) IS
'the same with options kind (exact, on_or_after, bracket) and cohort (first_ever, every)';

CREATE FUNCTION cohort_events_accum(state bytea, viewer bigint, ts timestamptz, is_first boolean, is_active boolean, tz text, grain text, periods int[], through date)
RETURNS bytea
AS 'MODULE_PATHNAME', 'cohort_events_accum'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION cohort_events_accum(bytea, bigint, timestamptz, boolean, boolean, text, text, int[], date) IS
'transition function of cohort_retention';

CREATE FUNCTION cohort_events_accum(state bytea, viewer bigint, ts timestamptz, is_first boolean, is_active boolean, tz text, grain text, periods int[], through date, options jsonb)
RETURNS bytea
AS 'MODULE_PATHNAME', 'cohort_events_accum'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION cohort_events_accum(bytea, bigint, timestamptz, boolean, boolean, text, text, int[], date, jsonb) IS
'transition function of cohort_retention';

CREATE FUNCTION cohort_events_combine(state bytea, other bytea)
RETURNS bytea
AS 'MODULE_PATHNAME', 'cohort_events_combine'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION cohort_events_combine(bytea, bytea) IS
'combine function of cohort_retention';

CREATE FUNCTION cohort_events_final(state bytea)
RETURNS retention_cell[]
AS 'MODULE_PATHNAME', 'cohort_events_final'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION cohort_events_final(bytea) IS
'final function of cohort_retention';

CREATE AGGREGATE cohort_retention(viewer bigint, ts timestamptz, is_first boolean, is_active boolean, tz text, grain text, periods int[], through date) (
  SFUNC = cohort_events_accum, STYPE = bytea, SSPACE = 8192,
  FINALFUNC = cohort_events_final, COMBINEFUNC = cohort_events_combine, PARALLEL = SAFE);
COMMENT ON AGGREGATE cohort_retention(bigint, timestamptz, boolean, boolean, text, text, int[], date) IS
'one row per event: how many viewers of each cohort, by their first day in the time zone tz, are active again in each period; unnest makes rows of it';

CREATE AGGREGATE cohort_retention(viewer bigint, ts timestamptz, is_first boolean, is_active boolean, tz text, grain text, periods int[], through date, options jsonb) (
  SFUNC = cohort_events_accum, STYPE = bytea, SSPACE = 8192,
  FINALFUNC = cohort_events_final, COMBINEFUNC = cohort_events_combine, PARALLEL = SAFE);
COMMENT ON AGGREGATE cohort_retention(bigint, timestamptz, boolean, boolean, text, text, int[], date, jsonb) IS
'the same with options kind (exact, on_or_after, bracket) and cohort (first_ever, every)';
