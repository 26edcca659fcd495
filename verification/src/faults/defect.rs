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

/// What every queue has in common.
const QUEUE: &str = "src/queue/mod.rs";

pub(crate) const PLACE_WAKES_NOBODY: Defect =
    in_file(QUEUE, "a free place wakes nobody", Action::DropNotifyOne);

const JOB: &str = "src/job.rs";

pub(crate) const OUTCOME_WAKES_NOBODY: Defect =
    in_file(JOB, "a resolved handle wakes nobody", Action::DropNotifyOne);
/// Between the look at whether there is a handle and the outcome.
pub(crate) const JOB_SPLITS_ITS_OUTCOME: Defect =
    in_file(JOB, "an outcome is left for a handle that is gone", Action::SplitLock(0));

const WORKER: &str = "src/worker.rs";

pub(crate) const RECORD_WAKES_NOBODY: Defect =
    in_file(WORKER, "the end of a job or of a worker wakes nobody", Action::DropNotifyAll);
pub(crate) const RECORD_WAKES_ONE: Defect = in_file(
    WORKER,
    "the end of a job or of a worker wakes one of several",
    Action::NotifyOneForAll,
);
pub(crate) const OWNER_TIMES_OUT: Defect =
    in_file(WORKER, "a deadline that has not come fires", Action::FireDeadline);
pub(crate) const START_WAKES_NOBODY: Defect =
    in_file(WORKER, "a finished start hook wakes nobody", Action::DropNotifyAll);
pub(crate) const FLAG_IS_NOT_RAISED: Defect =
    in_file(WORKER, "stop tokens are not told", Action::DropRaise);
/// Between the count of a panic and its entry in the list.
pub(crate) const JOB_SPLITS_ITS_END: Defect =
    in_file(WORKER, "a panic is counted before it is listed", Action::SplitLock(2));
