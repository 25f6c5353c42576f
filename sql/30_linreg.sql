
-- Linear regression ----------------------------------------------------------

CREATE TYPE @extschema@.linreg;

CREATE FUNCTION @extschema@.linreg_in(cstring) RETURNS @extschema@.linreg
AS 'MODULE_PATHNAME', 'linreg_in'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION @extschema@.linreg_in(cstring) IS 'I/O';

CREATE FUNCTION @extschema@.linreg_out(@extschema@.linreg) RETURNS cstring
AS 'MODULE_PATHNAME', 'linreg_out'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION @extschema@.linreg_out(@extschema@.linreg) IS 'I/O';

CREATE FUNCTION @extschema@.linreg_recv(internal) RETURNS @extschema@.linreg
AS 'MODULE_PATHNAME', 'linreg_recv'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION @extschema@.linreg_recv(internal) IS 'I/O';

CREATE FUNCTION @extschema@.linreg_send(@extschema@.linreg) RETURNS bytea
AS 'MODULE_PATHNAME', 'linreg_send'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION @extschema@.linreg_send(@extschema@.linreg) IS 'I/O';

CREATE TYPE @extschema@.linreg (
  INPUT = @extschema@.linreg_in, OUTPUT = @extschema@.linreg_out,
  RECEIVE = @extschema@.linreg_recv, SEND = @extschema@.linreg_send,
  INTERNALLENGTH = VARIABLE, ALIGNMENT = double, STORAGE = extended);
COMMENT ON TYPE @extschema@.linreg IS
'a linear regression: the moments of the rows it was fitted to; prints as JSON, reads back without losing a bit';

-- The state of the aggregates is the model itself. The support functions take
-- NULL, and anybody may call them by hand.
CREATE FUNCTION @extschema@.linreg_accum(model @extschema@.linreg, y float8, x float8)
RETURNS @extschema@.linreg
AS 'MODULE_PATHNAME', 'linreg_accum'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION @extschema@.linreg_accum(@extschema@.linreg, float8, float8) IS
'aggregate transition function: the model with one row more';

CREATE FUNCTION @extschema@.linreg_accum(model @extschema@.linreg, y float8, x float8[])
RETURNS @extschema@.linreg
AS 'MODULE_PATHNAME', 'linreg_accum_array'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 4;
COMMENT ON FUNCTION @extschema@.linreg_accum(@extschema@.linreg, float8, float8[]) IS
'aggregate transition function: the model with one row more';

CREATE FUNCTION @extschema@.linreg_combine(model @extschema@.linreg, other @extschema@.linreg)
RETURNS @extschema@.linreg
AS 'MODULE_PATHNAME', 'linreg_combine'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION @extschema@.linreg_combine(@extschema@.linreg, @extschema@.linreg) IS
'aggregate combine function: the model of the rows of both';

CREATE AGGREGATE @extschema@.linreg_fit(y float8, x float8) (
  SFUNC = @extschema@.linreg_accum, STYPE = @extschema@.linreg, SSPACE = 144,
  COMBINEFUNC = @extschema@.linreg_combine, PARALLEL = SAFE);
COMMENT ON AGGREGATE @extschema@.linreg_fit(float8, float8) IS
'the least squares line of y on x; rows with a NULL y do not count, those with a NULL x are counted as skipped';

CREATE AGGREGATE @extschema@.linreg_fit(y float8, x float8[]) (
  SFUNC = @extschema@.linreg_accum, STYPE = @extschema@.linreg, SSPACE = 1500,
  COMBINEFUNC = @extschema@.linreg_combine, PARALLEL = SAFE);
COMMENT ON AGGREGATE @extschema@.linreg_fit(float8, float8[]) IS
'least squares of y on the features x, with an intercept; rows with a NULL y do not count, those with a NULL feature are counted as skipped';

CREATE AGGREGATE @extschema@.rollup(model @extschema@.linreg) (
  SFUNC = @extschema@.linreg_combine, STYPE = @extschema@.linreg, SSPACE = 1500,
  COMBINEFUNC = @extschema@.linreg_combine, PARALLEL = SAFE);
COMMENT ON AGGREGATE @extschema@.rollup(@extschema@.linreg) IS
'the regression of all the rows behind the models';

CREATE FUNCTION @extschema@.linreg_predict(model @extschema@.linreg, x float8) RETURNS float8
AS 'MODULE_PATHNAME', 'linreg_predict'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION @extschema@.linreg_predict(@extschema@.linreg, float8) IS
'the fitted value at x';

CREATE FUNCTION @extschema@.linreg_predict(model @extschema@.linreg, x float8[]) RETURNS float8
AS 'MODULE_PATHNAME', 'linreg_predict_array'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 4;
COMMENT ON FUNCTION @extschema@.linreg_predict(@extschema@.linreg, float8[]) IS
'the fitted value at the features x; NULL if one of them is';

CREATE FUNCTION @extschema@.linreg_coef(model @extschema@.linreg) RETURNS float8[]
AS 'MODULE_PATHNAME', 'linreg_coef'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION @extschema@.linreg_coef(@extschema@.linreg) IS
'intercept and slopes; NULL for a feature that depends on those before it';

CREATE FUNCTION @extschema@.linreg_stats(model @extschema@.linreg,
  OUT n bigint, OUT skipped bigint, OUT df_residual bigint, OUT r2 float8, OUT adj_r2 float8,
  OUT residual_se float8, OUT f_value float8, OUT f_p_value float8, OUT log_likelihood float8,
  OUT aic float8, OUT bic float8, OUT loss float8, OUT condition_number float8)
AS 'MODULE_PATHNAME', 'linreg_stats'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50;
COMMENT ON FUNCTION @extschema@.linreg_stats(@extschema@.linreg) IS
'quality of the fit; loss is J = SSE / 2n, NULL is what cannot be computed from the rows';
