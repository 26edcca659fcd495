#!/usr/bin/env bash
# Runs the README's loom command: every model and every sample, with their seeded defects and
# verdicts.
set -euxo pipefail
cd "$(dirname "$0")"/..

RUSTFLAGS="--cfg loom" cargo test
