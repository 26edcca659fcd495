//! The audit: the results of a run and the evidence for each clause, as `audit.json`.

pub mod clauses;
pub mod figures;
#[cfg(test)]
pub(crate) mod fixtures;
pub mod merge;

use std::collections::BTreeMap;

use harness::findings::part::{Case, Complaint, Exhibit, Part, FAILURE};
use harness::kill_matrix::KillMatrix;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::any_number::ProtocolReport;
use crate::audit::clauses::ClauseReport;
use crate::audit::figures::Figures;
use crate::base::cargo::Source;
use crate::contract::clauses::CLAUSES;
use crate::cross_check::CheckerReport;
use crate::findings::scope::Scope;
use crate::mutation::seeded::Mutants;
use crate::programs::Generated;
use crate::running::suites::Suite;
use crate::trials::report::TrialReport;
use crate::trials::samples::SampleReport;

/// The version of the format. It changes when a field changes its meaning, is removed, or becomes
/// required.
///
/// * 1: models, clauses, tests.
/// * 2: kill matrix, samples, cross-check, mutants, programs.
/// * 3: source, seed, figures, settings of each model, faults without a verdict, programs on each
///   queue.
/// * 4: the engine of each model, executions that were given up, the opinion of the second engine.
/// * 5: the start of the run, the recorded executions of each model, and in each trace the names of
///   objects and the lines of source.
pub const SCHEMA: u32 = 5;

/// The clauses that need no evidence, each with its reason. There are none.
pub const UNEVIDENCED: [(u8, &str); 0] = [];

/// The format as a JSON schema.
///
/// # Panics
///
/// Never: a schema can be written as JSON.
pub fn schema() -> String {
    let schema = serde_json::to_string_pretty(&schemars::schema_for!(Audit));
    schema.expect("a schema can be written as JSON") + "\n"
}

/// What the proofs rest on without showing it.
pub const ASSUMPTIONS: [&str; 7] = [
    "The standard library's locks, condition variables and threads, and the allocator, do what they document.",
    "mazurka visits every trace of a model. That is tested, on random programs against an independent enumeration, and against loom where loom finishes; it is not proved.",
    "The queue `channel` has no models. It is tested against the same contract on real threads.",
    "Jobs stored in the queue rest on the crate stack_dst, which has unsafe code.",
    "Jobs that borrow rest on one line of unsafe code. Its proof is in `src/scope/erase.rs`, and its tests run under Miri.",
    "A model shows what holds for its number of workers and jobs. PROVED(any) holds for all numbers, if the code takes no step of a protocol that explorations have not seen.",
    "Jobs return. Without a deadline, a shutdown waits for a job that runs for ever.",
];

/// One run of `verify`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Audit {
    /// [`SCHEMA`].
    #[schemars(extend("const" = SCHEMA))]
    pub schema: u32,
    /// What the run was asked to check.
    pub scope: Scope,
    /// Whether everything in scope holds, and every conviction stands.
    pub held: bool,
    /// The sources, if git knows them.
    pub source: Option<Source>,
    /// The compiler, and the packages that the evidence rests on.
    pub toolchain: Toolchain,
    /// The seed of the samples.
    pub seed: u64,
    /// The number of machines that shared the run.
    pub shards: usize,
    /// The cost of the run.
    pub figures: Figures,
    /// The time limit of one model, in seconds.
    pub model_limit: u64,
    /// The start of the run, as `2026-01-31 17:05 UTC`. For shards, that of the first.
    pub began: String,
    /// Wall time, in seconds.
    pub seconds: f64,
    /// [`ASSUMPTIONS`].
    pub assumptions: Vec<String>,
    /// Every clause of the contract, with its evidence.
    pub clauses: Vec<ClauseReport>,
    /// Every trial.
    pub trials: Vec<TrialReport>,
    /// The protocols, shown for any number of threads and jobs.
    #[serde(default)]
    pub protocols: Vec<ProtocolReport>,
    /// Every fault at a call site of the pool.
    pub kill_matrix: Option<KillMatrix>,
    /// Every sample.
    #[serde(default)]
    pub samples: Vec<SampleReport>,
    /// The cross-check of the engines.
    #[serde(default)]
    pub checker: Option<CheckerReport>,
    /// The patches in `verification/mutants`.
    #[serde(default)]
    pub mutants: Option<Mutants>,
    /// The generated programs, on each queue.
    #[serde(default)]
    pub generated: Vec<Generated>,
    /// Every executable of tests on real threads.
    pub suites: Vec<Suite>,
}

