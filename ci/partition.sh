#!/usr/bin/env bash
# Lists the models under nextest, as several machines would share them: each model is in exactly one
# part. Does not run them; ci/models.sh does.
set -euxo pipefail
cd "$(dirname "$0")"/..

if ! cargo nextest --version; then
  echo "cargo-nextest is not installed: nothing to check"
  exit 0
fi
export RUSTFLAGS="--cfg loom"
list() { cargo nextest list --package verification --message-format oneline "$@" | sort; }
parts=$(for part in 1 2; do list --partition "count:$part/2"; done | sort)
test "$parts" = "$(list)"
test "$(wc -l <<< "$parts")" -gt 50
