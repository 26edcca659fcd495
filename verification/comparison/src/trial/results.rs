//! The results of the trial: `trial.json`. The terminal, the page and the README are written from it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use serde::{Deserialize, Serialize};

use crate::base::json;

/// The version of the format of `trial.json`.
pub const SCHEMA: u32 = 1;

/// The name of the file, in the folder of the results.
pub const FILE: &str = "trial.json";

/// The name of the file of a filtered run.
pub const PARTIAL: &str = "trial-partial.json";

/// Everything that was tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrialResults {
    /// The version of this format: [`SCHEMA`].
    pub schema: u32,
    /// The day on which it was tried, in UTC: `2025-01-31`.
    pub date: String,
    /// Whether nothing was filtered out.
    pub is_whole: bool,
    /// How long it took, in seconds.
    pub seconds: u64,
    /// The operating system and the architecture of the processor.
    pub system: String,
    /// How many threads the machine can run at once.
    pub cores: usize,
    /// How long a run may take before it counts as hanging, in seconds.
    pub limit: u64,
    /// The properties.
    pub properties: Vec<PropertyInfo>,
    /// The pools, this one first.
    pub pools: Vec<PoolReport>,
}

/// A property.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PropertyInfo {
    /// Its name in tables and filters.
    pub name: String,
    /// What is asked, in a sentence.
    pub text: String,
}

/// A pool and its findings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolReport {
    /// Its name in the tables.
    pub name: String,
    /// The package that it comes from.
    pub package: String,
    /// Its version, if it has one.
    pub version: Option<String>,
    /// What it is.
    pub what: String,
    /// Whether it is this pool, on one of its queues.
    pub own: bool,
    /// A finding for each property.
    pub findings: Vec<Finding>,
}

/// What was found of one property of one pool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The name of the property.
    pub property: String,
    /// The verdict.
    pub verdict: Verdict,
    /// What the documentation of the pool says of it, paraphrased.
    pub documented: String,
    /// Whether it is the control, which must be convicted.
    pub control: bool,
    /// The number of processes that tried it.
    pub processes: u64,
    /// The number of runs.
    pub runs: u64,
    /// The violations that were observed.
    pub violations: Vec<Violation>,
    /// Why it could not be tried.
    pub untried: Option<String>,
}

/// The verdict on a property.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// No violation was observed.
    Kept,
    /// A violation was observed.
    Broken,
    /// The documentation does not offer it or disclaims it, so it was not tried.
    NotOffered,
    /// It could not be tried here.
    NotTried,
}

/// A violation of a property.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// What it is.
    pub what: String,
    /// The number of runs that showed it.
    pub times: u64,
}

/// How a process ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// With this exit status, and this last message.
    Exited(Option<i32>, String),
    /// By this signal, and this last message.
    Signal(i32, String),
    /// The watchdog killed it.
    Killed,
}

/// What a process observed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observation {
    /// The number of runs that ended, or hung.
    runs: u64,
    /// The violations, each with the number of runs that showed it.
    violations: BTreeMap<String, u64>,
    untried: Option<String>,
}

impl End {
    /// The end of a process with this status. Without a status, the watchdog killed it.
    pub fn of(status: Option<ExitStatus>, stderr: &str) -> Self {
        let Some(status) = status else { return End::Killed };
        let message = last_message(stderr);
        #[cfg(unix)]
        if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
            return End::Signal(signal, message);
        }
        End::Exited(status.code(), message)
    }
}

/// The line that says why a process ended early, without what differs between runs.
fn last_message(stderr: &str) -> String {
    const MARKS: [&str; 3] = ["fatal runtime error", "abort", "compare:"];
    let is_telling = |line: &&str| MARKS.iter().any(|word| line.contains(word));
    let line = stderr.lines().rev().find(is_telling).unwrap_or_default().trim();
    let line = line.strip_prefix("fatal runtime error: ").unwrap_or(line);
    let line = line.trim_end_matches('.').trim_end_matches("aborting");
    line.trim_end_matches([',', '.', ' ']).to_owned()
}

fn signal_name(signal: i32) -> String {
    match signal {
        4 => "SIGILL".to_owned(),
        6 => "SIGABRT".to_owned(),
        9 => "SIGKILL".to_owned(),
        11 => "SIGSEGV".to_owned(),
        other => format!("signal {other}"),
    }
}

