//! `JUnit` XML: everything that was judged is a test case.

use std::time::Duration;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use crate::audit::Audit;
use crate::findings::part::Case;

/// Writes the report.
///
/// # Errors
///
/// What could not be written as XML.
pub fn render(audit: &Audit) -> Result<String, String> {
    let mut report = Report::new("cargo verify");
    report.set_time(duration(audit.seconds));
    let cases = audit.cases();
    for group in cases.chunk_by(|one, next| one.group == next.group) {
        let mut suite = TestSuite::new(&group[0].group);
        suite.add_test_cases(group.iter().map(case));
        report.add_test_suite(suite);
    }
    report.to_string().map_err(|error| error.to_string())
}

fn case(case: &Case<'_>) -> TestCase {
    let status = match case.complaints.first() {
        None => TestCaseStatus::success(),
        Some(first) => {
            let messages = case.complaints.iter().map(|complaint| &*complaint.message);
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_message(first.message.lines().next().unwrap_or_default().to_owned());
            status.set_description(messages.collect::<Vec<_>>().join("\n"));
            status
        }
    };
    let mut written = TestCase::new(&case.name, status);
    if let Some(seconds) = case.seconds {
        written.set_time(duration(seconds));
    }
    if !case.result.is_empty() {
        written.set_system_out(format!("{}\n", case.result));
    }
    written
}

fn duration(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use crate::audit::fixtures::{failing, holding};
    use crate::mutation::seeded::{Fate, MutantReport, Mutants};

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
