//! Evidence for a clause.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::findings::verdict::Verdict;

/// A piece of evidence for a clause.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Evidence {
    /// `model`, `protocol`, `programs`, `sample` or `test`.
    pub kind: String,
    /// The name of the trial or the test.
    pub name: String,
    /// The verdict.
    pub verdict: Verdict,
    /// For a model: the preemption bound of the last exploration; none if unbounded.
    pub bound: Option<usize>,
    /// For a model: the number of executions of the last exploration.
    pub executions: Option<u64>,
    /// For a model: the wall time of all its explorations, in seconds.
    pub seconds: Option<f64>,
    /// For a model: the declared outcomes reached, and how often.
    pub reached: BTreeMap<String, u64>,
    /// For a model: the seeded defects that it convicted.
    pub convicted: Vec<String>,
}