impl Audit {
    /// Reads an audit.
    ///
    /// # Errors
    ///
    /// The version, if it is not [`SCHEMA`]; otherwise the error of the parser.
    pub fn read(text: &str) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Version {
            schema: u32,
        }
        let damaged = |error: serde_json::Error| format!("is not an audit: {error}");
        let Version { schema } = serde_json::from_str(text).map_err(damaged)?;
        if schema != SCHEMA {
            return Err(format!("has the format {schema}, and this reads {SCHEMA}"));
        }
        serde_json::from_str(text).map_err(damaged)
    }

    /// Every kind of evidence, in the order of the report.
    pub fn parts(&self) -> [&dyn Part<Scope>; 8] {
        [
            &self.trials,
            &self.protocols,
            &self.kill_matrix,
            &self.generated,
            &self.samples,
            &self.checker,
            &self.mutants,
            &self.suites,
        ]
    }

    /// Returns `true` if everything in scope is there and holds, and every conviction stands.
    pub fn is_good(&self) -> bool {
        self.complaints().is_empty()
    }

    /// The parts that are in scope and missing, in sentences.
    ///
    /// A shard may have nothing of a list that is dealt out to all shards.
    pub fn missing(&self) -> Vec<String> {
        let absent = self.parts().into_iter();
        let absent = absent.filter(|part| part.is_wanted(&self.scope) && !part.is_present());
        let absent = absent.map(|part| format!("in scope, but missing: {}", part.name()));
        let bare = self.clauses.iter().filter(|clause| self.scope.is_whole() && clause.is_bare());
        let bare = bare.map(|clause| format!("no evidence for {}", clause.clause));
        let few = self.scope.is_whole() && self.clauses.len() != CLAUSES.len();
        let few = few.then(|| format!("{} clauses of {}", self.clauses.len(), CLAUSES.len()));
        absent.chain(bare).chain(few).collect()
    }

    /// Returns everything that was judged.
    pub fn cases(&self) -> Vec<Case<'_>> {
        self.parts().into_iter().flat_map(|part| part.cases(&self.scope)).collect()
    }

    /// Returns every failure.
    pub fn complaints(&self) -> Vec<Complaint<'_>> {
        let missing = self.missing().into_iter();
        let missing = missing.map(|message| Complaint::new("the audit", message));
        missing.chain(self.cases().into_iter().flat_map(|case| case.complaints)).collect()
    }

    /// Returns every execution that convicted something or failed, failures first.
    pub fn exhibits(&self) -> Vec<Exhibit<'_>> {
        let mut exhibits: Vec<_> = self.parts().into_iter().flat_map(Part::exhibits).collect();
        exhibits.sort_by_key(|exhibit| exhibit.kind != FAILURE);
        exhibits
    }

    /// Gathers the evidence for each clause anew, and judges the whole.
    pub fn settle(&mut self) {
        self.clauses = clauses::clauses(&self.parts());
        self.held = self.is_good();
    }
}

/// The compiler, and packages with their versions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Toolchain {
    /// The output of `cargo --version`.
    pub cargo: String,
    /// The output of `rustc --version`.
    pub rustc: String,
    /// Versions of the packages that the evidence rests on, as in Cargo.lock.
    pub packages: BTreeMap<String, String>,
}

#[cfg(test)]
mod tests {
    use harness::findings::part::FAILURE;
    use harness::findings::run::{End, LoomOptions, Options};
    use harness::findings::trace::examples::deadlock;
    use harness::findings::verdict::Verdict;

    use super::{Audit, TrialReport};
    use crate::audit::fixtures::{failing, holding};
    use crate::findings::run::Run;
    use crate::mutation::seeded::{Fate, MutantReport, Mutants};
    use crate::programs::GeneratedDefect;
    use crate::trials::judge;
    use crate::trials::recorded::Expected;
    use crate::trials::report::DefectReport;
    use crate::trials::samples::SampleReport;

    #[test]
    fn another_version_is_named_before_anything_else_is_read() {
        let mut audit = serde_json::to_value(holding()).unwrap();
        assert!(Audit::read(&audit.to_string()).is_ok());
        audit["schema"] = 2.into();
        audit.as_object_mut().unwrap().remove("figures");
        let error = Audit::read(&audit.to_string()).unwrap_err();
        assert_eq!(error, "has the format 2, and this reads 5");
        assert!(Audit::read("{}").unwrap_err().contains("schema"));
        let schema: serde_json::Value = serde_json::from_str(&super::schema()).unwrap();
        assert_eq!(schema["properties"]["schema"]["const"], super::SCHEMA);
    }

    /// The audit of one run of a trial, as good as all else can make it.
    fn audit_of(run: Run, expected: &Expected) -> Audit {
        let trial = judge::tests::trial();
        let bad = Run {
            end: End::Failed { message: "m".into(), site: "s".into(), schedule: None },
            ..run.clone()
        };
        let defects =
            [Run { faults_fired: vec![1], ..bad.clone() }, Run { faults_fired: vec![1], ..bad }];
        let mut audit = holding();
        audit.trials = vec![TrialReport::new(trial, run, None, &defects, expected)];
        audit.held = audit.is_good();
        audit
    }

