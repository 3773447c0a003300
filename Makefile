# The one door to the project: `make help` lists what it does.
SHELL := /bin/bash
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
LOCK := deploy/requirements/dev.txt
READY := $(VENV)/.ready
ORDERS ?= 200
FAULTS ?= default
SEED ?= 1
JSON ?=
RUNS ?= 1
# So many at a time; those of one file stay in order. Integration tests mostly wait (for sessions to end, retries to come due).
SIDE_BY_SIDE := -n 3 --dist loadfile
WAITING := -n 4 --dist loadfile
# The last lines of a failed run name each failed test and why; without a terminal pytest would cut them off at 80 columns.
ifndef MAKE_TERMOUT
export COLUMNS := 240
endif

.DEFAULT_GOAL := help
.PHONY: help setup check format test unit integration conformance edge demo up down status chaos bench lock clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

$(READY): $(LOCK) deploy/setup.sh
	@PYTHON="$(PYTHON)" VENV="$(VENV)" LOCK="$(LOCK)" bash deploy/setup.sh

setup: $(READY) ## make .venv from the committed lock

check: $(READY) ## format, lint, types, imports, unit and contract tests
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/causeway schemas check
	@$(BIN)/pytest -q $(SIDE_BY_SIDE) tests/unit tests/contract

format: $(READY) ## format and fix what can be fixed
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

test: check edge ## everything CI runs: check, then integration and conformance on real parts
	@$(BIN)/pytest -q $(WAITING) --no-loadscope-reorder tests/integration tests/conformance

unit: $(READY) ## unit and contract tests only
	@$(BIN)/pytest -q $(SIDE_BY_SIDE) tests/unit tests/contract

integration: $(READY) ## one promise per file, on a real broker
	@$(BIN)/pytest -q $(WAITING) --no-loadscope-reorder tests/integration

conformance: $(READY) ## the sandboxes against published models and recorded transcripts
	@$(BIN)/pytest -q tests/conformance

edge: $(READY) ## tests/edge where only the base wheel is installed, as on a Box
	@VENV=$(VENV) LOCK=$(LOCK) bash deploy/edge/test-wheel.sh

demo: $(READY) ## orders from Walmart to Odoo under faults, ledger at the end (ORDERS= FAULTS= SEED= JSON=1)
	@$(BIN)/causeway demo --orders $(ORDERS) --faults $(FAULTS) --seed $(SEED) $(if $(JSON),--json)

up: $(READY) ## start Kafka and the schema registry
	@$(BIN)/causeway up

down: $(READY) ## stop them
	@$(BIN)/causeway down

status: $(READY) ## what runs, what waits, what failed
	@$(BIN)/causeway status

chaos: $(READY) ## kill, stop and lie to every process; the ledger must balance (SEED= RUNS=)
	@$(BIN)/python -m tests.chaos --seed $(SEED) --runs $(RUNS)

bench: $(READY) ## side-by-side measurements (JSON=1 for one JSON line per measure)
	@$(BIN)/python -m tests.bench $(if $(JSON),--json)

lock: $(READY) ## resolve the dependencies again into the lock
	@bash deploy/requirements/lock.sh

clean: ## remove the environment and caches of this checkout
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis dist
