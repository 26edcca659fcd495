//! What threads look at before they yield.
//!
//! A loop that waits for another thread and yields has infinitely many executions. Its rounds are
//! alike as long as the thread sees nothing new, so only a few of them are explored: a thread that
//! yields after enough rounds in which it saw and changed nothing goes on only when no other thread
//! can. What a round has seen depends on the thread's own events alone, so it is the same in every
//! execution of a trace.

use std::panic::Location;

use super::{Execution, Index, Looks, Pending, State, Thread};
use crate::event::{attempt, Choice, Kind};

/// More yields in a row without an operation are an infinite loop.
const MOST_IDLE: usize = 100_000;

impl Execution {
    /// Notes what an operation looks at, before it takes effect.
    pub(super) fn look(&mut self, thread: Thread, pending: Pending, choice: Choice) {
        let index = pending.index;
        self.threads[thread].looks.active = true;
        match pending.operation.kind {
            Kind::Read | Kind::LockShared => self.observe(thread, index),
            Kind::Update | Kind::Write => {
                self.observe(thread, index);
                let looks = &mut self.threads[thread].looks;
                looks.news_before = looks.news;
                looks.news = true;
                self.note_own_change(thread, index);
            }
            Kind::Lock => {
                self.observe(thread, index);
                self.note_own_change(thread, index);
            }
            Kind::TryLock | Kind::TryShared => {
                self.observe(thread, index);
                if choice == attempt::ACQUIRED {
                    self.note_own_change(thread, index);
                }
            }
            Kind::Unlock => {}
            Kind::Wait | Kind::NotifyOne | Kind::NotifyAll | Kind::Choose | Kind::Spawn => {
                self.threads[thread].looks.news = true;
            }
        }
    }

    fn observe(&mut self, thread: Thread, index: Index) {
        let version = self.objects[index as usize].version;
        let looks = &mut self.threads[thread].looks;
        if let Some((_, seen)) = looks.seen.iter_mut().find(|(seen, _)| *seen == index) {
            looks.news |= std::mem::replace(seen, version) != version;
        } else {
            looks.seen.push((index, version));
            looks.news = true;
        }
    }

    /// Notes a change that is news for every other thread.
    pub(super) fn note_own_change(&mut self, thread: Thread, index: Index) {
        let version = &mut self.objects[index as usize].version;
        *version += 1;
        let version = *version;
        let seen = &mut self.threads[thread].looks.seen;
        if let Some((_, seen)) = seen.iter_mut().find(|(seen, _)| *seen == index) {
            *seen = version;
        }
    }

    /// Notes that the last operation of the current thread left its atomic as it was.
    pub(crate) fn note_unchanged(&mut self, index: Index) {
        let version = &mut self.objects[index as usize].version;
        *version = version.saturating_sub(1);
        let version = *version;
        let looks = &mut self.threads[self.current].looks;
        looks.news = looks.news_before;
        if let Some((_, seen)) = looks.seen.iter_mut().find(|(seen, _)| *seen == index) {
            *seen = version;
        }
    }

    /// Notes that the current thread has changed something that it holds a lock on.
    pub(crate) fn note_touched(&mut self) {
        self.threads[self.current].looks.news = true;
    }

    /// Ends a round of the current thread. Returns `true` if it must wait until no other thread can
    /// continue.
    ///
    /// # Errors
    ///
    /// A message if the thread yields without end.
    pub(crate) fn yields(&mut self, site: &'static Location<'static>) -> Result<bool, String> {
        let spins = self.settings.spins;
        let state = &mut self.threads[self.current];
        let looks = &mut state.looks;
        if !std::mem::take(&mut looks.active) {
            looks.idle += 1;
            let endless = looks.idle > MOST_IDLE;
            return if endless {
                Err(format!("{} yields without end at {site}", state.name))
            } else {
                Ok(false)
            };
        }
        looks.idle = 0;
        looks.stale = if std::mem::take(&mut looks.news) { 0 } else { looks.stale + 1 };
        let spins = looks.stale >= spins;
        if spins {
            state.state = State::Spinning(site);
        }
        Ok(spins)
    }

    /// Lets spinning threads go on, since no other thread can. Returns `None` if there are none,
    /// and `Some(true)` if one of them would see something new: then it would have seen the same in
    /// an earlier round, in another execution.
    pub(crate) fn release_spinners(&mut self) -> Option<bool> {
        let spins = |state: &State| matches!(state, State::Spinning(_));
        if !self.threads.iter().any(|thread| spins(&thread.state)) {
            return None;
        }
        let has_news = |looks: &Looks| {
            looks.seen.iter().any(|(index, seen)| self.objects[*index as usize].version != *seen)
        };
        let mut spinning = self.threads.iter().filter(|thread| spins(&thread.state));
        let news = spinning.any(|thread| has_news(&thread.looks));
        // They go on because all others have come this far.
        let mut known = self.threads[0].clock;
        for thread in &self.threads {
            known.join(&thread.clock);
        }
        for thread in &mut self.threads {
            if spins(&thread.state) {
                thread.state = State::Released;
                thread.clock.join(&known);
            }
        }
        Some(news)
    }
}
