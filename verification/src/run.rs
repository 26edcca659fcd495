//! What one run of one model found: written by the `model` command, judged by [`crate::verdict`].

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::callsite::Slip;

/// One run of one trial, with a seeded defect or without.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Run {
    /// The trial's name.
    pub trial: String,
    /// The seeded defect, if there is one.
    pub defect: Option<String>,
    /// loom's settings, each set explicitly; the preemption bound is the exploration's.
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

/// loom's settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Options {
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
    /// What every model runs with: no limit that would end an exploration.
    pub fn complete() -> Self {
        Options {
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

/// All executions with at most that many preemptions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Exploration {
    /// The preemption bound; none is unbounded.
    pub bound: Option<usize>,
    /// Executions that began, counted by the model itself.
    pub executions: u64,
    /// The number in loom's own "Completed in N iterations", if it came.
    pub completed: Option<u64>,
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
    },
    /// The watchdog's time ran out.
    TimedOut {
        /// The limit, in seconds.
        seconds: u64,
    },
    /// The process ended without a word: what it left.
    Died {
        /// Its exit status and the end of its standard error.
        message: String,
    },
}

impl End {
    /// Whether loom found that no thread can go on.
    pub fn is_deadlock(&self) -> bool {
        matches!(self, End::Failed { message, .. } if message.starts_with("deadlock;"))
    }

    /// Whether loom gave up: more operations or threads than its settings allow.
    pub fn is_limit(&self) -> bool {
        const LIMITS: [&str; 2] = [
            "Model exceeded maximum number of branches",
            "assertion failed: self.threads.len() < self.max()",
        ];
        let limit = |message: &str| LIMITS.iter().any(|limit| message.starts_with(limit));
        matches!(self, End::Failed { message, site } if site == "loom" && limit(message))
    }
}

/// One execution, operation by operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Trace {
    /// The names of the threads; the first is the main thread.
    pub threads: Vec<String>,
    /// What happened, in order.
    pub steps: Vec<Step>,
    /// Whether a notification for one may have woken any sleeper, as under shuttle, and not the
    /// longest, as under loom.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub wakes_any: bool,
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
