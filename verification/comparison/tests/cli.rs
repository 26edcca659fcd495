//! What `cargo compare` refuses, and its help.

use std::process::{Command, Output};

fn compare(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_compare"));
    command.args(arguments).output().expect("it can be started")
}

fn refused(output: &Output, word: &str) {
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains(word), "{word} is not in: {text}");
}

#[test]
fn an_unknown_pool_or_property_is_named_beside_those_that_exist() {
    let output = compare(&["--pool", "no-such-pool"]);
    refused(&output, "no-such-pool");
    refused(&output, "threadpool");
    let output = compare(&["--property", "no-such-property"]);
    refused(&output, "no-such-property");
    refused(&output, "end-waits");
}

#[test]
fn the_help_names_the_benchmarks() {
    let output = compare(&["--help"]);
    let help = String::from_utf8_lossy(&output.stdout);
    for bench in ["speed", "cost", "price"] {
        let command = format!("cargo bench -p comparison --bench {bench}");
        assert!(help.contains(&command), "{command} is not in: {help}");
    }
}
