# make demo: install, and run the main job on the embedded world.   make test: install, and run the tests.
# make bench-gpu OUT=FOLDER: all checks that need a GPU, within eight minutes.
PYTHON ?= python3
VENV ?= .venv
OUT ?= demo
BIN := $(VENV)/bin
# Without the constraints, pip may take a build of torch of several gigabytes.
INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e

.PHONY: demo docs test test-slow bench-gpu lint format clean

$(VENV)/user.stamp: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(INSTALL) '.[metrics]'
	touch $@

$(VENV)/developer.stamp: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(INSTALL) '.[metrics,onnx,features,dev]'
	touch $@

demo: $(VENV)/user.stamp
	$(BIN)/recyclegan demo --out $(OUT)

test: docs
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile

docs: $(VENV)/developer.stamp
	$(BIN)/python docs/tables.py

test-slow: $(VENV)/developer.stamp
	$(BIN)/python -m pytest -m slow --timeout 3600

# Nothing is installed or fetched: torch and the wheels must be there. REFERENCE is a checkout of the published code.
bench-gpu:
	$(PYTHON) benchmarks/gpu.py --out $(OUT) $(if $(REFERENCE),--reference $(REFERENCE))

lint: $(VENV)/developer.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/developer.stamp
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) build dist .pytest_cache .ruff_cache .mypy_cache .hypothesis
