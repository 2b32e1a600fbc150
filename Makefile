# Every target sets up what it needs in .venv from the hashed lock file; nothing but make and Python 3.11+ has to be there.
#   make run ARGS="--listen 127.0.0.1:9000"      make test ARGS="-k resume"      make bench ARGS="fanout"

MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := run
.PHONY: run test check audit bench peers centrifugo soak demo web screenshots lock reference clean help

IS_NEW = import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	$$p -c "$(IS_NEW)" 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
AUDIT := $(VENV)-audit
NODE := $(VENV)-node
PEERS := $(VENV)-peers
WEB := fwber_rt/web
PAGES := $(WEB)/dist/graph.json
PACKAGES := $(WEB)/node_modules/.package-lock.json
SOURCES := fwber_rt bench tests .ci/audit.py
UV ?= uv
ARGS ?=
FILE ?=

help:
	@echo "make run        serve at http://127.0.0.1:8080"
	@echo "make test       run the tests, a share on every core; ARGS=\"-n0\": one after the other"
	@echo "make check      style, types and the laws of the layout"
	@echo "make audit      look the pinned packages up among known vulnerabilities (needs the network)"
	@echo "make bench      measure; ARGS says what: fanout, cells, idle, nearby, replay ..."
	@echo "make peers      install servers of others that bench measures beside ours (PyPI, and npm where there is Node)"
	@echo "make centrifugo build one more of them with Go, which takes minutes"
	@echo "make soak       kill the server 200 times under load and count what was lost"
	@echo "make demo       serve, with simulated people around you; FILE=traces.csv (or GPX): play those through the server instead"
	@echo "make web        build the pages of $(WEB) into $(WEB)/dist; run, test and demo do so when their sources changed,"
	@echo "                run and demo serve without them when PAGES is empty: make run PAGES="
	@echo "make screenshots  pictures of every screen, phone and desktop, light and dark, in screenshots/; ARGS=\"FOLDER SCREEN...\" for some"
	@echo "make lock       pin the newest versions of all dependencies (needs uv)"
	@echo "make reference  write the generated files again: config/default.toml and the reference pages"
	@echo "make clean      remove what make has made; not the data"

$(READY): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" && $(PYTHON) -c "$(IS_NEW)" || { \
		echo "fwber_rt needs Python 3.11 or newer, and $(or $(PYTHON),python3) is not. Install one, or name it: make run PYTHON=/path/to/python3.12"; \
		exit 1; }
	@$(PYTHON) -m venv --clear $(VENV) || { \
		echo "Python cannot make a virtual environment here. On Debian and Ubuntu: apt install python3-venv"; exit 1; }
	@echo "Installing into $(VENV) from requirements.lock ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(READY)

# The pages. npm and Node 20.19+ of the machine, or else Node from PyPI in an environment of its own, so that Python suffices.
# make run PAGES= serves without them.
HAS_NODE = command -v npm >/dev/null && node -e "const [a, b] = process.versions.node.split('.').map(Number); \
	process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)" 2>/dev/null
OWN_NODE = PATH="$(CURDIR)/$(NODE)/bin:$$PATH"; export PATH; \
	test -e $(NODE)/.ready -a ! requirements-web.lock -nt $(NODE)/.ready || { \
	test -n "$(PYTHON)" || { echo "fwber_rt needs Python 3.11 or newer; name it: make web PYTHON=/path/to/python3.12"; exit 1; }; \
	echo "No npm with Node 20.19 or newer here: installing Node into $(NODE) from requirements-web.lock ..." && \
	$(PYTHON) -m venv --clear $(NODE) && \
	$(NODE)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements-web.lock && \
	touch $(NODE)/.ready; }
WITH_NODE = { $(HAS_NODE) || { $(OWN_NODE); }; } && cd $(WEB)
PAGE_SOURCES = $(shell find $(WEB) -type f -not -path '*/node_modules/*' -not -path '*/dist/*' -not -name '*.py')

$(PACKAGES): $(WEB)/package.json $(WEB)/package-lock.json
	@echo "Installing into $(WEB)/node_modules from package-lock.json ..."
	@$(WITH_NODE) && npm ci --ignore-scripts --loglevel=error
	@touch $@

