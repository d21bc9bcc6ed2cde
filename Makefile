# vioconcierge: build, test, try. `make` alone prints what there is.
#
#   PG_CONFIG=/path/to/pg_config   which PostgreSQL (default: the one of PG_MAJOR, else the one on the PATH)
#   PG_MAJOR=17                    which one `make deps` installs (15)
#   MAJORS="17 18"                 which ones `make test-matrix` tests
#   T=name                         only the tests whose name contains this
#   SUITES="--test sql --test system"   whose tests `make coverage` looks at
#   ROUNDS=2000                    how long `make storm` is
#   SECONDS=600                    how long `make fuzz` runs each target
#   ARGS="--only backlog"          what `make bench` and `make simulator` are told (--help says what there is)

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
# Steps share cargo's build directory and one installed extension; cargo itself uses all cores.
.NOTPARALLEL:
MAKEFLAGS += --no-print-directory

PG_MAJOR ?= 15
T ?=
ROUNDS ?= 2000
ARGS ?=
export PG_MAJOR
export PATH := $(PATH):$(or $(CARGO_HOME),$(HOME)/.cargo)/bin

# Evaluated when a recipe runs: `make deps` may just have installed it.
env = PG_CONFIG="$$(tools/pg-config)"
pgrx_env = export PGRX_PG_CONFIG_PATH="$$(tools/pg-config)" feature="pg$$(tools/pg-config --major)"
script = sql/vioconcierge--$$(sed -n "s/^default_version *= *'\(.*\)'.*/\1/p" vioconcierge.control).sql
pure = -p vioc-core -p vioc-retell -p retell-simulator
# Not quiet: the first time it compiles for minutes.
tool = $(env) cargo run --release -p vioc-tests --bin

step = @printf '==> %s\n' '$(1)'
start_tool = $(call step,building what starts the cluster (some minutes the first time))
or_else = || { printf '\n*** %s\n' '$(1)' >&2; exit 1; }

.PHONY: help deps build sql install test test-pure test-sql test-system test-faults storm coverage check lint deny fuzz fuzz-brief package test-package test-matrix fmt demo run simulator docs bench clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/\1|\2/p' $(firstword $(MAKEFILE_LIST)) | \
	  while IFS='|' read -r name text; do printf '  make %-13s %s\n' "$$name" "$$text"; done

deps: ## install what is missing (PostgreSQL with headers, pg_cron, pgTAP, clang)
	$(call step,dependencies)
	@tools/install-deps

build: ## build the extension (release)
	$(call step,building the extension)
	@$(pgrx_env); cargo build --release -p vioconcierge --no-default-features --features "$$feature" \
	  $(call or_else,The build failed. If pgrx or libclang is named above: run `make deps`.)

sql: ## assemble the install script from sql/install.list (not committed before its release)
	$(call step,assembling the install script)
	@new=$$(mktemp); trap 'rm -f "$$new"' EXIT; \
	  tools/assemble-sql > "$$new"; cmp -s "$$new" "$(script)" || cat "$$new" > "$(script)"; printf '%s\n' "$(script)"

install: build sql ## build and install into PostgreSQL (with sudo where needed)
	$(call step,installing)
	@$(env) tools/install-extension

test: deps install test-pure test-system ## everything: dependencies, build, install, all tests

test-pure: ## tests that need no PostgreSQL
	$(call step,tests without a server)
	@cargo test $(pure) -- $(T) \
	  $(call or_else,A test failed; it is named above. Again with `make test-pure T=name`.)

test-system: ## all tests with a server (extension installed before)
	$(call step,tests with a server)
	@$(env) cargo test --release -p vioc-tests -- $(T) \
	  $(call or_else,A test failed; it is named above with the place of its server log. Again with `make test-system T=name`.)

test-sql: install ## the pgTAP files of tests/sql
	$(call step,SQL tests)
	@$(env) cargo test --release -p vioc-tests --test sql -- $(T) \
	  $(call or_else,A test failed; it is named above. Again with `make test-sql T=name`.)

test-faults: install ## kills, broken networks and failovers; FAULT_ROUNDS=n, FAULT_SEED=n
	$(call step,faults)
	@$(env) cargo test --release -p vioc-tests --test faults -- --nocapture $(T) \
	  $(call or_else,A promise was broken; it is named above with the seed to run it again.)

storm: install ## the fault suite for long: ROUNDS (2000), hours; figures by round
	$(call step,storm)
	@$(env) FAULT_ROUNDS=$(ROUNDS) cargo test --release -p vioc-tests --test faults -- --nocapture --test-threads=1 --include-ignored $(or $(T),storm::) \
	  $(call or_else,A promise was broken; it is named above with the seed to run it again.)

coverage: ## which SQL statements no test runs; SUITES='--test sql --test system' (the SQL tests alone)
	$(call step,dependencies)
	@COVERAGE=1 tools/install-deps
	@$(MAKE) install
	$(call step,tests under the profiler)
	@rm -rf target/coverage && mkdir -p -m 777 target/coverage
	@$(env) VIOC_COVERAGE="$$PWD/target/coverage" cargo test --release -p vioc-tests --no-fail-fast $(or $(SUITES),--test sql) -- $(T) \
	  || printf '\n*** A test failed under the profiler, which slows everything down.\n' >&2
	@tools/coverage target/coverage

lint: ## formatting and clippy
	$(call step,formatting)
	@cargo fmt --all --check $(call or_else,The code is not formatted: run `make fmt`.)
	$(call step,clippy)
	@cargo clippy --workspace --exclude vioconcierge --all-targets -- -D warnings
	@$(pgrx_env); cargo clippy -p vioconcierge --all-targets --no-default-features --features "$$feature" -- -D warnings

deny: ## licences, sources and banned crates of what is linked
	$(call step,licences and sources)
	@tools/deny $(call or_else,A crate is not as deny.toml wants it.)

# SECONDS is a variable of bash itself, so it is handed on as an argument.
fuzz: ## fuzz the pure code: SECONDS (600) for each target
	$(call step,fuzzing)
	@tools/fuzz $(if $(filter command,$(origin SECONDS)),$(SECONDS),600)

fuzz-brief: ## the same, five seconds each
	$(call step,fuzzing briefly)
	@tools/fuzz 5

package: build sql ## Debian packages of the extension and of the simulator, in target/
	$(call step,building the simulator)
	@cargo build --release -p retell-simulator
	$(call step,packaging)
	@$(env) tools/package

test-package: ## install, use, update and remove the packages in a clean Debian 12 (root; after make package)
	$(call step,the packages in a clean Debian 12)
	@tools/test-package

test-matrix: ## all of it with PostgreSQL 17 and 18, in newer Debian releases (root; minutes); MAJORS="15 17 18"
	$(call step,other majors of PostgreSQL)
	@tools/test-matrix $(MAJORS)

check: deps lint deny test fuzz-brief ## lint, licences, all tests, a little fuzzing

fmt: ## format the code
	@cargo fmt --all

demo: deps install ## the sample is called: who, and what came of it, within seconds
	$(start_tool)
	@$(tool) demo

run: deps install ## a cluster to play with, and psql in it
	$(start_tool)
	@$(tool) run

simulator: ## a stand-in for Retell over HTTP, on 127.0.0.1:9000; ARGS="--listen 127.0.0.1:9001"
	@cargo run --release -p retell-simulator -- $(ARGS)

docs: install ## rewrite docs/reference from the comments in the database
	@$(tool) docs

bench: deps install ## what it does on this machine, against its targets; ARGS
	@$(tool) bench -- $(ARGS)

clean: ## remove what was built
	@cargo clean
