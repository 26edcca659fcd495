//! The audit: everything that was run and what it says about each clause, as `audit.json`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::callsite::KillMatrix;
use crate::checker::CheckerReport;
use crate::clause::CLAUSES;
use crate::expected::{Expected, Range};
use crate::figures::Figures;
use crate::generated::{self, Generated};
use crate::mutants::Mutants;
use crate::run::{Engine, Exploration, Options, Run, Trace};
use crate::sample::{self, Sample, SampleTrial};
use crate::suite::Suite;
use crate::trial::{self, Expect, Trial};
use crate::verdict::{self, Verdict};

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

/// The format as a JSON schema, which the repository keeps as `verification/audit.schema.json`.
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

    /// Whether every guarantee that was looked at holds and every conviction stands, as far as one
    /// shard can tell; what was to be looked at must be there.
    pub fn is_good(&self) -> bool {
        let generated = |generated: &Generated| match self.scope.shard {
            Some(_) => generated.is_good_part(),
            None => generated.is_good(),
        };
        self.missing().is_empty()
            && self.trials.iter().all(|trial| trial.as_expected)
            && self.suites.iter().all(|suite| suite.passed)
            && self.kill_matrix.as_ref().is_none_or(KillMatrix::is_good)
            && self.generated.iter().all(generated)
            && self.samples.iter().all(|sample| sample.verdict.holds())
            && self.mutants.as_ref().is_none_or(Mutants::is_good)
            && self.checker.as_ref().is_none_or(|checker| checker.complaint().is_none())
    }

    /// What was to be looked at and is not there, in sentences.
    ///
    /// Of lists that shards deal out, one shard may have nothing; all of them together may not.
    pub fn missing(&self) -> Vec<String> {
        let Scope { models, tests, faults, generated, mutants, .. } = self.scope;
        let shard = self.scope.shard.as_deref();
        let first = shard.is_none_or(|shard| shard.starts_with("1/"));
        let parts = [
            ("models", models && shard.is_none(), !self.trials.is_empty()),
            ("tests", tests && shard.is_none(), !self.suites.is_empty()),
            ("samples", generated && shard.is_none(), !self.samples.is_empty()),
            ("faults at call sites", faults, self.kill_matrix.is_some()),
            ("generated programs", generated, self.generated.len() == generated::EXTENTS.len()),
            ("mutants", mutants, self.mutants.is_some()),
            ("cross-check of the engines", generated && first, self.checker.is_some()),
        ];
        let absent = parts.iter().filter(|(_, wanted, there)| *wanted && !there);
        let absent = absent.map(|(what, ..)| format!("in scope, and nothing there: {what}"));
        let bare = self.clauses.iter().filter(|clause| self.scope.is_whole() && clause.is_bare());
        let bare = bare.map(|clause| format!("no evidence for {}", clause.clause));
        let few = self.scope.is_whole() && self.clauses.len() != CLAUSES.len();
        let few = few.then(|| format!("{} clauses of {}", self.clauses.len(), CLAUSES.len()));
        absent.chain(bare).chain(few).collect()
    }
}

/// The filters.
#[allow(clippy::struct_excessive_bools)] // each says whether one kind of evidence was looked at
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Scope {
    /// Only this model.
    pub model: Option<String>,
    /// Only this subject.
    pub subject: Option<String>,
    /// Whether models were run.
    pub models: bool,
    /// Whether the tests on real threads were run.
    pub tests: bool,
    /// Whether faults at call sites were tried.
    pub faults: bool,
    /// Whether generated programs and samples were run, and loom was checked.
    #[serde(default)]
    pub generated: bool,
    /// Whether the defects of `verification/mutants` were seeded.
    #[serde(default)]
    pub mutants: bool,
    /// Whether it went as deep as a night allows.
    #[serde(default)]
    pub nightly: bool,
    /// Only this part, `2/3` say.
    #[serde(default)]
    pub shard: Option<String>,
}

impl Scope {
    /// Whether everything of the profile was looked at.
    pub fn is_whole(&self) -> bool {
        let all = Scope { models: true, tests: true, faults: true, ..Scope::default() };
        let own = Scope { generated: true, nightly: self.nightly, mutants: self.nightly, ..all };
        *self == own
    }
}

/// The state of the sources.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Source {
    /// The commit that was checked out.
    pub commit: String,
    /// Whether something had been changed since.
    pub dirty: bool,
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