$(PAGES): $(PACKAGES) $(PAGE_SOURCES)
	@$(WITH_NODE) && npm run --silent build

web: $(PAGES)

run: $(READY) $(PAGES)
	@exec $(BIN)/fwber-rt serve $(ARGS)

test: $(READY) $(PAGES)
	@$(BIN)/python -m pytest --numprocesses auto --dist loadfile $(ARGS)

check: $(READY) $(PAGES)
	@$(BIN)/ruff check $(SOURCES)
	@$(BIN)/ruff format --check $(SOURCES)
	@$(BIN)/mypy $(SOURCES)
	@$(WITH_NODE) && npm run --silent check
	@$(BIN)/python -m pytest -q tests/test_architecture.py tests/test_packaging.py

# pip-audit and what it brings along stay out of what they judge.
$(AUDIT)/.ready: requirements-audit.lock
	@test -n "$(PYTHON)" || { echo "fwber_rt needs Python 3.11 or newer; name it: make audit PYTHON=/path/to/python3.12"; exit 1; }
	@$(PYTHON) -m venv --clear $(AUDIT)
	@$(AUDIT)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements-audit.lock
	@touch $@

audit: $(AUDIT)/.ready
	@$(AUDIT)/bin/python .ci/audit.py $(ARGS) requirements.lock
	@$(WITH_NODE) && $(CURDIR)/$(AUDIT)/bin/python $(CURDIR)/.ci/audit.py $(ARGS) package-lock.json

bench: $(READY)
	@$(BIN)/python -m bench $(ARGS)

# What bench compares with stays out of .venv; each is optional, and one that is absent is named by the bench. Debian has
# nats-server, nginx with libnginx-mod-nchan, redis-server, and postgresql-15-postgis-3.
$(PEERS)/.ready: requirements-peers.lock
	@$(PYTHON) -m venv --clear $(PEERS)
	@$(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements-peers.lock
	@touch $@

peers: $(PEERS)/.ready
	@if command -v npm >/dev/null; then cd bench/peers && npm ci --ignore-scripts --loglevel=error; \
		else echo "no npm here: without the peers of Node"; fi

# The program of a peer that no package index has built; minutes, so apart. Pinned by Go's own sums of its module.
CENTRIFUGO = v6.9.1
centrifugo:
	@command -v go >/dev/null || { echo "make centrifugo needs Go (https://go.dev)"; exit 1; }
	GOBIN=$(abspath $(PEERS))/bin go install github.com/centrifugal/centrifugo/v6@$(CENTRIFUGO)

soak: $(READY)
	@$(BIN)/python -m bench soak $(ARGS)

demo: $(READY) $(PAGES)
	@exec $(BIN)/$(if $(FILE),python -m bench replay $(FILE) --speed 120 --traces 60 --minutes 30 --least 1,fwber-rt demo) $(ARGS)

screenshots: $(READY) $(PAGES)
	@$(BIN)/python -m tests.browser.screenshots $(ARGS)

# --universal: one file for every platform and Python; --no-emit-index-url: no address of any index in it.
COMPILE = $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate \
	--custom-compile-command "make lock" --upgrade
lock:
	@command -v $(UV) >/dev/null || { echo "make lock needs uv (pip install uv), or name it: make lock UV=/path/to/uv"; exit 1; }
	@$(COMPILE) --all-extras pyproject.toml --output-file requirements.lock
	@$(COMPILE) --constraints requirements.lock pyproject.toml --output-file requirements-runtime.lock
	@$(COMPILE) --group audit --output-file requirements-audit.lock
	@$(COMPILE) --group web --output-file requirements-web.lock
	@$(COMPILE) --group peers --output-file requirements-peers.lock

reference: $(READY)
	@$(BIN)/fwber-rt print-config --defaults > config/default.toml.new && mv config/default.toml.new config/default.toml
	@$(BIN)/python -m fwber_rt.reference

clean:
	@rm -rf $(VENV) $(AUDIT) $(NODE) $(PEERS) bench/peers/node_modules $(WEB)/dist $(WEB)/client/dist $(WEB)/node_modules
	@rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find fwber_rt bench tests .ci -name __pycache__ -type d -prune -exec rm -rf {} +
