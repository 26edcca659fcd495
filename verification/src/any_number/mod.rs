//! The protocols of the pool, shown for any number of threads, jobs and slots.
//!
//! The package `protocols` describes each as a counter system and decides by elimination whether its
//! invariant is inductive. The explorations and samples hold each step of the code against it
//! (`engines/watch.rs`). This module joins the two.

use std::collections::BTreeMap;

use harness::findings::evidence::Evidence;
use harness::findings::part::{self, Case, Part};
use harness::findings::run::Steps;
use harness::findings::verdict::Verdict;
use protocols::check::check;
use protocols::protocol::Protocol;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::findings::scope::Scope;

/// What is known of one protocol.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ProtocolReport {
    /// The name.
    pub name: String,
    /// What it is for.
    pub about: String,
    /// The sources that it describes.
    pub files: Vec<String>,
    /// The clauses that it is evidence for.
    pub clauses: Vec<u8>,
    /// The counters and what they mean.
    pub counters: Vec<Line>,
    /// The steps.
    pub steps: Vec<StepReport>,
    /// What holds whenever the locks are free.
    pub invariant: Vec<Line>,
    /// What follows from it.
    pub properties: Vec<Line>,
    /// How it comes to its end.
    pub ending: Option<String>,
    /// The number of questions that were decided.
    pub questions: u64,
    /// For each part of the invariant, what is lost without it.
    pub needed: Vec<Line>,
    /// The mutants, each with what refutes it.
    pub mutants: Vec<Line>,
    /// What is not shown.
    pub complaints: Vec<String>,
    /// The number of models and samples whose steps were held against it.
    pub watched: u64,
    /// A model in which the code took another step, and which one.
    pub violated: Option<String>,
}

/// A name and what there is to say about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Line {
    /// The name.
    pub name: String,
    /// The text.
    pub text: String,
}

/// A step of a protocol.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct StepReport {
    /// What happens.
    pub name: String,
    /// The locks that the thread holds.
    pub locks: String,
    /// When it is taken.
    pub when: String,
    /// What it changes.
    pub changes: String,
    /// Whether it changes a counter that explorations see. Then one of them must take it.
    pub is_seen: bool,
    /// How often it was taken.
    pub taken: u64,
    /// The first model that took it.
    pub model: Option<String>,
}

/// The steps that a model or a sample has taken, and what was wrong.
#[derive(Clone, Copy, Debug)]
pub struct Watched<'a> {
    /// The name of the model or sample.
    pub name: &'a str,
    /// The steps.
    pub steps: &'a Steps,
    /// The reason if it failed.
    pub failure: Option<&'a str>,
}

impl ProtocolReport {
    /// Decides every protocol, and counts the steps that were taken.
    pub fn all(watched: &[Watched<'_>]) -> Vec<Self> {
        protocols::all().iter().map(|protocol| ProtocolReport::new(protocol, watched)).collect()
    }

    fn new(protocol: &Protocol, watched: &[Watched<'_>]) -> Self {
        let findings = check(protocol);
        let line = |(name, text): (&str, String)| Line { name: name.to_owned(), text };
        let refuted = |(name, why): &(String, Option<protocols::check::Refuted>)| {
            let why = why.as_ref();
            let text =
                why.map_or("nothing".to_owned(), |why| format!("{}: {}", why.what, why.numbers));
            Line { name: name.clone(), text }
        };
        let names: Vec<_> =
            protocol.bindings.iter().map(|binding| protocol.name_on(binding)).collect();
        let of_own = |watched: &Watched<'_>| {
            let mut own = BTreeMap::<String, u64>::new();
            for steps in names.iter().filter_map(|name| watched.steps.get(name)) {
                for (step, times) in steps {
                    *own.entry(step.clone()).or_default() += times;
                }
            }
            own
        };
        let taken: Vec<_> = watched.iter().map(|one| (one.name, of_own(one))).collect();
        let steps = protocol.rows().into_iter().zip(protocol.steps()).map(|(row, step)| {
            let times = |own: &BTreeMap<String, u64>| own.get(row.step).copied().unwrap_or(0);
            let first = taken.iter().find(|(_, own)| times(own) > 0);
            StepReport {
                name: row.step.to_owned(),
                locks: row.locks,
                when: row.when,
                changes: row.changes,
                is_seen: protocol.bindings.iter().any(|one| protocol.must_be_taken(step, one)),
                taken: taken.iter().map(|(_, own)| times(own)).sum(),
                model: first.map(|(name, _)| (*name).to_owned()),
            }
        });
        let quoted = format!("protocol “{}”", protocol.name);
        let violated = watched.iter().find_map(|one| {
            let failure = one.failure.filter(|failure| failure.contains(&quoted))?;
            Some(format!("{}: {failure}", one.name))
        });
        ProtocolReport {
            name: protocol.name.to_owned(),
            about: protocol.about.to_owned(),
            files: protocol.files.iter().map(|file| (*file).to_owned()).collect(),
            clauses: protocol.clauses.to_vec(),
            counters: protocol.meanings().into_iter().map(line).collect(),
            steps: steps.collect(),
            invariant: protocol.invariant_text().into_iter().map(line).collect(),
            properties: protocol.properties_text().into_iter().map(line).collect(),
            ending: protocol.ending_text(),
            questions: findings.decided as u64,
            needed: findings.needed.iter().map(refuted).collect(),
            mutants: findings.mutants.iter().map(refuted).collect(),
            complaints: findings.complaints(),
            watched: taken.iter().filter(|(_, own)| !own.is_empty()).count() as u64,
            violated,
        }
    }

    /// Returns the verdict. With `is_whole`, every step that is seen must have been taken.
    pub fn verdict(&self, is_whole: bool) -> Verdict {
        if let Some(violated) = &self.violated {
            return Verdict::Failed(format!("the code takes another step: {violated}"));
        }
        if !self.complaints.is_empty() {
            return Verdict::Failed(self.complaints.join("; "));
        }
        let untaken = self.steps.iter().find(|step| step.is_seen && step.taken == 0);
        match untaken.filter(|_| is_whole) {
            Some(step) => {
                Verdict::Vacuous(format!("no exploration takes the step “{}”", step.name))
            }
            None => Verdict::ProvedAny,
        }
    }

    /// Returns the reports of a run that has taken every step.
    #[cfg(test)]
    pub(crate) fn taken_everywhere() -> Vec<Self> {
        static REPORTS: std::sync::LazyLock<Vec<ProtocolReport>> = std::sync::LazyLock::new(|| {
            let mut reports = ProtocolReport::all(&[]);
            for step in reports.iter_mut().flat_map(|report| &mut report.steps) {
                step.taken = 1;
            }
            reports
        });
        REPORTS.clone()
    }

    fn and(mut self, other: Self) -> Self {
        for (own, other) in self.steps.iter_mut().zip(other.steps) {
            own.taken += other.taken;
            own.model = own.model.take().or(other.model);
        }
        self.watched += other.watched;
        self.violated = self.violated.or(other.violated);
        self
    }
}

impl Part<Scope> for Vec<ProtocolReport> {
    fn name(&self) -> &'static str {
        "protocols"
    }

