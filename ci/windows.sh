#!/usr/bin/env bash
# Builds the pool's tests for Windows and runs them under Wine. Needs the compiler's target, which it
# installs through rustup, and mingw-w64 and Wine, which it installs as root on Debian or a
# derivative; says what it did not run. About 5 minutes on two cores, from nothing.
set -euxo pipefail
cd "$(dirname "$0")"/..

skip() {
  set +x
  echo "not run: the tests on Windows, since $1"
  exit
}

target=x86_64-pc-windows-gnu
rustup target add "$target" || skip "there is no standard library for $target"
if ! command -v x86_64-w64-mingw32-gcc || ! command -v wine; then
  [[ "$(id -u)" == 0 ]] && apt-get update -q &&
    apt-get install -y -q --no-install-recommends gcc-mingw-w64-x86-64 wine wine64 ||
    skip "mingw-w64 or Wine is not installed"
fi

export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/target}/windows"
mkdir -p "$CARGO_TARGET_DIR/dll"
export WINEPREFIX="$CARGO_TARGET_DIR/prefix" WINEDEBUG=-all WINEPATH="$CARGO_TARGET_DIR/dll"
export CARGO_TARGET_X86_64_PC_WINDOWS_GNU_LINKER=x86_64-w64-mingw32-gcc
export CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER=wine

# Wine 8 lacks this library, from which the standard library takes random numbers.
x86_64-w64-mingw32-gcc -shared -O -x c - -o "$WINEPATH/bcryptprimitives.dll" -ladvapi32 << 'END'
#include <stddef.h>
unsigned char __stdcall SystemFunction036(void *, unsigned long);
__declspec(dllexport) int __stdcall ProcessPrng(unsigned char *data, size_t length) {
  return SystemFunction036(data, (unsigned long)length);
}
END

# Every test in one executable, but for those that measure the memory of their process or listen to
# its events. As debug information is of no use here, it is left out.
CARGO_PROFILE_DEV_DEBUG=0 cargo test --target "$target" --package last-call --lib --test every \
  --test events -- --skip memory:: --skip events::
set +x
echo "not run: Ctrl-C, the tests that measure memory, and the tests of the examples"
