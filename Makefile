# Everything a new user or CI needs; each target sets up what it needs by itself.
SHELL := /bin/sh
PY := .venv/bin/python
export PYTHONDONTWRITEBYTECODE ?= 1

.PHONY: help demo test test-fast check format proofs bench record record-ansible record-fidelity picture reference schemas clean

help:                     ## what there is
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile

.venv/.ready: pyproject.toml scripts/bootstrap scripts/lab-packages.txt scripts/test-packages.txt
	@sh scripts/bootstrap

demo: .venv/.ready        ## a practice fleet, five faults, the audit that finds them, and the way back to clean
	@sh scripts/demo

test: .venv/.ready check  ## all that CI runs
	@sh scripts/test

test-fast: .venv/.ready   ## unit and contract tests only: no server, no lab
	@$(PY) -m pytest -q -n 2 tests/unit tests/contract

check: .venv/.ready       ## format, lint, types, layers
	@.venv/bin/ruff format --check src tests scripts bench
	@.venv/bin/ruff check src tests scripts bench
	@.venv/bin/mypy
	@PYTHONPATH=src .venv/bin/lint-imports --no-cache

format: .venv/.ready      ## write the format and the safe fixes
	@.venv/bin/ruff format src tests scripts bench
	@.venv/bin/ruff check --fix src tests scripts bench

proofs: .venv/.ready .venv-bench/.collections    ## the long evidence: the five deviations and nothing else, all cut lines back, three times in a row
	@sh scripts/proofs

record-ansible: .venv/.ready .venv-bench/.ready  ## record what ansible-playbook makes of the cases that CI replays
	@$(PY) scripts/record_ansible.py

record-fidelity: .venv/.ready .venv-bench/.collections  ## record what ansible-playbook makes of whole playbooks on a till
	@$(PY) scripts/record_fidelity.py $(FIDELITY)

record: .venv/.ready      ## record the sessions that the demo replays where no lab can stand
	@sh scripts/record

.venv-bench/.ready: bench/requirements.txt
	@[ -x .venv-bench/bin/python ] || .venv/bin/python -m venv .venv-bench
	@.venv-bench/bin/python -m pip install -qq --disable-pip-version-check -r bench/requirements.txt
	@touch .venv-bench/.ready

# Of the package with all of Ansible's collections only the two are unpacked that the playbooks need.
.venv-bench/.collections: .venv-bench/.ready tests/lab/fidelity/requirements.txt
	@.venv-bench/bin/python -m pip download -qq --disable-pip-version-check --no-deps -d .venv-bench/wheels \
	    -r tests/lab/fidelity/requirements.txt
	@.venv-bench/bin/python -c 'import glob, zipfile; z = zipfile.ZipFile(glob.glob(".venv-bench/wheels/ansible-*.whl")[0]); \
	    z.extractall(".venv-bench/collections", [n for n in z.namelist() \
	    if n.startswith(("ansible_collections/ansible/posix/", "ansible_collections/community/general/"))])'
	@rm -r .venv-bench/wheels
	@touch .venv-bench/.collections

bench: .venv/.ready .venv-bench/.ready  ## what storefleet costs beside other ways; FIGURES=floor N=30 takes a minute
	@$(PY) -m bench $(if $(N),--hosts $(N)) $(if $(FIGURES),--figures $(FIGURES)) $(BENCH)

picture: .venv/.ready     ## draw the README's pictures again, from a real run over the recordings
	@$(PY) scripts/picture.py
	@$(PY) scripts/page_picture.py

reference: .venv/.ready   ## write docs/reference/cli.md again, from the command line itself
	@$(PY) scripts/cli_reference.py

schemas: .venv/.ready     ## write the schemas of the fleet's own files again, from their types
	@$(PY) scripts/schemas.py

clean:                    ## forget the environment and every cache of this folder
	rm -rf .venv .venv-bench .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
