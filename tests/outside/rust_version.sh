#!/bin/sh
# Checks the `rust-version` of Cargo.toml: no package in Cargo.lock needs a newer Rust, and the code compiles with
# that version if rustup has it. Exits with 1 if a check fails.
set -eu
cd "$(dirname "$0")/../.."
version=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' Cargo.toml)
[ -n "$version" ] || { echo "Cargo.toml names no rust-version" >&2; exit 1; }

# Cargo writes one long line of JSON. Cut at each brace, a package starts with its name, version and id, and its
# `rust_version` is in the last piece before the next package.
metadata=$(mktemp)
trap 'rm -f "$metadata"' EXIT
cargo metadata --format-version 1 --all-features --locked >"$metadata"
tr '{' '\n' <"$metadata" | awk -v version="$version" -v locked="$(grep -c '^\[\[package\]\]' Cargo.lock)" '
    function number(text, part) { split(text, part, "."); return part[1] * 1000000 + part[2] * 1000 + part[3] }
    function finish() {
        if (name != "" && number(needs) > number(version)) {
            print "FAILED: " name " needs Rust " needs ", but Cargo.toml promises " version
            failed = 1
        }
    }
    /^"name":"[^"]*","version":"[^"]*","id":"/ {
        finish()
        split($0, field, "\"")
        name = field[4] " " field[8]
        needs = ""
        count++
    }
    match($0, /"rust_version":"[0-9.]*"/) { needs = substr($0, RSTART + 16, RLENGTH - 17) }
    END {
        finish()
        if (count != locked) {
            print "FAILED: cargo metadata shows " count + 0 " packages, but Cargo.lock has " locked
            failed = 1
        }
        if (!failed) print "Rust " version " is enough for all " count " packages"
        exit failed
    }'

toolchain=$(rustup toolchain list 2>/dev/null | sed -n "s/^\($version[-.][^ ]*\).*/\1/p" | head -n 1)
if [ -n "$toolchain" ]; then
    set -x
    rustup run "$toolchain" cargo check --all-targets --all-features --locked
else
    echo "NOT CHECKED: that the code compiles with Rust $version. rustup toolchain install $version"
fi