/// A clause and what there is for it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ClauseReport {
    /// `C7`, say.
    pub clause: String,
    /// What it promises.
    pub statement: String,
    /// The strongest verdict of its evidence; a failure beats them all; none without evidence.
    pub verdict: Option<Verdict>,
    /// Each piece.
    pub evidence: Vec<Evidence>,
}

impl ClauseReport {
    /// Whether there is nothing that shows it, and must be.
    fn is_bare(&self) -> bool {
        let excused = UNEVIDENCED.iter().any(|(number, _)| self.clause == format!("C{number}"));
        !excused && !self.evidence.iter().any(|piece| piece.verdict.holds())
    }

    /// How many pieces have which verdict, the strongest first, as `PROVED 5 · BOUNDED(3) 7`: one
    /// small proof does not make all of it proved.
    pub fn counts(&self) -> String {
        let word = |verdict: &Verdict| match verdict {
            Verdict::Sampled { .. } => "SAMPLED".to_owned(),
            Verdict::Stressed(_) => "STRESSED".to_owned(),
            verdict => verdict.to_string(),
        };
        let mut pieces: Vec<_> = self.evidence.iter().map(|piece| &piece.verdict).collect();
        pieces.sort_by_key(|verdict| std::cmp::Reverse(rank(verdict)));
        let mut counts: Vec<(String, usize)> = Vec::new();
        for verdict in pieces {
            let word = word(verdict);
            match counts.last_mut() {
                Some((last, times)) if *last == word => *times += 1,
                _ => counts.push((word, 1)),
            }
        }
        let counts: Vec<_> = counts.iter().map(|(word, times)| format!("{word} {times}")).collect();
        counts.join(" · ")
    }
}

/// A piece of evidence for a clause.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    /// `model`, `programs`, `sample` or `test`.
    pub kind: String,
    /// The trial or the test.
    pub name: String,
    /// What it may be called.
    pub verdict: Verdict,
    /// Of a model: the preemption bound of the last exploration; none is unbounded.
    pub bound: Option<usize>,
    /// Of a model: the executions of the last exploration.
    pub executions: Option<u64>,
    /// Of a model: the wall time of all its explorations.
    pub seconds: Option<f64>,
    /// Of a model: the declared outcomes reached, and how often.
    pub reached: BTreeMap<String, u64>,
    /// Of a model: the seeded defects that it convicted.
    pub convicted: Vec<String>,
}

/// A trial and how it ended.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct TrialReport {
    /// `subject/scenario`.
    pub name: String,
    /// Who.
    pub subject: String,
    /// Under what.
    pub scenario: String,
    /// What it shows.
    pub property: String,
    /// The clauses that it is about.
    pub clauses: Vec<u8>,
    /// What had to come out.
    pub expected: String,
    /// What came out.
    pub verdict: Verdict,
    /// Whether that is the same.
    pub as_expected: bool,
    /// The engine and its settings, as the run reported them.
    pub options: Options,
    /// One for each bound.
    pub explorations: Vec<Exploration>,
    /// The recorded number of executions of the last exploration, if there is one.
    #[serde(default)]
    pub recorded: Option<u64>,
    /// The outcomes reached.
    pub reached: BTreeMap<String, u64>,
    /// The seeded defects.
    pub defects: Vec<DefectReport>,
    /// What the second engine says, if it was asked.
    pub second_opinion: Option<SecondOpinion>,
    /// The execution that failed.
    pub trace: Option<Trace>,
}

/// What the second engine says of a trial.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SecondOpinion {
    /// Its executions.
    pub executions: u64,
    /// Wall time, in seconds.
    pub seconds: f64,
    /// In what it contradicts the verdict, if it does.
    pub disagreement: Option<String>,
}

impl SecondOpinion {
    /// Holds the second engine's run of a trial against the first one's. `recorded` is its number of
    /// executions.
    fn new(trial: &Trial, first: &Run, second: &Run, recorded: Option<u64>) -> Self {
        let last = second.explorations.last();
        let executions = last.map_or(0, |last| last.executions);
        let disagreement = match trial.expect {
            Expect::Convicted(_) => {
                let same = verdict::as_expected(trial, second, &Verdict::Failed(String::new()));
                (!same).then(|| format!("loom: {}", verdict::summary(second)))
            }
            _ => match verdict::shown(trial, second, Engine::Loom) {
                Err(verdict) => {
                    Some(format!("loom: {verdict}: {}", verdict.reason().unwrap_or_default()))
                }
                Ok(()) => different(first, second).or_else(|| other_number(executions, recorded)),
            },
        };
        SecondOpinion { executions, seconds: last.map_or(0.0, |last| last.seconds), disagreement }
    }
}

