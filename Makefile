# make figures   the paper's main figures and tables, from raw inputs (also tables, extended, cross_steering, mixing,
#                dose, sweep, identification, families, larger_model, gentle, again, readings, all)
# make demo      one organism, in the console
# make report    the figures that are there, with captions, jobs and times, for a browser
# make test      every test; make lint: the linters; make benchmark: what is faster than the straightforward way
#
# TIER=smoke or paper   another config than laptop's      CORES=4         as many cores, not all
# CONDA=1               each rule in an environment of    PYTHON=python3  another Python than python3.11, for set-up
#                       its own, by conda                 MEMORY_MB, GPUS, LLM_JOBS  what jobs may share
TIER ?= laptop
ifeq ($(wildcard workflow/config/$(TIER).yaml),)
# What is laid over a tier's config is named after it.
NAMED := $(basename $(notdir $(wildcard workflow/config/*.yaml)))
$(error there is no workflow/config/$(TIER).yaml; TIER is one of $(filter-out $(NAMED:=_%),$(NAMED)))
endif
CORES ?= all
PYTHON ?= python3.11
BIN := .venv/bin
# Jobs that would not fit in memory together do not run together; a container may have less than its machine.
MEMORY_MB ?= $(shell cat /proc/meminfo /sys/fs/cgroup/memory.max 2>/dev/null | awk '\
	/MemTotal/ {all = int($$2 / 1024)} /^[0-9]+$$/ {if (int($$1 / 1048576) < all) all = int($$1 / 1048576)} \
	END {print all ? all : 16000}')
# Jobs that ask for a GPU, as the paper tier's do, run one at a time, on the first of several; with GPUS=2 two share it.
# Those of other tiers ask for none: where there is one, they share it, and only memory limits how many.
GPUS ?= 1
# So many jobs ask an LLM at the same time, each of them up to twenty questions.
LLM_JOBS ?= 2
SNAKEMAKE := $(BIN)/snakemake --cores $(CORES)
# MODELS=families, larger, gentle, again or web: by the config of that name that is laid over the tier's own.
MODELS ?=
ifneq ($(MODELS),)
ifeq ($(wildcard workflow/config/$(TIER)_$(MODELS).yaml),)
$(error there is no workflow/config/$(TIER)_$(MODELS).yaml, which MODELS names)
endif
endif
CONFIGS = workflow/config/$(TIER).yaml $(if $(MODELS),$(wildcard workflow/config/$(TIER)_$(MODELS).yaml))
# Where results lie: a config that is laid over a tier's may name a tier of its own.
MADE = $(or $(shell sed -n 's/^tier: *//p' $(lastword $(CONFIGS))),$(TIER))
# One organism's tokens are drawn before all other figures.
figures: FIRST := --prioritize first_light_figure
# After the target, which options that take lists would swallow.
CONFIG = --resources mem_mb=$(MEMORY_MB) gpu=$(GPUS) llm=$(LLM_JOBS) --configfile $(CONFIGS) $(SOFTWARE) $(FIRST)
ifeq ($(CONDA),1)
SOFTWARE := --sdm conda
READY := conda .venv/ready
else
READY := .venv/ready
endif

.DEFAULT_GOAL := help
.PHONY: help figures tables all sweep identification extended cross_steering mixing dose families larger_model gentle
.PHONY: again readings demo report test lint benchmark conda

# In a clone the committed results are there, and count as done: the first time that a target is made, what it makes under
# figures is removed. Records of the jobs before stay until each is made again, so that what is there can be audited.
ANEW = .snakemake/anew/$(TIER)$(MODELS)_$@
# What is newer was made here, for another target.
SINCE := .snakemake/anew/since
# The lock is the kernel's, so a run that was killed, make or Snakemake alone, leaves none behind, only its mark: then
# Snakemake's own lock, which outlived it, is removed. A bare snakemake that starts takes the mark away, so that its lock
# stays; while it works, nothing is removed that it may have made. Without flock nobody knows whether the run that left a
# mark is over, and Snakemake's lock is left to the user.
MARK := .snakemake/make.running
define run
mkdir -p .snakemake; exec 9>.snakemake/make.lock; \
if ! command -v flock >/dev/null; then rm -f $(MARK); \
elif ! flock --nonblock 9; then \
	echo "error: another make is running in this folder; wait for it or stop it."; exit 1; \
fi; \
if [ ! -e $(MARK) ] && [ -n "$$(ls -A .snakemake/locks 2>/dev/null)" ]; then exec $(SNAKEMAKE) $@ $(CONFIG); fi; \
if [ ! -e $(ANEW) ] && [ -e figures/$(MADE) ]; then \
	$(SNAKEMAKE) $@ --delete-all-output --dry-run $(CONFIG) > .snakemake/would 2>&1 || { cat .snakemake/would; exit 1; }; \
	sed -n 's|^Would delete figures/|figures/|p' .snakemake/would > .snakemake/old; \
	if [ -s .snakemake/old ]; then \
		echo "First time here: what \`$@\` makes in figures/$(MADE) is removed, to be made from raw inputs (git has it)."; \
	fi; \
	while read -r file; do \
		[ -e $(SINCE) ] && [ "$$file" -nt $(SINCE) ] || rm -rf "$$file"; \
	done < .snakemake/old; \
fi; \
mkdir -p .snakemake/anew; touch $(ANEW); [ -e $(SINCE) ] || touch $(SINCE); \
if [ -e $(MARK) ]; then $(SNAKEMAKE) --unlock $(CONFIG) >/dev/null 2>&1; fi; \
touch $(MARK); RUN_BY_MAKE=1 $(SNAKEMAKE) $@ $(CONFIG); status=$$?; \
[ $$status -gt 128 ] || rm -f $(MARK); exit $$status
endef

help:
	@sed -n '/^#/!q; s/^# \{0,1\}//p' Makefile

families: MODELS = families
larger_model: MODELS = larger
gentle: MODELS = gentle
again: MODELS = again

figures tables all sweep identification extended cross_steering mixing dose families larger_model gentle again \
	readings: $(READY)
	@$(run)

demo: $(READY)
	@$(run)
	@$(BIN)/python -m paper_replication demo $(CONFIGS)

# Of all figures that are there, of whatever target. Not among the figures, where an audit would ask for its record.
DRAWN = $(wildcard figures/$(MADE)/*.png)
report: $(READY)
	mkdir -p reports
	$(SNAKEMAKE) $(or $(DRAWN),figures) --report reports/$(MADE).zip $(CONFIG)

# Fast tests and then slow ones side by side, one thread each; then those that run workflows, which wait for one another's
# jobs and use all cores: two at a time, and of the files that have some alone, since looking into all takes half a minute.
test: .venv/ready
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m "not workflow" --numprocesses auto --dist loadfile
	$(BIN)/python -m pytest -m workflow --numprocesses 2 --dist loadfile $$(grep -l mark.workflow tests/*.py)

benchmark: .venv/ready
	$(BIN)/python -m pytest tests/benchmarks --benchmark-only -s --override-ini addopts=

lint: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile workflow/rules
	$(BIN)/snakemake --lint

# Before anything is installed.
conda:
	@command -v conda >/dev/null || { \
		echo "error: CONDA=1 needs conda 24.7.1 or newer in PATH; Snakemake asks for it by that name, so mamba alone will"; \
		echo "not do. Install Miniforge, which has both: https://conda-forge.org/download"; exit 1; }

# Made anew whenever the pinned versions change; a build that failed half-way leaves no `ready` behind. Compiled at once
# is all but tests and the hundreds of models that transformers knows; some files are for other versions of Python, and
# do not compile.
.venv/ready: envs/requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "error: $(PYTHON) is no Python 3.11 or newer; install one (on Debian with python3.11-venv), or name it: PYTHON=..."; \
		exit 1; }
	$(PYTHON) -m venv --clear .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --no-compile --requirement $<
	$(BIN)/python -m compileall -qq -j 0 -x '/tests/|/transformers/models/' .venv/lib || true
	touch $@
