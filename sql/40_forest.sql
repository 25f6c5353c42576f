
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

-- PARALLEL RESTRICTED: the scan below may use workers, the trees are grown by
-- the leader, which sees every row.

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
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 800;
COMMENT ON FUNCTION rf_predict(bytea, float8[]) IS
'the most probable class of a row by a random forest, as text; of equals the first';

CREATE FUNCTION rf_predict_proba(model bytea, features float8[])
RETURNS float8[]
AS 'MODULE_PATHNAME', 'rf_predict_proba'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 800;
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
'what a random forest is: kind, format version, trees, nodes, depth, bytes, features, rows, classes, options';
