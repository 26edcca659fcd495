//! Generated scenarios: every client program up to a length, by two threads, beyond those that
//! somebody thought of.
//!
//! One thread owns the pool, and in the end shuts it down and reads the report; the other has a
//! submitter and a trigger. Each does what it does in its own order, the loom engine tries every
//! order between them and the worker (with at most two preemptions), and in the end every job that
//! was accepted must have exactly one outcome, the same in its handle, in the report and in fact.

#[cfg(loom)]
mod client;

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::run::{End, Options, Run, Trace};
use crate::shard::Shard;

/// The preemption bound of generated scenarios.
pub const BOUND: usize = 2;

/// The length of programs, both threads together: what a change must pass, and a night.
pub const LENGTHS: [usize; 2] = [3, 4];

#[cfg(loom)]
pub(crate) use client::run;

/// What a client does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Hands in a job that returns.
    Submit,
    /// Hands in a job that panics.
    SubmitPanicking,
    /// Waits for the oldest job of this thread's.
    Join,
    /// Cancels the youngest job of this thread's.
    Cancel,
    /// Waits for idleness.
    WaitIdle,
    /// Begins a drain.
    Drain,
    /// Begins a discard.
    Discard,
}

const ACTIONS: [Action; 7] = [
    Action::Submit,
    Action::SubmitPanicking,
    Action::Join,
    Action::Cancel,
    Action::WaitIdle,
    Action::Drain,
    Action::Discard,
];

/// The outcomes that the programs together must reach.
pub const REACH: [&str; 10] = [
    "accepted",
    "refused",
    "completed",
    "panicked",
    "cancelled by its handle",
    "cancelled by a discard",
    "cancel came too late",
    "joined before the end",
    "idle with jobs behind it",
    "the shutdown came second",
];

/// What two threads do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// The owner, who shuts the pool down after that.
    pub owner: Vec<Action>,
    /// The other thread.
    pub other: Vec<Action>,
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = |actions: &[Action]| {
            actions.iter().map(|action| format!("{action:?}")).collect::<Vec<_>>().join(" ")
        };
        write!(f, "owner: {}; other: {}", words(&self.owner), words(&self.other))
    }
}

/// Every program of exactly that many actions; those that differ only in what has no effect are one.
pub fn programs(length: usize) -> Vec<Program> {
    let mut programs = Vec::new();
    for own in 0..=length {
        for owner in sequences(own) {
            for other in sequences(length - own) {
                programs.push(Program { owner: owner.clone(), other });
            }
        }
    }
    programs
}

/// A part of the programs of at most that many actions.
pub fn part(length: usize, shard: Shard) -> Vec<Program> {
    let cost = |program: &Program| 1 << (2 * (program.owner.len() + program.other.len()));
    shard.pick((0..=length).flat_map(programs), cost)
}

/// What one thread can do in so many actions.
fn sequences(length: usize) -> Vec<Vec<Action>> {
    let mut sequences = vec![Vec::new()];
    for _ in 0..length {
        let longer = sequences.iter().flat_map(|start| {
            let next = ACTIONS.into_iter().filter(|action| has_effect(start, *action));
            next.map(|action| start.iter().copied().chain([action]).collect())
        });
        sequences = longer.collect();
    }
    sequences
}

/// Whether an action can matter after these of the same thread.
fn has_effect(start: &[Action], action: Action) -> bool {
    let count = |wanted: fn(&Action) -> bool| start.iter().filter(|one| wanted(one)).count();
    let submitted = count(|one| matches!(one, Action::Submit | Action::SubmitPanicking));
    let handles = submitted - count(|one| *one == Action::Join);
    match action {
        Action::Submit | Action::SubmitPanicking => true,
        Action::Join => handles > 0,
        // Cancelling the same job twice in a row is asking whether it is cancelled.
        Action::Cancel => handles > 0 && start.last() != Some(&Action::Cancel),
        Action::WaitIdle => start.last() != Some(&Action::WaitIdle),
        Action::Drain => !start.iter().any(|one| matches!(one, Action::Drain | Action::Discard)),
        Action::Discard => !start.contains(&Action::Discard),
    }
}

