# `make help` lists the targets. Each does its own set-up: Python 3.11+, make and a package index are enough.

PYTHON ?= python3
VENV   := .venv
BIN    := $(CURDIR)/$(VENV)/bin
SRC    := operator-src
PIP    := $(BIN)/python -m pip --disable-pip-version-check --quiet
# Two processes share the tests; more gain nothing, most of them wait for one another's port.
JOBS   ?= 2

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: $(VENV)/.runtime ## watch a record follow a WAN that changes, all on loopback (ARGS=--once: a short proof)
	@$(BIN)/esddns demo $(ARGS)

.PHONY: test
test: lint types imports unit fleet ## everything that must be green: lint, types, imports, tests with coverage

.PHONY: generated
generated: $(VENV)/.dev ## write anew what is made from the code: docs/metrics.md, the references, the dashboard
	$(BIN)/python $(SRC)/tests/reference/configuration_page.py > docs/configuration.md
	$(BIN)/python $(SRC)/tests/reference/dnsrecord_page.py > docs/dnsrecord.md
	$(BIN)/python $(SRC)/tests/monitoring/metrics_page.py > docs/metrics.md
	$(BIN)/python $(SRC)/tests/licences/licences_page.py > docs/licences.md
	$(BIN)/python monitoring/dashboard/build.py

.PHONY: lint
lint: $(VENV)/.dev ## style and common mistakes (ruff)
	cd $(SRC) && $(BIN)/ruff format --check . ../monitoring && $(BIN)/ruff check . ../monitoring
	cd tests-e2e && $(BIN)/ruff format --check . && $(BIN)/ruff check .

.PHONY: types
types: $(VENV)/.dev ## the type checker, strict (mypy)
	cd $(SRC) && $(BIN)/mypy && $(BIN)/mypy image/gather.py
	cd monitoring/dashboard && $(BIN)/mypy --config-file pyproject.toml .
	cd tests-e2e && $(BIN)/mypy --config-file pyproject.toml .

.PHONY: imports
imports: $(VENV)/.dev ## imports point one way (import-linter)
	cd $(SRC) && $(BIN)/lint-imports --no-logo

.PHONY: unit
unit: $(VENV)/.dev ## the tests (ARGS="-k name" picks some)
	$(SRC)/tests/install-debian-packages.sh turnserver=coturn knotd=knot openssl chromium promtool=prometheus \
	  amtool=prometheus-alertmanager
	PYTHON=$(BIN)/python $(SRC)/tests/manifests/install-tools.sh
	$(SRC)/tests/workflows/install-tools.sh
	cd $(SRC) && $(BIN)/pytest -n $(JOBS) --ignore tests/simulation --cov --cov-report=term:skip-covered $(ARGS)

.PHONY: fleet
fleet: $(VENV)/.dev ## the fleet's invariants over 200 seeds, and the planted bugs (without coverage: it takes thrice as long)
	cd $(SRC) && $(BIN)/pytest -n $(JOBS) tests/simulation

.PHONY: simulate
simulate: $(VENV)/.dev ## play fleets through faults at random (SEEDS=200 SEED_START=0 NODES=each seed's choice)
	@cd $(SRC)/tests && $(BIN)/python -m simulation --seeds $(or $(SEEDS),200) --start $(or $(SEED_START),0) \
	  --nodes $(or $(NODES),0)

.PHONY: format
format: $(VENV)/.dev ## put the code into shape
	cd $(SRC) && $(BIN)/ruff format . && $(BIN)/ruff check --fix .

.PHONY: bench
bench: $(VENV)/.dev ## measure memory, CPU, start-up and latency (ARGS=--quick: a shorter idle time)
	$(BIN)/python $(SRC)/bench/run.py $(ARGS)

.PHONY: bench-fleet
bench-fleet: $(VENV)/.dev ## what fleets of 1 to 5000 agents ask of whom, on virtual time (ARGS="--sizes 10 100")
	cd $(SRC) && PYTHONPATH=tests $(BIN)/python bench/fleet.py $(ARGS)

