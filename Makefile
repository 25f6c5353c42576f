# liveanalytics: in-database analytics for live commerce.
#
#   make && sudo make install        build and install for the server of PG_CONFIG
#   make installcheck                regression tests against a running server
#   make unitcheck                   the pure C core under ASan and UBSan, no server
#   make bench                       a table of our speed beside that of others; bench/run has more
#   make fuzz                        libFuzzer on the bytes of models, values and states, FUZZ_SECONDS long each
#   ./check                          everything, in a private throwaway cluster

EXTENSION    = liveanalytics
EXTVERSION   = $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" liveanalytics.control)
MODULE_big   = liveanalytics

# Joined in this order into the install script.  They write out every declaration,
# also where several differ in a name only: whoever looks for a function finds
# just what is installed, and a generator would save lines and hide that.
SQL_PARTS = \
	sql/00_prologue.sql \
	sql/10_score.sql \
	sql/20_segment.sql \
	sql/30_linreg.sql \
	sql/31_logreg.sql \
	sql/32_kmeans.sql \
	sql/40_forest.sql \
	sql/50_evaluate.sql \
	sql/51_ranking.sql \
	sql/52_errors.sql \
	sql/55_encode.sql \
	sql/60_funnel.sql \
	sql/61_retention.sql \
	sql/62_sessions.sql \
	sql/63_concurrency.sql \
	sql/64_sequence.sql \
	sql/65_paths.sql \
	sql/66_viewer_set.sql \
	sql/67_live_layout.sql \
	sql/68_live_mapping.sql \
	sql/69_live_metrics.sql \
	sql/70_live_setup.sql \
	sql/71_live_read.sql \
	sql/71_live_store.sql \
	sql/71_live_ingest.sql \
	sql/72_live_refresh.sql \
	sql/73_live_admin.sql \
	sql/74_live_views.sql \
	sql/75_live_load.sql \
	sql/76_live_access.sql \
	sql/77_live_models.sql

# plain C99, no PostgreSQL headers
CORE_OBJS = \
	src/core/binning.o \
	src/core/cohort_core.o \
	src/core/confusion_core.o \
	src/core/dayset_core.o \
	src/core/errorsums_bytes.o \
	src/core/errorsums_core.o \
	src/core/exp_core.o \
	src/core/forest_grow.o \
	src/core/forest_importance.o \
	src/core/forest_model.o \
	src/core/forest_oob.o \
	src/core/forest_rows.o \
	src/core/forest_split.o \
	src/core/forest_use.o \
	src/core/forest_write.o \
	src/core/funnel_core.o \
	src/core/funnel_events.o \
	src/core/hash.o \
	src/core/instant_core.o \
	src/core/keysort.o \
	src/core/kmeans_assign.o \
	src/core/kmeans_bytes.o \
	src/core/kmeans_core.o \
	src/core/kmeans_fit.o \
	src/core/kmeans_measure.o \
	src/core/kmeans_rows.o \
	src/core/kmeans_search.o \
	src/core/kmeans_seed.o \
	src/core/linreg_bytes.o \
	src/core/linreg_core.o \
	src/core/linreg_inference.o \
	src/core/linreg_solve.o \
	src/core/log_core.o \
	src/core/logreg_bytes.o \
	src/core/logreg_columns.o \
	src/core/logreg_core.o \
	src/core/logreg_factor.o \
	src/core/logreg_model.o \
	src/core/logreg_pass.o \
	src/core/logreg_separate.o \
	src/core/moments_core.o \
	src/core/normal_core.o \
	src/core/path_core.o \
	src/core/prng.o \
	src/core/quantile_core.o \
	src/core/radix.o \
	src/core/ranking_core.o \
	src/core/rowsort.o \
	src/core/score_core.o \
	src/core/sequence_core.o \
	src/core/sequence_pattern.o \
	src/core/spans_core.o \
	src/core/special_core.o \
	src/core/stay_core.o \
	src/core/viewer_set_container.o \
	src/core/viewer_set_core.o \
	src/core/viewer_set_roaring.o

