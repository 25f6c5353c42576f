#!/usr/bin/env bash
# What takes too long for every check, before a release: one line for each
# promise, with its figure. docs/trust.md says what the promises are.
#
#   test/release.sh                 all of it: some hours
#   test/release.sh fuzz crash      the named parts
#   MINUTES=1 test/release.sh       the same, shorter: minutes for each part with a duration
#
# Names beside check's: PG_CONFIG is the server, ASSERT_PG_CONFIG one built with
# --enable-cassert and -DUSE_VALGRIND, NEW_PG_CONFIG one of a newer major, to move to. The output of each part is in build/release.
cd "$(dirname "$0")/.." || exit 1
set -u

ALL='unit regress assert parallel jit data hostile sessions traps crash dump majors soak full_disk fuzz damaged valgrind coverage analyse sqlsmith'
MINUTES=${MINUTES:-10}
NEW_PG_CONFIG=${NEW_PG_CONFIG:-}
ASSERT=${ASSERT_PG_CONFIG:-}
FAILED=0
mkdir -p build/release

# say NAME RESULT FIGURE
say() { printf '%-10s %-8s %s\n' "$1" "$2" "$3"; }

# run NAME COMMAND...: its last line is the figure
run() {
  local name=$1 out=build/release/$1.out
  shift
  if "$@" >"$out" 2>&1 </dev/null; then
    say "$name" passed "$(tail -n 1 "$out")"
  else
    say "$name" FAILED "$(tail -n 1 "$out") (build/release/$name.out)"
    FAILED=$((FAILED + 1))
  fi
}

# with_assertions NAME COMMAND...: on the server with assertions, if there is one
with_assertions() {
  local name=$1
  shift
  if [ -n "$ASSERT" ]; then run "$name" env PG_CONFIG="$ASSERT" "$@"
  else say "$name" skipped "no server with assertions (ASSERT_PG_CONFIG)"
  fi
}

unit_part()      { run unit ./check unit; }
regress_part()   { run regress ./check regress; }
assert_part()    { with_assertions assert ./check regress tap; }
parallel_part()  { run parallel ./check parallel; }
jit_part()       { run jit ./check jit; }
data_part()      { run data ./check tap=050,060,065,068,085; }
hostile_part()   { run hostile env LIVEANALYTICS_COMBINATIONS=$((MINUTES * 100)) ./check tap=100; }
sessions_part()  { run sessions env LIVEANALYTICS_LONG=1 ./check tap=110; }
traps_part()     { run traps ./check tap=010,101,105,106; }
crash_part()     { run crash env LIVEANALYTICS_LONG=1 ./check tap=130; }
dump_part()      { run dump ./check tap=120; }
majors_part()    { run majors sh -c "test/majors.sh write build/release/shop.sql && ${NEW_PG_CONFIG:+PG_CONFIG=$NEW_PG_CONFIG} test/majors.sh read build/release/shop.sql"; }
soak_part()      { run soak env LIVEANALYTICS_SOAK=$((MINUTES * 60)) ./check tap=092; }
full_disk_part() { run full_disk test/full_disk.sh; }
fuzz_part()      { run fuzz sh -c "make -s fuzz FUZZ_SECONDS=$((MINUTES * 60)) && echo \"\$(grep -h 'stat::number_of_executed_units' build/release/fuzz.out | awk '{n += \$2} END {printf \"%d\", n}') inputs, no crash\""; }
damaged_part()   {
  run damaged sh -c "MUTANTS=$((MINUTES * 100000)) ${ASSERT:+PG_CONFIG=$ASSERT} test/fuzz/forest_server.sh && MUTANTS=$((MINUTES * 100000)) ${ASSERT:+PG_CONFIG=$ASSERT} test/fuzz/state_server.sh"
}
valgrind_part()  { with_assertions valgrind test/valgrind.sh; }
coverage_part()  { run coverage test/coverage.sh; }
analyse_part()   { run analyse test/analyse.sh; }
sqlsmith_part()  { run sqlsmith env QUERIES=$((MINUTES * 2000)) test/sqlsmith.sh; }

for part in ${*:-$ALL}; do
  case " $ALL " in *" $part "*) "${part}_part" ;; *) echo "there is no part $part; the parts are $ALL" >&2; exit 2 ;; esac
done
[ "$FAILED" = 0 ]
