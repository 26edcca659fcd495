//! Generated test cases, each with a time limit, counted.

use std::cell::Cell;
use std::env;
use std::time::Duration;

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, TestCaseError, TestError, TestRunner};

use super::{attempt, Progress};

/// How long one case may take; a hang is then a failure like any other, and made smaller.
const LIMIT: Duration = Duration::from_secs(10);

/// Runs `test` on that many cases (or on `PROPTEST_CASES`) and returns how many really ran.
///
/// # Panics
///
/// If a case fails or hangs, with the smallest that was found.
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
        // A hung case takes its whole limit at every step.
        max_shrink_time: 120_000,
        ..Config::default()
    };
    let ran = Cell::new(0);
    let result = TestRunner::new(config).run(&strategy, |case| {
        ran.set(ran.get() + 1);
        let body = move |progress: &Progress| test(case, progress);
        attempt(LIMIT, what, body).map_err(TestCaseError::fail)
    });
    match result {
        Ok(()) => ran.get(),
        Err(TestError::Fail(reason, case)) => panic!("{what}: {reason}\nsmallest case: {case:#?}"),
        Err(TestError::Abort(reason)) => panic!("{what}: {reason}"),
    }
}
