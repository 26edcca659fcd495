//! Every fault at every call site that the models reach, and its fate. A survey of what the models reach
//! enumerates them. They run without a rebuild, and the kill matrix judges them as a whole.
//!
//! A harmful fault must be convicted by some model that reaches its site, or be listed with the reason
//! why it changes nothing. A harmless fault must be survived by every model that reaches its site.

pub mod plan;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::base::text::to_float;
use crate::faults::equivalents::Equivalents;
use crate::faults::site::SiteFault;
use crate::findings::part::{Case, Exhibit, FAULT};
use crate::findings::run::{End, Run};
use crate::findings::trace::Trace;
use crate::rules;

/// Every fault and its fate.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct KillMatrix {
    /// The number of call sites at which a fault can act.
    pub sites: u64,
    /// The number of faults tried.
    pub faults: u64,
    /// Wall time of all runs, in seconds.
    pub seconds: f64,
    /// One entry for each fault.
    pub entries: Vec<KillEntry>,
}

/// The runs of all faults.
#[derive(Debug)]
pub struct FaultRuns {
    /// The runs of each fault. Empty for a fault of another shard.
    pub runs: BTreeMap<SiteFault, Vec<Attempt>>,
    /// The runs under a second engine, for faults that no model convicted.
    pub second_opinions: BTreeMap<SiteFault, Vec<Attempt>>,
    /// Wall time of the runs, in seconds.
    pub seconds: f64,
}

/// A fault at a call site and its fate.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct KillEntry {
    /// `file:line`.
    pub site: String,
    /// The operation at the site, for example `notify-one`.
    pub operation: String,
    /// The fault in words.
    pub fault: String,
    /// `harmful` or `harmless`.
    pub kind: String,
    /// `convicted`, `equivalent`, `explained` or `survived`. `MISSED`, `KILLED`, `UNDECIDED`,
    /// `DISPUTED` and `STALE` are failures.
    pub verdict: String,
    /// Why the fault is equivalent or undecided, or what is wrong with the entry.
    pub reason: Option<String>,
    /// The trials that convicted it. After the third, no more trials run.
    pub convicted_by: Vec<String>,
    /// The trials that did not finish within a limit, which convicts nothing.
    pub undecided: Vec<String>,
    /// The trials that ran with it.
    pub tried: Vec<String>,
    /// How the first conviction came about.
    pub how: Option<String>,
    /// The failed execution of the first conviction.
    #[serde(default)]
    pub trace: Option<Trace>,
}

impl KillEntry {
    /// Returns the operation, the site and the fault in words.
    pub fn title(&self) -> String {
        format!("{} at {} {}", self.operation, self.site, self.fault)
    }

    /// Returns `true` if the verdict is not a failure.
    pub fn is_good(&self) -> bool {
        matches!(&*self.verdict, "convicted" | "equivalent" | "explained" | "survived")
    }
}

/// A run of a model with a fault.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// The run.
    pub run: Run,
    /// An outcome that it reached and that the model does not declare.
    pub undeclared: Option<String>,
}

impl Attempt {
    /// Returns `true` if the run shows that something is wrong. A run that does not finish shows
    /// nothing.
    pub fn convicts(&self) -> bool {
        let noticed = rules::convicts(&self.run) || self.undeclared.is_some();
        self.acted() && noticed && !rules::is_undecided(&self.run)
    }

    fn acted(&self) -> bool {
        self.run.faults_fired.first().is_some_and(|times| *times > 0)
    }

    fn how(&self) -> String {
        match &self.undeclared {
            Some(outcome) if self.run.end == End::Explored => {
                format!("reached an undeclared outcome: {outcome}")
            }
            _ => rules::summary(&self.run),
        }
    }
}

/// What the reasons name.
#[derive(Clone, Copy, Debug)]
pub struct Terms<'a> {
    /// What is on trial, such as `pool`.
    pub subject: &'a str,
    /// The file that lists equivalent faults.
    pub list: &'a str,
}

