# `make` alone lists what there is. Everything runs in .venv, which `make setup` fills from uv.lock.
.DEFAULT_GOAL := help
.PHONY: help setup up test test-unit test-integration test-e2e test-slow test-docker lint format bench evaluate screenshots clean

BIN := .venv/bin
PYTEST := $(BIN)/pytest -m "not slow and not docker" -n auto --dist loadfile
INSTALLED := .venv/.installed
COMPOSE_LINTER := $(if $(shell command -v npm),tools/node_modules/.installed)

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(INSTALLED) $(COMPOSE_LINTER)  ## install everything into .venv (fetches uv where it is missing)

$(INSTALLED): pyproject.toml uv.lock
	@uv=$$(scripts/get-uv) && echo "Installing into .venv (about 1.5 GB, once)" && \
	"$$uv" sync --frozen --compile-bytecode && touch $@ && echo "Installed."

tools/node_modules/.installed: tools/package-lock.json
	@if npm ci --prefix tools --no-audit --no-fund --loglevel error; then touch $@; \
	else echo "dclint could not be installed; make lint goes without it"; fi

up: $(INSTALLED)  ## start the six services; Ctrl-C stops them
	@exec $(BIN)/wind up

test: test-unit test-integration test-e2e  ## unit, integration and browser tests

test-unit: $(INSTALLED)  ## quick tests of single parts
	$(PYTEST) tests/unit

test-integration: $(INSTALLED)  ## real databases, a real MLflow, real services
	$(PYTEST) tests/integration

test-e2e: $(INSTALLED)  ## the dashboard in a real browser
	$(PYTEST) --dist loadgroup tests/e2e

test-slow: $(INSTALLED)  ## the minutes-long tests (more kill -9, the whole training)
	$(BIN)/pytest -m slow tests

test-docker: $(INSTALLED)  ## image, Compose, profiles, Swarm, deployment on a real engine
	$(BIN)/pytest -m docker tests/docker

lint: $(INSTALLED)  ## style, types, which room may import which; image, Compose files, workflows, scripts
	@failed=; for check in "ruff check" "ruff format --check" "ty check" lint-imports; do \
	echo "--- $$check"; $(BIN)/$$check || failed="$$failed, $$check"; done; \
	scripts/lint-delivery || failed="$$failed, lint-delivery"; \
	[ -z "$$failed" ] || { echo "Failed: $${failed#, }"; exit 1; }

format: $(INSTALLED)  ## put the code into shape
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: $(INSTALLED)  ## measure; BENCH=tick measures one thing
	$(BIN)/python -m benchmarks $(BENCH)

evaluate: $(INSTALLED)  ## how good expected power and forecasts are: splits, a walk-forward, intervals
	$(BIN)/python -m benchmarks.evaluate
	$(BIN)/python -m benchmarks.forecast

screenshots: $(INSTALLED)  ## pictures of every page, theme and width of the dashboard that runs
	$(BIN)/python -m benchmarks.screenshots

clean:  ## remove caches and build output; data, models and .venv stay
	rm -rf build dist catboost_info .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find src tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
