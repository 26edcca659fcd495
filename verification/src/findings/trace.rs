//! The trace of an execution.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The trace of an execution: its operations in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Trace {
    /// The names of the threads. The first is the main thread.
    pub threads: Vec<String>,
    /// The operations, in order.
    pub steps: Vec<Step>,
    /// Whether `notify_one` may wake any sleeper, as under mazurka. Under loom, it wakes the thread that
    /// has slept longest.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub wakes_any: bool,
}

/// One operation of one thread.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Step {
    /// The index of the thread.
    pub thread: usize,
    /// The operation.
    pub operation: Operation,
    /// The lock, condition variable, counter or thread of the operation, such as `m1`, `c2` or `n3`.
    pub object: Option<String>,
    /// Where that object was created.
    pub created_at: Option<String>,
    /// The call site as `file:line`.
    pub site: String,
    /// Whether a fault made the operation act wrongly.
    pub wrongly: bool,
}

/// The operations of the facade, with the names of [`last_call::sync`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "op", content = "with")]
#[allow(missing_docs)] // documented in `last_call::sync::trace::Op`
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

#[cfg(test)]
pub(crate) mod tests {
    use super::{Operation, Step, Trace};

    pub(crate) fn step(thread: usize, operation: Operation, object: Option<&str>) -> Step {
        Step {
            thread,
            operation,
            object: object.map(str::to_owned),
            created_at: object.map(|_| "src/a.rs:1".to_owned()),
            site: format!("src/a.rs:{thread}7"),
            wrongly: false,
        }
    }

    /// A worker that sleeps, and the main thread, which joins it.
    pub(crate) fn deadlock() -> Trace {
        Trace {
            threads: vec!["main".to_owned(), "worker".to_owned()],
            steps: vec![
                step(0, Operation::Spawn(1), None),
                step(1, Operation::Lock, Some("m1")),
                step(1, Operation::Locked, Some("m1")),
                step(1, Operation::Wait, Some("c2")),
                step(0, Operation::Join(1), None),
            ],
            wakes_any: false,
        }
    }
}
