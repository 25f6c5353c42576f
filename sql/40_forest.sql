
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
