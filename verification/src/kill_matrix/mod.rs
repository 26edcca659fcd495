//! Faults at single call sites of the pool. A survey of what the models reach enumerates them. They
//! run without a rebuild, and the kill matrix judges them as a whole.
//!
//! A harmful fault must be convicted by some model that reaches its site, or be listed in
//! `equivalent.toml` with the reason why it changes nothing. A harmless fault must be survived by
//! every model that reaches its site.

use harness::findings::part::{self, Case, Exhibit, Part};
use harness::rules;

use crate::faults::site::{in_words, operation, SiteFault};
use crate::findings::scope::Scope;
use crate::kill_matrix::equivalents::Equivalents;
pub mod equivalents;
pub mod plan;

use std::collections::{BTreeMap, BTreeSet};

use harness::base::text::to_float;
use harness::findings::run::End;
use harness::findings::trace::Trace;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::findings::run::Run;
use crate::trials::trial::Trial;

/// Every fault and its fate.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
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
    /// The runs of each fault, with their trials. Empty for a fault of another shard.
    pub runs: BTreeMap<SiteFault, Vec<(&'static Trial, Run)>>,
    /// The runs under the second engine, for each fault that no trial convicted.
    pub second_opinions: BTreeMap<SiteFault, Vec<(&'static Trial, Run)>>,
    /// Wall time of the runs, in seconds.
    pub seconds: f64,
}

/// A fault at a call site and its fate.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
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

/// Returns `true` if a run with a fault shows that something is wrong. A run that does not finish
/// shows nothing.
pub fn convicts(trial: &Trial, run: &Run) -> bool {
    let acted = run.faults_fired.first().is_some_and(|times| *times > 0);
    let noticed = rules::convicts(run) || undeclared(trial, run).is_some();
    acted && noticed && !rules::is_undecided(run)
}

fn undeclared<'a>(trial: &Trial, run: &'a Run) -> Option<&'a String> {
    run.reached.keys().find(|outcome| !trial.scenario.reach.contains(&&***outcome))
}

fn how(trial: &Trial, run: &Run) -> String {
    match undeclared(trial, run) {
        Some(outcome) if run.end == End::Explored => {
            format!("reached an undeclared outcome: {outcome}")
        }
        _ => rules::summary(run),
    }
}

impl KillMatrix {
    /// Judges all runs.
    pub fn new(
        faults: &FaultRuns,
        equivalents: &Equivalents,
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
                entries.push(entry(fault, runs, seconds, reason));
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
            reason: Some("listed in equivalent.toml, but no model reaches it".to_owned()),
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
    pub(crate) fn and(self, other: KillMatrix) -> Self {
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
}

impl Part<Scope> for Option<KillMatrix> {
    fn name(&self) -> &'static str {
        "faults at call sites"
    }

    fn is_wanted(&self, scope: &Scope) -> bool {
        scope.faults
    }

    fn is_present(&self) -> bool {
        self.as_ref().is_some_and(|matrix| !matrix.entries.is_empty())
    }

    fn cases(&self, _: &Scope) -> Vec<Case<'_>> {
        let entries = self.iter().flat_map(|matrix| &matrix.entries);
        let cases = entries.map(|entry| {
            let wrong = (!entry.is_good()).then(|| {
                let reason = entry.reason.as_deref().unwrap_or_default();
                format!("{}: {reason} ({})", entry.verdict, entry.tried.join(", "))
            });
            let held =
                Case { result: entry.verdict.clone(), ..Case::new(self.name(), entry.title()) };
            let mut case = held.unless(wrong, entry.trace.as_ref());
            for complaint in &mut case.complaints {
                complaint.site = Some(entry.site.clone());
            }
            case
        });
        cases.collect()
    }

    fn exhibits(&self) -> Vec<Exhibit<'_>> {
        let entries = self.iter().flat_map(|matrix| &matrix.entries);
        let exhibits = entries.filter_map(|entry| {
            let model = entry.convicted_by.first().map(String::as_str).unwrap_or_default();
            let (how, trace) = (entry.how.as_deref().unwrap_or_default(), entry.trace.as_ref()?);
            Some(Exhibit { title: entry.title(), model, kind: "fault", how, trace })
        });
        exhibits.collect()
    }

    fn merge(self, other: Self) -> Result<Self, String> {
        part::both("faults at call sites", self, other, KillMatrix::and)
    }
}

