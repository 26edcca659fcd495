//! The record of a model's current execution, and the faults that the facade injects.
//!
//! An explorer runs all threads of a model as coroutines of one operating system thread, so the
//! state of an execution is thread-local. The state always includes whether each thread holds a
//! lock, has slept or has timed out. Single operations are recorded only [on
//! request](record_executions): an explorer can repeat an execution and record it then. The last
//! call site of each thread is static, so that a watchdog on another thread can report where a
//! model stands that no longer reaches its explorer.

#![allow(clippy::disallowed_types, clippy::disallowed_methods)] // the recorder is not part of the model

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::panic::Location;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use super::fault::{Action, Fault};
use super::thread::{current_id, ThreadId};

/// What an operation did or, if it blocks, what it requested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// Requests a lock.
    Lock,
    /// Has acquired the lock that it requested.
    Locked,
    /// Releases a lock.
    Unlock,
    /// Releases the lock and sleeps on a condition variable.
    Wait,
    /// Has been woken and holds the lock again.
    Woken,
    /// The deadline of a wait has fired, and the thread holds the lock again.
    TimedOut,
    /// Wakes one sleeper.
    NotifyOne,
    /// Wakes all sleepers.
    NotifyAll,
    /// Increments or reads a statistic.
    Count,
    /// Raises a flag.
    Raise,
    /// Reads a flag.
    Look,
    /// Starts the thread with this number.
    Spawn(usize),
    /// Could not start a thread.
    SpawnFailed,
    /// Waits for the thread with this number to end.
    Join(usize),
    /// The thread with this number has ended.
    Joined(usize),
    /// The thread has ended.
    End,
    /// A remark of the scenario.
    Note(&'static str),
}

/// One operation of one thread.
#[derive(Clone, Copy, Debug)]
pub struct Event {
    /// The thread: 0 is the model's main thread, the others in the order in which they started.
    pub thread: usize,
    /// The operation.
    pub op: Op,
    /// The lock, condition variable or counter, numbered in order of creation; 0 if there is none.
    pub object: usize,
    /// Whether a fault changed its behaviour.
    pub wrongly: bool,
    /// The call site in the facade's caller.
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

/// A facade object and the place of its creation.
#[derive(Clone, Copy, Debug)]
pub struct Object {
    /// The kind of object.
    pub kind: Kind,
    /// The call site that created it.
    pub site: &'static Location<'static>,
}

/// The record of one execution.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    /// The operations, in the order in which they happened.
    pub events: Vec<Event>,
    /// The objects; object `n` of an event is at index `n - 1`.
    pub objects: Vec<Object>,
    /// The names of the threads; the first is the main thread.
    pub threads: Vec<String>,
}

/// A call site at which a fault can act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Opportunity {
    /// The calling file.
    pub file: &'static str,
    /// The calling line.
    pub line: u32,
    /// The operation there.
    pub operation: Operation,
}

/// A kind of operation that faults can change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// A notification for one sleeper.
    NotifyOne,
    /// A notification for all sleepers.
    NotifyAll,
    /// A sleep without a deadline that can fire.
    Wait,
    /// A sleep with a distant deadline.
    WaitUntil,
    /// The n-th change of protected data that the caller has read before.
    Change(usize),
    /// The start of the thread with this number.
    Spawn(usize),
    /// A flag is raised.
    Raise,
    /// A statistic is incremented.
    Count,
}

impl Operation {
    /// A number that is nearly unique to the operation.
    fn code(self) -> usize {
        match self {
            Operation::NotifyOne => 0,
            Operation::NotifyAll => 1,
            Operation::Wait => 2,
            Operation::WaitUntil => 3,
            Operation::Raise => 4,
            Operation::Count => 5,
            Operation::Change(number) => 6 + 7 * number,
            Operation::Spawn(number) => 9 + 7 * number,
        }
    }
}

/// The state of the current execution.
#[derive(Default)]
struct Recorder {
    /// Whether each operation is recorded.
    writes: bool,
    trace: Trace,
    ids: Vec<ThreadId>,
    facts: Vec<Facts>,
    objects: usize,
    /// Faults that act once per thread and have acted.
    spent: Vec<(usize, Action)>,
    /// Condition variables with a surplus notification, which wakes the next sleeper there.
    surplus: BTreeSet<usize>,
    /// A cache of the call-site addresses in `SITES`.
    sites: Vec<usize>,
    /// A cache of the operations that a survey has noted.
    noted: Vec<Option<(usize, Operation)>>,
}

const SITES_KNOWN: usize = 1024;

/// The state of a thread.
#[derive(Clone, Copy, Debug, Default)]
struct Facts {
    locks: usize,
    slept: bool,
    timed_out: bool,
}

thread_local! {
    static RECORDER: RefCell<Recorder> = RefCell::new(Recorder::default());
}

fn with<R>(act: impl FnOnce(&mut Recorder) -> R) -> R {
    RECORDER.with(|recorder| act(&mut recorder.borrow_mut()))
}

