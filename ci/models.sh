#!/usr/bin/env bash
# Runs the README's loom command for everything but the models and samples, which ci/verify.sh runs;
# of those a few, so that the command is known to work. About 3 minutes.
#
# With `--all`, runs every model and every sample, with their seeded defects.
set -euxo pipefail
cd "$(dirname "$0")"/..

export RUSTFLAGS="--cfg loom"
if [[ "${1:-}" == --all ]]; then
  cargo test
  exit
fi
cargo test -- --skip last-call --skip book-stage
cargo test --package verification --test models -- drop-idle
cargo test --package verification --test samples -- drop-8x32