/// The first outcome that only one of two runs has reached.
fn different(first: &Run, second: &Run) -> Option<String> {
    let only = |one: &Run, other: &Run, engine: &str| {
        let only = one.reached.keys().find(|outcome| !other.reached.contains_key(*outcome));
        only.map(|outcome| format!("only {engine} reached: {outcome}"))
    };
    only(first, second, "mazurka").or_else(|| only(second, first, "loom"))
}

fn other_number(executions: u64, recorded: Option<u64>) -> Option<String> {
    let recorded = recorded.filter(|recorded| *recorded != executions)?;
    Some(format!("loom explored {executions} executions, recorded are {recorded}"))
}

/// A scenario too large to be explored, under random schedules.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SampleReport {
    /// `subject/scenario/scheduler`.
    pub name: String,
    /// What it shows.
    pub property: String,
    /// The clauses that it is about.
    pub clauses: Vec<u8>,
    /// SAMPLED, or why not.
    pub verdict: Verdict,
    /// How many of the schedules differ.
    pub distinct: usize,
    /// Wall time, in seconds.
    pub seconds: f64,
    /// The outcomes reached, and in how many schedules.
    pub reached: BTreeMap<String, u64>,
    /// The seeded defects.
    pub defects: Vec<DefectReport>,
    /// The command that runs the schedule again which failed.
    pub replay: Option<String>,
    /// The execution that failed.
    #[serde(default)]
    pub trace: Option<Trace>,
}

impl SampleReport {
    /// Judges a sample and those with each of its seeded defects, in their order.
    pub fn new(trial: &SampleTrial, sample: &Sample, defects: &[Sample]) -> Self {
        let convicted: Vec<_> = defects.iter().map(Sample::convicts).collect();
        let seeded = trial.sampled.defects.iter().zip(defects).zip(&convicted);
        SampleReport {
            name: trial.name(),
            property: trial.sampled.scenario.property.to_owned(),
            clauses: trial.sampled.scenario.clauses.to_vec(),
            verdict: sample::judge(trial.sampled, sample, &convicted),
            distinct: sample.distinct,
            seconds: sample.seconds,
            reached: sample.reached.clone(),
            replay: sample.replay(),
            trace: sample.trace.clone(),
            defects: seeded
                .map(|((defect, sample), convicted)| DefectReport {
                    name: defect.name.to_owned(),
                    convicted: *convicted,
                    verdict: sample.replay().unwrap_or_else(|| "not noticed".to_owned()),
                    trace: if *convicted { sample.trace.clone() } else { None },
                })
                .collect(),
        }
    }

    /// What is not as it must be; nothing if all is.
    pub fn complaint(&self) -> Option<String> {
        let reason = self.verdict.reason()?;
        let replay = self.replay.as_deref().unwrap_or_default();
        Some(format!("{}: {}: {reason}\n{replay}", self.name, self.verdict))
    }

    fn evidence(&self) -> Evidence {
        let convicted = self.defects.iter().filter(|defect| defect.convicted);
        Evidence {
            kind: "sample".to_owned(),
            name: self.name.clone(),
            verdict: self.verdict.clone(),
            bound: None,
            executions: None,
            seconds: Some(self.seconds),
            reached: self.reached.clone(),
            convicted: convicted.map(|defect| defect.name.clone()).collect(),
        }
    }
}

/// A seeded defect and whether the model noticed.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct DefectReport {
    /// What goes wrong.
    pub name: String,
    /// Whether the model failed, and because of it.
    pub convicted: bool,
    /// How.
    pub verdict: String,
    /// The execution that failed.
    #[serde(default)]
    pub trace: Option<Trace>,
}

