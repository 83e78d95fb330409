# make figures: everything from raw inputs. make demo: one organism, in the console. make test, make lint: as CI does.
TIER ?= laptop
CORES ?= all
PYTHON ?= python3.11
BIN := .venv/bin
SNAKEMAKE := $(BIN)/snakemake --cores $(CORES)
CONFIG := --configfile workflow/config/$(TIER).yaml

.PHONY: figures tables all sweep demo test lint benchmark

figures tables all sweep: .venv/ready
	$(SNAKEMAKE) $@ $(CONFIG)

demo: .venv/ready
	$(SNAKEMAKE) demo $(CONFIG)
	@$(BIN)/python -m paper_replication demo workflow/config/$(TIER).yaml

test: .venv/ready
	$(BIN)/python -m pytest

benchmark: .venv/ready
	$(BIN)/python -m pytest tests/benchmarks --benchmark-only

lint: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile workflow/rules
	$(BIN)/snakemake --lint

# Made anew whenever the pinned versions change; a build that failed half-way leaves no `ready` behind.
.venv/ready: envs/requirements.txt
	$(PYTHON) -m venv --clear .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --requirement $<
	touch $@
