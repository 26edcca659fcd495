//! Faults: operations that act wrongly on purpose. They show that a model would notice the defect.

use std::panic::Location;

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
    /// `notify_one` happens twice more: at once, for another sleeper, and late, for the next thread
    /// that goes to sleep there. A correct program tolerates it.
    NotifyOneAgain,
    /// `notify_all` happens once more, late, for the next thread that goes to sleep there. A
    /// correct program tolerates it.
    NotifyAllAgain,
    /// The first sleeper of an execution has a spurious wake-up. A correct program tolerates it.
    WakeEarly,
    /// The lock is released and taken again just before the sleep, so the state that the caller saw
    /// may have changed.
    SplitWait,
    /// A deadline fires too early.
    FireDeadline,
    /// The lock is released and taken again before the n-th change, counted from 0, that the caller
    /// makes under it.
    SplitLock(usize),
    /// The start of the thread with this number fails.
    FailSpawn(usize),
    /// A flag is not raised.
    DropRaise,
    /// A count is not taken.
    DropCount,
}

/// A fault in every operation that is called from a file, or from one line of it.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    /// How the operation acts.
    pub action: Action,
    /// The end of the path of the calling file.
    pub file: &'static str,
    /// The calling line; `None` is every line.
    pub line: Option<u32>,
}

impl Fault {
    /// Returns `true` if the fault is in operations that are called from this site.
    pub fn hits(&self, site: &Location<'_>) -> bool {
        site.file().ends_with(self.file) && self.line.map_or(true, |line| line == site.line())
    }
}
