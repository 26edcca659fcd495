#!/usr/bin/env bash
# The README's loom command: every model and every sample, their seeded defects, and the verdicts.
set -euxo pipefail
cd "$(dirname "$0")"/..

RUSTFLAGS="--cfg loom" cargo test
