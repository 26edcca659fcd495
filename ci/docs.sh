#!/usr/bin/env bash
# Builds the documentation without warnings.
set -euxo pipefail
cd "$(dirname "$0")"/..

RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps
RUSTDOCFLAGS="-D warnings" cargo doc --package last-call --no-deps --features signal,tracing
