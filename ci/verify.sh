#!/usr/bin/env bash
# Runs the whole audit, or the part that the arguments select. A whole audit writes
# target/verification/audit.json and the reports beside it, which CI keeps.
set -euxo pipefail
cd "$(dirname "$0")"/..

cargo verify "$@"
