//! The description of a failed execution, for people.

use std::panic::Location;

use super::{Changed, Execution, State, ThreadState};
use crate::event::{attempt, wait, Event, Kind};
use crate::report::{Cause, Failure, FailureKind, Row, Stand, Stuck};
use crate::schedule::Schedule;

impl Execution {
    pub(crate) fn describe(&self, cause: Cause) -> Failure {
        Failure {
            kind: cause.kind,
            message: self.message(cause.kind, cause.message),
            schedule: Schedule { sees: self.sees, steps: self.steps.clone() },
            stands: self.stands(),
            interleaving: self.events.iter().map(|event| self.line(event)).collect(),
            threads: self.threads.iter().map(|thread| thread.name.clone()).collect(),
            rows: (0..self.events.len()).map(|place| self.row(place)).collect(),
            pending: self.waits(),
            ended: self.ended(),
            panicked: self.panicked.clone(),
            released: self.released(),
            faults: self.faults(),
            objects: self.named_objects(),
        }
    }

    /// Returns the message of a failure, with the panics that ended threads: one may be its cause.
    fn message(&self, kind: FailureKind, mut message: String) -> String {
        if !matches!(kind, FailureKind::Panic | FailureKind::Deadlock) {
            return message;
        }
        for panicked in &self.panicked {
            let thread = &self.threads[panicked.thread].name;
            let site =
                panicked.site.as_ref().map_or_else(String::new, |site| format!(" at {site}"));
            message = format!("{message}\n{thread} panicked{site}: {}", panicked.message);
        }
        message
    }

    fn row(&self, place: usize) -> Row {
        let event = &self.events[place];
        let mut what = self.words(event, &self.object_name(event));
        let notes = self.notes.iter().flatten();
        for (_, note) in notes.filter(|(noted, _)| *noted == place) {
            what = format!("{what}: {note}");
        }
        let Event { operation, choice, in_vain, .. } = *event;
        let wakes = operation.kind == Kind::NotifyOne && !in_vain;
        Row {
            thread: event.thread.into(),
            what,
            site: short(event.site),
            operation: operation_name(operation.kind, choice),
            object: self.object_name(event),
            wakes: wakes.then_some(choice.into()),
        }
    }

    /// Returns what each thread waits for, of those that wait for a lock or for the end of a thread.
    fn waits(&self) -> Vec<Row> {
        let named = self.named_objects();
        let used = self.used_objects();
        let waits = self.threads.iter().enumerate().filter_map(|(thread, state)| {
            let (operation, object, site) = match &state.state {
                State::Pending(pending)
                    if matches!(pending.operation.kind, Kind::Lock | Kind::LockShared) =>
                {
                    let place = used.iter().position(|name| *name == pending.operation.object);
                    let name = place.map_or("", |place| &*named[place].0);
                    ("waits for", name.to_owned(), pending.site)
                }
                State::Joining(target, site) => {
                    ("joins", self.threads[*target].name.clone(), *site)
                }
                _ => return None,
            };
            let what = format!("{operation} {object}");
            let site = short(site);
            Some(Row { thread, what, site, operation, object, wakes: None })
        });
        waits.collect()
    }

    /// Returns the threads that have ended.
    fn ended(&self) -> Vec<usize> {
        let states = self.threads.iter().enumerate();
        let ended = states.filter(|(_, thread)| matches!(thread.state, State::Ended));
        ended.map(|(thread, _)| thread).collect()
    }

    /// Returns the releases that are no operations, of locks with events.
    fn released(&self) -> Vec<(usize, usize, String)> {
        let used = self.used_objects();
        let name = |lock: u32| used.iter().position(|name| *name == lock);
        let releases = self.releases.iter().filter_map(|(before, thread, lock)| {
            Some((*before, *thread, format!("m{}", name(*lock)? + 1)))
        });
        releases.collect()
    }

    /// Returns the operations that a fault has changed, each with the number of events before.
    fn faults(&self) -> Vec<(usize, Row)> {
        let row = |changed: &Changed| {
            let own = |event: &&Event| Some(event.operation.object) == changed.object;
            let event = self.events.iter().find(own);
            let object = event.map_or_else(String::new, |event| self.object_name(event));
            let what = format!("{} {object}", changed.words).trim_end().to_owned();
            let thread = changed.thread;
            let (operation, site) = (changed.operation, short(changed.site));
            (changed.before, Row { thread, what, site, operation, object, wakes: None })
        };
        self.faults.iter().map(row).collect()
    }

    /// Returns the name of an event's object: `m1`, `c2` or `a3`, numbered by their first event.
    fn object_name(&self, event: &Event) -> String {
        let letter = match event.operation.kind {
            Kind::Choose | Kind::Spawn => return String::new(),
            Kind::Wait | Kind::NotifyOne | Kind::NotifyAll => 'c',
            Kind::Read | Kind::Write | Kind::Update => 'a',
            _ => 'm',
        };
        let place = self.used_objects().iter().position(|name| *name == event.operation.object);
        format!("{letter}{}", place.map_or(0, |place| place + 1))
    }

    /// Returns the names of the objects with events, in the order of their first event.
    fn used_objects(&self) -> Vec<u32> {
        let mut used = Vec::new();
        for event in &self.events {
            let has_object = !matches!(event.operation.kind, Kind::Choose | Kind::Spawn);
            if has_object && !used.contains(&event.operation.object) {
                used.push(event.operation.object);
            }
        }
        used
    }

