# Every target works as the first command on a fresh clone: it makes .venv when it needs it.

PYTHON ?= $(shell for python in python3.13 python3.12 python3.11 python3; do \
	"$$python" -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$python"; break; }; done)
BIN := .venv/bin
STAMP := .venv/.installed
# `make test TESTS=tests/cli ARGUMENTS="-x -k up"` narrows a run.
TESTS ?= tests
WORKERS ?= 2
ARGUMENTS ?=

.DEFAULT_GOAL := help
.PHONY: help install demo test check format docs bench clean

help: ## Say what there is.
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(STAMP) ## Make .venv with everything that demo, tests and checks need.

$(STAMP): pyproject.toml
	@test -n "$(PYTHON)" || { echo "Clary needs Python 3.11+ with venv (apt install python3 python3-venv)." >&2; exit 1; }
	@$(PYTHON) -m venv .venv
	@echo "Installing into .venv; the first time takes a minute or two."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
	@$(BIN)/python -m pip install --quiet --editable . --group dev
	@touch $@

demo: install ## Train, host and invoke on real data, with a live display.
	@$(BIN)/clary demo

test: install ## Run the whole suite.
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup $(ARGUMENTS) $(TESTS)

check: install ## Lint, formatting, types, layers, sizes, generated pages.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tools/check_sizes.py
	$(BIN)/python tools/generate_docs.py --check

format: install ## Format the code and mend what the linter can.
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: install ## Write the generated pages.
	$(BIN)/python tools/generate_docs.py

bench: install ## Compare with peers and print ratios.
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r benchmarks/requirements.txt || true
	$(BIN)/python benchmarks/run.py

clean: ## Remove .venv and caches.
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
