//! One execution, operation by operation.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One execution, operation by operation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Trace {
    /// The names of the threads; the first is the main thread.
    pub threads: Vec<String>,
    /// What happened, in order.
    pub steps: Vec<Step>,
    /// Whether a notification for one may have woken any sleeper, as under mazurka, and
    /// not the longest, as under loom.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub wakes_any: bool,
    /// The names of the objects in the source, by their ids: `m1` is the `queue lock`, say.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub names: BTreeMap<String, String>,
    /// The lines of source at the call sites of the steps, by `file:line`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub code: BTreeMap<String, String>,
}

/// One operation of one thread.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
    /// For a notification: the threads that it wakes, if the engine says so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub wakes: Vec<usize>,
}

/// The operations of a facade over locks, condition variables, counters and threads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", tag = "op", content = "with")]
#[allow(missing_docs)] // the names say it
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
    /// A panic with this message ends the thread.
    Panicked(String),
    Note(String),
    /// Another operation, in the words of the engine.
    Does(String),
}

/// Small executions, for tests of reports.
pub mod examples {
    use super::{Operation, Step, Trace};

    /// Returns a step of that thread with that object.
    pub fn step(thread: usize, operation: Operation, object: Option<&str>) -> Step {
        Step {
            thread,
            operation,
            object: object.map(str::to_owned),
            created_at: object.map(|_| "src/a.rs:1".to_owned()),
            site: format!("src/a.rs:{thread}7"),
            wrongly: false,
            wakes: Vec::new(),
        }
    }

    /// Returns a deadlock: a worker that sleeps, and a main thread that joins it.
    pub fn deadlock() -> Trace {
        Trace {
            threads: vec!["main".to_owned(), "worker".to_owned()],
            steps: vec![
                step(0, Operation::Spawn(1), None),
                step(1, Operation::Lock, Some("m1")),
                step(1, Operation::Locked, Some("m1")),
                step(1, Operation::Wait, Some("c2")),
                step(0, Operation::Join(1), None),
            ],
            ..Trace::default()
        }
    }
}