    /// Returns the objects with events, each with the place where it was created.
    fn named_objects(&self) -> Vec<(String, String)> {
        let named = self.used_objects().into_iter().map(|name| {
            let mut events = self.events.iter();
            let event = events.find(|event| event.operation.object == name);
            (name, event.map_or_else(String::new, |event| self.object_name(event)))
        });
        let created = |name: u32| {
            let object = self.objects[..self.used].iter().find(|object| object.name == name);
            object.and_then(|object| object.created).map_or_else(String::new, short)
        };
        named.map(|(name, shown)| (shown, created(name))).collect()
    }

    /// Returns where each thread stands that has not ended.
    fn stands(&self) -> Vec<Stand> {
        let stuck = |state: &State| {
            Some(match state {
                State::Ended => return None,
                State::Fresh => (Stuck::NotBegun, None),
                State::Running | State::Released => (Stuck::Running, None),
                State::Spinning(site) => (Stuck::Running, Some(*site)),
                State::Pending(pending)
                    if matches!(pending.operation.kind, Kind::Lock | Kind::LockShared) =>
                {
                    let object = &self.objects[pending.index as usize];
                    let owner = object.owner.or_else(|| object.readers.first().copied());
                    let owner = owner.map(|owner| self.threads[usize::from(owner)].name.clone());
                    (Stuck::Lock(owner), Some(pending.site))
                }
                State::Pending(pending) => (Stuck::Running, Some(pending.site)),
                State::Joining(target, site) => {
                    (Stuck::Join(self.threads[*target].name.clone()), Some(*site))
                }
                State::Asleep(pending) => (Stuck::Asleep, Some(pending.site)),
            })
        };
        let stand = |thread: &ThreadState| {
            let (stuck, site) = stuck(&thread.state)?;
            Some(Stand { thread: thread.name.clone(), stuck, site: site.map(ToString::to_string) })
        };
        self.threads.iter().filter_map(stand).collect()
    }

    /// Describes an event.
    fn line(&self, event: &Event) -> String {
        let thread = &self.threads[usize::from(event.thread)].name;
        let what = self.words(event, "");
        format!("{thread} {what} ({}:{})", event.site.file(), event.site.line())
    }

    /// Describes what an event does to the object with this name, which may be empty.
    fn words(&self, event: &Event, object: &str) -> String {
        let name = |thread: u8| &self.threads[usize::from(thread)].name;
        let named = |what: &str| match object {
            "" => what.to_owned(),
            object => format!("{what} {object}"),
        };
        match (event.operation.kind, event.choice) {
            (Kind::Lock, _) => named("locks"),
            (Kind::LockShared, _) => named("reads under"),
            (Kind::TryLock | Kind::TryShared, attempt::ACQUIRED) => named("tries and locks"),
            (Kind::TryLock | Kind::TryShared, _) => named("tries in vain"),
            (Kind::Unlock, _) => named("unlocks"),
            (Kind::Wait, wait::TIMED_OUT) => format!("{}, and times out", named("waits")),
            (Kind::Wait, wait::NOTIFIED_LATE) => {
                format!("{}, and times out as it is notified", named("waits"))
            }
            (Kind::Wait, wait::SPURIOUS) => format!("{}, and wakes spuriously", named("waits")),
            (Kind::Wait, _) => named("waits"),
            (Kind::NotifyOne, sleeper) if !event.in_vain && object.is_empty() => {
                format!("notifies {}", name(sleeper))
            }
            (Kind::NotifyOne, sleeper) if !event.in_vain => {
                format!("notifies {object}: {}", name(sleeper))
            }
            (Kind::NotifyOne | Kind::NotifyAll, _) if object.is_empty() => {
                if event.in_vain { "notifies nobody" } else { "notifies all" }.to_owned()
            }
            (Kind::NotifyOne | Kind::NotifyAll, _) => {
                format!("notifies {object}: {}", if event.in_vain { "nobody" } else { "all" })
            }
            (Kind::Read, _) => named("reads"),
            (Kind::Write, _) => named("writes"),
            (Kind::Update, _) => named("updates"),
            (Kind::Choose, choice) => format!("is given {choice}"),
            (Kind::Spawn, 0) => "starts a thread".to_owned(),
            (Kind::Spawn, _) => "cannot start a thread".to_owned(),
        }
    }
}

fn short(site: &'static Location<'static>) -> String {
    format!("{}:{}", site.file(), site.line())
}

/// Returns the name of an operation in records.
fn operation_name(kind: Kind, choice: u8) -> &'static str {
    match (kind, choice) {
        (Kind::Lock, _) => "locks",
        (Kind::TryLock, attempt::ACQUIRED) => "tries and locks",
        (Kind::LockShared, _) | (Kind::TryShared, attempt::ACQUIRED) => "reads under",
        (Kind::TryLock | Kind::TryShared, _) => "tries in vain",
        (Kind::Unlock, _) => "unlocks",
        (Kind::Wait, wait::TIMED_OUT | wait::NOTIFIED_LATE) => "waits and times out",
        (Kind::Wait, _) => "waits",
        (Kind::NotifyOne, _) => "notifies one",
        (Kind::NotifyAll, _) => "notifies all",
        (Kind::Read, _) => "reads",
        (Kind::Write, _) => "writes",
        (Kind::Update, _) => "updates",
        (Kind::Choose, _) => "chooses",
        (Kind::Spawn, _) => "starts",
    }
}
