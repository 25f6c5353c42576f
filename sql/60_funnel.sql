
-- Funnels --------------------------------------------------------------------

-- The state of all funnels: the events of one viewer. It is a type and not
-- internal, so that Citus can split the aggregates over nodes.
CREATE TYPE funnel_events;

CREATE FUNCTION funnel_events_in(cstring) RETURNS funnel_events
AS 'MODULE_PATHNAME', 'funnel_events_in'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION funnel_events_in(cstring) IS 'I/O';

CREATE FUNCTION funnel_events_out(funnel_events) RETURNS cstring
AS 'MODULE_PATHNAME', 'funnel_events_out'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION funnel_events_out(funnel_events) IS 'I/O';

CREATE FUNCTION funnel_events_recv(internal) RETURNS funnel_events
AS 'MODULE_PATHNAME', 'funnel_events_recv'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION funnel_events_recv(internal) IS 'I/O';

CREATE FUNCTION funnel_events_send(funnel_events) RETURNS bytea
AS 'MODULE_PATHNAME', 'funnel_events_send'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION funnel_events_send(funnel_events) IS 'I/O';

CREATE TYPE funnel_events (
  INPUT = funnel_events_in, OUTPUT = funnel_events_out,
  RECEIVE = funnel_events_recv, SEND = funnel_events_send,
  INTERNALLENGTH = VARIABLE, ALIGNMENT = double, STORAGE = extended);
COMMENT ON TYPE funnel_events IS
'the events of one viewer that matter to a funnel: the state of window_funnel and its kin';

CREATE FUNCTION funnel_accum(state funnel_events, ts timestamptz, win interval, steps boolean[])
RETURNS funnel_events
AS 'MODULE_PATHNAME', 'funnel_accum'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION funnel_accum(funnel_events, timestamptz, interval, boolean[]) IS
'aggregate transition function: the events with one more';

CREATE FUNCTION funnel_accum(state funnel_events, ts timestamptz, win interval, step int)
RETURNS funnel_events
AS 'MODULE_PATHNAME', 'funnel_accum_step'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION funnel_accum(funnel_events, timestamptz, interval, int) IS
'aggregate transition function: the events with one more';

CREATE FUNCTION funnel_accum_opt(state funnel_events, ts timestamptz, win interval, options text, steps boolean[])
RETURNS funnel_events
AS 'MODULE_PATHNAME', 'funnel_accum_opt'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION funnel_accum_opt(funnel_events, timestamptz, interval, text, boolean[]) IS
'aggregate transition function: the events with one more';

CREATE FUNCTION funnel_accum_key(state funnel_events, ts timestamptz, win interval, key bigint, steps boolean[])
RETURNS funnel_events
AS 'MODULE_PATHNAME', 'funnel_accum_bigint_key'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION funnel_accum_key(funnel_events, timestamptz, interval, bigint, boolean[]) IS
'aggregate transition function: the events with one more';

CREATE FUNCTION funnel_accum_key(state funnel_events, ts timestamptz, win interval, key text, steps boolean[])
RETURNS funnel_events
AS 'MODULE_PATHNAME', 'funnel_accum_text_key'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION funnel_accum_key(funnel_events, timestamptz, interval, text, boolean[]) IS
'aggregate transition function: the events with one more';

CREATE FUNCTION funnel_combine(state funnel_events, other funnel_events)
RETURNS funnel_events
AS 'MODULE_PATHNAME', 'funnel_combine'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 2;
COMMENT ON FUNCTION funnel_combine(funnel_events, funnel_events) IS
'aggregate combine function: the events of both';

CREATE FUNCTION window_funnel_final(state funnel_events) RETURNS int
AS 'MODULE_PATHNAME', 'window_funnel_final'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION window_funnel_final(funnel_events) IS
'final function of window_funnel and window_funnel_opt';

CREATE FUNCTION funnel_times_final(state funnel_events) RETURNS timestamptz[]
AS 'MODULE_PATHNAME', 'funnel_times_final'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION funnel_times_final(funnel_events) IS
'final function of funnel_times';

CREATE FUNCTION funnel_completions_final(state funnel_events) RETURNS int
AS 'MODULE_PATHNAME', 'funnel_completions_final'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION funnel_completions_final(funnel_events) IS
'final function of funnel_completions';

CREATE FUNCTION funnel_match_final(state funnel_events) RETURNS int
AS 'MODULE_PATHNAME', 'funnel_match_final'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION funnel_match_final(funnel_events) IS
'final function of funnel_match';

CREATE AGGREGATE window_funnel(ts timestamptz, win interval, VARIADIC steps boolean[]) (
  SFUNC = funnel_accum, STYPE = funnel_events, SSPACE = 256, FINALFUNC = window_funnel_final,
  COMBINEFUNC = funnel_combine, PARALLEL = SAFE);
