//! Runs random programs under loom and collects their outcomes.
//!
//! loom ends an exploration at the first deadlock with a panic. Unwinding would abort the process,
//! since the destructors of guards call a loom that is gone. So each program is explored on a
//! thread of its own. The panic hook runs before unwinding: it reports the panic and parks that
//! thread until the process ends.

use std::panic::{self, PanicHookInfo};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, Once, PoisonError};
use std::thread;
use std::time::Duration;

use last_call::sync::{self, trace};
use oracle::{Op, Outcome, Outcomes, Program, Protected, Seen, Wait};

use super::{Backing, Found};
use crate::engines::completion;

/// The name of the threads that explore programs.
const EXPLORER: &str = "explorer";

/// Where the panic hook reports.
static PANICKED: Mutex<Option<Sender<Ended>>> = Mutex::new(None);

enum Ended {
    /// Explored completely, in this number of executions.
    Complete(u64),
    Panicked(String),
}

/// Explores a program to completion or to the first deadlock, with at most `bound` preemptions if
/// there is a bound. Explores one program at a time, since the facade keeps one record.
///
/// # Panics
///
/// If the thread cannot be started.
pub fn explore(program: &Program, backing: Backing, bound: Option<usize>) -> Found {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        completion::listen();
        let others = panic::take_hook();
        panic::set_hook(Box::new(move |info| match thread::current().name() {
            Some(EXPLORER) => panicked(info),
            _ => others(info),
        }));
    });
    let (ended, end) = mpsc::channel();
    *PANICKED.lock().unwrap_or_else(PoisonError::into_inner) = Some(ended.clone());
    completion::forget();
    let outcomes = Arc::new(Mutex::new(Outcomes::new()));
    let explorer = {
        let (program, outcomes) = (Arc::new(program.clone()), Arc::clone(&outcomes));
        let body = move || {
            let executions = check(&program, backing, bound, &outcomes);
            let _ = ended.send(Ended::Complete(executions));
        };
        thread::Builder::new().name(EXPLORER.to_owned()).spawn(body)
    };
    drop(explorer.expect("the thread starts"));
    let end = end.recv_timeout(super::LIMIT);
    let mut outcomes = outcomes.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let mut found = Found::default();
    match end {
        Ok(Ended::Complete(executions)) => {
            found.executions = executions;
            if completion::seen() != Some(executions) {
                found.broken = Some("loom did not report a complete exploration".to_owned());
            }
        }
        Ok(Ended::Panicked(message)) if message.starts_with("deadlock;") => {
            outcomes.insert(Outcome::Deadlock);
        }
        Ok(Ended::Panicked(message)) => found.broken = Some(message),
        Err(_) => found.broken = Some(format!("no end after {} s", super::LIMIT.as_secs())),
    }
    found.outcomes = outcomes;
    found
}

/// Reports a panic of an explorer thread. Never returns, so that nothing unwinds.
fn panicked(info: &PanicHookInfo<'_>) {
    let message = harness::base::panic_message::panic_message(info.payload());
    if let Some(ended) = &*PANICKED.lock().unwrap_or_else(PoisonError::into_inner) {
        let _ = ended.send(Ended::Panicked(message));
    }
    loop {
        thread::park_timeout(Duration::MAX);
    }
}

/// Explores a program with loom and returns the number of executions.
fn check(
    program: &Arc<Program>,
    backing: Backing,
    bound: Option<usize>,
    outcomes: &Arc<Mutex<Outcomes>>,
) -> u64 {
    let executions = Arc::new(AtomicU64::new(0));
    let (program, outcomes) = (Arc::clone(program), Arc::clone(outcomes));
    let counted = Arc::clone(&executions);
    let options = harness::findings::run::LoomOptions {
        max_branches: 1_000,
        ..harness::findings::run::LoomOptions::complete()
    };
    crate::engines::loom::builder(&options, bound).check(move || {
        counted.fetch_add(1, Ordering::SeqCst);
        trace::begin_execution();
        let world = Arc::new(World::new(&program, backing));
        world.run(0);
        outcomes.lock().unwrap_or_else(PoisonError::into_inner).insert(world.outcome());
    });
    executions.load(Ordering::SeqCst)
}

