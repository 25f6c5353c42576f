
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
