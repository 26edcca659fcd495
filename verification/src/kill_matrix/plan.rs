//! Which models are run with which fault.

use std::collections::BTreeMap;

use crate::faults::site::SiteFault;
use crate::findings::run::Run;
use crate::subjects::is_this_pool;
use crate::trials::trial::{Expect, Trial};

/// Executions of the second engine that a trial has at most about which it is asked with a fault.
pub const SECOND_OPINION_AT_MOST: u64 = 300;

/// Executions that a trial has at most which is run with harmful faults first. What they break shows
/// in a small model, mostly.
pub const HARMFUL_AT_MOST: u64 = 10_000;

/// The same where none of those has convicted the fault, and nothing explains it.
pub const HARMFUL_AT_LAST: u64 = 400_000;

/// The same of harmless faults, each of which is run under all of those trials.
pub const HARMLESS_AT_MOST: u64 = 500;

/// How many convictions of a fault are enough to stop looking for more.
pub const CONVICTIONS: usize = 3;

/// Every fault, with the trials that reach its site, the cheapest first.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// By fault; each trial with its executions.
    pub trials: BTreeMap<SiteFault, Vec<(&'static Trial, u64)>>,
}

/// The trials that are run with faults: this pool's, as far as they hold.
pub fn candidates() -> Vec<&'static Trial> {
    let holds = |trial: &&Trial| {
        is_this_pool(trial.subject.name()) && !matches!(trial.expect, Expect::Convicted(_))
    };
    Trial::all(false).filter(holds).collect()
}

impl Plan {
    /// Makes a plan of the trials' surveys, of trials that are small enough to be run with each fault
    /// that they reach.
    pub fn new(surveys: &[(&'static Trial, Run)]) -> Self {
        let cost = |run: &Run| run.explorations.last().map_or(0, |last| last.executions);
        let mut surveys: Vec<_> = surveys.iter().collect();
        surveys.sort_by_key(|(_, run)| cost(run));
        let mut plan = Plan::default();
        for (trial, run) in surveys {
            // A fault of the scenario's own world is none that the pool must notice.
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
