//! What the tests have in common: the watchdog, gates that hold jobs, types whose drop is counted
//! or panics, and the line of evidence.
//!
//! No test sleeps to let something happen. It waits for a gate, a count, a channel or a handle.

#![allow(dead_code)] // each test binary uses its own part

use std::cell::RefCell;
use std::collections::VecDeque;
use std::fmt::{self, Write as _};
use std::future::Future;
use std::io::Write as _;
use std::pin::Pin;
use std::process::{self, Command, Output};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, Once, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};
use std::{env, io, panic, thread};

use last_call::{JobHandle, Outcome, Report, Stats, Submitter, ThreadPool};

pub(crate) mod cases;

/// The time after which a test counts as hung: some thousand times what it needs.
pub(crate) const LIMIT: Duration = Duration::from_secs(if cfg!(miri) { 900 } else { 60 });

/// How many times longer than usual the tests under load run: `LAST_CALL_STRESS`, or once.
pub(crate) fn stress() -> u32 {
    let times = env::var("LAST_CALL_STRESS").ok().map(|text| text.parse());
    times.map_or(1, |times| times.expect("LAST_CALL_STRESS is a number")).max(1)
}

/// Longer than any test takes, so this deadline never passes.
pub(crate) const LONG: Duration = Duration::from_secs(3600);

/// Prints what a test has shown, and over how many runs. `verify` collects these lines.
pub(crate) fn evidence(clauses: &str, runs: u64) {
    println!("evidence: clauses={clauses} runs={runs}");
}

// Watching

/// What a test has done so far, in case it hangs.
#[derive(Clone)]
pub(crate) struct Progress {
    begun: Instant,
    lines: Arc<Mutex<VecDeque<String>>>,
}

impl Progress {
    /// How many lines are kept.
    const LINES: usize = 40;

    fn new() -> Self {
        Progress { begun: Instant::now(), lines: Arc::default() }
    }

    /// Notes where the test is.
    pub(crate) fn note(&self, line: impl fmt::Display) {
        let line = format!("{:>10.3?}  {line}", self.begun.elapsed());
        let mut lines = lock(&self.lines);
        if lines.len() == Self::LINES {
            lines.pop_front();
        }
        lines.push_back(line);
    }

    /// Notes the counts of a pool so far.
    pub(crate) fn note_stats(&self, stats: &Stats) {
        self.note(format_args!("{stats:?}"));
    }
}

/// Runs `body` on a thread of its own. If it does not return in time, prints where each thread is
/// and aborts the process, since a hung test never ends by itself.
pub(crate) fn watchdog<R: Send + 'static>(
    limit: Duration,
    what: &str,
    body: impl FnOnce(&Progress) -> R + Send + 'static,
) -> R {
    attempt(limit, what, body).unwrap_or_else(|standing| {
        // Not `eprintln`: the test harness captures that, and loses it in the abort.
        let _ = io::stderr().write_all(standing.as_bytes());
        process::abort()
    })
}

/// As [`watchdog`], but gives up the hung threads and returns where each thread is, so that a
/// generated test case can still be made smaller.
///
/// # Errors
///
/// Where each thread is.
pub(crate) fn attempt<R: Send + 'static>(
    limit: Duration,
    what: &str,
    body: impl FnOnce(&Progress) -> R + Send + 'static,
) -> Result<R, String> {
    let progress = Progress::new();
    let (done, ended) = mpsc::channel();
    let body = {
        let progress = progress.clone();
        move || {
            note_panics(&progress);
            let result = body(&progress);
            let _ = done.send(());
            result
        }
    };
    let body = thread::Builder::new().name(what.to_owned()).spawn(body);
    let body = body.expect("a test can start a thread");
    match ended.recv_timeout(limit) {
        Err(RecvTimeoutError::Timeout) => Err(standing(limit, what, &progress)),
        // Disconnected means that the body panicked.
        Ok(()) | Err(RecvTimeoutError::Disconnected) => {
            Ok(body.join().unwrap_or_else(|payload| panic::resume_unwind(payload)))
        }
    }
}

thread_local! {
    static NOTES: RefCell<Option<Progress>> = const { RefCell::new(None) };
}

/// Also notes the panics of this thread: a failed assertion may hang while it unwinds, and the test
/// harness would keep its message.
fn note_panics(progress: &Progress) {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let default = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            let _ = NOTES.try_with(|notes| notes.borrow().as_ref().map(|notes| notes.note(panic)));
            default(panic);
        }));
    });
    NOTES.set(Some(progress.clone()));
}