impl KillMatrix {
    /// Judges all runs.
    pub fn new(
        faults: &FaultRuns,
        equivalents: &Equivalents,
        terms: &Terms<'_>,
        source: impl Fn(&str) -> Option<String>,
    ) -> Self {
        let mut used = BTreeSet::new();
        let mut entries = Vec::new();
        for (fault, runs) in &faults.runs {
            let known = equivalents.position(fault, &source(&fault.file).unwrap_or_default());
            used.extend(known);
            if !runs.is_empty() {
                let reason = known.map(|index| &*equivalents.equivalent[index].reason);
                let seconds = faults.second_opinions.get(fault).map_or(&[][..], Vec::as_slice);
                entries.push(entry(fault, runs, seconds, reason, terms));
            }
        }
        let stale =
            equivalents.equivalent.iter().enumerate().filter(|(index, _)| !used.contains(index));
        let stale = stale.map(|(_, known)| KillEntry {
            site: format!("{}: {}", known.file, known.code),
            operation: String::new(),
            fault: known.fault.clone(),
            kind: "harmful".to_owned(),
            verdict: "STALE".to_owned(),
            reason: Some(format!("listed in {}, but no model reaches it", terms.list)),
            convicted_by: Vec::new(),
            undecided: Vec::new(),
            tried: Vec::new(),
            how: None,
            trace: None,
        });
        KillMatrix::of(entries.into_iter().chain(stale).collect(), faults.seconds)
    }

    /// Counts sites and faults.
    fn of(entries: Vec<KillEntry>, seconds: f64) -> Self {
        let run = || entries.iter().filter(|entry| !entry.tried.is_empty());
        let sites: BTreeSet<_> = run().map(|entry| &entry.site).collect();
        let (sites, faults) = (sites.len() as u64, run().count() as u64);
        KillMatrix { sites, faults, seconds, entries }
    }

    /// Returns the number of faults tried per minute, or `None` if none were tried.
    pub fn faults_a_minute(&self) -> Option<f64> {
        (self.faults > 0 && self.seconds > 0.0).then(|| to_float(self.faults) * 60.0 / self.seconds)
    }

    /// Merges the results of another shard. Every shard reports the stale entries.
    #[must_use]
    pub fn and(self, other: KillMatrix) -> Self {
        let key = |entry: &KillEntry| (entry.site.clone(), entry.fault.clone());
        let known: BTreeSet<_> = self.entries.iter().map(key).collect();
        let new = other.entries.into_iter().filter(|entry| !known.contains(&key(entry)));
        let mut entries: Vec<_> = self.entries.into_iter().chain(new).collect();
        entries.sort_by_key(key);
        let seconds = self.seconds + other.seconds;
        KillMatrix::of(entries, seconds)
    }

    /// Returns the number of entries with a verdict.
    pub fn count(&self, verdict: &str) -> usize {
        self.entries.iter().filter(|entry| entry.verdict == verdict).count()
    }

    /// Returns the entries as cases of a group.
    pub fn cases(&self, group: &str) -> Vec<Case<'_>> {
        let cases = self.entries.iter().map(|entry| {
            let wrong = (!entry.is_good()).then(|| {
                let reason = entry.reason.as_deref().unwrap_or_default();
                format!("{}: {reason} ({})", entry.verdict, entry.tried.join(", "))
            });
            let held = Case { result: entry.verdict.clone(), ..Case::new(group, entry.title()) };
            let mut case = held.unless(wrong, entry.trace.as_ref());
            for complaint in &mut case.complaints {
                complaint.site = Some(entry.site.clone());
            }
            case
        });
        cases.collect()
    }

    /// Returns the executions that convicted a fault.
    pub fn exhibits(&self) -> Vec<Exhibit<'_>> {
        let exhibits = self.entries.iter().filter_map(|entry| {
            let model = entry.convicted_by.first().map(String::as_str).unwrap_or_default();
            let (how, trace) = (entry.how.as_deref().unwrap_or_default(), entry.trace.as_ref()?);
            Some(Exhibit { title: entry.title(), model, kind: FAULT, how, trace })
        });
        exhibits.collect()
    }
}

