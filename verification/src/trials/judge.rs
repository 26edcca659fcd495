//! Judges a run of a trial. A model that passes without showing anything is caught here.

use crate::findings::run::{End, Engine, Options, Run};
use crate::findings::verdict::Verdict;
use crate::trials::recorded::Range;
use crate::trials::trial::{Conviction, Expect, Trial};

/// Judges a run without a seeded defect. `recorded` is the recorded range of executions of the last
/// exploration. `convicted` has an entry for each seeded defect.
pub fn judge(trial: &Trial, run: &Run, recorded: Option<Range>, convicted: &[bool]) -> Verdict {
    let engine = if trial.bound().is_some() { Engine::Loom } else { Engine::Mazurka };
    explored(run)
        .and_then(|()| complete(trial, run, engine))
        .and_then(|()| meaningful(trial, run))
        .and_then(|()| sensitive(trial, convicted))
        .and_then(|()| as_recorded(run, recorded))
        .err()
        .unwrap_or(trial.bound().map_or(Verdict::Proved, Verdict::Bounded))
}

/// Checks that a run without a seeded defect shows its property. Unlike [`judge`], it considers neither
/// seeded defects nor the recorded number of executions.
///
/// # Errors
///
/// Returns the verdict if the run does not show its property.
pub(crate) fn shown(trial: &Trial, run: &Run, engine: Engine) -> Result<(), Verdict> {
    explored(run).and_then(|()| complete(trial, run, engine)).and_then(|()| meaningful(trial, run))
}

fn explored(run: &Run) -> Result<(), Verdict> {
    Err(match &run.end {
        End::Explored => return Ok(()),
        End::Failed { message, site, .. } if run.end.is_limit() => {
            Verdict::Truncated(format!("a limit of loom: {}", failure(run, message, site)))
        }
        End::Failed { message, site, .. } => Verdict::Failed(failure(run, message, site)),
        End::GaveUp { message } => Verdict::Truncated(message.clone()),
        End::TimedOut { seconds, stands } => {
            let begun = run.explorations.last().map_or(0, |last| last.begun);
            let stands = stands.join("; ");
            Verdict::Truncated(format!("incomplete: {begun} executions in {seconds} s; {stands}"))
        }
        End::Died { message } => Verdict::Truncated(format!("the process died: {message}")),
    })
}

/// Returns `true` if a trial ended as expected: its property holds, or it is violated as expected.
pub fn as_expected(trial: &Trial, run: &Run, verdict: &Verdict) -> bool {
    match trial.expect {
        Expect::Proved => *verdict == Verdict::Proved,
        Expect::Bounded(bound) => *verdict == Verdict::Bounded(bound),
        Expect::Convicted(conviction) => is_convicted(&run.end, conviction),
    }
}

/// Returns `true` if a run convicted its seeded defect: the defect acted, and the run failed.
pub fn convicts(run: &Run) -> bool {
    let acted = run.faults_fired.first().is_some_and(|times| *times > 0);
    acted && matches!(run.end, End::Failed { .. }) && !run.end.is_limit()
}

/// Returns `true` if a run was ended by a limit or a crash, so that its result is unknown.
pub fn is_undecided(run: &Run) -> bool {
    matches!(run.end, End::TimedOut { .. } | End::Died { .. }) || run.end.is_limit()
}

