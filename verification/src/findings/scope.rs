//! The scope of a run: what it was asked to check.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The scope of a run.
#[allow(clippy::struct_excessive_bools)] // one for each kind of evidence
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Scope {
    /// The only model to run, if any.
    pub model: Option<String>,
    /// The only subject to run, if any.
    pub subject: Option<String>,
    /// Whether models were run.
    pub models: bool,
    /// Whether the tests on real threads were run.
    pub tests: bool,
    /// Whether faults at call sites were tried.
    pub faults: bool,
    /// Whether generated programs, samples and the cross-check of the engines were run.
    #[serde(default)]
    pub generated: bool,
    /// Whether the mutants of `verification/mutants` were tried.
    #[serde(default)]
    pub mutants: bool,
    /// Whether the run used the nightly profile.
    #[serde(default)]
    pub nightly: bool,
    /// The shard, such as `2/3`, if the run is one of several.
    #[serde(default)]
    pub shard: Option<String>,
}

impl Scope {
    /// Returns `true` if this is the shard that does the work that must be done once.
    pub fn is_first_shard(&self) -> bool {
        self.shard.as_deref().is_none_or(|shard| shard.starts_with("1/"))
    }

    /// Returns `true` if the run covered everything in its profile.
    pub fn is_whole(&self) -> bool {
        let all = Scope { models: true, tests: true, faults: true, ..Scope::default() };
        let own = Scope { generated: true, nightly: self.nightly, mutants: self.nightly, ..all };
        *self == own
    }
}