fn entry(
    fault: &SiteFault,
    runs: &[Attempt],
    seconds: &[Attempt],
    equivalent: Option<&str>,
    terms: &Terms<'_>,
) -> KillEntry {
    let name = |attempt: &Attempt| attempt.run.trial.clone();
    let convicted: Vec<_> = runs.iter().filter(|attempt| attempt.convicts()).collect();
    let undecided = runs.iter().filter(|attempt| rules::is_undecided(&attempt.run));
    let undecided: Vec<_> = undecided.map(name).collect();
    let disputed = convicted.is_empty() && seconds.iter().any(Attempt::convicts);
    let some = |reason: &str| Some(reason.to_owned());
    let (verdict, reason) = match (fault.is_harmless(), convicted.is_empty(), equivalent) {
        _ if disputed => ("DISPUTED", some("loom convicts it, but mazurka does not")),
        (false, true, Some(reason)) if !undecided.is_empty() => ("explained", some(reason)),
        (_, true, None) if !undecided.is_empty() => ("UNDECIDED", some("a limit ended the runs")),
        (true, true, None) if runs.iter().any(Attempt::acted) => ("survived", None),
        (true, true, None) => ("MISSED", some("the fault never acted")),
        (true, false, None) => {
            ("KILLED", Some(format!("a correct {} tolerates it", terms.subject)))
        }
        (false, false, None) => ("convicted", None),
        (false, true, None) => ("MISSED", some("no model that reaches the site notices it")),
        (false, true, Some(reason)) => ("equivalent", some(reason)),
        (_, _, Some(_)) => ("STALE", Some(format!("listed in {}, but not equivalent", terms.list))),
    };
    KillEntry {
        site: fault.site(),
        operation: fault.action.operation().to_owned(),
        fault: fault.action.in_words(),
        kind: if fault.is_harmless() { "harmless" } else { "harmful" }.to_owned(),
        verdict: verdict.to_owned(),
        reason,
        convicted_by: convicted.iter().map(|attempt| name(attempt)).collect(),
        undecided,
        tried: runs.iter().map(name).collect(),
        how: convicted.first().map(|attempt| attempt.how()),
        trace: convicted.iter().find_map(|attempt| attempt.run.trace.clone()),
    }
}

/// A matrix, for tests of reports.
pub mod examples {
    use super::{KillEntry, KillMatrix};
    use crate::findings::trace::examples::deadlock;

    /// Returns a matrix with one fault, which a model has convicted.
    pub fn convicted_by(model: &str) -> KillMatrix {
        let entry = KillEntry {
            site: "src/a.rs:17".to_owned(),
            operation: "notify-one".to_owned(),
            fault: "wakes nobody".to_owned(),
            kind: "harmful".to_owned(),
            verdict: "convicted".to_owned(),
            reason: None,
            convicted_by: vec![model.to_owned()],
            undecided: Vec::new(),
            tried: vec![model.to_owned()],
            how: Some("deadlock: no thread can go on".to_owned()),
            trace: Some(deadlock()),
        };
        KillMatrix { sites: 1, faults: 1, seconds: 0.25, entries: vec![entry] }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Attempt, FaultRuns, KillMatrix, Terms};
    use crate::faults::equivalents::{Equivalent, Equivalents};
    use crate::faults::site::SiteFault;
    use crate::findings::run::{End, Run};
    use crate::findings::trace::examples::deadlock;

    const TERMS: Terms<'static> = Terms { subject: "queue", list: "list.toml" };

    const SITE: &str = "src/queue/locked.rs:2";

    /// A run of a model in which the fault acted `acted` times.
    fn run(acted: u64, failed: bool) -> Attempt {
        let message = "deadlock; threads = []".to_owned();
        let failure = End::Failed { message, site: "mazurka".to_owned(), schedule: None };
        let run = Run {
            end: if failed { failure } else { End::Explored },
            faults_fired: vec![acted],
            ..Run::new("a model".to_owned(), None)
        };
        Attempt { run, undeclared: None }
    }

    fn fault(name: &str) -> SiteFault {
        format!("{name}@{SITE}").parse().expect("a fault at a site")
    }

    /// Returns `true` if there are entries and none of them is a failure.
    fn holds(matrix: &KillMatrix) -> bool {
        let cases = matrix.cases("faults");
        !cases.is_empty() && cases.iter().all(|case| case.complaints.is_empty())
    }

    fn judged(name: &str, runs: Vec<Attempt>, equivalents: &Equivalents) -> Vec<String> {
        let source = |_: &str| Some("fn push() {\n    self.item.notify_one();\n}\n".to_owned());
        let runs = BTreeMap::from([(fault(name), runs)]);
        let faults = FaultRuns { runs, second_opinions: BTreeMap::new(), seconds: 1.0 };
        let matrix = KillMatrix::new(&faults, equivalents, &TERMS, source);
        let verdicts: Vec<_> = matrix.entries.iter().map(|entry| entry.verdict.clone()).collect();
        let good = verdicts.iter().all(|word| word.chars().all(char::is_lowercase));
        assert_eq!(holds(&matrix), good, "{verdicts:?}");
        verdicts
    }

    fn none() -> Equivalents {
        Equivalents::default()
    }

