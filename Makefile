# `make check` is what has to pass. Its steps stand in .ci/run, which takes a fresh environment without `--here`.
.PHONY: check lint types test slow format page docs docs-pictures

check:
	.ci/run --here

lint:
	ruff check .
	ruff format --check .

types:
	mypy

test:
	python -m pytest -n auto

slow:
	python -m pytest -n auto -m slow

format:
	ruff check --fix .
	ruff format .

page:
	cd web && npm ci && npm run build

docs:
	python -m sphinx -W -n -q docs build/docs

docs-pictures:
	for maker in docs/cookbook/make_pictures/*.py; do python "$$maker" || exit 1; done
