//! The report of a trial.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use harness::findings::evidence::Evidence;
use harness::findings::part::{self, Case, Exhibit, Part, FAILURE};
use harness::findings::recorded::Range;
use harness::findings::run::{Engine, Exploration, Options, Steps};
use harness::findings::trace::Trace;
use harness::findings::verdict::Verdict;
use harness::rules;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::findings::run::Run;
use crate::findings::scope::Scope;
use crate::subjects;
use crate::trials::judge;
use crate::trials::recorded::Expected;
use crate::trials::trial::{Expect, Trial};

/// The report of a trial.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct TrialReport {
    /// `subject/scenario`.
    pub name: String,
    /// The subject.
    pub subject: String,
    /// The scenario.
    pub scenario: String,
    /// The property.
    pub property: String,
    /// The clauses that it is evidence for.
    pub clauses: Vec<u8>,
    /// The expected verdict.
    pub expected: String,
    /// The verdict.
    pub verdict: Verdict,
    /// Whether the trial ended as expected, and the second engine agrees.
    pub as_expected: bool,
    /// The engine and its settings, as reported by the run.
    pub options: Options,
    /// The explorations, one for each bound.
    pub explorations: Vec<Exploration>,
    /// The recorded number of executions of the last exploration, if there is one.
    #[serde(default)]
    pub recorded: Option<u64>,
    /// The outcomes reached, and how often.
    pub reached: BTreeMap<String, u64>,
    /// The seeded defects.
    pub defects: Vec<DefectReport>,
    /// The result of the second engine, if it checked the trial.
    pub second_opinion: Option<SecondOpinion>,
    /// How often each step of each protocol was taken.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub steps: Steps,
    /// The execution that failed.
    pub trace: Option<Trace>,
}

/// The result of the second engine on a trial.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SecondOpinion {
    /// The number of executions.
    pub executions: u64,
    /// Wall time, in seconds.
    pub seconds: f64,
    /// The contradiction to the first engine, if there is one.
    pub disagreement: Option<String>,
}

