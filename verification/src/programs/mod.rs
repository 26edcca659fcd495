//! Generated scenarios: every client program up to a length, by two threads, beyond those that
//! somebody thought of.
//!
//! One thread owns the pool, and in the end shuts it down and reads the report, or drops it, and the
//! report comes through its hook; the other has a submitter and a trigger. Each does what it does in
//! its own order, the engine tries every order between them and the workers
//!, and in the end every job that was accepted must have exactly one outcome, the same in its
//! handle, in the report and in fact.

#[cfg(loom)]
mod client;
mod program;

use crate::faults::defect::CLOSE_WAKES_NOBODY;
use crate::faults::defect::IDLE_WAKES_NOBODY;
use crate::faults::defect::OUTCOME_WAKES_NOBODY;
use crate::faults::defect::PUSH_WAKES_NOBODY;
use crate::findings::part::Case;
use crate::findings::part::Complaint;
use crate::findings::part::Exhibit;
use crate::findings::part::Part;
use crate::findings::part::FAILURE;
use crate::findings::scope::Scope;
use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::faults::defect::Defect;
use crate::findings::evidence::Evidence;
use crate::findings::run::{End, Engine, Options, Run};
use crate::findings::trace::Trace;
use crate::findings::verdict::Verdict;
use crate::scenarios::scenario::World;
use crate::subjects::subject::Subject;
use crate::subjects::{LOCKED, TWO_LOCK};

#[cfg(loom)]
pub(crate) use client::run;
pub use program::{part, programs, Action, Program};

/// A subject that the programs are run on, and how far.
#[derive(Clone, Copy)]
pub struct ProgramSet {
    /// This pool, on one of its queues.
    pub subject: &'static dyn Subject,
    /// Workers of the pool.
    pub workers: usize,
    /// The length of programs, both threads together: what a change must pass, and a night.
    pub lengths: [usize; 2],
    /// Executions after which a program is given up; it is counted apart.
    pub most: [u64; 2],
    /// What the programs must notice, together.
    pub defects: &'static [Defect],
}

/// Every one of them.
pub static PROGRAM_SETS: [ProgramSet; 4] = [
    ProgramSet { subject: &LOCKED, workers: 1, lengths: [4, 4], most: ONE, defects: DEFECTS },
    ProgramSet { subject: &TWO_LOCK, workers: 1, lengths: [4, 4], most: ONE, defects: DEFECTS },
    ProgramSet { subject: &LOCKED, workers: 2, lengths: [2, 3], most: TWO, defects: DEFECTS },
    ProgramSet { subject: &TWO_LOCK, workers: 2, lengths: [2, 3], most: TWO, defects: DEFECTS },
];

const ONE: [u64; 2] = [2_000, 200_000];
const TWO: [u64; 2] = [50_000, 500_000];

const DEFECTS: &[Defect] =
    &[PUSH_WAKES_NOBODY, CLOSE_WAKES_NOBODY, OUTCOME_WAKES_NOBODY, IDLE_WAKES_NOBODY];

impl ProgramSet {
    /// The one of the subject of that name with so many workers.
    pub fn find(subject: &str, workers: usize) -> Option<&'static ProgramSet> {
        let is = |set: &&ProgramSet| set.subject.name() == subject && set.workers == workers;
        PROGRAM_SETS.iter().find(is)
    }

    /// Executions after which a program of a profile is given up.
    pub fn most(&self, nightly: bool) -> u64 {
        self.most[usize::from(nightly)]
    }

    /// The seeded defect of that name.
    pub fn defect(&self, name: &str) -> Option<Defect> {
        self.defects.iter().find(|defect| defect.name == name).copied()
    }
}

impl std::fmt::Debug for ProgramSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("ProgramSet").field(&self.subject.name()).finish()
    }
}

/// The clauses that every program checks: a refused job has not run, an accepted one has one outcome
/// in its handle, in fact and in the report; both ends return, whatever the triggers do; handles
/// resolve, a cancelled job does not run, and idle is who has run what it had.
pub const CLAUSES: [u8; 9] = [3, 4, 5, 16, 17, 18, 24, 25, 26];

