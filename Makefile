# Two commands to know: `make demo` runs the main job, `make test` passes every test.
PYTHON ?= python3
BIN := .venv/bin

# One more than there are cores: much of the tests' time is waiting for servers.
PYTEST_WORKERS ?= $(shell echo $$(($$(getconf _NPROCESSORS_ONLN) + 1)))

.PHONY: anew setup setup-dev demo test tests servers check lint types docs scoreboard soak lock clean

setup: .venv/.runtime
setup-dev: .venv/.dev

# A .venv whose Python does not run (moved, upgraded, half made) is made anew.
BROKEN := $(shell $(BIN)/python -c '' 2>/dev/null || echo anew)

.venv/.bootstrap: requirements-bootstrap.lock $(BROKEN)
	@.ci/venv $(PYTHON)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-bootstrap.lock
	@touch $@

.venv/.runtime: .venv/.bootstrap requirements.lock pyproject.toml
	@test -e .venv/.dev || $(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements.lock
	@test -e .venv/.dev || $(BIN)/uv pip install --quiet --python $(BIN)/python --no-build-isolation --no-deps --editable .
	@touch $@

.venv/.dev: .venv/.bootstrap requirements-dev.lock pyproject.toml
	$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements-dev.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-build-isolation --no-deps --editable .
	@touch $@ .venv/.runtime

demo: .venv/.runtime
	@$(BIN)/coldwitness demo

check: lint types

lint: .venv/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: .venv/.dev
	$(BIN)/mypy --strict

# Types are checked in one process beside the tests, which leave it the time they wait for servers.
# Both have to pass, and each is told whatever the other finds.
test:
	@$(MAKE) --no-print-directory --jobs=2 lint servers
	@$(MAKE) --no-print-directory --jobs=2 --keep-going types tests

servers:
	@.ci/install-servers

tests: .venv/.dev
	$(BIN)/python -m pytest -n $(PYTEST_WORKERS) --dist worksteal

# The site of the docs, offline; a dead link is an error.
docs: .venv/.dev
	$(BIN)/python -m docs.site.build --out build/site

scoreboard: .venv/.dev
	$(BIN)/python -m benchmarks.scoreboard --risks config/risks.toml
	$(BIN)/python -m docs.site.figures

soak: .venv/.dev servers
	$(BIN)/python -m pytest -n 0 -m soak --timeout 3600

lock: .venv/.bootstrap
	.ci/lock

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis
