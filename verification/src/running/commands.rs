//! Runs the `model` and `sample` commands in child processes under a watchdog.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use harness::base::child;
use harness::base::child::describe;
use harness::base::shard::Shard;
use harness::findings::run::End;
use harness::findings::sample::{Draw, Sample};

use crate::faults::defect::Defect;
use crate::findings::run::Run;
use crate::programs::ProgramSet;
use crate::trials::purpose::Purpose;
use crate::trials::samples::SampleTrial;
use crate::trials::trial::Trial;

/// Runs the `model` command for one trial. A child that dies or is killed also yields a [`Run`].
pub fn run_model(model: &Path, trial: &Trial, purpose: &Purpose, limit: Duration) -> Run {
    let mut command = Command::new(model);
    command.arg(trial.name()).arg("--limit").arg(limit.as_secs().to_string());
    command.args(purpose.arguments());
    read_run(&mut command, &(trial.name(), purpose.wrong()), limit)
}

/// Runs the `model` command for a part of the generated programs.
pub fn run_generated(
    model: &Path,
    set: &ProgramSet,
    nightly: bool,
    part: Shard,
    defect: Option<&Defect>,
    limit: Duration,
) -> Run {
    let mut command = Command::new(model);
    let length = set.lengths[usize::from(nightly)];
    command.args(["--generated", &length.to_string(), "--shard", &part.to_string()]);
    command.args(["--subject", set.subject.name()]);
    command.args(["--workers", &set.workers.to_string()]);
    command.args(["--most", &set.most(nightly).to_string()]);
    command.arg("--limit").arg(limit.as_secs().to_string());
    let wrong = defect.map(|defect| defect.name.to_owned());
    command.args(wrong.iter().flat_map(|name| ["--defect", name]));
    read_run(&mut command, &("generated".to_owned(), wrong), limit)
}

/// Runs a command that explores and writes its run as JSON. `name` holds the names of the trial and
/// of its defect, for a child that writes no run.
pub fn read_run(command: &mut Command, name: &(String, Option<String>), limit: Duration) -> Run {
    let died = |message: String| {
        let end = End::Died { message };
        Run { end, ..Run::new(name.0.clone(), name.1.clone()) }
    };
    match child::run(command, limit + child::GRACE) {
        Err(error) => died(format!("{}: {error}", command.get_program().display())),
        Ok(finished) if !finished.status.is_some_and(|status| status.success()) => {
            died(describe(&finished))
        }
        Ok(finished) => match serde_json::from_str(&finished.stdout) {
            Ok(run) => run,
            Err(_) => died(describe(&finished)),
        },
    }
}

/// Runs the `sample` command for one trial. A child that dies or is killed also yields a
/// [`Sample`].
pub fn run_sample(
    command: &Path,
    trial: &SampleTrial,
    defect: Option<&Defect>,
    draw: Draw,
    limit: Duration,
) -> Sample {
    let died = |message| trial.died(defect, draw, message);
    let mut sample = Command::new(command);
    sample.args(trial.arguments(defect, draw));
    sample.arg("--limit").arg(limit.as_secs().to_string());
    match child::run(&mut sample, limit + child::GRACE) {
        Err(error) => died(format!("{}: {error}", command.display())),
        // The exit status repeats what the line says, so it matters only if there is no line.
        Ok(finished) => match serde_json::from_str(&finished.stdout) {
            Ok(sample) => sample,
            Err(_) => died(describe(&finished)),
        },
    }
}
