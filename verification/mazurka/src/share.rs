//! State shared by the parts of one exploration, which run on several operating system threads.
//!
//! A part explores the decisions below a prefix of decisions. A race found in one part may require
//! another decision at a node of its prefix, which becomes [`Work`] for any free part. Each such
//! decision is assigned once and sleeps in those assigned after it. So the visited traces are the
//! same as on one thread.

use std::sync::{Arc, Condvar, Mutex, PoisonError};

use crate::event::Choice;
use crate::search::{Node, Threads};

/// A node above several parts of an exploration.
#[derive(Debug)]
pub(crate) struct Shared(Mutex<Threads>);

impl Shared {
    pub(crate) fn new(explored: Threads) -> Self {
        Shared(Mutex::new(explored))
    }

    /// Adds a thread to the explored threads and returns those explored before. Returns `None` if
    /// one of `covering` is already explored.
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

/// The branch to explore below a prefix.
#[derive(Clone, Copy)]
pub(crate) enum Branch {
    /// The operation of this thread, with each of its choices.
    Thread(u8),
    /// The operation at this node, with this choice.
    Choice(Choice),
}

/// Decisions to explore, and the path to them.
pub(crate) struct Work {
    pub(crate) stack: Vec<Node>,
    /// The nodes of `stack`, as shared with other parts.
    pub(crate) shared: Vec<Arc<Shared>>,
}

impl Work {
    /// The whole exploration.
    pub(crate) fn whole() -> Self {
        Work { stack: Vec::new(), shared: Vec::new() }
    }

    /// A branch at the last node of the prefix, after the explored threads.
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

/// Work that is not yet assigned.
pub(crate) struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    work: Vec<Work>,
    /// The number of parts at work.
    busy: usize,
    parts: usize,
    stopped: bool,
}

impl Queue {
    /// Creates a queue for `parts` parts that contains all the work. Each part starts by taking
    /// some.
    pub(crate) fn new(parts: usize) -> Self {
        let state = State { work: vec![Work::whole()], busy: parts, parts, stopped: false };
        Queue { state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Returns `true` if some part is idle.
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

    /// Waits for work. Returns `None` once all work is done or the exploration is stopped.
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

    /// Stops the exploration.
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
