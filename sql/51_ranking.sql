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

