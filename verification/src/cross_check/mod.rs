//! The checker checked: random programs over the operations of the pool's facade, whose outcomes
//! under loom are held against those of an exhaustive enumeration that knows nothing of loom.
//!
//! What the facade exports, loom must explore without missing an outcome or making one up. Controls
//! show that the check would notice: two operations that the facade does not export, since loom is
//! known to miss outcomes of theirs, and locks with loom bound to one preemption. A check that
//! finds nothing there would find nothing anywhere. (loom takes a pending `try_lock` for one that
//! waits, and even makes up deadlocks; its plain `load` may be stale. So of a control only what is
//! missed counts.)
//!
//! Where a program can deadlock, loom must find the deadlock, and ends there; of the other outcomes
//! only those that it met before are compared. The programs and their outcomes come from the package
//! `oracle`.

use crate::base::child;
use crate::findings::part::Case;
use crate::findings::part::Part;
use crate::findings::scope::Scope;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use oracle::{Drawn, Enumeration, Op, Outcome, Outcomes, Program, Recipe, Semantics, Timeouts};

#[cfg(loom)]
pub mod explore;

/// The seed of the programs in the suite. Any other will do.
pub const SEED: u64 = 1;

/// How long loom may take for one program.
pub const LIMIT: Duration = Duration::from_secs(60);

/// How long the whole check may take.
pub const WHOLE: Duration = Duration::from_secs(600);

/// What loom explores: the longest sleeper is woken first, never spuriously; a deadline fires as soon
/// as the lock is released; every thread can be started. The standard library promises less, but it is
/// what can be held against loom.
pub const SEMANTICS: Semantics = Semantics {
    wakes_any: false,
    timeouts: Timeouts::Immediately,
    tells_stuck: false,
    ..Semantics::standard()
};

/// What the operations of a program are performed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backing {
    /// The pool's facade.
    Facade,
    /// The facade, but counters are loom's atomics and `get` is their plain `load`.
    PlainLoad,
    /// The facade, but locks are loom's own, which know `try_lock`.
    BareLocks,
}

/// What the programs of a class are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// Locks, nested and not.
    Locks,
    /// Locks, and condition variables that are waited on and notified, with and without a condition.
    Condvars,
    /// As `Condvars`, with waits whose deadline fires.
    Deadlines,
    /// Counters and flags.
    Statistics,
    /// Locks and counters among threads that start and are joined early and late.
    Threads,
    /// All of these.
    Mixed,
    /// A control: counters read by loom's plain `load`.
    PlainLoad,
    /// A control: loom's `try_lock`.
    TryLock,
    /// A control: as `Locks`, with loom bound to one preemption.
    Bounded,
}

impl Class {
    /// Those made of what the facade exports.
    pub const AUDITED: [Class; 6] = [
        Class::Locks,
        Class::Condvars,
        Class::Deadlines,
        Class::Statistics,
        Class::Threads,
        Class::Mixed,
    ];

    /// Those in which loom must be caught missing outcomes.
    pub const CONTROLS: [Class; 3] = [Class::PlainLoad, Class::TryLock, Class::Bounded];

    /// How many programs of it are run.
    pub fn programs(self) -> usize {
        match self {
            Class::Condvars | Class::PlainLoad => 300,
            Class::Bounded => 100,
            _ => 200,
        }
    }

    /// How many preemptions loom is bound to; none is unbounded.
    pub fn bound(self) -> Option<usize> {
        (self == Class::Bounded).then_some(1)
    }

    /// What its programs are performed on.
    pub fn backing(self) -> Backing {
        match self {
            Class::PlainLoad => Backing::PlainLoad,
            Class::TryLock => Backing::BareLocks,
            _ => Backing::Facade,
        }
    }

    /// Draws that many of its programs.
    pub fn draw(self, seed: u64, count: usize) -> Drawn {
        oracle::draw(&self.recipe(), &SEMANTICS, seed ^ self.salt(), count)
    }

