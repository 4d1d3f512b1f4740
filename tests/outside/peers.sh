#!/bin/sh
# Compares spherec's default with the ALS and BPR of the Python package implicit, on the same parts of a data file and
# by an evaluator that belongs to neither. Prints a table; peers.py says how it is made.
#   peers.sh [--time-to-quality] [--keep FOLDER] SPHEREC FILE [FLAG...]
#     --time-to-quality   also find the shortest training of spherec that reaches the NDCG of ALS
#     --keep FOLDER       leave the parts, the model and all lists in a new FOLDER
#     FLAG...             how spherec reads FILE: any flag of `spherec data split` that reads or filters, such as
#                         --preset book-crossing --min-user-interactions 20
# Needs python3 (3.10 or later) with venv, and PyPI. The venv stays in target/. Exits with 0 if the table was made, 1 if
# something in it is not as it must be, and 2 if something needed is missing.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
usage() { sed -n '/^#   peers.sh/,/^# Needs/{/^# Needs/!s/^# *//p;}' "$0" >&2; exit 2; }
[ $# -ge 2 ] || usage
venv=${CARGO_TARGET_DIR:-$here/../../target}/peers-venv
if ! cmp -s "$here/peers-requirements.txt" "$venv/requirements.txt"; then
    rm -rf "$venv"
    python3 -m venv "$venv" || exit 2
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$here/peers-requirements.txt" || exit 2
    cp "$here/peers-requirements.txt" "$venv/requirements.txt"
fi
# implicit has threads of its own; those of OpenBLAS beside them make it many times slower, as it warns.
OPENBLAS_NUM_THREADS=1 exec "$venv/bin/python" "$here/peers.py" "$@"
