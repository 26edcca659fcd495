//! Visible operations, the events that they become, and the dependence between them.

use std::panic::Location;

use crate::broken::Broken;
use crate::clock::{Clock, MAX_THREADS};

/// The kind of operation that a thread requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// Acquires a lock exclusively.
    Lock,
    /// Acquires a lock together with other readers.
    LockShared,
    /// Acquires a lock exclusively if it is free; see [`attempt`].
    TryLock,
    /// Acquires a lock together with other readers if no thread holds it exclusively.
    TryShared,
    /// Releases a lock. An operation only if the model tries locks.
    Unlock,
    /// Releases a lock and goes to sleep on a condition variable, in one step.
    Wait,
    /// Wakes one sleeper.
    NotifyOne,
    /// Wakes all sleepers.
    NotifyAll,
    /// Reads an atomic.
    Read,
    /// Changes an atomic in a way that commutes with every other such change.
    Write,
    /// Reads and changes an atomic, or changes it in some other way.
    Update,
    /// Picks a number. Accesses no object.
    Choose,
    /// Starts a thread, or fails to. Accesses no object. An operation only if starts may fail.
    Spawn,
}

/// A visible operation, named so that it is the same in every execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Operation {
    pub(crate) kind: Kind,
    /// The name of the object: the thread that created it, and its index among that thread's
    /// objects.
    pub(crate) object: u32,
    /// The name of the lock that a wait releases, if the model tries locks; else [`NO_LOCK`].
    pub(crate) mutex: u32,
}

/// The absent name.
pub(crate) const NO_LOCK: u32 = u32::MAX;

impl Operation {
    fn tries(self) -> bool {
        matches!(self.kind, Kind::TryLock | Kind::TryShared)
    }

    /// Returns `true` if the operations share an object.
    #[inline]
    pub(crate) fn may_affect(self, other: Operation) -> bool {
        self.object == other.object || self.releases_for(other) || other.releases_for(self)
    }

    /// Returns `true` if the operation releases the lock on which the other is an attempt.
    fn releases_for(self, attempt: Operation) -> bool {
        attempt.tries() && self.mutex == attempt.object
    }
}

/// How an attempt on a lock ends, which its state decides; see [`Choice`].
pub(crate) mod attempt {
    /// Acquires the lock.
    pub(crate) const ACQUIRED: u8 = 0;
    /// Fails, since a thread holds the lock exclusively.
    pub(crate) const REFUSED: u8 = 1;
    /// Fails, since readers hold the lock.
    pub(crate) const REFUSED_BY_READERS: u8 = 2;
}

/// How a wait ends, chosen when the wait begins; see [`Choice`].
pub(crate) mod wait {
    /// Sleeps until notified.
    pub(crate) const NOTIFIED: u8 = 0;
    /// Leaves the queue before a notification, because the timeout has passed.
    pub(crate) const TIMED_OUT: u8 = 1;
    /// Sleeps until notified, and the timeout passes before the lock is acquired again.
    pub(crate) const NOTIFIED_LATE: u8 = 2;
    /// Leaves the queue before a notification: a spurious wake-up.
    pub(crate) const SPURIOUS: u8 = 3;

    /// Returns `true` if a wait with this choice stays in the queue of its condition variable.
    pub(crate) fn sleeps(choice: u8) -> bool {
        choice == NOTIFIED || choice == NOTIFIED_LATE
    }
}

/// A decision that an operation leaves open and the explorer makes: how a wait ends (see [`wait`]),
/// which thread `notify_one` wakes, a number, or 1 for a thread that cannot be started. 0 if
/// nothing is open.
pub(crate) type Choice = u8;

/// A set of choices, as bits.
pub(crate) type Choices = u16;

const _: () = assert!(MAX_THREADS <= Choices::BITS as usize, "choices are threads, as bits");

/// Returns the lowest of some choices.
#[inline]
pub(crate) fn lowest(choices: Choices) -> Choice {
    u8::try_from(choices.trailing_zeros()).expect("a choice is a bit")
}

/// An operation that has been performed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Event {
    pub(crate) thread: u8,
    /// Its position among the thread's events, counted from 1.
    pub(crate) position: u16,
    pub(crate) operation: Operation,
    pub(crate) choice: Choice,
    /// Whether it is a notification without a sleeper.
    pub(crate) in_vain: bool,
    /// For each thread, the position of its last event that happened before this one, or is this
    /// one.
    pub(crate) clock: Clock,
    pub(crate) site: &'static Location<'static>,
}

/// Returns `true` if the event happened before the event that the clock belongs to.
#[inline]
pub(crate) fn knows(clock: &Clock, event: &Event) -> bool {
    event.position <= clock.get(usize::from(event.thread))
}

/// The dependence relation, which depends on the settings.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dependence {
    /// Whether `notify_one` may wake any sleeper. Then the order in which threads fall asleep does
    /// not matter.
    pub(crate) wakes_any: bool,
    pub(crate) broken: Option<Broken>,
}

impl Dependence {
    /// Returns `true` if the order of two events of different threads matters.
    pub(crate) fn of_events(self, first: &Event, second: &Event) -> bool {
        if first.operation.object != second.operation.object {
            return first.operation.releases_for(second.operation)
                || second.operation.releases_for(first.operation);
        }
        let vain = first.in_vain && second.in_vain;
        let (a, b) = (first.operation.kind, second.operation.kind);
        !vain && self.of_kinds((a, Some(first.choice)), (b, Some(second.choice)))
    }

    /// Returns `true` if an event and a later operation may affect each other. `choice` is the
    /// choice of the operation, if it is known.
    pub(crate) fn of_pending(self, event: &Event, operation: Operation, choice: Choice) -> bool {
        if event.operation.object != operation.object {
            return event.operation.releases_for(operation)
                || operation.releases_for(event.operation);
        }
        // A notification without a sleeper changes nothing, so another one finds no sleeper either.
        let notifies = matches!(operation.kind, Kind::NotifyOne | Kind::NotifyAll);
        let vain = event.in_vain && notifies;
        let (a, b) = (event.operation.kind, operation.kind);
        !vain && self.of_kinds((a, Some(event.choice)), (b, Some(choice)))
    }

    fn of_kinds(self, first: (Kind, Option<Choice>), second: (Kind, Option<Choice>)) -> bool {
        let absent = |(kind, choice): (Kind, Option<Choice>)| {
            kind == Kind::Wait && choice.is_some_and(|choice| !wait::sleeps(choice))
        };
        // A wait that leaves the queue at once receives no notification.
        if absent(first) || absent(second) {
            return false;
        }
        match (self.broken, first.0, second.0) {
            (Some(Broken::RefusalsCommuteWithReleases), Kind::TryLock, Kind::Unlock)
                if first.1 != Some(attempt::ACQUIRED) =>
            {
                return false
            }
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
            | (Kind::Choose | Kind::Spawn, _)
            | (Kind::LockShared, Kind::LockShared)
            // A lock that is held can be acquired in neither order.
            | (Kind::Unlock, Kind::Lock | Kind::LockShared | Kind::Unlock)
            | (Kind::Lock | Kind::LockShared, Kind::Unlock) => false,
            (Kind::TryLock | Kind::TryShared, Kind::TryLock | Kind::TryShared) => {
                first.1 == Some(attempt::ACQUIRED) || second.1 == Some(attempt::ACQUIRED)
            }
            _ => true,
        }
    }
}
