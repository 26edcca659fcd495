//! Faults at single call sites of the pool: enumerated by a survey of what the models reach, run
//! without a rebuild, and judged as a whole in the kill matrix.
//!
//! A harmful fault must be convicted by some model that reaches its site, or be listed in
//! `equivalent.toml` with the reason why it changes nothing. A harmless one must be survived by all
//! models that reach it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;
use std::str::FromStr;

use last_call::sync::fault::{Action, Fault};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::figures::to_float;
use crate::run::{End, Run, Trace};
use crate::trial::{is_this_pool, Expect, Trial};
use crate::verdict;

/// Executions of the second engine that a trial has at most about which it is asked with a fault.
pub const SECOND_OPINION_AT_MOST: u64 = 300;

/// Executions that a trial has at most which is run with harmful faults first. What they break shows
/// in a small model, mostly.
pub const HARMFUL_AT_MOST: u64 = 10_000;

/// The same where none of those has convicted the fault, and nothing explains it.
pub const HARMFUL_AT_LAST: u64 = 400_000;

/// The same of harmless faults, each of which is run under all of those trials.
pub const HARMLESS_AT_MOST: u64 = 500;

/// How many convictions of a fault are enough to stop looking for more.
pub const CONVICTIONS: usize = 3;

/// A place of the pool's at which something could go wrong, and how.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[schemars(with = "String")]
#[serde(into = "String", try_from = "String")]
pub struct Slip {
    file: String,
    line: u32,
    action: Action,
}

/// The names of the actions that have no number, as in arguments and files.
const NAMES: [(&str, Action); 11] = [
    ("drop-notify-one", Action::DropNotifyOne),
    ("drop-notify-all", Action::DropNotifyAll),
    ("notify-one-for-all", Action::NotifyOneForAll),
    ("notify-all-for-one", Action::NotifyAllForOne),
    ("notify-one-again", Action::NotifyOneAgain),
    ("notify-all-again", Action::NotifyAllAgain),
    ("wake-early", Action::WakeEarly),
    ("split-wait", Action::SplitWait),
    ("fire-deadline", Action::FireDeadline),
    ("drop-raise", Action::DropRaise),
    ("drop-count", Action::DropCount),
];

fn name(action: Action) -> String {
    match action {
        Action::SplitLock(change) => format!("split-lock-{change}"),
        Action::FailSpawn(thread) => format!("fail-spawn-{thread}"),
        _ => {
            let named = NAMES.iter().find(|(_, named)| *named == action);
            named.expect("every action without a number has a name").0.to_owned()
        }
    }
}

fn action(text: &str) -> Result<Action, String> {
    let number = |prefix: &str| text.strip_prefix(prefix).and_then(|rest| rest.parse().ok());
    let named = NAMES.iter().find(|(name, _)| *name == text).map(|(_, action)| *action);
    named
        .or_else(|| number("split-lock-").map(Action::SplitLock))
        .or_else(|| number("fail-spawn-").map(Action::FailSpawn))
        .ok_or_else(|| format!("`{text}` is no fault"))
}

/// Whether a correct program bears it.
fn is_harmless(action: Action) -> bool {
    use Action::{NotifyAllAgain, NotifyAllForOne, NotifyOneAgain, WakeEarly};
    matches!(action, NotifyAllForOne | NotifyOneAgain | NotifyAllAgain | WakeEarly)
}

fn operation(action: Action) -> &'static str {
    match action {
        Action::DropNotifyOne | Action::NotifyAllForOne | Action::NotifyOneAgain => "notify-one",
        Action::DropNotifyAll | Action::NotifyOneForAll | Action::NotifyAllAgain => "notify-all",
        Action::WakeEarly | Action::SplitWait => "wait",
        Action::FireDeadline => "wait-until",
        Action::SplitLock(_) => "lock",
        Action::FailSpawn(_) => "spawn",
        Action::DropRaise => "raise",
        Action::DropCount => "count",
    }
}

fn in_words(action: Action) -> String {
    match action {
        Action::DropNotifyOne | Action::DropNotifyAll => "wakes nobody".to_owned(),
        Action::NotifyOneForAll => "wakes one instead of all".to_owned(),
        Action::NotifyAllForOne => "wakes all instead of one".to_owned(),
        Action::NotifyOneAgain | Action::NotifyAllAgain => "wakes once too often".to_owned(),
        Action::WakeEarly => "is woken by nobody".to_owned(),
        Action::SplitWait => "lets go of the lock before it sleeps".to_owned(),
        Action::FireDeadline => "times out too early".to_owned(),
        Action::SplitLock(change) => format!("lets go of the lock before change {}", change + 1),
        Action::FailSpawn(thread) => format!("cannot start thread {thread}"),
        Action::DropRaise => "is not raised".to_owned(),
        Action::DropCount => "is not counted".to_owned(),
    }
}

impl fmt::Display for Slip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}:{}", name(self.action), self.file, self.line)
    }
}

impl FromStr for Slip {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not FAULT@FILE:LINE");
        let (word, site) = text.split_once('@').ok_or_else(wrong)?;
        let (file, line) = site.rsplit_once(':').ok_or_else(wrong)?;
        let line = line.parse().map_err(|_| wrong())?;
        Ok(Slip { file: file.to_owned(), line, action: action(word)? })
    }
}

impl From<Slip> for String {
    fn from(slip: Slip) -> String {
        slip.to_string()
    }
}

impl TryFrom<String> for Slip {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl Slip {
    /// The fault, for the facade. Its file's name lives as long as the process.
    pub fn fault(&self) -> Fault {
        Fault { action: self.action, file: self.file.clone().leak(), line: Some(self.line) }
    }

    /// Whether a correct program bears it.
    pub fn is_harmless(&self) -> bool {
        is_harmless(self.action)
    }

    fn site(&self) -> String {
        format!("{}:{}", self.file, self.line)
    }

    /// What can go wrong at the places that a survey has found.
    #[cfg(loom)]
    pub(crate) fn at(found: &last_call::sync::trace::Opportunity) -> Vec<Slip> {
        use last_call::sync::trace::Operation;
        let actions = match found.operation {
            Operation::NotifyOne => {
                vec![Action::DropNotifyOne, Action::NotifyAllForOne, Action::NotifyOneAgain]
            }
            Operation::NotifyAll => {
                vec![Action::DropNotifyAll, Action::NotifyOneForAll, Action::NotifyAllAgain]
            }
            Operation::Wait => vec![Action::WakeEarly, Action::SplitWait],
            Operation::WaitUntil => vec![Action::FireDeadline],
            Operation::Change(number) => vec![Action::SplitLock(number)],
            Operation::Spawn(number) => vec![Action::FailSpawn(number)],
            Operation::Raise => vec![Action::DropRaise],
            Operation::Count => vec![Action::DropCount],
        };
        let file = found.file.replace('\\', "/");
        // The pool's own code; a scenario's locks and threads are not on trial.
        let Some(start) = file.rfind("src/").filter(|_| !file.contains("verification/")) else {
            return Vec::new();
        };
        let slip = |action| Slip { file: file[start..].to_owned(), line: found.line, action };
        actions.into_iter().map(slip).collect()
    }
}

/// Every fault, with the trials that reach its site, the cheapest first.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// By fault; each trial with its executions.
    pub trials: BTreeMap<Slip, Vec<(&'static Trial, u64)>>,
}

/// The trials that are run with faults: this pool's, as far as they hold.
pub fn candidates() -> Vec<&'static Trial> {
    let holds = |trial: &&Trial| {
        is_this_pool(trial.subject.name()) && !matches!(trial.expect, Expect::Convicted(_))
    };
    Trial::all(false).filter(holds).collect()
}

