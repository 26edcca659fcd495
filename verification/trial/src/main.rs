//! `cargo trial`: finds the models of the crate that it stands in, explores each in a process of its
//! own, reports, and gates.

mod arguments;
mod build;
mod faults;
mod judge;
mod record;
mod recorded;
mod report;
mod run;

use std::process::ExitCode;
use std::time::Duration;

use arguments::Arguments;
use faults::{Code, Faults};
use harness::base::shard::Shard;
use harness::base::sources::Sources;
use judge::{Case, Context, Verdict};
use recorded::Recorded;

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
    let matches = |part: &&String| tests.iter().any(|test| test.name().contains(part.as_str()));
    if let Some(part) = arguments.model.iter().find(|part| !matches(part)) {
        return Err(format!(
            "`--model {part}` matches none of {}",
            report::number_of(tests.len(), "test")
        ));
    }
    tests.retain(|test| arguments.selects(&test.name()));
    let shard = arguments.shard.unwrap_or(Shard::WHOLE);
    // Every shard must know which models reach a fault.
    let tests = if arguments.faults { tests } else { shard.pick(tests, |_| 1) };
    if arguments.list {
        return Ok(list(&tests, arguments));
    }
    let record = recorded::file(&build::nearest_manifest(arguments)?);
    let known = Recorded::read(&record)?;
    let compares = !arguments.must_fail && !arguments.record && arguments.fault.is_none();
    let context = Context {
        replays: arguments.replay.is_some(),
        limit: Duration::from_secs(arguments.limit),
        recorded: known.as_ref().filter(|known| compares && known.has_numbers()),
    };
    let root = build::root(arguments)?;
    let mut sources = Sources::new(&root);
    let finished = run::all(&tests, arguments);
    let cases = finished.iter().flat_map(|test| judge::judge(test, &context, &mut sources));
    // A replay skips the other models of its test.
    let skipped = |case: &Case| context.replays && case.end.end.is_empty() && case.is_model;
    let cases = cases.filter(|case| !skipped(case));
    let (mut models, others): (Vec<_>, Vec<_>) = cases.partition(|case| case.is_model);
    if let Some(recorded) = context.recorded.filter(|_| arguments.is_whole()) {
        models.extend(judge::vanished(recorded, &models));
    }
    let faults = arguments.faults.then(|| {
        let code = Code::new(&root, &record);
        let equivalents = known.as_ref().map(|known| known.equivalents(&code.folder));
        let runs = (&*tests, &*finished, &*models);
        let equivalents = equivalents.unwrap_or_default();
        faults::try_all(runs, &executables, &equivalents, code, arguments)
    });
    let faults = faults.transpose()?;
    let held = held(&models, faults.as_ref(), arguments);
    report::write(&models, faults.as_ref(), arguments)?;
    print!("{}", report::terminal::render(&models, &others, faults.as_ref(), arguments));
    if arguments.record {
        // A filtered run leaves the others as they are.
        let mut recorded = known.unwrap_or_default();
        if arguments.model.is_empty() {
            recorded = recorded.without_numbers();
        }
        for case in models.iter().filter(|case| case.verdict == Verdict::Complete) {
            recorded.record(case.name.clone(), case.end.executions);
        }
        recorded.write(&record)?;
        println!("{}", record.display());
    }
    Ok(held)
}

/// Returns `true` if there is a model, each is as it must be, each fault is noticed, and a fault that was
/// asked for has acted.
fn held(models: &[Case], faults: Option<&Faults>, arguments: &Arguments) -> bool {
    let passes = |case: &Case| passes(case, arguments.must_fail);
    !models.is_empty()
        && models.iter().all(passes)
        && faults.is_none_or(Faults::hold)
        && !is_idle(models, arguments)
}

/// Returns `true` if a fault was asked for that no model's process has seen act.
fn is_idle(models: &[Case], arguments: &Arguments) -> bool {
    arguments.fault.is_some() && models.iter().all(|case| case.end.acted == 0)
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
