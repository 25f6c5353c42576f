#!/usr/bin/env bash
# How much of the C code the tests reach: lines and branches, of each file and
# altogether, by gcov. The regression tests and the TAP tests that need no data
# run on a build of their own, in a copy under /tmp; the unit tests are apart.
#
#   test/coverage.sh [regress] [tap=100,110,130]
#
# Ends with the totals; build/coverage.txt has the files.
cd "$(dirname "$0")/.." || exit 1
set -u
TOP=$PWD
GROUPS_WANTED=${*:-regress tap=010,030,070,100,110}
COPY=$(mktemp -d /tmp/liveanalytics_coverage.XXXXXX) || exit 1
trap 'rm -rf "$COPY"' EXIT
tar -cf - --exclude=./build --exclude=./.git --exclude='*.o' --exclude='*.bc' --exclude='*.so' . | tar -xf - -C "$COPY" --no-same-owner
cd "$COPY" || exit 1
# what counts is what a file says, not how it was made fast
sed -i 's/^SHLIB_LINK  *= .*/& --coverage/; s/^\$(VECTOR_OBJS): CFLAGS += -O3$//' Makefile
sed -i 's/^build_extension COPT="/&--coverage -O0 -fprofile-update=atomic /' check
# shellcheck disable=SC2086
sed -i 's/^umask 022.*/umask 000/' scripts/lib.sh
chmod -R a+rwX .
# shellcheck disable=SC2086
./check $GROUPS_WANTED || echo "some tests failed; what they reached counts all the same" >&2
mkdir -p "$TOP/build"
: >"$TOP/build/coverage.txt"
for file in src/*.c src/core/*.c; do
  gcov -b -n -o "$(dirname "$file")" "$file" 2>/dev/null | awk -v file="$file" '
    /^File / {mine = index($0, "\x27" file "\x27")}
    mine && /^Lines executed:/ {split($0, a, /[:% ]+/); lines = a[3]; n = $NF}
    mine && /^Taken at least once:/ {split($0, a, /[:%]+/); taken = a[2]; b = $NF}
    END {printf "%-36s %6.2f %% of %5d lines  %6.2f %% of %5d branches\n", file, lines, n, taken, b}' >>"$TOP/build/coverage.txt"
done
sort -k2,2n "$TOP/build/coverage.txt"
awk '{l += $2 * $5 / 100; n += $5; b += $7 * $10 / 100; m += $10} END {printf "%.1f %% of %d lines, %.1f %% of %d branches\n", 100 * l / n, n, 100 * b / m, m; exit (n == 0 || l / n < 0.9)}' "$TOP/build/coverage.txt"
