//! Results in a sentence or two, for the terminal and the page.

use crate::audit::Audit;
use crate::base::text::thousands;
use crate::cross_check::{CheckerReport, ClassReport};
use crate::mutation::seeded::{Fate, Mutants};
use crate::programs::Generated;

/// The last lines: the verdict, and what it rests on.
pub fn verdict(audit: &Audit) -> String {
    let models = audit.trials.len();
    let defects = audit.trials.iter().map(|trial| trial.defects.len()).sum::<usize>();
    let executions = audit.trials.iter().flat_map(|trial| &trial.explorations);
    let executions: u64 = executions.map(|exploration| exploration.executions).sum();
    let tests = audit.suites.iter().map(|suite| suite.tests.len()).sum::<usize>();
    let faults = audit.kill_matrix.as_ref().map_or(0, |kill_matrix| kill_matrix.faults);
    let programs = audit.generated.iter().map(|generated| generated.programs).sum();
    let ran = format!(
        "{models} models ({} executions), {defects} seeded defects, {faults} faults at call sites, \
         {} generated programs, {} samples, {tests} tests, {:.0} s",
        thousands(executions),
        thousands(programs),
        audit.samples.len(),
        audit.seconds
    );
    match (audit.held, audit.scope.is_whole()) {
        (true, true) => format!("Every guarantee holds and every conviction stands: {ran}."),
        (true, false) => format!("Everything that was checked holds (partial run): {ran}."),
        (false, _) => format!("NOT EVERYTHING HOLDS; see the failures: {ran}."),
    }
}

/// What the cross-check of the engines came to, in a paragraph.
pub(crate) fn check(checker: &CheckerReport) -> String {
    let [programs, outcomes] = checker.compared();
    let sum = |number: fn(&ClassReport) -> usize| checker.audited.iter().map(number).sum::<usize>();
    let (missed, invented) = (sum(|report| report.missed), sum(|report| report.invented));
    let controls = checker.controls.iter().map(|control| {
        let ClassReport { class, programs, programs_missed, .. } = control;
        format!("{class:?} in {programs_missed} of {programs} programs")
    });
    format!(
        "{programs} random programs over the operations that the facade offers, loom's outcomes against \
         those of an enumeration that knows nothing of loom: of {outcomes} outcomes {missed} missed, \
         {invented} made up. Controls, of which some must be missed: {}.",
        controls.collect::<Vec<_>>().join(", ")
    )
}

/// What the mutants came to, in a sentence.
pub fn mutants(mutants: &Mutants) -> String {
    format!(
        "{} of {} defects seeded in the sources are convicted by the model or the test that each \
         names, in {:.0} s.",
        mutants.count(Fate::Convicted),
        mutants.mutants.len(),
        mutants.seconds
    )
}

/// What the generated programs came to, in a paragraph.
pub(crate) fn programs(generated: &Generated) -> String {
    let Generated { subject, workers, length, programs, given_up, most, executions, .. } =
        generated;
    let convicted = generated.defects.iter().filter(|defect| defect.convicted_by.is_some());
    format!(
        "{subject}, workers {workers}: every program of at most {length} actions by two threads (submit, submit what \
         panics, join, cancel, detach, wait for idleness, drain, discard; in the end the owner drops \
         the pool, which is an action, or shuts it down), equal ones once: {} programs, each in every \
         order, {} executions; {given_up} more were given up after {most} executions each, in which \
         nothing failed. \
         {} of {} seeded defects convicted.",
        thousands(*programs),
        thousands(*executions),
        convicted.count(),
        generated.defects.len(),
    )
}
