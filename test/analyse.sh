#!/usr/bin/env bash
# What compilers and analysers say of the C code, without running it: gcc and
# clang with all warnings as errors, conversions and shadowed names in what
# reads untrusted bytes, gcc's analyser on the core, clang's and cppcheck where
# they are installed. Ends with "N files, N findings".
cd "$(dirname "$0")/.." || exit 1
PG_CONFIG=${PG_CONFIG:-pg_config}
mkdir -p build/analyse
CORE=(src/core/*.c)
WRAPPERS=(src/*.c)
# what takes bytes that anybody may have made
READERS=(src/core/*_bytes.c src/core/forest_model.c src/core/logreg_model.c src/core/viewer_set_container.c src/core/viewer_set_roaring.c)
DEFINES=(-std=gnu11 -DNDEBUG '-DLIVEANALYTICS_VERSION="0"' -ffp-contract=off)
SERVER=(-isystem "$("$PG_CONFIG" --includedir-server)")
FINDINGS=0
FILES=0
CLANG=$(for c in clang clang-19 clang-18 clang-17 clang-16 clang-15 clang-14; do command -v $c && break; done)

# what was looked at and is right: file, finding, why
EXPLAINED='src/core/viewer_set_core.c: .*analyzer-null-dereference the loop before has found it in every case
src/core/forest_oob.c: .*core\.CallAndMessage la_oob_next_rows has filled as many as it says
src/core/forest_oob.c: .*core\.uninitialized\.ArraySubscript the same'
unexplained() {
  local file finding why out=$2
  while read -r file finding why; do
    if [ "$file" = "$1:" ]; then out=$(grep -aEv "warning: $finding" <<<"$out" | grep -aE 'warning:|error:|portability:' || true); fi
  done <<<"$EXPLAINED"
  printf '%s' "$out"
}

# look NAME COMMAND FILE...: a file at a time; what is printed is a finding
look() {
  local name=$1 command=$2 file out
  shift 2
  for file in "$@"; do
    out=$($command "$file" 2>&1)
    FILES=$((FILES + 1))
    out=$(unexplained "$file" "$out")
    [ -z "$out" ] || { FINDINGS=$((FINDINGS + 1)); printf '== %s: %s\n%s\n' "$name" "$file" "$out"; }
  done
  echo "$name: $# files"
}

gcc_core()     { gcc "${DEFINES[@]}" -O2 -Wall -Wextra -Wshadow -fsyntax-only -Isrc/core "$1"; }
gcc_wrappers() { gcc "${DEFINES[@]}" -O2 -Wall -Wextra -Wno-unused-parameter -Wno-sign-compare -Wno-missing-field-initializers -fsyntax-only "${SERVER[@]}" "$1"; }
gcc_readers()  { gcc "${DEFINES[@]}" -O2 -Wall -Wextra -Wshadow -Wvla -Walloca -Wpointer-arith -Wformat=2 -fsyntax-only -Isrc/core "$1"; }
# gcc 12 takes vectors for scalars, and does not see that a loop has filled an array
gcc_analyser() { gcc "${DEFINES[@]}" -O1 -fanalyzer -Wno-analyzer-too-complex -Wno-analyzer-shift-count-overflow -Wno-analyzer-use-of-uninitialized-value -c -o /dev/null -Isrc/core "$1"; }
clang_core()   { "$CLANG" "${DEFINES[@]}" -O2 -Wall -Wextra -Wshadow -fsyntax-only -Isrc/core "$1"; }
clang_wrappers() { "$CLANG" "${DEFINES[@]}" -O2 -Wall -Wextra -Wno-sometimes-uninitialized -Wno-unused-parameter -Wno-sign-compare -Wno-missing-field-initializers -fsyntax-only "${SERVER[@]}" "$1"; }
clang_analyser() { "$CLANG" --analyze --analyzer-output text "${DEFINES[@]}" -Isrc/core "${SERVER[@]}" -o /dev/null "$1"; }
cppcheck_file() { cppcheck --quiet --std=c99 --enable=warning,portability --inline-suppr --suppress=missingInclude --suppress=unknownMacro -DNDEBUG -Isrc/core "$1"; }

look 'gcc, core' gcc_core "${CORE[@]}"
look 'gcc, wrappers' gcc_wrappers "${WRAPPERS[@]}"
look 'gcc, readers' gcc_readers "${READERS[@]}"
look 'gcc -fanalyzer, core' gcc_analyser "${CORE[@]}"
if [ -n "$CLANG" ]; then
  look 'clang, core' clang_core "${CORE[@]}"
  look 'clang, wrappers' clang_wrappers "${WRAPPERS[@]}"
  look 'clang --analyze, core' clang_analyser "${CORE[@]}"
else echo 'clang: not installed, skipped'
fi
if command -v cppcheck >/dev/null; then look 'cppcheck, core' cppcheck_file "${CORE[@]}"
else echo 'cppcheck: not installed, skipped'
fi
echo "$FILES files, $FINDINGS findings"
[ "$FINDINGS" = 0 ]
