# Every target makes the virtual environment itself; the machine needs Python 3.11 or later, and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PEERS := $(VENV)/.peers
JOBS ?= 2

.DEFAULT_GOAL := help
.PHONY: help run test soak storm check format bench clean

help:  ## Show the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): pyproject.toml hatch_build.py $(wildcard airssys_sdk/component/engine/native/*)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "AirsSys SDK needs Python 3.11 or later; set PYTHON=/path/to/python3" >&2; exit 1; }
	@echo "Installing into $(VENV) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable . --group dev
	@touch $(READY)

run: $(READY)  ## Run the word count example under supervision
	@$(BIN)/python -m examples.word_count README.md

test: $(READY)  ## Run the tests
	@$(BIN)/python -m pytest -n $(JOBS) --dist loadgroup -m "not soak"

soak: $(READY)  ## Run the long proofs
	@AIRSSYS_SOAK=1 $(BIN)/python -m pytest -n $(JOBS) --dist loadgroup -m "soak or examples"

storm: $(READY)  ## Let the runtime through a storm of five minutes, and count what became of every message
	@AIRSSYS_STORM=$${AIRSSYS_STORM:-300} $(BIN)/python -m pytest -s -q -n 0 --show-capture=no tests/runtime/test_storm.py

check: $(READY)  ## Lint, format, types and floors
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/basedpyright
	@$(BIN)/lint-imports

format: $(READY)  ## Format the code
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: $(READY)  ## Print the published figures
	@# Without a network the bench says itself what it leaves out.
	@test $(PEERS) -nt pyproject.toml || { $(BIN)/python -m pip install --quiet --disable-pip-version-check --retries 1 --group bench 2>/dev/null && touch $(PEERS); } || true
	@$(BIN)/python -m benchmarks

clean:  ## Remove the virtual environment and tool caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
