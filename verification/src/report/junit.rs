//! `JUnit` XML: each trial, each fault at a call site and each test is a test case.

use std::time::Duration;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::not_convicted;
use crate::audit::{Audit, TrialReport};
use crate::verdict::Verdict;

/// Writes the report.
///
/// # Errors
///
/// What could not be written as XML.
pub fn render(audit: &Audit) -> Result<String, String> {
    let mut report = Report::new("cargo verify");
    report.set_time(seconds(audit.seconds));
    report.add_test_suite(suite("models", audit.trials.iter().map(trial)));
    if let Some(matrix) = &audit.kill_matrix {
        let cases = matrix.entries.iter().map(|entry| {
            let name = format!("{} at {}: {}", entry.operation, entry.site, entry.fault);
            case(&name, (!entry.is_good()).then(|| entry.verdict.clone()), None)
        });
        report.add_test_suite(suite("faults at call sites", cases));
    }
    for generated in &audit.generated {
        let complaints = generated.complaints();
        let failure = (!generated.is_good()).then(|| complaints.join("\n"));
        let name = format!("all {} programs on {}", generated.programs, generated.subject);
        let whole = case(&name, failure, Some(generated.seconds));
        report.add_test_suite(suite("generated programs", [whole].into_iter()));
    }
    let samples = audit.samples.iter();
    let samples = samples.map(|one| case(&one.name, one.complaint(), Some(one.seconds)));
    report.add_test_suite(suite("samples", samples));
    if let Some(checker) = &audit.checker {
        let whole = case("against an enumeration", checker.complaint(), Some(checker.seconds));
        report.add_test_suite(suite("the cross-check of the engines", [whole].into_iter()));
    }
    if let Some(mutants) = &audit.mutants {
        let cases = mutants.mutants.iter();
        let cases = cases.map(|one| case(&one.name, not_convicted(one), Some(one.seconds)));
        report.add_test_suite(suite("mutants", cases));
    }
    for executable in &audit.suites {
        let tests = executable.tests.iter().map(|test| {
            let failure = (!test.verdict.holds()).then(|| test.verdict.to_string());
            case(&test.name, failure, None)
        });
        // One that hung or died has no line of its own: the executable itself is then a case.
        let whole = executable.failure.clone().map(|text| case("the executable", Some(text), None));
        let mut suite = suite(&executable.name, tests.chain(whole));
        suite.set_time(seconds(executable.seconds));
        report.add_test_suite(suite);
    }
    report.to_string().map_err(|error| error.to_string())
}

fn suite(name: &str, cases: impl Iterator<Item = TestCase>) -> TestSuite {
    let mut suite = TestSuite::new(name);
    suite.add_test_cases(cases);
    suite
}

fn trial(trial: &TrialReport) -> TestCase {
    let mut case = case(&trial.name, trial.complaint(), Some(trial.seconds()));
    let verdict = match &trial.verdict {
        Verdict::Failed(reason) if trial.as_expected => {
            format!("convicted, as it must be: {reason}")
        }
        verdict => format!("{verdict}, {} executions", trial.executions()),
    };
    case.set_system_out(format!("{}\n{verdict}\n", trial.property));
    case
}

fn case(name: &str, failure: Option<String>, time: Option<f64>) -> TestCase {
    let status = match failure {
        None => TestCaseStatus::success(),
        Some(failure) => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_message(failure.lines().next().unwrap_or_default().to_owned());
            status.set_description(failure);
            status
        }
    };
    let mut case = TestCase::new(name, status);
    if let Some(time) = time {
        case.set_time(seconds(time));
    }
    case
}

fn seconds(number: f64) -> Duration {
    Duration::try_from_secs_f64(number).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use crate::mutants::{Fate, MutantReport, Mutants};
    use crate::report::tests::{failing, holding};

    #[test]
    fn each_mutant_is_a_case() {
        let mutant = |name: &str, fate| MutantReport {
            name: name.to_owned(),
            defect: "it is wrong".to_owned(),
            clauses: vec![7],
            hazards: Vec::new(),
            kind: "model".to_owned(),
            judge: "x".to_owned(),
            fate,
            message: "nothing failed".to_owned(),
            trace: None,
            seconds: 1.0,
        };
        let mutants = vec![mutant("one", Fate::Convicted), mutant("two", Fate::Survived)];
        let mut audit = holding();
        audit.mutants = Some(Mutants { seconds: 2.0, mutants });
        let xml = super::render(&audit).unwrap();
        assert!(xml.contains("name=\"mutants\" tests=\"2\""), "{xml}");
        assert!(xml.contains("SURVIVED under x: nothing failed"), "{xml}");
    }

    #[test]
    fn what_failed_is_a_failure_and_what_holds_is_none() {
        let xml = super::render(&failing()).unwrap();
        assert!(
            xml.contains(
                "<testsuite name=\"models\" tests=\"1\" skipped=\"0\" errors=\"0\" failures=\"1\""
            ),
            "{xml}"
        );
        assert!(xml.contains("it broke"), "{xml}");
        let xml = super::render(&holding()).unwrap();
        assert!(xml.contains("failures=\"0\"") && !xml.contains("<failure"), "{xml}");
        assert!(xml.contains("PROVED, 12 executions"), "{xml}");
    }
}
