\echo Use "CREATE EXTENSION liveanalytics" to load this file. \quit

-- No name below carries a schema, nor may the script ask for its own: where it
-- does, PostgreSQL refuses a schema with a quote, $ or \ in its name. CREATE
-- EXTENSION sets search_path to the target schema, then pg_temp; pg_catalog
-- comes before both. Somebody else may have made objects in the target schema
-- or in pg_temp, and a superuser may run this, but none of them gets used:
--
-- - A built-in type is found in pg_catalog, whatever else has its name.
-- - Our own name is taken, or the plain CREATE of it fails. From then on the
--   target schema has it before pg_temp, where functions are never looked for.
-- - Functions are referred to with the exact types of their arguments, and an
--   exact match wins over every overload: polymorphic, variadic, with defaults.
--   So each support function of an aggregate takes just what PostgreSQL looks
--   for: the state type, then the arguments.
-- - Nothing is evaluated here but constants, by input functions of built-in
--   types: there are declarations only, of types, C functions, aggregates,
--   operators, and of PL/pgSQL functions, whose bodies are strings until they
--   are called and whose search_path is pg_catalog, pg_temp. Operators are of
--   types made here, on which nobody has others, and their functions,
--   commutators and negators are looked up by just those.
--
-- test/t/010_install.pl holds the scripts to this.

-- Interaction scores ---------------------------------------------------------

CREATE FUNCTION interaction_score(comments bigint, likes bigint, shares bigint)
RETURNS bigint
AS 'MODULE_PATHNAME', 'interaction_score'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION interaction_score(bigint, bigint, bigint) IS
'interactions of a viewer: comments + likes + shares; a missing count is 0, a negative one an error';

CREATE FUNCTION interaction_score(comments bigint, likes bigint, shares bigint,
  comment_weight float8, like_weight float8, share_weight float8)
RETURNS float8
AS 'MODULE_PATHNAME', 'interaction_score_weighted'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION interaction_score(bigint, bigint, bigint, float8, float8, float8) IS
'weighted interactions of a viewer; a missing count is 0, a NULL weight gives NULL, a negative count is an error';

-- Segments -------------------------------------------------------------------

CREATE FUNCTION quantile_edges_accum(state internal, score float8, n int)
RETURNS internal
AS 'MODULE_PATHNAME', 'quantile_edges_accum'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION quantile_edges_accum(internal, float8, int) IS
'transition function of quantile_edges';

CREATE FUNCTION quantile_edges_accum(state internal, score float8, n int, ties text)
RETURNS internal
AS 'MODULE_PATHNAME', 'quantile_edges_accum'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION quantile_edges_accum(internal, float8, int, text) IS
'transition function of quantile_edges';

CREATE FUNCTION quantile_edges_final(state internal)
RETURNS float8[]
AS 'MODULE_PATHNAME', 'quantile_edges_final'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION quantile_edges_final(internal) IS
'final function of quantile_edges';

CREATE AGGREGATE quantile_edges(score float8, n int) (
  SFUNC = quantile_edges_accum,
  STYPE = internal,
  SSPACE = 512,
  FINALFUNC = quantile_edges_final,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE quantile_edges(float8, int) IS
'the n + 1 edges between which n segments of equal size lie; NULL scores are left out';

CREATE AGGREGATE quantile_edges(score float8, n int, ties text) (
  SFUNC = quantile_edges_accum,
  STYPE = internal,
  SSPACE = 512,
  FINALFUNC = quantile_edges_final,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE quantile_edges(float8, int, text) IS
'the edges between which n segments of equal size lie; edges that coincide are kept, dropped or an error (ties: keep, drop, raise)';

CREATE FUNCTION quartile_segment(score float8)
RETURNS int
AS 'MODULE_PATHNAME', 'quartile_segment'
LANGUAGE C WINDOW IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION quartile_segment(float8) IS
'segment of the row, 1 to 4, by the quartile edges of the partition''s scores; NULL for a NULL score';

CREATE FUNCTION quantile_segment(score float8, n int)
RETURNS int
AS 'MODULE_PATHNAME', 'quantile_segment'
LANGUAGE C WINDOW IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION quantile_segment(float8, int) IS
'segment of the row, 1 to n, by the quantile edges of the partition''s scores; NULL for a NULL score';

CREATE FUNCTION segment_of(score float8, edges float8[])
RETURNS int
AS 'MODULE_PATHNAME', 'segment_of'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION segment_of(float8, float8[]) IS
'segment of a score by the edges of quantile_edges; below the first edge 1, above the last the last segment';

CREATE FUNCTION segment_label(segment int, lang text DEFAULT 'en')
RETURNS text
AS 'MODULE_PATHNAME', 'segment_label'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION segment_label(int, text) IS
'name of a quartile segment, 1 to 4: low, medium, high, very high; lang: en or zh';

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

-- Clusters ---------------------------------------------------------------------

CREATE TYPE kmeans;

-- Costs are those of 8 clusters of 10 features, in units of 25 ns.

CREATE FUNCTION kmeans_in(cstring) RETURNS kmeans
AS 'MODULE_PATHNAME', 'kmeans_in'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION kmeans_in(cstring) IS 'I/O';

CREATE FUNCTION kmeans_out(kmeans) RETURNS cstring
AS 'MODULE_PATHNAME', 'kmeans_out'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 300;
COMMENT ON FUNCTION kmeans_out(kmeans) IS 'I/O';

CREATE FUNCTION kmeans_recv(internal) RETURNS kmeans
AS 'MODULE_PATHNAME', 'kmeans_recv'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 30;
COMMENT ON FUNCTION kmeans_recv(internal) IS 'I/O';

CREATE FUNCTION kmeans_send(kmeans) RETURNS bytea
AS 'MODULE_PATHNAME', 'kmeans_send'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 30;
COMMENT ON FUNCTION kmeans_send(kmeans) IS 'I/O';

CREATE TYPE kmeans (
  INPUT = kmeans_in, OUTPUT = kmeans_out,
  RECEIVE = kmeans_recv, SEND = kmeans_send,
  INTERNALLENGTH = VARIABLE, ALIGNMENT = double, STORAGE = extended);
COMMENT ON TYPE kmeans IS
'clusters of rows, by their centroids; prints as JSON, reads back without losing a bit';

CREATE TYPE kmeans_summary AS (
  k int, n bigint, skipped bigint, inertia float8, iterations int, converged boolean);
COMMENT ON TYPE kmeans_summary IS
'what kmeans_stats tells of a model';

CREATE FUNCTION kmeans_fit_accum(state internal, x float8[], k int)
RETURNS internal
AS 'MODULE_PATHNAME', 'kmeans_fit_accum'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 4;
COMMENT ON FUNCTION kmeans_fit_accum(internal, float8[], int) IS
'transition function of kmeans_fit';

CREATE FUNCTION kmeans_fit_accum(state internal, x float8[], k int, options jsonb)
RETURNS internal
AS 'MODULE_PATHNAME', 'kmeans_fit_accum'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 4;
COMMENT ON FUNCTION kmeans_fit_accum(internal, float8[], int, jsonb) IS
'transition function of kmeans_fit';

CREATE FUNCTION kmeans_fit_final(state internal)
RETURNS kmeans
AS 'MODULE_PATHNAME', 'kmeans_fit_final'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION kmeans_fit_final(internal) IS
'final function of kmeans_fit: finds the clusters';

CREATE AGGREGATE kmeans_fit(x float8[], k int) (
  SFUNC = kmeans_fit_accum, STYPE = internal, SSPACE = 1024,
  FINALFUNC = kmeans_fit_final, FINALFUNC_MODIFY = READ_ONLY,
  PARALLEL = SAFE);
COMMENT ON AGGREGATE kmeans_fit(float8[], int) IS
'k clusters of the rows with the features x; a NULL row is left out, one with a NULL feature is counted as skipped';

CREATE AGGREGATE kmeans_fit(x float8[], k int, options jsonb) (
  SFUNC = kmeans_fit_accum, STYPE = internal, SSPACE = 1024,
  FINALFUNC = kmeans_fit_final, FINALFUNC_MODIFY = READ_ONLY,
  PARALLEL = SAFE);
COMMENT ON AGGREGATE kmeans_fit(float8[], int, jsonb) IS
'k clusters of the rows with the features x; options: seed, restarts, max_iterations, tolerance, standardize';

CREATE FUNCTION kmeans_choose_accum(state internal, x float8[], k_min int, k_max int)
RETURNS internal
AS 'MODULE_PATHNAME', 'kmeans_choose_accum'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 4;
COMMENT ON FUNCTION kmeans_choose_accum(internal, float8[], int, int) IS
'transition function of kmeans_choose';

CREATE FUNCTION kmeans_choose_accum(state internal, x float8[], k_min int, k_max int, options jsonb)
RETURNS internal
AS 'MODULE_PATHNAME', 'kmeans_choose_accum'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 4;
COMMENT ON FUNCTION kmeans_choose_accum(internal, float8[], int, int, jsonb) IS
'transition function of kmeans_choose';

CREATE FUNCTION kmeans_choose_final(state internal)
RETURNS kmeans[]
AS 'MODULE_PATHNAME', 'kmeans_choose_final'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 100000;
COMMENT ON FUNCTION kmeans_choose_final(internal) IS
'final function of kmeans_choose: finds the clusters for each k';

CREATE AGGREGATE kmeans_choose(x float8[], k_min int, k_max int) (
  SFUNC = kmeans_choose_accum, STYPE = internal, SSPACE = 1024,
  FINALFUNC = kmeans_choose_final, FINALFUNC_MODIFY = READ_ONLY,
  PARALLEL = SAFE);
COMMENT ON AGGREGATE kmeans_choose(float8[], int, int) IS
'a model for each number of clusters from k_min to k_max, to choose one of them';

CREATE AGGREGATE kmeans_choose(x float8[], k_min int, k_max int, options jsonb) (
  SFUNC = kmeans_choose_accum, STYPE = internal, SSPACE = 1024,
  FINALFUNC = kmeans_choose_final, FINALFUNC_MODIFY = READ_ONLY,
  PARALLEL = SAFE);
COMMENT ON AGGREGATE kmeans_choose(float8[], int, int, jsonb) IS
'a model for each number of clusters from k_min to k_max, with the options of kmeans_fit';

CREATE FUNCTION kmeans_predict(model kmeans, x float8[]) RETURNS int
AS 'MODULE_PATHNAME', 'kmeans_predict'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5;
COMMENT ON FUNCTION kmeans_predict(kmeans, float8[]) IS
'number of the cluster whose centroid is nearest to x; NULL if a feature is';

CREATE FUNCTION kmeans_centroids(model kmeans)
RETURNS TABLE (cluster int, size bigint, centroid float8[])
AS 'MODULE_PATHNAME', 'kmeans_centroids'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100 ROWS 10;
COMMENT ON FUNCTION kmeans_centroids(kmeans) IS
'the clusters, the largest first: number, rows, and the mean of these';

CREATE FUNCTION kmeans_stats(model kmeans) RETURNS kmeans_summary
AS 'MODULE_PATHNAME', 'kmeans_stats'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 40;
COMMENT ON FUNCTION kmeans_stats(kmeans) IS
'how the clusters were found; inertia is the sum of the squared distances of all rows to their centroids';

CREATE FUNCTION kmeans_silhouette_accum(state bigint[], model kmeans, x float8[])
RETURNS bigint[]
AS 'MODULE_PATHNAME', 'kmeans_silhouette_accum'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5;
COMMENT ON FUNCTION kmeans_silhouette_accum(bigint[], kmeans, float8[]) IS
'transition function of kmeans_silhouette';

CREATE FUNCTION kmeans_silhouette_combine(state bigint[], other bigint[])
RETURNS bigint[]
AS 'MODULE_PATHNAME', 'kmeans_silhouette_combine'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION kmeans_silhouette_combine(bigint[], bigint[]) IS
'combine function of kmeans_silhouette';

CREATE FUNCTION kmeans_silhouette_final(state bigint[])
RETURNS float8
AS 'MODULE_PATHNAME', 'kmeans_silhouette_final'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION kmeans_silhouette_final(bigint[]) IS
'final function of kmeans_silhouette';

CREATE AGGREGATE kmeans_silhouette(model kmeans, x float8[]) (
  SFUNC = kmeans_silhouette_accum, STYPE = bigint[], INITCOND = '{0,0,0}',
  FINALFUNC = kmeans_silhouette_final, COMBINEFUNC = kmeans_silhouette_combine,
  PARALLEL = SAFE);
COMMENT ON AGGREGATE kmeans_silhouette(kmeans, float8[]) IS
'simplified silhouette: mean of (b - a) / max(a, b) for the distances a to the nearest and b to the second nearest centroid';

-- Random forest ----------------------------------------------------------------

CREATE FUNCTION rf_train_accum(state internal, label text, features float8[])
RETURNS internal
AS 'MODULE_PATHNAME', 'rf_train_accum_text'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION rf_train_accum(internal, text, float8[]) IS
'transition function of rf_train';

CREATE FUNCTION rf_train_accum(state internal, label text, features float8[], options jsonb)
RETURNS internal
AS 'MODULE_PATHNAME', 'rf_train_accum_text'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION rf_train_accum(internal, text, float8[], jsonb) IS
'transition function of rf_train';

CREATE FUNCTION rf_train_accum(state internal, label bigint, features float8[])
RETURNS internal
AS 'MODULE_PATHNAME', 'rf_train_accum_bigint'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION rf_train_accum(internal, bigint, float8[]) IS
'transition function of rf_train';

CREATE FUNCTION rf_train_accum(state internal, label bigint, features float8[], options jsonb)
RETURNS internal
AS 'MODULE_PATHNAME', 'rf_train_accum_bigint'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION rf_train_accum(internal, bigint, float8[], jsonb) IS
'transition function of rf_train';

CREATE FUNCTION rf_train_accum(state internal, label boolean, features float8[])
RETURNS internal
AS 'MODULE_PATHNAME', 'rf_train_accum_boolean'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION rf_train_accum(internal, boolean, float8[]) IS
'transition function of rf_train';

CREATE FUNCTION rf_train_accum(state internal, label boolean, features float8[], options jsonb)
RETURNS internal
AS 'MODULE_PATHNAME', 'rf_train_accum_boolean'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION rf_train_accum(internal, boolean, float8[], jsonb) IS
'transition function of rf_train';

CREATE FUNCTION rf_train_regression_accum(state internal, target float8, features float8[])
RETURNS internal
AS 'MODULE_PATHNAME', 'rf_train_regression_accum'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION rf_train_regression_accum(internal, float8, float8[]) IS
'transition function of rf_train_regression';

CREATE FUNCTION rf_train_regression_accum(state internal, target float8, features float8[], options jsonb)
RETURNS internal
AS 'MODULE_PATHNAME', 'rf_train_regression_accum'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION rf_train_regression_accum(internal, float8, float8[], jsonb) IS
'transition function of rf_train_regression';

CREATE FUNCTION rf_train_final(state internal)
RETURNS bytea
AS 'MODULE_PATHNAME', 'rf_train_final'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL RESTRICTED;
COMMENT ON FUNCTION rf_train_final(internal) IS
'final function of rf_train and rf_train_regression: grows the trees';

-- PARALLEL RESTRICTED: the scan below may use workers, but all rows come to the
-- leader, which then has workers of its own to grow the trees.

CREATE AGGREGATE rf_train(label text, features float8[]) (
  SFUNC = rf_train_accum, STYPE = internal, SSPACE = 4096,
  FINALFUNC = rf_train_final, FINALFUNC_MODIFY = READ_ONLY,
  PARALLEL = RESTRICTED
);
COMMENT ON AGGREGATE rf_train(text, float8[]) IS
'random forest that predicts a label from features; a row with a NULL label is left out, a NULL feature is missing';

CREATE AGGREGATE rf_train(label text, features float8[], options jsonb) (
  SFUNC = rf_train_accum, STYPE = internal, SSPACE = 4096,
  FINALFUNC = rf_train_final, FINALFUNC_MODIFY = READ_ONLY,
  PARALLEL = RESTRICTED
);
COMMENT ON AGGREGATE rf_train(text, float8[], jsonb) IS
'random forest with options: trees, max_depth, min_leaf, mtry, bins, sample, seed, class_weight, permutation';

CREATE AGGREGATE rf_train(label bigint, features float8[]) (
  SFUNC = rf_train_accum, STYPE = internal, SSPACE = 4096,
  FINALFUNC = rf_train_final, FINALFUNC_MODIFY = READ_ONLY,
  PARALLEL = RESTRICTED
);
COMMENT ON AGGREGATE rf_train(bigint, float8[]) IS
'random forest that predicts a label from features; a row with a NULL label is left out, a NULL feature is missing';

CREATE AGGREGATE rf_train(label bigint, features float8[], options jsonb) (
  SFUNC = rf_train_accum, STYPE = internal, SSPACE = 4096,
  FINALFUNC = rf_train_final, FINALFUNC_MODIFY = READ_ONLY,
  PARALLEL = RESTRICTED
);
COMMENT ON AGGREGATE rf_train(bigint, float8[], jsonb) IS
'random forest with options: trees, max_depth, min_leaf, mtry, bins, sample, seed, class_weight, permutation';

CREATE AGGREGATE rf_train(label boolean, features float8[]) (
  SFUNC = rf_train_accum, STYPE = internal, SSPACE = 4096,
  FINALFUNC = rf_train_final, FINALFUNC_MODIFY = READ_ONLY,
  PARALLEL = RESTRICTED
);
COMMENT ON AGGREGATE rf_train(boolean, float8[]) IS
'random forest that predicts a label from features; a row with a NULL label is left out, a NULL feature is missing';

CREATE AGGREGATE rf_train(label boolean, features float8[], options jsonb) (
  SFUNC = rf_train_accum, STYPE = internal, SSPACE = 4096,
  FINALFUNC = rf_train_final, FINALFUNC_MODIFY = READ_ONLY,
  PARALLEL = RESTRICTED
);
COMMENT ON AGGREGATE rf_train(boolean, float8[], jsonb) IS
'random forest with options: trees, max_depth, min_leaf, mtry, bins, sample, seed, class_weight, permutation';

CREATE AGGREGATE rf_train_regression(target float8, features float8[]) (
  SFUNC = rf_train_regression_accum, STYPE = internal, SSPACE = 4096,
  FINALFUNC = rf_train_final, FINALFUNC_MODIFY = READ_ONLY,
  PARALLEL = RESTRICTED
);
COMMENT ON AGGREGATE rf_train_regression(float8, float8[]) IS
'random forest that predicts a number from features; a row with a NULL target is left out, a NULL feature is missing';

CREATE AGGREGATE rf_train_regression(target float8, features float8[], options jsonb) (
  SFUNC = rf_train_regression_accum, STYPE = internal, SSPACE = 4096,
  FINALFUNC = rf_train_final, FINALFUNC_MODIFY = READ_ONLY,
  PARALLEL = RESTRICTED
);
COMMENT ON AGGREGATE rf_train_regression(float8, float8[], jsonb) IS
'random forest for a number with options: trees, max_depth, min_leaf, mtry, bins, sample, seed, permutation';

CREATE FUNCTION rf_predict(model bytea, features float8[])
RETURNS text
AS 'MODULE_PATHNAME', 'rf_predict'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 250;
COMMENT ON FUNCTION rf_predict(bytea, float8[]) IS
'the most probable class of a row by a random forest, as text; of equals the first';

CREATE FUNCTION rf_predict_value(model bytea, features float8[])
RETURNS float8
AS 'MODULE_PATHNAME', 'rf_predict_value'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 250;
COMMENT ON FUNCTION rf_predict_value(bytea, float8[]) IS
'the number that a regression forest predicts for a row: the mean over its trees';

CREATE FUNCTION rf_predict_proba(model bytea, features float8[])
RETURNS float8[]
AS 'MODULE_PATHNAME', 'rf_predict_proba'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 250;
COMMENT ON FUNCTION rf_predict_proba(bytea, float8[]) IS
'class probabilities of a row by a random forest, in the order of rf_classes';

CREATE FUNCTION rf_classes(model bytea)
RETURNS text[]
AS 'MODULE_PATHNAME', 'rf_classes'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION rf_classes(bytea) IS
'the classes of a random forest, in order: text by bytes, bigint by value, false before true';

CREATE FUNCTION rf_info(model bytea)
RETURNS jsonb
AS 'MODULE_PATHNAME', 'rf_info'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION rf_info(bytea) IS
'what a random forest is: kind, format version, trees, nodes, depth, bytes, features, rows, classes, options, out-of-bag figures';

CREATE FUNCTION rf_importance(model bytea)
RETURNS TABLE (feature int, impurity float8, permutation float8, std_error float8)
AS 'MODULE_PATHNAME', 'rf_importance'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000 ROWS 20;
COMMENT ON FUNCTION rf_importance(bytea) IS
'how much each feature of a random forest matters: a row per feature; permutation is NULL unless the training was asked for it';

CREATE FUNCTION rf_nodes(model bytea)
RETURNS TABLE (tree int, node int, feature int, threshold float8, missing_left boolean, "left" int, "right" int, value float8[])
AS 'MODULE_PATHNAME', 'rf_nodes'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000 ROWS 100000;
COMMENT ON FUNCTION rf_nodes(bytea) IS
'the nodes of a random forest: a row goes left if its feature is at most the threshold; a leaf has the class shares, or the number, as value';

-- The state is a bytea, not internal: Citus can send it from node to node.

CREATE FUNCTION rf_merge_accum(state bytea, model bytea)
RETURNS bytea
AS 'MODULE_PATHNAME', 'rf_merge_accum'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION rf_merge_accum(bytea, bytea) IS
'transition function of rf_merge';

CREATE FUNCTION rf_merge_combine(state bytea, other bytea)
RETURNS bytea
AS 'MODULE_PATHNAME', 'rf_merge_combine'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION rf_merge_combine(bytea, bytea) IS
'combine function of rf_merge';

CREATE FUNCTION rf_merge_final(state bytea)
RETURNS bytea
AS 'MODULE_PATHNAME', 'rf_merge_final'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rf_merge_final(bytea) IS
'final function of rf_merge: joins the models';

CREATE AGGREGATE rf_merge(model bytea) (
  SFUNC = rf_merge_accum, STYPE = bytea, SSPACE = 1048576,
  COMBINEFUNC = rf_merge_combine,
  FINALFUNC = rf_merge_final, FINALFUNC_MODIFY = READ_ONLY,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE rf_merge(bytea) IS
'one random forest of all the trees of several, over the same features and kind of label';

CREATE FUNCTION rf_progress(
  OUT pid integer, OUT datname name, OUT usename name, OUT phase text, OUT rows bigint,
  OUT trees integer, OUT trees_done integer, OUT workers integer, OUT model_bytes bigint, OUT memory_bytes bigint,
  OUT started timestamptz, OUT elapsed interval, OUT remaining interval)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'rf_progress'
LANGUAGE C STABLE STRICT PARALLEL RESTRICTED COST 100 ROWS 1;
COMMENT ON FUNCTION rf_progress() IS
'the trainings of random forests that are at work now, in any session, and how far each is';

-- Evaluation: splitting rows -------------------------------------------------

CREATE FUNCTION train_test_split(key text, test_fraction float8 DEFAULT 0.2, seed bigint DEFAULT 42)
RETURNS text
AS 'MODULE_PATHNAME', 'train_test_split_text'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION train_test_split(text, float8, bigint) IS
'test for about test_fraction of all keys, otherwise train: decided by a hash of the key and the seed alone';

CREATE FUNCTION train_test_split(key bigint, test_fraction float8 DEFAULT 0.2, seed bigint DEFAULT 42)
RETURNS text
AS 'MODULE_PATHNAME', 'train_test_split_bigint'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION train_test_split(bigint, float8, bigint) IS
'test for about test_fraction of all keys, otherwise train: decided by a hash of the key and the seed alone';

CREATE FUNCTION kfold(key text, k int, seed bigint DEFAULT 42)
RETURNS int
AS 'MODULE_PATHNAME', 'kfold_text'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION kfold(text, int, bigint) IS
'fold of a key for cross-validation, 1 to k: decided by a hash of the key and the seed alone';

CREATE FUNCTION kfold(key bigint, k int, seed bigint DEFAULT 42)
RETURNS int
AS 'MODULE_PATHNAME', 'kfold_bigint'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION kfold(bigint, int, bigint) IS
'fold of a key for cross-validation, 1 to k: decided by a hash of the key and the seed alone';

-- Evaluation: accuracy -------------------------------------------------------

-- the state is {matches, rows}; strict, so that a NULL on either side leaves the row out
CREATE FUNCTION accuracy_accum(state bigint[], actual text, predicted text)
RETURNS bigint[]
AS 'MODULE_PATHNAME', 'accuracy_accum_text'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION accuracy_accum(bigint[], text, text) IS
'transition function of accuracy';

CREATE FUNCTION accuracy_accum(state bigint[], actual bigint, predicted bigint)
RETURNS bigint[]
AS 'MODULE_PATHNAME', 'accuracy_accum_bigint'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION accuracy_accum(bigint[], bigint, bigint) IS
'transition function of accuracy';

CREATE FUNCTION accuracy_accum(state bigint[], actual boolean, predicted boolean)
RETURNS bigint[]
AS 'MODULE_PATHNAME', 'accuracy_accum_boolean'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION accuracy_accum(bigint[], boolean, boolean) IS
'transition function of accuracy';

CREATE FUNCTION accuracy_combine(state bigint[], other bigint[])
RETURNS bigint[]
AS 'MODULE_PATHNAME', 'accuracy_combine'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION accuracy_combine(bigint[], bigint[]) IS
'combine function of accuracy';

CREATE FUNCTION accuracy_final(state bigint[])
RETURNS float8
AS 'MODULE_PATHNAME', 'accuracy_final'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION accuracy_final(bigint[]) IS
'final function of accuracy';

CREATE AGGREGATE accuracy(actual text, predicted text) (
  SFUNC = accuracy_accum,
  STYPE = bigint[],
  INITCOND = '{0,0}',
  FINALFUNC = accuracy_final,
  COMBINEFUNC = accuracy_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE accuracy(text, text) IS
'share of rows whose prediction is the actual class, byte for byte; a row with a NULL is left out';

CREATE AGGREGATE accuracy(actual bigint, predicted bigint) (
  SFUNC = accuracy_accum,
  STYPE = bigint[],
  INITCOND = '{0,0}',
  FINALFUNC = accuracy_final,
  COMBINEFUNC = accuracy_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE accuracy(bigint, bigint) IS
'share of rows whose prediction is the actual class; a row with a NULL is left out';

CREATE AGGREGATE accuracy(actual boolean, predicted boolean) (
  SFUNC = accuracy_accum,
  STYPE = bigint[],
  INITCOND = '{0,0}',
  FINALFUNC = accuracy_final,
  COMBINEFUNC = accuracy_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE accuracy(boolean, boolean) IS
'share of rows whose prediction is the actual class; a row with a NULL is left out';

-- Evaluation: counts of actual against predicted classes ---------------------

CREATE TYPE confusion;
COMMENT ON TYPE confusion IS
'rows counted by actual and predicted class: the state of confusion_matrix and classification_report';

CREATE FUNCTION confusion_in(cstring)
RETURNS confusion
AS 'MODULE_PATHNAME', 'confusion_in'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION confusion_in(cstring) IS
'input function of type confusion';

CREATE FUNCTION confusion_out(confusion)
RETURNS cstring
AS 'MODULE_PATHNAME', 'confusion_out'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION confusion_out(confusion) IS
'output function of type confusion: JSON, the same for equal counts';

-- labels travel in the encoding of the client: stable, as those of text
CREATE FUNCTION confusion_recv(internal)
RETURNS confusion
AS 'MODULE_PATHNAME', 'confusion_recv'
LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION confusion_recv(internal) IS
'binary input function of type confusion';

CREATE FUNCTION confusion_send(confusion)
RETURNS bytea
AS 'MODULE_PATHNAME', 'confusion_send'
LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION confusion_send(confusion) IS
'binary output function of type confusion';

CREATE TYPE confusion (
  INPUT = confusion_in,
  OUTPUT = confusion_out,
  RECEIVE = confusion_recv,
  SEND = confusion_send,
  INTERNALLENGTH = VARIABLE,
  ALIGNMENT = double,
  STORAGE = extended
);

CREATE FUNCTION confusion_accum(state confusion, actual text, predicted text)
RETURNS confusion
AS 'MODULE_PATHNAME', 'confusion_accum'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION confusion_accum(confusion, text, text) IS
'transition function of confusion_matrix and classification_report';

CREATE FUNCTION confusion_combine(state confusion, other confusion)
RETURNS confusion
AS 'MODULE_PATHNAME', 'confusion_combine'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION confusion_combine(confusion, confusion) IS
'combine function of confusion_matrix and classification_report';

CREATE FUNCTION confusion_matrix_final(state confusion)
RETURNS jsonb
AS 'MODULE_PATHNAME', 'confusion_matrix_final'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION confusion_matrix_final(confusion) IS
'final function of confusion_matrix';

CREATE FUNCTION classification_report_final(state confusion)
RETURNS jsonb
AS 'MODULE_PATHNAME', 'classification_report_final'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION classification_report_final(confusion) IS
'final function of classification_report';

CREATE AGGREGATE confusion_matrix(actual text, predicted text) (
  SFUNC = confusion_accum,
  STYPE = confusion,
  SSPACE = 256,
  FINALFUNC = confusion_matrix_final,
  COMBINEFUNC = confusion_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE confusion_matrix(text, text) IS
'rows of each actual class by predicted class: {"labels": [...], "matrix": [[...], ...]}; a row with a NULL is left out';

CREATE AGGREGATE classification_report(actual text, predicted text) (
  SFUNC = confusion_accum,
  STYPE = confusion,
  SSPACE = 256,
  FINALFUNC = classification_report_final,
  COMBINEFUNC = confusion_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE classification_report(text, text) IS
'precision, recall, F1 and support of each class, their means, and accuracy; a row with a NULL is left out';

CREATE FUNCTION confusion_matrix_rows(matrix jsonb)
RETURNS TABLE (actual text, predicted text, n bigint)
AS 'MODULE_PATHNAME', 'confusion_matrix_rows'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 16;
COMMENT ON FUNCTION confusion_matrix_rows(jsonb) IS
'cells of a confusion matrix as rows';

CREATE FUNCTION classification_report_rows(report jsonb)
RETURNS TABLE (class text, "precision" float8, recall float8, f1 float8, support bigint)
AS 'MODULE_PATHNAME', 'classification_report_rows'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 4;
COMMENT ON FUNCTION classification_report_rows(jsonb) IS
'classes of a classification report as rows';
-- Evaluation: how well a score ranks -----------------------------------------

CREATE FUNCTION ranking_accum(state internal, actual boolean, score float8)
RETURNS internal
AS 'MODULE_PATHNAME', 'ranking_accum'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION ranking_accum(internal, boolean, float8) IS
'transition function of roc_auc and pr_auc';

CREATE FUNCTION roc_auc_final(state internal)
RETURNS float8
AS 'MODULE_PATHNAME', 'roc_auc_final'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION roc_auc_final(internal) IS
'final function of roc_auc';

CREATE FUNCTION pr_auc_final(state internal)
RETURNS float8
AS 'MODULE_PATHNAME', 'pr_auc_final'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION pr_auc_final(internal) IS
'final function of pr_auc';

CREATE AGGREGATE roc_auc(actual boolean, score float8) (
  SFUNC = ranking_accum,
  STYPE = internal,
  SSPACE = 1024,
  FINALFUNC = roc_auc_final,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE roc_auc(boolean, float8) IS
'share of pairs of a true and a false row in which the true one has the higher score, ties one half; a row with a NULL is left out';

CREATE AGGREGATE pr_auc(actual boolean, score float8) (
  SFUNC = ranking_accum,
  STYPE = internal,
  SSPACE = 1024,
  FINALFUNC = pr_auc_final,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE pr_auc(boolean, float8) IS
'average precision: the area under the curve of precision over recall, as a step function; a row with a NULL is left out';

CREATE FUNCTION gain_table_accum(state internal, actual boolean, score float8, bins int)
RETURNS internal
AS 'MODULE_PATHNAME', 'gain_table_accum'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION gain_table_accum(internal, boolean, float8, int) IS
'transition function of gain_table';

CREATE FUNCTION gain_table_accum(state internal, score float8, actual boolean, bins int)
RETURNS internal
AS 'MODULE_PATHNAME', 'gain_table_accum_score_first'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION gain_table_accum(internal, float8, boolean, int) IS
'transition function of gain_table';

CREATE FUNCTION gain_table_final(state internal)
RETURNS jsonb
AS 'MODULE_PATHNAME', 'gain_table_final'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION gain_table_final(internal) IS
'final function of gain_table';

CREATE AGGREGATE gain_table(actual boolean, score float8, bins int) (
  SFUNC = gain_table_accum,
  STYPE = internal,
  SSPACE = 1024,
  FINALFUNC = gain_table_final,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE gain_table(boolean, float8, int) IS
'what the rows with the highest scores bring: rows cut into bins by score, with rate, lift and gain of each; a row with a NULL is left out';

CREATE AGGREGATE gain_table(score float8, actual boolean, bins int) (
  SFUNC = gain_table_accum,
  STYPE = internal,
  SSPACE = 1024,
  FINALFUNC = gain_table_final,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE gain_table(float8, boolean, int) IS
'gain_table(actual, score, bins) with its first two arguments in the other order';

CREATE FUNCTION gain_table_rows(gains jsonb)
RETURNS TABLE (bin int, rows bigint, positives bigint, rate float8, lift float8, depth float8, gain float8,
  cumulative_lift float8, score_min float8, score_max float8)
AS 'MODULE_PATHNAME', 'gain_table_rows'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 10;
COMMENT ON FUNCTION gain_table_rows(jsonb) IS
'bins of a gain table as rows';

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


-- Funnels --------------------------------------------------------------------

-- The state of all funnels: the events of one viewer. It is a type and not
-- internal, so that Citus can split the aggregates over nodes.
CREATE TYPE funnel_events;

CREATE FUNCTION funnel_events_in(cstring) RETURNS funnel_events
AS 'MODULE_PATHNAME', 'funnel_events_in'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION funnel_events_in(cstring) IS 'I/O';

CREATE FUNCTION funnel_events_out(funnel_events) RETURNS cstring
AS 'MODULE_PATHNAME', 'funnel_events_out'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION funnel_events_out(funnel_events) IS 'I/O';

CREATE FUNCTION funnel_events_recv(internal) RETURNS funnel_events
AS 'MODULE_PATHNAME', 'funnel_events_recv'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION funnel_events_recv(internal) IS 'I/O';

CREATE FUNCTION funnel_events_send(funnel_events) RETURNS bytea
AS 'MODULE_PATHNAME', 'funnel_events_send'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION funnel_events_send(funnel_events) IS 'I/O';

CREATE TYPE funnel_events (
  INPUT = funnel_events_in, OUTPUT = funnel_events_out,
  RECEIVE = funnel_events_recv, SEND = funnel_events_send,
  INTERNALLENGTH = VARIABLE, ALIGNMENT = double, STORAGE = extended);
COMMENT ON TYPE funnel_events IS
'the events of one viewer that matter to a funnel: the state of window_funnel and its kin';

CREATE FUNCTION funnel_accum(state funnel_events, ts timestamptz, win interval, steps boolean[])
RETURNS funnel_events
AS 'MODULE_PATHNAME', 'funnel_accum'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION funnel_accum(funnel_events, timestamptz, interval, boolean[]) IS
'aggregate transition function: the events with one more';

CREATE FUNCTION funnel_accum(state funnel_events, ts timestamptz, win interval, step int)
RETURNS funnel_events
AS 'MODULE_PATHNAME', 'funnel_accum_step'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION funnel_accum(funnel_events, timestamptz, interval, int) IS
'aggregate transition function: the events with one more';

CREATE FUNCTION funnel_accum_opt(state funnel_events, ts timestamptz, win interval, options text, steps boolean[])
RETURNS funnel_events
AS 'MODULE_PATHNAME', 'funnel_accum_opt'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION funnel_accum_opt(funnel_events, timestamptz, interval, text, boolean[]) IS
'aggregate transition function: the events with one more';

CREATE FUNCTION funnel_accum_key(state funnel_events, ts timestamptz, win interval, key bigint, steps boolean[])
RETURNS funnel_events
AS 'MODULE_PATHNAME', 'funnel_accum_bigint_key'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION funnel_accum_key(funnel_events, timestamptz, interval, bigint, boolean[]) IS
'aggregate transition function: the events with one more';

CREATE FUNCTION funnel_accum_key(state funnel_events, ts timestamptz, win interval, key text, steps boolean[])
RETURNS funnel_events
AS 'MODULE_PATHNAME', 'funnel_accum_text_key'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION funnel_accum_key(funnel_events, timestamptz, interval, text, boolean[]) IS
'aggregate transition function: the events with one more';

CREATE FUNCTION funnel_combine(state funnel_events, other funnel_events)
RETURNS funnel_events
AS 'MODULE_PATHNAME', 'funnel_combine'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 2;
COMMENT ON FUNCTION funnel_combine(funnel_events, funnel_events) IS
'aggregate combine function: the events of both';

CREATE FUNCTION window_funnel_final(state funnel_events) RETURNS int
AS 'MODULE_PATHNAME', 'window_funnel_final'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION window_funnel_final(funnel_events) IS
'final function of window_funnel and window_funnel_opt';

CREATE FUNCTION funnel_times_final(state funnel_events) RETURNS timestamptz[]
AS 'MODULE_PATHNAME', 'funnel_times_final'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION funnel_times_final(funnel_events) IS
'final function of funnel_times';

CREATE FUNCTION funnel_completions_final(state funnel_events) RETURNS int
AS 'MODULE_PATHNAME', 'funnel_completions_final'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION funnel_completions_final(funnel_events) IS
'final function of funnel_completions';

CREATE FUNCTION funnel_match_final(state funnel_events) RETURNS int
AS 'MODULE_PATHNAME', 'funnel_match_final'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION funnel_match_final(funnel_events) IS
'final function of funnel_match';

CREATE AGGREGATE window_funnel(ts timestamptz, win interval, VARIADIC steps boolean[]) (
  SFUNC = funnel_accum, STYPE = funnel_events, SSPACE = 256, FINALFUNC = window_funnel_final,
  COMBINEFUNC = funnel_combine, PARALLEL = SAFE);
COMMENT ON AGGREGATE window_funnel(timestamptz, interval, VARIADIC boolean[]) IS
'deepest step reached in order within the window of the first step, 0 if none; a NULL condition is false, a row with a NULL time does not count';

CREATE AGGREGATE window_funnel(ts timestamptz, win interval, step int) (
  SFUNC = funnel_accum, STYPE = funnel_events, SSPACE = 256, FINALFUNC = window_funnel_final,
  COMBINEFUNC = funnel_combine, PARALLEL = SAFE);
COMMENT ON AGGREGATE window_funnel(timestamptz, interval, int) IS
'deepest step reached in order within the window of the first step, 0 if none, where each event is of one step at most: its number, NULL or 0 for other events';

CREATE AGGREGATE window_funnel_opt(ts timestamptz, win interval, options text, VARIADIC steps boolean[]) (
  SFUNC = funnel_accum_opt, STYPE = funnel_events, SSPACE = 256, FINALFUNC = window_funnel_final,
  COMBINEFUNC = funnel_combine, PARALLEL = SAFE);
COMMENT ON AGGREGATE window_funnel_opt(timestamptz, interval, text, VARIADIC boolean[]) IS
'window_funnel with options strict_order, strict_deduplication, strict_increase and strict_once, separated by commas';

CREATE AGGREGATE funnel_times(ts timestamptz, win interval, VARIADIC steps boolean[]) (
  SFUNC = funnel_accum, STYPE = funnel_events, SSPACE = 256, FINALFUNC = funnel_times_final,
  COMBINEFUNC = funnel_combine, PARALLEL = SAFE);
COMMENT ON AGGREGATE funnel_times(timestamptz, interval, VARIADIC boolean[]) IS
'when each step of the deepest chain happened: of several the first to end, of those the last to start';

CREATE AGGREGATE funnel_completions(ts timestamptz, win interval, VARIADIC steps boolean[]) (
  SFUNC = funnel_accum, STYPE = funnel_events, SSPACE = 256, FINALFUNC = funnel_completions_final,
  COMBINEFUNC = funnel_combine, PARALLEL = SAFE);
COMMENT ON AGGREGATE funnel_completions(timestamptz, interval, VARIADIC boolean[]) IS
'how often all steps were passed, each pass starting later than the one before it ended';

CREATE AGGREGATE funnel_match(ts timestamptz, win interval, key bigint, VARIADIC steps boolean[]) (
  SFUNC = funnel_accum_key, STYPE = funnel_events, SSPACE = 512, FINALFUNC = funnel_match_final,
  COMBINEFUNC = funnel_combine, PARALLEL = SAFE);
COMMENT ON AGGREGATE funnel_match(timestamptz, interval, bigint, VARIADIC boolean[]) IS
'deepest step reached by events that share one key, such as a product; an event without a key is of no step';

CREATE AGGREGATE funnel_match(ts timestamptz, win interval, key text, VARIADIC steps boolean[]) (
  SFUNC = funnel_accum_key, STYPE = funnel_events, SSPACE = 512, FINALFUNC = funnel_match_final,
  COMBINEFUNC = funnel_combine, PARALLEL = SAFE);
COMMENT ON AGGREGATE funnel_match(timestamptz, interval, text, VARIADIC boolean[]) IS
'deepest step reached by events that share one key, such as a product; an event without a key is of no step';

-- Funnels: the table of steps ------------------------------------------------

CREATE FUNCTION funnel_summary_accum(state bigint[], level int, steps int)
RETURNS bigint[]
AS 'MODULE_PATHNAME', 'funnel_summary_accum'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION funnel_summary_accum(bigint[], int, int) IS
'transition function of funnel_summary';

CREATE FUNCTION funnel_summary_combine(state bigint[], other bigint[])
RETURNS bigint[]
AS 'MODULE_PATHNAME', 'funnel_summary_combine'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION funnel_summary_combine(bigint[], bigint[]) IS
'combine function of funnel_summary';

CREATE FUNCTION funnel_summary_final(state bigint[])
RETURNS jsonb
AS 'MODULE_PATHNAME', 'funnel_summary_final'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION funnel_summary_final(bigint[]) IS
'final function of funnel_summary';

CREATE AGGREGATE funnel_summary(level int, steps int) (
  SFUNC = funnel_summary_accum, STYPE = bigint[], SSPACE = 576, FINALFUNC = funnel_summary_final,
  COMBINEFUNC = funnel_summary_combine, PARALLEL = SAFE);
COMMENT ON AGGREGATE funnel_summary(int, int) IS
'viewers that reached each step or a deeper one, and their shares, from the levels of a funnel; a NULL level is left out';

CREATE FUNCTION funnel_summary_rows(summary jsonb)
RETURNS TABLE (step int, viewers bigint, share_of_previous float8, share_of_first float8, drop_off bigint)
AS 'MODULE_PATHNAME', 'funnel_summary_rows'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10 ROWS 5;
COMMENT ON FUNCTION funnel_summary_rows(jsonb) IS
'the steps of a funnel as rows';

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

-- Concurrency ----------------------------------------------------------------

CREATE TYPE online_peak AS (peak int, at timestamptz);
COMMENT ON TYPE online_peak IS
'the most that are present at once, and the first time at which they are';

CREATE TYPE online_bucket AS (bucket timestamptz, avg_online float8, peak_online int, enters bigint, leaves bigint);
COMMENT ON TYPE online_bucket IS
'presence from bucket, included, to the next, excluded: average over time, most at once, how many enter and leave';

CREATE FUNCTION concurrency_peak_accum(state bytea, entered timestamptz, left_at timestamptz)
RETURNS bytea
AS 'MODULE_PATHNAME', 'concurrency_peak_accum'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION concurrency_peak_accum(bytea, timestamptz, timestamptz) IS
'transition function of concurrency_peak';

CREATE FUNCTION concurrency_peak_combine(state bytea, other bytea)
RETURNS bytea
AS 'MODULE_PATHNAME', 'concurrency_peak_combine'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION concurrency_peak_combine(bytea, bytea) IS
'combine function of concurrency_peak';

CREATE FUNCTION concurrency_peak_final(state bytea)
RETURNS online_peak
AS 'MODULE_PATHNAME', 'concurrency_peak_final'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION concurrency_peak_final(bytea) IS
'final function of concurrency_peak';

CREATE AGGREGATE concurrency_peak(entered timestamptz, left_at timestamptz) (
  SFUNC = concurrency_peak_accum, STYPE = bytea, SSPACE = 1024,
  FINALFUNC = concurrency_peak_final, COMBINEFUNC = concurrency_peak_combine, PARALLEL = SAFE);
COMMENT ON AGGREGATE concurrency_peak(timestamptz, timestamptz) IS
'the most rows present at once, and the first time at which they are; who leaves is gone before who enters at the same time; a NULL left_at is still present';

CREATE FUNCTION concurrency_avg_accum(state bytea, entered timestamptz, left_at timestamptz, lo timestamptz, hi timestamptz)
RETURNS bytea
AS 'MODULE_PATHNAME', 'concurrency_avg_accum'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION concurrency_avg_accum(bytea, timestamptz, timestamptz, timestamptz, timestamptz) IS
'transition function of concurrency_avg';

CREATE FUNCTION concurrency_avg_combine(state bytea, other bytea)
RETURNS bytea
AS 'MODULE_PATHNAME', 'concurrency_avg_combine'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION concurrency_avg_combine(bytea, bytea) IS
'combine function of concurrency_avg';

CREATE FUNCTION concurrency_avg_final(state bytea)
RETURNS float8
AS 'MODULE_PATHNAME', 'concurrency_avg_final'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION concurrency_avg_final(bytea) IS
'final function of concurrency_avg';

CREATE AGGREGATE concurrency_avg(entered timestamptz, left_at timestamptz, lo timestamptz, hi timestamptz) (
  SFUNC = concurrency_avg_accum, STYPE = bytea, SSPACE = 56,
  FINALFUNC = concurrency_avg_final, COMBINEFUNC = concurrency_avg_combine, PARALLEL = SAFE);
COMMENT ON AGGREGATE concurrency_avg(timestamptz, timestamptz, timestamptz, timestamptz) IS
'how many rows are present on average over the time from lo to hi; a NULL left_at is still present';

CREATE FUNCTION concurrency_series_accum(state bytea, entered timestamptz, left_at timestamptz, lo timestamptz, hi timestamptz, step interval)
RETURNS bytea
AS 'MODULE_PATHNAME', 'concurrency_series_accum'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION concurrency_series_accum(bytea, timestamptz, timestamptz, timestamptz, timestamptz, interval) IS
'transition function of concurrency_series';

CREATE FUNCTION concurrency_series_combine(state bytea, other bytea)
RETURNS bytea
AS 'MODULE_PATHNAME', 'concurrency_series_combine'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION concurrency_series_combine(bytea, bytea) IS
'combine function of concurrency_series';

CREATE FUNCTION concurrency_series_final(state bytea)
RETURNS online_bucket[]
AS 'MODULE_PATHNAME', 'concurrency_series_final'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION concurrency_series_final(bytea) IS
'final function of concurrency_series';

CREATE AGGREGATE concurrency_series(entered timestamptz, left_at timestamptz, lo timestamptz, hi timestamptz, step interval) (
  SFUNC = concurrency_series_accum, STYPE = bytea, SSPACE = 1024,
  FINALFUNC = concurrency_series_final, COMBINEFUNC = concurrency_series_combine, PARALLEL = SAFE);
COMMENT ON AGGREGATE concurrency_series(timestamptz, timestamptz, timestamptz, timestamptz, interval) IS
'presence in buckets of step from lo to hi: average, peak, enters and leaves of each; unnest makes rows of it';

CREATE TYPE stay_point AS (after interval, at_risk bigint, leaves bigint, censored bigint, share float8, std_error float8);
COMMENT ON TYPE stay_point IS
'how many are seen to stay so long, how many of these leave or are lost sight of before the next point, and the share of all who stay so long';

CREATE FUNCTION stay_curve_accum(state bytea, entered timestamptz, left_at timestamptz, hi timestamptz, step interval)
RETURNS bytea
AS 'MODULE_PATHNAME', 'stay_curve_accum'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION stay_curve_accum(bytea, timestamptz, timestamptz, timestamptz, interval) IS
'transition function of stay_curve';

CREATE FUNCTION stay_curve_combine(state bytea, other bytea)
RETURNS bytea
AS 'MODULE_PATHNAME', 'stay_curve_combine'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION stay_curve_combine(bytea, bytea) IS
'combine function of stay_curve';

CREATE FUNCTION stay_curve_final(state bytea)
RETURNS stay_point[]
AS 'MODULE_PATHNAME', 'stay_curve_final'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION stay_curve_final(bytea) IS
'final function of stay_curve';

CREATE AGGREGATE stay_curve(entered timestamptz, left_at timestamptz, hi timestamptz, step interval) (
  SFUNC = stay_curve_accum, STYPE = bytea, SSPACE = 1024,
  FINALFUNC = stay_curve_final, COMBINEFUNC = stay_curve_combine, PARALLEL = SAFE);
COMMENT ON AGGREGATE stay_curve(timestamptz, timestamptz, timestamptz, interval) IS
'share of the stays that last at least 0, step, 2 step ..; one that goes on at hi, its row''s end of the stream, is censored there; unnest makes rows of it';

-- Sequences of events ----------------------------------------------------------

CREATE TYPE sequence_state;

CREATE FUNCTION sequence_state_in(cstring) RETURNS sequence_state
AS 'MODULE_PATHNAME', 'sequence_state_in'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION sequence_state_in(cstring) IS 'I/O';

CREATE FUNCTION sequence_state_out(sequence_state) RETURNS cstring
AS 'MODULE_PATHNAME', 'sequence_state_out'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION sequence_state_out(sequence_state) IS 'I/O';

CREATE FUNCTION sequence_state_recv(internal) RETURNS sequence_state
AS 'MODULE_PATHNAME', 'sequence_state_recv'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION sequence_state_recv(internal) IS 'I/O';

CREATE FUNCTION sequence_state_send(sequence_state) RETURNS bytea
AS 'MODULE_PATHNAME', 'sequence_state_send'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION sequence_state_send(sequence_state) IS 'I/O';

CREATE TYPE sequence_state (
  INPUT = sequence_state_in, OUTPUT = sequence_state_out,
  RECEIVE = sequence_state_recv, SEND = sequence_state_send,
  INTERNALLENGTH = VARIABLE, ALIGNMENT = double, STORAGE = extended);
COMMENT ON TYPE sequence_state IS
'events of a group while sequence_match, sequence_count and sequence_times collect them; prints as JSON';

CREATE FUNCTION sequence_accum(state sequence_state, pattern text, ts timestamptz, VARIADIC conditions boolean[])
RETURNS sequence_state
AS 'MODULE_PATHNAME', 'sequence_accum'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 2;
COMMENT ON FUNCTION sequence_accum(sequence_state, text, timestamptz, boolean[]) IS
'aggregate transition function: the state with one row more';

CREATE FUNCTION sequence_combine(state sequence_state, other sequence_state)
RETURNS sequence_state
AS 'MODULE_PATHNAME', 'sequence_combine'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION sequence_combine(sequence_state, sequence_state) IS
'aggregate combine function: the events of both';

CREATE FUNCTION sequence_match_final(state sequence_state)
RETURNS boolean
AS 'MODULE_PATHNAME', 'sequence_match_final'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION sequence_match_final(sequence_state) IS
'aggregate final function: whether the events match';

CREATE FUNCTION sequence_count_final(state sequence_state)
RETURNS int
AS 'MODULE_PATHNAME', 'sequence_count_final'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION sequence_count_final(sequence_state) IS
'aggregate final function: how often the events match';

CREATE FUNCTION sequence_times_final(state sequence_state)
RETURNS timestamptz[]
AS 'MODULE_PATHNAME', 'sequence_times_final'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION sequence_times_final(sequence_state) IS
'aggregate final function: when the events of the first match happened';

CREATE AGGREGATE sequence_match(pattern text, ts timestamptz, VARIADIC conditions boolean[]) (
  SFUNC = sequence_accum, STYPE = sequence_state, SSPACE = 400,
  FINALFUNC = sequence_match_final,
  COMBINEFUNC = sequence_combine, PARALLEL = SAFE);
COMMENT ON AGGREGATE sequence_match(text, timestamptz, boolean[]) IS
'whether the events, in order of time, match the pattern of (?N), ., .* and (?t op seconds); an event is a row that meets a condition';

CREATE AGGREGATE sequence_count(pattern text, ts timestamptz, VARIADIC conditions boolean[]) (
  SFUNC = sequence_accum, STYPE = sequence_state, SSPACE = 400,
  FINALFUNC = sequence_count_final,
  COMBINEFUNC = sequence_combine, PARALLEL = SAFE);
COMMENT ON AGGREGATE sequence_count(text, timestamptz, boolean[]) IS
'how many matches of the pattern, none of which overlap, there are';

CREATE AGGREGATE sequence_times(pattern text, ts timestamptz, VARIADIC conditions boolean[]) (
  SFUNC = sequence_accum, STYPE = sequence_state, SSPACE = 400,
  FINALFUNC = sequence_times_final,
  COMBINEFUNC = sequence_combine, PARALLEL = SAFE);
COMMENT ON AGGREGATE sequence_times(text, timestamptz, boolean[]) IS
'the times of the events that the (?N) of the first match stand for; empty if there is none';

-- Paths ---------------------------------------------------------------------------

CREATE TYPE path_edge AS (pos int, src text, dst text);
COMMENT ON TYPE path_edge IS
'a step of a path: from the node src to the node dst, after it in time, pos steps from where the path starts';

CREATE TYPE path_state;

CREATE FUNCTION path_state_in(cstring) RETURNS path_state
AS 'MODULE_PATHNAME', 'path_state_in'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION path_state_in(cstring) IS 'I/O';

CREATE FUNCTION path_state_out(path_state) RETURNS cstring
AS 'MODULE_PATHNAME', 'path_state_out'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION path_state_out(path_state) IS 'I/O';

CREATE FUNCTION path_state_recv(internal) RETURNS path_state
AS 'MODULE_PATHNAME', 'path_state_recv'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION path_state_recv(internal) IS 'I/O';

CREATE FUNCTION path_state_send(path_state) RETURNS bytea
AS 'MODULE_PATHNAME', 'path_state_send'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION path_state_send(path_state) IS 'I/O';

CREATE TYPE path_state (
  INPUT = path_state_in, OUTPUT = path_state_out,
  RECEIVE = path_state_recv, SEND = path_state_send,
  INTERNALLENGTH = VARIABLE, ALIGNMENT = double, STORAGE = extended);
COMMENT ON TYPE path_state IS
'events of a group while path_edges collects them; prints as JSON';

CREATE FUNCTION path_accum(state path_state, ts timestamptz, node text, session_gap interval, depth int)
RETURNS path_state
AS 'MODULE_PATHNAME', 'path_accum'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 2;
COMMENT ON FUNCTION path_accum(path_state, timestamptz, text, interval, int) IS
'aggregate transition function: the state with one event more';

CREATE FUNCTION path_accum(state path_state, ts timestamptz, node text, session_gap interval, depth int, start_node text)
RETURNS path_state
AS 'MODULE_PATHNAME', 'path_accum'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 2;
COMMENT ON FUNCTION path_accum(path_state, timestamptz, text, interval, int, text) IS
'aggregate transition function: the state with one event more';

CREATE FUNCTION path_accum(state path_state, ts timestamptz, node text, session_gap interval, depth int, start_node text, reverse boolean)
RETURNS path_state
AS 'MODULE_PATHNAME', 'path_accum'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 2;
COMMENT ON FUNCTION path_accum(path_state, timestamptz, text, interval, int, text, boolean) IS
'aggregate transition function: the state with one event more';

CREATE FUNCTION path_accum(state path_state, ts timestamptz, node text, session_gap interval, depth int, start_node text, reverse boolean, collapse boolean)
RETURNS path_state
AS 'MODULE_PATHNAME', 'path_accum'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 2;
COMMENT ON FUNCTION path_accum(path_state, timestamptz, text, interval, int, text, boolean, boolean) IS
'aggregate transition function: the state with one event more';

CREATE FUNCTION path_combine(state path_state, other path_state)
RETURNS path_state
AS 'MODULE_PATHNAME', 'path_combine'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION path_combine(path_state, path_state) IS
'aggregate combine function: the events of both';

CREATE FUNCTION path_edges_final(state path_state)
RETURNS path_edge[]
AS 'MODULE_PATHNAME', 'path_edges_final'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 50;
COMMENT ON FUNCTION path_edges_final(path_state) IS
'aggregate final function: the steps of all sessions';

CREATE AGGREGATE path_edges(ts timestamptz, node text, session_gap interval, depth int) (
  SFUNC = path_accum, STYPE = path_state, SSPACE = 500,
  FINALFUNC = path_edges_final,
  COMBINEFUNC = path_combine, PARALLEL = SAFE);
COMMENT ON AGGREGATE path_edges(timestamptz, text, interval, int) IS
'the steps of the first nodes of each session, depth nodes at most; a longer pause than session_gap ends a session';

CREATE AGGREGATE path_edges(ts timestamptz, node text, session_gap interval, depth int, start_node text) (
  SFUNC = path_accum, STYPE = path_state, SSPACE = 500,
  FINALFUNC = path_edges_final,
  COMBINEFUNC = path_combine, PARALLEL = SAFE);
COMMENT ON AGGREGATE path_edges(timestamptz, text, interval, int, text) IS
'the same, from the first event at start_node of each session on; NULL: from its first event';

CREATE AGGREGATE path_edges(ts timestamptz, node text, session_gap interval, depth int, start_node text, reverse boolean) (
  SFUNC = path_accum, STYPE = path_state, SSPACE = 500,
  FINALFUNC = path_edges_final,
  COMBINEFUNC = path_combine, PARALLEL = SAFE);
COMMENT ON AGGREGATE path_edges(timestamptz, text, interval, int, text, boolean) IS
'the same; reverse: the steps that lead to the last event at start_node, or to the last event, counted from there';

CREATE AGGREGATE path_edges(ts timestamptz, node text, session_gap interval, depth int, start_node text, reverse boolean, collapse boolean) (
  SFUNC = path_accum, STYPE = path_state, SSPACE = 500,
  FINALFUNC = path_edges_final,
  COMBINEFUNC = path_combine, PARALLEL = SAFE);
COMMENT ON AGGREGATE path_edges(timestamptz, text, interval, int, text, boolean, boolean) IS
'the same; collapse: a node that is repeated at once counts once';

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
-- The live-commerce schema. Nothing here makes a table: live_setup does when a
-- user calls it, as that user, so that no table belongs to the extension.
--
-- Bodies find the user's tables and the extension's functions by a search_path
-- that they set first: pg_catalog, the user's schema, the extension's schema,
-- pg_temp. It ends with the call, since each function has a SET clause too.
-- Those that run many statements set jit = off: compiling one takes longer than
-- running it.

CREATE FUNCTION live_layout()
RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $live$
BEGIN
	-- "table|comment|suffix", then its columns "+column|definition|comment",
	-- constraints "=definition" and indexes "*name|definition"
	RETURN $layout$
setting|设置: one row of settings that the statistics depend on; changing it has every rollup computed anew
+one|boolean DEFAULT true PRIMARY KEY CHECK (one)|always true, so that there is one row
+stats_tz|text NOT NULL DEFAULT 'Asia/Shanghai'|time zone of business days
+day_cut|interval NOT NULL DEFAULT '0' CHECK (day_cut >= '0' AND day_cut < '1 day')|time of day at which a business day begins
+currency|text NOT NULL DEFAULT 'CNY'|the currency of every amount; orders in another are quarantined
+k_anonymity|int NOT NULL DEFAULT 5 CHECK (k_anonymity >= 1)|audience views show no figures of a group with fewer viewers
+heartbeat_timeout|interval NOT NULL DEFAULT '60 seconds' CHECK (heartbeat_timeout >= '0' AND heartbeat_timeout <= '1 day')|how long after the last sign of a viewer who did not leave the visit ends
+future_slack|interval NOT NULL DEFAULT '5 minutes' CHECK (future_slack >= '0' AND future_slack <= '1 day')|how far in the future a time may lie before its row is quarantined
+final_after|interval NOT NULL DEFAULT '15 days' CHECK (final_after >= '0')|how long after its end a stream counts as final: refunds come late
+keep_props|boolean NOT NULL DEFAULT false|whether fields of events without a column are kept in event.props; never the text of comments
+id_key_check|bytea|fingerprint of the key of viewers' hashes: another key would make everybody a new viewer
+schema_version|int NOT NULL DEFAULT 0|version of these tables, for live_upgrade
identity_key|the key of viewers' hashes, where the setting live.id_key is not used; readers need no access to it
+one|boolean DEFAULT true PRIMARY KEY CHECK (one)|always true, so that there is one row
+key|text NOT NULL|the key, drawn at random by live_setup
channel|渠道: platforms that data comes from
+channel_id|smallint PRIMARY KEY|number of the channel
+code|text NOT NULL UNIQUE|the name that live_ingest takes
+name_zh|text NOT NULL|Chinese name
+name_en|text NOT NULL|English name
+tz|text NOT NULL DEFAULT 'Asia/Shanghai'|time zone of times that the channel sends without one
+collects|text[] NOT NULL DEFAULT '{}'|kinds of events that the channel reports: what is not among them is not known, rather than 0
channel_access|渠道权限: which channels a role may see and write, once row-level security is on; live_grant fills it
+role_name|name NOT NULL|role
+channel_id|smallint REFERENCES channel|channel; NULL for all of them
=UNIQUE NULLS NOT DISTINCT (role_name, channel_id)
channel_record|渠道映射: which lists in a payload hold which records
+channel_id|smallint NOT NULL REFERENCES channel|channel
+record|text NOT NULL CHECK (record IN ('stream', 'product', 'event', 'total', 'order', 'refund', 'promotion', 'exposure', 'coupon', 'ad', 'snapshot'))|kind of record
+path|text[] NOT NULL|keys that lead to the list in the payload; a single object there counts as a list of one
+defaults|jsonb NOT NULL DEFAULT '{}'|fields that every record of the list has: {"type": "comment"}
=PRIMARY KEY (channel_id, record, path)
channel_field|渠道字段映射: where in a record the value of a field is
+channel_id|smallint NOT NULL REFERENCES channel|channel
+record|text NOT NULL|kind of record
+field|text NOT NULL|the field it gives
+pos|int NOT NULL DEFAULT 1|the first place with a value counts, in this order
+path|text[] NOT NULL|keys that lead to the value in the record
+scale|numeric NOT NULL DEFAULT 1|what a number is multiplied by: 0.01 where the channel counts fen, 0.0001 for parts in 10,000
+dictionary|jsonb|the channel's words, in lower case, with ours: {"join": "enter"}
=PRIMARY KEY (channel_id, record, field, pos)
host|主播
+host_id|bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY|number of the host
+channel_id|smallint NOT NULL REFERENCES channel|channel
+external_id|text NOT NULL|the channel's id
+name|text|name
=UNIQUE (channel_id, external_id)
viewer|观众: people, without anything that says who they are
+viewer_id|bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY|number of the viewer
+channel_id|smallint NOT NULL REFERENCES channel|channel on which the viewer was first met
+first_batch|bigint|the batch in which the viewer was first met
viewer_identity|观众标识: keyed hashes of the channels' ids
+channel_id|smallint NOT NULL REFERENCES channel|channel
+external_hash|bytea NOT NULL|HMAC-SHA-256 of the channel's id
+viewer_id|bigint NOT NULL REFERENCES viewer|viewer
=PRIMARY KEY (channel_id, external_hash)
*viewer_identity_viewer_idx|(viewer_id)
stream|直播场次
+stream_id|bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY|number of the stream
+channel_id|smallint NOT NULL REFERENCES channel|channel
+external_id|text NOT NULL|the channel's id
+host_id|bigint REFERENCES host|host
+title|text|title
+start_ts|timestamptz|start; NULL when only events have come so far
+end_ts|timestamptz|end; NULL while it runs
+updated_ts|timestamptz|as of when the channel said so
=UNIQUE (channel_id, external_id)
=CHECK (end_ts >= start_ts)
product|商品
+product_id|bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY|number of the product
+channel_id|smallint NOT NULL REFERENCES channel|channel
+external_id|text NOT NULL|the channel's id
+name|text|name
+category|text|category
+cost|numeric(18,4)|cost of one
=UNIQUE (channel_id, external_id)
product_listing|场次商品: products listed in a stream
+stream_id|bigint NOT NULL REFERENCES stream|stream
+product_id|bigint NOT NULL REFERENCES product|product
+pos|int|position in the list
+listed_at|timestamptz|listed from
+delisted_at|timestamptz|listed until
+live_price|numeric(18,4)|price in the stream
=PRIMARY KEY (stream_id, product_id)
product_explain|商品讲解: when a product was shown and explained
+stream_id|bigint NOT NULL REFERENCES stream|stream
+product_id|bigint NOT NULL REFERENCES product|product
+start_ts|timestamptz NOT NULL|from
+end_ts|timestamptz NOT NULL|until
=PRIMARY KEY (stream_id, product_id, start_ts)
=CHECK (end_ts >= start_ts)
event|行为事件: what viewers did, a row each; orders and refunds have tables of their own|PARTITION BY RANGE (event_ts)
+event_ts|timestamptz NOT NULL|when it happened
+channel_id|smallint NOT NULL|channel
+stream_id|bigint NOT NULL|stream
+viewer_id|bigint|viewer; NULL for an unknown one, who counts as an event and not as a person
+type|event_type NOT NULL|what it was
+product_id|bigint|product
+source|text|where the viewer came from, with an entry
+qty|int NOT NULL DEFAULT 1 CHECK (qty >= 0)|how many: likes come in bundles
+amount|numeric(18,4) CHECK (amount >= 0)|value of a gift
+props|jsonb|other fields, where setting.keep_props is on
+event_uid|uuid NOT NULL|hash of the channel's id of the event, or of its contents
+batch_id|bigint NOT NULL|batch that brought it
*event_viewer_idx|(stream_id, viewer_id, event_ts)
*event_stream_idx|(stream_id, event_ts)
event_dedup|which events are here: a unique index of a partitioned table could not tell
+channel_id|smallint NOT NULL|channel
+event_uid|uuid NOT NULL|event
+event_ts|timestamptz NOT NULL|when it happened, to trim by
=PRIMARY KEY (channel_id, event_uid)
viewer_total|观众累计: totals per viewer and stream that a channel reports in place of events; they count where no event of that viewer in that stream is here
+stream_id|bigint NOT NULL REFERENCES stream|stream
+viewer_id|bigint NOT NULL REFERENCES viewer|viewer
+captured_at|timestamptz NOT NULL|as of
+watch_s|numeric|seconds watched; NULL if not reported
+comments|bigint|comments; NULL if not reported
+likes|bigint|likes; NULL if not reported
+shares|bigint|shares; NULL if not reported
+batch_id|bigint NOT NULL|batch that brought it
=PRIMARY KEY (stream_id, viewer_id)
*viewer_total_viewer_idx|(viewer_id)
platform_snapshot|平台累计值: totals of a stream as the platform reports them, to compare with ours, never added to them
+stream_id|bigint NOT NULL REFERENCES stream|stream
+captured_at|timestamptz NOT NULL|as of
+metric|text NOT NULL|metric
+value|numeric NOT NULL|value
=PRIMARY KEY (stream_id, metric, captured_at)
orders|订单
+order_id|bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY|number of the order
+channel_id|smallint NOT NULL REFERENCES channel|channel
+external_id|text NOT NULL|the channel's id
+viewer_id|bigint|buyer
+stream_id|bigint REFERENCES stream|stream that the order is attributed to
+created_ts|timestamptz NOT NULL|when it was placed
+paid_ts|timestamptz|when it was paid; NULL if it was not
+status|text|the channel's word for its state
+goods_amt|numeric(18,4) CHECK (goods_amt >= 0)|price of the goods
+discount_platform|numeric(18,4) CHECK (discount_platform >= 0)|discount borne by the platform
+discount_host|numeric(18,4) CHECK (discount_host >= 0)|discount borne by the seller
+freight|numeric(18,4) CHECK (freight >= 0)|freight
+paid_amt|numeric(18,4) NOT NULL CHECK (paid_amt >= 0)|what the buyer paid
+attributed_by|text|how the stream was found
+items_hash|uuid|hash of the items as they came
+updated_ts|timestamptz NOT NULL|as of when the channel said so
+batch_id|bigint NOT NULL|batch that brought it
=UNIQUE (channel_id, external_id)
*orders_stream_viewer_idx|(stream_id, viewer_id)
*orders_stream_paid_idx|(stream_id, paid_ts)
*orders_viewer_idx|(viewer_id)
*orders_paid_idx|(paid_ts)
order_item|订单商品
+order_id|bigint NOT NULL REFERENCES orders ON DELETE CASCADE|order
+line_no|int NOT NULL|line
+product_id|bigint NOT NULL REFERENCES product|product
+sku|text|variant
+qty|int NOT NULL CHECK (qty > 0)|units
+unit_price|numeric(18,4) CHECK (unit_price >= 0)|price of one
+paid_amt|numeric(18,4) NOT NULL CHECK (paid_amt >= 0)|what was paid for the line
+is_gift|boolean NOT NULL DEFAULT false|added for free
=PRIMARY KEY (order_id, line_no)
refund|退款
+refund_id|bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY|number of the refund
+channel_id|smallint NOT NULL REFERENCES channel|channel
+external_id|text NOT NULL|the channel's id
+order_id|bigint NOT NULL REFERENCES orders ON DELETE CASCADE|order
+apply_ts|timestamptz|when it was asked for
+success_ts|timestamptz|when it was paid back; NULL if it was not: only then it counts
+amount|numeric(18,4) NOT NULL CHECK (amount >= 0)|amount
+stage|text CHECK (stage IN ('pre_ship', 'post_ship'))|before or after shipping
+updated_ts|timestamptz NOT NULL|as of when the channel said so
+batch_id|bigint NOT NULL|batch that brought it
=UNIQUE (channel_id, external_id)
*refund_order_idx|(order_id)
*refund_success_idx|(success_ts)
promotion|营销活动
+promo_id|bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY|number of the promotion
+channel_id|smallint NOT NULL REFERENCES channel|channel
+external_id|text NOT NULL|the channel's id
+kind|text NOT NULL CHECK (kind IN ('coupon', 'flash', 'full_cut', 'gift'))|what kind
+name|text|name
+start_ts|timestamptz|from
+end_ts|timestamptz|until
+budget|numeric(18,4)|budget
=UNIQUE (channel_id, external_id)
=CHECK (end_ts >= start_ts)
promo_exposure|活动分组: who was offered a promotion and who was held back
+promo_id|bigint NOT NULL REFERENCES promotion|promotion
+viewer_id|bigint NOT NULL REFERENCES viewer|viewer
+arm|text NOT NULL CHECK (arm IN ('treat', 'control'))|treated, or control
+assigned_ts|timestamptz NOT NULL|when it was decided
=PRIMARY KEY (promo_id, viewer_id)
*promo_exposure_viewer_idx|(viewer_id)
coupon|优惠券
+coupon_id|bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY|number of the coupon
+channel_id|smallint NOT NULL REFERENCES channel|channel
+external_id|text NOT NULL|the channel's id
+promo_id|bigint NOT NULL REFERENCES promotion|promotion
+viewer_id|bigint|who claimed it
+claimed_ts|timestamptz NOT NULL|when it was claimed
+used_ts|timestamptz|when it was used; NULL if it was not
+order_external_id|text|the order it was used for
+value|numeric(18,4) CHECK (value >= 0)|value
+updated_ts|timestamptz NOT NULL|as of when the channel said so
=UNIQUE (channel_id, external_id)
=CHECK (used_ts >= claimed_ts)
*coupon_promo_idx|(promo_id)
*coupon_viewer_idx|(viewer_id)
ad_spend|投放消耗
+channel_id|smallint NOT NULL REFERENCES channel|channel
+plan_id|text NOT NULL|plan
+hour|timestamptz NOT NULL|hour
+scope|text NOT NULL DEFAULT 'promoted' CHECK (scope IN ('promoted', 'bound'))|what the plan promoted, or all of a shop bound to it
+stream_id|bigint REFERENCES stream|stream that it was spent for
+cost|numeric(18,4) NOT NULL CHECK (cost >= 0)|spend
+impressions|bigint CHECK (impressions >= 0)|impressions
+clicks|bigint CHECK (clicks >= 0)|clicks
+attributed_orders|bigint CHECK (attributed_orders >= 0)|orders that the platform attributes
+attributed_gmv|numeric(18,4) CHECK (attributed_gmv >= 0)|their value
+updated_ts|timestamptz NOT NULL|as of when the channel said so
=PRIMARY KEY (channel_id, plan_id, hour, scope)
*ad_spend_stream_idx|(stream_id)
ingest_batch|采集批次: a row for each payload
+batch_id|bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY|number of the batch
+channel_id|smallint NOT NULL REFERENCES channel|channel
+received_at|timestamptz NOT NULL DEFAULT clock_timestamp()|when it came
+payload_sha256|bytea NOT NULL|hash of the payload
+rows_total|int NOT NULL DEFAULT 0|records in it
+accepted|int NOT NULL DEFAULT 0|new or changed
+duplicate|int NOT NULL DEFAULT 0|known before
+rejected|int NOT NULL DEFAULT 0|put into ingest_reject
+late|int NOT NULL DEFAULT 0|events accepted more than an hour after they happened
+repeats|int NOT NULL DEFAULT 0|how often the very same payload came again
=UNIQUE (channel_id, payload_sha256)
ingest_reject|隔离区: records that could not be taken, with the reason
+reject_id|bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY|number
+batch_id|bigint NOT NULL REFERENCES ingest_batch|batch
+row_no|int NOT NULL|place in the payload
+record|text NOT NULL|kind of record
+list|text[] NOT NULL|keys that lead to the list it was in
+reason|text NOT NULL|what was wrong
+raw|jsonb|the record as it came, until it is replayed or its viewer is forgotten
+viewer_hash|bytea|hash of the viewer named in it, for live_forget
+replayed_batch|bigint|the batch in which live_replay tried it again; what is still wrong then is a row of that batch
*ingest_reject_batch_idx|(batch_id)
*ingest_reject_viewer_idx|(viewer_hash)
payload_reject|隔离区(整包): payloads that could not be read at all, byte by byte, until live_replay has taken them
+reject_id|bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY|number
+received_at|timestamptz NOT NULL DEFAULT clock_timestamp()|when it came
+channel|text NOT NULL|the channel that was named
+reason|text NOT NULL|what was wrong
+payload|bytea|the payload as it came, until it is replayed
+replayed_batch|bigint|the batch in which live_replay took it
+payload_sha256|bytea NOT NULL|hash of the payload
+repeats|int NOT NULL DEFAULT 0|how often the very same payload came again
=UNIQUE (channel, payload_sha256)
event_stage|事件暂存: where a file of events is copied to, for live_load; every column may hold anything
+channel|text|the channel, where it is not the one that live_load is called with
+event_id|text|the channel's id of the event
+stream|text|the channel's id of the stream
+viewer|text|the channel's id of the viewer; hashed by live_load, which empties the table
+type|text|kind of event, in our words or the channel's
+ts|text|when it happened
+product|text|the channel's id of the product
+source|text|where the viewer came from, with an entry
+qty|text|how many
+amount|text|value of a gift
dirty_bucket|what has changed since the rollups were brought up to date: written along with every change, read by live_refresh|WITH (autovacuum_vacuum_threshold = 20000, autovacuum_vacuum_scale_factor = 0)
+kind|text NOT NULL|minute or viewer of a stream, presence in it, its people, or all of it
+stream_id|bigint NOT NULL|stream
+key|bigint NOT NULL|minute since 1970, or viewer, 0 for unknown ones
refresh_state|how far the rollups have come
+one|boolean DEFAULT true PRIMARY KEY CHECK (one)|always true, so that there is one row
+data_as_of|timestamptz|whatever was committed by then is in the rollups
roll_minute|分钟汇总: what happened in each minute of a stream
+stream_id|bigint NOT NULL|stream
+minute|timestamptz NOT NULL|start of the minute
+impressions_cnt|bigint NOT NULL|expose_room events
+views_cnt|bigint NOT NULL|enter events
+leaves_cnt|bigint NOT NULL|leave events
+comments_cnt|bigint NOT NULL|comments
+likes_cnt|bigint NOT NULL|likes
+shares_cnt|bigint NOT NULL|shares
+follows_cnt|bigint NOT NULL|follows
+unfollows_cnt|bigint NOT NULL|unfollows
+fanclub_cnt|bigint NOT NULL|fan club entries
+gifts_cnt|bigint NOT NULL|gifts
+gift_amt|numeric NOT NULL|value of gifts
+product_show_cnt|bigint NOT NULL|product impressions
+product_click_cnt|bigint NOT NULL|product clicks
+add_cart_cnt|bigint NOT NULL|additions to the cart
+coupon_claim_cnt|bigint NOT NULL|coupons claimed
+pay_order_cnt|bigint NOT NULL|orders paid in the minute
+units|bigint NOT NULL|units in them, gifts left out
+gmv_pay|numeric NOT NULL|their value
+refund_pay_amt|numeric NOT NULL|refunds of them so far
+refund_time_amt|numeric NOT NULL|refunds made in the minute
=PRIMARY KEY (stream_id, minute)
*roll_minute_minute_idx|(minute)
roll_session|观看区间: the visits of a viewer to a stream; they do not overlap
+stream_id|bigint NOT NULL|stream
+viewer_id|bigint NOT NULL|viewer
+enter_ts|timestamptz NOT NULL|from
+leave_ts|timestamptz NOT NULL|until
+closed_by|text NOT NULL|what ended it: leave, reenter, timeout or stream_end
=PRIMARY KEY (stream_id, viewer_id, enter_ts)
roll_viewer|观众日汇总: what each viewer did in a stream on a business day; the distinct viewers of any range of streams and days are counted from here
+stream_id|bigint NOT NULL|stream
+viewer_id|bigint NOT NULL|viewer
+biz_date|date NOT NULL|business day
+impressions_cnt|bigint NOT NULL|expose_room events
+views_cnt|bigint NOT NULL|enter events
+watch_s|numeric NOT NULL|seconds watched
+reported|boolean NOT NULL|whether the figures are totals that the channel reports
+comments_cnt|bigint NOT NULL|comments
+likes_cnt|bigint NOT NULL|likes
+shares_cnt|bigint NOT NULL|shares
+follows_cnt|bigint NOT NULL|follows
+fanclub_cnt|bigint NOT NULL|fan club entries
+product_show_cnt|bigint NOT NULL|product impressions
+product_click_cnt|bigint NOT NULL|product clicks
+order_cnt|bigint NOT NULL|orders placed, paid or not
+pay_order_cnt|bigint NOT NULL|orders paid
+gmv_pay|numeric NOT NULL|their value
+refund_pay_amt|numeric NOT NULL|refunds of them so far
+source|text|where the viewer came from, at the first entry with a source
+seq_exposed|int NOT NULL|how far the viewer came in the order reached, entered, shown a product, clicked, paid: 0 to 5, over all days
+seq_entered|int NOT NULL|the same beginning with the entry: 0 to 4
=PRIMARY KEY (stream_id, viewer_id, biz_date)
*roll_viewer_date_idx|(biz_date, stream_id)
*roll_viewer_viewer_idx|(viewer_id)
roll_product|商品汇总: what each viewer did with a product in a stream
+stream_id|bigint NOT NULL|stream
+viewer_id|bigint NOT NULL|viewer, 0 for unknown ones
+product_id|bigint NOT NULL|product
+product_show_cnt|bigint NOT NULL|impressions
+product_click_cnt|bigint NOT NULL|clicks
+add_cart_cnt|bigint NOT NULL|additions to the cart
+pay_order_cnt|bigint NOT NULL|paid orders with it
+units|bigint NOT NULL|units paid, gifts left out
+gmv_pay|numeric NOT NULL|value of its items in paid orders
=PRIMARY KEY (stream_id, viewer_id, product_id)
roll_online|在线汇总: viewers present in each minute of a stream
+stream_id|bigint NOT NULL|stream
+minute|timestamptz NOT NULL|start of the minute
+presence_s|numeric NOT NULL|seconds of presence in the minute
+online_peak|bigint NOT NULL|most viewers at once
=PRIMARY KEY (stream_id, minute)
roll_stream|场次汇总: what only all of a stream together tells
+stream_id|bigint PRIMARY KEY|stream
+impressions_ucnt|bigint NOT NULL|people reached
+viewers_ucnt|bigint NOT NULL|viewers
+watch_s|numeric NOT NULL|seconds watched
+presence_s|numeric NOT NULL|seconds of presence known from visits
+pcu|bigint NOT NULL|most viewers at once
+stay_60s_ucnt|bigint NOT NULL|viewers for a minute or more
+bounce_ucnt|bigint NOT NULL|viewers for less than 3 seconds
+interact_ucnt|bigint NOT NULL|viewers who interacted
+comment_ucnt|bigint NOT NULL|viewers who commented
+like_ucnt|bigint NOT NULL|viewers who liked
+share_ucnt|bigint NOT NULL|viewers who shared
+follow_ucnt|bigint NOT NULL|viewers who followed
+fanclub_ucnt|bigint NOT NULL|viewers who joined the fan club
+product_show_ucnt|bigint NOT NULL|people shown a product
+product_click_ucnt|bigint NOT NULL|people who clicked a product
+order_ucnt|bigint NOT NULL|people who ordered
+pay_ucnt|bigint NOT NULL|buyers
+reported_comments|bigint NOT NULL|comments known from reported totals only
+reported_likes|bigint NOT NULL|likes known from reported totals only
+reported_shares|bigint NOT NULL|shares known from reported totals only
+exposed_1|bigint NOT NULL|viewers who were reached
+exposed_2|bigint NOT NULL|and then entered
+exposed_3|bigint NOT NULL|and then were shown a product
+exposed_4|bigint NOT NULL|and then clicked
+exposed_5|bigint NOT NULL|and then paid
+entered_1|bigint NOT NULL|viewers who entered
+entered_2|bigint NOT NULL|and then were shown a product
+entered_3|bigint NOT NULL|and then clicked
+entered_4|bigint NOT NULL|and then paid
model|模型: what live_train has trained, a row for each version
+name|text NOT NULL|what it predicts: purchase or return
+version|int NOT NULL|1, 2, 3 ... of each name
+kind|text NOT NULL CHECK (kind IN ('forest', 'logreg'))|random forest or logistic regression
+is_current|boolean NOT NULL|whether viewer_profile uses it; one version of a name at most
+trained_at|timestamptz NOT NULL DEFAULT now()|when it was trained
+data_as_of|timestamptz NOT NULL|whatever was committed by then was in the rollups
+cut|date NOT NULL|the business day that it was judged from: features are what was known at its start, outcomes what happened from it on
+days|int NOT NULL|business days in which the outcome was looked for
+rows|bigint NOT NULL|viewers it learned from
+test_rows|bigint NOT NULL|viewers held out, that it was judged by
+options|jsonb NOT NULL|options of the training, with defaults
+features|text[] NOT NULL|names of the features, in order: columns of viewer_feature
+metrics|jsonb NOT NULL|how well it predicts the viewers held out, and how well the version before does
+model|bytea NOT NULL|the model: of a forest the value of rf_train, of a regression the text of logreg in UTF-8
=PRIMARY KEY (name, version)
=EXCLUDE (name WITH =) WHERE (is_current)
metric_catalog|指标字典: every metric of the views
+metric|text PRIMARY KEY|name of the column
+zh|text NOT NULL|Chinese name
+en|text NOT NULL|English name
+formula|text NOT NULL|what it is
+numerator|text|column or formula of the numerator of a ratio
+denominator|text|column or formula of the denominator of a ratio
+basis|text NOT NULL CHECK (basis IN ('cnt', 'ucnt', 'amount', 'time'))|counts events, people, money or time
+unit|text NOT NULL|unit
+additive|boolean NOT NULL|whether values of disjoint rows may be added up
segment_strategy|互动分层策略: what to offer each segment
+segment|int PRIMARY KEY CHECK (segment BETWEEN 1 AND 4)|1 low to 4 very high, as quartile_segment gives
+name_zh|text NOT NULL|Chinese name
+name_en|text NOT NULL|English name
+strategy_zh|text NOT NULL|what to offer, in Chinese
+strategy_en|text NOT NULL|what to offer, in English
$layout$;
END
$live$;
COMMENT ON FUNCTION live_layout() IS
'tables and columns that live_setup makes, a line each';

CREATE FUNCTION live_check(target name)
RETURNS void
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $live$
BEGIN
	IF target IS NULL THEN
		RAISE EXCEPTION 'name of the schema must not be NULL' USING ERRCODE = '22004';
	END IF;
	IF to_regclass(format('%I.setting', target)) IS NULL OR to_regclass(format('%I.roll_stream', target)) IS NULL THEN
		RAISE EXCEPTION 'schema "%" has no live-commerce tables', target
			USING ERRCODE = '42P01', HINT = format('SELECT live_setup(%L) makes them.', target);
	END IF;
END
$live$;
COMMENT ON FUNCTION live_check(name) IS
'raises an error unless the schema has live-commerce tables';

CREATE FUNCTION live_partitions(target name, from_month date, to_month date)
RETURNS int
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000
SET search_path = pg_catalog, pg_temp
AS $live$
DECLARE
	v_month timestamptz;
	v_end timestamptz := date_trunc('month', to_month::timestamp) AT TIME ZONE 'UTC';
	v_part name;
	v_made int := 0;
	v_waiting boolean;
BEGIN
	IF target IS NULL OR from_month IS NULL OR to_month IS NULL THEN
		RAISE EXCEPTION 'schema and months must not be NULL' USING ERRCODE = '22004';
	END IF;
	IF to_month - from_month NOT BETWEEN 0 AND 3660 THEN
		RAISE EXCEPTION 'months must be in order and at most ten years apart, not % to %', from_month, to_month
			USING ERRCODE = '22023';
	END IF;
	IF to_regclass(format('%I.event', target)) IS NULL THEN
		RAISE EXCEPTION 'schema "%" has no live-commerce tables', target
			USING ERRCODE = '42P01', HINT = format('SELECT live_setup(%L) makes them.', target);
	END IF;
	IF to_regclass(format('%I.event_default', target)) IS NULL THEN
		EXECUTE format('CREATE TABLE %1$I.event_default PARTITION OF %1$I.event DEFAULT', target);
		EXECUTE format('COMMENT ON TABLE %I.event_default IS %L', target, 'events of months without a partition of their own');
		EXECUTE (SELECT format('SELECT %I.live_partition_triggers($1, $2)', n.nspname)
			FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'liveanalytics') USING target, 'event_default'::name;
	END IF;
	-- one at a time: two sessions would make the same one
	PERFORM pg_advisory_xact_lock(hashtext('liveanalytics partitions'), hashtext(target));
	v_month := date_trunc('month', from_month::timestamp) AT TIME ZONE 'UTC';
	WHILE v_month <= v_end LOOP
		v_part := 'event_' || to_char(v_month AT TIME ZONE 'UTC', 'YYYYMM');
		IF to_regclass(format('%I.%I', target, v_part)) IS NULL THEN
			EXECUTE format('SELECT EXISTS (SELECT FROM %I.event_default WHERE event_ts >= $1 AND event_ts < $2)', target)
				INTO v_waiting USING v_month, (v_month AT TIME ZONE 'UTC' + interval '1 month') AT TIME ZONE 'UTC';
			-- rows already in the default partition stay where they are
			IF NOT v_waiting THEN
				EXECUTE format('CREATE TABLE %1$I.%2$I PARTITION OF %1$I.event FOR VALUES FROM (%3$L) TO (%4$L)', target, v_part,
					to_char(v_month AT TIME ZONE 'UTC', 'YYYY-MM-DD') || ' 00:00:00+00',
					to_char(v_month AT TIME ZONE 'UTC' + interval '1 month', 'YYYY-MM-DD') || ' 00:00:00+00');
				EXECUTE format('COMMENT ON TABLE %I.%I IS %L', target, v_part,
					'events of ' || to_char(v_month AT TIME ZONE 'UTC', 'YYYY-MM') || ' UTC');
				EXECUTE (SELECT format('SELECT %I.live_partition_triggers($1, $2)', n.nspname)
					FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'liveanalytics') USING target, v_part;
				v_made := v_made + 1;
			END IF;
		END IF;
		v_month := (v_month AT TIME ZONE 'UTC' + interval '1 month') AT TIME ZONE 'UTC';
	END LOOP;
	RETURN v_made;
END
$live$;
COMMENT ON FUNCTION live_partitions(name, date, date) IS
'makes the partitions of the events that are missing from one month to another, and says how many it made';

CREATE FUNCTION live_build_tables(target name)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000
SET search_path = pg_catalog, pg_temp
AS $live$
DECLARE
	v_block text;
	v_lines text[];
	v_line text;
	v_head text[];
	v_part text[];
	v_name text;
	v_new boolean;
BEGIN
	PERFORM set_config('search_path', (SELECT format('pg_catalog, %I, %I, pg_temp', target, n.nspname)
		FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'liveanalytics'), true);
	IF to_regtype(format('%I.event_type', target)) IS NULL THEN
		EXECUTE format('CREATE TYPE %I.event_type AS ENUM (''expose_room'', ''enter'', ''leave'', ''heartbeat'', ''like'', ''comment'',
			''share'', ''follow'', ''unfollow'', ''fanclub_join'', ''gift'', ''product_show'', ''product_click'', ''add_cart'',
			''coupon_claim'', ''dislike'')', target);
		EXECUTE format('COMMENT ON TYPE %I.event_type IS %L', target, '行为类型: kinds of events');
	END IF;
	FOREACH v_block IN ARRAY regexp_split_to_array(btrim(live_layout(), E'\n'), E'\n(?=[a-z])') LOOP
		v_lines := string_to_array(v_block, E'\n');
		v_head := string_to_array(v_lines[1], '|');
		v_name := format('%I.%I', target, v_head[1]);
		v_new := to_regclass(v_name) IS NULL;
		IF v_new THEN
			EXECUTE format('CREATE TABLE %s (%s) %s', v_name,
				(SELECT string_agg(CASE left(l, 1) WHEN '+' THEN quote_ident(p[1]) || ' ' || p[2] ELSE p[1] END, ', ' ORDER BY i)
				 FROM unnest(v_lines) WITH ORDINALITY AS a (l, i), string_to_array(substr(l, 2), '|') AS p
				 WHERE l ~ '^[+=]'), v_head[3]);
		END IF;
		EXECUTE format('COMMENT ON TABLE %s IS %L', v_name, v_head[2]);
		FOREACH v_line IN ARRAY v_lines[2:] LOOP
			v_part := string_to_array(substr(v_line, 2), '|');
			IF left(v_line, 1) = '+' THEN
				IF NOT v_new AND NOT EXISTS (SELECT FROM pg_attribute
					WHERE attrelid = v_name::regclass AND attname = v_part[1] AND NOT attisdropped) THEN
					EXECUTE format('ALTER TABLE %s ADD COLUMN %I %s', v_name, v_part[1], v_part[2]);
				END IF;
				EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', v_name, v_part[1], v_part[3]);
			ELSIF left(v_line, 1) = '*' AND to_regclass(format('%I.%I', target, v_part[1])) IS NULL THEN
				EXECUTE format('CREATE INDEX %I ON %s %s', v_part[1], v_name, v_part[2]);
			END IF;
		END LOOP;
	END LOOP;
END
$live$;
COMMENT ON FUNCTION live_build_tables(name) IS
'makes the tables of live_layout that are missing, and the columns missing in those that are there';

CREATE FUNCTION live_build_rows(target name)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000
SET search_path = pg_catalog, pg_temp
AS $live$
BEGIN
	PERFORM set_config('search_path', (SELECT format('pg_catalog, %I, %I, pg_temp', target, n.nspname)
		FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'liveanalytics'), true);
	-- what is there stays: users may have changed it
	INSERT INTO setting DEFAULT VALUES ON CONFLICT DO NOTHING;
	INSERT INTO refresh_state DEFAULT VALUES ON CONFLICT DO NOTHING;
	INSERT INTO identity_key (key)
	VALUES (encode(sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())), 'hex'))
	ON CONFLICT DO NOTHING;
	INSERT INTO segment_strategy VALUES
		(1, '低互动', 'low', '简单、易操作的内容，提高观看时长', 'simple content that is easy to take part in, to raise watch time'),
		(2, '中互动', 'medium', '互动性更强的内容，提升互动次数', 'more interactive content, to raise the number of interactions'),
		(3, '高互动', 'high', '深度互动内容，增强用户粘性', 'deep interaction, to bind the viewer'),
		(4, '极高互动', 'very high', '专属活动、特权优惠，增强用户忠诚度', 'exclusive events and privileges, to reward loyalty')
	ON CONFLICT DO NOTHING;
	INSERT INTO channel VALUES
		(1, 'wechat', '微信视频号', 'WeChat Channels', 'Asia/Shanghai',
		 '{enter,leave,heartbeat,like,comment,share,follow,unfollow,gift,product_show,product_click,add_cart,coupon_claim}'),
		(2, 'weibo', '微博', 'Weibo', 'Asia/Shanghai', '{like,comment,share,follow}'),
		(3, 'douyin', '抖音', 'Douyin', 'Asia/Shanghai',
		 '{expose_room,enter,leave,heartbeat,like,comment,share,follow,unfollow,fanclub_join,gift,product_show,product_click,add_cart,coupon_claim}'),
		(4, 'generic', '通用', 'generic', 'UTC',
		 '{expose_room,enter,leave,heartbeat,like,comment,share,follow,unfollow,fanclub_join,gift,product_show,product_click,add_cart,coupon_claim,dislike}')
	ON CONFLICT DO NOTHING;
	PERFORM live_build_mapping(target);
	INSERT INTO metric_catalog
	SELECT p[1], p[2], p[3], p[4], nullif(p[5], ''), nullif(p[6], ''), p[7], p[8], p[9]::boolean
	FROM string_to_table(btrim(live_metrics(), E'\n'), E'\n') AS line, string_to_array(line, '|') AS p
	ON CONFLICT (metric) DO UPDATE SET zh = excluded.zh, en = excluded.en, formula = excluded.formula, numerator = excluded.numerator,
		denominator = excluded.denominator, basis = excluded.basis, unit = excluded.unit, additive = excluded.additive;
END
$live$;
COMMENT ON FUNCTION live_build_rows(name) IS
'fills settings, channels, field mappings, strategies and the catalogue of metrics; what is there stays, but for the catalogue';

CREATE FUNCTION live_build_mapping(target name)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000
SET search_path = pg_catalog, pg_temp
AS $live$
DECLARE
	v_line text;
	v_channel smallint;
	v_record text;
	v_part text[];
	v_path text[];
	v_pos int;
BEGIN
	PERFORM set_config('search_path', (SELECT format('pg_catalog, %I, %I, pg_temp', target, n.nspname)
		FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'liveanalytics'), true);
	-- "channel"; "record list defaults"; "+field path,path scale dictionary",
	-- a path with dots between its keys
	FOREACH v_line IN ARRAY string_to_array(btrim(live_mapping(), E'\n'), E'\n') LOOP
		v_part := string_to_array(substr(v_line, 2), '|');
		CASE left(v_line, 1)
		WHEN '#' THEN
			-- a mapping that is there may have been changed, and stays
			SELECT c.channel_id INTO v_channel FROM channel c
			WHERE c.code = v_part[1] AND NOT EXISTS (SELECT FROM channel_record r WHERE r.channel_id = c.channel_id);
		WHEN '-' THEN
			v_record := v_part[1];
			IF v_channel IS NOT NULL AND v_part[2] <> '' THEN
				INSERT INTO channel_record VALUES (v_channel, v_record, string_to_array(v_part[2], '.'), coalesce(nullif(v_part[3], ''), '{}')::jsonb);
			END IF;
		WHEN '+' THEN
			IF v_channel IS NOT NULL THEN
				FOR v_path, v_pos IN SELECT string_to_array(p, '.'), i FROM string_to_table(v_part[2], ',') WITH ORDINALITY AS a (p, i) LOOP
					INSERT INTO channel_field VALUES (v_channel, v_record, v_part[1], v_pos, v_path,
						coalesce(nullif(v_part[3], ''), '1')::numeric, nullif(v_part[4], '')::jsonb);
				END LOOP;
			END IF;
		END CASE;
	END LOOP;
END
$live$;
COMMENT ON FUNCTION live_build_mapping(name) IS
'fills the field mapping of each channel that has none';

CREATE FUNCTION live_mapping()
RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $live$
BEGIN
	RETURN $mapping$
#generic
-stream|streams
+stream|stream,stream_id
+host|host,host_id
+host_name|host_name
+title|title
+start_ts|start,start_ts
+end_ts|end,end_ts
+updated_ts|updated
-product|products
+product|product,product_id
+name|name
+category|category
+cost|cost
+stream|stream,stream_id
+pos|pos
+listed_at|listed
+delisted_at|delisted
+price|price
+explain_from|explain_from
+explain_to|explain_to
-event|events
+event_id|id,event_id
+stream|stream,stream_id
+viewer|viewer,viewer_id
+type|type
+ts|ts
+product|product,product_id
+source|source
+qty|qty
+amount|amount
-total|totals
+stream|stream,stream_id
+viewer|viewer,viewer_id
+captured_at|captured
+watch_s|watch_s
+comments|comments
+likes|likes
+shares|shares
-order|orders
+order_id|order,order_id
+viewer|viewer,viewer_id
+stream|stream,stream_id
+created_ts|created
+paid_ts|paid
+status|status
+goods_amt|goods_amt
+discount_platform|discount_platform
+discount_host|discount_host
+freight|freight
+paid_amt|paid_amt
+currency|currency
+attributed_by|attributed_by
+updated_ts|updated
+items|items
-item|
+product|product,product_id
+sku|sku
+qty|qty
+price|price
+paid_amt|paid_amt
+is_gift|gift
-refund|refunds
+refund|refund,refund_id
+order_id|order,order_id
+apply_ts|applied
+success_ts|refunded
+amount|amount
+currency|currency
+stage|stage
+updated_ts|updated
-promotion|promotions
+promotion|promotion,promo_id
+kind|kind
+name|name
+start_ts|start
+end_ts|end
+budget|budget
-exposure|exposures
+promotion|promotion,promo_id
+viewer|viewer,viewer_id
+arm|arm
+ts|ts
-coupon|coupons
+coupon|coupon,coupon_id
+promotion|promotion,promo_id
+viewer|viewer,viewer_id
+claimed_ts|claimed
+used_ts|used
+order_id|order,order_id
+value|value
+updated_ts|updated
-ad|ads
+plan|plan,plan_id
+hour|hour
+scope|scope
+stream|stream,stream_id
+cost|cost
+impressions|impressions
+clicks|clicks
+attributed_orders|orders
+attributed_gmv|gmv
+updated_ts|updated
-snapshot|snapshots
+stream|stream,stream_id
+captured_at|captured
+metric|metric
+value|value
#wechat
-stream|lives
+stream|export_id
+host|finder_id,finder_username
+host_name|nickname
+title|description
+start_ts|start_time
+end_ts|end_time
+updated_ts|stat_time
+=likes_cnt|total_cheer_count
+=comments_cnt|total_comment_count
+=shares_cnt|forward_count
+=pcu|max_online_count
+=avg_watch_per_viewer|audiences_avg_seconds
+=gmv_pay|pay_gmv|0.01
+=enter_urate|enter_rate|0.0001
-product|products
+product|product_id
+name|title
+price|sale_price|0.01
+stream|export_id
-event|events
+event_id|msg_id
+stream|export_id
+viewer|openid,user_id
+type|event||{"join": "enter", "quit": "leave", "cheer": "like", "forward": "share", "subscribe": "follow", "unsubscribe": "unfollow", "product_expose": "product_show", "add_to_cart": "add_cart", "receive_coupon": "coupon_claim"}
+ts|create_time
+product|product_id
+source|scene
+qty|count
+amount|gift_value|0.01
-total|users
+stream|export_id
+viewer|openid,user_id
+captured_at|stat_time
+watch_s|watch_seconds,watch_time
+comments|comment_count,comments
+likes|cheer_count,likes
+shares|forward_count,shares
-order|orders
+order_id|order_id
+viewer|openid
+stream|export_id
+created_ts|create_time
+paid_ts|order_detail.pay_info.pay_time,pay_time
+status|status
+goods_amt|order_detail.price_info.product_price|0.01
+discount_platform|order_detail.price_info.finder_discounted_price|0.01
+discount_host|order_detail.price_info.discounted_price|0.01
+freight|order_detail.price_info.freight|0.01
+paid_amt|order_detail.price_info.order_price,order_price|0.01
+updated_ts|update_time
+items|order_detail.product_infos,product_infos
-item|
+product|product_id
+sku|sku_id
+qty|sku_cnt
+price|sale_price|0.01
+paid_amt|real_price|0.01
-refund|aftersales
+refund|after_sale_order_id
+order_id|order_id
+apply_ts|create_time
+success_ts|complete_time
+amount|refund_info.amount|0.01
+updated_ts|update_time
#weibo
-stream|lives
+stream|idstr,mid
+host|user.idstr
+host_name|user.screen_name
+title|title
+start_ts|created_at
+end_ts|ended_at
+=likes_cnt|attitudes_count
+=comments_cnt|comments_count
+=shares_cnt|reposts_count
-event|comments|{"type": "comment"}
-event|attitudes|{"type": "like"}
-event|reposts|{"type": "share"}
-event|events
+event_id|idstr,mid
+stream|status.idstr,live_id
+viewer|user.idstr,uid
+type|type
+ts|created_at
-total|users
+stream|live_id
+viewer|uid,user_id
+captured_at|captured_at
+comments|comments_count,comments
+likes|attitudes_count,likes
+shares|reposts_count,shares
#douyin
-stream|rooms
+stream|room_id
+host|anchor_id
+host_name|anchor_name
+title|title
+start_ts|start_time
+end_ts|finish_time
+updated_ts|stat_time
+=likes_cnt|like_cnt_td
+=comments_cnt|live_comment_count
+=shares_cnt|live_share_count
+=pcu|max_online
+=gmv_pay|pay_amt
-product|products
+product|product_id
+name|product_name
+category|category
+stream|room_id
+listed_at|product_bind_time
+delisted_at|product_down_time
+price|price
-event|events
+event_id|msg_id
+stream|room_id
+viewer|sec_openid,user_id
+type|msg_type||{"live_like": "like", "live_comment": "comment", "live_share": "share", "live_gift": "gift", "live_fansclub": "fanclub_join", "live_enter": "enter", "live_leave": "leave", "live_follow": "follow", "live_show": "expose_room", "product_exposure": "product_show", "cart_add": "add_cart"}
+ts|timestamp,create_time
+product|product_id
+source|first_flow_category||{"0": "natural", "1": "paid", "2": "short_video", "3": "follow"}
+qty|like_num,count
+amount|gift_value|0.01
-total|users
+stream|room_id
+viewer|sec_openid,user_id
+captured_at|stat_time
+watch_s|watch_duration,watch_time
+comments|comment_cnt,comments
+likes|like_cnt,likes
+shares|share_cnt,shares
-order|orders
+order_id|order_id
+viewer|sec_openid,user_id
+stream|room_id
+created_ts|create_time
+paid_ts|pay_time
+status|order_status
+goods_amt|order_amount|0.01
+discount_platform|promotion_platform_amount|0.01
+discount_host|promotion_shop_amount|0.01
+freight|post_amount|0.01
+paid_amt|pay_amount|0.01
+updated_ts|update_time
+items|sku_order_list
-item|
+product|product_id
+sku|sku_id
+qty|item_num
+price|goods_price|0.01
+paid_amt|pay_amount|0.01
-refund|refunds
+refund|aftersale_id
+order_id|order_id
+apply_ts|apply_time
+success_ts|refund_time
+amount|refund_amount|0.01
+updated_ts|update_time
-ad|reports
+plan|ad_id
+hour|stat_time_hour
+stream|room_id
+cost|cost
+impressions|show
+clicks|click
+attributed_orders|pay_order_count
+attributed_gmv|pay_order_amount
$mapping$;
END
$live$;
COMMENT ON FUNCTION live_mapping() IS
'where the fields of a record are in the payloads of each channel, as live_setup writes it to channel_record and channel_field';

CREATE FUNCTION live_build(target name)
RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000
SET search_path = pg_catalog, pg_temp
SET client_min_messages = warning
SET max_parallel_workers_per_gather = 0
AS $live$
DECLARE
	v_foreign text;
BEGIN
	PERFORM set_config('search_path', (SELECT format('pg_catalog, %I, %I, pg_temp', target, n.nspname)
		FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'liveanalytics'), true);
	-- what somebody else put there is not to be taken for ours
	SELECT string_agg(relname, ', ' ORDER BY relname) INTO v_foreign
	FROM pg_class
	WHERE relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = target) AND NOT pg_has_role(relowner, 'USAGE');
	IF v_foreign IS NOT NULL THEN
		RAISE EXCEPTION 'schema "%" has relations of other owners: %', target, v_foreign USING ERRCODE = '42501';
	END IF;
	PERFORM pg_advisory_xact_lock(hashtext('liveanalytics setup'), hashtext(target));
	PERFORM live_build_tables(target);
	PERFORM live_build_triggers(target);
	PERFORM live_partitions(target, (now() - interval '6 months')::date, (now() + interval '18 months')::date);
	PERFORM live_build_rows(target);
	PERFORM live_build_views(target);
	UPDATE setting SET schema_version = 1 WHERE schema_version <> 1;
	RETURN format('schema %I is ready: %s tables, %s views', target,
		(SELECT count(*) FROM pg_class WHERE relnamespace = quote_ident(target)::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition),
		(SELECT count(*) FROM pg_class WHERE relnamespace = quote_ident(target)::regnamespace AND relkind = 'v'));
END
$live$;
COMMENT ON FUNCTION live_build(name) IS
'makes what is missing in the schema, for live_setup and live_upgrade';

CREATE FUNCTION live_setup(target name DEFAULT 'live')
RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000
SET search_path = pg_catalog, pg_temp
AS $live$
DECLARE
	v_done text;
BEGIN
	IF target IS NULL THEN
		RAISE EXCEPTION 'name of the schema must not be NULL' USING ERRCODE = '22004';
	END IF;
	IF target = '$user' OR target LIKE 'pg\_%' OR target = 'information_schema' THEN
		RAISE EXCEPTION 'the tables cannot be in a schema named "%"', target
			USING ERRCODE = '42939', HINT = 'Any name will do but $user, information_schema and those that begin with pg_.';
	END IF;
	IF NOT EXISTS (SELECT FROM pg_namespace WHERE nspname = target) THEN
		EXECUTE format('CREATE SCHEMA %I', target);
		EXECUTE format('COMMENT ON SCHEMA %I IS %L', target, '直播电商: behaviour, orders and metrics of live commerce');
	END IF;
	EXECUTE (SELECT format('SELECT %I.live_build($1)', n.nspname)
		FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'liveanalytics')
		INTO v_done USING target;
	RETURN v_done;
END
$live$;
COMMENT ON FUNCTION live_setup(name) IS
'makes the live-commerce tables and views in a schema of the caller; they belong to the caller, not to the extension; may be run again';

CREATE FUNCTION live_upgrade(target name)
RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000
SET search_path = pg_catalog, pg_temp
AS $live$
DECLARE
	v_done text;
BEGIN
	IF target IS NULL THEN
		RAISE EXCEPTION 'name of the schema must not be NULL' USING ERRCODE = '22004';
	END IF;
	IF to_regclass(format('%I.setting', target)) IS NULL THEN
		RAISE EXCEPTION 'schema "%" has no live-commerce tables', target
			USING ERRCODE = '42P01', HINT = format('SELECT live_setup(%L) makes them.', target);
	END IF;
	EXECUTE (SELECT format('SELECT %I.live_build($1)', n.nspname)
		FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'liveanalytics')
		INTO v_done USING target;
	RETURN v_done;
END
$live$;
COMMENT ON FUNCTION live_upgrade(name) IS
'brings live-commerce tables and views of an older version up to date, and puts back views that went with the extension';

CREATE FUNCTION live_metrics()
RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $live$
BEGIN
	-- metric, Chinese, English, formula, numerator, denominator, basis, unit, additive
	RETURN $metrics$
impressions_cnt|曝光次数|impressions|number of expose_room events|||cnt|1|t
impressions_ucnt|曝光人数|people reached|distinct viewers with an expose_room event|||ucnt|1|f
views_cnt|观看人次|views|number of enter events|||cnt|1|t
viewers_ucnt|观看人数|viewers|distinct viewers with an enter event or a reported watch time above 0|||ucnt|1|f
enter_rate|曝光-进入率(次数)|entries per impression|views_cnt / impressions_cnt|views_cnt|impressions_cnt|cnt|ratio|f
enter_urate|曝光-进入率(人数)|share of people reached who entered|viewers_ucnt / impressions_ucnt|viewers_ucnt|impressions_ucnt|ucnt|ratio|f
watch_s|观看时长|seconds watched|sum over viewers of the length of the union of their visits, within the stream|||time|s|t
avg_watch_per_viewer|人均观看时长|watch time per viewer|watch_s / viewers_ucnt|watch_s|viewers_ucnt|ucnt|s|f
avg_watch_per_view|次均观看时长|watch time per view|watch_s / views_cnt|watch_s|views_cnt|cnt|s|f
acu|平均在线人数|average concurrent viewers|seconds of presence / seconds of the stream|presence_s|duration_s|time|1|f
pcu|最高在线人数|peak concurrent viewers|largest number of viewers present at once; leaving comes before entering at equal times|||ucnt|1|f
online_avg|平均在线(分钟)|average concurrent viewers of the minute|seconds of presence in the minute / 60|||time|1|f
online_peak|最高在线(分钟)|peak concurrent viewers of the minute|largest number of viewers present at once in the minute|||ucnt|1|f
stay_60s_ucnt|超1分钟观看人数|viewers for a minute or more|viewers with watch_s of 60 or more|||ucnt|1|f
stay_60s_rate|超1分钟观看率|share of viewers for a minute or more|stay_60s_ucnt / viewers_ucnt|stay_60s_ucnt|viewers_ucnt|ucnt|ratio|f
bounce_ucnt|跳出人数|viewers who left at once|viewers with watch_s below 3|||ucnt|1|f
bounce_rate|跳出率|share of viewers who left at once|bounce_ucnt / viewers_ucnt|bounce_ucnt|viewers_ucnt|ucnt|ratio|f
comments_cnt|评论次数|comments|sum of qty of comment events, and reported totals|||cnt|1|t
likes_cnt|点赞次数|likes|sum of qty of like events, and reported totals|||cnt|1|t
shares_cnt|分享次数|shares|sum of qty of share events, and reported totals|||cnt|1|t
interactions_cnt|互动次数|interactions|comments_cnt + likes_cnt + shares_cnt, a missing count being 0|||cnt|1|t
interact_ucnt|互动人数|viewers who interacted|distinct viewers with a comment, like or share, among viewers_ucnt|||ucnt|1|f
engage_urate|互动率(人数)|share of viewers who interacted|interact_ucnt / viewers_ucnt|interact_ucnt|viewers_ucnt|ucnt|ratio|f
interactions_per_view|互动率(次数)|interactions per view|interactions_cnt / views_cnt|interactions_cnt|views_cnt|cnt|ratio|f
comments_per_view|评论率(次数)|comments per view|comments_cnt / views_cnt|comments_cnt|views_cnt|cnt|ratio|f
comment_urate|评论率(人数)|share of viewers who commented|comment_ucnt / viewers_ucnt|comment_ucnt|viewers_ucnt|ucnt|ratio|f
like_urate|点赞率(人数)|share of viewers who liked|like_ucnt / viewers_ucnt|like_ucnt|viewers_ucnt|ucnt|ratio|f
share_urate|分享率(人数)|share of viewers who shared|share_ucnt / viewers_ucnt|share_ucnt|viewers_ucnt|ucnt|ratio|f
new_followers|净增粉丝|net new followers|follows_cnt - unfollows_cnt|||cnt|1|t
follows_cnt|新增粉丝|follows|number of follow events|||cnt|1|t
follow_urate_all|转粉率(全部观众)|followers won per viewer|follow_ucnt / viewers_ucnt, whether a viewer followed before or not|follow_ucnt|viewers_ucnt|ucnt|ratio|f
fanclub_urate|加团率|share of viewers who joined the fan club|fanclub_ucnt / viewers_ucnt|fanclub_ucnt|viewers_ucnt|ucnt|ratio|f
product_show_ucnt|商品曝光人数|people shown a product|distinct viewers with a product_show event|||ucnt|1|f
product_click_ucnt|商品点击人数|people who clicked a product|distinct viewers with a product_click event|||ucnt|1|f
pay_ucnt|成交人数|buyers|distinct viewers with a paid order attributed to the stream|||ucnt|1|f
show_urate|观看-商品曝光率|share of viewers shown a product|product_show_ucnt / viewers_ucnt|product_show_ucnt|viewers_ucnt|ucnt|ratio|f
ctr_u|商品曝光-点击率(人数)|click-through rate of people|product_click_ucnt / product_show_ucnt|product_click_ucnt|product_show_ucnt|ucnt|ratio|f
ctr_c|商品曝光-点击率(次数)|click-through rate of impressions|product_click_cnt / product_show_cnt|product_click_cnt|product_show_cnt|cnt|ratio|f
cvr_u|点击-成交转化率(人数)|conversion of people who clicked|pay_ucnt / product_click_ucnt; buyers who did not click count, so it may exceed 1|pay_ucnt|product_click_ucnt|ucnt|ratio|f
cvr_c|点击-成交转化率(次数)|orders per click|pay_order_cnt / product_click_cnt|pay_order_cnt|product_click_cnt|cnt|ratio|f
view_buy_urate|观看-成交率|share of viewers who bought|pay_ucnt / viewers_ucnt|pay_ucnt|viewers_ucnt|ucnt|ratio|f
order_ucnt|下单人数|people who ordered|distinct viewers with an order attributed to the stream, paid or not|||ucnt|1|f
order_pay_urate|下单-支付率|share of people who ordered and paid|pay_ucnt / order_ucnt|pay_ucnt|order_ucnt|ucnt|ratio|f
pay_order_cnt|成交订单数|paid orders|number of paid orders attributed to the stream|||cnt|1|t
units|成交件数|units sold|sum of qty of the items of paid orders, gifts left out|||cnt|1|t
gmv_pay|成交金额|gross sales|sum of paid_amt of paid orders attributed to the stream, by pay time, refunds left in|||amount|currency|t
refund_pay_amt|退款金额(按支付时间)|refunds of the orders|refunds made so far of the orders in gmv_pay|||amount|currency|t
refund_time_amt|退款金额(按退款时间)|refunds made|refunds made in the period, whenever the order was paid|||amount|currency|t
gmv_net|净成交金额|net sales|gmv_pay - refund_pay_amt, as known at data_as_of|||amount|currency|t
refund_rate_pay|退款率(按支付时间)|refund rate of the orders|refund_pay_amt / gmv_pay|refund_pay_amt|gmv_pay|amount|ratio|f
refund_rate_time|退款率(按退款时间)|refund rate of the period|refund_time_amt / gmv_pay|refund_time_amt|gmv_pay|amount|ratio|f
aov_user|客单价|sales per buyer|gmv_pay / pay_ucnt|gmv_pay|pay_ucnt|ucnt|currency|f
aov_order|笔单价|sales per order|gmv_pay / pay_order_cnt|gmv_pay|pay_order_cnt|cnt|currency|f
aov_unit|件单价|sales per unit|gmv_pay / units|gmv_pay|units|cnt|currency|f
units_per_order|连带率|units per order|units / pay_order_cnt|units|pay_order_cnt|cnt|ratio|f
gpm_views|千次观看成交额|sales per 1,000 views|gmv_pay / views_cnt * 1000|gmv_pay|views_cnt|cnt|currency|f
gpm_viewers|千人观看成交额|sales per 1,000 viewers|gmv_pay / viewers_ucnt * 1000|gmv_pay|viewers_ucnt|ucnt|currency|f
gpm_show|商品千次曝光成交额|sales per 1,000 product impressions|gmv_pay / product_show_cnt * 1000|gmv_pay|product_show_cnt|cnt|currency|f
uv_value|UV价值|sales per viewer|gmv_pay / viewers_ucnt|gmv_pay|viewers_ucnt|ucnt|currency|f
opm|分钟订单数|orders per minute|pay_order_cnt / minutes of the stream|pay_order_cnt|duration_s / 60|cnt|1|f
ad_cost|消耗|advertising cost|sum of ad_spend.cost of scope promoted|||amount|currency|t
roi|整体ROI|return on advertising|gmv_pay / ad_cost|gmv_pay|ad_cost|amount|ratio|f
roi_net|净ROI|net return on advertising|gmv_net / ad_cost|gmv_net|ad_cost|amount|ratio|f
roi_attributed|投放ROI|return that the platform attributes|attributed_gmv / ad_cost|attributed_gmv|ad_cost|amount|ratio|f
cpa_order|订单CPA|cost per attributed order|ad_cost / attributed_orders|ad_cost|attributed_orders|cnt|currency|f
cpm|千次展示成本|cost per 1,000 impressions|ad_cost / ad_impressions * 1000|ad_cost|ad_impressions|cnt|currency|f
cpc|点击成本|cost per click|ad_cost / ad_clicks|ad_cost|ad_clicks|cnt|currency|f
ad_ctr|投放点击率|clicks per impression|ad_clicks / ad_impressions|ad_clicks|ad_impressions|cnt|ratio|f
cac|获客成本|cost per new buyer|ad_cost / new_buyers_ucnt, a new buyer being one whose first paid order lies in the period|ad_cost|new_buyers_ucnt|ucnt|currency|f
redeem_rate|核销率|share of coupons used|coupons used / coupons claimed|used_cnt|claimed_cnt|cnt|ratio|f
raw_effect|活动原始差异|raw difference of a promotion|share of treated viewers who bought - share of control viewers who bought, after assignment and until the end|||ucnt|ratio|f
day_n_retention|N日留存率|retention on day N|viewers of the cohort who watched on exactly day N / viewers of the cohort; NULL until that day is over|retained_ucnt|cohort_ucnt|ucnt|ratio|f
ltv_hist|历史LTV|historical lifetime value|net sales in the first n days since the first paid order / buyers of the cohort; NULL until all of them had n days|gmv_net|cohort_ucnt|ucnt|currency|f
r_score|RFM最近购买分|recency score|fifth of all buyers by the day of the last paid order, 5 the latest; equal ones are never split|||ucnt|1|f
f_score|RFM购买频次分|frequency score|fifth of all buyers by the number of paid orders, 5 the most; equal ones are never split|||ucnt|1|f
m_score|RFM购买金额分|monetary score|fifth of all buyers by the value of paid orders less refunds, 5 the most; equal ones are never split|||ucnt|1|f
purchase_score|购买概率|probability of a purchase|what the current model says of the probability that the viewer pays an order within the days that the model looks ahead|||ucnt|ratio|f
return_score|回访概率|probability of a return|what the current model says of the probability that the viewer watches again within the days that the model looks ahead|||ucnt|ratio|f
accuracy|准确率|accuracy|viewers held out whose outcome the model tells right, a probability of one half or more meaning yes / viewers held out|true_positive + true_negative|test_rows|ucnt|ratio|f
majority_accuracy|多数类准确率|accuracy of always giving the more frequent answer|the larger of test_positive and test_rows - test_positive / test_rows|greatest(test_positive, test_rows - test_positive)|test_rows|ucnt|ratio|f
precision_urate|精确率|precision|true_positive / (true_positive + false_positive)|true_positive|true_positive + false_positive|ucnt|ratio|f
recall_urate|召回率|recall|true_positive / test_positive|true_positive|test_positive|ucnt|ratio|f
roc_auc|ROC曲线下面积|area under the ROC curve|share of pairs of a viewer with the outcome and one without in which the first has the higher probability, ties counting half|||ucnt|ratio|f
log_loss|对数损失|log-loss|mean over viewers held out of -ln(probability given to what happened)|||ucnt|1|f
base_log_loss|基准对数损失|log-loss of a constant|log_loss of giving everybody the share of the viewers learned from|||ucnt|1|f
$metrics$;
END
$live$;
COMMENT ON FUNCTION live_metrics() IS
'the metrics of the views with Chinese and English names and formulas, a line each, as live_setup writes it to metric_catalog';
-- Collection. A payload's lists are read into a temporary table by one statement
-- for each list, made from the channel's mapping; every check is part of that
-- statement. From there one statement per table takes the good rows.

CREATE FUNCTION live_fields()
RETURNS TABLE (record text, field text, kind text, required boolean)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE ROWS 80
SET search_path = pg_catalog, pg_temp
AS $live$
BEGIN
	-- ! after a name: a record without it is rejected
	RETURN QUERY
	SELECT split_part(line, ' ', 1), rtrim(split_part(word, ':', 1), '!'), split_part(word, ':', 2), word LIKE '%!:%'
	FROM string_to_table($fields$stream stream!:id host:id host_name:text title:text start_ts:time end_ts:time updated_ts:time
product product!:id name:text category:text cost:num stream:id pos:int listed_at:time delisted_at:time price:num explain_from:time explain_to:time
event event_id:id stream!:id viewer:viewer type!:word ts!:time product:id source:text qty:int amount:num
total stream!:id viewer!:viewer captured_at:time watch_s:num comments:int likes:int shares:int
order order_id!:id viewer:viewer stream:id created_ts!:time paid_ts:time status:text goods_amt:num discount_platform:num discount_host:num freight:num paid_amt!:num currency:word attributed_by:word updated_ts:time items:json
refund refund!:id order_id!:id apply_ts:time success_ts:time amount!:num currency:word stage:word updated_ts:time
promotion promotion!:id kind!:word name:text start_ts:time end_ts:time budget:num
exposure promotion!:id viewer!:viewer arm!:word ts!:time
coupon coupon!:id promotion!:id viewer:viewer claimed_ts!:time used_ts:time order_id:id value:num updated_ts:time
ad plan!:id hour!:time scope:word stream:id cost!:num impressions:int clicks:int attributed_orders:int attributed_gmv:num updated_ts:time
snapshot stream!:id captured_at!:time metric!:text value!:num$fields$, E'\n') AS line,
		string_to_table(substr(line, strpos(line, ' ') + 1), ' ') AS word;
END
$live$;
COMMENT ON FUNCTION live_fields() IS
'the fields of each kind of record that live_ingest knows, what kind of value they have, and whether they must be there';

CREATE FUNCTION live_rules()
RETURNS TABLE (record text, rule text, reason text)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE ROWS 40
SET search_path = pg_catalog, pg_temp
AS $live$
BEGIN
	-- a record for which the rule is true is rejected
	RETURN QUERY
	SELECT p[1], p[2], p[3]
	FROM string_to_table($rules$stream|end_ts < start_ts|end before start
product|cost < 0 OR price < 0|negative amount
product|delisted_at < listed_at OR explain_to < explain_from|end before start
product|stream IS NULL AND num_nonnulls(pos, listed_at, delisted_at, price, explain_from) > 0 AND name IS NULL|listing without a stream
event|type NOT IN ('expose_room', 'enter', 'leave', 'heartbeat', 'like', 'comment', 'share', 'follow', 'unfollow', 'fanclub_join', 'gift', 'product_show', 'product_click', 'add_cart', 'coupon_claim', 'dislike')|unknown type of event
event|ts > v_latest|time in the future
event|ts < '2010-01-01 00:00:00+00'|time before any channel
event|qty NOT BETWEEN 0 AND 1000000|qty out of range
event|amount < 0|negative amount
total|captured_at > v_latest|time in the future
total|watch_s NOT BETWEEN 0 AND 604800|watch time out of range
total|comments < 0 OR likes < 0 OR shares < 0|negative count
order|created_ts > v_latest OR paid_ts > v_latest|time in the future
order|paid_ts < created_ts|paid before created
order|paid_amt < 0 OR goods_amt < 0 OR discount_platform < 0 OR discount_host < 0 OR freight < 0|negative amount
order|upper(currency) <> v_currency|another currency
refund|amount < 0|negative amount
refund|success_ts < apply_ts|end before start
refund|success_ts > v_latest|time in the future
refund|upper(currency) <> v_currency|another currency
refund|stage NOT IN ('pre_ship', 'post_ship')|unknown stage
promotion|kind NOT IN ('coupon', 'flash', 'full_cut', 'gift')|unknown kind of promotion
promotion|end_ts < start_ts|end before start
promotion|budget < 0|negative amount
exposure|arm NOT IN ('treat', 'control')|unknown arm
coupon|used_ts < claimed_ts|end before start
coupon|value < 0|negative amount
ad|cost < 0 OR attributed_gmv < 0|negative amount
ad|impressions < 0 OR clicks < 0 OR attributed_orders < 0|negative count
ad|scope NOT IN ('promoted', 'bound')|unknown scope
ad|hour > v_latest|time in the future$rules$, E'\n') AS line, string_to_array(line, '|') AS p;
END
$live$;
COMMENT ON FUNCTION live_rules() IS
'what makes live_ingest reject a record whose fields can all be read';

CREATE FUNCTION live_read_time(raw text, zone text)
RETURNS timestamptz
AS 'MODULE_PATHNAME', 'live_read_time'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION live_read_time(text, text) IS
'a time as channels write it: ISO 8601, in the zone if it has none, seconds or milliseconds since 1970, or Weibo''s form; NULL if it is none';

CREATE FUNCTION live_uid(id text)
RETURNS uuid
AS 'MODULE_PATHNAME', 'live_uid'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5;
COMMENT ON FUNCTION live_uid(text) IS
'the key of an event: the first half of the SHA-256 of its id or contents, in UTF-8';

CREATE FUNCTION live_parse(kind text, raw text, tz text, scale numeric, pads text)
RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $live$
BEGIN
	-- the expression that reads a value of the kind from the text expression
	-- "raw", which gives NULL where it cannot be read and raises nothing
	RETURN CASE kind
	WHEN 'time' THEN format('live_read_time(%s, %L)', raw, tz)
	WHEN 'num' THEN replace(replace($x$CASE
		WHEN @ ~ '^-?\d{1,12}(?:\.\d{1,30})?$' THEN round(@::numeric * #, 4)
		WHEN @ ~ '^-?[¥￥]?-?(?:\d{1,12}|\d{1,3}(?:,\d{3}){1,3})(?:\.\d{1,30})?$' THEN round(translate(@, '¥￥,', '')::numeric * #, 4)
		WHEN @ ~ '^-?\d{1,12}(?:\.\d{1,30})?%$' THEN round(rtrim(@, '%')::numeric / 100, 6)
		WHEN @ ~ '^-?\d{1,8}(?:\.\d{1,30})?万$' THEN round(rtrim(@, '万')::numeric * 10000 * #, 4)
		END$x$, '#', scale::text), '@', raw)
	WHEN 'int' THEN replace($x$CASE
		WHEN @ ~ '^-?\d{1,12}(?:\.0{1,30})?$' THEN trunc(@::numeric)::bigint
		WHEN @ ~ '^\d{1,8}(?:\.\d{1,4})?万$' THEN trunc(rtrim(@, '万')::numeric * 10000)::bigint
		END$x$, '@', raw)
	-- HMAC-SHA-256; pads are the two literals of the padded key
	WHEN 'viewer' THEN format('sha256(%s || sha256(%s || convert_to(%s, ''UTF8'')))', split_part(pads, ' ', 2), split_part(pads, ' ', 1), raw)
	WHEN 'word' THEN format('lower(%s)', raw)
	ELSE raw
	END;
END
$live$;
COMMENT ON FUNCTION live_parse(text, text, text, numeric, text) IS
'the expression by which live_ingest reads a value of a kind';

CREATE FUNCTION live_pads(key text)
RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $live$
DECLARE
	v_key bytea := convert_to(key, 'UTF8');
	v_inner bytea := decode(repeat('36', 64), 'hex');
	v_outer bytea := decode(repeat('5c', 64), 'hex');
BEGIN
	-- RFC 2104
	IF length(v_key) > 64 THEN
		v_key := sha256(v_key);
	END IF;
	FOR i IN 0 .. length(v_key) - 1 LOOP
		v_inner := set_byte(v_inner, i, get_byte(v_inner, i) # get_byte(v_key, i));
		v_outer := set_byte(v_outer, i, get_byte(v_outer, i) # get_byte(v_key, i));
	END LOOP;
	RETURN format('decode(''%s'',''hex'') decode(''%s'',''hex'')', encode(v_inner, 'hex'), encode(v_outer, 'hex'));
END
$live$;
COMMENT ON FUNCTION live_pads(text) IS
'the two padded keys of HMAC-SHA-256, as expressions with a blank between them';

CREATE FUNCTION live_key_pads(target name)
RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000
SET search_path = pg_catalog, pg_temp
AS $live$
DECLARE
	v_key text := nullif(current_setting('live.id_key', true), '');
	v_pads text;
	v_check bytea;
BEGIN
	PERFORM set_config('search_path', (SELECT format('pg_catalog, %I, %I, pg_temp', target, n.nspname)
		FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'liveanalytics'), true);
	IF v_key IS NULL THEN
		SELECT key INTO v_key FROM identity_key;
	END IF;
	IF v_key IS NULL THEN
		RAISE EXCEPTION 'there is no key for the hashes of viewers'' ids'
			USING ERRCODE = '55000', HINT = 'Set live.id_key, or put the key back into the table identity_key.';
	END IF;
	v_pads := live_pads(v_key);
	SELECT id_key_check INTO v_check FROM setting;
	IF v_check IS NULL THEN
		UPDATE setting SET id_key_check = sha256(sha256(convert_to(v_pads, 'UTF8'))) WHERE id_key_check IS NULL;
	ELSIF v_check <> sha256(sha256(convert_to(v_pads, 'UTF8'))) THEN
		RAISE EXCEPTION 'the key for the hashes of viewers'' ids is not the one used so far'
			USING ERRCODE = '55000', HINT = 'With another key every known viewer would become a new one. Set live.id_key to what it was.';
	END IF;
	RETURN v_pads;
END
$live$;
COMMENT ON FUNCTION live_key_pads(name) IS
'the padded keys of the schema, from the setting live.id_key or else from identity_key; an error if the key has changed';

CREATE FUNCTION live_stage_table()
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000
SET search_path = pg_catalog, pg_temp
SET client_min_messages = warning
AS $live$
BEGIN
	IF to_regclass('pg_temp.live_stage_1') IS NULL THEN
		CREATE TEMP TABLE live_stage_1 (
			-- flags beside reason and record: without statistics the planner takes half of the
			-- rows to have one, and next to none to have no reason
			row_no bigint, record text, list text[], raw jsonb, reason text, good boolean, is_event boolean, snap jsonb,
			stream text, host text, host_name text, title text, start_ts timestamptz, end_ts timestamptz, updated_ts timestamptz,
			product text, name text, category text, cost numeric, pos bigint, listed_at timestamptz, delisted_at timestamptz, price numeric,
			explain_from timestamptz, explain_to timestamptz,
			event_id text, viewer bytea, type text, ts timestamptz, source text, qty bigint, amount numeric,
			captured_at timestamptz, watch_s numeric, comments bigint, likes bigint, shares bigint,
			order_id text, created_ts timestamptz, paid_ts timestamptz, status text, goods_amt numeric, discount_platform numeric,
			discount_host numeric, freight numeric, paid_amt numeric, currency text, attributed_by text, items jsonb,
			refund text, apply_ts timestamptz, success_ts timestamptz, stage text,
			promotion text, kind text, budget numeric, arm text, coupon text, claimed_ts timestamptz, used_ts timestamptz, value numeric,
			plan text, hour timestamptz, scope text, impressions bigint, clicks bigint, attributed_orders bigint, attributed_gmv numeric,
			metric text
		) ON COMMIT DELETE ROWS;
		-- of this session alone, whatever roles it takes on
		GRANT ALL ON pg_temp.live_stage_1 TO PUBLIC;
	ELSIF (SELECT relhastriggers OR relhasrules OR relrowsecurity OR relhassubclass OR relkind <> 'r' FROM pg_class WHERE oid = 'pg_temp.live_stage_1'::regclass)
		OR EXISTS (SELECT FROM pg_attrdef WHERE adrelid = 'pg_temp.live_stage_1'::regclass)
		OR EXISTS (SELECT FROM pg_constraint WHERE conrelid = 'pg_temp.live_stage_1'::regclass)
		OR EXISTS (SELECT FROM pg_index WHERE indrelid = 'pg_temp.live_stage_1'::regclass) THEN
		-- another role may have made it in this session, to have code run
		RAISE EXCEPTION 'the temporary table live_stage_1 is not the one that live_ingest makes'
			USING ERRCODE = '55000', HINT = 'Drop it.';
	ELSE
		DELETE FROM pg_temp.live_stage_1;
	END IF;
END
$live$;
COMMENT ON FUNCTION live_stage_table() IS
'makes or empties the temporary table into which live_ingest reads a payload';

CREATE FUNCTION live_reader(target name, channel_id smallint, record text, defaults jsonb, pads text, source oid, plain boolean,
  OUT columns text, OUT query text, OUT raw text, OUT snap text, OUT props text)
RETURNS record
LANGUAGE plpgsql STABLE PARALLEL UNSAFE COST 1000
SET search_path = pg_catalog, pg_temp
AS $live$
#variable_conflict use_column
DECLARE
	v_tz text;
	v_keep boolean;
	v_texts text := '';
	v_values text := '';
	v_reasons text := '';
	v_currency text;
	v_slack interval;
	v_channel smallint := channel_id;
	v_record text := record;
	v_source oid := source;
	v_mapped text[] := '{content,text,comment,comment_text}';
	v_field record;
	v_raw text;
	v_number text;
	v_floats text := '';
	v_spoken text[] := '{content,text,comment,comment_text}';
BEGIN
	-- The query that reads records of a kind and gives i, their place, v, each as it came, the columns of the kind and
	-- the reason to reject it: from the JSON array $1, whose keys are as the channel has them or, if plain, our names of
	-- the fields; or from the relation source, whose columns have our names.
	PERFORM set_config('search_path', (SELECT format('pg_catalog, %I, %I, pg_temp', target, n.nspname)
		FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'liveanalytics'), true);
	SELECT tz INTO v_tz FROM channel c WHERE c.channel_id = v_channel;
	SELECT keep_props, currency, future_slack INTO v_keep, v_currency, v_slack FROM setting;
	columns := '';
	FOR v_field IN
		SELECT f.field, f.kind, f.required, m.places, coalesce(m.place, format('{%s}', f.field)) AS place, m.scale, m.dictionary, m.keys
		FROM live_fields() AS f LEFT JOIN (
			SELECT field, string_agg(format('nullif(btrim(v #>> %L), '''')', path), ', ' ORDER BY pos) AS places,
			       (array_agg(path::text ORDER BY pos))[1] AS place, (array_agg(scale ORDER BY pos))[1] AS scale,
			       (array_agg(dictionary ORDER BY pos) FILTER (WHERE dictionary IS NOT NULL))[1] AS dictionary, array_agg(path[1]) AS keys
			FROM channel_field c WHERE c.channel_id = v_channel AND c.record = v_record GROUP BY field) AS m ON m.field = f.field
		WHERE f.record = v_record
	LOOP
		-- a number that JavaScript and the like have rounded
		v_number := format('jsonb_typeof(v #> %L) = ''number''', v_field.place);
		IF v_source IS NOT NULL THEN
			SELECT format(CASE a.atttypid
				-- whatever DateStyle and TimeZone are
				WHEN 'timestamptz'::regtype THEN 'to_char((v).%I AT TIME ZONE ''UTC'', ''YYYY-MM-DD HH24:MI:SS.US"Z"'')'
				WHEN 'timestamp'::regtype THEN 'to_char((v).%I, ''YYYY-MM-DD HH24:MI:SS.US'')'
				WHEN 'date'::regtype THEN 'to_char((v).%I, ''YYYY-MM-DD'')'
				WHEN 'float8'::regtype THEN 'CASE WHEN abs((v).%1$I) <= 9007199254740992 AND (v).%1$I = trunc((v).%1$I) THEN (v).%1$I::bigint::text ELSE (v).%1$I::text END'
				ELSE 'nullif(btrim((v).%I::text), '''')' END, a.attname), (a.atttypid = 'float8'::regtype)::text
			INTO v_field.places, v_number
			FROM pg_attribute a WHERE a.attrelid = v_source AND a.attname = v_field.field AND a.attnum > 0 AND NOT a.attisdropped;
			v_number := coalesce(v_number, 'false');
			IF v_number = 'true' AND v_field.kind IN ('id', 'viewer') THEN
				v_floats := v_floats || format(', %L, r_%s', v_field.field, v_field.field);
			END IF;
		ELSIF plain THEN
			v_field.place := format('{%s}', v_field.field);
			v_field.places := format('nullif(btrim(v #>> %L), '''')', v_field.place);
			v_field.keys := ARRAY[v_field.field];
		END IF;
		CONTINUE WHEN v_field.places IS NULL AND NOT v_field.required AND NOT defaults ? v_field.field;
		v_mapped := v_mapped || v_field.keys || v_field.field::text;
		v_raw := concat_ws(', ', v_field.places, quote_literal(defaults ->> v_field.field));
		v_raw := CASE WHEN v_raw = '' THEN 'NULL::text' ELSE format('coalesce(%s)', v_raw) END;
		IF v_field.dictionary IS NOT NULL THEN
			v_raw := format('coalesce(%L::jsonb ->> lower(%s), %s)', v_field.dictionary, v_raw, v_raw);
		END IF;
		IF v_field.kind = 'json' THEN
			v_values := v_values || format(CASE WHEN v_source IS NULL THEN ', v #> %1$L AS %2$I' ELSE ', to_jsonb((v).%2$I) AS %2$I' END,
				v_field.place, v_field.field);
		ELSE
			v_texts := v_texts || format(', %s AS r_%s', v_raw, v_field.field);
			v_values := v_values || format(', r_%s, %s AS %I', v_field.field,
				live_parse(v_field.kind, 'r_' || v_field.field, v_tz, coalesce(v_field.scale, 1), pads), v_field.field);
			IF v_field.required THEN
				v_reasons := v_reasons || format(' WHEN r_%s IS NULL THEN ''%s is missing''', v_field.field, v_field.field);
			END IF;
			IF v_field.kind IN ('time', 'num', 'int') THEN
				v_reasons := v_reasons || format(' WHEN r_%1$s IS NOT NULL AND %1$I IS NULL THEN ''%1$s cannot be read''', v_field.field);
			ELSIF v_field.kind IN ('id', 'viewer') THEN
				v_reasons := v_reasons || format($x$ WHEN length(r_%1$s) > 200 THEN '%1$s is too long'$x$, v_field.field);
				IF plain THEN
					v_reasons := v_reasons || format($x$ WHEN r_%1$s ~ '^\d(?:\.\d+)?e\+\d+$' THEN '%1$s has lost digits'$x$, v_field.field);
				END IF;
				IF v_number <> 'false' THEN
					v_reasons := v_reasons || format($x$ WHEN %2$s AND r_%1$s ~ '^(?:\d{13,}000|\d(?:\.\d+)?e\+\d+)$' AND r_%1$s::numeric > 9007199254740992
						THEN '%1$s has lost digits'$x$, v_field.field, v_number);
				END IF;
			END IF;
		END IF;
		columns := columns || format(', %I', v_field.field);
	END LOOP;
	SELECT string_agg(format(' WHEN %s THEN %L', r.rule, r.reason), '') INTO v_raw FROM live_rules() AS r
	WHERE r.record = v_record;
	-- a rule may ask for a field that the channel does not have
	FOR v_field IN SELECT f.field FROM live_fields() AS f WHERE f.record = v_record AND strpos(columns, format(', %I', f.field)) = 0 LOOP
		v_raw := regexp_replace(v_raw, format('\m%s\M(?!'')', v_field.field), 'NULL', 'g');
	END LOOP;
	v_raw := replace(replace(v_raw, 'v_latest', quote_literal(clock_timestamp() + v_slack) || '::timestamptz'), 'v_currency', quote_literal(v_currency));
	IF v_record = 'order' AND strpos(columns, ', items') > 0 THEN
		v_raw := concat(v_raw, live_item_rule(target, v_channel));
	END IF;
	IF v_source IS NULL THEN
		SELECT format('jsonb_strip_nulls(jsonb_build_object(%s))', string_agg(format('%L, %s', substr(c.field, 2),
			live_parse('num', format('(v #>> %L)', c.path), v_tz, c.scale, pads)), ', ')) INTO snap
		FROM channel_field c WHERE c.channel_id = v_channel AND c.record = v_record AND c.field LIKE '=%' HAVING count(*) > 0;
	END IF;
	IF v_keep AND v_record = 'event' THEN
		props := format('%s - %L::text[]', CASE WHEN v_source IS NULL THEN 'v' ELSE 'to_jsonb(v)' END, v_mapped || 'channel'::text);
	END IF;
	-- a rounded id stays one in what is kept
	raw := CASE WHEN v_source IS NULL THEN 'v' WHEN v_floats = '' THEN 'to_jsonb(v)'
		ELSE format('to_jsonb(v) || jsonb_strip_nulls(jsonb_build_object(%s))', substr(v_floats, 3)) END;
	-- what is rejected is kept without the text of comments, too
	IF v_record = 'event' THEN
		SELECT coalesce(array_agg(t), '{}') INTO v_spoken FROM unnest(v_spoken) AS t
		WHERE t NOT IN (SELECT f.path[1] FROM channel_field f WHERE f.channel_id = v_channel AND f.record = 'event');
		raw := CASE WHEN v_source IS NULL THEN format('CASE jsonb_typeof(v) WHEN ''object'' THEN v - %1$L::text[] ELSE v END', v_spoken)
			ELSE format('(%s) - %L::text[]', raw, v_spoken) END;
	END IF;
	query := format('SELECT *, CASE%s%s%s END AS reason
		FROM (SELECT i, v%s FROM (SELECT i, v%s FROM %s OFFSET 0) AS t OFFSET 0) AS p OFFSET 0',
		CASE WHEN v_source IS NULL THEN ' WHEN jsonb_typeof(v) <> ''object'' THEN ''not an object''' ELSE '' END, v_reasons, v_raw, v_values, v_texts,
		CASE WHEN v_source IS NULL THEN 'jsonb_array_elements($1) WITH ORDINALITY AS a (v, i)' ELSE '@source' END);
END
$live$;
COMMENT ON FUNCTION live_reader(name, smallint, text, jsonb, text, oid, boolean) IS
'the query by which live_ingest and live_load read records of a channel, and say why those that cannot be taken cannot';

CREATE FUNCTION live_stage_sql(target name, channel_id smallint, record text, defaults jsonb, pads text, source oid, plain boolean)
RETURNS text
LANGUAGE plpgsql STABLE PARALLEL UNSAFE COST 1000
SET search_path = pg_catalog, pg_temp
AS $live$
DECLARE
	v_reader record;
BEGIN
	EXECUTE (SELECT format('SELECT * FROM %I.live_reader($1, $2, $3, $4, $5, $6, $7)', n.nspname)
		FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'liveanalytics')
		INTO v_reader USING target, channel_id, record, defaults, pads, source, plain;
	RETURN format('INSERT INTO pg_temp.live_stage_1 (row_no, record, list, reason, good, is_event, raw, snap%s)
		SELECT i, %L, $2, reason, reason IS NULL, %L, CASE WHEN %s THEN %s %s END, %s%s FROM (%s) AS q',
		v_reader.columns, record, record = 'event',
		-- others may be rejected later on
		CASE WHEN record = 'event' THEN 'reason IS NOT NULL' ELSE 'true' END,
		v_reader.raw, 'ELSE ' || v_reader.props, coalesce(v_reader.snap, 'NULL'), v_reader.columns, v_reader.query);
END
$live$;
COMMENT ON FUNCTION live_stage_sql(name, smallint, text, jsonb, text, oid, boolean) IS
'the statement by which live_ingest reads a list of records of a channel, or live_load the rows of a relation';

CREATE FUNCTION live_item_sql(target name, channel_id smallint)
RETURNS text
LANGUAGE plpgsql STABLE PARALLEL UNSAFE COST 1000
SET search_path = pg_catalog, pg_temp
AS $live$
#variable_conflict use_column
DECLARE
	v_channel smallint := channel_id;
	v_inner text;
	v_outer text;
BEGIN
	PERFORM set_config('search_path', (SELECT format('pg_catalog, %I, %I, pg_temp', target, n.nspname)
		FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'liveanalytics'), true);
	SELECT string_agg(format('%s AS r_%s', coalesce(m.places, 'NULL::text'), f.field), ', '),
	       string_agg(format('r_%s, %s AS %I', f.field, live_parse(f.kind, 'r_' || f.field, 'UTC', coalesce(m.scale, 1), ''), f.field), ', ')
	INTO v_inner, v_outer
	FROM (VALUES ('product', 'id'), ('sku', 'id'), ('qty', 'int'), ('price', 'num'), ('paid_amt', 'num'), ('is_gift', 'word')) AS f (field, kind)
	LEFT JOIN (SELECT c.field, format('coalesce(%s)', string_agg(format('nullif(btrim(i #>> %L), '''')', c.path), ', ' ORDER BY c.pos)) AS places,
	             (array_agg(c.scale ORDER BY c.pos))[1] AS scale
	           FROM channel_field c WHERE c.channel_id = v_channel AND c.record = 'item' GROUP BY c.field) AS m ON m.field = f.field;
	RETURN format('(SELECT n, %s FROM (SELECT n, %s FROM jsonb_array_elements(CASE WHEN jsonb_typeof(items) = ''array'' THEN items ELSE ''[]'' END)
		WITH ORDINALITY AS x (i, n) OFFSET 0) AS y OFFSET 0)', v_outer, v_inner);
END
$live$;
COMMENT ON FUNCTION live_item_sql(name, smallint) IS
'the subquery by which live_ingest reads the items of an order of a channel';

CREATE FUNCTION live_item_rule(target name, channel_id smallint)
RETURNS text
LANGUAGE plpgsql STABLE PARALLEL UNSAFE COST 1000
SET search_path = pg_catalog, pg_temp
AS $live$
BEGIN
	PERFORM set_config('search_path', (SELECT format('pg_catalog, %I, %I, pg_temp', target, n.nspname)
		FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'liveanalytics'), true);
	RETURN format($x$ WHEN jsonb_typeof(items) NOT IN ('array', 'null') THEN 'items are not a list'
		WHEN EXISTS (SELECT FROM %s AS z WHERE product IS NULL OR qty IS NULL OR qty NOT BETWEEN 1 AND 1000000 OR length(product) > 200
			OR (price IS NULL) <> (r_price IS NULL) OR price < 0 OR (paid_amt IS NULL) <> (r_paid_amt IS NULL) OR paid_amt < 0)
		THEN 'items cannot be read'$x$, live_item_sql(target, channel_id));
END
$live$;
COMMENT ON FUNCTION live_item_rule(name, smallint) IS
'what makes live_ingest reject an order for its items';

CREATE FUNCTION live_store(target name, batch_id bigint, channel_id smallint, OUT accepted int, OUT rejected int, OUT total int)
RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000
SET search_path = pg_catalog, pg_temp
AS $live$
#variable_conflict use_column
DECLARE
	v_batch bigint := batch_id;
	v_channel smallint := channel_id;
	v_kinds text[];
	v_count int;
	v_late int := 0;
	v_orders bigint[];
BEGIN
	PERFORM set_config('search_path', (SELECT format('pg_catalog, %I, %I, pg_temp', target, n.nspname)
		FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'liveanalytics'), true);
	accepted := 0;

	-- what depends on other records is checked against those in this payload too
	SELECT array_agg(DISTINCT record) INTO v_kinds FROM pg_temp.live_stage_1;
	IF 'stream' = ANY (v_kinds) THEN
		UPDATE pg_temp.live_stage_1 t SET reason = 'end before start', good = false
		FROM stream s
		WHERE t.record = 'stream' AND t.good AND s.channel_id = v_channel AND s.external_id = t.stream
		  AND coalesce(t.end_ts, s.end_ts) < coalesce(t.start_ts, s.start_ts);
	END IF;
	IF 'coupon' = ANY (v_kinds) OR 'exposure' = ANY (v_kinds) THEN
		UPDATE pg_temp.live_stage_1 t SET reason = 'unknown promotion', good = false
		WHERE t.record IN ('coupon', 'exposure') AND t.good
		  AND NOT EXISTS (SELECT FROM promotion p WHERE p.channel_id = v_channel AND p.external_id = t.promotion)
		  AND NOT EXISTS (SELECT FROM pg_temp.live_stage_1 p WHERE p.record = 'promotion' AND p.good AND p.promotion = t.promotion);
	END IF;

	IF 'stream' = ANY (v_kinds) THEN
		INSERT INTO host (channel_id, external_id, name)
		SELECT DISTINCT ON (host) v_channel, host, host_name FROM pg_temp.live_stage_1
		WHERE record = 'stream' AND good AND host IS NOT NULL
		ORDER BY host, host_name IS NULL, updated_ts DESC NULLS LAST, row_no DESC
		ON CONFLICT (channel_id, external_id) DO UPDATE SET name = excluded.name
		WHERE excluded.name IS NOT NULL AND excluded.name IS DISTINCT FROM host.name;

		INSERT INTO stream (channel_id, external_id, host_id, title, start_ts, end_ts, updated_ts)
		SELECT DISTINCT ON (t.stream) v_channel, t.stream, h.host_id, t.title, t.start_ts, t.end_ts, t.updated_ts
		FROM pg_temp.live_stage_1 t LEFT JOIN host h ON h.channel_id = v_channel AND h.external_id = t.host
		WHERE t.record = 'stream' AND t.good
		ORDER BY t.stream, t.updated_ts DESC NULLS LAST, t.row_no DESC
		ON CONFLICT (channel_id, external_id) DO UPDATE
		SET host_id = coalesce(excluded.host_id, stream.host_id), title = coalesce(excluded.title, stream.title),
		    start_ts = coalesce(excluded.start_ts, stream.start_ts), end_ts = coalesce(excluded.end_ts, stream.end_ts),
		    updated_ts = coalesce(excluded.updated_ts, stream.updated_ts)
		WHERE coalesce(excluded.updated_ts >= stream.updated_ts, true)
		  AND (coalesce(excluded.host_id, stream.host_id), coalesce(excluded.title, stream.title), coalesce(excluded.start_ts, stream.start_ts),
		       coalesce(excluded.end_ts, stream.end_ts), coalesce(excluded.updated_ts, stream.updated_ts))
		    IS DISTINCT FROM (stream.host_id, stream.title, stream.start_ts, stream.end_ts, stream.updated_ts);
		GET DIAGNOSTICS v_count = ROW_COUNT;
		accepted := accepted + v_count;
	END IF;

	-- names met before their own record get a row to fill in later
	INSERT INTO stream (channel_id, external_id)
	SELECT DISTINCT v_channel, t.stream FROM pg_temp.live_stage_1 t
	WHERE t.good AND t.stream IS NOT NULL
	  AND NOT EXISTS (SELECT FROM stream s WHERE s.channel_id = v_channel AND s.external_id = t.stream)
	ORDER BY t.stream
	ON CONFLICT DO NOTHING;

	IF 'product' = ANY (v_kinds) THEN
		INSERT INTO product (channel_id, external_id, name, category, cost)
		SELECT DISTINCT ON (product) v_channel, product, name, category, cost FROM pg_temp.live_stage_1
		WHERE record = 'product' AND good
		ORDER BY product, row_no DESC
		ON CONFLICT (channel_id, external_id) DO UPDATE
		SET name = coalesce(excluded.name, product.name), category = coalesce(excluded.category, product.category),
		    cost = coalesce(excluded.cost, product.cost)
		WHERE (coalesce(excluded.name, product.name), coalesce(excluded.category, product.category), coalesce(excluded.cost, product.cost))
		  IS DISTINCT FROM (product.name, product.category, product.cost);
		GET DIAGNOSTICS v_count = ROW_COUNT;
		accepted := accepted + v_count;
	END IF;
	INSERT INTO product (channel_id, external_id)
	SELECT DISTINCT v_channel, t.product FROM pg_temp.live_stage_1 t
	WHERE t.good AND t.product IS NOT NULL
	  AND NOT EXISTS (SELECT FROM product p WHERE p.channel_id = v_channel AND p.external_id = t.product)
	ORDER BY t.product
	ON CONFLICT DO NOTHING;
	IF 'order' = ANY (v_kinds) THEN
		EXECUTE format('INSERT INTO product (channel_id, external_id)
			SELECT DISTINCT $1, i.product FROM pg_temp.live_stage_1 t, LATERAL %s AS i WHERE t.record = ''order'' AND t.good
			ORDER BY i.product ON CONFLICT DO NOTHING', live_item_sql(target, v_channel)) USING v_channel;
	END IF;
	IF 'product' = ANY (v_kinds) THEN
		INSERT INTO product_listing (stream_id, product_id, pos, listed_at, delisted_at, live_price)
		SELECT DISTINCT ON (s.stream_id, p.product_id) s.stream_id, p.product_id, t.pos, t.listed_at, t.delisted_at, t.price
		FROM pg_temp.live_stage_1 t JOIN stream s ON s.channel_id = v_channel AND s.external_id = t.stream
		  JOIN product p ON p.channel_id = v_channel AND p.external_id = t.product
		WHERE t.record = 'product' AND t.good
		ORDER BY s.stream_id, p.product_id, t.row_no DESC
		ON CONFLICT (stream_id, product_id) DO UPDATE
		SET pos = coalesce(excluded.pos, product_listing.pos), listed_at = coalesce(excluded.listed_at, product_listing.listed_at),
		    delisted_at = coalesce(excluded.delisted_at, product_listing.delisted_at), live_price = coalesce(excluded.live_price, product_listing.live_price);
		INSERT INTO product_explain (stream_id, product_id, start_ts, end_ts)
		SELECT DISTINCT ON (s.stream_id, p.product_id, t.explain_from) s.stream_id, p.product_id, t.explain_from, t.explain_to
		FROM pg_temp.live_stage_1 t JOIN stream s ON s.channel_id = v_channel AND s.external_id = t.stream
		  JOIN product p ON p.channel_id = v_channel AND p.external_id = t.product
		WHERE t.record = 'product' AND t.good AND t.explain_from IS NOT NULL AND t.explain_to IS NOT NULL
		ORDER BY s.stream_id, p.product_id, t.explain_from, t.row_no DESC
		ON CONFLICT (stream_id, product_id, start_ts) DO UPDATE SET end_ts = excluded.end_ts;
	END IF;

	PERFORM live_store_viewers(target, v_channel, v_batch);

	IF 'event' = ANY (v_kinds) THEN
		-- an event without an id is known by its contents, and by its place among equal ones in its payload
		WITH picked AS MATERIALIZED (
			SELECT DISTINCT ON (event_uid) * FROM (
				SELECT live_uid('id|' || event_id) AS event_uid,
				       row_no, stream, viewer, product, type, ts, source, qty, amount, raw
				FROM pg_temp.live_stage_1 WHERE is_event AND good AND event_id IS NOT NULL
				UNION ALL
				SELECT live_uid(concat_ws('|', 'like', stream, encode(viewer, 'hex'), type, extract(epoch FROM ts), product,
				         row_number() OVER (PARTITION BY ts, viewer, type, stream, product ORDER BY row_no))),
				       row_no, stream, viewer, product, type, ts, source, qty, amount, raw
				FROM pg_temp.live_stage_1 WHERE is_event AND good AND event_id IS NULL) AS u
			ORDER BY event_uid, row_no),
		fresh AS (
			INSERT INTO event_dedup (channel_id, event_uid, event_ts)
			SELECT v_channel, event_uid, ts FROM picked ORDER BY event_uid
			ON CONFLICT DO NOTHING
			RETURNING event_uid),
		stored AS (
			INSERT INTO event (event_ts, channel_id, stream_id, viewer_id, type, product_id, source, qty, amount, props, event_uid, batch_id)
			SELECT t.ts, v_channel, s.stream_id, i.viewer_id, t.type::event_type, p.product_id, t.source, coalesce(t.qty, 1), t.amount,
			       nullif(t.raw, '{}'), t.event_uid, v_batch
			FROM picked t JOIN fresh f USING (event_uid)
			  JOIN stream s ON s.channel_id = v_channel AND s.external_id = t.stream
			  LEFT JOIN viewer_identity i ON i.channel_id = v_channel AND i.external_hash = t.viewer
			  LEFT JOIN product p ON p.channel_id = v_channel AND p.external_id = t.product
			RETURNING event_ts)
		SELECT count(*), count(*) FILTER (WHERE event_ts < clock_timestamp() - interval '1 hour') INTO v_count, v_late FROM stored;
		accepted := accepted + v_count;
	END IF;

	IF 'total' = ANY (v_kinds) THEN
		INSERT INTO viewer_total (stream_id, viewer_id, captured_at, watch_s, comments, likes, shares, batch_id)
		SELECT DISTINCT ON (s.stream_id, i.viewer_id) s.stream_id, i.viewer_id,
		       coalesce(t.captured_at, s.end_ts, s.start_ts, b.received_at), t.watch_s, t.comments, t.likes, t.shares, v_batch
		FROM pg_temp.live_stage_1 t JOIN stream s ON s.channel_id = v_channel AND s.external_id = t.stream
		  JOIN viewer_identity i ON i.channel_id = v_channel AND i.external_hash = t.viewer
		  JOIN ingest_batch b ON b.batch_id = v_batch
		WHERE t.record = 'total' AND t.good
		ORDER BY s.stream_id, i.viewer_id, t.captured_at DESC NULLS LAST, t.row_no DESC
		ON CONFLICT (stream_id, viewer_id) DO UPDATE
		SET captured_at = excluded.captured_at, watch_s = coalesce(excluded.watch_s, viewer_total.watch_s),
		    comments = coalesce(excluded.comments, viewer_total.comments), likes = coalesce(excluded.likes, viewer_total.likes),
		    shares = coalesce(excluded.shares, viewer_total.shares), batch_id = excluded.batch_id
		WHERE excluded.captured_at >= viewer_total.captured_at
		  AND (excluded.captured_at, excluded.watch_s, excluded.comments, excluded.likes, excluded.shares)
		    IS DISTINCT FROM (viewer_total.captured_at, viewer_total.watch_s, viewer_total.comments, viewer_total.likes, viewer_total.shares);
		GET DIAGNOSTICS v_count = ROW_COUNT;
		accepted := accepted + v_count;
	END IF;

	IF 'order' = ANY (v_kinds) THEN
		WITH changed AS (
			INSERT INTO orders (channel_id, external_id, viewer_id, stream_id, created_ts, paid_ts, status, goods_amt, discount_platform,
				discount_host, freight, paid_amt, attributed_by, items_hash, updated_ts, batch_id)
			SELECT DISTINCT ON (t.order_id) v_channel, t.order_id, i.viewer_id, s.stream_id, t.created_ts, t.paid_ts, t.status, t.goods_amt,
			       t.discount_platform, t.discount_host, t.freight, t.paid_amt,
			       coalesce(t.attributed_by, CASE WHEN s.stream_id IS NOT NULL THEN 'platform' END),
			       encode(substring(sha256(convert_to(t.items::text, 'UTF8')) FOR 16), 'hex')::uuid,
			       coalesce(t.updated_ts, t.paid_ts, t.created_ts), v_batch
			FROM pg_temp.live_stage_1 t LEFT JOIN stream s ON s.channel_id = v_channel AND s.external_id = t.stream
			  LEFT JOIN viewer_identity i ON i.channel_id = v_channel AND i.external_hash = t.viewer
			WHERE t.record = 'order' AND t.good
			ORDER BY t.order_id, coalesce(t.updated_ts, t.paid_ts, t.created_ts) DESC, t.row_no DESC
			ON CONFLICT (channel_id, external_id) DO UPDATE
			SET viewer_id = coalesce(excluded.viewer_id, orders.viewer_id), stream_id = coalesce(excluded.stream_id, orders.stream_id),
			    created_ts = excluded.created_ts, paid_ts = coalesce(excluded.paid_ts, orders.paid_ts),
			    status = coalesce(excluded.status, orders.status), goods_amt = coalesce(excluded.goods_amt, orders.goods_amt),
			    discount_platform = coalesce(excluded.discount_platform, orders.discount_platform),
			    discount_host = coalesce(excluded.discount_host, orders.discount_host), freight = coalesce(excluded.freight, orders.freight),
			    paid_amt = excluded.paid_amt, attributed_by = coalesce(excluded.attributed_by, orders.attributed_by),
			    items_hash = coalesce(excluded.items_hash, orders.items_hash), updated_ts = excluded.updated_ts, batch_id = excluded.batch_id
			WHERE excluded.updated_ts >= orders.updated_ts
			  AND (coalesce(excluded.viewer_id, orders.viewer_id), coalesce(excluded.stream_id, orders.stream_id), excluded.created_ts,
			       coalesce(excluded.paid_ts, orders.paid_ts), coalesce(excluded.status, orders.status),
			       coalesce(excluded.goods_amt, orders.goods_amt), coalesce(excluded.discount_platform, orders.discount_platform),
			       coalesce(excluded.discount_host, orders.discount_host), coalesce(excluded.freight, orders.freight), excluded.paid_amt,
			       coalesce(excluded.items_hash, orders.items_hash), excluded.updated_ts)
			    IS DISTINCT FROM (orders.viewer_id, orders.stream_id, orders.created_ts, orders.paid_ts, orders.status, orders.goods_amt,
			       orders.discount_platform, orders.discount_host, orders.freight, orders.paid_amt, orders.items_hash, orders.updated_ts)
			RETURNING order_id)
		SELECT array_agg(order_id), count(*) INTO v_orders, v_count FROM changed;
		accepted := accepted + v_count;
		IF v_count > 0 THEN
			-- the items of an order are those of its newest version that has any
			EXECUTE format('WITH item AS (
					SELECT o.order_id, i.n, p.product_id, i.sku, i.qty, i.price, coalesce(i.paid_amt, i.price * i.qty, 0) AS paid_amt,
					       coalesce(i.is_gift IN (''true'', ''1'', ''yes''), false) AS is_gift
					FROM (SELECT DISTINCT ON (order_id) order_id AS external_id, items FROM pg_temp.live_stage_1
					      WHERE record = ''order'' AND good
					      ORDER BY order_id, coalesce(updated_ts, paid_ts, created_ts) DESC, row_no DESC) AS t
					  JOIN orders o ON o.channel_id = $1 AND o.external_id = t.external_id, LATERAL %s AS i
					  JOIN product p ON p.channel_id = $1 AND p.external_id = i.product
					WHERE o.order_id = ANY ($2)),
				gone AS (
					DELETE FROM order_item x USING (SELECT order_id, max(n) AS lines FROM item GROUP BY order_id) AS g
					WHERE x.order_id = g.order_id AND x.line_no > g.lines)
				INSERT INTO order_item (order_id, line_no, product_id, sku, qty, unit_price, paid_amt, is_gift)
				SELECT * FROM item
				ON CONFLICT (order_id, line_no) DO UPDATE SET product_id = excluded.product_id, sku = excluded.sku, qty = excluded.qty,
					unit_price = excluded.unit_price, paid_amt = excluded.paid_amt, is_gift = excluded.is_gift',
				live_item_sql(target, v_channel)) USING v_channel, v_orders;
		END IF;
	END IF;

	IF 'refund' = ANY (v_kinds) THEN
		UPDATE pg_temp.live_stage_1 t SET reason = 'unknown order', good = false
		WHERE t.record = 'refund' AND t.good AND NOT EXISTS (SELECT FROM orders o WHERE o.channel_id = v_channel AND o.external_id = t.order_id);
		UPDATE pg_temp.live_stage_1 t SET reason = 'refund exceeds what was paid', good = false
		FROM orders o
		WHERE t.record = 'refund' AND t.good AND o.channel_id = v_channel AND o.external_id = t.order_id AND t.amount > o.paid_amt;
		INSERT INTO refund (channel_id, external_id, order_id, apply_ts, success_ts, amount, stage, updated_ts, batch_id)
		SELECT DISTINCT ON (t.refund) v_channel, t.refund, o.order_id, t.apply_ts, t.success_ts, t.amount, t.stage,
		       coalesce(t.updated_ts, t.success_ts, t.apply_ts, o.created_ts), v_batch
		FROM pg_temp.live_stage_1 t JOIN orders o ON o.channel_id = v_channel AND o.external_id = t.order_id
		WHERE t.record = 'refund' AND t.good
		ORDER BY t.refund, coalesce(t.updated_ts, t.success_ts, t.apply_ts, o.created_ts) DESC, t.row_no DESC
		ON CONFLICT (channel_id, external_id) DO UPDATE
		SET order_id = excluded.order_id, apply_ts = coalesce(excluded.apply_ts, refund.apply_ts),
		    success_ts = coalesce(excluded.success_ts, refund.success_ts), amount = excluded.amount,
		    stage = coalesce(excluded.stage, refund.stage), updated_ts = excluded.updated_ts, batch_id = excluded.batch_id
		WHERE excluded.updated_ts >= refund.updated_ts
		  AND (excluded.order_id, coalesce(excluded.apply_ts, refund.apply_ts), coalesce(excluded.success_ts, refund.success_ts), excluded.amount,
		       coalesce(excluded.stage, refund.stage), excluded.updated_ts)
		    IS DISTINCT FROM (refund.order_id, refund.apply_ts, refund.success_ts, refund.amount, refund.stage, refund.updated_ts);
		GET DIAGNOSTICS v_count = ROW_COUNT;
		accepted := accepted + v_count;
	END IF;

	IF v_kinds && '{promotion,exposure,coupon,ad,snapshot,stream}' THEN
		accepted := accepted + live_store_rest(target, v_channel);
	END IF;

	INSERT INTO ingest_reject (batch_id, row_no, record, list, reason, raw, viewer_hash)
	SELECT v_batch, row_no, record, list, reason, raw, viewer FROM pg_temp.live_stage_1 WHERE NOT good;
	GET DIAGNOSTICS rejected = ROW_COUNT;
	SELECT count(*) INTO total FROM pg_temp.live_stage_1;
	UPDATE ingest_batch SET rows_total = total, accepted = live_store.accepted, rejected = live_store.rejected,
		duplicate = live_store.total - live_store.accepted - live_store.rejected, late = v_late
	WHERE batch_id = v_batch;
END
$live$;
COMMENT ON FUNCTION live_store(name, bigint, smallint) IS
'takes what live_ingest has read into the tables, and the rest into ingest_reject';

CREATE FUNCTION live_store_viewers(target name, channel_id smallint, batch_id bigint)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000
SET search_path = pg_catalog, pg_temp
AS $live$
#variable_conflict use_column
DECLARE
	v_channel smallint := channel_id;
	v_batch bigint := batch_id;
BEGIN
	PERFORM set_config('search_path', (SELECT format('pg_catalog, %I, %I, pg_temp', target, n.nspname)
		FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'liveanalytics'), true);
	-- two that meet the same viewer at once: one waits, and its number goes unused
	WITH met AS MATERIALIZED (
		SELECT viewer, nextval(pg_get_serial_sequence(format('%I.viewer', target), 'viewer_id')) AS viewer_id
		FROM (SELECT DISTINCT t.viewer FROM pg_temp.live_stage_1 t
		      WHERE t.good AND t.viewer IS NOT NULL
		        AND NOT EXISTS (SELECT FROM viewer_identity i WHERE i.channel_id = v_channel AND i.external_hash = t.viewer)
		      ORDER BY t.viewer) AS d),
	person AS (
		INSERT INTO viewer (viewer_id, channel_id, first_batch) SELECT viewer_id, v_channel, v_batch FROM met)
	INSERT INTO viewer_identity (channel_id, external_hash, viewer_id)
	SELECT v_channel, viewer, viewer_id FROM met ORDER BY viewer
	ON CONFLICT DO NOTHING;
	DELETE FROM viewer v WHERE first_batch = v_batch AND NOT EXISTS (SELECT FROM viewer_identity i WHERE i.viewer_id = v.viewer_id);
END
$live$;
COMMENT ON FUNCTION live_store_viewers(name, smallint, bigint) IS
'gives a number to each viewer that live_ingest has read and that is not known yet';

CREATE FUNCTION live_store_rest(target name, channel_id smallint)
RETURNS int
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000
SET search_path = pg_catalog, pg_temp
AS $live$
#variable_conflict use_column
DECLARE
	v_channel smallint := channel_id;
	v_count int;
	v_done int := 0;
BEGIN
	PERFORM set_config('search_path', (SELECT format('pg_catalog, %I, %I, pg_temp', target, n.nspname)
		FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'liveanalytics'), true);
	INSERT INTO promotion (channel_id, external_id, kind, name, start_ts, end_ts, budget)
	SELECT DISTINCT ON (promotion) v_channel, promotion, kind, name, start_ts, end_ts, budget
	FROM pg_temp.live_stage_1 WHERE record = 'promotion' AND good
	ORDER BY promotion, row_no DESC
	ON CONFLICT (channel_id, external_id) DO UPDATE
	SET kind = excluded.kind, name = excluded.name, start_ts = excluded.start_ts, end_ts = excluded.end_ts, budget = excluded.budget
	WHERE (excluded.kind, excluded.name, excluded.start_ts, excluded.end_ts, excluded.budget)
	  IS DISTINCT FROM (promotion.kind, promotion.name, promotion.start_ts, promotion.end_ts, promotion.budget);
	GET DIAGNOSTICS v_count = ROW_COUNT;
	v_done := v_done + v_count;

	-- the first word on who was treated stands
	INSERT INTO promo_exposure (promo_id, viewer_id, arm, assigned_ts)
	SELECT DISTINCT ON (p.promo_id, i.viewer_id) p.promo_id, i.viewer_id, t.arm, t.ts
	FROM pg_temp.live_stage_1 t JOIN promotion p ON p.channel_id = v_channel AND p.external_id = t.promotion
	  JOIN viewer_identity i ON i.channel_id = v_channel AND i.external_hash = t.viewer
	WHERE t.record = 'exposure' AND t.good
	ORDER BY p.promo_id, i.viewer_id, t.ts, t.row_no
	ON CONFLICT DO NOTHING;
	GET DIAGNOSTICS v_count = ROW_COUNT;
	v_done := v_done + v_count;

	INSERT INTO coupon (channel_id, external_id, promo_id, viewer_id, claimed_ts, used_ts, order_external_id, value, updated_ts)
	SELECT DISTINCT ON (t.coupon) v_channel, t.coupon, p.promo_id, i.viewer_id, t.claimed_ts, t.used_ts, t.order_id, t.value,
	       coalesce(t.updated_ts, t.used_ts, t.claimed_ts)
	FROM pg_temp.live_stage_1 t JOIN promotion p ON p.channel_id = v_channel AND p.external_id = t.promotion
	  LEFT JOIN viewer_identity i ON i.channel_id = v_channel AND i.external_hash = t.viewer
	WHERE t.record = 'coupon' AND t.good
	ORDER BY t.coupon, coalesce(t.updated_ts, t.used_ts, t.claimed_ts) DESC, t.row_no DESC
	ON CONFLICT (channel_id, external_id) DO UPDATE
	SET promo_id = excluded.promo_id, viewer_id = coalesce(excluded.viewer_id, coupon.viewer_id), claimed_ts = excluded.claimed_ts,
	    used_ts = excluded.used_ts, order_external_id = excluded.order_external_id, value = excluded.value, updated_ts = excluded.updated_ts
	WHERE excluded.updated_ts >= coupon.updated_ts
	  AND (excluded.promo_id, coalesce(excluded.viewer_id, coupon.viewer_id), excluded.claimed_ts, excluded.used_ts, excluded.order_external_id,
	       excluded.value, excluded.updated_ts)
	    IS DISTINCT FROM (coupon.promo_id, coupon.viewer_id, coupon.claimed_ts, coupon.used_ts, coupon.order_external_id, coupon.value,
	       coupon.updated_ts);
	GET DIAGNOSTICS v_count = ROW_COUNT;
	v_done := v_done + v_count;

	INSERT INTO ad_spend (channel_id, plan_id, hour, scope, stream_id, cost, impressions, clicks, attributed_orders, attributed_gmv, updated_ts)
	SELECT DISTINCT ON (t.plan, date_trunc('hour', t.hour, 'UTC'), coalesce(t.scope, 'promoted')) v_channel, t.plan,
	       date_trunc('hour', t.hour, 'UTC'), coalesce(t.scope, 'promoted'), s.stream_id, t.cost, t.impressions, t.clicks, t.attributed_orders,
	       t.attributed_gmv, coalesce(t.updated_ts, t.hour)
	FROM pg_temp.live_stage_1 t LEFT JOIN stream s ON s.channel_id = v_channel AND s.external_id = t.stream
	WHERE t.record = 'ad' AND t.good
	ORDER BY t.plan, date_trunc('hour', t.hour, 'UTC'), coalesce(t.scope, 'promoted'), coalesce(t.updated_ts, t.hour) DESC, t.row_no DESC
	ON CONFLICT (channel_id, plan_id, hour, scope) DO UPDATE
	SET stream_id = excluded.stream_id, cost = excluded.cost, impressions = excluded.impressions, clicks = excluded.clicks,
	    attributed_orders = excluded.attributed_orders, attributed_gmv = excluded.attributed_gmv, updated_ts = excluded.updated_ts
	WHERE excluded.updated_ts >= ad_spend.updated_ts
	  AND (excluded.stream_id, excluded.cost, excluded.impressions, excluded.clicks, excluded.attributed_orders, excluded.attributed_gmv,
	       excluded.updated_ts)
	    IS DISTINCT FROM (ad_spend.stream_id, ad_spend.cost, ad_spend.impressions, ad_spend.clicks, ad_spend.attributed_orders,
	       ad_spend.attributed_gmv, ad_spend.updated_ts);
	GET DIAGNOSTICS v_count = ROW_COUNT;
	v_done := v_done + v_count;

	INSERT INTO platform_snapshot (stream_id, captured_at, metric, value)
	SELECT DISTINCT ON (s.stream_id, t.metric, t.captured_at) s.stream_id, t.captured_at, t.metric, t.value
	FROM pg_temp.live_stage_1 t JOIN stream s ON s.channel_id = v_channel AND s.external_id = t.stream
	WHERE t.record = 'snapshot' AND t.good
	ORDER BY s.stream_id, t.metric, t.captured_at, t.row_no DESC
	ON CONFLICT (stream_id, metric, captured_at) DO UPDATE SET value = excluded.value
	WHERE excluded.value <> platform_snapshot.value;
	GET DIAGNOSTICS v_count = ROW_COUNT;
	v_done := v_done + v_count;

	-- totals that came along with a stream
	INSERT INTO platform_snapshot (stream_id, captured_at, metric, value)
	SELECT DISTINCT ON (s.stream_id, j.key, captured_at) s.stream_id,
	       coalesce(t.updated_ts, t.end_ts, t.start_ts, now()) AS captured_at, j.key, j.value::numeric
	FROM pg_temp.live_stage_1 t JOIN stream s ON s.channel_id = v_channel AND s.external_id = t.stream, jsonb_each_text(t.snap) AS j
	WHERE t.record = 'stream' AND t.good
	ORDER BY s.stream_id, j.key, captured_at, t.row_no DESC
	ON CONFLICT (stream_id, metric, captured_at) DO UPDATE SET value = excluded.value
	WHERE excluded.value <> platform_snapshot.value;
	RETURN v_done;
END
$live$;
COMMENT ON FUNCTION live_store_rest(name, smallint) IS
'takes promotions, coupons, advertising and reported totals that live_ingest has read into their tables';

CREATE FUNCTION live_ingest(target name, channel text, payload jsonb,
  OUT batch_id bigint, OUT accepted int, OUT duplicate int, OUT rejected int)
RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $live$
#variable_conflict use_column
DECLARE
	v_channel smallint;
	v_list record;
	v_rows jsonb;
	v_pads text;
	v_total int;
	v_known text := '';
	v_any boolean := false;
BEGIN
	PERFORM set_config('search_path', (SELECT format('pg_catalog, %I, %I, pg_temp', target, n.nspname)
		FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'liveanalytics'), true);
	PERFORM live_check(target);
	IF channel IS NULL OR payload IS NULL THEN
		RAISE EXCEPTION 'channel and payload must not be NULL' USING ERRCODE = '22004';
	END IF;
	SELECT c.channel_id INTO v_channel FROM channel c WHERE c.code = live_ingest.channel;
	IF v_channel IS NULL THEN
		RAISE EXCEPTION 'unknown channel "%"', channel USING ERRCODE = '22023',
			HINT = format('The channels are %s. Rows of the tables channel, channel_record and channel_field make another.',
				(SELECT string_agg(c.code, ', ' ORDER BY c.channel_id) FROM channel c));
	END IF;
	IF jsonb_typeof(payload) <> 'object' THEN
		RAISE EXCEPTION 'payload must be a JSON object with lists of records, not %', jsonb_typeof(payload) USING ERRCODE = '22023';
	END IF;
	FOR v_list IN SELECT r.path FROM channel_record r WHERE r.channel_id = v_channel ORDER BY r.path LOOP
		v_known := concat_ws(', ', nullif(v_known, ''), array_to_string(v_list.path, '.'));
		v_any := v_any OR payload #> v_list.path IS NOT NULL;
	END LOOP;
	IF NOT v_any THEN
		RAISE EXCEPTION 'payload has none of the lists that channel % sends', channel USING ERRCODE = '22023',
			HINT = format('They are %s.', v_known);
	END IF;

	-- the same payload once more: whoever comes second waits for the first to end
	INSERT INTO ingest_batch (channel_id, payload_sha256) VALUES (v_channel, sha256(convert_to(payload::text, 'UTF8')))
	ON CONFLICT DO NOTHING
	RETURNING ingest_batch.batch_id INTO batch_id;
	IF batch_id IS NULL THEN
		UPDATE ingest_batch b SET repeats = b.repeats + 1
		WHERE b.channel_id = v_channel AND b.payload_sha256 = sha256(convert_to(payload::text, 'UTF8'))
		RETURNING b.batch_id, 0, b.rows_total, 0 INTO batch_id, accepted, duplicate, rejected;
		RETURN;
	END IF;

	v_pads := live_key_pads(target);
	PERFORM live_stage_table();
	FOR v_list IN SELECT r.record, r.path, r.defaults FROM channel_record r WHERE r.channel_id = v_channel ORDER BY r.record, r.path LOOP
		v_rows := payload #> v_list.path;
		CONTINUE WHEN v_rows IS NULL OR jsonb_typeof(v_rows) = 'null';
		IF jsonb_typeof(v_rows) <> 'array' THEN
			v_rows := jsonb_build_array(v_rows);
		END IF;
		EXECUTE live_stage_sql(target, v_channel, v_list.record, v_list.defaults, v_pads, NULL, false) USING v_rows, v_list.path;
	END LOOP;
	SELECT s.accepted, s.rejected, s.total INTO accepted, rejected, v_total FROM live_store(target, batch_id, v_channel) AS s;
	duplicate := v_total - accepted - rejected;
END
$live$;
COMMENT ON FUNCTION live_ingest(name, text, jsonb) IS
'takes a payload of a channel into the tables: what is known is counted as duplicate, what cannot be taken is kept in ingest_reject with a reason';

CREATE FUNCTION live_replay(target name, OUT batches int, OUT accepted int, OUT duplicate int, OUT rejected int)
RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $live$
#variable_conflict use_column
DECLARE
	v_channel smallint;
	v_list record;
	v_ids bigint[];
	v_batch bigint;
	v_pads text;
	v_part record;
BEGIN
	PERFORM set_config('search_path', (SELECT format('pg_catalog, %I, %I, pg_temp', target, n.nspname)
		FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'liveanalytics'), true);
	PERFORM live_check(target);
	SELECT r.batches, r.accepted, r.duplicate, r.rejected INTO batches, accepted, duplicate, rejected FROM live_reopen(target) AS r;
	v_pads := live_key_pads(target);
	FOR v_channel IN SELECT DISTINCT b.channel_id FROM ingest_reject r JOIN ingest_batch b USING (batch_id)
		WHERE r.replayed_batch IS NULL AND r.raw IS NOT NULL ORDER BY 1
	LOOP
		SELECT array_agg(reject_id) INTO v_ids FROM (
			SELECT r.reject_id FROM ingest_reject r JOIN ingest_batch b USING (batch_id)
			WHERE b.channel_id = v_channel AND r.replayed_batch IS NULL AND r.raw IS NOT NULL
			ORDER BY r.reject_id FOR UPDATE OF r) AS q;
		CONTINUE WHEN v_ids IS NULL;
		INSERT INTO ingest_batch (channel_id, payload_sha256)
		VALUES (v_channel, sha256(convert_to('replay ' || gen_random_uuid()::text, 'UTF8')))
		RETURNING ingest_batch.batch_id INTO v_batch;
		PERFORM live_stage_table();
		FOR v_list IN SELECT r.record, r.list, c.defaults, jsonb_agg(r.raw ORDER BY r.reject_id) AS rows
			FROM ingest_reject r LEFT JOIN channel_record c ON c.channel_id = v_channel AND c.record = r.record AND c.path = r.list
			WHERE r.reject_id = ANY (v_ids) AND r.replayed_batch IS NULL AND r.raw IS NOT NULL
			GROUP BY r.record, r.list, c.defaults ORDER BY r.record, r.list
		LOOP
			EXECUTE live_stage_sql(target, v_channel, v_list.record, coalesce(v_list.defaults, '{}'), v_pads, NULL, v_list.list = '{(rows)}')
			USING v_list.rows, v_list.list;
		END LOOP;
		UPDATE ingest_reject SET replayed_batch = v_batch, raw = NULL
		WHERE reject_id = ANY (v_ids) AND replayed_batch IS NULL AND raw IS NOT NULL;
		SELECT * INTO v_part FROM live_store(target, v_batch, v_channel);
		batches := batches + 1;
		accepted := accepted + v_part.accepted;
		duplicate := duplicate + v_part.total - v_part.accepted - v_part.rejected;
		rejected := rejected + v_part.rejected;
	END LOOP;
END
$live$;
COMMENT ON FUNCTION live_replay(name) IS
'tries again what is in ingest_reject: after a mapping was corrected, or an order that a refund was waiting for came in';
-- Rollups. Statement triggers note in the table dirty_bucket, within the
-- writing transaction, which minutes and viewers of which streams have changed.
-- live_refresh takes notes away and computes those buckets anew from the base
-- tables, in later statements of the same transaction: each sees whatever was
-- committed along with the notes. What is committed in between has notes of its
-- own. Refreshes of one schema take turns, so none overwrites a newer one's work.

CREATE FUNCTION live_partition_triggers(target name, part name)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000
SET search_path = pg_catalog, pg_temp
AS $live$
BEGIN
	-- a statement that names the partition fires these, one that names event its own
	EXECUTE format('CREATE TRIGGER mark_insert AFTER INSERT ON %1$I.%2$I REFERENCING NEW TABLE AS new_rows
		FOR EACH STATEMENT EXECUTE FUNCTION %1$I.mark_event()', target, part);
	EXECUTE format('CREATE TRIGGER mark_update AFTER UPDATE ON %1$I.%2$I REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
		FOR EACH STATEMENT EXECUTE FUNCTION %1$I.mark_event()', target, part);
	EXECUTE format('CREATE TRIGGER mark_delete AFTER DELETE ON %1$I.%2$I REFERENCING OLD TABLE AS old_rows
		FOR EACH STATEMENT EXECUTE FUNCTION %1$I.mark_event()', target, part);
	EXECUTE format('CREATE TRIGGER mark_truncate AFTER TRUNCATE ON %1$I.%2$I
		FOR EACH STATEMENT EXECUTE FUNCTION %1$I.mark_everything()', target, part);
END
$live$;
COMMENT ON FUNCTION live_partition_triggers(name, name) IS
'makes the triggers of a partition of the events that note what has changed';

CREATE FUNCTION live_build_triggers(target name)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000
SET search_path = pg_catalog, pg_temp
AS $live$
DECLARE
	v_item record;
	v_old text;
	v_new text;
	v_name name;
	v_event text;
BEGIN
	-- each function notes, for the rows of a transition table that stands for %s,
	-- what depends on them; they belong to the schema and outlive the extension
	FOR v_item IN SELECT * FROM (VALUES
		('mark_event', 'event', '',
		 'SELECT ''minute'', stream_id, floor(extract(epoch FROM event_ts) / 60)::bigint FROM %1$s GROUP BY 2, 3
		  UNION ALL SELECT ''viewer'', stream_id, coalesce(viewer_id, 0) FROM %1$s GROUP BY 2, 3'),
		('mark_total', 'viewer_total', '', 'SELECT ''viewer'', stream_id, viewer_id FROM %1$s'),
		('mark_order', 'orders', 'SELECT ''all'', stream_id, 0 FROM old_rows WHERE stream_id IS NOT NULL GROUP BY 2',
		 'SELECT ''minute'', stream_id, floor(extract(epoch FROM paid_ts) / 60)::bigint FROM %1$s WHERE stream_id IS NOT NULL AND paid_ts IS NOT NULL
		  UNION SELECT ''viewer'', stream_id, coalesce(viewer_id, 0) FROM %1$s WHERE stream_id IS NOT NULL
		  UNION SELECT ''minute'', o.stream_id, floor(extract(epoch FROM r.success_ts) / 60)::bigint FROM %1$s o JOIN refund r USING (order_id)
		        WHERE o.stream_id IS NOT NULL AND r.success_ts IS NOT NULL'),
		('mark_item', 'order_item', '',
		 'SELECT ''minute'', o.stream_id, floor(extract(epoch FROM o.paid_ts) / 60)::bigint FROM %1$s x JOIN orders o USING (order_id)
		        WHERE o.stream_id IS NOT NULL AND o.paid_ts IS NOT NULL
		  UNION SELECT ''viewer'', o.stream_id, coalesce(o.viewer_id, 0) FROM %1$s x JOIN orders o USING (order_id) WHERE o.stream_id IS NOT NULL'),
		('mark_refund', 'refund', '',
		 'SELECT ''minute'', o.stream_id, floor(extract(epoch FROM t.ts) / 60)::bigint
		  FROM %1$s x JOIN orders o USING (order_id), LATERAL (VALUES (x.success_ts), (o.paid_ts)) AS t (ts)
		  WHERE o.stream_id IS NOT NULL AND t.ts IS NOT NULL
		  UNION SELECT ''viewer'', o.stream_id, coalesce(o.viewer_id, 0) FROM %1$s x JOIN orders o USING (order_id) WHERE o.stream_id IS NOT NULL'),
		('mark_stream', 'stream', '', 'SELECT ''all'', stream_id, 0 FROM %1$s'),
		('mark_setting', 'setting', '', 'SELECT ''all'', stream_id, 0 FROM stream')) AS v (name, tab, deleted, notes)
	LOOP
		v_old := 'INSERT INTO dirty_bucket (kind, stream_id, key) ' || coalesce(nullif(v_item.deleted, ''), format(v_item.notes, 'old_rows'));
		v_new := 'INSERT INTO dirty_bucket (kind, stream_id, key) ' || format(v_item.notes, 'new_rows');
		IF v_item.name = 'mark_stream' THEN
			-- a title or a host is looked up by the views; only the bounds are in the rollups
			v_new := 'INSERT INTO dirty_bucket (kind, stream_id, key) SELECT ''all'', n.stream_id, 0 FROM new_rows n JOIN old_rows o USING (stream_id)
				WHERE (n.start_ts, n.end_ts) IS DISTINCT FROM (o.start_ts, o.end_ts)';
		ELSIF v_item.name = 'mark_setting' THEN
			v_new := v_new || ' WHERE EXISTS (SELECT FROM new_rows n, old_rows o WHERE (n.stats_tz, n.day_cut, n.heartbeat_timeout)
				IS DISTINCT FROM (o.stats_tz, o.day_cut, o.heartbeat_timeout))';
		END IF;
		EXECUTE format('CREATE OR REPLACE FUNCTION %1$I.%2$I() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, %1$I, pg_temp AS %3$L',
			target, v_item.name, format(CASE WHEN v_item.name IN ('mark_stream', 'mark_setting') THEN '
BEGIN
	IF TG_OP = ''DELETE'' THEN
		%2$s;
	ELSIF TG_OP = ''UPDATE'' THEN
		%1$s;
	END IF;
	RETURN NULL;
END
' ELSE '
BEGIN
	IF TG_OP <> ''INSERT'' THEN
		%2$s;
	END IF;
	IF TG_OP <> ''DELETE'' THEN
		%1$s;
	END IF;
	RETURN NULL;
END
' END, v_new, CASE WHEN v_item.deleted = '' THEN v_old ELSE format('IF TG_OP = ''DELETE'' THEN
			%s;
		ELSE
			INSERT INTO dirty_bucket (kind, stream_id, key) %s;
		END IF', v_old, format(v_item.notes, 'old_rows')) END));
		EXECUTE format('COMMENT ON FUNCTION %I.%I() IS %L', target, v_item.name, 'notes in dirty_bucket what changes of ' || v_item.tab || ' affect');
		FOREACH v_event IN ARRAY ARRAY['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE'] LOOP
			CONTINUE WHEN v_event = 'INSERT' AND v_item.name IN ('mark_stream', 'mark_setting') OR v_event = 'TRUNCATE' AND v_item.name = 'mark_setting';
			v_name := 'mark_' || lower(v_event);
			CONTINUE WHEN EXISTS (SELECT FROM pg_trigger WHERE tgrelid = format('%I.%I', target, v_item.tab)::regclass AND tgname = v_name);
			IF v_event = 'TRUNCATE' THEN
				EXECUTE format('CREATE OR REPLACE FUNCTION %1$I.mark_everything() RETURNS trigger LANGUAGE plpgsql
					SET search_path = pg_catalog, %1$I, pg_temp AS %2$L', target, '
BEGIN
	INSERT INTO dirty_bucket (kind, stream_id, key)
	SELECT ''all'', stream_id, 0 FROM stream UNION SELECT ''all'', stream_id, 0 FROM roll_stream;
	RETURN NULL;
END
');
			END IF;
			EXECUTE format('CREATE TRIGGER %I AFTER %s ON %I.%I %s FOR EACH STATEMENT EXECUTE FUNCTION %I.%I()', v_name, v_event, target, v_item.tab,
				CASE v_event WHEN 'INSERT' THEN 'REFERENCING NEW TABLE AS new_rows'
					WHEN 'UPDATE' THEN 'REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows'
					WHEN 'DELETE' THEN 'REFERENCING OLD TABLE AS old_rows' ELSE '' END,
				target, CASE v_event WHEN 'TRUNCATE' THEN 'mark_everything' ELSE v_item.name END);
		END LOOP;
	END LOOP;
	EXECUTE format('COMMENT ON FUNCTION %I.mark_everything() IS %L', target, 'notes in dirty_bucket that every stream has changed');
END
$live$;
COMMENT ON FUNCTION live_build_triggers(name) IS
'makes the triggers that note in dirty_bucket what has changed';

CREATE FUNCTION live_event_source(target name, streams bigint[])
RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 1000
SET search_path = pg_catalog, pg_temp
AS $live$
DECLARE
	v_part regclass;
	v_found boolean;
	v_parts text := '';
BEGIN
	-- naming the partitions leaves out of the query every condition on the time: a
	-- running stream lies beyond the statistics, which then promise a row at most
	FOR v_part IN
		SELECT relid FROM pg_partition_tree(format('%I.event', target)::regclass) WHERE isleaf ORDER BY relid::text
	LOOP
		EXECUTE format('SELECT EXISTS (SELECT FROM unnest($1) AS d (stream_id),
			LATERAL (SELECT FROM %s AS e WHERE e.stream_id = d.stream_id ORDER BY e.event_ts LIMIT 1) AS x)', v_part)
		INTO v_found USING streams;
		IF v_found THEN
			v_parts := v_parts || CASE WHEN v_parts = '' THEN '' ELSE ' UNION ALL ' END
				|| 'SELECT stream_id, viewer_id, event_ts, type, product_id, source, qty, amount FROM ' || v_part;
		END IF;
	END LOOP;
	RETURN format('(%s)', coalesce(nullif(v_parts, ''), format('SELECT * FROM %I.event WHERE false', target)));
END
$live$;
COMMENT ON FUNCTION live_event_source(name, bigint[]) IS
'the partitions that have events of the streams, as a subquery for live_rollup_sql';

CREATE FUNCTION live_rollup_sql(rollup text, events text)
RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $live$
DECLARE
	v_people text;
BEGIN
	v_people := $sql$
		v AS (
			SELECT d.stream_id, v.viewer_id, sum(impressions_cnt) AS impressions, sum(views_cnt) AS views, sum(watch_s) AS watch_s,
			       sum(comments_cnt) AS comments, sum(likes_cnt) AS likes, sum(shares_cnt) AS shares, sum(follows_cnt) AS follows,
			       sum(fanclub_cnt) AS fanclub, sum(product_show_cnt) AS shows, sum(product_click_cnt) AS clicks, sum(order_cnt) AS orders,
			       sum(pay_order_cnt) AS paid, max(seq_exposed) AS seq_exposed, max(seq_entered) AS seq_entered,
			       sum(comments_cnt) FILTER (WHERE reported) AS r_comments, sum(likes_cnt) FILTER (WHERE reported) AS r_likes,
			       sum(shares_cnt) FILTER (WHERE reported) AS r_shares
			FROM d, LATERAL (SELECT * FROM roll_viewer v WHERE v.stream_id = d.stream_id @viewer OFFSET 0) AS v
			GROUP BY d.stream_id, v.viewer_id),
		a AS (
			SELECT stream_id, count(*) FILTER (WHERE impressions > 0) AS impressions_ucnt, count(*) FILTER (WHERE here) AS viewers_ucnt,
			       sum(watch_s) AS watch_s, count(*) FILTER (WHERE watch_s >= 60) AS stay_60s_ucnt,
			       count(*) FILTER (WHERE here AND watch_s < 3) AS bounce_ucnt,
			       count(*) FILTER (WHERE here AND comments + likes + shares > 0) AS interact_ucnt,
			       count(*) FILTER (WHERE here AND comments > 0) AS comment_ucnt, count(*) FILTER (WHERE here AND likes > 0) AS like_ucnt,
			       count(*) FILTER (WHERE here AND shares > 0) AS share_ucnt, count(*) FILTER (WHERE here AND follows > 0) AS follow_ucnt,
			       count(*) FILTER (WHERE here AND fanclub > 0) AS fanclub_ucnt, count(*) FILTER (WHERE shows > 0) AS product_show_ucnt,
			       count(*) FILTER (WHERE clicks > 0) AS product_click_ucnt, count(*) FILTER (WHERE orders > 0) AS order_ucnt,
			       count(*) FILTER (WHERE paid > 0) AS pay_ucnt, coalesce(sum(r_comments), 0)::bigint AS reported_comments,
			       coalesce(sum(r_likes), 0)::bigint AS reported_likes, coalesce(sum(r_shares), 0)::bigint AS reported_shares,
			       count(*) FILTER (WHERE seq_exposed >= 1) AS exposed_1, count(*) FILTER (WHERE seq_exposed >= 2) AS exposed_2,
			       count(*) FILTER (WHERE seq_exposed >= 3) AS exposed_3, count(*) FILTER (WHERE seq_exposed >= 4) AS exposed_4,
			       count(*) FILTER (WHERE seq_exposed >= 5) AS exposed_5, count(*) FILTER (WHERE seq_entered >= 1) AS entered_1,
			       count(*) FILTER (WHERE seq_entered >= 2) AS entered_2, count(*) FILTER (WHERE seq_entered >= 3) AS entered_3,
			       count(*) FILTER (WHERE seq_entered >= 4) AS entered_4
			FROM (SELECT *, views > 0 OR watch_s > 0 AS here FROM v) AS v
			GROUP BY stream_id)$sql$;
	-- the definition of a rollup for the streams $1 and their keys $2 (minutes or
	-- viewers). OFFSET 0 has each key looked up in an index, whatever the statistics
	-- say: so the cost follows the keys and not the tables
	RETURN replace(replace(replace(CASE rollup
	WHEN 'roll_minute' THEN $sql$
		WITH d AS (SELECT stream_id, to_timestamp(key * 60) AS minute, to_timestamp(key * 60 + 60) AS until FROM unnest($1, $2) AS d (stream_id, key)),
		e AS (
			SELECT d.stream_id, d.minute,
			       sum(qty) FILTER (WHERE type = 'expose_room') AS impressions, sum(qty) FILTER (WHERE type = 'enter') AS views,
			       sum(qty) FILTER (WHERE type = 'leave') AS leaves, sum(qty) FILTER (WHERE type = 'comment') AS comments,
			       sum(qty) FILTER (WHERE type = 'like') AS likes, sum(qty) FILTER (WHERE type = 'share') AS shares,
			       sum(qty) FILTER (WHERE type = 'follow') AS follows, sum(qty) FILTER (WHERE type = 'unfollow') AS unfollows,
			       sum(qty) FILTER (WHERE type = 'fanclub_join') AS fanclub, sum(qty) FILTER (WHERE type = 'gift') AS gifts,
			       sum(amount) FILTER (WHERE type = 'gift') AS gift_amt, sum(qty) FILTER (WHERE type = 'product_show') AS shows,
			       sum(qty) FILTER (WHERE type = 'product_click') AS clicks, sum(qty) FILTER (WHERE type = 'add_cart') AS carts,
			       sum(qty) FILTER (WHERE type = 'coupon_claim') AS claims
			FROM d, LATERAL (
				SELECT type, qty, amount FROM @events AS e
				WHERE e.stream_id = d.stream_id AND e.event_ts >= d.minute AND e.event_ts < d.until OFFSET 0) AS e
			GROUP BY d.stream_id, d.minute),
		o AS (
			SELECT d.stream_id, d.minute, count(*) AS orders, sum(u.units) AS units, sum(o.paid_amt) AS gmv, sum(r.amount) AS refunds
			FROM d CROSS JOIN LATERAL (
				SELECT order_id, paid_amt FROM orders o
				WHERE o.stream_id = d.stream_id AND o.paid_ts >= d.minute AND o.paid_ts < d.until OFFSET 0) AS o
			  LEFT JOIN LATERAL (SELECT sum(i.qty) AS units FROM order_item i WHERE i.order_id = o.order_id AND NOT i.is_gift) AS u ON true
			  LEFT JOIN LATERAL (SELECT sum(r.amount) AS amount FROM refund r WHERE r.order_id = o.order_id AND r.success_ts IS NOT NULL) AS r ON true
			GROUP BY d.stream_id, d.minute),
		r AS (
			SELECT d.stream_id, d.minute, sum(r.amount) AS refunds
			FROM d, LATERAL (
				SELECT r.amount FROM refund r
				WHERE r.success_ts >= d.minute AND r.success_ts < d.until
				  AND (SELECT o.stream_id FROM orders o WHERE o.order_id = r.order_id) = d.stream_id OFFSET 0) AS r
			GROUP BY d.stream_id, d.minute)
		SELECT stream_id, minute, coalesce(impressions, 0)::bigint AS impressions_cnt, coalesce(views, 0)::bigint AS views_cnt,
		       coalesce(leaves, 0)::bigint AS leaves_cnt, coalesce(comments, 0)::bigint AS comments_cnt, coalesce(likes, 0)::bigint AS likes_cnt,
		       coalesce(shares, 0)::bigint AS shares_cnt, coalesce(follows, 0)::bigint AS follows_cnt,
		       coalesce(unfollows, 0)::bigint AS unfollows_cnt, coalesce(fanclub, 0)::bigint AS fanclub_cnt, coalesce(gifts, 0)::bigint AS gifts_cnt,
		       coalesce(gift_amt, 0) AS gift_amt, coalesce(shows, 0)::bigint AS product_show_cnt, coalesce(clicks, 0)::bigint AS product_click_cnt,
		       coalesce(carts, 0)::bigint AS add_cart_cnt, coalesce(claims, 0)::bigint AS coupon_claim_cnt,
		       coalesce(orders, 0)::bigint AS pay_order_cnt, coalesce(units, 0)::bigint AS units, coalesce(gmv, 0) AS gmv_pay,
		       coalesce(o.refunds, 0) AS refund_pay_amt, coalesce(r.refunds, 0) AS refund_time_amt
		FROM e FULL JOIN o USING (stream_id, minute) FULL JOIN r USING (stream_id, minute)$sql$
	WHEN 'roll_session' THEN $sql$
		WITH d AS (SELECT * FROM unnest($1, $2) AS d (stream_id, viewer_id)),
		-- an entry begins a visit, to which all at its time belongs but a leaving: that ends what was before
		e AS (
			SELECT d.stream_id, d.viewer_id, e.event_ts, e.type,
			       count(*) FILTER (WHERE e.type = 'enter') OVER (PARTITION BY d.stream_id, d.viewer_id ORDER BY e.event_ts, e.type <> 'leave', e.type <> 'enter'
			         ROWS UNBOUNDED PRECEDING) AS visit
			FROM d, LATERAL (
				SELECT event_ts, type FROM @events AS e WHERE e.stream_id = d.stream_id AND e.viewer_id = d.viewer_id OFFSET 0) AS e),
		v AS (
			SELECT stream_id, viewer_id, visit, min(event_ts) AS enter_ts, min(event_ts) FILTER (WHERE type = 'leave') AS left_ts,
			       max(event_ts) AS last_ts, lead(min(event_ts)) OVER (PARTITION BY stream_id, viewer_id ORDER BY visit) AS next_ts
			FROM e WHERE visit > 0
			GROUP BY stream_id, viewer_id, visit),
		b AS (
			SELECT v.stream_id, v.viewer_id, v.enter_ts,
			       coalesce(left_ts, least(last_ts + c.heartbeat_timeout, next_ts)) AS leave_ts,
			       CASE WHEN left_ts IS NOT NULL THEN 'leave' WHEN next_ts < last_ts + c.heartbeat_timeout THEN 'reenter' ELSE 'timeout' END AS closed_by,
			       s.start_ts, s.end_ts
			FROM v CROSS JOIN (SELECT heartbeat_timeout FROM setting LIMIT 1) AS c LEFT JOIN stream s ON s.stream_id = v.stream_id)
		SELECT stream_id, viewer_id, greatest(enter_ts, start_ts) AS enter_ts, max(least(leave_ts, end_ts)) AS leave_ts,
		       (array_agg(CASE WHEN end_ts < leave_ts THEN 'stream_end' ELSE closed_by END ORDER BY leave_ts DESC, closed_by))[1] AS closed_by
		FROM b
		WHERE greatest(enter_ts, start_ts) < least(leave_ts, end_ts)
		GROUP BY stream_id, viewer_id, greatest(enter_ts, start_ts)$sql$
	WHEN 'roll_viewer' THEN $sql$
		WITH d AS (SELECT * FROM unnest($1, $2) AS d (stream_id, viewer_id)),
		c AS (SELECT stats_tz, day_cut FROM setting LIMIT 1),
		e AS MATERIALIZED (
			SELECT d.stream_id, d.viewer_id, e.event_ts, e.type, e.qty, e.source,
			       ((e.event_ts AT TIME ZONE c.stats_tz) - c.day_cut)::date AS biz_date
			FROM d CROSS JOIN c, LATERAL (
				SELECT event_ts, type, qty, source FROM @events AS e WHERE e.stream_id = d.stream_id AND e.viewer_id = d.viewer_id OFFSET 0) AS e),
		o AS MATERIALIZED (
			SELECT d.stream_id, d.viewer_id, o.created_ts, o.paid_ts, o.paid_amt,
			       (SELECT sum(r.amount) FROM refund r WHERE r.order_id = o.order_id AND r.success_ts IS NOT NULL) AS refunds,
			       ((o.created_ts AT TIME ZONE c.stats_tz) - c.day_cut)::date AS created_date,
			       ((o.paid_ts AT TIME ZONE c.stats_tz) - c.day_cut)::date AS paid_date
			FROM d CROSS JOIN c, LATERAL (SELECT * FROM orders o WHERE o.stream_id = d.stream_id AND o.viewer_id = d.viewer_id OFFSET 0) AS o),
		-- how far a viewer has come in order, however long it took
		s AS (
			SELECT stream_id, viewer_id, window_funnel(event_ts, interval '100000 days', step) AS exposed,
			       window_funnel(event_ts, interval '100000 days', step - 1) AS entered,
			       (array_agg(source ORDER BY event_ts, source) FILTER (WHERE step = 2 AND source IS NOT NULL))[1] AS source
			FROM (SELECT stream_id, viewer_id, event_ts, source,
			             CASE type WHEN 'expose_room' THEN 1 WHEN 'enter' THEN 2 WHEN 'product_show' THEN 3 WHEN 'product_click' THEN 4 END AS step
			      FROM e WHERE type IN ('expose_room', 'enter', 'product_show', 'product_click')
			      UNION ALL SELECT stream_id, viewer_id, paid_ts, NULL, 5 FROM o WHERE paid_ts IS NOT NULL) AS t
			GROUP BY stream_id, viewer_id),
		a AS (
			SELECT stream_id, viewer_id, biz_date, false AS reported,
			       sum(qty) FILTER (WHERE type = 'expose_room') AS impressions, sum(qty) FILTER (WHERE type = 'enter') AS views, 0 AS watch_s,
			       sum(qty) FILTER (WHERE type = 'comment') AS comments, sum(qty) FILTER (WHERE type = 'like') AS likes,
			       sum(qty) FILTER (WHERE type = 'share') AS shares, sum(qty) FILTER (WHERE type = 'follow') AS follows,
			       sum(qty) FILTER (WHERE type = 'fanclub_join') AS fanclub, sum(qty) FILTER (WHERE type = 'product_show') AS shows,
			       sum(qty) FILTER (WHERE type = 'product_click') AS clicks, 0 AS orders, 0 AS paid, 0 AS gmv, 0 AS refunds,
			       0 AS seq_exposed, 0 AS seq_entered, NULL::text AS source
			FROM e GROUP BY stream_id, viewer_id, biz_date
			UNION ALL
			SELECT d.stream_id, d.viewer_id, day::date, false, 0, 0,
			       sum(extract(epoch FROM least(s.leave_ts, ((day + interval '1 day' + c.day_cut) AT TIME ZONE c.stats_tz))
			         - greatest(s.enter_ts, ((day + c.day_cut) AT TIME ZONE c.stats_tz)))), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, NULL
			FROM d CROSS JOIN c,
			  LATERAL (SELECT enter_ts, leave_ts FROM roll_session s WHERE s.stream_id = d.stream_id AND s.viewer_id = d.viewer_id OFFSET 0) AS s,
			  LATERAL generate_series(date_trunc('day', (s.enter_ts AT TIME ZONE c.stats_tz) - c.day_cut),
			    date_trunc('day', (s.leave_ts AT TIME ZONE c.stats_tz) - c.day_cut), interval '1 day') AS day
			WHERE s.leave_ts > ((day + c.day_cut) AT TIME ZONE c.stats_tz)
			GROUP BY d.stream_id, d.viewer_id, day
			UNION ALL
			SELECT stream_id, viewer_id, created_date, false, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, count(*), 0, 0, 0, 0, 0, NULL
			FROM o GROUP BY stream_id, viewer_id, created_date
			UNION ALL
			SELECT stream_id, viewer_id, paid_date, false, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, count(*), sum(paid_amt), sum(refunds), 0, 0, NULL
			FROM o WHERE paid_ts IS NOT NULL GROUP BY stream_id, viewer_id, paid_date
			UNION ALL
			SELECT d.stream_id, d.viewer_id, ((coalesce(t.start_ts, t.captured_at) AT TIME ZONE c.stats_tz) - c.day_cut)::date, true, 0, 0,
			       coalesce(t.watch_s, 0), coalesce(t.comments, 0), coalesce(t.likes, 0), coalesce(t.shares, 0), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, NULL
			FROM d CROSS JOIN c, LATERAL (
				SELECT t.*, (SELECT s.start_ts FROM stream s WHERE s.stream_id = t.stream_id) AS start_ts FROM viewer_total t
				WHERE t.stream_id = d.stream_id AND t.viewer_id = d.viewer_id
				  AND NOT EXISTS (SELECT FROM @events AS e WHERE e.stream_id = t.stream_id AND e.viewer_id = t.viewer_id OFFSET 0) OFFSET 0) AS t
			UNION ALL
			SELECT stream_id, viewer_id, NULL, false, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, exposed, entered, source FROM s),
		g AS (
			SELECT stream_id, viewer_id, biz_date, coalesce(sum(impressions), 0)::bigint AS impressions_cnt, coalesce(sum(views), 0)::bigint AS views_cnt,
			       coalesce(sum(watch_s), 0)::numeric AS watch_s, bool_or(reported) AS reported, coalesce(sum(comments), 0)::bigint AS comments_cnt,
			       coalesce(sum(likes), 0)::bigint AS likes_cnt, coalesce(sum(shares), 0)::bigint AS shares_cnt,
			       coalesce(sum(follows), 0)::bigint AS follows_cnt, coalesce(sum(fanclub), 0)::bigint AS fanclub_cnt,
			       coalesce(sum(shows), 0)::bigint AS product_show_cnt, coalesce(sum(clicks), 0)::bigint AS product_click_cnt,
			       coalesce(sum(orders), 0)::bigint AS order_cnt, coalesce(sum(paid), 0)::bigint AS pay_order_cnt,
			       coalesce(sum(gmv), 0)::numeric AS gmv_pay, coalesce(sum(refunds), 0)::numeric AS refund_pay_amt,
			       max(seq_exposed) AS seq_exposed, max(seq_entered) AS seq_entered, max(source) AS source
			FROM a GROUP BY stream_id, viewer_id, biz_date),
		h AS (
			SELECT stream_id, viewer_id, biz_date, impressions_cnt, views_cnt, watch_s, reported, comments_cnt, likes_cnt, shares_cnt, follows_cnt,
			       fanclub_cnt, product_show_cnt, product_click_cnt, order_cnt, pay_order_cnt, gmv_pay, refund_pay_amt, max(source) OVER v AS source,
			       max(seq_exposed) OVER v AS seq_exposed, max(seq_entered) OVER v AS seq_entered
			FROM g WINDOW v AS (PARTITION BY stream_id, viewer_id))
		SELECT * FROM h WHERE biz_date IS NOT NULL$sql$
	WHEN 'roll_product' THEN $sql$
		WITH d AS (SELECT * FROM unnest($1, $2) AS d (stream_id, viewer_id)),
		a AS (
			SELECT e.stream_id, e.viewer_id, e.product_id, sum(qty) FILTER (WHERE type = 'product_show') AS shows,
			       sum(qty) FILTER (WHERE type = 'product_click') AS clicks, sum(qty) FILTER (WHERE type = 'add_cart') AS carts,
			       0 AS orders, 0 AS units, 0 AS gmv
			FROM (SELECT d.*, e.* FROM d, LATERAL (
			        SELECT product_id, type, qty FROM @events AS e WHERE e.stream_id = d.stream_id AND e.viewer_id = d.viewer_id OFFSET 0) AS e
			      UNION ALL
			      SELECT d.*, e.* FROM d, LATERAL (
			        SELECT product_id, type, qty FROM @events AS e WHERE e.stream_id = d.stream_id AND e.viewer_id IS NULL OFFSET 0) AS e
			      WHERE d.viewer_id = 0) AS e
			WHERE e.product_id IS NOT NULL AND type IN ('product_show', 'product_click', 'add_cart')
			GROUP BY e.stream_id, e.viewer_id, e.product_id
			UNION ALL
			SELECT o.stream_id, o.viewer_id, i.product_id, 0, 0, 0, count(DISTINCT o.order_id), sum(i.qty) FILTER (WHERE NOT i.is_gift),
			       sum(i.paid_amt)
			FROM (SELECT d.*, o.* FROM d, LATERAL (
			        SELECT order_id, paid_ts FROM orders o WHERE o.stream_id = d.stream_id AND o.viewer_id = d.viewer_id OFFSET 0) AS o
			      UNION ALL
			      SELECT d.*, o.* FROM d, LATERAL (
			        SELECT order_id, paid_ts FROM orders o WHERE o.stream_id = d.stream_id AND o.viewer_id IS NULL OFFSET 0) AS o
			      WHERE d.viewer_id = 0) AS o,
			  LATERAL (SELECT product_id, qty, is_gift, paid_amt FROM order_item i WHERE i.order_id = o.order_id OFFSET 0) AS i
			WHERE o.paid_ts IS NOT NULL
			GROUP BY o.stream_id, o.viewer_id, i.product_id)
		SELECT stream_id, viewer_id, product_id, coalesce(sum(shows), 0)::bigint AS product_show_cnt, coalesce(sum(clicks), 0)::bigint AS product_click_cnt,
		       coalesce(sum(carts), 0)::bigint AS add_cart_cnt, coalesce(sum(orders), 0)::bigint AS pay_order_cnt,
		       coalesce(sum(units), 0)::bigint AS units, coalesce(sum(gmv), 0)::numeric AS gmv_pay
		FROM a GROUP BY stream_id, viewer_id, product_id$sql$
	WHEN 'roll_online' THEN $sql$
		WITH s AS (SELECT d.stream_id, s.enter_ts, s.leave_ts FROM unnest($1) AS d (stream_id),
		             LATERAL (SELECT enter_ts, leave_ts FROM roll_session s WHERE s.stream_id = d.stream_id OFFSET 0) AS s),
		-- a point for each change, and one without a change at each full minute
		p AS (
			SELECT stream_id, ts, sum(delta) AS delta
			FROM (SELECT stream_id, enter_ts AS ts, 1 AS delta FROM s
			      UNION ALL SELECT stream_id, leave_ts, -1 FROM s
			      UNION ALL
			      SELECT stream_id, generate_series(date_trunc('minute', lo, 'UTC'), hi, interval '1 minute'), 0
			      FROM (SELECT stream_id, min(enter_ts) AS lo, max(leave_ts) AS hi FROM s GROUP BY stream_id) AS b) AS q
			GROUP BY stream_id, ts),
		n AS (
			SELECT stream_id, ts, sum(delta) OVER w AS online, lead(ts) OVER w AS until
			FROM p WINDOW w AS (PARTITION BY stream_id ORDER BY ts))
		SELECT stream_id, date_trunc('minute', ts, 'UTC') AS minute, sum(online * extract(epoch FROM until - ts))::numeric AS presence_s,
		       max(online)::bigint AS online_peak
		FROM n WHERE until IS NOT NULL
		GROUP BY stream_id, date_trunc('minute', ts, 'UTC')
		HAVING max(online) > 0$sql$
	WHEN 'roll_stream' THEN $sql$
		WITH d AS (SELECT stream_id FROM unnest($1) AS d (stream_id)),
		@people,
		o AS (SELECT stream_id, sum(presence_s) AS presence_s, max(online_peak) AS pcu FROM d, LATERAL (
			SELECT presence_s, online_peak FROM roll_online o WHERE o.stream_id = d.stream_id OFFSET 0) AS o GROUP BY stream_id),
		m AS (SELECT stream_id FROM d WHERE EXISTS (SELECT FROM roll_minute m WHERE m.stream_id = d.stream_id OFFSET 0))
		SELECT stream_id, coalesce(impressions_ucnt, 0) AS impressions_ucnt, coalesce(viewers_ucnt, 0) AS viewers_ucnt, coalesce(watch_s, 0) AS watch_s,
		       coalesce(presence_s, 0) AS presence_s, coalesce(pcu, 0) AS pcu, coalesce(stay_60s_ucnt, 0) AS stay_60s_ucnt,
		       coalesce(bounce_ucnt, 0) AS bounce_ucnt, coalesce(interact_ucnt, 0) AS interact_ucnt, coalesce(comment_ucnt, 0) AS comment_ucnt,
		       coalesce(like_ucnt, 0) AS like_ucnt, coalesce(share_ucnt, 0) AS share_ucnt, coalesce(follow_ucnt, 0) AS follow_ucnt,
		       coalesce(fanclub_ucnt, 0) AS fanclub_ucnt, coalesce(product_show_ucnt, 0) AS product_show_ucnt,
		       coalesce(product_click_ucnt, 0) AS product_click_ucnt, coalesce(order_ucnt, 0) AS order_ucnt, coalesce(pay_ucnt, 0) AS pay_ucnt,
		       coalesce(reported_comments, 0) AS reported_comments, coalesce(reported_likes, 0) AS reported_likes,
		       coalesce(reported_shares, 0) AS reported_shares, coalesce(exposed_1, 0) AS exposed_1, coalesce(exposed_2, 0) AS exposed_2,
		       coalesce(exposed_3, 0) AS exposed_3, coalesce(exposed_4, 0) AS exposed_4, coalesce(exposed_5, 0) AS exposed_5,
		       coalesce(entered_1, 0) AS entered_1, coalesce(entered_2, 0) AS entered_2, coalesce(entered_3, 0) AS entered_3,
		       coalesce(entered_4, 0) AS entered_4
		FROM m FULL JOIN a USING (stream_id) FULL JOIN o USING (stream_id)$sql$
	-- what viewers are to the figures of their streams, which are the sums of this
	WHEN 'people' THEN 'WITH d AS (SELECT * FROM unnest($1, $2) AS d (stream_id, viewer_id)), @people SELECT * FROM a'
	END, '@people', v_people), '@viewer', CASE rollup WHEN 'people' THEN 'AND v.viewer_id = d.viewer_id' ELSE '' END), '@events', events);
END
$live$;
COMMENT ON FUNCTION live_rollup_sql(text, text) IS
'the query that defines a rollup, from events that a subquery gives';

CREATE FUNCTION live_apply(target name, rollup name, key_columns text[], streams bigint[], keys bigint[], events text)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000
SET search_path = pg_catalog, pg_temp
AS $live$
DECLARE
	v_columns text;
	v_kept text;
	v_dirty text;
BEGIN
	PERFORM set_config('search_path', (SELECT format('pg_catalog, %I, %I, pg_temp', target, n.nspname)
		FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'liveanalytics'), true);
	-- the columns of the layout: a user may have added others
	SELECT string_agg(quote_ident(col), ', ' ORDER BY i), string_agg(quote_ident(col), ', ' ORDER BY i) FILTER (WHERE col <> ALL (key_columns))
	INTO v_columns, v_kept
	FROM (SELECT split_part(substr(l, 2), '|', 1) AS col, i
	      FROM string_to_table(substring(live_layout() FROM E'\n' || rollup || E'\\|[^\n]*\n((?:[+=*][^\n]*\n)*)'), E'\n') WITH ORDINALITY AS a (l, i)
	      WHERE l LIKE '+%') AS c;
	v_dirty := CASE key_columns[2] WHEN 'minute' THEN 'SELECT stream_id, to_timestamp(key * 60) AS minute FROM unnest($1, $2) AS d (stream_id, key)'
		WHEN 'viewer_id' THEN 'SELECT stream_id, viewer_id FROM unnest($1, $2) AS d (stream_id, viewer_id)'
		ELSE 'SELECT stream_id FROM unnest($1) AS d (stream_id)' END;
	IF rollup = 'roll_online' THEN
		v_dirty := 'SELECT stream_id FROM unnest($1) AS d (stream_id)';
	END IF;
	-- what is there and not anew is found by counting, and deleted by its place: both
	-- take as long as the buckets have rows, whatever the planner takes their number for
	EXECUTE format('WITH new AS MATERIALIZED (%1$s),
		gone AS (
			DELETE FROM %2$I WHERE ctid = ANY (ARRAY(
				SELECT max(place) FROM (
					SELECT k.* FROM (%3$s) AS d, LATERAL (SELECT %5$s, t.ctid AS place FROM %2$I t WHERE %4$s OFFSET 0) AS k
					UNION ALL SELECT %7$s, NULL FROM new) AS a
				GROUP BY %7$s HAVING count(*) = count(place))))
		INSERT INTO %2$I (%6$s) SELECT %6$s FROM new
		ON CONFLICT (%7$s) DO UPDATE SET (%8$s) = ROW (%9$s)
		WHERE (%10$s) IS DISTINCT FROM (%9$s)',
		live_rollup_sql(rollup, events), rollup, v_dirty,
		(SELECT string_agg(format('t.%1$I = d.%1$I', c), ' AND ') FROM unnest(key_columns) AS c
		 WHERE strpos(v_dirty, c) > 0),
		(SELECT string_agg(format('t.%I', c), ', ') FROM unnest(key_columns) AS c), v_columns, array_to_string(key_columns, ', '), v_kept,
		(SELECT string_agg('excluded.' || c, ', ') FROM string_to_table(v_kept, ', ') AS c),
		(SELECT string_agg(rollup || '.' || c, ', ') FROM string_to_table(v_kept, ', ') AS c))
	USING streams, keys;
END
$live$;
COMMENT ON FUNCTION live_apply(name, name, text[], bigint[], bigint[], text) IS
'computes buckets of a rollup anew and writes what differs';

CREATE FUNCTION live_apply_people(target name, gone jsonb, come jsonb)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000
SET search_path = pg_catalog, pg_temp
AS $live$
DECLARE
	v_columns text[];
BEGIN
	PERFORM set_config('search_path', (SELECT format('pg_catalog, %I, %I, pg_temp', target, n.nspname)
		FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'liveanalytics'), true);
	SELECT array_agg(col) INTO v_columns FROM (
		SELECT split_part(substr(l, 2), '|', 1) AS col
		FROM string_to_table(substring(live_layout() FROM E'\nroll_stream\\|[^\n]*\n((?:[+=*][^\n]*\n)*)'), E'\n') AS l WHERE l LIKE '+%') AS c
	WHERE col <> 'stream_id';
	EXECUTE format('INSERT INTO roll_stream AS t (stream_id, %s)
		SELECT stream_id, %s
		FROM (SELECT a.*, 1 AS sign FROM jsonb_populate_recordset(NULL::roll_stream, $1) AS a
		      UNION ALL SELECT a.*, -1 FROM jsonb_populate_recordset(NULL::roll_stream, $2) AS a) AS a
		GROUP BY stream_id
		ON CONFLICT (stream_id) DO UPDATE SET %s',
		(SELECT string_agg(c, ', ') FROM unnest(v_columns) AS c),
		(SELECT string_agg(format('coalesce(sum(sign * %I), 0)', c), ', ') FROM unnest(v_columns) AS c),
		(SELECT string_agg(format('%1$I = t.%1$I + excluded.%1$I', c), ', ') FROM unnest(v_columns) AS c))
	USING come, gone;
END
$live$;
COMMENT ON FUNCTION live_apply_people(name, jsonb, jsonb) IS
'takes what changed viewers were out of the figures of their streams, and adds what they are';

CREATE FUNCTION live_apply_presence(target name, streams bigint[])
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000
SET search_path = pg_catalog, pg_temp
AS $live$
#variable_conflict use_column
DECLARE
	v_there bigint[];
BEGIN
	PERFORM set_config('search_path', (SELECT format('pg_catalog, %I, %I, pg_temp', target, n.nspname)
		FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'liveanalytics'), true);
	-- a stream has a row as long as another rollup has one of it
	v_there := ARRAY(SELECT d FROM unnest(streams) AS d
		WHERE EXISTS (SELECT FROM roll_minute m WHERE m.stream_id = d OFFSET 0) OR EXISTS (SELECT FROM roll_viewer v WHERE v.stream_id = d OFFSET 0)
		  OR EXISTS (SELECT FROM roll_online o WHERE o.stream_id = d OFFSET 0));
	DELETE FROM roll_stream t WHERE t.stream_id = ANY (streams) AND t.stream_id <> ALL (v_there);
	PERFORM live_apply_people(target, '[]', (SELECT coalesce(jsonb_agg(jsonb_build_object('stream_id', d)), '[]') FROM unnest(v_there) AS d));
	UPDATE roll_stream t SET (presence_s, pcu) = (p.presence_s, p.pcu)
	FROM (SELECT d, coalesce(sum(presence_s), 0) AS presence_s, coalesce(max(online_peak), 0) AS pcu
	      FROM unnest(v_there) AS d LEFT JOIN LATERAL (SELECT presence_s, online_peak FROM roll_online o WHERE o.stream_id = d OFFSET 0) AS o ON true
	      GROUP BY d) AS p
	WHERE t.stream_id = p.d AND (t.presence_s, t.pcu) IS DISTINCT FROM (p.presence_s, p.pcu);
END
$live$;
COMMENT ON FUNCTION live_apply_presence(name, bigint[]) IS
'brings what streams have from roll_online up to date';

CREATE FUNCTION live_refresh_step(target name, max_buckets int, OUT done bigint, OUT more boolean)
RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $live$
#variable_conflict use_column
DECLARE
	v_now timestamptz;
	v_streams bigint[];
	v_minutes bigint[];
	v_viewer_streams bigint[];
	v_viewers bigint[];
	v_taken bigint;
	v_whole bigint[];
	v_events text;
	v_people text;
	v_gone jsonb;
	v_come jsonb;
BEGIN
	PERFORM set_config('search_path', (SELECT format('pg_catalog, %I, %I, pg_temp', target, n.nspname)
		FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'liveanalytics'), true);
	PERFORM live_check(target);
	done := 0;
	more := false;
	-- an older snapshot could put old figures over those of another refresh
	IF current_setting('transaction_isolation') <> 'read committed' THEN
		RAISE EXCEPTION 'live_refresh works in transactions of isolation level read committed only, not %', current_setting('transaction_isolation')
			USING ERRCODE = '25001';
	END IF;
	-- whoever comes second leaves the work to the first
	IF NOT pg_try_advisory_xact_lock(hashtext('liveanalytics refresh'), quote_ident(target)::regnamespace::oid::int) THEN
		done := -1;
		RETURN;
	END IF;
	v_now := clock_timestamp();

	-- all of a stream: every key that it has or had
	WITH gone AS (DELETE FROM dirty_bucket WHERE kind = 'all' RETURNING stream_id)
	SELECT array_agg(DISTINCT stream_id) INTO v_whole FROM gone;
	IF v_whole IS NOT NULL THEN
		INSERT INTO dirty_bucket (kind, stream_id, key)
		SELECT 'minute', stream_id, floor(extract(epoch FROM ts) / 60)::bigint FROM (
			SELECT stream_id, event_ts AS ts FROM event WHERE stream_id = ANY (v_whole)
			UNION SELECT stream_id, minute FROM roll_minute WHERE stream_id = ANY (v_whole)
			UNION SELECT stream_id, paid_ts FROM orders WHERE stream_id = ANY (v_whole) AND paid_ts IS NOT NULL
			UNION SELECT o.stream_id, r.success_ts FROM orders o JOIN refund r USING (order_id)
			      WHERE o.stream_id = ANY (v_whole) AND r.success_ts IS NOT NULL) AS t
		GROUP BY 2, 3;
		INSERT INTO dirty_bucket (kind, stream_id, key)
		SELECT 'viewer', stream_id, coalesce(viewer_id, 0) FROM (
			SELECT stream_id, viewer_id FROM event WHERE stream_id = ANY (v_whole)
			UNION SELECT stream_id, viewer_id FROM roll_viewer WHERE stream_id = ANY (v_whole)
			UNION SELECT stream_id, viewer_id FROM roll_session WHERE stream_id = ANY (v_whole)
			UNION SELECT stream_id, viewer_id FROM roll_product WHERE stream_id = ANY (v_whole)
			UNION SELECT stream_id, viewer_id FROM viewer_total WHERE stream_id = ANY (v_whole)
			UNION SELECT stream_id, viewer_id FROM orders WHERE stream_id = ANY (v_whole)) AS t;
		INSERT INTO dirty_bucket (kind, stream_id, key) SELECT 'stream', stream_id, 0 FROM unnest(v_whole) AS stream_id;
	END IF;

	-- minutes all at once: they are few
	WITH m AS (DELETE FROM dirty_bucket WHERE kind = 'minute' RETURNING stream_id, key),
	v AS (
		DELETE FROM dirty_bucket WHERE ctid = ANY (ARRAY(SELECT ctid FROM dirty_bucket WHERE kind = 'viewer' LIMIT max_buckets))
		RETURNING stream_id, key),
	dm AS (SELECT DISTINCT stream_id, key FROM m),
	dv AS (SELECT DISTINCT stream_id, key FROM v)
	SELECT (SELECT array_agg(stream_id ORDER BY stream_id, key) FROM dm), (SELECT array_agg(key ORDER BY stream_id, key) FROM dm),
	       (SELECT array_agg(stream_id ORDER BY stream_id, key) FROM dv), (SELECT array_agg(key ORDER BY stream_id, key) FROM dv),
	       (SELECT count(*) FROM v)
	INTO v_streams, v_minutes, v_viewer_streams, v_viewers, v_taken;

	v_events := live_event_source(target, ARRAY(SELECT DISTINCT stream_id FROM unnest(v_streams || v_viewer_streams) AS stream_id));
	IF v_minutes IS NOT NULL THEN
		PERFORM live_apply(target, 'roll_minute', '{stream_id,minute}', v_streams, v_minutes, v_events);
	END IF;
	IF v_viewers IS NOT NULL THEN
		v_people := format('SELECT coalesce(jsonb_agg(a), ''[]'') FROM (%s) AS a', live_rollup_sql('people', v_events));
		EXECUTE v_people INTO v_gone USING v_viewer_streams, v_viewers;
		PERFORM live_apply(target, 'roll_session', '{stream_id,viewer_id,enter_ts}', v_viewer_streams, v_viewers, v_events);
		PERFORM live_apply(target, 'roll_viewer', '{stream_id,viewer_id,biz_date}', v_viewer_streams, v_viewers, v_events);
		PERFORM live_apply(target, 'roll_product', '{stream_id,viewer_id,product_id}', v_viewer_streams, v_viewers, v_events);
		EXECUTE v_people INTO v_come USING v_viewer_streams, v_viewers;
		PERFORM live_apply_people(target, v_gone, v_come);
	END IF;
	INSERT INTO dirty_bucket (kind, stream_id, key)
	SELECT 'presence', stream_id, 0 FROM unnest(v_streams || v_viewer_streams) AS stream_id GROUP BY stream_id;

	-- what all of a stream tells waits for the last of its viewers
	more := v_taken >= max_buckets;
	IF NOT more THEN
		WITH s AS (DELETE FROM dirty_bucket WHERE kind IN ('stream', 'presence') RETURNING kind, stream_id)
		SELECT array_agg(DISTINCT stream_id), array_agg(DISTINCT stream_id) FILTER (WHERE kind = 'stream') INTO v_streams, v_whole FROM s;
		IF v_streams IS NOT NULL THEN
			PERFORM live_apply(target, 'roll_online', '{stream_id,minute}', v_streams, NULL, v_events);
			PERFORM live_apply_presence(target, v_streams);
		END IF;
		IF v_whole IS NOT NULL THEN
			PERFORM live_apply(target, 'roll_stream', '{stream_id}', v_whole, NULL, v_events);
		END IF;
		UPDATE refresh_state SET data_as_of = v_now;
	END IF;
	done := coalesce(cardinality(v_minutes), 0) + coalesce(cardinality(v_viewers), 0);
END
$live$;
COMMENT ON FUNCTION live_refresh_step(name, int) IS
'one transaction''s part of live_refresh: how many buckets it brought up to date (-1: another refresh is at work), and whether there are more';

CREATE PROCEDURE live_refresh(target name DEFAULT 'live', max_buckets int DEFAULT 100000)
LANGUAGE plpgsql
AS $live$
DECLARE
	step pg_catalog.text;
	taken pg_catalog.int8;
	again pg_catalog.bool := true;
BEGIN
	IF target IS NULL OR max_buckets IS NULL OR max_buckets OPERATOR(pg_catalog.<) 1 THEN
		RAISE EXCEPTION 'schema must not be NULL, and the number of buckets in a transaction at least 1, not %', max_buckets USING ERRCODE = '22023';
	END IF;
	SELECT pg_catalog.format('SELECT * FROM %I.live_refresh_step($1, $2)', n.nspname) INTO step
	FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) e.extnamespace
	WHERE e.extname OPERATOR(pg_catalog.=) 'liveanalytics'::pg_catalog.name;
	-- a transaction for each part, so that no lock or snapshot is held for long
	WHILE again LOOP
		EXECUTE step INTO taken, again USING target, max_buckets;
		COMMIT;
	END LOOP;
END
$live$;
COMMENT ON PROCEDURE live_refresh(name, int) IS
'brings the rollups up to date, so many changed viewers in each transaction; when another refresh is at work it returns at once';

CREATE FUNCTION live_verify(target name)
RETURNS TABLE (rollup text, stream_id bigint, problem text, bucket jsonb)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000 ROWS 10
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $live$
#variable_conflict use_column
DECLARE
	v_item record;
	v_stream bigint;
	v_minutes bigint[];
	v_viewers bigint[];
	v_columns text;
	v_events text;
BEGIN
	PERFORM set_config('search_path', (SELECT format('pg_catalog, %I, %I, pg_temp', target, n.nspname)
		FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'liveanalytics'), true);
	PERFORM live_check(target);
	FOR v_stream IN
		SELECT s.stream_id FROM stream s
		UNION SELECT r.stream_id FROM roll_stream r UNION SELECT r.stream_id FROM roll_minute r UNION SELECT r.stream_id FROM roll_viewer r ORDER BY 1
	LOOP
		SELECT coalesce(array_agg(DISTINCT floor(extract(epoch FROM ts) / 60)::bigint), '{}') INTO v_minutes FROM (
			SELECT event_ts AS ts FROM event e WHERE e.stream_id = v_stream
			UNION ALL SELECT paid_ts FROM orders o WHERE o.stream_id = v_stream AND paid_ts IS NOT NULL
			UNION ALL SELECT r.success_ts FROM orders o JOIN refund r USING (order_id) WHERE o.stream_id = v_stream AND r.success_ts IS NOT NULL) AS t;
		SELECT coalesce(array_agg(DISTINCT coalesce(viewer_id, 0)), '{}') INTO v_viewers FROM (
			SELECT viewer_id FROM event e WHERE e.stream_id = v_stream
			UNION ALL SELECT viewer_id FROM viewer_total t WHERE t.stream_id = v_stream
			UNION ALL SELECT viewer_id FROM orders o WHERE o.stream_id = v_stream) AS t;
		v_events := live_event_source(target, ARRAY[v_stream]);
		FOR v_item IN SELECT * FROM (VALUES ('roll_minute'), ('roll_session'), ('roll_viewer'), ('roll_product'), ('roll_online'), ('roll_stream')) AS r (name)
		LOOP
			SELECT string_agg(quote_ident(split_part(substr(l, 2), '|', 1)), ', ' ORDER BY i) INTO v_columns
			FROM string_to_table(substring(live_layout() FROM E'\n' || v_item.name || E'\\|[^\n]*\n((?:[+=*][^\n]*\n)*)'), E'\n') WITH ORDINALITY AS a (l, i)
			WHERE l LIKE '+%';
			RETURN QUERY EXECUTE format('WITH base AS MATERIALIZED (SELECT %1$s FROM (%2$s) AS q), kept AS MATERIALIZED (SELECT %1$s FROM %3$I WHERE stream_id = $3)
				SELECT %3$L, $3, ''not in the rollup'', to_jsonb(x) FROM (TABLE base EXCEPT ALL TABLE kept) AS x
				UNION ALL
				SELECT %3$L, $3, ''only in the rollup'', to_jsonb(x) FROM (TABLE kept EXCEPT ALL TABLE base) AS x',
				v_columns, live_rollup_sql(v_item.name, v_events), v_item.name)
			USING CASE v_item.name WHEN 'roll_minute' THEN array_fill(v_stream, ARRAY[cardinality(v_minutes)])
				WHEN 'roll_online' THEN ARRAY[v_stream] WHEN 'roll_stream' THEN ARRAY[v_stream]
				ELSE array_fill(v_stream, ARRAY[cardinality(v_viewers)]) END,
				CASE v_item.name WHEN 'roll_minute' THEN v_minutes ELSE v_viewers END, v_stream;
		END LOOP;
	END LOOP;
END
$live$;
COMMENT ON FUNCTION live_verify(name) IS
'the rollups against the base tables: a row for each bucket that differs, none when all are equal; changes since the last refresh differ';
-- Administration: the schedule of refreshes, and the erasure of a viewer.

CREATE FUNCTION live_schedule(target name, cron text)
RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000
SET search_path = pg_catalog, pg_temp
AS $live$
DECLARE
	v_command text;
	v_job bigint;
BEGIN
	IF target IS NULL OR cron IS NULL THEN
		RAISE EXCEPTION 'schema and schedule must not be NULL' USING ERRCODE = '22004';
	END IF;
	IF to_regclass(format('%I.roll_stream', target)) IS NULL THEN
		RAISE EXCEPTION 'schema "%" has no live-commerce tables', target
			USING ERRCODE = '42P01', HINT = format('SELECT live_setup(%L) makes them.', target);
	END IF;
	IF NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_cron') THEN
		RAISE EXCEPTION 'pg_cron is not installed in database "%"', current_database()
			USING ERRCODE = '55000',
			HINT = format('Install its package (Debian: postgresql-%s-cron), add pg_cron to shared_preload_libraries, set cron.database_name = %L, restart the server and run CREATE EXTENSION pg_cron; or run CALL live_refresh(%L) from any other scheduler.',
				current_setting('server_version_num')::int / 10000, current_database(), target);
	END IF;
	SELECT format('CALL %I.live_refresh(%L)', n.nspname, target) INTO v_command
	FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'liveanalytics';
	-- a job of this name and user is replaced; pg_cron checks the schedule
	EXECUTE 'SELECT cron.schedule($1, $2, $3)' INTO v_job USING 'liveanalytics refresh of ' || target, cron, v_command;
	RETURN v_job;
END
$live$;
COMMENT ON FUNCTION live_schedule(name, text) IS
'has pg_cron refresh the rollups on a schedule, and gives the number of the job';

CREATE FUNCTION live_unschedule(target name)
RETURNS boolean
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000
SET search_path = pg_catalog, pg_temp
AS $live$
DECLARE
	v_found boolean := false;
BEGIN
	IF target IS NULL THEN
		RAISE EXCEPTION 'name of the schema must not be NULL' USING ERRCODE = '22004';
	END IF;
	IF EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_cron') THEN
		EXECUTE 'SELECT coalesce(bool_or(cron.unschedule(jobid)), false) FROM cron.job WHERE jobname = $1 AND username = current_user'
			INTO v_found USING 'liveanalytics refresh of ' || target;
	END IF;
	RETURN v_found;
END
$live$;
COMMENT ON FUNCTION live_unschedule(name) IS
'takes the schedule of refreshes away, and says whether there was one';

CREATE FUNCTION live_forget(target name, channel text, external_id text,
  OUT events bigint, OUT orders bigint, OUT records bigint)
RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $live$
#variable_conflict use_column
DECLARE
	v_channel smallint;
	v_hash bytea;
	v_viewer bigint;
	v_streams bigint[];
	v_count bigint;
BEGIN
	PERFORM set_config('search_path', (SELECT format('pg_catalog, %I, %I, pg_temp', target, n.nspname)
		FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'liveanalytics'), true);
	PERFORM live_check(target);
	IF channel IS NULL OR external_id IS NULL THEN
		RAISE EXCEPTION 'channel and id must not be NULL' USING ERRCODE = '22004';
	END IF;
	SELECT c.channel_id INTO v_channel FROM channel c WHERE c.code = live_forget.channel;
	IF v_channel IS NULL THEN
		RAISE EXCEPTION 'unknown channel "%"', channel USING ERRCODE = '22023';
	END IF;
	events := 0;
	orders := 0;
	records := 0;
	-- payloads under way end first, and none begins until this has ended
	LOCK TABLE ingest_batch IN SHARE ROW EXCLUSIVE MODE;
	EXECUTE 'SELECT ' || live_parse('viewer', quote_literal(btrim(external_id)), 'UTC', 1, live_key_pads(target)) INTO v_hash;
	UPDATE ingest_reject SET raw = NULL, viewer_hash = NULL WHERE viewer_hash = v_hash;
	GET DIAGNOSTICS records = ROW_COUNT;
	-- as they came: rows not loaded yet, and payloads that could not be read
	UPDATE event_stage s SET viewer = NULL WHERE btrim(s.viewer) = btrim(live_forget.external_id) AND coalesce(s.channel, live_forget.channel) = live_forget.channel;
	GET DIAGNOSTICS v_count = ROW_COUNT;
	records := records + v_count;
	UPDATE payload_reject p SET payload = NULL
	WHERE p.channel = live_forget.channel AND position(convert_to(btrim(live_forget.external_id), 'UTF8') IN p.payload) > 0;
	GET DIAGNOSTICS v_count = ROW_COUNT;
	records := records + v_count;
	SELECT i.viewer_id INTO v_viewer FROM viewer_identity i WHERE i.channel_id = v_channel AND i.external_hash = v_hash;
	IF v_viewer IS NULL THEN
		RETURN;
	END IF;

	-- every stream with an event of the viewer is in the rollup, or noted for it
	SELECT array_agg(stream_id) INTO v_streams FROM (
		SELECT r.stream_id FROM roll_viewer r WHERE r.viewer_id = v_viewer
		UNION SELECT d.stream_id FROM dirty_bucket d WHERE d.kind = 'viewer' AND d.key = v_viewer OR d.kind = 'all') AS s;
	-- what happened stays, and nothing says any more who it was
	UPDATE event SET viewer_id = NULL, props = NULL WHERE stream_id = ANY (v_streams) AND viewer_id = v_viewer;
	GET DIAGNOSTICS events = ROW_COUNT;
	UPDATE orders SET viewer_id = NULL WHERE viewer_id = v_viewer;
	GET DIAGNOSTICS orders = ROW_COUNT;
	DELETE FROM viewer_total WHERE viewer_id = v_viewer;
	GET DIAGNOSTICS v_count = ROW_COUNT;
	records := records + v_count;
	DELETE FROM promo_exposure WHERE viewer_id = v_viewer;
	GET DIAGNOSTICS v_count = ROW_COUNT;
	records := records + v_count;
	UPDATE coupon SET viewer_id = NULL WHERE viewer_id = v_viewer;
	GET DIAGNOSTICS v_count = ROW_COUNT;
	records := records + v_count;
	DELETE FROM viewer_identity WHERE viewer_id = v_viewer;
	DELETE FROM viewer WHERE viewer_id = v_viewer;
END
$live$;
COMMENT ON FUNCTION live_forget(name, text, text) IS
'makes what a viewer did anonymous and erases the viewer: how many events, orders and other records were concerned; the next refresh repairs the rollups';

CREATE FUNCTION live_simulate(target name, options jsonb DEFAULT '{}',
  OUT streams bigint, OUT viewers bigint, OUT events bigint, OUT orders bigint, OUT refunds bigint)
RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $live$
#variable_conflict use_column
DECLARE
	v_given jsonb := coalesce(options, '{}');
	v_default jsonb := '{"seed": 42, "streams": 6, "viewers": 3000, "minutes": 60, "products": 10, "coupon_effect": 0.06, "refund_rate": 0.08, "late_rate": 0.01}';
	v_key text;
	v_max numeric;
	v_seed bigint;
	v_viewers bigint;
	v_minutes int;
	v_products int;
	v_effect float8;
	v_refund float8;
	v_late float8;
	v_late_batch bigint;
	v_late_count bigint;
	v_late_events bigint := 0;
	v_start timestamptz;
	v_batch bigint;
	v_pads text;
	v_stream record;
	v_count bigint;
	v_sql text;
BEGIN
	PERFORM set_config('search_path', (SELECT format('pg_catalog, %I, %I, pg_temp', target, n.nspname)
		FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'liveanalytics'), true);
	PERFORM live_check(target);
	IF jsonb_typeof(v_given) <> 'object' THEN
		RAISE EXCEPTION 'options must be a JSON object, not %', jsonb_typeof(v_given) USING ERRCODE = '22023';
	END IF;
	FOR v_key IN SELECT jsonb_object_keys(v_given) LOOP
		IF v_key = 'start' THEN
			IF jsonb_typeof(v_given -> 'start') <> 'string' OR v_given ->> 'start' !~ '^20\d\d-(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])$' THEN
				RAISE EXCEPTION 'option "start" must be a day as YYYY-MM-DD, not after the 28th, not %', v_given -> 'start' USING ERRCODE = '22023';
			END IF;
			CONTINUE;
		END IF;
		v_max := CASE v_key WHEN 'seed' THEN 1000000000 WHEN 'streams' THEN 1000 WHEN 'viewers' THEN 10000000 WHEN 'minutes' THEN 1440
			WHEN 'products' THEN 1000 WHEN 'coupon_effect' THEN 0.5 WHEN 'refund_rate' THEN 1 WHEN 'late_rate' THEN 1 END;
		IF v_max IS NULL THEN
			RAISE EXCEPTION 'unknown option "%"', v_key USING ERRCODE = '22023',
				HINT = 'The options are seed, start, streams, viewers, minutes, products, coupon_effect, refund_rate, late_rate.';
		END IF;
		IF jsonb_typeof(v_given -> v_key) <> 'number' OR (v_given ->> v_key)::numeric NOT BETWEEN 0 AND v_max
			OR v_key NOT IN ('coupon_effect', 'refund_rate', 'late_rate') AND (v_given ->> v_key)::numeric <> trunc((v_given ->> v_key)::numeric)
			OR v_key NOT IN ('coupon_effect', 'refund_rate', 'late_rate', 'seed') AND (v_given ->> v_key)::numeric < 1 THEN
			RAISE EXCEPTION 'option "%" must be a % up to %, not %', v_key,
				CASE WHEN v_key IN ('coupon_effect', 'refund_rate', 'late_rate') THEN 'number from 0' WHEN v_key = 'seed' THEN 'whole number from 0' ELSE 'whole number from 1' END,
				v_max, v_given -> v_key USING ERRCODE = '22023';
		END IF;
	END LOOP;
	v_given := v_default || v_given;
	v_seed := (v_given ->> 'seed')::bigint * 1000;
	streams := (v_given ->> 'streams')::bigint;
	v_viewers := (v_given ->> 'viewers')::bigint;
	v_minutes := (v_given ->> 'minutes')::int;
	v_products := (v_given ->> 'products')::int;
	v_effect := (v_given ->> 'coupon_effect')::float8;
	v_refund := (v_given ->> 'refund_rate')::float8;
	v_late := (v_given ->> 'late_rate')::float8;
	-- the last stream ends before today, and refunds have 21 days more
	v_start := coalesce((v_given ->> 'start')::timestamp AT TIME ZONE 'Asia/Shanghai',
		date_trunc('day', now(), 'Asia/Shanghai') - (streams / 3 + 22) * interval '1 day');
	IF EXISTS (SELECT FROM stream WHERE external_id LIKE 'sim-' || (v_given ->> 'seed') || '-%') THEN
		RAISE EXCEPTION 'the audience of seed % is there already', v_given ->> 'seed' USING ERRCODE = '23505';
	END IF;
	v_pads := live_key_pads(target);
	INSERT INTO ingest_batch (channel_id, payload_sha256) VALUES (4, sha256(convert_to('simulate ' || v_given::text || gen_random_uuid()::text, 'UTF8')))
	RETURNING batch_id INTO v_batch;
	-- some events come with a later payload
	INSERT INTO ingest_batch (channel_id, payload_sha256) VALUES (4, sha256(convert_to('simulate late ' || v_given::text || gen_random_uuid()::text, 'UTF8')))
	RETURNING batch_id INTO v_late_batch;

	-- hosts, products, streams: three channels, three streams a day, at 20:00
	INSERT INTO host (channel_id, external_id, name) SELECT c, 'sim-' || c, (ARRAY['李娜', '王芳', '张伟'])[c] FROM generate_series(1, 3) AS c ON CONFLICT DO NOTHING;
	INSERT INTO product (channel_id, external_id, name, category, cost)
	SELECT c, 'sim-' || p, 'product ' || p, (ARRAY['food', 'beauty', 'home', 'clothing'])[1 + p % 4], 10 + p * 7 % 60
	FROM generate_series(1, 3) AS c, generate_series(1, v_products) AS p ON CONFLICT DO NOTHING;
	INSERT INTO stream (channel_id, external_id, host_id, title, start_ts, end_ts)
	SELECT c, format('sim-%s-%s', v_given ->> 'seed', i), h.host_id, format('stream %s', i), t, t + v_minutes * interval '1 minute'
	FROM generate_series(1, streams) AS i, LATERAL (SELECT (1 + i % 3)::smallint, v_start + (i - 1) / 3 * interval '1 day' + interval '20 hours') AS x (c, t)
	  JOIN host h ON h.channel_id = c AND h.external_id = 'sim-' || c;
	INSERT INTO product_listing (stream_id, product_id, pos, listed_at)
	SELECT s.stream_id, p.product_id, substr(p.external_id, 5)::int, s.start_ts
	FROM stream s JOIN product p USING (channel_id)
	WHERE s.external_id LIKE 'sim-' || (v_given ->> 'seed') || '-%' AND p.external_id ~ '^sim-\d+$' AND substr(p.external_id, 5)::int <= v_products;
	INSERT INTO product_explain (stream_id, product_id, start_ts, end_ts)
	SELECT l.stream_id, l.product_id, s.start_ts + (l.pos - 1) * v_minutes * interval '1 minute' / v_products, s.start_ts + l.pos * v_minutes * interval '1 minute' / v_products
	FROM product_listing l JOIN stream s USING (stream_id) WHERE s.external_id LIKE 'sim-' || (v_given ->> 'seed') || '-%';

	CREATE TEMP TABLE live_click (channel_id smallint, stream_id bigint, i bigint, viewer_id bigint, ts timestamptz, product_id bigint) ON COMMIT DROP;
	-- viewers are known by hashes of made-up ids, as others are
	CREATE TEMP TABLE live_audience (n bigint PRIMARY KEY, hash bytea, viewer_id bigint) ON COMMIT DROP;
	EXECUTE format('INSERT INTO pg_temp.live_audience SELECT n, %s FROM (SELECT n, ''sim-'' || n AS id FROM generate_series(1, $1) AS n) AS t',
		live_parse('viewer', 'id', 'UTC', 1, v_pads)) USING v_viewers;
	PERFORM live_stage_table();
	INSERT INTO pg_temp.live_stage_1 (good, viewer) SELECT true, hash FROM pg_temp.live_audience WHERE n % 3 = 0;
	PERFORM live_store_viewers(target, 1::smallint, v_batch);
	DELETE FROM pg_temp.live_stage_1;
	INSERT INTO pg_temp.live_stage_1 (good, viewer) SELECT true, hash FROM pg_temp.live_audience WHERE n % 3 = 1;
	PERFORM live_store_viewers(target, 2::smallint, v_batch);
	DELETE FROM pg_temp.live_stage_1;
	INSERT INTO pg_temp.live_stage_1 (good, viewer) SELECT true, hash FROM pg_temp.live_audience WHERE n % 3 = 2;
	PERFORM live_store_viewers(target, 3::smallint, v_batch);
	UPDATE pg_temp.live_audience a SET viewer_id = i.viewer_id FROM viewer_identity i
	WHERE i.channel_id = 1 + a.n % 3 AND i.external_hash = a.hash;
	ANALYZE pg_temp.live_audience;
	viewers := v_viewers;

	-- a coupon for half of the viewers, by lot; it does what coupon_effect says
	INSERT INTO promotion (channel_id, external_id, kind, name, start_ts, end_ts, budget)
	SELECT c, format('sim-%s', v_given ->> 'seed'), 'coupon', 'ten off', v_start, v_start + (streams / 3 + 1) * interval '1 day', 10000 FROM generate_series(1, 3) AS c;

	-- U(k, a, b): uniform in [0, 1), the k-th for the numbers a and b; N(k, a, b): normal
	v_sql := $sql$
		WITH a AS MATERIALIZED (
			SELECT n, viewer_id, enter_ts, least(watch, extract(epoch FROM $3 - enter_ts) - 1) AS watch, interest
			FROM (SELECT n, viewer_id, interest,
			             $2 + interval '1 second' * CASE WHEN U(3, n, $1) < 0.4 THEN least(-300 * ln(1 - U(4, n, $1)), $4 * 50) ELSE U(4, n, $1) * $4 * 58 END AS enter_ts,
			             exp(ln(90) + 1.3 * N(5, n, $1)) * sqrt(interest) AS watch
			      FROM (SELECT n, viewer_id, power(1 - U(1, n, 0), -0.4) AS interest FROM pg_temp.live_audience WHERE 1 + n % 3 = $5) AS v
			      WHERE U(2, n, $1) < least(0.9, 0.2 * interest)) AS x),
		e AS (
			SELECT viewer_id, enter_ts - interval '1 second' * (1 + 8 * U(7, n, $1)) AS ts, 'expose_room'::event_type AS type, NULL::int AS product, NULL::text AS source, 1 AS qty FROM a
			UNION ALL
			SELECT viewer_id, $2 + interval '1 second' * (U(8, n, $1) * $4 * 60), 'expose_room'::event_type, NULL, NULL, 1 FROM pg_temp.live_audience
			WHERE 1 + n % 3 = $5 AND U(9, n, $1) < 0.15
			UNION ALL
			SELECT viewer_id, enter_ts, 'enter'::event_type, NULL, (ARRAY['natural', 'paid', 'short_video', 'follow'])[1 + floor(4 * U(10, n, 0))::int], 1 FROM a
			UNION ALL
			SELECT viewer_id, enter_ts + interval '1 second' * watch, 'leave'::event_type, NULL, NULL, 1 FROM a WHERE U(11, n, $1) < 0.75
			UNION ALL
			SELECT viewer_id, enter_ts + interval '1 second' * (watch * U(12, n, $1 + i * 7919)), 'like'::event_type, NULL, NULL, 1 + floor(10 * power(U(13, n, $1 + i), 3))::int
			FROM a, generate_series(1, least(60, floor(-ln(1 - U(14, n, $1)) * watch / 150 * sqrt(interest)))::int) AS i
			UNION ALL
			SELECT viewer_id, enter_ts + interval '1 second' * (watch * U(15, n, $1 + i * 7919)), 'comment'::event_type, NULL, NULL, 1
			FROM a, generate_series(1, least(30, floor(-ln(1 - U(16, n, $1)) * watch / 500 * sqrt(interest)))::int) AS i
			UNION ALL
			SELECT viewer_id, enter_ts + interval '1 second' * (watch * U(17, n, $1)), CASE WHEN U(18, n, $1) < 0.4 THEN 'share'::event_type ELSE 'follow' END, NULL, NULL, 1
			FROM a WHERE U(19, n, $1) < 0.05
			UNION ALL
			-- the product explained at the time
			SELECT viewer_id, ts, t, least($6, 1 + floor(extract(epoch FROM ts - $2) / ($4 * 60.0) * $6))::int, NULL, 1
			FROM (SELECT viewer_id, enter_ts + interval '1 second' * (watch * (i - U(20, n, $1 + i)) / shows) AS ts, unnest(CASE WHEN U(21, n, $1 + i * 7919) < 0.12 * sqrt(interest)
			        THEN '{product_show,product_click}'::event_type[] ELSE '{product_show}' END) AS t
			      FROM (SELECT a.*, least(12, 1 + floor(watch / 150))::int AS shows FROM a) AS a, generate_series(1, shows) AS i) AS p),
		i AS (
			-- in the order of time, as they would come
			INSERT INTO event (event_ts, channel_id, stream_id, viewer_id, type, product_id, source, qty, event_uid, batch_id)
			SELECT ts, $5, $1, viewer_id, type, $10[product], source, qty,
			       (lpad(to_hex(hashint8extended(r, $8 + 50)), 16, '0') || lpad(to_hex(hashint8extended(r, $8 + 51)), 16, '0'))::uuid,
			       CASE WHEN U(52, r, 0) < $11 THEN $12 ELSE $7 END
			FROM (SELECT *, $9 * 1000000000 + row_number() OVER (ORDER BY ts, viewer_id, type, product) AS r FROM e) AS e
			ORDER BY r
			RETURNING event_ts, viewer_id, type, product_id, batch_id),
		k AS (
			INSERT INTO pg_temp.live_click (channel_id, stream_id, i, viewer_id, ts, product_id)
			SELECT $5, $1, $9, viewer_id, event_ts, product_id FROM i WHERE type = 'product_click')
		SELECT count(*), count(*) FILTER (WHERE batch_id = $12) FROM i$sql$;
	v_sql := regexp_replace(v_sql, 'N\((\d+), ([^,]+), ([^)]+)\)', 'sqrt(-2 * ln(1 - U(9\1, \2, \3))) * cos(6.283185307179586 * U(8\1, \2, \3))', 'g');
	v_sql := regexp_replace(v_sql, 'U\((\d+), ([^,]+), ([^)]+)\)',
		'(((hashint8extended(\2 * 1000003 + (\3), $8 + \1) >> 12) & 4503599627370495)::float8 / 4503599627370496)', 'g');
	events := 0;
	FOR v_stream IN SELECT stream_id, start_ts, end_ts, channel_id, substr(external_id, length('sim-' || (v_given ->> 'seed')) + 2)::bigint AS i
		FROM stream WHERE external_id LIKE 'sim-' || (v_given ->> 'seed') || '-%' ORDER BY 1
	LOOP
		-- random numbers follow the stream's place, not its number in the table
		EXECUTE replace(v_sql, '* 1000003 + ($1', '* 1000003 + ($9') INTO v_count, v_late_count
		USING v_stream.stream_id, v_stream.start_ts, v_stream.end_ts, v_minutes, v_stream.channel_id, v_products, v_batch, v_seed, v_stream.i,
			ARRAY(SELECT product_id FROM product p WHERE p.channel_id = v_stream.channel_id AND p.external_id ~ '^sim-\d+$'
			      ORDER BY substr(p.external_id, 5)::int), v_late, v_late_batch;
		events := events + v_count;
		v_late_events := v_late_events + v_late_count;
	END LOOP;

	-- who clicked may buy what was clicked last; the coupon helps
	EXECUTE regexp_replace($sql$
		INSERT INTO promo_exposure (promo_id, viewer_id, arm, assigned_ts)
		SELECT p.promo_id, a.viewer_id, CASE WHEN U(30, a.n, 0) < 0.5 THEN 'treat' ELSE 'control' END, p.start_ts
		FROM pg_temp.live_audience a JOIN promotion p ON p.channel_id = 1 + a.n % 3 AND p.external_id = $1$sql$,
		'U\((\d+), ([^,]+), ([^)]+)\)', '(((hashint8extended(\2 * 1000003 + (\3), $2 + \1) >> 12) & 4503599627370495)::float8 / 4503599627370496)', 'g')
	USING format('sim-%s', v_given ->> 'seed'), v_seed;
	ANALYZE pg_temp.live_click;
	EXECUTE regexp_replace($sql$
		CREATE TEMP TABLE live_sale ON COMMIT DROP AS
		SELECT channel_id, stream_id, viewer_id, product_id, promo_id, arm, ts, external_id, buys, units,
		       CASE WHEN U(31, n, i) < 0.93 THEN ts + interval '1 second' * (30 + 90 * U(32, n, i)) END AS paid_ts,
		       units * (19 + 20 * (place % 9)) - CASE WHEN arm = 'treat' THEN 10 ELSE 0 END AS paid_amt
		FROM (SELECT c.*, a.n, x.arm, x.promo_id, (SELECT substr(q.external_id, 5)::int FROM product q WHERE q.product_id = c.product_id) AS place,
		             format('%s-%s-%s', $1, c.i, a.n) AS external_id, 1 + floor(2 * power(U(33, a.n, c.i), 2)) AS units,
		             U(34, a.n, c.i) < 0.15 + CASE WHEN x.arm = 'treat' THEN $2 ELSE 0 END AS buys
		      FROM (SELECT DISTINCT ON (stream_id, viewer_id) * FROM pg_temp.live_click ORDER BY stream_id, viewer_id, ts DESC, product_id) AS c
		        JOIN pg_temp.live_audience a USING (viewer_id) JOIN promo_exposure x USING (viewer_id)
		        JOIN promotion p ON p.promo_id = x.promo_id AND p.external_id = $1) AS c$sql$,
		'U\((\d+), ([^,]+), ([^)]+)\)', '(((hashint8extended(\2 * 1000003 + (\3), $3 + \1) >> 12) & 4503599627370495)::float8 / 4503599627370496)', 'g')
	USING format('sim-%s', v_given ->> 'seed'), v_effect, v_seed;
	INSERT INTO orders (channel_id, external_id, viewer_id, stream_id, created_ts, paid_ts, status, paid_amt, attributed_by, updated_ts, batch_id)
	SELECT channel_id, external_id, viewer_id, stream_id, ts + interval '20 seconds', paid_ts, 'created', paid_amt, 'platform', ts + interval '2 minutes', v_batch
	FROM pg_temp.live_sale WHERE buys ORDER BY ts, external_id;
	GET DIAGNOSTICS orders = ROW_COUNT;
	INSERT INTO order_item (order_id, line_no, product_id, qty, paid_amt)
	SELECT (SELECT o.order_id FROM orders o WHERE o.channel_id = s.channel_id AND o.external_id = s.external_id), 1, product_id, units, paid_amt
	FROM pg_temp.live_sale s WHERE buys;
	INSERT INTO coupon (channel_id, external_id, promo_id, viewer_id, claimed_ts, used_ts, order_external_id, value, updated_ts)
	SELECT channel_id, external_id, promo_id, viewer_id, ts - interval '10 seconds', CASE WHEN buys THEN ts + interval '20 seconds' END,
	       CASE WHEN buys THEN external_id END, 10, ts + interval '20 seconds'
	FROM pg_temp.live_sale WHERE arm = 'treat';
	EXECUTE regexp_replace($sql$
		INSERT INTO refund (channel_id, external_id, order_id, apply_ts, success_ts, amount, stage, updated_ts, batch_id)
		SELECT channel_id, external_id, order_id, ts - interval '10 hours', ts, paid_amt, 'post_ship', ts, $2
		FROM (SELECT o.*, o.paid_ts + interval '12 hours' + interval '1 day' * (19 * U(40, h, 0)) AS ts
		      FROM (SELECT o.*, hashtextextended(external_id, 0) AS h FROM orders o WHERE batch_id = $2 AND paid_ts IS NOT NULL) AS o) AS o
		WHERE U(41, h, 0) < $3$sql$,
		'U\((\d+), ([^,]+), ([^)]+)\)', '(((hashint8extended(\2, $1 + \1) >> 12) & 4503599627370495)::float8 / 4503599627370496)', 'g')
	USING v_seed, v_batch, v_refund;
	GET DIAGNOSTICS refunds = ROW_COUNT;
	INSERT INTO ad_spend (channel_id, plan_id, hour, stream_id, cost, impressions, clicks, attributed_orders, attributed_gmv, updated_ts)
	SELECT channel_id, external_id, date_trunc('hour', start_ts, 'UTC'), stream_id, round(v_viewers * 0.02, 2), v_viewers / 4, v_viewers / 40, g.orders, g.gmv, end_ts
	FROM stream s, LATERAL (SELECT count(*) / 3 AS orders, coalesce(sum(paid_amt), 0) / 3 AS gmv FROM orders o WHERE o.stream_id = s.stream_id AND paid_ts IS NOT NULL) AS g
	WHERE external_id LIKE 'sim-' || (v_given ->> 'seed') || '-%';
	v_count := events - v_late_events + live_simulate.orders + live_simulate.refunds;
	UPDATE ingest_batch SET rows_total = v_count, accepted = v_count WHERE batch_id = v_batch;
	UPDATE ingest_batch SET rows_total = v_late_events, accepted = v_late_events, late = v_late_events WHERE batch_id = v_late_batch;
	DROP TABLE pg_temp.live_audience, pg_temp.live_click, pg_temp.live_sale;
END
$live$;
COMMENT ON FUNCTION live_simulate(name, jsonb) IS
'makes up an audience of so many viewers and streams on three channels, with orders, coupons that work, and refunds; the same for the same seed';
-- Views for BI: plain columns, numerators and denominators beside each ratio,
-- x / 0 NULL, data_as_of, is_final. A figure that the channel does not report is
-- NULL, not 0.

CREATE FUNCTION live_views()
RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $live$
BEGIN
	-- "#view|comment", its query, and "+column|comment" for what neither the
	-- catalogue of metrics nor a table with such a column explains
	RETURN $views$
*
+channel|channel, as live_ingest names it
+channel_zh|Chinese name of the channel
+host|name of the host
+biz_date|business day
+status|PREPARING, LIVING, END, or UNKNOWN while the start is not known
+duration_s|seconds from start to end, or as far as viewers are known
+presence_s|seconds of presence known from visits
+comment_ucnt|viewers who commented
+like_ucnt|viewers who liked
+share_ucnt|viewers who shared
+follow_ucnt|viewers who followed
+fanclub_ucnt|viewers who joined the fan club
+product_show_cnt|product impressions
+product_click_cnt|product clicks
+data_as_of|whatever was committed by then is counted
+is_final|whether setting.final_after has passed since the end, so that few refunds are still to come
+product|name of the product
+external_id|the channel's id of the stream
#stream_fact|场次事实: the counts and sums of each stream that stream_overview divides by each other
SELECT s.stream_id, c.code AS channel, c.name_zh AS channel_zh, s.external_id, h.host_id, h.name AS host, s.title, s.start_ts, s.end_ts,
	((coalesce(s.start_ts, m.first_minute) AT TIME ZONE t.stats_tz) - t.day_cut)::date AS biz_date,
	CASE WHEN s.end_ts <= f.data_as_of THEN 'END' WHEN s.start_ts > f.data_as_of THEN 'PREPARING' WHEN s.start_ts IS NULL THEN 'UNKNOWN' ELSE 'LIVING' END AS status,
	extract(epoch FROM coalesce(s.end_ts, o.last_minute + interval '1 minute') - coalesce(s.start_ts, o.first_minute)) AS duration_s,
	CASE WHEN 'expose_room' = ANY (c.collects) OR coalesce(m.impressions_cnt, 0) > 0 THEN coalesce(m.impressions_cnt, 0) END AS impressions_cnt,
	CASE WHEN 'expose_room' = ANY (c.collects) OR coalesce(r.impressions_ucnt, 0) > 0 THEN coalesce(r.impressions_ucnt, 0) END AS impressions_ucnt,
	CASE WHEN 'enter' = ANY (c.collects) OR coalesce(m.views_cnt, 0) > 0 THEN coalesce(m.views_cnt, 0) END AS views_cnt,
	CASE WHEN 'enter' = ANY (c.collects) OR coalesce(r.viewers_ucnt, 0) > 0 THEN coalesce(r.viewers_ucnt, 0) END AS viewers_ucnt,
	CASE WHEN 'enter' = ANY (c.collects) OR coalesce(r.watch_s, 0) > 0 THEN coalesce(r.watch_s, 0) END AS watch_s,
	CASE WHEN 'enter' = ANY (c.collects) OR coalesce(r.presence_s, 0) > 0 THEN coalesce(r.presence_s, 0) END AS presence_s,
	CASE WHEN 'enter' = ANY (c.collects) OR coalesce(r.pcu, 0) > 0 THEN coalesce(r.pcu, 0) END AS pcu,
	CASE WHEN 'enter' = ANY (c.collects) OR coalesce(r.stay_60s_ucnt, 0) > 0 THEN coalesce(r.stay_60s_ucnt, 0) END AS stay_60s_ucnt,
	CASE WHEN 'enter' = ANY (c.collects) OR coalesce(r.bounce_ucnt, 0) > 0 THEN coalesce(r.bounce_ucnt, 0) END AS bounce_ucnt,
	CASE WHEN 'comment' = ANY (c.collects) OR (coalesce(m.comments_cnt, 0) + coalesce(r.reported_comments, 0)) > 0 THEN (coalesce(m.comments_cnt, 0) + coalesce(r.reported_comments, 0)) END AS comments_cnt,
	CASE WHEN 'like' = ANY (c.collects) OR (coalesce(m.likes_cnt, 0) + coalesce(r.reported_likes, 0)) > 0 THEN (coalesce(m.likes_cnt, 0) + coalesce(r.reported_likes, 0)) END AS likes_cnt,
	CASE WHEN 'share' = ANY (c.collects) OR (coalesce(m.shares_cnt, 0) + coalesce(r.reported_shares, 0)) > 0 THEN (coalesce(m.shares_cnt, 0) + coalesce(r.reported_shares, 0)) END AS shares_cnt,
	coalesce(m.comments_cnt, 0) + coalesce(m.likes_cnt, 0) + coalesce(m.shares_cnt, 0)
	  + coalesce(r.reported_comments + r.reported_likes + r.reported_shares, 0) AS interactions_cnt,
	coalesce(r.interact_ucnt, 0) AS interact_ucnt, coalesce(r.comment_ucnt, 0) AS comment_ucnt, coalesce(r.like_ucnt, 0) AS like_ucnt,
	coalesce(r.share_ucnt, 0) AS share_ucnt,
	CASE WHEN 'follow' = ANY (c.collects) OR coalesce(m.follows_cnt, 0) > 0 THEN coalesce(m.follows_cnt, 0) END AS follows_cnt,
	CASE WHEN 'follow' = ANY (c.collects) OR coalesce(r.follow_ucnt, 0) > 0 THEN coalesce(r.follow_ucnt, 0) END AS follow_ucnt,
	CASE WHEN 'unfollow' = ANY (c.collects) OR m.unfollows_cnt > 0 THEN coalesce(m.follows_cnt, 0) - coalesce(m.unfollows_cnt, 0) END AS new_followers,
	CASE WHEN 'fanclub_join' = ANY (c.collects) OR coalesce(r.fanclub_ucnt, 0) > 0 THEN coalesce(r.fanclub_ucnt, 0) END AS fanclub_ucnt,
	CASE WHEN 'product_show' = ANY (c.collects) OR coalesce(m.product_show_cnt, 0) > 0 THEN coalesce(m.product_show_cnt, 0) END AS product_show_cnt,
	CASE WHEN 'product_show' = ANY (c.collects) OR coalesce(r.product_show_ucnt, 0) > 0 THEN coalesce(r.product_show_ucnt, 0) END AS product_show_ucnt,
	CASE WHEN 'product_click' = ANY (c.collects) OR coalesce(m.product_click_cnt, 0) > 0 THEN coalesce(m.product_click_cnt, 0) END AS product_click_cnt,
	CASE WHEN 'product_click' = ANY (c.collects) OR coalesce(r.product_click_ucnt, 0) > 0 THEN coalesce(r.product_click_ucnt, 0) END AS product_click_ucnt,
	coalesce(r.order_ucnt, 0) AS order_ucnt, coalesce(r.pay_ucnt, 0) AS pay_ucnt, coalesce(m.pay_order_cnt, 0) AS pay_order_cnt,
	coalesce(m.units, 0) AS units, coalesce(m.gmv_pay, 0) AS gmv_pay, coalesce(m.refund_pay_amt, 0) AS refund_pay_amt,
	coalesce(m.refund_time_amt, 0) AS refund_time_amt, a.ad_cost,
	r.exposed_1, r.exposed_2, r.exposed_3, r.exposed_4, r.exposed_5, r.entered_1, r.entered_2, r.entered_3, r.entered_4,
	t.currency, f.data_as_of, coalesce(s.end_ts + t.final_after <= f.data_as_of, false) AS is_final
FROM stream s JOIN channel c USING (channel_id) LEFT JOIN host h USING (host_id) LEFT JOIN roll_stream r USING (stream_id)
	LEFT JOIN LATERAL (
		SELECT min(minute) AS first_minute, sum(m.impressions_cnt)::bigint AS impressions_cnt, sum(views_cnt)::bigint AS views_cnt,
		       sum(comments_cnt)::bigint AS comments_cnt, sum(likes_cnt)::bigint AS likes_cnt, sum(shares_cnt)::bigint AS shares_cnt,
		       sum(follows_cnt)::bigint AS follows_cnt, sum(unfollows_cnt)::bigint AS unfollows_cnt,
		       sum(product_show_cnt)::bigint AS product_show_cnt, sum(product_click_cnt)::bigint AS product_click_cnt,
		       sum(pay_order_cnt)::bigint AS pay_order_cnt, sum(units)::bigint AS units, sum(gmv_pay) AS gmv_pay,
		       sum(refund_pay_amt) AS refund_pay_amt, sum(refund_time_amt) AS refund_time_amt
		FROM roll_minute m WHERE m.stream_id = s.stream_id) AS m ON true
	LEFT JOIN LATERAL (SELECT min(minute) AS first_minute, max(minute) AS last_minute FROM roll_online o WHERE o.stream_id = s.stream_id) AS o ON true
	LEFT JOIN LATERAL (SELECT sum(cost) AS ad_cost FROM ad_spend a WHERE a.stream_id = s.stream_id AND a.scope = 'promoted') AS a ON true
	CROSS JOIN setting t CROSS JOIN refresh_state f
#stream_overview|场次总览: a row for each stream
SELECT stream_id, channel, channel_zh, external_id, host_id, host, title, start_ts, end_ts, biz_date, status, round(duration_s, 0) AS duration_s,
	impressions_cnt, impressions_ucnt, views_cnt, viewers_ucnt, round(views_cnt::numeric / nullif(impressions_cnt, 0), 6) AS enter_rate,
	round(viewers_ucnt::numeric / nullif(impressions_ucnt, 0), 6) AS enter_urate, round(watch_s, 3) AS watch_s, round(watch_s / nullif(viewers_ucnt, 0), 6) AS avg_watch_per_viewer,
	round(watch_s / nullif(views_cnt, 0), 6) AS avg_watch_per_view, round(presence_s, 3) AS presence_s, round(presence_s / nullif(duration_s, 0), 6) AS acu, pcu,
	stay_60s_ucnt, round(stay_60s_ucnt::numeric / nullif(viewers_ucnt, 0), 6) AS stay_60s_rate, bounce_ucnt, round(bounce_ucnt::numeric / nullif(viewers_ucnt, 0), 6) AS bounce_rate,
	comments_cnt, likes_cnt, shares_cnt, interactions_cnt, interact_ucnt, round(interact_ucnt::numeric / nullif(viewers_ucnt, 0), 6) AS engage_urate,
	round(interactions_cnt::numeric / nullif(views_cnt, 0), 6) AS interactions_per_view, round(comments_cnt::numeric / nullif(views_cnt, 0), 6) AS comments_per_view,
	comment_ucnt, round(comment_ucnt::numeric / nullif(viewers_ucnt, 0), 6) AS comment_urate, like_ucnt, round(like_ucnt::numeric / nullif(viewers_ucnt, 0), 6) AS like_urate,
	share_ucnt, round(share_ucnt::numeric / nullif(viewers_ucnt, 0), 6) AS share_urate,
	follows_cnt, new_followers, follow_ucnt, round(follow_ucnt::numeric / nullif(viewers_ucnt, 0), 6) AS follow_urate_all, fanclub_ucnt,
	round(fanclub_ucnt::numeric / nullif(viewers_ucnt, 0), 6) AS fanclub_urate, product_show_cnt, product_show_ucnt, round(product_show_ucnt::numeric / nullif(viewers_ucnt, 0), 6) AS show_urate,
	product_click_cnt, product_click_ucnt, round(product_click_ucnt::numeric / nullif(product_show_ucnt, 0), 6) AS ctr_u, round(product_click_cnt::numeric / nullif(product_show_cnt, 0), 6) AS ctr_c,
	order_ucnt, pay_ucnt, pay_order_cnt, units, round(pay_ucnt::numeric / nullif(product_click_ucnt, 0), 6) AS cvr_u, round(pay_order_cnt::numeric / nullif(product_click_cnt, 0), 6) AS cvr_c,
	round(pay_ucnt::numeric / nullif(viewers_ucnt, 0), 6) AS view_buy_urate, round(pay_ucnt::numeric / nullif(order_ucnt, 0), 6) AS order_pay_urate,
	round(gmv_pay, 2) AS gmv_pay, round(refund_pay_amt, 2) AS refund_pay_amt, round(refund_time_amt, 2) AS refund_time_amt,
	round(gmv_pay - refund_pay_amt, 2) AS gmv_net, round(refund_pay_amt / nullif(gmv_pay, 0), 6) AS refund_rate_pay, round(refund_time_amt / nullif(gmv_pay, 0), 6) AS refund_rate_time,
	round(gmv_pay / nullif(pay_ucnt, 0), 6) AS aov_user, round(gmv_pay / nullif(pay_order_cnt, 0), 6) AS aov_order, round(gmv_pay / nullif(units, 0), 6) AS aov_unit,
	round(units::numeric / nullif(pay_order_cnt, 0), 6) AS units_per_order, round(1000 * gmv_pay / nullif(views_cnt, 0), 6) AS gpm_views,
	round(1000 * gmv_pay / nullif(viewers_ucnt, 0), 6) AS gpm_viewers, round(gmv_pay / nullif(viewers_ucnt, 0), 6) AS uv_value,
	round(60 * pay_order_cnt / nullif(duration_s, 0), 6) AS opm, round(ad_cost, 2) AS ad_cost, round(gmv_pay / nullif(ad_cost, 0), 6) AS roi,
	round((gmv_pay - refund_pay_amt) / nullif(ad_cost, 0), 6) AS roi_net, currency, data_as_of, is_final
FROM stream_fact
#stream_compare|环比: a row for each stream of a known host, metric and baseline: the stream before of that host (previous), or the mean of the host's streams of the 30 days before (mean_30d)
SELECT stream_id, channel, external_id, host_id, host, start_ts, metric, c.zh, c.en, baseline, previous_stream_id, round(value, 6) AS value, round(baseline_value, 6) AS baseline_value,
	CASE WHEN compare_status IN ('OK', 'BASELINE_ZERO') THEN round(value - baseline_value, 6) END AS abs_change,
	CASE WHEN compare_status = 'OK' THEN round((value - baseline_value) / abs(baseline_value), 6) END AS rel_change,
	CASE WHEN compare_status IN ('OK', 'BASELINE_ZERO') AND c.unit = 'ratio' AND c.metric !~ '^(roi|units_per)' THEN round(100 * (value - baseline_value), 4) END AS pp_change,
	compare_status, data_as_of, is_final
FROM (SELECT q.*, b.*, CASE WHEN q.status <> 'END' THEN 'CURRENT_INCOMPLETE' WHEN b.baseline = 'previous' AND q.previous_stream_id IS NULL OR q.earlier_cnt = 0 THEN 'NO_BASELINE'
		WHEN q.value IS NULL OR b.baseline_value IS NULL THEN 'NOT_KNOWN' WHEN b.baseline_value = 0 THEN 'BASELINE_ZERO' ELSE 'OK' END AS compare_status
	FROM (SELECT o.stream_id, o.channel, o.external_id, o.host_id, o.host, o.start_ts, o.status, m.metric, m.value, o.data_as_of, o.is_final,
			lag(o.stream_id) OVER h AS previous_stream_id, lag(m.value) OVER h AS previous_value,
			avg(m.value) OVER d AS mean_value, count(*) OVER d AS earlier_cnt
		FROM stream_overview o, LATERAL (VALUES ('viewers_ucnt', o.viewers_ucnt::numeric), ('views_cnt', o.views_cnt), ('acu', o.acu), ('pcu', o.pcu),
			('avg_watch_per_viewer', o.avg_watch_per_viewer), ('stay_60s_rate', o.stay_60s_rate), ('interactions_cnt', o.interactions_cnt), ('engage_urate', o.engage_urate),
			('new_followers', o.new_followers), ('pay_ucnt', o.pay_ucnt), ('pay_order_cnt', o.pay_order_cnt), ('gmv_pay', o.gmv_pay), ('gmv_net', o.gmv_net),
			('view_buy_urate', o.view_buy_urate), ('aov_user', o.aov_user), ('gpm_views', o.gpm_views), ('uv_value', o.uv_value), ('roi', o.roi)) AS m (metric, value)
		WHERE o.host_id IS NOT NULL AND o.start_ts IS NOT NULL
		WINDOW h AS (PARTITION BY o.host_id, m.metric ORDER BY o.start_ts, o.stream_id),
			d AS (PARTITION BY o.host_id, m.metric ORDER BY o.start_ts RANGE BETWEEN interval '30 days' PRECEDING AND CURRENT ROW EXCLUDE GROUP)) AS q,
		LATERAL (VALUES ('previous', q.previous_value), ('mean_30d', q.mean_value)) AS b (baseline, baseline_value)) AS q
JOIN metric_catalog c USING (metric)
+metric|metric
+zh|its Chinese name
+en|its English name
+baseline|what the stream is compared with: previous or mean_30d
+previous_stream_id|the host's stream before
+value|value of the metric
+baseline_value|value of the baseline
+abs_change|value - baseline_value
+rel_change|abs_change / size of baseline_value
+pp_change|abs_change of a share, in percentage points
+compare_status|OK, or why a change is NULL: CURRENT_INCOMPLETE while the stream is not over, NO_BASELINE, NOT_KNOWN where a value is, BASELINE_ZERO
#stream_minute|分钟趋势: a row for each minute of a stream in which something happened or somebody was there
SELECT m.stream_id, s.external_id, c.code AS channel, m.minute, round(m.presence_s / 60, 6) AS online_avg, m.online_peak, m.impressions_cnt, m.views_cnt, m.leaves_cnt,
	m.comments_cnt, m.likes_cnt, m.shares_cnt, m.follows_cnt, m.unfollows_cnt, m.fanclub_cnt, m.gifts_cnt, round(m.gift_amt, 2) AS gift_amt, m.product_show_cnt,
	m.product_click_cnt, m.add_cart_cnt, m.coupon_claim_cnt, m.pay_order_cnt, m.units, round(m.gmv_pay, 2) AS gmv_pay,
	round(m.refund_pay_amt, 2) AS refund_pay_amt, round(m.refund_time_amt, 2) AS refund_time_amt,
	(SELECT p.name FROM product_explain x JOIN product p USING (product_id) WHERE x.stream_id = m.stream_id AND x.start_ts < m.minute + interval '1 minute'
	 AND x.end_ts > m.minute ORDER BY x.start_ts DESC, x.product_id LIMIT 1) AS explaining_product, f.data_as_of
FROM (SELECT stream_id, minute, coalesce(presence_s, 0) AS presence_s, coalesce(online_peak, 0) AS online_peak, coalesce(impressions_cnt, 0) AS impressions_cnt,
	coalesce(views_cnt, 0) AS views_cnt, coalesce(leaves_cnt, 0) AS leaves_cnt, coalesce(comments_cnt, 0) AS comments_cnt, coalesce(likes_cnt, 0) AS likes_cnt,
	coalesce(shares_cnt, 0) AS shares_cnt, coalesce(follows_cnt, 0) AS follows_cnt, coalesce(unfollows_cnt, 0) AS unfollows_cnt,
	coalesce(fanclub_cnt, 0) AS fanclub_cnt, coalesce(gifts_cnt, 0) AS gifts_cnt, coalesce(gift_amt, 0) AS gift_amt,
	coalesce(product_show_cnt, 0) AS product_show_cnt, coalesce(product_click_cnt, 0) AS product_click_cnt, coalesce(add_cart_cnt, 0) AS add_cart_cnt,
	coalesce(coupon_claim_cnt, 0) AS coupon_claim_cnt, coalesce(pay_order_cnt, 0) AS pay_order_cnt, coalesce(units, 0) AS units, coalesce(gmv_pay, 0) AS gmv_pay,
	coalesce(refund_pay_amt, 0) AS refund_pay_amt, coalesce(refund_time_amt, 0) AS refund_time_amt
	FROM roll_minute FULL JOIN roll_online USING (stream_id, minute)) AS m
JOIN stream s USING (stream_id) JOIN channel c USING (channel_id) CROSS JOIN refresh_state f
+explaining_product|product explained in the minute, the one begun last
#stream_funnel|五维四率: reached, entered, shown a product, clicked, bought; counted independently (ratio) and in that order (seq)
SELECT stream_id, channel, external_id, host, biz_date, impressions_ucnt, viewers_ucnt, product_show_ucnt, product_click_ucnt, pay_ucnt,
	round(viewers_ucnt::numeric / nullif(impressions_ucnt, 0), 6) AS enter_urate, round(product_show_ucnt::numeric / nullif(viewers_ucnt, 0), 6) AS show_urate,
	round(product_click_ucnt::numeric / nullif(product_show_ucnt, 0), 6) AS ctr_u, round(pay_ucnt::numeric / nullif(product_click_ucnt, 0), 6) AS cvr_u,
	CASE WHEN exposed_1 > 0 THEN 'expose_room' ELSE 'enter' END AS seq_from, nullif(exposed_1, 0) AS seq_expose,
	CASE WHEN exposed_1 > 0 THEN exposed_2 ELSE entered_1 END AS seq_enter, CASE WHEN exposed_1 > 0 THEN exposed_3 ELSE entered_2 END AS seq_show,
	CASE WHEN exposed_1 > 0 THEN exposed_4 ELSE entered_3 END AS seq_click, CASE WHEN exposed_1 > 0 THEN exposed_5 ELSE entered_4 END AS seq_pay,
	round(exposed_2::numeric / nullif(exposed_1, 0), 6) AS seq_enter_urate,
	CASE WHEN exposed_1 > 0 THEN round(exposed_3::numeric / nullif(exposed_2, 0), 6) ELSE round(entered_2::numeric / nullif(entered_1, 0), 6) END AS seq_show_urate,
	CASE WHEN exposed_1 > 0 THEN round(exposed_4::numeric / nullif(exposed_3, 0), 6) ELSE round(entered_3::numeric / nullif(entered_2, 0), 6) END AS seq_click_urate,
	CASE WHEN exposed_1 > 0 THEN round(exposed_5::numeric / nullif(exposed_4, 0), 6) ELSE round(entered_4::numeric / nullif(entered_3, 0), 6) END AS seq_pay_urate,
	data_as_of, is_final
FROM stream_fact
+seq_from|the step that the sequence begins with: expose_room where the stream has any, else enter
+seq_expose|viewers who were reached; NULL where the sequence begins with the entry
+seq_enter|viewers who came as far as the entry, in order
+seq_show|viewers who came as far as being shown a product, in order
+seq_click|viewers who came as far as clicking a product, in order
+seq_pay|viewers who came as far as paying, in order
+seq_enter_urate|seq_enter / seq_expose
+seq_show_urate|seq_show / seq_enter
+seq_click_urate|seq_click / seq_show
+seq_pay_urate|seq_pay / seq_click
#stream_product|商品复盘: a row for each product listed, shown or sold in a stream
SELECT r.stream_id, c.code AS channel, s.external_id, r.product_id, p.external_id AS product_external_id, p.name AS product, p.category,
	l.pos, l.listed_at, l.delisted_at, l.live_price, coalesce(x.explain_cnt, 0) AS explain_cnt, coalesce(round(x.explain_s, 3), 0) AS explain_s,
	r.product_show_cnt, r.product_show_ucnt, r.product_click_cnt, r.product_click_ucnt, round(r.product_click_ucnt::numeric / nullif(r.product_show_ucnt, 0), 6) AS ctr_u,
	round(r.product_click_cnt::numeric / nullif(r.product_show_cnt, 0), 6) AS ctr_c, r.add_cart_cnt, r.pay_ucnt, r.pay_order_cnt, r.units,
	round(r.pay_ucnt::numeric / nullif(r.product_click_ucnt, 0), 6) AS cvr_u, round(r.pay_order_cnt::numeric / nullif(r.product_click_cnt, 0), 6) AS cvr_c, round(r.gmv_pay, 2) AS gmv_pay,
	round(1000 * r.gmv_pay / nullif(r.product_show_cnt, 0), 6) AS gpm_show, round(r.gmv_pay / nullif(r.units, 0), 6) AS aov_unit,
	round(r.gmv_pay / nullif(sum(r.gmv_pay) OVER (PARTITION BY r.stream_id), 0), 6) AS gmv_share, t.currency, f.data_as_of,
	coalesce(s.end_ts + t.final_after <= f.data_as_of, false) AS is_final
FROM (SELECT stream_id, product_id, sum(product_show_cnt)::bigint AS product_show_cnt, count(*) FILTER (WHERE viewer_id <> 0 AND product_show_cnt > 0) AS product_show_ucnt,
		sum(product_click_cnt)::bigint AS product_click_cnt, count(*) FILTER (WHERE viewer_id <> 0 AND product_click_cnt > 0) AS product_click_ucnt,
		sum(add_cart_cnt)::bigint AS add_cart_cnt, count(*) FILTER (WHERE viewer_id <> 0 AND pay_order_cnt > 0) AS pay_ucnt,
		sum(pay_order_cnt)::bigint AS pay_order_cnt, sum(units)::bigint AS units, sum(gmv_pay) AS gmv_pay
	FROM (SELECT stream_id, viewer_id, product_id, product_show_cnt, product_click_cnt, add_cart_cnt, pay_order_cnt, units, gmv_pay FROM roll_product
		UNION ALL SELECT stream_id, 0, product_id, 0, 0, 0, 0, 0, 0 FROM product_listing) AS a
	GROUP BY stream_id, product_id) AS r
JOIN stream s USING (stream_id) JOIN channel c USING (channel_id) JOIN product p ON p.product_id = r.product_id
LEFT JOIN product_listing l ON l.stream_id = r.stream_id AND l.product_id = r.product_id
LEFT JOIN LATERAL (SELECT count(*) AS explain_cnt, sum(extract(epoch FROM x.end_ts - x.start_ts)) AS explain_s FROM product_explain x
	WHERE x.stream_id = r.stream_id AND x.product_id = r.product_id) AS x ON true
CROSS JOIN setting t CROSS JOIN refresh_state f
+explain_cnt|how often it was explained
+explain_s|seconds for which it was explained
+gmv_share|gmv_pay / gmv_pay of all products of the stream
+product_external_id|the channel's id of the product
#host_daily|主播日报: a row for each host and business day, ranked by sales
SELECT c.code AS channel, c.name_zh AS channel_zh, h.host_id, h.name AS host, d.biz_date, rank() OVER (PARTITION BY d.biz_date ORDER BY d.gmv_pay DESC) AS gmv_rank,
	d.streams_cnt, round(d.live_s, 0) AS live_s, d.viewers_ucnt, d.views_cnt, round(d.watch_s, 3) AS watch_s,
	round(d.watch_s / nullif(d.viewers_ucnt, 0), 6) AS avg_watch_per_viewer, d.comments_cnt, d.likes_cnt, d.shares_cnt,
	d.comments_cnt + d.likes_cnt + d.shares_cnt AS interactions_cnt, d.interact_ucnt, round(d.interact_ucnt::numeric / nullif(d.viewers_ucnt, 0), 6) AS engage_urate,
	d.follows_cnt, d.follows_cnt - d.unfollows_cnt AS new_followers, d.follow_ucnt, round(d.follow_ucnt::numeric / nullif(d.viewers_ucnt, 0), 6) AS follow_urate_all,
	d.pay_ucnt, d.pay_order_cnt, d.units, round(d.gmv_pay, 2) AS gmv_pay, round(d.refund_pay_amt, 2) AS refund_pay_amt,
	round(d.refund_time_amt, 2) AS refund_time_amt, round(d.gmv_pay - d.refund_pay_amt, 2) AS gmv_net,
	round(d.pay_ucnt::numeric / nullif(d.viewers_ucnt, 0), 6) AS view_buy_urate, round(d.refund_pay_amt / nullif(d.gmv_pay, 0), 6) AS refund_rate_pay,
	round(d.refund_time_amt / nullif(d.gmv_pay, 0), 6) AS refund_rate_time, round(d.gmv_pay / nullif(d.pay_ucnt, 0), 6) AS aov_user, round(d.gmv_pay / nullif(d.pay_order_cnt, 0), 6) AS aov_order,
	round(1000 * d.gmv_pay / nullif(d.views_cnt, 0), 6) AS gpm_views, round(d.gmv_pay / nullif(d.viewers_ucnt, 0), 6) AS uv_value,
	round(3600 * d.gmv_pay / nullif(d.live_s, 0), 6) AS gmv_per_hour,
	t.currency, f.data_as_of,
	coalesce((d.biz_date + 1 + t.day_cut) AT TIME ZONE t.stats_tz + t.final_after <= f.data_as_of, false) AS is_final
FROM (SELECT host_id, biz_date, sum(streams_cnt)::bigint AS streams_cnt, sum(viewers_ucnt)::bigint AS viewers_ucnt, sum(watch_s) AS watch_s,
	sum(interact_ucnt)::bigint AS interact_ucnt, sum(follow_ucnt)::bigint AS follow_ucnt, sum(pay_ucnt)::bigint AS pay_ucnt,
	coalesce(sum(comments_cnt), 0)::bigint AS comments_cnt, coalesce(sum(likes_cnt), 0)::bigint AS likes_cnt, coalesce(sum(shares_cnt), 0)::bigint AS shares_cnt,
	sum(views_cnt)::bigint AS views_cnt, sum(follows_cnt)::bigint AS follows_cnt, sum(unfollows_cnt)::bigint AS unfollows_cnt,
	sum(pay_order_cnt)::bigint AS pay_order_cnt, sum(units)::bigint AS units, sum(gmv_pay) AS gmv_pay, sum(refund_pay_amt) AS refund_pay_amt,
	sum(refund_time_amt) AS refund_time_amt, sum(live_s) AS live_s, sum(ad_cost) AS ad_cost, sum(new_buyers_ucnt)::bigint AS new_buyers_ucnt
	FROM (
		SELECT s.host_id, r.biz_date, count(DISTINCT r.stream_id) FILTER (WHERE here) AS streams_cnt,
		       count(DISTINCT r.viewer_id) FILTER (WHERE here) AS viewers_ucnt, sum(r.watch_s) AS watch_s,
		       count(DISTINCT r.viewer_id) FILTER (WHERE here AND comments_cnt + likes_cnt + shares_cnt > 0) AS interact_ucnt,
		       count(DISTINCT r.viewer_id) FILTER (WHERE here AND follows_cnt > 0) AS follow_ucnt,
		       count(DISTINCT r.viewer_id) FILTER (WHERE pay_order_cnt > 0) AS pay_ucnt,
		       sum(comments_cnt) FILTER (WHERE reported) AS comments_cnt, sum(likes_cnt) FILTER (WHERE reported) AS likes_cnt,
		       sum(shares_cnt) FILTER (WHERE reported) AS shares_cnt, 0::bigint AS views_cnt, 0::bigint AS follows_cnt, 0::bigint AS unfollows_cnt,
		       0::bigint AS pay_order_cnt, 0::bigint AS units, 0::numeric AS gmv_pay, 0::numeric AS refund_pay_amt, 0::numeric AS refund_time_amt,
		       NULL::numeric AS live_s, NULL::numeric AS ad_cost, NULL::bigint AS new_buyers_ucnt
		FROM (SELECT *, views_cnt > 0 OR watch_s > 0 AS here FROM roll_viewer) AS r JOIN stream s USING (stream_id)
		GROUP BY s.host_id, r.biz_date
		UNION ALL
		SELECT s.host_id, ((m.minute AT TIME ZONE c.stats_tz) - c.day_cut)::date, 0, 0, 0, 0, 0, 0, sum(comments_cnt), sum(likes_cnt), sum(shares_cnt),
		       sum(views_cnt), sum(follows_cnt), sum(unfollows_cnt), sum(pay_order_cnt), sum(m.units), sum(m.gmv_pay), sum(m.refund_pay_amt),
		       sum(m.refund_time_amt), NULL::numeric AS live_s, NULL::numeric AS ad_cost, NULL::bigint AS new_buyers_ucnt
		FROM roll_minute m JOIN stream s USING (stream_id) CROSS JOIN setting c
		GROUP BY s.host_id, ((m.minute AT TIME ZONE c.stats_tz) - c.day_cut)::date
		UNION ALL
		SELECT s.host_id, day::date, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		       sum(extract(epoch FROM least(coalesce(s.end_ts, f.data_as_of), (day + interval '1 day' + c.day_cut) AT TIME ZONE c.stats_tz)
		         - greatest(s.start_ts, (day + c.day_cut) AT TIME ZONE c.stats_tz))), NULL::numeric AS ad_cost, NULL::bigint AS new_buyers_ucnt
		FROM stream s CROSS JOIN setting c CROSS JOIN refresh_state f,
		  LATERAL generate_series(date_trunc('day', (s.start_ts AT TIME ZONE c.stats_tz) - c.day_cut),
		    date_trunc('day', (coalesce(s.end_ts, f.data_as_of) AT TIME ZONE c.stats_tz) - c.day_cut), interval '1 day') AS day
		WHERE coalesce(s.end_ts, f.data_as_of) > (day + c.day_cut) AT TIME ZONE c.stats_tz
		GROUP BY s.host_id, day::date
	) AS a GROUP BY host_id, biz_date) AS d
JOIN host h USING (host_id) JOIN channel c USING (channel_id) CROSS JOIN setting t CROSS JOIN refresh_state f
+gmv_rank|rank among the hosts of the day by gmv_pay
+streams_cnt|streams with viewers on the day
+live_s|seconds of streams on the day
+gmv_per_hour|gmv_pay / live_s * 3600
#channel_daily|渠道日报: a row for each channel and business day; a viewer of several streams counts once
SELECT c.code AS channel, c.name_zh AS channel_zh, d.biz_date,
	d.streams_cnt, round(d.live_s, 0) AS live_s, d.viewers_ucnt, d.views_cnt, round(d.watch_s, 3) AS watch_s,
	round(d.watch_s / nullif(d.viewers_ucnt, 0), 6) AS avg_watch_per_viewer, d.comments_cnt, d.likes_cnt, d.shares_cnt,
	d.comments_cnt + d.likes_cnt + d.shares_cnt AS interactions_cnt, d.interact_ucnt, round(d.interact_ucnt::numeric / nullif(d.viewers_ucnt, 0), 6) AS engage_urate,
	d.follows_cnt, d.follows_cnt - d.unfollows_cnt AS new_followers, d.follow_ucnt, round(d.follow_ucnt::numeric / nullif(d.viewers_ucnt, 0), 6) AS follow_urate_all,
	d.pay_ucnt, d.pay_order_cnt, d.units, round(d.gmv_pay, 2) AS gmv_pay, round(d.refund_pay_amt, 2) AS refund_pay_amt,
	round(d.refund_time_amt, 2) AS refund_time_amt, round(d.gmv_pay - d.refund_pay_amt, 2) AS gmv_net,
	round(d.pay_ucnt::numeric / nullif(d.viewers_ucnt, 0), 6) AS view_buy_urate, round(d.refund_pay_amt / nullif(d.gmv_pay, 0), 6) AS refund_rate_pay,
	round(d.refund_time_amt / nullif(d.gmv_pay, 0), 6) AS refund_rate_time, round(d.gmv_pay / nullif(d.pay_ucnt, 0), 6) AS aov_user, round(d.gmv_pay / nullif(d.pay_order_cnt, 0), 6) AS aov_order,
	round(1000 * d.gmv_pay / nullif(d.views_cnt, 0), 6) AS gpm_views, round(d.gmv_pay / nullif(d.viewers_ucnt, 0), 6) AS uv_value,
	round(3600 * d.gmv_pay / nullif(d.live_s, 0), 6) AS gmv_per_hour,
	round(d.gmv_pay / nullif(sum(d.gmv_pay) OVER (PARTITION BY d.biz_date), 0), 6) AS gmv_share, d.ad_cost, coalesce(d.new_buyers_ucnt, 0) AS new_buyers_ucnt,
	round(d.gmv_pay / nullif(d.ad_cost, 0), 6) AS roi, round((d.gmv_pay - d.refund_pay_amt) / nullif(d.ad_cost, 0), 6) AS roi_net, round(d.ad_cost / nullif(d.new_buyers_ucnt, 0), 6) AS cac,
	t.currency, f.data_as_of,
	coalesce((d.biz_date + 1 + t.day_cut) AT TIME ZONE t.stats_tz + t.final_after <= f.data_as_of, false) AS is_final
FROM (SELECT channel_id, biz_date, sum(streams_cnt)::bigint AS streams_cnt, sum(viewers_ucnt)::bigint AS viewers_ucnt, sum(watch_s) AS watch_s,
	sum(interact_ucnt)::bigint AS interact_ucnt, sum(follow_ucnt)::bigint AS follow_ucnt, sum(pay_ucnt)::bigint AS pay_ucnt,
	coalesce(sum(comments_cnt), 0)::bigint AS comments_cnt, coalesce(sum(likes_cnt), 0)::bigint AS likes_cnt, coalesce(sum(shares_cnt), 0)::bigint AS shares_cnt,
	sum(views_cnt)::bigint AS views_cnt, sum(follows_cnt)::bigint AS follows_cnt, sum(unfollows_cnt)::bigint AS unfollows_cnt,
	sum(pay_order_cnt)::bigint AS pay_order_cnt, sum(units)::bigint AS units, sum(gmv_pay) AS gmv_pay, sum(refund_pay_amt) AS refund_pay_amt,
	sum(refund_time_amt) AS refund_time_amt, sum(live_s) AS live_s, sum(ad_cost) AS ad_cost, sum(new_buyers_ucnt)::bigint AS new_buyers_ucnt
	FROM (
		SELECT s.channel_id, r.biz_date, count(DISTINCT r.stream_id) FILTER (WHERE here) AS streams_cnt,
		       count(DISTINCT r.viewer_id) FILTER (WHERE here) AS viewers_ucnt, sum(r.watch_s) AS watch_s,
		       count(DISTINCT r.viewer_id) FILTER (WHERE here AND comments_cnt + likes_cnt + shares_cnt > 0) AS interact_ucnt,
		       count(DISTINCT r.viewer_id) FILTER (WHERE here AND follows_cnt > 0) AS follow_ucnt,
		       count(DISTINCT r.viewer_id) FILTER (WHERE pay_order_cnt > 0) AS pay_ucnt,
		       sum(comments_cnt) FILTER (WHERE reported) AS comments_cnt, sum(likes_cnt) FILTER (WHERE reported) AS likes_cnt,
		       sum(shares_cnt) FILTER (WHERE reported) AS shares_cnt, 0::bigint AS views_cnt, 0::bigint AS follows_cnt, 0::bigint AS unfollows_cnt,
		       0::bigint AS pay_order_cnt, 0::bigint AS units, 0::numeric AS gmv_pay, 0::numeric AS refund_pay_amt, 0::numeric AS refund_time_amt,
		       NULL::numeric AS live_s, NULL::numeric AS ad_cost, NULL::bigint AS new_buyers_ucnt
		FROM (SELECT *, views_cnt > 0 OR watch_s > 0 AS here FROM roll_viewer) AS r JOIN stream s USING (stream_id)
		GROUP BY s.channel_id, r.biz_date
		UNION ALL
		SELECT s.channel_id, ((m.minute AT TIME ZONE c.stats_tz) - c.day_cut)::date, 0, 0, 0, 0, 0, 0, sum(comments_cnt), sum(likes_cnt), sum(shares_cnt),
		       sum(views_cnt), sum(follows_cnt), sum(unfollows_cnt), sum(pay_order_cnt), sum(m.units), sum(m.gmv_pay), sum(m.refund_pay_amt),
		       sum(m.refund_time_amt), NULL::numeric AS live_s, NULL::numeric AS ad_cost, NULL::bigint AS new_buyers_ucnt
		FROM roll_minute m JOIN stream s USING (stream_id) CROSS JOIN setting c
		GROUP BY s.channel_id, ((m.minute AT TIME ZONE c.stats_tz) - c.day_cut)::date
		UNION ALL
		SELECT s.channel_id, day::date, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		       sum(extract(epoch FROM least(coalesce(s.end_ts, f.data_as_of), (day + interval '1 day' + c.day_cut) AT TIME ZONE c.stats_tz)
		         - greatest(s.start_ts, (day + c.day_cut) AT TIME ZONE c.stats_tz))), NULL::numeric AS ad_cost, NULL::bigint AS new_buyers_ucnt
		FROM stream s CROSS JOIN setting c CROSS JOIN refresh_state f,
		  LATERAL generate_series(date_trunc('day', (s.start_ts AT TIME ZONE c.stats_tz) - c.day_cut),
		    date_trunc('day', (coalesce(s.end_ts, f.data_as_of) AT TIME ZONE c.stats_tz) - c.day_cut), interval '1 day') AS day
		WHERE coalesce(s.end_ts, f.data_as_of) > (day + c.day_cut) AT TIME ZONE c.stats_tz
		GROUP BY s.channel_id, day::date
		UNION ALL
		SELECT a.channel_id, ((a.hour AT TIME ZONE c.stats_tz) - c.day_cut)::date, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, NULL::numeric AS live_s, sum(a.cost), NULL::bigint AS new_buyers_ucnt
		FROM ad_spend a CROSS JOIN setting c WHERE a.scope = 'promoted'
		GROUP BY a.channel_id, ((a.hour AT TIME ZONE c.stats_tz) - c.day_cut)::date
		UNION ALL
		SELECT o.channel_id, ((o.first_ts AT TIME ZONE c.stats_tz) - c.day_cut)::date, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, NULL::numeric AS live_s, NULL::numeric AS ad_cost, count(*)
		FROM (SELECT channel_id, viewer_id, min(paid_ts) AS first_ts FROM orders WHERE paid_ts IS NOT NULL AND viewer_id IS NOT NULL GROUP BY 1, 2) AS o
		  CROSS JOIN setting c
		GROUP BY o.channel_id, ((o.first_ts AT TIME ZONE c.stats_tz) - c.day_cut)::date
	) AS a GROUP BY channel_id, biz_date) AS d
JOIN channel c USING (channel_id) CROSS JOIN setting t CROSS JOIN refresh_state f
+streams_cnt|streams with viewers on the day
+live_s|seconds of streams on the day
+gmv_per_hour|gmv_pay / live_s * 3600
+gmv_share|gmv_pay / gmv_pay of all channels on the day
+new_buyers_ucnt|buyers whose first paid order lies on the day
#traffic_source|流量结构: a row for each stream and source of its viewers; no figures of fewer viewers than setting.k_anonymity
SELECT v.stream_id, c.code AS channel, s.external_id, v.source, v.viewers_ucnt >= t.k_anonymity AS is_shown, CASE WHEN viewers_ucnt >= t.k_anonymity THEN viewers_ucnt END AS viewers_ucnt,
	CASE WHEN viewers_ucnt >= t.k_anonymity THEN views_cnt END AS views_cnt, CASE WHEN viewers_ucnt >= t.k_anonymity THEN round(watch_s, 3) END AS watch_s, CASE WHEN viewers_ucnt >= t.k_anonymity THEN round(watch_s / nullif(viewers_ucnt, 0), 6) END AS avg_watch_per_viewer, CASE WHEN viewers_ucnt >= t.k_anonymity THEN pay_ucnt END AS pay_ucnt,
	CASE WHEN viewers_ucnt >= t.k_anonymity THEN round(pay_ucnt::numeric / nullif(viewers_ucnt, 0), 6) END AS view_buy_urate, CASE WHEN viewers_ucnt >= t.k_anonymity THEN round(gmv_pay, 2) END AS gmv_pay, CASE WHEN viewers_ucnt >= t.k_anonymity THEN round(gmv_pay / nullif(viewers_ucnt, 0), 6) END AS uv_value,
	t.currency, f.data_as_of, coalesce(s.end_ts + t.final_after <= f.data_as_of, false) AS is_final
FROM (SELECT stream_id, source, count(*) AS viewers_ucnt, sum(views_cnt)::bigint AS views_cnt, sum(watch_s) AS watch_s, count(*) FILTER (WHERE pay_order_cnt > 0) AS pay_ucnt,
		sum(gmv_pay) AS gmv_pay
	FROM (SELECT stream_id, viewer_id, coalesce(max(source), 'unknown') AS source, sum(views_cnt) AS views_cnt, sum(watch_s) AS watch_s,
			sum(pay_order_cnt) AS pay_order_cnt, sum(gmv_pay) AS gmv_pay
		FROM roll_viewer GROUP BY stream_id, viewer_id HAVING sum(views_cnt) > 0 OR sum(watch_s) > 0) AS p
	GROUP BY stream_id, source) AS v
JOIN stream s USING (stream_id) JOIN channel c USING (channel_id) CROSS JOIN setting t CROSS JOIN refresh_state f
+is_shown|whether there are enough viewers to show figures
#viewer_feature|观众特征: what the models know of each viewer, as of the end of the last business day with viewers
FEATURES((SELECT max(biz_date) + 1 FROM roll_viewer WHERE views_cnt > 0 OR watch_s > 0))
+streams_cnt|streams
+active_days|business days with an event
+days_since_first|days since the first of them
+days_since_last|days since the last of them
+comments_cnt|comments
+likes_cnt|likes
+shares_cnt|shares
+follows_cnt|follows
+pay_order_cnt|orders paid, in streams and outside
+gmv_pay|their value
+pay_recency|1 / days since the last of them, 0 without any
#viewer_profile|观众画像: a row for each viewer; for those who may see single viewers
SELECT p.viewer_id, c.code AS channel, p.first_date, p.last_date, p.streams_cnt, round(p.watch_s, 3) AS watch_s, p.comments_cnt, p.likes_cnt, p.shares_cnt,
	p.interactions_cnt, p.segment, g.name_zh AS segment_zh, segment_label(p.segment) AS segment_en, g.strategy_zh, g.strategy_en, p.pay_order_cnt,
	round(p.gmv_pay, 2) AS gmv_pay, round(p.refund_pay_amt, 2) AS refund_pay_amt, round(p.gmv_pay - p.refund_pay_amt, 2) AS gmv_net, t.currency, n.data_as_of,
	round(SCORE(purchase)::numeric, 6) AS purchase_score, MODEL(purchase, version) AS purchase_model_version, round(SCORE(return)::numeric, 6) AS return_score, MODEL(return, version) AS return_model_version,
	b.last_pay_date, coalesce(b.buy_order_cnt, 0) AS buy_order_cnt, round(coalesce(b.buy_net_amt, 0), 2) AS buy_net_amt, b.r_score, b.f_score, b.m_score,
	CASE WHEN r_score >= 4 AND f_score >= 4 AND m_score >= 4 THEN 'champions'
		WHEN r_score >= 2 AND f_score >= 3 AND m_score >= 3 THEN 'loyal'
		WHEN r_score >= 3 AND f_score <= 3 AND m_score <= 3 THEN 'potential loyalist'
		WHEN r_score BETWEEN 2 AND 3 AND f_score BETWEEN 2 AND 3 AND m_score BETWEEN 2 AND 3 THEN 'need attention'
		WHEN r_score BETWEEN 2 AND 3 AND f_score <= 2 AND m_score <= 2 THEN 'about to sleep'
		WHEN r_score <= 2 AND f_score >= 2 AND m_score >= 2 THEN 'at risk'
		WHEN r_score <= 2 AND f_score <= 2 AND m_score <= 2 THEN 'lost'
		WHEN r_score IS NOT NULL THEN 'others' END AS rfm_segment
FROM (SELECT a.*, quartile_segment(interactions_cnt::float8) OVER () AS segment
	FROM (SELECT viewer_id, min(biz_date) AS first_date, max(biz_date) AS last_date, count(DISTINCT stream_id) AS streams_cnt, sum(watch_s) AS watch_s,
			sum(comments_cnt)::bigint AS comments_cnt, sum(likes_cnt)::bigint AS likes_cnt, sum(shares_cnt)::bigint AS shares_cnt,
			interaction_score(sum(comments_cnt)::bigint, sum(likes_cnt)::bigint, sum(shares_cnt)::bigint) AS interactions_cnt,
			sum(pay_order_cnt)::bigint AS pay_order_cnt, sum(gmv_pay) AS gmv_pay, sum(refund_pay_amt) AS refund_pay_amt
		FROM roll_viewer GROUP BY viewer_id
		HAVING sum(views_cnt) > 0 OR sum(watch_s) > 0 OR sum(comments_cnt + likes_cnt + shares_cnt) > 0) AS a) AS p
JOIN viewer v USING (viewer_id) JOIN channel c USING (channel_id) LEFT JOIN segment_strategy g ON g.segment = p.segment CROSS JOIN setting t CROSS JOIN refresh_state n
LEFT JOIN viewer_feature f ON f.viewer_id = p.viewer_id
LEFT JOIN (SELECT o.viewer_id, max(((o.paid_ts AT TIME ZONE t.stats_tz) - t.day_cut)::date) AS last_pay_date, count(*) AS buy_order_cnt,
		sum(o.paid_amt - coalesce(r.amount, 0)) AS buy_net_amt,
		quantile_segment((max(((o.paid_ts AT TIME ZONE t.stats_tz) - t.day_cut)::date) - date '2000-01-01')::float8, 5) OVER () AS r_score,
		quantile_segment(count(*)::float8, 5) OVER () AS f_score, quantile_segment(sum(o.paid_amt - coalesce(r.amount, 0))::float8, 5) OVER () AS m_score
	FROM orders o CROSS JOIN setting t LEFT JOIN (SELECT order_id, sum(amount) AS amount FROM refund WHERE success_ts IS NOT NULL GROUP BY order_id) AS r ON r.order_id = o.order_id
	WHERE o.paid_ts IS NOT NULL AND o.viewer_id IS NOT NULL GROUP BY o.viewer_id) AS b ON b.viewer_id = p.viewer_id
+last_pay_date|business day of the last paid order, in streams and outside
+buy_order_cnt|paid orders, in streams and outside
+buy_net_amt|their value, less refunds so far
+rfm_segment|name of the three scores: champions 4-5 4-5 4-5, loyal 2-5 3-5 3-5, potential loyalist 3-5 1-3 1-3, need attention 2-3 2-3 2-3, about to sleep 2-3 1-2 1-2, at risk 1-2 2-5 2-5, lost 1-2 1-2 1-2, else others; the first that fits
+purchase_model_version|version of the model that says so
+return_model_version|version of the model that says so
+first_date|first business day
+last_date|last business day
+streams_cnt|streams watched
+segment|quarter of the viewers by interactions, 1 to 4; equal numbers are never split
+segment_zh|Chinese name of the segment
+segment_en|English name of the segment
#interaction_segment|互动分层: a row for each segment of viewers by interactions, with what to offer it; no figures of fewer viewers than setting.k_anonymity
SELECT p.segment, p.segment_zh, p.segment_en, p.strategy_zh, p.strategy_en, viewers_ucnt >= t.k_anonymity AS is_shown, CASE WHEN viewers_ucnt >= t.k_anonymity THEN viewers_ucnt END AS viewers_ucnt,
	CASE WHEN viewers_ucnt >= t.k_anonymity THEN interactions_min END AS interactions_min, CASE WHEN viewers_ucnt >= t.k_anonymity THEN interactions_max END AS interactions_max, CASE WHEN viewers_ucnt >= t.k_anonymity THEN interactions_cnt END AS interactions_cnt,
	CASE WHEN viewers_ucnt >= t.k_anonymity THEN round(watch_s, 3) END AS watch_s, CASE WHEN viewers_ucnt >= t.k_anonymity THEN round(watch_s / nullif(viewers_ucnt, 0), 6) END AS avg_watch_per_viewer, CASE WHEN viewers_ucnt >= t.k_anonymity THEN pay_ucnt END AS pay_ucnt,
	CASE WHEN viewers_ucnt >= t.k_anonymity THEN round(pay_ucnt::numeric / nullif(viewers_ucnt, 0), 6) END AS view_buy_urate, CASE WHEN viewers_ucnt >= t.k_anonymity THEN round(gmv_pay, 2) END AS gmv_pay, CASE WHEN viewers_ucnt >= t.k_anonymity THEN round(gmv_net, 2) END AS gmv_net,
	CASE WHEN viewers_ucnt >= t.k_anonymity THEN round(gmv_pay / nullif(viewers_ucnt, 0), 6) END AS uv_value, t.currency, f.data_as_of
FROM (SELECT segment, segment_zh, segment_en, strategy_zh, strategy_en, count(*) AS viewers_ucnt, min(interactions_cnt) AS interactions_min, max(interactions_cnt) AS interactions_max,
		sum(interactions_cnt)::bigint AS interactions_cnt, sum(watch_s) AS watch_s, count(*) FILTER (WHERE pay_order_cnt > 0) AS pay_ucnt, sum(gmv_pay) AS gmv_pay,
		sum(gmv_net) AS gmv_net
	FROM viewer_profile GROUP BY segment, segment_zh, segment_en, strategy_zh, strategy_en) AS p CROSS JOIN setting t CROSS JOIN refresh_state f
+is_shown|whether there are enough viewers to show figures
+segment_zh|Chinese name of the segment
+segment_en|English name of the segment
+interactions_min|fewest interactions of a viewer of the segment
+interactions_max|most interactions of a viewer of the segment
#model_quality|模型评估: a row for each trained version, judged by viewers that it had not seen
SELECT name, version, kind, is_current, trained_at, cut, days, rows, test_rows, (metrics ->> 'train_positive')::bigint AS train_positive,
	(metrics ->> 'test_positive')::bigint AS test_positive, (metrics ->> 'true_positive')::bigint AS true_positive, (metrics ->> 'false_positive')::bigint AS false_positive,
	(metrics ->> 'false_negative')::bigint AS false_negative, (metrics ->> 'true_negative')::bigint AS true_negative,
	round((metrics ->> 'accuracy')::numeric, 6) AS accuracy, round((metrics ->> 'majority_accuracy')::numeric, 6) AS majority_accuracy,
	round((metrics ->> 'true_positive')::numeric / nullif((metrics ->> 'true_positive')::numeric + (metrics ->> 'false_positive')::numeric, 0), 6) AS precision_urate,
	round((metrics ->> 'true_positive')::numeric / nullif((metrics ->> 'test_positive')::numeric, 0), 6) AS recall_urate,
	round((metrics ->> 'roc_auc')::numeric, 6) AS roc_auc, round((metrics ->> 'log_loss')::numeric, 6) AS log_loss, round((metrics ->> 'base_log_loss')::numeric, 6) AS base_log_loss,
	(metrics -> 'previous' ->> 'version')::int AS previous_version, round((metrics -> 'previous' ->> 'roc_auc')::numeric, 6) AS previous_roc_auc,
	round((metrics -> 'previous' ->> 'log_loss')::numeric, 6) AS previous_log_loss, data_as_of
FROM model
+train_positive|of the viewers it learned from, those with the outcome
+test_positive|of the viewers held out, those with the outcome
+true_positive|viewers held out with the outcome and told so
+false_positive|viewers held out without it and told so
+false_negative|viewers held out with it and not told so
+true_negative|viewers held out without it and not told so
+previous_version|the version that was current before, judged by the same viewers
+previous_roc_auc|its roc_auc
+previous_log_loss|its log_loss
#retention_cohort|留存: the viewers first seen on a business day, and how many watched on exactly the Nth day after
SELECT c.code AS channel, h.cohort_date, n.day_n, h.cohort_ucnt,
	CASE WHEN done THEN coalesce(r.retained_ucnt, 0) END AS retained_ucnt, CASE WHEN done THEN round(coalesce(r.retained_ucnt, 0)::numeric / h.cohort_ucnt, 6) END AS day_n_retention,
	done AS is_complete, f.data_as_of
FROM (SELECT channel_id, cohort_date, count(*) AS cohort_ucnt FROM (
		SELECT viewer_id, min(biz_date) AS cohort_date FROM roll_viewer WHERE views_cnt > 0 OR watch_s > 0 GROUP BY viewer_id) AS b JOIN viewer USING (viewer_id)
	GROUP BY channel_id, cohort_date) AS h
CROSS JOIN generate_series(0, 30) AS n (day_n) CROSS JOIN setting t CROSS JOIN refresh_state f
CROSS JOIN LATERAL (SELECT coalesce((h.cohort_date + n.day_n + 1 + t.day_cut) AT TIME ZONE t.stats_tz <= f.data_as_of, false) AS done) AS d
LEFT JOIN (SELECT v.channel_id, b.cohort_date, a.biz_date - b.cohort_date AS day_n, count(DISTINCT a.viewer_id) AS retained_ucnt
	FROM roll_viewer a JOIN (SELECT viewer_id, min(biz_date) AS cohort_date FROM roll_viewer WHERE views_cnt > 0 OR watch_s > 0 GROUP BY viewer_id) AS b USING (viewer_id)
	JOIN viewer v USING (viewer_id) WHERE a.views_cnt > 0 OR a.watch_s > 0
	GROUP BY v.channel_id, b.cohort_date, a.biz_date - b.cohort_date) AS r
  ON r.channel_id = h.channel_id AND r.cohort_date = h.cohort_date AND r.day_n = n.day_n
JOIN channel c ON c.channel_id = h.channel_id
+cohort_date|business day on which the viewers were first seen
+day_n|days after, 0 being that day
+cohort_ucnt|viewers of the cohort
+retained_ucnt|of them, those who watched on that day; NULL until it is over
+is_complete|whether that day is over
#cohort_ltv|历史LTV: the buyers whose first paid order lies in a month, and what they spent in the first n days since it
SELECT c.code AS channel, b.cohort_month, n.days, b.cohort_ucnt, CASE WHEN done THEN round(coalesce(sum(o.net) FILTER (WHERE o.age < n.days * interval '1 day'), 0), 2) END AS gmv_net,
	CASE WHEN done THEN round(coalesce(sum(o.net) FILTER (WHERE o.age < n.days * interval '1 day'), 0) / b.cohort_ucnt, 6) END AS ltv_hist,
	done AS is_complete, t.currency, f.data_as_of
FROM (SELECT channel_id, cohort_month, count(*) AS cohort_ucnt, max(first_ts) AS last_first FROM (
		SELECT o.channel_id, o.viewer_id, min(o.paid_ts) AS first_ts,
		       date_trunc('month', (min(o.paid_ts) AT TIME ZONE min(t.stats_tz)) - min(t.day_cut))::date AS cohort_month
		FROM orders o CROSS JOIN setting t WHERE o.paid_ts IS NOT NULL AND o.viewer_id IS NOT NULL GROUP BY o.channel_id, o.viewer_id) AS q
	GROUP BY channel_id, cohort_month) AS b
CROSS JOIN (VALUES (1), (7), (30), (60), (90), (180), (365)) AS n (days) CROSS JOIN setting t CROSS JOIN refresh_state f
CROSS JOIN LATERAL (SELECT coalesce(b.last_first + n.days * interval '1 day' <= f.data_as_of, false) AS done) AS d
JOIN channel c ON c.channel_id = b.channel_id
LEFT JOIN (SELECT q.channel_id, date_trunc('month', (q.first_ts AT TIME ZONE t.stats_tz) - t.day_cut)::date AS cohort_month, q.paid_ts - q.first_ts AS age,
		q.paid_amt - coalesce((SELECT sum(r.amount) FROM refund r WHERE r.order_id = q.order_id AND r.success_ts IS NOT NULL), 0) AS net
	FROM (SELECT o.*, min(paid_ts) OVER (PARTITION BY channel_id, viewer_id) AS first_ts FROM orders o WHERE paid_ts IS NOT NULL AND viewer_id IS NOT NULL) AS q
	CROSS JOIN setting t) AS o ON o.channel_id = b.channel_id AND o.cohort_month = b.cohort_month
GROUP BY c.code, b.cohort_month, n.days, b.cohort_ucnt, done, t.currency, f.data_as_of
+cohort_month|month of the first paid order
+days|days since the first paid order
+cohort_ucnt|buyers of the cohort
+is_complete|whether every buyer of the cohort had so many days
#ad_roi|投放: a row for each plan and business day, of scope promoted
SELECT c.code AS channel, a.plan_id, s.external_id AS stream, a.biz_date, round(a.ad_cost, 2) AS ad_cost, a.ad_impressions, a.ad_clicks, a.attributed_orders,
	round(a.attributed_gmv, 2) AS attributed_gmv, round(a.ad_clicks::numeric / nullif(a.ad_impressions, 0), 6) AS ad_ctr, round(1000 * a.ad_cost / nullif(a.ad_impressions, 0), 6) AS cpm,
	round(a.ad_cost / nullif(a.ad_clicks, 0), 6) AS cpc, round(a.attributed_gmv / nullif(a.ad_cost, 0), 6) AS roi_attributed, round(a.ad_cost / nullif(a.attributed_orders, 0), 6) AS cpa_order,
	t.currency, f.data_as_of, coalesce((a.biz_date + 1 + t.day_cut) AT TIME ZONE t.stats_tz + t.final_after <= f.data_as_of, false) AS is_final
FROM (SELECT channel_id, plan_id, stream_id, ((hour AT TIME ZONE t.stats_tz) - t.day_cut)::date AS biz_date, sum(cost) AS ad_cost, sum(impressions)::bigint AS ad_impressions,
		sum(clicks)::bigint AS ad_clicks, sum(a.attributed_orders)::bigint AS attributed_orders, sum(a.attributed_gmv) AS attributed_gmv
	FROM ad_spend a CROSS JOIN setting t WHERE scope = 'promoted' GROUP BY 1, 2, 3, 4) AS a
JOIN channel c USING (channel_id) LEFT JOIN stream s ON s.stream_id = a.stream_id CROSS JOIN setting t CROSS JOIN refresh_state f
+stream|the channel's id of the stream
+ad_impressions|impressions of the advertisement
+ad_clicks|clicks on it
#promo_effect|活动效果: a row for each promotion; the raw difference says what happened, not why: without a random assignment those who take a coupon differ from others
SELECT c.code AS channel, p.promo_id, p.external_id, p.kind, p.name, p.start_ts, p.end_ts, coalesce(k.claimed_cnt, 0) AS claimed_cnt, coalesce(k.used_cnt, 0) AS used_cnt,
	round(k.used_cnt::numeric / nullif(k.claimed_cnt, 0), 6) AS redeem_rate, coalesce(e.treated_ucnt, 0) AS treated_ucnt, coalesce(e.control_ucnt, 0) AS control_ucnt,
	coalesce(e.treated_buyers, 0) AS treated_buyers, coalesce(e.control_buyers, 0) AS control_buyers, round(e.treated_buyers::numeric / nullif(e.treated_ucnt, 0), 6) AS treated_rate,
	round(e.control_buyers::numeric / nullif(e.control_ucnt, 0), 6) AS control_rate,
	round(e.treated_buyers::numeric / nullif(e.treated_ucnt, 0) - e.control_buyers::numeric / nullif(e.control_ucnt, 0), 6) AS raw_effect,
	now() AS data_as_of, coalesce(p.end_ts + t.final_after <= now(), false) AS is_final
FROM promotion p JOIN channel c USING (channel_id) CROSS JOIN setting t
LEFT JOIN (SELECT promo_id, count(*) AS claimed_cnt, count(used_ts) AS used_cnt FROM coupon GROUP BY promo_id) AS k USING (promo_id)
LEFT JOIN (SELECT promo_id, count(*) FILTER (WHERE arm = 'treat') AS treated_ucnt, count(*) FILTER (WHERE arm = 'control') AS control_ucnt,
		count(*) FILTER (WHERE arm = 'treat' AND bought) AS treated_buyers, count(*) FILTER (WHERE arm = 'control' AND bought) AS control_buyers
	FROM (SELECT x.promo_id, x.arm, EXISTS (SELECT FROM orders o WHERE o.viewer_id = x.viewer_id AND o.paid_ts >= x.assigned_ts AND o.paid_ts <= coalesce(p.end_ts, 'infinity')) AS bought
		FROM promo_exposure x JOIN promotion p USING (promo_id)) AS b
	GROUP BY promo_id) AS e USING (promo_id)
+claimed_cnt|coupons claimed
+used_cnt|coupons used
+treated_ucnt|viewers treated
+control_ucnt|viewers in the control group
+treated_buyers|of the treated, those who paid an order after their assignment and until the end
+control_buyers|of the control group, those who did
+treated_rate|treated_buyers / treated_ucnt
+control_rate|control_buyers / control_ucnt
+external_id|the channel's id
#refund_tracking|退款三角: the orders paid on a business day, and what was refunded in the first n days after each was paid
SELECT c.code AS channel, o.pay_date, n.age_days, o.pay_order_cnt, round(o.gmv_pay, 2) AS gmv_pay, CASE WHEN done THEN round(coalesce(r.amount, 0), 2) END AS refunded_amt,
	CASE WHEN done THEN round(coalesce(r.amount, 0) / nullif(o.gmv_pay, 0), 6) END AS refunded_rate, done AS is_complete, t.currency, now() AS data_as_of
FROM (SELECT o.channel_id, ((o.paid_ts AT TIME ZONE t.stats_tz) - t.day_cut)::date AS pay_date, count(*) AS pay_order_cnt, sum(o.paid_amt) AS gmv_pay
	FROM orders o CROSS JOIN setting t WHERE o.paid_ts IS NOT NULL GROUP BY 1, 2) AS o
CROSS JOIN (VALUES (1), (3), (7), (15), (30), (60), (90)) AS n (age_days) CROSS JOIN setting t
CROSS JOIN LATERAL (SELECT coalesce((o.pay_date + 1 + t.day_cut) AT TIME ZONE t.stats_tz + n.age_days * interval '1 day' <= now(), false) AS done) AS d
JOIN channel c ON c.channel_id = o.channel_id
LEFT JOIN (SELECT o.channel_id, ((o.paid_ts AT TIME ZONE t.stats_tz) - t.day_cut)::date AS pay_date, a.age_days, sum(r.amount) AS amount
	FROM refund r JOIN orders o USING (order_id) CROSS JOIN setting t JOIN (VALUES (1), (3), (7), (15), (30), (60), (90)) AS a (age_days)
	  ON r.success_ts < o.paid_ts + a.age_days * interval '1 day'
	WHERE o.paid_ts IS NOT NULL GROUP BY 1, 2, 3) AS r ON r.channel_id = o.channel_id AND r.pay_date = o.pay_date AND r.age_days = n.age_days
+pay_date|business day on which the orders were paid
+age_days|days after an order was paid
+refunded_amt|refunds made within them; NULL until every order of the day is that old
+refunded_rate|refunded_amt / gmv_pay
+is_complete|whether every order of the day is that old
#data_quality|数据质量: a row for each payload
SELECT c.code AS channel, b.batch_id, b.received_at, b.rows_total, b.accepted, b.duplicate, b.rejected, b.late, b.repeats,
	round(b.rejected::numeric / nullif(b.rows_total, 0), 6) AS rejected_rate, b.rejected - (SELECT count(*) FROM ingest_reject r WHERE r.batch_id = b.batch_id AND r.replayed_batch IS NOT NULL) AS open_cnt
FROM ingest_batch b JOIN channel c USING (channel_id)
+rejected_rate|rejected / rows_total
+open_cnt|rejected rows not replayed yet
#data_quality_reason|数据质量(原因): rejected rows by channel, kind of record and reason
SELECT c.code AS channel, r.record, r.reason, count(*) AS rejected_cnt, count(*) FILTER (WHERE r.replayed_batch IS NULL) AS open_cnt, max(b.received_at) AS last_received_at
FROM ingest_reject r JOIN ingest_batch b USING (batch_id) JOIN channel c USING (channel_id)
GROUP BY c.code, r.record, r.reason
+rejected_cnt|rejected rows
+open_cnt|rejected rows not replayed yet
+last_received_at|when the last came
#platform_gap|平台差异: the newest total that the platform reports for a stream beside ours
SELECT o.channel, o.stream_id, o.external_id, p.metric, p.captured_at, p.value AS platform_value, v.ours AS our_value, round((v.ours - p.value) / nullif(p.value, 0), 6) AS gap_rate, o.data_as_of
FROM (SELECT DISTINCT ON (stream_id, metric) * FROM platform_snapshot ORDER BY stream_id, metric, captured_at DESC) AS p
JOIN stream_overview o USING (stream_id)
JOIN LATERAL (VALUES ('viewers_ucnt', o.viewers_ucnt::numeric), ('views_cnt', o.views_cnt), ('impressions_ucnt', o.impressions_ucnt), ('impressions_cnt', o.impressions_cnt),
	('comments_cnt', o.comments_cnt), ('likes_cnt', o.likes_cnt), ('shares_cnt', o.shares_cnt), ('follows_cnt', o.follows_cnt), ('pcu', o.pcu), ('gmv_pay', o.gmv_pay),
	('pay_order_cnt', o.pay_order_cnt), ('pay_ucnt', o.pay_ucnt), ('avg_watch_per_viewer', o.avg_watch_per_viewer), ('enter_urate', o.enter_urate)) AS v (metric, ours)
  ON v.metric = p.metric
+platform_value|the platform's figure
+our_value|ours
+gap_rate|(our_value - platform_value) / platform_value
$views$;
END
$live$;
COMMENT ON FUNCTION live_views() IS
'the views that live_setup makes';

CREATE FUNCTION live_build_views(target name)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000
SET search_path = pg_catalog, pg_temp
SET client_min_messages = warning
AS $live$
DECLARE
	v_blocks text[];
	v_block text;
	v_head text[];
	v_general text;
	v_column name;
	v_comment text;
	v_query text;
BEGIN
	PERFORM set_config('search_path', (SELECT format('pg_catalog, %I, %I, pg_temp', target, n.nspname)
		FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'liveanalytics'), true);
	v_blocks := regexp_split_to_array(live_views(), E'\n#');
	v_general := v_blocks[1] || E'\n';
	FOREACH v_block IN ARRAY v_blocks[2:] LOOP
		v_head := string_to_array(split_part(v_block, E'\n', 1), '|');
		v_query := regexp_replace(substr(v_block, strpos(v_block, E'\n') + 1), E'\n\\+[^\n]*', '', 'g');
		-- what training and views share
		IF v_query ~ '^FEATURES' THEN
			v_query := live_feature_sql(substring(v_query FROM '^FEATURES(.*\))'));
		END IF;
		v_query := regexp_replace(v_query, 'SCORE\((\w+)\)',
			format('coalesce(%s, %s)', live_score_sql('forest', 'MODEL(\1, forest)'), live_score_sql('logreg', 'MODEL(\1, logreg)')), 'g');
		v_query := regexp_replace(v_query, 'MODEL\((\w+), version\)', '(SELECT version FROM model WHERE name = ''\1'' AND is_current)', 'g');
		v_query := regexp_replace(v_query, 'MODEL\((\w+), (\w+)\)', format($sql$(SELECT model FROM model WHERE name = '\1' AND kind = '\2' AND is_current AND features = string_to_array(%L, ', '))$sql$,
			live_score_sql('names', '')), 'g');
		EXECUTE format('CREATE OR REPLACE VIEW %I.%I WITH (security_invoker = true) AS %s', target, v_head[1], v_query);
		EXECUTE format('COMMENT ON VIEW %I.%I IS %L', target, v_head[1], v_head[2]);
		FOR v_column IN SELECT attname FROM pg_attribute WHERE attrelid = format('%I.%I', target, v_head[1])::regclass AND attnum > 0 AND NOT attisdropped LOOP
			v_comment := coalesce(substring(v_block FROM E'\n\\+' || v_column || E'\\|([^\n]*)'),
				(SELECT zh || ', ' || en || ': ' || formula FROM metric_catalog WHERE metric = v_column),
				substring(v_general FROM E'\n\\+' || v_column || E'\\|([^\n]*)'),
				substring(live_layout() FROM E'\n\\+' || v_column || E'\\|[^\n|]*\\|([^\n]*)'));
			EXECUTE format('COMMENT ON COLUMN %I.%I.%I IS %L', target, v_head[1], v_column, v_comment);
		END LOOP;
	END LOOP;
END
$live$;
COMMENT ON FUNCTION live_build_views(name) IS
'makes the views, or replaces them, with a comment on every column';
-- Collection in bulk: rows of a table, a view or a foreign table. What is read,
-- what is rejected and what is known already is as with live_ingest; the rows of
-- events, the many, go a shorter way, by statements that may run in parallel.

CREATE FUNCTION live_load_events(target name, channel_id smallint, batch_id bigint, source oid, chosen text,
  OUT accepted int, OUT rejected int, OUT total int)
RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $live$
#variable_conflict use_column
DECLARE
	v_channel smallint := channel_id;
	v_batch bigint := batch_id;
	v_reader record;
	v_has text[];
	v_pads text;
	v_mem text := current_setting('work_mem');
	v_cost text := current_setting('parallel_tuple_cost');
BEGIN
	PERFORM set_config('search_path', (SELECT format('pg_catalog, %I, %I, pg_temp', target, n.nspname)
		FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'liveanalytics'), true);
	-- one sort and some hash tables of all the rows
	PERFORM set_config('work_mem', greatest(pg_size_bytes(v_mem) / 1024, 131072)::text, true);
	-- reading a row takes far longer than handing it on
	PERFORM set_config('parallel_tuple_cost', '0.001', true);
	v_pads := live_key_pads(target);
	SELECT * INTO v_reader FROM live_reader(target, v_channel, 'event', '{}', v_pads, source, false);
	v_has := string_to_array(substr(v_reader.columns, 3), ', ');
	EXECUTE format($x$
		CREATE TEMP TABLE live_load_1 ON COMMIT DROP AS
		SELECT i, reason, CASE WHEN reason IS NOT NULL THEN %9$s %1$s END AS raw, stream, %2$s AS viewer_name, %3$s AS product, type, ts, %4$s AS source,
		       %5$s AS qty, %6$s AS amount,
		       CASE WHEN reason IS NULL AND %7$s IS NOT NULL THEN live_uid('id|' || %7$s) END AS event_uid
		FROM (%8$s) AS q$x$,
		'ELSE ' || v_reader.props, CASE WHEN 'viewer' = ANY (v_has) THEN 'r_viewer' ELSE 'NULL::text' END,
		CASE WHEN 'product' = ANY (v_has) THEN 'product' ELSE 'NULL::text' END, CASE WHEN 'source' = ANY (v_has) THEN 'source' ELSE 'NULL::text' END,
		CASE WHEN 'qty' = ANY (v_has) THEN 'qty' ELSE 'NULL::bigint' END, CASE WHEN 'amount' = ANY (v_has) THEN 'amount' ELSE 'NULL::numeric' END,
		CASE WHEN 'event_id' = ANY (v_has) THEN 'event_id' ELSE 'NULL::text' END, replace(v_reader.query, '@source', chosen), v_reader.raw);
	GET DIAGNOSTICS total = ROW_COUNT;
	ANALYZE pg_temp.live_load_1;
	-- each viewer is hashed once
	EXECUTE format('CREATE TEMP TABLE live_load_3 ON COMMIT DROP AS
		SELECT viewer_name, %s AS viewer FROM (SELECT DISTINCT viewer_name FROM pg_temp.live_load_1 WHERE viewer_name IS NOT NULL) AS d',
		live_parse('viewer', 'viewer_name', 'UTC', 1, v_pads));
	ANALYZE pg_temp.live_load_3;
	INSERT INTO ingest_reject (batch_id, row_no, record, list, reason, raw, viewer_hash)
	SELECT v_batch, row_number() OVER (ORDER BY i), 'event', '{(rows)}', reason, raw, viewer
	FROM pg_temp.live_load_1 LEFT JOIN pg_temp.live_load_3 USING (viewer_name) WHERE reason IS NOT NULL;
	GET DIAGNOSTICS rejected = ROW_COUNT;
	-- an event without an id is known by its contents and its place among equal ones
	UPDATE pg_temp.live_load_1 t SET event_uid = u.event_uid
	FROM (SELECT l.ctid, live_uid(concat_ws('|', 'like', stream, encode(viewer, 'hex'), type, extract(epoch FROM ts), product,
	               row_number() OVER (PARTITION BY ts, viewer, type, stream, product ORDER BY i))) AS event_uid
	      FROM pg_temp.live_load_1 l LEFT JOIN pg_temp.live_load_3 USING (viewer_name) WHERE reason IS NULL AND event_uid IS NULL) AS u
	WHERE t.ctid = u.ctid;

	-- streams, products and viewers met for the first time go the way of live_ingest, each name once
	PERFORM live_stage_table();
	INSERT INTO pg_temp.live_stage_1 (good, stream, product) SELECT DISTINCT true, stream, product FROM pg_temp.live_load_1 WHERE reason IS NULL;
	INSERT INTO pg_temp.live_stage_1 (good, viewer) SELECT true, viewer FROM pg_temp.live_load_3
	WHERE rejected = 0 OR viewer_name IN (SELECT viewer_name FROM pg_temp.live_load_1 WHERE reason IS NULL);
	PERFORM live_store(target, v_batch, v_channel);

	CREATE TEMP TABLE live_load_2 ON COMMIT DROP AS SELECT event_uid FROM pg_temp.live_load_1 LIMIT 0;
	WITH fresh AS (
		INSERT INTO event_dedup (channel_id, event_uid, event_ts)
		SELECT v_channel, event_uid, ts FROM pg_temp.live_load_1 WHERE reason IS NULL ORDER BY event_uid, i
		ON CONFLICT DO NOTHING
		RETURNING event_uid)
	INSERT INTO pg_temp.live_load_2 SELECT event_uid FROM fresh;
	GET DIAGNOSTICS accepted = ROW_COUNT;
	IF accepted < total - rejected THEN
		-- of rows with the same id the first was new, if any
		ANALYZE pg_temp.live_load_2;
		DELETE FROM pg_temp.live_load_1 t
		WHERE NOT EXISTS (SELECT FROM (SELECT DISTINCT ON (event_uid) l.ctid AS place FROM pg_temp.live_load_1 l JOIN pg_temp.live_load_2 f USING (event_uid)
		                               ORDER BY event_uid, i) AS first WHERE first.place = t.ctid);
	ELSIF rejected > 0 THEN
		DELETE FROM pg_temp.live_load_1 WHERE reason IS NOT NULL;
	END IF;
	IF accepted > 0 THEN
		INSERT INTO event (event_ts, channel_id, stream_id, viewer_id, type, product_id, source, qty, amount, props, event_uid, batch_id)
		SELECT t.ts, v_channel, s.stream_id, i.viewer_id, t.type::event_type, p.product_id, t.source, coalesce(t.qty, 1), t.amount,
		       nullif(t.raw, '{}'), t.event_uid, v_batch
		FROM pg_temp.live_load_1 t JOIN stream s ON s.channel_id = v_channel AND s.external_id = t.stream
		  LEFT JOIN pg_temp.live_load_3 v USING (viewer_name) LEFT JOIN viewer_identity i ON i.channel_id = v_channel AND i.external_hash = v.viewer
		  LEFT JOIN product p ON p.channel_id = v_channel AND p.external_id = t.product;
	END IF;
	UPDATE ingest_batch SET rows_total = total, accepted = live_load_events.accepted, rejected = live_load_events.rejected,
		duplicate = live_load_events.total - live_load_events.accepted - live_load_events.rejected,
		late = (SELECT count(*) FROM pg_temp.live_load_1 WHERE ts < clock_timestamp() - interval '1 hour')
	WHERE batch_id = v_batch;
	DROP TABLE pg_temp.live_load_1, pg_temp.live_load_2, pg_temp.live_load_3;
	PERFORM set_config('work_mem', v_mem, true);
	PERFORM set_config('parallel_tuple_cost', v_cost, true);
END
$live$;
COMMENT ON FUNCTION live_load_events(name, smallint, bigint, oid, text) IS
'takes rows of events into the tables, for live_load';

CREATE FUNCTION live_load(target name, channel text, source regclass DEFAULT NULL, record text DEFAULT 'event',
  OUT batch_id bigint, OUT accepted int, OUT duplicate int, OUT rejected int)
RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $live$
#variable_conflict use_column
DECLARE
	v_channel smallint;
	v_record text := record;
	v_staged boolean := source IS NULL;
	v_source regclass := source;
	v_chosen text;
	v_left boolean;
	v_total int;
BEGIN
	PERFORM set_config('search_path', (SELECT format('pg_catalog, %I, %I, pg_temp', target, n.nspname)
		FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'liveanalytics'), true);
	PERFORM live_check(target);
	IF channel IS NULL OR record IS NULL THEN
		RAISE EXCEPTION 'channel and record must not be NULL' USING ERRCODE = '22004';
	END IF;
	SELECT c.channel_id INTO v_channel FROM channel c WHERE c.code = live_load.channel;
	IF v_channel IS NULL THEN
		RAISE EXCEPTION 'unknown channel "%"', channel USING ERRCODE = '22023',
			HINT = format('The channels are %s. Rows of the tables channel, channel_record and channel_field make another.',
				(SELECT string_agg(c.code, ', ' ORDER BY c.channel_id) FROM channel c));
	END IF;
	IF NOT EXISTS (SELECT FROM live_fields() AS f WHERE f.record = v_record) THEN
		RAISE EXCEPTION 'unknown kind of record "%"', record USING ERRCODE = '22023',
			HINT = format('The kinds are %s.', (SELECT string_agg(DISTINCT f.record, ', ') FROM live_fields() AS f));
	END IF;
	IF v_staged THEN
		IF record <> 'event' THEN
			RAISE EXCEPTION 'event_stage has events, not records "%"', record USING ERRCODE = '22023',
				HINT = 'Name the relation that has them.';
		END IF;
		v_source := quote_ident(target) || '.event_stage';
		-- what is being copied comes first, and nothing comes in between reading and emptying
		LOCK TABLE event_stage IN SHARE ROW EXCLUSIVE MODE;
		v_chosen := format('(SELECT ctid AS i, v FROM ONLY event_stage AS v WHERE v.channel IS NULL OR v.channel = %L) AS s', channel);
	ELSE
		IF (SELECT relkind NOT IN ('r', 'p', 'v', 'm', 'f') FROM pg_class WHERE oid = v_source) THEN
			RAISE EXCEPTION '"%" is not a table or view', v_source USING ERRCODE = '42809';
		END IF;
		v_chosen := format('(SELECT row_number() OVER () AS i, v FROM %s AS v) AS s', v_source);
	END IF;

	INSERT INTO ingest_batch (channel_id, payload_sha256)
	VALUES (v_channel, sha256(convert_to('load ' || gen_random_uuid()::text, 'UTF8')))
	RETURNING ingest_batch.batch_id INTO batch_id;
	IF record = 'event' THEN
		SELECT s.accepted, s.rejected, s.total INTO accepted, rejected, v_total FROM live_load_events(target, v_channel, batch_id, v_source, v_chosen) AS s;
	ELSE
		PERFORM live_stage_table();
		EXECUTE replace(live_stage_sql(target, v_channel, record, '{}', live_key_pads(target), v_source, false), '@source', v_chosen)
		USING NULL::jsonb, ARRAY['(rows)'];
		SELECT s.accepted, s.rejected, s.total INTO accepted, rejected, v_total FROM live_store(target, batch_id, v_channel) AS s;
	END IF;
	duplicate := v_total - accepted - rejected;

	IF v_staged THEN
		v_left := EXISTS (SELECT FROM event_stage s WHERE s.channel <> live_load.channel);
		IF NOT v_left AND has_table_privilege(v_source, 'TRUNCATE') THEN
			TRUNCATE event_stage;
		ELSE
			DELETE FROM event_stage s WHERE s.channel IS NULL OR s.channel = live_load.channel;
		END IF;
	END IF;
END
$live$;
COMMENT ON FUNCTION live_load(name, text, regclass, text) IS
'takes the rows of event_stage, or of another relation whose columns have the names of the fields, into the tables by the rules of live_ingest, and empties event_stage';

CREATE FUNCTION live_open(payload bytea, OUT doc jsonb, OUT reason text)
RETURNS record
LANGUAGE plpgsql IMMUTABLE PARALLEL UNSAFE COST 100
SET search_path = pg_catalog, pg_temp
AS $live$
BEGIN
	BEGIN
		doc := convert_from(payload, 'UTF8')::jsonb;
		IF doc IS NULL THEN
			reason := 'no payload';
		END IF;
	EXCEPTION
		-- not UTF-8, not JSON, a NUL in it, too deep, a number too large
		WHEN data_exception OR program_limit_exceeded THEN
			reason := left(SQLERRM, 200);
	END;
END
$live$;
COMMENT ON FUNCTION live_open(bytea) IS
'the JSON that the bytes are, or why they are none';

CREATE FUNCTION live_receive(target name, channel text, payload bytea,
  OUT batch_id bigint, OUT accepted int, OUT duplicate int, OUT rejected int, OUT reason text)
RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $live$
#variable_conflict use_column
DECLARE
	v_open record;
	v_known boolean;
BEGIN
	PERFORM set_config('search_path', (SELECT format('pg_catalog, %I, %I, pg_temp', target, n.nspname)
		FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'liveanalytics'), true);
	PERFORM live_check(target);
	IF channel IS NULL OR payload IS NULL THEN
		RAISE EXCEPTION 'channel and payload must not be NULL' USING ERRCODE = '22004';
	END IF;
	SELECT * INTO v_open FROM live_open(payload);
	reason := v_open.reason;
	IF reason IS NULL THEN
		BEGIN
			SELECT i.batch_id, i.accepted, i.duplicate, i.rejected INTO batch_id, accepted, duplicate, rejected
			FROM live_ingest(target, channel, v_open.doc) AS i;
			RETURN;
		EXCEPTION
			-- an unknown channel, no object, none of its lists
			WHEN data_exception OR program_limit_exceeded THEN
				reason := left(SQLERRM, 200);
		END;
	END IF;
	INSERT INTO payload_reject AS p (channel, reason, payload, payload_sha256)
	VALUES (left(channel, 200), reason, payload, sha256(payload))
	ON CONFLICT (channel, payload_sha256) DO UPDATE SET repeats = p.repeats + 1
	RETURNING p.repeats > 0 INTO v_known;
	accepted := 0;
	duplicate := v_known::int;
	rejected := 1 - duplicate;
END
$live$;
COMMENT ON FUNCTION live_receive(name, text, bytea) IS
'takes the bytes of a payload whatever they are: by live_ingest, or into payload_reject with a reason where that would raise an error';

CREATE FUNCTION live_reopen(target name, OUT batches int, OUT accepted int, OUT duplicate int, OUT rejected int)
RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $live$
#variable_conflict use_column
DECLARE
	v_item record;
	v_open record;
	v_part record;
BEGIN
	PERFORM set_config('search_path', (SELECT format('pg_catalog, %I, %I, pg_temp', target, n.nspname)
		FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'liveanalytics'), true);
	batches := 0;
	accepted := 0;
	duplicate := 0;
	rejected := 0;
	FOR v_item IN SELECT p.reject_id, p.channel, p.payload FROM payload_reject p
		WHERE p.replayed_batch IS NULL AND p.payload IS NOT NULL ORDER BY p.reject_id FOR UPDATE
	LOOP
		SELECT * INTO v_open FROM live_open(v_item.payload);
		CONTINUE WHEN v_open.reason IS NOT NULL;
		BEGIN
			SELECT * INTO v_part FROM live_ingest(target, v_item.channel, v_open.doc);
			UPDATE payload_reject p SET replayed_batch = v_part.batch_id, payload = NULL WHERE p.reject_id = v_item.reject_id;
			batches := batches + 1;
			accepted := accepted + v_part.accepted;
			duplicate := duplicate + v_part.duplicate;
			rejected := rejected + v_part.rejected;
		EXCEPTION
			WHEN data_exception OR program_limit_exceeded THEN
				NULL;
		END;
	END LOOP;
END
$live$;
COMMENT ON FUNCTION live_reopen(name) IS
'tries again the payloads that could not be read at all, for live_replay';
-- Who may do what. Functions and views work with the rights of whoever calls
-- them, so privileges on the tables and their row-level security say it all.
-- Partitions are reached through event alone: its policies are not theirs.

CREATE FUNCTION live_row_security(target name)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 1000
SET search_path = pg_catalog, pg_temp
AS $live$
DECLARE
	v_table name;
	v_rule text;
BEGIN
	EXECUTE format('CREATE OR REPLACE FUNCTION %1$I.my_channels() RETURNS smallint[] LANGUAGE plpgsql STABLE PARALLEL SAFE
		SET search_path = pg_catalog, %1$I, pg_temp AS %2$L', target, '
BEGIN
	RETURN (SELECT coalesce(array_agg(c.channel_id), ''{}'') FROM channel c
		WHERE EXISTS (SELECT FROM channel_access a JOIN pg_roles r ON r.rolname = a.role_name
			WHERE pg_has_role(r.oid, ''USAGE'') AND (a.channel_id IS NULL OR a.channel_id = c.channel_id)));
END
');
	EXECUTE format('COMMENT ON FUNCTION %I.my_channels() IS %L', target, 'channels whose rows the current user may see and write, by channel_access');
	-- a table's rows belong to a channel, or to a row of another table that does
	FOR v_table, v_rule IN
		SELECT c.relname, CASE WHEN c.relname IN ('order_item') THEN 'order_id IN (SELECT order_id FROM %1$I.orders)'
			WHEN c.relname IN ('promo_exposure') THEN 'promo_id IN (SELECT promo_id FROM %1$I.promotion)'
			WHEN c.relname IN ('payload_reject') THEN 'channel IN (SELECT code FROM %1$I.channel WHERE channel_id = ANY ((SELECT %1$I.my_channels())::smallint[]))'
			WHEN c.relname IN ('ingest_reject') THEN 'batch_id IN (SELECT batch_id FROM %1$I.ingest_batch)'
			WHEN EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'channel_id' AND NOT a.attisdropped)
			THEN 'channel_id = ANY ((SELECT %1$I.my_channels())::smallint[])'
			ELSE 'stream_id IN (SELECT stream_id FROM %1$I.stream)' END
		FROM pg_class c
		WHERE c.relnamespace = quote_ident(target)::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
		  AND c.relname IN ('host', 'viewer', 'viewer_identity', 'stream', 'product', 'product_listing', 'product_explain', 'event', 'event_dedup', 'viewer_total',
			'platform_snapshot', 'orders', 'order_item', 'refund', 'promotion', 'promo_exposure', 'coupon', 'ad_spend', 'ingest_batch', 'ingest_reject', 'payload_reject',
			'roll_minute', 'roll_session', 'roll_viewer', 'roll_product', 'roll_online', 'roll_stream')
	LOOP
		EXECUTE format('ALTER TABLE %I.%I ENABLE ROW LEVEL SECURITY', target, v_table);
		CONTINUE WHEN EXISTS (SELECT FROM pg_policy WHERE polrelid = format('%I.%I', target, v_table)::regclass AND polname = 'live_channel');
		EXECUTE format('CREATE POLICY live_channel ON %1$I.%2$I USING (%3$s)', target, v_table, format(v_rule, target));
	END LOOP;
END
$live$;
COMMENT ON FUNCTION live_row_security(name) IS
'turns row-level security by channel on, for all roles but the owner of the tables';

CREATE FUNCTION live_grant(target name, kind text, grantee name, channels text[] DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 1000
SET search_path = pg_catalog, pg_temp
AS $live$
DECLARE
	v_unknown text;
	v_item record;
BEGIN
	PERFORM set_config('search_path', (SELECT format('pg_catalog, %I, %I, pg_temp', target, n.nspname)
		FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'liveanalytics'), true);
	PERFORM live_check(target);
	IF kind IS NULL OR grantee IS NULL THEN
		RAISE EXCEPTION 'kind and role must not be NULL' USING ERRCODE = '22004';
	END IF;
	IF kind NOT IN ('reader', 'writer', 'admin') THEN
		RAISE EXCEPTION 'kind must be reader, writer or admin, not "%"', kind USING ERRCODE = '22023';
	END IF;
	IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = grantee) THEN
		RAISE EXCEPTION 'role "%" does not exist', grantee USING ERRCODE = '42704', HINT = format('CREATE ROLE %I makes it.', grantee);
	END IF;
	IF NOT (SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = 'setting'::regclass) THEN
		RAISE EXCEPTION 'must be owner of the tables in schema "%"', target USING ERRCODE = '42501';
	END IF;
	SELECT string_agg(c, ', ') INTO v_unknown FROM unnest(channels) AS c WHERE c IS NULL OR NOT EXISTS (SELECT FROM channel k WHERE k.code = c);
	IF v_unknown IS NOT NULL OR array_position(channels, NULL) IS NOT NULL OR cardinality(channels) = 0 THEN
		RAISE EXCEPTION 'unknown channel "%"', coalesce(v_unknown, 'NULL') USING ERRCODE = '22023',
			HINT = format('The channels are %s; all of them without the argument.', (SELECT string_agg(c.code, ', ' ORDER BY c.channel_id) FROM channel c));
	END IF;
	EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', target, grantee);
	FOR v_item IN
		SELECT c.relname, c.relkind, CASE kind
			WHEN 'reader' THEN CASE
				WHEN c.relname IN ('identity_key', 'viewer_identity', 'payload_reject', 'event_stage', 'event_dedup', 'dirty_bucket') THEN NULL
				-- why, and not what
				WHEN c.relname = 'ingest_reject' THEN 'SELECT (reject_id, batch_id, row_no, record, list, reason, replayed_batch)'
				ELSE 'SELECT' END
			WHEN 'admin' THEN 'ALL'
			-- what live_ingest, live_receive, live_load and live_replay need, and the triggers
			ELSE CASE
				WHEN c.relkind = 'v' OR c.relname LIKE 'roll\_%' OR c.relname IN ('metric_catalog', 'segment_strategy', 'refresh_state') THEN NULL
				WHEN c.relname IN ('channel', 'channel_record', 'channel_field', 'identity_key', 'channel_access') THEN 'SELECT'
				WHEN c.relname = 'setting' THEN 'SELECT, UPDATE (id_key_check)'
				WHEN c.relname = 'event' THEN 'INSERT, SELECT (event_ts)'
				WHEN c.relname = 'dirty_bucket' THEN 'INSERT'
				WHEN c.relname IN ('order_item', 'viewer') THEN 'SELECT, INSERT, UPDATE, DELETE'
				WHEN c.relname = 'event_stage' THEN 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE'
				ELSE 'SELECT, INSERT, UPDATE' END
			END AS privileges
		FROM pg_class c
		WHERE c.relnamespace = quote_ident(target)::regnamespace AND c.relkind IN ('r', 'p', 'v') AND (NOT c.relispartition OR kind = 'admin')
	LOOP
		CONTINUE WHEN v_item.privileges IS NULL;
		EXECUTE format('GRANT %s ON %I.%I TO %I', v_item.privileges, target, v_item.relname, grantee);
	END LOOP;
	IF kind IN ('writer', 'admin') THEN
		EXECUTE format('GRANT USAGE ON ALL SEQUENCES IN SCHEMA %I TO %I', target, grantee);
	END IF;
	DELETE FROM channel_access a WHERE a.role_name = grantee;
	IF channels IS NULL THEN
		INSERT INTO channel_access (role_name, channel_id) VALUES (grantee, NULL);
	ELSE
		INSERT INTO channel_access (role_name, channel_id) SELECT DISTINCT grantee, c.channel_id FROM channel c WHERE c.code = ANY (channels);
		PERFORM live_row_security(target);
	END IF;
END
$live$;
COMMENT ON FUNCTION live_grant(name, text, name, text[]) IS
'lets a role read, write or administer live-commerce tables, of some channels or of all';

CREATE FUNCTION live_revoke(target name, grantee name)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 1000
SET search_path = pg_catalog, pg_temp
AS $live$
BEGIN
	PERFORM set_config('search_path', (SELECT format('pg_catalog, %I, %I, pg_temp', target, n.nspname)
		FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'liveanalytics'), true);
	PERFORM live_check(target);
	IF grantee IS NULL THEN
		RAISE EXCEPTION 'role must not be NULL' USING ERRCODE = '22004';
	END IF;
	DELETE FROM channel_access a WHERE a.role_name = grantee;
	IF EXISTS (SELECT FROM pg_roles WHERE rolname = grantee) THEN
		EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA %1$I FROM %2$I; REVOKE ALL ON ALL SEQUENCES IN SCHEMA %1$I FROM %2$I;
			REVOKE ALL ON SCHEMA %1$I FROM %2$I', target, grantee);
	END IF;
END
$live$;
COMMENT ON FUNCTION live_revoke(name, name) IS
'takes away what live_grant gave';
-- Models of the live-commerce schema: who buys, and who comes back. Features of
-- a viewer are what was known at the start of a business day, the cut; outcomes
-- are what happened in the days from the cut on. Training and the view of scores
-- share one definition of the features.

CREATE FUNCTION live_feature_sql(cut text)
RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $live$
BEGIN
	-- nothing that is computed over all days, such as seq_entered, and no refund:
	-- those could know what happened after the cut
	RETURN replace($sql$SELECT v.viewer_id, v.streams_cnt, v.active_days, v.days_since_first, v.days_since_last, v.watch_s, v.views_cnt, v.comments_cnt, v.likes_cnt,
	v.shares_cnt, v.follows_cnt, v.product_show_cnt, v.product_click_cnt, coalesce(o.pay_order_cnt, 0) AS pay_order_cnt, coalesce(o.gmv_pay, 0) AS gmv_pay,
	coalesce(o.pay_recency, 0) AS pay_recency
FROM (SELECT viewer_id, count(DISTINCT stream_id) AS streams_cnt, count(DISTINCT biz_date) AS active_days, CUT - min(biz_date) AS days_since_first,
		CUT - max(biz_date) AS days_since_last, sum(watch_s) AS watch_s, sum(views_cnt)::bigint AS views_cnt, sum(comments_cnt)::bigint AS comments_cnt,
		sum(likes_cnt)::bigint AS likes_cnt, sum(shares_cnt)::bigint AS shares_cnt, sum(follows_cnt)::bigint AS follows_cnt,
		sum(product_show_cnt)::bigint AS product_show_cnt, sum(product_click_cnt)::bigint AS product_click_cnt
	FROM roll_viewer WHERE biz_date < CUT GROUP BY viewer_id
	HAVING sum(views_cnt) > 0 OR sum(watch_s) > 0 OR sum(comments_cnt + likes_cnt + shares_cnt) > 0) AS v
LEFT JOIN (SELECT o.viewer_id, count(*) AS pay_order_cnt, sum(o.paid_amt) AS gmv_pay,
		1.0 / (CUT - max(((o.paid_ts AT TIME ZONE t.stats_tz) - t.day_cut)::date)) AS pay_recency
	FROM orders o CROSS JOIN setting t WHERE o.viewer_id IS NOT NULL AND o.paid_ts < (CUT + t.day_cut) AT TIME ZONE t.stats_tz
	GROUP BY o.viewer_id) AS o ON o.viewer_id = v.viewer_id$sql$, 'CUT', cut);
END
$live$;
COMMENT ON FUNCTION live_feature_sql(text) IS
'the query that gives what was known of each viewer at the start of a business day, for live_train and viewer_feature';

CREATE FUNCTION live_score_sql(part text, model text)
RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $live$
DECLARE
	v_names text := 'streams_cnt, active_days, days_since_first, days_since_last, watch_s, views_cnt, comments_cnt, likes_cnt, shares_cnt, follows_cnt, product_show_cnt, product_click_cnt, pay_order_cnt, gmv_pay, pay_recency';
	v_forest text := 'ARRAY[' || regexp_replace(v_names, '(\w+)', 'f.\1', 'g') || ']::float8[]';
	-- a forest does not care for the scale of counts with heavy tails, a regression does
	v_logreg text := 'ARRAY[' || regexp_replace(v_names, '(\w+)', 'ln(1 + f.\1)', 'g') || ']::float8[]';
BEGIN
	-- f has the features; the model is an expression, taken once for all rows
	RETURN CASE part
	WHEN 'names' THEN v_names
	WHEN 'forest features' THEN v_forest
	WHEN 'logreg features' THEN v_logreg
	WHEN 'forest' THEN format($sql$(rf_predict_proba((SELECT %s), %s))[(SELECT array_position(rf_classes(%1$s), 'true'))]$sql$, model, v_forest)
	WHEN 'logreg' THEN format($sql$logreg_predict((SELECT convert_from(%s, 'UTF8')::logreg), %s)$sql$, model, v_logreg)
	END;
END
$live$;
COMMENT ON FUNCTION live_score_sql(text, text) IS
'names of the features, and the expressions that make the array for a kind of model, or its score, out of them';

CREATE FUNCTION live_train_options(given jsonb)
RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $live$
DECLARE
	v_given jsonb := coalesce(given, '{}');
	v_key text;
	v_value jsonb;
	v_allowed text;
BEGIN
	IF jsonb_typeof(v_given) <> 'object' THEN
		RAISE EXCEPTION 'options must be a JSON object, not %', jsonb_typeof(v_given) USING ERRCODE = '22023';
	END IF;
	FOR v_key, v_value IN SELECT * FROM jsonb_each(v_given) LOOP
		v_allowed := CASE v_key
			WHEN 'kind' THEN CASE WHEN v_value NOT IN ('"forest"', '"logreg"') THEN '"forest" or "logreg"' END
			WHEN 'split' THEN CASE WHEN v_value NOT IN ('"time"', '"viewer"') THEN '"time" or "viewer"' END
			WHEN 'compare' THEN CASE WHEN v_value NOT IN ('"log_loss"', '"roc_auc"', '"accuracy"') THEN '"log_loss", "roc_auc" or "accuracy"' END
			WHEN 'cut' THEN CASE WHEN jsonb_typeof(v_value) <> 'string' OR v_value #>> '{}' !~ '^\d{4}-\d\d-\d\d$' THEN 'a day as YYYY-MM-DD' END
			WHEN 'days' THEN CASE WHEN jsonb_typeof(v_value) <> 'number' OR v_value #>> '{}' !~ '^\d{1,3}$' OR v_value NOT BETWEEN '1' AND '366'
				THEN 'a whole number from 1 to 366' END
			WHEN 'test_fraction' THEN CASE WHEN jsonb_typeof(v_value) <> 'number' OR v_value NOT BETWEEN '0.05' AND '0.5' THEN 'a number from 0.05 to 0.5' END
			WHEN 'model' THEN CASE WHEN jsonb_typeof(v_value) <> 'object' THEN 'an object of options for the training' END
			ELSE 'unknown' END;
		IF v_allowed = 'unknown' THEN
			RAISE EXCEPTION 'unknown option "%"', v_key USING ERRCODE = '22023',
				HINT = 'The options are kind, cut, days, split, test_fraction, compare, model.';
		ELSIF v_allowed IS NOT NULL THEN
			RAISE EXCEPTION 'option "%" must be %, not %', v_key, v_allowed, v_value USING ERRCODE = '22023';
		END IF;
	END LOOP;
	v_given := '{"kind": "forest", "days": 7, "split": "time", "test_fraction": 0.2, "compare": "log_loss", "model": {}}' || v_given;
	RETURN v_given || jsonb_build_object('model',
		CASE v_given ->> 'kind' WHEN 'forest' THEN jsonb '{"trees": 100, "min_leaf": 50, "seed": 42}' ELSE '{"l2": 1}' END || (v_given -> 'model'));
END
$live$;
COMMENT ON FUNCTION live_train_options(jsonb) IS
'the options of live_train, checked, with defaults for what was not given';

CREATE FUNCTION live_train_sample(target name, name text, options jsonb, data_as_of timestamptz)
RETURNS date
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $live$
#variable_conflict use_variable
DECLARE
	v_days int := options ->> 'days';
	v_cut date := options ->> 'cut';
	v_from date;
	v_side text;
	v_verb text;
	v_least bigint;
	v_count bigint;
	v_positive bigint;
BEGIN
	PERFORM set_config('search_path', (SELECT format('pg_catalog, %I, %I, pg_temp', target, n.nspname)
		FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'liveanalytics'), true);
	-- the days from the cut on must be over; the last whole one with viewers ends them
	IF v_cut IS NULL THEN
		SELECT max(r.biz_date) - v_days + 1 INTO v_cut FROM roll_viewer r CROSS JOIN setting t
		WHERE (r.views_cnt > 0 OR r.watch_s > 0) AND (r.biz_date + 1 + t.day_cut) AT TIME ZONE t.stats_tz <= data_as_of;
	END IF;
	IF v_cut IS NULL THEN
		RAISE EXCEPTION 'there is no whole day with viewers to learn from' USING ERRCODE = '55000';
	END IF;
	IF (SELECT (v_cut + v_days + t.day_cut) AT TIME ZONE t.stats_tz > data_as_of FROM setting t) THEN
		RAISE EXCEPTION 'the days from % to % are not over in the data, which is as of %', v_cut, v_cut + v_days - 1, data_as_of
			USING ERRCODE = '22023', HINT = 'Choose an earlier "cut" or fewer "days", or CALL live_refresh first.';
	END IF;
	FOREACH v_side IN ARRAY '{train,test}'::text[] LOOP
		v_from := CASE WHEN v_side = 'train' AND options ->> 'split' = 'time' THEN v_cut - v_days ELSE v_cut END;
		EXECUTE format('%s SELECT %L AS side, f.*, %s AS actual FROM (%s) AS f WHERE train_test_split(f.viewer_id, %L::float8) = %2$L',
			CASE v_side WHEN 'train' THEN 'CREATE TEMP TABLE live_sample ON COMMIT DROP AS' ELSE 'INSERT INTO pg_temp.live_sample' END, v_side,
			format(CASE name WHEN 'purchase' THEN
				'EXISTS (SELECT FROM orders o CROSS JOIN setting t WHERE o.viewer_id = f.viewer_id AND o.paid_ts >= (%1$L::date + t.day_cut) AT TIME ZONE t.stats_tz
				  AND o.paid_ts < (%2$L::date + t.day_cut) AT TIME ZONE t.stats_tz)'
			ELSE 'EXISTS (SELECT FROM roll_viewer r WHERE r.viewer_id = f.viewer_id AND r.biz_date >= %1$L AND r.biz_date < %2$L AND (r.views_cnt > 0 OR r.watch_s > 0))'
			END, v_from, v_from + v_days),
			live_feature_sql(format('%L::date', v_from)), options ->> 'test_fraction');
		EXECUTE 'SELECT count(*), count(*) FILTER (WHERE actual) FROM pg_temp.live_sample WHERE side = $1' INTO v_count, v_positive USING v_side;
		v_verb := CASE v_side WHEN 'train' THEN 'learn from' ELSE 'judge by' END;
		v_least := CASE v_side WHEN 'train' THEN 50 ELSE 20 END;
		IF v_count < v_least THEN
			RAISE EXCEPTION 'too few viewers to %: % were seen before %, at least % are needed', v_verb, v_count, v_from, v_least
				USING ERRCODE = '55000', HINT = 'A later "cut", fewer "days" or the "split" by "viewer" leave more history.';
		END IF;
		IF v_positive IN (0, v_count) THEN
			RAISE EXCEPTION '% of the % viewers to % % from % to %: there is nothing to tell apart', CASE v_positive WHEN 0 THEN 'none' ELSE 'all' END, v_count, v_verb,
				CASE name WHEN 'purchase' THEN 'bought' ELSE 'watched' END, v_from, v_from + v_days - 1
				USING ERRCODE = '55000', HINT = 'Choose another "cut" or other "days".';
		END IF;
	END LOOP;
	RETURN v_cut;
END
$live$;
COMMENT ON FUNCTION live_train_sample(name, text, jsonb, timestamptz) IS
'makes the temporary table of viewers to learn from and to judge by, for live_train, and gives the cut';

CREATE FUNCTION live_train_metrics(target name, kind text, model bytea)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000
SET search_path = pg_catalog, pg_temp
AS $live$
DECLARE
	v_metrics jsonb;
BEGIN
	PERFORM set_config('search_path', (SELECT format('pg_catalog, %I, %I, pg_temp', target, n.nspname)
		FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'liveanalytics'), true);
	EXECUTE format($sql$
		SELECT jsonb_build_object('accuracy', accuracy(actual, score >= 0.5), 'roc_auc', roc_auc(actual, score), 'pr_auc', pr_auc(actual, score),
			'log_loss', log_loss(actual, score), 'brier_score', brier_score(actual, score), 'confusion', confusion_matrix(actual::text, (score >= 0.5)::text),
			'classes', classification_report(actual::text, (score >= 0.5)::text),
			'true_positive', count(*) FILTER (WHERE actual AND score >= 0.5), 'false_positive', count(*) FILTER (WHERE NOT actual AND score >= 0.5),
			'false_negative', count(*) FILTER (WHERE actual AND score < 0.5), 'true_negative', count(*) FILTER (WHERE NOT actual AND score < 0.5))
		FROM (SELECT actual, %s AS score FROM pg_temp.live_sample f WHERE side = 'test' OFFSET 0) AS s$sql$, live_score_sql(kind, '$1'))
	INTO v_metrics USING model;
	RETURN v_metrics;
END
$live$;
COMMENT ON FUNCTION live_train_metrics(name, text, bytea) IS
'how well a model predicts the held-out viewers of live_train';

CREATE FUNCTION live_train(target name, name text DEFAULT 'purchase', options jsonb DEFAULT '{}',
  OUT version int, OUT kind text, OUT is_current boolean, OUT rows bigint, OUT test_rows bigint, OUT accuracy float8, OUT majority_accuracy float8,
  OUT roc_auc float8, OUT log_loss float8, OUT previous_version int, OUT previous_roc_auc float8, OUT previous_log_loss float8)
RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $live$
#variable_conflict use_column
DECLARE
	v_name text := name;
	v_options jsonb;
	v_compare text;
	v_sign int;
	v_as_of timestamptz;
	v_cut date;
	v_model bytea;
	v_metrics jsonb;
	v_before jsonb;
	v_old record;
BEGIN
	IF target IS NULL THEN
		RAISE EXCEPTION 'name of the schema must not be NULL' USING ERRCODE = '22004';
	END IF;
	PERFORM set_config('search_path', (SELECT format('pg_catalog, %I, %I, pg_temp', target, n.nspname)
		FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'liveanalytics'), true);
	PERFORM live_check(target);
	IF to_regclass(format('%I.model', target)) IS NULL THEN
		RAISE EXCEPTION 'schema "%" has no table of models', target USING ERRCODE = '42P01', HINT = format('SELECT live_upgrade(%L) makes it.', target);
	END IF;
	IF v_name IS NULL THEN
		RAISE EXCEPTION 'name of the model must not be NULL' USING ERRCODE = '22004';
	END IF;
	IF v_name NOT IN ('purchase', 'return') THEN
		RAISE EXCEPTION 'unknown model "%"', v_name USING ERRCODE = '22023', HINT = 'The models are purchase and return.';
	END IF;
	v_options := live_train_options(options);
	kind := v_options ->> 'kind';
	-- one training of a name at a time: the next is compared with what this one leaves
	PERFORM pg_advisory_xact_lock(hashtext('liveanalytics model ' || v_name), quote_ident(target)::regnamespace::oid::int);
	SELECT data_as_of INTO v_as_of FROM refresh_state;
	IF v_as_of IS NULL THEN
		RAISE EXCEPTION 'the rollups of schema "%" have never been refreshed', target
			USING ERRCODE = '55000', HINT = format('CALL live_refresh(%L) fills them.', target);
	END IF;
	v_cut := live_train_sample(target, v_name, v_options, v_as_of);
	EXECUTE format(CASE kind WHEN 'forest' THEN $sql$SELECT rf_train(actual, %s, $1) FROM pg_temp.live_sample f WHERE side = 'train'$sql$
		ELSE $sql$SELECT convert_to(logreg_fit(actual, %s, $1)::text, 'UTF8') FROM pg_temp.live_sample f WHERE side = 'train'$sql$ END,
		live_score_sql(kind || ' features', '')) INTO v_model USING v_options -> 'model';
	v_metrics := live_train_metrics(target, kind, v_model);
	-- beside it what needs no model: the more frequent answer, and the share of those learned from
	EXECUTE $sql$
		SELECT train_rows, test_rows, greatest(test_positive, test_rows - test_positive)::float8 / test_rows,
		       jsonb_build_object('train_positive', train_positive, 'test_positive', test_positive,
		         'base_log_loss', -(test_positive * ln(share) + (test_rows - test_positive) * ln(1 - share)) / test_rows)
		FROM (SELECT *, train_positive::float8 / train_rows AS share
		      FROM (SELECT count(*) FILTER (WHERE side = 'train') AS train_rows, count(*) FILTER (WHERE side = 'test') AS test_rows,
		                   count(*) FILTER (WHERE side = 'train' AND actual) AS train_positive, count(*) FILTER (WHERE side = 'test' AND actual) AS test_positive
		            FROM pg_temp.live_sample) AS c) AS s$sql$ INTO rows, test_rows, majority_accuracy, v_before;
	v_metrics := v_metrics || v_before || jsonb_build_object('majority_accuracy', majority_accuracy);
	is_current := true;
	SELECT m.* INTO v_old FROM model m WHERE m.name = v_name AND m.is_current;
	IF v_old.features = string_to_array(live_score_sql('names', ''), ', ') THEN
		v_before := live_train_metrics(target, v_old.kind, v_old.model);
		v_compare := v_options ->> 'compare';
		v_sign := CASE v_compare WHEN 'log_loss' THEN -1 ELSE 1 END;
		is_current := v_sign * (v_metrics ->> v_compare)::float8 >= v_sign * (v_before ->> v_compare)::float8;
		previous_version := v_old.version;
		previous_roc_auc := v_before ->> 'roc_auc';
		previous_log_loss := v_before ->> 'log_loss';
		v_metrics := v_metrics || jsonb_build_object('previous', v_before || jsonb_build_object('version', v_old.version));
	END IF;
	accuracy := v_metrics ->> 'accuracy';
	roc_auc := v_metrics ->> 'roc_auc';
	log_loss := v_metrics ->> 'log_loss';
	BEGIN
		IF is_current THEN
			UPDATE model m SET is_current = false WHERE m.name = v_name AND m.is_current;
		END IF;
		SELECT coalesce(max(m.version), 0) + 1 INTO version FROM model m WHERE m.name = v_name;
		EXECUTE 'INSERT INTO model (name, version, kind, is_current, data_as_of, cut, days, rows, test_rows, options, features, metrics, model)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)'
		USING v_name, version, kind, is_current, v_as_of, v_cut, (v_options ->> 'days')::int, rows, test_rows, v_options,
			string_to_array(live_score_sql('names', ''), ', '), v_metrics, v_model;
	EXCEPTION WHEN unique_violation OR exclusion_violation THEN
		-- the snapshot of this transaction is older than the end of another training
		RAISE EXCEPTION 'model "%" was trained by another transaction meanwhile', v_name USING ERRCODE = '40001';
	END;
	DROP TABLE pg_temp.live_sample;
END
$live$;
COMMENT ON FUNCTION live_train(name, text, jsonb) IS
'trains a model on what viewers did before a day and from it on, judges it by viewers held out, and stores a new version, current unless it is worse';
