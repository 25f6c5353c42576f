#!/usr/bin/env bash
# Damaged viewer sets, in the bytes of Roaring's format, and damaged text of all
# three state types, through SQL in a private server: each must be refused with
# the error of a value that is none, or behave like any other.
#
#   MUTANTS=1000000 PG_CONFIG=/path/to/pg_config test/fuzz/audience_server.sh
#
# A server built with --enable-cassert finds the most. Ends with "N passed, N failed".
cd "$(dirname "$0")/../.." || exit 1
. scripts/lib.sh

MUTANTS=${MUTANTS:-100000}

open_workplace "$0" "$@"
find_postgres
build_extension
stage_server
start_cluster
psql -qX -v ON_ERROR_STOP=1 <<'SQL' || die "the functions cannot be made"
CREATE EXTENSION liveanalytics;
CREATE TABLE seed (id int GENERATED ALWAYS AS IDENTITY, bytes bytea);
INSERT INTO seed (bytes) SELECT viewer_set_to_roaring(s::viewer_set)
FROM unnest(ARRAY['{}', '{1}', '{1-9}', '{1,3,5,70000-70100,200000}', '{1-20,100000-100020,200000-200020,300000-300020}', '{0-65535}']) s;
INSERT INTO seed (bytes) SELECT viewer_set_to_roaring(viewer_set_agg(i * step)) FROM generate_series(1, 5000) i, unnest('{1,2,9,700}'::bigint[]) step GROUP BY step;
CREATE TABLE seed_text (id int GENERATED ALWAYS AS IDENTITY, type text, value text);
INSERT INTO seed_text (type, value) VALUES ('viewer_set', '{1,5-9,70000,4294967296-4294967300}'),
  ('sequence_state', '{"format": 1, "pattern": "(?1).*(?2)(?t<=5)(?1)", "conditions": 9, "events": [[0, 1], [5000000, 2], [9000000, 257]]}'),
  ('path_state', '{"format": 1, "gap": 5, "depth": 4, "start": "a", "reverse": true, "collapse": false, "events": [[0, "a"], [3, "b"], [9, "a"]]}');

-- what a set must do that was accepted
CREATE FUNCTION behaves(s viewer_set) RETURNS text LANGUAGE plpgsql AS $$
DECLARE few viewer_set := '{3,70000,5000000}';
BEGIN
  RETURN CASE WHEN s::text::viewer_set <> s THEN 'text differs'
    WHEN cardinality(s | few) + cardinality(s & few) <> cardinality(s) + 3 THEN 'counts differ'
    WHEN (s - few) | (s & few) <> s THEN 'parts differ'
    WHEN cardinality(s) < 100000 AND (SELECT count(*) <> cardinality(s) OR coalesce(viewer_set_agg(m), '{}') <> s FROM viewer_set_members(s) m) THEN 'members differ'
    ELSE 'answered' END;
END $$;
CREATE FUNCTION flip_bytes(seed int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  b bytea := (SELECT bytes FROM seed WHERE id = 1 + $1 % 10);
  h bigint := hashint8extended($1, 7);
BEGIN
  FOR i IN 0 .. abs(h % 3) LOOP
    h := hashint8extended(h, i);
    b := set_byte(b, (abs(h % (CASE WHEN h % 2 = 0 THEN least(length(b), 40) ELSE length(b) END)))::int, (h >> 20)::int & 255);
  END LOOP;
  IF h % 5 = 0 THEN b := substr(b, 1, (abs(h >> 8) % (length(b) + 1))::int); END IF;
  RETURN behaves(viewer_set_from_roaring(b));
EXCEPTION WHEN OTHERS THEN RETURN SQLSTATE;
END $$;
CREATE FUNCTION flip_text(seed int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  t seed_text := (SELECT s FROM seed_text s WHERE id = 1 + $1 % 3);
  h bigint := hashint8extended($1, 8);
BEGIN
  FOR i IN 0 .. abs(h % 3) LOOP
    h := hashint8extended(h, i);
    t.value := overlay(t.value PLACING substr('0123456789-,{}[]":. ae()?*<>=t', 1 + (abs(h >> 30) % 30)::int, (h % 2)::int & 1)
                       FROM 1 + (abs(h) % length(t.value))::int FOR ((h >> 10) & 1)::int);
  END LOOP;
  CASE t.type
    WHEN 'viewer_set' THEN
      -- a range of billions is a set, too, but takes a while
      IF t.value ~ '\d{12}' THEN RETURN 'left out'; END IF;
      RETURN behaves(t.value::viewer_set);
    WHEN 'sequence_state' THEN
      PERFORM sequence_match_final(t.value::sequence_state), sequence_count_final(t.value::sequence_state), sequence_times_final(t.value::sequence_state);
      RETURN CASE WHEN t.value::sequence_state::text::sequence_state::text = t.value::sequence_state::text THEN 'answered' ELSE 'text differs' END;
    ELSE
      PERFORM path_edges_final(t.value::path_state);
      RETURN CASE WHEN t.value::path_state::text::path_state::text = t.value::path_state::text THEN 'answered' ELSE 'text differs' END;
  END CASE;
EXCEPTION WHEN OTHERS THEN RETURN SQLSTATE;
END $$;
CREATE TABLE result AS SELECT ''::text AS how, ''::text AS result, 0::bigint AS n WHERE false;
SQL
psql -qX -v ON_ERROR_STOP=1 -c "INSERT INTO result SELECT 'bytes', flip_bytes(i), count(*) FROM generate_series(1, $MUTANTS) i GROUP BY 2" \
  -c "INSERT INTO result SELECT 'text', flip_text(i), count(*) FROM generate_series(1, $MUTANTS) i GROUP BY 2" || die "the server did not survive"
# not a bitmap; not a value; a number out of range; too large; what jsonb refuses
ALLOWED="'answered', 'left out', '22P03', '22P02', '22003', '54000', '22P05'"
psql -qX -c 'SELECT * FROM result ORDER BY how, n DESC'
PASSED=$(psql -qAtX -c "SELECT coalesce(sum(n), 0) FROM result WHERE result IN ($ALLOWED)")
FAILED=$(psql -qAtX -c "SELECT coalesce(sum(n), 0) FROM result WHERE result NOT IN ($ALLOWED)")
if grep -nE 'TRAP:|PANIC|terminated by signal|problem in alloc set' "$CLUSTER/server.log" >&2; then FAILED=$((FAILED + 1)); fi
echo "$PASSED passed, $FAILED failed"
[ "$FAILED" = 0 ] && [ "$PASSED" -gt 0 ]