    fn recipe(self) -> Recipe {
        let statistics = matches!(self, Class::Statistics | Class::Threads | Class::Mixed);
        Recipe {
            locks: !matches!(self, Class::Statistics | Class::PlainLoad),
            try_locks: self == Class::TryLock,
            condvars: matches!(self, Class::Condvars | Class::Deadlines | Class::Mixed),
            timeouts: matches!(self, Class::Deadlines | Class::Mixed),
            counters: statistics || self == Class::PlainLoad,
            flags: statistics,
            at_large: matches!(self, Class::Threads | Class::Mixed),
            orders: self.most_orders(),
            says: self.says(),
            ..Recipe::nothing()
        }
    }

    /// Programs whose operations can have more orders than that are passed over: loom would take
    /// longer for one of them than for a hundred others. Orders of operations that have nothing to
    /// do with each other cost it nothing, plain loads the most.
    fn most_orders(self) -> u64 {
        match self {
            Class::Threads | Class::Mixed => 20_000,
            Class::PlainLoad => 120,
            _ => 300,
        }
    }

    /// Which programs say something about the class.
    fn says(self) -> fn(&Program, &Enumeration) -> bool {
        fn any(program: &Program, wanted: fn(&Op) -> bool) -> bool {
            program.threads.iter().flatten().any(wanted)
        }
        match self {
            Class::Condvars => |_, all| all.wakes,
            Class::Deadlines => |program, _| any(program, |op| matches!(op, Op::WaitUntil(_))),
            Class::PlainLoad => |program, _| any(program, |op| matches!(op, Op::Get(_))),
            Class::TryLock => |program, _| any(program, |op| matches!(op, Op::TryLock(_))),
            _ => |_, _| true,
        }
    }

    /// What keeps the programs of two classes apart.
    fn salt(self) -> u64 {
        const STEP: u64 = 0x9FB2_1C65_1E98_DF25;
        let place = Class::AUDITED.iter().chain(&Class::CONTROLS).position(|class| *class == self);
        (place.map_or(0, |place| place as u64) + 1).wrapping_mul(STEP)
    }
}

/// What loom said about one program.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The outcomes of its executions; with a deadlock, those before it and the deadlock.
    pub outcomes: Outcomes,
    /// Its executions, if it explored them all.
    pub executions: u64,
    /// Why nothing can be said.
    pub broken: Option<String>,
}

/// All of the check, in numbers.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct CheckerReport {
    /// What the programs were drawn with.
    pub seed: u64,
    /// Wall time.
    pub seconds: f64,
    /// What the facade exports: nothing may be missed or made up.
    pub audited: Vec<ClassReport>,
    /// What it does not: something must be missed.
    pub controls: Vec<ClassReport>,
}

/// What became of the programs of one class.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ClassReport {
    /// The class.
    pub class: Class,
    /// Programs run, each with two outcomes at least.
    pub programs: usize,
    /// Programs drawn and not run: too large, one outcome only, or deadlocks beyond their share.
    pub passed_over: usize,
    /// Programs that can deadlock.
    pub deadlocking: usize,
    /// Executions that loom needed, where it explored them all.
    pub executions: u64,
    /// Outcomes held against each other.
    pub outcomes: usize,
    /// Outcomes that loom missed.
    pub missed: usize,
    /// Outcomes that cannot be, and loom had.
    pub invented: usize,
    /// Programs of which an outcome was missed.
    pub programs_missed: usize,
    /// The shortest program that showed a difference, and one outcome of it.
    pub example: Option<Example>,
    /// Why nothing can be said about some program.
    pub broken: Option<String>,
}

/// A difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Example {
    /// The program.
    pub program: String,
    /// How many operations it has.
    pub length: usize,
    /// `missed` or `invented`, and what the threads observed.
    pub outcome: String,
}

impl CheckerReport {
    /// Programs and outcomes of the audited operations.
    pub fn compared(&self) -> [usize; 2] {
        let sum = |number: fn(&ClassReport) -> usize| self.audited.iter().map(number).sum();
        [sum(|report| report.programs), sum(|report| report.outcomes)]
    }