.PHONY: bench-web
bench-web: $(VENV)/.dev ## what the status service and the agents' endpoints bear, load and abuse (ARGS=--quick)
	cd $(SRC) && $(BIN)/python bench/web.py $(ARGS)

.PHONY: fuzz
fuzz: $(VENV)/.dev ## fuzz every parser for long, from another seed each time (INPUTS=2000 for each test)
	cd $(SRC) && ESDDNS_FUZZ=$(or $(INPUTS),2000) $(BIN)/pytest -v -n $(JOBS) tests/fuzz

.PHONY: e2e
e2e: $(VENV)/.dev ## end to end on kind: Git, Argo CD, cluster, DNS (E2E_KEEP=1 keeps the cluster, E2E_TESTS="-k name" picks)
	@tests-e2e/run

.PHONY: e2e-full
e2e-full: $(VENV)/.dev ## the same with its longest scenarios, five minutes more
	@E2E_FULL=1 tests-e2e/run

.PHONY: e2e-clean
e2e-clean: ## remove the clusters, the Docker daemon and the cache that e2e made, and only those
	@tests-e2e/offline/clean

.PHONY: image
image: ## build the container image (IMAGE=name:tag, PYTHON_IMAGE=base)
	docker build $(if $(PYTHON_IMAGE),--build-arg PYTHON_IMAGE=$(PYTHON_IMAGE)) --tag $(or $(IMAGE),esddns:dev) .

.PHONY: image-twice
image-twice: ## build the image twice and compare, file by file; its size and packages (PYTHON_IMAGE=base)
	@PYTHON_IMAGE=$(PYTHON_IMAGE) $(SRC)/image/twice

# Extras stay in the lock (coverage[toml]==…): older pips take the newest release where they are stripped, and then
# refuse it for want of a pin, on the day that one comes out.
.PHONY: lock
lock: $(VENV)/.dev ## resolve the dependencies anew, with hashes (KEEP=1: versions stay where they can)
	cd $(SRC) && for lock in '--output-file=requirements.lock' \
	  '--extra=cluster --output-file=requirements-cluster.lock' \
	  '--group=build --output-file=requirements-build.lock' \
	  '--extra=cluster --group=dev --output-file=requirements-dev.lock'; do \
	  case $$lock in *build*) from= ;; *) from=pyproject.toml ;; esac; \
	  $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-strip-extras --python-version=3.11 \
	    $(if $(KEEP),,--upgrade) $$from $$lock || exit 1; \
	done

.PHONY: clean
clean: ## remove what was made here
	rm -rf $(VENV) dist tests-e2e/.mypy_cache tests-e2e/.ruff_cache tests-e2e/.pytest-kind tests-e2e/.evidence \
	  tests-e2e/.pictures monitoring/dashboard/.mypy_cache monitoring/dashboard/.ruff_cache \
	  $(SRC)/.coverage* $(SRC)/.hypothesis $(SRC)/.mypy_cache $(SRC)/.ruff_cache \
	  $(SRC)/.import_linter_cache $(SRC)/dist $(SRC)/tests/.simulation

# The virtual environment: what runs the program, then what tests it. Only hashes that are locked get in.
$(VENV)/.runtime: $(SRC)/requirements.lock $(SRC)/requirements-build.lock $(SRC)/pyproject.toml \
                  $(SRC)/simulator/pyproject.toml
	@echo "setting up $(VENV) (once)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and \
	  f"esddns needs Python 3.11 or newer, found {sys.version}: name one with make PYTHON=python3.12")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(PIP) install --require-hashes -r $(SRC)/requirements-build.lock -r $(SRC)/requirements.lock
	@$(PIP) install --no-deps --no-build-isolation -e $(SRC) -e $(SRC)/simulator
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime $(SRC)/requirements-dev.lock
	@echo "adding the tools for tests (once)"
	@$(PIP) install --require-hashes -r $(SRC)/requirements-dev.lock
	@touch $@
