//! Generated scenarios: every program of two client threads up to a length. They cover what the
//! hand-written scenarios may have missed.
//!
//! One thread owns the pool. At its end, it either shuts the pool down and reads the report, or drops
//! the pool, and the report arrives through the termination hook. The other thread has a submitter
//! and a trigger. The engine tries every interleaving of the two clients and the workers. At the end,
//! every accepted job must have exactly one outcome, the same in its handle, in the report and in
//! fact.

#[cfg(loom)]
mod client;
mod program;

use std::collections::BTreeMap;

#[cfg(loom)]
pub(crate) use client::run;
use harness::findings::evidence::Evidence;
use harness::findings::part::{Case, Complaint, Exhibit, Part, FAILURE};
use harness::findings::run::{End, Engine, Options};
use harness::findings::trace::Trace;
use harness::findings::verdict::Verdict;
pub use program::{part, programs, Action, Program};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::faults::defect::{
    Defect, CLOSE_WAKES_NOBODY, IDLE_WAKES_NOBODY, OUTCOME_WAKES_NOBODY, PUSH_WAKES_NOBODY,
};
use crate::findings::run::Run;
use crate::findings::scope::Scope;
use crate::subjects::subject::Subject;
use crate::subjects::{LOCKED, TWO_LOCK};

/// The programs to run on one subject, and their limits.
#[derive(Clone, Copy)]
pub struct ProgramSet {
    /// This pool, on one of its queues.
    pub subject: &'static dyn Subject,
    /// The number of workers of the pool.
    pub workers: usize,
    /// The maximum number of actions of both threads together, by default and in the nightly profile.
    pub lengths: [usize; 2],
    /// The number of executions after which a program is given up and counted separately, by default
    /// and in the nightly profile.
    pub most: [u64; 2],
    /// The seeded defects. The programs together must convict each of them.
    pub defects: &'static [Defect],
}

/// Every set of programs.
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
    /// Returns the set for that subject and number of workers.
    pub fn find(subject: &str, workers: usize) -> Option<&'static ProgramSet> {
        let is = |set: &&ProgramSet| set.subject.name() == subject && set.workers == workers;
        PROGRAM_SETS.iter().find(is)
    }

    /// Returns the number of executions after which a program is given up.
    pub fn most(&self, nightly: bool) -> u64 {
        self.most[usize::from(nightly)]
    }

    /// Returns the seeded defect of that name.
    pub fn defect(&self, name: &str) -> Option<Defect> {
        self.defects.iter().find(|defect| defect.name == name).copied()
    }
}

impl std::fmt::Debug for ProgramSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("ProgramSet").field(&self.subject.name()).finish()
    }
}

/// The clauses that every program checks. A refused job does not run. An accepted job has the same
/// outcome in its handle, in the report and in fact. Shutdown and drop return, whatever the triggers
/// do. Handles resolve, cancelled jobs do not run, and an idle pool has run all of its jobs.
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
    "idle after earlier jobs",
    "the shutdown came second",
    "the drop came second",
];

/// The results of all programs of one set.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Generated {
    /// The name of the subject.
    pub subject: String,
    /// The number of workers of the pool.
    #[serde(default)]
    pub workers: usize,
    /// The maximum number of actions of both threads together.
    pub length: usize,
    /// The number of programs that were given up, with no failure so far.
    #[serde(default)]
    pub given_up: u64,
    /// The number of executions after which a program is given up.
    #[serde(default)]
    pub most: u64,
    /// The number of programs that were explored completely.
    pub programs: u64,
    /// The number of executions of all programs.
    pub executions: u64,
    /// The total time of the processes, in seconds.
    pub seconds: f64,
    /// The programs that failed.
    pub failures: Vec<GeneratedFailure>,
    /// The seeded defects, each with the program that convicted it, if any.
    pub defects: Vec<GeneratedDefect>,
    /// The declared outcomes that no program reached.
    pub unreached: Vec<String>,
}

/// A program that failed.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct GeneratedFailure {
    /// The program: the actions of the threads.
    pub program: String,
    /// How it ended.
    pub how: String,
    /// The execution that failed.
    pub trace: Option<Trace>,
}

/// A seeded defect under the generated programs.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct GeneratedDefect {
    /// The name of the defect.
    pub name: String,
    /// The program that convicted it, if any.
    pub convicted_by: Option<String>,
    /// The execution that convicted it.
    #[serde(default)]
    pub trace: Option<Trace>,
}

impl Generated {
    /// Creates empty results for a set of programs.
    pub fn new(set: &ProgramSet, nightly: bool) -> Self {
        let length = set.lengths[usize::from(nightly)];
        let (workers, most) = (set.workers, set.most(nightly));
        let subject = set.subject.name().to_owned();
        let unreached = REACH.map(str::to_owned).to_vec();
        Generated { subject, workers, length, most, unreached, ..Generated::default() }
    }

