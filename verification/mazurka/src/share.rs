//! What the parts of one exploration share that run on several operating system threads.
//!
//! A part explores the decisions below a prefix of decisions. A race found in one part may ask for
//! another decision at a node of its prefix; that becomes [`Work`] for whichever part is free. Each
//! such decision is handed out once, and sleeps in those that are handed out after it, so the traces
//! visited are the same as on one thread.

use std::sync::{Arc, Condvar, Mutex, PoisonError};

use crate::event::Choice;
use crate::search::{Node, Threads};

/// A node that several parts of an exploration stand below.
#[derive(Debug)]
pub(crate) struct Shared(Mutex<Threads>);

impl Shared {
    pub(crate) fn new(explored: Threads) -> Self {
        Shared(Mutex::new(explored))
    }

    /// Adds a thread to those explored, unless one of `covering` is; returns those explored before.
    pub(crate) fn add(&self, covering: Threads, thread: u8) -> Option<Threads> {
        let mut explored = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if *explored & covering != 0 {
            return None;
        }
        let before = *explored;
        *explored |= 1 << thread;
        Some(before)
    }
}

/// What is to be explored below a prefix.
#[derive(Clone, Copy)]
pub(crate) enum Branch {
    /// The operation of that thread, with each of its choices.
    Thread(u8),
    /// The operation that is there, with that choice.
    Choice(Choice),
}

/// Decisions to be explored, and the way to them.
pub(crate) struct Work {
    pub(crate) stack: Vec<Node>,
    /// All nodes but the last of `stack` and the last itself, shared with other parts.
    pub(crate) shared: Vec<Arc<Shared>>,
}

impl Work {
    /// Everything.
    pub(crate) fn whole() -> Self {
        Work { stack: Vec::new(), shared: Vec::new() }
    }

    /// A branch at the last node of the prefix, where those threads have been explored.
    pub(crate) fn new(
        (stack, shared): (&[Node], &[Arc<Shared>]),
        explored: Threads,
        branch: Branch,
    ) -> Self {
        let mut stack = stack.to_vec();
        let node = stack.last_mut().expect("a prefix has a node");
        node.todo = 0;
        node.remaining = 0;
        node.finished = 0;
        match branch {
            Branch::Thread(thread) => {
                node.explored = explored | 1 << thread;
                node.thread = thread;
                node.operation = None;
            }
            Branch::Choice(choice) => node.choice = choice,
        }
        Work { stack, shared: shared.to_vec() }
    }
}

/// The work that nobody does yet.
pub(crate) struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    work: Vec<Work>,
    /// Parts that are at work, of all.
    busy: usize,
    parts: usize,
    stopped: bool,
}

impl Queue {
    /// A queue for that many parts, with all the work in it. Each part begins by taking some.
    pub(crate) fn new(parts: usize) -> Self {
        let state = State { work: vec![Work::whole()], busy: parts, parts, stopped: false };
        Queue { state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Whether some part has nothing to do.
    pub(crate) fn is_wanted(&self) -> bool {
        let state = self.lock();
        state.work.is_empty() && state.busy < state.parts
    }

    pub(crate) fn add(&self, work: Vec<Work>) {
        if !work.is_empty() {
            self.lock().work.extend(work);
            self.changed.notify_all();
        }
    }

    /// Waits for work; `None` once all is done or the exploration is stopped.
    pub(crate) fn take(&self) -> Option<Work> {
        let mut state = self.lock();
        state.busy -= 1;
        loop {
            if state.stopped {
                return None;
            }
            if let Some(work) = state.work.pop() {
                state.busy += 1;
                return Some(work);
            }
            if state.busy == 0 {
                self.changed.notify_all();
                return None;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Ends the exploration.
    pub(crate) fn stop(&self) {
        self.lock().stopped = true;
        self.changed.notify_all();
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.lock().stopped
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
