//! Faults: facade operations that misbehave on purpose. They show that models would notice.

use std::panic::Location;

/// How a fault changes an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// `notify_one` wakes no sleeper.
    DropNotifyOne,
    /// `notify_all` wakes no sleeper.
    DropNotifyAll,
    /// `notify_all` wakes only one sleeper.
    NotifyOneForAll,
    /// `notify_one` wakes every sleeper. A correct program tolerates this.
    NotifyAllForOne,
    /// `notify_one` is repeated: at once, for another sleeper there, and later, for the next one
    /// that goes to sleep there. A correct program tolerates this.
    NotifyOneAgain,
    /// `notify_all` is repeated later. The sleepers are awake by then, so the repetition is for the
    /// next one that goes to sleep there. A correct program tolerates this.
    NotifyAllAgain,
    /// A spurious wake-up, the first time in an execution. A correct program tolerates this.
    WakeEarly,
    /// The lock is released and acquired again just before the sleep, so that what the caller saw
    /// under it may have changed.
    SplitWait,
    /// A distant deadline fires.
    FireDeadline,
    /// The lock is released and acquired again before the n-th change that the caller makes under
    /// it, counted from 0.
    SplitLock(usize),
    /// The start of the thread with this number fails.
    FailSpawn(usize),
    /// A flag is not raised.
    DropRaise,
    /// A statistic is not incremented.
    DropCount,
}

/// A fault, at every operation that is called from a file, or from one line of it.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    /// How the operation misbehaves.
    pub action: Action,
    /// The end of the calling file's path.
    pub file: &'static str,
    /// The calling line, or `None` for every line.
    pub line: Option<u32>,
}

impl Fault {
    /// Returns `true` if the fault changes operations called from this site.
    pub fn hits(&self, site: &Location<'_>) -> bool {
        site.file().ends_with(self.file) && self.line.map_or(true, |line| line == site.line())
    }
}
