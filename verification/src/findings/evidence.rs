//! A piece of evidence for a clause.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::findings::verdict::Verdict;

/// A piece of evidence for a clause.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    /// `model`, `programs`, `sample` or `test`.
    pub kind: String,
    /// The trial or the test.
    pub name: String,
    /// What it may be called.
    pub verdict: Verdict,
    /// Of a model: the preemption bound of the last exploration; none is unbounded.
    pub bound: Option<usize>,
    /// Of a model: the executions of the last exploration.
    pub executions: Option<u64>,
    /// Of a model: the wall time of all its explorations.
    pub seconds: Option<f64>,
    /// Of a model: the declared outcomes reached, and how often.
    pub reached: BTreeMap<String, u64>,
    /// Of a model: the seeded defects that it convicted.
    pub convicted: Vec<String>,
}
