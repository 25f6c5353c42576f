
-- Linear regression ----------------------------------------------------------

CREATE TYPE linreg;

CREATE FUNCTION linreg_in(cstring) RETURNS linreg
AS 'MODULE_PATHNAME', 'linreg_in'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION linreg_in(cstring) IS 'I/O';

CREATE FUNCTION linreg_out(linreg) RETURNS cstring
AS 'MODULE_PATHNAME', 'linreg_out'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION linreg_out(linreg) IS 'I/O';

CREATE FUNCTION linreg_recv(internal) RETURNS linreg
AS 'MODULE_PATHNAME', 'linreg_recv'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION linreg_recv(internal) IS 'I/O';

CREATE FUNCTION linreg_send(linreg) RETURNS bytea
AS 'MODULE_PATHNAME', 'linreg_send'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION linreg_send(linreg) IS 'I/O';

CREATE TYPE linreg (
  INPUT = linreg_in, OUTPUT = linreg_out,
  RECEIVE = linreg_recv, SEND = linreg_send,
  INTERNALLENGTH = VARIABLE, ALIGNMENT = double, STORAGE = extended);
COMMENT ON TYPE linreg IS
'a linear regression: the moments of the rows it was fitted to; prints as JSON, reads back without losing a bit';

-- The state of the aggregates is the model itself. The support functions take
-- NULL, and anybody may call them by hand.
CREATE FUNCTION linreg_accum(model linreg, y float8, x float8)
RETURNS linreg
AS 'MODULE_PATHNAME', 'linreg_accum'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION linreg_accum(linreg, float8, float8) IS
'aggregate transition function: the model with one row more';

CREATE FUNCTION linreg_accum(model linreg, y float8, x float8[])
RETURNS linreg
AS 'MODULE_PATHNAME', 'linreg_accum_array'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 4;
COMMENT ON FUNCTION linreg_accum(linreg, float8, float8[]) IS
'aggregate transition function: the model with one row more';

CREATE FUNCTION linreg_accum(model linreg, y float8, x float8, weight float8)
RETURNS linreg
AS 'MODULE_PATHNAME', 'linreg_accum_weighted'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION linreg_accum(linreg, float8, float8, float8) IS
'aggregate transition function: the model with one row more';

CREATE FUNCTION linreg_accum(model linreg, y float8, x float8[], weight float8)
RETURNS linreg
AS 'MODULE_PATHNAME', 'linreg_accum_array_weighted'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 4;
COMMENT ON FUNCTION linreg_accum(linreg, float8, float8[], float8) IS
'aggregate transition function: the model with one row more';

CREATE FUNCTION linreg_accum_origin(model linreg, y float8, x float8)
RETURNS linreg
AS 'MODULE_PATHNAME', 'linreg_accum_origin'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION linreg_accum_origin(linreg, float8, float8) IS
'aggregate transition function: the model through the origin with one row more';

CREATE FUNCTION linreg_accum_origin(model linreg, y float8, x float8[])
RETURNS linreg
AS 'MODULE_PATHNAME', 'linreg_accum_origin_array'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 4;
COMMENT ON FUNCTION linreg_accum_origin(linreg, float8, float8[]) IS
'aggregate transition function: the model through the origin with one row more';

CREATE FUNCTION linreg_accum_origin(model linreg, y float8, x float8, weight float8)
RETURNS linreg
AS 'MODULE_PATHNAME', 'linreg_accum_origin_weighted'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION linreg_accum_origin(linreg, float8, float8, float8) IS
'aggregate transition function: the model through the origin with one row more';

CREATE FUNCTION linreg_accum_origin(model linreg, y float8, x float8[], weight float8)
RETURNS linreg
AS 'MODULE_PATHNAME', 'linreg_accum_origin_array_weighted'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 4;
COMMENT ON FUNCTION linreg_accum_origin(linreg, float8, float8[], float8) IS
'aggregate transition function: the model through the origin with one row more';

CREATE FUNCTION linreg_combine(model linreg, other linreg)
RETURNS linreg
AS 'MODULE_PATHNAME', 'linreg_combine'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION linreg_combine(linreg, linreg) IS
'aggregate combine function: the model of the rows of both';

