#!/usr/bin/env bash
# Damaged values and states, through SQL in a private server: the text and the
# binary form of every type that has some, what is stored, and the bytes that
# aggregates over times keep. Each must be refused with the error of a value
# that is none, or behave like any other in every function that takes it.
#
#   MUTANTS=1000000 PG_CONFIG=/path/to/pg_config test/fuzz/state_server.sh [SUBJECT...]
#
# MUTANTS go to all subjects together, which a word before the dash names:
# "kmeans" for kmeans-text and others. A server built with --enable-cassert finds
# the most. SEED=2 makes others; SHOW='...' prints those that get this answer.
# Ends with "N passed, N failed".
cd "$(dirname "$0")/../.." || exit 1
. scripts/lib.sh

MUTANTS=${MUTANTS:-100000}
ONLY=$*

open_workplace "$0" "$@"
find_postgres
build_extension
${CC:-cc} -std=c99 -O2 -Wall -Wextra -Isrc/core -I"$("$PG_CONFIG" --includedir)" -o build/state_mutants test/fuzz/state_mutants.c \
  src/core/prng.c -L"$("$PG_CONFIG" --libdir)" -Wl,-rpath,"$("$PG_CONFIG" --libdir)" -lpq || die "the mutants cannot be built (libpq-dev?)"
stage_server
start_cluster
psql -qX -v ON_ERROR_STOP=1 -o /dev/null -f test/fuzz/state_server.sql || die "the functions cannot be made"
# shellcheck disable=SC2086
[ -z "$ONLY" ] || psql -qX -c "DELETE FROM subject WHERE split_part(name, '-', 1) <> ALL (string_to_array('$ONLY', ' '))"

EACH=$((MUTANTS / $(psql -qAtX -c 'SELECT greatest(count(*), 1) FROM subject') + 1))
build/state_mutants "$EACH" "${SEED:-1}" || die "the server did not survive"

psql -qX -c "SELECT subject, answer, n, CASE WHEN NOT passes(answer, subject) THEN 'FAILED' ELSE '' END AS failed FROM result ORDER BY subject, n DESC"
PASSED=$(psql -qAtX -c 'SELECT coalesce(sum(n), 0) FROM result WHERE passes(answer, subject)')
FAILED=$(psql -qAtX -c 'SELECT coalesce(sum(n), 0) FROM result WHERE NOT passes(answer, subject)')
DEAF=$(psql -qAtX -c "SELECT string_agg(name, ' ') FROM subject WHERE name <> ALL (SELECT subject FROM result WHERE answer IN ('answered', 'refused in part'))")
[ -z "$DEAF" ] || { say "nothing was answered by $DEAF"; FAILED=$((FAILED + 1)); }
if grep -nE 'TRAP:|PANIC|terminated by signal|problem in alloc set' "$CLUSTER/server.log" >&2; then FAILED=$((FAILED + 1)); fi
echo "$PASSED passed, $FAILED failed"
[ "$FAILED" = 0 ] && [ "$PASSED" -gt 0 ]
