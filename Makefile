# sip2gw: `make` alone lists the targets.
#
# Each virtual environment is made on first use. .venv has the developers' tools; .venv-demo has only what an installed
# wheel needs. Both have the built wheel, which is run and tested. The commands are here alone: tox.ini calls these
# targets with BIN set to its own environment, which then needs no set-up. .venv-tls is for sslyze, which needs older
# packages. .venv-fuzz is for the fuzzer, which does not exist for every Python. .venv-lock is for uv, which makes the
# locks.
#
# The locks, requirements/*.txt, have all that is installed, with versions and hashes for each Python.

VENV      ?= .venv
DEMO_VENV ?= .venv-demo
TLS_VENV  ?= .venv-tls
FUZZ_VENV ?= .venv-fuzz
LOCK_VENV ?= .venv-lock
NEWEST_VENV ?= .venv-newest
OLDEST_VENV ?= .venv-oldest
WHEELS    ?= dist
ARGS      ?=
# Seconds of fuzzing for each target.
SECONDS   ?= 60
# One more than the cores, because many tests wait for other processes. Each worker reads all tests, which takes 5 s. A file
# is run by one worker, which starts its processes once; files come in the order of tests/conftest.py, not of their number of tests.
PYTEST    ?= -n 3 --dist loadfile --no-loadscope-reorder

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

# The inner rooms: no reactor, checked strictly. The other rooms use Twisted.
INNER := sip2gw/sip2 sip2gw/library sip2gw/circulation sip2gw/tenants.py sip2gw/session sip2gw/seats sip2gw/store sip2gw/throttle.py \
         sip2gw/librarika sip2gw/config sip2gw/journal sip2gw/events sip2gw/record sip2gw/machines sip2gw/addresses.py
EDGES := sip2gw twisted/plugins/sip2gw_plugin.py

