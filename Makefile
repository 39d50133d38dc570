# Targets are described in README.md; their names and behaviour are relied on by scripts.
PYTHON ?= python3
TORCH ?= torch==2.13.0
VENV := .venv
BIN := $(VENV)/bin
FLASK := $(BIN)/flask --app wsgi
MO := $(patsubst %.po,%.mo,$(wildcard translations/*/LC_MESSAGES/messages.po))

# Files by name: those that drive a browser take longest, and begin first.
GATE := -m "not soak and not matrix and not lighthouse" --numprocesses 2 --dist loadfile --no-loadscope-reorder
# Who may do what, transactions, and letters on their way.
GUARDED := cluster/circles.py,cluster/letters.py,cluster/sessions.py,cluster/tokens.py,cluster/work.py,data/circles.py,data/letters.py,data/sessions.py,data/store.py,data/turns.py,data/work.py

.PHONY: install run test check bench soak browser coverage lighthouse lock messages sbom

install: $(VENV)/.installed $(MO)

$(VENV)/.installed: requirements.lock
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "$(TORCH)"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	touch $@

%.mo: %.po $(VENV)/.installed
	$(BIN)/pybabel --quiet compile --input-file $< --output-file $@

run: install
	@$(BIN)/python wsgi.py

test: install node_modules/.installed
	$(BIN)/python -m pytest $(GATE)

# A quarter longer than `make test`: which lines and branches no test takes, also in the servers that tests start.
coverage: install node_modules/.installed
	rm -rf test-artefacts/coverage
	mkdir -p test-artefacts/coverage
	$(BIN)/coverage run -m pytest $(GATE)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report --fail-under 95
	$(BIN)/coverage report --fail-under 100 --include $(GUARDED)

check: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/djlint templates --lint --quiet
	$(BIN)/python -m tests.translations

bench: install
	$(BIN)/python -m tests.benchmarks $(TEXTS)
	$(BIN)/python -m tests.benchmarks.search $(TEXTS)
	$(BIN)/python -m tests.benchmarks.lists
	$(BIN)/python -m tests.benchmarks.index
	$(BIN)/python -m tests.benchmarks.clusters

soak: install node_modules/.installed
	$(BIN)/python -m tests.soak

browser: install node_modules/.installed
	$(BIN)/python -m pytest -m "(browser or matrix) and not lighthouse"

lighthouse: install tests/lighthouse/node_modules/.installed
	$(BIN)/python -m pytest -m lighthouse -rP

tests/lighthouse/node_modules/.installed: tests/lighthouse/package-lock.json
	npm ci --prefix tests/lighthouse --silent --no-audit --no-fund
	touch $@

node_modules/.installed: package-lock.json
	npm ci --silent --no-audit --no-fund
	touch $@

# What is installed, with versions and licences, for who has to know whether a weakness concerns them; needs uv.
sbom: install
	mkdir -p test-artefacts
	uvx --quiet --from cyclonedx-bom==7.5.0 cyclonedx-py environment --pyproject pyproject.toml --output-reproducible --output-file test-artefacts/sbom.json $(VENV)

# Run after changing a text: brings new keys into the catalogues, to be filled in by hand.
messages: install
	$(BIN)/pybabel --quiet extract --mapping-file translations/babel.cfg --keyword N_ --no-location --sort-output --omit-header --ignore-dirs '.* node_modules instance' --output-file translations/messages.pot .
	for po in translations/*/LC_MESSAGES/messages.po; do $(BIN)/pybabel --quiet update --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date --no-wrap --input-file translations/messages.pot --output-file $$po --locale $$(basename $$(dirname $$(dirname $$po))); done

# Run after changing pyproject.toml; needs uv.
lock:
	uv pip compile pyproject.toml --all-extras --generate-hashes --no-emit-package torch --python-version 3.11 --output-file requirements.lock --quiet
