//! What follows the end of the pool, apart from the final report: it stops listening to signals.

use std::process;

use super::Shared;
use crate::sync::{Process, ProcessLock};

/// The pool has ended when every worker has exited and the owner has joined them or has detached;
/// see the table in [`termination`](super::termination). In a forked child it has ended when its copy
/// is ended.
///
/// In a model no pool listens to signals, so this is not in the models.
pub(super) struct AtEnd(ProcessLock<State>);

struct State {
    /// Workers that have not exited.
    live: usize,
    /// The owner has joined the workers, or has detached.
    left: bool,
    /// The process that has the workers.
    process: u32,
    /// `None` once the pool has ended.
    actions: Option<Vec<Action>>,
}

/// Is called in the process whose pool ends.
type Action = Box<dyn FnOnce(Process) + Send>;

impl AtEnd {
    pub(super) fn new(workers: usize) -> Self {
        let process = process::id();
        let state = State { live: workers, left: false, process, actions: Some(Vec::new()) };
        AtEnd(ProcessLock::new(state))
    }

    /// A worker exits.
    pub(super) fn exit(&self) {
        self.change(|state| state.live -= 1);
    }

    /// The owner detaches.
    pub(super) fn detach(&self) {
        self.change(|state| state.left = true);
    }

    /// The owner has joined the workers.
    fn join(&self) {
        self.change(|state| (state.live, state.left) = (0, true));
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.0.lock();
        change(&mut state);
        let process = Process::of(state.process);
        let has_ended = state.left && (state.live == 0 || process == Process::ForkedChild);
        let due = if has_ended { state.actions.take() } else { None };
        drop(state);
        due.into_iter().flatten().for_each(|action| action(process));
    }

    /// The copy of the pool that a forked child has is ended. Nothing follows if another thread holds
    /// the lock.
    pub(super) fn end_copy(&self) {
        let state = self.0.lock_in(Process::ForkedChild);
        let due = state.and_then(|mut state| state.actions.take());
        due.into_iter().flatten().for_each(|action| action(Process::ForkedChild));
    }
}

impl Shared {
    /// Ends the pool, after its workers are joined and the report is delivered.
    pub(crate) fn end(&self) {
        self.at_end.join();
    }

    /// Calls `action` at the end of the pool, on the thread that brings it about, or at once if the
    /// pool has ended.
    #[cfg(feature = "signal")]
    pub(crate) fn call_at_end(&self, action: impl FnOnce(Process) + Send + 'static) {
        let mut state = self.at_end.0.lock();
        if let Some(actions) = &mut state.actions {
            actions.push(Box::new(action));
            return;
        }
        drop(state);
        action(Process::Own);
    }
}
