//! What scenarios are made of: gates, arrivals, values whose destructor panics, and a limit on memory
//! under which threads cannot be started.

use std::any::Any;
use std::io::Write as _;
use std::panic::{self, AssertUnwindSafe};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use harness::base::panic_message::panic_message;

use crate::pools::{Pool, Submit as _};

/// How long an immediate event may take on a busy machine.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// Why a run does not show that a property is kept.
#[derive(Debug)]
pub(super) enum Failure {
    /// The violation. Runs are counted by this text.
    Broken(String),
    /// Why it could not be tried.
    Untried(String),
}

/// The outcome of a run.
pub(super) type Run = Result<(), Failure>;

pub(super) fn broken<T>(what: impl Into<String>) -> Result<T, Failure> {
    Err(Failure::Broken(what.into()))
}

/// Reports the next step, so that a run that hangs has a last step.
pub(super) fn step(what: &str) {
    write_line("step", what);
}

/// Writes a line for the parent process and flushes it.
pub(super) fn write_line(kind: &str, what: &str) {
    let mut out = std::io::stdout().lock();
    let line = writeln!(out, "{kind} {}", what.replace('\n', " "));
    // The parent may be gone.
    let _ = line.and_then(|()| out.flush());
}

/// Holds jobs until it is opened or dropped.
#[derive(Debug)]
pub(super) struct Gate(Vec<Sender<()>>);

impl Gate {
    pub(super) fn new() -> Self {
        Gate(Vec::new())
    }

    /// Returns a closure that waits until the gate opens.
    pub(super) fn held(&mut self) -> impl FnOnce() + Send + use<> {
        let (opens, opened) = mpsc::channel();
        self.0.push(opens);
        move || opened.recv().unwrap_or(())
    }

    pub(super) fn open(self) {
        drop(self.0);
    }
}

/// Waits until `expected` jobs have arrived. The error is the number of those that did.
pub(super) fn arrive(arrivals: &Receiver<()>, expected: usize) -> Result<(), usize> {
    let end = Instant::now() + PATIENCE;
    for arrived in 0..expected {
        match arrivals.recv_timeout(end.saturating_duration_since(Instant::now())) {
            Ok(()) => {}
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return Err(arrived),
        }
    }
    Ok(())
}

/// Checks that so many jobs can run at once. Each holds its worker until all have arrived.
pub(super) fn meet<P: Pool>(submitter: &P::Submitter, workers: usize) -> Run {
    let mut gate = Gate::new();
    let (arrives, arrivals) = mpsc::channel();
    for _ in 0..workers {
        let (arrives, held) = (arrives.clone(), gate.held());
        let job = move || {
            let _ = arrives.send(());
            held();
        };
        match caught(|| submitter.execute(job)) {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return broken("a later job was refused"),
            Err(message) => return broken(format!("submitting a later job panicked: {message}")),
        }
    }
    drop(arrives);
    let all = arrive(&arrivals, workers);
    gate.open();
    all.or_else(|some| {
        broken(format!("of {workers} jobs that need each other, {some} ran, on {workers} workers"))
    })
}

/// The message of panics that a scenario provokes.
pub(super) const ON_PURPOSE: &str = "on purpose";

/// Panics with a harmless payload.
pub(super) fn panic_on_purpose() {
    panic!("{ON_PURPOSE}");
}

/// A value whose destructor panics, except while its thread unwinds: that would abort the process.
#[derive(Debug)]
pub(super) struct PanicOnDrop;

impl Drop for PanicOnDrop {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            panic_on_purpose();
        }
    }
}

static PANICS: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Records the messages of panics that no scenario provokes.
pub(super) fn record_panics() {
    let print = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let text = first_line(info.payload());
        if text != ON_PURPOSE && !info.payload().is::<PanicOnDrop>() {
            PANICS.lock().unwrap_or_else(PoisonError::into_inner).push(text);
            print(info);
        }
    }));
}

/// Takes the recorded panics and returns the first one.
pub(super) fn unexpected_panic() -> Option<String> {
    std::mem::take(&mut *PANICS.lock().unwrap_or_else(PoisonError::into_inner)).into_iter().next()
}

/// Runs code of the pool that may panic. The error is the message.
pub(super) fn caught<T>(code: impl FnOnce() -> T) -> Result<T, String> {
    let result = panic::catch_unwind(AssertUnwindSafe(code));
    result.map_err(|payload| {
        let text = first_line(&*payload);
        // Its destructor may panic.
        std::mem::forget(payload);
        unexpected_panic();
        text
    })
}

/// The first line of the message of a panic.
fn first_line(payload: &(dyn Any + Send)) -> String {
    panic_message(payload).lines().next().unwrap_or_default().to_owned()
}

/// A limit on memory under which a certain thread cannot be started.
#[cfg(target_os = "linux")]
pub(super) mod memory {
    use std::thread;

    use nix::sys::resource::{getrlimit, setrlimit, Resource};

    /// The stack size of each thread, set by `RUST_MIN_STACK`: large enough to dominate all other memory.
    pub(in super::super) const STACK: u64 = 1 << 30;

    /// Runs code under a limit that leaves room for that many threads. Returns `None` if the limit has no
    /// effect.
    pub(in super::super) fn with_room_for<T>(threads: u64, code: impl FnOnce() -> T) -> Option<T> {
        let (soft, hard) = getrlimit(Resource::RLIMIT_AS).ok()?;
        let limit = size()? + threads * STACK + STACK / 2;
        setrlimit(Resource::RLIMIT_AS, limit, hard).ok()?;
        let works = started(threads + 1) == threads;
        let result = works.then(code);
        setrlimit(Resource::RLIMIT_AS, soft, hard).ok()?;
        result
    }

    /// The number of threads, of so many, that can be started.
    fn started(threads: u64) -> u64 {
        let mut gate = super::Gate::new();
        let start = |_| thread::Builder::new().spawn(gate.held()).ok();
        let started: Vec<_> = (0..threads).filter_map(start).collect();
        gate.open();
        let count = started.len();
        for thread in started {
            let _ = thread.join();
        }
        count as u64
    }

    /// The address space in use, in bytes.
    fn size() -> Option<u64> {
        let line = std::fs::read_to_string("/proc/self/status").ok()?;
        let line = line.lines().find_map(|line| line.strip_prefix("VmSize:"))?;
        Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? * 1024)
    }

    /// The number of threads of this process.
    pub(in super::super) fn threads() -> usize {
        std::fs::read_dir("/proc/self/task").map_or(0, Iterator::count)
    }
}

/// On other systems the limit is not known to work.
#[cfg(not(target_os = "linux"))]
pub(super) mod memory {
    /// No stack size is set.
    pub(in super::super) const STACK: u64 = 0;

    /// Runs nothing and returns `None`.
    pub(in super::super) fn with_room_for<T>(_: u64, _: impl FnOnce() -> T) -> Option<T> {
        None
    }

    /// Unknown.
    pub(in super::super) fn threads() -> usize {
        0
    }
}
