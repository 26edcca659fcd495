//! Checks the checker: compares the outcomes of random programs under loom with an exhaustive
//! enumeration that is independent of loom. The programs use the operations of the facade and, like
//! their outcomes, come from the package `oracle`.
//!
//! For the operations that the facade exports, loom must neither miss an outcome nor invent one.
//! Controls show that the check would notice a missed outcome. Two controls use operations that the
//! facade does not export because loom misses some of their outcomes. A third bounds loom to one
//! preemption. Only missed outcomes count in a control: loom also invents some, since it treats a
//! pending `try_lock` as a waiter and allows stale values in a plain `load`.
//!
//! If a program can deadlock, loom must find the deadlock. It stops there, so only the other
//! outcomes that it found before are compared.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use harness::base::child;
use harness::findings::part::{Case, Part};
use oracle::{Drawn, Enumeration, Op, Outcome, Outcomes, Program, Recipe, Semantics, Timeouts};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::findings::scope::Scope;

#[cfg(loom)]
pub mod explore;

/// The seed of the programs in the suite. Any other works as well.
pub const SEED: u64 = 1;

/// Limit for one program under loom.
pub const LIMIT: Duration = Duration::from_secs(60);

/// Limit for the whole check.
pub const WHOLE: Duration = Duration::from_secs(600);

/// The semantics that loom explores. The longest sleeper wakes first, and never spuriously. A
/// deadline fires as soon as the lock is released. Every thread starts. The standard library
/// promises less, but only these semantics can be compared with loom.
pub const SEMANTICS: Semantics = Semantics {
    wakes_any: false,
    timeouts: Timeouts::Immediately,
    tells_stuck: false,
    ..Semantics::standard()
};

/// The implementation of a program's operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backing {
    /// The pool's facade.
    Facade,
    /// The facade, except that counters are loom's atomics and `get` is a plain `load`.
    PlainLoad,
    /// The facade, except that locks are loom's own, which have `try_lock`.
    BareLocks,
}

/// The operations that a class of programs uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// Locks, nested and not.
    Locks,
    /// Locks and condition variables, with waits in a loop and single waits.
    Condvars,
    /// Like `Condvars`, with waits whose deadline fires.
    Deadlines,
    /// Counters and flags.
    Statistics,
    /// Locks and counters in threads that start and are joined at different times.
    Threads,
    /// All of the above.
    Mixed,
    /// A control: counters read by loom's plain `load`.
    PlainLoad,
    /// A control: loom's `try_lock`.
    TryLock,
    /// A control: like `Locks`, with loom bounded to one preemption.
    Bounded,
}

impl Class {
    /// The classes whose operations the facade exports.
    pub const AUDITED: [Class; 6] = [
        Class::Locks,
        Class::Condvars,
        Class::Deadlines,
        Class::Statistics,
        Class::Threads,
        Class::Mixed,
    ];

    /// The classes in which loom must miss outcomes.
    pub const CONTROLS: [Class; 3] = [Class::PlainLoad, Class::TryLock, Class::Bounded];

    /// Returns the number of programs to run.
    pub fn programs(self) -> usize {
        match self {
            Class::Condvars | Class::PlainLoad => 300,
            Class::Bounded => 100,
            _ => 200,
        }
    }

    /// Returns loom's preemption bound, or `None` if it is unbounded.
    pub fn bound(self) -> Option<usize> {
        (self == Class::Bounded).then_some(1)
    }

    /// Returns the implementation of the operations.
    pub fn backing(self) -> Backing {
        match self {
            Class::PlainLoad => Backing::PlainLoad,
            Class::TryLock => Backing::BareLocks,
            _ => Backing::Facade,
        }
    }

    /// Draws `count` programs.
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

    /// The most orders of operations that a program may have. loom would take longer for a larger
    /// one than for a hundred others. The limit is higher where many orders are of independent
    /// operations, which cost loom nothing, and lowest for plain loads, which cost it most.
    fn most_orders(self) -> u64 {
        match self {
            Class::Threads | Class::Mixed => 20_000,
            Class::PlainLoad => 120,
            _ => 300,
        }
    }

    /// Returns the predicate for programs that test this class.
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

    /// Makes the seeds of two classes differ.
    fn salt(self) -> u64 {
        const STEP: u64 = 0x9FB2_1C65_1E98_DF25;
        let place = Class::AUDITED.iter().chain(&Class::CONTROLS).position(|class| *class == self);
        (place.map_or(0, |place| place as u64) + 1).wrapping_mul(STEP)
    }
}

