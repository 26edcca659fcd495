//! Every model as a test: `RUSTFLAGS="--cfg loom" cargo test`.
//!
//! Each explores in processes of its own, with and without its seeded defects, and passes by the
//! rules of the verdicts. In an ordinary build there are none.

use libtest_mimic::Arguments;
#[cfg(loom)]
use libtest_mimic::{Failed, Trial as Test};

#[cfg(loom)]
fn main() -> std::process::ExitCode {
    use std::path::Path;

    use verification::expected::Expected;
    use verification::trial::Trial;

    let ranges = Path::new(env!("CARGO_MANIFEST_DIR")).join("expected.toml");
    let expected = match Expected::read(&ranges) {
        Ok(expected) => std::sync::Arc::new(expected),
        Err(error) => {
            eprintln!("models: {error}");
            return std::process::ExitCode::FAILURE;
        }
    };
    let tests = Trial::all(false)
        .map(|trial| {
            let expected = std::sync::Arc::clone(&expected);
            Test::test(trial.name(), move || check(trial, &expected))
        })
        .chain([Test::test("example/your_pool", strangers_pool_is_convicted)])
        .collect();
    libtest_mimic::run(&Arguments::from_args(), tests).exit_code()
}

#[cfg(loom)]
fn check(
    trial: &'static verification::trial::Trial,
    expected: &verification::expected::Expected,
) -> Result<(), Failed> {
    use std::path::Path;

    use verification::audit::TrialReport;
    use verification::purpose::Purpose;
    use verification::{lanes, limits, process};

    const WIDTH: usize = 100;
    let model = Path::new(env!("CARGO_BIN_EXE_model"));
    let run = |purpose| process::run_model(model, trial, &purpose, limits::MODEL);
    let defects = trial.defects.iter().map(|defect| run(Purpose::Defect(defect)));
    let defects: Vec<_> = defects.collect();
    let second = expected.second_opinion(&trial.name()).map(|_| run(Purpose::SecondOpinion));
    let verdict = run(Purpose::Verdict);
    let report = TrialReport::new(trial, verdict, second.as_ref(), &defects, expected);
    match report.complaint() {
        None => Ok(()),
        Some(complaint) => {
            let lanes = report.trace.as_ref().map(|trace| lanes::draw(trace, WIDTH));
            Err(format!("{complaint}\n\n{}", lanes.unwrap_or_default()).into())
        }
    }
}

/// The example's planted lost wake-up is found, and nothing else.
#[cfg(loom)]
fn strangers_pool_is_convicted() -> Result<(), Failed> {
    use std::process::Command;

    use verification::cargo::Workspace;
    use verification::{limits, process};

    // `cargo test --test models` alone builds no example.
    let example = Workspace::find()?.build_example("your_pool")?;
    let finished = process::run(&mut Command::new(example), limits::MODEL)?;
    let told = finished.stdout;
    let failed: Vec<_> = told.lines().filter(|line| line.starts_with("  FAILED")).collect();
    let holds = told.lines().filter(|line| line.starts_with("  holds")).count();
    let convicted =
        matches!(&*failed, [one] if one.contains("a job that waits for the one behind it gets it"));
    let status = finished.status.and_then(|status| status.code());
    if convicted && holds == 12 && status == Some(1) && told.contains("✗ sleeps on") {
        Ok(())
    } else {
        Err(format!("{holds} hold; {failed:?}; {status:?}\n{told}{}", finished.stderr).into())
    }
}

#[cfg(not(loom))]
fn main() -> std::process::ExitCode {
    libtest_mimic::run(&Arguments::from_args(), Vec::new()).exit_code()
}
