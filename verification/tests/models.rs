//! Every model as a test: `RUSTFLAGS="--cfg loom" cargo test`.
//!
//! Each model is explored in processes of its own, with and without its seeded defects, and passes
//! by the rules of the verdicts. An ordinary build has no such tests.

use libtest_mimic::Arguments;
#[cfg(loom)]
use libtest_mimic::{Failed, Trial as Test};
#[cfg(loom)]
use verification::findings::run::Run;

#[cfg(loom)]
fn main() -> std::process::ExitCode {
    use std::path::Path;

    use verification::trials::recorded::Expected;
    use verification::trials::trial::Trial;

    let ranges = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/expected.toml");
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
        .chain([
            Test::test("example/your_pool", the_example_is_convicted),
            Test::test("symmetry loses nothing", symmetry_loses_nothing),
            Test::test("a failure is replayed from its line", a_failure_is_replayed),
        ])
        .collect();
    libtest_mimic::run(&Arguments::from_args(), tests).exit_code()
}

#[cfg(loom)]
fn check(
    trial: &'static verification::trials::trial::Trial,
    expected: &verification::trials::recorded::Expected,
) -> Result<(), Failed> {
    use harness::report::swimlanes;
    use verification::trials::purpose::Purpose;
    use verification::trials::report::TrialReport;

    const WIDTH: usize = 100;
    let run = |purpose| run(trial, &purpose);
    let defects = trial.defects.iter().map(|defect| run(Purpose::Defect(defect)));
    let defects: Vec<_> = defects.collect();
    let second = expected.second_opinion(&trial.name()).map(|_| run(Purpose::SecondOpinion));
    let verdict = run(Purpose::Verdict);
    let report = TrialReport::new(trial, verdict, second.as_ref(), &defects, expected);
    match report.complaint() {
        None => Ok(()),
        Some(complaint) => {
            let lanes = report.trace.as_ref().map(|trace| swimlanes::draw(trace, WIDTH));
            Err(format!("{complaint}\n\n{}", lanes.unwrap_or_default()).into())
        }
    }
}

#[cfg(loom)]
fn run(
    trial: &verification::trials::trial::Trial,
    purpose: &verification::trials::purpose::Purpose,
) -> Run {
    use verification::base::limits;
    use verification::running::commands;

    let model = std::path::Path::new(env!("CARGO_BIN_EXE_model"));
    commands::run_model(model, trial, purpose, limits::MODEL)
}

/// Without symmetry, the same outcomes are reached in `orders` times the executions: as many as the
/// alike workers have orders.
#[cfg(loom)]
fn symmetry_loses_nothing() -> Result<(), Failed> {
    use verification::trials::purpose::Purpose;
    use verification::trials::trial::Trial;

    let alike = [("drop-2x3", 2), ("drop-3x1", 6), ("drop-3x2", 6), ("progress-3x2", 6)];
    for (scenario, orders) in alike {
        let trial = Trial::of_this_pool(scenario).ok_or("there is such a trial")?;
        let [once, all] =
            [Purpose::Verdict, Purpose::WithoutSymmetry].map(|purpose| run(trial, &purpose));
        let number = |run: &Run| run.explorations.last().map_or(0, |last| last.executions);
        let outcomes = |run: &Run| run.reached.keys().cloned().collect::<Vec<_>>();
        if number(&all) != orders * number(&once) || outcomes(&all) != outcomes(&once) {
            return Err(format!("{scenario}: {once:?}\n{all:?}").into());
        }
    }
    Ok(())
}

/// The schedule of a seeded failure fails in the same way when replayed, and its interleaving is
/// drawn.
#[cfg(loom)]
fn a_failure_is_replayed() -> Result<(), Failed> {
    use std::process::Command;

    use harness::base::child;
    use harness::findings::run::End;
    use verification::base::limits;
    use verification::trials::purpose::Purpose;
    use verification::trials::trial::Trial;

    let trial = Trial::find("last-call-two-lock/drop-2x2").ok_or("there is such a trial")?;
    let defect = trial.defects.first().ok_or("it has a defect")?;
    let failed = run(trial, &Purpose::Defect(defect));
    let End::Failed { schedule: Some(schedule), .. } = &failed.end else {
        return Err(format!("{:?}", failed.end).into());
    };
    let mut again = Command::new(env!("CARGO_BIN_EXE_model"));
    again.args([&*trial.name(), "--defect", defect.name, "--replay", schedule]);
    let finished = child::run(&mut again, limits::MODEL)?;
    let status = finished.status.and_then(|status| status.code());
    let stdout = finished.stdout;
    if status == Some(1) && stdout.contains("FAILED: deadlock") && stdout.contains("last-call-1") {
        Ok(())
    } else {
        Err(format!("{status:?}: {stdout}{}", finished.stderr).into())
    }
}

/// The example's planted lost wake-up is the only failure.
#[cfg(loom)]
fn the_example_is_convicted() -> Result<(), Failed> {
    use std::process::Command;

    use harness::base::child;
    use verification::base::cargo::Workspace;
    use verification::base::limits;
    use verification::trials::trial::Trial;

    // `cargo test --test models` alone builds no example.
    let example = Workspace::find()?.build_example("your_pool")?;
    let finished = child::run(&mut Command::new(example), limits::MODEL)?;
    let stdout = finished.stdout;
    let failed: Vec<_> = stdout.lines().filter(|line| line.starts_with("  FAILED")).collect();
    let holds = stdout.lines().filter(|line| line.starts_with("  holds")).count();
    let meeting = Trial::find("last-call/jobs-meet").ok_or("the scenario exists")?;
    let convicted = matches!(&*failed, [one] if one.contains(meeting.scenario.property));
    let status = finished.status.and_then(|status| status.code());
    if convicted && holds == 12 && status == Some(1) && stdout.contains("✗ sleeps on") {
        Ok(())
    } else {
        Err(format!("{holds} hold; {failed:?}; {status:?}\n{stdout}{}", finished.stderr).into())
    }
}

#[cfg(not(loom))]
fn main() -> std::process::ExitCode {
    libtest_mimic::run(&Arguments::from_args(), Vec::new()).exit_code()
}
