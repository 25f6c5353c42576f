
-- Sequences of events ----------------------------------------------------------

CREATE TYPE sequence_state;

CREATE FUNCTION sequence_state_in(cstring) RETURNS sequence_state
AS 'MODULE_PATHNAME', 'sequence_state_in'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION sequence_state_in(cstring) IS 'I/O';

CREATE FUNCTION sequence_state_out(sequence_state) RETURNS cstring
AS 'MODULE_PATHNAME', 'sequence_state_out'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION sequence_state_out(sequence_state) IS 'I/O';

CREATE FUNCTION sequence_state_recv(internal) RETURNS sequence_state
AS 'MODULE_PATHNAME', 'sequence_state_recv'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION sequence_state_recv(internal) IS 'I/O';

CREATE FUNCTION sequence_state_send(sequence_state) RETURNS bytea
AS 'MODULE_PATHNAME', 'sequence_state_send'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION sequence_state_send(sequence_state) IS 'I/O';

CREATE TYPE sequence_state (
  INPUT = sequence_state_in, OUTPUT = sequence_state_out,
  RECEIVE = sequence_state_recv, SEND = sequence_state_send,
  INTERNALLENGTH = VARIABLE, ALIGNMENT = double, STORAGE = extended);
COMMENT ON TYPE sequence_state IS
'events of a group while sequence_match, sequence_count and sequence_times collect them; prints as JSON';

CREATE FUNCTION sequence_accum(state sequence_state, pattern text, ts timestamptz, VARIADIC conditions boolean[])
RETURNS sequence_state
AS 'MODULE_PATHNAME', 'sequence_accum'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 2;
COMMENT ON FUNCTION sequence_accum(sequence_state, text, timestamptz, boolean[]) IS
'aggregate transition function: the state with one row more';

CREATE FUNCTION sequence_combine(state sequence_state, other sequence_state)
RETURNS sequence_state
AS 'MODULE_PATHNAME', 'sequence_combine'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION sequence_combine(sequence_state, sequence_state) IS
'aggregate combine function: the events of both';

CREATE FUNCTION sequence_match_final(state sequence_state)
RETURNS boolean
AS 'MODULE_PATHNAME', 'sequence_match_final'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION sequence_match_final(sequence_state) IS
'aggregate final function: whether the events match';

CREATE FUNCTION sequence_count_final(state sequence_state)
RETURNS int
AS 'MODULE_PATHNAME', 'sequence_count_final'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION sequence_count_final(sequence_state) IS
'aggregate final function: how often the events match';

CREATE FUNCTION sequence_times_final(state sequence_state)
RETURNS timestamptz[]
AS 'MODULE_PATHNAME', 'sequence_times_final'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION sequence_times_final(sequence_state) IS
'aggregate final function: when the events of the first match happened';

CREATE AGGREGATE sequence_match(pattern text, ts timestamptz, VARIADIC conditions boolean[]) (
  SFUNC = sequence_accum, STYPE = sequence_state, SSPACE = 400,
  FINALFUNC = sequence_match_final,
  COMBINEFUNC = sequence_combine, PARALLEL = SAFE);
COMMENT ON AGGREGATE sequence_match(text, timestamptz, boolean[]) IS
'whether the events, in order of time, match the pattern of (?N), ., .* and (?t op seconds); an event is a row that meets a condition';

CREATE AGGREGATE sequence_count(pattern text, ts timestamptz, VARIADIC conditions boolean[]) (
  SFUNC = sequence_accum, STYPE = sequence_state, SSPACE = 400,
  FINALFUNC = sequence_count_final,
  COMBINEFUNC = sequence_combine, PARALLEL = SAFE);
COMMENT ON AGGREGATE sequence_count(text, timestamptz, boolean[]) IS
'how many matches of the pattern, none of which overlap, there are';

CREATE AGGREGATE sequence_times(pattern text, ts timestamptz, VARIADIC conditions boolean[]) (
  SFUNC = sequence_accum, STYPE = sequence_state, SSPACE = 400,
  FINALFUNC = sequence_times_final,
  COMBINEFUNC = sequence_combine, PARALLEL = SAFE);
COMMENT ON AGGREGATE sequence_times(text, timestamptz, boolean[]) IS
'the times of the events that the (?N) of the first match stand for; empty if there is none';
