#!/usr/bin/env bash
# Runs the tests of every package but those of the pool on real threads, which ci/verify.sh runs on
# each queue, and the documentation tests. About 3 minutes.
#
# With `--all`, runs the README's test command and the pool's tests on the other queues instead.
set -euxo pipefail
cd "$(dirname "$0")"/..

if [[ "${1:-}" == --all ]]; then
  cargo test
  cargo test --package comparison
  LAST_CALL_QUEUE=channel cargo test --package last-call --tests
  LAST_CALL_QUEUE=work-stealing cargo test --package last-call --tests
  LAST_CALL_QUEUE=locked cargo test --package last-call --no-default-features
  exit
fi
cargo test --workspace --exclude last-call
cargo test --package last-call --lib
cargo test --package last-call --doc
