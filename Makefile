# make demo    from nothing to a table and a picture, in demo/
# make test    every check of the project
# make bench   the benchmarks
# Each installs what is missing on Debian and its relatives: a linker, and Vulkan in software where no
# adapter is found. Elsewhere it says what to install.

# The same commit, the same verdict: property tests draw the same cases in every `make test`; a `cargo test` by
# itself draws new ones each time.
export PROPTEST_RNG_SEED ?= 1

TARGET := $(or $(CARGO_TARGET_DIR),target)

.PHONY: demo test bench lint adapter

demo:
	@sh assets/setup.sh linker
	cargo build --release
	@sh assets/setup.sh adapter $(TARGET)/release/spherec
	@sh assets/demo.sh $(TARGET)/release/spherec

test: adapter lint
	cargo test

bench:
	@sh assets/setup.sh linker
	cargo build --release
	@sh assets/setup.sh adapter $(TARGET)/release/spherec
	cargo bench

# What the toolchain lacks is told and passed over; `rustup component add rustfmt clippy` brings both.
lint:
	@if cargo fmt --version >/dev/null 2>&1; then set -x; cargo fmt --check; \
	else echo "NOT CHECKED: the format, since rustfmt is not installed"; fi
	@if cargo clippy --version >/dev/null 2>&1; then set -x; cargo clippy --all-targets -- -D warnings; \
	else echo "NOT CHECKED: lints, since clippy is not installed"; fi

# Builds the tests, and the binary with them: `cargo build` would build the dependencies once more.
adapter:
	@sh assets/setup.sh linker
	cargo test --no-run
	@sh assets/setup.sh adapter $(TARGET)/debug/spherec
