//! What one sample found: written by the `sample` command.

use std::collections::BTreeMap;
use std::fmt;

use clap::ValueEnum;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::findings::trace::Trace;

/// How many schedules are drawn, and from which seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Draw {
    /// How many.
    pub schedules: usize,
    /// Where the random numbers begin.
    pub seed: u64,
}

/// Who draws the schedules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Scheduler {
    /// At each step any thread that can go on, with equal chances.
    Random,
    /// Probabilistic concurrency testing: random priorities, changed at a few random steps.
    Pct,
    /// Nobody: one schedule is run again.
    #[value(skip)]
    Replay,
}

impl fmt::Display for Scheduler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Scheduler::Random => "random",
            Scheduler::Pct => "pct",
            Scheduler::Replay => "replay",
        })
    }
}

/// What one sample found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Sample {
    /// The scenario's name.
    pub scenario: String,
    /// The seeded defect or the fault, if there is one.
    pub defect: Option<String>,
    /// Who drew the schedules.
    pub scheduler: Scheduler,
    /// How many schedules were asked for.
    pub asked: usize,
    /// How many were begun.
    pub schedules: usize,
    /// How many of them differ.
    pub distinct: usize,
    /// Where the scheduler's random numbers began.
    pub seed: u64,
    /// Steps that an execution was allowed.
    pub max_steps: usize,
    /// Steps that the longest one took.
    pub longest: usize,
    /// How it ended.
    pub end: SampleEnd,
    /// Wall time.
    pub seconds: f64,
    /// The outcomes reached, and in how many schedules.
    pub reached: BTreeMap<String, u64>,
    /// How often the seeded defect and the world's faults acted.
    pub faults_fired: Vec<u64>,
    /// The execution that failed, or the one that was under way when the time ran out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<Trace>,
}

/// How a sample ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum SampleEnd {
    /// No schedule failed.
    Held,
    /// A panic: an assertion of the scenario, the pool or the engine.
    Failed {
        /// The panic's message; of a deadlock, where each thread stands.
        message: String,
        /// Where it was raised.
        site: String,
        /// The schedule, for a replay.
        schedule: String,
    },
    /// The watchdog's time ran out.
    TimedOut {
        /// The limit, in seconds.
        seconds: u64,
        /// Where each thread stood.
        stands: Vec<String>,
    },
    /// The process ended without a word: what it left.
    Died {
        /// Its exit status and the end of its standard error.
        message: String,
    },
}

impl Sample {
    /// Whether a seeded defect was convicted: something failed, and the defect had acted.
    pub fn convicts(&self) -> bool {
        let acted = self.faults_fired.first().is_some_and(|times| *times > 0);
        acted && matches!(self.end, SampleEnd::Failed { .. })
    }

    /// The number of the last schedule, and who drew it.
    pub fn place(&self) -> String {
        format!("{}, schedule {} from seed {}", self.scheduler, self.schedules, self.seed)
    }
}
