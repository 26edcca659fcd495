//! `JUnit` XML: each model is a test case.

use std::time::Duration;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use crate::judge::Case;
use crate::passes;

/// Renders the report.
///
/// # Errors
///
/// What cannot be written as XML.
pub(crate) fn render(models: &[Case], must_fail: bool) -> Result<String, String> {
    let mut suite = TestSuite::new("models");
    suite.add_test_cases(models.iter().map(|case| test_case(case, must_fail)));
    let mut report = Report::new("cargo trial");
    report.set_time(duration(models.iter().map(|case| case.seconds).sum()));
    report.add_test_suite(suite);
    report.to_string().map_err(|error| error.to_string())
}

fn test_case(case: &Case, must_fail: bool) -> TestCase {
    let status = if passes(case, must_fail) {
        TestCaseStatus::success()
    } else {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        let message =
            if case.message.is_empty() { "it holds, and must fail" } else { &case.message };
        status.set_message(format!("{}: {message}", case.verdict.word()));
        status.set_description(format!("{message}\n\n{}", case.end.lanes));
        status
    };
    let mut written = TestCase::new(&case.name, status);
    written.set_classname(case.name.split("::").next().unwrap_or_default().to_owned());
    written.set_time(duration(case.seconds));
    let remarks = case.end.remarks.join("\n");
    written.set_system_out(format!(
        "{}, {} executions, {}\n{remarks}\n",
        case.verdict.word(),
        case.end.executions,
        case.engine
    ));
    written
}

fn duration(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}
