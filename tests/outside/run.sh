#!/bin/sh
# What other programs make of spherec's files: NumPy, safetensors, pyarrow and scikit-learn read the exports, and
# Chromium opens the page.
#   run.sh SPHEREC      (the binary; one built with --features parquet has that form checked too)
# Needs python3 with venv, PyPI, and chromium (CHROMIUM=/path/to/it where it has another name); the venv is kept
# in target/. Exits with 0 where all is well, 1 where a check fails, 2 where something needed is missing.
set -eu
[ $# -eq 1 ] || { echo "usage: $0 SPHEREC" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
spherec=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
[ -x "$spherec" ] || { echo "$1 is no program" >&2; exit 2; }
venv=${CARGO_TARGET_DIR:-$here/../../target}/outside-venv
if ! cmp -s "$here/requirements.txt" "$venv/requirements.txt"; then
    rm -rf "$venv"
    python3 -m venv "$venv" || exit 2
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements.txt" || exit 2
    cp "$here/requirements.txt" "$venv/requirements.txt"
fi
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
"$venv/bin/python" "$here/make_model.py" "$spherec" "$place"
"$venv/bin/python" "$here/read_back.py" "$spherec" "$place"
"$venv/bin/python" "$here/open_page.py" "$spherec" "$place"