OBJS = \
	src/liveanalytics.o \
	src/active_days.o \
	src/args.o \
	src/cohort.o \
	src/cohort_events.o \
	src/concurrency.o \
	src/confusion.o \
	src/encode.o \
	src/errorsums.o \
	src/errorsums_io.o \
	src/evaluate.o \
	src/forest.o \
	src/forest_build.o \
	src/forest_inspect.o \
	src/forest_maker.o \
	src/forest_merge.o \
	src/forest_prepare.o \
	src/forest_progress.o \
	src/forest_train.o \
	src/forest_workers.o \
	src/funnel.o \
	src/funnel_io.o \
	src/funnel_summary.o \
	src/jsonread.o \
	src/keptmodel.o \
	src/kmeans.o \
	src/kmeans_io.o \
	src/kmeans_train.o \
	src/linreg.o \
	src/linreg_describe.o \
	src/linreg_io.o \
	src/linreg_moving.o \
	src/linreg_predict.o \
	src/live.o \
	src/localday.o \
	src/logreg.o \
	src/logreg_fit.o \
	src/logreg_io.o \
	src/logreg_rows.o \
	src/model.o \
	src/options.o \
	src/paths.o \
	src/ranking.o \
	src/retention.o \
	src/rowarray.o \
	src/rowstore.o \
	src/score.o \
	src/segment.o \
	src/sequence.o \
	src/sequence_io.o \
	src/sessions.o \
	src/sorted.o \
	src/textscan.o \
	src/timeargs.o \
	src/timestate.o \
	src/viewer_set.o \
	src/viewer_set_io.o \
	src/window.o \
	$(CORE_OBJS)

# The scripts of this version are built; those of the versions before it are
# kept as they were, and the newest of these is what this one is an upgrade of.
UPGRADE_FROM = 0.1.0
UPGRADE      = sql/liveanalytics--$(UPGRADE_FROM)--$(EXTVERSION).sql
DATA_built   = sql/liveanalytics--$(EXTVERSION).sql $(UPGRADE)
DATA         = $(filter-out $(DATA_built),$(wildcard sql/liveanalytics--*.sql))

