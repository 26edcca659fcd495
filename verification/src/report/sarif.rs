//! SARIF 2.1.0: each failure and each counterexample as a result, with a thread flow for each thread.

use std::collections::BTreeMap;

use serde_json::{json, Value};

use super::{complaints, place};
use crate::audit::{Audit, TrialReport};
use crate::interleaving::Interleaving;

const RULE: &str = "broken-promise";
const CONTROL: &str = "convicted-control";

/// Writes the log. What is not as it must be is an error; a subject that is convicted as it must be
/// is informational.
///
/// # Errors
///
/// What could not be written as JSON.
pub fn render(audit: &Audit) -> Result<String, String> {
    let failed = complaints(audit).into_iter().map(|complaint| {
        let trial = audit.trials.iter().find(|trial| trial.name == complaint.subject);
        let site = complaint.site.as_deref();
        result(RULE, &complaint.subject, &complaint.message, site, trial)
    });
    let controls = audit.trials.iter().filter(|trial| trial.as_expected);
    let controls = controls.filter_map(|trial| {
        let reason = trial.verdict.reason()?;
        let site = trial.trace.as_ref().and_then(|trace| trace.steps.last());
        let site = site.map(|step| step.site.as_str());
        Some(result(CONTROL, &trial.name, reason, site, Some(trial)))
    });
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "cargo verify",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": [
                    rule(RULE, "A promise of the pool's is broken, or its evidence is not as recorded."),
                    rule(CONTROL, "A subject that is known to be broken was convicted, as it must be."),
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

fn result(
    rule: &str,
    subject: &str,
    message: &str,
    site: Option<&str>,
    trial: Option<&TrialReport>,
) -> Value {
    let mut result = json!({
        "ruleId": rule,
        "kind": if rule == RULE { "fail" } else { "informational" },
        "level": if rule == RULE { "error" } else { "none" },
        "message": { "text": format!("{subject}: {message}") },
        "locations": site.and_then(location).into_iter().collect::<Vec<_>>(),
    });
    if let Some(trace) = trial.and_then(|trial| trial.trace.as_ref()) {
        result["codeFlows"] = json!([code_flow(&Interleaving::new(trace))]);
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

/// One flow a thread; the order of execution goes through all of them.
fn code_flow(told: &Interleaving) -> Value {
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
    json!({ "threadFlows": flows.collect::<Vec<_>>() })
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use crate::report::tests::{failing, holding};

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
    fn what_holds_has_no_result() {
        let log: Value = serde_json::from_str(&super::render(&holding()).unwrap()).unwrap();
        assert_eq!(log["runs"][0]["results"], Value::Array(Vec::new()));
    }
}
