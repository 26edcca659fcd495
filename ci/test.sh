#!/usr/bin/env bash
# The README's test command, the comparison with other pools, and the pool's tests on the other queues; on `locked` without features, as
# who wants to run what is proved whole would.
set -euxo pipefail
cd "$(dirname "$0")"/..

cargo test
cargo test --package comparison
LAST_CALL_QUEUE=channel cargo test --tests
LAST_CALL_QUEUE=locked cargo test --no-default-features