/// The outcomes that the programs together must reach.
pub const REACH: [&str; 12] = [
    "accepted",
    "refused",
    "completed",
    "panicked",
    "cancelled by its handle",
    "cancelled by a discard",
    "cancel came too late",
    "joined before the end",
    "detached before it ran",
    "idle with jobs behind it",
    "the shutdown came second",
    "the drop came second",
];

/// What all programs together came to on one queue.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Generated {
    /// This pool, on that queue.
    pub subject: String,
    /// Workers of the pool.
    #[serde(default)]
    pub workers: usize,
    /// Actions of both threads together, at most.
    pub length: usize,
    /// Programs that were given up after so many executions, in which nothing had failed.
    #[serde(default)]
    pub given_up: u64,
    /// After how many.
    #[serde(default)]
    pub most: u64,
    /// Programs explored to the end.
    pub programs: u64,
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
    /// The execution that did.
    #[serde(default)]
    pub trace: Option<Trace>,
}

impl Generated {
    /// Nothing yet, of programs of at most that many actions.
    pub fn new(set: &ProgramSet, nightly: bool) -> Self {
        let length = set.lengths[usize::from(nightly)];
        let (workers, most) = (set.workers, set.most(nightly));
        let subject = set.subject.name().to_owned();
        let unreached = REACH.map(str::to_owned).to_vec();
        Generated { subject, workers, length, most, unreached, ..Generated::default() }
    }

    /// What it says about each of [`CLAUSES`].
    fn evidence(&self) -> Evidence {
        let convicted = self.defects.iter().filter(|defect| defect.convicted_by.is_some());
        // What is not reached, or not noticed, one shard alone cannot tell; the audit judges it.
        let verdict = match self.failures.first() {
            Some(failure) => Verdict::Failed(format!("{}: {}", failure.program, failure.how)),
            None => Verdict::Proved,
        };
        Evidence {
            kind: "programs".to_owned(),
            // Only those that were explored whole are proved.
            name: format!(
                "{}/generated-{}: {} of {} programs",
                self.subject,
                self.workers,
                self.programs,
                self.programs + self.given_up
            ),
            verdict,
            bound: None,
            executions: Some(self.executions),
            seconds: Some(self.seconds),
            reached: BTreeMap::new(),
            convicted: convicted.map(|defect| defect.name.clone()).collect(),
        }
    }

    /// This and what another shard found; each has tried every defect.
    pub(crate) fn and(mut self, other: Generated) -> Self {
        self.programs += other.programs;
        self.given_up += other.given_up;
        self.executions += other.executions;
        self.seconds += other.seconds;
        self.failures.extend(other.failures);
        self.unreached.retain(|outcome| other.unreached.contains(outcome));
        for (own, other) in self.defects.iter_mut().zip(other.defects) {
            if own.convicted_by.is_none() {
                *own = other;
            }
        }
        self
    }

    /// Notes by which of the programs a seeded defect was convicted, if it was.
    pub fn tried(&mut self, name: &str, programs: &[Program], run: &Run) {
        let last = run.explorations.len().checked_sub(1).and_then(|last| programs.get(last));
        let program = last.filter(|_| crate::trials::judge::convicts(run));
        self.defects.push(GeneratedDefect {
            name: name.to_owned(),
            convicted_by: program.map(ToString::to_string),
            trace: program.and(run.trace.clone()),
        });
    }