fn standing(limit: Duration, what: &str, progress: &Progress) -> String {
    let mut text = format!("\n{what}: not finished within {limit:?}\nprogress:\n");
    for line in &*lock(&progress.lines) {
        let _ = writeln!(text, "  {line}");
    }
    text.push_str("threads (name, state, where it waits, system call and on what):\n");
    for thread in threads() {
        let _ = writeln!(text, "  {thread}");
    }
    text
}

/// Returns the threads of this process, one per line; none where there is no `/proc`.
fn threads() -> Vec<String> {
    let Ok(tasks) = std::fs::read_dir("/proc/self/task") else { return Vec::new() };
    let describe = |task: io::Result<std::fs::DirEntry>| {
        let path = task.ok()?.path();
        let read = |file| std::fs::read_to_string(path.join(file)).unwrap_or_default();
        let name = read("comm").trim_end().to_owned();
        let call = read("syscall");
        let call = call.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
        Some(format!("{name:<16} {} {} {call}", state(&read("stat")), read("wchan")))
    };
    tasks.filter_map(describe).collect()
}

/// Returns the state of a thread, from its line in `/proc`: it follows the name, which is in
/// parentheses.
fn state(stat: &str) -> char {
    stat.rsplit(") ").next().and_then(|rest| rest.chars().next()).unwrap_or('?')
}

/// Returns how many threads of this process have a name with this prefix (at most 15 characters); 0
/// where there is no `/proc`.
pub(crate) fn threads_named(prefix: &str) -> usize {
    threads().iter().filter(|thread| thread.starts_with(prefix)).count()
}

/// Waits until no thread has a name with this prefix. A joined thread leaves `/proc` a moment after
/// its join.
pub(crate) fn wait_until_no_thread_is_named(prefix: &str) {
    while threads_named(prefix) > 0 {
        thread::yield_now();
    }
}

/// Runs the named test of this binary again in a process of its own, with these words in front of
/// the command. Returns `None` in that process.
pub(crate) fn in_a_process(test: &str, wrapper: &[&str]) -> Option<Output> {
    const ROLE: &str = "LAST_CALL_TEST_PROCESS";
    if env::var_os(ROLE).is_some() {
        return None;
    }
    let binary = env::current_exe().expect("a test binary knows its path");
    let mut words = wrapper.iter().map(std::ffi::OsString::from).collect::<VecDeque<_>>();
    words.push_back(binary.into());
    // In `tests/every` each file is a module, and its name is part of the name of the test.
    let modules = module_path!().split("::").skip(1).filter(|module| *module != "support");
    let test = modules.chain([test]).collect::<Vec<_>>().join("::");
    words.extend(["--exact", &test, "--nocapture", "--test-threads=1"].map(Into::into));
    let program = words.pop_front().expect("at least the binary");
    let output = Command::new(program).args(words).env(ROLE, "1").output();
    Some(output.expect("a test can start a process"))
}

/// Runs a call that should wait on a thread of its own. Returns once that thread sleeps or has
/// ended; where there is no `/proc`, once it is about to call.
pub(crate) fn waiting<R: Send + 'static>(
    call: impl FnOnce() -> R + Send + 'static,
) -> thread::JoinHandle<R> {
    let (send, stat) = mpsc::channel();
    let thread = thread::spawn(move || {
        let _ = send.send(std::fs::canonicalize("/proc/thread-self/stat"));
        call()
    });
    if let Ok(Ok(stat)) = stat.recv() {
        while state(&std::fs::read_to_string(&stat).unwrap_or_default()) == 'R' {
            thread::yield_now();
        }
    }
    thread
}

// Counting and holding

/// Locks, and takes over a lock that a failed test has poisoned: its data is good enough for a
/// report.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A count that many threads raise, and for which others wait.
#[derive(Clone, Default)]
pub(crate) struct Count(Arc<(Mutex<u64>, Condvar)>);

impl Count {
    pub(crate) fn up(&self) {
        *lock(&self.0 .0) += 1;
        self.0 .1.notify_all();
    }

    pub(crate) fn get(&self) -> u64 {
        *lock(&self.0 .0)
    }

