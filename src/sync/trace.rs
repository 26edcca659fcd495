//! What the facade did in the current execution of a model, and what it shall do wrongly.
//!
//! loom and shuttle run all threads of a model as coroutines of one operating system thread, so one
//! recorder serves them all. It lives in a `static`, so that a watchdog on another thread can say
//! where a model stood that no longer reaches its checker.

#![allow(clippy::disallowed_types, clippy::disallowed_methods)] // the recorder is not part of the model

use std::collections::BTreeSet;
use std::panic::Location;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::fault::{Action, Fault};
use super::thread::{current_id, ThreadId};

/// What an operation did, or, for those that block, asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// Asks for a lock.
    Lock,
    /// Has got the lock that it asked for.
    Locked,
    /// Releases a lock.
    Unlock,
    /// Releases the lock and sleeps on a condition variable.
    Wait,
    /// Has been woken and holds the lock again.
    Woken,
    /// The deadline of a wait has fired; holds the lock again.
    TimedOut,
    /// Wakes one sleeper.
    NotifyOne,
    /// Wakes all sleepers.
    NotifyAll,
    /// Counts, in a statistic, or reads it.
    Count,
    /// Raises a flag.
    Raise,
    /// Looks at a flag.
    Look,
    /// Starts the thread of that number.
    Spawn(usize),
    /// Could not start a thread.
    SpawnFailed,
    /// Waits for the end of the thread of that number.
    Join(usize),
    /// That thread has ended.
    Joined(usize),
    /// The thread has ended.
    End,
    /// A remark of the scenario's.
    Note(&'static str),
}

/// One operation of one thread.
#[derive(Clone, Copy, Debug)]
pub struct Event {
    /// The thread: 0 is the model's main thread, the others in the order in which they started.
    pub thread: usize,
    /// What it did.
    pub op: Op,
    /// The lock, condition variable or counter, numbered in the order of their creation; 0 is none.
    pub object: usize,
    /// Whether a fault made it act wrongly.
    pub wrongly: bool,
    /// The caller of the facade.
    pub site: &'static Location<'static>,
}

/// The kind of a facade object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A lock.
    Mutex,
    /// A condition variable.
    Condvar,
    /// A statistic.
    Counter,
    /// A hint.
    Flag,
}

/// A facade object and where it was created.
#[derive(Clone, Copy, Debug)]
pub struct Object {
    /// What it is.
    pub kind: Kind,
    /// Who created it.
    pub site: &'static Location<'static>,
}

/// The record of one execution.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    /// The operations, in the order in which they happened.
    pub events: Vec<Event>,
    /// The objects; object `n` of an event stands at `n - 1`.
    pub objects: Vec<Object>,
    /// The names of the threads; the first is the main thread.
    pub threads: Vec<String>,
}

#[derive(Debug)]
struct Recorder {
    trace: Trace,
    ids: Vec<ThreadId>,
    faults: Vec<(Fault, u64)>,
    /// Faults that act once in an execution and have.
    spent: Vec<Action>,
    /// Condition variables with a notification too many, which comes to the next who sleeps there.
    surplus: BTreeSet<usize>,
    survey: BTreeSet<Opportunity>,
}

/// A place in the caller's code at which a fault could act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Opportunity {
    /// The calling file.
    pub file: &'static str,
    /// The calling line.
    pub line: u32,
    /// What is done there.
    pub operation: Operation,
}

/// An operation that faults know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// A wake-up for one.
    NotifyOne,
    /// A wake-up for all.
    NotifyAll,
    /// A sleep without a deadline that could fire.
    Wait,
    /// A sleep with a deadline that is far away.
    WaitUntil,
    /// The n-th change of what a lock protects, where the caller has looked at it before.
    Change(usize),
    /// The start of the thread of that number.
    Spawn(usize),
    /// A flag is raised.
    Raise,
    /// A statistic is counted.
    Count,
}

static SURVEYING: AtomicBool = AtomicBool::new(false);
/// Whether there is any fault: asked at each operation.
static FAULTY: AtomicBool = AtomicBool::new(false);

static RECORDER: Mutex<Recorder> = Mutex::new(Recorder {
    trace: Trace { events: Vec::new(), objects: Vec::new(), threads: Vec::new() },
    ids: Vec::new(),
    faults: Vec::new(),
    spent: Vec::new(),
    surplus: BTreeSet::new(),
    survey: BTreeSet::new(),
});

fn recorder() -> MutexGuard<'static, Recorder> {
    RECORDER.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Forgets the last execution; to be called by the main thread at the start of each.
pub fn begin_execution() {
    let id = current_id();
    super::world::begin_execution();
    let mut recorder = recorder();
    recorder.trace.events.clear();
    recorder.trace.objects.clear();
    recorder.spent.clear();
    recorder.surplus.clear();
    recorder.trace.threads.clear();
    recorder.trace.threads.push("main".to_owned());
    recorder.ids.clear();
    recorder.ids.push(id);
}

