//! Visible operations, the events that they become, and which of two can be exchanged.

use std::panic::Location;

use crate::clock::Clock;

/// What kind of operation a thread asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// Acquires a lock.
    Lock,
    /// Releases a lock and falls asleep on a condition variable, in one step.
    Wait,
    /// Wakes one sleeper.
    NotifyOne,
    /// Wakes all sleepers.
    NotifyAll,
    /// Reads an atomic.
    Read,
    /// Changes an atomic in a way that commutes with every other such change.
    Write,
    /// Reads and changes an atomic, or changes it in any other way.
    Update,
    /// Picks a number. Touches no object.
    Choose,
    /// Starts a thread, or fails to. Touches no object; an operation only where that may fail.
    Spawn,
}

/// A visible operation, named so that it is the same in every execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Operation {
    pub(crate) kind: Kind,
    /// The object's name: the thread that created it, and which of its objects it is.
    pub(crate) object: u32,
}

/// How a wait ends, as chosen when it begins; see [`Choice`].
pub(crate) mod wait {
    /// Sleeps until notified.
    pub(crate) const NOTIFIED: u8 = 0;
    /// Leaves the queue again before anybody notifies it, because its timeout has passed.
    pub(crate) const TIMED_OUT: u8 = 1;
    /// Sleeps until notified, and its timeout passes before it has the lock again.
    pub(crate) const NOTIFIED_LATE: u8 = 2;
    /// Leaves the queue again before anybody notifies it: a spurious wake-up.
    pub(crate) const SPURIOUS: u8 = 3;

    /// Whether a wait with that choice stands in the queue of its condition variable.
    pub(crate) fn sleeps(choice: u8) -> bool {
        choice == NOTIFIED || choice == NOTIFIED_LATE
    }
}

/// What is left open by an operation and picked by the explorer: how a wait ends (see [`wait`]), the
/// thread that `notify_one` wakes, a number, or 1 for a thread that cannot be started. Where nothing is
/// open, 0.
pub(crate) type Choice = u8;

/// Choices as a set of bits.
pub(crate) type Choices = u16;

/// An operation that has been performed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Event {
    pub(crate) thread: u8,
    /// Its position among the thread's events, from 1.
    pub(crate) position: u16,
    pub(crate) operation: Operation,
    pub(crate) choice: Choice,
    /// A notification that found nobody asleep.
    pub(crate) in_vain: bool,
    /// For each thread, the position of its last event that happened before this one, or is it.
    pub(crate) clock: Clock,
    pub(crate) site: &'static Location<'static>,
}

/// Rules of dependence that depend on the settings.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dependence {
    /// `notify_one` may wake any sleeper, so the order in which they fell asleep is of no matter.
    pub(crate) wakes_any: bool,
    pub(crate) broken: Option<crate::broken::Broken>,
}

impl Dependence {
    /// Returns `true` if the order of two events of different threads matters.
    pub(crate) fn of_events(self, first: &Event, second: &Event) -> bool {
        if first.operation.object != second.operation.object {
            return false;
        }
        let vain = first.in_vain && second.in_vain;
        let (a, b) = (first.operation.kind, second.operation.kind);
        !vain && self.of_kinds((a, Some(first.choice)), (b, Some(second.choice)))
    }

    /// Returns `true` if an event may change what an operation that comes later does, or the other
    /// way round. `choice` is the operation's, if it is known.
    pub(crate) fn of_pending(self, event: &Event, operation: Operation, choice: Choice) -> bool {
        if event.operation.object != operation.object {
            return false;
        }
        // What finds nobody leaves everybody asleep: another notification would find nobody either.
        let notifies = matches!(operation.kind, Kind::NotifyOne | Kind::NotifyAll);
        let vain = event.in_vain && notifies;
        let (a, b) = (event.operation.kind, operation.kind);
        !vain && self.of_kinds((a, Some(event.choice)), (b, Some(choice)))
    }

    fn of_kinds(self, first: (Kind, Option<Choice>), second: (Kind, Option<Choice>)) -> bool {
        use crate::broken::Broken;
        let absent = |(kind, choice): (Kind, Option<Choice>)| {
            kind == Kind::Wait && choice.is_some_and(|choice| !wait::sleeps(choice))
        };
        // Whoever leaves the queue at once is met by no notification.
        if absent(first) || absent(second) {
            return false;
        }
        match (self.broken, first.0, second.0) {
            (
                Some(Broken::NotificationsAndWaitsCommute),
                Kind::NotifyOne | Kind::NotifyAll,
                Kind::Wait,
            )
            | (Some(Broken::ReadsAndWritesCommute), Kind::Write, Kind::Read)
            | (Some(Broken::UpdatesCommute), Kind::Update, Kind::Update)
            | (Some(Broken::NotificationsCommute), Kind::NotifyOne, Kind::NotifyOne) => {
                return false
            }
            _ => {}
        }
        match (first.0, second.0) {
            (Kind::Wait, Kind::Wait) => !self.wakes_any,
            (Kind::Read, Kind::Read)
            | (Kind::Write, Kind::Write)
            | (Kind::Choose | Kind::Spawn, _) => false,
            _ => true,
        }
    }
}
