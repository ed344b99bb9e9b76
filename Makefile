# callpath: `make` lists what there is. Needs Python 3.11 or newer, make and a package index; everything else is set up.

PYTHON ?= python3
BIN := .venv/bin/

.DEFAULT_GOAL := help
.PHONY: help setup up down demo test bench simulate check lock deploy docs clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## make .venv and .venv-engine from the locks (every target does it by itself)
	@$(PYTHON) infra/bootstrap.py

up: setup ## the service on a local engine with a demo shop, kept running
	@$(BIN)python -m infra.local up

down: setup ## stop what `make up` started; KEEP=1 keeps its data
	@KEEP=$(KEEP) $(BIN)python -m infra.local down

demo: setup ## run the whole service locally against simulated visitors and carriers; files in build/demo
	@$(BIN)python -m infra.demo.run

test: setup ## check, then run every test
	@$(MAKE) --no-print-directory check
	@$(BIN)python -m pytest -n 2 --dist loadgroup --durations=20

bench: setup ## measure against the floors; table on screen, figures in build/bench.json
	@$(BIN)python -m tests.bench

simulate: setup ## the number pool beside its peers, in docs/measurements.md; LONG=1: a million leases more
	@$(BIN)python -m tests.simulation $(if $(LONG),--long)

check: setup ## lint, format, types, and the packaged template
	@$(BIN)ruff check .
	@$(BIN)ruff format --check .
	@$(BIN)mypy
	@$(BIN)python -m infra.lint

lock: setup ## resolve the requirements again; UPGRADE=1 takes newer versions
	@$(BIN)python -m infra.lock $(if $(UPGRADE),--upgrade)
	@$(PYTHON) infra/bootstrap.py

deploy: setup ## deploy to AWS: make deploy STAGE=prod (or to AWS_ENDPOINT_URL)
	@test -n "$(STAGE)" || { echo "deploy: say which stage, as in: make deploy STAGE=prod" >&2; exit 2; }
	@$(BIN)python -m infra.stack deploy --stage $(STAGE)

docs: demo ## play the demo and renew the pictures of the README
	@mkdir -p docs/images && cp build/demo/demo-site.png build/demo/report.png docs/images/

clean: ## delete everything that was set up or built
	@rm -rf .venv .venv-engine .tools build .chalice/deployments .mypy_cache .pytest_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
