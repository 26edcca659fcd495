//! SARIF 2.1.0: each failure and each counterexample as a result, with a thread flow for each thread.
//!
//! The crate serde-sarif has types for the format and nothing else; it takes longer to compile than
//! all of this package's reports. A test checks what the standard requires.

use std::collections::BTreeMap;

use serde_json::{json, Value};

use super::place;
use crate::audit::Audit;
use crate::findings::part::{Complaint, Exhibit, FAILURE};
use crate::findings::trace::Trace;
use crate::report::interleaving::Interleaving;

const RULE: &str = "broken-promise";
const CONTROL: &str = "convicted-control";

/// Writes the log. A failure is an error; an expected conviction is informational.
///
/// # Errors
///
/// The error of the serializer.
pub fn render(audit: &Audit) -> Result<String, String> {
    let failed = audit.complaints().into_iter().map(|complaint| {
        let Complaint { subject, message, site, trace } = complaint;
        result(RULE, &format!("{subject}: {message}"), site.as_deref(), trace)
    });
    let controls = audit.exhibits().into_iter().filter(|exhibit| exhibit.kind != FAILURE);
    let controls = controls.map(|exhibit| {
        let Exhibit { title, model, how, trace, .. } = exhibit;
        let site = trace.steps.last().map(|step| &*step.site);
        result(CONTROL, &format!("{model}: {title}: {how}"), site, Some(trace))
    });
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "cargo verify",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": [
                    rule(RULE, "A promise of the pool is broken, or its evidence differs from the record."),
                    rule(CONTROL, "Something that is broken on purpose was convicted, as expected: a subject, a seeded defect, or a fault at a call site."),
                ],
            } },
            "invocations": [{ "executionSuccessful": true }],
            "results": failed.chain(controls).collect::<Vec<_>>(),
        }],
    });
    serde_json::to_string_pretty(&log).map(|text| text + "\n").map_err(|error| error.to_string())
}

fn rule(id: &str, text: &str) -> Value {
    json!({ "id": id, "shortDescription": { "text": text } })
}

fn result(rule: &str, message: &str, site: Option<&str>, trace: Option<&Trace>) -> Value {
    let mut result = json!({
        "ruleId": rule,
        "kind": if rule == RULE { "fail" } else { "informational" },
        "level": if rule == RULE { "error" } else { "none" },
        "message": { "text": message },
        "locations": site.and_then(location).into_iter().collect::<Vec<_>>(),
    });
    if let Some(flow) = trace.and_then(|trace| code_flow(&Interleaving::new(trace))) {
        result["codeFlows"] = json!([flow]);
    }
    result
}

fn location(site: &str) -> Option<Value> {
    let (file, line) = place(site)?;
    Some(json!({ "physicalLocation": {
        "artifactLocation": { "uri": file },
        "region": { "startLine": line },
    } }))
}

/// One flow a thread; the order of execution goes through all of them. None if no step has a place.
fn code_flow(told: &Interleaving) -> Option<Value> {
    let mut flows: BTreeMap<usize, Vec<Value>> = BTreeMap::new();
    for row in &told.rows {
        let Some(mut location) = location(&row.site) else { continue };
        location["message"] = json!({ "text": row.words });
        flows
            .entry(row.thread)
            .or_default()
            .push(json!({ "executionOrder": row.number, "location": location }));
    }
    let flows = flows.into_iter().map(
        |(thread, locations)| json!({ "id": told.threads[thread].name, "locations": locations }),
    );
    let flows: Vec<_> = flows.collect();
    (!flows.is_empty()).then(|| json!({ "threadFlows": flows }))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use crate::audit::fixtures::{failing, holding};
    use crate::findings::trace::tests::deadlock;
    use crate::programs::GeneratedFailure;
    use crate::trials::report::DefectReport;

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
    fn a_conviction_has_its_flows_too() {
        let mut audit = holding();
        audit.trials[0].defects = vec![DefectReport {
            name: "push wakes nobody".to_owned(),
            convicted: true,
            verdict: "deadlock".to_owned(),
            trace: Some(deadlock()),
        }];
        let log: Value = serde_json::from_str(&super::render(&audit).unwrap()).unwrap();
        let results = log["runs"][0]["results"].as_array().unwrap();
        let texts: Vec<_> = results.iter().map(|one| one["message"]["text"].as_str()).collect();
        let fault =
            "last-call/x: notify-one at src/a.rs:17 wakes nobody: deadlock: no thread can go on";
        let expected = [Some("last-call/x: push wakes nobody: deadlock"), Some(fault)];
        assert_eq!(texts, expected);
        assert!(results.iter().all(|one| one["codeFlows"][0]["threadFlows"][1].is_object()));
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

    /// What the standard asks of the properties that are used here.
    #[test]
    fn the_log_has_what_the_standard_requires() {
        let text = |value: &Value| value.as_str().is_some_and(|text| !text.is_empty());
        let place = |place: &Value| {
            let physical = &place["physicalLocation"];
            let line = physical["region"]["startLine"].as_u64();
            text(&physical["artifactLocation"]["uri"]) && line >= Some(1)
        };
        for audit in [holding(), failing()] {
            let log: Value = serde_json::from_str(&super::render(&audit).unwrap()).unwrap();
            assert_eq!(log["version"], "2.1.0");
            let run = &log["runs"][0];
            assert!(text(&run["tool"]["driver"]["name"]));
            assert!(run["invocations"][0]["executionSuccessful"].is_boolean());
            let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
            assert!(rules.iter().all(|rule| text(&rule["id"])));
            for result in run["results"].as_array().unwrap() {
                assert!(text(&result["message"]["text"]), "{result}");
                assert!(rules.iter().any(|rule| rule["id"] == result["ruleId"]), "{result}");
                // Only what fails may have a level.
                assert_eq!(result["kind"] == "fail", result["level"] == "error", "{result}");
                assert_eq!(result["kind"] != "fail", result["level"] == "none", "{result}");
                assert!(result["locations"].as_array().unwrap().iter().all(place), "{result}");
                for flow in result["codeFlows"].as_array().into_iter().flatten() {
                    let threads = flow["threadFlows"].as_array().unwrap();
                    assert!(!threads.is_empty());
                    for thread in threads {
                        let steps = thread["locations"].as_array().unwrap();
                        assert!(!steps.is_empty() && text(&thread["id"]), "{thread}");
                        assert!(steps.iter().all(|step| place(&step["location"])), "{thread}");
                    }
                }
            }
        }
    }

    #[test]
    fn what_holds_is_no_error() {
        let log: Value = serde_json::from_str(&super::render(&holding()).unwrap()).unwrap();
        let results = log["runs"][0]["results"].as_array().unwrap();
        assert!(results.iter().all(|result| result["level"] == "none"), "{results:?}");
    }
}
