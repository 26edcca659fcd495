//! Judges a run of a trial by the rules of [`harness::rules`].

use harness::findings::recorded::Range;
use harness::findings::run::{End, Engine, Options};
use harness::findings::verdict::Verdict;
use harness::rules::{self, Demand};

use crate::findings::run::Run;
use crate::trials::trial::{Conviction, Expect, Trial};

/// Returns what a trial must show under an engine.
fn demand(trial: &Trial, engine: Engine) -> Demand<'_> {
    let world = &trial.scenario.world;
    Demand {
        options: Some(Options::complete(engine, world.spurious_wakeups, world.alike)),
        bound: trial.bound(),
        reach: trial.scenario.reach,
        defects: trial.defects.iter().map(|defect| defect.name).collect(),
    }
}

/// Judges a run without a seeded defect. `recorded` is the recorded range of executions of the last
/// exploration. `convicted` has an entry for each seeded defect.
pub fn judge(trial: &Trial, run: &Run, recorded: Option<Range>, convicted: &[bool]) -> Verdict {
    let engine = if trial.bound().is_some() { Engine::Loom } else { Engine::Mazurka };
    rules::judge(&demand(trial, engine), run, recorded, convicted)
}

/// Checks that a run without a seeded defect shows its property. Unlike [`judge`], it considers neither
/// seeded defects nor the recorded number of executions.
///
/// # Errors
///
/// Returns the verdict if the run does not show its property.
pub(crate) fn shown(trial: &Trial, run: &Run, engine: Engine) -> Result<(), Verdict> {
    rules::shown(&demand(trial, engine), run)
}

/// Returns `true` if a trial ended as expected: its property holds, or it is violated as expected.
pub fn as_expected(trial: &Trial, run: &Run, verdict: &Verdict) -> bool {
    match trial.expect {
        Expect::Proved => *verdict == Verdict::Proved,
        Expect::Bounded(bound) => *verdict == Verdict::Bounded(bound),
        Expect::Convicted(conviction) => is_convicted(&run.end, conviction),
    }
}

fn is_convicted(end: &End, conviction: Conviction) -> bool {
    match conviction {
        Conviction::Deadlock => end.is_deadlock(),
        Conviction::Panic(text) => {
            matches!(end, End::Failed { message, .. } if message.contains(text))
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use harness::findings::recorded::Range;
    use harness::findings::run::examples::{complete, failed};
    use harness::findings::run::{MazurkaOptions, Options};

    use super::{as_expected, judge, Verdict};
    use crate::findings::run::Run;
    use crate::trials::trial::Trial;

    const NAME: &str = "last-call/drop-busy";

    pub(crate) fn trial() -> &'static Trial {
        Trial::find(NAME).expect("the trial exists")
    }

    /// A run with the verdict PROVED. Each test spoils one thing.
    pub(crate) fn good() -> Run {
        Run {
            explorations: vec![complete(100)],
            reached: trial().scenario.reach.iter().map(|name| ((*name).to_owned(), 50)).collect(),
            ..Run::new(NAME.to_owned(), None)
        }
    }

    fn judged(run: &Run) -> Verdict {
        judge(trial(), run, Some(Range::new(100, 100)), &[true, true])
    }

    /// A run that convicts a seeded defect.
    pub(crate) fn bad() -> Run {
        Run { end: failed("deadlock", "mazurka"), faults_fired: vec![1], ..good() }
    }

    #[test]
    fn a_trial_is_judged_by_its_world_its_outcomes_and_its_defects() {
        assert_eq!(judged(&good()), Verdict::Proved);
        let mut other_world = good();
        if let Options::Mazurka(MazurkaOptions { alike, .. }) = &mut other_world.options {
            *alike = Some("last-call-".to_owned());
        }
        assert!(matches!(judged(&other_world), Verdict::Truncated(_)));
        let mut unreached = good();
        unreached.reached.remove(trial().scenario.reach[1]);
        assert!(matches!(judged(&unreached), Verdict::Vacuous(_)));
        let missed = judge(trial(), &good(), Some(Range::new(100, 100)), &[true, false]);
        assert_eq!(
            missed,
            Verdict::Vacuous(format!("it does not notice: {}", trial().defects[1].name))
        );
    }

    #[test]
    fn a_failure_is_not_the_expected_proof() {
        let mut run = good();
        run.end = failed("left != right", "a.rs:1");
        let verdict = judged(&run);
        assert!(matches!(verdict, Verdict::Failed(_)));
        assert!(!as_expected(trial(), &run, &verdict));
    }

    #[test]
    fn a_conviction_that_no_longer_happens_is_not_as_expected() {
        let book = Trial::find("book-stage-1/drop-busy").expect("the trial exists");
        let run = good();
        assert!(!as_expected(book, &run, &Verdict::Proved));
        let mut run = good();
        run.end = failed("another panic", "");
        assert!(!as_expected(book, &run, &Verdict::Failed(String::new())));
        run.end = failed("deadlock; threads = []", "");
        assert!(as_expected(book, &run, &Verdict::Failed(String::new())));
    }
}
