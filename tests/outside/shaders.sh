#!/bin/sh
# Checks every kernel, in every form that training compiles, with programs outside: the SPIR-V that drivers get with
# spirv-val, and the WGSL with tint, the compiler of Chromium. Exits with 1 if a check fails; says what it cannot check.
#   FEATURES   flags for cargo, so that the tests are not built a second time
set -eu
cd "$(dirname "$0")/../.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# shellcheck disable=SC2086  # several flags
KERNELS_TO="$folder" cargo test --locked --quiet ${FEATURES:-} --test host -- \
    --ignored --exact shaders::every_kernel_is_written

# check ENDING PROGRAM...: runs the program on every file with this ending.
check() {
    ending=$1
    shift
    count=0
    for file in "$folder"/*."$ending"; do
        "$@" "$file" >"$folder/out" 2>&1 || { echo "FAILED: $* $(basename "$file")"; cat "$folder/out"; exit 1; }
        count=$((count + 1))
    done
    echo "$1 accepts $count kernels"
}

if command -v spirv-val >/dev/null; then
    check spv spirv-val --target-env vulkan1.1
else
    echo "NOT CHECKED: the kernels' SPIR-V. On Debian: apt-get install spirv-tools"
fi
if command -v tint >/dev/null; then
    check wgsl tint --format wgsl
else
    echo "NOT CHECKED: the kernels' WGSL. tint, a program of Dawn, is not on the PATH"
fi