impl Observation {
    /// Reads the lines that a process wrote: `step …`, then `kept`, `broken …` or `untried …` for each
    /// run, `hangs` if a run exceeded the limit, and `done`. The limit is in seconds.
    pub fn read(lines: &str, end: End, limit: u64) -> Self {
        let mut observation = Observation::default();
        let mut step = "";
        let mut is_done = false;
        for line in lines.lines() {
            let (kind, what) = line.split_once(' ').unwrap_or((line, ""));
            match kind {
                "step" => step = what,
                "kept" => observation.runs += 1,
                "broken" => observation.add_violation(what.to_owned()),
                "untried" => observation.untried = Some(what.to_owned()),
                "hangs" => {
                    observation
                        .add_violation(format!("hangs: no end after {limit} s, while {step}"));
                    is_done = true;
                }
                "done" => is_done = true,
                _ => {}
            }
        }
        let with = |words: String| if words.is_empty() { words } else { format!(" ({words})") };
        match end {
            _ if is_done => {}
            End::Killed => {
                observation.add_violation(format!("hangs, and had to be killed, while {step}"));
            }
            End::Signal(signal, words) => {
                let (signal, words) = (signal_name(signal), with(words));
                observation
                    .add_violation(format!("the process ended with {signal}{words}, while {step}"));
            }
            End::Exited(_, words) => {
                observation
                    .add_violation(format!("the process ended early{}, while {step}", with(words)));
            }
        }
        observation
    }

    /// The observation of a process that could not be started.
    pub fn failed(why: &str) -> Self {
        Observation { untried: Some(why.to_owned()), ..Observation::default() }
    }

    fn add_violation(&mut self, what: String) {
        self.runs += 1;
        *self.violations.entry(what).or_default() += 1;
    }
}

impl Finding {
    /// Judges what the processes observed. Without processes, the property is not offered.
    pub fn new(
        property: &str,
        control: bool,
        observations: Option<Vec<Observation>>,
        documented: &str,
    ) -> Self {
        let is_offered = observations.is_some();
        let observations = observations.unwrap_or_default();
        let mut violations = BTreeMap::<String, u64>::new();
        for (what, times) in observations.iter().flat_map(|observation| &observation.violations) {
            *violations.entry(what.clone()).or_default() += times;
        }
        let mut violations: Vec<_> =
            violations.into_iter().map(|(what, times)| Violation { what, times }).collect();
        violations.sort_by_key(|violation| std::cmp::Reverse(violation.times));
        let runs = observations.iter().map(|observation| observation.runs).sum();
        let verdict = match (is_offered, violations.is_empty(), runs) {
            (false, ..) => Verdict::NotOffered,
            (true, false, _) => Verdict::Broken,
            // Without a run, nothing is shown.
            (true, true, 0) => Verdict::NotTried,
            (true, true, _) => Verdict::Kept,
        };
        Finding {
            property: property.to_owned(),
            verdict,
            documented: documented.to_owned(),
            control,
            processes: observations.len() as u64,
            runs,
            violations,
            untried: observations.into_iter().find_map(|observation| observation.untried),
        }
    }
}

impl TrialResults {
    /// What makes the trial fail: this pool breaks a property, or the control is not convicted.
    pub fn complaints(&self) -> Vec<String> {
        let mut complaints = Vec::new();
        for pool in &self.pools {
            for finding in &pool.findings {
                let (name, property) = (&pool.name, &finding.property);
                let is = finding.verdict.word();
                match finding.verdict {
                    Verdict::Kept => {}
                    // The system offers no way to try it.
                    Verdict::NotTried if !finding.control => continue,
                    _ if pool.own => complaints.push(format!(
                        "{name} must keep {property}: {is}; {}",
                        finding.violations_text()
                    )),
                    _ => {}
                }
                if finding.control && finding.verdict != Verdict::Broken {
                    complaints
                        .push(format!("{name} must be convicted of {property}, and is: {is}"));
                }
            }
        }
        complaints
    }

    /// Reads the file of that folder. Returns `None` if there is no file.
    ///
    /// # Errors
    ///
    /// What is wrong with the file.
    pub fn read(folder: &Path) -> Result<Option<Self>, String> {
        json::read(&folder.join(FILE), SCHEMA)
    }

    /// Writes the file into that folder, which is created. A filtered run has a file of its own.
    ///
    /// # Errors
    ///
    /// What went wrong, naming the file.
    pub fn write(&self, folder: &Path) -> Result<PathBuf, String> {
        json::write(self, folder.join(if self.is_whole { FILE } else { PARTIAL }))
    }
}

#[cfg(test)]
pub(crate) mod tests;