    /// What is wrong, each with its execution. What no program reaches one shard alone cannot tell.
    fn complaints(&self, scope: &Scope) -> Vec<Complaint<'_>> {
        let complaint = |message| Complaint::new(self.title(), message);
        let failures = self.failures.iter().map(|failure| {
            let message = format!("{}: {}", failure.program, failure.how);
            complaint(message).with(failure.trace.as_ref())
        });
        let unreached = self.unreached.iter().filter(|_| scope.shard.is_none());
        let unreached = unreached.map(|outcome| complaint(format!("never reached: {outcome}")));
        let missed = self.defects.iter().filter(|defect| defect.convicted_by.is_none());
        let missed = missed.map(|defect| complaint(format!("not noticed: {}", defect.name)));
        let none = (self.programs == 0).then(|| complaint("no program was explored".to_owned()));
        failures.chain(unreached).chain(missed).chain(none).collect()
    }

    /// The subject and the number of its workers.
    fn title(&self) -> String {
        let Generated { subject, workers, .. } = self;
        format!("generated programs on {subject} with {workers} workers")
    }

    /// Adds what a process found that ran these programs.
    pub fn add(&mut self, programs: &[Program], run: Run) {
        if run.options != options(self.most) {
            self.failures.push(GeneratedFailure {
                program: "all of a part".to_owned(),
                how: "the settings are not those of the programs".to_owned(),
                trace: None,
            });
        }
        for (program, exploration) in programs.iter().zip(&run.explorations) {
            self.executions += exploration.executions;
            self.seconds += exploration.seconds;
            if exploration.completed == Some(exploration.executions) {
                self.programs += 1;
            } else if exploration.begun >= self.most && exploration.completed.is_none() {
                self.given_up += 1;
            } else if run.end == End::Explored {
                self.failures.push(GeneratedFailure {
                    program: program.to_string(),
                    how: "the engine did not say that it was completed".to_owned(),
                    trace: None,
                });
            }
        }
        let all = run.explorations.len() == programs.len();
        if run.end != End::Explored || !all {
            let last = run.explorations.len().checked_sub(1).and_then(|last| programs.get(last));
            self.failures.push(GeneratedFailure {
                program: last.map_or("none".to_owned(), ToString::to_string),
                how: crate::trials::judge::summary(&run),
                trace: run.trace,
            });
        }
        self.unreached.retain(|outcome| !run.reached.contains_key(outcome));
    }
}

impl Part for Vec<Generated> {
    fn name(&self) -> &'static str {
        "generated programs"
    }

    fn is_wanted(&self, scope: &Scope) -> bool {
        scope.generated
    }

    fn is_present(&self) -> bool {
        self.len() == PROGRAM_SETS.len()
    }

    fn cases(&self, scope: &Scope) -> Vec<Case<'_>> {
        let case = |generated: &'_ Generated| {
            Case::new(self.name(), generated.title()).in_seconds(generated.seconds)
        };
        let cases = self.iter().map(|generated| Case {
            result: format!("{} programs, {} executions", generated.programs, generated.executions),
            complaints: generated.complaints(scope),
            ..case(generated)
        });
        cases.collect()
    }

    fn exhibits(&self) -> Vec<Exhibit<'_>> {
        let exhibits = self.iter().flat_map(|generated| {
            let model = &*generated.subject;
            let failures = generated.failures.iter().filter_map(move |failure| {
                let (title, how) = (failure.program.clone(), &*failure.how);
                Some(Exhibit { title, model, kind: FAILURE, how, trace: failure.trace.as_ref()? })
            });
            let defects = generated.defects.iter().filter_map(move |defect| {
                let (title, how) = (defect.name.clone(), defect.convicted_by.as_deref()?);
                Some(Exhibit { title, model, kind: "program", how, trace: defect.trace.as_ref()? })
            });
            failures.chain(defects)
        });
        exhibits.collect()
    }

    fn evidence(&self, clause: u8) -> Vec<Evidence> {
        let is_about = |_: &&Generated| CLAUSES.contains(&clause);
        self.iter().filter(is_about).map(Generated::evidence).collect()
    }

    fn merge(self, other: Self) -> Result<Self, String> {
        if self.len() != other.len() {
            return Err(
                "one shard has generated programs on a queue where another has none".to_owned()
            );
        }
        Ok(self.into_iter().zip(other).map(|(one, other)| one.and(other)).collect())
    }
}

/// What a program is explored with: all that a model is, up to so many executions.
fn options(most: u64) -> Options {
    let mut options = Options::complete(Engine::Mazurka, &World::PLAIN);
    if let Options::Mazurka(options) = &mut options {
        options.max_executions = Some(most);
    }
    options
}