REGRESS      = $(patsubst test/sql/%.sql,%,$(sort $(wildcard test/sql/*.sql)))
REGRESS_OPTS = --inputdir=test --load-extension=liveanalytics

# CPPFLAGS reach the JIT bitcode too; CFLAGS do not.  The core's assert() is for
# the unit tests: in a server it would take every session down.
PG_CPPFLAGS = -DLIVEANALYTICS_VERSION='"$(EXTVERSION)"' -DNDEBUG -ffp-contract=off
SHLIB_LINK  = -lm

EXTRA_CLEAN = $(DATA_built) build/unit build/fuzz

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

# the inner loops go through vector registers, which -O2 does not try for
VECTOR_OBJS = \
	src/core/binning.o \
	src/core/forest_grow.o \
	src/core/forest_importance.o \
	src/core/forest_oob.o \
	src/core/forest_split.o \
	src/core/kmeans_assign.o \
	src/core/kmeans_fit.o \
	src/core/kmeans_measure.o \
	src/core/kmeans_rows.o \
	src/core/kmeans_search.o \
	src/core/kmeans_seed.o \
	src/core/linreg_core.o \
	src/core/linreg_solve.o \
	src/core/logreg_columns.o \
	src/core/logreg_pass.o \
	src/core/viewer_set_container.o \
	src/core/viewer_set_core.o
$(VECTOR_OBJS): CFLAGS += -O3

# every object is rebuilt when a header changes: there are few of both
$(OBJS): $(wildcard src/*.h src/core/*.h)

# it holds the number of the version
src/liveanalytics.o: liveanalytics.control

sql/liveanalytics--$(EXTVERSION).sql: $(SQL_PARTS) liveanalytics.control
	cat $(SQL_PARTS) >$@

$(UPGRADE): sql/liveanalytics--$(UPGRADE_FROM).sql sql/liveanalytics--$(EXTVERSION).sql scripts/upgrade_script.awk
	awk -f scripts/upgrade_script.awk $(wordlist 1,2,$^) >$@

# what a command that failed has left behind would pass for its result
.DELETE_ON_ERROR:

# The core builds and runs alone, so that the sanitizers see all of it.
UNIT_TESTS  = $(patsubst test/unit/%.c,build/unit/%,$(wildcard test/unit/*_test.c))
UNIT_CFLAGS = -std=c99 -g -O1 -ffp-contract=off -Wall -Wextra -Wshadow -Werror \
	-fsanitize=address,undefined -fno-sanitize-recover=all

UNIT_CORE   = $(CORE_OBJS:src/core/%=build/unit/core/%)

build/unit/core/%.o: src/core/%.c $(wildcard src/core/*.h)
	@mkdir -p build/unit/core
	$(CC) $(UNIT_CFLAGS) -c -o $@ $<

build/unit/%: test/unit/%.c $(wildcard test/unit/*.h test/fuzz/*.h src/core/*.c) $(UNIT_CORE)
	$(CC) $(UNIT_CFLAGS) -Isrc/core -o $@ $< $(UNIT_CORE) -lm

.PHONY: unitcheck
unitcheck: $(UNIT_TESTS)
	$(PROVE) --exec '' $(UNIT_TESTS)

# FUZZ_SECONDS of libFuzzer for each target, which Debian has in clang and
# libclang-rt-dev.  What it finds stays in build/fuzz; build/fuzz/TYPE_replay
# shows it under gcc.
FUZZ_CC      ?= $(or $(shell for c in clang clang-19 clang-18 clang-17 clang-16 clang-15 clang-14; do command -v $$c && break; done),clang)
FUZZ_SECONDS ?= 60
FUZZ_TYPES   ?= forest_model linreg logreg kmeans errors confusion funnel path sequence sequence_state viewer_set times
FUZZ_CFLAGS  = -std=c99 -g -O1 -ffp-contract=off -fno-sanitize-recover=all -Isrc/core

build/fuzz/%_corpus_writer: test/fuzz/%_corpus.c $(wildcard test/fuzz/*.h test/unit/*.h) $(UNIT_CORE)
	@mkdir -p build/fuzz
	$(CC) $(UNIT_CFLAGS) -Isrc/core -o $@ $< $(UNIT_CORE) -lm

build/fuzz/%_replay: test/fuzz/%_fuzz.c $(wildcard test/fuzz/*.h) $(UNIT_CORE)
	@mkdir -p build/fuzz
	$(CC) $(UNIT_CFLAGS) -DLA_FUZZ_REPLAY -Isrc/core -o $@ $< $(UNIT_CORE) -lm

build/fuzz/forest_mutants: test/fuzz/forest_mutants.c $(wildcard test/fuzz/*.h test/unit/*.h src/core/*.h) $(CORE_OBJS:.o=.c)
	@mkdir -p build/fuzz
	$(CC) -std=c99 -O2 -ffp-contract=off -Wall -Wextra -Werror -Isrc/core -o $@ $< $(CORE_OBJS:.o=.c) -lm

# the core once for all targets, and a target
build/fuzz/core/%.o: src/core/%.c $(wildcard src/core/*.h)
	@mkdir -p build/fuzz/core
	$(FUZZ_CC) $(FUZZ_CFLAGS) -fsanitize=fuzzer-no-link,address,undefined -c -o $@ $<

build/fuzz/%_fuzz: test/fuzz/%_fuzz.c $(wildcard test/fuzz/*.h) $(CORE_OBJS:src/core/%=build/fuzz/core/%)
	$(FUZZ_CC) $(FUZZ_CFLAGS) -fsanitize=fuzzer,address,undefined -o $@ $< $(CORE_OBJS:src/core/%=build/fuzz/core/%) -lm

.PHONY: fuzz_seeds
fuzz_seeds: build/fuzz/forest_corpus_writer build/fuzz/audience_corpus_writer $(FUZZ_TYPES:%=build/fuzz/%_replay)
	@mkdir -p $(foreach t,$(FUZZ_TYPES) forest_model viewer_set sequence,build/fuzz/$(t)_corpus build/fuzz/$(t)_seeds)
	build/fuzz/forest_corpus_writer build/fuzz/forest_model_seeds
	build/fuzz/audience_corpus_writer build/fuzz/viewer_set_seeds build/fuzz/sequence_seeds
	@for t in $(filter-out forest_model viewer_set sequence,$(FUZZ_TYPES)); do build/fuzz/$${t}_replay -s build/fuzz/$${t}_seeds || exit 1; done
	@for t in $(FUZZ_TYPES); do echo "$$t"; build/fuzz/$${t}_replay build/fuzz/$${t}_seeds/* || exit 1; done

.PHONY: fuzz
fuzz: fuzz_seeds
	@echo 'int LLVMFuzzerTestOneInput(const unsigned char *d, unsigned long n) { (void) d; (void) n; return 0; }' >build/fuzz/probe.c
	@if $(FUZZ_CC) -fsanitize=fuzzer -o build/fuzz/probe build/fuzz/probe.c 2>build/fuzz/probe.log; then \
		$(MAKE) -s $(FUZZ_TYPES:%=build/fuzz/%_fuzz) && set -ex && for t in $(FUZZ_TYPES); do \
			build/fuzz/$${t}_fuzz -max_total_time=$(FUZZ_SECONDS) -max_len=4096 -print_final_stats=1 -verbosity=0 \
				-artifact_prefix=build/fuzz/$$t- build/fuzz/$${t}_corpus build/fuzz/$${t}_seeds; \
		done; \
	else \
		echo "no fuzzing: $(FUZZ_CC) with libFuzzer is not here (Debian: clang and libclang-rt-dev); the seeds were replayed"; \
	fi

# what README.md says of speed, beside the peers; FULL=1 at the sizes that it states
.PHONY: bench
bench:
	bench/report

# a stored forest without a server: see there
build/forest_core: bench/forest_core.c $(CORE_OBJS:.o=.c) $(wildcard src/core/*.h)
	@mkdir -p build
	$(CC) -std=c99 -O2 -DNDEBUG -ffp-contract=off -Wall -Wextra -Isrc/core -o $@ $< $(CORE_OBJS:.o=.c) -lm
