-- Evaluation: how far off predictions are -----------------------------------

CREATE TYPE error_sums;
COMMENT ON TYPE error_sums IS
'sums of prediction errors: the state of rmse, mae, mape, r2_score, log_loss and brier_score';

CREATE FUNCTION error_sums_in(cstring)
RETURNS error_sums
AS 'MODULE_PATHNAME', 'error_sums_in'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION error_sums_in(cstring) IS
'input function of type error_sums';

CREATE FUNCTION error_sums_out(error_sums)
RETURNS cstring
AS 'MODULE_PATHNAME', 'error_sums_out'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION error_sums_out(error_sums) IS
'output function of type error_sums: JSON';

CREATE FUNCTION error_sums_recv(internal)
RETURNS error_sums
AS 'MODULE_PATHNAME', 'error_sums_recv'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION error_sums_recv(internal) IS
'binary input function of type error_sums';

CREATE FUNCTION error_sums_send(error_sums)
RETURNS bytea
AS 'MODULE_PATHNAME', 'error_sums_send'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION error_sums_send(error_sums) IS
'binary output function of type error_sums';

CREATE TYPE error_sums (
  INPUT = error_sums_in,
  OUTPUT = error_sums_out,
  RECEIVE = error_sums_recv,
  SEND = error_sums_send,
  INTERNALLENGTH = VARIABLE,
  ALIGNMENT = double,
  STORAGE = extended
);

CREATE FUNCTION error_accum(state error_sums, actual float8, predicted float8)
RETURNS error_sums
AS 'MODULE_PATHNAME', 'error_accum_numbers'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION error_accum(error_sums, float8, float8) IS
'transition function of rmse, mae, mape and r2_score';

CREATE FUNCTION error_accum(state error_sums, actual boolean, probability float8)
RETURNS error_sums
AS 'MODULE_PATHNAME', 'error_accum_probability'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION error_accum(error_sums, boolean, float8) IS
'transition function of log_loss and brier_score';

CREATE FUNCTION error_accum(state error_sums, actual text, probabilities float8[], classes text[])
RETURNS error_sums
AS 'MODULE_PATHNAME', 'error_accum_class'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 4;
COMMENT ON FUNCTION error_accum(error_sums, text, float8[], text[]) IS
'transition function of log_loss';

CREATE FUNCTION error_combine(state error_sums, other error_sums)
RETURNS error_sums
AS 'MODULE_PATHNAME', 'error_combine'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION error_combine(error_sums, error_sums) IS
'combine function of rmse, mae, mape, r2_score, log_loss and brier_score';

CREATE FUNCTION rmse_final(state error_sums)
RETURNS float8
AS 'MODULE_PATHNAME', 'rmse_final'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION rmse_final(error_sums) IS
'final function of rmse';

CREATE FUNCTION mae_final(state error_sums)
RETURNS float8
AS 'MODULE_PATHNAME', 'mae_final'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION mae_final(error_sums) IS
'final function of mae';

CREATE FUNCTION mape_final(state error_sums)
RETURNS float8
AS 'MODULE_PATHNAME', 'mape_final'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION mape_final(error_sums) IS
'final function of mape';

CREATE FUNCTION r2_score_final(state error_sums)
RETURNS float8
AS 'MODULE_PATHNAME', 'r2_score_final'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION r2_score_final(error_sums) IS
'final function of r2_score';

CREATE FUNCTION log_loss_final(state error_sums)
RETURNS float8
AS 'MODULE_PATHNAME', 'log_loss_final'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION log_loss_final(error_sums) IS
'final function of log_loss';

CREATE FUNCTION brier_score_final(state error_sums)
RETURNS float8
AS 'MODULE_PATHNAME', 'brier_score_final'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION brier_score_final(error_sums) IS
'final function of brier_score';

CREATE AGGREGATE rmse(actual float8, predicted float8) (
  SFUNC = error_accum,
  STYPE = error_sums,
  SSPACE = 144,
  FINALFUNC = rmse_final,
  COMBINEFUNC = error_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE rmse(float8, float8) IS
'root of the mean squared error; a row with a NULL is left out';

CREATE AGGREGATE mae(actual float8, predicted float8) (
  SFUNC = error_accum,
  STYPE = error_sums,
  SSPACE = 144,
  FINALFUNC = mae_final,
  COMBINEFUNC = error_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE mae(float8, float8) IS
'mean absolute error; a row with a NULL is left out';

CREATE AGGREGATE mape(actual float8, predicted float8) (
  SFUNC = error_accum,
  STYPE = error_sums,
  SSPACE = 144,
  FINALFUNC = mape_final,
  COMBINEFUNC = error_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE mape(float8, float8) IS
'mean absolute percentage error, as a share: the mean of |actual - predicted| / |actual|; a row with a NULL is left out';

CREATE AGGREGATE r2_score(actual float8, predicted float8) (
  SFUNC = error_accum,
  STYPE = error_sums,
  SSPACE = 144,
  FINALFUNC = r2_score_final,
  COMBINEFUNC = error_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE r2_score(float8, float8) IS
'share of the variance of the actual values that the predictions explain; a row with a NULL is left out';

CREATE AGGREGATE log_loss(actual boolean, probability float8) (
  SFUNC = error_accum,
  STYPE = error_sums,
  SSPACE = 144,
  FINALFUNC = log_loss_final,
  COMBINEFUNC = error_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE log_loss(boolean, float8) IS
'mean of minus the logarithm of the probability that was given to what happened; a row with a NULL is left out';

CREATE AGGREGATE log_loss(actual text, probabilities float8[], classes text[]) (
  SFUNC = error_accum,
  STYPE = error_sums,
  SSPACE = 144,
  FINALFUNC = log_loss_final,
  COMBINEFUNC = error_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE log_loss(text, float8[], text[]) IS
'mean of minus the logarithm of the probability that was given to the actual class; a row with a NULL is left out';

CREATE AGGREGATE brier_score(actual boolean, probability float8) (
  SFUNC = error_accum,
  STYPE = error_sums,
  SSPACE = 144,
  FINALFUNC = brier_score_final,
  COMBINEFUNC = error_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE brier_score(boolean, float8) IS
'mean squared difference between the probability and what happened, 0 or 1; a row with a NULL is left out';

