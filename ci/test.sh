#!/usr/bin/env bash
# The README's test command, on the default queue and on the one that the models prove.
set -euxo pipefail
cd "$(dirname "$0")"/..

cargo test
cargo test --no-default-features