/// Whether a survey is running.
static SURVEYING: AtomicBool = AtomicBool::new(false);
static SURVEY: Mutex<BTreeSet<Opportunity>> = Mutex::new(BTreeSet::new());

/// The most faults that can be set.
const MOST_FAULTS: usize = 8;
static FAULTS: OnceLock<Vec<Fault>> = OnceLock::new();
static FIRED: [AtomicU64; MOST_FAULTS] = [const { AtomicU64::new(0) }; MOST_FAULTS];

/// The number of threads whose last call site is known.
const STANDS: usize = 16;
/// The address of each thread's last call site, and every call site.
static LAST: [AtomicUsize; STANDS] = [const { AtomicUsize::new(0) }; STANDS];
static SITES: Mutex<Vec<&'static Location<'static>>> = Mutex::new(Vec::new());

/// Records every operation of executions on this operating system thread from now on.
pub fn record_executions() {
    with(|recorder| recorder.writes = true);
}

/// Forgets the previous execution. The main thread calls this at the start of each execution.
pub fn begin_execution() {
    let id = current_id();
    with(|recorder| {
        let Recorder { trace, ids, facts, spent, surplus, .. } = recorder;
        trace.events.clear();
        trace.objects.clear();
        trace.threads.clear();
        trace.threads.push("main".to_owned());
        ids.clear();
        ids.push(id);
        facts.clear();
        facts.push(Facts::default());
        spent.clear();
        surplus.clear();
        recorder.objects = 0;
    });
}

/// Returns the record of the current execution so far.
pub fn snapshot() -> Trace {
    with(|recorder| recorder.trace.clone())
}

/// Returns the last call sites of the model's threads in this process, with the threads' numbers.
/// Can be called on any operating system thread.
pub fn stands() -> Vec<(usize, &'static Location<'static>)> {
    let sites = SITES.lock().unwrap_or_else(PoisonError::into_inner);
    let last = LAST.iter().map(|place| place.load(Ordering::Relaxed)).enumerate();
    let site = |last| sites.iter().find(|site| address(site) == last).copied();
    last.filter_map(|(thread, last)| Some((thread, site(last)?))).collect()
}

fn address(site: &'static Location<'static>) -> usize {
    let site: *const Location<'static> = site;
    site as usize
}

/// Returns the number of locks that the current thread holds.
pub fn locks_held() -> usize {
    let id = current_id();
    with(|recorder| recorder.facts[recorder.thread(id)].locks)
}

/// Returns `true` if the named thread slept on a condition variable in this execution.
pub fn has_slept(thread: &str) -> bool {
    with(|recorder| recorder.facts_of(thread).slept)
}

/// Returns `true` if a deadline fired for the named thread in this execution.
pub fn has_timed_out(thread: &str) -> bool {
    with(|recorder| recorder.facts_of(thread).timed_out)
}

/// Injects faults into every execution of this process.
///
/// # Panics
///
/// If faults were set before, or if there are more than eight.
pub fn set_faults(faults: &[Fault]) {
    assert!(faults.len() <= MOST_FAULTS, "{} faults; at most {MOST_FAULTS}", faults.len());
    assert!(FAULTS.set(faults.to_vec()).is_ok(), "the faults of a process are set once");
}

/// Returns how often each fault has changed an operation, over all executions.
pub fn faults_fired() -> Vec<u64> {
    let faults = FAULTS.get().map_or(0, Vec::len);
    FIRED[..faults].iter().map(|fired| fired.load(Ordering::Relaxed)).collect()
}

/// Starts noting where faults can act.
pub fn begin_survey() {
    SURVEYING.store(true, Ordering::SeqCst);
}

/// Returns where faults can act, as noted so far.
pub fn survey() -> Vec<Opportunity> {
    SURVEY.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect()
}

#[track_caller]
pub(super) fn opportunity(operation: Operation) {
    opportunity_at(operation, Location::caller());
}

#[inline]
pub(super) fn opportunity_at(operation: Operation, site: &'static Location<'static>) {
    if SURVEYING.load(Ordering::Relaxed) && with(|recorder| recorder.is_new(operation, site)) {
        let found = Opportunity { file: site.file(), line: site.line(), operation };
        SURVEY.lock().unwrap_or_else(PoisonError::into_inner).insert(found);
    }
}

pub(super) fn register(kind: Kind, site: &'static Location<'static>) -> usize {
    with(|recorder| {
        if recorder.writes {
            recorder.trace.objects.push(Object { kind, site });
        }
        recorder.objects += 1;
        recorder.objects
    })
}

/// Returns the number of objects created so far.
pub(super) fn objects() -> usize {
    with(|recorder| recorder.objects)
}

#[track_caller]
#[inline]
pub(super) fn record(op: Op, object: usize) {
    record_at(op, object, Location::caller(), false);
}

