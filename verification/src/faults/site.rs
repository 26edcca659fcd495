//! A fault at one call site of the pool.

use std::fmt;
use std::str::FromStr;

use last_call::sync::fault::{Action, Fault};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A fault at one call site of the pool.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[schemars(with = "String")]
#[serde(into = "String", try_from = "String")]
pub struct SiteFault {
    /// The source file, such as `src/job.rs`.
    pub file: String,
    /// The line of the call.
    pub line: u32,
    /// The wrong action.
    pub action: Action,
}

/// The names of the actions without a number, as used in arguments and files.
pub(crate) const NAMES: [(&str, Action); 11] = [
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

/// Returns the name of an action, as used in arguments and files.
pub(crate) fn name(action: Action) -> String {
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
        .ok_or_else(|| format!("`{text}` is not a fault"))
}

/// Returns `true` if a correct program tolerates the action.
fn is_harmless(action: Action) -> bool {
    use Action::{NotifyAllAgain, NotifyAllForOne, NotifyOneAgain, WakeEarly};
    matches!(action, NotifyAllForOne | NotifyOneAgain | NotifyAllAgain | WakeEarly)
}

/// Returns the name of the operation that the action replaces.
pub(crate) fn operation(action: Action) -> &'static str {
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

/// Returns what the operation does instead, in words.
pub(crate) fn in_words(action: Action) -> String {
    match action {
        Action::DropNotifyOne | Action::DropNotifyAll => "wakes nobody".to_owned(),
        Action::NotifyOneForAll => "wakes one instead of all".to_owned(),
        Action::NotifyAllForOne => "wakes all instead of one".to_owned(),
        Action::NotifyOneAgain | Action::NotifyAllAgain => "notifies twice".to_owned(),
        Action::WakeEarly => "wakes up spuriously".to_owned(),
        Action::SplitWait => "releases the lock before it sleeps".to_owned(),
        Action::FireDeadline => "times out before its deadline".to_owned(),
        Action::SplitLock(change) => format!("releases the lock before change {}", change + 1),
        Action::FailSpawn(thread) => format!("cannot start thread {thread}"),
        Action::DropRaise | Action::DropCount => "does nothing".to_owned(),
    }
}

impl fmt::Display for SiteFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}:{}", name(self.action), self.file, self.line)
    }
}

impl FromStr for SiteFault {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not FAULT@FILE:LINE");
        let (word, site) = text.split_once('@').ok_or_else(wrong)?;
        let (file, line) = site.rsplit_once(':').ok_or_else(wrong)?;
        let line = line.parse().map_err(|_| wrong())?;
        Ok(SiteFault { file: file.to_owned(), line, action: action(word)? })
    }
}

impl From<SiteFault> for String {
    fn from(fault: SiteFault) -> String {
        fault.to_string()
    }
}

impl TryFrom<String> for SiteFault {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl SiteFault {
    /// Returns the fault for the facade. Leaks the file name.
    pub fn fault(&self) -> Fault {
        Fault { action: self.action, file: self.file.clone().leak(), line: Some(self.line) }
    }

    /// Returns `true` if a correct program tolerates the action.
    pub fn is_harmless(&self) -> bool {
        is_harmless(self.action)
    }

    /// Returns the call site as `file:line`.
    pub fn site(&self) -> String {
        format!("{}:{}", self.file, self.line)
    }

    /// Returns the faults that can be injected at a call site found by a survey.
    #[cfg(loom)]
    pub(crate) fn at(found: &last_call::sync::trace::Opportunity) -> Vec<SiteFault> {
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
        // Only the code of the pool: the locks and threads of scenarios are not on trial.
        let Some(start) = file.rfind("src/").filter(|_| !file.contains("verification/")) else {
            return Vec::new();
        };
        let fault = |action| SiteFault { file: file[start..].to_owned(), line: found.line, action };
        actions.into_iter().map(fault).collect()
    }
}

#[cfg(test)]
mod tests {
    use last_call::sync::fault::Action;

    use super::{SiteFault, NAMES};

    #[test]
    fn a_fault_parses_as_it_displays() {
        let numbered = [Action::SplitLock(2), Action::FailSpawn(1)];
        for action in NAMES.iter().map(|(_, action)| *action).chain(numbered) {
            let fault = SiteFault { file: "src/queue/locked.rs".to_owned(), line: 57, action };
            assert_eq!(fault.to_string().parse(), Ok(fault));
        }
        for text in ["", "drop-notify-one", "nothing@src/a.rs:1", "wake-early@src/a.rs"] {
            assert!(text.parse::<SiteFault>().is_err(), "{text}");
        }
    }
}
