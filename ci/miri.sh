#!/usr/bin/env bash
# Runs the tests of scopes, whose lifetimes are erased by the pool's only unsafe code, under Miri, on
# each queue, and checks that it finds a planted use of a borrow after its end. Needs a nightly
# compiler with Miri, which it installs through rustup; says what it did not run. About 5 minutes on
# two cores, from nothing.
set -euxo pipefail
cd "$(dirname "$0")"/..

rustup component add miri rust-src --toolchain nightly || {
  set +x
  echo "not run: Miri, since there is no nightly compiler with it"
  exit
}

export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/target}/miri"
# The watchdog needs the clock. Leaks: some tests forget handles on purpose.
export MIRIFLAGS="-Zmiri-disable-isolation -Zmiri-ignore-leaks"

# A scope that does not wait for its jobs. Miri must find that they use what is gone.
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
git archive HEAD | tar -x -C "$folder"
patch -p1 -d "$folder" < verification/mutants/scope/released-before-it-runs.patch
if cargo +nightly miri test --manifest-path "$folder/Cargo.toml" --test scope jobs_borrow \
  > "$folder/output" 2>&1 || ! grep "Undefined Behavior" "$folder/output"; then
  tail -n 50 "$folder/output"
  echo "Miri does not find the planted defect"
  exit 1
fi

for queue in two-lock locked; do
  LAST_CALL_QUEUE=$queue cargo +nightly miri test --test scope
done
