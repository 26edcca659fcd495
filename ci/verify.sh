#!/usr/bin/env bash
# The whole audit. It leaves target/verification/audit.json, which CI keeps.
set -euxo pipefail
cd "$(dirname "$0")"/..

cargo verify
test -s target/verification/audit.json