    fn listed() -> Equivalents {
        let known = Equivalent {
            file: "src/queue/locked.rs".to_owned(),
            function: "push".to_owned(),
            code: "self.item.notify_one();".to_owned(),
            fault: "drop-notify-one".to_owned(),
            reason: "none".to_owned(),
        };
        Equivalents { equivalent: vec![known] }
    }

    #[test]
    fn a_harmful_fault_is_convicted_or_explained_or_missed() {
        let fault = "drop-notify-one";
        assert_eq!(judged(fault, vec![run(3, false), run(3, true)], &none()), ["convicted"]);
        assert_eq!(judged(fault, vec![run(3, false)], &none()), ["MISSED"]);
        assert_eq!(
            judged(fault, vec![run(0, true)], &none()),
            ["MISSED"],
            "it failed without the fault"
        );
        assert_eq!(judged(fault, vec![run(3, false)], &listed()), ["equivalent"]);
        assert_eq!(judged(fault, vec![run(3, true)], &listed()), ["STALE"]);
    }

    #[test]
    fn a_run_that_does_not_finish_convicts_nothing() {
        let fault = "drop-notify-one";
        let ends = [
            End::TimedOut { seconds: 5, stands: Vec::new() },
            End::GaveUp { message: "more than 10 steps".to_owned() },
            End::Died { message: "signal 6".to_owned() },
            End::Failed {
                message: "Model exceeded maximum number of branches.".to_owned(),
                site: "loom".to_owned(),
                schedule: None,
            },
        ];
        for end in ends {
            let endless = Attempt { run: Run { end, ..run(3, false).run }, undeclared: None };
            assert_eq!(judged(fault, vec![endless.clone()], &none()), ["UNDECIDED"]);
            assert_eq!(judged(fault, vec![endless.clone()], &listed()), ["explained"]);
            assert_eq!(judged(fault, vec![endless.clone(), run(3, true)], &none()), ["convicted"]);
            assert_eq!(judged("notify-all-for-one", vec![endless], &none()), ["UNDECIDED"]);
        }
    }

    #[test]
    fn a_harmless_fault_must_be_survived_by_all() {
        for fault in ["notify-all-for-one", "notify-one-again", "notify-all-again", "wake-early"] {
            assert_eq!(judged(fault, vec![run(3, false), run(0, false)], &none()), ["survived"]);
            assert_eq!(judged(fault, vec![run(0, false)], &none()), ["MISSED"]);
            assert_eq!(judged(fault, vec![run(3, false), run(3, true)], &none()), ["KILLED"]);
        }
    }

    #[test]
    fn a_fault_that_only_the_second_engine_convicts_is_disputed() {
        let fault = fault("drop-notify-one");
        let second_opinions = BTreeMap::from([(fault.clone(), vec![run(3, true)])]);
        let runs = BTreeMap::from([(fault, vec![run(3, false)])]);
        let faults = FaultRuns { runs, second_opinions, seconds: 1.0 };
        let matrix = KillMatrix::new(&faults, &none(), &TERMS, |_| None);
        assert_eq!(matrix.entries[0].verdict, "DISPUTED");
        assert!(!holds(&matrix));
    }

    #[test]
    fn an_explanation_of_an_unreached_fault_is_stale() {
        let other = "drop-notify-all";
        assert_eq!(judged(other, vec![run(3, true)], &listed()), ["convicted", "STALE"]);
    }

    #[test]
    fn an_undeclared_outcome_convicts() {
        let undeclared = Attempt { undeclared: Some("both ran".to_owned()), ..run(3, false) };
        assert_eq!(judged("drop-notify-one", vec![undeclared], &none()), ["convicted"]);
        let without = Attempt { undeclared: Some("both ran".to_owned()), ..run(0, false) };
        assert_eq!(judged("drop-notify-one", vec![without], &none()), ["MISSED"]);
    }

    #[test]
    fn a_killed_harmless_fault_shows_its_execution() {
        let mut killed = run(3, true);
        killed.run.trace = Some(deadlock());
        let runs = BTreeMap::from([(fault("wake-early"), vec![killed])]);
        let faults = FaultRuns { runs, second_opinions: BTreeMap::new(), seconds: 1.0 };
        let matrix = KillMatrix::new(&faults, &none(), &TERMS, |_| None);
        let cases = matrix.cases("faults");
        let complaint = &cases[0].complaints[0];
        assert!(complaint.message.starts_with("KILLED: a correct queue tolerates it"));
        assert_eq!(complaint.site.as_deref(), Some(SITE));
        assert!(complaint.trace.is_some());
        assert_eq!(matrix.exhibits().len(), 1);
    }
}