impl Plan {
    /// Makes a plan of the trials' surveys, of trials that are small enough to be run with each fault
    /// that they reach.
    pub fn new(surveys: &[(&'static Trial, Run)]) -> Self {
        let cost = |run: &Run| run.explorations.last().map_or(0, |last| last.executions);
        let mut surveys: Vec<_> = surveys.iter().collect();
        surveys.sort_by_key(|(_, run)| cost(run));
        let mut plan = Plan::default();
        for (trial, run) in surveys {
            // What the scenario's own world does wrongly is not the pool's to notice.
            let world = |slip: &&Slip| {
                trial.scenario.world.faults.iter().all(|fault| fault.action != slip.action)
            };
            let is_small = |slip: &&Slip| {
                let most = if slip.is_harmless() { HARMLESS_AT_MOST } else { HARMFUL_AT_LAST };
                cost(run) <= most
            };
            for slip in run.survey.iter().filter(world).filter(is_small) {
                plan.trials.entry(slip.clone()).or_default().push((*trial, cost(run)));
            }
        }
        plan
    }
}

/// The faults that change nothing: `verification/equivalent.toml`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Equivalents {
    #[serde(default)]
    equivalent: Vec<Equivalent>,
}

/// One of them.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Equivalent {
    /// The file of the call site.
    file: String,
    /// The function around the call site: numbers of lines would not last.
    function: String,
    /// The line at the call site, without its indentation.
    code: String,
    /// The fault, `drop-notify-all` say.
    fault: String,
    /// Why nothing changes.
    reason: String,
}

impl Equivalents {
    /// Reads the file.
    ///
    /// # Errors
    ///
    /// What is wrong with it, naming the file.
    pub fn read(path: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| format!("{}: {error}", path.display()))?;
        toml::from_str(&text).map_err(|error| format!("{} is damaged: {error}", path.display()))
    }

    /// Whether the fault is among them; `source` gives the text of a file.
    pub fn explain(&self, slip: &Slip, source: impl Fn(&str) -> Option<String>) -> bool {
        source(&slip.file).is_some_and(|source| self.position(slip, &source).is_some())
    }

    fn position(&self, slip: &Slip, source: &str) -> Option<usize> {
        let (function, code) = place(source, slip.line);
        self.equivalent.iter().position(|known| {
            known.file == slip.file
                && known.function == function
                && known.code == code
                && known.fault == name(slip.action)
        })
    }
}

/// Every fault and what became of it.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct KillMatrix {
    /// Call sites of the pool at which a fault could act.
    pub sites: u64,
    /// Faults tried.
    pub faults: u64,
    /// Wall time of all their runs, in seconds.
    pub seconds: f64,
    /// Each of them.
    pub entries: Vec<KillEntry>,
}

