# Two commands on a fresh machine: `make demo` and `make test`. They need Python >= 3.11, git and make
# (and Go, where the Pulumi CLI is neither installed nor can be downloaded).
PYTHON ?= python3
# Three on two cores: engine tests wait for programs half of their time.
PYTEST_ARGS ?= -n 3 --dist worksteal
VENV := .venv/bin
# Workers pay where nothing is cached yet, as in CI; with a cache, one process is ten times as fast as several.
MYPY_ARGS ?= $(if $(wildcard .mypy_cache),,--num-workers 2)
# Tests and the demo start Python a thousand times: each start would compile all of this checkout again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup demo test check fmt schemas bench lock clean

help: ## this list
	@grep -hE '^[a-z]+:.*##' Makefile | sed -E 's/:[^#]*## /\t/' | expand -t 10

setup: ## .venv and .tools in this checkout
	@$(PYTHON) scripts/setup.py

demo: setup ## the main job, end to end, on the sandbox
	@$(VENV)/edgewright demo

test: setup check ## everything that must hold
	@PATH="$(CURDIR)/$(VENV):$$PATH" $(VENV)/python -m pytest $(PYTEST_ARGS)

check: setup ## lint, types, import rules
	@$(VENV)/ruff check .
	@$(VENV)/ruff format --check .
	@$(VENV)/mypy $(MYPY_ARGS)
	@$(VENV)/lint-imports --no-cache > .tools/lint-imports.log || { cat .tools/lint-imports.log; exit 1; }

fmt: setup ## format and fix
	@$(VENV)/ruff format .
	@$(VENV)/ruff check --fix .

schemas: setup ## JSON Schemas and reference pages from the models
	@$(VENV)/python -m edgewright.manifest.schema
	@$(VENV)/python -m edgewright.provider.reference
	@$(VENV)/python -m edgewright.provider.python_types

bench: setup ## the numbers of the design, as ratios
	@for file in bench/*.py; do $(VENV)/python "$$file" || exit 1; done

lock: setup ## pin the dependencies again, with hashes
	@$(VENV)/python scripts/lock.py

clean: ## remove what set-up and runs made
	@rm -rf .venv .tools .edgewright .pytest_cache .mypy_cache .ruff_cache .hypothesis
