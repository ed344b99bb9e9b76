# callpath: `make` lists what there is. Needs Python 3.11 or newer, make and a package index; everything else is set up.

PYTHON ?= python3
BIN := .venv/bin/

DEMO := $(if $(SEED),--seed $(SEED)) $(if $(DAYS),--days $(DAYS)) $(if $(LAST_DAY),--last-day $(LAST_DAY))

.DEFAULT_GOAL := help
.PHONY: help setup up down demo demo-seeds test test-clock bench simulate check lock deploy docs clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## make .venv and .venv-engine from the locks (every target does it by itself)
	@$(PYTHON) infra/setup/bootstrap.py

up: setup ## the service on a local engine with a demo shop, kept running; PORT=… and SITE_PORT=… choose its ports
	@$(BIN)python -m infra.local.up_down up $(if $(PORT),--port $(PORT)) $(if $(SITE_PORT),--site-port $(SITE_PORT))

down: setup ## stop what `make up` started; KEEP=1 keeps its data, PORT=… says which
	@KEEP=$(KEEP) $(BIN)python -m infra.local.up_down down $(if $(PORT),--port $(PORT))

demo: setup ## run the whole service locally against simulated visitors and carriers; SEED=… tells another story, DAYS=… a shorter one, LAST_DAY=… says when it ends; files in build/demo
	@$(BIN)python -m infra.demo.run $(DEMO)

demo-seeds: setup ## play the demo with several seeds, the first one twice; SEEDS="1 2 3" says which
	@$(BIN)python -m infra.demo.seeds $(SEEDS) $(if $(DAYS),--days $(DAYS))

test: setup ## check, then run every test
	@$(MAKE) --no-print-directory check
	@$(BIN)python -m pytest -n 2 --dist loadgroup --durations=20

test-clock: setup ## run the tests without an engine, each while a year, a month or a leap day ends; needs libfaketime
	@$(BIN)python -m tests.moved_clock

bench: setup ## measure against the floors; table on screen, figures in build/bench.json
	@$(BIN)python -m tests.benchmarks

simulate: setup ## the number pool beside its peers, in docs/measurements.md; LONG=1: a million leases more
	@$(BIN)python -m tests.simulation $(if $(LONG),--long)

check: setup ## lint, format, types, and the packaged template
	@$(BIN)ruff check .
	@$(BIN)ruff format --check .
	@$(BIN)mypy
	@$(BIN)python -m infra.deploy.lint_template

lock: setup ## resolve the requirements again; UPGRADE=1 takes newer versions
	@$(BIN)python -m infra.setup.lock $(if $(UPGRADE),--upgrade)
	@$(PYTHON) infra/setup/bootstrap.py

deploy: setup ## deploy to AWS: make deploy STAGE=prod (or to AWS_ENDPOINT_URL)
	@test -n "$(STAGE)" || { echo "deploy: say which stage, as in: make deploy STAGE=prod" >&2; exit 2; }
	@$(BIN)python -m infra.deploy.stack deploy --stage $(STAGE)

docs: demo ## play the demo and renew the pictures of the README
	@mkdir -p docs/images && cp build/demo/demo-site.png build/demo/report.png docs/images/

clean: ## delete everything that was set up or built
	@rm -rf .venv .venv-engine .tools build .chalice/deployments .mypy_cache .pytest_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