    /// Why the check is not passed, if it is not.
    pub fn complaint(&self) -> Option<String> {
        let mut complaint = String::new();
        let all = Class::AUDITED.iter().chain(&Class::CONTROLS);
        let reports = || self.audited.iter().chain(&self.controls);
        for class in all {
            if !reports().any(|report| report.class == *class && report.programs > 0) {
                let _ = writeln!(complaint, "{class:?}: no program was run");
            }
        }
        for report in reports() {
            if let Some(broken) = &report.broken {
                let _ = writeln!(complaint, "{:?}: {broken}", report.class);
            }
        }
        for report in self.audited.iter().filter(|report| report.missed + report.invented > 0) {
            let ClassReport { class, missed, invented, .. } = report;
            let _ = writeln!(complaint, "{class:?}: {missed} missed, {invented} invented");
            if let Some(Example { program, outcome, .. }) = &report.example {
                let _ = writeln!(complaint, "  {program}\n  {outcome}");
            }
        }
        for report in self.controls.iter().filter(|report| report.missed == 0) {
            let class = report.class;
            let _ = writeln!(complaint, "{class:?}: a control, and nothing was found missing");
        }
        (!complaint.is_empty()).then_some(complaint)
    }
}

impl Part for Option<CheckerReport> {
    fn name(&self) -> &'static str {
        "cross-check of the engines"
    }

    fn is_wanted(&self, scope: &Scope) -> bool {
        // One shard is enough.
        scope.generated && scope.is_first_shard()
    }

    fn is_present(&self) -> bool {
        self.is_some()
    }

    fn cases(&self, _: &Scope) -> Vec<Case<'_>> {
        let case = |checker: &CheckerReport| {
            let held = Case::new(self.name(), "loom against an enumeration");
            held.in_seconds(checker.seconds).unless(checker.complaint(), None)
        };
        self.iter().map(case).collect()
    }

    fn merge(self, other: Self) -> Result<Self, String> {
        Ok(self.or(other))
    }

    fn complete(self, scope: &Scope) -> Result<Self, String> {
        if scope.generated && self.is_none() {
            return Err("no shard has the cross-check of the engines".to_owned());
        }
        Ok(self)
    }
}

impl ClassReport {
    /// Of no program yet.
    pub fn new(class: Class) -> Self {
        ClassReport {
            class,
            programs: 0,
            passed_over: 0,
            deadlocking: 0,
            executions: 0,
            outcomes: 0,
            missed: 0,
            invented: 0,
            programs_missed: 0,
            example: None,
            broken: None,
        }
    }

    /// Holds what loom found against what there is.
    pub fn compare(&mut self, program: &Program, all: &Outcomes, found: &Found) {
        self.programs += 1;
        self.executions += found.executions;
        if let Some(broken) = &found.broken {
            self.broken.get_or_insert_with(|| format!("{broken}, in {program}"));
            return;
        }
        self.deadlocking += usize::from(all.contains(&Outcome::Deadlock));
        let ended_early = found.outcomes.contains(&Outcome::Deadlock);
        let looked_at = if ended_early { &found.outcomes } else { all };
        let missed: Vec<_> = looked_at.difference(&found.outcomes).collect();
        let invented: Vec<_> = found.outcomes.difference(all).collect();
        self.outcomes += looked_at.len();
        self.missed += missed.len();
        self.invented += invented.len();
        self.programs_missed += usize::from(!missed.is_empty());
        let difference = match (missed.first(), invented.first()) {
            (Some(missed), _) => format!("missed: {missed}"),
            (None, Some(invented)) => format!("invented: {invented}"),
            (None, None) => return,
        };
        let length = program.length();
        if self.example.as_ref().is_none_or(|example| length < example.length) {
            let program = program.to_string();
            self.example = Some(Example { program, length, outcome: difference });
        }
    }
}

/// Runs the `checker` command and reads its report, whatever that says.
///
/// # Errors
///
/// How it ended, if it left no report.
pub fn run(checker: &Path) -> Result<CheckerReport, String> {
    let failed = |message: String| format!("{}: {message}", checker.display());
    let finished =
        child::run(&mut Command::new(checker), WHOLE).map_err(|error| failed(error.to_string()))?;
    serde_json::from_str(&finished.stdout).map_err(|_| failed(child::describe(&finished)))
}