/// The result of one program under loom.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The outcomes of its executions. After a deadlock, only those found before it and the
    /// deadlock.
    pub outcomes: Outcomes,
    /// The number of executions, if all were explored.
    pub executions: u64,
    /// Why there is no result.
    pub broken: Option<String>,
}

/// The result of the whole check.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct CheckerReport {
    /// The seed of the programs.
    pub seed: u64,
    /// Wall time, in seconds.
    pub seconds: f64,
    /// Classes that the facade exports: nothing may be missed or invented.
    pub audited: Vec<ClassReport>,
    /// Controls: something must be missed.
    pub controls: Vec<ClassReport>,
}

/// The result of one class.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ClassReport {
    /// The class.
    pub class: Class,
    /// Programs run. Each has at least two outcomes.
    pub programs: usize,
    /// Programs drawn but not run: too large, with a single outcome, or beyond the share of
    /// programs that can deadlock.
    pub passed_over: usize,
    /// Programs that can deadlock.
    pub deadlocking: usize,
    /// Executions of the programs that loom explored completely.
    pub executions: u64,
    /// Outcomes compared.
    pub outcomes: usize,
    /// Outcomes that loom missed.
    pub missed: usize,
    /// Outcomes that are impossible, but that loom reported.
    pub invented: usize,
    /// Programs with a missed outcome.
    pub programs_missed: usize,
    /// The shortest program with a difference, and one differing outcome.
    pub example: Option<Example>,
    /// Why some program has no result.
    pub broken: Option<String>,
}

/// A difference between loom and the enumeration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Example {
    /// The program.
    pub program: String,
    /// The number of its operations.
    pub length: usize,
    /// `missed` or `invented`, with the observations of the threads.
    pub outcome: String,
}

impl CheckerReport {
    /// Returns the numbers of programs and outcomes of the audited classes.
    pub fn compared(&self) -> [usize; 2] {
        let sum = |number: fn(&ClassReport) -> usize| self.audited.iter().map(number).sum();
        [sum(|report| report.programs), sum(|report| report.outcomes)]
    }

    /// Returns why the check fails, or `None` if it passes.
    pub fn complaint(&self) -> Option<String> {
        let mut complaint = String::new();
        let all = Class::AUDITED.iter().chain(&Class::CONTROLS);
        let reports = || self.audited.iter().chain(&self.controls);
        for class in all {
            if !reports().any(|report| report.class == *class && report.programs > 0) {
                let _ = writeln!(complaint, "{class:?}: no program ran");
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
            let _ = writeln!(complaint, "{class:?}: loom missed nothing in this control");
        }
        (!complaint.is_empty()).then_some(complaint)
    }
}

impl Part<Scope> for Option<CheckerReport> {
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
    /// Creates a report without programs.
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

    /// Compares loom's outcomes with the enumeration.
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

/// Runs the `checker` command and reads its report, whether it passes or fails.
///
/// # Errors
///
/// Says how the command ended if it left no report.
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

    /// Returns a report in which each class has run one program. `change` edits the outcomes that
    /// loom found in `class`.
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
    fn a_missed_outcome_is_reported_with_its_program() {
        for class in Class::AUDITED {
            let complaint = complaint(class, |found| {
                found.pop_last();
            });
            assert!(complaint.starts_with(&format!("{class:?}: 1 missed, 0 invented")));
            assert!(complaint.contains("missed: t0: "), "{complaint}");
        }
    }

    #[test]
    fn an_invented_outcome_is_reported() {
        let complaint = complaint(Class::Locks, |found| {
            found.insert(Outcome::Ended(Vec::new()));
        });
        assert!(complaint.starts_with("Locks: 0 missed, 1 invented"), "{complaint}");
    }

    #[test]
    fn an_invented_deadlock_is_reported_although_loom_stops_there() {
        let complaint = complaint(Class::Locks, |found| *found = [Outcome::Deadlock].into());
        assert!(complaint.starts_with("Locks: 0 missed, 1 invented"), "{complaint}");
    }

    #[test]
    fn a_control_without_a_missed_outcome_is_reported() {
        for class in Class::CONTROLS {
            let complaint = complaint(class, |_| ());
            assert_eq!(complaint, format!("{class:?}: loom missed nothing in this control\n"));
        }
    }

    #[test]
    fn an_empty_class_and_an_unfinished_exploration_are_reported() {
        let mut report = report(Class::Locks, |_| ());
        report.audited.retain(|report| report.class != Class::Mixed);
        report.audited[0].broken = Some("no end".to_owned());
        let complaint = report.complaint();
        assert_eq!(complaint.as_deref(), Some("Mixed: no program ran\nLocks: no end\n"));
    }

    #[test]
    fn in_a_program_that_can_deadlock_only_the_deadlock_must_be_found() {
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
