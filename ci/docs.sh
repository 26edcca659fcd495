#!/usr/bin/env bash
# Documentation without a warning.
set -euxo pipefail
cd "$(dirname "$0")"/..

RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps
RUSTDOCFLAGS="-D warnings" cargo doc --package last-call --no-deps --features signal,tracing
