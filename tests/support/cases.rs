//! Generated test cases, each with a time limit, counted.

use std::cell::Cell;
use std::env;
use std::time::Duration;

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, TestCaseError, TestError, TestRunner};

use super::{attempt, Progress};

/// The time limit of one case. A hang is then a failure like any other, and is made smaller.
const LIMIT: Duration = Duration::from_secs(10);

/// How often a case is tried in the search for the smallest that fails.
const TRIES: u32 = 20;

/// Runs `test` on so many cases, or on `PROPTEST_CASES`, and returns how many really ran.
///
/// # Panics
///
/// If a case fails or hangs, with the smallest one that was found.
pub(crate) fn run<S>(
    what: &'static str,
    cases: u32,
    strategy: S,
    test: fn(S::Value, &Progress),
) -> u64
where
    S: Strategy,
    S::Value: Clone + Send + 'static,
{
    let cases = env::var("PROPTEST_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(cases);
    let config = Config {
        cases,
        failure_persistence: None,
        // A case that hangs takes its whole time limit at every step.
        max_shrink_time: 120_000,
        ..Config::default()
    };
    let (ran, shrinking) = (Cell::new(0), Cell::new(false));
    let result = TestRunner::new(config).run(&strategy, |case| {
        // Threads race: a case that has failed once is made smaller with cases that fail in one of
        // many tries.
        let tries = if shrinking.replace(true) { TRIES } else { 1 };
        for _ in 0..tries {
            let case = case.clone();
            ran.set(ran.get() + 1);
            let body = move |progress: &Progress| test(case, progress);
            attempt(LIMIT, what, body).map_err(TestCaseError::fail)?;
        }
        shrinking.set(tries == TRIES);
        Ok(())
    });
    match result {
        Ok(()) => ran.get(),
        Err(TestError::Fail(reason, case)) => panic!("{what}: {reason}\nsmallest case: {case:?}"),
        Err(TestError::Abort(reason)) => panic!("{what}: {reason}"),
    }
}
