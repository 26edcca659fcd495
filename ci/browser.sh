#!/usr/bin/env bash
# Tests the page of the last audit in a real browser. Installs Chromium if there is none, which
# requires root on Debian or a derivative.
set -euxo pipefail
cd "$(dirname "$0")"/..

if ! command -v chromedriver; then
  apt-get update -q
  apt-get install -y -q --no-install-recommends chromium chromium-driver
fi
AUDIT_PAGE="$PWD/${1:-target/verification/audit.html}" \
  cargo test --package verification --features browser --test browser
