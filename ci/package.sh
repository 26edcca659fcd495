#!/usr/bin/env bash
# Checks what a user of the registry gets: packages the pool, unpacks the package outside of the
# repository, builds it there, and runs its tests, its example and its documentation tests. About
# a minute after ci/test.sh, which builds the same dependencies, and three from nothing.
set -euxo pipefail
cd "$(dirname "$0")"/..

export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/target}"
cargo package --package last-call --allow-dirty --no-verify
# Always the same folder, and its files are new: cargo would take executables of another run for fresh.
folder="${TMPDIR:-/tmp}/last-call-package"
rm -rf "$folder"
mkdir -p "$folder"
trap 'rm -rf "$folder"' EXIT
tar --extract --file "$(ls -t "$CARGO_TARGET_DIR"/package/last-call-*.crate | head -1)" \
  --directory "$folder" --strip-components 1 --touch
cd "$folder"

# Each file that the package must have, and each relative link of its pages.
for file in README.md CHANGELOG.md CONTRIBUTING.md LICENSE-MIT LICENSE-APACHE; do
  test -s "$file"
done
for page in *.md; do
  # A link without a scheme is a file beside the page; one that begins with # is a section of it.
  { grep -oE '\]\([^)]+\)' "$page" || true; } | sed 's/^](//; s/)$//; s/#.*//' | while read -r link; do
    [[ -z "$link" || "$link" =~ ^https?:// || -e "$link" ]] || { echo "$page: no $link"; exit 1; }
  done
done

# As a user's own package is built by default.
export CARGO_PROFILE_DEV_OPT_LEVEL=0

cargo check --no-default-features --lib
# Without the features of the example and of some tests, which are left out.
cargo check --all-targets
cargo test --doc
# The README's command, and every test: in one executable, but for those that measure the memory of
# their process or listen to its events.
cargo run --example server --features signal,tracing -- --help
cargo build --features signal,tracing --example accept_loop --example files --example service \
  --example sum
cargo test --features __internals,signal,tracing --lib --test every --test memory --test events \
  --test server --test readme --test examples --example server --example accept_loop \
  -- --skip memory:: --skip events::
