#!/usr/bin/env bash
# Every sample and its seeded defects, under shuttle, and the replay of a failure.
set -euxo pipefail
cd "$(dirname "$0")"/..

RUSTFLAGS="--cfg shuttle" cargo test --package verification --test samples
