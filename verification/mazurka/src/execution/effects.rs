//! The effects of operations on threads and objects.

use super::{Execution, Pending, State, Thread};
use crate::event::{attempt, wait, Choice, Kind, Operation, NO_LOCK};
use crate::schedule::Step;
use crate::settings::Sees;

impl Execution {
    /// Appends the step that a thread is about to take, for a replay. There, threads are numbered
    /// by their start in this one execution.
    pub(crate) fn push_step(&mut self, thread: Thread, pending: Pending, choice: Choice) {
        let place = |thread: Thread| self.threads[thread].place;
        let wakes = pending.operation.kind == Kind::NotifyOne
            && !self.objects[pending.index as usize].sleepers.is_empty();
        let choice = if wakes { place(choice.into()) } else { choice };
        self.steps.push(Step { thread: place(thread).into(), choice });
    }

    /// Performs the operation that a thread has requested. `event` is the place of its event, if
    /// events are recorded. Returns `true` if the thread then runs.
    pub(crate) fn perform(
        &mut self,
        thread: Thread,
        pending: Pending,
        choice: Choice,
        event: Option<usize>,
    ) -> bool {
        let number = u8::try_from(thread).unwrap_or(u8::MAX);
        let state = &mut self.threads[thread];
        state.position = state.position.saturating_add(1);
        state.state = State::Running;
        if !pending.woken {
            state.choice = choice;
        }
        let index = pending.index as usize;
        if self.sees & Sees::YIELDS != 0 {
            self.look(thread, pending, choice);
        }
        match pending.operation.kind {
            Kind::Lock => {
                self.objects[index].owner = Some(number);
                true
            }
            Kind::LockShared => {
                self.objects[index].readers.push(number);
                true
            }
            Kind::TryLock | Kind::TryShared => {
                let object = &mut self.objects[index];
                match (choice, pending.operation.kind) {
                    (attempt::ACQUIRED, Kind::TryLock) => object.owner = Some(number),
                    (attempt::ACQUIRED, _) => object.readers.push(number),
                    _ => {}
                }
                true
            }
            Kind::Unlock => {
                self.release_by(thread, pending.index);
                true
            }
            Kind::Wait => {
                let clock = self.threads[thread].clock;
                let mutex = &mut self.objects[pending.mutex as usize];
                mutex.owner = None;
                mutex.released = clock;
                mutex.version += 1;
                if choice == wait::SPURIOUS {
                    self.spurious_left -= 1;
                }
                self.threads[thread].state = State::Asleep(pending);
                if wait::sleeps(choice) {
                    self.objects[index].sleepers.push(number);
                } else {
                    self.wake(thread, None);
                }
                false
            }
            Kind::NotifyOne => {
                let sleepers = &mut self.objects[index].sleepers;
                if let Some(place) = sleepers.iter().position(|sleeper| *sleeper == choice) {
                    let sleeper = sleepers.remove(place);
                    self.wake(usize::from(sleeper), event);
                }
                true
            }
            Kind::NotifyAll => {
                for sleeper in std::mem::take(&mut self.objects[index].sleepers) {
                    self.wake(usize::from(sleeper), event);
                }
                true
            }
            Kind::Spawn => {
                self.failing_spawns_left -= usize::from(choice);
                true
            }
            Kind::Read | Kind::Write | Kind::Update | Kind::Choose => true,
        }
    }

    /// Makes a sleeper request its lock again. `notification` is the event that woke it, if any.
    fn wake(&mut self, thread: Thread, notification: Option<usize>) {
        let State::Asleep(pending) = self.threads[thread].state else {
            unreachable!("only sleepers are woken")
        };
        let object = self.objects[pending.mutex as usize].name;
        let operation = Operation { kind: Kind::Lock, object, mutex: NO_LOCK };
        let clock = notification.map(|event| self.events[event].clock);
        let state = &mut self.threads[thread];
        if let Some(clock) = clock {
            state.clock.join(&clock);
        }
        let index = pending.mutex;
        state.state = State::Pending(Pending { operation, index, woken: true, ..pending });
    }

    /// Returns a thread with an invisible step: one that begins, or one whose join can return.
    pub(crate) fn start_or_join(&mut self) -> Option<Thread> {
        for thread in 0..self.threads.len() {
            match self.threads[thread].state {
                State::Fresh | State::Released => {
                    self.threads[thread].state = State::Running;
                    return Some(thread);
                }
                State::Joining(target, _) if matches!(self.threads[target].state, State::Ended) => {
                    let clock = self.threads[target].clock;
                    let state = &mut self.threads[thread];
                    state.clock.join(&clock);
                    state.state = State::Running;
                    return Some(thread);
                }
                _ => {}
            }
        }
        None
    }

    /// Ends a thread.
    pub(crate) fn end(&mut self, thread: Thread) {
        self.threads[thread].state = State::Ended;
        self.current = thread;
    }

    /// Lets the timeouts of all sleepers pass. Returns `false` if there are none.
    pub(crate) fn let_time_pass(&mut self) -> bool {
        let sleeps = |state: &State| matches!(state, State::Asleep(pending) if pending.extent > 0);
        if !self.threads.iter().any(|thread| sleeps(&thread.state)) {
            return false;
        }
        for thread in 0..self.threads.len() {
            if sleeps(&self.threads[thread].state) {
                self.threads[thread].choice = wait::TIMED_OUT;
                self.wake(thread, None);
            }
        }
        for object in &mut self.objects[..self.used] {
            object.sleepers.retain(|sleeper| {
                matches!(self.threads[usize::from(*sleeper)].state, State::Asleep(_))
            });
        }
        true
    }
}
