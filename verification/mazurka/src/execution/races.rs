//! The events of an execution in their order, and the races between them.

use super::{Execution, Pending, State, Thread};
use crate::broken::Broken;
use crate::event::{knows, Choice, Event, Kind};

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
        if kind == Kind::Lock {
            let object = &mut self.objects[index];
            if let Some(first) = object.acquired {
                let skipped = broken == Some(Broken::NoRacesOfLocks)
                    || broken == Some(Broken::NoRacesOfWokenThreads) && pending.woken;
                if fresh && !skipped && !knows(&clock, &self.events[first as usize]) {
                    races.push(Race { first, until, second: event });
                }
            }
            clock.join(&object.released);
            object.acquired = Some(until);
        } else if !matches!(kind, Kind::Choose | Kind::Spawn) {
            for place in (0..self.objects[index].events.len()).rev() {
                let first = self.objects[index].events[place];
                let earlier = &self.events[first as usize];
                if earlier.thread == number || !self.dependence.of_events(earlier, &event) {
                    continue;
                }
                if !knows(&clock, earlier) {
                    if fresh {
                        races.push(Race { first, until, second: event });
                    }
                    let known = earlier.clock;
                    clock.join(&known);
                }
            }
            for race in races.iter_mut() {
                race.second.clock = clock;
            }
            if broken == Some(Broken::LatestRaceOnly) {
                races.truncate(1);
            }
            self.objects[index].events.push(until);
        }
        event.clock = clock;
        self.threads[thread].clock = clock;
        if position == 1 {
            self.threads[thread].first_clock = clock;
        }
        self.events.push(event);
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
            let Some(first) = self.objects[pending.index as usize].acquired else { continue };
            let position = state.position + 1;
            let mut clock = state.clock;
            clock.set(thread, position);
            if !knows(&clock, &self.events[first as usize]) {
                let second = Event {
                    thread: u8::try_from(thread).expect("explored threads are few"),
                    position,
                    operation: pending.operation,
                    choice: 0,
                    in_vain: false,
                    clock,
                    site: pending.site,
                };
                races.push(Race { first, until, second });
            }
        }
    }
}
