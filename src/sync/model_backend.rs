//! The facade over an explorer, recording what it does in [`trace`].

#![allow(clippy::disallowed_types)] // the facade is where they belong

use std::cell::Cell;
use std::panic::Location;
use std::sync::PoisonError;
use std::time::Duration;

use super::engine::{installed, Engine};
use super::fault::Action;
use super::trace::{self, Kind, Op, Operation};

/// Not seen by an explorer: for what one of its locks protects already, and for atomics that it was
/// told of.
mod unseen {
    pub(super) use std::sync::atomic::{AtomicBool, AtomicU64};
    pub(super) use std::sync::{Mutex, MutexGuard};
}

/// The engine that an object was made with, and its number there.
type Object = (&'static dyn Engine, usize);

/// Mutual exclusion. What a panic leaves poisoned is taken over, its own lock or, since the threads
/// of a model are one to the standard library, another.
pub struct Mutex<T> {
    inner: Lock<T>,
    object: usize,
}

enum Lock<T> {
    Loom(loom::sync::Mutex<T>),
    /// Nobody waits for the data: whoever has the engine's lock is alone with it.
    Engine(Object, unseen::Mutex<T>),
}

/// Access to what a [`Mutex`] protects, until dropped.
pub struct MutexGuard<'a, T> {
    // None only between the two halves of a wait.
    inner: Option<Guard<'a, T>>,
    mutex: &'a Mutex<T>,
    /// Where it was locked, or where its holder went to sleep.
    site: &'static Location<'static>,
    /// Whether the caller has looked at what is protected, and how often it has changed it.
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

    /// The data, of a lock of the engine's that is held.
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
    /// Before the caller's next change: the place where a lock could be shown to be needed.
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

    /// Releases the lock and takes it again: what it protects may change meanwhile.
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

/// A condition variable. Under an engine, whom it wakes and whether waits end spuriously is the
/// engine's choice; loom wakes the one that has waited longest, and never spuriously.
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
    /// Creates a condition variable that nobody waits on.
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

    /// Sleeps; returns `true` if it has timed out.
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

    /// Releases the lock, lets others run or not, and locks again: woken by nobody.
    #[track_caller]
    fn relock<'a, T>(
        &self,
        mut guard: MutexGuard<'a, T>,
        end: Op,
        wrongly: bool,
    ) -> MutexGuard<'a, T> {
        let site = Location::caller();
        trace::record_at(Op::Wait, self.object, site, wrongly);
        // No yield: loom runs a thread that has yielded only when no other can go on.
        guard.unlock();
        guard.inner = Some(guard.mutex.acquire());
        guard.reset(site);
        trace::record(end, self.object);
        guard
    }

    /// As [`wait`](Self::wait), but the deadline fires: others may run first, or not.
    ///
    /// An engine chooses at which moment. loom has no clock and no way to choose: there the lock is
    /// released and taken again, so that it explores every amount of progress that the others can
    /// make before the deadline.
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
    /// As newly locked, after a wait.
    fn reset(&mut self, site: &'static Location<'static>) {
        self.site = site;
        self.looked.set(false);
        self.changes = 0;
    }
}

/// A point in time until which a wait may last, or none. In a model there is no time: see
/// [`Condvar::wait_until`].
#[derive(Clone, Copy, Debug)]
pub struct Deadline(Fires);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fires {
    /// At any moment.
    AnyTime,
    /// There is one, but whoever waits is woken before.
    TooLate,
    /// There is none.
    Never,
}

impl Deadline {
    /// A deadline that may fire at any moment; of an hour and more, one that does not fire while
    /// anything can happen; none for a timeout that the clock could not hold.
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

    /// Whether there is no deadline at all.
    pub fn is_never(self) -> bool {
        self.0 == Fires::Never
    }
}

/// A number for statistics: nothing may be decided by it.
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
    /// Under loom a read-modify-write, since loom does not explore every outcome of a plain load.
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

/// A hint that is raised once: nothing of the pool's may be decided by it.
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

    /// Raises it.
    #[track_caller]
    pub fn raise(&self) {
        trace::opportunity(Operation::Raise);
        let wrongly = |action| action == Action::DropRaise;
        if trace::record_unless_fault(Op::Raise, self.object, wrongly).is_some() {
            return;
        }
        match &self.inner {
            // Not a store: beside read-modify-writes that write back what they read, loom lets one
            // of those overtake it, and the flag would fall again.
            Hint::Loom(flag) => {
                flag.fetch_or(true, std::sync::atomic::Ordering::AcqRel);
            }
            Hint::Engine((engine, object), flag) => {
                engine.write(*object);
                flag.store(true, std::sync::atomic::Ordering::SeqCst);
            }
        }
    }

    /// Whether it is raised. Under loom a read-modify-write, as [`Counter::get`].
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

    /// The owner of a running thread, who may wait for its end.
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

    /// How a thread has ended. Its own lock, so that a payload need not be shared.
    type Ended = std::sync::Mutex<Option<std::thread::Result<()>>>;

    /// Starts a thread. As in the standard library, a panic ends the thread and is its result.
    ///
    /// # Errors
    ///
    /// When a fault or the engine says that this thread cannot be started.
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

    /// The same on every machine: models choose their number of workers.
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

    /// Whether there is a [`yield_now`] at this place in this execution.
    pub fn may_yield() -> bool {
        installed().map_or(true, Engine::may_yield)
    }

    /// Does nothing, and takes no time: any operation is a place to lose the core, and loom would
    /// leave those executions out in which nobody else goes first.
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
