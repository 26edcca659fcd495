//! The kill matrix of the pool: the harness judges it, and here is what a trial is in it.

pub mod equivalents;
pub mod plan;

use harness::findings::part::{self, Case, Exhibit, Part};
use harness::kill_matrix::{Attempt, KillMatrix, Terms};

use crate::findings::run::Run;
use crate::findings::scope::Scope;
use crate::trials::trial::Trial;

/// What the reasons name.
pub const TERMS: Terms<'static> = Terms { subject: "pool", list: "equivalent.toml" };

/// Returns a run of a trial with a fault, for the matrix.
pub fn attempt(trial: &Trial, run: Run) -> Attempt {
    let is_undeclared = |outcome: &&String| !trial.scenario.reach.contains(&&***outcome);
    let undeclared = run.reached.keys().find(is_undeclared).cloned();
    Attempt { run, undeclared }
}

impl Part<Scope> for Option<KillMatrix> {
    fn name(&self) -> &'static str {
        "faults at call sites"
    }

    fn is_wanted(&self, scope: &Scope) -> bool {
        scope.faults
    }

    fn is_present(&self) -> bool {
        self.as_ref().is_some_and(|matrix| !matrix.entries.is_empty())
    }

    fn cases(&self, _: &Scope) -> Vec<Case<'_>> {
        self.iter().flat_map(|matrix| matrix.cases(self.name())).collect()
    }

    fn exhibits(&self) -> Vec<Exhibit<'_>> {
        self.iter().flat_map(KillMatrix::exhibits).collect()
    }

    fn merge(self, other: Self) -> Result<Self, String> {
        part::both("faults at call sites", self, other, KillMatrix::and)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use harness::findings::part::Part;
    use harness::kill_matrix::KillMatrix;

    use super::attempt;
    use super::plan::candidates;
    use crate::findings::run::Run;
    use crate::findings::scope::Scope;

    #[test]
    fn a_matrix_without_faults_shows_nothing() {
        assert!(!Some(KillMatrix::default()).holds(&Scope::default()));
    }

    #[test]
    fn an_outcome_that_a_scenario_does_not_declare_convicts() {
        let trial = candidates()[0];
        let reaching = |outcome: &str| Run {
            reached: BTreeMap::from([(outcome.to_owned(), 1)]),
            faults_fired: vec![1],
            ..Run::new(trial.name(), None)
        };
        assert!(attempt(trial, reaching("something else")).convicts());
        for declared in trial.scenario.reach {
            assert!(!attempt(trial, reaching(declared)).convicts());
        }
    }
}