impl SecondOpinion {
    /// Compares the run of the second engine with that of the first. `recorded` is the recorded number
    /// of executions of the second.
    fn new(trial: &Trial, first: &Run, second: &Run, recorded: Option<u64>) -> Self {
        let last = second.explorations.last();
        let executions = last.map_or(0, |last| last.executions);
        let disagreement = match trial.expect {
            Expect::Convicted(_) => {
                let same = judge::as_expected(trial, second, &Verdict::Failed(String::new()));
                (!same).then(|| format!("loom: {}", rules::summary(second)))
            }
            _ => match judge::shown(trial, second, Engine::Loom) {
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

/// The report of a run with a seeded defect.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct DefectReport {
    /// The name of the defect.
    pub name: String,
    /// Whether the model failed because of the defect.
    pub convicted: bool,
    /// How the run ended.
    pub verdict: String,
    /// The execution that failed.
    #[serde(default)]
    pub trace: Option<Trace>,
}

impl TrialReport {
    /// Judges a trial by its run and by one run with each of its seeded defects, in their order.
    /// `second` is the run of the second engine, if it checked the trial.
    pub fn new(
        trial: &Trial,
        run: Run,
        second: Option<&Run>,
        defects: &[Run],
        expected: &Expected,
    ) -> Self {
        let convicted: Vec<_> = defects.iter().map(rules::convicts).collect();
        let range = expected.range(&trial.name());
        let verdict = judge::judge(trial, &run, range, &convicted);
        let recorded = expected.second_opinion(&trial.name());
        let second_opinion = second.map(|second| SecondOpinion::new(trial, &run, second, recorded));
        let agreed = second_opinion.as_ref().is_none_or(|second| second.disagreement.is_none());
        let as_expected = agreed && judge::as_expected(trial, &run, &verdict);
        let defects = trial.defects.iter().zip(defects).zip(convicted);
        let defects = defects.map(|((defect, run), convicted)| DefectReport {
            name: defect.name.to_owned(),
            convicted,
            verdict: rules::summary(run),
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
            steps: run.steps,
            trace: run.trace,
        }
    }

    /// Returns what differs from the expected result, in lines, or `None` if nothing does.
    pub fn complaint(&self) -> Option<String> {
        if self.as_expected {
            return None;
        }
        let second = self.second_opinion.as_ref();
        let disagreement = second.and_then(|second| second.disagreement.as_deref());
        let reason = self.verdict.reason().or(disagreement);
        let reason = reason.unwrap_or("the property holds here, and must not");
        let (expected, verdict) = (&self.expected, &self.verdict);
        let mut text = format!("expected {expected}, is {verdict}: {reason}");
        for defect in self.defects.iter().filter(|defect| !defect.convicted) {
            let _ = write!(text, "\n  not noticed: {} ({})", defect.name, defect.verdict);
        }
        Some(text)
    }

    /// Returns the number of executions of the last exploration.
    pub fn executions(&self) -> u64 {
        self.explorations.last().map_or(0, |last| last.executions)
    }

    /// Returns the wall time of all explorations, in seconds.
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

impl Part<Scope> for Vec<TrialReport> {
    fn name(&self) -> &'static str {
        "models"
    }

    fn is_wanted(&self, scope: &Scope) -> bool {
        scope.models && scope.shard.is_none()
    }

    fn is_present(&self) -> bool {
        !self.is_empty()
    }

    fn cases(&self, _: &Scope) -> Vec<Case<'_>> {
        let case = |trial: &'_ TrialReport| {
            let result = match &trial.verdict {
                Verdict::Failed(reason) if trial.as_expected => format!("convicted: {reason}"),
                verdict => format!("{verdict}, {} executions", trial.executions()),
            };
            (format!("{}\n{result}", trial.property), trial.seconds())
        };
        let cases = self.iter().map(|trial| {
            let (result, seconds) = case(trial);
            let held = Case { result, ..Case::new(self.name(), &*trial.name) };
            held.in_seconds(seconds).unless(trial.complaint(), trial.trace.as_ref())
        });
        cases.collect()
    }

    fn exhibits(&self) -> Vec<Exhibit<'_>> {
        let trials = self.iter().filter_map(|trial| {
            let kind = if trial.as_expected { "subject" } else { FAILURE };
            let (how, trace) = (trial.verdict.reason()?, trial.trace.as_ref()?);
            Some(Exhibit { title: trial.property.clone(), model: &trial.name, kind, how, trace })
        });
        let defects = self.iter().flat_map(|trial| {
            trial.defects.iter().filter_map(|defect| {
                let (title, how) = (defect.name.clone(), &*defect.verdict);
                let trace = defect.trace.as_ref()?;
                Some(Exhibit { title, model: &trial.name, kind: "defect", how, trace })
            })
        });
        trials.chain(defects).collect()
    }

    fn evidence(&self, clause: u8) -> Vec<Evidence> {
        let is_about = |trial: &&TrialReport| {
            subjects::is_this_pool(&trial.subject) && trial.clauses.contains(&clause)
        };
        self.iter().filter(is_about).map(TrialReport::evidence).collect()
    }

    fn merge(mut self, other: Self) -> Result<Self, String> {
        self.extend(other);
        Ok(self)
    }

    fn complete(self, scope: &Scope) -> Result<Self, String> {
        let names = if scope.models {
            Trial::all(scope.nightly).map(Trial::name).collect()
        } else {
            Vec::new()
        };
        part::in_order(self, names, "model", |trial| &trial.name)
    }
}

#[cfg(test)]
mod tests {
    use harness::findings::part::Part;
    use harness::findings::run::{Engine, Options};

    use super::TrialReport;
    use crate::findings::run::Run;
    use crate::trials::judge::tests::{bad, good, trial};
    use crate::trials::recorded::Expected;

    /// A run under loom with the same outcomes.
    fn second() -> Run {
        let options = Options::complete(Engine::Loom, 0, None);
        Run { options, ..good() }
    }

    fn report(second: &Run) -> TrialReport {
        let mut expected = Expected::default();
        expected.record(trial().name(), 100);
        expected.record_second_opinion(trial().name(), Some(100));
        TrialReport::new(trial(), good(), Some(second), &[bad(), bad()], &expected)
    }

    #[test]
    fn the_second_engine_must_agree() {
        let agreed = report(&second());
        assert!(agreed.as_expected, "{:?}", agreed.complaint());
        let spoil: [fn(&mut Run); 3] = [
            |run| drop(run.reached.pop_first()),
            |run| run.reached.extend([("undeclared".to_owned(), 1)]),
            |run| {
                run.explorations[0].executions = 99;
                run.explorations[0].completed = Some(99);
                run.explorations[0].begun = 99;
            },
        ];
        for (index, spoil) in spoil.into_iter().enumerate() {
            let mut second = second();
            spoil(&mut second);
            let report = report(&second);
            let complaint = report.complaint().unwrap_or_default();
            assert!(!report.as_expected && complaint.contains("loom"), "{index}: {complaint}");
        }
    }

    #[test]
    fn another_pool_is_no_evidence_for_a_clause() {
        let own = report(&second());
        let clause = own.clauses[0];
        let other = TrialReport { subject: "book-stage-2".to_owned(), ..own.clone() };
        assert_eq!(vec![own, other].evidence(clause).len(), 1);
    }
}
