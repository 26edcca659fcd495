//! The command on the package `mazurka-examples`: as it is, and with its planted defects.

mod common;

use std::fs;
use std::path::Path;

use common::{own_crate, scratch, trial, trial_and_errors, trial_of};
use serde_json::Value;

/// The models, each with how its planted defect fails it.
const MODELS: [(&str, &str); 4] = [
    ("a_permit_is_taken_once", "both threads have the permit"),
    ("every_message_is_received", "deadlock"),
    ("the_pool_ends_after_its_jobs", "deadlock"),
    ("the_value_is_read_after_it_was_written", "data race"),
];

#[test]
fn the_examples_hold() {
    let (code, text) = trial(&[]);
    assert_eq!(code, Some(0));
    for (model, _) in MODELS {
        let line = text.lines().find(|line| line.contains(model)).expect(model);
        assert!(line.starts_with("COMPLETE"), "{line}");
    }
    assert!(text.contains("orderings weaker than SeqCst were used"), "{text}");
    assert!(text.contains("4 of 4 models hold"), "{text}");
}

#[test]
fn each_planted_defect_is_convicted_with_its_interleaving() {
    let names = ["junit.xml", "sarif.json", "models.html", "models.json"];
    let [junit, sarif, html, json] = names.map(scratch);
    let arguments = [
        ["--features", "planted"],
        ["--junit", junit.to_str().unwrap()],
        ["--sarif", sarif.to_str().unwrap()],
        ["--html", html.to_str().unwrap()],
        ["--json", json.to_str().unwrap()],
    ];
    let (code, text) = trial(&arguments.concat());
    assert_eq!(code, Some(1));
    for (model, message) in MODELS {
        let heading = format!("── models::{model} ──");
        let (_, story) = text.split_once(&heading).expect(model);
        let story = story.split("\n── ").next().unwrap_or_default();
        assert!(story.lines().nth(1).unwrap_or_default().contains(message), "{story}");
        // Swim lanes: a column for each thread, and a row with its line of source.
        assert!(story.contains("main ") && story.contains("│ thread 1"), "{story}");
        let rows = story.lines().filter(|line| line.contains('│') && line.contains(".rs:"));
        assert!(rows.count() >= 3, "{story}");
        assert!(story.contains("replay: cargo trial --model"), "{story}");
    }
    let written = fs::read_to_string(junit).expect("the report was written");
    assert!(written.contains("failures=\"4\""), "{written}");
    let log: Value = serde_json::from_str(&fs::read_to_string(sarif).unwrap()).unwrap();
    let results = log["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results.len(), MODELS.len());
    for result in results {
        let file = &result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
        assert!(file.as_str().is_some_and(|file| file.contains(".rs")), "{result}");
        assert!(result["codeFlows"][0]["threadFlows"][1].is_object(), "{result}");
    }
    let page = fs::read_to_string(html).expect("the page was written");
    assert!(page.contains("mazurka-examples <span>does not hold</span>"), "{page}");
    for (model, _) in MODELS {
        assert!(page.contains(&format!("<code>models::{model}</code>")), "{model}");
    }
    // The interleavings are drawn by the script, from compressed data.
    assert!(page.contains(" data-interleaving=\""), "{page}");
    for part in ["sleeps on filled condvar, and nobody has woken it", "waits for thread 2 to end"] {
        assert!(text.contains(part), "{part}");
    }
    let found: Value = serde_json::from_str(&fs::read_to_string(json).unwrap()).unwrap();
    assert_eq!(found["held"], false);
    let models = found["models"].as_array().unwrap();
    assert_eq!(models.len(), MODELS.len());
    assert!(models.iter().all(|model| model["verdict"] == "FAILED"), "{models:?}");
    assert!(models.iter().all(|model| model["trace"]["steps"][0].is_object()), "{models:?}");
    let (code, text) = trial(&["--features", "planted", "--must-fail"]);
    assert_eq!(code, Some(0), "{text}");
}

#[test]
fn a_failure_is_replayed_from_its_line() {
    let model = "every_message_is_received";
    let (_, text) = trial(&["--features", "planted", "--model", model]);
    let line = text.lines().find(|line| line.starts_with("replay: ")).expect("a replay line");
    let schedule = line.split("--replay '").nth(1).and_then(|rest| rest.strip_suffix('\''));
    let schedule = schedule.expect("a schedule");
    let arguments = ["--features", "planted", "--model", model, "--replay", schedule];
    let (code, text) = trial(&arguments);
    assert_eq!(code, Some(1));
    assert!(text.contains("deadlock: no thread can go on"), "{text}");
    assert!(text.contains("✗ joins thread"), "{text}");
    // Without the defect, the schedule does not fail, or it does not fit.
    let (_, text) = trial(&["--model", "a_permit_is_taken_once", "--replay", "a"]);
    assert!(text.starts_with("REPLAYED"), "{text}");
}

#[test]
fn nothing_to_run_is_no_pass() {
    let examples = concat!(env!("CARGO_MANIFEST_DIR"), "/../mazurka-examples/Cargo.toml");
    for arguments in [&["--model", "there is none"][..], &["--model", "there is none", "--list"]] {
        let (code, text, errors) = trial_and_errors(Path::new(examples), arguments);
        assert_eq!((code, &*text), (Some(2), ""));
        let message = "cargo trial: `--model there is none` matches none of 4 tests\n";
        assert!(errors.ends_with(message), "{errors}");
    }
    let (code, text) = trial(&["--list"]);
    assert_eq!((code, text.lines().count()), (Some(0), MODELS.len()));
    let shards = ["1/2", "2/2"].map(|shard| trial(&["--list", "--shard", shard]).1);
    let mut all: Vec<_> = shards.iter().flat_map(|shard| shard.lines()).collect();
    all.sort_unstable();
    assert_eq!(all, text.lines().collect::<Vec<_>>());
}

/// A crate with one model.
const MODEL: &str = "#![cfg(mazurka)]

use mazurka::sync::atomic::{AtomicUsize, Ordering};
use mazurka::sync::Arc;

#[test]
fn no_increment_is_lost() {
    mazurka::model(|| {
        let count = Arc::new(AtomicUsize::new(0));
        let other = Arc::clone(&count);
        let thread = mazurka::thread::spawn(move || other.store(7, Ordering::SeqCst));
        count.load(Ordering::SeqCst);
        thread.join().unwrap();
    });
}
";

#[test]
fn another_number_of_executions_than_the_recorded_one_is_a_finding() {
    let folder = own_crate("own-crate", "", MODEL);
    let (manifest, record) = (folder.join("Cargo.toml"), folder.join("trial.toml"));
    let _ = fs::remove_file(&record);
    // Without a record, nothing is compared.
    assert_eq!(trial_of(&manifest, &[]).0, Some(0));
    assert_eq!(trial_of(&manifest, &["--record"]).0, Some(0));
    let written = fs::read_to_string(&record).expect("the numbers were recorded");
    assert!(written.contains("\"models::no_increment_is_lost\" = [2, 2]"), "{written}");
    assert_eq!(trial_of(&manifest, &[]).0, Some(0));
    fs::write(&record, written.replace("[2, 2]", "[3, 3]")).expect("it can be written");
    let (code, text) = trial_of(&manifest, &[]);
    assert_eq!(code, Some(1));
    assert!(text.starts_with("UNRECORDED"), "{text}");
    assert!(text.contains("2 executions, recorded: 3"), "{text}");
    // A model that is gone is noticed, unless only a part of the models ran.
    fs::write(&record, format!("{written}\"models::gone\" = [7, 7]\n")).expect("it can be written");
    let (code, text) = trial_of(&manifest, &[]);
    assert_eq!(code, Some(1));
    assert!(text.starts_with("COMPLETE   models::no_increment_is_lost "), "{text}");
    let line = text.lines().nth(1).unwrap();
    assert!(line.starts_with("UNRECORDED  models::gone "), "{text}");
    assert!(text.contains("recorded in trial.toml, but no such model ran"), "{text}");
    assert!(text.ends_with("\n1 of 2 models hold\n"), "{text}");
    for part in [["--model", "increment"], ["--shard", "1/1"], ["--test", "models"]] {
        assert_eq!(trial_of(&manifest, &part).0, Some(0));
    }
    assert_eq!(trial_of(&manifest, &["--package", "own-crate"]).0, Some(0));
    assert_eq!(trial_of(&manifest, &["--record"]).0, Some(0));
    assert_eq!(fs::read_to_string(&record).unwrap(), written);
}
