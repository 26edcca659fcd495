//! The rules of verdicts: what a run of a model may be called. Each way to pass and to show nothing is
//! caught here.

use std::collections::BTreeMap;

use crate::findings::recorded::Range;
use crate::findings::run::{End, Options, Run};
use crate::findings::verdict::Verdict;

/// What a model must show.
#[derive(Clone, Debug)]
pub struct Demand<'a> {
    /// The engine and the settings of a complete exploration; `None` if the process that explores
    /// vouches for them.
    pub options: Option<Options>,
    /// The preemption bound of the last exploration; `None` if it is unbounded.
    pub bound: Option<usize>,
    /// The outcomes that some execution must reach.
    pub reach: &'a [&'a str],
    /// The names of the seeded defects, each of which must be convicted.
    pub defects: Vec<&'a str>,
}

/// Judges a run without a seeded defect. `recorded` is the recorded range of executions of the last
/// exploration. `convicted` has an entry for each seeded defect.
pub fn judge(
    demand: &Demand<'_>,
    run: &Run,
    recorded: Option<Range>,
    convicted: &[bool],
) -> Verdict {
    shown(demand, run)
        .and_then(|()| sensitive(&demand.defects, convicted))
        .and_then(|()| as_recorded(run, recorded))
        .err()
        .unwrap_or(demand.bound.map_or(Verdict::Proved, Verdict::Bounded))
}

/// Checks that a run without a seeded defect shows its property. Unlike [`judge`], it considers neither
/// seeded defects nor the recorded number of executions.
///
/// # Errors
///
/// Returns the verdict if the run does not show its property.
pub fn shown(demand: &Demand<'_>, run: &Run) -> Result<(), Verdict> {
    explored(run)
        .and_then(|()| complete(demand, run))
        .and_then(|()| several(run))
        .and_then(|()| reached(demand.reach, &run.reached, &run.faults_fired))
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

fn complete(demand: &Demand<'_>, run: &Run) -> Result<(), Verdict> {
    if demand.options.as_ref().is_some_and(|options| run.options != *options) {
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
    if run.explorations.last().map(|last| last.bound) != Some(demand.bound) {
        return Err(Verdict::Truncated("the last bound was never explored".to_owned()));
    }
    Ok(())
}

fn several(run: &Run) -> Result<(), Verdict> {
    if run.explorations.last().map_or(0, |last| last.executions) <= 1 {
        let reason = "a single execution: nothing was interleaved".to_owned();
        return Err(Verdict::Vacuous(reason));
    }
    Ok(())
}

/// Checks that exactly the declared outcomes were reached, and that the faults of the model's
/// environment acted.
///
/// # Errors
///
/// Returns the verdict if not.
pub fn reached(
    declared: &[&str],
    reached: &BTreeMap<String, u64>,
    faults_fired: &[u64],
) -> Result<(), Verdict> {
    if let Some(outcome) = declared.iter().find(|outcome| !reached.contains_key(**outcome)) {
        return Err(Verdict::Vacuous(format!("never reached: {outcome}")));
    }
    if let Some(outcome) = reached.keys().find(|outcome| !declared.contains(&outcome.as_str())) {
        return Err(Verdict::Failed(format!("reached, and not declared: {outcome}")));
    }
    if faults_fired.contains(&0) {
        return Err(Verdict::Vacuous("a fault of the scenario never acted".to_owned()));
    }
    Ok(())
}

/// Checks that every seeded defect is convicted, and that there is one. `convicted` has an entry for
/// each.
///
/// # Errors
///
/// Returns the verdict if not.
pub fn sensitive(defects: &[&str], convicted: &[bool]) -> Result<(), Verdict> {
    let vacuous = |reason: String| Err(Verdict::Vacuous(reason));
    if !convicted.contains(&true) {
        return vacuous("it convicts no seeded defect".to_owned());
    }
    if let Some(index) = convicted.iter().position(|convicted| !convicted) {
        return vacuous(format!("it does not notice: {}", defects[index]));
    }
    Ok(())
}

/// Checks that the last exploration had the recorded number of executions.
///
/// # Errors
///
/// Returns the verdict if not, or if none is recorded.
pub fn as_recorded(run: &Run, recorded: Option<Range>) -> Result<(), Verdict> {
    let number = run.explorations.last().map_or(0, |last| last.executions);
    match recorded {
        None => Err(Verdict::Unrecorded(format!("{number} executions, none recorded"))),
        Some(range) if range.contains(number) => Ok(()),
        Some(range) => Err(Verdict::Unrecorded(format!("{number} executions, recorded: {range}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::{convicts, judge, shown, Demand};
    use crate::findings::recorded::Range;
    use crate::findings::run::examples::{complete, failed};
    use crate::findings::run::{End, Engine, Exploration, MazurkaOptions, Options, Run};
    use crate::findings::verdict::Verdict;

    const REACH: [&str; 2] = ["the job ran first", "the drop came first"];

    fn demand() -> Demand<'static> {
        let options = Some(Options::complete(Engine::Mazurka, 0, None));
        Demand { options, bound: None, reach: &REACH, defects: vec!["one", "another"] }
    }

    /// A run with the verdict PROVED. Each test spoils one thing.
    fn good() -> Run {
        Run {
            explorations: vec![complete(100)],
            reached: REACH.iter().map(|name| ((*name).to_owned(), 50)).collect(),
            ..Run::new("a model".to_owned(), None)
        }
    }

    fn judged(run: &Run) -> Verdict {
        judge(&demand(), run, Some(Range::new(100, 100)), &[true, true])
    }

    #[test]
    fn a_run_without_a_record_must_be_complete_and_meaningful() {
        let shown = |run: &Run| shown(&demand(), run);
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
        run.reached.remove(REACH[1]);
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
        assert!(matches!(judge(&demand(), &good(), range, &[]), Verdict::Vacuous(_)));
        assert!(matches!(judge(&demand(), &good(), range, &[true, false]), Verdict::Vacuous(_)));
    }

    #[test]
    fn another_number_of_executions_is_unrecorded() {
        for range in [None, Some(Range::new(101, 200)), Some(Range::new(1, 99))] {
            let verdict = judge(&demand(), &good(), range, &[true, true]);
            assert!(matches!(verdict, Verdict::Unrecorded(_)), "{range:?}");
        }
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
