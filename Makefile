# make demo    from nothing to a table and a picture, in demo/
# make test    every check of the project
# make bench   the benchmarks
# make setup   only installs what is missing on Debian or Ubuntu: a linker, and Vulkan in software
#              where no GPU has a driver

TARGET := $(or $(CARGO_TARGET_DIR),target)

.PHONY: demo test lint bench setup clean-demo

demo:
	@sh assets/setup.sh cc
	cargo build --release
	@sh assets/setup.sh adapter $(TARGET)/release/spherec
	@sh assets/demo.sh $(TARGET)/release/spherec

test: setup lint
	cargo test

# What a toolchain lacks is told and passed over; `rustup component add rustfmt clippy` brings both.
lint:
	@if cargo fmt --version >/dev/null 2>&1; then set -x; cargo fmt --check; \
	else echo "NOT CHECKED: the format, since rustfmt is not installed"; fi
	@if cargo clippy --version >/dev/null 2>&1; then set -x; cargo clippy --all-targets -- -D warnings; \
	else echo "NOT CHECKED: lints, since clippy is not installed"; fi

bench: setup
	cargo bench

setup:
	@sh assets/setup.sh cc
	cargo build
	@sh assets/setup.sh adapter $(TARGET)/debug/spherec

clean-demo:
	rm -rf demo
