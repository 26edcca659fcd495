//! What `cargo verify` says to bad input: the thing named, exit status 2, and no model run.

use std::process::{Command, Output};

fn verify(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_verify"));
    command.args(arguments).envs(environment.iter().copied());
    command.output().expect("the command was built with this test")
}

#[track_caller]
fn refused(output: &Output, named: &str) {
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains(named), "`{named}` is not named in: {told}");
}

#[test]
fn an_unknown_model_is_named() {
    refused(&verify(&["--model", "no-such-model"], &[]), "no-such-model");
    // One that exists, but not of that subject.
    let output = verify(&["--model", "deadline", "--subject", "book-stage-1"], &[]);
    refused(&output, "there is no model `deadline` of book-stage-1");
}

#[test]
fn an_unknown_subject_is_named_beside_those_that_exist() {
    let output = verify(&["--subject", "no-such-subject"], &[]);
    refused(&output, "no-such-subject");
    refused(&output, "book-stage-2");
}

#[test]
fn numbers_that_make_no_sense_are_named() {
    refused(&verify(&["--jobs", "0"], &[]), "--jobs");
    refused(&verify(&["--limit", "0"], &[]), "--limit");
    refused(&verify(&["--limit", "18446744073709551615"], &[]), "--limit");
}

#[test]
fn a_missing_cargo_is_named() {
    let output = verify(&["--model", "drop-idle"], &[("CARGO", "no-such-cargo")]);
    refused(&output, "cargo was not found (looked for `no-such-cargo`)");
}

#[test]
fn a_variable_that_would_weaken_loom_is_named() {
    let output = verify(&["--model", "drop-idle"], &[("LOOM_MAX_PREEMPTIONS", "1")]);
    refused(&output, "LOOM_MAX_PREEMPTIONS");
}

#[test]
fn models_and_subjects_are_listed() {
    let output = verify(&["--list"], &[]);
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success());
    for name in ["last-call:", "book-stage-1:", "book-stage-2:", "drop-2x2", "queue-in-order"] {
        assert!(told.contains(name), "{name} is not listed in: {told}");
    }
}

#[cfg(not(any(loom, shuttle)))]
#[test]
fn an_unknown_pool_or_property_is_named_beside_those_that_exist() {
    let output = verify(&["peers", "--peer", "no-such-pool"], &[]);
    refused(&output, "no-such-pool");
    refused(&output, "threadpool");
    let output = verify(&["peers", "--property", "no-such-property"], &[]);
    refused(&output, "no-such-property");
    refused(&output, "end-waits");
}
