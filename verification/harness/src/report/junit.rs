//! `JUnit` XML: everything that was judged is a test case, in a suite for each group.

use std::time::Duration;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use crate::findings::part::Case;

/// Writes the report of a run that took that many seconds. `apart` returns the seconds of a group that
/// are not those of a case: faults that share their runs, say.
///
/// # Errors
///
/// What could not be written as XML.
pub fn render(
    name: &str,
    seconds: f64,
    cases: Vec<Case<'_>>,
    apart: impl Fn(&str) -> f64,
) -> Result<String, String> {
    let mut report = Report::new(name);
    report.set_time(duration(seconds));
    let mut groups: Vec<(String, Vec<Case<'_>>)> = Vec::new();
    for case in cases {
        match groups.iter_mut().find(|(name, _)| *name == case.group) {
            Some((_, cases)) => cases.push(case),
            None => groups.push((case.group.clone(), vec![case])),
        }
    }
    for (name, cases) in &groups {
        let mut suite = TestSuite::new(name);
        let known = cases.iter().filter_map(|case| case.seconds);
        suite.set_time(duration(apart(name) + known.sum::<f64>()));
        suite.add_test_cases(cases.iter().map(case));
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
    written.set_classname(case.group.replace('/', "."));
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
    use crate::findings::part::Case;

    #[test]
    fn a_group_is_one_suite_although_its_cases_are_apart() {
        let case = |group: &str, name: &str| Case::new(group, name).in_seconds(1.0);
        let failed = case("a/b", "two").unless(Some("it broke\nhere".to_owned()), None);
        let cases = vec![case("a/b", "one"), case("c", "three"), failed];
        let xml =
            super::render("a run", 4.0, cases, |group| f64::from(u8::from(group == "c"))).unwrap();
        let suites: Vec<_> = xml.lines().filter(|line| line.contains("<testsuite ")).collect();
        assert_eq!(suites.len(), 2, "{xml}");
        assert!(suites[0].contains("tests=\"2\"") && suites[0].contains("failures=\"1\""), "{xml}");
        assert!(suites.iter().all(|suite| suite.contains("time=\"2.000\"")), "{suites:?}");
        assert!(xml.contains("classname=\"a.b\"") && xml.contains("message=\"it broke\""), "{xml}");
    }
}
