# icm: build, install and test with PGXS, PostgreSQL's extension build system.
# "make help" lists the targets. PG_CONFIG=/path/to/pg_config chooses the server.

# These run without an installed PostgreSQL (test/setup.sh gets one if it
# may), so PGXS is read only when another target is asked for.
SCRIPT_GOALS = help demo test bench

ifneq ($(filter-out $(SCRIPT_GOALS),$(or $(MAKECMDGOALS),all)),)

EXTENSION = icm
EXTVERSION := $(shell sed -n "s/^default_version *= *'\(.*\)'.*/\1/p" icm.control)

# One install script is built from its topics; upgrade scripts stand as they are.
INSTALL_SQL = $(sort $(wildcard sql/install/*.sql))
DATA_built = sql/$(EXTENSION)--$(EXTVERSION).sql
DATA = $(wildcard sql/$(EXTENSION)--*--*.sql)

MODULE_big = icm
OBJS = $(patsubst %.c,%.o,$(sort $(wildcard src/*.c src/*/*.c)))
PG_CPPFLAGS = -I$(srcdir)/src
SHLIB_LINK += -lm

# The two warnings off are what PostgreSQL's own headers trip: inline functions
# with unused parameters; ARR_DATA_PTR and lengthof, which mix signs. clang is
# given PostgreSQL's flags for gcc, some of which it does not know.
PG_CFLAGS = -Wall -Wextra -Wshadow -Wno-unused-parameter -Wno-sign-compare
PG_CFLAGS += $(if $(findstring clang,$(CC)),$(CLANG_QUIET))
PG_CFLAGS += $(if $(filter 1,$(WERROR)),-Werror)
CLANG_QUIET = -Wno-unknown-warning-option -Wno-ignored-optimization-argument \
	-Wno-ignored-attributes

# Test files stand in test/, what they should print in expected/. The output
# directory is named because PGXS's own for isolation tests has no expected/.
REGRESS = $(patsubst test/sql/%.sql,%,$(sort $(wildcard test/sql/*.sql)))
REGRESS_OPTS = --inputdir=test --load-extension=$(EXTENSION)
ISOLATION = $(patsubst test/specs/%.spec,%,$(sort $(wildcard test/specs/*.spec)))
ISOLATION_OPTS = --inputdir=test --outputdir=. --load-extension=$(EXTENSION)
PROVE_TESTS = $(sort $(wildcard test/t/*.pl))
TAP_TESTS = $(if $(PROVE_TESTS),1)

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

# The directory is named too, so that taking a topic away also rebuilds.
$(DATA_built): $(INSTALL_SQL) sql/install $(EXTENSION).control
	cat $(INSTALL_SQL) /dev/null >$@.tmp
	mv $@.tmp $@

# A changed header rebuilds everything: simple, and a matter of seconds.
$(OBJS) $(OBJS:.o=.bc): $(wildcard src/*.h src/*/*.h)

endif

# CSV=file and KEEP=1 on make's command line are in the scripts' environment.
demo:
	@test/demo/demo.sh

test:
	@test/run.sh

bench:
	@test/bench/bench.sh

help:
	@echo 'make               build the extension'
	@echo 'make install       install it into the server of PG_CONFIG'
	@echo 'make installcheck  test it in a running server where it is installed'
	@echo 'make test          build and test it in a private, throw-away server'
	@echo 'make demo          show it in a private server (CSV=file: your data; KEEP=1: leave it running)'
	@echo 'make bench         measure it in a private server'
	@echo 'make clean         remove what make built'
	@echo 'Settings: PG_CONFIG=/path/to/pg_config, WERROR=1'

.PHONY: help demo test bench