COMMENT ON AGGREGATE window_funnel(timestamptz, interval, VARIADIC boolean[]) IS
'deepest step reached in order within the window of the first step, 0 if none; a NULL condition is false, a row with a NULL time does not count';

CREATE AGGREGATE window_funnel(ts timestamptz, win interval, step int) (
  SFUNC = funnel_accum, STYPE = funnel_events, SSPACE = 256, FINALFUNC = window_funnel_final,
  COMBINEFUNC = funnel_combine, PARALLEL = SAFE);
COMMENT ON AGGREGATE window_funnel(timestamptz, interval, int) IS
'deepest step reached in order within the window of the first step, 0 if none, where each event is of one step at most: its number, NULL or 0 for other events';

CREATE AGGREGATE window_funnel_opt(ts timestamptz, win interval, options text, VARIADIC steps boolean[]) (
  SFUNC = funnel_accum_opt, STYPE = funnel_events, SSPACE = 256, FINALFUNC = window_funnel_final,
  COMBINEFUNC = funnel_combine, PARALLEL = SAFE);
COMMENT ON AGGREGATE window_funnel_opt(timestamptz, interval, text, VARIADIC boolean[]) IS
'window_funnel with options strict_order, strict_deduplication, strict_increase and strict_once, separated by commas';

CREATE AGGREGATE funnel_times(ts timestamptz, win interval, VARIADIC steps boolean[]) (
  SFUNC = funnel_accum, STYPE = funnel_events, SSPACE = 256, FINALFUNC = funnel_times_final,
  COMBINEFUNC = funnel_combine, PARALLEL = SAFE);
COMMENT ON AGGREGATE funnel_times(timestamptz, interval, VARIADIC boolean[]) IS
'when each step of the deepest chain happened: of several the first to end, of those the last to start';

CREATE AGGREGATE funnel_completions(ts timestamptz, win interval, VARIADIC steps boolean[]) (
  SFUNC = funnel_accum, STYPE = funnel_events, SSPACE = 256, FINALFUNC = funnel_completions_final,
  COMBINEFUNC = funnel_combine, PARALLEL = SAFE);
COMMENT ON AGGREGATE funnel_completions(timestamptz, interval, VARIADIC boolean[]) IS
'how often all steps were passed, each pass starting later than the one before it ended';

CREATE AGGREGATE funnel_match(ts timestamptz, win interval, key bigint, VARIADIC steps boolean[]) (
  SFUNC = funnel_accum_key, STYPE = funnel_events, SSPACE = 512, FINALFUNC = funnel_match_final,
  COMBINEFUNC = funnel_combine, PARALLEL = SAFE);
COMMENT ON AGGREGATE funnel_match(timestamptz, interval, bigint, VARIADIC boolean[]) IS
'deepest step reached by events that share one key, such as a product; an event without a key is of no step';

CREATE AGGREGATE funnel_match(ts timestamptz, win interval, key text, VARIADIC steps boolean[]) (
  SFUNC = funnel_accum_key, STYPE = funnel_events, SSPACE = 512, FINALFUNC = funnel_match_final,
  COMBINEFUNC = funnel_combine, PARALLEL = SAFE);
COMMENT ON AGGREGATE funnel_match(timestamptz, interval, text, VARIADIC boolean[]) IS
'deepest step reached by events that share one key, such as a product; an event without a key is of no step';

-- Funnels: the table of steps ------------------------------------------------

CREATE FUNCTION funnel_summary_accum(state bigint[], level int, steps int)
RETURNS bigint[]
AS 'MODULE_PATHNAME', 'funnel_summary_accum'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION funnel_summary_accum(bigint[], int, int) IS
'transition function of funnel_summary';

CREATE FUNCTION funnel_summary_combine(state bigint[], other bigint[])
RETURNS bigint[]
AS 'MODULE_PATHNAME', 'funnel_summary_combine'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION funnel_summary_combine(bigint[], bigint[]) IS
'combine function of funnel_summary';

CREATE FUNCTION funnel_summary_final(state bigint[])
RETURNS jsonb
AS 'MODULE_PATHNAME', 'funnel_summary_final'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION funnel_summary_final(bigint[]) IS
'final function of funnel_summary';

CREATE AGGREGATE funnel_summary(level int, steps int) (
  SFUNC = funnel_summary_accum, STYPE = bigint[], SSPACE = 576, FINALFUNC = funnel_summary_final,
  COMBINEFUNC = funnel_summary_combine, PARALLEL = SAFE);
COMMENT ON AGGREGATE funnel_summary(int, int) IS
'viewers that reached each step or a deeper one, and their shares, from the levels of a funnel; a NULL level is left out';

CREATE FUNCTION funnel_summary_rows(summary jsonb)
RETURNS TABLE (step int, viewers bigint, share_of_previous float8, share_of_first float8, drop_off bigint)
AS 'MODULE_PATHNAME', 'funnel_summary_rows'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10 ROWS 5;
COMMENT ON FUNCTION funnel_summary_rows(jsonb) IS
'the steps of a funnel as rows';