/// What the runs of all faults came to.
#[derive(Debug)]
pub struct Slips {
    /// For each fault the trials that were run with it; for those of another shard none.
    pub runs: BTreeMap<Slip, Vec<(&'static Trial, Run)>>,
    /// For each fault that none of them has convicted, those that the second engine has run with it.
    pub second_opinions: BTreeMap<Slip, Vec<(&'static Trial, Run)>>,
    /// Wall time of the runs, in seconds.
    pub seconds: f64,
}

/// A fault at a call site, and what became of it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct KillEntry {
    /// `file:line`.
    pub site: String,
    /// What is done there: `notify-one`, say.
    pub operation: String,
    /// What goes wrong, in words.
    pub fault: String,
    /// `harmful` or `harmless`.
    pub kind: String,
    /// `convicted`, `equivalent`, `explained` or `survived`; `MISSED`, `KILLED`, `UNDECIDED`,
    /// `DISPUTED` or `STALE` is a failure.
    pub verdict: String,
    /// Why it is equivalent or undecided, or what is wrong with saying so.
    pub reason: Option<String>,
    /// The trials that convicted it; no more were asked after the third.
    pub convicted_by: Vec<String>,
    /// The trials that came to no end with it: a limit ended them, which convicts nothing.
    pub undecided: Vec<String>,
    /// The trials that were run with it.
    pub tried: Vec<String>,
    /// How the first conviction came about.
    pub how: Option<String>,
    /// The execution that failed, of the first conviction.
    #[serde(default)]
    pub trace: Option<Trace>,
}

impl KillEntry {
    /// Whether it is as it must be.
    pub fn is_good(&self) -> bool {
        matches!(&*self.verdict, "convicted" | "equivalent" | "explained" | "survived")
    }
}

/// Whether a run with a fault shows that something is wrong. One that came to no end does not.
pub fn convicts(trial: &Trial, run: &Run) -> bool {
    let acted = run.faults_fired.first().is_some_and(|times| *times > 0);
    let noticed = verdict::convicts(run) || undeclared(trial, run).is_some();
    acted && noticed && !verdict::is_undecided(run)
}

fn undeclared<'a>(trial: &Trial, run: &'a Run) -> Option<&'a String> {
    run.reached.keys().find(|outcome| !trial.scenario.reach.contains(&&***outcome))
}

fn how(trial: &Trial, run: &Run) -> String {
    match undeclared(trial, run) {
        Some(outcome) if run.end == End::Explored => {
            format!("reached, and not declared: {outcome}")
        }
        _ => verdict::summary(run),
    }
}

impl KillMatrix {
    /// Judges all runs.
    pub fn new(
        slips: &Slips,
        equivalents: &Equivalents,
        source: impl Fn(&str) -> Option<String>,
    ) -> Self {
        let mut used = BTreeSet::new();
        let mut entries = Vec::new();
        for (slip, runs) in &slips.runs {
            let known = equivalents.position(slip, &source(&slip.file).unwrap_or_default());
            used.extend(known);
            if !runs.is_empty() {
                let reason = known.map(|index| &*equivalents.equivalent[index].reason);
                let seconds = slips.second_opinions.get(slip).map_or(&[][..], Vec::as_slice);
                entries.push(entry(slip, runs, seconds, reason));
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
            reason: Some("equivalent.toml lists it, and no model reaches it".to_owned()),
            convicted_by: Vec::new(),
            undecided: Vec::new(),
            tried: Vec::new(),
            how: None,
            trace: None,
        });
        KillMatrix::of(entries.into_iter().chain(stale).collect(), slips.seconds)
    }

    /// Counts what there is.
    fn of(entries: Vec<KillEntry>, seconds: f64) -> Self {
        let run = || entries.iter().filter(|entry| !entry.tried.is_empty());
        let sites: BTreeSet<_> = run().map(|entry| &entry.site).collect();
        let (sites, faults) = (sites.len() as u64, run().count() as u64);
        KillMatrix { sites, faults, seconds, entries }
    }

    /// How many faults are tried in a minute; none if there are none.
    pub fn faults_a_minute(&self) -> Option<f64> {
        (self.faults > 0 && self.seconds > 0.0).then(|| to_float(self.faults) * 60.0 / self.seconds)
    }

    /// This and what another shard found. What is out of date, all shards say.
    pub(crate) fn and(self, other: KillMatrix) -> Self {
        let key = |entry: &KillEntry| (entry.site.clone(), entry.fault.clone());
        let known: BTreeSet<_> = self.entries.iter().map(key).collect();
        let new = other.entries.into_iter().filter(|entry| !known.contains(&key(entry)));
        let mut entries: Vec<_> = self.entries.into_iter().chain(new).collect();
        entries.sort_by_key(key);
        let seconds = self.seconds + other.seconds;
        KillMatrix::of(entries, seconds)
    }

    /// Whether every harmful fault was convicted or is explained, and every harmless one survived.
    pub fn is_good(&self) -> bool {
        !self.entries.is_empty() && self.entries.iter().all(KillEntry::is_good)
    }