# Where docs/words.txt is kept: it lists words to avoid, each with its replacement.
PLAIN := docs contrib README.md CONTRIBUTING.md CHANGELOG.md Makefile pyproject.toml setup.cfg tox.ini .ci requirements/*.in \
         fuzz twisted tests/circulation tests/transcripts $(wildcard sip2gw/*.py) \
         $(addprefix sip2gw/,admin board check circulation config demo events gateway journal librarika library log machines pages process record sandbox seats session sip2 store tls \
         tools wiring workers)
UNSPELLED := docs/words.txt,sip2gw/sandbox/libraries.json,docs/reference,docs/_build,sip2gw/circulation/locales,__pycache__

# With CI set, a test that would be skipped fails (tests/conftest.py).
export SIP2GW_STRICT := $(if $(CI),1,$(SIP2GW_STRICT))
# Where the end-to-end tests find the `twistd` and `sip2gw` that they drive.
export SIP2GW_BIN = $(abspath $(DEMO_BIN))
# Where the tests find the TLS scanner.
export SIP2GW_SSLYZE = $(abspath $(TLS_VENV)/bin/sslyze)

# Where this is set, each worker and dozens of twistd processes would compile everything for themselves.
unexport PYTHONDONTWRITEBYTECODE

# Quiet twice: what pip warns of is about the machine's own configuration, which may name places that are not there.
PIP := -m pip --disable-pip-version-check -qq
# No build isolation: what has no wheel is built with the setuptools of its environment, which is locked as well.
FROM_LOCK := $(PIP) install --require-hashes --no-build-isolation -r

.DEFAULT_GOAL := help
.PHONY: help demo test lint format types walls docs suite unit e2e bench bench-idle bench-flood bench-logins bench-board bench-config bench-scrape kill \
        machines matrix mistakes pictures way fuzz wheel \
        lock clean test-newest test-oldest
.DELETE_ON_ERROR:

help:  ## list the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## (.*)/  make \1\t\2/' | expand -t 16

demo: $(DEMO_READY)  ## gateway, sandbox and health page on this machine; options in ARGS="--plain-port 0 ..."
	@exec $(DEMO_BIN)/twistd -n --pidfile= sip2gw --demo $(ARGS)

# A test reads the manual. The rest is done two at a time, because tests wait for other processes.
test: lint docs  ## everything: lint, types, walls, docs, and the whole suite on the built wheel
	@$(MAKE) --no-print-directory --jobs=2 suite types walls

lint: $(DEV_READY)  ## style, format and plain words
	@echo "== lint"
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/codespell -D - -D docs/words.txt --ignore-words-list checkin,bu --skip '$(UNSPELLED)' $(PLAIN)

format: $(DEV_READY)  ## format the code
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format .

# A cache of its own for each: with other options, mypy does not use what the other run found.
types: $(DEV_READY)  ## mypy: strict in the inner rooms, with the zope plugin at the edges
	@echo "== types"
	@$(BIN)/mypy --cache-dir .mypy_cache/strict --strict $(INNER)
	@$(BIN)/mypy $(EDGES)

walls: $(DEV_READY)  ## check which room imports which
	@echo "== walls"
	@$(BIN)/lint-imports --config pyproject.toml --no-logo

# All pages are written: Sphinx 9 loses what a page that it does not write has in the index of its search.
docs: $(DEV_READY)  ## the manual, into docs/_build/html; a warning is an error
	@echo "== docs"
	@$(BIN)/sphinx-build --fail-on-warning --keep-going --quiet --write-all -b html docs docs/_build/html

# `-o pythonpath=` takes the working tree out of the way, so that the installed wheel is what is tested. The report, which
# fails below the bar of pyproject.toml, is made by coverage alone, because pytest makes it twice.
suite: $(DEV_READY) $(DEMO_READY) $(TLS_VENV)/.sslyze-installed debian  ## all tests, with branch coverage
	@echo "== tests"
	@$(BIN)/pytest -o pythonpath= $(PYTEST) --cov --cov-report= --cov-fail-under=0 --quiet $(ARGS)
	@$(BIN)/coverage report

# Programs from Debian that tests drive.
debian:
	@sh .ci/packages chromium haproxy postgresql prometheus stunnel4
.PHONY: debian

unit: $(DEV_READY) $(DEMO_READY) $(TLS_VENV)/.sslyze-installed  ## the tests that need no running service
	@$(BIN)/pytest -o pythonpath= $(PYTEST) --quiet --ignore=tests/e2e --ignore=tests/interop --ignore=tests/loss $(ARGS)

e2e: $(DEV_READY) $(DEMO_READY) debian  ## the tests that drive the installed service from outside
	@$(BIN)/pytest -o pythonpath= --quiet tests/e2e tests/interop tests/loss $(ARGS)

pictures: $(DEV_READY) $(DEMO_READY) debian  ## take the manual's pictures of the screens again, into docs/_static/pictures
	@sh .ci/packages fonts-lohit-beng-bengali
	@SIP2GW_PICTURES=$(abspath docs/_static/pictures) $(BIN)/pytest -o pythonpath= --quiet tests/browser $(ARGS)

mistakes: $(DEV_READY) $(DEMO_READY)  ## make the mistakes of installers at the demo; print what log and page say of each within 10 s
	@$(WITNESS) mistakes $(ARGS)

bench: $(DEV_READY) $(DEMO_READY)  ## measure messages a second, CPU per message, latency, memory, beside the floor
	@$(BIN)/python bench/run.py $(ARGS)

bench-idle: $(DEV_READY) $(DEMO_READY)  ## measure the memory of idle, silent and hostile connections; TERMINALS=10000
	@$(BIN)/python bench/crowd.py $(if $(TERMINALS),--terminals=$(TERMINALS)) $(ARGS)

bench-flood: $(DEV_READY) $(DEMO_READY)  ## measure how long a terminal waits while others send requests without a pause
	@$(BIN)/python bench/flood.py $(ARGS)

bench-logins: $(DEV_READY) $(DEMO_READY)  ## measure whether the time of a refused login shows the reason
	@$(BIN)/python bench/logins.py $(ARGS)

# The witnesses are found as the tests find them, and the installed wheel is what they test.
WITNESS = SIP2GW_BIN=$(abspath $(DEMO_BIN)) PYTHONPATH=tests $(BIN)/python -P -m
ROUNDS  ?= 500

kill: $(DEV_READY) $(DEMO_READY)  ## kill -9 the gateway ROUNDS times amid writes; compare the answers with the library's ledger
	@$(WITNESS) loss.kill --rounds $(ROUNDS) $(ARGS)

matrix: $(DEV_READY) $(DEMO_READY)  ## 640 cells: every write, with every fault of the network and a crash at every point
	@$(WITNESS) loss.matrix $(ARGS)

machines: $(DEV_READY) $(DEMO_READY) debian  ## two gateways, HAProxy, PostgreSQL and 200 terminals; each part fails once
	@$(WITNESS) loss.machines $(ARGS)

way: $(DEV_READY) $(DEMO_READY)  ## count the files, calls and REST calls of a request
	@$(BIN)/python bench/way.py $(ARGS)

bench-board: $(DEV_READY) $(DEMO_READY)  ## measure what 50 open pages of the board take, and how long a page takes
	@$(BIN)/python bench/board.py $(ARGS)

bench-config: $(DEV_READY)  ## measure the seconds to read a configuration of 3,000 libraries
	@$(BIN)/python bench/configuration.py $(ARGS)

bench-scrape: $(DEV_READY)  ## measure what a scrape of /metrics costs with the series of 5,000 libraries
	@$(BIN)/python bench/scrape.py $(ARGS)

fuzz: $(FUZZ_VENV)/.sip2gw-installed  ## fuzz all code that reads bytes, SECONDS=60 each; some only: ARGS="codec proxy"
	@$(FUZZ_VENV)/bin/python fuzz/run.py --seconds $(SECONDS) $(ARGS)

test-newest:  ## the suite on the newest versions that setup.cfg allows, without the locks
	@rm -rf $(NEWEST_VENV)
	@$(MAKE) --no-print-directory $(NEWEST_VENV)/.sip2gw-installed
	@$(MAKE) --no-print-directory suite BIN=$(NEWEST_VENV)/bin

test-oldest: $(OLDEST_VENV)/.sip2gw-installed  ## tests of door, TLS and wire on the oldest versions that setup.cfg allows
	@echo "== tests on the oldest versions"
	@$(MAKE) --no-print-directory unit BIN=$(OLDEST_VENV)/bin ARGS="tests/gateway tests/librarika tests/sip2 $(ARGS)"

lock: $(LOCK_VENV)/.sip2gw-installed  ## make the locks again, from setup.cfg and requirements/*.in; UPGRADE= keeps versions that fit
	@$(call COMPILE,build) requirements/build.in
	@$(call COMPILE,lock) requirements/lock.in
	@$(call COMPILE,tls) requirements/tls.in
	@$(call COMPILE,runtime) setup.cfg
	@$(call COMPILE,demo) setup.cfg --extra demo --extra postgresql -c requirements/runtime.txt
	@$(call COMPILE,dev) setup.cfg --extra demo --extra postgresql --extra dev -c requirements/runtime.txt
	@$(call COMPILE,fuzz) setup.cfg --extra fuzz -c requirements/runtime.txt
	@$(call UV,$(LOCK_VENV)/oldest.txt) --resolution lowest-direct setup.cfg --extra demo --extra postgresql
	@$(call COMPILE,oldest) setup.cfg --extra demo --extra postgresql requirements/oldest.in -c $(LOCK_VENV)/oldest.txt --no-annotate
	@rm -rf build sip2gw.egg-info

wheel: $(WHEELS)/.built  ## the wheel, into dist/
	@ls $(WHEELS)/*.whl

clean:  ## remove everything that make has made
	rm -rf .venv .venv-* .tox build $(WHEELS) var *.egg-info docs/_build .coverage* .pytest_cache .mypy_cache \
	    .ruff_cache .import_linter_cache .hypothesis _trial_temp* twisted/plugins/dropin.cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --- setting up -----------------------------------------------------------------------------------------------------

VENVS := $(VENV) $(DEMO_VENV) $(TLS_VENV) $(FUZZ_VENV) $(LOCK_VENV) $(NEWEST_VENV) $(OLDEST_VENV)
$(VENVS:=/.sip2gw-venv): .ci/venv requirements/build.txt
	@sh .ci/venv $(@D)
	@touch $@

# Each lock is for every Python that setup.cfg allows, and says nothing of where packages come from.
UPGRADE ?= --upgrade
UV = $(LOCK_VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --no-emit-index-url --output-file $(1)
COMPILE = echo "sip2gw: locking requirements/$(1).txt"; $(call UV,requirements/$(1).txt) --generate-hashes $(UPGRADE) \
          --custom-compile-command "make lock"

$(WHEELS)/.locks-fit: $(DEMO_VENV)/.sip2gw-venv .ci/locks setup.cfg $(wildcard requirements/*)
	@mkdir -p $(@D)
	@$(DEMO_VENV)/bin/python .ci/locks
	@touch $@

# What goes into the wheel. The list is a file of its own, so that a file that went away is noticed as well.
SOURCES := $(shell find sip2gw twisted -type f ! -path '*/__pycache__/*' ! -name dropin.cache | sort)
$(WHEELS)/.sources: FORCE
	@mkdir -p $(@D)
	@echo '$(SOURCES)' | cmp -s - $@ || echo '$(SOURCES)' > $@
.PHONY: FORCE
FORCE:

$(WHEELS)/.built: $(WHEELS)/.locks-fit $(WHEELS)/.sources $(SOURCES) setup.cfg pyproject.toml README.md LICENSE
	@echo "sip2gw: building the wheel"
	@rm -rf build sip2gw.egg-info $(WHEELS)/*.whl
	@$(DEMO_VENV)/bin/python $(PIP) wheel --no-deps --no-build-isolation --wheel-dir $(WHEELS) .
	@rm -rf build sip2gw.egg-info
	@touch $@

# What the lock names, and then this very wheel, in place of one of the same version.
define INSTALL
	@echo "sip2gw: installing it into $(@D) with what requirements/$(1).txt names"
	@$(@D)/bin/python $(FROM_LOCK) requirements/$(1).txt
	@$(@D)/bin/python $(PIP) install --no-deps --no-index --force-reinstall $(WHEELS)/sip2gw-*.whl
	@touch $@
endef

# For tox: the same into an environment of its own, which BIN names.
install: $(WHEELS)/.built
	@$(BIN)/python $(FROM_LOCK) requirements/build.txt
	@$(BIN)/python $(FROM_LOCK) requirements/dev.txt
	@$(BIN)/python $(PIP) install --no-deps --no-index --force-reinstall $(WHEELS)/sip2gw-*.whl
.PHONY: install

$(DEMO_VENV)/.sip2gw-installed: $(WHEELS)/.built requirements/demo.txt
	$(call INSTALL,demo)

$(VENV)/.sip2gw-installed: $(WHEELS)/.built requirements/dev.txt $(VENV)/.sip2gw-venv
	$(call INSTALL,dev)

$(FUZZ_VENV)/.sip2gw-installed: $(WHEELS)/.built requirements/fuzz.txt $(FUZZ_VENV)/.sip2gw-venv
	$(call INSTALL,fuzz)

$(OLDEST_VENV)/.sip2gw-installed: $(WHEELS)/.built requirements/oldest.txt $(OLDEST_VENV)/.sip2gw-venv
	$(call INSTALL,oldest)

$(NEWEST_VENV)/.sip2gw-installed: $(WHEELS)/.built $(NEWEST_VENV)/.sip2gw-venv
	@echo "sip2gw: installing it into $(@D) with the newest of everything"
	@$(@D)/bin/python $(PIP) install --upgrade --upgrade-strategy eager "$$(echo $(WHEELS)/sip2gw-*.whl)[demo,postgresql,dev]"
	@touch $@

$(LOCK_VENV)/.sip2gw-installed: requirements/lock.txt $(LOCK_VENV)/.sip2gw-venv
	@echo "sip2gw: installing uv"
	@$(@D)/bin/python $(FROM_LOCK) requirements/lock.txt
	@touch $@

$(TLS_VENV)/.sslyze-installed: $(WHEELS)/.locks-fit requirements/tls.txt $(TLS_VENV)/.sip2gw-venv
	@echo "sip2gw: installing sslyze"
	@$(TLS_VENV)/bin/python $(FROM_LOCK) requirements/tls.txt && touch $@ \
	    || echo "sip2gw: that failed; its test will be skipped, which CI does not allow"
