//! Starting the workers of a pool that has a start hook.

use crate::sync::{Condvar, Mutex};

/// Coordinates the builder and the workers that it starts.
///
/// Start hooks may wait for each other, so none runs before every thread exists, and the builder
/// does not wait for the others once one has panicked.
///
/// | party | step | state |
/// | --- | --- | --- |
/// | worker | waits until the hooks may run | `Waiting` |
/// | builder | has started every thread | `Waiting` → `Running` |
/// | builder | cannot start a thread; the others exit without a call of the hook | `Waiting` → `Abandoned` |
/// | worker | its hook has returned or panicked | leaves `in_hook` |
/// | builder | waits until `in_hook` is empty, or a hook has panicked | |
#[derive(Debug)]
pub(crate) struct Startup {
    state: Mutex<State>,
    /// The state has changed.
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    hooks: Hooks,
    /// The workers whose hooks have not returned.
    in_hook: Vec<usize>,
    failure: Option<StartFailure>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hooks {
    Waiting,
    Running,
    Abandoned,
}

/// A start hook that has panicked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StartFailure {
    pub(crate) worker: usize,
    pub(crate) message: String,
    /// The workers whose hooks have not returned.
    pub(crate) in_hook: Vec<usize>,
}

impl Startup {
    pub(super) fn new() -> Self {
        let state = State { hooks: Hooks::Waiting, in_hook: Vec::new(), failure: None };
        Startup { state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Waits until every thread exists. Returns `false` if one cannot be started.
    pub(crate) fn wait_for_threads(&self) -> bool {
        let mut state = self.state.lock();
        while state.hooks == Hooks::Waiting {
            state = self.changed.wait(state);
        }
        state.hooks == Hooks::Running
    }

    /// Lets the hooks run, since the threads of so many workers exist.
    pub(crate) fn run_hooks(&self, workers: usize) {
        let mut state = self.state.lock();
        state.hooks = Hooks::Running;
        state.in_hook = (0..workers).collect();
        self.changed.notify_all();
    }

    /// Lets the workers exit, since one cannot be started.
    pub(crate) fn abandon(&self) {
        self.state.lock().hooks = Hooks::Abandoned;
        self.changed.notify_all();
    }

    /// Stores that the hook of a worker has returned, or has panicked with a message.
    pub(crate) fn end_hook(&self, worker: usize, result: Result<(), String>) {
        let mut state = self.state.lock();
        state.in_hook.retain(|other| *other != worker);
        if let (Err(message), None) = (result, &state.failure) {
            state.failure = Some(StartFailure { worker, message, in_hook: Vec::new() });
        }
        // Only the builder waits by now.
        self.changed.notify_one();
    }

    /// Waits until every hook has returned.
    ///
    /// # Errors
    ///
    /// The first one that panicked. Then this does not wait for the others.
    pub(crate) fn wait_for_hooks(&self) -> Result<(), StartFailure> {
        let mut state = self.state.lock();
        loop {
            if let Some(failure) = state.failure.take() {
                return Err(StartFailure { in_hook: state.in_hook.clone(), ..failure });
            }
            if state.in_hook.is_empty() {
                return Ok(());
            }
            state = self.changed.wait(state);
        }
    }
}
