# Everything that one does with the repository. `make help` lists it; the work itself is in xtask/.

DATA   ?= data
LISTEN ?= 127.0.0.1:3000

.DEFAULT_GOAL := help
.PHONY: help run test bench torture site release lint fix clean tools

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## (.*)/  make \1\t\2/' | expand -t 18

run: tools ## Build what is needed and serve the product at http://127.0.0.1:3000 (DATA=folder LISTEN=address)
	@cargo xtask run --data $(DATA) --listen $(LISTEN)

test: tools ## Run every suite: format, lints, unit, law, wire, seam, crash and browser tests
	@cargo xtask test

bench: tools ## Measure, as ratios: append, replay, pages, and the size of the bundle
	@cargo xtask bench

torture: tools ## The long forms of the crash tests: 10,000 kills, 2,000 power cuts
	@cargo xtask torture

site: tools ## Build the browser's half alone, into target/site
	@cargo xtask site

release: tools ## Build the product for others: target/release/twofront and target/site
	@cargo xtask release

lint: tools ## Format and lints alone, as strict as in `make test`
	@cargo xtask lint

fix: tools ## Format, and repair what the lints can repair
	@cargo fmt --all
	@cargo clippy --workspace --all-targets --fix --allow-dirty --allow-staged

clean: ## Remove everything that was built; data/ stays
	@rm -rf target end2end/node_modules end2end/test-results end2end/playwright-report

# The two things that cannot be installed from here. Everything else the set-up does itself.
tools:
	@command -v cargo >/dev/null || { echo "Rust is needed. Install it from https://rustup.rs and try again."; exit 1; }
	@command -v cc >/dev/null || { echo "A C compiler is needed. On Debian and Ubuntu: sudo apt-get install build-essential"; exit 1; }
	@test -x target/debug/xtask || echo "==> building the build tool (the first time, about a minute)"
