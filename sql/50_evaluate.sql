
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

-- Evaluation: counts of actual against predicted classes ---------------------

CREATE TYPE @extschema@.confusion;
COMMENT ON TYPE @extschema@.confusion IS
'rows counted by actual and predicted class: the state of confusion_matrix and classification_report';

CREATE FUNCTION @extschema@.confusion_in(cstring)
RETURNS @extschema@.confusion
AS 'MODULE_PATHNAME', 'confusion_in'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.confusion_in(cstring) IS
'input function of type confusion';

CREATE FUNCTION @extschema@.confusion_out(@extschema@.confusion)
RETURNS cstring
AS 'MODULE_PATHNAME', 'confusion_out'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.confusion_out(@extschema@.confusion) IS
'output function of type confusion: JSON, the same for equal counts';

-- labels travel in the encoding of the client: stable, as those of text
CREATE FUNCTION @extschema@.confusion_recv(internal)
RETURNS @extschema@.confusion
AS 'MODULE_PATHNAME', 'confusion_recv'
LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.confusion_recv(internal) IS
'binary input function of type confusion';

CREATE FUNCTION @extschema@.confusion_send(@extschema@.confusion)
RETURNS bytea
AS 'MODULE_PATHNAME', 'confusion_send'
LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.confusion_send(@extschema@.confusion) IS
'binary output function of type confusion';

CREATE TYPE @extschema@.confusion (
  INPUT = @extschema@.confusion_in,
  OUTPUT = @extschema@.confusion_out,
  RECEIVE = @extschema@.confusion_recv,
  SEND = @extschema@.confusion_send,
  INTERNALLENGTH = VARIABLE,
  ALIGNMENT = double,
  STORAGE = extended
);

CREATE FUNCTION @extschema@.confusion_accum(state @extschema@.confusion, actual text, predicted text)
RETURNS @extschema@.confusion
AS 'MODULE_PATHNAME', 'confusion_accum'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION @extschema@.confusion_accum(@extschema@.confusion, text, text) IS
'transition function of confusion_matrix and classification_report';

CREATE FUNCTION @extschema@.confusion_combine(state @extschema@.confusion, other @extschema@.confusion)
RETURNS @extschema@.confusion
AS 'MODULE_PATHNAME', 'confusion_combine'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.confusion_combine(@extschema@.confusion, @extschema@.confusion) IS
'combine function of confusion_matrix and classification_report';

CREATE FUNCTION @extschema@.confusion_matrix_final(state @extschema@.confusion)
RETURNS jsonb
AS 'MODULE_PATHNAME', 'confusion_matrix_final'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.confusion_matrix_final(@extschema@.confusion) IS
'final function of confusion_matrix';

CREATE FUNCTION @extschema@.classification_report_final(state @extschema@.confusion)
RETURNS jsonb
AS 'MODULE_PATHNAME', 'classification_report_final'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.classification_report_final(@extschema@.confusion) IS
'final function of classification_report';

CREATE AGGREGATE @extschema@.confusion_matrix(actual text, predicted text) (
  SFUNC = @extschema@.confusion_accum,
  STYPE = @extschema@.confusion,
  SSPACE = 256,
  FINALFUNC = @extschema@.confusion_matrix_final,
  COMBINEFUNC = @extschema@.confusion_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.confusion_matrix(text, text) IS
'rows of each actual class by predicted class: {"labels": [...], "matrix": [[...], ...]}; a row with a NULL is left out';

CREATE AGGREGATE @extschema@.classification_report(actual text, predicted text) (
  SFUNC = @extschema@.confusion_accum,
  STYPE = @extschema@.confusion,
  SSPACE = 256,
  FINALFUNC = @extschema@.classification_report_final,
  COMBINEFUNC = @extschema@.confusion_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.classification_report(text, text) IS
'precision, recall, F1 and support of each class, their means, and accuracy; a row with a NULL is left out';

CREATE FUNCTION @extschema@.confusion_matrix_rows(matrix jsonb)
RETURNS TABLE (actual text, predicted text, n bigint)
AS 'MODULE_PATHNAME', 'confusion_matrix_rows'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 16;
COMMENT ON FUNCTION @extschema@.confusion_matrix_rows(jsonb) IS
'cells of a confusion matrix as rows';

CREATE FUNCTION @extschema@.classification_report_rows(report jsonb)
RETURNS TABLE (class text, "precision" float8, recall float8, f1 float8, support bigint)
AS 'MODULE_PATHNAME', 'classification_report_rows'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 4;
COMMENT ON FUNCTION @extschema@.classification_report_rows(jsonb) IS
'classes of a classification report as rows';
