
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