/// Like [`record`], but returns the fault that changes this operation, if any.
#[track_caller]
pub(super) fn record_unless_fault(
    op: Op,
    object: usize,
    applies: impl Fn(Action) -> bool,
) -> Option<Action> {
    let site = Location::caller();
    let action = fault(site, applies);
    record_at(op, object, site, action.is_some());
    action
}

/// Returns the fault that changes an operation called from this site, if any.
pub(super) fn fault(site: &Location<'_>, applies: impl Fn(Action) -> bool) -> Option<Action> {
    let faults = FAULTS.get().filter(|faults| !faults.is_empty())?;
    let hits = |fault: &&Fault| applies(fault.action) && fault.hits(site);
    let index = faults.iter().position(|fault| hits(&fault))?;
    let action = faults[index].action;
    // At most once per thread: if every wait ended early, a loop would never sleep. Not once per
    // execution, since explorers do not see in which order threads get here.
    if action == Action::WakeEarly && !spend(action) {
        return None;
    }
    FIRED[index].fetch_add(1, Ordering::Relaxed);
    Some(action)
}

fn spend(action: Action) -> bool {
    let id = current_id();
    with(|recorder| {
        let spent = (recorder.thread(id), action);
        let first = !recorder.spent.contains(&spent);
        if first {
            recorder.spent.push(spent);
        }
        first
    })
}

/// Leaves a surplus notification at a condition variable.
pub(super) fn leave_surplus(object: usize) {
    with(|recorder| recorder.surplus.insert(object));
}

/// Returns `true` if there is a surplus notification, and consumes it.
pub(super) fn surplus(object: usize) -> bool {
    let faulty = FAULTS.get().is_some_and(|faults| !faults.is_empty());
    faulty && with(|recorder| recorder.surplus.remove(&object))
}

/// Like [`record`], for a call site other than the caller.
pub(super) fn record_at(op: Op, object: usize, site: &'static Location<'static>, wrongly: bool) {
    let id = current_id();
    with(|recorder| {
        let thread = recorder.thread(id);
        recorder.stand(thread, site);
        if let Some(facts) = recorder.facts.get_mut(thread) {
            match op {
                Op::Locked | Op::Woken => facts.locks += 1,
                Op::TimedOut => {
                    facts.locks += 1;
                    facts.timed_out = true;
                }
                Op::Unlock => facts.locks -= 1,
                Op::Wait => {
                    facts.locks -= 1;
                    facts.slept = true;
                }
                _ => {}
            }
        }
        if recorder.writes {
            recorder.trace.events.push(Event { thread, op, object, wrongly, site });
        }
    });
}

/// Numbers the thread that starts next.
pub(super) fn next_thread(name: &str) -> usize {
    with(|recorder| {
        recorder.trace.threads.push(name.to_owned());
        recorder.facts.push(Facts::default());
        recorder.trace.threads.len() - 1
    })
}

/// Returns the number of threads started so far, including the main thread.
pub(super) fn threads() -> usize {
    with(|recorder| recorder.trace.threads.len())
}

/// Associates the last numbered thread with its identity in the explorer.
pub(super) fn thread_is(id: ThreadId) {
    with(|recorder| recorder.ids.push(id));
}

impl Recorder {
    /// Returns the number of the current thread. A thread that the facade did not start counts as
    /// the main thread, and so does an execution that was not begun.
    #[inline]
    fn thread(&self, id: ThreadId) -> usize {
        self.ids.iter().position(|known| *known == id).unwrap_or(0)
    }

    #[inline]
    fn stand(&mut self, thread: usize, site: &'static Location<'static>) {
        let Some(place) = LAST.get(thread) else { return };
        let address = address(site);
        place.store(address, Ordering::Relaxed);
        if self.sites.is_empty() {
            self.sites.resize(SITES_KNOWN, 0);
        }
        // Most call sites are in the cache; the others are searched for.
        let known = &mut self.sites[address / align_of::<Location<'_>>() % SITES_KNOWN];
        if *known != address {
            *known = address;
            let mut sites = SITES.lock().unwrap_or_else(PoisonError::into_inner);
            if !sites.iter().any(|other| ptr::eq(*other, site)) {
                sites.push(site);
            }
        }
    }

    /// Returns `true` unless the operation is known to be noted for this call site.
    fn is_new(&mut self, operation: Operation, site: &'static Location<'static>) -> bool {
        let entry = Some((address(site), operation));
        if self.noted.is_empty() {
            self.noted.resize(SITES_KNOWN, None);
        }
        let place = address(site) / align_of::<Location<'_>>() + operation.code();
        let noted = &mut self.noted[place % SITES_KNOWN];
        std::mem::replace(noted, entry) != entry
    }

    fn facts_of(&self, name: &str) -> Facts {
        let number = self.trace.threads.iter().position(|known| known == name);
        number.and_then(|number| self.facts.get(number)).copied().unwrap_or_default()
    }
}