/// Runs the whole check.
#[cfg(loom)]
pub fn report(seed: u64) -> CheckerReport {
    let began = std::time::Instant::now();
    let class = |class: &Class| {
        let drawn = class.draw(seed, class.programs());
        let mut report = ClassReport::new(*class);
        report.passed_over = drawn.passed_over;
        for (program, all) in &drawn.programs {
            let found = explore::explore(program, class.backing(), class.bound());
            report.compare(program, &all.outcomes, &found);
        }
        report
    };
    CheckerReport {
        seed,
        audited: Class::AUDITED.iter().map(class).collect(),
        controls: Class::CONTROLS.iter().map(class).collect(),
        seconds: began.elapsed().as_secs_f64(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A report in which each class has run one program, of which loom found what `change` leaves.
    fn report(class: Class, change: impl Fn(&mut Outcomes)) -> CheckerReport {
        let one = |other: &Class| {
            let mut report = ClassReport::new(*other);
            for (program, all) in other.draw(SEED, 1).programs {
                let mut found = Found { outcomes: all.outcomes.clone(), ..Found::default() };
                if *other == class {
                    change(&mut found.outcomes);
                } else if Class::CONTROLS.contains(other) {
                    found.outcomes.pop_last();
                }
                report.compare(&program, &all.outcomes, &found);
            }
            report
        };
        let audited = Class::AUDITED.iter().map(one).collect();
        let controls = Class::CONTROLS.iter().map(one).collect();
        CheckerReport { seed: SEED, seconds: 0.0, audited, controls }
    }

    fn complaint(class: Class, change: impl Fn(&mut Outcomes)) -> String {
        report(class, change).complaint().unwrap_or_default()
    }

    #[test]
    fn equal_sets_pass() {
        assert_eq!(complaint(Class::Locks, |_| ()), "");
    }

    #[test]
    fn an_outcome_that_loom_missed_is_told_with_its_program() {
        for class in Class::AUDITED {
            let complaint = complaint(class, |found| {
                found.pop_last();
            });
            assert!(complaint.starts_with(&format!("{class:?}: 1 missed, 0 invented")));
            assert!(complaint.contains("missed: t0: "), "{complaint}");
        }
    }

    #[test]
    fn an_outcome_that_cannot_be_is_told() {
        let complaint = complaint(Class::Locks, |found| {
            found.insert(Outcome::Ended(Vec::new()));
        });
        assert!(complaint.starts_with("Locks: 0 missed, 1 invented"), "{complaint}");
    }

    #[test]
    fn a_deadlock_that_cannot_be_is_told_although_loom_looked_no_further() {
        let complaint = complaint(Class::Locks, |found| *found = [Outcome::Deadlock].into());
        assert!(complaint.starts_with("Locks: 0 missed, 1 invented"), "{complaint}");
    }

    #[test]
    fn a_control_that_nothing_is_missing_from_is_told() {
        for class in Class::CONTROLS {
            let complaint = complaint(class, |_| ());
            assert_eq!(complaint, format!("{class:?}: a control, and nothing was found missing\n"));
        }
    }

    #[test]
    fn a_class_without_programs_and_an_exploration_without_an_end_are_told() {
        let mut report = report(Class::Locks, |_| ());
        report.audited.retain(|report| report.class != Class::Mixed);
        report.audited[0].broken = Some("no end".to_owned());
        let complaint = report.complaint();
        assert_eq!(complaint.as_deref(), Some("Mixed: no program was run\nLocks: no end\n"));
    }

    #[test]
    fn of_a_program_that_can_deadlock_the_deadlock_must_be_found_and_no_more() {
        use oracle::Wait;

        let wait = Op::Wait(Wait { condvar: 0, lock: 0 });
        let main = vec![Op::Spawn(1), Op::NotifyOne(0), Op::Join(1)];
        let threads = vec![main, vec![Op::Lock(0), wait, Op::Unlock(0)]];
        let program = Program { threads };
        let all = oracle::enumerate(&program, &SEMANTICS, 100).expect("it is small").outcomes;
        let missed = |outcomes: Outcomes| {
            let mut report = ClassReport::new(Class::Condvars);
            report.compare(&program, &all, &Found { outcomes, ..Found::default() });
            report.missed
        };
        assert_eq!(missed([Outcome::Deadlock].into()), 0);
        let mut without = all.clone();
        assert!(without.remove(&Outcome::Deadlock));
        assert_eq!(missed(without), 1);
    }
}
