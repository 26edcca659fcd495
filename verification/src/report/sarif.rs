//! SARIF 2.1.0: each failure as a result, with a thread flow for each thread of its counterexample. An
//! audit that holds has no results; what was convicted on purpose is in `audit.json` and on the page.
//!
//! The crate serde-sarif has types for the format and nothing else; it takes longer to compile than
//! all of this package's reports. A test checks what the standard requires.

use std::collections::BTreeMap;

use serde_json::{json, Value};

use super::place;
use crate::audit::Audit;
use crate::findings::part::Complaint;
use crate::report::interleaving::Interleaving;

const RULE: &str = "broken-promise";

/// Where a failure stands that has no call site: GitHub shows no result without a place.
const CONTRACT: &str = "verification/CONTRACT.md:1";

/// Writes the log.
///
/// # Errors
///
/// The error of the serializer.
pub fn render(audit: &Audit) -> Result<String, String> {
    let mut seen = BTreeMap::new();
    let results = audit.complaints().into_iter().map(|complaint| {
        let hash = hash(&complaint);
        let number: &mut u32 = seen.entry(hash).or_default();
        *number += 1;
        result(&complaint, &format!("{hash:016x}:{number}"))
    });
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "cargo verify",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": [rule()],
            } },
            "invocations": [{ "executionSuccessful": true }],
            "results": results.collect::<Vec<_>>(),
        }],
    });
    serde_json::to_string_pretty(&log).map(|text| text + "\n").map_err(|error| error.to_string())
}

fn rule() -> Value {
    json!({
        "id": RULE,
        "name": "BrokenPromise",
        "shortDescription": { "text": "A promise of the pool is broken." },
        "fullDescription": {
            "text": "A promise of the pool is broken, a defect that was seeded on purpose was not \
                     noticed, or the evidence differs from the record.",
        },
        "help": {
            "text": "The message names the model or the test. Run it alone with `cargo verify \
                     --model NAME`, or with `cargo test`. The thread flows are the execution that \
                     shows the failure; audit.html draws it. verification/CONTRACT.md has the \
                     promises.",
            "markdown": "The message names the model or the test. Run it alone with `cargo verify \
                         --model NAME`, or with `cargo test`. The thread flows are the execution \
                         that shows the failure; `audit.html` draws it. `verification/CONTRACT.md` \
                         has the promises.",
        },
        "defaultConfiguration": { "level": "error" },
    })
}

/// Identifies a failure over several runs: by its subject and its file, since lines and numbers
/// change. (FNV-1a: the hashes of the standard library may change with the compiler.)
fn hash(complaint: &Complaint<'_>) -> u64 {
    let file = complaint.site.as_deref().and_then(place).map_or("", |(file, _)| file);
    let bytes = complaint.subject.bytes().chain([0]).chain(file.bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

fn result(complaint: &Complaint<'_>, fingerprint: &str) -> Value {
    let Complaint { subject, message, site, trace } = complaint;
    let place = site.as_deref().and_then(location).or_else(|| location(CONTRACT));
    let mut result = json!({
        "ruleId": RULE,
        "ruleIndex": 0,
        "kind": "fail",
        "level": "error",
        "message": { "text": format!("{subject}: {message}") },
        "locations": place.into_iter().collect::<Vec<_>>(),
        // The only one that GitHub reads.
        "partialFingerprints": { "primaryLocationLineHash": fingerprint },
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
    use std::collections::BTreeSet;

    use serde_json::Value;

    use crate::audit::fixtures::{failing, holding};
    use crate::findings::trace::tests::deadlock;
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
    fn a_failure_keeps_its_fingerprint_when_lines_move() {
        let fingerprints = |line: u32| -> Vec<String> {
            let mut audit = failing();
            let trace = audit.trials[0].trace.as_mut().unwrap();
            trace.steps.last_mut().unwrap().site = format!("src/a.rs:{line}");
            let again = audit.trials[0].clone();
            audit.trials.push(again);
            let log: Value = serde_json::from_str(&super::render(&audit).unwrap()).unwrap();
            let results = log["runs"][0]["results"].as_array().unwrap();
            let fingerprint = |result: &Value| {
                result["partialFingerprints"]["primaryLocationLineHash"]
                    .as_str()
                    .unwrap()
                    .to_owned()
            };
            results.iter().map(fingerprint).collect()
        };
        let before = fingerprints(17);
        assert_eq!(before, fingerprints(18));
        let distinct: BTreeSet<_> = before.iter().collect();
        assert_eq!(distinct.len(), before.len(), "{before:?}");
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
            for rule in rules {
                assert!(text(&rule["id"]) && text(&rule["name"]), "{rule}");
                for words in ["shortDescription", "fullDescription", "help"] {
                    assert!(text(&rule[words]["text"]), "{rule}");
                }
            }
            for result in run["results"].as_array().unwrap() {
                assert!(text(&result["message"]["text"]), "{result}");
                assert!(rules.iter().any(|rule| rule["id"] == result["ruleId"]), "{result}");
                assert_eq!((&result["kind"], &result["level"]), (&"fail".into(), &"error".into()));
                let locations = result["locations"].as_array().unwrap();
                assert!(!locations.is_empty() && locations.iter().all(place), "{result}");
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
    fn what_holds_has_no_result() {
        let log: Value = serde_json::from_str(&super::render(&holding()).unwrap()).unwrap();
        assert_eq!(log["runs"][0]["results"], Value::Array(Vec::new()));
    }
}
