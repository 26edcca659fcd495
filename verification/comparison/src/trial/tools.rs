//! What scenarios are made of: gates, arrivals, values whose destructor panics, and a limit on
//! memory under which threads cannot be started.

use std::any::Any;
use std::io::Write as _;
use std::panic::{self, AssertUnwindSafe};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use verification::panic_message;

use crate::pools::{Peer, Submit as _};

/// How long something may take that takes no time, on a machine that does much else.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// Why a run does not speak for the pool.
#[derive(Debug)]
pub(super) enum Fault {
    /// What was seen. Runs in which the same was seen are counted by these words.
    Broken(String),
    /// Why it could not be tried.
    Untried(String),
}

/// What came out of a run.
pub(super) type Run = Result<(), Fault>;

pub(super) fn broken<T>(what: impl Into<String>) -> Result<T, Fault> {
    Err(Fault::Broken(what.into()))
}

/// Says what is done next: what a run that never ends was at.
pub(super) fn step(what: &str) {
    say("step", what);
}

/// Writes a line for the parent process, at once.
pub(super) fn say(kind: &str, what: &str) {
    let mut out = std::io::stdout().lock();
    let line = writeln!(out, "{kind} {}", what.replace('\n', " "));
    // A parent that is gone reads nothing.
    let _ = line.and_then(|()| out.flush());
}

/// Holds jobs until it is opened, or dropped.
#[derive(Debug)]
pub(super) struct Gate(Vec<Sender<()>>);

impl Gate {
    pub(super) fn new() -> Self {
        Gate(Vec::new())
    }

    /// Returns what a job waits at.
    pub(super) fn held(&mut self) -> impl FnOnce() + Send + use<> {
        let (opens, opened) = mpsc::channel();
        self.0.push(opens);
        move || opened.recv().unwrap_or(())
    }

    pub(super) fn open(self) {
        drop(self.0);
    }
}

/// Counts jobs that arrive, up to a number; the error is how many did.
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

/// Whether that many jobs can run at once: each holds its worker until all have arrived.
pub(super) fn meet<P: Peer>(submitter: &P::Submitter, workers: usize) -> Run {
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
            Err(message) => return broken(format!("handing in a later job panicked: {message}")),
        }
    }
    drop(arrives);
    let all = arrive(&arrivals, workers);
    gate.open();
    all.or_else(|some| {
        broken(format!("of {workers} jobs that need each other, {some} ran, on {workers} workers"))
    })
}

/// What a scenario's own panics say.
pub(super) const ON_PURPOSE: &str = "on purpose";

/// Panics with a harmless payload.
pub(super) fn panic_on_purpose() {
    panic!("{ON_PURPOSE}");
}

/// A value whose destructor panics; not while its thread unwinds, which nobody could survive.
#[derive(Debug)]
pub(super) struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            panic_on_purpose();
        }
    }
}

static PANICS: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Keeps the messages of panics that no scenario provokes.
pub(super) fn listen_for_panics() {
    let print = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let text = told(info.payload());
        if text != ON_PURPOSE && !info.payload().is::<Bomb>() {
            PANICS.lock().unwrap_or_else(PoisonError::into_inner).push(text);
            print(info);
        }
    }));
}

/// The first panic since the last call that no scenario provoked.
pub(super) fn heard() -> Option<String> {
    std::mem::take(&mut *PANICS.lock().unwrap_or_else(PoisonError::into_inner)).into_iter().next()
}

/// Runs code of the pool's that may panic; the error is what it said.
pub(super) fn caught<T>(code: impl FnOnce() -> T) -> Result<T, String> {
    let result = panic::catch_unwind(AssertUnwindSafe(code));
    result.map_err(|payload| {
        let text = told(&*payload);
        // Whatever its destructor does.
        std::mem::forget(payload);
        heard();
        text
    })
}

/// The first line of what a panic says.
fn told(payload: &(dyn Any + Send)) -> String {
    panic_message(payload).lines().next().unwrap_or_default().to_owned()
}

/// Limits on memory, so tight that a certain thread cannot be started.
#[cfg(target_os = "linux")]
pub(super) mod memory {
    use std::thread;

    use nix::sys::resource::{getrlimit, setrlimit, Resource};

    /// The size of each thread's stack, which `RUST_MIN_STACK` sets: so much that nothing else
    /// matters.
    pub(in super::super) const STACK: u64 = 1 << 30;

    /// Runs code under a limit that leaves room for that many threads; none if the limit does not
    /// work.
    pub(in super::super) fn with_room_for<T>(threads: u64, code: impl FnOnce() -> T) -> Option<T> {
        let (soft, hard) = getrlimit(Resource::RLIMIT_AS).ok()?;
        let limit = size()? + threads * STACK + STACK / 2;
        setrlimit(Resource::RLIMIT_AS, limit, hard).ok()?;
        let works = started(threads + 1) == threads;
        let result = works.then(code);
        setrlimit(Resource::RLIMIT_AS, soft, hard).ok()?;
        result
    }

    /// How many of so many threads can be started.
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

    /// The threads of this process.
    pub(in super::super) fn threads() -> usize {
        std::fs::read_dir("/proc/self/task").map_or(0, Iterator::count)
    }
}

/// Elsewhere the limit is not known to work.
#[cfg(not(target_os = "linux"))]
pub(super) mod memory {
    /// Nothing is asked for.
    pub(in super::super) const STACK: u64 = 0;

    /// Runs nothing.
    pub(in super::super) fn with_room_for<T>(_: u64, _: impl FnOnce() -> T) -> Option<T> {
        None
    }

    /// Not known.
    pub(in super::super) fn threads() -> usize {
        0
    }
}
