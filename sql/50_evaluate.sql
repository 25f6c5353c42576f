
-- Evaluation: splitting rows -------------------------------------------------

CREATE FUNCTION @extschema@.train_test_split(key text, test_fraction float8 DEFAULT 0.2, seed bigint DEFAULT 42)
RETURNS text
AS 'MODULE_PATHNAME', 'train_test_split_text'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION @extschema@.train_test_split(text, float8, bigint) IS
'test for about test_fraction of all keys, otherwise train: decided by a hash of the key and the seed alone';

CREATE FUNCTION @extschema@.train_test_split(key bigint, test_fraction float8 DEFAULT 0.2, seed bigint DEFAULT 42)
RETURNS text
AS 'MODULE_PATHNAME', 'train_test_split_bigint'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION @extschema@.train_test_split(bigint, float8, bigint) IS
'test for about test_fraction of all keys, otherwise train: decided by a hash of the key and the seed alone';

CREATE FUNCTION @extschema@.kfold(key text, k int, seed bigint DEFAULT 42)
RETURNS int
AS 'MODULE_PATHNAME', 'kfold_text'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION @extschema@.kfold(text, int, bigint) IS
'fold of a key for cross-validation, 1 to k: decided by a hash of the key and the seed alone';

CREATE FUNCTION @extschema@.kfold(key bigint, k int, seed bigint DEFAULT 42)
RETURNS int
AS 'MODULE_PATHNAME', 'kfold_bigint'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION @extschema@.kfold(bigint, int, bigint) IS
'fold of a key for cross-validation, 1 to k: decided by a hash of the key and the seed alone';

-- Evaluation: accuracy -------------------------------------------------------

-- the state is {matches, rows}; strict, so that a NULL on either side leaves the row out
CREATE FUNCTION @extschema@.accuracy_accum(state bigint[], actual text, predicted text)
RETURNS bigint[]
AS 'MODULE_PATHNAME', 'accuracy_accum_text'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION @extschema@.accuracy_accum(bigint[], text, text) IS
'transition function of accuracy';

CREATE FUNCTION @extschema@.accuracy_accum(state bigint[], actual bigint, predicted bigint)
RETURNS bigint[]
AS 'MODULE_PATHNAME', 'accuracy_accum_bigint'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION @extschema@.accuracy_accum(bigint[], bigint, bigint) IS
'transition function of accuracy';

CREATE FUNCTION @extschema@.accuracy_accum(state bigint[], actual boolean, predicted boolean)
RETURNS bigint[]
AS 'MODULE_PATHNAME', 'accuracy_accum_boolean'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION @extschema@.accuracy_accum(bigint[], boolean, boolean) IS
'transition function of accuracy';

CREATE FUNCTION @extschema@.accuracy_combine(state bigint[], other bigint[])
RETURNS bigint[]
AS 'MODULE_PATHNAME', 'accuracy_combine'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION @extschema@.accuracy_combine(bigint[], bigint[]) IS
'combine function of accuracy';

CREATE FUNCTION @extschema@.accuracy_final(state bigint[])
RETURNS float8
AS 'MODULE_PATHNAME', 'accuracy_final'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION @extschema@.accuracy_final(bigint[]) IS
'final function of accuracy';

CREATE AGGREGATE @extschema@.accuracy(actual text, predicted text) (
  SFUNC = @extschema@.accuracy_accum,
  STYPE = bigint[],
  INITCOND = '{0,0}',
  FINALFUNC = @extschema@.accuracy_final,
  COMBINEFUNC = @extschema@.accuracy_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.accuracy(text, text) IS
'share of rows whose prediction is the actual class, byte for byte; a row with a NULL is left out';

CREATE AGGREGATE @extschema@.accuracy(actual bigint, predicted bigint) (
  SFUNC = @extschema@.accuracy_accum,
  STYPE = bigint[],
  INITCOND = '{0,0}',
  FINALFUNC = @extschema@.accuracy_final,
  COMBINEFUNC = @extschema@.accuracy_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.accuracy(bigint, bigint) IS
'share of rows whose prediction is the actual class; a row with a NULL is left out';

CREATE AGGREGATE @extschema@.accuracy(actual boolean, predicted boolean) (
  SFUNC = @extschema@.accuracy_accum,
  STYPE = bigint[],
  INITCOND = '{0,0}',
  FINALFUNC = @extschema@.accuracy_final,
  COMBINEFUNC = @extschema@.accuracy_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.accuracy(boolean, boolean) IS
'share of rows whose prediction is the actual class; a row with a NULL is left out';