/// Returns the record of the current execution so far.
pub fn snapshot() -> Trace {
    recorder().trace.clone()
}

/// How many locks the current thread holds.
pub fn locks_held() -> usize {
    let id = current_id();
    let recorder = recorder();
    let thread = recorder.ids.iter().position(|known| *known == id).unwrap_or(0);
    let own = recorder.trace.events.iter().filter(|event| event.thread == thread);
    let held = own.fold(0_isize, |held, event| match event.op {
        Op::Locked | Op::Woken | Op::TimedOut => held + 1,
        Op::Unlock | Op::Wait => held - 1,
        _ => held,
    });
    usize::try_from(held).expect("locks are released by who holds them")
}

/// Looks at the record of the current execution so far.
pub fn inspect<R>(look: impl FnOnce(&Trace) -> R) -> R {
    look(&recorder().trace)
}

/// Makes operations act wrongly from now on, in every execution.
pub fn set_faults(faults: &[Fault]) {
    FAULTY.store(!faults.is_empty(), Ordering::SeqCst);
    recorder().faults = faults.iter().map(|fault| (*fault, 0)).collect();
}

/// How often each fault has changed an operation, over all executions.
pub fn faults_fired() -> Vec<u64> {
    recorder().faults.iter().map(|(_, fired)| *fired).collect()
}

/// Notes from now on where faults could act.
pub fn begin_survey() {
    SURVEYING.store(true, Ordering::SeqCst);
}

/// Where faults could act, as far as was noted.
pub fn survey() -> Vec<Opportunity> {
    recorder().survey.iter().copied().collect()
}

#[track_caller]
pub(super) fn opportunity(operation: Operation) {
    opportunity_at(operation, Location::caller());
}

pub(super) fn opportunity_at(operation: Operation, site: &'static Location<'static>) {
    if SURVEYING.load(Ordering::Relaxed) {
        let found = Opportunity { file: site.file(), line: site.line(), operation };
        recorder().survey.insert(found);
    }
}

pub(super) fn register(kind: Kind, site: &'static Location<'static>) -> usize {
    let objects = &mut recorder().trace.objects;
    objects.push(Object { kind, site });
    objects.len()
}

#[track_caller]
pub(super) fn record(op: Op, object: usize) {
    push(op, object, Location::caller(), false);
}

/// As [`record`]; the answer says that a fault wants this operation to act wrongly.
#[track_caller]
pub(super) fn record_unless_fault(
    op: Op,
    object: usize,
    applies: impl Fn(Action) -> bool,
) -> Option<Action> {
    let site = Location::caller();
    let action = fault(site, applies);
    push(op, object, site, action.is_some());
    action
}

/// The fault that wants an operation called from there to act wrongly.
pub(super) fn fault(site: &Location<'_>, applies: impl Fn(Action) -> bool) -> Option<Action> {
    if !FAULTY.load(Ordering::Relaxed) {
        return None;
    }
    let Recorder { faults, spent, .. } = &mut *recorder();
    let wanted = |(fault, _): &&mut (Fault, u64)| {
        applies(fault.action) && fault.hits(site) && !spent.contains(&fault.action)
    };
    let (fault, fired) = faults.iter_mut().find(wanted)?;
    *fired += 1;
    // Always woken early, a loop would never sleep.
    if fault.action == Action::WakeEarly {
        spent.push(fault.action);
    }
    Some(fault.action)
}

/// A fault has left a notification too many at that condition variable.
pub(super) fn leave_surplus(object: usize) {
    recorder().surplus.insert(object);
}

/// Whether there is one; then it is used up.
pub(super) fn surplus(object: usize) -> bool {
    FAULTY.load(Ordering::Relaxed) && recorder().surplus.remove(&object)
}

/// As [`record`], for a call site that is not the caller.
pub(super) fn record_at(op: Op, object: usize, site: &'static Location<'static>, wrongly: bool) {
    push(op, object, site, wrongly);
}

fn push(op: Op, object: usize, site: &'static Location<'static>, wrongly: bool) {
    let id = current_id();
    let mut recorder = recorder();
    // A thread that the facade did not start (or an execution that was not begun) counts as main.
    let thread = recorder.ids.iter().position(|known| *known == id).unwrap_or(0);
    recorder.trace.events.push(Event { thread, op, object, wrongly, site });
}

/// Numbers the thread to be started next.
pub(super) fn next_thread(name: &str) -> usize {
    let mut recorder = recorder();
    recorder.trace.threads.push(name.to_owned());
    recorder.trace.threads.len() - 1
}

/// How many threads have been started, the main one included.
pub(super) fn threads() -> usize {
    recorder().trace.threads.len()
}

/// Says which of the checker's threads the last numbered one is.
pub(super) fn thread_is(id: ThreadId) {
    recorder().ids.push(id);
}
