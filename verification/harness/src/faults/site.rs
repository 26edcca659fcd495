//! A fault at one call site: its text form, its words, and whether a correct program tolerates it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How a fault changes an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// `notify_one` wakes no sleeper.
    DropNotifyOne,
    /// `notify_all` wakes no sleeper.
    DropNotifyAll,
    /// `notify_all` wakes one sleeper only.
    NotifyOneForAll,
    /// `notify_one` wakes every sleeper. A correct program tolerates it.
    NotifyAllForOne,
    /// `notify_one` happens again, for another sleeper. A correct program tolerates it.
    NotifyOneAgain,
    /// `notify_all` happens again, for the next thread that goes to sleep. A correct program tolerates
    /// it.
    NotifyAllAgain,
    /// A sleeper has a spurious wake-up. A correct program tolerates it.
    WakeEarly,
    /// The lock is released and taken again just before the sleep.
    SplitWait,
    /// A deadline fires too early.
    FireDeadline,
    /// The lock is released and taken again before the n-th change under it, counted from 0.
    SplitLock(usize),
    /// The start of the thread with this number fails.
    FailSpawn(usize),
    /// A flag is not raised.
    DropRaise,
    /// A count is not taken.
    DropCount,
    /// `unpark` does nothing.
    DropUnpark,
    /// A store does nothing.
    DropStore,
    /// A read-modify-write reads in one step and writes in another.
    SplitUpdate,
    /// An exchange that may fail spuriously does so. A correct program tolerates it.
    FailExchange,
    /// An access or a fence orders nothing.
    RelaxOrder,
}

/// A fault at one call site.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(with = "String"))]
#[serde(into = "String", try_from = "String")]
pub struct SiteFault {
    /// The source file, such as `src/job.rs`.
    pub file: String,
    /// The line of the call.
    pub line: u32,
    /// The wrong action.
    pub action: Action,
}

/// The actions without a number: the name in arguments and files, the operation that the action
/// replaces, and what the operation does instead.
const NAMED: [(&str, Action, &str, &str); 16] = [
    ("drop-notify-one", Action::DropNotifyOne, "notify-one", "wakes nobody"),
    ("drop-notify-all", Action::DropNotifyAll, "notify-all", "wakes nobody"),
    ("notify-one-for-all", Action::NotifyOneForAll, "notify-all", "wakes one instead of all"),
    ("notify-all-for-one", Action::NotifyAllForOne, "notify-one", "wakes all instead of one"),
    ("notify-one-again", Action::NotifyOneAgain, "notify-one", "notifies twice"),
    ("notify-all-again", Action::NotifyAllAgain, "notify-all", "notifies twice"),
    ("wake-early", Action::WakeEarly, "wait", "wakes up spuriously"),
    ("split-wait", Action::SplitWait, "wait", "releases the lock before it sleeps"),
    ("fire-deadline", Action::FireDeadline, "wait-until", "times out before its deadline"),
    ("drop-raise", Action::DropRaise, "raise", "does nothing"),
    ("drop-count", Action::DropCount, "count", "does nothing"),
    ("drop-unpark", Action::DropUnpark, "unpark", "wakes nobody"),
    ("drop-store", Action::DropStore, "store", "does nothing"),
    ("split-update", Action::SplitUpdate, "update", "reads and writes in two steps"),
    ("fail-exchange", Action::FailExchange, "exchange", "fails spuriously"),
    ("relax-order", Action::RelaxOrder, "access", "orders nothing"),
];

impl Action {
    /// Every action without a number.
    pub fn named() -> impl Iterator<Item = Action> {
        NAMED.iter().map(|(_, action, ..)| *action)
    }

    fn entry(self) -> Option<&'static (&'static str, Action, &'static str, &'static str)> {
        NAMED.iter().find(|(_, action, ..)| *action == self)
    }

    /// Returns the name, as used in arguments and files.
    pub fn name(self) -> String {
        match self {
            Action::SplitLock(change) => format!("split-lock-{change}"),
            Action::FailSpawn(thread) => format!("fail-spawn-{thread}"),
            _ => self.entry().map_or_else(String::new, |(name, ..)| (*name).to_owned()),
        }
    }

    /// Returns the name of the operation that the action replaces.
    pub fn operation(self) -> &'static str {
        match self {
            Action::SplitLock(_) => "lock",
            Action::FailSpawn(_) => "spawn",
            _ => self.entry().map_or("", |(_, _, operation, _)| operation),
        }
    }

    /// Returns what the operation does instead, in words.
    pub fn in_words(self) -> String {
        match self {
            Action::SplitLock(change) => format!("releases the lock before change {}", change + 1),
            Action::FailSpawn(thread) => format!("cannot start thread {thread}"),
            _ => self.entry().map_or_else(String::new, |(.., words)| (*words).to_owned()),
        }
    }

    /// Returns `true` if a correct program tolerates the action.
    pub fn is_harmless(self) -> bool {
        use Action::{FailExchange, NotifyAllAgain, NotifyAllForOne, NotifyOneAgain, WakeEarly};
        matches!(self, NotifyAllForOne | NotifyOneAgain | NotifyAllAgain | WakeEarly | FailExchange)
    }
}

impl FromStr for Action {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |prefix: &str| text.strip_prefix(prefix).and_then(|rest| rest.parse().ok());
        let named = NAMED.iter().find(|(name, ..)| *name == text).map(|(_, action, ..)| *action);
        named
            .or_else(|| number("split-lock-").map(Action::SplitLock))
            .or_else(|| number("fail-spawn-").map(Action::FailSpawn))
            .ok_or_else(|| format!("`{text}` is not a fault"))
    }
}

impl fmt::Display for SiteFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}:{}", self.action.name(), self.file, self.line)
    }
}

impl FromStr for SiteFault {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not FAULT@FILE:LINE");
        let (word, site) = text.split_once('@').ok_or_else(wrong)?;
        let (file, line) = site.rsplit_once(':').ok_or_else(wrong)?;
        let line = line.parse().map_err(|_| wrong())?;
        Ok(SiteFault { file: file.to_owned(), line, action: word.parse()? })
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
    /// Returns `true` if a correct program tolerates the action.
    pub fn is_harmless(&self) -> bool {
        self.action.is_harmless()
    }

    /// Returns the call site as `file:line`.
    pub fn site(&self) -> String {
        format!("{}:{}", self.file, self.line)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Action, SiteFault};

    #[test]
    fn a_fault_parses_as_it_displays() {
        let numbered = [Action::SplitLock(2), Action::FailSpawn(1)];
        for action in Action::named().chain(numbered) {
            let fault = SiteFault { file: "src/queue/locked.rs".to_owned(), line: 57, action };
            assert_eq!(fault.to_string().parse(), Ok(fault));
        }
        for text in ["", "drop-notify-one", "nothing@src/a.rs:1", "wake-early@src/a.rs"] {
            assert!(text.parse::<SiteFault>().is_err(), "{text}");
        }
    }

    #[test]
    fn every_action_has_a_name_and_words() {
        let numbered = [Action::SplitLock(2), Action::FailSpawn(1)];
        for action in Action::named().chain(numbered) {
            let words = [action.name(), action.operation().to_owned(), action.in_words()];
            assert!(words.iter().all(|word| !word.is_empty()), "{action:?}: {words:?}");
        }
        let told = |action: Action| (action.operation(), action.in_words());
        let different: BTreeSet<_> = Action::named().map(told).collect();
        assert_eq!(different.len(), Action::named().count(), "two faults read alike");
    }
}
