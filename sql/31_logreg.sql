
-- Logistic regression --------------------------------------------------------

CREATE TYPE logreg;

CREATE FUNCTION logreg_in(cstring) RETURNS logreg
AS 'MODULE_PATHNAME', 'logreg_in'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION logreg_in(cstring) IS 'I/O';

CREATE FUNCTION logreg_out(logreg) RETURNS cstring
AS 'MODULE_PATHNAME', 'logreg_out'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION logreg_out(logreg) IS 'I/O';

-- labels travel in the encoding of the client: stable, as those of text
CREATE FUNCTION logreg_recv(internal) RETURNS logreg
AS 'MODULE_PATHNAME', 'logreg_recv'
LANGUAGE C STABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION logreg_recv(internal) IS 'I/O';

CREATE FUNCTION logreg_send(logreg) RETURNS bytea
AS 'MODULE_PATHNAME', 'logreg_send'
LANGUAGE C STABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION logreg_send(logreg) IS 'I/O';

CREATE TYPE logreg (
  INPUT = logreg_in, OUTPUT = logreg_out,
  RECEIVE = logreg_recv, SEND = logreg_send,
  INTERNALLENGTH = VARIABLE, ALIGNMENT = double, STORAGE = extended);
COMMENT ON TYPE logreg IS
'a logistic regression: coefficients, their standard errors and the likelihood; prints as JSON, reads back without losing a bit';

CREATE FUNCTION logreg_accum(state internal, label boolean, x float8[])
RETURNS internal
AS 'MODULE_PATHNAME', 'logreg_accum_boolean'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 4;
COMMENT ON FUNCTION logreg_accum(internal, boolean, float8[]) IS
'transition function of logreg_fit';

CREATE FUNCTION logreg_accum(state internal, label boolean, x float8[], options jsonb)
RETURNS internal
AS 'MODULE_PATHNAME', 'logreg_accum_boolean'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 4;
COMMENT ON FUNCTION logreg_accum(internal, boolean, float8[], jsonb) IS
'transition function of logreg_fit';

CREATE FUNCTION logreg_accum(state internal, label text, x float8[])
RETURNS internal
AS 'MODULE_PATHNAME', 'logreg_accum_text'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 4;
COMMENT ON FUNCTION logreg_accum(internal, text, float8[]) IS
'transition function of logreg_fit';

CREATE FUNCTION logreg_accum(state internal, label text, x float8[], options jsonb)
RETURNS internal
AS 'MODULE_PATHNAME', 'logreg_accum_text'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 4;
COMMENT ON FUNCTION logreg_accum(internal, text, float8[], jsonb) IS
'transition function of logreg_fit';

CREATE FUNCTION logreg_final(state internal)
RETURNS logreg
AS 'MODULE_PATHNAME', 'logreg_final'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION logreg_final(internal) IS
'final function of logreg_fit: fits the rows';

CREATE AGGREGATE logreg_fit(label boolean, x float8[]) (
  SFUNC = logreg_accum, STYPE = internal, SSPACE = 4096,
  FINALFUNC = logreg_final, FINALFUNC_MODIFY = READ_ONLY,
  PARALLEL = SAFE);
COMMENT ON AGGREGATE logreg_fit(boolean, float8[]) IS
'logistic regression of the label on the features x, with an intercept; rows with a NULL label do not count, those with a NULL feature are counted as skipped';

CREATE AGGREGATE logreg_fit(label boolean, x float8[], options jsonb) (
  SFUNC = logreg_accum, STYPE = internal, SSPACE = 4096,
  FINALFUNC = logreg_final, FINALFUNC_MODIFY = READ_ONLY,
  PARALLEL = SAFE);
COMMENT ON AGGREGATE logreg_fit(boolean, float8[], jsonb) IS
'logistic regression with options: l2, max_iterations, tolerance';

CREATE AGGREGATE logreg_fit(label text, x float8[]) (
  SFUNC = logreg_accum, STYPE = internal, SSPACE = 4096,
  FINALFUNC = logreg_final, FINALFUNC_MODIFY = READ_ONLY,
  PARALLEL = SAFE);
COMMENT ON AGGREGATE logreg_fit(text, float8[]) IS
'multinomial logistic regression of the label, its first value being the reference, on the features x';

CREATE AGGREGATE logreg_fit(label text, x float8[], options jsonb) (
  SFUNC = logreg_accum, STYPE = internal, SSPACE = 4096,
  FINALFUNC = logreg_final, FINALFUNC_MODIFY = READ_ONLY,
  PARALLEL = SAFE);
COMMENT ON AGGREGATE logreg_fit(text, float8[], jsonb) IS
'multinomial logistic regression with options: l2, max_iterations, tolerance';

CREATE FUNCTION logreg_predict(model logreg, x float8[]) RETURNS float8
AS 'MODULE_PATHNAME', 'logreg_predict'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 4;
COMMENT ON FUNCTION logreg_predict(logreg, float8[]) IS
'probability of true, or of the second class, at the features x; NULL if one of them is';

CREATE FUNCTION logreg_predict_class(model logreg, x float8[]) RETURNS text
AS 'MODULE_PATHNAME', 'logreg_predict_class'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 4;
COMMENT ON FUNCTION logreg_predict_class(logreg, float8[]) IS
'the most probable class at the features x';

CREATE FUNCTION logreg_predict_proba(model logreg, x float8[]) RETURNS float8[]
AS 'MODULE_PATHNAME', 'logreg_predict_proba'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5;
COMMENT ON FUNCTION logreg_predict_proba(logreg, float8[]) IS
'probability of every class at the features x, in the order of logreg_classes';

CREATE FUNCTION logreg_classes(model logreg) RETURNS text[]
AS 'MODULE_PATHNAME', 'logreg_classes'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2;
COMMENT ON FUNCTION logreg_classes(logreg) IS
'the classes in order: the first is the reference';

CREATE FUNCTION logreg_terms(model logreg, names text[] DEFAULT '{}', level float8 DEFAULT 0.95)
RETURNS TABLE (class text, term text, estimate float8, std_error float8, z_value float8, p_value float8,
  ci_low float8, ci_high float8)
AS 'MODULE_PATHNAME', 'logreg_terms'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20 ROWS 10;
COMMENT ON FUNCTION logreg_terms(logreg, text[], float8) IS
'a row for each coefficient: the log-odds of the class against the reference, with standard error, Wald test and interval';

-- a type with a name: a query can take a record without one apart only where
-- it sees the call
CREATE TYPE logreg_statistics AS (
  n bigint, skipped bigint, classes int, df_model int, df_residual bigint,
  log_likelihood float8, null_log_likelihood float8, deviance float8, null_deviance float8,
  aic float8, bic float8, pseudo_r2 float8, lr_chi2 float8, lr_p_value float8,
  l2 float8, iterations int, converged boolean, separated boolean);
COMMENT ON TYPE logreg_statistics IS
'what logreg_stats tells of a logistic regression';

CREATE FUNCTION logreg_stats(model logreg) RETURNS logreg_statistics
AS 'MODULE_PATHNAME', 'logreg_stats'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5;
COMMENT ON FUNCTION logreg_stats(logreg) IS
'quality of the fit and how it went; NULL is what cannot be computed from the rows';