impl TrialReport {
    /// Judges a trial by its run and its runs with each of its seeded defects, in their order.
    /// `second` is the second engine's, if it was asked.
    pub fn new(
        trial: &Trial,
        run: Run,
        second: Option<&Run>,
        defects: &[Run],
        expected: &Expected,
    ) -> Self {
        let convicted: Vec<_> = defects.iter().map(verdict::convicts).collect();
        let range = expected.range(&trial.name());
        let verdict = verdict::judge(trial, &run, range, &convicted);
        let recorded = expected.second_opinion(&trial.name());
        let second_opinion = second.map(|second| SecondOpinion::new(trial, &run, second, recorded));
        let agreed = second_opinion.as_ref().is_none_or(|second| second.disagreement.is_none());
        let as_expected = agreed && verdict::as_expected(trial, &run, &verdict);
        let defects = trial.defects.iter().zip(defects).zip(convicted);
        let defects = defects.map(|((defect, run), convicted)| DefectReport {
            name: defect.name.to_owned(),
            convicted,
            verdict: verdict::summary(run),
            trace: if convicted { run.trace.clone() } else { None },
        });
        TrialReport {
            name: trial.name(),
            subject: trial.subject.name().to_owned(),
            scenario: trial.scenario.name.to_owned(),
            property: trial.scenario.property.to_owned(),
            clauses: trial.scenario.clauses.to_vec(),
            expected: match trial.expect {
                Expect::Proved => "PROVED".to_owned(),
                Expect::Bounded(bound) => format!("BOUNDED({bound})"),
                Expect::Convicted(_) => "FAILED".to_owned(),
            },
            verdict,
            as_expected,
            options: run.options,
            explorations: run.explorations,
            recorded: range.map(Range::typical),
            reached: run.reached,
            defects: defects.collect(),
            second_opinion,
            trace: run.trace,
        }
    }

    /// What is not as it must be, in lines; nothing if all is.
    pub fn complaint(&self) -> Option<String> {
        if self.as_expected {
            return None;
        }
        let second = self.second_opinion.as_ref();
        let disagreement = second.and_then(|second| second.disagreement.as_deref());
        let reason = self.verdict.reason().or(disagreement);
        let reason = reason.unwrap_or("the property holds here, and must not");
        let (name, expected, verdict) = (&self.name, &self.expected, &self.verdict);
        let mut text = format!("{name}: expected {expected}, is {verdict}: {reason}");
        for defect in self.defects.iter().filter(|defect| !defect.convicted) {
            let _ = write!(text, "\n  not noticed: {} ({})", defect.name, defect.verdict);
        }
        Some(text)
    }

    /// The executions of the last exploration.
    pub fn executions(&self) -> u64 {
        self.explorations.last().map_or(0, |last| last.executions)
    }

    /// The wall time of all explorations.
    pub fn seconds(&self) -> f64 {
        self.explorations.iter().map(|exploration| exploration.seconds).sum()
    }

    fn evidence(&self) -> Evidence {
        let convicted = self.defects.iter().filter(|defect| defect.convicted);
        Evidence {
            kind: "model".to_owned(),
            name: self.name.clone(),
            verdict: self.verdict.clone(),
            bound: self.explorations.last().and_then(|last| last.bound),
            executions: Some(self.executions()),
            seconds: Some(self.seconds()),
            reached: self.reached.clone(),
            convicted: convicted.map(|defect| defect.name.clone()).collect(),
        }
    }
}

/// Gathers, for every clause, what this pool's trials, generated programs, samples and tests say of
/// it.
pub fn clauses(
    trials: &[TrialReport],
    generated: &[Generated],
    samples: &[SampleReport],
    suites: &[Suite],
) -> Vec<ClauseReport> {
    let report = |clause: &crate::clause::Clause| {
        let models = trials
            .iter()
            .filter(|trial| {
                trial::is_this_pool(&trial.subject) && trial.clauses.contains(&clause.number)
            })
            .map(TrialReport::evidence);
        let tests = suites
            .iter()
            .flat_map(|suite| &suite.tests)
            .filter(|test| test.clauses.contains(&clause.number))
            .map(|test| Evidence {
                kind: "test".to_owned(),
                name: test.name.clone(),
                verdict: test.verdict.clone(),
                bound: None,
                executions: None,
                seconds: None,
                reached: BTreeMap::new(),
                convicted: Vec::new(),
            });
        let samples = samples
            .iter()
            .filter(|sample| sample.clauses.contains(&clause.number))
            .map(SampleReport::evidence);
        let programs = generated
            .iter()
            .filter(|_| generated::CLAUSES.contains(&clause.number))
            .map(Generated::evidence);
        let evidence: Vec<_> = models.chain(programs).chain(samples).chain(tests).collect();
        ClauseReport {
            clause: format!("C{}", clause.number),
            statement: clause.statement.to_owned(),
            verdict: strongest(&evidence),
            evidence,
        }
    };
    CLAUSES.iter().map(report).collect()
}

