# The front door. `make demo` and `make test` need Python 3.11 with venv, make, git and Node 20.19+.
PYTHON ?= python3
PORT ?=
OPEN ?= 1
VENV := .venv
BIN := $(VENV)/bin
STATIC := chroma/server/static/index.html
UI_SOURCES := $(shell find chroma-ui -path chroma-ui/node_modules -prune -o -path chroma-ui/src/api/gql -prune -o -type f -print)
# mlflow, wandb, tensorboard and dvclive: other loggers that Chroma must get along with
FRAMEWORKS := transformers accelerate mlflow wandb tensorboard dvclive keras jax $(if $(filter Linux,$(shell uname)),tensorflow-cpu,tensorflow)
# the demo keeps its runs apart from yours
DEMO_HOME := $(CURDIR)/.demo
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# where it is set, each of the many processes of the tests compiles all of Chroma again
unexport PYTHONDONTWRITEBYTECODE

# "cpu" or "cuda". On Linux, PyPI's PyTorch brings gigabytes of CUDA, so machines without an NVIDIA card first try
# PyTorch's own index. Where that cannot be reached (10 s), PyPI's build is installed, which works as well.
TORCH ?= $(if $(filter Linux,$(shell uname)),$(if $(shell command -v nvidia-smi),cuda,cpu),cuda)
define cpu_torch
if [ "$(TORCH)" = cpu ]; then \
  $(BIN)/python -m pip install --quiet --no-deps --constraint constraints.txt --retries 0 --timeout 5 \
    --index-url https://download.pytorch.org/whl/cpu torch 2>/dev/null \
  || echo "» PyTorch's index of CPU builds cannot be reached: installing from the usual one, maybe with CUDA (gigabytes)"; \
fi
endef
# pytest with a worker per core; a file's tests stay together, the longest files first (tests/conftest.py)
PYTEST := $(BIN)/python -m pytest -n logical --maxprocesses 8 --dist loadscope --no-loadscope-reorder

.PHONY: demo check test chaos attack audit postgresql reader part lint format ui dev bench bench-capture bench-keras bench-film bench-insight bench-alarms bench-idle bench-backlog bench-catalog bench-failures bench-queue bench-server bench-dask bench-ui docs messages screenshots clean help

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

# install once; again when the versions change
$(VENV)/installed: pyproject.toml constraints.txt
	@echo "» Python environment in $(VENV) (a few minutes the first time)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	@$(call cpu_torch)
	@$(BIN)/python -m pip install --progress-bar on --quiet --constraint constraints.txt torch lightning
	@$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[team,dask,lightning]" --group dev
	@touch $@

# what else tests use: other frameworks, loggers beside them, other ways to draw; the demo needs none of them
$(VENV)/frameworks: $(VENV)/installed
	@echo "» Keras with its backends, Hugging Face, other loggers, t-SNE and PaCMAP for the tests"
	@$(BIN)/python -m pip install --quiet --constraint constraints.txt $(FRAMEWORKS) openTSNE pacmap
	@$(BIN)/python -m pip check
	@touch $@

# not `npm ci`: it refuses a lock made where a registry has not every platform's optional binaries
chroma-ui/node_modules/.installed: chroma-ui/package-lock.json
	@echo "» dashboard packages"
	@cd chroma-ui && npm install --no-save --no-audit --no-fund --loglevel=error
	@touch $@

$(STATIC): chroma-ui/node_modules/.installed $(UI_SOURCES)
	@echo "» dashboard build"
	@cd chroma-ui && npm run --silent build
	@touch $@

demo: $(VENV)/installed $(STATIC) ## train on real digits, then open the dashboard (PORT=8000, OPEN=0 for no browser)
	@echo "» training a small classifier on scikit-learn's digits"
	@CHROMA_HOME=$(DEMO_HOME) $(BIN)/python examples/lightning_digits.py
	@CHROMA_HOME=$(DEMO_HOME) $(BIN)/chroma application run $(if $(PORT),--port $(PORT)) $(if $(filter 0,$(OPEN)),--no-open,--open)

ui: $(STATIC) ## build the dashboard into chroma/server/static

.PHONY: lint-python lint-ui test-ui
lint: lint-python lint-ui ## ruff, pyright, import layers, GraphQL schema, Biome

# with every framework there: the types of what the integrations lean on
lint-python: $(VENV)/frameworks
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/python -m chroma.server.graphql.export --check chroma-ui/schema.graphql
	$(BIN)/pyright --pythonpath $(BIN)/python

# the build has checked the types
lint-ui: $(STATIC)
	cd chroma-ui && npx biome check .

test-ui: lint-ui
	cd chroma-ui && npm test --silent

format: $(VENV)/installed chroma-ui/node_modules/.installed ## let ruff and Biome mend what they can
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .
	cd chroma-ui && npm run --silent format

