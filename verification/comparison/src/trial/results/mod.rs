//! The peers on trial: what each pool promises, and what was seen when it was held to it.
//!
//! It goes to `trial.json`; the terminal, the page and the table in the README are
//! written from it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use serde::{Deserialize, Serialize};

use crate::base::files;

mod text;

/// The version of the format of `trial.json`.
pub const SCHEMA: u32 = 1;

/// The name of the file, in the folder of the results.
pub const FILE: &str = "trial.json";

/// The name of the file of a run that did not look at everything.
pub const PARTIAL: &str = "trial-partial.json";

/// Everything that was tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trial {
    /// The version of this format: [`SCHEMA`].
    pub schema: u32,
    /// The day on which it was tried, in UTC: `2025-01-31`.
    pub date: String,
    /// Whether nothing was filtered out.
    pub is_whole: bool,
    /// How long it took, in seconds.
    pub seconds: u64,
    /// The operating system and the processor's architecture.
    pub system: String,
    /// How many threads the machine can run at once.
    pub cores: usize,
    /// How long a run may take before it counts as hanging, in seconds.
    pub limit: u64,
    /// What was asked for.
    pub properties: Vec<Asked>,
    /// The pools, this one first.
    pub pools: Vec<Tried>,
}

/// A property.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// Its name in tables and filters.
    pub name: String,
    /// What is asked, in a sentence.
    pub text: String,
}

/// A pool, and how it did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tried {
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
    /// A property each.
    pub hearings: Vec<Hearing>,
}

/// A pool held to a property.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hearing {
    /// The property's name.
    pub property: String,
    /// What came out.
    pub verdict: Verdict,
    /// What the pool's documentation says of it, in other words.
    pub documented: String,
    /// Whether it must be convicted, so that the trial is known to bite.
    pub control: bool,
    /// In how many processes it was tried.
    pub processes: u64,
    /// How often it was tried in all.
    pub runs: u64,
    /// What was seen that should not be.
    pub seen: Vec<Sighting>,
    /// Why it could not be tried, if it could not.
    pub untried: Option<String>,
}

/// What came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Nothing was seen against it.
    Kept,
    /// Something was seen that should not be.
    Broken,
    /// The documentation does not offer it, or disclaims it: not tried.
    NotOffered,
    /// It could not be tried here.
    NotTried,
}

/// Something that should not be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sighting {
    /// What it is.
    pub what: String,
    /// In how many runs it was seen.
    pub times: u64,
}

/// How a process ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// With this exit status, and these last words.
    Exited(Option<i32>, String),
    /// By this signal, and these last words.
    Signal(i32, String),
    /// It was killed by the watchdog.
    Killed,
}

/// What a process saw.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Testimony {
    /// How many runs came to an end, or to a bad one.
    runs: u64,
    /// What was seen, and in how many of the runs.
    seen: BTreeMap<String, u64>,
    untried: Option<String>,
}

impl End {
    /// How a process ended that has this status, none if it was killed; and its last words.
    pub fn of(status: Option<ExitStatus>, stderr: &str) -> Self {
        let Some(status) = status else { return End::Killed };
        let words = last_words(stderr);
        #[cfg(unix)]
        if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
            return End::Signal(signal, words);
        }
        End::Exited(status.code(), words)
    }
}

