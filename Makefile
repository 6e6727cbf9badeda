# The task names of this repository. Each sets up what it needs, once; Python 3.11 or 3.12, make and git are enough.
#   make demo       the prices of 12 March 2020 against a thousand accounts
#   make test       every test                        (one of them: make test ARGS="-k name")
#   make check      format, lint, strict types, layering
#   make bench      the speed ratios of benchmarks/README.md
#   make build      the wheel, in dist/, with the compiled contracts
#   make gas        measure the gas schedule again, on anvil
#   make compile    the contracts alone
#   make protocols  the real protocols' contracts, from their npm packages (tests and benchmarks need them)
#   make clean      remove whatever the others made

.PHONY: demo test check bench build gas compile protocols clean
.DELETE_ON_ERROR:

bin := .venv/bin
locked := .venv/.locked
installed := .venv/.installed
packages := node_modules/.installed
artifacts := simulator/artifacts/.digest
contracts := $(shell find contracts -type d -o -name '*.sol')
compiler := $(wildcard toolchain/*.py toolchain/*.js toolchain/*.json)
test_artifacts := tests/contracts/artifacts/.digest
protocols := .build/protocols/.digest
test_contracts := $(shell find tests/contracts/sol -type d -o -name '*.sol')
ready := $(installed) $(packages) $(artifacts)

demo: $(ready)
	$(bin)/liqsim run black-thursday

test: $(ready) $(test_artifacts) $(protocols)
	$(bin)/pytest $(ARGS)

check: $(installed)
	$(bin)/ruff format --check .
	$(bin)/ruff check .
	$(bin)/mypy --strict simulator
	$(bin)/pytest -q tests/test_layering.py

bench: $(ready) $(protocols)
	$(bin)/python -m benchmarks $(ARGS)

build: $(ready)
	rm -rf build dist
	$(bin)/python -m build --wheel --no-isolation --outdir dist

gas: $(ready) $(protocols)
	$(bin)/python scripts/measure_gas.py

compile: $(artifacts)

protocols: $(protocols)

clean:
	rm -rf .venv node_modules build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .build
	rm -f simulator/artifacts/*.json $(artifacts)
	rm -rf tests/contracts/artifacts contracts/.cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A python is tried by running it: a version manager's shim may carry a name that it cannot run.
.venv/bin/python:
	@for python in $(PYTHON) python3.12 python3.11 python3 python; do \
	  if "$$python" -c 'import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info < (3, 13))' 2>/dev/null; then \
	    echo "$$python -m venv .venv"; exec "$$python" -m venv .venv; \
	  fi; \
	done; echo "make: no Python 3.11 or 3.12 with venv was found; name one: make PYTHON=/path/to/python" >&2; exit 1

# Three of ape's dependencies come as sources: setuptools is there first, so that theirs is the pinned one too.
$(locked): requirements.lock toolchain/build.lock | .venv/bin/python
	$(bin)/pip install --quiet --require-hashes -r toolchain/build.lock
	$(bin)/pip install --quiet --require-hashes --no-build-isolation -r requirements.lock
	@touch $@

$(installed): pyproject.toml $(locked)
	$(bin)/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

# npm and its packages' programs look for node on the PATH.
$(packages): package.json package-lock.json .npmrc $(locked)
	PATH="$(CURDIR)/$(bin):$$PATH" npm ci --ignore-scripts --loglevel=error
	@touch $@

$(artifacts): $(contracts) $(compiler) $(packages)
	$(bin)/python toolchain/compile.py
	@touch $@

$(protocols): $(compiler) $(packages)
	$(bin)/python toolchain/protocols.py
	@touch $@

$(test_artifacts): $(test_contracts) $(artifacts)
	$(bin)/python toolchain/compile.py --tests
	@touch $@
