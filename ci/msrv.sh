#!/usr/bin/env bash
# Builds the pool with the oldest compilers that it promises, as a dependency of a fresh package:
# 1.74.1 without features, 1.85.0 with every feature. Installs them through rustup, and says which of
# them it could not install. About a minute on two cores, from nothing.
set -euxo pipefail
cd "$(dirname "$0")"/..

pool="$PWD"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/src"
echo "pub use last_call::ThreadPool;" > "$folder/src/lib.rs"
cat > "$folder/Cargo.toml" << END
[package]
name = "dependent"
version = "0.0.0"
edition = "2021"

[workspace]

[features]
default = ["last-call/default"]

[dependencies]
last-call = { path = "$pool", default-features = false }
END
cd "$folder"
# Apart from the repository's own builds.
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$pool/target}/msrv"

skipped=()
# build TOOLCHAIN ARGUMENTS...
build() {
  local toolchain="$1"
  shift
  if ! rustup run "$toolchain" rustc --version &&
    ! rustup toolchain install "$toolchain" --profile minimal --no-self-update; then
    skipped+=("$toolchain: $*;")
    return
  fi
  rm -f Cargo.lock
  # Rust 1.85 selects versions of dependencies by their MSRV, as edition 2024 does by default.
  CARGO_RESOLVER_INCOMPATIBLE_RUST_VERSIONS=fallback cargo "+$toolchain" build "$@"
}

build 1.74.1 --no-default-features
build 1.85.0
build 1.85.0 --features last-call/crossbeam-channel,last-call/signal,last-call/tracing

set +x
echo "not run: ${skipped[*]:-nothing}"
