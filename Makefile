# Each target sets up what it needs, and only what is missing. `make help` explains them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo test lint web timescaledb exim4 python schema bench backtest torture torture-can-fail fuzz deny mutants clean

CARGO ?= cargo
WEB_SOURCES := $(shell find web -type f -not -path '*/node_modules/*' -not -path 'web/dist/*' 2>/dev/null)

help: ## what there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 18

demo: ## build, start the whole service with recorded readings, print one link
	@scripts/need demo
	@echo "Derwent: fetching TimescaleDB and the front end's libraries, then building; the first time takes some minutes."
	@$(MAKE) --no-print-directory timescaledb web
	@$(CARGO) build --locked --quiet --bin derwent
	@target/debug/derwent demo

test: ## everything that has to pass: lints, rules, unit, story, wire and browser tests
	@scripts/need test
	@$(MAKE) --no-print-directory timescaledb exim4 web python lint
	$(CARGO) test --locked --workspace
	cd web && npm test --silent

lint: web ## formatting and clippy over all crates, types of the front end
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets --quiet -- -D warnings
	cd web && npm run check --silent

timescaledb: ## a real TimescaleDB: the system's, or Debian's unpacked privately
	@scripts/timescaledb

exim4: ## a mail server for the tests: Debian's exim4, unpacked into .cache
	@scripts/exim4

web: web/dist/.built ## the pages, built into web/dist

web/dist/.built: $(WEB_SOURCES) web/node_modules/.package-lock.json
	@cd web && npm run build --silent
	@touch $@

web/node_modules/.package-lock.json: web/package-lock.json
	@cd web && npm ci --silent --no-audit --no-fund
	@touch $@

python: .cache/python/.ready ## the Python tools of the tests: an outside client and a mail server

.cache/python/.ready: tests/requirements.txt
	@python3 -m venv .cache/python
	@.cache/python/bin/python -m pip install --quiet --disable-pip-version-check -r tests/requirements.txt
	@touch $@

schema: timescaledb web ## write the generated schemas, TypeScript types and access matrix again
	DERWENT_REGENERATE=1 $(CARGO) test --locked --workspace generated
	DERWENT_REGENERATE=1 $(CARGO) test --locked --test derwent matrix::every

bench: timescaledb web ## measure for half an hour, and write docs/benchmarks.md (release build)
	scripts/alertmanager
	$(CARGO) build --locked --release --quiet --bin derwent
	scripts/bench

backtest: web ## replay the recordings and 200 labelled people under our packs and plain thresholds; write docs/backtests.md
	$(CARGO) build --locked --quiet --bin derwent
	target/debug/derwent rules backtest alert-rules/packs --against alert-rules/baselines --page docs/backtests.md

SEED ?= $(shell date +%s)
MINUTES ?= 10
torture: timescaledb web ## faults by chance for MINUTES=10 from SEED=…: the real service and database killed, cut, frozen; nothing lost or doubled
	@DERWENT_TORTURE_SEED=$(SEED) DERWENT_TORTURE_SECONDS=$$(( $(MINUTES) * 60 )) \
		$(CARGO) test --locked --quiet --test derwent torture::random::as_long_as_asked -- --exact --ignored --nocapture

torture-can-fail: timescaledb web ## a server changed to acknowledge before it commits must be found out by torture (builds beside the tree)
	@scripts/torture-can-fail

# What libFuzzer needs to see which way a frame took: all of it is in the stable compiler.
COVERAGE := -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
	-Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares -Cdebug-assertions -Coverflow-checks -Ccodegen-units=1
FUZZ ?= conversation rules
FUZZ_SEEDS_conversation := fuzz/seeds
FUZZ_SEEDS_rules := $(wildcard alert-rules/packs/* alert-rules/packs/*/questionnaires)
fuzz: ## look, MINUTES=10 each, for a frame that breaks the conversation and a pack that breaks the checker, guided by coverage; finds are kept in .cache/fuzz
	@$(foreach target,$(FUZZ),mkdir -p .cache/fuzz/$(target) && \
	RUSTFLAGS="$(COVERAGE)" $(CARGO) run --locked --quiet --release --manifest-path fuzz/Cargo.toml --target-dir target/fuzz \
		--bin $(target) --target $$(rustc -vV | sed -n 's/^host: //p') -- -max_total_time=$$(( $(MINUTES) * 60 )) -max_len=140000 -timeout=10 \
		-rss_limit_mb=1024 -artifact_prefix=.cache/fuzz/$(target)- -print_final_stats=1 .cache/fuzz/$(target) $(FUZZ_SEEDS_$(target)) &&) true

deny: ## licences, advisories and sources of every dependency (installs cargo-deny when it is missing)
	@command -v cargo-deny >/dev/null || $(CARGO) install --locked cargo-deny
	$(CARGO) deny check

# What decides. `make mutants DECIDES=mobile-api/src/outbox.rs` takes one of them.
DECIDES ?= mobile-api/src/{session,phone,outbox,decode}.rs \
           alert-rules/src/{evaluate,watch,timeline,fold,finding}.rs alert-rules/src/{escalation,fold}/*.rs \
           alert-rules/src/expression/evaluator.rs

mutants: ## change what decides in each small way: which changes does no test notice? (hours; docs/mutants.md)
	@command -v cargo-mutants >/dev/null || $(CARGO) install --locked cargo-mutants
	CARGO_PROFILE_DEV_DEBUG=0 $(CARGO) mutants --package mobile-api --package alert-rules $(foreach file,$(DECIDES),--file '$(file)') \
		--cargo-arg=--config=profile.dev.package.alert-rules.opt-level=1 --timeout 120 --output target

clean: ## throw away what was built here (shared downloads stay)
	rm -rf target web/dist web/node_modules .cache
