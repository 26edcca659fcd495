//! The facade on top of an explorer. It records its operations in [`trace`].

#![allow(clippy::disallowed_types)] // the facade is where they belong

use std::cell::Cell;
use std::panic::Location;
use std::sync::PoisonError;
use std::time::Duration;

use super::engine::{installed, Engine};
use super::fault::Action;
use super::trace::{self, Kind, Op, Operation};

/// Invisible to explorers: for data that one of their locks already protects, and for atomics whose
/// accesses are announced to them.
mod unseen {
    pub(super) use std::sync::atomic::{AtomicBool, AtomicU64};
    pub(super) use std::sync::{Mutex, MutexGuard};
}

/// The engine that created an object, and the object's number there.
type Object = (&'static dyn Engine, usize);

/// Mutual exclusion. Poisoning is ignored, both of this lock and of others: to the standard
/// library, all threads of a model are one.
pub struct Mutex<T> {
    inner: Lock<T>,
    object: usize,
}

enum Lock<T> {
    Loom(loom::sync::Mutex<T>),
    /// Never contended: the owner of the engine's lock has exclusive access to the data.
    Engine(Object, unseen::Mutex<T>),
}

/// Access to the data of a [`Mutex`], until dropped.
pub struct MutexGuard<'a, T> {
    // `None` only between the two halves of a wait.
    inner: Option<Guard<'a, T>>,
    mutex: &'a Mutex<T>,
    /// Where the lock was acquired, or where its owner went to sleep.
    site: &'static Location<'static>,
    /// Whether the caller has read the data, and how often it has changed it.
    looked: Cell<bool>,
    changes: usize,
}

enum Guard<'a, T> {
    Loom(loom::sync::MutexGuard<'a, T>),
    Engine(unseen::MutexGuard<'a, T>),
}

impl<T> std::fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mutex").finish_non_exhaustive()
    }
}

impl<T> std::fmt::Debug for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MutexGuard").finish_non_exhaustive()
    }
}

impl<T: Default> Default for Mutex<T> {
    #[track_caller]
    fn default() -> Self {
        Mutex::new(T::default())
    }
}

impl<T> Mutex<T> {
    /// Creates an unlocked mutex.
    #[track_caller]
    pub fn new(value: T) -> Self {
        let object = trace::register(Kind::Mutex, Location::caller());
        let inner = match installed() {
            Some(engine) => Lock::Engine((engine, engine.create()), unseen::Mutex::new(value)),
            None => Lock::Loom(loom::sync::Mutex::new(value)),
        };
        Mutex { inner, object }
    }

    /// Blocks until the mutex is free and locks it.
    #[track_caller]
    pub fn lock(&self) -> MutexGuard<'_, T> {
        trace::record(Op::Lock, self.object);
        let guard = self.relock(Location::caller());
        trace::record(Op::Locked, self.object);
        guard
    }

    fn relock(&self, site: &'static Location<'static>) -> MutexGuard<'_, T> {
        let guard = self.acquire();
        MutexGuard { inner: Some(guard), mutex: self, site, looked: Cell::new(false), changes: 0 }
    }

    fn acquire(&self) -> Guard<'_, T> {
        match &self.inner {
            Lock::Loom(lock) => Guard::Loom(lock.lock().unwrap_or_else(PoisonError::into_inner)),
            Lock::Engine((engine, object), _) => {
                engine.lock(*object);
                self.access()
            }
        }
    }

    /// Returns the data of an engine's lock, which the caller holds.
    fn access(&self) -> Guard<'_, T> {
        match &self.inner {
            Lock::Engine(_, data) => {
                Guard::Engine(data.lock().unwrap_or_else(PoisonError::into_inner))
            }
            Lock::Loom(_) => unreachable!("loom's locks have their data"),
        }
    }

    fn release(&self, guard: Guard<'_, T>) {
        drop(guard);
        if let Lock::Engine((engine, object), _) = &self.inner {
            engine.unlock(*object);
        }
    }
}

impl<T> MutexGuard<'_, T> {
    /// Notes the caller's next change: a fault here shows whether the lock is needed.
    fn before_change(&mut self) {
        let number = self.changes;
        if self.looked.get() {
            trace::opportunity_at(Operation::Change(number), self.site);
            if trace::fault(self.site, |action| action == Action::SplitLock(number)).is_some() {
                self.let_others_in();
            }
        }
        self.changes += 1;
        self.looked.set(true);
    }

    /// Releases the lock and acquires it again. The data may change in between.
    fn let_others_in(&mut self) {
        let object = self.mutex.object;
        trace::record_at(Op::Unlock, object, self.site, true);
        self.unlock();
        trace::record_at(Op::Lock, object, self.site, true);
        self.inner = Some(self.mutex.acquire());
        trace::record_at(Op::Locked, object, self.site, true);
    }

    fn unlock(&mut self) {
        if let Some(guard) = self.inner.take() {
            self.mutex.release(guard);
        }
    }
}

impl<T> std::ops::Deref for MutexGuard<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        self.looked.set(true);
        match self.inner.as_ref().expect("a guard is whole outside of a wait") {
            Guard::Loom(guard) => guard,
            Guard::Engine(guard) => guard,
        }
    }
}

impl<T> std::ops::DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.before_change();
        match self.inner.as_mut().expect("a guard is whole outside of a wait") {
            Guard::Loom(guard) => guard,
            Guard::Engine(guard) => guard,
        }
    }
}

impl<T> Drop for MutexGuard<'_, T> {
    fn drop(&mut self) {
        if self.inner.is_some() {
            trace::record(Op::Unlock, self.mutex.object);
            self.unlock();
        }
    }
}

/// A condition variable. An engine chooses which sleeper it wakes and whether waits end spuriously.
/// loom wakes the sleeper that has waited longest, and never spuriously.
pub struct Condvar {
    inner: Signal,
    object: usize,
}

enum Signal {
    Loom(loom::sync::Condvar),
    Engine(Object),
}

impl std::fmt::Debug for Condvar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Condvar").finish_non_exhaustive()
    }
}

impl Default for Condvar {
    #[track_caller]
    fn default() -> Self {
        Condvar::new()
    }
}

impl Condvar {
    /// Creates a condition variable without waiting threads.
    #[track_caller]
    pub fn new() -> Self {
        let object = trace::register(Kind::Condvar, Location::caller());
        let inner = match installed() {
            Some(engine) => Signal::Engine((engine, engine.create())),
            None => Signal::Loom(loom::sync::Condvar::new()),
        };
        Condvar { inner, object }
    }

    /// Releases the lock, sleeps until notified, and locks again.
    #[track_caller]
    pub fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
        trace::opportunity(Operation::Wait);
        self.sleep(guard)
    }

    #[track_caller]
    fn sleep<'a, T>(&self, mut guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
        let site = Location::caller();
        let early = |action| matches!(action, Action::WakeEarly | Action::SplitWait);
        match trace::fault(site, early) {
            Some(Action::WakeEarly) => return self.relock(guard, Op::Woken, true),
            Some(_) => guard.let_others_in(),
            None if trace::surplus(self.object) => return self.relock(guard, Op::Woken, true),
            None => {}
        }
        trace::record(Op::Wait, self.object);
        self.block(&mut guard, false);
        guard.reset(site);
        trace::record(Op::Woken, self.object);
        guard
    }

    /// Sleeps. Returns `true` if the wait timed out.
    fn block<T>(&self, guard: &mut MutexGuard<'_, T>, has_timeout: bool) -> bool {
        let mutex = guard.mutex;
        let inner = guard.inner.take().expect("a guard is whole outside of a wait");
        match (&self.inner, &mutex.inner, inner) {
            (Signal::Loom(condvar), _, Guard::Loom(inner)) => {
                let inner = condvar.wait(inner).unwrap_or_else(PoisonError::into_inner);
                guard.inner = Some(Guard::Loom(inner));
                false
            }
            (Signal::Engine((engine, condvar)), Lock::Engine((_, mutex), _), inner) => {
                drop(inner);
                let timed_out = engine.wait(*condvar, *mutex, has_timeout);
                guard.inner = Some(guard.mutex.access());
                timed_out
            }
            _ => unreachable!("a process has one engine"),
        }
    }

    /// A spurious wake-up: releases the lock, lets others run or not, and locks again.
    #[track_caller]
    fn relock<'a, T>(
        &self,
        mut guard: MutexGuard<'a, T>,
        end: Op,
        wrongly: bool,
    ) -> MutexGuard<'a, T> {
        let site = Location::caller();
        trace::record_at(Op::Wait, self.object, site, wrongly);
        // No yield: loom runs a thread that has yielded only when no other can continue.
        guard.unlock();
        guard.inner = Some(guard.mutex.acquire());
        guard.reset(site);
        trace::record(end, self.object);
        guard
    }

    /// Like [`wait`](Self::wait), but the deadline fires, and others may or may not run before
    /// that.
    ///
    /// An engine chooses the moment. loom has no clock and no such choice, so the lock is released
    /// and acquired again. Then loom explores every amount of progress that the others can make
    /// before the deadline.
    #[track_caller]
    pub fn wait_until<'a, T>(
        &self,
        mut guard: MutexGuard<'a, T>,
        deadline: Deadline,
    ) -> (MutexGuard<'a, T>, bool) {
        let fires = match deadline.0 {
            Fires::AnyTime if matches!(self.inner, Signal::Loom(_)) => true,
            Fires::AnyTime => {
                trace::record(Op::Wait, self.object);
                let timed_out = self.block(&mut guard, true);
                guard.reset(Location::caller());
                trace::record(if timed_out { Op::TimedOut } else { Op::Woken }, self.object);
                return (guard, timed_out);
            }
            Fires::Never => false,
            Fires::TooLate => {
                trace::opportunity(Operation::WaitUntil);
                let wrongly = |action| action == Action::FireDeadline;
                trace::fault(Location::caller(), wrongly).is_some()
            }
        };
        if fires {
            (self.relock(guard, Op::TimedOut, false), true)
        } else {
            trace::opportunity(Operation::Wait);
            (self.sleep(guard), false)
        }
    }

    fn wake_one(&self) {
        match &self.inner {
            Signal::Loom(condvar) => condvar.notify_one(),
            Signal::Engine((engine, condvar)) => engine.notify_one(*condvar),
        }
    }

    fn wake_all(&self) {
        match &self.inner {
            Signal::Loom(condvar) => condvar.notify_all(),
            Signal::Engine((engine, condvar)) => engine.notify_all(*condvar),
        }
    }

    /// Wakes one waiting thread, if there is one.
    #[track_caller]
    pub fn notify_one(&self) {
        trace::opportunity(Operation::NotifyOne);
        let wrongly = |action| {
            use Action::{DropNotifyOne, NotifyAllForOne, NotifyOneAgain};
            matches!(action, DropNotifyOne | NotifyAllForOne | NotifyOneAgain)
        };
        match trace::record_unless_fault(Op::NotifyOne, self.object, wrongly) {
            None => self.wake_one(),
            Some(Action::NotifyAllForOne) => self.wake_all(),
            Some(Action::NotifyOneAgain) => {
                self.wake_one();
                self.wake_one();
                trace::leave_surplus(self.object);
            }
            Some(_) => {}
        }
    }

    /// Wakes every waiting thread.
    #[track_caller]
    pub fn notify_all(&self) {
        trace::opportunity(Operation::NotifyAll);
        let wrongly = |action| {
            use Action::{DropNotifyAll, NotifyAllAgain, NotifyOneForAll};
            matches!(action, DropNotifyAll | NotifyOneForAll | NotifyAllAgain)
        };
        match trace::record_unless_fault(Op::NotifyAll, self.object, wrongly) {
            None => self.wake_all(),
            Some(Action::NotifyOneForAll) => self.wake_one(),
            Some(Action::NotifyAllAgain) => {
                self.wake_all();
                trace::leave_surplus(self.object);
            }
            Some(_) => {}
        }
    }
}

impl<T> MutexGuard<'_, T> {
    /// Resets the guard after a wait, as if the lock had just been acquired.
    fn reset(&mut self, site: &'static Location<'static>) {
        self.site = site;
        self.looked.set(false);
        self.changes = 0;
    }
}

/// The time until which a wait may last, or none. A model has no time: see [`Condvar::wait_until`].
#[derive(Clone, Copy, Debug)]
pub struct Deadline(Fires);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fires {
    /// At any moment.
    AnyTime,
    /// There is one, but the sleeper is woken before it.
    TooLate,
    /// There is none.
    Never,
}

impl Deadline {
    /// Returns a deadline that may fire at any moment. With a timeout of at least an hour, it fires
    /// only when nothing else can happen. A timeout too large to represent means no deadline.
    pub fn after(timeout: Duration) -> Self {
        const LONG: Duration = Duration::from_secs(3600);
        Deadline(match timeout {
            Duration::MAX => Fires::Never,
            timeout if timeout >= LONG => Fires::TooLate,
            _ => Fires::AnyTime,
        })
    }

    /// No deadline.
    pub fn never() -> Self {
        Deadline(Fires::Never)
    }

    /// Returns `true` if there is no deadline.
    pub fn is_never(self) -> bool {
        self.0 == Fires::Never
    }
}

/// A statistic. No decision may depend on it.
pub struct Counter {
    inner: Number,
    object: usize,
}

enum Number {
    Loom(loom::sync::atomic::AtomicU64),
    Engine(Object, unseen::AtomicU64),
}

impl std::fmt::Debug for Counter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Counter").finish_non_exhaustive()
    }
}

impl Default for Counter {
    #[track_caller]
    fn default() -> Self {
        Counter::new()
    }
}

impl Counter {
    /// Creates a counter at zero.
    #[track_caller]
    pub fn new() -> Self {
        let object = trace::register(Kind::Counter, Location::caller());
        let inner = match installed() {
            Some(engine) => Number::Engine((engine, engine.create()), unseen::AtomicU64::new(0)),
            None => Number::Loom(loom::sync::atomic::AtomicU64::new(0)),
        };
        Counter { inner, object }
    }

    /// Adds one.
    #[track_caller]
    pub fn increment(&self) {
        trace::opportunity(Operation::Count);
        let wrongly = |action| action == Action::DropCount;
        if trace::record_unless_fault(Op::Count, self.object, wrongly).is_some() {
            return;
        }
        match &self.inner {
            Number::Loom(number) => {
                number.fetch_add(1, std::sync::atomic::Ordering::Release);
            }
            Number::Engine((engine, object), number) => {
                engine.write(*object);
                number.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            }
        }
    }

    /// Returns the count.
    ///
    /// Under loom this is a read-modify-write, since loom does not explore every outcome of a plain
    /// load.
    #[track_caller]
    pub fn get(&self) -> u64 {
        trace::record(Op::Count, self.object);
        match &self.inner {
            Number::Loom(number) => number.fetch_add(0, std::sync::atomic::Ordering::Acquire),
            Number::Engine((engine, object), number) => {
                engine.read(*object);
                number.load(std::sync::atomic::Ordering::SeqCst)
            }
        }
    }
}

/// A hint that is raised once. No decision of the pool may depend on it.
pub struct Flag {
    inner: Hint,
    object: usize,
}

enum Hint {
    Loom(loom::sync::atomic::AtomicBool),
    Engine(Object, unseen::AtomicBool),
}

impl std::fmt::Debug for Flag {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Flag").finish_non_exhaustive()
    }
}

impl Default for Flag {
    #[track_caller]
    fn default() -> Self {
        Flag::new()
    }
}

impl Flag {
    /// Creates a flag that is not raised.
    #[track_caller]
    pub fn new() -> Self {
        let object = trace::register(Kind::Flag, Location::caller());
        let inner = match installed() {
            Some(engine) => Hint::Engine((engine, engine.create()), unseen::AtomicBool::new(false)),
            None => Hint::Loom(loom::sync::atomic::AtomicBool::new(false)),
        };
        Flag { inner, object }
    }

    /// Raises the flag.
    #[track_caller]
    pub fn raise(&self) {
        trace::opportunity(Operation::Raise);
        let wrongly = |action| action == Action::DropRaise;
        if trace::record_unless_fault(Op::Raise, self.object, wrongly).is_some() {
            return;
        }
        match &self.inner {
            // Not a store. Next to a read-modify-write that writes back what it read, loom allows
            // that one to overtake the store, which would lower the flag again.
            Hint::Loom(flag) => {
                flag.fetch_or(true, std::sync::atomic::Ordering::AcqRel);
            }
            Hint::Engine((engine, object), flag) => {
                engine.write(*object);
                flag.store(true, std::sync::atomic::Ordering::SeqCst);
            }
        }
    }

    /// Returns `true` if the flag is raised. Under loom this is a read-modify-write, like
    /// [`Counter::get`].
    #[track_caller]
    pub fn is_raised(&self) -> bool {
        trace::record(Op::Look, self.object);
        match &self.inner {
            Hint::Loom(flag) => flag.fetch_or(false, std::sync::atomic::Ordering::AcqRel),
            Hint::Engine((engine, object), flag) => {
                engine.read(*object);
                flag.load(std::sync::atomic::Ordering::SeqCst)
            }
        }
    }
}

/// Threads.
pub mod thread {
    use std::sync::{Arc, OnceLock};
    use std::time::Duration;
    use std::{io, panic};

    use super::trace::{self, Op, Operation};
    use super::{installed, Action, Engine};

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

    /// Returns `true` if this execution calls [`yield_now`] here.
    pub fn may_yield() -> bool {
        installed().map_or(true, Engine::may_yield)
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

        /// The identity of the thread.
        pub fn id(&self) -> ThreadId {
            ThreadId(match &self.inner {
                Join::Loom(handle) => Id::Loom(handle.thread().id()),
                Join::Engine(thread, _) => Id::Engine(*thread),
            })
        }
    }
}

/// Writes a remark into the record of the execution.
#[track_caller]
pub fn note(text: &'static str) {
    trace::record(Op::Note(text), 0);
}
