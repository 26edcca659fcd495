#!/usr/bin/env bash
# Runs the pool's stress tests under ThreadSanitizer, on each queue, and checks that it finds a
# planted race. Needs a nightly compiler with rust-src, which it installs through rustup; says what
# it did not run. About 4 minutes on two cores, from nothing.
set -euxo pipefail
cd "$(dirname "$0")"/..

skip() {
  set +x
  echo "not run: ThreadSanitizer, since $1"
  exit
}

[[ "$(uname -sm)" == "Linux x86_64" ]] || skip "this is not Linux on x86_64"
rustup run nightly rustc --version || rustup toolchain install nightly --profile minimal ||
  skip "there is no nightly compiler"
rustup component add rust-src --toolchain nightly || skip "there is no source of the standard library"

target=x86_64-unknown-linux-gnu
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/target}/sanitizers"
export RUSTFLAGS="-Zsanitizer=thread" TSAN_OPTIONS="halt_on_error=1"
# With the standard library: its locks must be seen too.
sanitized() {
  cargo +nightly "$@" --target "$target" -Zbuild-std
}

# A race that must be found.
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/src"
cat > "$folder/Cargo.toml" << 'END'
[package]
name = "race"
version = "0.0.0"
edition = "2021"

[workspace]
END
cat > "$folder/src/main.rs" << 'END'
static mut COUNT: u64 = 0;

fn count() {
    for _ in 0..1000 {
        unsafe { *(&raw mut COUNT) += 1 };
    }
}

fn main() {
    let other = std::thread::spawn(count);
    count();
    other.join().unwrap();
}
END
(cd "$folder" && sanitized build)
if output=$("$CARGO_TARGET_DIR/$target/debug/race" 2>&1) || [[ "$output" != *"data race"* ]]; then
  echo "ThreadSanitizer does not find the planted race"
  exit 1
fi

for queue in two-lock locked channel; do
  LAST_CALL_QUEUE="$queue" sanitized test --package last-call --features crossbeam-channel \
    --test stress --test shutdown --test handles --test backpressure --test idle
done
set +x
echo "not run: nothing"
