//! What a run may be called. Every rule by which a model could pass and show nothing is here.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::findings::sample::Scheduler;

/// The word for a piece of evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE", tag = "word", content = "detail")]
pub enum Verdict {
    /// Every trace was explored.
    Proved,
    /// Every execution with at most that many preemptions was explored.
    Bounded(usize),
    /// That many schedules were drawn.
    Sampled {
        /// By whom.
        scheduler: Scheduler,
        /// How many.
        schedules: usize,
        /// From which seed.
        seed: u64,
    },
    /// It ran that many times on real threads.
    Stressed(u64),
    /// A limit ended the exploration.
    Truncated(String),
    /// It explored, and showed nothing.
    Vacuous(String),
    /// It explored another number of executions than recorded.
    Unrecorded(String),
    /// The property is broken.
    Failed(String),
}

impl Verdict {
    /// Whether it is evidence that a property holds.
    pub fn holds(&self) -> bool {
        self.reason().is_none()
    }

    /// The reason, where it does not hold.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Verdict::Proved
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
