//! Every sample as a test: `RUSTFLAGS="--cfg loom" cargo test`.
//!
//! Each sample runs in processes of its own, with and without its seeded defects, and passes by the
//! rules of the verdicts. Other builds have no such tests.

use libtest_mimic::Arguments;
#[cfg(loom)]
use libtest_mimic::{Failed, Trial as Test};

#[cfg(loom)]
fn main() -> std::process::ExitCode {
    let tests = verification::trials::samples::trials().map(|trial| {
        let name = trial.name();
        Test::test(name, move || check(&trial))
    });
    let replay = Test::test("a failure is replayed from its line", a_failure_is_replayed);
    libtest_mimic::run(&Arguments::from_args(), tests.chain([replay]).collect()).exit_code()
}

/// The same schedules as in every audit.
#[cfg(loom)]
fn draw() -> harness::findings::sample::Draw {
    use harness::findings::sample::Draw;
    use verification::trials::samples::{schedules, SEED};

    Draw { schedules: schedules(false), seed: SEED }
}

/// The replay line of a seeded failure, run by a shell, fails in the same way.
#[cfg(loom)]
fn a_failure_is_replayed() -> Result<(), Failed> {
    use std::process::Command;

    use harness::base::child;
    use harness::findings::sample::{Sample, SampleEnd};
    use verification::base::limits;
    use verification::running::commands;
    use verification::trials::samples;

    let trial = samples::trials().next().ok_or("there is a sample")?;
    let command = env!("CARGO_BIN_EXE_sample");
    let defect = trial.sampled.defects.first();
    let path = std::path::Path::new(command);
    let failed = commands::run_sample(path, &trial, defect, draw(), limits::SAMPLE);
    let line = samples::replay(&failed).ok_or("the seeded defect fails")?;
    // Only the arguments are used: the command is the one built with this test.
    let (_, arguments) = line.split_once(" -- ").ok_or("the line calls cargo")?;
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("'{command}' {arguments}")]);
    let finished = child::run(&mut shell, limits::SAMPLE)?;
    let again: Sample = serde_json::from_str(&finished.stdout)?;
    let failure = |end: &SampleEnd| match end {
        SampleEnd::Failed { message, site, .. } => Some((message.clone(), site.clone())),
        _ => None,
    };
    let same = failure(&again.end).is_some() && failure(&again.end) == failure(&failed.end);
    let status = finished.status.and_then(|status| status.code());
    if same && status == Some(1) && again.trace.is_some() {
        Ok(())
    } else {
        Err(format!("{:?}\nand again, {status:?}:\n{:?}\n{line}", failed.end, again.end).into())
    }
}

#[cfg(loom)]
fn check(trial: &verification::trials::samples::SampleTrial) -> Result<(), Failed> {
    use std::path::Path;

    use harness::findings::sample::Sample;
    use verification::base::limits;
    use verification::running::commands;
    use verification::trials::samples;

    let command = Path::new(env!("CARGO_BIN_EXE_sample"));
    let run = |defect| commands::run_sample(command, trial, defect, draw(), limits::SAMPLE);
    let seeded: Vec<_> = trial.sampled.defects.iter().map(|defect| run(Some(defect))).collect();
    let convicted: Vec<_> = seeded.iter().map(Sample::convicts).collect();
    let sample = run(None);
    let verdict = samples::judge(trial.sampled, &sample, &convicted);
    if verdict.holds() {
        return Ok(());
    }
    let reason = verdict.reason().unwrap_or_default();
    Err(format!("{verdict}: {reason}\n\n{}", samples::replay(&sample).unwrap_or_default()).into())
}

#[cfg(not(loom))]
fn main() -> std::process::ExitCode {
    libtest_mimic::run(&Arguments::from_args(), Vec::new()).exit_code()
}
