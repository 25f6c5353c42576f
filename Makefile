# liveanalytics: in-database analytics for live commerce.
#
#   make && sudo make install        build and install for the server of PG_CONFIG
#   make installcheck                regression tests against a running server
#   make unitcheck                   the pure C core under ASan and UBSan, no server
#   ./check                          everything, in a private throwaway cluster

EXTENSION    = liveanalytics
EXTVERSION   = $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" liveanalytics.control)
MODULE_big   = liveanalytics

# joined in this order into the install script
SQL_PARTS = \
	sql/00_prologue.sql \
	sql/10_score.sql \
	sql/20_segment.sql \
	sql/30_linreg.sql \
	sql/40_forest.sql \
	sql/50_evaluate.sql

# plain C99, no PostgreSQL headers
CORE_OBJS = \
	src/core/binning.o \
	src/core/confusion_core.o \
	src/core/forest_grow.o \
	src/core/forest_model.o \
	src/core/forest_rows.o \
	src/core/hash.o \
	src/core/linreg_core.o \
	src/core/linreg_solve.o \
	src/core/prng.o \
	src/core/quantile_core.o \
	src/core/radix.o \
	src/core/score_core.o \
	src/core/special_core.o

OBJS = \
	src/liveanalytics.o \
	src/args.o \
	src/confusion.o \
	src/evaluate.o \
	src/forest.o \
	src/forest_train.o \
	src/linreg.o \
	src/linreg_io.o \
	src/model.o \
	src/options.o \
	src/rowstore.o \
	src/score.o \
	src/segment.o \
	$(CORE_OBJS)

DATA       = $(wildcard sql/liveanalytics--*--*.sql)
DATA_built = sql/liveanalytics--$(EXTVERSION).sql

REGRESS      = $(patsubst test/sql/%.sql,%,$(sort $(wildcard test/sql/*.sql)))
REGRESS_OPTS = --inputdir=test --load-extension=liveanalytics

# CPPFLAGS reach the JIT bitcode too; CFLAGS do not
PG_CPPFLAGS = -DLIVEANALYTICS_VERSION='"$(EXTVERSION)"' -ffp-contract=off
SHLIB_LINK  = -lm

EXTRA_CLEAN = sql/liveanalytics--$(EXTVERSION).sql build/unit

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

# every object is rebuilt when a header changes: there are few of both
$(OBJS): $(wildcard src/*.h src/core/*.h)

$(DATA_built): $(SQL_PARTS) liveanalytics.control
	cat $(SQL_PARTS) >$@

# The core builds and runs alone, so that the sanitizers see all of it.
UNIT_TESTS  = $(patsubst test/unit/%.c,build/unit/%,$(wildcard test/unit/*_test.c))
UNIT_CFLAGS = -std=c99 -g -O1 -ffp-contract=off -Wall -Wextra -Wshadow -Werror \
	-fsanitize=address,undefined -fno-sanitize-recover=all

build/unit/%: test/unit/%.c $(wildcard test/unit/*.h) $(CORE_OBJS:.o=.c) $(wildcard src/core/*.h)
	@mkdir -p build/unit
	$(CC) $(UNIT_CFLAGS) -Isrc/core -o $@ $< $(CORE_OBJS:.o=.c) -lm

.PHONY: unitcheck
unitcheck: $(UNIT_TESTS)
	$(PROVE) --exec '' $(UNIT_TESTS)
