//! Every sample as a test: `RUSTFLAGS="--cfg shuttle" cargo test`.
//!
//! Each draws in processes of its own, with and without its seeded defects, and passes by the rules
//! of the verdicts. In any other build there are none.

use libtest_mimic::Arguments;
#[cfg(shuttle)]
use libtest_mimic::{Failed, Trial as Test};

#[cfg(shuttle)]
fn main() -> std::process::ExitCode {
    let tests = verification::sample::trials().map(|trial| {
        let name = trial.name();
        Test::test(name, move || check(&trial))
    });
    libtest_mimic::run(&Arguments::from_args(), tests.collect()).exit_code()
}

#[cfg(shuttle)]
fn check(trial: &verification::sample::SampleTrial) -> Result<(), Failed> {
    use std::path::Path;

    use verification::sample::{self, Sample};
    use verification::{limits, process};

    let command = Path::new(env!("CARGO_BIN_EXE_sample"));
    let run = |defect| {
        process::run_sample(command, trial, defect, sample::schedules(false), limits::SAMPLE)
    };
    let seeded: Vec<_> = trial.sampled.defects.iter().map(|defect| run(Some(defect))).collect();
    let convicted: Vec<_> = seeded.iter().map(Sample::convicts).collect();
    let sample = run(None);
    let verdict = sample::judge(trial.sampled, &sample, &convicted);
    if verdict.holds() {
        return Ok(());
    }
    let reason = verdict.reason().unwrap_or_default();
    Err(format!("{verdict}: {reason}\n\n{}", sample.replay().unwrap_or_default()).into())
}

#[cfg(not(shuttle))]
fn main() -> std::process::ExitCode {
    libtest_mimic::run(&Arguments::from_args(), Vec::new()).exit_code()
}