/// The line that says why a process ended early; without anything that changes from run to run.
fn last_words(stderr: &str) -> String {
    const TELLING: [&str; 3] = ["fatal runtime error", "abort", "compare:"];
    let telling = |line: &&str| TELLING.iter().any(|word| line.contains(word));
    let line = stderr.lines().rev().find(telling).unwrap_or_default().trim();
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

impl Testimony {
    /// Reads the lines that a process wrote: `step …`, then `kept`, `broken …` or `untried …` for
    /// each run; `hangs`, if one has no end within the limit, in seconds; `done`.
    pub fn read(lines: &str, end: End, limit: u64) -> Self {
        let mut told = Testimony::default();
        let mut step = "";
        let mut is_done = false;
        for line in lines.lines() {
            let (kind, what) = line.split_once(' ').unwrap_or((line, ""));
            match kind {
                "step" => step = what,
                "kept" => told.runs += 1,
                "broken" => told.saw(what.to_owned()),
                "untried" => told.untried = Some(what.to_owned()),
                "hangs" => {
                    told.saw(format!("hangs: no end after {limit} s, while {step}"));
                    is_done = true;
                }
                "done" => is_done = true,
                _ => {}
            }
        }
        let with = |words: String| if words.is_empty() { words } else { format!(" ({words})") };
        match end {
            _ if is_done => {}
            End::Killed => told.saw(format!("hangs, and had to be killed, while {step}")),
            End::Signal(signal, words) => {
                let (signal, words) = (signal_name(signal), with(words));
                told.saw(format!("the process ended with {signal}{words}, while {step}"));
            }
            End::Exited(_, words) => {
                told.saw(format!("the process ended early{}, while {step}", with(words)));
            }
        }
        told
    }

    /// The testimony of a process that could not be run.
    pub fn failed(why: &str) -> Self {
        Testimony { untried: Some(why.to_owned()), ..Testimony::default() }
    }

    fn saw(&mut self, what: String) {
        self.runs += 1;
        *self.seen.entry(what).or_default() += 1;
    }
}

impl Hearing {
    /// Judges what the processes saw; without any, the property is not offered.
    pub fn new(
        property: &str,
        control: bool,
        testimonies: Option<Vec<Testimony>>,
        documented: &str,
    ) -> Self {
        let is_offered = testimonies.is_some();
        let testimonies = testimonies.unwrap_or_default();
        let mut seen = BTreeMap::<String, u64>::new();
        for (what, times) in testimonies.iter().flat_map(|told| &told.seen) {
            *seen.entry(what.clone()).or_default() += times;
        }
        let mut seen: Vec<_> =
            seen.into_iter().map(|(what, times)| Sighting { what, times }).collect();
        seen.sort_by_key(|sighting| std::cmp::Reverse(sighting.times));
        let runs = testimonies.iter().map(|told| told.runs).sum();
        let verdict = match (is_offered, seen.is_empty(), runs) {
            (false, ..) => Verdict::NotOffered,
            (true, false, _) => Verdict::Broken,
            // Nothing seen in no run shows nothing.
            (true, true, 0) => Verdict::NotTried,
            (true, true, _) => Verdict::Kept,
        };
        Hearing {
            property: property.to_owned(),
            verdict,
            documented: documented.to_owned(),
            control,
            processes: testimonies.len() as u64,
            runs,
            seen,
            untried: testimonies.into_iter().find_map(|told| told.untried),
        }
    }
}

impl Trial {
    /// What must not be: this pool breaks a property, or a control is not convicted.
    pub fn complaints(&self) -> Vec<String> {
        let mut complaints = Vec::new();
        for pool in &self.pools {
            for hearing in &pool.hearings {
                let (name, property) = (&pool.name, &hearing.property);
                let is = hearing.verdict.word();
                match hearing.verdict {
                    Verdict::Kept => {}
                    // What the system cannot be asked for is nobody's fault.
                    Verdict::NotTried if !hearing.control => continue,
                    _ if pool.own => complaints.push(format!(
                        "{name} must keep {property}: {is}; {}",
                        hearing.sightings()
                    )),
                    _ => {}
                }
                if hearing.control && hearing.verdict != Verdict::Broken {
                    complaints
                        .push(format!("{name} must be convicted of {property}, and is: {is}"));
                }
            }
        }
        complaints
    }

    /// Reads the file of that folder; nothing if there is none.
    ///
    /// # Errors
    ///
    /// What is wrong with the file.
    pub fn read(folder: &Path) -> Result<Option<Self>, String> {
        files::read(&folder.join(FILE), SCHEMA)
    }

    /// Writes the file into that folder, which is created; what was filtered replaces nothing whole.
    ///
    /// # Errors
    ///
    /// What went wrong, naming the file.
    pub fn write(&self, folder: &Path) -> Result<PathBuf, String> {
        files::write(self, folder.join(if self.is_whole { FILE } else { PARTIAL }))
    }
}

#[cfg(test)]
pub(crate) mod tests;
