
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
