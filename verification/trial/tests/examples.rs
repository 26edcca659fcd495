//! The command on the package `mazurka-examples`: as it is, and with its planted defects.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Mutex;

use serde_json::Value;

/// The models, each with how its planted defect fails it.
const MODELS: [(&str, &str); 4] = [
    ("a_permit_is_taken_once", "both threads have the permit"),
    ("every_message_is_received", "deadlock"),
    ("the_pool_ends_after_its_jobs", "deadlock"),
    ("the_value_is_read_after_it_was_written", "data race"),
];

/// Two builds at a time would wait for each other.
static BUILD: Mutex<()> = Mutex::new(());

/// Runs the command on the examples. Returns its exit code and its standard output.
fn trial(arguments: &[&str]) -> (Option<i32>, String) {
    let _build = BUILD.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../mazurka-examples/Cargo.toml");
    let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-trial"));
    command.args(["trial", "--manifest-path", manifest]).args(arguments);
    // The flags of this build are not those of the models.
    let output = command.env_remove("RUSTFLAGS").output().expect("the command can be started");
    print!("{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    println!("{text}");
    (output.status.code(), text)
}

fn scratch(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name)
}

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
    let (junit, sarif) = (scratch("junit.xml"), scratch("sarif.json"));
    let files = [junit.to_str().unwrap(), sarif.to_str().unwrap()];
    let arguments = ["--features", "planted", "--junit", files[0], "--sarif", files[1]];
    let (code, text) = trial(&arguments);
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
    assert!(text.contains("✗ thread"), "{text}");
    // Without the defect, the schedule does not fail, or it does not fit.
    let (_, text) = trial(&["--model", "a_permit_is_taken_once", "--replay", "a"]);
    assert!(text.starts_with("REPLAYED"), "{text}");
}

#[test]
fn nothing_to_run_is_no_pass() {
    let (code, text) = trial(&["--model", "there is no such model"]);
    assert_eq!(code, Some(1));
    assert!(text.contains("no model was found"), "{text}");
    let (code, text) = trial(&["--list"]);
    assert_eq!((code, text.lines().count()), (Some(0), MODELS.len()));
    let shards = ["1/2", "2/2"].map(|shard| trial(&["--list", "--shard", shard]).1);
    let mut all: Vec<_> = shards.iter().flat_map(|shard| shard.lines()).collect();
    all.sort_unstable();
    assert_eq!(all, text.lines().collect::<Vec<_>>());
}
