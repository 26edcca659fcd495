//! The cost of a run. Machines differ, so no verdict depends on it.

use harness::base::text::to_float;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::findings::run::Run;

/// The model that is timed: two workers and two jobs on the default queue.
pub const MODEL: &str = "last-call-two-lock/drop-2x2";

/// The cost of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Figures {
    /// The time until the models were built, in seconds.
    pub build_seconds: f64,
    /// The time of models, seeded defects and faults at call sites, in seconds.
    pub exploring_seconds: f64,
    /// One model, explored alone at the end of the run.
    pub speed: Option<Speed>,
    /// The peak memory of the largest process, if the system reports it.
    pub memory: Option<Memory>,
}

/// A model explored alone, on one core.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Speed {
    /// The trial.
    pub model: String,
    /// Executions of all its explorations.
    pub executions: u64,
    /// Their wall time.
    pub seconds: f64,
}

impl Speed {
    /// Returns the speed of a run that was completed.
    pub fn of(run: &Run) -> Option<Self> {
        let executions = run.explorations.iter().map(|exploration| exploration.executions).sum();
        let seconds = run.explorations.iter().map(|exploration| exploration.seconds).sum();
        let ended = run.end == harness::findings::run::End::Explored && seconds > 0.0;
        ended.then(|| Speed { model: run.trial.clone(), executions, seconds })
    }

    /// Returns the executions per second.
    pub fn a_second(&self) -> f64 {
        to_float(self.executions) / self.seconds
    }
}

/// The peak memory of the largest child process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Memory {
    /// In bytes.
    pub bytes: u64,
    /// Whether that process was cargo or a compiler; models and tests then had at most as much.
    pub at_most: bool,
}

impl Memory {
    /// Returns the peak of all children until now; `built` is the peak when building had ended.
    pub fn since(built: Option<u64>) -> Option<Self> {
        let bytes = largest_child()?;
        Some(Memory { bytes, at_most: built == Some(bytes) })
    }

    fn larger(self, other: Memory) -> Self {
        if self.bytes >= other.bytes {
            self
        } else {
            other
        }
    }
}

/// Returns the peak memory of the largest child that has ended, in bytes.
#[cfg(unix)]
pub fn largest_child() -> Option<u64> {
    use nix::sys::resource::{getrusage, UsageWho};

    // In KiB, except on Apple systems.
    let unit = if cfg!(target_vendor = "apple") { 1 } else { 1024 };
    let most = getrusage(UsageWho::RUSAGE_CHILDREN).ok()?.max_rss();
    u64::try_from(most).ok().filter(|most| *most > 0).map(|most| most * unit)
}

/// Returns the peak memory of the largest child that has ended, in bytes.
#[cfg(not(unix))]
pub fn largest_child() -> Option<u64> {
    None
}

impl Figures {
    /// Adds the figures of another shard.
    pub(crate) fn and(self, other: Figures) -> Self {
        let memory = match (self.memory, other.memory) {
            (Some(one), Some(other)) => Some(one.larger(other)),
            (one, other) => one.or(other),
        };
        Figures {
            build_seconds: self.build_seconds + other.build_seconds,
            exploring_seconds: self.exploring_seconds + other.exploring_seconds,
            speed: self.speed.or(other.speed),
            memory,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{largest_child, Figures, Memory, Speed, MODEL};
    use crate::trials::recorded::Expected;

    fn speed(seconds: f64) -> Speed {
        Speed { model: "m".to_owned(), executions: 200_000, seconds }
    }

    #[test]
    fn the_readme_has_the_recorded_number_of_the_model() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let expected = Expected::read(&root.join("data/expected.toml")).expect("it is whole");
        let range = expected.range(MODEL).expect("it is recorded");
        let readme = std::fs::read_to_string(root.join("../README.md")).expect("it is there");
        let words = readme.split_whitespace().collect::<Vec<_>>().join(" ");
        let said =
            words.split_once("Two workers, two jobs and a drop have ").expect("it says so").1;
        let number = said.split(' ').next().expect("a number").replace(',', "");
        assert!(range.contains(number.parse().expect("a number")), "README.md says {number}");
    }

    #[test]
    fn shards_tell_of_the_largest() {
        let memory = |bytes| Some(Memory { bytes, at_most: false });
        let one =
            Figures { build_seconds: 1.0, exploring_seconds: 1.0, speed: None, memory: memory(5) };
        let other = Figures {
            build_seconds: 2.0,
            exploring_seconds: 2.0,
            speed: Some(speed(1.0)),
            memory: memory(7),
        };
        let both = Figures {
            build_seconds: 3.0,
            exploring_seconds: 3.0,
            speed: Some(speed(1.0)),
            memory: memory(7),
        };
        assert_eq!(one.and(other), both);
    }

    #[cfg(unix)]
    #[test]
    fn a_child_has_some_memory() {
        assert!(std::process::Command::new("true").status().is_ok_and(|status| status.success()));
        assert!(largest_child() > Some(100_000));
    }
}
