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

