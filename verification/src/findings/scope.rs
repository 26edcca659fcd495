//! What a run was asked to look at.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The filters.
#[allow(clippy::struct_excessive_bools)] // each says whether one kind of evidence was looked at
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Scope {
    /// Only this model.
    pub model: Option<String>,
    /// Only this subject.
    pub subject: Option<String>,
    /// Whether models were run.
    pub models: bool,
    /// Whether the tests on real threads were run.
    pub tests: bool,
    /// Whether faults at call sites were tried.
    pub faults: bool,
    /// Whether generated programs and samples were run, and loom was checked.
    #[serde(default)]
    pub generated: bool,
    /// Whether the defects of `verification/mutants` were seeded.
    #[serde(default)]
    pub mutants: bool,
    /// Whether it went as deep as a night allows.
    #[serde(default)]
    pub nightly: bool,
    /// Only this part, `2/3` say.
    #[serde(default)]
    pub shard: Option<String>,
}

impl Scope {
    /// Returns `true` if this is the run that does what one run is enough for.
    pub fn is_first_shard(&self) -> bool {
        self.shard.as_deref().is_none_or(|shard| shard.starts_with("1/"))
    }

    /// Whether everything of the profile was looked at.
    pub fn is_whole(&self) -> bool {
        let all = Scope { models: true, tests: true, faults: true, ..Scope::default() };
        let own = Scope { generated: true, nightly: self.nightly, mutants: self.nightly, ..all };
        *self == own
    }
}
