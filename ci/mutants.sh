#!/usr/bin/env bash
# cargo-mutants over the pool's sources: every mutation in the ordinary build, what that does not catch
# in loom's, and then what survives both. All of it, or a part at a time, which may be on several
# machines; other arguments are cargo-mutants'.
#
#   ci/mutants.sh
#   ci/mutants.sh ordinary PART --shard 0/8     or --file src/queue/two_lock.rs
#   ci/mutants.sh loom PART                     what the ordinary build missed there
#   ci/mutants.sh merge                         of all parts in target/mutants/parts
set -euxo pipefail
cd "$(dirname "$0")"/..

parts="$PWD/target/mutants/parts"

install() {
  for tool in mutants nextest; do
    cargo "$tool" --version || cargo install --locked "cargo-$tool"
  done
}

# Survivors are not this command's failure (2), nor are hangs (3): the merge judges.
mutate() {
  local build="$1" part="$2"
  shift 2
  CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/target/mutants}/$build" cargo mutants --package last-call \
    --profile mutants --output "$parts/$part/$build" --no-shuffle --timeout 300 "$@" || [[ $? == [23] ]]
}

ordinary() {
  rm -rf "${parts:?}/$1"
  mkdir -p "$parts/$1/ordinary"
  # A failure is enough, and what many cases find, fewer find too: most mutations are gross.
  PROPTEST_CASES=60 PROPTEST_MAX_SHRINK_ITERS=0 NEXTEST_PROFILE=mutants mutate ordinary "$@" --test-tool nextest \
    --features crossbeam-channel --cargo-arg=--test=every
}

# Every model of the pool, with at most two preemptions, until one complains.
loom() {
  local before="$parts/$1/loom/mutants.out"
  rm -rf "$parts/$1/loom"
  mkdir -p "$before"
  # To --iterate, all that was not missed counts as caught before; it sees neither shards nor files.
  cargo mutants --package last-call --list > "$before/all"
  grep --invert-match --line-regexp --fixed-strings --file "$parts/$1/ordinary/mutants.out/missed.txt" \
    "$before/all" > "$before/caught.txt"
  RUSTFLAGS="--cfg loom" mutate loom "$1" --iterate \
    --test-package verification --cargo-arg=--bin=model -- -- --every --mutant 2
}

merge() {
  local arguments=()
  for part in "$parts"/*; do
    arguments+=(--ordinary "$part/ordinary/mutants.out" --loom "$part/loom/mutants.out")
  done
  cargo verify survivors "${arguments[@]}"
}

case "${1:-}" in
  ordinary | loom)
    install
    "$@"
    ;;
  merge) merge ;;
  *)
    install
    rm -rf "$parts"
    ordinary all "$@"
    loom all
    merge
    ;;
esac
