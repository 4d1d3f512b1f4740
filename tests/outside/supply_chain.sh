#!/bin/sh
# Checks the dependencies with cargo-deny, by deny.toml: licences, versions, sources, which crates run build scripts,
# and known weaknesses if the database of advisories can be had. Exits with 1 if a check fails.
set -eu
cd "$(dirname "$0")/../.."
if ! cargo deny --version >/dev/null 2>&1; then
    echo "NOT CHECKED: licences, sources and build scripts of the dependencies. cargo install cargo-deny --locked"
    echo "NOT CHECKED: known weaknesses of the dependencies. cargo install cargo-deny --locked"
    exit 0
fi
cargo deny --locked --log-level error check --hide-inclusion-graph licenses bans sources
if cargo deny --log-level error fetch db 2>/dev/null; then
    cargo deny --locked --log-level error check --disable-fetch advisories
else
    echo "NOT CHECKED: known weaknesses of the dependencies. The database of advisories cannot be had"
fi
