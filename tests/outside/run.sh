#!/bin/sh
# Checks spherec's files with other programs. NumPy, safetensors, pyarrow and scikit-learn read the exports, and
# Chromium opens the page.
#   run.sh SPHEREC      (the binary; Parquet is checked only if it was built with --features parquet)
# Needs python3 with venv, PyPI, and chromium. If chromium has another name, set CHROMIUM=/path/to/it. The venv stays
# in target/. Exits with 0 if all checks pass, 1 if one fails, and 2 if something needed is missing.
set -eu
[ $# -eq 1 ] || { echo "usage: $0 SPHEREC" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
spherec=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
[ -x "$spherec" ] || { echo "$1 is not a program" >&2; exit 2; }
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
