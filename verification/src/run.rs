//! What one run of one model found: written by the `model` command, judged by [`crate::verdict`].

use std::collections::BTreeMap;

use clap::ValueEnum;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::callsite::Slip;
use crate::scenario::World;

/// One run of one trial, with a seeded defect or without.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Run {
    /// The trial's name.
    pub trial: String,
    /// The seeded defect, if there is one.
    pub defect: Option<String>,
    /// The engine and its settings, each set explicitly.
    pub options: Options,
    /// One for each bound tried, in order. The last may have been cut short.
    pub explorations: Vec<Exploration>,
    /// How it ended.
    pub end: End,
    /// The outcomes reached in the last exploration, and how often.
    pub reached: BTreeMap<String, u64>,
    /// How often the seeded defect and the world's faults acted.
    pub faults_fired: Vec<u64>,
    /// The execution that failed, or the one that was under way when the time ran out.
    pub trace: Option<Trace>,
    /// Of a survey: what could go wrong at the call sites that were reached.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub survey: Vec<Slip>,
}

impl Run {
    /// A run of a trial, with a defect or without, of which nothing is known yet.
    pub fn new(trial: String, defect: Option<String>) -> Self {
        Run {
            trial,
            defect,
            options: Options::complete(Engine::Mazurka, &World::PLAIN),
            explorations: Vec::new(),
            end: End::Explored,
            reached: BTreeMap::new(),
            faults_fired: Vec::new(),
            trace: None,
            survey: Vec::new(),
        }
    }
}

/// An engine with its settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "engine")]
pub enum Options {
    /// mazurka, which gives the verdict.
    Mazurka(MazurkaOptions),
    /// loom, the second opinion.
    Loom(LoomOptions),
}

/// mazurka's settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MazurkaOptions {
    /// Threads that an execution may have, the main one included.
    pub max_threads: usize,
    /// Steps that an execution may have; more is an error.
    pub max_steps: usize,
    /// A limit on executions: none.
    pub max_executions: Option<u64>,
    /// A limit on seconds: none.
    pub max_duration: Option<u64>,
    /// Whether a notification for one wakes any sleeper.
    pub wakes_any: bool,
    /// Spurious wake-ups that an execution may have.
    pub spurious_wakeups: usize,
    /// The beginning of the names of threads that are interchangeable.
    pub alike: Option<String>,
}

/// loom's settings. The preemption bound is the exploration's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LoomOptions {
    /// Threads that an execution may have, the main one included.
    pub max_threads: usize,
    /// Operations that an execution may have; more is an error.
    pub max_branches: usize,
    /// A limit on executions: none.
    pub max_permutations: Option<usize>,
    /// A limit on seconds, which would end an exploration silently: none.
    pub max_duration: Option<u64>,
    /// A file to continue from: none.
    pub checkpoint_file: Option<String>,
    /// How often limits would be looked at, in executions.
    pub checkpoint_interval: usize,
    /// Whether the model chooses what is explored.
    pub expect_explicit_explore: bool,
    /// Whether loom records locations (the facade does).
    pub location: bool,
    /// Whether loom logs.
    pub log: bool,
}

impl Options {
    /// What a scenario in that world is explored with: no limit that would end an exploration.
    pub fn complete(engine: Engine, world: &World) -> Self {
        match engine {
            Engine::Mazurka => Options::Mazurka(MazurkaOptions {
                max_threads: 16,
                max_steps: 10_000,
                max_executions: None,
                max_duration: None,
                wakes_any: true,
                spurious_wakeups: world.spurious_wakeups,
                alike: world.alike.map(str::to_owned),
            }),
            Engine::Loom => Options::Loom(LoomOptions::complete()),
        }
    }
}

impl LoomOptions {
    /// What every model runs with: no limit that would end an exploration.
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

/// Who explores.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Engine {
    /// Each trace once, every choice.
    #[default]
    Mazurka,
    /// By another author, for a second opinion.
    Loom,
}

/// All executions with at most that many preemptions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Exploration {
    /// The preemption bound; none is unbounded.
    pub bound: Option<usize>,
    /// Executions: of mazurka, traces.
    pub executions: u64,
    /// The engine's own number of them, if it said that it had come to the end.
    pub completed: Option<u64>,
    /// Executions that mazurka gave up: since they would have repeated a trace, or since time had to
    /// pass in them.
    #[serde(default)]
    pub given_up: u64,
    /// Executions that began, counted by the model itself.
    pub begun: u64,
    /// Wall time.
    pub seconds: f64,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum End {
    /// Every bound was explored.
    Explored,
    /// A panic: an assertion of the scenario's, one of the subject's, or loom's.
    Failed {
        /// The panic's message.
        message: String,
        /// Where it was raised.
        site: String,
        /// For a replay, if the engine can.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        schedule: Option<String>,
    },
    /// The engine gave up: an execution was longer than its settings allow, or a replay went another
    /// way, since something decides that it does not see.
    GaveUp {
        /// What it said.
        message: String,
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

impl End {
    /// Whether no thread could go on.
    pub fn is_deadlock(&self) -> bool {
        matches!(self, End::Failed { message, .. } if message.starts_with("deadlock"))
    }

    /// Whether the engine gave up: more operations or threads than its settings allow, say.
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

/// One execution, operation by operation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Trace {
    /// The names of the threads; the first is the main thread.
    pub threads: Vec<String>,
    /// What happened, in order.
    pub steps: Vec<Step>,
    /// Whether a notification for one may have woken any sleeper, as under mazurka, and
    /// not the longest, as under loom.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub wakes_any: bool,
    /// What the objects are called in the source, by their ids: `m1` is the `queue lock`, say.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub names: BTreeMap<String, String>,
    /// The lines of source at the call sites of the steps, by `file:line`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub code: BTreeMap<String, String>,
}

/// One operation of one thread.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Step {
    /// The thread, as an index.
    pub thread: usize,
    /// What it did.
    pub operation: Operation,
    /// The lock, condition variable, counter or thread that it did it with, as `m1`, `c2`, `n3`.
    pub object: Option<String>,
    /// Where that object was created.
    pub created_at: Option<String>,
    /// The call site, as `file:line`.
    pub site: String,
    /// Whether a seeded defect made it act wrongly.
    pub wrongly: bool,
}

/// The operations of the facade, as [`last_call::sync`] names them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "op", content = "with")]
#[allow(missing_docs)] // the names say it; `last_call::sync::trace::Op` says more
pub enum Operation {
    Lock,
    Locked,
    Unlock,
    Wait,
    Woken,
    TimedOut,
    NotifyOne,
    NotifyAll,
    Count,
    Raise,
    Look,
    Spawn(usize),
    SpawnFailed,
    Join(usize),
    Joined(usize),
    End,
    Note(String),
}
