
-- Paths ---------------------------------------------------------------------------

CREATE TYPE path_edge AS (pos int, src text, dst text);
COMMENT ON TYPE path_edge IS
'a step of a path: from the node src to the node dst, after it in time, pos steps from where the path starts';

CREATE TYPE path_state;

CREATE FUNCTION path_state_in(cstring) RETURNS path_state
AS 'MODULE_PATHNAME', 'path_state_in'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION path_state_in(cstring) IS 'I/O';

CREATE FUNCTION path_state_out(path_state) RETURNS cstring
AS 'MODULE_PATHNAME', 'path_state_out'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION path_state_out(path_state) IS 'I/O';

CREATE FUNCTION path_state_recv(internal) RETURNS path_state
AS 'MODULE_PATHNAME', 'path_state_recv'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION path_state_recv(internal) IS 'I/O';

CREATE FUNCTION path_state_send(path_state) RETURNS bytea
AS 'MODULE_PATHNAME', 'path_state_send'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION path_state_send(path_state) IS 'I/O';

CREATE TYPE path_state (
  INPUT = path_state_in, OUTPUT = path_state_out,
  RECEIVE = path_state_recv, SEND = path_state_send,
  INTERNALLENGTH = VARIABLE, ALIGNMENT = double, STORAGE = extended);
COMMENT ON TYPE path_state IS
'events of a group while path_edges collects them; prints as JSON';

CREATE FUNCTION path_accum(state path_state, ts timestamptz, node text, session_gap interval, depth int)
RETURNS path_state
AS 'MODULE_PATHNAME', 'path_accum'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 2;
COMMENT ON FUNCTION path_accum(path_state, timestamptz, text, interval, int) IS
'aggregate transition function: the state with one event more';

CREATE FUNCTION path_accum(state path_state, ts timestamptz, node text, session_gap interval, depth int, start_node text)
RETURNS path_state
AS 'MODULE_PATHNAME', 'path_accum'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 2;
COMMENT ON FUNCTION path_accum(path_state, timestamptz, text, interval, int, text) IS
'aggregate transition function: the state with one event more';

CREATE FUNCTION path_accum(state path_state, ts timestamptz, node text, session_gap interval, depth int, start_node text, reverse boolean)
RETURNS path_state
AS 'MODULE_PATHNAME', 'path_accum'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 2;
COMMENT ON FUNCTION path_accum(path_state, timestamptz, text, interval, int, text, boolean) IS
'aggregate transition function: the state with one event more';

CREATE FUNCTION path_accum(state path_state, ts timestamptz, node text, session_gap interval, depth int, start_node text, reverse boolean, collapse boolean)
RETURNS path_state
AS 'MODULE_PATHNAME', 'path_accum'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 2;
COMMENT ON FUNCTION path_accum(path_state, timestamptz, text, interval, int, text, boolean, boolean) IS
'aggregate transition function: the state with one event more';

CREATE FUNCTION path_combine(state path_state, other path_state)
RETURNS path_state
AS 'MODULE_PATHNAME', 'path_combine'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION path_combine(path_state, path_state) IS
'aggregate combine function: the events of both';

CREATE FUNCTION path_edges_final(state path_state)
RETURNS path_edge[]
AS 'MODULE_PATHNAME', 'path_edges_final'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 50;
COMMENT ON FUNCTION path_edges_final(path_state) IS
'aggregate final function: the steps of all sessions';

CREATE AGGREGATE path_edges(ts timestamptz, node text, session_gap interval, depth int) (
  SFUNC = path_accum, STYPE = path_state, SSPACE = 500,
  FINALFUNC = path_edges_final,
  COMBINEFUNC = path_combine, PARALLEL = SAFE);
COMMENT ON AGGREGATE path_edges(timestamptz, text, interval, int) IS
'the steps of the first nodes of each session, depth nodes at most; a longer pause than session_gap ends a session';

CREATE AGGREGATE path_edges(ts timestamptz, node text, session_gap interval, depth int, start_node text) (
  SFUNC = path_accum, STYPE = path_state, SSPACE = 500,
  FINALFUNC = path_edges_final,
  COMBINEFUNC = path_combine, PARALLEL = SAFE);
COMMENT ON AGGREGATE path_edges(timestamptz, text, interval, int, text) IS
'the same, from the first event at start_node of each session on; NULL: from its first event';

CREATE AGGREGATE path_edges(ts timestamptz, node text, session_gap interval, depth int, start_node text, reverse boolean) (
  SFUNC = path_accum, STYPE = path_state, SSPACE = 500,
  FINALFUNC = path_edges_final,
  COMBINEFUNC = path_combine, PARALLEL = SAFE);
COMMENT ON AGGREGATE path_edges(timestamptz, text, interval, int, text, boolean) IS
'the same; reverse: the steps that lead to the last event at start_node, or to the last event, counted from there';

CREATE AGGREGATE path_edges(ts timestamptz, node text, session_gap interval, depth int, start_node text, reverse boolean, collapse boolean) (
  SFUNC = path_accum, STYPE = path_state, SSPACE = 500,
  FINALFUNC = path_edges_final,
  COMBINEFUNC = path_combine, PARALLEL = SAFE);
COMMENT ON AGGREGATE path_edges(timestamptz, text, interval, int, text, boolean, boolean) IS
'the same; collapse: a node that is repeated at once counts once';