#[cfg(test)]
mod tests {
    use super::{options, programs, Generated, ProgramSet, PROGRAM_SETS, REACH};
    use crate::contract::clauses::CLAUSES;
    use crate::findings::run::{End, Exploration, LoomOptions, Options, Run};
    use crate::findings::scope::Scope;
    use crate::findings::trace::tests::deadlock;

    #[test]
    fn both_queues_run_them_and_have_defects_to_notice() {
        for set in &PROGRAM_SETS {
            let found =
                ProgramSet::find(set.subject.name(), set.workers).map(|found| found.subject.name());
            assert_eq!(found, Some(set.subject.name()));
            assert_eq!(set.defects.len(), 4);
            assert!(set.defects.iter().all(|one| set.defect(one.name).is_some()));
        }
        let known = |number| CLAUSES.iter().any(|clause| clause.number == number);
        assert!(super::CLAUSES.into_iter().all(known));
    }

    #[test]
    fn evidence_is_as_good_as_the_programs() {
        let held = judged(run(End::Explored, Some(9))).evidence();
        assert!(held.verdict.holds(), "{}", held.verdict);
        let failed = broken();
        assert!(!judged(run(failed, None)).evidence().verdict.holds());
    }

    fn run(end: End, completed: Option<u64>) -> Run {
        Run {
            options: options(PROGRAM_SETS[0].most(false)),
            explorations: vec![Exploration {
                executions: 9,
                completed,
                begun: 9,
                seconds: 0.1,
                ..Exploration::default()
            }],
            end,
            reached: REACH.iter().map(|outcome| ((*outcome).to_owned(), 1)).collect(),
            ..Run::new("generated".to_owned(), None)
        }
    }

    fn broken() -> End {
        End::Failed { message: "it broke".to_owned(), site: "a:1".to_owned(), schedule: None }
    }

    #[test]
    fn a_defect_is_told_with_its_program_and_its_execution() {
        let failed = broken();
        let mut noticed = run(failed, None);
        noticed.faults_fired = vec![1];
        noticed.trace = Some(deadlock());
        let tried = |run: &Run| {
            let mut generated = Generated::new(&PROGRAM_SETS[0], false);
            generated.tried("a defect", &programs(0), run);
            generated
        };
        let missed = tried(&run(End::Explored, Some(9)));
        assert!(missed.defects[0].convicted_by.is_none() && missed.defects[0].trace.is_none());
        let both = missed.and(tried(&noticed));
        assert_eq!(both.defects[0].convicted_by.as_deref(), Some("owner: ; other: "));
        assert_eq!(both.defects[0].trace, Some(deadlock()), "of the shard that convicted it");
    }

    fn judged(run: Run) -> Generated {
        let mut generated = Generated::new(&PROGRAM_SETS[0], false);
        generated.add(&programs(0), run);
        generated
    }

    fn holds(run: Run) -> bool {
        judged(run).complaints(&Scope::default()).is_empty()
    }

    #[test]
    fn only_what_was_completed_counts() {
        assert!(holds(run(End::Explored, Some(9))));
        assert!(!holds(run(End::Explored, None)), "the engine said nothing");
        assert!(!holds(run(End::Explored, Some(8))), "the engine said another number");
        assert!(!holds(run(End::TimedOut { seconds: 1, stands: Vec::new() }, None)));
        let mut limited = run(End::Explored, Some(9));
        limited.options = Options::Loom(LoomOptions::complete());
        assert!(!holds(limited), "with other settings");
        let mut cut = run(End::Explored, None);
        cut.explorations[0].begun = PROGRAM_SETS[0].most(false);
        let cut = judged(cut);
        assert_eq!((cut.programs, cut.given_up, cut.failures.len()), (0, 1, 0));
        assert!(!cut.complaints(&Scope::default()).is_empty(), "none was explored to its end");
        let failed = broken();
        let failed = judged(run(failed, None));
        assert_eq!(failed.failures[0].program, "owner: ; other: ");
        let mut unreached = run(End::Explored, Some(9));
        unreached.reached.remove("refused");
        assert_eq!(judged(unreached).unreached, ["refused"]);
    }
}
