# make demo    the bundled roleplay through the whole pipeline
# make test    all checks, as CI runs them
.PHONY: demo test setup build lint doc bench

CARGO ?= cargo
# So that the program finds its files wherever cargo builds it.
export GIDS_HOME := $(CURDIR)
# One profile for everything: whisper.cpp and the window library are compiled once.
PROFILE := --release

demo: build
	$(CARGO) run --quiet $(PROFILE) -p gids -- demo $(ARGS)

build: setup
	$(CARGO) build $(PROFILE) --locked -p gids

# The tests come last, so that the run ends with their closing lines.
test: setup lint doc
	$(CARGO) test $(PROFILE) --locked -p gids-benches --benches
	$(CARGO) test $(PROFILE) --locked --workspace

lint: setup
	$(CARGO) fmt --all --check
	$(CARGO) clippy $(PROFILE) --locked --workspace --all-targets -- -D warnings

doc: setup
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc $(PROFILE) --locked --workspace --no-deps --quiet

bench: setup
	$(CARGO) bench --locked -p gids-benches

setup:
	@scripts/setup.sh
