#!/bin/sh
# Installs what is missing on Debian and its relatives, or says what to install elsewhere.
#   setup.sh linker              a linker, which Rust needs
#   setup.sh adapter SPHEREC     Vulkan in software (lavapipe), where SPHEREC finds no adapter
set -eu

# missing WHAT PACKAGE...: installs the packages, or says which thing to install.
missing() {
    what=$1
    shift
    as_root=
    if ! command -v apt-get >/dev/null; then
        echo "$what is missing; this script installs it on Debian and Ubuntu only" >&2
        return 1
    elif [ "$(id -u)" -ne 0 ]; then
        if ! command -v sudo >/dev/null; then
            echo "$what is missing; as root: apt-get install $*" >&2
            return 1
        fi
        as_root=sudo
    fi
    echo "$what is missing; installing $*"
    export DEBIAN_FRONTEND=noninteractive
    # shellcheck disable=SC2086  # empty for root
    { $as_root apt-get update -qq && $as_root apt-get install -y -qq --no-install-recommends "$@"; } >&2
}

case $1 in
linker)
    if ! command -v cargo >/dev/null; then
        echo "Rust is missing; https://rustup.rs installs it" >&2
        exit 1
    fi
    command -v cc >/dev/null || missing "a linker" gcc libc6-dev
    ;;
adapter)
    no_adapter=3    # the exit code of `spherec doctor` where it finds none
    code=0
    "$2" doctor >/dev/null 2>&1 || code=$?
    if [ "$code" -eq "$no_adapter" ] && [ "$(uname -s)" = Linux ]; then
        missing "a Vulkan adapter" libvulkan1 mesa-vulkan-drivers
    fi
    if [ "$code" -ne 0 ]; then
        "$2" doctor     # says what is wrong, or what to install, where it still fails
    fi
    ;;
*)
    echo "setup.sh: no such part: $1" >&2
    exit 2
    ;;
esac
