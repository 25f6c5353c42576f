#!/usr/bin/env bash
# Damaged models through every function that takes one, in a private server:
# each must be refused with the error of a model that is none, or answered with
# a class that the model has, probabilities that add up, a finite number.
#
#   MUTANTS=5000000 PG_CONFIG=/path/to/pg_config test/fuzz/forest_server.sh
#
# A server built with --enable-cassert finds the most. Ends with "N passed, N failed".
cd "$(dirname "$0")/../.." || exit 1
. scripts/lib.sh

MUTANTS=${MUTANTS:-200000}
BATCH=100000

open_workplace "$0" "$@"
find_postgres
build_extension
make -s build/fuzz/forest_mutants PG_CONFIG="$PG_CONFIG" || die "the mutants cannot be built"
stage_server
start_cluster
psql -qX -v ON_ERROR_STOP=1 <<'SQL' || die "the functions cannot be made"
CREATE EXTENSION liveanalytics;
CREATE UNLOGGED TABLE mutant (id int GENERATED ALWAYS AS IDENTITY, model bytea);
CREATE UNLOGGED TABLE result (result text, models bigint);

-- what the model says to a function, chosen by number, and then to the others
CREATE FUNCTION exercise(model bytea, which int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  x float8[] := array_fill(0.5::float8, ARRAY[1 + which % 3]);
  answer text;
BEGIN
  CASE which % 8
    WHEN 0 THEN PERFORM rf_classes(model);
    WHEN 1 THEN PERFORM count(*) FROM rf_nodes(model);
    WHEN 2 THEN PERFORM count(*) FROM rf_importance(model);
    WHEN 3 THEN PERFORM rf_merge(model);
    WHEN 4 THEN PERFORM rf_predict(model, x);
    WHEN 5 THEN PERFORM rf_predict_value(model, x);
    WHEN 6 THEN PERFORM rf_predict_proba(model, x);
    ELSE NULL;
  END CASE;
  x := array_fill(0.5::float8, ARRAY[(rf_info(model) ->> 'features')::int]);
  IF rf_info(model) ->> 'kind' LIKE '%regression' THEN
    RETURN CASE WHEN abs(rf_predict_value(model, x)) <= 1e300 THEN 'answered' ELSE 'not a finite number' END;
  END IF;
  answer := rf_predict(model, x);
  RETURN CASE WHEN answer <> ALL (rf_classes(model)) THEN 'not a class'
              WHEN abs(1 - (SELECT sum(p) FROM unnest(rf_predict_proba(model, x)) p)) > 1e-9 THEN 'not probabilities'
              ELSE 'answered' END;
EXCEPTION WHEN OTHERS THEN RETURN SQLSTATE;
END $$;
SQL

for ((done = 0; done < MUTANTS; done += BATCH)); do
  build/fuzz/forest_mutants "$BATCH" "$done" | psql -qX -v ON_ERROR_STOP=1 -c 'TRUNCATE mutant' -c 'COPY mutant (model) FROM STDIN' \
    -c "INSERT INTO result SELECT exercise(model, id), count(*) FROM mutant GROUP BY 1" || die "the server did not survive models of seed $done"
done

# not a model, damaged, another version or number of features, another kind, a label in another encoding
ALLOWED="'answered', '22P03', 'XX001', '0A000', '2202E', '22023', '22021'"
psql -qX -c "SELECT result, sum(models) AS models FROM result GROUP BY 1 ORDER BY 2 DESC"
PASSED=$(psql -qAtX -c "SELECT coalesce(sum(models), 0) FROM result WHERE result IN ($ALLOWED)")
FAILED=$(psql -qAtX -c "SELECT coalesce(sum(models), 0) FROM result WHERE result NOT IN ($ALLOWED)")
if grep -nE 'TRAP:|PANIC|terminated by signal|problem in alloc set' "$CLUSTER/server.log" >&2; then FAILED=$((FAILED + 1)); fi
echo "$PASSED passed, $FAILED failed"
[ "$FAILED" = 0 ] && [ "$PASSED" -gt 0 ]
