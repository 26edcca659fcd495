#!/usr/bin/env bash
# Runs everything that must pass before a change lands, in CI and on a laptop. Every model, sample
# and test runs once. Up to half an hour on two cores, from nothing.
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
