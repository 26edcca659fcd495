//! SARIF of an audit: what was convicted on purpose is in `audit.json` and on the page.

use harness::report::github;
use harness::report::sarif::{self, Tool};

use crate::audit::Audit;

const TOOL: Tool = Tool {
    name: "cargo verify",
    version: env!("CARGO_PKG_VERSION"),
    rule: "broken-promise",
    rule_name: "BrokenPromise",
    short: "A promise of the pool is broken.",
    full: "A promise of the pool is broken, a defect that was seeded on purpose was not \
                     noticed, or the evidence differs from the record.",
    help: "The message names the model or the test. Run it alone with `cargo verify \
                     --model NAME`, or with `cargo test`. The thread flows are the execution that \
                     shows the failure; audit.html draws it. verification/CONTRACT.md has the \
                     promises.",
    help_markdown: "The message names the model or the test. Run it alone with `cargo verify \
                         --model NAME`, or with `cargo test`. The thread flows are the execution \
                         that shows the failure; `audit.html` draws it. `verification/CONTRACT.md` \
                         has the promises.",
    elsewhere: "verification/CONTRACT.md:1",
};

/// Writes the log.
///
/// # Errors
///
/// The error of the serializer.
pub fn render(audit: &Audit) -> Result<String, String> {
    sarif::render(&TOOL, github::repository().as_deref(), &audit.complaints())
}

#[cfg(test)]
mod tests {
    use harness::findings::trace::examples::deadlock;
    use serde_json::Value;

    use crate::audit::fixtures::{failing, holding};
    use crate::programs::GeneratedFailure;

    #[test]
    fn a_counterexample_has_a_flow_for_each_thread() {
        let log: Value = serde_json::from_str(&super::render(&failing()).unwrap()).unwrap();
        let result = &log["runs"][0]["results"][0];
        assert_eq!(
            (&result["level"], &result["ruleId"]),
            (&"error".into(), &"broken-promise".into())
        );
        let flows = result["codeFlows"][0]["threadFlows"].as_array().unwrap();
        let names: Vec<_> = flows.iter().map(|flow| flow["id"].as_str().unwrap()).collect();
        assert_eq!(names, ["main", "worker"]);
        let last = &flows[0]["locations"][1];
        assert_eq!(last["executionOrder"], 4);
        assert_eq!(last["location"]["physicalLocation"]["region"]["startLine"], 17);
    }

    #[test]
    fn a_generated_failure_has_its_flows() {
        let mut audit = holding();
        let failure = GeneratedFailure {
            program: "owner: Submit; other: ".to_owned(),
            how: "deadlock".to_owned(),
            trace: Some(deadlock()),
        };
        audit.generated[0].failures.push(failure);
        let log: Value = serde_json::from_str(&super::render(&audit).unwrap()).unwrap();
        let first = &log["runs"][0]["results"][0];
        assert_eq!((&first["level"], &first["kind"]), (&"error".into(), &"fail".into()));
        assert!(first["codeFlows"][0]["threadFlows"][1].is_object(), "{first}");
    }

    #[test]
    fn what_holds_has_no_result() {
        let log: Value = serde_json::from_str(&super::render(&holding()).unwrap()).unwrap();
        assert_eq!(log["runs"][0]["results"], Value::Array(Vec::new()));
    }
}
