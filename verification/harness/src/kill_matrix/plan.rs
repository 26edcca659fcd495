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

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::{attempts, plan, Survey};
    use crate::findings::run::{End, Run};
    use crate::kill_matrix::Attempt;

    #[test]
    fn the_cheapest_models_come_first_until_there_are_enough_convictions() {
        let fault = || "drop-notify-one@src/a.rs:1".parse().expect("a fault");
        let survey = |model, executions| Survey { model, executions, faults: vec![fault()] };
        let plan = plan(vec![survey("large", 900), survey("small", 4), survey("middle", 50)]);
        let models = &plan[&fault()];
        assert_eq!(models[..], [("small", 4), ("middle", 50), ("large", 900)]);
        let ran = RefCell::new(Vec::new());
        // All but the smallest fail.
        let run = |model: &&str| {
            ran.borrow_mut().push((*model).to_owned());
            let message = "deadlock".to_owned();
            let failed = End::Failed { message, site: String::new(), schedule: None };
            let end = if *model == "small" { End::Explored } else { failed };
            let run = Run { end, faults_fired: vec![1], ..Run::new((*model).to_owned(), None) };
            Attempt { run, undeclared: None }
        };
        let found = attempts(models, |_, convictions| convictions > 0, run);
        assert_eq!(
            (found.len(), &**ran.borrow()),
            (2, &["small", "middle"].map(str::to_owned)[..])
        );
        assert_eq!(attempts(models, |executions, _| executions > 100, run).len(), 2);
    }
}