# BASE: what your branch started from. Types of integrations are checked where `make lint` has brought their frameworks.
BASE ?= main
UNITS := capture insight projection run server integrations/test_landing.py integrations/test_patching.py \
  integrations/test_wrapped_trainings.py $(notdir $(filter-out %/test_wheel.py %/test_thread.py %/test_determinism.py %/test_examples.py,$(wildcard tests/test_*.py)))
check: $(VENV)/installed chroma-ui/node_modules/.installed ## two minutes: lint of what changed since BASE=main, quick unit tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	@changed=$$({ git diff --name-only --diff-filter=d $(BASE) -- chroma 2>/dev/null || git diff --name-only --diff-filter=d HEAD -- chroma; \
	    git ls-files --others --exclude-standard chroma; } | grep '\.py$$' | grep -v $(if $(wildcard $(VENV)/frameworks),'^$$','^chroma/integrations/')); \
	  echo "pyright: $${changed:-nothing changed}"; test -z "$$changed" || $(BIN)/pyright --pythonpath $(BIN)/python $$changed
	cd chroma-ui && npx biome check . && npm run --silent test && npx tsc --noEmit
	$(PYTEST) -m "not slow" $(addprefix tests/,$(filter $(notdir $(wildcard tests/*)) integrations/%,$(UNITS)))

# a test that fails is tried once more, for those that wait on browsers and processes of a busy machine; R names them
test: ## lint, then all tests: dashboard units, Python, browser, wheel
	@$(MAKE) --jobs 2 lint test-ui .chromium
	$(PYTEST) --reruns 1 -rfER

# one process, so that the table is whole; as root it also mounts small disks
CHAOS ?= 20
chaos: $(VENV)/installed ## kills, damage, full disks, readers that come and go: CHAOS=20 times as many trials as in `make test`
	CHAOS=$(CHAOS) $(BIN)/python -m pytest -q tests/chaos

# one process, so that the table is whole. atheris guides the decoder's part; its wheels are not for every machine
ATTACK ?= 20
attack: $(VENV)/installed $(STATIC) ## a server on PostgreSQL and a bucket, by people with and without tokens: ATTACK=20 times as many requests
	@$(BIN)/python -m pip install --quiet atheris 2>/dev/null || echo "» atheris cannot be installed here: its part is left out"
	ATTACK=$(ATTACK) $(BIN)/python -m pytest -q tests/attack

audit: $(VENV)/installed ## known vulnerabilities of the tested versions, by pip-audit and npm audit
	@$(BIN)/python -m pip install --quiet pip-audit
	@$(BIN)/python .ci/audit.py

# `make test` runs a part of them on both databases
postgresql: $(VENV)/frameworks ## tests of the server and the reader with their catalogs in a PostgreSQL that they start
	DATABASE=postgresql $(PYTEST) tests/server $(wildcard tests/test_reader*.py)

# `make test` reads homes, and a part on the others
READER ?= team
reader: $(VENV)/frameworks ## tests of the reader against READER=home, a local server (server), or PostgreSQL and a bucket (team)
	READER=$(READER) $(PYTEST) $(wildcard tests/test_reader*.py)

# how CI spreads the tests over machines
part: $(VENV)/frameworks $(STATIC) .chromium ## tests of MARK only, as MARK="keras or transformers"
	$(PYTEST) -m "$(MARK)"

# tests drive the browser that CHROMIUM names, else Debian's Chromium: best the one without windows, which is quicker
.PHONY: .chromium
.chromium:
	@if [ -n "$$CHROMIUM" ]; then command -v "$$CHROMIUM" >/dev/null || { echo "CHROMIUM names no program: $$CHROMIUM"; exit 1; }; \
	elif command -v chromium-headless-shell >/dev/null; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && { echo "» Chromium for the browser tests"; apt-get update -qq; \
	    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium-headless-shell fonts-liberation >/dev/null; }; then :; \
	elif command -v chromium >/dev/null; then :; \
	else echo "the browser tests need Chromium: sudo apt-get install chromium-headless-shell, or set CHROMIUM=/path/to/chromium"; \
	  exit 1; \
	fi

dev: $(VENV)/installed chroma-ui/node_modules/.installed ## Vite's dev server on :5173 beside the API with reload on :8000
	@CHROMA_HOME=$${CHROMA_HOME:-$(DEMO_HOME)} $(BIN)/uvicorn --factory chroma.server.app:create_dev_app --reload --reload-dir chroma --port 8000 & \
	api=$$!; trap "kill $$api" EXIT; cd chroma-ui && npm run dev

bench: $(VENV)/frameworks ## every benchmark, side by side with peers
	@for script in $$(grep -l "^def main" benchmarks/*.py); do echo "» $$script"; PYTHONPATH=. $(BIN)/python $$script || exit 1; done

bench-capture: $(VENV)/installed ## what capture costs a training, beside its peers (DATA=images.npz, else digits)
	$(BIN)/python benchmarks/capture.py $(if $(DATA),--data $(DATA))
	$(BIN)/python benchmarks/calls.py --rows 10000 100000

bench-keras: $(VENV)/frameworks ## what capture costs a Keras training on each backend, beside its peers (DATA=…)
	$(BIN)/python benchmarks/keras_capture.py $(if $(DATA),--data $(DATA))

bench-film: $(VENV)/installed ## films and single frames beside umap-learn (DATA=images.npz, else digits; ONLY=, LAYERS=, SEEDS=)
	$(BIN)/python benchmarks/film.py $(if $(DATA),--data $(DATA)) $(if $(ONLY),--only $(ONLY)) $(if $(LAYERS),--layers $(LAYERS)) $(if $(SEEDS),--seeds $(SEEDS))

bench-insight: $(VENV)/installed ## wrong labels found, beside peers (DATA=images.npz, else digits; ONLY=, SEEDS=); SimiFeat where docta is installed
	$(BIN)/python benchmarks/insight.py $(if $(DATA),--data $(DATA)) $(if $(ONLY),--only $(ONLY)) $(if $(SEEDS),--seeds $(SEEDS))
	$(if $(ONLY),,$(BIN)/python benchmarks/influence.py $(if $(DATA),--data $(DATA)))

bench-alarms: $(VENV)/installed ## how early alarms ring in 80 broken trainings, and in 50 clean ones (DATA=images.npz)
	$(BIN)/python benchmarks/alarms.py $(if $(DATA),--data $(DATA))

bench-idle: $(VENV)/installed ## what a server with 400 runs costs while nothing happens (RUNS=, SECONDS=)
	$(BIN)/python benchmarks/idle.py $(if $(RUNS),--runs $(RUNS)) $(if $(SECONDS),--seconds $(SECONDS))

bench-backlog: $(VENV)/installed ## how soon a dashboard answers with a backlog of 15,000 segments, and CPU for each (SEGMENTS=, RUNS=)
	$(BIN)/python benchmarks/backlog.py $(if $(SEGMENTS),--segments $(SEGMENTS)) $(if $(RUNS),--runs $(RUNS))

bench-catalog: $(VENV)/installed ## a catalog of 10,000 runs: start-up, pages, metrics, idle cost (RUNS=, DATABASE=postgresql)
	PYTHONPATH=. $(BIN)/python benchmarks/catalog.py $(if $(RUNS),--runs $(RUNS)) $(if $(DATABASE),--database $(DATABASE))

bench-failures: $(VENV)/installed ## what a training notices of a closed port, a stopped, killed or slow server, a full disk (ROUNDS=)
	PYTHONPATH=. $(BIN)/python benchmarks/failures.py $(if $(ROUNDS),--rounds $(ROUNDS))

bench-queue: $(VENV)/installed ## how soon a newly opened run is seen while a film of 100,000 samples is drawn (SAMPLES=, OPENED=)
	$(BIN)/python benchmarks/people_first.py $(if $(SAMPLES),--samples $(SAMPLES)) $(if $(OPENED),--opened $(OPENED))

bench-server: $(VENV)/installed ## 50 writers into PostgreSQL and S3, the server killed three times, beside plain PUT (WRITERS=, EPOCHS=)
	PYTHONPATH=. $(BIN)/python benchmarks/server.py $(if $(WRITERS),--writers $(WRITERS)) $(if $(EPOCHS),--epochs $(EPOCHS))

bench-dask: $(VENV)/installed ## films drawn by two workers of a Dask cluster beside those of one (FILMS=, SAMPLES=, ROUNDS=)
	PYTHONPATH=. $(BIN)/python benchmarks/dask_films.py $(if $(FILMS),--films $(FILMS)) $(if $(SAMPLES),--samples $(SAMPLES)) $(if $(ROUNDS),--rounds $(ROUNDS))

bench-ui: $(VENV)/installed $(STATIC) .chromium ## our renderer beside regl-scatterplot, plotly and the TensorBoard projector; table and charts
	@cd benchmarks/ui && npm install --no-save --no-audit --no-fund --loglevel=error && ../../chroma-ui/node_modules/.bin/tsc --noEmit && ../../chroma-ui/node_modules/.bin/vite build . --logLevel error
	@PYTHONPATH=. $(BIN)/python benchmarks/ui/run.py
	@PYTHONPATH=. $(BIN)/python benchmarks/ui/panels.py

docs: $(VENV)/installed ## the documentation site, into site/
	$(BIN)/python -m pip install --quiet --group docs
	$(BIN)/mkdocs build --strict

messages: $(VENV)/installed ## docs/messages.md: every text that users see, from the code
	$(BIN)/python docs/messages.py

screenshots: $(VENV)/installed $(STATIC) .chromium ## the README's pictures, from a real training
	$(BIN)/python docs/screenshots.py

clean: ## remove what make made
	rm -rf $(VENV) .demo site dist build chroma-ui/node_modules chroma-ui/src/api/gql chroma/server/static