/// What all programs together came to.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Generated {
    /// Actions of both threads together, at most.
    pub length: usize,
    /// The preemption bound.
    pub bound: usize,
    /// Programs explored to the end.
    pub programs: u64,
    /// Of them, those with a single execution: nothing was interleaved.
    pub single: u64,
    /// Executions of all of them.
    pub executions: u64,
    /// The sum of the processes' times, in seconds.
    pub seconds: f64,
    /// What is wrong, if anything is: the program, and how it ended.
    pub failures: Vec<GeneratedFailure>,
    /// The seeded defects, and which program convicted each; none did if it is not there.
    pub defects: Vec<GeneratedDefect>,
    /// The declared outcomes that no program reached.
    pub unreached: Vec<String>,
}

/// A program that does not hold.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct GeneratedFailure {
    /// What the threads do.
    pub program: String,
    /// How it ended.
    pub how: String,
    /// The execution that failed.
    pub trace: Option<Trace>,
}

/// A seeded defect under the generated programs.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct GeneratedDefect {
    /// What goes wrong.
    pub name: String,
    /// The program that convicted it.
    pub convicted_by: Option<String>,
}

impl Generated {
    /// Whether everything holds and every defect was convicted.
    pub fn is_good(&self) -> bool {
        self.programs > 0
            && self.failures.is_empty()
            && self.unreached.is_empty()
            && self.defects.iter().all(|defect| defect.convicted_by.is_some())
    }

    /// Whether it holds as far as one shard can tell: outcomes are reached by all programs together.
    pub fn is_good_part(&self) -> bool {
        let unreached = Vec::new();
        Generated { unreached, ..self.clone() }.is_good()
    }

    /// Nothing yet, of programs of at most that many actions.
    pub fn new(length: usize) -> Self {
        let unreached = REACH.map(str::to_owned).to_vec();
        Generated { length, bound: BOUND, unreached, ..Generated::default() }
    }

    /// This and what another shard found; each has tried every defect.
    pub(crate) fn and(mut self, other: Generated) -> Self {
        self.programs += other.programs;
        self.single += other.single;
        self.executions += other.executions;
        self.seconds += other.seconds;
        self.failures.extend(other.failures);
        self.unreached.retain(|outcome| other.unreached.contains(outcome));
        for (own, other) in self.defects.iter_mut().zip(other.defects) {
            own.convicted_by = own.convicted_by.take().or(other.convicted_by);
        }
        self
    }

    /// Notes by which of the programs a seeded defect was convicted, if it was.
    pub fn tried(&mut self, name: &str, programs: &[Program], run: &Run) {
        let last = run.explorations.len().checked_sub(1).and_then(|last| programs.get(last));
        let convicted = crate::verdict::convicts(run);
        self.defects.push(GeneratedDefect {
            name: name.to_owned(),
            convicted_by: last.filter(|_| convicted).map(ToString::to_string),
        });
    }

    /// What is not as it must be, in lines.
    pub fn complaints(&self) -> Vec<String> {
        let failures = self
            .failures
            .iter()
            .map(|failure| format!("generated program ({}): {}", failure.program, failure.how));
        let unreached = self.unreached.iter();
        let unreached = unreached.map(|outcome| format!("no generated program reached: {outcome}"));
        let missed = self.defects.iter().filter(|defect| defect.convicted_by.is_none());
        let missed = missed.map(|defect| format!("no generated program notices: {}", defect.name));
        failures.chain(unreached).chain(missed).collect()
    }

