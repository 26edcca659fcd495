#!/usr/bin/env bash
# Formatting, and clippy in every build. The minimum Rust version of the pool crate is checked as far
# as clippy knows when each item of the standard library came (incompatible_msrv).
set -euxo pipefail
cd "$(dirname "$0")"/..

cargo fmt --all --check
cargo clippy --workspace --all-targets -- -D warnings
cargo clippy --workspace --all-targets --no-default-features -- -D warnings
cargo clippy --package last-call --lib --no-default-features -- -D warnings
cargo clippy --package last-call --lib --no-default-features --features signal -- -D warnings
cargo clippy --package last-call --lib -- -D warnings
# Without the comparison: some of the other pools change with that cfg.
RUSTFLAGS="--cfg loom" cargo clippy --workspace --exclude comparison --all-targets -- -D warnings

# Confinement: under loom, a lock or a thread of the standard library's is invisible to the models,
# which would then pass without exploring it. ci/clippy.toml names them; the facade is the exception.
RUSTFLAGS="--cfg loom" CLIPPY_CONF_DIR=ci cargo clippy --package last-call --lib --features __internals -- \
  -D warnings -D clippy::disallowed_types -D clippy::disallowed_methods
# And no model leaves a part of its executions out.
RUSTFLAGS="--cfg loom" CLIPPY_CONF_DIR=ci/models cargo clippy --package verification --all-targets -- \
  -D warnings -D clippy::disallowed_methods
