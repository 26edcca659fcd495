//! The properties that every pool is asked for.

use crate::pools::About;

/// What a pool is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Property {
    /// Ending the pool waits for accepted jobs.
    EndWaits,
    /// A refused job returns to its submitter.
    RefusedReturns,
    /// A panic costs no worker.
    PanicSurvived,
    /// Panics are reported.
    PanicReported,
    /// The pool can be dropped in its own job.
    OwnJob,
    /// Waiting for idleness does not end early.
    Idle,
    /// A destructor that panics costs no worker.
    Destructors,
    /// A thread that cannot be started is an error.
    ThreadFails,
    /// The handle of a queued job resolves at shutdown.
    HandleResolves,
}

impl Property {
    /// All of them, in the order of the tables.
    pub const ALL: [Property; 9] = [
        Property::EndWaits,
        Property::RefusedReturns,
        Property::PanicSurvived,
        Property::PanicReported,
        Property::OwnJob,
        Property::Idle,
        Property::Destructors,
        Property::ThreadFails,
        Property::HandleResolves,
    ];

    /// Its name in tables and filters.
    pub fn name(self) -> &'static str {
        match self {
            Property::EndWaits => "end-waits",
            Property::RefusedReturns => "refused-returns",
            Property::PanicSurvived => "panic-survived",
            Property::PanicReported => "panic-reported",
            Property::OwnJob => "own-job",
            Property::Idle => "idle",
            Property::Destructors => "destructors",
            Property::ThreadFails => "thread-fails",
            Property::HandleResolves => "handle-resolves",
        }
    }

    /// What is asked, in a sentence.
    pub fn text(self) -> &'static str {
        match self {
            Property::EndWaits => {
                "The drop of the pool, or its documented way to end or to wait, returns after every \
                 accepted job."
            }
            Property::RefusedReturns => {
                "A job that is refused because the pool ends returns to its submitter, unrun."
            }
            Property::PanicSurvived => {
                "After jobs that panicked, as many jobs can run at once as the pool has workers."
            }
            Property::PanicReported => {
                "Each panic of a job is reported: by a handle, a handler or a count."
            }
            Property::OwnJob => {
                "Dropping the last owner of the pool in one of its own jobs neither hangs nor panics, \
                 and loses no job that a drop elsewhere would run."
            }
            Property::Idle => {
                "Waiting for idleness does not return while jobs submit jobs."
            }
            Property::Destructors => {
                "Panic payloads, captures and unread results whose destructors panic neither end the \
                 process nor cost a worker."
            }
            Property::ThreadFails => {
                "If a thread cannot be started, there is an error or a panic; nothing hangs, no \
                 thread remains, no accepted job is lost. (Linux only.)"
            }
            Property::HandleResolves => {
                "When the pool ends, the handles of queued jobs resolve, to a value or to none."
            }
        }
    }

    /// The property of that name.
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|property| property.name() == name)
    }

    /// How often a process tries it at most, and how many processes try it.
    pub(super) fn effort(self) -> (u64, u64) {
        match self {
            // Races: as often as the budget allows.
            Property::EndWaits | Property::Idle | Property::PanicReported => (100_000, 3),
            Property::RefusedReturns => (1_000, 2),
            Property::HandleResolves => (100, 2),
            Property::PanicSurvived | Property::OwnJob => (10, 2),
            Property::Destructors => (6, 2),
            // The limit on memory cannot be set twice in one process, because freed stacks are cached.
            Property::ThreadFails => (1, 3),
        }
    }
}

/// Returns `true` for the control: the trial must convict the pool of the book, whose workers end with
/// the first panic. Otherwise it would show nothing.
pub fn is_control(about: &About, property: Property) -> bool {
    about.name == "book" && property == Property::PanicSurvived
}

#[cfg(test)]
mod tests {
    use super::Property;

    #[test]
    fn properties_are_found_by_their_names() {
        for property in Property::ALL {
            assert_eq!(Property::find(property.name()), Some(property));
        }
    }
}
