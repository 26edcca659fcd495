//! The result of one sample. The `sample` command writes it.

use std::collections::BTreeMap;
use std::fmt;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::findings::run::Steps;
use crate::findings::trace::Trace;

/// The number of schedules to draw, and the seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Draw {
    /// The number of schedules.
    pub schedules: usize,
    /// The seed of the random numbers.
    pub seed: u64,
}

/// The scheduler that draws the schedules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Scheduler {
    /// At each step, any runnable thread, with equal probability.
    Random,
    /// Probabilistic concurrency testing: random priorities, changed at a few random steps.
    Pct,
    /// Replays one recorded schedule.
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

/// The result of one sample.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Sample {
    /// The name of the scenario.
    pub scenario: String,
    /// The seeded defect or the fault, if there is one.
    pub defect: Option<String>,
    /// The scheduler that drew the schedules.
    pub scheduler: Scheduler,
    /// The number of schedules requested.
    pub asked: usize,
    /// The number of schedules begun.
    pub schedules: usize,
    /// The number of distinct schedules.
    pub distinct: usize,
    /// The seed of the scheduler.
    pub seed: u64,
    /// The maximum number of steps of an execution.
    pub max_steps: usize,
    /// The number of steps of the longest execution.
    pub longest: usize,
    /// How the sample ended.
    pub end: SampleEnd,
    /// Wall time, in seconds.
    pub seconds: f64,
    /// The outcomes reached, each with its number of schedules.
    pub reached: BTreeMap<String, u64>,
    /// How often the seeded defect and the faults of the world acted.
    pub faults_fired: Vec<u64>,
    /// How often each step of each protocol was taken, if they were watched.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub steps: Steps,
    /// The execution that failed, or that was under way when the time ran out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<Trace>,
}

/// How a sample ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum SampleEnd {
    /// No schedule failed.
    Held,
    /// A panic: an assertion of the scenario, the pool or the engine.
    Failed {
        /// The message of the panic; for a deadlock, the position of each thread.
        message: String,
        /// The location of the panic.
        site: String,
        /// The schedule, for a replay.
        schedule: String,
    },
    /// The watchdog stopped the sample.
    TimedOut {
        /// The limit, in seconds.
        seconds: u64,
        /// The position of each thread.
        stands: Vec<String>,
    },
    /// The process ended without a result.
    Died {
        /// Its exit status and the end of its standard error.
        message: String,
    },
}

impl Sample {
    /// Returns `true` if the seeded defect was convicted: it acted, and the sample failed.
    pub fn convicts(&self) -> bool {
        let acted = self.faults_fired.first().is_some_and(|times| *times > 0);
        acted && matches!(self.end, SampleEnd::Failed { .. })
    }

    /// Describes the last schedule: its scheduler, its number and its seed.
    pub fn place(&self) -> String {
        format!("{}, schedule {} from seed {}", self.scheduler, self.schedules, self.seed)
    }
}
