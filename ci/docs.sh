#!/usr/bin/env bash
# Builds the documentation without warnings; also as docs.rs does, with a nightly compiler, if there is
# one. Says which it did not build. About a minute.
set -euxo pipefail
cd "$(dirname "$0")"/..

RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps
RUSTDOCFLAGS="-D warnings" cargo doc --package last-call --no-deps --features signal,tracing

if rustup run nightly rustc --version; then
  RUSTDOCFLAGS="--cfg docsrs -D warnings" cargo +nightly doc --package last-call --no-deps \
    --features crossbeam-channel,signal,tracing --target-dir "${CARGO_TARGET_DIR:-target}/docsrs"
else
  echo "not run: the documentation as on docs.rs, since there is no nightly compiler"
fi
