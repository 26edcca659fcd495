//! The cross-check of the engines as a test: `RUSTFLAGS="--cfg loom" cargo test`. An ordinary build
//! has nothing to check.

#![cfg(loom)]

use std::path::Path;

use verification::cross_check::{self, CheckerReport};

#[test]
fn loom_misses_no_outcome_of_the_facade_and_some_of_each_control() {
    let checker = Path::new(env!("CARGO_BIN_EXE_checker"));
    let report: CheckerReport = cross_check::run(checker).expect("the checker reports");
    if let Some(complaint) = report.complaint() {
        panic!("{complaint}");
    }
}
