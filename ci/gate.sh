#!/usr/bin/env bash
# Runs everything that must pass before a change lands, in CI and on a laptop. Every model, sample
# and test runs once. About 13 minutes on two quiet cores, from nothing.
set -euxo pipefail
cd "$(dirname "$0")"/..

ci/lint.sh
ci/docs.sh
ci/test.sh
ci/package.sh
ci/models.sh
ci/partition.sh
ci/verify.sh
ci/browser.sh
