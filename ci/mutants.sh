#!/usr/bin/env bash
# cargo-mutants over the pool's sources, in the ordinary build and in loom's, and what survives both.
# Arguments go to both runs: --shard 0/8, say, or --file src/queue/two_lock.rs. Hours, if all is run.
set -euxo pipefail
cd "$(dirname "$0")"/..

if ! cargo mutants --version; then
  cargo install --locked cargo-mutants
fi
out="$PWD/target/mutants"
rm -rf "$out"
# Survivors are not this command's failure (2), nor are hangs (3): the merge judges.
run() {
  local build="$1"
  shift
  mkdir -p "$out/$build"
  cargo mutants --package last-call --output "$out/$build" --no-shuffle --timeout 300 "$@" ||
    [[ $? == [23] ]]
}
run ordinary "$@" -- --package last-call --tests
RUSTFLAGS="--cfg loom" run loom --test-package verification "$@" -- --test models

cargo verify survivors --ordinary "$out/ordinary/mutants.out" --loom "$out/loom/mutants.out"
