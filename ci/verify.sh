#!/usr/bin/env bash
# The whole audit, or what the arguments leave of it. Whole, it leaves target/verification/audit.json
# and the reports beside it, which CI keeps.
set -euxo pipefail
cd "$(dirname "$0")"/..

cargo verify "$@"