/// Returns a line that says how a run ended.
pub fn summary(run: &Run) -> String {
    match &run.end {
        End::Failed { message, site, .. } => failure(run, message, site),
        End::Explored => "explored completely, nothing failed".to_owned(),
        End::GaveUp { message } => message.clone(),
        End::TimedOut { seconds, .. } => format!("not completed in {seconds} s"),
        End::Died { message } => format!("the process died: {message}"),
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

/// Describes a failure in one line. The list of blocked threads that loom adds is left to the trace.
fn failure(run: &Run, message: &str, site: &str) -> String {
    let message = if run.end.is_deadlock() {
        "deadlock: no thread can go on".to_owned()
    } else {
        message.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let last = run.explorations.last();
    let bound = last.and_then(|last| last.bound);
    let found = match bound {
        Some(bound) => format!("found with at most {bound} preemptions"),
        None => "found without a bound".to_owned(),
    };
    let number = last.map_or(0, |last| last.begun);
    let place =
        if ["loom", "mazurka"].contains(&site) { String::new() } else { format!(" at {site}") };
    format!("{message}{place} ({found}, execution {number})")
}

fn complete(trial: &Trial, run: &Run, engine: Engine) -> Result<(), Verdict> {
    if run.options != Options::complete(engine, &trial.scenario.world) {
        return Err(Verdict::Truncated("the settings limit the exploration".to_owned()));
    }
    for exploration in &run.explorations {
        let counted = exploration.begun.checked_sub(exploration.given_up);
        if exploration.completed.is_none() || exploration.completed != counted {
            let reported = exploration.completed.map_or("no".to_owned(), |n| n.to_string());
            let counted = counted.map_or("fewer than none".to_owned(), |n| n.to_string());
            let reason =
                format!("the engine reported {reported} executions, {counted} were counted");
            return Err(Verdict::Truncated(reason));
        }
    }
    if run.explorations.last().map(|last| last.bound) != Some(trial.bound()) {
        return Err(Verdict::Truncated("the last bound was never explored".to_owned()));
    }
    Ok(())
}

fn meaningful(trial: &Trial, run: &Run) -> Result<(), Verdict> {
    let vacuous = |reason: String| Err(Verdict::Vacuous(reason));
    if run.explorations.last().map_or(0, |last| last.executions) <= 1 {
        return vacuous("a single execution: nothing was interleaved".to_owned());
    }
    for outcome in trial.scenario.reach {
        if !run.reached.contains_key(*outcome) {
            return vacuous(format!("never reached: {outcome}"));
        }
    }
    let declared = |outcome: &String| trial.scenario.reach.contains(&outcome.as_str());
    if let Some(outcome) = run.reached.keys().find(|outcome| !declared(outcome)) {
        return Err(Verdict::Failed(format!("reached, and not declared: {outcome}")));
    }
    if run.faults_fired.contains(&0) {
        return vacuous("a fault of the scenario never acted".to_owned());
    }
    Ok(())
}

/// Checks that the trial convicts all of its seeded defects.
fn sensitive(trial: &Trial, convicted: &[bool]) -> Result<(), Verdict> {
    let vacuous = |reason: String| Err(Verdict::Vacuous(reason));
    if !convicted.contains(&true) {
        return vacuous("it convicts no seeded defect".to_owned());
    }
    if let Some(index) = convicted.iter().position(|convicted| !convicted) {
        return vacuous(format!("it does not notice: {}", trial.defects[index].name));
    }
    Ok(())
}

fn as_recorded(run: &Run, recorded: Option<Range>) -> Result<(), Verdict> {
    let number = run.explorations.last().map_or(0, |last| last.executions);
    match recorded {
        None => Err(Verdict::Unrecorded(format!("{number} executions, none recorded"))),
        Some(range) if range.contains(number) => Ok(()),
        Some(range) => Err(Verdict::Unrecorded(format!("{number} executions, recorded: {range}"))),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::{as_expected, convicts, judge, shown, Verdict};
    use crate::findings::run::{End, Engine, Exploration, MazurkaOptions, Options, Run};
    use crate::trials::recorded::Range;
    use crate::trials::trial::Trial;

    const NAME: &str = "last-call/drop-busy";

    pub(crate) fn trial() -> &'static Trial {
        Trial::find(NAME).expect("the trial exists")
    }

    /// A run with the verdict PROVED. Each test spoils one thing.
    pub(crate) fn good() -> Run {
        let exploration = Exploration {
            bound: None,
            executions: 100,
            completed: Some(100),
            given_up: 7,
            begun: 107,
            seconds: 0.1,
        };
        Run {
            explorations: vec![exploration],
            reached: trial().scenario.reach.iter().map(|name| ((*name).to_owned(), 50)).collect(),
            ..Run::new(NAME.to_owned(), None)
        }
    }

    fn failed(message: &str, site: &str) -> End {
        End::Failed { message: message.to_owned(), site: site.to_owned(), schedule: None }
    }

    fn judged(run: &Run) -> Verdict {
        judge(trial(), run, Some(Range::new(100, 100)), &[true, true])
    }

    /// A run that convicts a seeded defect.
    pub(crate) fn bad() -> Run {
        Run { end: failed("deadlock", "mazurka"), faults_fired: vec![1], ..good() }
    }

    #[test]
    fn a_run_without_a_record_must_be_complete_and_meaningful() {
        let shown = |run: &Run| shown(trial(), run, Engine::Mazurka);
        assert_eq!(shown(&good()), Ok(()));
        let mut single = good();
        single.explorations[0].executions = 1;
        single.explorations[0].completed = Some(1);
        single.explorations[0].begun = 8;
        assert!(matches!(shown(&single), Err(Verdict::Vacuous(_))));
        let mut unreached = good();
        unreached.reached.pop_first();
        assert!(matches!(shown(&unreached), Err(Verdict::Vacuous(_))));
        let mut idle = good();
        idle.faults_fired = vec![0];
        assert!(matches!(shown(&idle), Err(Verdict::Vacuous(_))));
    }

    #[test]
    fn a_complete_run_is_proved() {
        assert_eq!(judged(&good()), Verdict::Proved);
    }

    #[test]
    fn a_run_that_the_engine_does_not_report_complete_is_truncated() {
        let mut run = good();
        run.explorations[0].completed = None;
        assert!(matches!(judged(&run), Verdict::Truncated(_)));
    }

    #[test]
    fn a_count_that_differs_from_the_engine_is_truncated() {
        let mut run = good();
        run.explorations[0].completed = Some(99);
        assert!(matches!(judged(&run), Verdict::Truncated(_)));
    }

    #[test]
    fn a_silent_limit_is_truncated() {
        let limits: [fn(&mut MazurkaOptions); 5] = [
            |options| options.max_executions = Some(1_000),
            |options| options.max_duration = Some(10),
            |options| options.wakes_any = false,
            |options| options.alike = Some("last-call-".to_owned()),
            |options| options.max_steps = 10,
        ];
        for limit in limits {
            let mut run = good();
            if let Options::Mazurka(options) = &mut run.options {
                limit(options);
            }
            assert!(matches!(judged(&run), Verdict::Truncated(_)), "{:?}", run.options);
        }
    }

    #[test]
    fn a_limit_of_loom_truncates_and_convicts_nothing() {
        for message in [
            "Model exceeded maximum number of branches. This is often caused by an algorithm",
            "assertion failed: self.threads.len() < self.max()",
        ] {
            let mut run = good();
            run.end = failed(message, "loom");
            run.faults_fired = vec![3];
            assert!(!convicts(&run), "{message}");
            assert!(matches!(judged(&run), Verdict::Truncated(_)), "{message}");
        }
    }

    #[test]
    fn a_missing_exploration_is_truncated() {
        let mut run = good();
        run.explorations.pop();
        assert!(matches!(judged(&run), Verdict::Truncated(_)));
    }

    #[test]
    fn a_watchdog_truncates() {
        let mut run = good();
        run.end = End::TimedOut { seconds: 5, stands: Vec::new() };
        assert!(matches!(judged(&run), Verdict::Truncated(_)));
    }

    #[test]
    fn a_dead_process_does_not_pass() {
        let mut run = good();
        run.end = End::Died { message: "signal 6".to_owned() };
        assert!(!judged(&run).holds());
    }

    #[test]
    fn a_single_execution_is_vacuous() {
        let mut run = good();
        run.explorations[0] = Exploration {
            executions: 1,
            completed: Some(1),
            begun: 8,
            ..run.explorations[0].clone()
        };
        assert!(matches!(judged(&run), Verdict::Vacuous(_)));
    }

    #[test]
    fn an_unreached_outcome_is_vacuous() {
        let mut run = good();
        run.reached.remove(trial().scenario.reach[1]);
        assert!(matches!(judged(&run), Verdict::Vacuous(_)));
    }

    #[test]
    fn an_undeclared_outcome_fails() {
        let mut run = good();
        run.reached.insert("something else".to_owned(), 1);
        assert!(matches!(judged(&run), Verdict::Failed(_)));
    }

    #[test]
    fn a_fault_that_never_acts_is_vacuous() {
        let mut run = good();
        run.faults_fired = vec![0];
        assert!(matches!(judged(&run), Verdict::Vacuous(_)));
    }

    #[test]
    fn a_model_that_misses_a_defect_is_vacuous() {
        let range = Some(Range::new(100, 100));
        assert!(matches!(judge(trial(), &good(), range, &[]), Verdict::Vacuous(_)));
        assert!(matches!(judge(trial(), &good(), range, &[true, false]), Verdict::Vacuous(_)));
    }

    #[test]
    fn another_number_of_executions_is_unrecorded() {
        for range in [None, Some(Range::new(101, 200)), Some(Range::new(1, 99))] {
            let verdict = judge(trial(), &good(), range, &[true, true]);
            assert!(matches!(verdict, Verdict::Unrecorded(_)), "{range:?}");
        }
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

    #[test]
    fn a_defect_that_never_acted_is_not_convicted() {
        let mut run = good();
        run.end = failed("deadlock; threads = []", "");
        run.faults_fired = vec![0];
        assert!(!convicts(&run));
        run.faults_fired = vec![3];
        assert!(convicts(&run));
        run.end = End::Explored;
        assert!(!convicts(&run));
    }
}
