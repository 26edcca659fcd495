//! Threads under an explorer.

use std::sync::{Arc, OnceLock};
use std::time::Duration;
use std::{io, panic};

use crate::sync::engine::{installed, Engine};
use crate::sync::fault::Action;
use crate::sync::trace::{self, Op, Operation};
use crate::sync::Process;

/// The identity of a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ThreadId(Id);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Id {
    Loom(loom::thread::ThreadId),
    Engine(usize),
}

/// A handle for joining a running thread.
#[derive(Debug)]
pub struct JoinHandle {
    inner: Join,
    number: usize,
}

#[derive(Debug)]
enum Join {
    Loom(loom::thread::JoinHandle<std::thread::Result<()>>),
    Engine(usize, Arc<OnceLock<Ended>>),
}

/// The result of a thread. Behind a lock of its own, so that the payload need not be `Sync`.
type Ended = std::sync::Mutex<Option<std::thread::Result<()>>>;

/// Starts a thread. As in the standard library, a panic ends the thread and becomes its result.
///
/// # Errors
///
/// If a fault or the engine makes the start fail.
#[track_caller]
pub fn spawn<F>(name: String, _stack_size: Option<usize>, main: F) -> io::Result<JoinHandle>
where
    F: FnOnce() + Send + 'static,
{
    let number = trace::threads();
    trace::opportunity(Operation::Spawn(number));
    let fails = |action| action == Action::FailSpawn(number);
    if trace::record_unless_fault(Op::Spawn(number), 0, fails).is_some() {
        trace::record(Op::SpawnFailed, 0);
        return Err(io::Error::new(io::ErrorKind::WouldBlock, "the model's spawn failure"));
    }
    let body = move || {
        let result = panic::catch_unwind(panic::AssertUnwindSafe(main));
        trace::record(Op::End, 0);
        result
    };
    let inner = match installed() {
        None => {
            trace::next_thread(&name);
            let inner = loom::thread::Builder::new().name(name).spawn(body)?;
            trace::thread_is(ThreadId(Id::Loom(inner.thread().id())));
            Join::Loom(inner)
        }
        Some(engine) => {
            let ended = Arc::new(OnceLock::new());
            let place = Arc::clone(&ended);
            let body = move || {
                let _ = place.set(std::sync::Mutex::new(Some(body())));
            };
            let thread = engine.spawn(name.clone(), Box::new(body));
            if thread.is_err() {
                trace::record(Op::SpawnFailed, 0);
            }
            let thread = thread?;
            trace::next_thread(&name);
            trace::thread_is(ThreadId(Id::Engine(thread)));
            Join::Engine(thread, ended)
        }
    };
    Ok(JoinHandle { inner, number })
}

/// Returns the same number on every machine. Models choose their number of workers.
pub fn available_parallelism() -> usize {
    1
}

/// The identity of the current thread.
pub fn current_id() -> ThreadId {
    ThreadId(match installed() {
        None => Id::Loom(loom::thread::current().id()),
        Some(engine) => Id::Engine(engine.current()),
    })
}

/// Returns `true` if a thread pauses here before it sleeps.
pub fn may_pause() -> bool {
    installed().map_or(true, Engine::may_pause)
}

/// Does nothing and takes no time. A thread can lose its core at any operation, and for a yield
/// loom would omit the executions in which no other thread runs first.
pub fn yield_now() -> Duration {
    Duration::ZERO
}

impl JoinHandle {
    /// Waits until the thread has ended.
    ///
    /// # Errors
    ///
    /// The payload, if the thread panicked.
    #[track_caller]
    pub fn join(self) -> std::thread::Result<()> {
        trace::record(Op::Join(self.number), 0);
        let result = match self.inner {
            Join::Loom(handle) => {
                handle.join().expect("the threads of a model end without unwinding")
            }
            Join::Engine(thread, ended) => {
                installed().expect("it has started the thread").join(thread);
                let ended = ended.get().expect("the thread has ended");
                let mut ended = ended.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                ended.take().expect("a thread is joined once")
            }
        };
        trace::record(Op::Joined(self.number), 0);
        result
    }

    /// Returns that this process has the thread. A model has no forked child.
    pub fn process(&self) -> Process {
        Process::Own
    }

    /// The identity of the thread.
    pub fn id(&self) -> ThreadId {
        ThreadId(match &self.inner {
            Join::Loom(handle) => Id::Loom(handle.thread().id()),
            Join::Engine(thread, _) => Id::Engine(*thread),
        })
    }
}