-- While rows of several features come in, a few wait until they are added
-- together. A model works the same with them, but is larger.
CREATE FUNCTION linreg_final(model linreg)
RETURNS linreg
AS 'MODULE_PATHNAME', 'linreg_final'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION linreg_final(linreg) IS
'aggregate final function: the model, in which no row waits to be added';

-- Over a window frame whose start moves, rows are kept as long as they are in
-- the frame, and nothing is ever subtracted: see src/linreg_moving.c.
CREATE FUNCTION linreg_enter(frame internal, y float8, x float8)
RETURNS internal
AS 'MODULE_PATHNAME', 'linreg_enter'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION linreg_enter(internal, float8, float8) IS
'moving aggregate transition function: a row enters the window frame';

CREATE FUNCTION linreg_enter(frame internal, y float8, x float8[])
RETURNS internal
AS 'MODULE_PATHNAME', 'linreg_enter_array'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 4;
COMMENT ON FUNCTION linreg_enter(internal, float8, float8[]) IS
'moving aggregate transition function: a row enters the window frame';

CREATE FUNCTION linreg_enter(frame internal, y float8, x float8, weight float8)
RETURNS internal
AS 'MODULE_PATHNAME', 'linreg_enter_weighted'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION linreg_enter(internal, float8, float8, float8) IS
'moving aggregate transition function: a row enters the window frame';

CREATE FUNCTION linreg_enter(frame internal, y float8, x float8[], weight float8)
RETURNS internal
AS 'MODULE_PATHNAME', 'linreg_enter_array_weighted'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 4;
COMMENT ON FUNCTION linreg_enter(internal, float8, float8[], float8) IS
'moving aggregate transition function: a row enters the window frame';

CREATE FUNCTION linreg_enter_origin(frame internal, y float8, x float8)
RETURNS internal
AS 'MODULE_PATHNAME', 'linreg_enter_origin'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION linreg_enter_origin(internal, float8, float8) IS
'moving aggregate transition function: a row enters the window frame';

CREATE FUNCTION linreg_enter_origin(frame internal, y float8, x float8[])
RETURNS internal
AS 'MODULE_PATHNAME', 'linreg_enter_origin_array'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 4;
COMMENT ON FUNCTION linreg_enter_origin(internal, float8, float8[]) IS
'moving aggregate transition function: a row enters the window frame';

CREATE FUNCTION linreg_enter_origin(frame internal, y float8, x float8, weight float8)
RETURNS internal
AS 'MODULE_PATHNAME', 'linreg_enter_origin_weighted'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION linreg_enter_origin(internal, float8, float8, float8) IS
'moving aggregate transition function: a row enters the window frame';

CREATE FUNCTION linreg_enter_origin(frame internal, y float8, x float8[], weight float8)
RETURNS internal
AS 'MODULE_PATHNAME', 'linreg_enter_origin_array_weighted'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 4;
COMMENT ON FUNCTION linreg_enter_origin(internal, float8, float8[], float8) IS
'moving aggregate transition function: a row enters the window frame';

CREATE FUNCTION linreg_leave(frame internal, y float8, x float8)
RETURNS internal
AS 'MODULE_PATHNAME', 'linreg_leave'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 2;
COMMENT ON FUNCTION linreg_leave(internal, float8, float8) IS
'moving aggregate inverse transition function: the first row leaves the window frame';

CREATE FUNCTION linreg_leave(frame internal, y float8, x float8[])
RETURNS internal
AS 'MODULE_PATHNAME', 'linreg_leave'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 8;
COMMENT ON FUNCTION linreg_leave(internal, float8, float8[]) IS
'moving aggregate inverse transition function: the first row leaves the window frame';

CREATE FUNCTION linreg_leave(frame internal, y float8, x float8, weight float8)
RETURNS internal
AS 'MODULE_PATHNAME', 'linreg_leave'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 2;
COMMENT ON FUNCTION linreg_leave(internal, float8, float8, float8) IS
'moving aggregate inverse transition function: the first row leaves the window frame';

CREATE FUNCTION linreg_leave(frame internal, y float8, x float8[], weight float8)
RETURNS internal
AS 'MODULE_PATHNAME', 'linreg_leave'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 8;
COMMENT ON FUNCTION linreg_leave(internal, float8, float8[], float8) IS
'moving aggregate inverse transition function: the first row leaves the window frame';