fn entry(
    fault: &SiteFault,
    runs: &[(&'static Trial, Run)],
    seconds: &[(&'static Trial, Run)],
    equivalent: Option<&str>,
) -> KillEntry {
    let convicted: Vec<_> = runs.iter().filter(|(trial, run)| convicts(trial, run)).collect();
    let undecided: Vec<_> =
        runs.iter().filter(|(_, run)| rules::is_undecided(run)).map(|(t, _)| t.name()).collect();
    let acted = |(_, run): &&(&Trial, Run)| run.faults_fired.first().is_some_and(|n| *n > 0);
    let disputed = convicted.is_empty() && seconds.iter().any(|(trial, run)| convicts(trial, run));
    let (verdict, reason) = match (fault.is_harmless(), convicted.is_empty(), equivalent) {
        _ if disputed => ("DISPUTED", Some("loom convicts it, but mazurka does not")),
        (false, true, Some(reason)) if !undecided.is_empty() => ("explained", Some(reason)),
        (_, true, None) if !undecided.is_empty() => ("UNDECIDED", Some("a limit ended the runs")),
        (true, true, None) if runs.iter().any(|run| acted(&run)) => ("survived", None),
        (true, true, None) => ("MISSED", Some("the fault never acted")),
        (true, false, None) => ("KILLED", Some("a correct pool tolerates it")),
        (false, false, None) => ("convicted", None),
        (false, true, None) => ("MISSED", Some("no model that reaches the site notices it")),
        (false, true, Some(reason)) => ("equivalent", Some(reason)),
        (_, _, Some(_)) => ("STALE", Some("listed in equivalent.toml, but not equivalent")),
    };
    KillEntry {
        site: fault.site(),
        operation: operation(fault.action).to_owned(),
        fault: in_words(fault.action),
        kind: if fault.is_harmless() { "harmless" } else { "harmful" }.to_owned(),
        verdict: verdict.to_owned(),
        reason: reason.map(str::to_owned),
        convicted_by: convicted.iter().map(|(trial, _)| trial.name()).collect(),
        undecided,
        tried: runs.iter().map(|(trial, _)| trial.name()).collect(),
        how: convicted.first().map(|(trial, run)| how(trial, run)),
        trace: if fault.is_harmless() {
            None
        } else {
            convicted.iter().find_map(|(_, run)| run.trace.clone())
        },
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use harness::findings::part::Part;
    use harness::findings::run::End;

    use super::plan::candidates;
    use super::{Equivalents, FaultRuns, KillMatrix, SiteFault};
    use crate::findings::run::Run;
    use crate::findings::scope::Scope;
    use crate::trials::trial::Trial;

    const SITE: &str = "src/queue/locked.rs:2";

    /// A run of the first trial in which the fault acted `acted` times.
    fn run(acted: u64, failed: bool) -> (&'static Trial, Run) {
        let trial = candidates()[0];
        let message = "deadlock; threads = []".to_owned();
        let failure = End::Failed { message, site: "mazurka".to_owned(), schedule: None };
        let run = Run {
            end: if failed { failure } else { End::Explored },
            faults_fired: vec![acted],
            ..Run::new(trial.name(), None)
        };
        (trial, run)
    }

    fn judged(fault: &str, runs: Vec<(&'static Trial, Run)>, equivalents: &str) -> Vec<String> {
        let fault: SiteFault = format!("{fault}@{SITE}").parse().expect("a fault at a site");
        let equivalents: Equivalents = toml::from_str(equivalents).expect("a list");
        let source = |_: &str| Some("fn push() {\n    self.item.notify_one();\n}\n".to_owned());
        let runs = BTreeMap::from([(fault, runs)]);
        let faults = FaultRuns { runs, second_opinions: BTreeMap::new(), seconds: 1.0 };
        let matrix = KillMatrix::new(&faults, &equivalents, source);
        let verdicts: Vec<_> = matrix.entries.iter().map(|entry| entry.verdict.clone()).collect();
        let good = verdicts.iter().all(|word| word.chars().all(char::is_lowercase));
        assert_eq!(Some(matrix).holds(&Scope::default()), good, "{verdicts:?}");
        verdicts
    }

    const LISTED: &str = "[[equivalent]]\nfile = \"src/queue/locked.rs\"\nfunction = \"push\"\n\
         code = \"self.item.notify_one();\"\nfault = \"drop-notify-one\"\nreason = \"none\"\n";

    #[test]
    fn a_harmful_fault_is_convicted_or_explained_or_missed() {
        let fault = "drop-notify-one";
        assert_eq!(judged(fault, vec![run(3, false), run(3, true)], ""), ["convicted"]);
        assert_eq!(judged(fault, vec![run(3, false)], ""), ["MISSED"]);
        assert_eq!(
            judged(fault, vec![run(0, true)], ""),
            ["MISSED"],
            "it failed without the fault"
        );
        assert_eq!(judged(fault, vec![run(3, false)], LISTED), ["equivalent"]);
        assert_eq!(judged(fault, vec![run(3, true)], LISTED), ["STALE"]);
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
            let (trial, run) = run(3, false);
            let endless = (trial, Run { end, ..run });
            assert_eq!(judged(fault, vec![endless.clone()], ""), ["UNDECIDED"]);
            assert_eq!(judged(fault, vec![endless.clone()], LISTED), ["explained"]);
            let convicted = super::tests::run(3, true);
            assert_eq!(judged(fault, vec![endless.clone(), convicted], ""), ["convicted"]);
            assert_eq!(judged("notify-all-for-one", vec![endless], ""), ["UNDECIDED"]);
        }
    }

    #[test]
    fn a_harmless_fault_must_be_survived_by_all() {
        for fault in ["notify-all-for-one", "notify-one-again", "notify-all-again", "wake-early"] {
            assert_eq!(judged(fault, vec![run(3, false), run(0, false)], ""), ["survived"]);
            assert_eq!(judged(fault, vec![run(0, false)], ""), ["MISSED"]);
            assert_eq!(judged(fault, vec![run(3, false), run(3, true)], ""), ["KILLED"]);
        }
    }

    #[test]
    fn a_fault_that_only_the_second_engine_convicts_is_disputed() {
        let fault: SiteFault =
            format!("drop-notify-one@{SITE}").parse().expect("a fault at a site");
        let second_opinions = BTreeMap::from([(fault.clone(), vec![run(3, true)])]);
        let runs = BTreeMap::from([(fault, vec![run(3, false)])]);
        let faults = FaultRuns { runs, second_opinions, seconds: 1.0 };
        let matrix = KillMatrix::new(&faults, &Equivalents::default(), |_| None);
        assert_eq!(matrix.entries[0].verdict, "DISPUTED");
        assert!(!Some(matrix).holds(&Scope::default()));
    }

    #[test]
    fn an_explanation_of_an_unreached_fault_is_stale() {
        let other = "drop-notify-all";
        assert_eq!(judged(other, vec![run(3, true)], LISTED), ["convicted", "STALE"]);
    }

    #[test]
    fn a_matrix_without_faults_shows_nothing() {
        assert!(!Some(KillMatrix::default()).holds(&Scope::default()));
    }
}
