#!/bin/sh
# Installs what is missing on Debian and its relatives. On other systems, says what to install.
#   setup.sh linker              a linker, which Rust needs
#   setup.sh adapter SPHEREC     a Vulkan driver in software (lavapipe), if the binary SPHEREC finds no adapter
set -eu

# missing WHAT PACKAGE...: installs the packages, or says what to install.
missing() {
    what=$1
    shift
    as_root=
    if ! command -v apt-get >/dev/null; then
        echo "$what is missing. This script can install it only on Debian and Ubuntu." >&2
        return 1
    elif [ "$(id -u)" -ne 0 ]; then
        if ! command -v sudo >/dev/null; then
            echo "$what is missing. Run as root: apt-get install $*" >&2
            return 1
        fi
        as_root=sudo
    fi
    echo "$what is missing. Installing $*."
    export DEBIAN_FRONTEND=noninteractive
    # shellcheck disable=SC2086  # empty for root
    { $as_root apt-get update -qq && $as_root apt-get install -y -qq --no-install-recommends "$@"; } >&2
}

case $1 in
linker)
    if ! command -v cargo >/dev/null; then
        echo "Rust is missing. Install it from https://rustup.rs" >&2
        exit 1
    fi
    case $(uname -s) in
    MINGW* | MSYS* | CYGWIN*) exit 0 ;;     # Rust for Windows brings or names its own
    esac
    command -v cc >/dev/null || missing "a linker" gcc libc6-dev
    ;;
adapter)
    no_adapter=3    # the exit code of `spherec doctor` if it finds none
    code=0
    "$2" doctor >/dev/null 2>&1 || code=$?
    if [ "$code" -eq "$no_adapter" ] && [ "$(uname -s)" = Linux ]; then
        missing "a Vulkan adapter" libvulkan1 mesa-vulkan-drivers
    fi
    if [ "$code" -ne 0 ]; then
        "$2" doctor     # if it still fails, it says what is wrong or what to install
    fi
    ;;
*)
    echo "setup.sh: no such part: $1" >&2
    exit 2
    ;;
esac
