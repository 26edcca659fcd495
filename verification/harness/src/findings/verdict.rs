//! The verdicts. Each way in which a model could pass without showing anything has its own.

use serde::{Deserialize, Serialize};

use crate::findings::sample::Scheduler;

/// The verdict on a piece of evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "UPPERCASE", tag = "word", content = "detail")]
pub enum Verdict {
    /// Every trace was explored.
    Proved,
    /// An invariant of the protocol was shown to be inductive, for any number of threads and jobs; in
    /// every exploration, the code took the protocol's steps and no others.
    #[serde(rename = "PROVED(any)")]
    ProvedAny,
    /// Every execution up to a preemption bound was explored.
    Bounded(usize),
    /// A number of random schedules was run.
    Sampled {
        /// The scheduler.
        scheduler: Scheduler,
        /// The number of schedules.
        schedules: usize,
        /// The seed.
        seed: u64,
    },
    /// The test ran that many times on real threads.
    Stressed(u64),
    /// The exploration is incomplete.
    Truncated(String),
    /// The exploration showed nothing.
    Vacuous(String),
    /// The number of executions differs from the recorded one.
    Unrecorded(String),
    /// The property does not hold.
    Failed(String),
}

impl Verdict {
    /// Returns `true` if this is evidence that the property holds.
    pub fn holds(&self) -> bool {
        self.reason().is_none()
    }

    /// Returns why this is not evidence that the property holds, or `None` if it is.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Verdict::Proved
            | Verdict::ProvedAny
            | Verdict::Bounded(_)
            | Verdict::Sampled { .. }
            | Verdict::Stressed(_) => None,
            Verdict::Truncated(reason)
            | Verdict::Vacuous(reason)
            | Verdict::Unrecorded(reason)
            | Verdict::Failed(reason) => Some(reason),
        }
    }
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Verdict::Proved => f.write_str("PROVED"),
            Verdict::ProvedAny => f.write_str("PROVED(any)"),
            Verdict::Bounded(bound) => write!(f, "BOUNDED({bound})"),
            Verdict::Sampled { scheduler, schedules, seed } => {
                write!(f, "SAMPLED({scheduler}, {schedules}, {seed})")
            }
            Verdict::Stressed(runs) => write!(f, "STRESSED({runs})"),
            Verdict::Truncated(_) => f.write_str("TRUNCATED"),
            Verdict::Vacuous(_) => f.write_str("VACUOUS"),
            Verdict::Unrecorded(_) => f.write_str("UNRECORDED"),
            Verdict::Failed(_) => f.write_str("FAILED"),
        }
    }
}
