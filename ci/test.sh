#!/usr/bin/env bash
# Runs the README's test command, the comparison with other pools, and the pool's tests on the other
# queues. The queue `locked` is tested without features, which is the build that is proved as a
# whole.
set -euxo pipefail
cd "$(dirname "$0")"/..

cargo test
cargo test --package comparison
LAST_CALL_QUEUE=channel cargo test --tests
LAST_CALL_QUEUE=locked cargo test --no-default-features
