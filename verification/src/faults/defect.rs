//! Seeded defects: operations of the facade that act wrongly at the call sites of a file.

use last_call::sync::fault::{Action, Fault};

use crate::subjects::subject::Subject;

/// A seeded defect: an operation of the facade that acts wrongly at some call sites.
#[derive(Clone, Copy, Debug)]
pub struct Defect {
    /// The name in reports: a description of what goes wrong.
    pub name: &'static str,
    /// The wrong action.
    pub action: Action,
    /// The call sites.
    pub place: Place,
}

/// The call sites of a defect.
#[derive(Clone, Copy, Debug)]
pub enum Place {
    /// Every call site in the queue of the subject.
    Queue,
    /// Every call site in this file.
    File(&'static str),
}

impl Defect {
    /// Returns `true` if the defect can have an effect in the subject. At most one worker of the
    /// book's pool waits for the channel at a time, so waking one is the same as waking all.
    pub fn can_show(&self, subject: &dyn Subject) -> bool {
        self.action != Action::NotifyOneForAll || subject.queue().is_some()
    }

    /// Returns the fault to inject into the facade for the subject.
    pub fn fault(&self, subject: &dyn Subject) -> Fault {
        let file = match self.place {
            Place::Queue => subject.queue_source(),
            Place::File(file) => file,
        };
        Fault { action: self.action, file, line: None }
    }
}

const fn in_queue(name: &'static str, action: Action) -> Defect {
    Defect { name, action, place: Place::Queue }
}

const fn in_file(file: &'static str, name: &'static str, action: Action) -> Defect {
    Defect { name, action, place: Place::File(file) }
}

pub(crate) const PUSH_WAKES_NOBODY: Defect = in_queue("push wakes nobody", Action::DropNotifyOne);
pub(crate) const CLOSE_WAKES_NOBODY: Defect = in_queue("close wakes nobody", Action::DropNotifyAll);
pub(crate) const CLOSE_WAKES_ONE: Defect =
    in_queue("close wakes one worker only", Action::NotifyOneForAll);

/// The slots of a bounded queue.
const GATE: &str = "src/queue/gate.rs";

pub(crate) const PLACE_WAKES_NOBODY: Defect =
    in_file(GATE, "a free slot wakes nobody", Action::DropNotifyOne);

/// Outcomes, on their way to handles.
const SUBMISSION: &str = "src/job/submission.rs";

pub(crate) const OUTCOME_WAKES_NOBODY: Defect =
    in_file(SUBMISSION, "a resolved handle wakes nobody", Action::DropNotifyOne);
/// Between the check for a handle and the outcome.
pub(crate) const JOB_SPLITS_ITS_OUTCOME: Defect =
    in_file(SUBMISSION, "an outcome is left for a handle that is gone", Action::SplitLock(0));

const IDLE: &str = "src/shared/idle.rs";

pub(crate) const IDLE_WAKES_NOBODY: Defect =
    in_file(IDLE, "idleness waiters are not woken", Action::DropNotifyAll);
pub(crate) const IDLE_WAKES_ONE: Defect =
    in_file(IDLE, "one idleness waiter of several is woken", Action::NotifyOneForAll);

const CANCEL: &str = "src/shared/cancel.rs";

pub(crate) const CANCEL_WAKES_NOBODY: Defect =
    in_file(CANCEL, "the end of a cancel wakes nobody", Action::DropNotifyAll);
pub(crate) const CANCEL_WAKES_ONE: Defect =
    in_file(CANCEL, "the end of a cancel wakes one of several", Action::NotifyOneForAll);

/// The record of each worker.
const RECORD: &str = "src/shared/record.rs";

pub(crate) const EXIT_WAKES_NOBODY: Defect =
    in_file(RECORD, "the end of a worker wakes nobody", Action::DropNotifyAll);
pub(crate) const OWNER_TIMES_OUT: Defect =
    in_file(RECORD, "a deadline fires too early", Action::FireDeadline);
pub(crate) const STARTUP_WAKES_NOBODY: Defect =
    in_file("src/shared/startup.rs", "a step of the start wakes nobody", Action::DropNotifyAll);
pub(crate) const HOOK_END_WAKES_NOBODY: Defect =
    in_file("src/shared/startup.rs", "a finished start hook wakes nobody", Action::DropNotifyOne);
/// Between the count of a panic and its entry in the list.
pub(crate) const JOB_SPLITS_ITS_END: Defect =
    in_file(RECORD, "a panic is counted before it is listed", Action::SplitLock(2));

pub(crate) const FLAG_IS_NOT_RAISED: Defect =
    in_file("src/shared/mod.rs", "stop tokens are not told", Action::DropRaise);

/// The jobs of a scope that have not ended.
const SCOPE: &str = "src/scope/latch.rs";

pub(crate) const SCOPE_WAKES_NOBODY: Defect =
    in_file(SCOPE, "the last job of a scope wakes nobody", Action::DropNotifyOne);
pub(crate) const SCOPE_SLEEPS_UNLOCKED: Defect =
    in_file(SCOPE, "a scope sleeps after a look that is out of date", Action::SplitWait);

/// The jobs of a set that have ended.
const SET: &str = "src/job_set.rs";

pub(crate) const SET_WAKES_NOBODY: Defect =
    in_file(SET, "a job of a set that ends wakes nobody", Action::DropNotifyOne);
pub(crate) const SET_SLEEPS_UNLOCKED: Defect =
    in_file(SET, "a set sleeps after a look that is out of date", Action::SplitWait);

/// The deques of work stealing.
const STEALING: &str = "src/queue/work_stealing.rs";

pub(crate) const LOCKED_WAKES_NOBODY: Defect =
    in_file("src/queue/locked.rs", "a nudge of one lock wakes nobody", Action::DropNotifyOne);
pub(crate) const LOCKED_CLOSE_WAKES_NOBODY: Defect =
    in_file("src/queue/locked.rs", "close of one lock wakes nobody", Action::DropNotifyAll);
/// Between the look at the deque and the count of an item.
pub(crate) const DEQUE_ACCEPTS_LATE: Defect =
    in_file(STEALING, "a deque that was open accepts an item", Action::SplitLock(0));
/// Between the count of an item and its push.
pub(crate) const DEQUE_SPLITS_ITS_PUSH: Defect =
    in_file(STEALING, "an item is counted before it is in its deque", Action::SplitLock(1));