    /// How many entries have that verdict.
    pub fn count(&self, verdict: &str) -> usize {
        self.entries.iter().filter(|entry| entry.verdict == verdict).count()
    }
}

/// The function around a line, and the line.
fn place(source: &str, line: u32) -> (&str, &str) {
    let lines: Vec<_> = source.lines().take(line as usize).collect();
    let function = lines.iter().rev().find_map(|line| line.split_once("fn "));
    let end = |rest: &str| rest.find(|c: char| !c.is_alphanumeric() && c != '_');
    let function = function.map_or("", |(_, rest)| &rest[..end(rest).unwrap_or(rest.len())]);
    (function, lines.last().map_or("", |line| line.trim()))
}

fn entry(
    slip: &Slip,
    runs: &[(&'static Trial, Run)],
    seconds: &[(&'static Trial, Run)],
    equivalent: Option<&str>,
) -> KillEntry {
    let convicted: Vec<_> = runs.iter().filter(|(trial, run)| convicts(trial, run)).collect();
    let undecided: Vec<_> =
        runs.iter().filter(|(_, run)| verdict::is_undecided(run)).map(|(t, _)| t.name()).collect();
    let acted = |(_, run): &&(&Trial, Run)| run.faults_fired.first().is_some_and(|n| *n > 0);
    let disputed = convicted.is_empty() && seconds.iter().any(|(trial, run)| convicts(trial, run));
    let (verdict, reason) = match (slip.is_harmless(), convicted.is_empty(), equivalent) {
        _ if disputed => ("DISPUTED", Some("loom convicts it, and mazurka does not")),
        (false, true, Some(reason)) if !undecided.is_empty() => ("explained", Some(reason)),
        (_, true, None) if !undecided.is_empty() => ("UNDECIDED", Some("a limit ended it")),
        (true, true, None) if runs.iter().any(|run| acted(&run)) => ("survived", None),
        (true, true, None) => ("MISSED", Some("it never acted")),
        (true, false, None) => ("KILLED", Some("a correct pool bears it")),
        (false, false, None) => ("convicted", None),
        (false, true, None) => ("MISSED", Some("no model that reaches it notices")),
        (false, true, Some(reason)) => ("equivalent", Some(reason)),
        (_, _, Some(_)) => ("STALE", Some("equivalent.toml lists it, and it is not equivalent")),
    };
    KillEntry {
        site: slip.site(),
        operation: operation(slip.action).to_owned(),
        fault: in_words(slip.action),
        kind: if slip.is_harmless() { "harmless" } else { "harmful" }.to_owned(),
        verdict: verdict.to_owned(),
        reason: reason.map(str::to_owned),
        convicted_by: convicted.iter().map(|(trial, _)| trial.name()).collect(),
        undecided,
        tried: runs.iter().map(|(trial, _)| trial.name()).collect(),
        how: convicted.first().map(|(trial, run)| how(trial, run)),
        trace: if slip.is_harmless() {
            None
        } else {
            convicted.iter().find_map(|(_, run)| run.trace.clone())
        },
    }
}

#[cfg(test)]
mod tests {
    use last_call::sync::fault::Action;

    use std::collections::BTreeMap;

    use super::{candidates, place, Equivalents, KillMatrix, Slip, Slips, NAMES};
    use crate::run::{End, Run};
    use crate::trial::Trial;

    const SITE: &str = "src/queue/locked.rs:2";

    /// A run of the first trial with a fault that acted so often.
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
        let slip: Slip = format!("{fault}@{SITE}").parse().expect("a fault at a site");
        let equivalents: Equivalents = toml::from_str(equivalents).expect("a list");
        let source = |_: &str| Some("fn push() {\n    self.item.notify_one();\n}\n".to_owned());
        let runs = BTreeMap::from([(slip, runs)]);
        let slips = Slips { runs, second_opinions: BTreeMap::new(), seconds: 1.0 };
        let matrix = KillMatrix::new(&slips, &equivalents, source);
        let verdicts: Vec<_> = matrix.entries.iter().map(|entry| entry.verdict.clone()).collect();
        let good = verdicts.iter().all(|word| word.chars().all(char::is_lowercase));
        assert_eq!(matrix.is_good(), good, "{verdicts:?}");
        verdicts
    }

    const LISTED: &str = "[[equivalent]]\nfile = \"src/queue/locked.rs\"\nfunction = \"push\"\n\
         code = \"self.item.notify_one();\"\nfault = \"drop-notify-one\"\nreason = \"none\"\n";

    #[test]
    fn a_harmful_fault_is_convicted_or_explained_or_missed() {
        let fault = "drop-notify-one";
        assert_eq!(judged(fault, vec![run(3, false), run(3, true)], ""), ["convicted"]);
        assert_eq!(judged(fault, vec![run(3, false)], ""), ["MISSED"]);
        assert_eq!(judged(fault, vec![run(0, true)], ""), ["MISSED"], "it failed of itself");
        assert_eq!(judged(fault, vec![run(3, false)], LISTED), ["equivalent"]);
        assert_eq!(judged(fault, vec![run(3, true)], LISTED), ["STALE"]);
    }

    #[test]
    fn what_comes_to_no_end_convicts_nothing() {
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
    fn a_harmless_fault_is_survived_by_all() {
        for fault in ["notify-all-for-one", "notify-one-again", "notify-all-again", "wake-early"] {
            assert_eq!(judged(fault, vec![run(3, false), run(0, false)], ""), ["survived"]);
            assert_eq!(judged(fault, vec![run(0, false)], ""), ["MISSED"]);
            assert_eq!(judged(fault, vec![run(3, false), run(3, true)], ""), ["KILLED"]);
        }
    }

    #[test]
    fn what_the_second_engine_convicts_alone_is_disputed() {
        let slip: Slip = format!("drop-notify-one@{SITE}").parse().expect("a fault at a site");
        let second_opinions = BTreeMap::from([(slip.clone(), vec![run(3, true)])]);
        let runs = BTreeMap::from([(slip, vec![run(3, false)])]);
        let slips = Slips { runs, second_opinions, seconds: 1.0 };
        let matrix = KillMatrix::new(&slips, &Equivalents::default(), |_| None);
        assert_eq!(matrix.entries[0].verdict, "DISPUTED");
        assert!(!matrix.is_good());
    }

    #[test]
    fn an_explanation_of_nothing_is_stale() {
        let other = "drop-notify-all";
        assert_eq!(judged(other, vec![run(3, true)], LISTED), ["convicted", "STALE"]);
    }

    #[test]
    fn a_matrix_without_faults_shows_nothing() {
        assert!(!KillMatrix::default().is_good());
    }

    #[test]
    fn a_line_has_a_function_around_it() {
        let source = "fn first() {\n}\n\npub(crate) fn second<T>(t: T) {\n    t.lock();\n}\n";
        assert_eq!(place(source, 5), ("second", "t.lock();"));
        assert_eq!(place(source, 1), ("first", "fn first() {"));
        assert_eq!(place("", 7), ("", ""));
    }

    #[test]
    fn a_slip_is_read_as_it_is_written() {
        let numbered = [Action::SplitLock(2), Action::FailSpawn(1)];
        for action in NAMES.iter().map(|(_, action)| *action).chain(numbered) {
            let slip = Slip { file: "src/queue/locked.rs".to_owned(), line: 57, action };
            assert_eq!(slip.to_string().parse(), Ok(slip));
        }
        for text in ["", "drop-notify-one", "nothing@src/a.rs:1", "wake-early@src/a.rs"] {
            assert!(text.parse::<Slip>().is_err(), "{text}");
        }
    }
}
