# make demo    from nothing to a table and a picture, in demo/
# make test    every check of the project
# make bench   the benchmarks
# make fuzz    each fuzz target for FUZZ_SECONDS, 600 if not given: see fuzz/README.md. Installs nothing
# On Debian and its relatives each of the others installs what is missing: a linker, and a Vulkan driver in software
# if there is no adapter. On other systems it says what to install.

# Property tests draw the same cases in every `make test`, so that a commit always gets the same verdict. A plain
# `cargo test` draws new cases each time.
export PROPTEST_RNG_SEED ?= 1

TARGET := $(or $(CARGO_TARGET_DIR),target)

# Tests and lints include the optional Parquet code, so that one build of the tests is enough.
FEATURES := --features parquet

# For `make fuzz`.
FUZZ_SECONDS ?= 600
FUZZ_TARGETS ?= interactions options json_rows parquet labels features model config results curves round_trip

.PHONY: demo test bench fuzz lint adapter

demo:
	@sh assets/setup.sh linker
	cargo build --locked --release
	@sh assets/setup.sh adapter $(TARGET)/release/spherec
	@sh assets/demo.sh $(TARGET)/release/spherec

test: adapter lint
	cargo test --locked $(FEATURES)

bench:
	@sh assets/setup.sh linker
	cargo build --locked --release
	@sh assets/setup.sh adapter $(TARGET)/release/spherec
	cargo bench --locked

# Spherec has no unsafe code, so no sanitizer is needed. A found case ends its target's run and is in fuzz/artifacts/.
# cargo-fuzz builds by the release profile, which would link each of them for minutes.
fuzz: export CARGO_PROFILE_RELEASE_LTO := off
fuzz: export CARGO_PROFILE_RELEASE_CODEGEN_UNITS := 16
fuzz: export CARGO_PROFILE_RELEASE_OPT_LEVEL := 2
fuzz: export CARGO_PROFILE_RELEASE_DEBUG := line-tables-only
fuzz:
	@cargo +nightly fuzz --version >/dev/null 2>&1 || { \
		echo "make fuzz needs: rustup toolchain install nightly; cargo install cargo-fuzz" >&2; exit 2; }
	cargo +nightly fuzz build -s none
	@failed=; for target in $(FUZZ_TARGETS); do \
		mkdir -p fuzz/corpus/$$target; \
		echo "== $$target"; \
		RAYON_NUM_THREADS=1 cargo +nightly fuzz run -s none $$target fuzz/corpus/$$target tests/fuzz_cases/$$target -- \
			-max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=1024 -max_len=8192 -print_final_stats=1 || \
			failed="$$failed $$target"; \
	done; [ -z "$$failed" ] || { echo "found a case:$$failed" >&2; exit 1; }

# Checks the code with and without Parquet, the Rust version that Cargo.toml names, and the dependencies. Says what it
# cannot check.
lint:
	@if cargo fmt --version >/dev/null 2>&1; then set -x; cargo fmt --check; \
	else echo "NOT CHECKED: the format. rustup component add rustfmt"; fi
	@if cargo clippy --version >/dev/null 2>&1; then set -ex; \
		cargo clippy --locked --workspace --all-targets --no-default-features $(FEATURES) -- -D warnings; \
		cargo clippy --locked --all-targets -- -D warnings; \
	else echo "NOT CHECKED: the lints. rustup component add clippy"; set -x; cargo check --locked --all-targets; fi
	@sh tests/outside/rust_version.sh
	@sh tests/outside/supply_chain.sh

# Builds the tests and, with them, the binary. `cargo build` would build the dependencies a second time.
adapter:
	@sh assets/setup.sh linker
	cargo test --locked --no-run $(FEATURES)
	@sh assets/setup.sh adapter $(TARGET)/debug/spherec