/// What does not hold comes first, then the strongest word; of tests, the one that ran most often.
fn strongest(evidence: &[Evidence]) -> Option<Verdict> {
    let broken = evidence.iter().find(|piece| !piece.verdict.holds());
    let best = || evidence.iter().max_by_key(|piece| rank(&piece.verdict));
    broken.or_else(best).map(|piece| piece.verdict.clone())
}

/// How strong a verdict is; what does not hold beats them all.
fn rank(verdict: &Verdict) -> (u8, u64) {
    match verdict {
        Verdict::Stressed(runs) => (0, *runs),
        Verdict::Sampled { schedules, .. } => (1, *schedules as u64),
        Verdict::Bounded(bound) => (2, *bound as u64),
        Verdict::Proved => (3, 0),
        Verdict::Unrecorded(_) => (4, 0),
        Verdict::Vacuous(_) => (5, 0),
        Verdict::Truncated(_) => (6, 0),
        Verdict::Failed(_) => (7, 0),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{clauses, strongest, Audit, ClauseReport, Evidence, TrialReport};
    use crate::expected::Expected;
    use crate::report::tests::holding;
    use crate::run::{End, LoomOptions, Options, Run};
    use crate::sample::Scheduler;
    use crate::verdict::{self, Verdict};

    fn evidence(verdict: Verdict) -> Evidence {
        Evidence {
            kind: "test".to_owned(),
            name: "t".to_owned(),
            verdict,
            bound: None,
            executions: None,
            seconds: None,
            reached: BTreeMap::new(),
            convicted: Vec::new(),
        }
    }

    #[test]
    fn the_documented_format_is_this_one() {
        let documented = include_str!("../audit.schema.json");
        let hint = "cargo verify schema > verification/audit.schema.json";
        assert!(documented == super::schema(), "the format has changed: {hint}");
    }

    #[test]
    fn a_clause_without_evidence_appears_as_such() {
        let reports = clauses(&[], &[], &[], &[]);
        assert_eq!(reports.len(), 28);
        assert!(reports.iter().all(|report| report.verdict.is_none()));
    }

    #[test]
    fn a_failure_beats_every_proof() {
        let failed = Verdict::Failed("it broke".to_owned());
        let pieces = [Verdict::Proved, failed.clone(), Verdict::Stressed(9)].map(evidence);
        assert_eq!(strongest(&pieces), Some(failed));
    }

    #[test]
    fn the_counts_of_a_clause_say_more_than_its_strongest_word() {
        let sampled = Verdict::Sampled { scheduler: Scheduler::Pct, schedules: 9, seed: 1 };
        let bounded = [Verdict::Bounded(2), Verdict::Bounded(3), Verdict::Bounded(3)];
        let tests = [Verdict::Stressed(9), Verdict::Stressed(256), Verdict::Proved, sampled];
        let evidence: Vec<_> = tests.into_iter().chain(bounded).map(evidence).collect();
        let mut clause = ClauseReport {
            clause: "C7".to_owned(),
            statement: String::new(),
            verdict: None,
            evidence,
        };
        let held = "PROVED 1 · BOUNDED(3) 2 · BOUNDED(2) 1 · SAMPLED 1 · STRESSED 2";
        assert_eq!(clause.counts(), held);
        clause.evidence.push(super::tests::evidence(Verdict::Vacuous("nobody waited".to_owned())));
        assert_eq!(clause.counts(), format!("VACUOUS 1 · {held}"));
    }

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
        let trial = verdict::tests::trial();
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
        expected.record(verdict::tests::trial().name(), number);
        expected
    }

    #[test]
    fn every_rule_of_honesty_makes_the_audit_fail() {
        type Spoil = fn(&mut Run);
        let recorded = expected(100);
        let good = verdict::tests::good;
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
    fn a_proof_beats_tests() {
        let pieces = [Verdict::Stressed(9), Verdict::Proved, Verdict::Bounded(3)].map(evidence);
        assert_eq!(strongest(&pieces), Some(Verdict::Proved));
    }
}
