//! Which models run with which fault, and until when.

use std::collections::BTreeMap;

use crate::faults::site::SiteFault;
use crate::kill_matrix::Attempt;

/// What a model reaches without a fault.
#[derive(Clone, Debug)]
pub struct Survey<M> {
    /// The model.
    pub model: M,
    /// Its number of executions.
    pub executions: u64,
    /// The faults that it is to be run with, at the call sites that it reaches.
    pub faults: Vec<SiteFault>,
}

/// The models of each fault, with their numbers of executions, the cheapest first.
pub type Plan<M> = BTreeMap<SiteFault, Vec<(M, u64)>>;

/// Builds a plan from surveys.
pub fn plan<M: Clone>(mut surveys: Vec<Survey<M>>) -> Plan<M> {
    surveys.sort_by_key(|survey| survey.executions);
    let mut plan = Plan::new();
    for survey in surveys {
        for fault in survey.faults {
            plan.entry(fault).or_default().push((survey.model.clone(), survey.executions));
        }
    }
    plan
}

/// Runs a fault under models, one after the other. `enough` is asked before each, with the model's number
/// of executions and the number of convictions so far.
pub fn attempts<M>(
    models: &[(M, u64)],
    enough: impl Fn(u64, usize) -> bool,
    run: impl Fn(&M) -> Attempt,
) -> Vec<Attempt> {
    let mut convictions = 0;
    let attempts = models.iter().map_while(|(model, executions)| {
        let attempt = (!enough(*executions, convictions)).then(|| run(model))?;
        convictions += usize::from(attempt.convicts());
        Some(attempt)
    });
    attempts.collect()
}
