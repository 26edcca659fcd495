#!/usr/bin/env bash
# The page of the last audit in a real browser. Where there is none, it is installed if that can be
# done: on Debian and its kin, by root.
set -euxo pipefail
cd "$(dirname "$0")"/..

if ! command -v chromedriver; then
  apt-get update -q
  apt-get install -y -q --no-install-recommends chromium chromium-driver
fi
AUDIT_PAGE="$PWD/${1:-target/verification/audit.html}" \
  cargo test --package verification --features browser --test browser
