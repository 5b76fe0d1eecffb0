# One command per task; `make` lists them. Each works on a fresh machine with Python, make and the package index.

PYTHON ?= python3
VENV ?= .venv
MODEL ?= qwen2.5-coder-1.5b-instruct
# Processes of the test suite: two fit every machine that can hold the model; JOBS=auto takes all cores.
JOBS ?= 2
TEST_ARGS ?=
EXAMPLE_ARGS ?=
BENCH_ARGS ?=

TESTS = -n $(JOBS) --dist loadgroup $(TEST_ARGS)
BIN = $(abspath $(VENV))/bin
REPORTS = $(addprefix example_suite/.llmeval/,report.json report.html runs.sqlite)
# The judge that example_suite/pyproject.toml names.
JUDGE = qwen2.5-coder-1.5b-instruct
# Ask the model, and do not take answers of an earlier run for its own.
LIVE = --llm-record off --llm-no-cache
# What an installation without extras may weigh, pip included.
BASE_MB = 400
# The first pip that knows --group is 25.1.
INSTALL = $(PYTHON) -m venv $(VENV) && $(BIN)/python -m pip install --quiet --upgrade "pip>=25.1" \
  && $(BIN)/python -m pip install --quiet

.DEFAULT_GOAL := help
.PHONY: help env lint type unit test coverage example recordings bench simulate pictures docs format build-check clean

help:  ## list the tasks
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

env: $(VENV)/.installed-dev  ## make the environment of a developer, with every extra

$(VENV)/.installed-dev: pyproject.toml
	$(INSTALL) --group dev --editable ".[all]"
	@touch $@ $(VENV)/.installed-example

# The environment of the example alone: no development tools, no torch.
$(VENV)/.installed-example: pyproject.toml
	$(INSTALL) --editable ".[local,readability,xdist]"
	@touch $@

lint: env  ## check style and format
	$(BIN)/ruff check
	$(BIN)/ruff format --check

type: env  ## check types
	$(BIN)/mypy

unit: env  ## run the tests as they are, without fetching the local model
	$(BIN)/pytest $(TESTS)

test: lint type  ## everything that CI checks: style, types, local model, tests
	@$(BIN)/llmeval model $(MODEL) \
	  || echo "make test: $(MODEL) could not be fetched (see above); the tests that need it are skipped"
	$(BIN)/pytest $(TESTS)

coverage: env  ## run the tests and show which branches they miss
	$(BIN)/coverage erase
	-$(BIN)/coverage run -m pytest $(TESTS)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

example: $(VENV)/.installed-example  ## run the example suite live on the local model
	@for model in $(sort $(MODEL) $(JUDGE)); do $(BIN)/llmeval model $$model || exit; done
	@LLMEVAL_PROVIDER=local:$(MODEL) $(BIN)/pytest example_suite $(LIVE) $(EXAMPLE_ARGS); status=$$?; \
	  if [ $$status = 1 ]; then echo; \
	    echo "Some answers are worse than the suite asks: that is for the model, not for the tool, to mend."; fi; \
	  printf '\nWhat the run left behind:\n'; ls -1 $(REPORTS) && [ $$status -le 1 ]

recordings: $(VENV)/.installed-example  ## record the example suite's answers anew with the local model
	@$(BIN)/llmeval model $(JUDGE)
	cd example_suite && $(BIN)/pytest --llm-record all  # named alone, so that what is stale goes

bench: env  ## measure speed, cost and safety: benchmarks/README.md
	$(BIN)/python -m benchmarks $(BENCH_ARGS)

simulate: env  ## measure how often the gate and the intervals of a calibration err, where the truth is known
	$(BIN)/pytest -q tests/stats/simulate_gate.py tests/stats/simulate_slices.py \
		tests/stats/simulate_stopping.py tests/stats/simulate_agreement.py

pictures: env  ## make the pictures of the HTML report with Chromium
	$(BIN)/python docs/make_pictures.py

docs: env  ## make docs/reference.md from the source
	$(BIN)/python docs/make_reference.py

format: env  ## rewrite the source in the house's format
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

build-check: env  ## build the wheel and try it in an environment with its base dependencies alone
	rm -rf dist build
	$(BIN)/python -m build
	$(PYTHON) -m venv build/venv
	build/venv/bin/python -m pip install --quiet dist/*.whl
	build/venv/bin/python -m pip check
	@size=$$(du -sm build/venv | cut -f1); echo "base install: $$size MB, at most $(BASE_MB)"; test $$size -le $(BASE_MB)
	cp golden/faq.csv build/
	touch build/pytest.ini  # an ini file of its own, so that ours and the source tree stay out of sight
	cd build && venv/bin/llmeval validate faq.csv && venv/bin/pytest --collect-only faq.csv
	cd build && venv/bin/pytest faq.csv::refund-time --llm-provider column:expected --llm-threshold "contains>=1"
	mkdir -p build/guest/tests && echo "X = 1" > build/guest/tests/helpers.py && touch build/guest/pytest.ini
	printf 'from tests.helpers import X\n\n\ndef test_x():\n    assert X == 1\n' > build/guest/tests/test_x.py
	cd build/guest && ../venv/bin/python -m pytest tests  # the base hides no folder of a project
	cd build && ! venv/bin/pytest faq.csv::refund-time --llm-provider column:expected --llm-threshold "bleu>=1" > missing.txt 2>&1
	grep -F 'pip install "pytest-llm-golden[text]"' build/missing.txt

clean:  ## remove everything that the other tasks made, environments too
	rm -rf $(VENV) build dist .coverage* .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -prune -exec rm -rf {} + -o -name .llmeval -prune -exec rm -rf {} +
