//! Operations that act wrongly on purpose: how models show that they would notice.

use std::panic::Location;

/// How a fault changes an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// `notify_one` wakes nobody.
    DropNotifyOne,
    /// `notify_all` wakes nobody.
    DropNotifyAll,
    /// `notify_all` wakes one sleeper only.
    NotifyOneForAll,
    /// `notify_one` wakes every sleeper. A correct program bears it.
    NotifyAllForOne,
    /// `notify_one` comes again: at once, for whoever else sleeps there, and late, for the next who
    /// goes to sleep there. A correct program bears it.
    NotifyOneAgain,
    /// `notify_all` comes again, late: who slept there is awake, so it is for the next who goes to
    /// sleep there. A correct program bears it.
    NotifyAllAgain,
    /// A sleeper is woken by nobody, the first time in an execution. A correct program bears it.
    WakeEarly,
    /// The lock is released and taken again just before the sleep, so that what the caller saw under
    /// it may have changed.
    SplitWait,
    /// A deadline that has not come fires.
    FireDeadline,
    /// The lock is released and taken again before the n-th change, counted from 0, that the caller
    /// makes under it.
    SplitLock(usize),
    /// The start of the thread of that number fails.
    FailSpawn(usize),
    /// A flag is not raised.
    DropRaise,
    /// A count is not taken.
    DropCount,
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