    pub(crate) fn wait_for(&self, number: u64) {
        let mut count = lock(&self.0 .0);
        while *count < number {
            count = self.0 .1.wait(count).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Holds jobs until it is opened, and knows how many it holds.
///
/// Its drop opens it, so a failed assertion does not become a hang: a test declares its pool first
/// and the gate after it.
#[derive(Default)]
pub(crate) struct Gate {
    arrived: Count,
    opened: Count,
}

impl Gate {
    pub(crate) fn new() -> Self {
        Gate::default()
    }

    /// Returns the pass with which a job waits.
    pub(crate) fn pass(&self) -> Pass {
        Pass { arrived: self.arrived.clone(), opened: self.opened.clone() }
    }

    /// Returns a job that only waits here.
    pub(crate) fn job(&self) -> impl FnOnce() + Send + 'static {
        let pass = self.pass();
        move || pass.wait()
    }

    /// Waits until so many jobs have arrived.
    pub(crate) fn wait_for(&self, jobs: u64) {
        self.arrived.wait_for(jobs);
    }

    /// Holds so many free workers of the pool.
    pub(crate) fn hold(&self, pool: &ThreadPool, workers: u64) {
        let before = self.arrived.get();
        (0..workers).for_each(|_| pool.execute(self.job()).expect("the pool is running"));
        self.wait_for(before + workers);
    }

    /// Returns how many jobs have arrived.
    pub(crate) fn arrived(&self) -> u64 {
        self.arrived.get()
    }

    /// Releases the jobs that wait, and those that arrive later.
    pub(crate) fn open(&self) {
        self.opened.up();
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.open();
    }
}

/// The side of a job of a [`Gate`].
#[derive(Clone)]
pub(crate) struct Pass {
    arrived: Count,
    opened: Count,
}

impl Pass {
    /// Arrives, and waits until the gate is open.
    pub(crate) fn wait(&self) {
        self.arrived.up();
        self.opened.wait_for(1);
    }
}

// Types with a destructor

/// Counts its drop.
pub(crate) struct Counted(pub(crate) Count);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.up();
    }
}

/// Counts its drop, and then panics with this message.
pub(crate) struct Bomb(pub(crate) Count, pub(crate) &'static str);

impl Drop for Bomb {
    fn drop(&mut self) {
        self.0.up();
        panic_quietly(self.1);
    }
}

/// Does something in its drop.
pub(crate) struct InDrop<F: FnMut()>(pub(crate) F);

impl<F: FnMut()> Drop for InDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// A waker that counts its calls.
pub(crate) struct Wakes(pub(crate) Count);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.up();
    }
}

/// Polls a handle once, as a task with that waker would.
pub(crate) fn poll<T>(handle: &mut JobHandle<T>, waker: &Waker) -> Option<Outcome<T>> {
    match Pin::new(handle).poll(&mut Context::from_waker(waker)) {
        Poll::Ready(outcome) => Some(outcome),
        Poll::Pending => None,
    }
}

/// Panics without a message on the terminal.
pub(crate) fn panic_quietly(payload: impl Send + 'static) -> ! {
    panic::resume_unwind(Box::new(payload))
}

// Pools

/// Builds a pool with so many workers.
pub(crate) fn pool(workers: usize) -> ThreadPool {
    ThreadPool::builder().workers(workers).build().expect("a test can start a few threads")
}

/// Builds a pool with so many workers whose queue has so many slots.
pub(crate) fn bounded(workers: usize, capacity: usize) -> ThreadPool {
    let builder = ThreadPool::builder().workers(workers).capacity(capacity);
    builder.build().expect("a test can start a few threads")
}

/// Submits empty jobs until one is refused, so until a shutdown has begun. Returns how many were
/// accepted.
pub(crate) fn submit_until_refused(submitter: &Submitter) -> u64 {
    let mut accepted = 0;
    while submitter.execute(|| ()).is_ok() {
        accepted += 1;
        thread::yield_now();
    }
    accepted
}

/// The ways to end a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Drop,
    Shutdown,
    ShutdownNow,
    /// With a timeout that does not pass.
    InTime,
    /// With a timeout of zero.
    Poll,
}

impl End {
    pub(crate) const ALL: [End; 5] =
        [End::Drop, End::Shutdown, End::ShutdownNow, End::InTime, End::Poll];

    /// The ways after which every worker thread is joined.
    pub(crate) const JOINING: [End; 3] = [End::Drop, End::Shutdown, End::ShutdownNow];

    /// The ways that run every queued job.
    pub(crate) const DRAINING: [End; 3] = [End::Drop, End::Shutdown, End::InTime];

    /// Ends the pool. A drop returns no report.
    pub(crate) fn end(self, pool: ThreadPool) -> Option<Report> {
        match self {
            End::Drop => {
                drop(pool);
                None
            }
            End::Shutdown => Some(pool.shutdown()),
            End::ShutdownNow => Some(pool.shutdown_now()),
            End::InTime => Some(pool.shutdown_timeout(LONG)),
            End::Poll => Some(pool.shutdown_timeout(Duration::ZERO)),
        }
    }
}

/// Asserts the conservation law.
#[track_caller]
pub(crate) fn assert_conserved(report: &Report) {
    let parts = report.completed + report.panicked + report.cancelled + report.unfinished;
    assert_eq!(report.accepted, parts, "{report:?}");
}
