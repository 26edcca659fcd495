#!/usr/bin/env bash
# Everything that must hold before a change lands; a laptop runs the same.
set -euxo pipefail
cd "$(dirname "$0")"/..

ci/lint.sh
ci/docs.sh
ci/test.sh
ci/models.sh
ci/partition.sh
ci/verify.sh
ci/browser.sh
