# sip2gw: `make` alone lists what there is.
#
# Two virtual environments, each made on first use: .venv has the developers' tools, .venv-demo only what somebody has
# who installs the wheel. Both hold the built wheel, and it is the wheel that is run and tested. The commands are here
# and nowhere else: tox.ini calls these targets with BIN set to its own environment, which then needs no setting up.
# A third, .venv-tls, is for sslyze alone, which needs older packages than we do; and .venv-fuzz is for the fuzzer, which
# is not to be had for every Python.

VENV      ?= .venv
DEMO_VENV ?= .venv-demo
TLS_VENV  ?= .venv-tls
FUZZ_VENV ?= .venv-fuzz
WHEELS    ?= dist
ARGS      ?=
# How long each target is fuzzed.
SECONDS   ?= 60
# One more than there may be cores, as many tests wait for processes of their own; each reads all tests, which takes 10 s.
PYTEST    ?= -n 3

ifeq ($(origin BIN),command line)
DEV_READY  :=
DEMO_READY :=
DEMO_BIN   ?= $(BIN)
else
BIN        := $(VENV)/bin
DEMO_BIN   := $(DEMO_VENV)/bin
DEV_READY  := $(VENV)/.sip2gw-installed
DEMO_READY := $(DEMO_VENV)/.sip2gw-installed
endif

# The inner rooms: no reactor, checked strictly. The rest is Twisted's side of the house.
INNER := sip2gw/sip2 sip2gw/library sip2gw/circulation sip2gw/tenants.py sip2gw/session sip2gw/seats sip2gw/throttle.py \
         sip2gw/librarika sip2gw/config
EDGES := sip2gw twisted/plugins/sip2gw_plugin.py

# With CI set, whatever would be skipped fails instead (tests/conftest.py).
export SIP2GW_STRICT := $(if $(CI),1,$(SIP2GW_STRICT))
# Where the end-to-end tests find the `twistd` and `sip2gw` that they drive.
export SIP2GW_BIN = $(abspath $(DEMO_BIN))
# Where the tests find the scanner that judges our TLS.
export SIP2GW_SSLYZE = $(abspath $(TLS_VENV)/bin/sslyze)

# Where this is set, each worker and dozens of twistd processes would compile everything for themselves.
unexport PYTHONDONTWRITEBYTECODE

PIP := -m pip --disable-pip-version-check --quiet

.DEFAULT_GOAL := help
.PHONY: help demo test lint format types walls docs suite unit e2e bench bench-idle bench-logins fuzz wheel clean
.DELETE_ON_ERROR:

help:  ## this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## (.*)/  make \1\t\2/' | expand -t 16

demo: $(DEMO_READY)  ## gateway, sandbox and health page on this machine; options in ARGS="--plain-port 0 ..."
	@exec $(DEMO_BIN)/twistd -n --pidfile= sip2gw --demo $(ARGS)

test: lint types walls docs suite  ## everything: lint, types, walls, docs, and the whole suite on the built wheel

lint: $(DEV_READY)  ## style, and whether the code is formatted
	@echo "== lint"
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .

format: $(DEV_READY)  ## put the code into form
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format .

types: $(DEV_READY)  ## mypy: strict in the inner rooms, with the zope plugin at the edges
	@echo "== types"
	@$(BIN)/mypy --strict $(INNER)
	@$(BIN)/mypy $(EDGES)

walls: $(DEV_READY)  ## which room may import which
	@echo "== walls"
	@$(BIN)/lint-imports --config pyproject.toml --no-logo

docs: $(DEV_READY)  ## the manual, into docs/_build/html; a warning is an error
	@echo "== docs"
	@$(BIN)/sphinx-build --fail-on-warning --keep-going --quiet -b html docs docs/_build/html

# `-o pythonpath=` takes the working tree out of the way, so that the installed wheel is what is tested.
suite: $(DEV_READY) $(DEMO_READY) $(TLS_VENV)/.sslyze-installed  ## all tests, with branch coverage
	@echo "== tests"
	@$(BIN)/pytest -o pythonpath= $(PYTEST) --cov --cov-report=term --quiet $(ARGS)

unit: $(DEV_READY) $(TLS_VENV)/.sslyze-installed  ## only the tests that need no running service
	@$(BIN)/pytest -o pythonpath= $(PYTEST) --quiet --ignore=tests/e2e --ignore=tests/interop $(ARGS)

e2e: $(DEV_READY) $(DEMO_READY)  ## only the tests that drive the installed service from outside
	@$(BIN)/pytest -o pythonpath= --quiet tests/e2e tests/interop $(ARGS)

