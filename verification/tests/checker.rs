//! The checker checked, as a test: `RUSTFLAGS="--cfg loom" cargo test`. In an ordinary build there
//! is nothing to check.

#![cfg(loom)]

use std::path::Path;

use verification::cross_check::{self, CheckerReport};

#[test]
fn loom_misses_nothing_that_the_facade_can_do_and_each_control_is_caught() {
    let checker = Path::new(env!("CARGO_BIN_EXE_checker"));
    let report: CheckerReport = cross_check::run(checker).expect("the checker reports");
    if let Some(complaint) = report.complaint() {
        panic!("{complaint}");
    }
}
