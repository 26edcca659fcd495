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
    let report = TrialReport::new(trial, run(Purpose::Verdict), &defects, expected);
    match report.complaint() {
        None => Ok(()),
        Some(complaint) => {
            let lanes = report.trace.as_ref().map(|trace| lanes::draw(trace, WIDTH));
            Err(format!("{complaint}\n\n{}", lanes.unwrap_or_default()).into())
        }
    }
}

#[cfg(not(loom))]
fn main() -> std::process::ExitCode {
    libtest_mimic::run(&Arguments::from_args(), Vec::new()).exit_code()
}
