//! `JUnit` XML of an audit.

use harness::findings::part::Part as _;
use harness::report::junit;

use crate::audit::Audit;

/// Writes the report.
///
/// # Errors
///
/// What could not be written as XML.
pub fn render(audit: &Audit) -> Result<String, String> {
    junit::render("cargo verify", audit.seconds, audit.cases(), |group| apart(audit, group))
}

/// Returns the seconds of a group whose cases have none. A test executable does not say how long each
/// of its tests took, nor do faults at call sites, which share their runs; the time of all is known.
fn apart(audit: &Audit, group: &str) -> f64 {
    let executables = audit.suites.iter().filter(|suite| suite.name == group);
    let faults = audit.kill_matrix.iter().filter(|_| audit.kill_matrix.name() == group);
    executables.map(|suite| suite.seconds).chain(faults.map(|matrix| matrix.seconds)).sum()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

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
    fn each_case_has_a_class_and_each_suite_a_time() {
        let mut audit = holding();
        let mut second = audit.suites[0].clone();
        second.name = "locked/y".to_owned();
        let mut again = audit.suites[0].clone();
        again.tests[0].name = "locked/x/b".to_owned();
        audit.suites.extend([second, again]); // The first group returns after another.
        let xml = super::render(&audit).unwrap();
        let suites: Vec<_> =
            xml.lines().filter(|line| line.trim_start().starts_with("<testsuite ")).collect();
        let names: BTreeSet<_> = suites.iter().map(|line| line.split('"').nth(1)).collect();
        assert_eq!(names.len(), suites.len(), "{suites:?}");
        assert!(suites.iter().all(|line| line.contains(" time=\"")), "{suites:?}");
        let x = suites.iter().find(|line| line.contains("\"locked/x\"")).unwrap();
        assert!(x.contains("tests=\"2\"") && x.contains("time=\"2.000\""), "{x}");
        let mut cases = xml.lines().filter(|line| line.contains("<testcase "));
        assert!(cases.all(|line| line.contains(" classname=\"")), "{xml}");
        assert!(xml.contains("name=\"locked/x/a\" classname=\"locked.x\""), "{xml}");
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
