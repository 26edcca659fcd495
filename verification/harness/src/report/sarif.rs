//! SARIF 2.1.0: each failure as a result, with a thread flow for each thread of its counterexample. A
//! run that holds has no results.
//!
//! The crate serde-sarif has types for the format and nothing else; it takes longer to compile than
//! all of these reports. A test checks what the standard requires.

use std::collections::BTreeMap;

use serde_json::{json, Value};

use super::place;
use crate::findings::part::Complaint;
use crate::report::interleaving::Interleaving;

/// The tool that writes a log, and its only rule.
#[derive(Clone, Copy, Debug)]
pub struct Tool {
    /// The name of the tool.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
    /// The id of the rule.
    pub rule: &'static str,
    /// The name of the rule, in upper camel case.
    pub rule_name: &'static str,
    /// What a failure means, in a sentence.
    pub short: &'static str,
    /// The same in more words.
    pub full: &'static str,
    /// What to do about one.
    pub help: &'static str,
    /// The same as Markdown.
    pub help_markdown: &'static str,
    /// Where a failure stands that has no call site, as `file:line`: GitHub shows no result without a
    /// place.
    pub elsewhere: &'static str,
}

/// Writes the log. `home` is the address of a page about the tool.
///
/// # Errors
///
/// The error of the serializer.
pub fn render(
    tool: &Tool,
    home: Option<&str>,
    complaints: &[Complaint<'_>],
) -> Result<String, String> {
    let mut seen = BTreeMap::new();
    let results = complaints.iter().map(|complaint| {
        let hash = hash(complaint);
        let number: &mut u32 = seen.entry(hash).or_default();
        *number += 1;
        result(tool, complaint, &format!("{hash:016x}:{number}"))
    });
    let mut driver = json!({
        "name": tool.name,
        "version": tool.version,
        "rules": [rule(tool)],
    });
    if let Some(home) = home {
        driver["informationUri"] = json!(home);
    }
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": driver },
            "invocations": [{ "executionSuccessful": true }],
            "results": results.collect::<Vec<_>>(),
        }],
    });
    serde_json::to_string_pretty(&log).map(|text| text + "\n").map_err(|error| error.to_string())
}

fn rule(tool: &Tool) -> Value {
    json!({
        "id": tool.rule,
        "name": tool.rule_name,
        "shortDescription": { "text": tool.short },
        "fullDescription": { "text": tool.full },
        "help": { "text": tool.help, "markdown": tool.help_markdown },
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

fn result(tool: &Tool, complaint: &Complaint<'_>, fingerprint: &str) -> Value {
    let Complaint { subject, message, site, trace } = complaint;
    let place = site.as_deref().and_then(location).or_else(|| location(tool.elsewhere));
    let mut result = json!({
        "ruleId": tool.rule,
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
    use serde_json::Value;

    use super::{render, Tool};
    use crate::findings::part::Complaint;
    use crate::findings::trace::examples::deadlock;
    use crate::findings::trace::Trace;

    const TOOL: Tool = Tool {
        name: "a tool",
        version: "1.0.0",
        rule: "broken",
        rule_name: "Broken",
        short: "It is broken.",
        full: "It is broken, or not checked.",
        help: "Mend it.",
        help_markdown: "*Mend* it.",
        elsewhere: "README.md:1",
    };

    const HOME: &str = "https://a.example/b";

    fn log(complaints: &[Complaint<'_>]) -> Value {
        serde_json::from_str(&render(&TOOL, Some(HOME), complaints).unwrap()).unwrap()
    }

    fn complaint(trace: Option<&Trace>) -> Complaint<'_> {
        Complaint::new("x", "it broke".to_owned()).with(trace)
    }

    #[test]
    fn a_failure_without_a_call_site_has_a_place() {
        let log = log(&[complaint(None)]);
        let place = &log["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "README.md");
    }

    #[test]
    fn a_failure_keeps_its_fingerprint_when_lines_move() {
        let fingerprints = |line: u32| -> Vec<Value> {
            let mut trace = deadlock();
            trace.steps.last_mut().unwrap().site = format!("src/a.rs:{line}");
            let log = log(&[complaint(Some(&trace)), complaint(Some(&trace))]);
            let results = log["runs"][0]["results"].as_array().unwrap();
            results.iter().map(|result| result["partialFingerprints"].clone()).collect()
        };
        assert_eq!(fingerprints(17), fingerprints(18));
        assert_ne!(fingerprints(17)[0], fingerprints(17)[1]);
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
        let trace = deadlock();
        for complaints in [vec![], vec![complaint(None), complaint(Some(&trace))]] {
            let log = log(&complaints);
            assert_eq!(log["version"], "2.1.0");
            let run = &log["runs"][0];
            assert!(text(&run["tool"]["driver"]["name"]));
            assert_eq!(run["tool"]["driver"]["informationUri"], HOME);
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
}