CREATE FUNCTION linreg_frame(frame internal)
RETURNS linreg
AS 'MODULE_PATHNAME', 'linreg_frame'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 5;
COMMENT ON FUNCTION linreg_frame(internal) IS
'moving aggregate final function: the regression of the rows in the window frame';

CREATE AGGREGATE linreg_fit(y float8, x float8) (
  SFUNC = linreg_accum, STYPE = linreg, SSPACE = 176,
  COMBINEFUNC = linreg_combine, PARALLEL = SAFE,
  MSFUNC = linreg_enter, MINVFUNC = linreg_leave, MSTYPE = internal, MSSPACE = 20000,
  MFINALFUNC = linreg_frame);
COMMENT ON AGGREGATE linreg_fit(float8, float8) IS
'the least squares line of y on x; rows with a NULL y do not count, those with a NULL x are counted as skipped';

CREATE AGGREGATE linreg_fit(y float8, x float8[]) (
  SFUNC = linreg_accum, STYPE = linreg, SSPACE = 2048,
  FINALFUNC = linreg_final, FINALFUNC_MODIFY = READ_ONLY,
  COMBINEFUNC = linreg_combine, PARALLEL = SAFE,
  MSFUNC = linreg_enter, MINVFUNC = linreg_leave, MSTYPE = internal, MSSPACE = 20000,
  MFINALFUNC = linreg_frame);
COMMENT ON AGGREGATE linreg_fit(float8, float8[]) IS
'least squares of y on the features x, with an intercept; rows with a NULL y do not count, those with a NULL feature are counted as skipped';

CREATE AGGREGATE linreg_fit(y float8, x float8, weight float8) (
  SFUNC = linreg_accum, STYPE = linreg, SSPACE = 176,
  COMBINEFUNC = linreg_combine, PARALLEL = SAFE,
  MSFUNC = linreg_enter, MINVFUNC = linreg_leave, MSTYPE = internal, MSSPACE = 20000,
  MFINALFUNC = linreg_frame);
COMMENT ON AGGREGATE linreg_fit(float8, float8, float8) IS
'the same, each row with a weight; one of weight 0 does not count, one with a NULL weight is counted as skipped';

CREATE AGGREGATE linreg_fit(y float8, x float8[], weight float8) (
  SFUNC = linreg_accum, STYPE = linreg, SSPACE = 2048,
  FINALFUNC = linreg_final, FINALFUNC_MODIFY = READ_ONLY,
  COMBINEFUNC = linreg_combine, PARALLEL = SAFE,
  MSFUNC = linreg_enter, MINVFUNC = linreg_leave, MSTYPE = internal, MSSPACE = 20000,
  MFINALFUNC = linreg_frame);
COMMENT ON AGGREGATE linreg_fit(float8, float8[], float8) IS
'the same, each row with a weight; one of weight 0 does not count, one with a NULL weight is counted as skipped';

CREATE AGGREGATE linreg_fit_origin(y float8, x float8) (
  SFUNC = linreg_accum_origin, STYPE = linreg, SSPACE = 176,
  COMBINEFUNC = linreg_combine, PARALLEL = SAFE,
  MSFUNC = linreg_enter_origin, MINVFUNC = linreg_leave, MSTYPE = internal, MSSPACE = 20000,
  MFINALFUNC = linreg_frame);
COMMENT ON AGGREGATE linreg_fit_origin(float8, float8) IS
'the least squares line of y on x through the origin, without an intercept';

CREATE AGGREGATE linreg_fit_origin(y float8, x float8[]) (
  SFUNC = linreg_accum_origin, STYPE = linreg, SSPACE = 2048,
  FINALFUNC = linreg_final, FINALFUNC_MODIFY = READ_ONLY,
  COMBINEFUNC = linreg_combine, PARALLEL = SAFE,
  MSFUNC = linreg_enter_origin, MINVFUNC = linreg_leave, MSTYPE = internal, MSSPACE = 20000,
  MFINALFUNC = linreg_frame);
COMMENT ON AGGREGATE linreg_fit_origin(float8, float8[]) IS
'least squares of y on the features x through the origin, without an intercept';

CREATE AGGREGATE linreg_fit_origin(y float8, x float8, weight float8) (
  SFUNC = linreg_accum_origin, STYPE = linreg, SSPACE = 176,
  COMBINEFUNC = linreg_combine, PARALLEL = SAFE,
  MSFUNC = linreg_enter_origin, MINVFUNC = linreg_leave, MSTYPE = internal, MSSPACE = 20000,
  MFINALFUNC = linreg_frame);
