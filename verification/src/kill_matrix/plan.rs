//! Selects the trials that run with each fault.

use harness::faults::site::SiteFault;
use harness::kill_matrix::plan::{self, Plan, Survey};

use crate::faults::site;
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

/// Returns the trials that run with faults: those of this pool that are expected to hold.
pub fn candidates() -> Vec<&'static Trial> {
    let holds = |trial: &&Trial| {
        is_this_pool(trial.subject.name()) && !matches!(trial.expect, Expect::Convicted(_))
    };
    Trial::all(false).filter(holds).collect()
}

/// Builds a plan from surveys. A fault gets every surveyed trial that reaches it and is small
/// enough.
pub fn of_trials(surveys: &[(&'static Trial, Run)]) -> Plan<&'static Trial> {
    let survey = |(trial, run): &(&'static Trial, Run)| {
        let executions = run.explorations.last().map_or(0, |last| last.executions);
        // The pool need not notice a fault that belongs to the scenario.
        let is_ours = |fault: &&SiteFault| {
            let action = site::action(fault.action);
            trial.scenario.world.faults.iter().all(|known| Some(known.action) != action)
        };
        let is_small = |fault: &&SiteFault| {
            let most = if fault.is_harmless() { HARMLESS_AT_MOST } else { HARMFUL_AT_LAST };
            executions <= most
        };
        let faults = run.survey.iter().filter(is_ours).filter(is_small).cloned().collect();
        Survey { model: *trial, executions, faults }
    };
    plan::plan(surveys.iter().map(survey).collect())
}
