//! Operations that act wrongly on purpose: how models show that they would notice.

use std::panic::Location;

/// How a fault changes an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// `notify_one` wakes nobody.
    DropNotifyOne,
    /// `notify_all` wakes nobody.
    DropNotifyAll,
    /// `notify_all` wakes one sleeper only.
    NotifyOneForAll,
    /// The start of the thread of that number fails.
    FailSpawn(usize),
}

/// An operation that shall act wrongly: every one that is called from that file, and that line if
/// one is given.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    /// How it acts.
    pub action: Action,
    /// The end of the path of the calling file.
    pub file: &'static str,
    /// The calling line, if only one is meant.
    pub line: Option<u32>,
}

impl Fault {
    /// Whether an operation called from there is meant.
    pub fn hits(&self, site: &Location<'_>) -> bool {
        site.file().ends_with(self.file) && self.line.map_or(true, |line| line == site.line())
    }
}