COMMENT ON AGGREGATE linreg_fit_origin(float8, float8, float8) IS
'the same, each row with a weight';

CREATE AGGREGATE linreg_fit_origin(y float8, x float8[], weight float8) (
  SFUNC = linreg_accum_origin, STYPE = linreg, SSPACE = 2048,
  FINALFUNC = linreg_final, FINALFUNC_MODIFY = READ_ONLY,
  COMBINEFUNC = linreg_combine, PARALLEL = SAFE,
  MSFUNC = linreg_enter_origin, MINVFUNC = linreg_leave, MSTYPE = internal, MSSPACE = 20000,
  MFINALFUNC = linreg_frame);
COMMENT ON AGGREGATE linreg_fit_origin(float8, float8[], float8) IS
'the same, each row with a weight';

CREATE AGGREGATE rollup(model linreg) (
  SFUNC = linreg_combine, STYPE = linreg, SSPACE = 1500,
  COMBINEFUNC = linreg_combine, PARALLEL = SAFE);
COMMENT ON AGGREGATE rollup(linreg) IS
'the regression of all the rows behind the models';

CREATE FUNCTION linreg_predict(model linreg, x float8) RETURNS float8
AS 'MODULE_PATHNAME', 'linreg_predict'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION linreg_predict(linreg, float8) IS
'the fitted value at x';

CREATE FUNCTION linreg_predict(model linreg, x float8[]) RETURNS float8
AS 'MODULE_PATHNAME', 'linreg_predict_array'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 4;
COMMENT ON FUNCTION linreg_predict(linreg, float8[]) IS
'the fitted value at the features x; NULL if one of them is';

CREATE FUNCTION linreg_coef(model linreg) RETURNS float8[]
AS 'MODULE_PATHNAME', 'linreg_coef'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION linreg_coef(linreg) IS
'intercept and slopes; NULL for a feature that depends on those before it';

CREATE TYPE linreg_statistics AS (
  n bigint, skipped bigint, df_residual bigint, r2 float8, adj_r2 float8,
  residual_se float8, f_value float8, f_p_value float8, log_likelihood float8,
  aic float8, bic float8, loss float8, condition_number float8);
COMMENT ON TYPE linreg_statistics IS
'what linreg_stats tells of a regression';

CREATE FUNCTION linreg_stats(model linreg) RETURNS linreg_statistics
AS 'MODULE_PATHNAME', 'linreg_stats'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50;
COMMENT ON FUNCTION linreg_stats(linreg) IS
'quality of the fit; loss is J = SSE / 2n, NULL is what cannot be computed from the rows';

CREATE FUNCTION linreg_terms(model linreg, names text[] DEFAULT '{}', level float8 DEFAULT 0.95)
RETURNS TABLE (term text, estimate float8, std_error float8, t_value float8, p_value float8, ci_low float8, ci_high float8)
AS 'MODULE_PATHNAME', 'linreg_terms'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100 ROWS 10;
COMMENT ON FUNCTION linreg_terms(linreg, text[], float8) IS
'a row for each coefficient: estimate, standard error, test of being 0 and interval of the level; NULL for a feature that depends on those before it';

CREATE TYPE linreg_prediction AS (
  fit float8, ci_low float8, ci_high float8, pi_low float8, pi_high float8);
COMMENT ON TYPE linreg_prediction IS
'a fitted value, the interval for the mean of y there, and the interval for a single y';

CREATE FUNCTION linreg_interval(model linreg, x float8, level float8 DEFAULT 0.95) RETURNS linreg_prediction
AS 'MODULE_PATHNAME', 'linreg_interval'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5;
COMMENT ON FUNCTION linreg_interval(linreg, float8, float8) IS
'the fitted value at x with its confidence and prediction intervals';

CREATE FUNCTION linreg_interval(model linreg, x float8[], level float8 DEFAULT 0.95) RETURNS linreg_prediction
AS 'MODULE_PATHNAME', 'linreg_interval_array'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION linreg_interval(linreg, float8[], float8) IS
'the fitted value at the features x with its confidence and prediction intervals; NULL if one of them is';
