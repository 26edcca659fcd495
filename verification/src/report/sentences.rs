//! Results in a sentence or two, for the terminal and the page.

use harness::base::text::thousands;

use crate::audit::Audit;
use crate::cross_check::{CheckerReport, ClassReport};
use crate::mutation::seeded::{Fate, Mutants};
use crate::programs::Generated;

/// The verdict, and the amount of evidence.
pub fn verdict(audit: &Audit) -> String {
    let executions = audit.trials.iter().flat_map(|trial| &trial.explorations);
    let executions: u64 = executions.map(|exploration| exploration.executions).sum();
    let defects = audit.trials.iter().flat_map(|trial| &trial.defects).count();
    let programs: u64 = audit.generated.iter().map(|generated| generated.programs).sum();
    let tests = audit.suites.iter().map(|suite| suite.tests.len()).sum::<usize>();
    let faults = audit.kill_matrix.as_ref().map_or(0, |kill_matrix| kill_matrix.faults);
    let models = format!("models ({} executions)", thousands(executions));
    let amounts = [
        (audit.trials.len() as u64, &*models),
        (defects as u64, "seeded defects"),
        (faults, "faults at call sites"),
        (programs, "generated programs"),
        (audit.samples.len() as u64, "samples"),
        (tests as u64, "tests"),
    ];
    let amounts = amounts.iter().filter(|(number, _)| *number > 0);
    let amounts: Vec<_> =
        amounts.map(|(number, what)| format!("{} {what}", thousands(*number))).collect();
    let ran = format!("{}, {:.0} s", amounts.join(", "), audit.seconds);
    match (audit.held, audit.scope.is_whole()) {
        (true, true) => format!("Every guarantee holds and every conviction stands: {ran}."),
        (true, false) => format!("Everything that was checked holds (partial run): {ran}."),
        (false, _) => format!("NOT EVERYTHING HOLDS; see the failures: {ran}."),
    }
}

/// What a verdict on a protocol rests on.
pub(crate) const PROTOCOLS: &str = "PROVED(any): the invariant of the protocol holds in the \
    beginning and after each of its steps, for any number of threads, jobs and slots; no numbers \
    contradict any question. That the code takes these steps and no others is known from the models \
    and samples above: each of their steps was held against the protocol.";

/// The result of the cross-check, in a paragraph.
pub(crate) fn check(checker: &CheckerReport) -> String {
    let [programs, outcomes] = checker.compared();
    let sum = |number: fn(&ClassReport) -> usize| checker.audited.iter().map(number).sum::<usize>();
    let (missed, invented) = (sum(|report| report.missed), sum(|report| report.invented));
    let controls = checker.controls.iter().map(|control| {
        let ClassReport { class, programs, programs_missed, .. } = control;
        format!("{class:?} in {programs_missed} of {programs} programs")
    });
    format!(
        "{programs} random programs over the operations of the facade. The outcomes under loom are \
         compared with those of an independent enumeration: of {outcomes} outcomes, {missed} are \
         missing and {invented} are invented. In the controls some must be missing: {}.",
        controls.collect::<Vec<_>>().join(", ")
    )
}

/// The result of the mutants, in a sentence.
pub fn mutants(mutants: &Mutants) -> String {
    format!(
        "{} of {} mutants are convicted, each by the model or the test that it names, in {:.0} s.",
        mutants.count(Fate::Convicted),
        mutants.mutants.len(),
        mutants.seconds
    )
}

/// The result of the generated programs, in a paragraph.
pub(crate) fn programs(generated: &Generated) -> String {
    let Generated { subject, workers, length, programs, given_up, most, executions, .. } =
        generated;
    let convicted = generated.defects.iter().filter(|defect| defect.convicted_by.is_some());
    format!(
        "{subject}, workers {workers}: programs of two threads with at most {length} actions \
         (submit, submit a panicking job, join, cancel, detach, wait for idleness, drain, discard, \
         drop), equivalent ones once. {} programs were explored whole, in {} executions. {given_up} \
         were given up after {most} executions each, in which nothing failed. {} of {} seeded \
         defects are convicted.",
        thousands(*programs),
        thousands(*executions),
        convicted.count(),
        generated.defects.len(),
    )
}