    fn expected(number: u64) -> Expected {
        let mut expected = Expected::default();
        expected.record(judge::tests::trial().name(), number);
        expected
    }

    #[test]
    fn every_rule_of_honesty_makes_the_audit_fail() {
        type Spoil = fn(&mut Run);
        let recorded = expected(100);
        let good = judge::tests::good;
        assert!(audit_of(good(), &recorded).held);
        let spoil: [(&str, Spoil); 6] = [
            ("TRUNCATED", |run| run.end = End::TimedOut { seconds: 1, stands: Vec::new() }),
            ("TRUNCATED", |run| run.options = Options::Loom(LoomOptions::complete())),
            ("TRUNCATED", |run| run.explorations[0].completed = None),
            ("VACUOUS", |run| {
                run.explorations[0].executions = 1;
                run.explorations[0].completed = Some(1);
                run.explorations[0].begun = 8;
            }),
            ("VACUOUS", |run| drop(run.reached.pop_first())),
            ("FAILED", |run| run.reached.extend([("undeclared".to_owned(), 1)])),
        ];
        for (word, spoil) in spoil {
            let mut run = good();
            spoil(&mut run);
            let audit = audit_of(run, &recorded);
            assert_eq!(audit.trials[0].verdict.to_string(), word);
            assert!(!audit.held, "{word}");
        }
        for stale in [expected(99), expected(101), Expected::default()] {
            let audit = audit_of(good(), &stale);
            assert_eq!(audit.trials[0].verdict.to_string(), "UNRECORDED");
            assert!(!audit.held);
        }
    }

    #[test]
    fn what_is_in_scope_must_be_there() {
        assert!(holding().is_good());
        let spoil: [fn(&mut Audit); 7] = [
            |audit| audit.trials.clear(),
            |audit| audit.kill_matrix = None,
            |audit| audit.checker = None,
            |audit| audit.generated.truncate(1),
            |audit| audit.samples.clear(),
            |audit| audit.suites.clear(),
            |audit| audit.scope.mutants = true,
        ];
        for (index, spoil) in spoil.into_iter().enumerate() {
            let mut audit = holding();
            spoil(&mut audit);
            assert!(!audit.is_good(), "spoilt in way {index}");
        }
    }

    #[test]
    fn a_test_that_fails_makes_the_audit_fail() {
        let spoil: [fn(&mut Audit); 2] = [
            |audit| audit.suites[0].tests[0].verdict = Verdict::Failed("FAILED".to_owned()),
            |audit| audit.suites[0].failure = Some("killed after 600 s".to_owned()),
        ];
        for spoil in spoil {
            let mut audit = holding();
            spoil(&mut audit);
            assert!(!audit.is_good());
        }
    }

    #[test]
    fn every_clause_needs_evidence() {
        assert!(super::UNEVIDENCED.is_empty());
    }

    #[test]
    fn a_clause_without_evidence_makes_the_whole_audit_fail() {
        let mut audit = holding();
        audit.clauses[6].evidence.clear();
        audit.clauses[6].verdict = None;
        assert!(!audit.is_good());
    }

    #[test]
    fn every_kind_of_conviction_is_shown_with_its_execution() {
        let seeded = |convicted| DefectReport {
            name: "push wakes nobody".to_owned(),
            convicted,
            verdict: "deadlock".to_owned(),
            trace: Some(deadlock()),
        };
        let mut audit = failing();
        audit.trials[0].defects = vec![seeded(true)];
        audit.samples[0].defects = vec![seeded(true)];
        audit.samples.push(SampleReport {
            verdict: Verdict::Failed("deadlock".to_owned()),
            trace: Some(deadlock()),
            ..audit.samples[0].clone()
        });
        audit.generated[0].defects.push(GeneratedDefect {
            name: "push wakes nobody".to_owned(),
            convicted_by: Some("owner: drop; other: ".to_owned()),
            trace: Some(deadlock()),
        });
        let mutant = MutantReport {
            name: "patch".to_owned(),
            defect: "it is wrong".to_owned(),
            clauses: vec![7],
            hazards: Vec::new(),
            kind: "model".to_owned(),
            judge: "x".to_owned(),
            fate: Fate::Convicted,
            message: "deadlock".to_owned(),
            trace: Some(deadlock()),
            seconds: 1.0,
        };
        audit.mutants = Some(Mutants { seconds: 1.0, mutants: vec![mutant] });
        let kinds: Vec<_> = audit.exhibits().iter().map(|exhibit| exhibit.kind).collect();
        let all = [FAILURE, FAILURE, "defect", "fault", "program", "sample", "sample", "patch"];
        assert_eq!(kinds, all);
    }
}
