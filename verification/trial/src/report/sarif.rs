//! SARIF 2.1.0: each model that is not as it must be is a result, with a thread flow for each thread
//! of its counterexample.

use std::collections::BTreeMap;

use serde_json::{json, Value};

use crate::judge::Case;
use crate::passes;

const RULE: &str = "model";

/// Renders the log.
///
/// # Errors
///
/// The error of the serializer.
pub(crate) fn render(models: &[Case], must_fail: bool) -> Result<String, String> {
    let wrong = models.iter().filter(|case| !passes(case, must_fail));
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "cargo trial",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": [{
                    "id": RULE,
                    "name": "Model",
                    "shortDescription": { "text": "A model does not hold." },
                    "fullDescription": {
                        "text": "An execution of the model failed, or the model was not explored \
                                 completely.",
                    },
                    "help": { "text": "Run it alone with `cargo trial --model NAME`." },
                    "defaultConfiguration": { "level": "error" },
                }],
            } },
            "invocations": [{ "executionSuccessful": true }],
            "results": wrong.map(result).collect::<Vec<_>>(),
        }],
    });
    serde_json::to_string_pretty(&log).map(|text| text + "\n").map_err(|error| error.to_string())
}

fn result(case: &Case) -> Value {
    let site = case.end.failed_at.as_deref().and_then(location).or_else(|| location(&case.site));
    let message = if case.message.is_empty() { "it holds, and must fail" } else { &case.message };
    let mut result = json!({
        "ruleId": RULE,
        "ruleIndex": 0,
        "kind": "fail",
        "level": "error",
        "message": { "text": format!("{}: {}: {message}", case.name, case.verdict.word()) },
        "locations": site.into_iter().collect::<Vec<_>>(),
        // The same for the same model, although lines move.
        "partialFingerprints": { "primaryLocationLineHash": format!("{:016x}:1", hash(&case.name)) },
    });
    if let Some(flow) = code_flow(case) {
        result["codeFlows"] = json!([flow]);
    }
    result
}

/// FNV-1a: the hashes of the standard library may change with the compiler.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

fn location(site: &str) -> Option<Value> {
    let mut parts = site.split(':');
    let (file, line) = (parts.next()?, parts.next()?.parse::<u32>().ok()?);
    Some(json!({ "physicalLocation": {
        "artifactLocation": { "uri": file },
        "region": { "startLine": line },
    } }))
}

/// Returns one flow a thread. The order of execution goes through all of them.
fn code_flow(case: &Case) -> Option<Value> {
    let mut flows: BTreeMap<usize, Vec<Value>> = BTreeMap::new();
    for (place, row) in case.end.rows.iter().enumerate() {
        let Some(mut location) = location(&row.site) else { continue };
        location["message"] = json!({ "text": row.what });
        let step = json!({ "executionOrder": place + 1, "location": location });
        flows.entry(row.thread).or_default().push(step);
    }
    let name = |thread: usize| case.end.threads.get(thread).map_or("a thread", String::as_str);
    let flows = flows.into_iter();
    let flows: Vec<_> =
        flows.map(|(thread, steps)| json!({ "id": name(thread), "locations": steps })).collect();
    (!flows.is_empty()).then(|| json!({ "threadFlows": flows }))
}
