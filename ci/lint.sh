#!/usr/bin/env bash
# Checks the formatting, and runs clippy in every build. clippy also checks the MSRV of the pool
# crate, as far as it knows the versions of the standard library's items (incompatible_msrv);
# ci/msrv.sh builds with those compilers.
set -euxo pipefail
cd "$(dirname "$0")"/..

cargo fmt --all --check
cargo clippy --workspace --all-targets -- -D warnings
cargo clippy --workspace --all-targets --no-default-features -- -D warnings
cargo clippy --package last-call --lib --no-default-features -- -D warnings
cargo clippy --package last-call --lib --no-default-features --features signal -- -D warnings
cargo clippy --package last-call --lib -- -D warnings
# Without the comparison: some of the other pools change under that cfg.
RUSTFLAGS="--cfg loom" cargo clippy --workspace --exclude comparison --all-targets -- -D warnings

# Confinement: under loom, the locks and threads of the standard library are invisible to the
# models, which would pass without exploring them. ci/clippy.toml lists them. Only the facade may
# use them.
RUSTFLAGS="--cfg loom" CLIPPY_CONF_DIR=ci cargo clippy --package last-call --lib --features __internals -- \
  -D warnings -D clippy::disallowed_types -D clippy::disallowed_methods
# No model may skip a part of its executions.
RUSTFLAGS="--cfg loom" CLIPPY_CONF_DIR=ci/models cargo clippy --package verification --all-targets -- \
  -D warnings -D clippy::disallowed_methods

# The build that `cargo trial` makes of a crate with models.
RUSTFLAGS="--cfg mazurka" cargo clippy --package mazurka-examples --all-targets -- -D warnings
