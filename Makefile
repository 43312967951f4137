# Every target installs into .venv what is missing. PYTHON=... picks the interpreter, TORCH_INDEX=... the wheel index
# torch is taken from (https://download.pytorch.org/whl/cpu, say, where the default is a large CUDA build).

SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
OUT ?= out/quickstart
TORCH_INDEX ?=
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet

.PHONY: help install quickstart demo benchmark test check clean
.DEFAULT_GOAL := help

help:            ## this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 20

install: $(STAMP) ## .venv with torch, fairseq, the plugin and its tools

$(STAMP): setup.py pyproject.toml constraints.txt fairseq.lock.txt scripts/find_python.sh
	@python=$$(PYTHON="$(PYTHON)" scripts/find_python.sh) || exit 1; \
	 test -x $(BIN)/python || { echo "creating $(VENV) with $$python"; "$$python" -m venv $(VENV); }
	@echo "installing torch, then the rest by constraints.txt (a minute or two)"
	@$(PIP) $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX)) "$$(grep '^torch==' constraints.txt)"
	@if $(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then \
	   $(PIP) --no-deps --require-hashes -r fairseq.lock.txt; \
	   $(PIP) -c constraints.txt -e '.[fairseq,plots,dev]'; \
	 else \
	   $(PIP) --no-deps fairseq==0.12.2; \
	   $(PIP) -e '.[plots,dev]' bitarray cffi cython regex scikit-learn; \
	 fi
	@touch $(STAMP)

quickstart: $(STAMP) ## data, denoiser, three systems, a table and a picture: minutes on 2 cores
	@PATH="$(CURDIR)/$(BIN):$$PATH" scripts/quickstart.sh "$(OUT)"

demo: $(STAMP)   ## asks the model of examples/model, or MODEL=DIR: type pseudocode, see what each stage makes of it
	@PATH="$(CURDIR)/$(BIN):$$PATH" scripts/demo.sh $(MODEL)

benchmark: $(STAMP) ## speed: training steps, decoding, data; run it on an idle machine
	@PATH="$(CURDIR)/$(BIN):$$PATH" scripts/benchmark_speed.sh out/speed

# one thread each: two workers with two threads slow each other tenfold and more
test: $(STAMP)   ## every test
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadgroup $(PYTEST_ARGS)

check: $(STAMP)  ## style, types and arrows between rooms: ruff, mypy, import-linter, shellcheck
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports --no-logo --no-cache && \
	 $(BIN)/shellcheck scripts/*.sh .ci/run

clean:           ## removes what the targets made
	rm -rf $(VENV) out build *.egg-info .pytest_cache .mypy_cache .ruff_cache