    /// Returns the evidence, which is the same for each of [`CLAUSES`].
    fn evidence(&self) -> Evidence {
        let convicted = self.defects.iter().filter(|defect| defect.convicted_by.is_some());
        // A single shard may miss outcomes and defects; the audit checks them for all shards.
        let verdict = match self.failures.first() {
            Some(failure) => Verdict::Failed(format!("{}: {}", failure.program, failure.how)),
            None => Verdict::Proved,
        };
        Evidence {
            kind: "programs".to_owned(),
            // Only the programs that were explored completely are proved.
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

    /// Adds the results of another shard. Each shard has tried every defect.
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

    /// Records which of the programs convicted a seeded defect, if any did.
    pub fn tried(&mut self, name: &str, programs: &[Program], run: &Run) {
        let last = run.explorations.len().checked_sub(1).and_then(|last| programs.get(last));
        let program = last.filter(|_| harness::rules::convicts(run));
        self.defects.push(GeneratedDefect {
            name: name.to_owned(),
            convicted_by: program.map(ToString::to_string),
            trace: program.and(run.trace.clone()),
        });
    }

    /// Returns what is wrong, with the executions. Unreached outcomes are complaints only if all programs
    /// were run, not in a shard.
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

    /// Returns the subject and the number of its workers, in words.
    fn title(&self) -> String {
        let Generated { subject, workers, .. } = self;
        format!("generated programs on {subject} with {workers} workers")
    }

    /// Adds the run of a process that explored these programs.
    pub fn add(&mut self, programs: &[Program], run: Run) {
        if run.options != options(self.most) {
            self.failures.push(GeneratedFailure {
                program: "all programs of a process".to_owned(),
                how: "the settings are not those of generated programs".to_owned(),
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
                    how: "the engine did not report completion".to_owned(),
                    trace: None,
                });
            }
        }
        let all = run.explorations.len() == programs.len();
        if run.end != End::Explored || !all {
            let last = run.explorations.len().checked_sub(1).and_then(|last| programs.get(last));
            self.failures.push(GeneratedFailure {
                program: last.map_or("none".to_owned(), ToString::to_string),
                how: harness::rules::summary(&run),
                trace: run.trace,
            });
        }
        self.unreached.retain(|outcome| !run.reached.contains_key(outcome));
    }
}

impl Part<Scope> for Vec<Generated> {
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
            return Err("one shard has generated programs that another lacks".to_owned());
        }
        Ok(self.into_iter().zip(other).map(|(one, other)| one.and(other)).collect())
    }
}

/// Returns the settings for a program: those of a model, with a limit on executions.
fn options(most: u64) -> Options {
    let mut options = Options::complete(Engine::Mazurka, 0, None);
    if let Options::Mazurka(options) = &mut options {
        options.max_executions = Some(most);
    }
    options
}

#[cfg(test)]
mod tests {
    use harness::findings::run::examples::{complete, failed};
    use harness::findings::run::{End, Exploration, LoomOptions, Options};
    use harness::findings::trace::examples::deadlock;

    use super::{options, programs, Generated, ProgramSet, PROGRAM_SETS, REACH};
    use crate::contract::clauses::CLAUSES;
    use crate::findings::run::Run;
    use crate::findings::scope::Scope;

    #[test]
    fn every_set_can_be_found_and_has_seeded_defects() {
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
    fn evidence_holds_only_if_the_programs_do() {
        let held = judged(run(End::Explored, Some(9))).evidence();
        assert!(held.verdict.holds(), "{}", held.verdict);
        let failed = broken();
        assert!(!judged(run(failed, None)).evidence().verdict.holds());
    }

    fn run(end: End, completed: Option<u64>) -> Run {
        Run {
            options: options(PROGRAM_SETS[0].most(false)),
            explorations: vec![Exploration { completed, ..complete(9) }],
            end,
            reached: REACH.iter().map(|outcome| ((*outcome).to_owned(), 1)).collect(),
            ..Run::new("generated".to_owned(), None)
        }
    }

    fn broken() -> End {
        failed("it broke", "a:1")
    }

    #[test]
    fn a_defect_is_reported_with_its_program_and_its_execution() {
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
        assert_eq!(
            both.defects[0].trace,
            Some(deadlock()),
            "the trace of the shard that convicted it"
        );
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
    fn only_completed_programs_count() {
        assert!(holds(run(End::Explored, Some(9))));
        assert!(!holds(run(End::Explored, None)), "the engine reported no completion");
        assert!(!holds(run(End::Explored, Some(8))), "the engine reported another number");
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
