//! The audit: everything that was run and what it says about each clause, as `audit.json`.

pub mod clauses;
pub mod figures;
#[cfg(test)]
pub(crate) mod fixtures;
pub mod merge;

use crate::audit::clauses::ClauseReport;
use crate::base::cargo::Source;
use crate::findings::part::Case;
use crate::findings::part::Complaint;
use crate::findings::part::Exhibit;
use crate::findings::part::Part;
use crate::findings::part::FAILURE;
use crate::findings::scope::Scope;
use crate::trials::report::TrialReport;
use crate::trials::samples::SampleReport;
use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::audit::figures::Figures;
use crate::contract::clauses::CLAUSES;
use crate::cross_check::CheckerReport;
use crate::kill_matrix::KillMatrix;
use crate::mutation::seeded::Mutants;
use crate::programs::Generated;
use crate::running::suites::Suite;

/// The number of the format; it changes when a field changes its meaning, goes, or must be there.
///
/// 1: models, clauses, tests. 2: kill matrix; samples, check of loom, mutants, programs. 3: source,
/// seed, figures, each model's settings, faults without a verdict, programs
/// on each queue. 4: the engine of each model with its settings, executions that were given up, the
/// second engine's opinion. 5: when the run began, the recorded executions of each model, and in each
/// execution the names of its objects and the lines of source.
pub const SCHEMA: u32 = 5;

/// The clauses that need no evidence, and why: none.
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

/// What the proofs rest on, and do not show.
pub const ASSUMPTIONS: [&str; 6] = [
    "The standard library's locks, condition variables and threads, and the allocator, do what they document.",
    "mazurka visits every trace of a model: checked on random programs against an enumeration that knows nothing of it, and against loom where loom finishes, and not proved.",
    "The queue `channel` is not modelled but held against the same contract on real threads.",
    "Jobs in place rest on the crate stack_dst, which has unsafe code.",
    "A model shows what holds for its number of workers and jobs, and for no more.",
    "Jobs return: a job that runs for ever is waited for, unless there is a deadline.",
];

/// One run of `verify`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Audit {
    /// [`SCHEMA`].
    #[schemars(extend("const" = SCHEMA))]
    pub schema: u32,
    /// What was looked at: all of it, or what a filter let through.
    pub scope: Scope,
    /// Whether every guarantee looked at holds and every conviction stands.
    pub held: bool,
    /// What it was built from, if git knows.
    pub source: Option<Source>,
    /// What it was built with.
    pub toolchain: Toolchain,
    /// Where the samples' random numbers began.
    pub seed: u64,
    /// How many machines shared it.
    pub shards: usize,
    /// What it cost.
    pub figures: Figures,
    /// How long one model may take, in seconds.
    pub model_limit: u64,
    /// When it began, as `2026-01-31 17:05 UTC`; of several shards, the first.
    pub began: String,
    /// Wall time of all of it, in seconds.
    pub seconds: f64,
    /// What is assumed.
    pub assumptions: Vec<String>,
    /// Every clause of the contract, with its evidence.
    pub clauses: Vec<ClauseReport>,
    /// Every trial.
    pub trials: Vec<TrialReport>,
    /// Every fault at a call site of the pool's.
    pub kill_matrix: Option<KillMatrix>,
    /// Every sample.
    #[serde(default)]
    pub samples: Vec<SampleReport>,
    /// The check of loom itself.
    #[serde(default)]
    pub checker: Option<CheckerReport>,
    /// The defects of `verification/mutants`.
    #[serde(default)]
    pub mutants: Option<Mutants>,
    /// The generated programs, on each queue.
    #[serde(default)]
    pub generated: Vec<Generated>,
    /// Every executable of tests on real threads.
    pub suites: Vec<Suite>,
}

impl Audit {
    /// Reads an audit. Of another version nothing but that is read.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn read(text: &str) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Version {
            schema: u32,
        }
        let damaged = |error: serde_json::Error| format!("is no audit: {error}");
        let Version { schema } = serde_json::from_str(text).map_err(damaged)?;
        if schema != SCHEMA {
            return Err(format!("has the format {schema}, and this reads {SCHEMA}"));
        }
        serde_json::from_str(text).map_err(damaged)
    }

    /// Every kind of evidence, in the order of the report.
    pub fn parts(&self) -> [&dyn Part; 7] {
        [
            &self.trials,
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

    /// What is in scope and not there, in sentences.
    ///
    /// Of lists that shards deal out, one shard may have nothing; all of them together may not.
    pub fn missing(&self) -> Vec<String> {
        let absent = self.parts().into_iter();
        let absent = absent.filter(|part| part.is_wanted(&self.scope) && !part.is_present());
        let absent = absent.map(|part| format!("in scope, and nothing there: {}", part.name()));
        let bare = self.clauses.iter().filter(|clause| self.scope.is_whole() && clause.is_bare());
        let bare = bare.map(|clause| format!("no evidence for {}", clause.clause));
        let few = self.scope.is_whole() && self.clauses.len() != CLAUSES.len();
        let few = few.then(|| format!("{} clauses of {}", self.clauses.len(), CLAUSES.len()));
        absent.chain(bare).chain(few).collect()
    }

    /// Everything that was judged.
    pub fn cases(&self) -> Vec<Case<'_>> {
        self.parts().into_iter().flat_map(|part| part.cases(&self.scope)).collect()
    }

    /// Every failure.
    pub fn complaints(&self) -> Vec<Complaint<'_>> {
        let missing = self.missing().into_iter();
        let missing = missing.map(|message| Complaint::new("the audit", message));
        missing.chain(self.cases().into_iter().flat_map(|case| case.complaints)).collect()
    }

    /// Every execution that convicted something or failed; failures first.
    pub fn exhibits(&self) -> Vec<Exhibit<'_>> {
        let mut exhibits: Vec<_> =
            self.parts().into_iter().flat_map(|part| part.exhibits()).collect();
        exhibits.sort_by_key(|exhibit| exhibit.kind != FAILURE);
        exhibits
    }

    /// Gathers the evidence for each clause anew, and judges the whole.
    pub fn settle(&mut self) {
        self.clauses = clauses::clauses(&self.parts());
        self.held = self.is_good();
    }
}

/// Names and versions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Toolchain {
    /// What `cargo --version` says.
    pub cargo: String,
    /// What `rustc --version` says.
    pub rustc: String,
    /// Versions of the packages that the evidence rests on, as in Cargo.lock.
    pub packages: BTreeMap<String, String>,
}

#[cfg(test)]
mod tests {
    use super::{Audit, TrialReport};
    use crate::audit::fixtures::{failing, holding};
    use crate::findings::part::FAILURE;
    use crate::findings::run::{End, LoomOptions, Options, Run};
    use crate::findings::trace::tests::deadlock;
    use crate::findings::verdict::Verdict;
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
