//! Selects the models that run with each fault.

use std::collections::BTreeMap;

use crate::faults::site::SiteFault;
use crate::findings::run::Run;
use crate::subjects::is_this_pool;
use crate::trials::trial::{Expect, Trial};

/// The second engine runs a fault only under trials with at most this many executions.
pub const SECOND_OPINION_AT_MOST: u64 = 300;

/// Harmful faults run first under trials with at most this many executions. Most of them show in a
/// small model.
pub const HARMFUL_AT_MOST: u64 = 10_000;

/// A harmful fault that none of those convicts, and that has no explanation, runs under trials with
/// at most this many executions.
pub const HARMFUL_AT_LAST: u64 = 400_000;

/// A harmless fault runs under every trial with at most this many executions.
pub const HARMLESS_AT_MOST: u64 = 500;

/// The number of convictions after which a fault is not run again.
pub const CONVICTIONS: usize = 3;

/// Every fault with the trials that reach its site, the cheapest first.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// The trials of each fault, with their numbers of executions.
    pub trials: BTreeMap<SiteFault, Vec<(&'static Trial, u64)>>,
}

/// Returns the trials that run with faults: those of this pool that are expected to hold.
pub fn candidates() -> Vec<&'static Trial> {
    let holds = |trial: &&Trial| {
        is_this_pool(trial.subject.name()) && !matches!(trial.expect, Expect::Convicted(_))
    };
    Trial::all(false).filter(holds).collect()
}

impl Plan {
    /// Builds a plan from surveys. A fault gets every surveyed trial that reaches it and is small
    /// enough.
    pub fn new(surveys: &[(&'static Trial, Run)]) -> Self {
        let cost = |run: &Run| run.explorations.last().map_or(0, |last| last.executions);
        let mut surveys: Vec<_> = surveys.iter().collect();
        surveys.sort_by_key(|(_, run)| cost(run));
        let mut plan = Plan::default();
        for (trial, run) in surveys {
            // The pool need not notice a fault that belongs to the scenario.
            let is_ours = |fault: &&SiteFault| {
                trial.scenario.world.faults.iter().all(|known| known.action != fault.action)
            };
            let is_small = |fault: &&SiteFault| {
                let most = if fault.is_harmless() { HARMLESS_AT_MOST } else { HARMFUL_AT_LAST };
                cost(run) <= most
            };
            for fault in run.survey.iter().filter(is_ours).filter(is_small) {
                plan.trials.entry(fault.clone()).or_default().push((*trial, cost(run)));
            }
        }
        plan
    }
}
