#!/usr/bin/env bash
# Runs cargo-mutants on the pool's sources. Every mutation runs in the ordinary build. Those that it
# misses run without features, and those still missed run in the loom build. Finally, the survivors
# of all builds are judged. Runs everything at once or one part at a time, so that several machines
# can share the work. Further arguments go to cargo-mutants.
#
#   ci/mutants.sh
#   ci/mutants.sh ordinary PART --shard 0/8     or --file src/queue/two_lock.rs
#   ci/mutants.sh bare PART                     what the ordinary build missed, without features
#   ci/mutants.sh loom PART                     what both builds missed, under loom
#   ci/mutants.sh merge                         merges all parts in target/mutants/parts
set -euxo pipefail
cd "$(dirname "$0")"/..

parts="$PWD/target/mutants/parts"

install() {
  for tool in mutants nextest; do
    cargo "$tool" --version || cargo install --locked "cargo-$tool"
  done
}

# Survivors (2) and hangs (3) do not fail this command: the merge judges them.
mutate() {
  local build="$1" part="$2"
  shift 2
  CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/target/mutants}/$build" cargo mutants --package last-call \
    --profile mutants --output "$parts/$part/$build" --no-shuffle --timeout 300 "$@" || [[ $? == [23] ]]
}

# One failure is enough. Few generated cases suffice, since most mutations are gross.
tests() {
  PROPTEST_CASES=60 PROPTEST_MAX_SHRINK_ITERS=0 NEXTEST_PROFILE=mutants mutate "$@" \
    --test-tool nextest --cargo-arg=--test=every
}

# For --iterate, which sees neither shards nor files: mutations that are not in the list count as
# caught.
only() {
  local build="$1" part="$2" list="$3" out="$parts/$2/$1/mutants.out"
  rm -rf "$parts/$part/$build"
  mkdir -p "$out"
  cargo mutants --package last-call --list > "$out/all"
  matching --invert-match --line-regexp --file "$list" "$out/all" > "$out/caught.txt"
}

# Prints the matching lines; having none is not an error.
matching() {
  grep --fixed-strings "$@" || [[ $? == 1 ]]
}

ordinary() {
  local part="$1"
  shift
  rm -rf "${parts:?}/$part"
  mkdir -p "$parts/$part/ordinary"
  tests ordinary "$part" --features crossbeam-channel "$@"
}

# Only these files differ without features.
bare() {
  local part="$parts/$1"
  grep --files-with-matches 'not(\(all(\)\?feature' src/*.rs src/*/*.rs | sed 's/$/:/' > "$part/files"
  matching --file "$part/files" "$part/ordinary/mutants.out/missed.txt" > "$part/for-bare"
  only bare "$1" "$part/for-bare"
  tests bare "$1" --iterate --no-default-features
}

# Runs every model of the pool until one fails.
loom() {
  local part="$parts/$1"
  matching --invert-match --line-regexp --file "$part/bare/mutants.out/caught.txt" \
    "$part/ordinary/mutants.out/missed.txt" > "$part/for-loom"
  only loom "$1" "$part/for-loom"
  RUSTFLAGS="--cfg loom" mutate loom "$1" --iterate \
    --cargo-arg=--package=verification --cargo-arg=--bin=model -- -- --every --mutant
}

merge() {
  local arguments=()
  for part in "$parts"/*; do
    for build in ordinary bare; do
      arguments+=(--ordinary "$part/$build/mutants.out")
    done
    arguments+=(--loom "$part/loom/mutants.out")
  done
  cargo verify survivors "${arguments[@]}"
}

case "${1:-}" in
  ordinary | bare | loom)
    install
    "$@"
    ;;
  merge) merge ;;
  *)
    install
    rm -rf "$parts"
    ordinary all "$@"
    bare all
    loom all
    merge
    ;;
esac
