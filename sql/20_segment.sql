
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
