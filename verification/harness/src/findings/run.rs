//! The result of one run of one model. The process that explores writes it; the rules read it.

use std::collections::BTreeMap;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::faults::site::SiteFault;
use crate::findings::trace::Trace;

/// How often each step was taken, by the name of the protocol and of the step.
pub type Steps = BTreeMap<String, BTreeMap<String, u64>>;

/// One run of one model, with a seeded defect or without.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Run {
    /// The name of the model.
    pub trial: String,
    /// The seeded defect, if there is one.
    pub defect: Option<String>,
    /// The engine and its settings, all of them explicit.
    pub options: Options,
    /// The explorations, one for each bound, in order. The last may be incomplete.
    pub explorations: Vec<Exploration>,
    /// How the run ended.
    pub end: End,
    /// The outcomes reached in the last exploration, and how often.
    pub reached: BTreeMap<String, u64>,
    /// How often the seeded defect and the faults of the world acted.
    pub faults_fired: Vec<u64>,
    /// How often each step of each protocol was taken, if they were watched.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub steps: Steps,
    /// The execution that failed, or that was under way when the time ran out.
    pub trace: Option<Trace>,
    /// For a survey: the faults that can be injected at the call sites reached.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub survey: Vec<SiteFault>,
}

impl Run {
    /// Creates the record of a run without any results.
    pub fn new(trial: String, defect: Option<String>) -> Self {
        Run {
            trial,
            defect,
            options: Options::complete(Engine::Mazurka, 0, None),
            explorations: Vec::new(),
            end: End::Explored,
            reached: BTreeMap::new(),
            faults_fired: Vec::new(),
            steps: Steps::new(),
            trace: None,
            survey: Vec::new(),
        }
    }
}

/// An engine with its settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", tag = "engine")]
pub enum Options {
    /// mazurka, which decides the verdict.
    Mazurka(MazurkaOptions),
    /// loom, which gives the second opinion.
    Loom(LoomOptions),
}

/// The settings of mazurka.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MazurkaOptions {
    /// The maximum number of threads of an execution, including the main thread.
    pub max_threads: usize,
    /// The maximum number of steps of an execution; more is an error.
    pub max_steps: usize,
    /// The maximum number of executions: none.
    pub max_executions: Option<u64>,
    /// The maximum time in seconds: none.
    pub max_duration: Option<u64>,
    /// Whether `notify_one` may wake any sleeper.
    pub wakes_any: bool,
    /// The maximum number of spurious wake-ups of an execution.
    pub spurious_wakeups: usize,
    /// The common prefix of the names of interchangeable threads.
    pub alike: Option<String>,
}

/// The settings of loom. The preemption bound belongs to the exploration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LoomOptions {
    /// The maximum number of threads of an execution, including the main thread.
    pub max_threads: usize,
    /// The maximum number of operations of an execution; more is an error.
    pub max_branches: usize,
    /// The maximum number of executions: none.
    pub max_permutations: Option<usize>,
    /// The maximum time in seconds, which would end an exploration silently: none.
    pub max_duration: Option<u64>,
    /// The checkpoint file to continue from: none.
    pub checkpoint_file: Option<String>,
    /// The number of executions between two checks of the limits.
    pub checkpoint_interval: usize,
    /// Whether the model controls what is explored.
    pub expect_explicit_explore: bool,
    /// Whether loom records locations. The facade already does.
    pub location: bool,
    /// Whether loom logs.
    pub log: bool,
}

impl Options {
    /// Returns the settings for a complete exploration: no limit ends it early. An execution has at
    /// most that many spurious wake-ups; threads whose names begin with `alike` are interchangeable.
    pub fn complete(engine: Engine, spurious_wakeups: usize, alike: Option<&str>) -> Self {
        match engine {
            Engine::Mazurka => Options::Mazurka(MazurkaOptions {
                max_threads: 16,
                max_steps: 10_000,
                max_executions: None,
                max_duration: None,
                wakes_any: true,
                spurious_wakeups,
                alike: alike.map(str::to_owned),
            }),
            Engine::Loom => Options::Loom(LoomOptions::complete()),
        }
    }
}

impl LoomOptions {
    /// Returns the settings for a complete exploration: no limit ends it early.
    pub fn complete() -> Self {
        LoomOptions {
            max_threads: 5,
            max_branches: 10_000,
            max_permutations: None,
            max_duration: None,
            checkpoint_file: None,
            checkpoint_interval: 20_000,
            expect_explicit_explore: false,
            location: false,
            log: false,
        }
    }
}

/// The engine that explores.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Engine {
    /// Explores each trace once, with every choice.
    #[default]
    Mazurka,
    /// An engine of another author, for a second opinion.
    Loom,
}

/// The exploration of all executions up to a preemption bound.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Exploration {
    /// The preemption bound; none if unbounded.
    pub bound: Option<usize>,
    /// The number of executions; under mazurka, of traces.
    pub executions: u64,
    /// The number of executions that the engine reported, if it reported completion.
    pub completed: Option<u64>,
    /// The number of executions that mazurka abandoned because they would have repeated a trace, or
    /// because time had to pass in them.
    #[serde(default)]
    pub given_up: u64,
    /// The number of executions begun, as counted by the model itself.
    pub begun: u64,
    /// Wall time, in seconds.
    pub seconds: f64,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum End {
    /// Every bound was explored.
    Explored,
    /// A panic: an assertion of the model, of what it tries, or of the engine.
    Failed {
        /// The message of the panic.
        message: String,
        /// The location of the panic.
        site: String,
        /// The schedule, if the engine can replay it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        schedule: Option<String>,
    },
    /// The engine gave up: an execution exceeded its settings, or a replay diverged because something
    /// that the engine does not see affects the execution.
    GaveUp {
        /// The message of the engine.
        message: String,
    },
    /// The watchdog stopped the run.
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

impl End {
    /// Returns `true` if the run ended in a deadlock.
    pub fn is_deadlock(&self) -> bool {
        matches!(self, End::Failed { message, .. } if message.starts_with("deadlock"))
    }

    /// Returns `true` if a limit of the engine ended the run, such as its number of threads.
    pub fn is_limit(&self) -> bool {
        const LIMITS: [&str; 2] = [
            "Model exceeded maximum number of branches",
            "assertion failed: self.threads.len() < self.max()",
        ];
        let limit = |message: &str| LIMITS.iter().any(|limit| message.starts_with(limit));
        match self {
            End::GaveUp { .. } => true,
            End::Failed { message, site, .. } => site == "loom" && limit(message),
            _ => false,
        }
    }
}

/// Parts of runs, for tests of rules and reports.
pub mod examples {
    use super::{End, Exploration};

    /// Returns an exploration without a bound that is complete.
    pub fn complete(executions: u64) -> Exploration {
        Exploration {
            bound: None,
            executions,
            completed: Some(executions),
            given_up: 7,
            begun: executions + 7,
            seconds: 0.1,
        }
    }

    /// Returns the end by a panic.
    pub fn failed(message: &str, site: &str) -> End {
        End::Failed { message: message.to_owned(), site: site.to_owned(), schedule: None }
    }
}