/// The objects of one execution.
struct World {
    program: Arc<Program>,
    locks: Vec<Lock>,
    condvars: Vec<sync::Condvar>,
    counters: Vec<Counter>,
    flags: Vec<sync::Flag>,
    /// The observations of each thread, behind a lock that is invisible to loom.
    seen: Vec<Mutex<Vec<Seen>>>,
}

enum Lock {
    Facade(sync::Mutex<Protected>),
    Bare(loom::sync::Mutex<Protected>),
}

enum Guard<'a> {
    Facade(sync::MutexGuard<'a, Protected>),
    Bare(loom::sync::MutexGuard<'a, Protected>),
}

enum Counter {
    Facade(sync::Counter),
    Plain(loom::sync::atomic::AtomicU64),
}

impl World {
    fn new(program: &Arc<Program>, backing: Backing) -> Self {
        let objects = program.objects();
        let lock = |_| match backing {
            Backing::BareLocks => Lock::Bare(loom::sync::Mutex::new(Protected::default())),
            _ => Lock::Facade(sync::Mutex::new(Protected::default())),
        };
        let counter = |_| match backing {
            Backing::PlainLoad => Counter::Plain(loom::sync::atomic::AtomicU64::new(0)),
            _ => Counter::Facade(sync::Counter::new()),
        };
        World {
            locks: (0..objects.locks).map(lock).collect(),
            condvars: (0..objects.condvars).map(|_| sync::Condvar::new()).collect(),
            counters: (0..objects.counters).map(counter).collect(),
            flags: (0..objects.flags).map(|_| sync::Flag::new()).collect(),
            seen: program.threads.iter().map(|_| Mutex::default()).collect(),
            program: Arc::clone(program),
        }
    }

    fn outcome(&self) -> Outcome {
        let seen = |seen: &Mutex<Vec<Seen>>| {
            seen.lock().expect("no thread panics while holding the lock").clone()
        };
        Outcome::Ended(self.seen.iter().map(seen).collect())
    }

    /// Performs the operations of a thread.
    fn run(self: &Arc<Self>, thread: usize) {
        let mut guards: Vec<_> = self.locks.iter().map(|_| None).collect();
        let mut handles: Vec<_> = self.program.threads.iter().map(|_| None).collect();
        for op in &self.program.threads[thread] {
            match *op {
                Op::Spawn(other) => {
                    let world = Arc::clone(self);
                    let handle =
                        sync::thread::spawn(format!("t{other}"), None, move || world.run(other));
                    handles[other] = Some(handle.expect("no fault is set"));
                }
                Op::Join(other) => {
                    let handle = handles[other].take().expect("a thread is joined once");
                    handle.join().expect("the hook parks a thread that panics");
                }
                op => self.perform(thread, op, &mut guards),
            }
        }
    }

    fn perform<'a>(&'a self, thread: usize, op: Op, guards: &mut [Option<Guard<'a>>]) {
        match op {
            Op::Lock(lock) => guards[lock] = Some(self.locks[lock].lock()),
            Op::TryLock(lock) => {
                guards[lock] = self.locks[lock].try_lock();
                if guards[lock].is_none() {
                    self.see(thread, Seen::Refused);
                }
            }
            Op::Unlock(lock) => guards[lock] = None,
            Op::Give(lock) => held(&mut guards[lock]).protected().give(),
            Op::Take(wait) => {
                while !held(&mut guards[wait.lock]).protected().take() {
                    self.wait(wait, guards);
                    self.enter(thread, held(&mut guards[wait.lock]));
                }
            }
            Op::Wait(wait) => self.wait(wait, guards),
            Op::WaitUntil(wait) => {
                let fired = self.wait_until(wait, guards);
                self.enter(thread, held(&mut guards[wait.lock]));
                self.see(thread, Seen::TimedOut(fired));
            }
            Op::NotifyOne(condvar) => self.condvars[condvar].notify_one(),
            Op::NotifyAll(condvar) => self.condvars[condvar].notify_all(),
            Op::Increment(counter) => self.counters[counter].increment(),
            Op::Get(counter) => self.see(thread, Seen::Count(self.counters[counter].get())),
            Op::Raise(flag) => self.flags[flag].raise(),
            Op::IsRaised(flag) => self.see(thread, Seen::Raised(self.flags[flag].is_raised())),
            Op::Spawn(_) | Op::Join(_) => unreachable!("threads are started and joined by `run`"),
            Op::FetchIncrement(_) | Op::Choose(_) => unreachable!("no class uses these operations"),
        }
        let entered = match op {
            Op::Lock(lock) | Op::TryLock(lock) => Some(lock),
            Op::Wait(wait) => Some(wait.lock),
            _ => None,
        };
        if let Some(guard) = entered.and_then(|lock| guards[lock].as_mut()) {
            self.enter(thread, guard);
        }
    }

    fn see(&self, thread: usize, seen: Seen) {
        self.seen[thread].lock().expect("no thread panics while holding the lock").push(seen);
    }

    fn enter(&self, thread: usize, guard: &mut Guard<'_>) {
        self.see(thread, guard.protected().enter(thread));
    }

    fn wait<'a>(&'a self, wait: Wait, guards: &mut [Option<Guard<'a>>]) {
        let guard = facade(guards[wait.lock].take());
        guards[wait.lock] = Some(Guard::Facade(self.condvars[wait.condvar].wait(guard)));
    }

    fn wait_until<'a>(&'a self, wait: Wait, guards: &mut [Option<Guard<'a>>]) -> bool {
        let guard = facade(guards[wait.lock].take());
        let soon = sync::Deadline::after(Duration::ZERO);
        let (guard, fired) = self.condvars[wait.condvar].wait_until(guard, soon);
        guards[wait.lock] = Some(Guard::Facade(guard));
        fired
    }
}

fn held<'a, 'b>(guard: &'b mut Option<Guard<'a>>) -> &'b mut Guard<'a> {
    guard.as_mut().expect("programs hold the lock that they use")
}

fn facade(guard: Option<Guard<'_>>) -> sync::MutexGuard<'_, Protected> {
    match guard {
        Some(Guard::Facade(guard)) => guard,
        _ => unreachable!("programs that wait hold a lock of the facade"),
    }
}

impl Lock {
    fn lock(&self) -> Guard<'_> {
        match self {
            Lock::Facade(lock) => Guard::Facade(lock.lock()),
            Lock::Bare(lock) => Guard::Bare(lock.lock().unwrap_or_else(PoisonError::into_inner)),
        }
    }

    fn try_lock(&self) -> Option<Guard<'_>> {
        match self {
            Lock::Facade(_) => unreachable!("the facade has no `try_lock`"),
            Lock::Bare(lock) => lock.try_lock().ok().map(Guard::Bare),
        }
    }
}

impl Guard<'_> {
    fn protected(&mut self) -> &mut Protected {
        match self {
            Guard::Facade(guard) => guard,
            Guard::Bare(guard) => guard,
        }
    }
}

impl Counter {
    fn increment(&self) {
        match self {
            Counter::Facade(counter) => counter.increment(),
            Counter::Plain(counter) => {
                counter.fetch_add(1, Ordering::SeqCst);
            }
        }
    }

    fn get(&self) -> u64 {
        match self {
            Counter::Facade(counter) => counter.get(),
            Counter::Plain(counter) => counter.load(Ordering::SeqCst),
        }
    }
}
