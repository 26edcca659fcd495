//! Runs the tests, each in a process of its own, under a watchdog.

use std::path::PathBuf;
use std::process::{Command, ExitStatus};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use std::{fs, thread};

use harness::base::{child, progress};
use harness::faults::site::SiteFault;

use crate::arguments::Arguments;
use crate::build::Executable;
use crate::record::{self, Model};

/// The variables of `mazurka::trial`.
const RECORD: &str = "MAZURKA_TRIAL";
const LIST: &str = "MAZURKA_TRIAL_LIST";
const REPLAY: &str = "MAZURKA_TRIAL_REPLAY";
const LIMIT: &str = "MAZURKA_TRIAL_LIMIT";
const SURVEY: &str = "MAZURKA_TRIAL_SURVEY";
const FAULT: &str = "MAZURKA_TRIAL_FAULT";

/// A test of the crate, which may contain models.
#[derive(Clone, Debug)]
pub(crate) struct Test {
    executable: Executable,
    test: String,
}

/// A test that was run.
#[derive(Clone, Debug)]
pub(crate) struct Finished {
    pub(crate) name: String,
    pub(crate) package: String,
    pub(crate) models: Vec<Model>,
    /// `None` if the watchdog has killed it.
    pub(crate) status: Option<ExitStatus>,
    /// What it wrote to standard output and standard error.
    pub(crate) output: String,
    pub(crate) seconds: f64,
}

impl Test {
    /// Returns its name: that of its target, and its own.
    pub(crate) fn name(&self) -> String {
        format!("{}::{}", self.executable.target, self.test)
    }
}

/// Lists the tests of an executable.
///
/// # Errors
///
/// If it cannot be run.
pub(crate) fn list(executable: &Executable, arguments: &Arguments) -> Result<Vec<Test>, String> {
    let mut command = Command::new(&executable.path);
    command.args(["--list", "--format", "terse"]).current_dir(&executable.folder);
    let output = command.output();
    let output = output.map_err(|error| format!("{}: {error}", executable.path.display()))?;
    let listed = |arguments: &[&str]| -> Vec<String> {
        let mut command = Command::new(&executable.path);
        command.args(["--list", "--format", "terse"]).args(arguments);
        let output = command.current_dir(&executable.folder).output();
        let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
        names(&text.unwrap_or_default())
    };
    let ignored = if arguments.include_ignored { Vec::new() } else { listed(&["--ignored"]) };
    let tests = names(&String::from_utf8_lossy(&output.stdout)).into_iter();
    let tests = tests.filter(|test| !ignored.contains(test));
    Ok(tests.map(|test| Test { executable: executable.clone(), test }).collect())
}

fn names(listed: &str) -> Vec<String> {
    let tests = listed.lines().filter_map(|line| line.strip_suffix(": test"));
    tests.map(str::to_owned).collect()
}

/// Runs the tests, several at a time, and returns them in their order.
pub(crate) fn all(tests: &[Test], arguments: &Arguments) -> Vec<Finished> {
    let fault = arguments.fault.as_ref();
    let mut done = progress::each(jobs(tests.len(), arguments), "tests", tests, |test| {
        (test.name(), run(test, fault, arguments))
    });
    done.sort_by_key(|finished| tests.iter().position(|test| test.name() == finished.name));
    done
}

/// Returns how many of these tasks run at a time.
pub(crate) fn jobs(tasks: usize, arguments: &Arguments) -> usize {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    arguments.jobs.unwrap_or(cores).clamp(1, tasks.max(1))
}

/// Runs a test, with a fault or without.
pub(crate) fn run(test: &Test, fault: Option<&SiteFault>, arguments: &Arguments) -> Finished {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let record: PathBuf =
        std::env::temp_dir().join(format!("cargo-trial-{}-{number}", std::process::id()));
    let limit = Duration::from_secs(arguments.limit);
    let mut command = Command::new(&test.executable.path);
    command.args(["--exact", &test.test, "--nocapture", "--test-threads=1", "--include-ignored"]);
    command.current_dir(&test.executable.folder);
    command.env(RECORD, &record).env(LIMIT, arguments.limit.to_string());
    if arguments.list {
        command.env(LIST, "1");
    }
    match fault {
        Some(fault) => drop(command.env(FAULT, fault.to_string())),
        None if arguments.faults => drop(command.env(SURVEY, "1")),
        None => {}
    }
    if let Some(schedule) = &arguments.replay {
        let which = if schedule.contains('@') { "" } else { "1@" };
        command.env(REPLAY, format!("{which}{schedule}"));
    }
    let began = Instant::now();
    let (status, output) = match child::run(&mut command, limit + child::GRACE) {
        Ok(finished) => (finished.status, finished.stdout + &finished.stderr),
        Err(error) => (None, format!("it cannot be run: {error}")),
    };
    let written = fs::read_to_string(&record).unwrap_or_default();
    // It is in a folder for temporary files.
    let _ = fs::remove_file(&record);
    Finished {
        name: test.name(),
        package: test.executable.package.clone(),
        models: record::read(&written),
        status,
        output,
        seconds: began.elapsed().as_secs_f64(),
    }
}
