# `make` alone lists the targets; each one that needs the packages installs them first.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DEMO := .demo

PYTEST_JOBS ?= 2
PYTEST_OPTIONS ?=
DEMO_OPTIONS ?=
BENCH_OPTIONS ?=

# More threads than cores make torch many times slower, also in tests that run side by side.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/pytest

.PHONY: help setup demo serve mlflow screenshots test test-slow faults lint audit format bench clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z%-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) ## Install everything into .venv, with the exact versions of constraints.txt

$(STAMP): pyproject.toml constraints.txt
	@if [ ! -x $(BIN)/pip ]; then \
	  wanted='import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))'; found=; \
	  for python in $${PYTHON:-python3.11 python3.12 python3.13 python3}; do \
	    if $$python -c "$$wanted" 2>/dev/null; then found=$$python; break; fi; \
	  done; \
	  if [ -z "$$found" ]; then \
	    echo "No Python 3.11 to 3.13 found. Install one, or name it: make $(MAKECMDGOALS) PYTHON=/path/to/python3.11" >&2; exit 1; \
	  fi; \
	  if ! $$found -c 'import ensurepip, venv' 2>/dev/null; then \
	    echo "$$found has no venv module. On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; \
	  fi; \
	  echo "Making $(VENV) with $$($$found --version)"; \
	  $$found -m venv $(VENV); \
	fi
	@echo "Installing packages; the first time several GB are fetched (PyTorch), which takes minutes"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,postgres,s3]'
	@touch $@

demo: $(STAMP) ## Search on real images of digits, compare, export the winner: a few minutes
	@rm -rf $(DEMO)
	@export NAS_HOME=$(DEMO); \
	$(BIN)/nas run examples/demo.yaml $(DEMO_OPTIONS); \
	$(BIN)/nas report demo; \
	$(BIN)/nas export demo --pick knee --to $(DEMO)/exported
	@echo
	@echo "The knee of the front as plain PyTorch code: $(DEMO)/exported/model.py"
	@echo "Every trial, the front and the verdict in MLflow (then open http://127.0.0.1:5000):"
	@echo "  $(BIN)/mlflow server --backend-store-uri sqlite:///$(CURDIR)/$(DEMO)/mlflow.db --port 5000"
	@echo "The dashboard:"
	@echo "  NAS_HOME=$(DEMO) $(BIN)/nas serve"

serve: $(STAMP) ## Dashboard of the demo's results; NAS_HOME=... for another folder
	@NAS_HOME=$${NAS_HOME:-$(DEMO)} $(BIN)/nas serve

mlflow: $(STAMP) ## MLflow's pages of the demo's results, on port 5000
	@MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false $(BIN)/mlflow server \
	  --backend-store-uri sqlite:///$(CURDIR)/$(DEMO)/mlflow.db --port 5000

screenshots: $(STAMP) ## Pictures of every page over the demo's results, in .screenshots
	@NAS_HOME=$${NAS_HOME:-$(DEMO)} $(BIN)/python -m tests.browser.screenshots

test: lint ## Lint, types and tests: what CI runs
	$(PYTEST) -n $(PYTEST_JOBS) --dist loadfile --no-loadscope-reorder $(PYTEST_OPTIONS)

test-slow: $(STAMP) ## The tests that take more than a minute each
	$(PYTEST) -m slow $(PYTEST_OPTIONS)

faults: $(STAMP) ## Every fault, with the soak of 100 kills: real processes, real SIGKILL
	$(PYTEST) -m 'slow or not slow' tests/faults $(PYTEST_OPTIONS)

lint: $(STAMP) ## Style (ruff), format and types (mypy --strict)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

audit: $(STAMP) ## Known vulnerabilities of the pinned packages
	$(BIN)/python .ci/audit.py

format: $(STAMP) ## Put the code into its format and fix what can be fixed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(patsubst benchmarks/%.py,bench-%,$(shell grep -l __main__ benchmarks/*.py)) ## Every benchmark

bench-%: $(STAMP) ## One file of benchmarks/; BENCH_OPTIONS=--help lists its options
	$(BIN)/python benchmarks/$*.py $(BENCH_OPTIONS)

clean: ## Remove caches and the demo's results; .venv and .nas stay
	rm -rf $(DEMO) .screenshots build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +
