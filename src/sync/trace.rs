//! What the facade did in the current execution of a model, and what it shall do wrongly.
//!
//! An explorer runs all threads of a model as coroutines of one operating system thread, so what is
//! known of an execution is thread-local. Of a thread it is always known whether it holds a lock, has
//! slept or has timed out. Each operation is written down only if it is [wanted](record_executions):
//! an explorer can repeat an execution, and then it is. Where each thread was last is static, so that
//! a watchdog on another thread can say where a model stands that no longer reaches its explorer.

#![allow(clippy::disallowed_types, clippy::disallowed_methods)] // the recorder is not part of the model

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::panic::Location;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

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

impl Operation {
    /// A number that few others have.
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

/// What is known of the current execution.
#[derive(Default)]
struct Recorder {
    /// Whether each operation is written down.
    writes: bool,
    trace: Trace,
    ids: Vec<ThreadId>,
    facts: Vec<Facts>,
    objects: usize,
    /// Faults that act once on a thread and have.
    spent: Vec<(usize, Action)>,
    /// Condition variables with a notification too many, which comes to the next who sleeps there.
    surplus: BTreeSet<usize>,
    /// Addresses of call sites that are in `SITES`, by their last digits.
    sites: Vec<usize>,
    /// What has been noted by a survey.
    noted: Vec<Option<(usize, Operation)>>,
}

const SITES_KNOWN: usize = 1024;

/// What is known of a thread.
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

/// Whether places of faults are noted.
static SURVEYING: AtomicBool = AtomicBool::new(false);
static SURVEY: Mutex<BTreeSet<Opportunity>> = Mutex::new(BTreeSet::new());

/// Faults that can be set at once.
const MOST_FAULTS: usize = 8;
static FAULTS: OnceLock<Vec<Fault>> = OnceLock::new();
static FIRED: [AtomicU64; MOST_FAULTS] = [const { AtomicU64::new(0) }; MOST_FAULTS];

/// Threads of which it is known where they were last.
const STANDS: usize = 16;
/// The address of the call site at which each thread was last, and every call site.
static LAST: [AtomicUsize; STANDS] = [const { AtomicUsize::new(0) }; STANDS];
static SITES: Mutex<Vec<&'static Location<'static>>> = Mutex::new(Vec::new());

/// From now on, executions of this operating system thread are written down, operation by operation.
pub fn record_executions() {
    with(|recorder| recorder.writes = true);
}

/// Forgets the last execution; to be called by the main thread at the start of each.
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

/// Returns the call sites at which the threads of the process's model were last, by their number. To
/// be asked on any operating system thread.
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

/// How many locks the current thread holds.
pub fn locks_held() -> usize {
    let id = current_id();
    with(|recorder| recorder.facts[recorder.thread(id)].locks)
}

/// Whether the thread of that name slept on a condition variable in this execution.
pub fn has_slept(thread: &str) -> bool {
    with(|recorder| recorder.facts_of(thread).slept)
}

/// Whether a deadline passed for the thread of that name in this execution.
pub fn has_timed_out(thread: &str) -> bool {
    with(|recorder| recorder.facts_of(thread).timed_out)
}

/// Makes operations act wrongly, in every execution of the process.
///
/// # Panics
///
/// If that was done before, or for more than eight faults.
pub fn set_faults(faults: &[Fault]) {
    assert!(faults.len() <= MOST_FAULTS, "{} faults; at most {MOST_FAULTS}", faults.len());
    assert!(FAULTS.set(faults.to_vec()).is_ok(), "the faults of a process are set once");
}

/// How often each fault has changed an operation, over all executions.
pub fn faults_fired() -> Vec<u64> {
    let faults = FAULTS.get().map_or(0, Vec::len);
    FIRED[..faults].iter().map(|fired| fired.load(Ordering::Relaxed)).collect()
}

/// Notes from now on where faults could act.
pub fn begin_survey() {
    SURVEYING.store(true, Ordering::SeqCst);
}

/// Where faults could act, as far as was noted.
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

#[track_caller]
#[inline]
pub(super) fn record(op: Op, object: usize) {
    record_at(op, object, Location::caller(), false);
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
    record_at(op, object, site, action.is_some());
    action
}

/// The fault that wants an operation called from there to act wrongly.
pub(super) fn fault(site: &Location<'_>, applies: impl Fn(Action) -> bool) -> Option<Action> {
    let faults = FAULTS.get().filter(|faults| !faults.is_empty())?;
    let hits = |fault: &&Fault| applies(fault.action) && fault.hits(site);
    let index = faults.iter().position(|fault| hits(&fault))?;
    let action = faults[index].action;
    // Always woken early, a loop would never sleep. Of each thread, since between threads nobody
    // sees in which order they come here.
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

/// A fault has left a notification too many at that condition variable.
pub(super) fn leave_surplus(object: usize) {
    with(|recorder| recorder.surplus.insert(object));
}

/// Whether there is one; then it is used up.
pub(super) fn surplus(object: usize) -> bool {
    let faulty = FAULTS.get().is_some_and(|faults| !faults.is_empty());
    faulty && with(|recorder| recorder.surplus.remove(&object))
}

/// As [`record`], for a call site that is not the caller.
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

/// Numbers the thread to be started next.
pub(super) fn next_thread(name: &str) -> usize {
    with(|recorder| {
        recorder.trace.threads.push(name.to_owned());
        recorder.facts.push(Facts::default());
        recorder.trace.threads.len() - 1
    })
}

/// How many threads have been started, the main one included.
pub(super) fn threads() -> usize {
    with(|recorder| recorder.trace.threads.len())
}

/// Says which of the explorer's threads the last numbered one is.
pub(super) fn thread_is(id: ThreadId) {
    with(|recorder| recorder.ids.push(id));
}

impl Recorder {
    /// A thread that the facade did not start (or an execution that was not begun) counts as main.
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
        // Most call sites are found here; the others are looked for once more.
        let known = &mut self.sites[address / align_of::<Location<'_>>() % SITES_KNOWN];
        if *known != address {
            *known = address;
            let mut sites = SITES.lock().unwrap_or_else(PoisonError::into_inner);
            if !sites.iter().any(|other| ptr::eq(*other, site)) {
                sites.push(site);
            }
        }
    }

    /// Whether that operation may not have been noted for that call site.
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