    /// Adds what a process found that ran these programs.
    pub fn add(&mut self, programs: &[Program], run: Run) {
        if run.options != Options::complete() {
            self.failures.push(GeneratedFailure {
                program: "all of a part".to_owned(),
                how: "loom's settings are not the complete ones".to_owned(),
                trace: None,
            });
        }
        for (program, exploration) in programs.iter().zip(&run.explorations) {
            self.executions += exploration.executions;
            self.seconds += exploration.seconds;
            self.single += u64::from(exploration.executions == 1);
            if exploration.completed == Some(exploration.executions) {
                self.programs += 1;
            } else if run.end == End::Explored {
                self.failures.push(GeneratedFailure {
                    program: program.to_string(),
                    how: "loom did not say that it was completed".to_owned(),
                    trace: None,
                });
            }
        }
        let all = run.explorations.len() == programs.len();
        if run.end != End::Explored || !all {
            let last = run.explorations.len().checked_sub(1).and_then(|last| programs.get(last));
            self.failures.push(GeneratedFailure {
                program: last.map_or("none".to_owned(), ToString::to_string),
                how: crate::verdict::summary(&run),
                trace: run.trace,
            });
        }
        self.unreached.retain(|outcome| !run.reached.contains_key(outcome));
    }
}

#[cfg(test)]
mod tests {
    use super::{programs, sequences, Action, Generated, Program, REACH};
    use crate::run::{End, Exploration, Options, Run};

    #[test]
    fn what_has_no_effect_is_left_out() {
        use Action::{Discard, Drain, Join, Submit, WaitIdle};
        let two = sequences(2);
        for left_out in [[Join, Submit], [WaitIdle, WaitIdle], [Drain, Drain], [Discard, Drain]] {
            assert!(!two.contains(&left_out.to_vec()), "{left_out:?}");
        }
        for kept in [[Submit, Join], [Drain, Discard], [WaitIdle, Submit], [Drain, Submit]] {
            assert!(two.contains(&kept.to_vec()), "{kept:?}");
        }
    }

    #[test]
    fn programs_are_all_different_and_of_their_length() {
        for length in 0..=3 {
            let all = programs(length);
            let texts: std::collections::BTreeSet<_> = all.iter().map(Program::to_string).collect();
            assert_eq!(texts.len(), all.len());
            assert!(all.iter().all(|one| one.owner.len() + one.other.len() == length));
        }
        assert_eq!(programs(0).len(), 1);
        assert_eq!(programs(1).len(), 10, "five that a thread can begin with, for each of two");
    }

    fn run(end: End, completed: Option<u64>) -> Run {
        Run {
            trial: "generated".to_owned(),
            defect: None,
            options: Options::complete(),
            explorations: vec![Exploration {
                bound: Some(2),
                executions: 9,
                completed,
                seconds: 0.1,
            }],
            end,
            reached: REACH.iter().map(|outcome| ((*outcome).to_owned(), 1)).collect(),
            faults_fired: Vec::new(),
            trace: None,
            survey: Vec::new(),
        }
    }

    fn judged(run: Run) -> Generated {
        let mut generated = Generated::new(0);
        generated.add(&programs(0), run);
        generated
    }

    #[test]
    fn only_what_was_completed_counts() {
        assert!(judged(run(End::Explored, Some(9))).is_good());
        assert!(!judged(run(End::Explored, None)).is_good(), "loom said nothing");
        assert!(!judged(run(End::Explored, Some(8))).is_good(), "loom said another number");
        assert!(!judged(run(End::TimedOut { seconds: 1 }, None)).is_good());
        let mut limited = run(End::Explored, Some(9));
        limited.options.max_duration = Some(1);
        assert!(!judged(limited).is_good(), "loom was told to end early");
        let failed = End::Failed { message: "it broke".to_owned(), site: "a:1".to_owned() };
        let failed = judged(run(failed, None));
        assert_eq!(failed.failures[0].program, "owner: ; other: ");
        let mut unreached = run(End::Explored, Some(9));
        unreached.reached.remove("refused");
        assert_eq!(judged(unreached).unreached, ["refused"]);
    }
}
