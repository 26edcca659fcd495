//! The events of an execution in their order, and the races between them.

use super::{Execution, Pending, Shared, State, Thread};
use crate::broken::Broken;
use crate::clock::Clock;
use crate::event::{attempt, knows, Choice, Event, Kind};

/// Two events in a race: their order matters, and nothing else orders them.
#[derive(Clone, Copy)]
pub(crate) struct Race {
    pub(crate) first: u32,
    /// The position of the second event, or the one that it would have.
    pub(crate) until: u32,
    /// The second event, with its clock from before the first event.
    pub(crate) second: Event,
}

impl Execution {
    /// Appends the event of an operation, with its clock. If it is `fresh`, appends the races that
    /// it closes to `races`, which is empty.
    pub(crate) fn record(
        &mut self,
        thread: Thread,
        pending: Pending,
        choice: Choice,
        fresh: bool,
        races: &mut Vec<Race>,
    ) {
        let until = u32::try_from(self.events.len()).expect("steps are limited");
        let state = &self.threads[thread];
        let position = state.position + 1;
        let mut clock = state.clock;
        clock.set(thread, position);
        if let (1, Some(elder)) = (position, self.last_moving_elder(state)) {
            // The rule that elders move first orders events too.
            clock.join(&elder.first_clock);
        }
        let index = pending.index as usize;
        let kind = pending.operation.kind;
        let notifies = matches!(kind, Kind::NotifyOne | Kind::NotifyAll);
        let in_vain = notifies && self.objects[index].sleepers.is_empty();
        let number = u8::try_from(thread).expect("explored threads are few");
        let mut event = Event {
            thread: number,
            position,
            operation: pending.operation,
            choice,
            in_vain,
            clock,
            site: pending.site,
        };
        let broken = self.settings.broken;
        if matches!(kind, Kind::Lock | Kind::LockShared) {
            let skipped = broken == Some(Broken::NoRacesOfLocks)
                || broken == Some(Broken::NoRacesOfWokenThreads) && pending.woken;
            if fresh && !skipped {
                self.races_of_acquisition(pending, event, until, races);
            }
            let object = &self.objects[index];
            clock.join(&object.released);
            if kind == Kind::Lock {
                for released in object.shared.iter().filter_map(|reader| reader.released) {
                    clock.join(&released);
                }
            }
        }
        if !matches!(kind, Kind::Lock | Kind::LockShared | Kind::Choose | Kind::Spawn)
            || kind == Kind::LockShared && self.release_is_visible()
        {
            let closed = races.len();
            self.races_of_others(pending.index, &event, &mut clock, fresh, until, races);
            if kind == Kind::Wait && self.release_is_visible() {
                self.races_of_others(pending.mutex, &event, &mut clock, fresh, until, races);
                self.objects[pending.mutex as usize].events.push(until);
            }
            for race in &mut races[closed..] {
                race.second.clock = clock;
            }
            if broken == Some(Broken::LatestRaceOnly) {
                races.truncate(1);
            }
        }
        if !matches!(kind, Kind::Choose | Kind::Spawn) {
            self.note_event(pending, &event, until);
        }
        event.clock = clock;
        self.threads[thread].clock = clock;
        if position == 1 {
            self.threads[thread].first_clock = clock;
        }
        self.events.push(event);
    }

    /// Adds an event to its object.
    fn note_event(&mut self, pending: Pending, event: &Event, place: u32) {
        let tries = self.release_is_visible();
        let object = &mut self.objects[pending.index as usize];
        let kind = event.operation.kind;
        match kind {
            Kind::TryLock | Kind::TryShared if event.choice != attempt::ACQUIRED => {}
            Kind::Lock | Kind::TryLock => {
                object.acquired = Some(place);
                object.shared.clear();
            }
            Kind::LockShared | Kind::TryShared => {
                object.shared.push(Shared { event: place, thread: event.thread, released: None });
            }
            _ => {}
        }
        if tries || !matches!(kind, Kind::Lock | Kind::LockShared) {
            object.events.push(place);
        }
    }

    /// Appends the races between an acquisition that may block and the earlier ones that exclude
    /// it. Its clock is the one from before it.
    fn races_of_acquisition(
        &self,
        pending: Pending,
        second: Event,
        until: u32,
        races: &mut Vec<Race>,
    ) {
        let object = &self.objects[pending.index as usize];
        let event = |place: u32| &self.events[place as usize];
        if pending.operation.kind == Kind::LockShared || object.shared.is_empty() {
            if let Some(first) = object.acquired {
                if !knows(&second.clock, event(first)) {
                    races.push(Race { first, until, second });
                }
            }
            return;
        }
        let first_only = self.settings.broken == Some(Broken::FirstReaderOnly);
        for reader in &object.shared[..if first_only { 1 } else { object.shared.len() }] {
            let first = event(reader.event);
            if knows(&second.clock, first) {
                continue;
            }
            // Without this reader, it comes after those that do not come after this reader.
            let mut clock = second.clock;
            for other in object.shared.iter().filter(|other| other.event != reader.event) {
                let released = other.released.filter(|_| !knows(&event(other.event).clock, first));
                clock.join(&released.unwrap_or_default());
            }
            if !knows(&clock, first) {
                races.push(Race { first: reader.event, until, second: Event { clock, ..second } });
            }
        }
    }

    /// Appends the races between an event and the earlier ones on an object that it depends on, and
    /// joins their clocks.
    fn races_of_others(
        &self,
        object: u32,
        event: &Event,
        clock: &mut Clock,
        fresh: bool,
        until: u32,
        races: &mut Vec<Race>,
    ) {
        for &first in self.objects[object as usize].events.iter().rev() {
            let earlier = &self.events[first as usize];
            if earlier.thread == event.thread || !self.depends(earlier, event) {
                continue;
            }
            if !knows(clock, earlier) {
                if fresh {
                    races.push(Race { first, until, second: *event });
                }
                clock.join(&earlier.clock);
            }
        }
    }

    /// Returns `true` if the order of two events of different threads matters, apart from what
    /// [`races_of_acquisition`](Self::races_of_acquisition) covers.
    fn depends(&self, earlier: &Event, event: &Event) -> bool {
        let refused_by_readers = || {
            earlier.choice == attempt::REFUSED_BY_READERS && earlier.operation.kind == Kind::TryLock
        };
        let covered = event.operation.kind == Kind::LockShared && !refused_by_readers();
        !covered && self.dependence.of_events(earlier, event)
    }

    /// Appends the races of threads that wait for a lock at the end of the execution. At a deadlock
    /// the lock is never released. If the execution is abandoned, no other execution has these
    /// threads and the lock's owner in this order.
    pub(crate) fn races_of_blocked(&self, races: &mut Vec<Race>) {
        let until = u32::try_from(self.events.len()).expect("steps are limited");
        for (thread, state) in self.threads.iter().enumerate() {
            let State::Pending(pending) = state.state else { continue };
            if self.waits_for_elder(state) {
                continue;
            }
            if !matches!(pending.operation.kind, Kind::Lock | Kind::LockShared) {
                continue;
            }
            let position = state.position + 1;
            let mut clock = state.clock;
            clock.set(thread, position);
            let second = Event {
                thread: u8::try_from(thread).expect("explored threads are few"),
                position,
                operation: pending.operation,
                choice: 0,
                in_vain: false,
                clock,
                site: pending.site,
            };
            self.races_of_acquisition(pending, second, until, races);
        }
    }
}
