//! `cargo trial`: finds the models of the crate that it stands in, explores each in a process of its
//! own, reports, and gates.

mod arguments;
mod build;
mod judge;
mod record;
mod report;
mod run;

use std::process::ExitCode;

use arguments::{Arguments, Shard};
use judge::{Case, Verdict};

/// The exit code if nothing could be judged: the arguments are wrong, or the crate does not build.
const UNUSABLE: u8 = 2;

fn main() -> ExitCode {
    match trial(&Arguments::read()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("cargo trial: {message}");
            ExitCode::from(UNUSABLE)
        }
    }
}

/// Returns `true` if every model holds, or with `--must-fail`, if every model is convicted.
fn trial(arguments: &Arguments) -> Result<bool, String> {
    let executables = build::build(arguments)?;
    let mut tests = Vec::new();
    for executable in &executables {
        tests.extend(run::list(executable, arguments)?);
    }
    tests.retain(|test| arguments.selects(&test.name()));
    let shard = arguments.shard.unwrap_or(Shard::WHOLE);
    let tests: Vec<_> =
        tests.into_iter().enumerate().filter(|(place, _)| shard.has(*place)).collect();
    let tests: Vec<_> = tests.into_iter().map(|(_, test)| test).collect();
    if arguments.list {
        return Ok(list(&tests, arguments));
    }
    let replays = arguments.replay.is_some();
    let tests = run::all(&tests, arguments);
    let mut cases: Vec<Case> = tests.iter().flat_map(|test| judge::judge(test, replays)).collect();
    // A replay skips the other models of its test.
    cases.retain(|case| !replays || !case.end.end.is_empty() || !case.is_model);
    let (models, others): (Vec<_>, Vec<_>) = cases.into_iter().partition(|case| case.is_model);
    if let Some(path) = &arguments.junit {
        write(path, &report::junit::render(&models, arguments.must_fail)?)?;
    }
    if let Some(path) = &arguments.sarif {
        write(path, &report::sarif::render(&models, arguments.must_fail)?)?;
    }
    print!("{}", report::terminal::render(&models, &others, arguments));
    let passes = |case: &Case| passes(case, arguments.must_fail);
    Ok(!models.is_empty() && models.iter().all(passes))
}

/// Returns `true` if the case is as it must be.
fn passes(case: &Case, must_fail: bool) -> bool {
    if must_fail {
        matches!(case.verdict, Verdict::Failed | Verdict::Convicted)
    } else {
        case.verdict.holds()
    }
}

/// Prints the tests with models. Returns `true` if there are any.
fn list(tests: &[run::Test], arguments: &Arguments) -> bool {
    let mut found = false;
    for finished in run::all(tests, arguments) {
        if !finished.models.is_empty() {
            println!("{}", finished.name);
            found = true;
        }
    }
    found
}

fn write(path: &std::path::Path, text: &str) -> Result<(), String> {
    std::fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}