    fn is_wanted(&self, scope: &Scope) -> bool {
        is_in(scope)
    }

    fn is_present(&self) -> bool {
        !self.is_empty()
    }

    fn cases(&self, scope: &Scope) -> Vec<Case<'_>> {
        let is_whole = scope.shard.is_none();
        let cases = self.iter().map(|protocol| {
            let verdict = protocol.verdict(is_whole);
            let result = format!("{}\n{verdict}, {} questions", protocol.about, protocol.questions);
            let held = Case { result, ..Case::new(self.name(), &*protocol.name) };
            held.unless(verdict.reason().map(|reason| format!("{verdict}: {reason}")), None)
        });
        cases.collect()
    }

    fn evidence(&self, clause: u8) -> Vec<Evidence> {
        let about = self.iter().filter(|protocol| protocol.clauses.contains(&clause));
        let evidence = about.map(|protocol| Evidence {
            kind: "protocol".to_owned(),
            name: protocol.name.clone(),
            verdict: protocol.verdict(false),
            bound: None,
            executions: None,
            seconds: None,
            reached: BTreeMap::new(),
            convicted: protocol.mutants.iter().map(|mutant| mutant.name.clone()).collect(),
        });
        evidence.collect()
    }

    fn merge(self, other: Self) -> Result<Self, String> {
        if self.len() != other.len() {
            return Err("a shard has no protocols".to_owned());
        }
        Ok(self.into_iter().zip(other).map(|(one, other)| one.and(other)).collect())
    }

    fn complete(self, scope: &Scope) -> Result<Self, String> {
        let all = protocols::all();
        let names = all.iter().filter(|_| is_in(scope)).map(|one| one.name.to_owned()).collect();
        part::in_order(self, names, "protocol", |protocol| &protocol.name)
    }
}

/// Returns `true` if a run of this scope explores every model, so that the protocols can be judged.
pub fn is_in(scope: &Scope) -> bool {
    scope.models && scope.model.is_none() && scope.subject.is_none()
}

#[cfg(test)]
mod tests {
    use harness::findings::run::Steps;
    use harness::findings::verdict::Verdict;

    use super::{ProtocolReport, Watched};

    #[test]
    fn a_step_that_no_exploration_takes_shows_nothing() {
        let mut reports = ProtocolReport::taken_everywhere();
        assert!(reports.iter().all(|report| report.verdict(true) == Verdict::ProvedAny));
        reports[0].steps[0].taken = 0;
        assert!(matches!(reports[0].verdict(true), Verdict::Vacuous(_)));
        assert_eq!(reports[0].verdict(false), Verdict::ProvedAny, "another shard may have it");
    }

    #[test]
    fn another_step_of_the_code_refutes_the_protocol() {
        let name = protocols::all()[0].name;
        let failure = format!("no step of the protocol “{name}” leads from (x 1) to (x 2)");
        let steps = Steps::new();
        let failed = Watched { name: "model", steps: &steps, failure: Some(&failure) };
        let reports = ProtocolReport::all(&[failed]);
        assert!(matches!(reports[0].verdict(false), Verdict::Failed(_)));
        assert_eq!(reports[1].verdict(false), Verdict::ProvedAny);
    }
}