bench: $(DEV_READY) $(DEMO_READY)  ## messages a second, CPU per message, latency, memory, beside the floor
	@$(BIN)/python bench/run.py $(ARGS)

bench-idle: $(DEV_READY) $(DEMO_READY)  ## memory of idle and silent connections, and what hostile ones cost
	@$(BIN)/python bench/crowd.py $(ARGS)

bench-logins: $(DEV_READY) $(DEMO_READY)  ## whether the time until a login is refused tells why
	@$(BIN)/python bench/logins.py $(ARGS)

fuzz: $(FUZZ_VENV)/.sip2gw-installed  ## what reads bytes, for SECONDS=60 each; some only: ARGS="codec proxy"
	@$(FUZZ_VENV)/bin/python fuzz/run.py --seconds $(SECONDS) $(ARGS)

wheel: $(WHEELS)/.built  ## the wheel, into dist/
	@ls $(WHEELS)/*.whl

clean:  ## remove all that was made here
	rm -rf .venv .venv-demo .venv-tls .venv-fuzz .tox build $(WHEELS) var *.egg-info docs/_build .coverage* .pytest_cache .mypy_cache \
	    .ruff_cache .import_linter_cache .hypothesis _trial_temp* twisted/plugins/dropin.cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --- setting up -----------------------------------------------------------------------------------------------------

$(VENV)/.sip2gw-venv $(DEMO_VENV)/.sip2gw-venv $(TLS_VENV)/.sip2gw-venv $(FUZZ_VENV)/.sip2gw-venv: .ci/venv
	@sh .ci/venv $(@D)
	@touch $@

# What goes into the wheel. The list is a file of its own, so that a file that went away is noticed as well.
SOURCES := $(shell find sip2gw twisted -type f ! -path '*/__pycache__/*' ! -name dropin.cache | sort)
$(WHEELS)/.sources: FORCE
	@mkdir -p $(@D)
	@echo '$(SOURCES)' | cmp -s - $@ || echo '$(SOURCES)' > $@
.PHONY: FORCE
FORCE:

$(WHEELS)/.built: $(DEMO_VENV)/.sip2gw-venv $(WHEELS)/.sources $(SOURCES) setup.cfg pyproject.toml README.md LICENSE
	@echo "sip2gw: building the wheel"
	@rm -rf build sip2gw.egg-info $(WHEELS)/*.whl
	@$(DEMO_VENV)/bin/python $(PIP) wheel --no-deps --no-build-isolation --wheel-dir $(WHEELS) .
	@rm -rf build sip2gw.egg-info
	@touch $@

# The first line installs what is missing; the second puts this very wheel in place of one of the same version.
$(DEMO_VENV)/.sip2gw-installed: $(WHEELS)/.built
	@echo "sip2gw: installing it with what the demo needs"
	@$(DEMO_VENV)/bin/python $(PIP) install "$$(echo $(WHEELS)/sip2gw-*.whl)[demo]"
	@$(DEMO_VENV)/bin/python $(PIP) install --no-deps --force-reinstall $(WHEELS)/sip2gw-*.whl
	@touch $@

$(VENV)/.sip2gw-installed: $(WHEELS)/.built $(VENV)/.sip2gw-venv
	@echo "sip2gw: installing it with the developers' tools"
	@$(VENV)/bin/python $(PIP) install "$$(echo $(WHEELS)/sip2gw-*.whl)[demo,dev]"
	@$(VENV)/bin/python $(PIP) install --no-deps --force-reinstall $(WHEELS)/sip2gw-*.whl
	@touch $@

$(FUZZ_VENV)/.sip2gw-installed: $(WHEELS)/.built $(FUZZ_VENV)/.sip2gw-venv
	@echo "sip2gw: installing it with a fuzzer"
	@$(FUZZ_VENV)/bin/python $(PIP) install "$$(echo $(WHEELS)/sip2gw-*.whl)[fuzz]"
	@$(FUZZ_VENV)/bin/python $(PIP) install --no-deps --force-reinstall $(WHEELS)/sip2gw-*.whl
	@touch $@

$(TLS_VENV)/.sslyze-installed: $(TLS_VENV)/.sip2gw-venv
	@echo "sip2gw: installing sslyze"
	@$(TLS_VENV)/bin/python $(PIP) install 'sslyze>=6.2,<7' && touch $@ \
	    || echo "sip2gw: that failed; its test will be skipped, which CI does not allow"
