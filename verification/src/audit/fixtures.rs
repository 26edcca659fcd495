//! Audits for tests: one that holds, and one that fails.

use std::collections::BTreeMap;

use harness::findings::run::examples::complete;
use harness::findings::run::{Engine, Options, Steps};
use harness::findings::sample::Draw;
use harness::findings::trace::examples::deadlock;
use harness::findings::verdict::Verdict;
use harness::kill_matrix::examples::convicted_by;

use crate::any_number::ProtocolReport;
use crate::audit::figures::Figures;
use crate::audit::{Audit, Toolchain, ASSUMPTIONS, SCHEMA};
use crate::base::cargo::Source;
use crate::contract::clauses::CLAUSES;
use crate::cross_check::{CheckerReport, Class, ClassReport};
use crate::findings::scope::Scope;
use crate::programs::{Generated, ProgramSet, PROGRAM_SETS};
use crate::running::suites::{Suite, Test};
use crate::trials::report::{DefectReport, TrialReport};
use crate::trials::samples::{self, SampleReport, SampleTrial};

fn audit(trial: TrialReport) -> Audit {
    let suites = vec![suite()];
    let mut audit = Audit {
        schema: SCHEMA,
        scope: Scope {
            models: true,
            tests: true,
            faults: true,
            generated: true,
            ..Scope::default()
        },
        held: false,
        source: Some(Source { commit: "0123abc".to_owned(), dirty: false }),
        toolchain: Toolchain {
            cargo: "cargo".to_owned(),
            rustc: "rustc".to_owned(),
            packages: BTreeMap::new(),
        },
        seed: 1,
        shards: 1,
        figures: Figures::default(),
        model_limit: 60,
        began: "2026-01-31 17:05 UTC".to_owned(),
        seconds: 1.5,
        assumptions: ASSUMPTIONS.map(str::to_owned).to_vec(),
        clauses: Vec::new(),
        trials: vec![trial],
        protocols: ProtocolReport::taken_everywhere(),
        kill_matrix: Some(convicted_by("last-call/x")),
        samples: samples::trials().take(1).map(|trial| sampled(&trial)).collect(),
        checker: Some(checked()),
        mutants: None,
        generated: PROGRAM_SETS.iter().map(generated).collect(),
        suites,
    };
    audit.settle();
    audit
}

/// A test that shows every clause.
fn suite() -> Suite {
    let test = Test {
        name: "locked/x/a".to_owned(),
        verdict: Verdict::Stressed(9),
        clauses: CLAUSES.iter().map(|clause| clause.number).collect(),
    };
    Suite {
        name: "locked/x".to_owned(),
        passed: true,
        failure: None,
        seconds: 1.0,
        tests: vec![test],
    }
}

/// A sample that held.
pub(crate) fn sampled(trial: &SampleTrial) -> SampleReport {
    let draw = Draw { schedules: 9, seed: 1 };
    let died = trial.died(None, draw, "it did not run".to_owned());
    let scheduler = trial.scheduler;
    let verdict = Verdict::Sampled { scheduler, schedules: 9, seed: 1 };
    SampleReport { verdict, ..SampleReport::new(trial, &died, &[]) }
}

/// A check of loom that found nothing wrong.
fn checked() -> CheckerReport {
    let one = |class: &Class| ClassReport { programs: 1, ..ClassReport::new(*class) };
    let control = |class: &Class| ClassReport { missed: 1, ..one(class) };
    CheckerReport {
        seed: 1,
        seconds: 1.0,
        audited: Class::AUDITED.iter().map(one).collect(),
        controls: Class::CONTROLS.iter().map(control).collect(),
    }
}

/// Programs that hold.
fn generated(set: &ProgramSet) -> Generated {
    Generated { programs: 1, unreached: Vec::new(), ..Generated::new(set, false) }
}

fn trial() -> TrialReport {
    TrialReport {
        name: "last-call/x".to_owned(),
        subject: "last-call".to_owned(),
        scenario: "x".to_owned(),
        property: "drop <b>returns</b>".to_owned(),
        clauses: vec![16],
        expected: "PROVED".to_owned(),
        verdict: Verdict::Proved,
        as_expected: true,
        options: Options::complete(Engine::Mazurka, 0, None),
        explorations: vec![complete(12)],
        recorded: Some(12),
        reached: BTreeMap::new(),
        defects: Vec::new(),
        second_opinion: None,
        steps: Steps::new(),
        trace: None,
    }
}

/// An audit that holds.
pub(crate) fn holding() -> Audit {
    audit(trial())
}

/// One with a broken promise, its counterexample, and a seeded defect that nobody noticed.
pub(crate) fn failing() -> Audit {
    let mut trace = deadlock();
    trace.steps[4].site = "src/a.rs:17".to_owned();
    audit(TrialReport {
        verdict: Verdict::Failed("it broke".to_owned()),
        as_expected: false,
        defects: vec![DefectReport {
            name: "push wakes nobody".to_owned(),
            convicted: false,
            verdict: "nothing".to_owned(),
            trace: None,
        }],
        trace: Some(trace),
        ..trial()
    })
}
